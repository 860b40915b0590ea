"""The pins through gpiozero, on its mock back end and on back ends that fail as real ones do.

And what every source of edges shares: which back end, which chip.
"""

import gc
import importlib.util
import itertools
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from gpiobridge.config import Gpio, Pin, Pull
from gpiobridge.core.events import Level, RawEdge
from gpiobridge.errors import PinError
from gpiobridge.pins import boards, gpiozero_pins
from gpiobridge.pins.boards import chip_number, choose, is_raspberry_pi
from gpiobridge.pins.chips import Chip
from gpiobridge.pins.gpio import WiredPin
from gpiobridge.pins.gpiozero_pins import GpiozeroPins
from gpiobridge.pins.remedies import REQUIREMENTS, install
from gpiobridge.system import invocation
from gpiobridge.system.clock import RealClock

LOW, HIGH = Level.LOW, Level.HIGH
BUTTON = WiredPin(name="button", pin=17, active=LOW)


class Mock:
    """Pins on the mock back end, and the edges they told of."""

    def __init__(self) -> None:
        self.edges: list[RawEdge] = []
        self._opened: list[GpiozeroPins] = []

    def open(self, *pins: Pin) -> GpiozeroPins:
        """Open ``pins``."""
        opened = GpiozeroPins(
            Gpio(pin_factory="mock"), {pin.name: pin for pin in pins}, RealClock()
        )
        opened.open(self.edges.append)
        self._opened.append(opened)
        return opened

    def close(self) -> None:
        """Release all pins."""
        for pins in self._opened:
            pins.close()


@pytest.fixture
def mock() -> Iterator[Mock]:
    """The mock back end."""
    mock = Mock()
    yield mock
    mock.close()


@pytest.fixture
def back_end(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[MockFactory]], GpiozeroPins]:
    """Put a scripted factory in the place of RPi.GPIO's."""

    def make(factory: type[MockFactory]) -> GpiozeroPins:
        monkeypatch.setitem(sys.modules, "scripted", SimpleNamespace(Factory=factory))
        monkeypatch.setitem(gpiozero_pins._FACTORIES, "rpigpio", ("scripted", "Factory"))
        monkeypatch.setitem(boards._PACKAGES, "rpigpio", "gpiozero")
        return GpiozeroPins(Gpio(pin_factory="rpigpio"), {"button": BUTTON}, RealClock())

    return make


def factory_failing_with(error: Exception) -> type[MockFactory]:
    """Make a factory that can't be made."""

    def fail(self: MockFactory) -> None:
        raise error

    return type("Factory", (MockFactory,), {"__init__": fail})


def pins_failing_with(error: Exception) -> type[MockFactory]:
    """Make a factory whose pins can't be claimed."""

    def fail(self: MockFactory, name: object) -> None:
        raise error

    return type("Factory", (MockFactory,), {"pin": fail})


def uninstall(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """Let packages look as if they were not installed."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name in packages else find_spec(name)
    )


# -------------------------------------------------------------------- levels and edges


@pytest.mark.parametrize("active", list(Level))
@pytest.mark.parametrize("pull", list(Pull))
def test_a_pin_that_nobody_presses_is_idle(mock: Mock, pull: Pull, active: Level) -> None:
    """Where the unpressed contact holds it, a normally closed one against the pull (row 9)."""
    pins = mock.open(WiredPin(name="button", pin=17, pull=pull, active=active))
    assert pins.read("button") is active.other
    assert mock.edges == []


@pytest.mark.parametrize("active", list(Level))
@pytest.mark.parametrize("pull", list(Pull))
def test_the_first_press_of_a_simulated_pin_is_one(mock: Mock, pull: Pull, active: Level) -> None:
    """It is an edge to the active level, and the release is one back (row 9)."""
    pins = mock.open(WiredPin(name="button", pin=17, pull=pull, active=active))
    pins.drive("button", active)
    pins.drive("button", active.other)
    assert [edge.level for edge in mock.edges] == [active, active.other]


def test_simulated_pins_have_what_any_board_has(mock: Mock) -> None:
    """A Compute Module's lines, and those of other chips, with the same number (row 12)."""
    pins = mock.open(
        WiredPin(name="module", pin=45, active=LOW),
        WiredPin(name="left", pin=3, chip="gpiochip2", active=LOW),
        WiredPin(name="right", pin=3, chip="gpiochip3", active=LOW),
        WiredPin(name="third", pin=300, chip="gpiochip4", active=LOW),
    )
    for name in ("module", "left", "right", "third"):
        pins.drive(name, LOW)
    assert [edge.pin for edge in mock.edges] == ["module", "left", "right", "third"]


def test_each_edge_is_told_with_its_pin_level_and_time(mock: Mock) -> None:
    """Both edges come, stamped by the monotonic clock."""
    pins = mock.open(BUTTON, WiredPin(name="door", pin=27, active=LOW))
    start_s = time.monotonic()
    pins.drive("button", LOW)
    pins.drive("door", LOW)
    pins.drive("button", HIGH)
    told = [(edge.pin, edge.level) for edge in mock.edges]
    assert told == [("button", LOW), ("door", LOW), ("button", HIGH)]
    stamps = [start_s, *(edge.at_s for edge in mock.edges), time.monotonic()]
    assert all(earlier <= later for earlier, later in itertools.pairwise(stamps))


def test_a_level_that_does_not_change_is_no_edge(mock: Mock) -> None:
    """Driving a pin to where it is tells nothing."""
    mock.open(BUTTON).drive("button", HIGH)
    assert mock.edges == []


def test_a_driven_level_is_read(mock: Mock) -> None:
    """What a test or the simulator sets is what the pin reads."""
    pins = mock.open(BUTTON)
    pins.drive("button", LOW)
    assert pins.read("button") is LOW


def test_the_callback_survives_the_garbage_collector(mock: Mock) -> None:
    """Gpiozero keeps a weak reference only: somebody has to hold the callback."""
    pins = mock.open(BUTTON)
    gc.collect()
    pins.drive("button", LOW)
    assert len(mock.edges) == 1


def test_an_implausible_stamp_is_replaced_by_the_arrival(mock: Mock) -> None:
    """A back end whose ticks are on another clock can't put an edge into another year."""
    pins = mock.open(BUTTON)
    pins._devices["button"].pin._last_change = 1_800_000_000.0
    start_s = time.monotonic()
    pins._callbacks[0](1_800_000_000.0, 0)
    pins._callbacks[0](-5.0, 1)
    assert all(start_s <= edge.at_s <= time.monotonic() for edge in mock.edges)


def test_closed_pins_are_free_for_others(mock: Mock) -> None:
    """Closing releases the pins, tells of no further edge, and may be done twice."""
    pins = mock.open(BUTTON)
    pins.close()
    pins.close()
    assert mock.open(BUTTON).read("button") is HIGH
    assert mock.edges == []


def test_closing_disarms_a_pin_whose_own_close_does_not(
    back_end: Callable[[type[MockFactory]], GpiozeroPins],
) -> None:
    """Gpiozero's lgpio pins keep their callback: an edge after the end would kill its thread."""

    class LeftArmed(MockPin):
        def close(self) -> None:
            pass

    class Factory(MockFactory):
        def __init__(self) -> None:
            super().__init__(pin_class=LeftArmed)

    pins = back_end(Factory)
    pins.open(lambda edge: None)
    pin = pins._devices["button"].pin
    assert pin.when_changed is not None
    pins.close()
    assert pin.when_changed is None


def test_a_pin_that_no_longer_answers_is_named() -> None:
    """The watcher gets an error of ours, whatever the back end raised."""
    pins = GpiozeroPins(Gpio(pin_factory="mock"), {"button": BUTTON}, RealClock())
    with pytest.raises(PinError, match="pin 'button' can't be read"):
        pins.read("button")


def test_real_pins_can_not_be_driven(back_end: Callable[[type[MockFactory]], GpiozeroPins]) -> None:
    """The simulator has no power over hardware."""
    with pytest.raises(PinError, match="pin 'button' is real"):
        back_end(MockFactory).drive("button", LOW)


def test_only_the_mock_is_simulated_and_loses_no_edge(
    back_end: Callable[[type[MockFactory]], GpiozeroPins],
) -> None:
    """Every real back end can drop an edge, so its levels are checked."""
    simulated, real = GpiozeroPins(Gpio(pin_factory="mock"), {}, RealClock()), back_end(MockFactory)
    assert (simulated.simulated, simulated.loses_edges) == (True, False)
    assert (real.simulated, real.loses_edges) == (False, True)


# -------------------------------------------------------------------- which back end


@pytest.mark.parametrize(
    ("files", "is_pi"),
    [
        ({"model": b"Raspberry Pi 5 Model B Rev 1.0\0"}, True),
        ({"model": b"Raspberry Pi Zero 2 W Rev 1.0\0"}, True),
        ({"system/linux,revision": b"\x00\xc0\x31\x11"}, True),
        ({"model": b"Radxa ROCK 5B\0"}, False),
        ({}, False),
    ],
)
def test_a_raspberry_pi_is_known_by_its_device_tree(
    tmp_path: Path, files: dict[str, bytes], is_pi: bool
) -> None:
    """The model or the firmware's revision tells; any other machine is none."""
    for name, content in files.items():
        path = tmp_path / "proc/device-tree" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    assert is_raspberry_pi(tmp_path) is is_pi


@pytest.mark.parametrize("name", ["gpiod", "lgpio", "rpigpio", "pigpio", "mock"])
def test_a_named_back_end_is_taken(name: str) -> None:
    """What the configuration says isn't second-guessed."""
    assert choose(name) == name


def test_auto_is_simulated_pins_away_from_a_pi(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exhibit can be made on any machine."""
    monkeypatch.setattr(boards, "is_raspberry_pi", lambda: False)
    assert choose("auto") == "mock"


@pytest.mark.parametrize(
    ("missing", "chosen"),
    [
        ((), "gpiod"),
        (("gpiod._ext",), "lgpio"),
        (("gpiod._ext", "lgpio"), "rpigpio"),
        (("gpiod._ext", "lgpio", "RPi"), "pigpio"),
    ],
)
def test_auto_is_the_first_installed_back_end_on_a_pi(
    monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...], chosen: str
) -> None:
    """The best back end comes first."""
    monkeypatch.setattr(boards, "is_raspberry_pi", lambda: True)
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name in missing else object()
    )
    assert choose("auto") == chosen


def test_auto_never_falls_back_to_simulated_pins_on_a_pi(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exhibit whose button does nothing would look as if all were well."""
    monkeypatch.setattr(boards, "is_raspberry_pi", lambda: True)
    uninstall(monkeypatch, "gpiod._ext", "lgpio", "RPi", "pigpio")
    with pytest.raises(PinError, match=r"pip install 'gpiod>=2.2'"):
        choose("auto")


def test_no_back_end_is_imported_along() -> None:
    """Gpiozero and the back ends wait for pins that are opened: most commands open none."""
    kinds = "import gpiobridge.pins.boards, gpiobridge.pins.gpio, gpiobridge.pins.http, sys"
    backs = "{'gpiod', 'gpiozero', 'lgpio', 'gpiobridge.pins.gpiod_pins'}"
    code = f"{kinds}; print({backs} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("label", ["pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835"])
def test_a_pis_own_chip_is_known_by_its_label(monkeypatch: pytest.MonkeyPatch, label: str) -> None:
    """Its number depends on the kernel; another chip is never taken instead."""
    found = [Chip(0, "raspberrypi-exp-gpio", 8), Chip(11, label, 54)]
    monkeypatch.setattr("gpiobridge.pins.chips.chips", lambda: found)
    assert chip_number("auto") == 11
    assert chip_number("gpiochip4") == 4


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([Chip(0, "rockchip", 32)], "found: gpiochip0 (rockchip); name one"),
        ([], "no chip can be opened; the GPIO chip is missing, or this user may not open it"),
    ],
)
def test_a_machine_without_a_pis_chip_says_what_it_has(
    monkeypatch: pytest.MonkeyPatch, found: list[Chip], said: str
) -> None:
    """A board that is none names its chips; a user without rights gets the remedy."""
    monkeypatch.setattr("gpiobridge.pins.chips.chips", lambda: found)
    with pytest.raises(PinError) as caught:
        chip_number("auto")
    assert str(caught.value).startswith('gpio.chip = "auto": ')
    assert said in str(caught.value)


# -------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("name", "package", "wanted"),
    [
        ("lgpio", "lgpio", "lgpio>=0.2"),
        ("rpigpio", "RPi", "rpi-lgpio>=0.6"),
        ("pigpio", "pigpio", "pigpio>=1.78"),
    ],
)
def test_a_missing_back_end_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch, name: Any, package: str, wanted: str
) -> None:
    """The message has the command."""
    uninstall(monkeypatch, package)
    pins = GpiozeroPins(Gpio(pin_factory=name), {"button": BUTTON}, RealClock())
    with pytest.raises(PinError) as caught:
        pins.open(lambda edge: None)
    assert f'gpio.pin_factory = "{name}"' in str(caught.value)
    assert install(name) in str(caught.value)
    assert f"'{wanted}'" in install(name, python=(3, 11))


def test_what_to_install_is_the_package_of_the_extra() -> None:
    """The remedy and the extra of a back end are one requirement."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    assert [[package] for package in REQUIREMENTS.values()] == [
        extras["rpi-lgpio" if name == "rpigpio" else name] for name in REQUIREMENTS
    ]


@pytest.mark.parametrize(
    ("python", "wide", "said"),
    [
        ((3, 11), True, invocation.pip("install", "gpiod>=2.2")),
        ((3, 13), True, invocation.pip("install", "gpiod>=2.2")),
        ((3, 11), False, invocation.pip("install", "lgpio>=0.2")),
        ((3, 13), False, "sudo apt install python3-lgpio, "),
    ],
)
def test_what_to_install_fits_the_system(python: tuple[int, int], wide: bool, said: str) -> None:
    """No remedy names a package that the Pi's system can't install; docs/pi.md has the table."""
    assert install(python=python, wide=wide).startswith(said)


@pytest.mark.parametrize(
    ("factory", "remedy"),
    [
        (pins_failing_with(RuntimeError("'GPIO busy'")), "`gpioinfo` names it"),
        (factory_failing_with(RuntimeError("'can not open gpiochip'")), "usermod -aG gpio"),
        (factory_failing_with(PermissionError(13, "Permission denied")), "usermod -aG gpio"),
        (
            factory_failing_with(RuntimeError("No access to /dev/mem.  Try running as root!")),
            "usermod -aG gpio",
        ),
        (
            pins_failing_with(RuntimeError("Failed to add edge detection")),
            f"{invocation.pip('uninstall', 'RPi.GPIO')}, then "
            f"{invocation.pip('install', 'gpiod>=2.2')}",
        ),
        (
            factory_failing_with(RuntimeError("This module can only be run on a Raspberry Pi!")),
            'pin_factory = "mock"',
        ),
        (
            factory_failing_with(OSError("failed to connect to localhost:8888")),
            "systemctl start pigpiod",
        ),
    ],
    ids=["busy", "no chip", "not permitted", "no memory", "edge detection", "no Pi", "no pigpiod"],
)
def test_an_error_of_a_back_end_comes_with_its_remedy(
    back_end: Callable[[type[MockFactory]], GpiozeroPins], factory: type[MockFactory], remedy: str
) -> None:
    """Each error that users meet says what to do about it."""
    with pytest.raises(PinError) as caught:
        back_end(factory).open(lambda edge: None)
    assert "can't be opened on rpigpio" in str(caught.value)
    assert remedy in str(caught.value)


def test_a_pin_that_can_not_be_claimed_is_named(
    back_end: Callable[[type[MockFactory]], GpiozeroPins],
) -> None:
    """The message has the configuration's name, the number and the cause."""
    with pytest.raises(PinError, match=r"pin 'button' \(GPIO 17\) can't be opened .*: odd"):
        back_end(pins_failing_with(RuntimeError("odd"))).open(lambda edge: None)


def test_a_pin_that_can_not_be_claimed_releases_the_others(mock: Mock) -> None:
    """One bad pin holds no good one."""
    door = WiredPin(name="door", pin=99, active=LOW)
    with pytest.raises(PinError, match="pin 'door'"):
        mock.open(BUTTON, door)
    assert mock.open(BUTTON).read("button") is HIGH


def test_a_dead_lgpio_thread_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one callback thread of lgpio is looked at: without it every pin is deaf."""
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    monkeypatch.setitem(sys.modules, "lgpio", SimpleNamespace(_notify_thread=thread))
    pins = GpiozeroPins(Gpio(pin_factory="lgpio"), {}, RealClock())
    pins._factory = object()
    with pytest.raises(PinError, match="lgpio's thread has died"):
        pins.check()


def test_a_living_back_end_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that lives, or a back end without one, is no reason to end."""
    alive = SimpleNamespace(_notify_thread=threading.current_thread())
    monkeypatch.setitem(sys.modules, "lgpio", alive)
    for name in ("lgpio", "mock"):
        pins = GpiozeroPins(Gpio(pin_factory=name), {}, RealClock())
        pins._factory = object()
        pins.check()
