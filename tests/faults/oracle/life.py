"""A display's own notes to stretches: where it was, where it went, when it was away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from faults.oracle.facts import LATE_S, Event, Life
from faults.records import Ended, Joined, Left, Loaded, Lost, Record

CHAIN_S = 0.5
"""A display that leaves again so soon after joining is still catching up."""


@dataclass(frozen=True, slots=True)
class Landing:
    """The last time that a display joined on a page: there the levels had to be looked at.

    Args:
        seq: the number in its first frame.
        sent_s: when the socket was asked for.
        got_s: when its first frame came.
        lost: whether the socket was lost again, and the page neither left nor joined since.
    """

    seq: int
    sent_s: float
    got_s: float
    lost: bool = False


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
class Stretch:
    """A part of a display's life, within one life of the server.

    Args:
        epoch: of that life.
        page: where the display was.
        seq: the last event before it.
        moves: the pages it went to.
        causes: the number that it had been told last before each move.
        landings: by how many moves it had made then.
        reloads: of pages, in order.
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
    causes: list[int] = field(default_factory=list)
    landings: dict[int, Landing] = field(default_factory=dict)
    reloads: list[Reload] = field(default_factory=list)
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
    arriving = False  # a page was left, and the next one isn't there yet
    for record in records:
        stretch = track.stretches[-1] if track.stretches else None
        match record:
            case Loaded() | Joined():
                if _begins(stretch, record):
                    stretch = _begin(track, record, lives)
                    gap_s = record.sent_s
                elif isinstance(record, Loaded) and stretch is not None and not arriving:
                    away_s = record.sent_s if gap_s is None else gap_s
                    reload = Reload(len(stretch.moves), away_s, record.sent_s)
                    stretch.reloads.append(reload)
                arriving = False
                if isinstance(record, Joined) and stretch is not None:
                    _join(stretch, gap_s, record)
                    gap_s = None
            case Left():
                if stretch is not None:
                    stretch.moves.append(record.to)
                    stretch.causes.append(record.seq)
                    stretch.known_seq, stretch.live_from_s = record.seq, None
                gap_s = record.at_s if gap_s is None else gap_s
                arriving = True
            case Lost():
                # The silence began before: with the last frame.
                gap_s = record.last_frame_s if gap_s is None else gap_s
                if stretch is not None:
                    _lose(stretch, record)
            case Ended():
                if stretch is not None:
                    stretch.end_s = record.at_s
    return track


def _begins(stretch: Stretch | None, record: Loaded | Joined) -> bool:
    """Whether a new stretch begins: a new tab, a new server, or a tab that was never joined."""
    fresh = isinstance(record, Loaded) and record.fresh
    return stretch is None or stretch.epoch != record.epoch or fresh


def _begin(track: Track, record: Loaded | Joined, lives: Mapping[str, Life]) -> Stretch:
    before = track.stretches[-1] if track.stretches else None
    _check_start(track, before, record, lives)
    if before is not None and before.end_s is None:
        before.end_s = record.sent_s
        if before.epoch in lives and lives[before.epoch].ended_s:
            before.end_s = lives[before.epoch].ended_s
    track.stretches.append(Stretch(record.epoch, record.page, record.seq, live_from_s=None))
    return track.stretches[-1]


def _join(stretch: Stretch, gap_s: float | None, joined: Joined) -> None:
    if gap_s is not None:
        _note_gap(stretch, gap_s, joined)
    stretch.known_seq = max(stretch.known_seq, joined.seq)
    stretch.live_from_s, stretch.live_to_s = joined.got_s, float("inf")
    stretch.landings[len(stretch.moves)] = Landing(joined.seq, joined.sent_s, joined.got_s)


def _lose(stretch: Stretch, lost: Lost) -> None:
    stretch.live_to_s = min(stretch.live_to_s, lost.last_frame_s)
    place = len(stretch.moves)
    if place in stretch.landings:
        landing = stretch.landings[place]
        stretch.landings[place] = Landing(landing.seq, landing.sent_s, landing.got_s, lost=True)


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
