"""What the oracle is told, and what it finds."""

from collections import Counter
from dataclasses import dataclass, field

CLOCK_S = 0.002
"""How exactly a time must be known: the server's own stamps come a moment after the request."""

LATE_S = 3.0
"""An event that the witness sees later than this after it was made is another one."""

KINDS = ("edge", "tap", "hold", "level")
"""What moves a display."""


@dataclass(frozen=True, slots=True)
class Drive:
    """A level that was driven; ``acked_s`` is None when no answer came."""

    level: str
    sent_s: float
    acked_s: float | None


@dataclass(frozen=True, slots=True)
class Event:
    """An event as the witness was told it.

    Args:
        seq: its number.
        pin: the pin's name.
        what: "low", "high", "tap" or "hold".
        seen_s: when the witness saw it, in monotonic seconds.
        press: of a tap or a hold, the number of the edge at which its press began.
    """

    seq: int
    pin: str
    what: str
    seen_s: float
    press: int | None = None

    @property
    def kind(self) -> str:
        """Which of `KINDS` it is."""
        return self.what if self.what in ("tap", "hold") else "edge"

    @property
    def began(self) -> int:
        """The number of the edge at which it began: its own, or its press's."""
        return self.seq if self.press is None else self.press


@dataclass(slots=True)
class Life:
    """A run of the server, or as much of it as is judged at once.

    Args:
        epoch: its name, by the witness's first frame.
        base_seq: the number of the last event before.
        ended_s: just before the server was told to end, or None.
        ended_by_s: when it was surely gone.
        drives: pin name to what was driven; every pin begins at rest.
        events: what the witness was told.
    """

    epoch: str
    base_seq: int
    ended_s: float | None = None
    ended_by_s: float | None = None
    drives: dict[str, list[Drive]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


@dataclass(slots=True)
class Verdict:
    """What was found.

    Attributes:
        lost: by `KINDS`: what had to be told, or to move a display, and did not.
        phantom: by `KINDS`: what was told, or moved a display, and must not have.
        made: by `KINDS`: the moves of displays.
        unsure: what could have been otherwise.
        complaints: empty when all is well.
    """

    lost: Counter[str] = field(default_factory=Counter)
    phantom: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    unsure: int = 0
    complaints: list[str] = field(default_factory=list)

    def add(self, other: "Verdict") -> None:
        """Add another one's findings to these."""
        self.lost.update(other.lost)
        self.phantom.update(other.phantom)
        self.made.update(other.made)
        self.unsure += other.unsure
        self.complaints += other.complaints

    @property
    def well(self) -> bool:
        """Whether nothing was lost or invented."""
        return not self.complaints
