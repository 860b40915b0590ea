"""The exhibit that a seed runs: its pins, its pages, and what leads where.

Pure, and a function of the seed alone.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

BEAT_S = 0.4
CATCH_UP_S = 10.0
PAGES = 7
LEVEL_RULES = 4
MAX_FAREWELL_S = 0.5
WATCH = "watch"  # a page that nothing leads away from: the witness is on it

GESTURES = ("tap", "hold")

Rules = dict[tuple[str, str], str]
"""Pin, and "low", "high", "tap" or "hold", to the next page."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A simulated pin; it rests at the level of its pull.

    Args:
        name: as rules say it.
        number: BCM; 0 for one without a wire, which is set over HTTP.
        rest: "low" or "high".
        debounce_s: its window, in seconds.
        hold_s: how long a press lasts that is a hold, in seconds.
        plays: the kinds of press it gets, see `waveform.PLAYS`.
    """

    name: str
    number: int
    rest: str
    debounce_s: float
    hold_s: float
    plays: tuple[str, ...]

    def level(self, active: bool) -> str:
        """The electrical level when it is pressed, or not."""
        return _other(self.rest) if active else self.rest


PINS = (
    Pin("red", 17, "high", 0.020, 2.0, ("edge",)),
    Pin("green", 27, "high", 0.015, 2.0, ("edge",)),
    Pin("blue", 22, "low", 0.020, 2.0, ("edge",)),
    Pin("door", 23, "high", 0.020, 0.4, ("level",)),  # no rule asks for its holds
    Pin("knob", 24, "high", 0.020, 0.4, GESTURES),
    Pin("lever", 25, "low", 0.015, 0.5, GESTURES),
    Pin("hook", 0, "high", 0.020, 0.4, ("timed",)),  # a request is a whole press: always a tap
)


@dataclass(frozen=True, slots=True)
class Traits:
    """When a page takes no presses, and what it does when it is to be left.

    Args:
        lockout_s: presses in its first seconds don't count.
        film: whether it plays films that ignore presses; when, each visit draws anew.
        farewell_s: how long it keeps the next page waiting.
        declines: the part of the presses and levels that it declines.
    """

    lockout_s: float = 0.0
    film: bool = False
    farewell_s: float = 0.0
    declines: float = 0.0


@dataclass(frozen=True, slots=True)
class HandTimes:
    """What a pin asks of a hand.

    Args:
        dwell_s: how long it must be pressed for a press to count, in seconds; 0: at once.
        cooldown_s: how soon behind a release a press belongs to the one before; 0: never.
    """

    dwell_s: float
    cooldown_s: float


WIRED = tuple(pin for pin in PINS if pin.number)

PLAIN = Traits()
"""A page that always takes presses, and is left at once."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a rule of the witness's page leads other displays.

    Args:
        to: their next page.
        displays: their numbers.
        group: whether the rule names their group.
    """

    to: str
    displays: frozenset[int]
    group: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """All rules.

    Args:
        events: page to what leads away from it.
        levels: page to those of its rules by low and high that hold at load, too.
        traits: page to when it takes no presses; `PLAIN` where a page is not in it.
        first: the pins whose first edge counts.
        hands: the pins with a dwell or a cooldown.
        routes: what leads displays that it names, on the page `WATCH`: a display is always there.
    """

    events: Mapping[str, Rules]
    levels: Mapping[str, Rules]
    traits: dict[str, Traits] = field(default_factory=dict)
    first: frozenset[str] = frozenset()
    hands: Mapping[str, HandTimes] = field(default_factory=dict)
    routes: Mapping[tuple[str, str], Route] = field(default_factory=dict)

    def leading(self, number: int, pins: Collection[str] | None) -> "Graph":
        """The rules that move a display which obeys these pins, routes included."""
        routes = {rule: way.to for rule, way in self.routes.items() if number in way.displays}
        own = self.obeying(pins)
        events = {
            page: {rule: to for rule, to in routes.items() if to != page} | rules
            for page, rules in own.events.items()
        }
        return replace(own, events=events)

    def obeying(self, pins: Collection[str] | None) -> "Graph":
        """The rules that count for a display that obeys these pins; None: all."""
        if pins is None:
            return self
        events, levels = (
            {
                page: {rule: to for rule, to in its.items() if rule[0] in pins}
                for page, its in all_.items()
            }
            for all_ in (self.events, self.levels)
        )
        return replace(self, events=events, levels=levels)

    @property
    def gesture_pins(self) -> frozenset[str]:
        """The pins of which a rule wants to know what their presses were."""
        rules = (*self.events.values(), self.routes)
        return frozenset(pin for page in rules for pin, what in page if what in GESTURES)


def make_graph(seed: int) -> Graph:
    """Draw the pages' rules: each reacts to some events only, one of them may lead to itself."""
    random = Random(f"graph {seed}")
    names = [f"page{number}" for number in range(PAGES)]
    graph = Graph(
        {name: {} for name in [*names, WATCH]},
        {name: {} for name in [*names, WATCH]},
        first=_first(Random(f"first {seed}")),
        hands=draw_hands(seed),
        routes=_draw_routes(seed, names),
    )
    wanted = random.sample((GESTURES, GESTURES[:1], GESTURES[1:]), PAGES // 2)
    for number in range(PAGES):
        # The first rule leads on, so that every page is visited.
        onward = names[(number + 1) % PAGES]
        if number % 2:
            _add_gestures(random, graph, names, number, wanted[number // 2])
        else:
            _add_edges(random, graph, names, number, onward)
    for number in random.sample(range(PAGES), PAGES):
        if sum(map(len, graph.levels.values())) < LEVEL_RULES:
            _add_level(random, graph, names, number)
    graph.traits.update(_traits(random, graph, names))
    return graph


def _first(random: Random) -> frozenset[str]:
    """Draw the pins whose first edge counts: of each kind of play, some do and some don't."""
    pins = {play: [pin.name for pin in PINS if play in pin.plays] for play in ("edge", "tap")}
    drawn = {*random.sample(pins["edge"], random.randint(1, 2)), random.choice(pins["tap"])}
    return frozenset(drawn | {name for name in ("door", "hook") if random.random() < 1 / 2})


def draw_hands(seed: int) -> dict[str, HandTimes]:
    """Draw the pins with a dwell or a cooldown: one with edges, and often those with gestures.

    And sometimes one whose first edge counts: it can only have a cooldown.
    """
    random = Random(f"hands {seed}")
    first = _first(Random(f"first {seed}"))
    others = [pin for pin in PINS if pin.name not in first]
    edge = [pin.name for pin in others if pin.plays == ("edge",)]
    gestures = [pin.name for pin in others if pin.plays == GESTURES]
    pins = [random.choice(edge), *(gestures if random.random() < 2 / 3 else ())]
    times = ((0.12, 0.0), (0.0, 0.15), (0.12, 0.15))
    drawn = {pin: HandTimes(*random.choice(times)) for pin in pins}
    if random.random() < 1 / 2:
        shaking = [pin.name for pin in PINS if pin.name in first and pin.plays == ("edge",)]
        drawn[random.choice(shaking)] = HandTimes(0.0, 0.15)
    return drawn


def _traits(random: Random, graph: Graph, names: Sequence[str]) -> dict[str, Traits]:
    """Draw when pages take no presses: each trait has two pages, one of them left by a level."""
    by_level = [name for name in names if graph.levels[name]]
    lockouts, films, farewells, declines = (
        {random.choice(by_level), random.choice(names)} for _ in range(4)
    )
    return {
        name: Traits(
            round(random.uniform(0.2, 0.6), 3) if name in lockouts else 0.0,
            name in films,
            random.uniform(0.1, MAX_FAREWELL_S) if name in farewells else 0.0,
            random.uniform(0.2, 0.5) if name in declines else 0.0,
        )
        for name in names
    }


def _add_edges(
    random: Random, graph: Graph, names: Sequence[str], number: int, onward: str
) -> None:
    """Let a page wait for presses and releases."""
    presses = [(pin.name, pin.level(True)) for pin in WIRED if pin.name != "door"]
    releases = [(pin.name, pin.rest) for pin in WIRED]
    rules = random.sample(presses, random.randint(1, 2)) + random.sample(releases, number // 2 % 2)
    # The next page waits for a tap or a hold of this pin: the press that leads there is none.
    pin = _gesture_pin(random)
    graph.events[names[number]][pin.name, pin.level(True)] = onward
    for rule in rules:
        graph.events[names[number]].setdefault(rule, random.choice(names))
    if number % 4 == 0:
        graph.events[names[number]]["hook", "tap"] = random.choice(names)


def _add_gestures(
    random: Random, graph: Graph, names: Sequence[str], number: int, wanted: Sequence[str]
) -> None:
    """Let a page wait for taps and holds of the pin that leads to it; seldom for more.

    The other pins are pressed too often for a hold to be long enough.
    """
    rules = graph.events[names[number]]
    pins = {pin.name: pin for pin in PINS}
    name = next(pin for pin, _ in graph.events[names[number - 1]])
    for gesture in random.sample(wanted, len(wanted)):
        rules[name, gesture] = random.choice(names) if rules else names[number + 1]
    if "tap" not in wanted:  # a release that is no tap's
        rules[name, pins[name].rest] = random.choice(names)
    if random.random() < 0.3:
        other = random.choice([pin for pin in PINS if pin.plays == ("edge",)])
        rules[other.name, other.level(True)] = random.choice(names)


def _add_level(random: Random, graph: Graph, names: Sequence[str], number: int) -> None:
    """Let a page be left by a level, if that can't go round in a circle."""
    name = names[number]
    pins = {pin.name: pin for pin in PINS}
    # Mostly the door, which stays open for longer.
    pin = pins[random.choice(("red", "green", "blue", "door", "door", "door"))]
    # A page that a level at rest leads away from is only passed through.
    level = pin.level(number % 2 == 1 or random.random() < 0.7)
    to = random.choice(names)
    if (pin.name, level) in graph.events[name]:
        return
    graph.levels[name][pin.name, level] = to
    if any(_circles(graph.levels, (page,), {}) for page in names):
        del graph.levels[name][pin.name, level]
    else:
        graph.events[name][pin.name, level] = to


def _circles(rules: Mapping[str, Rules], path: tuple[str, ...], levels: Mapping[str, str]) -> bool:
    """Whether levels that can be at one time lead from a page back to it."""
    for (pin, level), to in rules[path[-1]].items():
        possible = levels.get(pin, level) == level
        if possible and (to in path or _circles(rules, (*path, to), {**levels, pin: level})):
            return True
    return False


def _gesture_pin(random: Random) -> Pin:
    return random.choice([pin for pin in PINS if pin.plays == GESTURES])


@dataclass(frozen=True, slots=True)
class Output:
    """An output.

    Args:
        name: as the configuration says it.
        number: BCM.
        follows: the pin whose lamp it is; None for one that pages set.
        initial: its state before any page has set it, and when none does.
        pages: page to the state that it sets, and whether that stays when it is left.
    """

    name: str
    number: int
    follows: str | None = None
    initial: str = "off"
    pages: Mapping[str, tuple[str, bool]] = field(default_factory=dict)


def draw_outputs(seed: int) -> dict[str, Output]:
    """Draw lamps of some pins, a sign that pages set, and locks that stay as pages set them.

    The bolt is set by one page only: once that was shown, it never moves again.
    """
    random = Random(f"outputs {seed}")
    names = [f"page{number}" for number in range(PAGES)]
    lamps = random.sample([pin.name for pin in PINS], 5)
    signs = {name: (random.choice(("on", "blink")), False) for name in random.sample(names, 2)}
    opens, shuts = random.sample(names, 2)
    locks = {opens: ("on", True), shuts: ("off", True)}
    if random.random() < 1 / 2:  # one that decides only while it is shown
        other = random.choice([name for name in names if name not in locks])
        locks[other] = ("blink", False)
    outputs = [Output(f"lamp-{pin}", 4 + at, pin) for at, pin in enumerate(lamps)]
    outputs.append(Output("sign", 12, pages=signs))
    outputs.append(Output("lock", 13, initial=random.choice(("on", "off")), pages=locks))
    outputs.append(Output("bolt", 16, pages={random.choice(names): ("on", True)}))
    return {output.name: output for output in outputs}


GROUP = "wall"
NAMED = 18  # displays that the configuration may name


@dataclass(frozen=True, slots=True)
class Named:
    """A display that the configuration names.

    Args:
        pins: those that it obeys; None: all.
        group: whether it belongs to the group.
    """

    pins: frozenset[str] | None
    group: bool


def draw_named(seed: int) -> dict[int, Named]:
    """Draw which displays the configuration names, by number: some obey some pins only."""
    random = Random(f"named {seed}")
    pins = [pin.name for pin in PINS]
    return {
        number: Named(
            frozenset(random.sample(pins, random.randint(2, 6)))
            if random.random() < 2 / 3
            else None,
            random.random() < 1 / 2,
        )
        for number in sorted(random.sample(range(NAMED), 6))
    }


def _draw_routes(seed: int, names: Sequence[str]) -> dict[tuple[str, str], Route]:
    """Draw rules that lead displays from anywhere: two of them some, and one the group."""
    random = Random(f"routes {seed}")
    named = draw_named(seed)
    group = frozenset(number for number, its in named.items() if its.group)
    rules = [(pin.name, pin.level(True)) for pin in WIRED if pin.name != "door"]
    rules += [("hook", "tap"), (random.choice(WIRED).name, "")]
    drawn = {}
    for at, (name, what) in enumerate(random.sample(rules, 3)):
        rest = next(pin.rest for pin in PINS if pin.name == name)
        some = frozenset(random.sample(sorted(named), random.randint(1, 3)))
        by_group = at == 0 and bool(group)
        route = Route(random.choice(names), group if by_group else some, by_group)
        drawn[name, what or rest] = route
    return drawn


def pins_of(named: Mapping[int, Named], number: int) -> frozenset[str] | None:
    """The pins that a display obeys; None: all."""
    return named[number].pins if number in named else None


def display_name(number: int) -> str:
    """What a display is called in orders of the application, and in the configuration."""
    return f"display-{number}"


def _other(level: str) -> str:
    return "low" if level == "high" else "high"


def make_config(seed: int) -> str:
    """The exhibit's config.toml."""
    graph = make_graph(seed)
    lines = [
        "[server]",
        'api = "local"',
        f'start = "{next(iter(graph.events))}"',
        f'beat = "{BEAT_S * 1000:g}ms"',
        f'catch_up = "{CATCH_UP_S:g}s"',
        "[gpio]",
        'pin_factory = "mock"',
    ]
    for pin in PINS:
        lines += [f"[pins.{pin.name}]"]
        lines += [f"pin = {pin.number}"] if pin.number else ['source = "http"']
        lines += [f'pull = "{"up" if pin.rest == "high" else "down"}"'] if pin.number else []
        lines += ['counts = "first"'] if pin.name in graph.first else []
        if its := graph.hands.get(pin.name):
            lines += [f'dwell = "{its.dwell_s * 1000:g}ms"']
            lines += [f'cooldown = "{its.cooldown_s * 1000:g}ms"']
        lines += [f'debounce = "{pin.debounce_s * 1000:g}ms"', f'hold = "{pin.hold_s * 1000:g}ms"']
    outputs = draw_outputs(seed).values()
    for output in outputs:
        lines += [f"[outputs.{output.name}]", f"pin = {output.number}"]
        lines += [f'follows = "{output.follows}"'] if output.follows else []
        lines += ['initial = "on"'] if output.initial == "on" else []
    for number, named in draw_named(seed).items():
        lines += [f"[displays.{display_name(number)}]"]
        lines += [] if named.pins is None else [f"pins = {sorted(named.pins)}"]
        lines += [f'group = "{GROUP}"'] if named.group else []
    # A stage holds these behind the shown page; the others it loads at the press.
    prerendered = Random(f"prerender {seed}").sample(list(graph.events), PAGES // 2)
    for page in graph.events:
        lines += [f"[pages.{page}]", *_rule_lines(graph, page)]
        if lockout_s := graph.traits.get(page, PLAIN).lockout_s:
            lines += [f'lockout = "{lockout_s * 1000:g}ms"']
        if page in prerendered:
            lines += ["prerender = true"]
        for output in outputs:
            if page in output.pages:
                state, keep = output.pages[page]
                more = ", keep = true" if keep else ""
                lines += [f'outputs.{output.name} = {{ state = "{state}"{more} }}']
    return "\n".join(lines) + "\n"


def _rule_lines(graph: Graph, page: str) -> Iterator[str]:
    for (pin, what), to in graph.events[page].items():
        kind = "while" if (pin, what) in graph.levels[page] else "on"
        yield f'{kind}_{what}.{pin} = "{to}"'
    for (pin, what), route in graph.routes.items() if page == WATCH else ():
        names = [display_name(number) for number in sorted(route.displays)]
        led = f'group = "{GROUP}"' if route.group else f"displays = {names}"
        yield f'on_{what}.{pin} = {{ to = "{route.to}", {led} }}'
