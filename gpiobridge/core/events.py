"""The words of the core: levels, facts and orders.

Facts are named as facts (`RawEdge`, `PinEvent`), orders as orders (`Broadcast`, `CloseClients`). A
time is a float of seconds whose name ends in ``_s``. This module is pure and imports nothing from
the project.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import NamedTuple


class Level(StrEnum):
    """The electrical level of a pin: a text, `"low"` or `"high"`.

    Attributes:
        LOW: near 0 V; equal to `"low"`.
        HIGH: near 3.3 V; equal to `"high"`.
    """

    LOW = "low"
    HIGH = "high"

    @property
    def other(self) -> "Level":
        """The opposite level."""
        return Level.HIGH if self is Level.LOW else Level.LOW


class Now(NamedTuple):
    """One moment on two clocks, handed into the core, which never reads a clock.

    Args:
        mono_s: monotonic seconds; everything is decided by these.
        unix_s: seconds since the Unix epoch; only shown to people, because the wall clock may jump.
    """

    mono_s: float
    unix_s: float


@dataclass(frozen=True, slots=True)
class RawEdge:
    """A pin's level changed, as the back end reported it: not yet debounced.

    Args:
        pin: the pin's name in the configuration.
        level: the level after the edge.
        at_s: monotonic seconds of the edge itself, not of its arrival.
    """

    pin: str
    level: Level
    at_s: float


class Gesture(StrEnum):
    """What a press turns out to be: a text, `"tap"` or `"hold"`.

    Attributes:
        TAP: the press ended before the pin's hold time; equal to `"tap"`.
        HOLD: the press lasted for the pin's hold time; equal to `"hold"`.
    """

    TAP = "tap"
    HOLD = "hold"


class Ignored(StrEnum):
    """Why a press is no event of its own: a text, the key of the pin that says so.

    Attributes:
        DWELL: it was over before it counted; equal to `"dwell"`.
        COOLDOWN: it belongs to the press before; equal to `"cooldown"`.
    """

    DWELL = "dwell"
    COOLDOWN = "cooldown"


class HandTimes(NamedTuple):
    """The dwell and the cooldown of a pin, see `hands`.

    Args:
        active: the level of the pressed pin.
        dwell_s: how long it must be pressed for a press to count, in seconds; 0: at once.
        cooldown_s: how soon behind a release a press belongs to the one before, in seconds; 0: no
            press does.
    """

    active: Level
    dwell_s: float
    cooldown_s: float


@dataclass(frozen=True, slots=True)
class PinEvent:
    """Something certain happened at a pin: a debounced edge, a tap or a hold. Immutable.

    Attributes:
        seq: the number of the event; it rises by one with each event of this run.
        pin: the pin's name.
        level: the level after the edge; for a tap or hold, the level at that moment.
        at_s: when it happened, in seconds of `time.monotonic()`: the edge, or the end of the hold
            time.
        gesture: `Gesture.TAP` or `Gesture.HOLD`; None for an edge.
        press: for a tap or hold, the `seq` of the edge at which its press began; None for an edge.
        press_at_s: for a tap or hold, the time of that edge, in seconds of `time.monotonic()`; None
            for an edge.
        began_seq: if it came to count only after other events might have: the number that came
            next when it began. None: it began with its own number, or its press's.
        certain_at_s: when it was clear that it counts, in seconds of `time.monotonic()`: at the end
            of a dwell or a cooldown; None: when it happened.
    """

    seq: int
    pin: str
    level: Level
    at_s: float
    gesture: Gesture | None = None
    press: int | None = None
    press_at_s: float | None = None
    began_seq: int | None = None
    certain_at_s: float | None = None

    @property
    def event(self) -> Level | Gesture:
        """What happened, in the words of rules and frames: the gesture, or else the level."""
        return self.gesture or self.level

    @property
    def began(self) -> int:
        """The number of the edge at which it began: its own, or its press's, or `began_seq`."""
        if self.began_seq is not None:
            return self.began_seq
        return self.seq if self.press is None else self.press

    @property
    def began_s(self) -> float:
        """The time of that edge, in seconds of `time.monotonic()`."""
        return self.at_s if self.press_at_s is None else self.press_at_s

    @property
    def certain_s(self) -> float:
        """When it was clear that it counts, in seconds of `time.monotonic()`."""
        return self.at_s if self.certain_at_s is None else self.certain_at_s


@dataclass(frozen=True, slots=True)
class PinNoisy:
    """A pin oscillates; told once a minute while it does.

    Args:
        pin: the pin's name.
    """

    pin: str


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Order: send this text frame to every display.

    Args:
        text: the frame.
        at_s: when it was clear that the event in it counts, in monotonic seconds: at its edge, or
            at the end of a dwell or a cooldown.
    """

    text: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Notice:
    """Order: send this text frame, which is no event, to every display.

    Args:
        text: the frame.
    """

    text: str


@dataclass(frozen=True, slots=True)
class CloseClients:
    """Order: displays on ``page`` leave for the page ``to`` (close code 4000).

    Only displays whose page takes presses now leave.

    Args:
        page: the page they are on.
        to: the page they leave for.
        pin: the pin of the event. Only displays that obey it leave.
        after: only displays that have not acted on this number yet: a press belongs to the page
            on which it began.
        began_s: only displays whose page has taken presses since then, in monotonic seconds: a
            press also belongs to the moment in which it began. None for a rule by level.
        first: a text frame that they have not received yet and must receive before, or None.
    """

    page: str
    to: str
    pin: str
    after: int
    began_s: float | None
    first: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Where a rule leads the displays that it names.

    Args:
        to: the page they leave for.
        displays: the names of these displays.
    """

    to: str
    displays: frozenset[str]


@dataclass(frozen=True, slots=True)
class RouteClients:
    """Order: named displays leave, whatever page they are on (close code 4000).

    A page's route counts if a display on that page takes the press. Of a display's own page and a
    route the page comes first: `CloseClients` comes before this.

    Args:
        event: the press.
        routes: each page with a rule for this event that names displays, and its route.
        first: a text frame that they have not received yet and must receive before, or None.
    """

    event: PinEvent
    routes: tuple[tuple[str, Route], ...]
    first: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a page says of itself with its socket: which events still count on it.

    Args:
        page: the name of the page.
        after_seq: the last event that it has acted on.
        since_seq: the last event before it began: only a later press belongs to this page.
        taking_since_s: since when it takes presses, in monotonic seconds: always (``-inf``), or
            not now (None).
        declined: pins and levels whose moves the page has declined.
        pins: the pins that its display obeys; None: all.
        name: the name of its display, or an empty string.
        shut: whether nothing counts on it, whatever the page says: it is closed.
    """

    page: str
    after_seq: int
    since_seq: int
    taking_since_s: float | None = -inf
    declined: frozenset[tuple[str, Level]] = frozenset()
    pins: frozenset[str] | None = None
    name: str = ""
    shut: bool = False

    def obeys(self, pin: str) -> bool:
        """Whether events of a pin move its display, unless a rule names the display."""
        return self.pins is None or pin in self.pins

    def has_part_in(self, pin: str, route: Route) -> bool:
        """Whether a press of a pin on its page brings about a route."""
        return self.obeys(pin) or self.name in route.displays

    def takes(self, began_s: float | None) -> bool:
        """Whether it takes a press that began then, in monotonic seconds; None: a level."""
        if self.taking_since_s is None or self.shut:
            return False
        return began_s is None or began_s >= self.taking_since_s


@dataclass(frozen=True, slots=True)
class Welcome:
    """Order: what a display that joins receives first.

    Args:
        texts: text frames in order: the full state, then the event that it missed, if any.
        standing: which events count on its page from now on.
        to: the page it must leave for at once, or None.
        missed: the event in the second frame, if there is one.
        routes: presses that it has missed and that lead other displays, in order.
    """

    texts: tuple[str, ...]
    standing: Standing
    to: str | None = None
    missed: PinEvent | None = None
    routes: tuple[RouteClients, ...] = ()


Effect = PinEvent | PinNoisy | Broadcast | Notice | CloseClients | RouteClients
