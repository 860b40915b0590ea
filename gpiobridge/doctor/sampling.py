"""Watch free pins for a short time: their levels, their edges, and whether they float.

This is the only part of the doctor that claims pins, and it gives each one back. It runs on the
caller's thread. The back end's own thread only collects edges.
"""

import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from gpiobridge.config import Gpio, Pull
from gpiobridge.core.events import Level, RawEdge
from gpiobridge.errors import PinError
from gpiobridge.pins.gpio import WiredPin
from gpiobridge.pins.source import PinSource
from gpiobridge.pins.sources import pin_source
from gpiobridge.system.clock import RealClock

SAMPLE_S = 0.5
"""How long the doctor watches the pins, in seconds."""

MakePins = Callable[[Gpio, Mapping[str, WiredPin]], PinSource]

# Each pull, and the level that only something outside can then drive.
_PULLS = ((Pull.UP, Level.LOW), (Pull.DOWN, Level.HIGH))


@dataclass(frozen=True, slots=True)
class Sample:
    """What a pin did while it was watched.

    Args:
        level: its level at the end.
        edges: how often the level changed, before any debounce.
        floating: whether it follows the Pi's own pull although its configuration has no pull.
            Then nothing outside drives it.
    """

    level: Level
    edges: int = 0
    floating: bool = False


class Sampler(Protocol):
    """Watches pins for `SAMPLE_S`; for a pin that can't be opened it returns the reason."""

    def __call__(self, settings: Gpio, pins: Mapping[str, WiredPin]) -> Mapping[str, Sample | str]:
        """Watch ``pins``."""


def _make_pins(settings: Gpio, pins: Mapping[str, WiredPin]) -> PinSource:
    return pin_source(settings, pins, RealClock())


def sample(
    settings: Gpio,
    pins: Mapping[str, WiredPin],
    make_pins: MakePins = _make_pins,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Sample | str]:
    """Watch pins for a short time.

    Args:
        settings: the back end and the chip.
        pins: each pin's name and settings.
        make_pins: makes the pins of a back end.
        sleep: waits, in seconds.

    Returns:
        For each pin what it did, or the reason why it can't be opened.
    """
    with _lgpio_folder():
        return _sample(settings, pins, make_pins, sleep)


def _sample(
    settings: Gpio,
    pins: Mapping[str, WiredPin],
    make_pins: MakePins,
    sleep: Callable[[float], None],
) -> dict[str, Sample | str]:
    try:
        return dict(_sample_all(settings, pins, make_pins, sleep))
    except PinError as error:
        if len(pins) == 1:
            return {name: str(error) for name in pins}
    found: dict[str, Sample | str] = {}
    for name, pin in pins.items():  # one bad pin must not hide the others
        found |= _sample(settings, {name: pin}, make_pins, sleep)
    return found


def _sample_all(
    settings: Gpio,
    pins: Mapping[str, WiredPin],
    make_pins: MakePins,
    sleep: Callable[[float], None],
) -> Iterator[tuple[str, Sample]]:
    # Only pins without a pull: with a pull, an open contact follows it, as it should.
    bare = {name: pin for name, pin in pins.items() if pin.pull is Pull.NONE}
    floating = set(bare)
    for pull, against in _PULLS * 2:  # twice: a level that changes by itself follows once
        found = _levels(settings, bare, pull, against, make_pins)
        floating -= {name for name, level in found.items() if level is against}
    seen: list[RawEdge] = []
    # The configured pull comes last, because it stays when the pin is given back.
    source = make_pins(settings, pins)
    source.open(seen.append)
    try:
        first = {name: source.read(name) for name in pins}
        seen.clear()  # a chip may report an edge from before
        sleep(SAMPLE_S)
        source.read_edges()
        last = {name: source.read(name) for name in pins}
    finally:
        source.close()
    for name, level in last.items():
        told = [first[name], *(edge.level for edge in seen if edge.pin == name)]
        edges = sum(before is not after for before, after in itertools.pairwise(told))
        yield name, Sample(level, edges, name in floating)


def _levels(
    settings: Gpio, pins: Mapping[str, WiredPin], pull: Pull, against: Level, make_pins: MakePins
) -> dict[str, Level]:
    """Read the levels of pins with a pull that is not their configured one."""
    if not pins:
        return {}
    pulled = {n: replace(pin, pull=pull, active=against) for n, pin in pins.items()}
    source = make_pins(settings, pulled)
    source.open(lambda _: None)  # waits until the pull has settled
    try:
        return {name: source.read(name) for name in pulled}
    finally:
        source.close()


@contextmanager
def _lgpio_folder() -> Iterator[None]:
    """Give lgpio a folder for its FIFO, and remove the folder afterwards."""
    if "LG_WD" in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="gpiobridge-doctor-") as folder:
        os.environ["LG_WD"] = folder
        try:
            yield
        finally:
            del os.environ["LG_WD"]
