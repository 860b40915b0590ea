"""What a stage costs: memory of the browser for each staged page, and under presses for a while."""

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from browsers.processes import ProcessGroup
from harness.deadline import wait_until

from bench import lanes, machine
from bench.page_ring import fan, pages_of
from bench.reports import COUNT_FRAMES
from bench.soak_stage import Sample, soaked
from bench.table import Row
from bench.throttle import MissingError

if TYPE_CHECKING:
    from bench.run import Run

SECTION = "What a stage costs"
BROWSER = "Chromium"
AHEAD = (0, 1, 2, 4)
ALONE = "a page alone"
ROUNDS = 3
PRESSES = 60
SETTLE_S = 4.0  # a browser still starts services after its first page
STAGED_S = 40.0


def rows(run: "Run") -> Iterator[Row]:
    """Measure, and say what could not be measured."""
    if not run.size.long:
        return
    try:
        yield from memory_rows(run)
        run.progress(f"{PRESSES} presses on a stage, one a second")
        yield from soak_rows(list(soaked(run.folder, BROWSER, PRESSES, run.seed, every=5)))
    except (MissingError, AssertionError) as error:
        run.fail(f"the stage in {BROWSER}: {error}")
        yield Row(SECTION, f"memory of {BROWSER}", ALONE, "MiB", note=str(error), base=ALONE)


def memory_rows(run: "Run") -> Iterator[Row]:
    """Start a browser anew for each number of staged pages, which have a picture of 1.2 MB."""
    found: dict[int | None, list[float]] = {ahead: [] for ahead in (None, *AHEAD)}
    for number in range(ROUNDS):
        run.progress(f"memory of a stage, round {number + 1} of {ROUNDS}")
        for ahead in run.shuffled(list(found)):
            found[ahead].append(memory_mib(run, ahead))
    for ahead, samples in found.items():
        who = ALONE if ahead is None else f"a stage, {ahead} pages staged"
        yield Row(SECTION, f"memory of {BROWSER}", who, "MiB", tuple(samples), base=ALONE)


def memory_mib(run: "Run", ahead: int | None) -> float:
    """Return the memory of a browser that holds so many pages behind the shown one.

    Args:
        run: for its folder.
        ahead: how many; None: it opens the page without a stage.
    """
    kinds = pages_of(("staged",), (max(AHEAD) + 1) * ("heavy",))
    pages = [page._replace(suffix=f"-{number}") for number, page in enumerate(kinds)]
    stage = None if ahead is None else f"ahead={ahead}"
    options = {"stage": stage, "head": COUNT_FRAMES, "leads": fan}
    with lanes.bridge_lane(BROWSER, BROWSER, run.folder, pages, **options) as lane:
        frames = 0 if ahead is None else ahead + 1
        wait_until(lambda: lane.reports.frames[-1:] == [frames], STAGED_S)
        time.sleep(SETTLE_S)
        return pss_mib(lane.processes)


def pss_mib(processes: ProcessGroup) -> float:
    """Return the memory of a browser's processes together."""
    return machine.pss_kib(processes.members()) / 1024


def soak_rows(samples: Sequence[Sample]) -> Iterator[Row]:
    """Compare the last third of a walk with the first one."""
    third = len(samples) // 3
    parts = {"the first third": samples[:third], "the last third": samples[-third:]}
    for who, part in parts.items():
        yield Row(
            SECTION,
            f"memory of {BROWSER}, {PRESSES} presses, one a second",
            who,
            "MiB",
            tuple(sample.mib for sample in part),
            base="the first third",
        )
    most = max(sample.frames for sample in samples)
    what = f"frames in the stage, {PRESSES} presses, one a second"
    yield Row(SECTION, what, "the most", "", (float(most),), base="")
