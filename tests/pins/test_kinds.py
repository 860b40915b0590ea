"""A kind of pins is one file: a toy one is registered, and all else knows it."""

from collections.abc import Iterator
from pathlib import Path

import metronome
import pytest
from click.testing import CliRunner
from flask import Flask
from harness.served_application import open_socket, served
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from gpiobridge import ConfigError, GpioBridge, Level, PinError
from gpiobridge.cli import main
from gpiobridge.config import load
from gpiobridge.config.kinds import KINDS, kind_of
from gpiobridge.doctor import pins as pins_check
from gpiobridge.doctor.findings import skipped
from gpiobridge.doctor.machine import ExaminedMachine
from gpiobridge.doctor.patient import Patient
from gpiobridge.pins.gpio import wired_pins
from gpiobridge.pins.source import PinKind
from gpiobridge.serve import greeting
from gpiobridge.serve.standalone import create_app

EXHIBIT = """\
[server]
api = "local"
[gpio]
pin_factory = "mock"
[pins]
button = 17
[pins.tick]
source = "metronome"
every = "50ms"
[pages.welcome]
on_press.tick = "open"
[pages.open]
"""


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one line that a new kind needs elsewhere."""
    monkeypatch.setitem(KINDS, "metronome", "metronome")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An exhibit with a simulated button and a metronome."""
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


def problems(path: Path, old: str, new: str) -> list[str]:
    """What is wrong with the exhibit when a line of it is another one."""
    path.write_text(EXHIBIT.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    return [problem.partition("config.toml: ")[2] for problem in caught.value.problems]


def receive_all(display: ClientConnection) -> None:
    """Receive until the socket is closed."""
    while True:
        display.recv(timeout=20)


def test_the_toy_is_one_short_file() -> None:
    """Sixty lines are enough for a kind."""
    assert len(Path(metronome.__file__).read_text("utf-8").splitlines()) <= 60


def test_its_pins_have_keys_of_their_own(path: Path) -> None:
    """And all that every pin has."""
    pin = load(path, {}).pins["tick"]
    assert pin == metronome.MetronomePin(name="tick", active=Level.LOW, every_s=0.05)
    assert (pin.pin, pin.chip, pin.pull) == (None, None, None)


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        ('evry = "50ms"', "pins.tick.evry = \"50ms\": unknown key; did you mean every?"),
        ("every = 50", 'pins.tick.every = 50: needs a unit; write "50ms" or "50s"'),
        ('every = "1h"', 'pins.tick.every = "1h": must be at most 1min'),
        ('every = "1s"\nchip = "gpiochip2"', 'pins.tick.chip = "gpiochip2": has no meaning with '
         'source = "metronome"; leave one of them out'),
        ('every = "1s"\npull = "up"', 'pins.tick.pull = "up": has no meaning with '
         'source = "metronome"; leave one of them out'),
        ("", 'pins.tick: has no every; write every = "1s"'),
    ],
)  # fmt: skip
def test_a_wrong_key_is_told(path: Path, new: str, problem: str) -> None:
    """With place, value and remedy, as of any other kind."""
    assert problem in problems(path, 'every = "50ms"', new)


def test_an_unknown_kind_lists_all(path: Path) -> None:
    """Those that are registered."""
    assert problems(path, "metronome", "metronom") == [
        'pins.tick.source = "metronom": must be "gpio", "http" or "metronome"; did you mean '
        '"metronome"?',
        'pins.tick.every = "50ms": unknown key; leave it out, or write one of pin, chip, '
        "pull, source, active, debounce, counts, dwell, cooldown, hold",
    ]


def test_check_shows_its_kind(path: Path) -> None:
    """Where a wired pin has a number; it has no pull."""
    shown = CliRunner().invoke(main, ["check", "--config", str(path)]).output
    (row,) = [line.split() for line in shown.splitlines() if line.startswith("tick ")]
    assert row == ["tick", "metronome", "low", "20ms", "2s"]


def test_the_greeting_says_what_sets_it(bridge: GpioBridge) -> None:
    """In the kind's own words."""
    bridge.start()
    lines = greeting._greeting(bridge.running, "127.0.0.1", 8000).splitlines()
    assert "  tick: set by a metronome, every 50ms, active low" in lines


def test_its_press_moves_a_page(app: Flask, bridge: GpioBridge) -> None:
    """Through the real watcher: the beat is an event, and the page leaves for the next one."""
    with (
        served(app, bridge) as port,
        open_socket(port, "/ws/welcome") as display,
        pytest.raises(ConnectionClosed) as closed,
    ):
        receive_all(display)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.reason == "/open"


def test_healthz_names_its_kind(bridge: GpioBridge) -> None:
    """Beside the fields that every pin has."""
    bridge.start()
    told = bridge.running.health()[0]["pins"]["tick"]
    assert (told["source"], told["pin"], told["chip"], told["active"]) == (
        "metronome", None, None, "low",
    )  # fmt: skip


def test_the_doctor_reads_no_gpio_for_it(path: Path) -> None:
    """It has no wire that could be broken."""
    settings = load(path, {})
    assert list(wired_pins(settings.pins)) == ["button"]
    patient = Patient(path, ExaminedMachine(choose=lambda _: "mock", ask_bridge=lambda _: None))
    found = pins_check.levels(patient)
    assert found[1] == skipped("pin tick", "set by a metronome, every 50ms: no GPIO is read")


def test_a_program_can_not_set_it(app: Flask, bridge: GpioBridge) -> None:
    """Neither by the API, nor by the simulator, nor in the application."""
    client = app.test_client()
    for path, said in (
        ("/api/pins/tick", "Pin 'tick' has source = \"metronome\": only pins with source = "
         '"http" can be set here.'),
        ("/simulator/pins/tick", "Pin 'tick' can't be pressed here: it is set by a metronome, "
         "every 50ms."),
    ):  # fmt: skip
        answer = client.post(path, json={"level": "low"})
        assert (answer.status_code, answer.text.strip()) == (404, said)
    with pytest.raises(PinError, match=r"'tick' can't be set: .* source = \"http\""):
        bridge.pins["tick"].press()


def test_the_command_presses_a_kind_that_lets_itself_be_set(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the API, whatever its name: there is no simulator where no pin is simulated."""
    driven: list[tuple[str, Level, float | None]] = []

    def drive(_self: object, pin: str, level: Level, for_s: float | None = None) -> None:
        driven.append((pin, level, for_s))

    monkeypatch.setattr(metronome.MetronomePin, "closed_because", "")
    monkeypatch.setattr(metronome.Metronomes, "drive", drive)
    path.write_text(EXHIBIT.replace("button = 17\n", ""))
    app = create_app(load(path, {}))
    with served(app, app.extensions["gpiobridge"]) as port:
        command = ["press", "tick", "--for", "50ms", "--url", f"http://127.0.0.1:{port}"]
        done = CliRunner().invoke(main, command)
    assert (done.output, driven) == ("", [("tick", Level.LOW, 0.05)])


def test_the_simulator_shows_it_without_a_hand_on_it(app: Flask) -> None:
    """Its level is there; its buttons do nothing."""
    page = app.test_client().get("/simulator").text
    assert "Set by a metronome, every 50ms, active low" in page
    assert [f'aria-label="Press {pin}"{off}>' in page
            for pin, off in (("button", ""), ("tick", " disabled"))] == [True, True]  # fmt: skip


# --- The registry -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(KINDS))
def test_each_kind_is_there_under_its_name(name: str) -> None:
    """Pin and registry call it the same, and the loop can have its source."""
    kind = kind_of(name)
    assert isinstance(kind, PinKind)
    assert kind.pin.source == name
