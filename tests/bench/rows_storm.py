"""A press that moves 1,000 displays: the closes, then the storm of pages and sockets."""

from collections import defaultdict
from collections.abc import Iterator

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


def rows(run: Run) -> Iterator[Row]:
    """Measure some storms, one after the other."""
    storms = 5 if run.size.long else 1
    run.progress(f"{storms} storms of {DISPLAYS:,} displays")
    points: dict[str, list[float]] = defaultdict(list)
    lost: list[str] = []
    try:
        opponent = Opponent(service("5s"), run.folder / "storm", "bench.storm")
    except OpponentError as error:
        run.fail(f"the storm is not measured: {error}")
        return
    try:
        opened = opponent.ask("open", DISPLAYS)
        if opened["live"] < DISPLAYS:
            raise OpponentError(f"{opened['live']:,} of {DISPLAYS:,} displays: {opened['lost']}")
        for number in range(storms):
            before_s = machine.cpu_s(opponent.server.pids)
            answer = opponent.ask("press", "low", PIN)
            points["cpu"].append(machine.cpu_s(opponent.server.pids) - before_s)
            lost += answer["lost"]
            page = "/welcome" if number % 2 else "/open"
            if answer["pages"] != [page]:
                lost.append(f"pages {answer['pages']} instead of {page}")
            for point in ("told", "loaded", "median", "live"):
                points[point].append(answer[point])
            opponent.ask("set_level", "high", PIN)
            opponent.ask("rest", 1.0)
    except OpponentError as error:
        run.fail(f"the storm ended early: {error}")
    finally:
        opponent.stop()
    for sentence in lost:
        run.fail(f"the storm lost displays: {sentence}")
    note = "nobody lost" if not lost else f"lost: {len(lost)}"
    for point, what in POINTS.items():
        if points[point]:
            yield Row(
                SECTION,
                f"{what}, {DISPLAYS:,} displays",
                f"{OURS} run",
                "s",
                tuple(points[point]),
                note if point == "live" else "",
                base="",
            )
