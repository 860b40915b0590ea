"""The rules of pages: where an event leads, and which rules lead round without end.

Owns the tables `on_...` and `while_...` of one page and of `[every_page]`. A page has the rules of
every page, unless it has its own rule for the same pin and event, or takes one out with `false`.
Pure; any thread; at start.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple

from gpiobridge.config.circles import Circle, Step, find_circles
from gpiobridge.config.problems import Problems
from gpiobridge.config.tables import RulesTable
from gpiobridge.config.values import Target
from gpiobridge.config.words import Key, dotted, missing, show
from gpiobridge.core.events import Gesture, Level
from gpiobridge.core.triggers import TRIGGERS, Trigger

EVERY_PAGE: Key = ("every_page",)

_MOST_NAMED = 3  # pages of a knot, in a sentence


class Rule(NamedTuple):
    """One rule.

    Args:
        trigger: what it waits for.
        target: the page that it leads to; None if it takes out a rule of `[every_page]`.
        key: its place.
        sound: the sound that it plays; None for none.
        displays: the displays that it leads; None: the one that shows the page.
    """

    trigger: Trigger
    target: str | None
    key: Key
    sound: str | None = None
    displays: frozenset[str] | None = None

    @property
    def shared(self) -> bool:
        """Whether it stands in `[every_page]`."""
        return self.key[: len(EVERY_PAGE)] == EVERY_PAGE

    @property
    def pin(self) -> str:
        """The pin that it waits for."""
        return self.key[-1]


Rules = Mapping[tuple[str, Level | Gesture], Rule]
"""Pin name and event, to the rule."""


class Names(NamedTuple):
    """What a rule may name.

    Args:
        pages: the names of all pages.
        pins: the names of all pins.
        actives: pin name to its active level, if that is known.
        sounds: the names of all sounds.
        displays: the names of all displays -> their groups, if that is known.
    """

    pages: Collection[str]
    pins: Collection[str]
    actives: Mapping[str, Level]
    sounds: Collection[str] = ()
    displays: Mapping[str, str] = MappingProxyType({})


class RulesOfPages(NamedTuple):
    """The rules of all pages.

    Args:
        shared: those of `[every_page]`.
        own: page name to the page's own rules.
    """

    shared: Rules
    own: dict[str, Rules]

    def said(self, page: str) -> Rules:
        """Lay a page's own rules over those of every page, pin by pin and event by event.

        The result includes rules that take one out.
        """
        return {**self.shared, **self.own[page]}

    def of(self, page: str) -> Rules:
        """List the rules that hold on a page, without those of every page that lead to it."""
        shared = {
            event: rule
            for event, rule in self.shared.items()
            if rule.target != page or rule.displays is not None
        }
        merged = {**shared, **self.own[page]}
        return {event: rule for event, rule in merged.items() if rule.target is not None}


def read_rules(
    key: Key, table: RulesTable, names: Names, problems: Problems
) -> dict[tuple[str, Level | Gesture], Rule]:
    """Turn the tables of rules below ``key`` into one, by electrical level or gesture."""
    rules: dict[tuple[str, Level | Gesture], Rule] = {}
    for trigger in TRIGGERS:
        for pin in table.hours_orders(trigger) if key != EVERY_PAGE else ():
            sentence = (
                "overrules the opening hours whatever page is shown; move it below [every_page]"
            )
            problems.add((*key, trigger.table, pin), sentence)
        for pin, written in table.targets(trigger).items():
            place = (*key, trigger.table, pin)
            target, sound = (None, None) if written is False else (written.to, written.sound)
            if written is False and key == EVERY_PAGE:
                sentence = (
                    "takes a rule of [every_page] out, which only a page can do; move it below "
                    "[pages.<name>]"
                )
                problems.add(place, sentence, written)
                continue
            if written is not False and target is not None and target not in names.pages:
                at = (*place, "to") if written.in_table else place
                problems.add(at, missing("page", target, names.pages), target)
            if sound is not None and sound not in names.sounds:
                problems.add((*place, "sound"), missing("sound", sound, names.sounds), sound)
            led = None
            if written is not False and (written.displays is not None or written.group is not None):
                led = _displays_led(place, trigger, written, names, problems)
            shown = () if sound else (target or False,)
            if pin not in names.pins:
                problems.add(place, missing("pin", pin, names.pins), *shown)
                continue
            active = names.actives.get(pin)
            if active is None and trigger.relative:
                continue  # the pin has a problem, which is reported there
            event = trigger.event_on(active)
            if (pin, event) in rules:
                other = rules[pin, event].trigger.table
                sentence = f"is the same edge as {other}.{pin}; leave one of them out"
                problems.add(place, sentence, *shown)
            rules[pin, event] = Rule(trigger, target, place, sound, led)
    return rules


def _displays_led(
    place: Key, trigger: Trigger, written: Target, names: Names, problems: Problems
) -> frozenset[str]:
    """Find the displays that a rule names."""
    key = "group" if written.displays is None else "displays"
    if trigger.at_load:
        sentence = (
            "leads displays at the moment of an event, and a level lasts; write it below "
            f"on_{trigger.name}"
        )
        problems.add((*place, key), sentence)
    if written.sound is not None:
        sentence = "plays on a display that leaves this page; leave it out beside " + key
        problems.add((*place, "sound"), sentence, written.sound)
    if written.displays is None:
        group = str(written.group)
        led = frozenset(name for name, of in names.displays.items() if of == group)
        if not led:
            groups = [of for of in dict.fromkeys(names.displays.values()) if of]
            sentence = missing("group", group, groups)
            if not groups:
                sentence = (
                    f"no display has a group; write group = {show(group)} below [displays.<name>]"
                )
            problems.add((*place, "group"), sentence, group)
        return led
    if written.group is not None:
        problems.add((*place, "group"), "says what displays says; leave one of them out")
    for name in written.displays:
        if name not in names.displays:
            sentence = missing("display", name, names.displays)
            problems.add((*place, "displays"), sentence, name)
    return frozenset(written.displays)


def refuse_circles(rules: RulesOfPages, problems: Problems) -> None:
    """Refuse levels that would lead from page to page without end."""
    steps: dict[Step, Rule] = {}
    written: set[Key] = set()
    for page in rules.own:
        for (pin, event), rule in rules.of(page).items():
            written.add(rule.key)
            # A target that doesn't exist has been reported already.
            leads = rule.target in rules.own and rule.displays is None
            if rule.trigger.at_load and isinstance(event, Level) and leads:
                steps[Step(page, pin, event, str(rule.target))] = rule
    for circle in find_circles(list(steps), len(written)):
        rule = steps[circle.steps[-1]]
        remedy = "leave one of these rules out"
        if rule.shared:
            out = f"{rule.trigger.table}.{rule.pin} = false"
            remedy += f", or write {out} below {header(circle.steps[-1].page)}"
        problems.add(rule.key, f"{_way(circle)}; {remedy}", rule.target)


def _way(circle: Circle) -> str:
    """Describe a circle."""
    shown = " to ".join((*(step.page for step in circle.steps), circle.steps[0].page))
    if not circle.certain:
        return (
            f"may lead from {shown} without end (so many levels meet there that this is not "
            "certain)"
        )
    named = list(circle.more[:_MOST_NAMED])
    if rest := len(circle.more) - len(named):
        named.append(f"{rest} more")
    more = " and ".join(filter(None, (", ".join(named[:-1]), *named[-1:])))
    if more:
        more = f" ({more} {'is' if len(circle.more) == 1 else 'are'} part of it, too)"
    return f"leads from {shown} without end{more}"


def header(page: str) -> str:
    """Write the header of a page's table, such as ``[pages.welcome]``."""
    return f"[{dotted(('pages', page))}]"
