"""What happens in a seed: round by round its presses and faults.

Pure, and a function of the seed and the round's number alone, so that a seed can be replayed.
"""

from dataclasses import dataclass
from random import Random

from faults.graph import CATCH_UP_S, PAGES, PINS, HandTimes, Pin, draw_hands
from faults.waveform import HELD, Wave, make_shaking, make_wave


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Args:
        kind: see `KINDS` and `RESTARTS`.
        after_s: seconds into the round.
        for_s: how long it lasts; 0 for what happens at once.
        target: number of the display, or of the group of displays; -1 where there is none.
        way: "up" (to the server), "down" (to the display) or "both".
        amount: bytes, seconds: what the kind says.
    """

    kind: str
    after_s: float
    for_s: float = 0.0
    target: int = -1
    way: str = "both"
    amount: float = 0.0


# Weight of each kind, and between which two lengths it lasts, in seconds.
KINDS: dict[str, tuple[int, float, float]] = {
    "cut": (16, 0, 0),  # the connections of a display end: reset or closed
    "cut-at": (20, 0, 0),  # its socket ends after so many more bytes to the display
    "cut-close": (8, 0, 0),  # its socket ends right before it is told to leave
    "delay": (8, 0.5, 2.0),  # its bytes come later
    "hold": (8, 0.2, 1.8),  # its bytes wait, as in a Wi-Fi gap
    "half-open": (8, 0, 0),  # its socket carries nothing any longer, and nobody is told
    "refuse": (5, 0.2, 1.5),  # cut, and no new connection
    "stall": (8, 0.3, 2.5),  # it stops reading
    "stop-displays": (4, 0.2, 2.0),  # SIGSTOP of a process with half of the displays
    "stop-proxy": (2, 0.1, 0.8),  # SIGSTOP of the network between all of them and the server
    "clock": (5, 0, 0),  # the server's wall clock is set
    "reload": (6, 0, 0),  # the visitor presses F5
    "leave": (5, 0.3, 1.5),  # the tab is closed; another visitor opens one later
    "freeze": (6, 0.2, 2.5),  # SIGSTOP of the server, amid presses
    "hold-up": (6, 0.05, 1.2),  # the watcher's thread comes to nothing; HTTP goes on
}
ON_THE_SERVER = ("freeze", "hold-up")
RESTARTS = ("kill", "terminate")  # the server ends thus, and is started again

_CLOCK_STEPS_S = (-86_400.0, -3_600.0, -30.0, -0.5, 0.5, 5.0, 3_600.0, 86_400.0)


@dataclass(frozen=True, slots=True)
class Call:
    """What the application does: it sends displays to a page, or a message to all.

    Args:
        after_s: seconds into the round.
        to: the page; None for a message.
        page: only displays on this page, or None.
        display: only this one, or None.
        retain: under which key a message is kept, or None.
        group: whether only displays of the group.
    """

    after_s: float
    to: str | None = None
    page: str | None = None
    display: int | None = None
    retain: str | None = None
    group: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """A burst: what happens, in order of time."""

    number: int
    waves: tuple[Wave, ...]
    faults: tuple[Fault, ...]
    calls: tuple[Call, ...]


def make_round(seed: int, number: int, displays: int, groups: int, burst_s: float) -> Round:
    """Draw a round.

    Args:
        seed: of the run.
        number: of the round, from 0.
        displays: how many there are.
        groups: how many processes they live in.
        burst_s: how long presses are made, in seconds.
    """
    random = Random(f"round {seed} {number}")
    hands = draw_hands(seed)
    waves = [wave for pin in PINS for wave in _waves_of(random, pin, hands.get(pin.name), burst_s)]
    faults = [_fault(random, displays, groups, burst_s) for _ in range(random.randint(8, 16))]
    if number % 3 == 1:
        at_s = random.uniform(0.3, 0.9) * burst_s
        faults.append(Fault(random.choice(RESTARTS), at_s, random.uniform(0.0, 1.0)))
    if number % 20 == 13:  # longer away than a press is remembered
        gone_s = CATCH_UP_S + random.uniform(-2.0, 2.0)
        faults.append(Fault("refuse", 0.5, gone_s, random.randrange(displays)))
    by_time = sorted(faults, key=lambda fault: fault.after_s)
    calls = [_call(random, displays, burst_s) for _ in range(random.randint(8, 14))]
    return Round(
        number,
        tuple(sorted(waves, key=lambda wave: wave.after_s)),
        tuple(by_time),
        tuple(sorted(calls, key=lambda call: call.after_s)),
    )


def _call(random: Random, displays: int, burst_s: float) -> Call:
    after_s = random.uniform(0.1, burst_s)
    page, other = (f"page{random.randrange(PAGES)}" for _ in range(2))
    match random.choices(("message", "page", "display", "group", "all"), (6, 3, 4, 2, 1))[0]:
        case "page":
            return Call(after_s, to=other, page=page)
        case "display":
            return Call(after_s, to=other, display=random.randrange(displays))
        case "group":
            return Call(after_s, to=other, page=random.choice((None, page)), group=True)
        case "all":
            return Call(after_s, to=other)
        case _:
            return Call(after_s, retain=random.choice((None, None, "score", "news")))


def _waves_of(random: Random, pin: Pin, hands: HandTimes | None, burst_s: float) -> list[Wave]:
    waves = []
    at_s = random.uniform(0.0, 0.3)
    while at_s < burst_s:
        if hands is None:
            waves.append(make_wave(random, pin, at_s))
        else:
            waves.append(make_shaking(random, pin, hands, at_s))
            at_s += random.choice((0.0, 2 * hands.cooldown_s))  # else it would be one long press
        length_s = sum(step.pause_s for step in waves[-1].steps)
        at_s += length_s + HELD * pin.debounce_s + random.expovariate(1 / 0.05)
    return waves


def _fault(random: Random, displays: int, groups: int, burst_s: float) -> Fault:
    kind = random.choices(list(KINDS), [weight for weight, _, _ in KINDS.values()])[0]
    _, shortest_s, longest_s = KINDS[kind]
    target = random.randrange(groups if kind == "stop-displays" else displays)
    amount = 0.0
    if kind == "cut-at":
        amount = random.randint(1, 400)
    elif kind == "delay":
        amount = random.uniform(0.02, 0.25)
    elif kind == "clock":
        amount = random.choice(_CLOCK_STEPS_S)
    elif kind == "cut":
        amount = random.randint(0, 1)  # closed, or reset
    return Fault(
        kind,
        random.uniform(0.1, burst_s),
        random.uniform(shortest_s, longest_s),
        target,
        random.choice(("up", "down", "both")),
        amount,
    )
