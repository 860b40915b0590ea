"""A display's own notes to what the bridge can know of what people see on it.

The rules, written out a second time:

1. A page is *shown* once it has said so. It then decides about the outputs that it names, until the
   next page of its display is shown, or for 10 s after it was left.
2. Its display is *ready* while it has a socket, is visible, and takes presses.
3. From a press that moves it, it is *on its way*: until it has shown a page, or has a socket and
   takes presses on the page that it was to leave; for 10 s at most.

All of that is told to the bridge, and may be on its way for a while, or never come. So each span
here is as long as it can have been; what is sure is said with it.
"""

from collections.abc import Container
from dataclasses import dataclass, field
from math import inf

from faults.graph import Graph
from faults.records import (
    Ended,
    Heard,
    Joined,
    Known,
    Left,
    Loaded,
    Lost,
    Record,
    Stayed,
    Stopped,
    Took,
    Tried,
    Word,
)

GIVEN_UP_S = 10.0
"""How long a display is waited for that is between two pages."""

GONE_S = 4.0
"""How long a server takes, at most, to notice that a socket has ended."""

BACK_S = 6.0
"""How long what a server has sent is on its way to a page, at most."""


@dataclass(slots=True)
class Span:
    """A time in which a display had a socket of a page that was shown, as far as can be."""

    epoch: str
    page: str
    from_s: float
    to_s: float = inf


@dataclass(slots=True)
class Way:
    """A time in which a display was on its way to another page, as far as can be.

    Args:
        epoch: of the server; empty where that isn't known.
        pins: whose press can have moved it.
        page: which it was to leave.
        from_s: when the press can have moved it, at the earliest.
        at_s: when the display knew it, or lost its socket.
        to_s: when it was no longer on its way, at the latest.
        seq: of the press, where it is known, and was told just then.
        lost: whether the socket was lost: then nobody knows whether a press had moved it.
        heard_s: when the last frame of that socket came.
        sure: whether the page was surely shown, and visible.
        asked_s: when that socket was asked for.
        got_s: when its first frame came.
        taken_s: since when presses had counted.
    """

    epoch: str
    pins: frozenset[str]
    page: str
    from_s: float
    at_s: float
    to_s: float
    seq: int | None = None
    lost: bool = False
    heard_s: float = 0.0
    sure: bool = False
    asked_s: float = inf
    got_s: float = -inf
    taken_s: float = -inf


@dataclass(slots=True)
class Show:
    """A page that has said that it is shown: it decides about outputs.

    Args:
        page: the page.
        from_s: when it was shown, at the earliest.
        by_s: when the server knew it; infinite if that isn't sure.
        to_s: when it ceased to decide, at the latest.
        left_s: when it was left.
        before: what the display showed before.
    """

    epoch: str
    page: str
    from_s: float
    by_s: float
    to_s: float = inf
    left_s: float = inf
    before: "Show | None" = None

    @property
    def latest_s(self) -> float:
        """When it was shown, at the latest."""
        return self.by_s if self.by_s < inf else self.left_s + GONE_S


@dataclass(slots=True)
class Sights:
    """What is known of one tab.

    Args:
        graph: the rules of its pages: a lamp is lit for them.
        leading: all rules that move it, those of other displays' pages included.
        certain: False for one that doesn't note what it says of being shown.
    """

    graph: Graph
    leading: Graph
    certain: bool = True
    epoch: str = ""
    spans: list[Span] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    shows: list[Show] = field(default_factory=list)
    hidden: list[list[float]] = field(default_factory=list)
    idle: list[list[float]] = field(default_factory=list)
    joined: Joined | None = None
    ended: bool = False
    _span: Span | None = None
    _show: Show | None = None  # of this visit
    _words: dict[int, Word] = field(default_factory=dict)
    _seen: bool = False  # the server may know of a page that was shown
    _said: bool = False  # this page has said that it is shown
    _stopped: int | None = None
    _took: int = 0
    _taken_s: float = -inf  # since when presses have counted
    _eyes_s: float = -inf  # since when the tab has been visible

    def take(self, record: Record) -> None:
        """Take the next note."""
        match record:
            case Loaded():
                self._end(self.idle, record.got_s)
                self._stopped, self._taken_s = None, record.got_s
                self._show, self._said = None, False
                self._away(record.sent_s)
            case Joined():
                self._join(record)
            case Tried():
                self._try(record)
            case Word():
                self._say(record)
            case Heard(number, at_s):
                for word in [w for n, w in self._words.items() if n <= number]:
                    self._hear(word, at_s)
            case Left() | Stayed():
                self._leave(record)
            case Lost(at_s, heard_s):
                self._close(at_s + GONE_S)
                if self.joined is not None:
                    here = self.joined
                    self._lose(self.epoch, here.on, here.sent_s, at_s, heard_s, here.got_s)
                self.joined = None
            case Stopped(number):
                self._stopped = number
            case Took(number, at_s):
                self._end(self.idle, at_s)
                self._stopped, self._took, self._taken_s = None, number, at_s
            case Known(number, _, at_s):
                if self._stopped is not None and number >= self._stopped:
                    self._begin(self.idle, at_s)
                elif self._took and number >= self._took and self._span is not None:
                    self._arrive(self._span.page, at_s)
            case Ended(at_s):
                self._close(at_s + GONE_S)
                self.joined, self.ended = None, True
                self._away(at_s)

    # ------------------------------------------------------------ what is known now

    def ready(self, pin: str, epoch: str) -> list[tuple[float, float]]:
        """When it can have been ready for a press of a pin."""
        found = [
            (span.from_s, span.to_s)
            for span in self.spans
            if span.epoch in ("", epoch) and any(p == pin for p, _ in self.graph.events[span.page])
        ]
        for holes in (self.hidden, self.idle):
            for hole in holes:
                found = [part for span in found for part in without(span, hole[0], hole[1])]
        return found

    def is_ready(self, pin: str, now_s: float, since_s: float) -> bool:
        """Whether it surely is ready now, and has been for so long."""
        here, show = self.joined, self._show
        return (
            self.certain
            and here is not None
            and here.got_s < now_s - since_s
            and not here.leaving
            and show is not None
            and show.by_s < now_s - since_s
            and any(each == pin for each, _ in self.graph.events[here.on])
            and max(self._taken_s, self._eyes_s) < now_s - since_s
            and self._stopped is None
            and not self._words
            and not (self.hidden and self.hidden[-1][1] == inf)
        )

    @property
    def shown(self) -> Show | None:
        """What it surely shows."""
        here, show = self.joined, self._show
        if not self.certain or here is None or here.leaving or show is None or show.by_s == inf:
            return None
        return show

    def forget(self, before_s: float, epochs: Container[str]) -> None:
        """Forget what was over long ago, and what servers were told that no longer run."""
        self.shows = [each for each in self.shows if each.epoch in epochs]
        self.spans = [each for each in self.spans if each.to_s > before_s]
        self.ways = [each for each in self.ways if each.to_s > before_s]
        self.hidden = [each for each in self.hidden if each[1] > before_s]
        self.idle = [each for each in self.idle if each[1] > before_s]

    # ------------------------------------------------------------ sockets

    def _join(self, record: Joined) -> None:
        anew = record.epoch != self.epoch
        if anew:
            self.epoch = record.epoch
            self._show, self._seen, self._said = None, False, False
        self._close(record.got_s)
        self.joined = record
        self._words.clear()
        self._end(self.hidden, record.sent_s)
        if not record.visible:
            self._begin(self.hidden, record.got_s)
        self._end(self.idle, record.sent_s)
        if not record.takes:
            self._begin(self.idle, record.got_s)
        self._eyes_s = max(self._eyes_s, record.got_s) if not record.visible else self._eyes_s
        if record.since or not self.certain:
            self._open(record.on, record.sent_s)
            if record.visible or self._show is not None:
                self._show_again(record, anew)
            if record.takes:
                self._arrive(record.on, record.got_s)

    def _show_again(self, record: Joined, anew: bool) -> None:
        """A page that connects again counts as shown, where that is not known already."""
        if self._show is None:
            self._new_show(record.on, record.sent_s)
        assert self._show is not None
        if not self.certain:
            return
        if anew or self._said or self._show.by_s < inf:
            self._show.by_s = record.got_s  # it may only now be the youngest
            self._settle_shows()

    def _try(self, record: Tried) -> None:
        """A server may have known this socket, and nobody has heard of it."""
        if record.since and self._seen:
            self.spans.append(Span("", record.on, record.sent_s, record.at_s + GONE_S))
            if self._show is not None and self._show.by_s < inf:
                self._show.by_s = max(self._show.by_s, record.at_s)
        if self._seen:
            self._lose(
                "", record.on, record.sent_s, record.at_s, record.sent_s, record.at_s + GONE_S
            )

    def _open(self, page: str, from_s: float) -> None:
        self._seen = True
        if self._span is None:
            self._span = Span(self.epoch, page, from_s)
            self.spans.append(self._span)

    def _close(self, at_s: float) -> None:
        if self._span is not None:
            self._span.to_s = at_s
            self._span = None

    # ------------------------------------------------------------ words

    def _say(self, word: Word) -> None:
        self._words[word.number] = word
        if word.what == "shown" and self.joined is not None:
            self._said = True
            self._open(self.joined.on, word.sent_s)
            if self._show is None:
                self._new_show(self.joined.on, word.sent_s)
        elif word.what == "visible":
            # The answer to the word before it may come only now.
            self._words = {n: w for n, w in self._words.items() if w.what != "hidden"}
            self._end(self.hidden, word.sent_s)
            self._eyes_s = word.sent_s
        elif word.what == "hidden":
            self._eyes_s = inf

    def _hear(self, word: Word, at_s: float) -> None:
        del self._words[word.number]
        if word.what == "shown":
            if self._show is not None and self._show.by_s == inf:
                self._show.by_s = at_s
            self._settle_shows()
            for way in self.ways:
                if way.at_s < word.sent_s:
                    way.to_s = min(way.to_s, at_s)
        elif word.what == "hidden":
            self._begin(self.hidden, at_s)
        elif word.what == "visible":
            self._eyes_s = min(self._eyes_s, at_s) if self._eyes_s < inf else at_s

    def _new_show(self, page: str, from_s: float) -> None:
        before = self.shows[-1] if self.shows else None
        self._show = Show(self.epoch, page, from_s, inf, before=before)
        self.shows.append(self._show)

    def _settle_shows(self) -> None:
        """What was shown before decides no longer."""
        # It may be one of a server before: then it doesn't matter.
        if self._show is not None and self._show.by_s < inf:
            for show in self.shows:
                if show is not self._show:
                    show.to_s = min(show.to_s, self._show.by_s)

    # ------------------------------------------------------------ ways

    def _leave(self, record: Left | Stayed) -> None:
        here = self.joined
        self._close(record.at_s)
        self.joined = None
        if here is None:
            return
        if isinstance(record, Left):
            self._away(record.at_s)
        if not record.pressed and not record.at_once:
            return  # a level, or an order
        rules = self.leading.events[here.on]
        pins = frozenset(pin for (pin, _), to in rules.items() if to == record.to)
        live = record.pressed and not record.at_once and not record.again
        show = self._show
        known = show is not None and show.by_s < record.at_s - BACK_S
        sure = known and self._eyes_s < record.at_s - BACK_S and not here.leaving and here.visible
        self.ways.append(
            Way(
                self.epoch,
                pins if self._seen else frozenset(),
                here.on,
                max(here.sent_s, record.at_s - BACK_S),
                record.at_s,
                record.at_s + GIVEN_UP_S,
                record.seq if live else None,
                sure=sure and self.certain,
                asked_s=here.sent_s,
                got_s=here.got_s,
                taken_s=self._taken_s,
            )
        )

    def _away(self, at_s: float) -> None:
        """The page was left."""
        for show in self.shows:
            show.left_s = min(show.left_s, at_s)
            show.to_s = min(show.to_s, at_s + GIVEN_UP_S + GONE_S)

    def _lose(
        self, epoch: str, page: str, sent_s: float, at_s: float, heard_s: float, got_s: float
    ) -> None:
        pins = frozenset(pin for pin, _ in self.leading.events[page])
        from_s = max(sent_s, at_s - BACK_S)
        to_s = at_s + GONE_S + GIVEN_UP_S
        way = Way(epoch, pins if self._seen else frozenset(), page, from_s, at_s, to_s, lost=True)
        way.heard_s, way.asked_s, way.got_s, way.taken_s = heard_s, sent_s, got_s, self._taken_s
        self.ways.append(way)

    def _arrive(self, page: str, at_s: float) -> None:
        """It takes presses on a page that it was to leave."""
        for way in self.ways:
            if way.page == page and way.at_s < at_s:
                way.to_s = min(way.to_s, at_s)

    def _begin(self, spans: list[list[float]], at_s: float) -> None:
        if not spans or spans[-1][1] < inf:
            spans.append([at_s, inf])

    def _end(self, spans: list[list[float]], at_s: float) -> None:
        if spans and spans[-1][1] == inf:
            spans[-1][1] = max(at_s, spans[-1][0])


def without(span: tuple[float, float], from_s: float, to_s: float) -> list[tuple[float, float]]:
    """A span without the part between two moments."""
    parts = ((span[0], min(span[1], from_s)), (max(span[0], to_s), span[1]))
    return [(a, b) for a, b in parts if a < b]
