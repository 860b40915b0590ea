"""What the oracle is told, and what it finds."""

from collections import Counter
from dataclasses import dataclass, field, replace
from math import inf

CLOCK_S = 0.002
"""How exactly a time must be known: the server's own stamps come a moment after the request."""

LATE_S = 4.0
"""An event that the witness sees later than this after it was made is another one."""

KINDS = ("edge", "tap", "hold", "level", "order")
"""What moves a display."""

FINDINGS = (*KINDS, "message", "number", "output")
"""What can be lost or invented; of numbers, that they are in the wrong order; of outputs, that they
don't say what is, or say what isn't."""


@dataclass(frozen=True, slots=True)
class Drive:
    """A level that was driven.

    Args:
        level: the level.
        sent_s: when it was asked for.
        acked_s: when that was answered; None when no answer came.
        tied_s: how long after the level before it came, where that is known exactly: the end of a
            timed press is known when that begins.
    """

    level: str
    sent_s: float
    acked_s: float | None
    tied_s: float | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """An order of the application to leave for a page.

    Args:
        number: orders and messages are numbered together, in the order in which they were sent.
        to: the page.
        page: for displays on this page only, or None.
        display: for the one of this name only, or None.
        sent_s: when it was sent.
        done_s: when it had surely been carried out; infinite if that isn't known.
        acked: whether it was accepted.
        group: for the displays of these names only, or None.
    """

    number: int
    to: str
    page: str | None
    display: str | None
    sent_s: float
    done_s: float
    acked: bool
    group: frozenset[str] | None = None

    def is_for(self, display: str, page: str) -> bool:
        """Whether it is for a display of this name whose socket is that of a page."""
        named = self.display in (None, display) and (self.group is None or display in self.group)
        return self.to != page and self.page in (None, page) and named


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the application to all displays.

    Args:
        number: as of `Move`.
        retain: the key under which it is kept for those who come later, or None.
        sent_s: when it was sent.
        seen_s: when the witness got it; infinite if it did not.
        acked: whether it was accepted.
    """

    number: int
    retain: str | None
    sent_s: float
    seen_s: float
    acked: bool


@dataclass(frozen=True, slots=True)
class Event:
    """An event as the witness was told it.

    Args:
        seq: its number.
        pin: the pin's name.
        what: "low", "high", "tap" or "hold".
        seen_s: when the witness saw it, in monotonic seconds.
        press: of a tap or a hold, the number of the edge at which its press began.
        began_seq: the number that came next when it began, if it counted only after a dwell or a
            cooldown, and others came in between.
    """

    seq: int
    pin: str
    what: str
    seen_s: float
    press: int | None = None
    began_seq: int | None = None

    @property
    def kind(self) -> str:
        """Which of `KINDS` it is."""
        return self.what if self.what in ("tap", "hold") else "edge"

    @property
    def began(self) -> int:
        """The number of the edge at which it began: its own, or its press's, or `began_seq`."""
        if self.began_seq is not None:
            return self.began_seq
        return self.seq if self.press is None else self.press


@dataclass(slots=True)
class Life:
    """A run of the server, or as much of it as is judged at once.

    Args:
        epoch: its name, by the witness's first frame.
        base_seq: the number of the last event before.
        ended_s: just before the server was told to end, or None.
        ended_by_s: when it was surely gone.
        heard_s: when the witness last heard anything of it.
        drives: pin name to what was driven; every pin begins at rest.
        events: what the witness was told.
        moves: the orders of the application, in order.
        messages: its messages, in order.
        seen: when the witness got each of those.
    """

    epoch: str
    base_seq: int
    ended_s: float | None = None
    ended_by_s: float | None = None
    heard_s: float = inf
    drives: dict[str, list[Drive]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    seen: dict[int, float] = field(default_factory=dict)

    def dated(self) -> tuple[list[Move], list[Message]]:
        """Its orders and messages, with when they had surely gone out."""
        messages = [replace(m, seen_s=self.seen.get(m.number, inf)) for m in self.messages]
        moves = []
        for move in self.moves:
            done_s = min((at_s for n, at_s in self.seen.items() if n > move.number), default=inf)
            moves.append(replace(move, done_s=done_s))
        return moves, messages


@dataclass(slots=True)
class Verdict:
    """What was found.

    Attributes:
        lost: by `FINDINGS`: what had to be told, or to move a display, and did not.
        phantom: by `FINDINGS`: what was told, or moved a display, and must not have.
        made: by `KINDS`: the moves of displays.
        used_up: by `KINDS`: what would have moved a display, had its page taken presses.
        unsure: what could have been otherwise.
        complaints: empty when all is well.
    """

    lost: Counter[str] = field(default_factory=Counter)
    phantom: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    used_up: Counter[str] = field(default_factory=Counter)
    unsure: int = 0
    complaints: list[str] = field(default_factory=list)

    def add(self, other: "Verdict") -> None:
        """Add another one's findings to these."""
        self.lost.update(other.lost)
        self.phantom.update(other.phantom)
        self.made.update(other.made)
        self.used_up.update(other.used_up)
        self.unsure += other.unsure
        self.complaints += other.complaints

    @property
    def well(self) -> bool:
        """Whether nothing was lost or invented."""
        return not self.complaints
