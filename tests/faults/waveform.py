r"""How a contact moves: clean presses, bouncing ones, and glitches too short to count.

::

    clean     ‾‾‾‾\____________/‾‾‾‾‾‾‾
    bouncing  ‾‾‾‾\_/\_/\____________/\_/‾‾‾‾‾‾‾     each bounce well within the debounce
    glitch    ‾‾‾‾\_/‾‾‾‾‾‾‾\_/‾‾‾‾‾‾‾               never as long as the debounce
    shaking   ‾‾‾‾\____/‾‾\___/‾‾‾\____/‾‾‾‾‾‾‾‾      each level long enough to settle
    hold      ‾‾‾‾\_/\___________________/\________________/\_/‾‾‾‾‾‾‾    it may flicker

A wave is a list of steps, each a pause since the one before was acknowledged and the level (in
terms of active or not) to drive then. It starts and ends inactive.
"""

from dataclasses import dataclass
from random import Random

from faults.graph import HandTimes, Pin

KINDS = ("bouncing", "clean", "glitch")
_WEIGHTS = (6, 2, 2)

PLAYS = ("edge", "tap", "hold", "level", "timed")
"""What a press is meant for: it decides how long it lasts. A timed one is a request by itself."""

SHORT = 0.2  # of the debounce: the longest pause within a bounce; requests take time on top
HELD = 3.0  # debounces: the shortest time that a level which must count is held

HOLD_MARGIN_S = 0.15
"""No press is drawn whose length is nearer to the hold time: bounces and requests add to it."""


@dataclass(frozen=True, slots=True)
class Step:
    """Drive the pin so, this many seconds after the step before."""

    pause_s: float
    active: bool


@dataclass(frozen=True, slots=True)
class Wave:
    """A movement of one contact.

    Args:
        pin: its name.
        kind: of `KINDS`.
        play: of `PLAYS`.
        after_s: seconds into the round at which it begins, at the earliest.
        steps: in order.
    """

    pin: str
    kind: str
    play: str
    after_s: float
    steps: tuple[Step, ...]


def make_wave(random: Random, pin: Pin, after_s: float) -> Wave:
    """Draw one wave; the next of the same pin must start at least `HELD` debounces later."""
    kind = random.choices(KINDS, _WEIGHTS)[0]
    play = random.choice(pin.plays)
    if play == "timed":
        held_s = random.uniform(HELD * pin.debounce_s, pin.hold_s - HOLD_MARGIN_S)
        held_s = round(held_s, 3)
        return Wave(pin.name, "clean", play, after_s, (Step(0.0, True), Step(held_s, False)))
    if kind == "glitch":
        steps: list[Step] = []
        for _ in range(random.randint(1, 2)):
            pause_s = HELD * pin.debounce_s if steps else 0.0
            steps += [Step(pause_s, True), Step(_short(random, pin.debounce_s), False)]
    else:
        bounces = random.randint(1, 3) if kind == "bouncing" else 0
        steps = _turn(random, pin.debounce_s, True, 0.0, bounces)
        held_s = _length_s(random, pin, play)
        if kind == "bouncing" and play == "hold":
            held_s /= 2
            steps += [Step(held_s, False), Step(_short(random, pin.debounce_s), True)]
        bounces = random.randint(0, 3) if kind == "bouncing" else 0
        steps += _turn(random, pin.debounce_s, False, held_s, bounces)
    return Wave(pin.name, kind, play, after_s, tuple(steps))


def make_shaking(random: Random, pin: Pin, hands: HandTimes, after_s: float) -> Wave:
    """Draw one wave of a pin with a dwell or a cooldown: each level is sure to settle.

    A press is steady, too short for the dwell, or a hand that trembles.
    """
    kind = random.choices(KINDS, _WEIGHTS)[0]
    play = random.choice(pin.plays)
    settling_s = HELD * pin.debounce_s
    if kind == "glitch":
        steps = (Step(0.0, True), Step(random.uniform(settling_s, 1.2 * settling_s), False))
        return Wave(pin.name, kind, play, after_s, steps)
    length_s = _length_s(random, pin, play) + (hands.dwell_s if play == "edge" else 0.0)
    if kind == "clean" or not hands.cooldown_s:
        return Wave(pin.name, kind, play, after_s, (Step(0.0, True), Step(length_s, False)))
    shaking = [Step(0.0, True)]
    while length_s > 0:
        pressed_s = random.uniform(settling_s, 2 * settling_s)
        shaking += [Step(pressed_s, False), Step(random.uniform(settling_s, 0.1), True)]
        length_s -= pressed_s
    shaking.append(Step(settling_s, False))
    return Wave(pin.name, kind, play, after_s, tuple(shaking))


def _length_s(random: Random, pin: Pin, play: str) -> float:
    shortest_s = HELD * pin.debounce_s
    match play:
        case "tap":
            return random.uniform(shortest_s, pin.hold_s - HOLD_MARGIN_S)
        case "hold":
            return pin.hold_s + HOLD_MARGIN_S + random.uniform(0.0, 0.2)
        case "level":
            return random.uniform(0.2, 1.2)
        case _:
            return random.uniform(shortest_s, 2 * shortest_s)


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
