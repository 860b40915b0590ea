"""The judgement of a round: the oracle's answers for every life of the server and every display.

Owns what is known of both since the last agreement; does no I/O.
"""

import time
from collections import defaultdict
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field

from faults.graph import (
    BEAT_S,
    CATCH_UP_S,
    MAX_FAREWELL_S,
    PINS,
    Graph,
    Named,
    Pin,
    display_name,
    pins_of,
)
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
from faults.oracle.hands import Hands, match_hands
from faults.oracle.life import CHAIN_S, Stretch, Track, follow
from faults.oracle.messages import judge_messages
from faults.oracle.numbers import disorder, misplaced, pairs, settled
from faults.oracle.orders import sent_by, swallowed
from faults.oracle.pages import walk
from faults.oracle.steps import DELIVERY_S, Due, steps_of
from faults.records import Ended, Got, Joined, Left, Loaded, Lost, Record, Stayed
from faults.report import Report
from faults.schedule import ON_THE_SERVER

AGREE_S = 3.0 + MAX_FAREWELL_S
HALF_OPEN_S = 2.5 * BEAT_S + AGREE_S
STAGE_CHAIN_S = 3.0  # as of `CHAIN_S`
STAGE_S = 8.0  # more: a real browser takes 0.1 s for each page on a slow machine, frames and all
SURE_BEFORE_END_S = 0.3  # an event so long before a server's end was told to the witness

_RESTS = {pin.name: pin.rest for pin in PINS}
_DEBOUNCES_S = {pin.name: pin.debounce_s for pin in PINS}


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
        clear_s: the same of the moment at which it was clear that it counts, for pins with a dwell
            or a cooldown.
        unseen: what the server may have told just before its end.
        unsure: how many events could have been otherwise, by their timing.
        pairs: how many neighbours of two pins were held up together.
    """

    made_s: dict[int, tuple[float, float]] = field(default_factory=dict)
    clear_s: dict[int, tuple[float, float]] = field(default_factory=dict)
    unseen: list[Event] = field(default_factory=list)
    unsure: int = 0
    pairs: int = 0


class Judge:
    """The judge of one seed.

    Args:
        graph: the exhibit's rules.
        displays: how many there are.
        report: takes the figures.
        stages: how many of them, the last ones, are stages in a real browser.
        named: the displays that the configuration names, by number.

    Attributes:
        life: of the server that runs now.
        lives: all since the last agreement, by epoch.
        screens: the displays, by number.
        touched: the faults since the last agreement.
        last_number: of the message that ends the round; None before it is sent.
    """

    def __init__(
        self,
        graph: Graph,
        displays: int,
        report: Report,
        stages: int = 0,
        named: Mapping[int, Named] | None = None,
    ) -> None:
        self._first_stage = displays - stages
        self.life = Life("", 0)
        self.lives: dict[str, Life] = {}
        self.screens = [Screen() for _ in range(displays)]
        self.touched: list[Touched] = []
        self.last_number: int | None = None
        self._graph = graph
        named = named or {}
        self._graphs = [graph.leading(number, pins_of(named, number)) for number in range(displays)]
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
        now_s = time.monotonic()
        for number, screen in enumerate(self.screens):
            _, track = self._judge_screen(number, facts)
            screen.start = track.stretches[-1].next(seq, now_s) if track.stretches else None
            screen.records, screen.closed = [], []
        life.base_seq, life.events = seq, []
        life.drives = defaultdict(list)
        life.moves = []
        newest = {m.retain: m for m in life.messages if m.retain is not None}
        life.messages = sorted(newest.values(), key=lambda message: message.number)
        self.lives = {life.epoch: life}
        self.touched.clear()
        self.last_number = None

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
            last = track.stretches[-1] if track.stretches else None
            here = last is not None and last.epoch == self.life.epoch and not last.unanswered
            if screen.open and not (here and self._is_back(screen)):
                late.append(number)
            if final:
                self._report.cut_deliveries += found.unsure
        return verdict, late

    def page_of(self, number: int) -> str:
        """On which page a display is, by its own notes, which the oracle has found right."""
        _, facts = self._judge_lives()
        _, track = self._judge_screen(number, facts, count=False)
        return track.stretches[-1].last_page

    def _is_back(self, screen: Screen) -> bool:
        """Whether a display is on its page, and has got the last message of the round."""
        came = (Joined, Left, Stayed, Loaded, Lost, Ended)
        moments = [record for record in screen.records if isinstance(record, came)]
        if moments and not (isinstance(moments[-1], Joined) and not moments[-1].leaving):
            return False
        if not moments and screen.start is None:
            return False
        got = [record.number for record in screen.records if isinstance(record, Got)]
        return self.last_number in (None, *got)

    # ------------------------------------------------------------ the server's lives

    def _judge_lives(self, final: bool = False) -> tuple[Verdict, dict[str, Facts]]:
        verdict = Verdict()
        facts = {}
        for epoch, life in self.lives.items():
            facts[epoch] = known = self._judge_life(life, verdict)
            if final:
                self._report.unsure_events += known.unsure
                self._report.events.update(event.kind for event in life.events)
                self._report.pairs += known.pairs
        return verdict, facts

    def _judge_life(self, life: Life, verdict: Verdict) -> Facts:
        facts = Facts()
        numbers = [event.seq for event in life.events]
        if numbers != list(range(life.base_seq + 1, life.base_seq + 1 + len(numbers))):
            verdict.complaints.append(f"numbers with gaps after {life.base_seq}: {numbers}")
        unseen = [each for pin in PINS for each in self._judge_pin(life, pin, facts, verdict)]
        if life.ended_s:
            facts.unseen = number_unseen(unseen)
        self._judge_numbers(life, facts, verdict)
        for message in life.messages:
            if message.acked and message.number not in life.seen and life.ended_s is None:
                verdict.complaints.append(f"the witness has not got message {message.number}")
        return facts

    def _judge_numbers(self, life: Life, facts: Facts, verdict: Verdict) -> None:
        clear_s = facts.made_s | facts.clear_s
        found = settled(life.events, clear_s, _DEBOUNCES_S, self._graph.first)
        facts.pairs = pairs(found)
        for before, behind in disorder(found):
            verdict.lost["number"] += 1
            verdict.complaints.append(
                f"event {before.event.seq} ({before.event.pin} {before.event.what}) settled at "
                f"{before.from_s:.4f} or later, {behind.event.seq} ({behind.event.pin} "
                f"{behind.event.what}) at {behind.to_s:.4f} or earlier, and was told behind it"
            )
        for event, other in misplaced(found, facts.made_s, _DEBOUNCES_S, self._graph.first):
            verdict.lost["number"] += 1
            verdict.complaints.append(
                f"event {event.seq} ({event.pin} {event.what}) can't have begun with "
                f"{event.began}: {other.event.seq} settled between {other.from_s:.4f} and "
                f"{other.to_s:.4f}"
            )

    def _judge_pin(self, life: Life, pin: Pin, facts: Facts, verdict: Verdict) -> list[Unseen]:
        """Judge what was told of one pin; say what may have been told behind that."""
        end_s = life.ended_by_s or time.monotonic()
        sure_s = self._told_until_s(min(life.ended_s, life.heard_s) if life.ended_s else end_s)
        drives = life.drives.get(pin.name, [])
        first = pin.name in self._graph.first
        times = self._graph.hands.get(pin.name)
        told = [event for event in life.events if event.pin == pin.name]
        edges = [event for event in told if event.kind == "edge"]
        if times is None:
            found = candidates(pin.name, drives, pin.debounce_s, sure_s, end_s, first)
            match = match_pin(pin.name, pin.rest, found, edges, pin.debounce_s, first)
        else:
            # Each level is held for longer than a window: so a first edge finds the pin quiet.
            settles_s = 0.0 if first else pin.debounce_s
            hands = Hands(pin.rest, times, settles_s, sure_s, end_s)
            match, clear = match_hands(pin.name, hands, drives, edges)
            facts.clear_s |= {edge.seq: span for edge, span in zip(edges, clear, strict=False)}
        verdict.add(match.verdict)
        facts.unsure += match.verdict.unsure
        if not match.verdict.well:
            return []  # then nothing is known of its presses
        for event, held in zip(edges, match.by_event, strict=True):
            facts.made_s[event.seq] = (held.from_s, held.to_s)
        named = pin.name in self._graph.gesture_pins
        later_s = times.dwell_s + times.cooldown_s if times else 0.0
        waits_s = pin.debounce_s + later_s
        limits = Limits(waits_s, pin.hold_s, sure_s, end_s) if named else None
        presses = presses_of(pin.rest, edges, match.by_event)
        gestures = [event for event in told if event.kind != "edge"]
        matched = match_gestures(pin.name, presses, gestures, limits)
        verdict.add(matched.verdict)
        facts.unsure += matched.verdict.unsure
        facts.made_s.update(matched.made_s)
        if times:  # a tap when its release is clear, a hold at the latest when the press goes on
            for seq, (from_s, to_s) in matched.made_s.items():
                facts.clear_s[seq] = (from_s, to_s + later_s)
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
        start = deepcopy(start)  # `follow` adds to it
        chain_s = STAGE_CHAIN_S if number >= self._first_stage else CHAIN_S
        track = follow(start, records, self.lives, chain_s)
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
        life, name = self.lives[stretch.epoch], display_name(number)
        graph = self._graphs[number]
        moves, messages = life.dated()
        sent = sent_by(stretch, name, moves)
        steps = steps_of(
            graph,
            stretch,
            life.events,
            known.made_s,
            _RESTS,
            CATCH_UP_S,
            sent=sent,
            clear_s=known.clear_s,
        )
        free_from = len(steps)
        ends_s = [end_s for end_s in (stretch.end_s, life.ended_s) if end_s is not None]
        if ends_s:
            sure_s = self._delivered_until_s(number, min(ends_s))
            told = [step.told(stretch, sure_s) for step in steps]
            free_from = told.index(False) if False in told else len(told)
            steps += [Due(event, must=False) for event in known.unseen]
        verdict = walk(graph, stretch, steps, free_from, count)
        for order in swallowed(stretch, name, moves):
            verdict.lost["order"] += 1
            verdict.complaints.append(f"was not sent to {order.to} by order {order.number}")
        ordered = {each.at_s for each in sent}
        for socket in stretch.sockets:
            for finding, text in judge_messages(socket, messages, life.events):
                getattr(verdict, finding)["message"] += 1
                verdict.complaints.append(text)
            if socket.stayed and not socket.looked and socket.closed_s not in ordered:
                verdict.phantom["order"] += 1
                verdict.complaints.append(
                    f"was sent to {socket.sent_to} at {socket.closed_s:.3f} by no order or level"
                )
        return verdict

    def _told_until_s(self, end_s: float) -> float:
        """Until when every event had surely been told to the witness at an end of a server.

        A busy machine may have held it up, and us: so it ends when it was last heard of.
        """
        sure_s = end_s - SURE_BEFORE_END_S
        for touch in sorted(self.touched, key=lambda touch: -touch.to_s):
            if touch.kind in ON_THE_SERVER and touch.from_s < end_s and touch.to_s > sure_s:
                sure_s = min(sure_s, touch.from_s - SURE_BEFORE_END_S)
        return sure_s

    def _delivered_until_s(self, number: int, end_s: float) -> float:
        """Until when every event had surely reached a display when something ended."""
        sure_s = end_s - DELIVERY_S
        for touch in sorted(self.touched, key=lambda touch: -touch.to_s):
            if number in touch.displays and touch.from_s < end_s:
                recovered_s = touch.to_s + (HALF_OPEN_S if touch.kind == "half-open" else AGREE_S)
                recovered_s += STAGE_S if number >= self._first_stage else 0.0
                if recovered_s > sure_s:
                    sure_s = min(sure_s, touch.from_s - SURE_BEFORE_END_S)
        return sure_s
