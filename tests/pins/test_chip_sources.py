"""Pins on several GPIO chips: each is asked of its own, and their edges come as one stream."""

import importlib
import select
import socket
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest

from gpiobridge.config import Gpio
from gpiobridge.core.events import Level, RawEdge
from gpiobridge.errors import PinError
from gpiobridge.pins import boards
from gpiobridge.pins.chips import Chip
from gpiobridge.pins.gpio import WiredPin, by_chip, source_of_chips
from gpiobridge.pins.gpiod_pins import GpiodPins
from gpiobridge.pins.gpiozero_pins import GpiozeroPins
from gpiobridge.pins.source import OnEdge, PinSource
from gpiobridge.pins.sources import Sources, pin_source
from gpiobridge.system.clock import RealClock

LOW, HIGH = Level.LOW, Level.HIGH
PINS = {
    "button": WiredPin(name="button", pin=3, active=LOW),
    "left": WiredPin(name="left", pin=3, chip="gpiochip2", active=LOW),
    "right": WiredPin(name="right", pin=4, chip="gpiochip2", active=LOW),
}
CHIPS = [Chip(0, "pinctrl-bcm2711", 58), Chip(2, "pcf8574", 8)]


@pytest.fixture(autouse=True)
def chips(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Pi with an expander."""
    monkeypatch.setattr("gpiobridge.pins.chips.chips", lambda: CHIPS)


class OneChip(PinSource):
    """A scripted source of one chip.

    Args:
        settings: its chip.
        pins: its pins.
    """

    simulated = False
    loses_edges = False
    fails = ""
    made: list["OneChip"]

    def __init__(self, settings: Gpio, pins: Mapping[str, WiredPin]) -> None:
        self.chip, self.pins = settings.chip, pins
        self.edges: list[RawEdge] = []
        self.lost = False
        self.is_open = False
        self.near, self.far = socket.socketpair()
        self.made.append(self)

    def open(self, on_edge: OnEdge) -> None:
        """Open it, or fail."""
        if self.chip == self.fails:
            raise PinError(f"{self.chip} can't be opened")
        self.on_edge, self.is_open = on_edge, True

    def descriptors(self) -> list[int]:
        """A real descriptor."""
        return [self.near.fileno()]

    def edge(self, pin: str, level: Level, at_s: float) -> None:
        """Let an edge wait."""
        self.edges.append(RawEdge(pin, level, at_s))
        self.far.send(b".")

    def read_edges(self) -> bool:
        """Hand on what waits."""
        if self.edges:
            self.near.recv(64)
        for edge in self.edges:
            self.on_edge(edge)
        self.edges.clear()
        return self.lost

    def read(self, pin: str) -> Level:
        """HIGH on the Pi's own chip, LOW elsewhere."""
        assert pin in self.pins
        return HIGH if self.chip == "auto" else LOW

    def check(self) -> None:
        """Fail, if it should."""
        if self.chip == self.fails:
            raise PinError(f"{self.chip} is dead")

    def close(self) -> None:
        """Note it."""
        self.is_open = False


@pytest.fixture
def kind() -> Iterator[type[OneChip]]:
    """Sources that are scripted."""
    kind = type("Scripted", (OneChip,), {"made": []})
    yield kind
    for source in kind.made:
        source.near.close()
        source.far.close()


def test_pins_are_sorted_by_their_chip() -> None:
    """Those without one of their own are on that of [gpio] (row 12)."""
    sorted_ = {chip: list(pins) for chip, pins in by_chip(Gpio(), PINS).items()}
    assert sorted_ == {"auto": ["button"], "gpiochip2": ["left", "right"]}


def test_one_chip_needs_no_more(kind: type[OneChip]) -> None:
    """Its own source does, and it is the pins' own chip (row 12)."""
    source = source_of_chips(Gpio(), {"left": PINS["left"], "right": PINS["right"]}, kind)
    assert isinstance(source, kind)
    assert source.chip == "gpiochip2"


def test_each_pin_is_asked_of_its_chip(kind: type[OneChip]) -> None:
    """Two with the same number are two (row 12)."""
    source = source_of_chips(Gpio(), PINS, kind)
    assert isinstance(source, Sources)
    assert [source.read(pin) for pin in PINS] == [HIGH, LOW, LOW]


def test_one_descriptor_tells_of_the_edges_of_all_chips(kind: type[OneChip]) -> None:
    """It is readable for either, and no longer once they were taken (row 12)."""
    told: list[RawEdge] = []
    source = source_of_chips(Gpio(), PINS, kind)
    source.open(told.append)
    try:
        descriptors = source.descriptors()
        for one, pin in zip(kind.made, ("button", "left"), strict=True):
            assert not select.select(descriptors, [], [], 0)[0]
            one.edge(pin, LOW, 1.0)
            assert select.select(descriptors, [], [], 10)[0]
            assert source.read_edges() is False
        assert not select.select(descriptors, [], [], 0)[0]
    finally:
        source.close()
    assert [edge.pin for edge in told] == ["button", "left"]


def test_edges_of_all_chips_come_in_the_order_of_their_stamps(kind: type[OneChip]) -> None:
    """Not chip by chip: the first to press may be on the second one (row 12)."""
    told: list[RawEdge] = []
    source = source_of_chips(Gpio(), PINS, kind)
    source.open(told.append)
    try:
        first, second = kind.made
        first.edge("button", LOW, 2.0)
        second.edge("left", LOW, 1.0)
        second.edge("left", HIGH, 3.0)
        source.read_edges()
    finally:
        source.close()
    assert [edge.at_s for edge in told] == [1.0, 2.0, 3.0]


def test_an_edge_lost_on_any_chip_is_told(kind: type[OneChip]) -> None:
    """And each is asked, whatever the one before it says (row 12)."""
    source = source_of_chips(Gpio(), PINS, kind)
    source.open(lambda edge: None)
    try:
        kind.made[0].lost = True
        kind.made[1].edge("left", LOW, 1.0)
        assert source.read_edges() is True
        assert kind.made[1].edges == []
    finally:
        source.close()


def test_a_chip_that_fails_closes_the_others(kind: type[OneChip]) -> None:
    """Nothing is held by a bridge that does not start (row 12)."""
    kind.fails = "gpiochip2"
    source = source_of_chips(Gpio(), PINS, kind)
    with pytest.raises(PinError, match="gpiochip2 can't be opened"):
        source.open(lambda edge: None)
    assert [one.is_open for one in kind.made] == [False, False]
    with pytest.raises(PinError, match="gpiochip2 is dead"):
        source.check()


def test_two_names_of_one_chip_hide_no_line_taken_twice(kind: type[OneChip]) -> None:
    """Here "auto" is gpiochip0, which the configuration can't know (row 12)."""
    pins = {**PINS, "twin": WiredPin(name="twin", pin=3, chip="gpiochip0", active=LOW)}
    with pytest.raises(PinError) as caught:
        source_of_chips(Gpio(), pins, kind).open(lambda edge: None)
    assert str(caught.value) == (
        "pins.button and pins.twin are two names on one pin, line 3 of gpiochip0; leave one of "
        "them out"
    )


@pytest.mark.parametrize(
    ("pin_factory", "one"), [("gpiod", GpiodPins), ("lgpio", GpiozeroPins), ("mock", None)]
)
def test_back_ends_of_chips_have_a_source_for_each(pin_factory: Any, one: type | None) -> None:
    """Simulated pins have no chip (row 12)."""
    source = pin_source(Gpio(pin_factory=pin_factory), PINS, RealClock())
    if one is None:
        assert isinstance(source, GpiozeroPins)
    else:
        assert isinstance(source, Sources)
        assert [type(each) for each in source._sources] == [one, one]


# --------------------------------------------------------------------- lgpio


class Lgpio(ModuleType):
    """The package lgpio, as far as gpiozero's pins use it, with two chips."""

    SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = 0, 32, 64
    BOTH_EDGES, RISING_EDGE, FALLING_EDGE = 3, 1, 2
    error = RuntimeError

    def __init__(self) -> None:
        super().__init__("lgpio")
        self.claimed: list[tuple[int, int, int]] = []
        self.callbacks: dict[tuple[int, int], Any] = {}

    def gpiochip_open(self, chip: int) -> int:
        """Open a chip: its handle."""
        if chip not in (0, 2):
            raise RuntimeError("'can not open gpiochip'")
        return chip << 16

    def gpio_claim_input(self, handle: int, line: int, flags: int = 0) -> None:
        """Take a line."""
        self.claimed.append((handle >> 16, line, flags))

    def callback(self, handle: int, line: int, edges: int, function: Any) -> Any:
        """Arm a line."""
        self.callbacks[handle >> 16, line] = function
        cancelled = ModuleType("callback")
        cancelled.cancel = lambda: None  # type: ignore[attr-defined]
        return cancelled

    def gpio_read(self, handle: int, line: int) -> int:
        """Read a level: HIGH on the first chip alone."""
        return int(handle == 0)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("gpio"):
            return lambda *_: 0
        raise AttributeError(name)


@pytest.fixture
def lgpio(monkeypatch: pytest.MonkeyPatch) -> Lgpio:
    """The package, and gpiozero's pins on it; this machine is no Pi."""
    lgpio = Lgpio()
    monkeypatch.setitem(sys.modules, "lgpio", lgpio)
    monkeypatch.setitem(boards._PACKAGES, "lgpio", "gpiozero")
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    monkeypatch.setitem(
        sys.modules, "gpiozero.pins.lgpio", importlib.import_module("gpiozero.pins.lgpio")
    )
    return lgpio


def test_lgpio_opens_the_lines_of_each_chip(lgpio: Lgpio) -> None:
    """Gpiozero keeps the pins of all factories by number: they must not be mixed (row 12)."""
    told: list[RawEdge] = []
    source = pin_source(Gpio(pin_factory="lgpio"), PINS, RealClock())
    source.open(told.append)
    try:
        assert {(chip, line) for chip, line, _ in lgpio.claimed} == {(0, 3), (2, 3), (2, 4)}
        assert [source.read(pin) for pin in PINS] == [HIGH, LOW, LOW]
        lgpio.callbacks[2, 3](2, 3, 0, 1_000_000_000)
        lgpio.callbacks[0, 3](0, 3, 1, 1_000_000_000)
    finally:
        source.close()
    assert [(edge.pin, edge.level) for edge in told] == [("left", LOW), ("button", HIGH)]


def test_lgpio_takes_a_line_that_no_header_has(lgpio: Lgpio) -> None:
    """Gpiozero knows the header's only, and none of another board (row 12)."""
    source = pin_source(
        Gpio(pin_factory="lgpio"),
        {"module": WiredPin(name="module", pin=45, active=LOW)},
        RealClock(),
    )
    source.open(lambda edge: None)
    source.close()
    assert (0, 45, Lgpio.SET_PULL_UP) in lgpio.claimed


@pytest.mark.parametrize(
    ("pin", "said"),
    [
        (WiredPin(name="a", pin=58, active=LOW), "pin 'a' (GPIO 58) can't be opened on lgpio: "
         "/dev/gpiochip0 has only the lines 0 to 57; name another chip under [gpio], or another "
         "pin"),
        (WiredPin(name="a", pin=8, chip="gpiochip2", active=LOW),
         "pin 'a' (line 8 of gpiochip2) can't be opened on lgpio: /dev/gpiochip2 has only "
         "the lines 0 to 7; name another chip for it, or another pin"),
    ],
)  # fmt: skip
def test_a_line_that_the_chip_has_not_is_said_plainly(
    lgpio: Lgpio, pin: WiredPin, said: str
) -> None:
    """The kernel knows how many there are (row 12)."""
    with pytest.raises(PinError) as caught:
        pin_source(Gpio(pin_factory="lgpio"), {"a": pin}, RealClock()).open(lambda edge: None)
    assert str(caught.value) == said


def test_a_chip_that_is_not_there_is_named(lgpio: Lgpio) -> None:
    """An overlay may be missing (row 12)."""
    pin = WiredPin(name="a", pin=1, chip="gpiochip5", active=LOW)
    with pytest.raises(PinError, match=r"^gpiochip5 can't be opened on lgpio: "):
        pin_source(Gpio(pin_factory="lgpio"), {"a": pin}, RealClock()).open(lambda edge: None)
