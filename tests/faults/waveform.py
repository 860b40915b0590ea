r"""How a contact moves: clean presses, bouncing ones, and glitches too short to count.

::

    clean     ‾‾‾‾\____________/‾‾‾‾‾‾‾
    bouncing  ‾‾‾‾\_/\_/\____________/\_/‾‾‾‾‾‾‾     each bounce well within the debounce
    glitch    ‾‾‾‾\_/‾‾‾‾‾‾‾\_/‾‾‾‾‾‾‾               never as long as the debounce

A wave is a list of steps, each a pause since the one before was acknowledged and the level (in
terms of active or not) to drive then. It starts and ends inactive.
"""

from dataclasses import dataclass
from random import Random

KINDS = ("bouncing", "clean", "glitch")
_WEIGHTS = (6, 2, 2)

SHORT = 0.2  # of the debounce: the longest pause within a bounce; requests take time on top
HOLD = 3.0  # debounces: the shortest time that a level which must count is held


@dataclass(frozen=True, slots=True)
class Step:
    """Drive the pin so, this many seconds after the step before."""

    pause_s: float
    active: bool


@dataclass(frozen=True, slots=True)
class Wave:
    """A movement of one contact, ``after_s`` seconds into the round at the earliest."""

    pin: str
    kind: str
    after_s: float
    steps: tuple[Step, ...]


def make_wave(random: Random, pin: str, debounce_s: float, after_s: float) -> Wave:
    """Draw one wave; the next of the same pin must start at least `HOLD` debounces later."""
    kind = random.choices(KINDS, _WEIGHTS)[0]
    if kind == "glitch":
        steps = []
        for _ in range(random.randint(1, 2)):
            steps += [Step(0.0, True), Step(_short(random, debounce_s), False)]
            steps[-2] = Step(HOLD * debounce_s if len(steps) > 2 else 0.0, True)
    else:
        bounces = random.randint(1, 3) if kind == "bouncing" else 0
        steps = _turn(random, debounce_s, True, 0.0, bounces)
        held_s = debounce_s * random.uniform(HOLD, 2 * HOLD)
        bounces = random.randint(0, 3) if kind == "bouncing" else 0
        steps += _turn(random, debounce_s, False, held_s, bounces)
    return Wave(pin, kind, after_s, tuple(steps))


def _turn(
    random: Random, debounce_s: float, active: bool, pause_s: float, bounces: int
) -> list[Step]:
    steps = [Step(pause_s, active)]
    for _ in range(bounces):
        steps.append(Step(_short(random, debounce_s), not active))
        steps.append(Step(_short(random, debounce_s), active))
    return steps


def _short(random: Random, debounce_s: float) -> float:
    return debounce_s * random.uniform(0.02, SHORT)
