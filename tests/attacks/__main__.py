"""Attacks on a running bridge, beside a good display: are its edges and pages in time?

::

    cd tests
    python -m attacks                            # each attack for a few seconds, as in CI
    python -m attacks --minutes 5                # each for 5 minutes: does anything grow?
    python -m attacks --only frames              # those with this in their name or row
    python -m attacks --table ../docs/withstands.md   # write the table of figures there

The exit code is 1 if an edge or a page came too late, or if something did not come back to what it
was. All is on loopback; the strangers come from other addresses of 127.0.0.0/8.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # `harness`, whatever PYTHONPATH says

from attacks.catalogue import ATTACKS
from attacks.figures import markdown, write_into
from attacks.trial import try_out


def main() -> int:
    """Try the attacks, and say what was measured."""
    parser = argparse.ArgumentParser(prog="python -m attacks", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, help="how long each attack lasts; else seconds")
    parser.add_argument("--only", default="", help="a part of their names, or a row's number")
    parser.add_argument("--table", type=Path, help="a Markdown file that has the table")
    options = parser.parse_args()
    only = options.only
    rows = {str(attack.row) for attack in ATTACKS}
    chosen = [it for it in ATTACKS if (only == str(it.row) if only in rows else only in it.name)]
    if not chosen:
        parser.error(f"--only {options.only}: there is no such attack")
    seconds = None if options.minutes is None else 60 * options.minutes
    results, failed = [], 0
    for number, attack in enumerate(chosen, 1):
        print(f"{number} of {len(chosen)}: {attack.name}, row {attack.row} ...", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            result = try_out(attack, Path(folder), seconds)
        results.append(result)
        complaints = result.complaints()
        failed += bool(complaints)
        print(f"    {result.told()}")
        print("".join(f"    FAILED: {complaint}\n" for complaint in complaints), end="", flush=True)
    table = markdown(results)
    print(f"\n{table}\n{failed} of {len(results)} failed" if failed else f"\n{table}\nall held")
    if options.table is not None:
        write_into(options.table, table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
