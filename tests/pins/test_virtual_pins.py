"""Pins without a wire, alone and together with wired ones."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from harness.deadline import wait_until
from harness.scripted_pins import PATHS, SETTINGS, ScriptedPins

from gpiobridge.config import Gpio, Pin, Pull
from gpiobridge.core.events import Level, RawEdge
from gpiobridge.errors import PinError
from gpiobridge.loop.watcher import Watcher
from gpiobridge.pins.gpio import WiredPin
from gpiobridge.pins.gpiod_pins import GpiodPins
from gpiobridge.pins.gpiozero_pins import GpiozeroPins
from gpiobridge.pins.http import HttpPin, HttpPins
from gpiobridge.pins.sources import Sources, pin_source
from gpiobridge.system.clock import RealClock

LOW, HIGH = Level.LOW, Level.HIGH
BUTTON = WiredPin(name="button", pin=17, active=LOW)
BELL = HttpPin(name="bell", active=LOW)
GATE = HttpPin(name="gate", pull=Pull.NONE, active=HIGH)


def named(*pins: Pin) -> Mapping[str, Pin]:
    """Pins by their names."""
    return {pin.name: pin for pin in pins}


class Wired(ScriptedPins):
    """A fake source of wired pins with a descriptor."""

    simulated = False

    def __init__(self, failure: Exception | None = None) -> None:
        super().__init__(loses_edges=True)
        self.open_failure = failure
        self.calls: list[str] = []

    def open(self, on_edge: Callable[[RawEdge], None]) -> None:
        """Claim the pins, or fail with some of them claimed."""
        super().open(on_edge)
        if self.open_failure is not None:
            raise self.open_failure

    def descriptors(self) -> list[int]:
        """A descriptor."""
        return [42]

    def read_edges(self) -> bool:
        """Tell that edges were lost."""
        self.calls.append("read_edges")
        return True

    def check(self) -> None:
        """Note that it was asked."""
        self.calls.append("check")


def both(wired: Wired) -> Sources:
    """A wired button and a bell without a wire."""
    return Sources([(wired, ["button"]), (HttpPins(named(BELL), RealClock()), ["bell"])])


# --- Alone ------------------------------------------------------------------------------------


def test_virtual_pins_start_inactive() -> None:
    """By their pull, or against the active level that is given."""
    pins = HttpPins(named(BELL, GATE), RealClock())
    pins.open(lambda edge: None)
    assert (pins.read("bell"), pins.read("gate")) == (HIGH, LOW)


def test_a_drive_is_an_edge_with_its_stamp() -> None:
    """The level is there for readers, and the edge is stamped by the monotonic clock."""
    edges: list[RawEdge] = []
    pins = HttpPins(named(BELL), RealClock())
    pins.open(edges.append)
    before_s = time.monotonic()
    pins.drive("bell", LOW)
    (edge,) = edges
    assert (edge.pin, edge.level, pins.read("bell")) == ("bell", LOW, LOW)
    assert before_s <= edge.at_s <= time.monotonic()


def test_a_repeated_level_is_no_edge() -> None:
    """A program may say again what it has said."""
    edges: list[RawEdge] = []
    pins = HttpPins(named(BELL), RealClock())
    pins.open(edges.append)
    for level in (HIGH, LOW, LOW, HIGH, HIGH):
        pins.drive("bell", level)
    assert [edge.level for edge in edges] == [LOW, HIGH]


def test_pins_that_are_not_open_are_not_driven() -> None:
    """Before they are opened, and after they are closed, a sentence says so."""
    edges: list[RawEdge] = []
    pins = HttpPins(named(BELL), RealClock())
    with pytest.raises(PinError, match=r"pin 'bell' is closed: the bridge is not running"):
        pins.drive("bell", LOW)
    pins.open(edges.append)
    pins.close()
    pins.close()
    with pytest.raises(PinError, match="is closed"):
        pins.drive("bell", LOW)
    assert edges == []
    assert pins.read("bell") is HIGH


@pytest.mark.parametrize("look", [HttpPins.read_edges, lambda pins: pins.read("bell")])
def test_who_looks_waits_for_an_edge_on_its_way(look: Callable[[HttpPins], object]) -> None:
    """An edge that has its stamp is handed on before anyone reads a level or looks for edges."""
    stamped, hand_on = threading.Event(), threading.Event()
    order: list[str] = []

    def on_edge(_edge: RawEdge) -> None:
        stamped.set()
        hand_on.wait(20)
        order.append("edge")

    def look_on() -> None:
        look(pins)
        order.append("looked")

    pins = HttpPins(named(BELL), RealClock())
    pins.open(on_edge)
    driving = threading.Thread(target=pins.drive, args=("bell", LOW))
    looking = threading.Thread(target=look_on)
    driving.start()
    assert stamped.wait(20)
    looking.start()
    looking.join(0.1)  # it would be over by now, if it didn't wait
    hand_on.set()
    driving.join()
    looking.join()
    assert order == ["edge", "looked"]


# --- Together with wired ones -----------------------------------------------------------------


def test_each_configuration_has_the_simplest_source() -> None:
    """Only wired, only virtual, or both."""
    mock = Gpio(pin_factory="mock")
    assert type(pin_source(mock, named(BUTTON), RealClock())) is GpiozeroPins
    assert type(pin_source(mock, named(BELL), RealClock())) is HttpPins
    assert type(pin_source(mock, named(BUTTON, BELL), RealClock())) is Sources


def test_virtual_pins_alone_need_no_back_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even one to be chosen; and they are not called simulated."""

    def choose(_pin_factory: str) -> str:
        raise PinError("no back end is installed")

    monkeypatch.setattr("gpiobridge.pins.boards.choose", choose)
    source = pin_source(Gpio(), named(BELL, GATE), RealClock())
    source.open(lambda edge: None)
    assert source.simulated is False
    source.close()


def test_both_kinds_are_driven_and_read_through_one_source() -> None:
    """With simulated pins all can be driven."""
    edges: list[RawEdge] = []
    source = pin_source(Gpio(pin_factory="mock"), named(BUTTON, BELL), RealClock())
    source.open(edges.append)
    try:
        assert source.simulated is True
        for pin in ("button", "bell"):
            source.drive(pin, LOW)
        assert [(edge.pin, edge.level) for edge in edges] == [("button", LOW), ("bell", LOW)]
        assert (source.read("button"), source.read("bell")) == (LOW, LOW)
    finally:
        source.close()
    for pin in ("button", "bell"):
        with pytest.raises(PinError, match="is closed"):
            source.drive(pin, HIGH)


def test_a_real_pin_is_not_driven() -> None:
    """A source that has wires lets nobody else set a level, unless it says how."""

    class Real(Wired):
        drive = GpiodPins.drive

    source = both(Real())
    with pytest.raises(PinError, match="pin 'button' is real: only its wire sets its level"):
        source.drive("button", LOW)


def test_the_wired_pins_speak_for_both() -> None:
    """Descriptor, lost edges, the check of the back end, and whether all is simulated."""
    wired = Wired()
    source = both(wired)
    source.open(lambda edge: None)
    assert (source.descriptors(), source.loses_edges, source.simulated) == ([42], True, False)
    assert source.read_edges() is True
    source.check()
    assert wired.calls == ["read_edges", "check"]
    source.close()
    assert not wired.opened


def test_what_was_opened_is_closed_when_the_rest_fails() -> None:
    """The wired pins fail: nothing is left open, and no virtual pin can be driven."""
    wired = Wired(PinError("pin 'button' can't be opened"))
    source = both(wired)
    with pytest.raises(PinError, match="'button' can't be opened"):
        source.open(lambda edge: None)
    assert not wired.opened
    with pytest.raises(PinError, match="is closed"):
        source.drive("bell", LOW)


# --- Under the watcher ------------------------------------------------------------------------


@pytest.mark.parametrize("mixed", [False, True])
def test_no_edge_is_lost_between_threads(mixed: bool) -> None:
    """Two threads drive while the watcher reads: each edge is told once, and none is missed."""
    rounds = 500
    bells = named(*(replace(BELL, name=name, debounce_s=0.0) for name in ("bell", "buzzer")))
    settings = replace(SETTINGS, pins={**(SETTINGS.pins if mixed else {}), **bells})
    virtual = HttpPins(bells, RealClock())
    wired = Wired()
    wired.descriptors = list  # type: ignore[method-assign]
    source = Sources([(wired, SETTINGS.pins), (virtual, bells)]) if mixed else virtual
    watcher = Watcher(settings, source, PATHS)
    watcher.start()

    def drive(pin: str) -> None:
        for level in [LOW, HIGH] * rounds:
            virtual.drive(pin, level)

    drivers = [threading.Thread(target=drive, args=(pin,)) for pin in bells]
    try:
        for driver in drivers:
            driver.start()
        for driver in drivers:
            driver.join()
        wait_until(lambda: watcher.core.seq >= len(bells) * 2 * rounds)
        wait_until(lambda: not watcher._feed.waiting)
        assert watcher.core.seq == len(bells) * 2 * rounds
        assert [watcher.core.lost(pin) for pin in bells] == [(0, 0), (0, 0)]
        assert [watcher.core.levels[pin] for pin in bells] == [HIGH, HIGH]
    finally:
        watcher.stop()
