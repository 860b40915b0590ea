"""What a stage costs: memory of the browser for each staged page, and under presses for a while.

It is the memory without what is read from files (`soak_stage.memory_of`).
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.deadline import wait_until

from bench import lanes
from bench.page_ring import fan, pages_of
from bench.reports import COUNT_FRAMES
from bench.soak_stage import Sample, memory_of, soaked
from bench.table import Row
from bench.throttle import MissingError

if TYPE_CHECKING:
    from bench.run import Run

SECTION = "What a stage costs"
BROWSER = "Chromium"
ALONE = "a page alone"
SETUPS: Mapping[str, tuple[str, int | None]] = {
    ALONE: ("plain", None),
    "a page alone, 4 pages prerendered": ("prerendered", None),
    "a stage, no page staged": ("staged", 0),
    "a stage, 1 page staged": ("staged", 1),
    "a stage, 2 pages staged": ("staged", 2),
    "a stage, 4 pages staged": ("staged", 4),
}
"""How the next pages are loaded, and how many of them are behind the shown one."""

TARGETS = 4
ROUNDS = 3
PRESSES = 90
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
    found: dict[str, list[float]] = {setup: [] for setup in SETUPS}
    for number in range(ROUNDS):
        run.progress(f"memory of a stage, round {number + 1} of {ROUNDS}")
        for setup in run.shuffled(list(found)):
            found[setup].append(memory_mib(run, *SETUPS[setup]))
    for setup, samples in found.items():
        yield Row(SECTION, f"memory of {BROWSER}", setup, "MiB", tuple(samples), base=ALONE)


def memory_mib(run: "Run", way: str, ahead: int | None) -> float:
    """Return the memory of a browser whose page leads to `TARGETS` others.

    Args:
        run: for its folder.
        way: of loading these others.
        ahead: how many of them a stage holds; None: there is no stage.
    """
    kinds = pages_of((way,), (TARGETS + 1) * ("heavy",))
    pages = [page._replace(suffix=f"-{number}") for number, page in enumerate(kinds)]
    stage = None if ahead is None else f"ahead = {ahead}"
    options: dict[str, Any] = {"stage": stage, "head": COUNT_FRAMES, "leads": fan}
    with lanes.bridge_lane(BROWSER, BROWSER, run.folder, pages, **options) as lane:
        frames = 0 if ahead is None else ahead + 1
        wait_until(lambda: lane.reports.frames[-1:] == [frames], STAGED_S)
        time.sleep(SETTLE_S)
        return memory_of(lane)


def soak_rows(samples: Sequence[Sample]) -> Iterator[Row]:
    """Compare the last third of a walk with the middle one; the browser warms up in the first."""
    third = len(samples) // 3
    parts = {"the middle third": samples[third:-third], "the last third": samples[-third:]}
    for who, part in parts.items():
        yield Row(
            SECTION,
            f"memory of {BROWSER}, {PRESSES} presses, one a second",
            who,
            "MiB",
            tuple(sample.mib for sample in part),
            base="the middle third",
        )
    most = max(sample.frames for sample in samples)
    what = f"frames in the stage, {PRESSES} presses, one a second"
    yield Row(SECTION, what, "the most", "frames", (float(most),), base="")
