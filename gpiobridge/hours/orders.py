"""What somebody may order against the timetable, checked before it is ordered. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gpiobridge.config.opening_times import HOURS_VERBS, MAX_HOURS_S
from gpiobridge.config.words import one_of, show
from gpiobridge.errors import HoursError
from gpiobridge.hours.status import HoursState

MAX_FOR_S = MAX_HOURS_S
"""The longest time for which the timetable can be overruled, in seconds."""

VERBS: Mapping[str, HoursState | None] = MappingProxyType(
    dict(zip(HOURS_VERBS, (HoursState.OPEN, HoursState.CLOSED, None), strict=True))
)
"""What may be ordered -> what holds then; None: the timetable."""


@dataclass(frozen=True, slots=True)
class SetHours:
    """Order of a program, a person or a pin: overrule the timetable, or let it count again.

    Args:
        state: open or closed; None: the timetable counts.
        for_s: for how long, in seconds; None: until the timetable itself changes next.
        by: who says so, for the log.
    """

    state: HoursState | None
    for_s: float | None = None
    by: str = "a program"


def checked(verb: object, for_s: float | None, *, by: str) -> SetHours:
    """Make an order of what anybody may have said.

    Args:
        verb: "open", "close" or "auto".
        for_s: for how long, in seconds, as its reader has checked it.
        by: who says so, for the log.

    Raises:
        HoursError: there is no such verb, or the time is for nothing.
    """
    if not isinstance(verb, str) or verb not in VERBS:
        near = verb if isinstance(verb, str) else ""
        shown = show(verb) if isinstance(verb, str | int | float) else type(verb).__name__
        raise HoursError(f'"hours" = {shown}: {one_of(near, VERBS)}')
    if verb == "auto" and for_s is not None:
        raise HoursError('"auto" is for good; leave "for" out')
    return SetHours(VERBS[verb], for_s, by)
