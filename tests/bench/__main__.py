"""Measure, with progress; print one table; write results and plots into build/bench.

In tests/: ``python -m bench [--long] [--seed N] [--only NAME ...]``. `make bench` calls it.
"""

import argparse
import importlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench import machine, report
from bench.run import LONG, SHORT, TINY, Run, run
from bench.table import Row

OUT = Path(__file__).parents[2] / "build" / "bench"
PAGE = Path(__file__).parents[2] / "docs" / "measurements.md"
# The modules ``rows_<part>``, in this order, and how many seconds the short and the long form take.
PARTS = {
    "broadcast": (30, 240),
    "rest": (12, 30),
    "storm": (6, 50),
    "start": (5, 30),
    "navigation": (15, 120),
    "screen": (18, 600),
    "stage": (0, 240),
    "other": (0, 70),
}
MOST_S = 1800
"""No part begins that would make the run longer than this."""


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--long", action="store_true", help="25 minutes instead of one")
    parser.add_argument("--tiny", action="store_true", help="a few seconds, to see that it works")
    parser.add_argument("--seed", type=int, default=1, help="of the order in each round")
    parser.add_argument("--only", action="append", default=[], help="only this contender")
    parser.add_argument(
        "--part", action="append", default=[], choices=list(PARTS), help="only this part"
    )
    parser.add_argument("--out", type=Path, default=OUT, help="where results and plots go")
    parser.add_argument("--draw", action="store_true", help="only draw the results of the last run")
    parser.add_argument(
        "--publish", action="store_true", help="only put the last run into docs/measurements.md"
    )
    options = parser.parse_args()
    if options.publish:
        report.publish(options.out, PAGE)
        return
    if options.draw:
        report.write(options.out, *report.read(options.out))
        return
    size = LONG if options.long else TINY if options.tiny else SHORT
    facts = {"run": size.described(options.seed), **machine.describe()}
    rows: list[Row] = []
    try:
        with run(size, options.seed, tuple(options.only)) as this:
            parts = options.part or list(PARTS)
            this.plan = [PARTS[part][size.long] for part in parts]
            for part in parts:
                planned_s = PARTS[part][size.long]
                if time.monotonic() - this.began_s + planned_s > MOST_S:
                    this.fail(f"the part {part} is left out: the run is too slow on this machine")
                else:
                    rows += measured(this, part)
                this.part_done()
    except KeyboardInterrupt:
        sys.exit("ended; nothing was written")
    facts |= this.facts
    facts["took"] = f"{time.monotonic() - this.began_s:.0f} s"
    files = report.write(options.out, facts, this.failures, rows)
    print(report.shown(facts, this.failures, rows, PAGE))
    print(f"written: {options.out}: {', '.join(file.name for file in files)}")


def measured(this: Run, part: str) -> Iterator[Row]:
    """The rows of one part; if it fails, the run goes on without the rest of them."""
    try:
        module = importlib.import_module(f"bench.rows_{part}")
    except ModuleNotFoundError as error:
        this.fail(f"the part {part} is left out: {error}")
        return
    try:
        yield from module.rows(this)
    except Exception as error:
        this.fail(f"the part {part} ended early: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
