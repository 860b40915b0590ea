"""Which orders for sounds a display hears that was between two pages when they were given."""

from math import inf

import pytest

from gpiobridge.displays.audience import PlaySound
from gpiobridge.displays.recent_sounds import LATE_S, RecentSounds
from gpiobridge.displays.slots import KEPT_S, Slot

CLICK = PlaySound("click", True, b"click", lasting=False)
RAIN = PlaySound("rain", True, b"rain", lasting=True)
NO_RAIN = PlaySound("rain", False, b"no rain", lasting=True)


def closed_at(at_s: float) -> Slot:
    """The slot of a socket that the bridge has closed."""
    return Slot(closed_s=at_s)


@pytest.mark.parametrize(
    ("before", "now_s", "heard"),
    [
        (closed_at(10.0), 11.5, [b"click", b"no rain"]),
        (closed_at(10.0), 11.0 + LATE_S + 0.1, [b"no rain"]),  # a click is too late then
        (closed_at(11.1), 11.5, [b"no rain"]),  # it has heard the click
        (closed_at(12.0), 12.5, []),
        (Slot(until_s=10.5 + KEPT_S), 11.5, [b"click", b"no rain"]),  # its socket was lost
        (Slot(), 11.5, []),  # it is there all the time
        (None, 11.5, []),  # a new display
    ],
)
def test_what_was_missed_is_heard(before: Slot | None, now_s: float, heard: list[bytes]) -> None:
    """The newest order of each sound since its last socket ended."""
    recent = RecentSounds()
    for at_s, order in ((10.2, RAIN), (11.0, CLICK), (11.2, NO_RAIN)):
        recent.keep(order, at_s)
    assert list(recent.missed(before, now_s)) == heard


def test_a_slot_is_deaf_from_its_sockets_end() -> None:
    """From the close on, which comes before the end, or from a loss."""
    assert Slot().deaf_s == inf
    assert Slot(closed_s=1.0, until_s=1.5 + KEPT_S).deaf_s == 1.0
    assert Slot(until_s=1.5 + KEPT_S).deaf_s == 1.5
