"""Memory of the kiosk's browsers, side by side: run it in tests/ as ``python -m cage.memory``.

Each browser shows the packaged example's start page under cage, after some presses. PSS counts
memory that processes share once (proc_pid_smaps_rollup in proc(5)), so the sum over a browser's
processes is what it costs, while no other browser runs. A figure, not a test: it differs with
machine and versions.
"""

import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until

from gpiobridge import config

from .screen import Kiosk

_PRESSES = 20
_SETTLE_S = 10.0
_NOT_THE_BROWSER = ("cage", "Xwayland", "python")


def pss_mb(pid: int) -> float:
    """The proportional memory of a process, in MB; 0 of one that has gone."""
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    found = re.search(r"^Pss:\s+(\d+) kB", told, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def name_of(pid: int) -> str:
    """What a process is called; "" of one that has gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def measure(browser: str, folder: Path, *flags: str) -> str:
    """Show the example with a browser, and return a row of figures."""
    example = config.example_file()
    shutil.copytree(example.parent / "templates", folder / "templates")
    file = folder / "config.toml"
    file.write_text(example.read_text())
    bridge = BridgeProcess(file)
    file.write_text(re.sub(r"(?m)^port = .*$", f"port = {bridge.port}", example.read_text()))
    kiosk = Kiosk(folder, file, *flags, browser=browser)
    try:
        begun_s = time.monotonic()
        wait_until(lambda: bool(bridge.health()["displays"]), 60)
        live_s = time.monotonic() - begun_s
        for _ in range(_PRESSES):
            page = bridge.health()["displays"]
            for level in ("low", "high"):
                bridge.set_level("button", level)
                time.sleep(0.2)
            wait_until(lambda page=page: bridge.health()["displays"] != page, 5)
        time.sleep(_SETTLE_S)
        names = {pid: name_of(pid) for pid in kiosk.processes()}
        mine = [pid for pid, name in names.items() if not name.startswith(_NOT_THE_BROWSER)]
        whole = sum(map(pss_mb, names))
        own = sum(map(pss_mb, mine))
    finally:
        kiosk.kill()
        bridge.kill()
    return (
        f"{' '.join((browser, *flags)):24} {len(mine):3} processes  {own:5.0f} MB  "
        f"with cage and launcher {whole:5.0f} MB  live after {live_s:4.1f} s"
    )


def main() -> None:
    """Print a row for each browser, or for the one that the command line names with its flags."""
    wanted = [tuple(sys.argv[1:])] if sys.argv[1:] else [("chromium",), ("cog",)]
    for browser, *flags in wanted:
        with tempfile.TemporaryDirectory(prefix="gpiobridge-") as folder:
            print(measure(browser, Path(folder), *flags), flush=True)


if __name__ == "__main__":
    main()
