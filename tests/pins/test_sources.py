"""Any number of sources as one, with and without a descriptor, and the clock that they have."""

import queue
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from harness.made_clock import START_S, MadeClock
from harness.scripted_pins import PATHS, SETTINGS, KernelPins, ScriptedPins

from gpiobridge.config import Gpio
from gpiobridge.core.events import Level, PinEvent, RawEdge
from gpiobridge.errors import PinError
from gpiobridge.loop.observer import Observer
from gpiobridge.loop.watcher import Watcher
from gpiobridge.pins.gpio import WiredPin
from gpiobridge.pins.gpiozero_pins import GpiozeroPins
from gpiobridge.pins.http import HttpPin
from gpiobridge.pins.sources import Sources, pin_source, together

LOW, HIGH = Level.LOW, Level.HIGH
BUTTON = WiredPin(name="button", pin=17, active=LOW)
BELL = HttpPin(name="bell", active=LOW)


class Kernel(KernelPins):
    """Pins with a descriptor, and stamps that the test gives."""

    simulated = False

    def edge(self, pin: str, at_s: float) -> None:
        """Let an edge wait."""
        self._waiting.append(RawEdge(pin, LOW, at_s))


@pytest.fixture
def kernels() -> Iterator[tuple[Kernel, Kernel]]:
    """Two of them."""
    both = Kernel(), Kernel()
    yield both
    for one in both:
        one.close()


def test_edges_without_a_descriptor_do_not_wait_for_those_with_one(
    kernels: tuple[Kernel, Kernel],
) -> None:
    """They come on a thread of their own, and go on at once."""
    told: list[str] = []
    callbacks = ScriptedPins()
    source = Sources([(kernels[0], ["button"]), (callbacks, ["door"])])
    source.open(lambda edge: told.append(edge.pin))
    kernels[0].edge("button", 1.0)
    callbacks.drive("door", LOW)
    assert told == ["door"]
    source.read_edges()
    assert told == ["door", "button"]


def test_sources_of_sources_are_put_in_order_together(kernels: tuple[Kernel, Kernel]) -> None:
    """Those of a kind that has several, such as chips, beside those of another kind."""
    told: list[float] = []
    first, second = kernels
    callbacks = ScriptedPins()
    chips = together([(first, ["button"]), (callbacks, ["door"])])
    source = Sources([(chips, ["button", "door"]), (second, ["far"])])
    source.open(lambda edge: told.append(edge.at_s))
    second.edge("far", 1.0)
    first.edge("button", 2.0)
    second.edge("far", 3.0)
    source.read_edges()
    assert told == [1.0, 2.0, 3.0]
    callbacks.drive("door", LOW)
    assert len(told) == 4


def test_the_watcher_hears_of_every_descriptor(kernels: tuple[Kernel, Kernel]) -> None:
    """Each wakes it, and a source without one goes on beside them."""
    heard: queue.Queue[str] = queue.Queue()

    class Ear(Observer):
        def pin_event(self, event: PinEvent) -> None:
            heard.put(event.pin)

    pins = {name: replace(BUTTON, name=name, debounce_s=0.0) for name in ("button", "door", "far")}
    sources = (*kernels, ScriptedPins())
    clock = MadeClock()  # it stands: nothing else wakes the watcher
    for one in sources:
        one.levels["far"], one.clock = HIGH, clock
    watcher = Watcher(
        replace(SETTINGS, pins=pins, pages={}),
        Sources(zip(sources, ([name] for name in pins), strict=True)),
        PATHS,
        observers=(Ear(),),
        clock=clock,
    )
    watcher.start()
    try:
        # Else an edge could come along with another one that wakes it.
        assert watcher._selector.get_map().keys() >= {one.descriptors()[0] for one in kernels}
        for one, name in zip(sources, pins, strict=True):
            one.drive(name, LOW)
            assert heard.get(timeout=20) == name
    finally:
        watcher.stop()


# --- The clock --------------------------------------------------------------------------------


@pytest.mark.parametrize("pin_factory", ["gpiod", "lgpio", "rpigpio", "pigpio"])
def test_real_pins_refuse_a_made_clock(pin_factory: Any) -> None:
    """The kernel stamps their edges by its own; the remedy is named."""
    with pytest.raises(PinError) as refused:
        pin_source(Gpio(pin_factory=pin_factory), {"button": BUTTON}, MadeClock())
    assert f"the pins on {pin_factory} are stamped by the kernel's clock" in str(refused.value)
    assert 'pin_factory = "mock" under [gpio]' in str(refused.value)


def test_pins_without_a_wire_have_the_stamps_of_the_clock_they_are_given() -> None:
    """Simulated ones and those that the API sets; the end of a press comes when it is due."""
    clock = MadeClock()
    told: list[tuple[str, Level, float]] = []
    source = pin_source(Gpio(pin_factory="mock"), {"button": BUTTON, "bell": BELL}, clock)
    source.open(lambda edge: told.append((edge.pin, edge.level, edge.at_s)))
    try:
        source.drive("button", LOW)
        clock.forward(1.0)
        source.drive("bell", LOW, 60.0)
        clock.forward(61.0)
        source.read_edges()
    finally:
        source.close()
    assert told == [
        ("button", LOW, START_S),
        ("bell", LOW, START_S + 1),
        ("bell", HIGH, pytest.approx(START_S + 61, abs=0.001)),
    ]


def test_a_simulated_edge_by_hand_has_the_stamp_of_the_clock() -> None:
    """Not that of gpiozero, which may look as if it were just now."""
    clock = MadeClock()
    told: list[float] = []
    source = GpiozeroPins(Gpio(pin_factory="mock"), {"button": BUTTON}, clock)
    source.open(lambda edge: told.append(edge.at_s))
    try:
        source._callbacks[0](START_S - 1, 0)
    finally:
        source.close()
    assert told == [START_S]
