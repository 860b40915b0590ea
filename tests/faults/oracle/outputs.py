"""What outputs must do, and must not, by what displays have told of themselves.

A lamp (1) begins to blink only by a press of its pin that has moved a display that was shown, and
visible; (2) blinks only while such a display is on its way, (3) is lit only while a shown display
can take the press. An output that pages set (4) changes only when a page is shown or left, and
(5) at rest does what the youngest shown page says; else what the last page has left with ``keep``;
else it is at its initial state. At rest (6) a lamp is lit, or blinks, while a display surely is
ready, and (7) a press that surely has moved one that was surely seen has let it blink.

What begins and ends is judged by its place among the frames of one socket, where that is possible:
the server's lamp answers in the same turn in which it tells of the edge.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from faults.graph import Output
from faults.oracle.facts import Event, Verdict
from faults.oracle.sights import BACK_S, GIVEN_UP_S, GONE_S, Show, Sights, Way, without

SLACK_S = 0.75
"""How late anybody may be told of something, where no fault is made."""

BURST_S = 0.25
"""What is told within so short a time can be of one turn of the server."""

EARLY_S = 0.1


@dataclass(frozen=True, slots=True)
class Change:
    """An output does something else; ``first`` is what a socket is told as it joins."""

    output: str
    state: str
    at_s: float
    first: bool = False


Told = Event | Change


@dataclass(slots=True)
class Telling:
    """What a server has told of its outputs and edges, in order.

    Args:
        epoch: of the server.
        told: since the last look.
        before: what each output did at that moment.
        from_s: that moment.
        to_s: when the server ended.
    """

    epoch: str
    told: list[Told] = field(default_factory=list)
    before: dict[str, str] = field(default_factory=dict)
    from_s: float = inf
    to_s: float = inf

    def phases(self, output: str, now_s: float) -> Iterator[tuple[str, float, float]]:
        """What an output did, from when to when."""
        state, from_s = self.before.get(output, ""), self.from_s
        for each in self.told:
            if isinstance(each, Change) and each.output == output:
                if state:
                    yield state, from_s, each.at_s
                state, from_s = each.state, each.at_s
        if state:
            yield state, from_s, min(now_s, self.to_s)

    def now(self, output: str) -> str:
        """What an output does."""
        states = [e.state for e in self.told if isinstance(e, Change) and e.output == output]
        return states[-1] if states else self.before.get(output, "")

    def go_on(self, now_s: float, outputs: Collection[str]) -> None:
        """Begin the next look where this one ends."""
        self.before = {name: self.now(name) for name in outputs}
        self.told, self.from_s = [], now_s


def judge_outputs(
    outputs: Collection[Output],
    telling: Telling,
    tabs: Sequence[Sights],
    blind: Sequence[tuple[float, float]],
    now_s: float,
) -> Verdict:
    """Judge what a server has told of its outputs since the last look; 1 to 4, and 7.

    Args:
        outputs: the outputs.
        telling: what was told.
        tabs: what is known of each tab.
        blind: when the server was held up, or ended: from when to when.
        now_s: the time.
    """
    verdict = Verdict()
    for output in outputs:
        if output.follows is not None:
            _judge_lamp(output, telling, tabs, blind, now_s, verdict)
        else:
            _judge_changes(output, telling, tabs, blind, verdict)
    return verdict


def judge_rest(
    outputs: Collection[Output], telling: Telling, tabs: Sequence[Sights], now_s: float
) -> Verdict:
    """Judge what outputs do when nothing has happened for a moment; 5 and 6."""
    verdict = Verdict()
    for output in outputs:
        state, pin = telling.now(output.name), output.follows
        if pin is None:
            expected = _expected(output, telling.epoch, tabs, now_s)
            if state not in expected:
                verdict.lost["output"] += 1
                verdict.complaints.append(
                    f"{output.name} is {state} at rest, and should be {' or '.join(expected)}"
                )
        elif state == "off" and any(tab.is_ready(pin, now_s, SLACK_S) for tab in tabs):
            ready = [at for at, tab in enumerate(tabs) if tab.is_ready(pin, now_s, SLACK_S)]
            verdict.lost["output"] += 1
            verdict.complaints.append(f"{output.name} is off at rest, and tabs {ready} are ready")
    return verdict


# ---------------------------------------------------------------- lamps


def _judge_lamp(
    output: Output,
    telling: Telling,
    tabs: Sequence[Sights],
    blind: Sequence[tuple[float, float]],
    now_s: float,
    verdict: Verdict,
) -> None:
    pin = output.follows
    assert pin is not None
    ways = [(tab, way) for tab in tabs for way in tab.ways if way.epoch in ("", telling.epoch)]
    blinks = (output.name, "blink")
    for at, change in enumerate(telling.told):
        if not isinstance(change, Change) or (change.output, change.state) != blinks:
            continue
        if not (change.first or _explained(pin, telling.told, at, ways)):
            verdict.phantom["output"] += 1
            verdict.complaints.append(
                f"{output.name} began to blink at {change.at_s:.3f}, and no press of {pin} has "
                "moved a display"
            )
    on_way = [(way.from_s, way.to_s) for _, way in ways if pin in way.pins]
    ready = [span for tab in tabs for span in tab.ready(pin, telling.epoch)]
    for state, from_s, to_s in telling.phases(output.name, now_s):
        if state == "off":
            continue
        why = on_way if state == "blink" else ready
        open_ = [(from_s + SLACK_S, to_s)]
        for begin_s, end_s in [*why, *blind]:
            margin = (begin_s - EARLY_S, end_s + SLACK_S)
            open_ = [part for span in open_ for part in without(span, *margin)]
        for begin_s, end_s in open_:
            verdict.phantom["output"] += 1
            verdict.complaints.append(
                f"{output.name} said {state!r} from {from_s:.3f} to {to_s:.3f}; "
                f"nothing was so from {begin_s:.3f} to {end_s:.3f}"
            )
    _judge_answers(output, telling, ways, verdict)


def _explained(
    pin: str,
    told: Sequence[Told],
    at: int,
    ways: Sequence[tuple[Sights, Way]],
) -> bool:
    """Whether a press can have let a lamp begin to blink, which was told at that place."""
    change = told[at]
    assert isinstance(change, Change)
    now_s = change.at_s
    burst = [
        e for e in told[:at] if isinstance(e, Event) and e.pin == pin and e.seen_s > now_s - BURST_S
    ]
    seen_s = {event.seq: event.seen_s for event in told if isinstance(event, Event)}
    for tab, way in ways:
        if pin not in way.pins:
            continue
        if any(a + SLACK_S < now_s < b - SLACK_S for a, b in tab.hidden):
            continue
        if way.seq is not None and any(event.seq == way.seq for event in burst):
            return True
        if way.lost:
            until_s = way.at_s + GONE_S
            for event in burst:
                told_s = event.seen_s
                leads = (pin, event.what) in tab.leading.events[way.page]
                if leads and way.heard_s - SLACK_S <= told_s <= until_s:
                    return True
            if way.asked_s - EARLY_S <= now_s <= way.got_s + SLACK_S:
                return True  # a press that it had missed
            if way.taken_s > way.heard_s - 1.0 and way.taken_s - EARLY_S <= now_s <= until_s:
                return True  # the same, as it took presses again
        since_s, until_s = way.from_s - EARLY_S, way.at_s + SLACK_S
        late = way.seq is None or not tab.certain or not _came_live(way, seen_s)
        if not way.lost and late and since_s <= now_s <= until_s:
            return True
    return False


def _came_live(way: Way, seen_s: Mapping[int, float]) -> bool:
    """Whether the press came while the display was there; else it had missed it."""
    return way.seq is not None and seen_s.get(way.seq, -inf) > way.got_s + EARLY_S


def _judge_answers(
    output: Output,
    telling: Telling,
    ways: Sequence[tuple[Sights, Way]],
    verdict: Verdict,
) -> None:
    """Look for presses that have moved a display, and that its lamp has not answered."""
    seen_s = {event.seq: event.seen_s for event in telling.told if isinstance(event, Event)}
    moved = {
        way.seq
        for _, way in ways
        if way.sure and output.follows in way.pins and _came_live(way, seen_s)
    }
    state = telling.before.get(output.name, "")
    due: Event | None = None
    for each in telling.told:
        if isinstance(each, Change) and each.output == output.name:
            state = each.state
            if state == "blink":
                due = None
        elif isinstance(each, Event):
            if due is not None and each.seen_s > due.seen_s + BURST_S:
                verdict.lost["output"] += 1
                verdict.complaints.append(
                    f"{output.name} has not answered event {due.seq} ({due.pin} {due.what})"
                )
                due = None
            if each.seq in moved and each.pin == output.follows and state not in ("", "blink"):
                due = each


# ---------------------------------------------------------------- what pages set


def _shows(epoch: str, tabs: Sequence[Sights]) -> list[Show]:
    return [show for tab in tabs for show in tab.shows if show.epoch == epoch]


def _judge_changes(
    output: Output,
    telling: Telling,
    tabs: Sequence[Sights],
    blind: Sequence[tuple[float, float]],
    verdict: Verdict,
) -> None:
    shows = _shows(telling.epoch, tabs)
    for change in telling.told:
        if not isinstance(change, Change) or change.output != output.name or change.first:
            continue
        keeps = all(keep for _, keep in output.pages.values())
        set_ = {output.pages[show.page][0] for show in shows if show.page in output.pages}
        if keeps and change.state not in set_:
            verdict.phantom["output"] += 1
            verdict.complaints.append(
                f"{output.name} went {change.state} at {change.at_s:.3f}: no page sets that"
            )
            continue
        to_s = change.at_s + EARLY_S
        from_s = min([change.at_s, *(a for a, b in blind if a <= change.at_s <= b)]) - SLACK_S
        for show in shows:
            pages = {show.page} | ({show.before.page} if show.before else set())
            if pages & set(output.pages) and show.from_s <= to_s and from_s <= show.latest_s:
                break
            # Given up, or a tab that another one has replaced.
            given_up_s = show.left_s + GIVEN_UP_S - BACK_S, show.to_s
            if show.page in output.pages and given_up_s[0] <= to_s and from_s <= given_up_s[1]:
                break
        else:
            verdict.phantom["output"] += 1
            verdict.complaints.append(
                f"{output.name} went {change.state} at {change.at_s:.3f}, and no page was shown "
                "or left that sets it"
            )


def _expected(output: Output, epoch: str, tabs: Sequence[Sights], now_s: float) -> list[str]:
    """What an output can do at rest."""
    naming = [show for show in _shows(epoch, tabs) if show.page in output.pages]
    sure = [show for tab in tabs if (show := tab.shown) is not None and show in naming]
    maybe = [show for show in naming if show.to_s > now_s]
    found = {output.pages[show.page][0] for show in _youngest([*sure, *maybe], sure)}
    if not sure:  # the state that stays
        known = [show for show in naming if show.by_s < inf]
        for show in _youngest(naming, known):
            state, keep = output.pages[show.page]
            found.add(state if keep else output.initial)
        if not known:
            found.add(output.initial)
    return sorted(found)


def _youngest(shows: Sequence[Show], sure: Sequence[Show]) -> list[Show]:
    """Those that can be the one shown last."""
    return [s for s in shows if not any(o.from_s > s.latest_s + EARLY_S for o in sure)]
