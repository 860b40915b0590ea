"""Presses in several browsers, in turn, and when what came of each was seen.

A lane is one browser, the server it shows pages of, and the ring of these pages. Every round
presses once in each lane, so what slows the machine down for a while meets all of them. While one
lane is pressed, the others rest.
"""

import contextlib
import http.client
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.page_ring import BACKGROUND_AT, PICTURE_AT, Page
from bench.reports import Report, Reports
from bench.screen_memory import ScreenMemory

LOOK_S = 0.0005  # how often a pixel is read
START_S = 60.0  # for a browser's first page, on a slowed-down CPU, too
LIMIT_S = 15.0
DWELL_S = 0.7  # a visitor looks at the page; the browser loads the next one


@dataclass(slots=True)
class Lane:
    """A browser that shows the pages of a ring.

    Args:
        who: what the rows call it.
        press: makes the browser go to the next page of the ring, which it is given.
        release: ends the press.
        pages: of the ring, in their order; the browser shows the first one.
        reports: what its pages report.
        screen: the screen it is on; None if it has none whose pixels can be read.
        dwell_s: how long it stays on a page, in seconds.
    """

    who: str
    press: Callable[[Page], None]
    release: Callable[[], None]
    pages: Sequence[Page]
    reports: Reports
    screen: ScreenMemory | None = None
    dwell_s: float = DWELL_S
    at: int = 0

    def wait_for_start(self) -> None:
        """Wait until the first page is shown."""
        self.reports.next_of(self.pages[0].name, START_S)


@dataclass(frozen=True, slots=True)
class Press:
    """One press, and when what came of it was seen; seconds of the monotonic clock.

    Args:
        who: its lane.
        page: the page to which it led.
        pressed_s: just before the press.
        background_s: when a pixel of the page's background was on the screen; None without screen.
        picture_s: when the picture was there, too; None without screen.
        wall_s: what makes these times seconds since 1970.
        report: what the page said itself.
    """

    who: str
    page: Page
    pressed_s: float
    background_s: float | None
    picture_s: float | None
    wall_s: float
    report: Report

    @property
    def left_ms(self) -> float | None:
        """From the press until the page before learnt of it."""
        return self._of_report_ms(self.report.left_s)

    @property
    def seen_ms(self) -> float | None:
        """From the press until a script ran on the shown page: its activation, or its start."""
        return self._of_report_ms(self.report.seen_s)

    @property
    def paint_ms(self) -> float | None:
        """From the press to the first contentful paint, as the browser tells it."""
        return self._of_report_ms(self.report.paint_s)

    @property
    def background_ms(self) -> float | None:
        """From the press to the first pixel."""
        return None if self.background_s is None else (self.background_s - self.pressed_s) * 1000

    @property
    def picture_ms(self) -> float | None:
        """From the press to the picture."""
        return None if self.picture_s is None else (self.picture_s - self.pressed_s) * 1000

    def _of_report_ms(self, at_s: float | None) -> float | None:
        return None if at_s is None else (at_s - self.wall_s - self.pressed_s) * 1000


def press_in_turn(
    lanes: Sequence[Lane], rounds: int, fail: Callable[[str], None] | None = None
) -> Iterator[tuple[Lane, Press]]:
    """Press in the lanes, in turn, until each has gone round its ring some times.

    The presses in a short ring are spread evenly among those in the longest one.

    Args:
        lanes: that show their first pages.
        rounds: how often each page is shown.
        fail: is told of a lane that shows a page no more; the others go on.

    Raises:
        AssertionError: a page was not shown in time, and ``fail`` is None.
    """
    lanes = list(lanes)
    rested_s = dict.fromkeys((id(lane) for lane in lanes), time.monotonic())
    longest = max(len(lane.pages) for lane in lanes)
    for step in range(rounds * longest):
        for lane in list(lanes):
            if step * len(lane.pages) % longest >= len(lane.pages):
                continue
            time.sleep(max(0.0, rested_s[id(lane)] + lane.dwell_s - time.monotonic()))
            try:
                pressed = press(lane)
            except AssertionError as error:
                if fail is None:
                    raise
                fail(f"{lane.who}: {error}")
                lanes.remove(lane)
                continue
            yield lane, pressed
            lane.release()
            rested_s[id(lane)] = time.monotonic()


def press(lane: Lane) -> Press:
    """Press once, and wait until the next page is on the screen and has reported."""
    lane.at = (lane.at + 1) % len(lane.pages)
    page = lane.pages[lane.at]
    wall_s = time.time() - time.monotonic()
    pressed_s = time.monotonic()
    lane.press(page)
    background_s = picture_s = None
    if lane.screen is not None:
        background_s = look(lane.screen, BACKGROUND_AT, page)
        picture_s = look(lane.screen, PICTURE_AT, page)
    report = lane.reports.next_of(page.name, LIMIT_S)
    return Press(lane.who, page, pressed_s, background_s, picture_s, wall_s, report)


def look(screen: ScreenMemory, at: tuple[int, int], page: Page) -> float:
    """Wait until a pixel has a page's colour, and return when that was."""
    until_s = time.monotonic() + LIMIT_S
    while screen.colour_at(*at) != page.colour:
        assert time.monotonic() < until_s, f"{page.name} did not come to the screen"
        time.sleep(LOOK_S)
    return time.monotonic()


def post(port: int, path: str, body: str) -> None:
    """Post something to a server, on a connection of its own: one that is kept may have ended.

    Raises:
        AssertionError: the answer is not 204.
    """
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
    with contextlib.closing(link):
        link.request("POST", path, body)
        answer = link.getresponse()
        assert answer.status == 204, answer.read()


def set_level(port: int, level: str) -> None:
    """Set the button's pin of a bridge."""
    post(port, "/simulator/pins/button", json.dumps({"level": level}))
