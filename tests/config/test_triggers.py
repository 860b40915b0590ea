"""The table of triggers: a new one is one row, and all that is made of it is there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gpiobridge
from gpiobridge import GpioBridge
from gpiobridge.core.events import Gesture, Level
from gpiobridge.core.triggers import HEARD, TABLES, TRIGGERS, WORDS

PACKAGE = Path(gpiobridge.__file__).parent

ROW = """
    Trigger(
        name="down",
        event=Level.LOW,
        relative=True,
        when="each time the pin is down",
        also=("when_down",),
    ),
"""

FILE = """
[pins.button]
source = "http"
pull = "down"
debounce = "0ms"
[pages.welcome]
on_down.button = "open"
[pages.open]
"""

APPLICATION = """
import queue
from flask import Flask
from gpiobridge import GpioBridge
from gpiobridge.core.core import Core
from gpiobridge.core.events import CloseClients, Level, Now, RawEdge

app, heard = Flask(__name__), queue.SimpleQueue()
bridge = GpioBridge(app, pins={"button": {"source": "http", "pull": "down", "debounce": "0ms"}})
bridge.on_down("button")(heard.put)

@app.get("/")
@bridge.page("welcome", on_down={"button": "open"})
def welcome():
    return ""

@app.get("/open")
@bridge.page("open")
def is_open():
    return ""

bridge.start()
pages = {name: page.rules for name, page in bridge.running.settings.pages.items()}
core = Core("e", {"button": 0.0}, pages, 10, simulated=False)
core.reading("button", Level.LOW, 1.0)
core.edge(RawEdge("button", Level.HIGH, 2.0))
effects = core.tell(Now(2.1, 0.0), 2.1, 9)
print("moves", *((e.page, e.to) for e in effects if isinstance(e, CloseClients)))
bridge.pins["button"].press(for_s=0.01)
print("heard", heard.get(timeout=10).level)
print("help", GpioBridge.on_down.__doc__.splitlines()[0])
bridge.stop()
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with a copy of the package that has one row more, and a configuration with it."""
    copied = tmp_path / "gpiobridge"
    shutil.copytree(PACKAGE, copied)
    table = copied / "core" / "triggers.py"
    head, row, rest = table.read_text("utf-8").partition("TRIGGERS = (")
    table.write_text(head + row + ROW + rest, "utf-8")
    (tmp_path / "templates").mkdir()
    for page in ("welcome", "open"):
        (tmp_path / "templates" / f"{page}.html").write_text("<h1>A page</h1>", "utf-8")
    (tmp_path / "config.toml").write_text(FILE, "utf-8")
    return tmp_path


def run(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with the package that lies there."""
    env = os.environ | {"PYTHONPATH": str(folder)} | environ
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=50)


def check(folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Check the configuration of a folder with the package that lies there."""
    return run(folder, "-m", "gpiobridge", "check", **environ)


def test_a_new_trigger_leads_to_a_page(copy: Path) -> None:
    """``check`` takes a rule of it, and shows where it leads, by what happens at this pin."""
    done = check(copy)
    assert done.returncode == 0, done.stderr
    assert re.search(r"welcome \(start\) .* button is high +open", done.stdout)


def test_a_new_trigger_has_a_variable(copy: Path) -> None:
    """A variable adds a rule of it, in the spelling of the pin's name, and is named in problems."""
    text = (copy / "config.toml").read_text("utf-8").replace("button", "Big-Button")
    (copy / "config.toml").write_text(text, "utf-8")
    name = "GPIOBRIDGE_PAGES__OPEN__ON_DOWN__BIG_BUTTON"
    assert "Big-Button is high  welcome" in check(copy, **{name: "welcome"}).stdout
    assert f'{name} = "nowhere": there is no page' in check(copy, **{name: "nowhere"}).stderr


def test_what_else_a_new_trigger_is_called_is_said(copy: Path) -> None:
    """Its other names, and its table at a pin, have it as their remedy."""
    text = FILE.replace("on_down", "when_down").replace("pull", "on_down = 1\npull")
    (copy / "config.toml").write_text(text, "utf-8")
    pin, page = check(copy).stderr.splitlines()
    assert pin.startswith("config.toml: pins.button.on_down = 1: unknown key; write on_down.<pin>")
    assert page.startswith("config.toml: pages.welcome.when_down: unknown key; write on_down.<pin>")


def test_an_application_hears_of_a_new_trigger(copy: Path) -> None:
    """It has a decorator with a docstring, a press calls the function, and the core moves pages."""
    done = run(copy, "-c", APPLICATION)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "moves ('welcome', 'open')",
        "heard high",
        "help Call the decorated function each time the pin is down; see `on_low`.",
    ]


def test_each_event_has_one_word() -> None:
    """``check`` can say of everything that happens what it is called."""
    assert set(WORDS) == {*Level, *Gesture}
    assert len(WORDS) == sum(bool(trigger.word) for trigger in TRIGGERS)


def test_each_table_is_there_once() -> None:
    """No trigger has the table of another one."""
    assert len(set(TABLES)) == len(TABLES)


@pytest.mark.parametrize("name", HEARD)
def test_a_decorator_explains_itself(name: str) -> None:
    """`help` has a decorator's name, when the function is called, and what it may take."""
    decorator = getattr(GpioBridge, f"on_{name}")
    assert decorator.__qualname__ == f"GpioBridge.on_{name}"
    assert HEARD[name].when in decorator.__doc__
    assert "Args:" in decorator.__doc__


@pytest.mark.parametrize("name", HEARD)
def test_a_type_checker_knows_each_decorator(name: str) -> None:
    """`GpioBridge` writes it out: the one part of a new trigger that no table makes."""
    assert getattr(GpioBridge, f"on_{name}").__module__ == GpioBridge.__module__


@pytest.mark.parametrize("active", Level)
def test_a_relative_trigger_follows_the_active_level(active: Level) -> None:
    """A press is the edge to the active level, a release the other; LOW is LOW at each pin."""
    assert HEARD["press"].event_on(active) is active
    assert HEARD["release"].event_on(active) is active.other
    assert HEARD["low"].event_on(active) is Level.LOW
    assert HEARD["tap"].event_on(active) is Gesture.TAP
