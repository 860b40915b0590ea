"""From one event to the first, the median and the last of many displays, and what that costs.

All contenders run at the same time, each with its own displays, and take turns: in each round each
has one turn, in an order drawn anew. So they meet the same ups and downs of the machine. While one
has its turn the others sleep.
"""

import contextlib
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from bench import machine
from bench.contenders import contenders
from bench.run import Opponent, OpponentError, Run
from bench.table import LIMIT, OURS, Row

SECTION = "From the event to the displays"
MEMORY = "Memory"
CONNECT_S = 60.0
CONNECT_ALL_S = 150.0
ROUNDS_S = {1: 45.0, 100: 45.0, 1000: 90.0, 5000: 150.0}
"""A slow machine has fewer rounds, and says so, instead of a run without an end."""

PAUSE_S = 0.02
"""Between two turns: what a server still does after the last receipt belongs to its own turn."""

POINTS = ("first", "median", "last")
EVENT_TO = "the event to the "
LAST = f"{EVENT_TO}last of "
ONLY = f"{EVENT_TO}only display"


@dataclass(slots=True)
class Figures:
    """One piece of work of one contender: a value of each round.

    Args:
        ms: by point ("first", "median", "last").
        cpu_ms: processor time of the server for one event.
        busy: the share of the time for which the client was busy.
    """

    ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu_ms: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)


def rows(run: Run) -> Iterator[Row]:
    """Measure all contenders with each number of displays."""
    with contextlib.ExitStack() as stack:
        opponents: dict[str, Opponent] = {}
        failed: dict[str, str] = {}
        for contender in filter(run.wants, contenders()):
            run.facts[contender.name] = contender.lacks or contender.version
            if contender.lacks:
                failed[contender.name] = contender.lacks
                run.fail(f"{contender.name} is not compared: {contender.lacks}")
                continue
            try:
                opponent = Opponent(contender, run.folder / f"peer{len(opponents)}")
            except OpponentError as error:
                failed[contender.name] = str(error)
                run.fail(f"{contender.name} is not compared: {error}")
                continue
            stack.callback(opponent.stop)
            opponents[contender.name] = opponent
        memory: dict[str, dict[int, float]] = defaultdict(dict)
        for displays in sorted(run.size.rounds):
            _connect(run, opponents, failed, displays, memory)
            figures = _in_order(_rounds(run, opponents, failed, displays))
            yield from _timing_rows(figures, failed, displays)
            if displays == 1000 or run.size.long:
                _check_client(run, opponents.get(LIMIT), displays, figures)
        yield from _memory_rows(run, memory, failed)


def _connect(
    run: Run,
    opponents: dict[str, Opponent],
    failed: dict[str, str],
    displays: int,
    memory: dict[str, dict[int, float]],
) -> None:
    run.progress(f"opening {displays:,} displays at each of {len(opponents)} servers")
    until_s = time.monotonic() + CONNECT_ALL_S
    for name, opponent in list(opponents.items()):
        if not memory[name]:
            time.sleep(0.2)  # it has just begun to listen
            memory[name][0] = machine.pss_kib(opponent.server.pids)
        try:
            budget_s = max(5.0, min(CONNECT_S, until_s - time.monotonic()))
            done = opponent.ask("connect", displays, budget_s)
            if done["displays"] < displays:
                raise OpponentError(
                    f"{done['displays']:,} of {displays:,} displays after {budget_s:.0f} s"
                )
        except OpponentError as error:
            _give_up(run, opponents, failed, name, f"with {displays:,} displays: {error}")
            continue
        time.sleep(0.1)
        memory[name][displays] = machine.pss_kib(opponent.server.pids)


def _rounds(
    run: Run, opponents: dict[str, Opponent], failed: dict[str, str], displays: int
) -> dict[str, Figures]:
    figures: dict[str, Figures] = defaultdict(Figures)
    count = run.size.rounds[displays]
    run.progress(f"{count} rounds with {displays:,} displays")
    until_s = time.monotonic() + ROUNDS_S.get(displays, 45.0)
    for number in range(count + 1):
        if number > 2 and time.monotonic() > until_s:
            run.fail(f"only {number - 1} of {count} rounds with {displays:,} displays: it is slow")
            break
        turns = [(name, who) for name in opponents for who in opponents[name].contender.work]
        for name, who in run.shuffled(turns):
            if name not in opponents:
                continue
            try:
                _turn(opponents[name], who, figures[who] if number else Figures(), displays)
            except OpponentError as error:
                _give_up(run, opponents, failed, name, f"with {displays:,} displays: {error}")
                figures.pop(who, None)
    return figures


def _in_order(figures: dict[str, Figures]) -> dict[str, Figures]:
    """The figures in the order of the contenders, whoever had the first turn."""
    names = [who for contender in contenders() for who in contender.work]
    return {who: figures[who] for who in names if who in figures}


def _turn(opponent: Opponent, who: str, figures: Figures, displays: int) -> None:
    """One turn of a contender; its sample is the median of some events."""
    events = 7 if displays <= 10 else 3 if displays <= 1000 else 1
    pids = opponent.server.pids
    before_s = machine.cpu_s(pids)
    answer = opponent.ask("turn", opponent.contender.work[who], events)
    time.sleep(PAUSE_S)
    figures.cpu_ms.append((machine.cpu_s(pids) - before_s) / events * 1000)
    figures.busy.append(answer["busy"])
    for point, values in zip(POINTS, zip(*answer["ms"], strict=True), strict=True):
        figures.ms[point].append(statistics.median(values))


def _give_up(
    run: Run, opponents: dict[str, Opponent], failed: dict[str, str], name: str, why: str
) -> None:
    run.fail(f"{name}, {why}")
    failed[name] = why
    opponents.pop(name).stop()


def _timing_rows(
    figures: dict[str, Figures], failed: dict[str, str], displays: int
) -> Iterator[Row]:
    of = _displays(displays)
    points = {"last": ONLY} if displays == 1 else {
        point: f"{EVENT_TO}{point} of {of}" for point in POINTS
    }  # fmt: skip
    for point, what in points.items():
        for who, it in figures.items():
            yield Row(SECTION, what, who, "ms", tuple(it.ms[point]))
        yield from _missing(what, failed, "ms")
    if displays == 1 and LIMIT in figures:
        limit = figures[LIMIT].ms["last"]
        for who, it in figures.items():
            if who != LIMIT:
                above = (ms - least for ms, least in zip(it.ms["last"], limit, strict=False))
                what = f"{ONLY}, above the limit in the same round"
                yield Row(SECTION, what, who, "ms", tuple(above), base="")
    what = f"processor time of the server for one event, {of}"
    for who, it in figures.items():
        yield Row(SECTION, what, who, "ms", tuple(it.cpu_ms))
    yield from _missing(what, failed, "ms")


def _displays(count: int) -> str:
    return f"{count:,} displays" if count > 1 else "1 display"


def _missing(what: str, failed: dict[str, str], unit: str, section: str = SECTION) -> Iterator[Row]:
    for name, why in failed.items():
        yield Row(section, what, name, unit, note=why)


def _check_client(
    run: Run, limit: Opponent | None, displays: int, figures: dict[str, Figures]
) -> None:
    """Whether the client holds anything up: its receipts against the kernel's stamps."""
    if limit is None or LIMIT not in figures:
        return
    behind = []
    for _ in range(5):
        with contextlib.suppress(OpponentError):
            answer = limit.ask("lag", "edge")
            behind.append((answer["here"] - answer["kernel"], answer["kernel"]))
    busy = statistics.median(figures[LIMIT].busy)
    if behind:
        later_ms = statistics.median(late for late, _ in behind)
        kernel_ms = statistics.median(kernel for _, kernel in behind)
        run.facts[f"client, {_displays(displays)}"] = (
            f"beside the fastest server (the limit) it has read the last frame {later_ms:.2f} ms "
            f"after the kernel stamped its arrival, at {kernel_ms:.2f} ms; it was busy for "
            f"{busy:.0%} of the time"
        )


def _memory_rows(
    run: Run, memory: dict[str, dict[int, float]], failed: dict[str, str]
) -> Iterator[Row]:
    for name, kib in memory.items():
        yield Row(MEMORY, "all processes of the server at rest (PSS)", name, "MiB",
                  (kib[0] / 1024,), base=OURS)  # fmt: skip
    sizes = sorted(run.size.rounds)
    for least, most in pairwise(sizes):
        if most < 1000:
            continue
        what = f"one display (growth of PSS from {least:,} to {most:,} displays)"
        for name, kib in memory.items():
            if most in kib:
                each = (kib[most] - kib[least]) / (most - least)
                yield Row(MEMORY, what, name, "KiB", (each,), base=OURS)
            else:
                yield Row(MEMORY, what, name, "KiB", note=failed.get(name, ""), base=OURS)
