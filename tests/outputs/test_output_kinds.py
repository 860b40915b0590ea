"""A kind of outputs is one file: a toy one is registered, and all else knows it."""

from collections.abc import Iterator
from pathlib import Path

import chime
import pytest
from click.testing import CliRunner
from flask import Flask
from harness.deadline import wait_until

from gpiobridge import ConfigError, GpioBridge
from gpiobridge.cli import main
from gpiobridge.config import load
from gpiobridge.config.output_kinds import OUTPUT_KINDS
from gpiobridge.outputs.lines import lines_of
from gpiobridge.serve import greeting
from gpiobridge.serve.standalone import create_app

EXHIBIT = """\
[gpio]
pin_factory = "mock"
[pins]
button = 17
[outputs]
lamp = 22
[outputs.bell]
kind = "chime"
bells = 3
max_on = "2s"
[pages.welcome]
on_low.button = "open"
[pages.open]
outputs.bell = "pulse"
"""


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one line that a new kind needs elsewhere."""
    monkeypatch.setitem(OUTPUT_KINDS, "chime", "chime")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An exhibit with a simulated lamp and a chime."""
    (tmp_path / "templates").mkdir()
    for page in ("welcome", "open"):
        (tmp_path / f"templates/{page}.html").write_text(f"<h1>{page}</h1>")
    (tmp_path / "config.toml").write_text(EXHIBIT)
    return tmp_path / "config.toml"


@pytest.fixture
def app(path: Path) -> Iterator[Flask]:
    """The exhibit as `run` serves it, in this process; nothing runs yet."""
    app = create_app(load(path, {}))
    yield app
    app.extensions["gpiobridge"].stop()


@pytest.fixture
def bridge(app: Flask) -> GpioBridge:
    """Its bridge."""
    bridge: GpioBridge = app.extensions["gpiobridge"]
    return bridge


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("bells = 3", "", "outputs.bell: has no bells; write bells = 3"),
        ("bells = 3", "bells = 9", "outputs.bell.bells = 9: must be at most 8"),
        ('"chime"', '"chimes"', 'outputs.bell.kind = "chimes": must be "gpio" or "chime"; did you '
         'mean "chime"?'),
        ("bells = 3", 'bells = 3\nfollows = "buton"', 'outputs.bell.follows = "buton": there is no '
         'pin named "buton"; did you mean "button"?'),
        ("bells = 3", 'bells = 3\nblink = "100ms"', 'outputs.bell.blink = "100ms": must be at '
         "least 334ms: what flashes more than three times a second can cause a seizure; write "
         '"500ms"'),
    ],
)  # fmt: skip
def test_its_keys_are_checked(path: Path, old: str, new: str, problem: str) -> None:
    """Its own, and those of every output."""
    path.write_text(EXHIBIT.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert [each.partition("config.toml: ")[2] for each in caught.value.problems][:1] == [problem]


def test_it_is_named_wherever_outputs_are(path: Path, app: Flask, bridge: GpioBridge) -> None:
    """By `check`, the greeting and the simulator, as it says itself."""
    said = CliRunner().invoke(main, ["check", "--config", str(path)]).output
    assert "bell    a chime of 3 bells      high    off      off   2s\n" in said
    page = app.test_client().get("/simulator").text
    assert "A chime of 3 bells, active high" in page
    lines = greeting._greeting(bridge.running, "127.0.0.1", 8000)
    assert "  bell: output on a chime of 3 bells, active high\n" in lines


def test_its_lines_are_driven(bridge: GpioBridge) -> None:
    """Beside those of another kind, each by its own."""
    bridge.start()
    bridge.outputs["bell"].pulse()
    bridge.outputs["lamp"].on()
    wait_until(lambda: bridge.outputs["lamp"].state == "on")
    assert chime.Chime.made[-1].rung == {"bell": 1}
    assert bridge.running.health()[0]["outputs"]["bell"] == {"state": "pulse"}


def test_it_needs_no_gpio(path: Path) -> None:
    """Its back end is made only for those outputs that name it."""
    settings = load(path, {})
    lines = lines_of(settings.gpio, {"bell": settings.outputs["bell"]})
    assert not lines.simulated
    lines.open({"bell": settings.outputs["bell"].level(on=False)})
    lines.close()
