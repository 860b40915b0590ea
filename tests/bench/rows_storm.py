"""A press that moves 1,000 displays: the closes, then the storm of pages and sockets."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import cycle

from bench import machine
from bench.contenders import service
from bench.peers.trigger import PIN
from bench.run import Opponent, OpponentError, Run
from bench.table import OURS, Row

SECTION = "A press that moves all displays"
DISPLAYS = 1000
POINTS = {
    "told": "the press to the last close with 4000",
    "loaded": "the press to the last next page",
    "median": "the press until the median display is live on its next page",
    "live": "the press until all displays are live on their next page",
    "cpu": "processor time of the server for all of it",
}


WAYS = {
    "the page is loaded then (Firefox, WebKit)": False,
    "the page was fetched ahead (Chromium)": True,
}


def rows(run: Run) -> Iterator[Row]:
    """Measure some storms, one after the other."""
    storms = 4 if run.size.long else 1
    points: dict[tuple[str, str], list[float]] = defaultdict(list)
    lost: dict[str, list[str]] = defaultdict(list)
    run.progress(f"{DISPLAYS:,} displays for the storm")
    try:
        opponent = Opponent(service("5s"), run.folder / "storm", "bench.storm")
    except OpponentError as error:
        run.fail(f"the storm is not measured: {error}")
        return
    try:
        opened = opponent.ask("open", DISPLAYS)
        if opened["live"] < DISPLAYS:
            raise OpponentError(f"{opened['live']:,} of {DISPLAYS:,} displays: {opened['lost']}")
        pages = cycle(["/open", "/welcome"])
        for _ in range(storms):
            for way, ahead in run.shuffled(list(WAYS.items())[: None if run.size.long else 1]):
                run.progress(f"a storm of {DISPLAYS:,} displays; {way}")
                before_s = machine.cpu_s(opponent.server.pids)
                answer = opponent.ask("press", "low", PIN, ahead)
                points[way, "cpu"].append(machine.cpu_s(opponent.server.pids) - before_s)
                lost[way] += answer["lost"]
                if answer["pages"] != [page := next(pages)]:
                    lost[way].append(f"pages {answer['pages']} instead of {page}")
                for point in ("told", "loaded", "median", "live"):
                    points[way, point].append(answer[point])
                opponent.ask("set_level", "high", PIN)
                opponent.ask("rest", 1.0)
    except OpponentError as error:
        run.fail(f"the storm ended early: {error}")
    finally:
        opponent.stop()
    for way, sentences in lost.items():
        for sentence in sentences:
            run.fail(f"the storm lost displays ({way}): {sentence}")
    for point, what in POINTS.items():
        for way in WAYS:
            if points[way, point] and not (point == "loaded" and WAYS[way]):
                yield Row(
                    SECTION,
                    f"{what}, {DISPLAYS:,} displays",
                    f"{OURS} run; {way}",
                    "s",
                    tuple(points[way, point]),
                    ("nobody lost" if not lost[way] else "displays were lost")
                    if point == "live"
                    else "",
                    base="",
                )
