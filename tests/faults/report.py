"""The figures of a seed, and how they are printed."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from faults.oracle.facts import FINDINGS, KINDS, Verdict
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
        pairs: neighbours of two pins that were held up together; their order was checked.
        stopped: presses of one request in the middle of which the server was stopped.
        moves: orders of the application.
        messages: messages of the application.
        looks: how often the screen of a stage was compared with where the oracle has it.
        outputs: how often they changed, by the state to which; "first" as the suite came.
        paused: presses and levels that a page used up, since it took none or declined.
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
    pairs: int = 0
    stopped: int = 0
    moves: int = 0
    messages: int = 0
    looks: int = 0
    paused: Counter[str] = field(default_factory=Counter)
    outputs: Counter[str] = field(default_factory=Counter)
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
                f"  held up      {self.pairs} neighbours of two pins together, "
                f"{self.stopped} presses of one request in their middle",
                f"  application  {self.moves} orders, {self.messages} messages",
                f"  stages       {self.looks} looks at a screen",
                f"  no presses   {by_kind(self.verdict.used_up)} used up; "
                f"{by_kind(self.paused, tuple(self.paused))} closes on which a page stayed",
                f"  outputs      {by_kind(self.outputs, tuple(self.outputs))} changes",
                f"  lost         {by_kind(self.verdict.lost, FINDINGS)}",
                f"  phantom      {by_kind(self.verdict.phantom, FINDINGS)}",
            ]
        )


class Kept:
    """What a run has found so far, in a file, so that it can go on after a break.

    Args:
        path: of the file; None for a run that keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._reports: dict[int, Report] = {}
        if path is not None and path.exists():
            for data in json.loads(path.read_text()):
                self._reports[data["seed"]] = _report(data)

    def of(self, seed: int) -> Report:
        """A seed's report: as it was kept, or a new one."""
        return self._reports.setdefault(seed, Report(seed))

    def save(self) -> None:
        """Write the file."""
        if self._path is not None:
            new = self._path.with_suffix(".new")
            # Not asdict: it makes no copy of a Counter.
            new.write_text(json.dumps(list(self._reports.values()), default=_attributes))
            new.replace(self._path)


def _attributes(found: Any) -> dict[str, Any]:
    return {field.name: getattr(found, field.name) for field in fields(found)}


def _report(data: dict[str, Any]) -> Report:
    verdict = data.pop("verdict")
    counters = {name: Counter(value) for name, value in verdict.items() if isinstance(value, dict)}
    report = Report(**{**data, "verdict": Verdict(**{**verdict, **counters})})
    for name in ("presses", "plays", "events", "faults", "paused", "outputs"):
        setattr(report, name, Counter(data.get(name, ())))
    return report


def by_kind(counts: Counter[str], kinds: Sequence[str] = KINDS) -> str:
    """Print a number, and which part of it is of each kind."""
    parts = ", ".join(f"{kind} {counts[kind]}" for kind in kinds)
    return f"{counts.total()} ({parts})"
