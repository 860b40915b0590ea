"""docs/wiring.md: its configurations, what it quotes of the doctor, its relay and its drawings.

After a change of the doctor's words, `PYTHONPATH=tests python tests/docs/test_wiring.py` writes the
new ones into this page and into those of docs/questions/.
"""

import re
import runpy
import subprocess
import sys
import tempfile
import textwrap
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from doctor.pi import Pi, of
from harness.bridge_process import Run
from harness.deadline import wait_until
from harness.pages import ONLINE

from gpiobridge.config import Gpio, Pull
from gpiobridge.core.events import Level
from gpiobridge.doctor import Report, examine
from gpiobridge.doctor.sampling import Sample, sample
from gpiobridge.pins.chips import Line
from gpiobridge.pins.gpio import WiredPin
from gpiobridge.pins.gpiozero_pins import GpiozeroPins
from gpiobridge.system.clock import RealClock

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "wiring.md"
DRAWINGS = ROOT / "docs" / "wiring"
BIN = Path(sys.executable).parent
TEXT = PAGE.read_text("utf-8")
SECTIONS = {
    section.partition("\n")[0]: section
    for section in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
}
RELAY = "A lamp or a relay"
CIRCUITS = [title for title, section in SECTIONS.items() if "wiring/" in section]
INDENT = re.compile(r"(?:\S+ +(?:pin|output) \w+ +| +(?:-> )?)")
WIDTH = 88
QUOTE = re.compile(r"<!-- doctor: (.*?) -->\n\n```text\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def block_of(section: str, language: str) -> str:
    """The one code block of a language in a section."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return str(block)


def write_exhibit(folder: Path, config: str) -> Path:
    """Write an exhibit with a template for each page of a configuration."""
    (folder / "templates").mkdir(exist_ok=True)
    for page in tomllib.loads(config)["pages"]:
        (folder / "templates" / f"{page}.html").write_text("<title>A page</title>")
    file = folder / "config.toml"
    file.write_text(config, "utf-8")
    return file


# ---------------------------------------------------------------------------- the configurations


@pytest.mark.parametrize("title", CIRCUITS)
def test_each_circuit_has_a_configuration_that_check_accepts(title: str, tmp_path: Path) -> None:
    """Without a problem and without a warning."""
    config = write_exhibit(tmp_path, block_of(SECTIONS[title], "toml"))
    done = subprocess.run(
        [BIN / "gpiobridge", "check", "--config", config],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower()


@pytest.mark.parametrize("title", CIRCUITS)
def test_each_circuit_says_never_5_v(title: str) -> None:
    """In its drawing, next to the wires."""
    for drawing in re.findall(r"\]\((wiring/[\w-]+\.svg)\)", SECTIONS[title]):
        assert re.search("[Nn]ever.* 5 V", (PAGE.parent / drawing).read_text("utf-8"), re.DOTALL)


# ------------------------------------------------------------------------------------ the doctor


def doctor_says(state: str, config: str) -> str:
    """Let the doctor look at a pin in a state, and return its lines.

    Args:
        state: as the page has it: "button driven low", "button open", "button toggles 34", or
            "output relay held by lg"; and after a semicolon lines of the pin, the first of which
            replaces one with the same key, or "without" and a key.
        config: the circuit's configuration.
    """
    what, _, change = state.partition("; ")
    kind = "output" if what.startswith("output ") else "pin"
    pin, _, happens = what.removeprefix("output ").partition(" ")
    key = change.removeprefix("without ").partition(" =")[0]
    if change:
        config = re.sub(rf"^{key} = .*\n", "", config, flags=re.MULTILINE)
        if not change.startswith("without "):
            added = change.replace(" and ", "\n")
            config = re.sub(r"^(\[pins.*\])$", rf"\1\n{added}", config, flags=re.MULTILINE)
    with tempfile.TemporaryDirectory(prefix="gpiobridge-wiring-") as folder:
        pi = Pi(Path(folder))
        pi.config = write_exhibit(Path(folder), f"[server]\nport = 0\n{config}")
        if happens.startswith("held by "):
            pi.changes["line"] = lambda chip, offset: Line(True, happens.removeprefix("held by "))
        else:
            pi.changes["sample"] = lambda settings, pins: watch(pins, pin, happens)
        (finding,) = of(examine(pi.config, pi.machine()), f"{kind} {pin}")
    lines = Report([finding]).as_text().partition("\n\n")[0].splitlines()
    # The doctor leaves it to the terminal to wrap a line, which a page can't.
    return "\n".join(
        textwrap.fill(line, WIDTH, subsequent_indent=" " * INDENT.match(line).end())
        for line in lines
    )


def watch(pins: Mapping[str, WiredPin], pin: str, happens: str) -> Mapping[str, Sample | str]:
    """Watch pins by the doctor's own code, on the mock back end, with a hand on one wire."""
    word, _, value = happens.partition(" ")
    made: list[GpiozeroPins] = []

    def make(settings: Gpio, some: Mapping[str, WiredPin]) -> GpiozeroPins:
        class Wired(GpiozeroPins):
            def read(self, name: str) -> Level:
                if name == pin and word == "driven":
                    return Level(value)
                if name == pin and word == "open":  # it follows the pull, whatever pull that is
                    return Level.LOW if some[name].pull is Pull.DOWN else Level.HIGH
                return super().read(name)

        made.append(Wired(replace(settings, pin_factory="mock"), some, RealClock()))
        return made[-1]

    def pass_time(_seconds: float) -> None:
        for _ in range(int(value) if word == "toggles" else 0):
            made[-1].drive(pin, made[-1].read(pin).other)

    return sample(Gpio(), pins, make, pass_time)


QUOTES = [
    (title, state, quoted)
    for title, section in SECTIONS.items()
    for state, quoted in QUOTE.findall(section)
]


@pytest.mark.parametrize(("title", "state", "quoted"), QUOTES, ids=[q[1] for q in QUOTES])
def test_the_doctor_says_what_is_quoted(title: str, state: str, quoted: str) -> None:
    """Word for word, for the circuit in that state."""
    assert doctor_says(state, block_of(SECTIONS[title], "toml")) == quoted


def test_each_circuit_quotes_the_doctor() -> None:
    """Each of the eight, and no block of text goes untested."""
    assert len(CIRCUITS) == 8
    assert {title for title, _, _ in QUOTES} == set(CIRCUITS)
    assert TEXT.count("```text") == len(QUOTES)


# ------------------------------------------------------------------------------------ the output


def test_the_relay_follows_the_page(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """It is on while a display shows the page that says so, and off on the other one."""
    bridge = run_bridge(config=write_exhibit(tmp_path, block_of(SECTIONS[RELAY], "toml")))

    def relay() -> str:
        return str(bridge.health()["outputs"]["relay"]["state"])

    page.goto(f"{bridge.url}/welcome")
    page.wait_for_selector(ONLINE)
    assert relay() == "off"
    bridge.set_level("button", "low")
    page.wait_for_url("**/open")
    wait_until(lambda: relay() == "on")
    bridge.set_level("button", "high")
    page.wait_for_url("**/welcome")
    wait_until(lambda: relay() == "off")


# ---------------------------------------------------------------------------------- the drawings


def test_the_drawings_are_what_the_script_draws() -> None:
    """A change of the script comes with new files, and no file is edited by hand."""
    drawn = {}
    script = runpy.run_path(str(DRAWINGS / "draw.py"))
    for draw in script["DRAWINGS"]:
        drawing = draw()
        drawn[drawing.name] = drawing.text()
    assert {file.stem: file.read_text("utf-8") for file in DRAWINGS.glob("*.svg")} == drawn


@pytest.mark.parametrize("file", sorted(DRAWINGS.glob("*.svg")), ids=lambda file: file.stem)
def test_each_drawing_speaks(file: Path) -> None:
    """It has a title and a description, is dark where the reader's system is, and is shown."""
    questions = (PAGE.parent / "questions").glob("*.md")
    shown = TEXT + "".join(page.read_text("utf-8") for page in questions)
    svg = ElementTree.parse(file).getroot()
    space = {"svg": "http://www.w3.org/2000/svg"}
    for part in ("title", "desc"):
        assert (svg.find(f"svg:{part}", space).text or "").strip()  # type: ignore[union-attr]
    assert "prefers-color-scheme: dark" in file.read_text("utf-8")
    assert re.search(rf"\]\((\.\./)?wiring/{re.escape(file.name)}\)", shown)


def write_quotes() -> None:
    """Write what the doctor says now into all pages that quote it."""
    for page in (PAGE, *(PAGE.parent / "questions").glob("*.md")):
        text = page.read_text("utf-8")
        sections = re.split(r"^(?=## )", text, flags=re.MULTILINE) if page == PAGE else [text]
        for section in sections:
            for state, quoted in QUOTE.findall(section):
                says = doctor_says(state, block_of(section, "toml"))
                before = f"<!-- doctor: {state} -->\n\n```text\n"
                text = text.replace(f"{before}{quoted}\n```", f"{before}{says}\n```")
        page.write_text(text, "utf-8")


if __name__ == "__main__":
    write_quotes()
