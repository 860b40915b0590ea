"""A display's own notes to stretches: where it was, where it went, when it was away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from faults.oracle.facts import LATE_S, Event, Life
from faults.oracle.pauses import Pause
from faults.records import (
    Ended,
    Got,
    Joined,
    Known,
    Left,
    Loaded,
    Lost,
    Record,
    Said,
    Stayed,
    Stopped,
    Took,
)

CHAIN_S = 0.5
"""A display that leaves again so soon after joining is still catching up."""


@dataclass(slots=True)
class Landing:
    """A moment at which the levels had to be looked at: a display joined, or took presses again.

    Args:
        seq: the number in its first frame; of one that takes presses again, what it was told last
            before that was known, or before it left.
        sent_s: when the socket was asked for, or the word was sent.
        got_s: when its first frame came, or the answer.
        lost: whether the page heard nothing of what followed from it.
        place: how many moves the display had made.
        low: the number told last when it was sent; -1 for one that joined.
        declined: the pins and levels that the page had declined by then,
        acted: and the event since which it had.
        sent_to: to which page it was to leave then, by no press; or None.
        stayed: whether the page declined.
    """

    seq: int
    sent_s: float
    got_s: float
    lost: bool = False
    place: int = 0
    low: int = -1
    declined: tuple[tuple[str, str], ...] = ()
    acted: int = -1
    sent_to: str | None = None
    stayed: bool = False

    @property
    def joined(self) -> bool:
        """Whether the display joined then."""
        return self.low < 0


@dataclass(frozen=True, slots=True)
class Reload:
    """A page was loaded again.

    Args:
        place: how many moves the display had made.
        away_s: since when it had had no socket.
        asked_s: when the page was asked for.
    """

    place: int
    away_s: float
    asked_s: float


@dataclass(slots=True)
class Socket:
    """A socket of a display, for what is sent to it that is no event.

    Args:
        on: the page that it named.
        sent_s: when it was asked for; got_s: when its first frame came.
        got: messages, with the number of the event told last before each.
        place: how many moves the display had made when it was closed.
        sent_to: the page to which it was closed, by no press; or None.
        closed_s: when that was.
        cause: the number told last before that.
        stayed: whether the page declined.
        takes: whether it said that the page takes presses, as it was asked for.
        declined: the pins and levels that it said the page had declined.
        acted: the event that it said the page had acted on.
        looked: whether a look at the levels may have been the reason for its close.
        carried: whether it is known only since an agreement; its times are that one's.
    """

    on: str
    sent_s: float
    got_s: float
    got: list[tuple[int, int]] = field(default_factory=list)
    place: int = 0
    sent_to: str | None = None
    closed_s: float = inf
    cause: int = -1
    stayed: bool = False
    takes: bool = True
    declined: tuple[tuple[str, str], ...] = ()
    acted: int = -1
    looked: bool = False
    carried: bool = False


@dataclass(slots=True)
class Stretch:
    """A part of a display's life, within one life of the server.

    Args:
        epoch: of that life.
        page: where the display was.
        seq: the last event before it.
        moves: the pages it went to.
        causes: the number that it had been told last before each move.
        landings: when the levels had to be looked at, in order.
        reloads: of pages, in order.
        end_s: when it was cut short (the tab closed, the server killed), or None.
        gaps: when it had no socket: since when; when the first next one was asked for; when the
            last one of those that caught up was there.
        known_seq: up to which event it had surely been told everything.
        live_from_s: since when it has had a socket, or None while it has none.
        live_to_s: when the last frame of a lost socket came.
        pressed: of each move, whether a press made it; empty if that isn't known.
        stays: how many moves it had made, and the number of the press that was to make the next:
            to the page to which it didn't go.
        pauses: by how many moves it had made: when its page took no presses.
        sockets: in order.
    """

    epoch: str
    page: str
    seq: int
    moves: list[str] = field(default_factory=list)
    causes: list[int] = field(default_factory=list)
    landings: list[Landing] = field(default_factory=list)
    reloads: list[Reload] = field(default_factory=list)
    end_s: float | None = None
    gaps: list[tuple[float, float, float]] = field(default_factory=list)
    known_seq: int = -1
    live_from_s: float | None = float("-inf")
    live_to_s: float = float("inf")
    pressed: list[bool] = field(default_factory=list)
    stays: dict[tuple[int, int], str] = field(default_factory=dict)
    pauses: dict[int, list[Pause]] = field(default_factory=dict)
    sockets: list[Socket] = field(default_factory=list)

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
    def place(self) -> int:
        """How many moves it has made."""
        return len(self.moves)

    @property
    def unanswered(self) -> bool:
        """Whether it has said that it takes presses or none, and the server may not know it yet.

        Its socket may be dead. Then events are still to come of which nobody can say if they count.
        """
        landings = [landing for landing in self.landings if landing.place == self.place]
        pauses = self.pauses.get(self.place, [])
        over = [pause.counts_s for pause in pauses if pause.end < inf]
        known = [*(landing.got_s for landing in landings), *(pause.known_s for pause in pauses)]
        return inf in [*known, *over]

    @property
    def last_page(self) -> str:
        """Where it went last."""
        return self.moves[-1] if self.moves else self.page

    def next(self, seq: int, at_s: float) -> "Stretch":
        """The one that goes on where this one is, at an agreement.

        Args:
            seq: the newest event.
            at_s: when that is, in monotonic seconds.
        """
        pauses = self.pauses.get(self.place, [])[-1:]
        sockets = [
            Socket(s.on, at_s, at_s, declined=s.declined, acted=s.acted, carried=True)
            for s in self.sockets[-1:]
            if s.sent_to is None
        ]
        # A word of which it is not known yet when the server heard it.
        landings = [
            replace(landing, place=0)
            for landing in self.landings
            if landing.got_s == inf and landing.place == self.place
        ]
        return Stretch(
            self.epoch,
            self.last_page,
            seq,
            landings=landings,
            pauses={0: pauses},
            sockets=sockets,
        )


@dataclass(slots=True)
class Track:
    """The stretches of a display's life, and what is wrong with how they join."""

    stretches: list[Stretch]
    complaints: list[str] = field(default_factory=list)


def follow(
    start: Stretch | None,
    records: Sequence[Record],
    lives: Mapping[str, Life],
    chain_s: float = CHAIN_S,
) -> Track:
    """Divide a display's life at the server's restarts, and judge how each part begins.

    Args:
        start: where it was when the records begin; None for a new tab.
        records: its own notes.
        lives: by epoch.
        chain_s: see `CHAIN_S`; a real browser on a busy machine takes longer for each page.
    """
    track = Track([start] if start else [])
    gap_s: float | None = None  # since when it has had no socket
    arriving = False  # a page was left, and the next one isn't there yet
    for record in records:
        stretch = track.stretches[-1] if track.stretches else None
        if isinstance(record, Loaded | Joined):
            if _begins(stretch, record):
                stretch = _begin(track, record, lives)
                gap_s = record.sent_s
            elif isinstance(record, Loaded) and stretch is not None and not arriving:
                away_s = record.sent_s if gap_s is None else gap_s
                _reload(stretch, Reload(stretch.place, away_s, record.sent_s), record)
        if stretch is None:
            continue
        match record:
            case Loaded():
                arriving = False
            case Joined():
                _join(stretch, gap_s, record, chain_s)
                arriving = arriving and record.leaving
                gap_s = None
            case Left():
                _leave(stretch, record)
                gap_s = record.at_s if gap_s is None else gap_s
                arriving = True
            case Stayed():
                _stay(track, stretch, record)
                gap_s = record.at_s if gap_s is None else gap_s
            case Lost():
                # The silence began before: with the last frame.
                gap_s = record.last_frame_s if gap_s is None else gap_s
                _lose(stretch, record)
            case Stopped() | Took() | Said() | Known():
                _say(stretch, record)
            case Got():
                if stretch.sockets:
                    stretch.sockets[-1].got.append((record.number, record.seq))
            case Ended():
                stretch.end_s = record.at_s
    return track


def _begins(stretch: Stretch | None, record: Loaded | Joined) -> bool:
    """Whether a new stretch begins: a new tab, a new server, or a tab that was never joined."""
    fresh = isinstance(record, Loaded) and record.fresh
    return stretch is None or stretch.epoch != record.epoch or fresh


def _begin(track: Track, record: Loaded | Joined, lives: Mapping[str, Life]) -> Stretch:
    before = track.stretches[-1] if track.stretches else None
    _check_start(track, before, record, lives)
    stretch = Stretch(record.epoch, record.page, record.seq, live_from_s=None)
    if before is not None:
        if before.end_s is None:
            before.end_s = record.sent_s
            if before.epoch in lives and lives[before.epoch].ended_s:
                before.end_s = lives[before.epoch].ended_s
        if isinstance(record, Joined):  # the page is the same as before
            stretch.pauses[0] = [pause.carried for pause in before.pauses.get(before.place, [])]
    track.stretches.append(stretch)
    return stretch


def _reload(stretch: Stretch, reload: Reload, loaded: Loaded) -> None:
    stretch.reloads.append(reload)
    # The old page is gone: the new one says for itself when it takes presses.
    for pause in stretch.pauses.get(reload.place, []):
        if pause.to_s == inf:
            pause.to_s, pause.counts_s, pause.told = reload.away_s, loaded.got_s, loaded.seq


def _join(stretch: Stretch, gap_s: float | None, joined: Joined, chain_s: float) -> None:
    if gap_s is not None:
        _note_gap(stretch, gap_s, joined, chain_s)
    stretch.known_seq = max(stretch.known_seq, joined.seq)
    stretch.live_from_s, stretch.live_to_s = joined.got_s, inf
    stretch.sockets.append(
        Socket(
            joined.on,
            joined.sent_s,
            joined.got_s,
            takes=joined.takes,
            declined=joined.declined,
            acted=joined.acted,
        )
    )
    if joined.takes:
        landing = Landing(
            joined.seq,
            joined.sent_s,
            joined.got_s,
            place=stretch.place,
            declined=joined.declined,
            acted=joined.acted,
        )
        stretch.landings.append(landing)


def _leave(stretch: Stretch, left: Left) -> None:
    _close(stretch, left, stayed=False)
    stretch.moves.append(left.to)
    stretch.causes.append(left.seq)
    stretch.pressed.append(left.pressed)
    stretch.known_seq, stretch.live_from_s = left.seq, None


def _stay(track: Track, stretch: Stretch, stayed: Stayed) -> None:
    _close(stretch, stayed, stayed=True)
    stretch.live_from_s = None
    for pause in stretch.pauses.get(stretch.place, []):
        pause.known_s = min(pause.known_s, stayed.at_s)  # the next socket says it from the start
        if stayed.pressed and not stayed.declined and pause.to_s == inf:
            pause.acted = min(pause.acted, stayed.seq)  # perhaps told a second time
    key = stretch.place, stayed.seq
    if stayed.pressed and key in stretch.stays:
        track.complaints.append(f"was told twice to leave by event {stayed.seq}")
    elif stayed.pressed:
        stretch.stays[key] = stayed.to


def _close(stretch: Stretch, record: Left | Stayed, stayed: bool) -> None:
    """Note how a socket was closed, and which look at the levels it may have been for."""
    here = [landing for landing in stretch.landings if landing.place == stretch.place]
    open_ones = [landing for landing in here if landing.got_s == inf]
    joined = [landing for landing in here if landing.joined][-1:]
    possible = open_ones
    if record.at_once and not record.pressed and stretch.sockets[-1].takes:
        possible = joined + open_ones
    _end_landings(stretch, open_ones, record.at_s)
    for landing in possible:
        landing.seq = record.seq
        landing.lost = record.pressed or len(possible) > 1  # who knows which was first
        if not record.pressed and (not stayed or landing is possible[-1]):
            landing.sent_to, landing.stayed = record.to, stayed
    if stretch.sockets and not record.pressed:
        socket = stretch.sockets[-1]
        socket.sent_to, socket.closed_s, socket.cause = record.to, record.at_s, record.seq
        socket.place, socket.stayed = stretch.place, stayed
        socket.looked = bool(possible)


def _end_landings(stretch: Stretch, landings: Sequence[Landing], at_s: float) -> None:
    """The socket ended before it was known when the server heard that presses count again."""
    for landing in landings:
        landing.got_s = at_s
        for pause in stretch.pauses.get(stretch.place, []):
            if pause.to_s <= landing.sent_s:
                pause.delay_s = max(pause.delay_s, at_s - landing.sent_s)


def _lose(stretch: Stretch, lost: Lost) -> None:
    stretch.live_to_s = min(stretch.live_to_s, lost.last_frame_s)
    here = [landing for landing in stretch.landings if landing.place == stretch.place]
    open_ones = [landing for landing in here if landing.got_s == inf]
    _end_landings(stretch, open_ones, lost.at_s)
    for landing in open_ones:
        landing.lost = True
    for landing in here[-1:]:
        landing.lost |= landing.joined and not lost.followed
    for pause in stretch.pauses.get(stretch.place, []):
        pause.known_s = min(pause.known_s, lost.at_s)  # nothing can close a socket now


def _say(stretch: Stretch, record: Stopped | Took | Said | Known) -> None:
    pauses = stretch.pauses.setdefault(stretch.place, [])
    match record:
        case Stopped():
            if not (pauses and pauses[-1].to_s == inf):
                known_s = record.at_s if record.alone else inf
                pauses.append(Pause(record.number, record.at_s, known_s, record.seq))
        case Took():
            if not pauses:
                pauses.append(Pause(record.number, -inf, -inf, -1))
            pauses[-1].to_s, pauses[-1].end = record.at_s, record.number
            pauses[-1].counts_s = pauses[-1].told = inf
        case Said() if not stretch.sockets:
            pass  # on the socket of the server before, which answers nothing any more
        case Said():
            socket = stretch.sockets[-1]
            stretch.landings.append(
                Landing(
                    record.seq,
                    record.sent_s,
                    inf,
                    place=stretch.place,
                    low=record.seq,
                    declined=socket.declined,
                    acted=socket.acted,
                )
            )
        case Known():
            for pause in pauses:
                pause.know(record.number, record.at_s - record.sent_s, record.at_s, record.seq)
            for landing in stretch.landings:
                if landing.got_s == inf and landing.sent_s <= record.sent_s:
                    landing.seq, landing.got_s = record.seq, record.at_s


def _note_gap(stretch: Stretch, since_s: float, joined: Joined, chain_s: float) -> None:
    if stretch.gaps and since_s - stretch.gaps[-1][2] < chain_s:
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
