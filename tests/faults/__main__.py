"""Presses under every fault we can make: is one lost, or one invented?

::

    cd tests
    python -m faults                      # four seeds, 10,000 presses, 1,000 faults: 20 minutes
    python -m faults --resume FILE        # the same, and goes on where FILE says it had got to
    python -m faults --short              # for CI: two seeds, a minute and a half
    python -m faults --seed 3 --verbose   # one seed again, with what happened when
    python -m faults --old-client --short # the suite finds what it must find
    python -m faults --broken ask-again   # the same, with one thing broken in the server

The exit code is 1 if a press, an order or a message was lost or invented, if events were numbered
in the wrong order, or if a display was not back in time. A seed fixes every press and every fault;
what they meet still depends on the machine's timing.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # `harness`, whatever PYTHONPATH says

from faults.breakages import BREAKAGES
from faults.oracle.facts import FINDINGS, Verdict
from faults.report import Kept, by_kind
from faults.run import Run, play
from faults.waveform import PLAYS


def main() -> int:
    """Play the seeds."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", "--seed", default="1,2,3,4", help="comma-separated")
    parser.add_argument("--presses", type=int, default=2600, help="at least so many a seed")
    parser.add_argument("--minutes", type=float, default=20.0, help="at most so long, all seeds")
    parser.add_argument("--displays", type=int, default=16)
    parser.add_argument("--stages", type=int, default=2, help="more displays, in Chromium")
    parser.add_argument("--burst", type=float, default=5.0, help="seconds of presses a round")
    parser.add_argument("--short", action="store_true", help="for CI: two seeds, 75 s")
    parser.add_argument(
        "--old-client",
        action="store_true",
        help="displays as of 0.1, which lose presses: shows that the suite finds them",
    )
    parser.add_argument("--broken", default="", choices=["", *BREAKAGES], help="break the server")
    parser.add_argument("--no-timed", action="store_true", help="no presses of one request")
    parser.add_argument("--resume", type=Path, help="keep what is done here; go on from it")
    parser.add_argument("--verbose", action="store_true", help="print what happens when")
    options = parser.parse_args()
    if options.short:
        options.seeds, options.presses, options.minutes = "1,2", 200, 1.25
        options.stages = min(options.stages, 1)
    seeds = [int(seed) for seed in options.seeds.split(",")]
    until_s = time.monotonic() + 60 * options.minutes
    kept = Kept(options.resume)
    reports = []
    for at, seed in enumerate(seeds):
        # What is left of the time is shared out.
        share_s = (until_s - time.monotonic()) / (len(seeds) - at)
        with tempfile.TemporaryDirectory(prefix="gpiobridge-faults-") as folder:
            run = Run(
                seed,
                Path(folder),
                displays=options.displays,
                groups=2,
                stages=options.stages,
                burst_s=options.burst,
                careful=not options.old_client,
                verbose=options.verbose,
                broken=options.broken,
                report=kept.of(seed),
                keep=kept.save,
                timed=not options.no_timed,
            )
            reports.append(play(run.play(options.presses, time.monotonic() + share_s)))
            kept.save()
        print(reports[-1], flush=True)
    faults = sum(report.faults.total() for report in reports)
    total = Verdict()
    plays: Counter[str] = Counter()
    for report in reports:
        total.add(report.verdict)
        plays.update(report.plays)
    print(
        f"in all: presses {by_kind(plays, PLAYS)}, faults {faults}, "
        f"navigations {by_kind(total.made)}"
    )
    print(f"lost {by_kind(total.lost, FINDINGS)}, phantom {by_kind(total.phantom, FINDINGS)}")
    return 0 if all(report.well for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
