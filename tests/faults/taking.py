"""When a page takes presses: not in its lockout, not while a film plays, not during its farewell.

What the page says is as client.js says it; that each change is numbered and noted, is ours.
"""

import asyncio
import time
from collections.abc import Callable
from math import inf
from random import Random

from faults.records import Record, Stopped, Took

Span = tuple[float, float]
"""From when to when, in seconds since the page was shown."""


def draw_films(random: Random) -> list[Span]:
    """When the films of one visit play: mostly from the page's first moment on, or a bit later."""
    begin_s = random.choice((0.0, random.uniform(0.05, 0.8)))
    spans = [(begin_s, begin_s + random.uniform(0.1, 0.8))]
    if random.random() < 0.3:
        begin_s = spans[0][1] + random.uniform(0.2, 0.8)
        spans.append((begin_s, begin_s + random.uniform(0.1, 0.5)))
    return spans


class Taking:
    """Whether the page of a tab takes presses, and since when.

    Args:
        note: takes its notes.
        changed: called after each change but those of a page's begin.

    Attributes:
        number: of the newest statement; they are numbered through a tab's whole life.
        since_s: the moment since which presses have counted; None while they don't.
    """

    def __init__(self, note: Callable[[Record], None], changed: Callable[[], None]) -> None:
        self.number = 0
        self.since_s: float | None = -inf
        self._note = note
        self._changed = changed
        self._held: set[Span] = set()
        self._timers: list[asyncio.TimerHandle] = []

    def begin(self, spans: list[Span], shown_s: float, led_s: float | None, seq: int) -> None:
        """Begin a page.

        Args:
            spans: when it will take no presses.
            shown_s: when it was shown.
            led_s: when its load began, if a farewell was before it; presses count from then on.
            seq: what the tab had acted on, if the page is loaded again; else -1.
        """
        self.end()
        loop = asyncio.get_running_loop()
        now_s = time.monotonic()
        for span in spans:
            begin_s, end_s = (shown_s + at_s for at_s in span)
            if begin_s <= now_s:
                self._held.add(span)
            else:
                self._timers.append(loop.call_later(begin_s - now_s, self._hold, span))
            self._timers.append(loop.call_later(max(0.0, end_s - now_s), self._let_go, span))
        self.since_s = None if self._held else -inf if led_s is None else led_s
        if self.since_s is not None and led_s is not None:
            self.number += 1
            self._note(Took(self.number, led_s))
        elif self._held:
            self.number += 1
            self._note(Stopped(self.number, -inf, seq, True))

    def say_farewell(self) -> None:
        """From now on no press counts, until the next page begins."""
        self.end()
        self.since_s = None
        self.number += 1
        self._note(Stopped(self.number, -inf, -1, True))

    def end(self) -> None:
        """The page is gone."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._held.clear()

    @property
    def parameter(self) -> str | None:
        """What a socket's address says; None for nothing."""
        if self.since_s is None:
            return "none"
        return None if self.since_s == -inf else f"{self._for_ms():.3f}"

    @property
    def frame(self) -> dict[str, object]:
        """What the server is told on an open socket."""
        since_ms = None if self.since_s is None else round(self._for_ms(), 3)
        return {"type": "taking", "since_ms": since_ms}

    def _for_ms(self) -> float:
        assert self.since_s is not None
        return 1000 * (time.monotonic() - self.since_s)

    def _hold(self, span: Span) -> None:
        self._held.add(span)
        if self.since_s is not None:
            self.since_s = None
            self.number += 1
            self._changed()

    def _let_go(self, span: Span) -> None:
        self._held.discard(span)
        if not self._held and self.since_s is None:
            self.since_s = time.monotonic()
            self.number += 1
            self._note(Took(self.number, self.since_s))
            self._changed()
