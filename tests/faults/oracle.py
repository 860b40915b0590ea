r"""Which page every display must be on: computed from the true waveforms, and nothing else.

Pure. It imports nothing of gpiobridge; the rules are written out here a second time:

1. A level that a contact holds for the debounce or longer, and that differs from the level before,
   is an edge. Shorter ones are nothing. ::

       pin    ‾‾‾‾\_/‾\____________/‾‾‾‾‾‾‾‾‾‾‾        edges: low, high

2. Each edge moves a display once, if the page it is on then has a rule for it; it counts on the
   page to which the edges before it have led.
3. A display that was away for longer than ``catch_up`` has lost the older ones.

What can't be known exactly is an interval, never a guess: a level is driven at some moment between
the sending of the request and its answer. Where that leaves open whether an edge settled, it is
*unsure*, and the witness (a socket straight to the server) decides; where the answer is sure, the
witness is judged by it. The same goes for a display that joins in the middle of a burst: its first
page's cursor decides, but only between the edges that surely came before its request and those
that surely came after its answer.

When a server is killed, what it had not yet delivered is outside the promise: from ``sure_until``
on a display may have stopped at any edge.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from faults.records import Ended, Joined, Left, Loaded, Lost, Record

Rules = Mapping[str, Mapping[tuple[str, str], str]]

CLOCK_S = 0.002
"""How exactly a hold must be known: the server's own stamps come a moment after the request."""

LATE_S = 3.0
"""An edge that the witness sees later than this after it was made is another one."""

CATCH_UP_MARGIN_S = 0.5
CHAIN_S = 0.5
"""A display that leaves again so soon after joining is still catching up."""


@dataclass(frozen=True, slots=True)
class Drive:
    """A level that was driven; ``acked_s`` is None when no answer came."""

    level: str
    sent_s: float
    acked_s: float | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A level that was held for the debounce: surely, or perhaps. It began between two times."""

    pin: str
    level: str
    from_s: float
    to_s: float
    sure: bool


@dataclass(frozen=True, slots=True)
class Event:
    """An edge as the witness was told it."""

    seq: int
    pin: str
    level: str
    seen_s: float


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
    """What was found; lists of complaints are empty when all is well."""

    lost: int = 0
    phantom: int = 0
    unsure: int = 0
    expected: int = 0
    made: int = 0
    complaints: list[str] = field(default_factory=list)

    def add(self, other: "Verdict") -> None:
        """Add another one's findings to these."""
        self.lost += other.lost
        self.phantom += other.phantom
        self.unsure += other.unsure
        self.expected += other.expected
        self.made += other.made
        self.complaints += other.complaints

    @property
    def well(self) -> bool:
        """Whether nothing was lost or invented."""
        return not self.complaints


# ---------------------------------------------------------------- waveforms to edges


def candidates(
    pin: str, drives: Sequence[Drive], debounce_s: float, sure_until_s: float, end_s: float
) -> list[Candidate]:
    """The levels that were held for the debounce, surely or perhaps.

    Args:
        pin: its name.
        drives: in order of time.
        debounce_s: the pin's window.
        sure_until_s: a level that settles later may not have been seen (the server was killed).
        end_s: how long the last level was held, at most.
    """
    found = []
    for at, drive in enumerate(drives):
        later = drives[at + 1] if at + 1 < len(drives) else Drive("", end_s, end_s)
        to_s = drive.acked_s if drive.acked_s is not None else end_s
        longest_s = (later.acked_s if later.acked_s is not None else end_s) - drive.sent_s
        shortest_s = later.sent_s - to_s
        if longest_s < debounce_s - CLOCK_S:
            continue
        sure = (
            drive.acked_s is not None
            and shortest_s >= debounce_s + CLOCK_S
            and to_s + debounce_s <= sure_until_s
        )
        found.append(Candidate(pin, drive.level, drive.sent_s, to_s, sure))
    return found


@dataclass(slots=True)
class PinMatch:
    """The witness's events of one pin, laid over the candidates."""

    verdict: Verdict
    by_event: list[Candidate]
    after_last: list[Candidate]  # that may have settled after the last event


def match_pin(
    pin: str, rest: str, found: Sequence[Candidate], events: Sequence[Event], debounce_s: float
) -> PinMatch:
    """Lay what the witness saw over what the waveform allows.

    Args:
        pin: its name.
        rest: the level at which it began.
        found: from `candidates`.
        events: the witness's, of this pin only.
        debounce_s: the pin's window.
    """
    # How many events have happened by each candidate, with the way that led there: since edges
    # alternate, that number says the settled level, too.
    ways: list[dict[int, int]] = [{0: 0}]
    fewest, most = {rest: 0}, {rest: 0}
    for candidate in found:
        ways.append(_step(candidate, ways[-1], rest, events, debounce_s))
        fewest, most = _count(candidate, fewest, min), _count(candidate, most, max)
    verdict = Verdict()
    if len(events) in ways[-1]:
        by_event, last = _trace(ways, found, len(events))
        verdict.unsure = sum(not candidate.sure for candidate in by_event)
        after = [c for c in found[last:] if not c.sure]
        return PinMatch(verdict, by_event, after)
    low, high = min(fewest.values()), max(most.values())
    verdict.lost = max(0, low - len(events))
    verdict.phantom = max(0, len(events) - high)
    if not verdict.lost and not verdict.phantom:
        verdict.lost = verdict.phantom = 1  # the number is right, the moments are not
    verdict.complaints.append(
        f"pin {pin}: {low} to {high} edges by its waveform, the server told of {len(events)}"
    )
    return PinMatch(verdict, [], [])


def _step(
    candidate: Candidate,
    before: Mapping[int, int],
    rest: str,
    events: Sequence[Event],
    debounce_s: float,
) -> dict[int, int]:
    after: dict[int, int] = {}
    for count in before:
        settled = events[count - 1].level if count else rest
        if candidate.level == settled:
            after.setdefault(count, count)
            continue
        if not candidate.sure:
            after.setdefault(count, count)
        if count < len(events):
            event = events[count]
            earliest_s = candidate.from_s + debounce_s - CLOCK_S
            in_time = earliest_s <= event.seen_s <= candidate.to_s + debounce_s + LATE_S
            if event.level == candidate.level and in_time:
                after[count + 1] = count
    return after


def _count(candidate: Candidate, by_level: dict[str, int], best: object) -> dict[str, int]:
    """How many edges there are at least (``best`` is min) or at most (max), by settled level."""
    after: dict[str, int] = {}

    def note(level: str, count: int) -> None:
        after[level] = best(after[level], count) if level in after else count  # type: ignore[operator]

    for level, count in by_level.items():
        if candidate.level == level:
            note(level, count)
        else:
            note(candidate.level, count + 1)
            if not candidate.sure:
                note(level, count)
    return after


def _trace(
    ways: list[dict[int, int]], found: Sequence[Candidate], count: int
) -> tuple[list[Candidate], int]:
    """Which candidate each event was; and the place behind the last of them."""
    by_event: list[Candidate] = []
    last = 0
    for at in range(len(found), 0, -1):
        came_from = ways[at][count]
        if came_from != count:
            last = last or at
            by_event.append(found[at - 1])
        count = came_from
    return by_event[::-1], last


# ---------------------------------------------------------------- edges to pages


@dataclass(frozen=True, slots=True)
class Due:
    """An edge as a display meets it: it must count, may, or must not."""

    event: Event
    must: bool = True
    may: bool = True


@dataclass(slots=True)
class Stretch:
    """A part of a display's life, within one life of the server.

    Args:
        epoch: of that life.
        page: where the display was.
        seq: the last event before it.
        moves: the pages it went to.
        end_s: when it was cut short (the tab closed, the server killed), or None.
        gaps: when it had no socket: since when; when the first next one was asked for; when the
            last one of those that caught up was there.
        known_seq: up to which event it had surely been told everything.
        live_from_s: since when it has had a socket, or None while it has none.
        live_to_s: when the last frame of a lost socket came.
    """

    epoch: str
    page: str
    seq: int
    moves: list[str] = field(default_factory=list)
    end_s: float | None = None
    gaps: list[tuple[float, float, float]] = field(default_factory=list)
    known_seq: int = -1
    live_from_s: float | None = float("-inf")
    live_to_s: float = float("inf")

    def told(self, event: Event, until_s: float, delivery_s: float) -> bool:
        """Whether it had surely been told of an event, by the time it was cut short.

        Args:
            event: the event.
            until_s: what a socket was told before, it surely received.
            delivery_s: how long that takes, at most; a new socket may be catching up for so long.
        """
        if event.seq <= max(self.seq, self.known_seq):
            return True
        if self.live_from_s is None:
            return False
        until_s = min(until_s, self.live_to_s - delivery_s)
        return event.seen_s <= until_s and self.live_from_s + delivery_s <= until_s

    @property
    def last_page(self) -> str:
        """Where it went last."""
        return self.moves[-1] if self.moves else self.page


def walk(
    rules: Rules, stretch: Stretch, dues: Sequence[Due], free_from: int, count: bool = True
) -> Verdict:
    """Lay the pages a display went to over those it had to go to.

    Args:
        rules: of all pages.
        stretch: what it did.
        dues: the edges, in order.
        free_from: number of the first edge at which it may have been cut off.
        count: False to leave errors uncounted: counting takes a while, and an answer may be all
            that is asked for.
    """
    visited = [stretch.page, *stretch.moves]
    places = {0}
    stopped = set()
    wrong = ""
    for at, due in enumerate(dues):
        if at >= free_from:
            stopped |= places
        key = (due.event.pin, due.event.level)
        after = set()
        for place in places:
            to = rules[visited[place]].get(key)
            if to is None or not due.must:
                after.add(place)
            if to is not None and due.may and visited[place + 1 : place + 2] == [to]:
                after.add(place + 1)
        if places and not after:
            place = max(places)
            wrong = (
                f"event {due.event.seq} ({due.event.pin} {due.event.level}) did not lead from "
                f"{visited[place]} to {rules[visited[place]].get(key)}, its move {place + 1}"
            )
        places = after
    if free_from >= len(dues):
        stopped |= places
    verdict = Verdict(made=len(stretch.moves))
    if len(stretch.moves) in places | stopped:
        verdict.expected = len(stretch.moves)
        if len(stretch.moves) not in places:
            verdict.unsure = 1
        return verdict
    if not count:
        verdict.complaints.append(f"is not yet where it should be: {wrong}")
        return verdict
    should = expected_pages(rules, stretch.page, dues)
    verdict.lost, verdict.phantom = fewest_errors(rules, visited, dues)
    verdict.expected = len(stretch.moves) + verdict.lost - verdict.phantom
    beyond = f"its move {max(places, default=0) + 1} has no edge"
    verdict.complaints.append(
        f"from {stretch.page}, after event {stretch.seq} of {stretch.epoch}: {wrong or beyond}; "
        f"went {_line(stretch.moves)}; should have gone {_line(should)}"
    )
    return verdict


def fewest_errors(rules: Rules, visited: Sequence[str], dues: Sequence[Due]) -> tuple[int, int]:
    """The fewest lost and phantom presses that explain the pages a display went to."""
    costs = {0: (0, 0)}  # place: lost and phantom so far

    def note(after: dict[int, tuple[int, int]], place: int, cost: tuple[int, int]) -> None:
        if place < len(visited) and (place not in after or sum(cost) < sum(after[place])):
            after[place] = cost

    for due in dues:
        after: dict[int, tuple[int, int]] = {}
        for place in sorted(costs):
            lost, phantom = costs[place]
            to = rules[visited[place]].get((due.event.pin, due.event.level))
            if to is not None and due.may and visited[place + 1 : place + 2] == [to]:
                note(after, place + 1, (lost, phantom))
            note(after, place, (lost + (to is not None and due.must), phantom))
        for place in range(len(visited)):
            if place in after:
                note(after, place + 1, (after[place][0], after[place][1] + 1))
        best = min(map(sum, after.values()))
        costs = {place: cost for place, cost in after.items() if sum(cost) <= best + 20}
    last = max(costs)
    lost, phantom = costs[last]
    return lost, phantom + len(visited) - 1 - last


def expected_pages(rules: Rules, page: str, dues: Iterable[Due]) -> list[str]:
    """The pages to which the edges lead, one after the other."""
    pages = []
    for due in dues:
        to = rules[page].get((due.event.pin, due.event.level))
        if to is not None and due.must:
            page = to
            pages.append(page)
    return pages


def _line(pages: Sequence[str]) -> str:
    return " > ".join(pages) or "nowhere"


# ---------------------------------------------------------------- a display's life


@dataclass(slots=True)
class Track:
    """The stretches of a display's life, and what is wrong with how they join."""

    stretches: list[Stretch]
    complaints: list[str] = field(default_factory=list)


def follow(start: Stretch | None, records: Sequence[Record], lives: Mapping[str, Life]) -> Track:
    """Divide a display's life at the server's restarts, and judge how each part begins.

    Args:
        start: where it was when the records begin; None for a new tab.
        records: its own notes.
        lives: by epoch.
    """
    track = Track([start] if start else [])
    gap_s: float | None = None  # since when it has had no socket
    for record in records:
        stretch = track.stretches[-1] if track.stretches else None
        match record:
            case Loaded() | Joined():
                new = stretch is None or stretch.epoch != record.epoch
                # A tab that was reloaded before it was ever joined begins anew.
                if new or (isinstance(record, Loaded) and record.fresh):
                    begun = Stretch(record.epoch, record.page, record.seq, live_from_s=None)
                    _check_start(track, stretch, record, lives)
                    if stretch is not None and stretch.end_s is None:
                        stretch.end_s = record.sent_s
                        if stretch.epoch in lives and lives[stretch.epoch].ended_s:
                            stretch.end_s = lives[stretch.epoch].ended_s
                    track.stretches.append(begun)
                    stretch, gap_s = begun, record.sent_s
                if isinstance(record, Joined) and stretch is not None:
                    if gap_s is not None:
                        _note_gap(stretch, gap_s, record)
                    gap_s = None
                    stretch.known_seq = max(stretch.known_seq, record.seq)
                    stretch.live_from_s, stretch.live_to_s = record.got_s, float("inf")
            case Left():
                if stretch is not None:
                    stretch.moves.append(record.to)
                    stretch.known_seq, stretch.live_from_s = record.seq, None
                gap_s = record.at_s if gap_s is None else gap_s
            case Lost():
                # The silence began before: with the last frame.
                gap_s = record.last_frame_s if gap_s is None else gap_s
                if stretch is not None:
                    stretch.live_to_s = min(stretch.live_to_s, record.last_frame_s)
            case Ended():
                if stretch is not None:
                    stretch.end_s = record.at_s
    return track


def _note_gap(stretch: Stretch, since_s: float, joined: Joined) -> None:
    if stretch.gaps and since_s - stretch.gaps[-1][2] < CHAIN_S:
        first = stretch.gaps[-1]
        stretch.gaps[-1] = (first[0], first[1], joined.got_s)
    else:
        stretch.gaps.append((since_s, joined.sent_s, joined.got_s))


def _check_start(
    track: Track, before: Stretch | None, record: Loaded | Joined, lives: Mapping[str, Life]
) -> None:
    if before is not None and before.last_page != record.page:
        track.complaints.append(
            f"jumped from {before.last_page} to {record.page} with the new epoch {record.epoch}"
        )
    life = lives.get(record.epoch)
    if life is None:
        track.complaints.append(f"joined a server that the witness doesn't know: {record.epoch}")
        return
    # The first frame's number decides what counts for it, but only within what can't be known.
    for event in life.events:
        if event.seq > record.seq and event.seen_s < record.sent_s:
            track.complaints.append(
                f"began with number {record.seq}, but {event.seq} was told before it asked"
            )
            return
        if event.seq <= record.seq and event.seen_s > record.got_s + LATE_S:
            track.complaints.append(
                f"began with number {record.seq}, but {event.seq} was long after it was answered"
            )
            return


def dues_of(
    stretch: Stretch,
    events: Sequence[Event],
    made_s: Mapping[int, tuple[float, float]],
    catch_up_s: float,
) -> list[Due]:
    """The edges of a stretch, each with whether it must count.

    Args:
        stretch: a part of a display's life.
        events: of that life of the server, in order.
        made_s: event number to the earliest and latest moment of its edge.
        catch_up_s: how long an edge is remembered for those who are away.
    """
    dues = []
    for event in events:
        if event.seq <= stretch.seq:
            continue
        earliest_s, latest_s = made_s.get(event.seq, (event.seen_s, event.seen_s))
        must = may = True
        for since_s, asked_s, joined_s in stretch.gaps:
            if since_s - 1.0 <= latest_s and earliest_s <= joined_s:
                must &= joined_s - earliest_s < catch_up_s - CATCH_UP_MARGIN_S
                may &= asked_s - latest_s < catch_up_s + CATCH_UP_MARGIN_S
        dues.append(Due(event, must, may))
    return dues
