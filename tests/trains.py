"""Random trains of edges on three pins: a stall of the watcher changes no event and no order.

::

    cd tests
    python trains.py                        # 200,000 trains: some ten minutes
    python trains.py --first 150000         # go on where a run was ended
    python trains.py --first 1234 --count 1 # one train again

Each train is a function of its number. It is played twice: to a watcher that is never late, and to
one that gets a few turns at random moments only; both must tell the same events, with the same
numbers. `test_settled` is the short form.
"""

import argparse
import sys
import time
from random import Random

from test_settled import STEP_S, WINDOWS_S, Play, Trains

LAST_TURN_S = 1.0
PROGRESS_S = 10.0


def draw(number: int) -> tuple[Trains, list[float]]:
    """Draw the trains of a number, and the moments at which a late watcher gets a turn."""
    random = Random(f"train {number}")
    trains = {
        pin: [n * STEP_S for n in sorted(random.sample(range(1, 100), random.randint(0, 30)))]
        for pin in WINDOWS_S
    }
    turns = [random.randint(1, 150) * STEP_S for _ in range(random.randint(0, 8))]
    return trains, [*sorted(turns), LAST_TURN_S]


def main() -> int:
    """Play the trains; 1 if one differs."""
    parser = argparse.ArgumentParser(prog="python trains.py", description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=0, help="number of the first train")
    parser.add_argument("--count", type=int, default=200_000)
    options = parser.parse_args()
    events = 0
    said_s = time.monotonic()
    for number in range(options.first, options.first + options.count):
        trains, turns = draw(number)
        in_time, late = Play(trains).play(until_s=LAST_TURN_S), Play(trains)
        for now_s in turns:
            late.turn(now_s)
        if late.told != in_time:
            print(f"train {number} differs:\n  in time {in_time}\n  late    {late.told}")
            return 1
        events += len(in_time)
        if time.monotonic() >= said_s + PROGRESS_S:
            said_s = time.monotonic()
            print(f"train {number}, {events} events, none differs", file=sys.stderr, flush=True)
    print(f"{options.count} trains from {options.first} on, {events} events: none differs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
