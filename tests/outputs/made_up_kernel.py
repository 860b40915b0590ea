"""A kernel with GPIO chips that are not there: lines that can be claimed, and what they did.

A claimed line is a pipe: its one end is the descriptor, and at the other end the kernel sees when
the last copy of it is closed, as a real one does.
"""

import errno
import os
import select
from dataclasses import dataclass, field

from gpiobridge.core.events import Level
from gpiobridge.pins.chips import Chip, Line

LINES = 8

Place = tuple[int, int]


@dataclass
class MadeUpKernel:
    """Chips with the numbers 0 and 1.

    Args:
        consumers: who holds a line already.
        told: all levels of each line, in their order.
        broken: lines that no longer answer.
    """

    consumers: dict[Place, str] = field(default_factory=dict)
    told: dict[Place, list[Level]] = field(default_factory=dict)
    broken: set[Place] = field(default_factory=set)
    _ends: dict[Place, int] = field(default_factory=dict)
    _places: dict[int, Place] = field(default_factory=dict)

    def claim(self, chip: int, line: int, *, high: bool, consumer: str) -> int:
        """Claim a line, as `line_request.claim`."""
        place = (chip, line)
        if chip not in (0, 1):
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        if line >= LINES:
            raise OSError(errno.EINVAL, "Invalid argument")
        if self.is_used(place):
            raise OSError(errno.EBUSY, "Device or resource busy")
        self._ends[place], descriptor = os.pipe()
        self._places[descriptor] = place
        self.consumers[place] = consumer
        self.told.setdefault(place, []).append(_level(high))
        return descriptor

    def write(self, descriptor: int, *, high: bool) -> None:
        """Set a line's level, as `line_request.write`."""
        place = self._places[descriptor]
        if place in self.broken:
            raise OSError(errno.ENODEV, "No such device")
        self.told[place].append(_level(high))

    def is_claimed(self, descriptor: int, chip: int, line: int) -> bool:
        """Tell whether a descriptor is a line's, as `line_request.is_claimed`."""
        return self._places.get(descriptor) == (chip, line)

    def line(self, chip: int, offset: int) -> Line:
        """Ask who holds a line, as `chips.line`."""
        if chip not in (0, 1):
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        if offset >= LINES:
            raise OSError(errno.EINVAL, "Invalid argument")
        used = self.is_used((chip, offset))
        return Line(used, self.consumers[chip, offset] if used else "")

    def chips(self) -> list[Chip]:
        """List the chips, as `chips.chips`."""
        return [Chip(0, "pinctrl-bcm2711", LINES), Chip(1, "expander", LINES)]

    def is_used(self, place: Place) -> bool:
        """Whether somebody holds a line."""
        end = self._ends.get(place)
        if end is None:
            return place in self.consumers
        poll = select.poll()
        poll.register(end, 0)  # only: the other end is closed
        return not poll.poll(0)

    def close(self) -> None:
        """Close what is left, as a power cut does."""
        for descriptor, place in self._places.items():
            if self.is_used(place):
                os.close(descriptor)
        for end in self._ends.values():
            os.close(end)


def _level(high: bool) -> Level:
    return Level.HIGH if high else Level.LOW
