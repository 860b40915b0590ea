"""The judgement of a round: the oracle's answers for every life of the server and every display.

Owns what is known of both since the last agreement; does no I/O.
"""

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from faults.graph import BEAT_S, CATCH_UP_S, PINS, Graph, Pin
from faults.oracle.edges import candidates, match_pin
from faults.oracle.facts import Event, Life, Verdict
from faults.oracle.gestures import (
    Limits,
    Unseen,
    match_gestures,
    number_unseen,
    presses_of,
    unseen_of,
)
from faults.oracle.life import Stretch, Track, follow
from faults.oracle.pages import walk
from faults.oracle.steps import DELIVERY_S, Due, steps_of
from faults.records import Joined, Record
from faults.report import Report

AGREE_S = 3.0
HALF_OPEN_S = 2.5 * BEAT_S + AGREE_S
SURE_BEFORE_END_S = 0.3  # an event so long before a server's end was told to the witness

_RESTS = {pin.name: pin.rest for pin in PINS}


@dataclass(frozen=True, slots=True)
class Touched:
    """A fault as it was made: which displays it touched, from when to when."""

    kind: str
    displays: frozenset[int]
    from_s: float
    to_s: float


@dataclass(slots=True)
class Screen:
    """One display, as we see it: where it was at the last agreement, and its notes since."""

    start: Stretch | None = None
    records: list[Record] = field(default_factory=list)
    open: bool = False
    closed: list[tuple[Stretch | None, list[Record]]] = field(default_factory=list)

    def close(self) -> None:
        """Put the notes of a closed tab aside: only with the round it is known what touched it."""
        self.closed.append((self.start, self.records))
        self.start, self.records = None, []


@dataclass(slots=True)
class Facts:
    """What is known of a life's events.

    Attributes:
        made_s: event number to the earliest and latest moment at which it happened.
        unseen: what the server may have told just before its end.
        unsure: how many events could have been otherwise, by their timing.
        disorder: how many events of one pin were told too late behind those of another.
        disorder_s: by how much at most, in seconds.
    """

    made_s: dict[int, tuple[float, float]] = field(default_factory=dict)
    unseen: list[Event] = field(default_factory=list)
    unsure: int = 0
    disorder: int = 0
    disorder_s: float = 0.0


class Judge:
    """The judge of one seed.

    Args:
        graph: the exhibit's rules.
        displays: how many there are.
        report: takes the figures.

    Attributes:
        life: of the server that runs now.
        lives: all since the last agreement, by epoch.
        screens: the displays, by number.
        touched: the faults since the last agreement.
    """

    def __init__(self, graph: Graph, displays: int, report: Report) -> None:
        self.life = Life("", 0)
        self.lives: dict[str, Life] = {}
        self.screens = [Screen() for _ in range(displays)]
        self.touched: list[Touched] = []
        self._graph = graph
        self._report = report

    def begin(self, epoch: str, seq: int) -> None:
        """A server is up; its newest event is ``seq``."""
        self.life = Life(epoch, seq, drives=defaultdict(list))
        self.lives[epoch] = self.life

    def agree(self) -> None:
        """Begin the next round where this one ended."""
        life = self.life
        seq = life.events[-1].seq if life.events else life.base_seq
        _, facts = self._judge_lives()
        for number, screen in enumerate(self.screens):
            _, track = self._judge_screen(number, facts)
            page = track.stretches[-1].last_page if track.stretches else ""
            screen.start = Stretch(life.epoch, page, seq) if page else None
            screen.records, screen.closed = [], []
        life.base_seq, life.events = seq, []
        life.drives = defaultdict(list)
        self.lives = {life.epoch: life}
        self.touched.clear()

    def judge(self, final: bool = False) -> tuple[Verdict, list[int]]:
        """What the oracle says now, and the displays that are not back.

        Args:
            final: count errors, and add the figures to the report.
        """
        verdict, facts = self._judge_lives(final)
        late = []
        for number, screen in enumerate(self.screens):
            found, track = self._judge_screen(number, facts, count=final)
            verdict.add(found)
            back = bool(screen.records) and isinstance(screen.records[-1], Joined)
            untouched = not screen.records and screen.start is not None
            here = track.stretches and track.stretches[-1].epoch == self.life.epoch
            if screen.open and not ((back or untouched) and here):
                late.append(number)
            if final:
                self._report.cut_deliveries += found.unsure
        return verdict, late

    # ------------------------------------------------------------ the server's lives

    def _judge_lives(self, final: bool = False) -> tuple[Verdict, dict[str, Facts]]:
        verdict = Verdict()
        facts = {}
        for epoch, life in self.lives.items():
            facts[epoch] = known = self._judge_life(life, verdict)
            if final:
                self._report.unsure_events += known.unsure
                self._report.events.update(event.kind for event in life.events)
                self._report.disorder += known.disorder
                self._report.disorder_s = max(self._report.disorder_s, known.disorder_s)
        return verdict, facts

    def _judge_life(self, life: Life, verdict: Verdict) -> Facts:
        facts = Facts()
        numbers = [event.seq for event in life.events]
        if numbers != list(range(life.base_seq + 1, life.base_seq + 1 + len(numbers))):
            verdict.complaints.append(f"numbers with gaps after {life.base_seq}: {numbers}")
        unseen = [each for pin in PINS for each in self._judge_pin(life, pin, facts, verdict)]
        if life.ended_s:
            facts.unseen = number_unseen(unseen)
        _note_disorder(life, facts)
        return facts

    def _judge_pin(self, life: Life, pin: Pin, facts: Facts, verdict: Verdict) -> list[Unseen]:
        """Judge what was told of one pin; say what may have been told behind that."""
        end_s = life.ended_by_s or time.monotonic()
        sure_s = (life.ended_s or end_s) - SURE_BEFORE_END_S
        drives = life.drives.get(pin.name, [])
        found = candidates(pin.name, drives, pin.debounce_s, sure_s, end_s)
        told = [event for event in life.events if event.pin == pin.name]
        edges = [event for event in told if event.kind == "edge"]
        match = match_pin(pin.name, pin.rest, found, edges, pin.debounce_s)
        verdict.add(match.verdict)
        facts.unsure += match.verdict.unsure
        if not match.verdict.well:
            return []  # then nothing is known of its presses
        for event, held in zip(edges, match.by_event, strict=True):
            facts.made_s[event.seq] = (held.from_s, held.to_s)
        named = pin.name in self._graph.gesture_pins
        limits = Limits(pin.debounce_s, pin.hold_s, sure_s, end_s) if named else None
        presses = presses_of(pin.rest, edges, match.by_event)
        gestures = [event for event in told if event.kind != "edge"]
        matched = match_gestures(pin.name, presses, gestures, limits)
        verdict.add(matched.verdict)
        facts.unsure += matched.verdict.unsure
        facts.made_s.update(matched.made_s)
        return unseen_of(pin.name, pin.rest, matched.open, match.after_last, limits)

    # ------------------------------------------------------------ the displays

    def _judge_screen(
        self, number: int, facts: Mapping[str, Facts], count: bool = True
    ) -> tuple[Verdict, Track]:
        screen = self.screens[number]
        verdict, track = self._judge_tab(number, screen.start, screen.records, facts, count)
        for start, records in screen.closed:
            verdict.add(self._judge_tab(number, start, records, facts, count)[0])
        return verdict, track

    def _judge_tab(
        self,
        number: int,
        start: Stretch | None,
        records: list[Record],
        facts: Mapping[str, Facts],
        count: bool,
    ) -> tuple[Verdict, Track]:
        if start is not None:  # `follow` adds to it
            start = Stretch(start.epoch, start.page, start.seq)
        track = follow(start, records, self.lives)
        verdict = Verdict()
        for complaint in track.complaints:
            verdict.phantom["edge"] += 1
            verdict.complaints.append(f"display {number} {complaint}")
        for stretch in track.stretches:
            if stretch.epoch in self.lives:
                found = self._judge_stretch(number, stretch, facts[stretch.epoch], count)
                found.complaints = [f"display {number} {text}" for text in found.complaints]
                verdict.add(found)
        return verdict, track

    def _judge_stretch(self, number: int, stretch: Stretch, known: Facts, count: bool) -> Verdict:
        life = self.lives[stretch.epoch]
        steps = steps_of(self._graph, stretch, life.events, known.made_s, _RESTS, CATCH_UP_S)
        free_from = len(steps)
        ends_s = [end_s for end_s in (stretch.end_s, life.ended_s) if end_s is not None]
        if ends_s:
            sure_s = self._delivered_until_s(number, min(ends_s))
            told = [step.told(stretch, sure_s) for step in steps]
            free_from = told.index(False) if False in told else len(told)
            steps += [Due(event, must=False) for event in known.unseen]
        return walk(self._graph, stretch, steps, free_from, count)

    def _delivered_until_s(self, number: int, end_s: float) -> float:
        """Until when every event had surely reached a display when something ended."""
        sure_s = end_s - DELIVERY_S
        for touch in sorted(self.touched, key=lambda touch: -touch.to_s):
            if number in touch.displays and touch.from_s < end_s:
                recovered_s = touch.to_s + (HALF_OPEN_S if touch.kind == "half-open" else AGREE_S)
                if recovered_s > sure_s:
                    sure_s = min(sure_s, touch.from_s - SURE_BEFORE_END_S)
        return sure_s


def _note_disorder(life: Life, facts: Facts) -> None:
    """Note edges that were told behind others though they surely settled before them."""
    debounces_s = {pin.name: pin.debounce_s for pin in PINS}
    latest_s = 0.0
    for event in life.events:
        if event.kind != "edge" or event.seq not in facts.made_s:
            continue
        from_s, to_s = facts.made_s[event.seq]
        if to_s + debounces_s[event.pin] < latest_s:
            facts.disorder += 1
            facts.disorder_s = max(facts.disorder_s, latest_s - to_s - debounces_s[event.pin])
        latest_s = max(latest_s, from_s + debounces_s[event.pin])
