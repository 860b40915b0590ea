"""From a press to the next page, as the pages themselves report it, in browsers that nobody drives.

The same pages, with a picture of 1.2 MB, a film and a web font, through gpiobridge and through
Flask-SocketIO with ``location =``; at full speed, and with less CPU time (`throttle`). "Close" is
when the page before learns that it is to go; "activated" is when a script runs on the page that is
shown.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING

from bench import lanes
from bench.page_ring import RICH, pages_of
from bench.presses import DWELL_S, Lane, Press
from bench.rows_screen import measure, note_of
from bench.table import OURS, Row
from bench.throttle import MissingError, cpu_limit

if TYPE_CHECKING:
    from bench.run import Run

SECTION = "Press to next page"
BASE = "Flask-SocketIO"
WITHOUT_FILM = "cog, without the film"  # WPE WebKit 2.38 sometimes hangs in one
ROUNDS = 8
THROTTLED_ROUNDS = 3
SHORT_ROUNDS = 3
FACTORS = (4, 6)
THROTTLED_DWELL_S = 2.0  # the next page is loaded in the background more slowly, too

Start = Callable[[], AbstractContextManager[Lane]]


def rows(run: "Run") -> Iterator[Row]:
    """Measure, and say what could not be measured."""
    if not run.size.long:
        yield from measured(run, "", SHORT_ROUNDS, _chromium(run))
        return
    others = {
        "Firefox": _bridge(run, "Firefox", "Firefox"),
        "WebKitGTK": _bridge(run, "WebKitGTK", "WebKitGTK"),
        WITHOUT_FILM: _bridge(run, WITHOUT_FILM, "cog", weight="heavy"),
    }
    yield from measured(run, "", ROUNDS, _chromium(run) | others)
    for factor in FACTORS:
        speed = f", 1/{factor} of the CPU"
        try:
            with cpu_limit(factor) as before:
                starts = _chromium(run, before, THROTTLED_DWELL_S)
                yield from measured(run, speed, THROTTLED_ROUNDS, starts)
        except MissingError as error:
            run.fail(f"press to next page{speed}: {error}")
            yield Row(SECTION, f"close to activated{speed}", OURS, "ms", note=str(error))


def measured(run: "Run", speed: str, rounds: int, starts: dict[str, Start]) -> Iterator[Row]:
    """Start the lanes, press in them, and make the rows.

    Args:
        run: is told of the progress, and of what fails.
        speed: what the rows say of the machine's speed.
        rounds: how often each page is shown.
        starts: of the lanes, by what the rows call them.
    """
    run.progress(f"press to next page{speed}: starting {', '.join(starts)}")
    with ExitStack() as stack:
        started: list[Lane] = []
        for who, start in starts.items():
            try:
                started.append(stack.enter_context(start()))
            except (MissingError, AssertionError) as error:
                run.fail(f"press to next page in {who}{speed}: {error}")
                yield Row(SECTION, f"close to activated{speed}", who, "ms", note=str(error))
        if not started:
            return
        run.progress(f"press to next page{speed}: {rounds} rounds")
        presses = measure(run, started, rounds)
    yield from rows_of(presses, speed)


def rows_of(presses: Sequence[Press], speed: str) -> Iterator[Row]:
    """Make the rows: for each of three distances, one for each lane."""
    distances: dict[str, Callable[[Press], float | None]] = {
        "close to activated": lambda press: _between(press.left_ms, press.seen_ms),
        "close to first contentful paint": lambda press: _between(press.left_ms, press.paint_ms),
        "press to first contentful paint": lambda press: press.paint_ms,
    }
    for what, distance in distances.items():
        for who in dict.fromkeys(press.who for press in presses):
            mine = [press for press in presses if press.who == who]
            found = [distance(press) for press in mine]
            samples = tuple(each for each in found if each is not None)
            note = note_of(mine[0].page.way, mine)
            if not samples:
                note = "the browser doesn't tell"
            yield Row(SECTION, f"{what}{speed}", who, "ms", samples, note, BASE)


def _between(begun_ms: float | None, ended_ms: float | None) -> float | None:
    return None if begun_ms is None or ended_ms is None else ended_ms - begun_ms


def _chromium(run: "Run", before: Sequence[str] = (), dwell_s: float = DWELL_S) -> dict[str, Start]:
    """Chromium with gpiobridge's pages, one lane for each way, and with Flask-SocketIO's."""
    pages = pages_of(("plain",), (RICH,))
    ours = {
        f"{OURS}, {way}": _bridge(run, f"{OURS}, {way}", "Chromium", way, before, dwell_s)
        for way in ("prerendered", "plain")
    }
    return ours | {
        BASE: lambda: lanes.socketio_lane(BASE, run.folder, pages, before=before, dwell_s=dwell_s)
    }


def _bridge(
    run: "Run",
    who: str,
    browser: str,
    way: str = "plain",
    before: Sequence[str] = (),
    dwell_s: float = DWELL_S,
    weight: str = RICH,
) -> Start:
    pages = pages_of((way,), (weight,))
    return lambda: lanes.bridge_lane(
        who, browser, run.folder, pages, before=before, dwell_s=dwell_s
    )
