"""The tutorial "A wall of two screens with lit buttons": its part on the laptop, as printed."""

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from documents import ROOT, blocks
from harness.bridge_process import Run
from harness.deadline import wait_until

PAGE = ROOT / "docs" / "wall.md"
TEXT = PAGE.read_text("utf-8")
FILES = dict(re.findall(r"^`([\w./]+)`\n\n```\w+\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))


@pytest.fixture
def wall(tmp_path: Path) -> Path:
    """The folder that the page's first commands make, with its files."""
    script = blocks("sh", PAGE)[0].text
    environment = os.environ | {"HOME": str(tmp_path)}
    subprocess.run(["sh", "-e", "-c", script], env=environment, timeout=20, check=True)
    for name, text in FILES.items():
        (tmp_path / "wall" / name).write_text(text, "utf-8")
    return tmp_path / "wall" / "config.toml"


def test_the_wall_is_played(run_bridge: Run, page: Any, wall: Path) -> None:
    """Each button moves its own screen, the counter's both; the lamps say when a press counts."""
    bridge = run_bridge(config=wall)
    left, right = page, page.context.new_page()
    for tab, name in ((left, "left"), (right, "right")):
        tab.clock.install()  # the second of the lockout is the page's
        tab.goto(f"{bridge.url}/?display={name}")

    def wait_for(*pages: str) -> None:
        """Wait until the two screens show these pages, and their lamps say so."""

        def listed() -> list[tuple[str, str, bool]]:
            found = bridge.listed()["displays"]
            return [(each["name"], each["page"], each["shown"]) for each in found]

        wait_until(lambda: listed() == [("left", pages[0], True), ("right", pages[1], True)])

    def lamps() -> list[str]:
        outputs = bridge.health()["outputs"]
        return [outputs[name]["state"] for name in ("left-lamp", "right-lamp")]

    wait_for("sea", "sky")
    assert [tab.locator("h1").inner_text() for tab in (left, right)] == ["The sea", "The sky"]
    wait_until(lambda: lamps() == ["off", "off"])  # the lockout of a page that has just come
    for tab in (left, right):
        tab.clock.run_for(1500)
    wait_until(lambda: lamps() == ["on", "on"])
    bridge.press("left-button")
    wait_for("whale", "sky")
    left.clock.run_for(1500)
    wait_until(lambda: lamps() == ["on", "on"])
    bridge.press("counter")
    wait_for("hello", "hello")
    for tab in (left, right):
        tab.clock.run_for(1500)
    wait_until(lambda: lamps() == ["on", "on"])
    bridge.press("right-button")
    wait_for("hello", "sky")


def test_the_pi_gets_the_same_displays() -> None:
    """The lines of the second part belong to displays of the first; the pins are those wired."""
    first, second = (tomllib.loads(block.text) for block in blocks("toml", PAGE))
    assert list(second["displays"]) == list(first["displays"])
    lines = dict(re.findall(r"^\| .* \| (\d+) \| (\d+) \|$", TEXT, re.MULTILINE))
    wired = {*first["pins"].values(), *(each["pin"] for each in first["outputs"].values())}
    assert {int(number) for number in lines} == wired
