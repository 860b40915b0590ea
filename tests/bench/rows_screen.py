"""From a simulated press to the next page's pixels, on a screen as the kiosk has it.

Chromium with its kiosk's command line, Firefox, and cog under cage, each on an Xvfb whose memory is
read twice a millisecond (`screen_memory`). Each browser runs twice: one leaves its pages, the other
shows them on a stage. Two points are watched: the page's background, which is its first pixel, and
the middle of its picture, or of a block in a web font.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench import lanes, trace
from bench.page_ring import FONT, LATE, STAGE_WAYS, WAYS, WEIGHTS, pages_of
from bench.presses import DWELL_S, Lane, Press, press_in_a_hurry, press_in_turn
from bench.table import Row
from bench.throttle import MissingError

if TYPE_CHECKING:
    from bench.run import Run

SECTION = "Press to pixel"
HURRIED = ", presses 0.3 s apart"
LONG_ROUNDS = 12
HURRIED_ROUNDS = 10
SHORT_ROUNDS = 4
CALM_S = 2.0  # from one press in a browser to its next one
QUIET_S = 0.4  # nothing happens in any browser before a press

WORDS = {
    "plain": "plain navigation",
    "prefetched": "prefetched",
    "prerendered": "prerendered",
    "staged": "stage, page staged",
    "unstaged": "stage, page not staged",
}
"""The ways as the rows call them."""
BASE = WORDS["plain"]


class Ring(NamedTuple):
    """Which pages a browser shows, and whether it does so on a stage."""

    browser: str
    ways: Sequence[str]
    weights: Sequence[str]
    on_stage: bool = False
    dwell_s: float = CALM_S


_ALL = (*WEIGHTS, LATE, FONT)
_LONG = (
    Ring("Chromium", WAYS, _ALL),
    Ring("Chromium", STAGE_WAYS, _ALL, on_stage=True),
    Ring("Firefox", ("plain",), _ALL),
    Ring("Firefox", STAGE_WAYS, _ALL, on_stage=True),
    Ring("cog", ("plain",), WEIGHTS),
    Ring("cog", STAGE_WAYS, WEIGHTS, on_stage=True),
)
_SHORT = (
    Ring("Chromium", ("plain", "prerendered"), ("heavy",), dwell_s=DWELL_S),
    Ring("Chromium", STAGE_WAYS, ("heavy",), on_stage=True, dwell_s=DWELL_S),
)


def rows(run: "Run", pictures: Path | None = None) -> Iterator[Row]:
    """Measure from the press to the pixel, and say what could not be measured.

    Args:
        run: its size decides whether all ways are measured, or only what fits into 20 s.
        pictures: a folder for a screenshot of each page; None for none.
    """
    rings, rounds = (_LONG, LONG_ROUNDS) if run.size.long else (_SHORT, SHORT_ROUNDS)
    hurried: list[Press] = []
    with ExitStack() as stack:
        started: list[Lane] = []
        for ring in rings:
            run.progress(f"press to pixel: starting {ring.browser}")
            try:
                started.append(stack.enter_context(_lane(run, ring)))
            except (MissingError, AssertionError) as error:
                run.fail(f"press to pixel in {ring.browser}: {error}")
                who = WORDS[ring.ways[0]]
                yield Row(SECTION, what(ring.browser, "heavy"), who, "ms", note=str(error))
        if not started:
            return
        run.progress(f"press to pixel: {rounds} rounds")
        presses = measure(run, started, rounds, pictures, QUIET_S)
        if run.size.long:
            run.progress(f"press to pixel: {HURRIED_ROUNDS} rounds of presses 0.3 s apart")
            in_a_hurry = press_in_a_hurry(started, HURRIED_ROUNDS, run.fail)
            hurried = [press for _, press in in_a_hurry]
    yield from rows_of(presses)
    yield from rows_of(hurried, HURRIED, ("heavy",))
    yield from trace.rows(run)


def measure(
    run: "Run",
    started: Sequence[Lane],
    rounds: int,
    pictures: Path | None = None,
    quiet_s: float = 0.0,
) -> list[Press]:
    """Press in all lanes, and leave out each page's first time, when nothing is in a cache."""
    known: set[tuple[str, str]] = set()
    presses = []
    for lane, press in press_in_turn(started, rounds + 1, run.fail, quiet_s):
        key = (press.who, press.page.name)
        if key in known:
            presses.append(press)
        elif pictures is not None:
            file = pictures / f"{press.who}-{press.page.name}.png".lower()
            file.write_bytes(lane.screen.picture())
        known.add(key)
    return presses


def rows_of(
    presses: Sequence[Press], how: str = "", weights: Sequence[str] = _ALL
) -> Iterator[Row]:
    """Make the rows: a table for each browser, weight and point, with a row for each way.

    Args:
        presses: of all browsers.
        how: more for the tables' names.
        weights: of the pages that are looked at.
    """
    for browser in dict.fromkeys(press.who for press in presses):
        for weight in weights:
            mine = [p for p in presses if (p.who, p.page.weight) == (browser, weight)]
            ways = dict.fromkeys(press.page.way for press in mine)
            for point, time_of in POINTS.items():
                if point == "picture" and weight == "light":
                    continue
                for way in sorted(ways, key=list(WORDS).index):
                    led = [press for press in mine if press.page.way == way]
                    yield Row(
                        SECTION,
                        what(browser, weight, point) + how,
                        WORDS[way],
                        "ms",
                        tuple(time_of(press) for press in led),
                        note=note_of(way, led),
                        base=BASE,
                    )


def note_of(way: str, presses: Sequence[Press]) -> str:
    """Say how many presses led to a page that was loaded as it should have been, if not all did."""
    is_so: Mapping[str, Callable[..., bool]] = {
        "plain": lambda report: not report.delivery and not report.prerendered,
        "prefetched": lambda report: report.delivery and not report.prerendered,
        "prerendered": lambda report: report.prerendered,
        "staged": lambda report: report.was_behind,
        "unstaged": lambda report: not report.was_behind,
    }
    reports = [press.report for press in presses if press.report is not None]
    count = sum(1 for report in reports if is_so[way](report))
    return "" if count == len(reports) else f"{way}: {count} of {len(reports)}"


POINTS: Mapping[str, Callable[[Press], float]] = {
    "first pixel": lambda press: press.background_ms,
    "picture": lambda press: press.picture_ms,
}


def what(browser: str, weight: str, point: str = "first pixel") -> str:
    """Name the table of a browser, a weight of page and one of `POINTS`."""
    page = {LATE: "a page whose picture is late", FONT: "a page with a web font"}
    point = "block in the web font" if (point, weight) == ("picture", FONT) else point
    return f"{browser}: {point}, {page.get(weight, f'{weight} page')}"


def _lane(run: "Run", ring: Ring) -> AbstractContextManager[Lane]:
    return lanes.bridge_lane(
        ring.browser,
        ring.browser,
        run.folder,
        pages_of(ring.ways, ring.weights),
        dwell_s=ring.dwell_s,
        stage="" if ring.on_stage else None,
    )
