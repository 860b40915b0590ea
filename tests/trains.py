"""Random trains of edges on nine pins: a stall of the watcher changes no event and no order.

::

    cd tests
    python trains.py                        # 200,000 trains: some ten minutes
    python trains.py --first 150000         # go on where a run was ended
    python trains.py --first 1234 --count 1 # one train again

Each train is a function of its number. It is played twice: to a watcher that is never late, and to
one that gets a few turns at random moments only; both must tell the same events, with the same
numbers. `tests/core/test_settled.py` is the short form.
"""

import argparse
import sys
import time
from bisect import bisect_right
from collections.abc import Collection, Iterable
from itertools import cycle
from math import inf
from random import Random

from gpiobridge.core.core import Core
from gpiobridge.core.events import Effect, Gesture, HandTimes, Level, Now, PinEvent, RawEdge

LAST_TURN_S = 1.0
PROGRESS_S = 10.0

LOW, HIGH = Level.LOW, Level.HIGH
WINDOWS_S = {
    **{"a": 0.02, "b": 0.005, "c": 0.0, "f": 0.019, "g": 0.008},
    **{"dwells": 0.01, "shakes": 0.015, "both": 0.006, "first": 0.009},
}
HANDS = {
    "dwells": HandTimes(LOW, 0.03, 0.0),
    "shakes": HandTimes(LOW, 0.0, 0.025),
    "both": HandTimes(LOW, 0.03, 0.02),
    "first": HandTimes(LOW, 0.0, 0.02),
}
FIRST = {"f": 0.001, "g": 0.002, "first": 0.003}
"""The pins whose first edge counts, and how much later their edges are, in seconds.

No two edges of these and other pins have the same stamp: nothing else decides which counts first if
they count at the same moment. The ends of their windows fall on such moments.
"""

HOLD_S = 0.125  # all times here are sums of these, so that many of them are equal
PAGES = {"p": dict.fromkeys(zip([*"abfg", *HANDS], cycle(Gesture), strict=False), "q")}
STEP_S = 0.005
CHECK_S = 0.25  # between two level checks

Told = list[tuple[int, str, str, float]]
Trains = dict[str, list[float]]
"""Pin name to the moments at which it changes, in seconds; every pin begins HIGH."""


class Play:
    """A core, and pins that change at given moments.

    Args:
        trains: when.
        windows_s: pin name to its debounce, in seconds.
        hands: pin name to its dwell and cooldown.
        level: the level of every pin at the start.
        lost: the moments of edges that never come; a level check finds them.

    Attributes:
        told: what was told.
        told_s: when each of it was told.
    """

    def __init__(
        self,
        trains: Trains,
        windows_s: dict[str, float] = WINDOWS_S,
        hands: dict[str, HandTimes] = HANDS,
        level: Level = HIGH,
        lost: Collection[float] = (),
    ) -> None:
        self._level = level
        self._check_s = CHECK_S if lost else inf
        self.told_s: list[float] = []
        self.core = Core(
            "ab12",
            windows_s,
            PAGES,
            10.0,
            simulated=False,
            holds_s=dict.fromkeys(windows_s, (LOW, HOLD_S)),
            first=[pin for pin in FIRST if pin in windows_s],
            hands={pin: its for pin, its in hands.items() if pin in windows_s},
        )
        self.told: Told = []
        self._trains = {
            pin: [at_s + (FIRST.get(pin, 0.0)) for at_s in train] for pin, train in trains.items()
        }
        self._edges = sorted(
            (at_s, pin, (level.other, level)[number % 2])
            for pin, train in self._trains.items()
            for number, at_s in enumerate(train)
            if at_s not in lost
        )
        for pin in windows_s:
            self.core.reading(pin, level, 0.0)

    def turn(self, now_s: float, lag_s: float = 0.0) -> None:
        """Do what the watcher does in a turn: edges, readings, then what follows.

        Args:
            now_s: when the turn begins.
            lag_s: so much later the pins are read.
        """
        while self._edges and self._edges[0][0] <= now_s:
            at_s, pin, level = self._edges.pop(0)
            self.core.edge(RawEdge(pin, level, at_s))
        pins: Collection[str] = self.core.pins_to_read(now_s)
        if now_s >= self._check_s:
            self._check_s += CHECK_S
            pins = self._trains
        for pin in pins:
            changes = bisect_right(self._trains.get(pin, []), now_s + lag_s)
            level = (self._level, self._level.other)[changes % 2]
            self.core.reading(pin, level, now_s + lag_s)
        told = events(self.core.tell(Now(now_s, now_s), now_s, 1000))
        self.told += told
        self.told_s += [now_s] * len(told)

    def play(self, until_s: float) -> Told:
        """Take a turn whenever something is to be done, as a watcher does that is never late."""
        while True:
            due_s = [self._edges[0][0]] if self._edges else []
            if self.core.deadline_s is not None:
                due_s.append(self.core.deadline_s)
            due_s.append(self._check_s)
            if min(due_s) > until_s:
                return self.told
            self.turn(min(due_s))


def events(effects: Iterable[Effect]) -> Told:
    """What was told: number, pin, event, and when it was."""
    return [(e.seq, e.pin, e.event, e.at_s) for e in effects if isinstance(e, PinEvent)]


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
