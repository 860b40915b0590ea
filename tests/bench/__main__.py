"""Measure, with progress; print one table; write results and plots into build/bench.

In tests/: ``python -m bench [--long] [--seed N] [--only NAME ...]``. `make bench` calls it.
"""

import argparse
import json
from pathlib import Path

from bench import machine, rows_broadcast
from bench.run import LONG, SHORT, run
from bench.table import Row, text

OUT = Path(__file__).parents[2] / "build" / "bench"


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--long", action="store_true", help="ten minutes instead of one")
    parser.add_argument("--seed", type=int, default=1, help="of the order in each round")
    parser.add_argument("--only", action="append", default=[], help="only this contender")
    parser.add_argument("--out", type=Path, default=OUT, help="where results and plots go")
    options = parser.parse_args()
    with run(LONG if options.long else SHORT, options.seed, tuple(options.only)) as this:
        facts = machine.describe()
        rows: list[Row] = list(rows_broadcast.rows(this))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(
        json.dumps({"facts": facts | this.facts, "rows": [row.as_json() for row in rows]}, indent=1)
    )
    for name, fact in (facts | this.facts).items():
        print(f"- {name}: {fact}")
    print(f"\n{text(rows)}")


if __name__ == "__main__":
    main()
