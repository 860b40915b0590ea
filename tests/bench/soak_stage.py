"""Presses on a stage, one a second: whether memory of the browser and frames stay bounded.

In tests/: ``python -m bench.soak_stage --presses 3600 --seed 1 --resume FILE``. The file has a line
for each sample. A walk that was broken off goes on with a new browser, whose memory begins anew: it
is a new stretch, and only the samples of one stretch are compared.

With ``--new-pictures`` the pages also have a picture that the server sends anew each time, not to
be stored. Without a graphics card, Chromium keeps what it has drawn of each in one cache, for as
long as the stage is there. It bounds that cache itself: a quarter of the memory, at most 512 MB,
and at most half of what is free in /dev/shm. From that bound on, memory is flat.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import lanes, machine
from bench.page_ring import LATE, STAGE_WAYS, WEIGHTS, pages_of, walk
from bench.presses import Lane, press
from bench.reports import COUNT_FRAMES
from bench.throttle import MissingError

PRESS_S = 1.0
EVERY = 30  # presses between two samples
WARM_UP = 120  # presses until a browser's caches and heaps have their size
MOST_GROWTH = 1.1
MOST_FRAMES = 5  # the shown page, the one before it, two that are staged, one that comes


@dataclass(frozen=True, slots=True)
class Sample:
    """How a browser is after some presses.

    Args:
        stretch: how often the walk was begun.
        presses: since the walk began first.
        mib: memory of the browser.
        processes: of the browser.
        frames: most frames in the stage since the sample before.
    """

    stretch: int
    presses: int
    mib: float
    processes: int
    frames: int


def soaked(
    folder: Path,
    browser: str,
    presses: int,
    seed: int,
    *,
    weights: Sequence[str] = WEIGHTS,
    every: int = EVERY,
    stretch: int = 0,
    done: int = 0,
) -> Iterator[Sample]:
    """Press, and take samples.

    Args:
        folder: for files.
        browser: one of `lanes.BROWSERS`.
        presses: how many in all.
        seed: of where each press leads.
        weights: of the pages (`page_ring`).
        every: how many presses are between two samples.
        stretch: how often the walk was begun before.
        done: how many presses there were before.

    Raises:
        MissingError: the browser is not installed.
        AssertionError: a page did not come to the screen.
    """
    chance = random.Random(f"{seed} {stretch}")
    pages = pages_of(STAGE_WAYS, weights)
    options = {"stage": "", "head": COUNT_FRAMES, "leads": walk}
    with lanes.bridge_lane(browser, browser, folder, pages, **options) as lane:
        due_s = time.monotonic()
        for number in range(done + 1, presses + 1):
            due_s = max(due_s + PRESS_S, time.monotonic())
            time.sleep(max(0.0, due_s - time.monotonic()))
            steps = chance.choice((1, 2))
            press(lane, reported=False, steps=steps)
            lane.release(lane.button(steps))
            lane.reports.forget()
            if number % every == 0 or number == presses:
                frames = max(lane.reports.frames, default=0)
                lane.reports.frames.clear()
                processes = len(lane.processes.members())
                yield Sample(stretch, number, memory_of(lane), processes, frames)


def memory_of(lane: Lane) -> float:
    """Return the memory of a lane's browser in MiB: PSS, without what is read from files.

    How much of a file counts depends on what else runs: other browsers share it.
    """
    return machine.pss_kib(lane.processes.members(), "Pss_Anon|Pss_Shmem") / 1024


def verdict(samples: Sequence[Sample]) -> tuple[str, bool]:
    """Say whether memory is flat and frames are bounded.

    Returns:
        A sentence, and whether both are so.
    """
    growths = []
    for stretch in sorted({sample.stretch for sample in samples}):
        mine = [sample for sample in samples if sample.stretch == stretch]
        settled = [each.mib for each in mine if each.presses >= mine[0].presses + WARM_UP]
        fifth = max(1, len(settled) // 5)
        if len(settled) >= 2:
            late, early = statistics.median(settled[-fifth:]), statistics.median(settled[:fifth])
            growths.append(late / early)
    frames = max((sample.frames for sample in samples), default=0)
    growth = max(growths, default=1.0)
    said = f"memory at the end ÷ at the beginning: {growth:.2f}; at most {frames} frames"
    return said, growth <= MOST_GROWTH and frames <= MOST_FRAMES


def read(lines: Iterable[str]) -> list[Sample]:
    """Read the samples of a file; one that was cut off in the middle of a line ends before it."""
    samples = []
    for line in lines:
        try:
            samples.append(Sample(**json.loads(line)))
        except ValueError:
            break
    return samples


def main() -> int:
    """Do a walk; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak_stage", description=__doc__)
    parser.add_argument("--presses", type=int, default=3600, help="how many in all, one a second")
    parser.add_argument("--seed", type=int, default=1, help="of where each press leads")
    parser.add_argument("--resume", type=Path, required=True, help="the file of the samples")
    parser.add_argument("--new-pictures", action="store_true", help="some pictures aren't stored")
    parser.add_argument("--browser", choices=lanes.BROWSERS, default="Chromium")
    options = parser.parse_args()
    file: Path = options.resume
    samples = read(file.read_text().splitlines()) if file.exists() else []
    file.write_text("".join(json.dumps(asdict(sample)) + "\n" for sample in samples))
    done = samples[-1].presses if samples else 0
    stretch = samples[-1].stretch + 1 if samples else 0
    print("| presses | memory, MiB | processes | frames, at most |\n|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="gpiobridge-soak-") as folder:
        weights = (*WEIGHTS, LATE) if options.new_pictures else WEIGHTS
        options_of = {"weights": weights, "stretch": stretch, "done": done}
        walked = soaked(Path(folder), options.browser, options.presses, options.seed, **options_of)
        try:
            for sample in walked:
                samples.append(sample)
                with file.open("a") as written:
                    written.write(json.dumps(asdict(sample)) + "\n")
                print(
                    f"| {sample.presses} of {options.presses} | {sample.mib:.0f} "
                    f"| {sample.processes} | {sample.frames} |",
                    flush=True,
                )
        except (MissingError, AssertionError) as error:
            print(f"after {samples[-1].presses if samples else done} presses: {error}")
            return 1
        except KeyboardInterrupt:
            print(f"ended; the same command goes on after press {samples[-1].presses}")
            return 1
    said, is_well = verdict(samples)
    print(said)
    return int(not is_well)


if __name__ == "__main__":
    sys.exit(main())
