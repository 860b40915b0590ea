"""A night of presses: how much memory browser and bridge have, every few hundred of them.

``python -m cage.night --presses 3000`` in ``tests/`` prints a table. The kiosk opens the stage;
with ``--alone`` it opens pages alone. Memory is the proportional set size without what is read from
files (Pss_Anon and Pss_Shmem of proc_pid_smaps(5)): that of the files depends on how many other
browsers run on the machine.
"""

import argparse
import re
import tempfile
from pathlib import Path

from .escapes import Room, room
from .exhibit import press
from .screen import processes_with


def pss_mb(pids: list[int]) -> float:
    """The memory of processes together, in MB."""
    total_kb = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:  # it has just ended
            continue
        found = re.findall(r"^Pss_(?:Anon|Shmem):\s+(\d+) kB$", text, re.MULTILINE)
        total_kb += sum(map(int, found))
    return total_kb / 1024


def browser(tried: Room) -> list[int]:
    """All processes of the kiosk's Chromium."""
    return [pid for pid in tried.kiosk.processes() if "chrom" in _program(pid)]


def renderers(tried: Room) -> list[int]:
    """Those that draw pages."""
    return tried.kiosk.renderers()


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/exe").resolve().name
    except OSError:
        return ""


def main() -> None:
    """Press, and print."""
    parser = argparse.ArgumentParser(prog="python -m cage.night")
    parser.add_argument("--presses", type=int, default=3000)
    parser.add_argument("--every", type=int, default=250)
    parser.add_argument("--alone", action="store_true", help="pages alone, without the stage")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="kiosk-night-") as folder,
        room(Path(folder), alone=options.alone) as tried,
    ):
        bridge = [pid for pid, _ in processes_with(str(tried.config)) if _is_bridge(pid)]
        print("| presses | Chromium, MB | of it renderers, MB | bridge, MB |\n|---|---|---|---|")
        pages = ["open", "welcome"]
        for count in range(options.presses + 1):
            if count % options.every == 0:
                sizes = (pss_mb(browser(tried)), pss_mb(renderers(tried)), pss_mb(bridge))
                print(
                    f"| {count} | " + " | ".join(f"{size:.0f}" for size in sizes) + " |", flush=True
                )
            press(tried.bridge, "button")
            tried.kiosk.wait(lambda count=count: tried.pages() == [pages[count % 2]])


def _is_bridge(pid: int) -> bool:
    try:
        return b"\0run\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


if __name__ == "__main__":
    main()
