"""The figures of a seed, and how they are printed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from faults.oracle.facts import KINDS, Verdict
from faults.waveform import PLAYS


@dataclass(slots=True)
class Report:
    """What a seed came to.

    Attributes:
        presses: by `waveform.KINDS`, as far as they were made from begin to end.
        plays: those of them that must count, by `waveform.PLAYS`.
        cut_short: waves that a server's end cut short.
        while_down: waves for which there was no server.
        levels: requests that drove a pin.
        events: told by the server to the witness, by `facts.KINDS`.
        verdict: of the oracle, over all.
        unsure_events: edges whose time was too near to the debounce to be known, or to the end of
            a server; presses whose length was too near to the hold time.
        cut_deliveries: displays that a server's (or a visitor's) end stopped at an event which
            may not have been delivered.
        down_s: how long there was no server, each time.
        agreed_s: the longest time from the last fault or press to agreement, without and with
            half-open connections.
        disorder_s: how much too early an edge of one pin was told before one of another.
    """

    seed: int
    rounds: int = 0
    presses: Counter[str] = field(default_factory=Counter)
    plays: Counter[str] = field(default_factory=Counter)
    cut_short: int = 0
    while_down: int = 0
    levels: int = 0
    events: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    verdict: Verdict = field(default_factory=Verdict)
    unsure_events: int = 0
    cut_deliveries: int = 0
    down_s: list[float] = field(default_factory=list)
    agreed_s: dict[str, float] = field(default_factory=dict)
    disorder: int = 0
    disorder_s: float = 0.0
    late: int = 0
    took_s: float = 0.0

    @property
    def counted(self) -> int:
        """Presses that must count: all but glitches."""
        return self.presses["clean"] + self.presses["bouncing"]

    @property
    def well(self) -> bool:
        """Whether the promise was kept."""
        return self.verdict.well and not self.late

    def line(self) -> str:
        """One line of progress."""
        return (
            f"seed {self.seed} round {self.rounds}: {self.counted} presses, "
            f"{self.verdict.made.total()} navigations, {self.faults.total()} faults, "
            f"lost {self.verdict.lost.total()}, phantom {self.verdict.phantom.total()}, "
            f"{self.took_s:.0f} s"
        )

    @property
    def expected(self) -> Counter[str]:
        """The moves that displays had to make."""
        expected = self.verdict.made + self.verdict.lost
        expected.subtract(self.verdict.phantom)
        return expected

    def __str__(self) -> str:
        made = self.verdict.made
        faults = ", ".join(f"{kind} {count}" for kind, count in self.faults.most_common())
        agreed = ", ".join(f"{kind} {value:.2f} s" for kind, value in self.agreed_s.items())
        down = f"{len(self.down_s)} times, {sum(self.down_s):.1f} s in all"
        if self.down_s:
            down += f", at most {max(self.down_s):.2f} s"
        return "\n".join(
            [
                f"seed {self.seed}: {self.rounds} rounds in {self.took_s:.0f} s",
                f"  presses      {by_kind(self.plays, PLAYS)}; {self.presses['bouncing']} of them "
                f"bouncing; and {self.presses['glitch']} glitches, by {self.levels} levels driven",
                f"  events       {by_kind(self.events)} told by the server",
                f"  navigations  {by_kind(self.expected)} expected; {by_kind(made)} made",
                f"  faults       {self.faults.total()}: {faults}",
                f"  no server    {down}; {self.while_down} waves not made, "
                f"{self.cut_short} cut short",
                f"  uncertain    {self.unsure_events} events by their timing, "
                f"{self.cut_deliveries} displays stopped at one that may not have been delivered",
                f"  agreement    longest after {agreed or 'none'}; {self.late} rounds too late",
                f"  disorder     {self.disorder} edges of two pins told in the wrong order, "
                f"by at most {self.disorder_s * 1000:.0f} ms",
                f"  lost         {by_kind(self.verdict.lost)}",
                f"  phantom      {by_kind(self.verdict.phantom)}",
            ]
        )


def by_kind(counts: Counter[str], kinds: Sequence[str] = KINDS) -> str:
    """Print a number, and which part of it is of each kind."""
    parts = ", ".join(f"{kind} {counts[kind]}" for kind in kinds)
    return f"{counts.total()} ({parts})"
