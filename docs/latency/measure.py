"""Measure docs/latency.md's figures: `.venv/bin/python docs/latency/measure.py 60`.

It shows the example in four headless Chromiums, one for each way to the next page, and presses the
simulated button of each in turn, so many times. Then it writes figures.json here, and with it the
picture and the page's table. Run it on a machine that has nothing else to do.
"""

import contextlib
import json
import os
import platform
import re
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gpiobridge.client import asking

HERE = Path(__file__).parent
PAGE = HERE.parent / "latency.md"
TEMPLATES = HERE.parents[1] / "templates"
# The keys of the pages, and those of the pin.
WAYS = {
    "plain": ("prefetch = false", ""),
    "prefetched": ("prefetch = true", ""),
    "prerendered": ("prerender = true", ""),
    'prerendered, "first"': ("prerender = true", 'counts = "first"'),
}
CONFIG = """
[server]
port = {port}
[pins.button]
pin = 17
{pin}
[pages.welcome]
on_low.button = "open"
{page}
[pages.open]
on_low.button = "welcome"
{page}
"""
FIRST_PORT = 8561
PAUSE_S = 1.0  # for the page, and for what it loads ahead


def measure(presses: int) -> dict[str, Any]:
    """Press so often on each way; return what each bridge has measured."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        urls = {}
        profiles = {}
        for number, (way, (page, pin)) in enumerate(WAYS.items()):
            urls[way] = f"http://127.0.0.1:{FIRST_PORT + number}"
            exhibit = Path(folder) / str(number)
            profiles[way] = exhibit / "profile"
            shutil.copytree(TEMPLATES, exhibit / "templates")
            config = CONFIG.format(port=FIRST_PORT + number, page=page, pin=pin)
            (exhibit / "config.toml").write_text(config)
            command = [sys.executable, "-m", "gpiobridge", "run"]
            stack.enter_context(running(command, exhibit))
        for way, url in urls.items():
            wait_for(lambda url=url: asking.health(url))
            browser = [
                shutil.which("chromium") or "chromium",
                *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
                f"--user-data-dir={profiles[way]}",
                f"{url}/welcome",
            ]
            stack.enter_context(running(browser, Path(folder)))
        for url in urls.values():
            wait_for(lambda url=url: asking.health(url)["displays"][0]["shown"])
        for _ in range(presses):
            for url in urls.values():
                time.sleep(PAUSE_S / len(urls))
                asking.press(url, "button")
        time.sleep(PAUSE_S)
        return {way: asking.latency(url) for way, url in urls.items()}


@contextlib.contextmanager
def running(command: list[str], folder: Path) -> Iterator[None]:
    """A program, with all that it starts."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=folder, start_new_session=True, **quiet)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def wait_for(answer: Any) -> None:
    """Wait until something answers."""
    until_s = time.monotonic() + 30
    while True:
        with contextlib.suppress(Exception):
            if answer() is not None:
                return
        if time.monotonic() > until_s:
            raise TimeoutError
        time.sleep(0.2)


def row(way: str, told: dict[str, Any], stages: tuple[str, ...]) -> str:
    """Write a row of the page's table."""
    each = [told["stages"][stage]["p50"] for stage in stages]
    return f"| {way} | {' | '.join(f'{ms:g}' for ms in (*each, told['p50'], told['p95']))} |"


def write(figures: dict[str, Any]) -> None:
    """Write the figures, the picture and the table."""
    (HERE / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    draw = runpy.run_path(str(HERE / "draw.py"))
    (HERE / "press-to-photon.svg").write_text(draw["picture"](), encoding="utf-8")
    rows = [row(way, told, draw["STAGES"]) for way, told in figures["ways"].items()]
    told = f"{figures['machine']}; {figures['presses']} presses each, load {figures['load']:g}."
    text = re.sub(
        r"(?:^\| (?:plain|prefetched|prerendered)[^|]*\|.*\n)+\n.*\n",
        "\n".join([*rows, "", told]) + "\n",
        PAGE.read_text("utf-8"),
        flags=re.MULTILINE,
    )
    PAGE.write_text(text, encoding="utf-8")


def main() -> None:
    """Measure, and write."""
    presses = int(sys.argv[1])
    ways = measure(presses)
    done = subprocess.run(["chromium", "--version"], capture_output=True, text=True, check=True)
    browser = " ".join(done.stdout.split()[:2])
    machine = (
        f"Measured with {browser}, headless, on {os.cpu_count()} cores "
        f"of {platform.machine()}, {platform.system()} {platform.release().split('-')[0]}"
    )
    load = round(os.getloadavg()[1], 1)
    write({"machine": machine, "presses": presses, "load": load, "ways": ways})


if __name__ == "__main__":
    main()
