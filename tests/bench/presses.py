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

from browsers.processes import ProcessGroup

from bench.page_ring import BACKGROUND_AT, BUTTONS, PICTURE_AT, Page
from bench.reports import Report, Reports
from bench.screen_memory import ScreenMemory

LOOK_S = 0.0005  # how often a pixel is read
START_S = 60.0  # for a browser's first page, on a slowed-down CPU, too
LIMIT_S = 15.0
DWELL_S = 0.7  # a visitor looks at the page; the browser loads the next one
HURRY_S = 0.3  # from press to press of a visitor who presses as fast as pages come


@dataclass(slots=True)
class Lane:
    """A browser that shows the pages of a ring.

    Args:
        who: what the rows call it.
        press: makes the browser go to a page, which it is given with the button that leads there.
        release: ends the press of a button.
        pages: of the ring, in their order; the browser shows the first one.
        reports: what its pages report.
        screen: the screen it is on.
        processes: of the browser.
        dwell_s: how long it stays on a page, in seconds.
    """

    who: str
    press: Callable[[Page, str], None]
    release: Callable[[str], None]
    pages: Sequence[Page]
    reports: Reports
    screen: ScreenMemory
    processes: ProcessGroup
    dwell_s: float = DWELL_S
    at: int = 0

    def button(self, steps: int = 1) -> str:
        """Return the button that leads so many pages on."""
        return BUTTONS[steps - 1]

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
        background_s: when a pixel of the page's background was on the screen.
        picture_s: when the picture was there, too.
        wall_s: what makes these times seconds since 1970.
        report: what the page said itself; None if nobody waited for it.
    """

    who: str
    page: Page
    pressed_s: float
    background_s: float
    picture_s: float
    wall_s: float
    report: Report | None

    @property
    def left_ms(self) -> float | None:
        """From the press until the page before learnt of it."""
        return self._of_report_ms(self.report and self.report.left_s)

    @property
    def seen_ms(self) -> float | None:
        """From the press until a script ran on the shown page: its activation, or its start."""
        return self._of_report_ms(self.report and self.report.seen_s)

    @property
    def paint_ms(self) -> float | None:
        """From the press to the first contentful paint, as the browser tells it."""
        return self._of_report_ms(self.report and self.report.paint_s)

    @property
    def background_ms(self) -> float:
        """From the press to the first pixel."""
        return (self.background_s - self.pressed_s) * 1000

    @property
    def picture_ms(self) -> float:
        """From the press to the picture."""
        return (self.picture_s - self.pressed_s) * 1000

    def _of_report_ms(self, at_s: float | None) -> float | None:
        return None if at_s is None else (at_s - self.wall_s - self.pressed_s) * 1000


def press_in_turn(
    lanes: Sequence[Lane],
    rounds: int,
    fail: Callable[[str], None] | None = None,
    quiet_s: float = 0.0,
) -> Iterator[tuple[Lane, Press]]:
    """Press in the lanes, in turn, until each has gone round its ring some times.

    The presses in a short ring are spread evenly among those in the longest one.

    Args:
        lanes: that show their first pages.
        rounds: how often each page is shown.
        fail: is told of a lane that shows a page no more; the others go on.
        quiet_s: how long nothing happens in any lane before a press: a page that was just shown may
            still load the next one.

    Raises:
        AssertionError: a page was not shown in time, and ``fail`` is None.
    """
    lanes = list(lanes)
    rested_s = dict.fromkeys((id(lane) for lane in lanes), time.monotonic())
    longest = max(len(lane.pages) for lane in lanes)
    last_s = 0.0
    for step in range(rounds * longest):
        for lane in list(lanes):
            if step * len(lane.pages) % longest >= len(lane.pages):
                continue
            from_s = max(rested_s[id(lane)] + lane.dwell_s, last_s + quiet_s)
            time.sleep(max(0.0, from_s - time.monotonic()))
            try:
                pressed = press(lane)
            except AssertionError as error:
                if fail is None:
                    raise
                fail(f"{lane.who}: {error}")
                lanes.remove(lane)
                continue
            yield lane, pressed
            lane.release(lane.button())
            rested_s[id(lane)] = last_s = time.monotonic()


def press_in_a_hurry(
    lanes: Sequence[Lane], rounds: int, fail: Callable[[str], None]
) -> Iterator[tuple[Lane, Press]]:
    """Press every `HURRY_S` once round the ring of a lane, then in the next lane, some times.

    The pages don't stay long enough to report. For the arguments see `press_in_turn`.
    """
    lanes = list(lanes)
    for _ in range(rounds):
        for lane in list(lanes):
            try:
                for _ in lane.pages:
                    pressed = press(lane, reported=False)
                    lane.release(lane.button())
                    yield lane, pressed
                    time.sleep(max(0.0, pressed.pressed_s + HURRY_S - time.monotonic()))
            except AssertionError as error:
                fail(f"{lane.who}: {error}")
                lanes.remove(lane)
            time.sleep(DWELL_S)  # its pages still report
            lane.reports.forget()


def press(lane: Lane, *, reported: bool = True, steps: int = 1) -> Press:
    """Press once, and wait until the next page is on the screen and has reported.

    Args:
        lane: where.
        reported: whether to wait for the page's report.
        steps: how many pages on; there is a button for each number.
    """
    lane.at = (lane.at + steps) % len(lane.pages)
    page = lane.pages[lane.at]
    wall_s = time.time() - time.monotonic()
    pressed_s = time.monotonic()
    lane.press(page, lane.button(steps))
    background_s = look(lane.screen, BACKGROUND_AT, page)
    picture_s = look(lane.screen, PICTURE_AT, page)
    report = lane.reports.next_of(page.name, LIMIT_S) if reported else None
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


def set_level(port: int, pin: str, level: str) -> None:
    """Set a simulated pin of a bridge."""
    post(port, f"/simulator/pins/{pin}", json.dumps({"level": level}))
