"""From a simulated press to the next page's pixels, on a screen as the kiosk has it.

Chromium with its kiosk's command line, and Firefox beside it, each on an Xvfb whose memory is read
twice a millisecond (`screen_memory`). Two points are watched: the page's background, which is its
first pixel, and the middle of its picture.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from bench import lanes, trace
from bench.page_ring import WAYS, WEIGHTS, pages_of
from bench.presses import Lane, Press, press_in_turn
from bench.table import Row
from bench.throttle import MissingError

if TYPE_CHECKING:
    from bench.run import Run

SECTION = "Press to pixel"
LONG_ROUNDS = 16
SHORT_ROUNDS = 4


def rows(run: "Run", pictures: Path | None = None) -> Iterator[Row]:
    """Measure from the press to the pixel, and say what could not be measured.

    Args:
        run: its size decides whether all ways are measured, or only what fits into 20 s.
        pictures: a folder for a screenshot of each page; None for none.
    """
    if run.size.long:
        rings = {"Chromium": (WAYS, WEIGHTS), "Firefox": (("plain",), WEIGHTS)}
        rounds = LONG_ROUNDS
    else:
        rings = {"Chromium": (("plain", "prerendered"), ("heavy",))}
        rounds = SHORT_ROUNDS
    with ExitStack() as stack:
        started: list[Lane] = []
        for browser, (ways, weights) in rings.items():
            run.progress(f"press to pixel: starting {browser}")
            try:
                pages = pages_of(ways, weights)
                lane = lanes.bridge_lane(browser, browser, run.folder, pages)
                started.append(stack.enter_context(lane))
            except (MissingError, AssertionError) as error:
                run.fail(f"press to pixel in {browser}: {error}")
                yield Row(SECTION, "first pixel", browser, "ms", note=str(error))
        if not started:
            return
        run.progress(f"press to pixel: {rounds} rounds")
        presses = measure(run, started, rounds, pictures)
    yield from rows_of(presses)
    yield from trace.rows(run)


def measure(
    run: "Run", started: Sequence[Lane], rounds: int, pictures: Path | None = None
) -> list[Press]:
    """Press in all lanes, and leave out each page's first time, when nothing is in a cache."""
    known: set[tuple[str, str]] = set()
    presses = []
    for lane, press in press_in_turn(started, rounds + 1, run.fail):
        key = (press.who, press.page.name)
        if key in known:
            presses.append(press)
        elif pictures is not None and lane.screen is not None:
            file = pictures / f"{press.who}-{press.page.name}.png".lower()
            file.write_bytes(lane.screen.picture())
        known.add(key)
    return presses


def rows_of(presses: Sequence[Press]) -> Iterator[Row]:
    """Make the rows: one for each browser, way and weight."""
    for what, field in (("first pixel", "background_ms"), ("picture", "picture_ms")):
        for weight in WEIGHTS:
            if what == "picture" and weight == "light":
                continue
            for who, way in dict.fromkeys((press.who, press.page.way) for press in presses):
                mine = [
                    p for p in presses if (p.who, p.page.way, p.page.weight) == (who, way, weight)
                ]
                if mine:
                    yield Row(
                        SECTION,
                        f"{what}, {weight} page",
                        f"{who}, {way}",
                        "ms",
                        tuple(getattr(press, field) for press in mine),
                        note=note_of(way, mine),
                        base="Chromium, plain",
                    )


def note_of(way: str, presses: Sequence[Press]) -> str:
    """Say how many presses led to a page that was loaded as it should have been, if not all did."""
    is_so = {
        "plain": lambda press: not press.report.delivery and not press.report.prerendered,
        "prefetched": lambda press: press.report.delivery and not press.report.prerendered,
        "prerendered": lambda press: press.report.prerendered,
    }
    count = sum(1 for press in presses if is_so[way](press))
    return "" if count == len(presses) else f"{way}: {count} of {len(presses)}"
