"""The rules of pages: which event leads where, and which rules can't be meant.

Owns the tables ``on_…`` and ``while_…``, of one page and of ``[every_page]``. The rules of a page
are those of every page, unless it has one of its own for the same pin and event, or takes one out
with ``false``. Pure; any thread; at start.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from gpiobridge.config.circles import Circle, Step, find_circles
from gpiobridge.config.durations import format_duration
from gpiobridge.config.problems import Problems
from gpiobridge.config.settings import Page, Pin
from gpiobridge.config.tables import RulesTable
from gpiobridge.config.words import Key, dotted, missing, show
from gpiobridge.core.events import Gesture, Level
from gpiobridge.core.triggers import TRIGGERS, Trigger

EVERY_PAGE: Key = ("every_page",)

_MOST_NAMED = 3  # pages of a knot, in a sentence


class Rule(NamedTuple):
    """One rule.

    Args:
        trigger: what it waits for.
        target: the page it leads to; None if it takes one of ``[every_page]`` out.
        key: where it stands.
    """

    trigger: Trigger
    target: str | None
    key: Key

    @property
    def shared(self) -> bool:
        """Whether it stands in ``[every_page]``."""
        return self.key[: len(EVERY_PAGE)] == EVERY_PAGE

    @property
    def pin(self) -> str:
        """The pin that it is for."""
        return self.key[-1]


Rules = Mapping[tuple[str, Level | Gesture], Rule]
"""Pin name and event, to the rule."""


def read_rules(
    key: Key,
    table: RulesTable,
    pins: Collection[str],
    actives: Mapping[str, Level],
    pages: Collection[str],
    problems: Problems,
) -> dict[tuple[str, Level | Gesture], Rule]:
    """Turn the tables of rules below ``key`` into one, by electrical level or gesture."""
    rules: dict[tuple[str, Level | Gesture], Rule] = {}
    for trigger in TRIGGERS:
        for pin, written in table.targets(trigger).items():
            place = (*key, trigger.table, pin)
            target = None if written is False else written
            if target is None and key == EVERY_PAGE:
                sentence = (
                    "takes a rule of [every_page] out, so it stands below [pages.<name>]; "
                    "leave it out here"
                )
                problems.add(place, sentence, written)
                continue
            if target is not None and target not in pages:
                problems.add(place, missing("page", target, pages), target)
            if pin not in pins:
                problems.add(place, missing("pin", pin, pins), written)
                continue
            active = actives.get(pin)
            if active is None and trigger.relative:
                continue  # the pin has a problem, which is told with it
            event = trigger.event_on(active)
            if (pin, event) in rules:
                other = rules[pin, event].trigger.table
                sentence = f"is the same edge as {other}.{pin}; leave one of them out"
                problems.add(place, sentence, written)
            rules[pin, event] = Rule(trigger, target, place)
    return rules


def rules_of(page: str, own: Rules, shared: Rules) -> Rules:
    """Lay a page's own rules over those of every page, pin by pin and event by event.

    Args:
        page: the page's name.
        own: what it says itself.
        shared: what every page does, unless it says otherwise, or is where that would lead.
    """
    merged = {event: rule for event, rule in shared.items() if rule.target != page} | {**own}
    return {event: rule for event, rule in merged.items() if rule.target is not None}


def refuse_circles(pages: Mapping[str, Rules], problems: Problems) -> None:
    """Refuse levels that would lead from page to page without end."""
    steps: dict[Step, Rule] = {}
    for page, rules in pages.items():
        for (pin, event), rule in rules.items():
            # A target that isn't there is a problem that is told already.
            if rule.trigger.at_load and isinstance(event, Level) and rule.target in pages:
                steps[Step(page, pin, event, str(rule.target))] = rule
    written = len({rule.key for rules in pages.values() for rule in rules.values()})
    for circle in find_circles(list(steps), written):
        rule = steps[circle.steps[-1]]
        remedy = "leave one of these rules out"
        if rule.shared:
            out = f"{rule.trigger.table}.{rule.pin} = false"
            remedy += f", or write {out} below {_header(circle.steps[-1].page)}"
        problems.add(rule.key, f"{_way(circle)}; {remedy}", rule.target)


def _way(circle: Circle) -> str:
    """Say where a circle leads."""
    shown = " to ".join((*(step.page for step in circle.steps), circle.steps[0].page))
    if not circle.certain:
        return (
            f"may lead from {shown} without end (so many levels meet there that it could not be "
            "told for sure)"
        )
    named = list(circle.more[:_MOST_NAMED])
    if rest := len(circle.more) - len(named):
        named.append(f"{rest} more")
    more = " and ".join(filter(None, (", ".join(named[:-1]), *named[-1:])))
    if more:
        more = f" ({more} {'is' if len(circle.more) == 1 else 'are'} knotted into it)"
    return f"leads from {shown} without end{more}"


def warn_of_rules(
    pages: Mapping[str, Page],
    own: Mapping[str, Rules],
    shared: Rules,
    pins: Mapping[str, Pin],
    problems: Problems,
) -> None:
    """Warn of rules that can never lead anywhere, and of presses that do not.

    Args:
        pages: by name.
        own: page name to what it says itself.
        shared: the rules of ``[every_page]``.
        pins: by name, those that have no problem.
        problems: is warned.
    """
    rules = {name: rules_of(name, own[name], shared) for name in pages}
    happening = {
        rule.key
        for on_page in rules.values()
        for (pin, event), rule in on_page.items()
        if pin in pins and _always_first(pins[pin], event, on_page) is None
    }
    for name, page in pages.items():
        _warn_of_what_is_taken_out(own[name], shared, problems)
        for (pin, event), rule in rules[name].items():
            if pin not in pins:
                continue
            first = _always_first(pins[pin], event, rules[name])
            if first is None:
                _warn_of_gesture(pins[pin], event, rule, {**shared, **own[name]}, problems)
                if not rule.shared:
                    _warn_of_idle(page, rule, pins[pin], problems)
            elif not (rule.shared and first.shared and rule.key in happening):
                _warn_of_first(name, pins[pin], rule, first, problems)


def _always_first(pin: Pin, event: Level | Gesture, rules: Rules) -> Rule | None:
    """Find the rule that leads away from a page before a gesture is over, if there is one."""
    if not isinstance(event, Gesture):
        return None
    by_press = rules.get((pin.name, pin.active))
    return by_press or (rules.get((pin.name, pin.active.other)) if event is Gesture.TAP else None)


def _warn_of_first(page: str, pin: Pin, rule: Rule, first: Rule, problems: Problems) -> None:
    """Warn of a rule that never happens, as another one is always first."""
    press = first.trigger.event_on(pin.active) is pin.active
    sentence = f"as the {'press' if press else 'release'} itself leads away from "
    by = f"by {problems.name(first.key)}"
    match rule.shared, first.shared:
        case False, False if press:
            sentence += f"the page; write on_tap instead of on_press (or on_{pin.active})"
        case False, False:
            other = f"on_release (or on_{pin.active.other})"
            sentence += f"the page; leave out {other}, or on_tap"
        case False, True:
            out = f"{first.trigger.table}.{pin.name} = false below {_header(page)}"
            sentence += f"the page {by}; write {out}, or leave this rule out"
        case True, True:
            sentence += f"the page {by}; leave one of them out"
        case True, False:
            out = f"{rule.trigger.table}.{pin.name} = false below {_header(page)}"
            sentence = f"on the page {page}, {sentence}it {by}; if that is meant, write {out}"
    on_a_page = rule.shared and not first.shared
    problems.warn(rule.key, f"never happens{' ' if on_a_page else ', '}{sentence}")


def _warn_of_gesture(
    pin: Pin, event: Level | Gesture, rule: Rule, said: Rules, problems: Problems
) -> None:
    """Warn of a tap that can't be one, and of a tap beside which a longer press does nothing."""
    if event is not Gesture.TAP:
        return
    hold = format_duration(pin.hold_s)
    if pin.debounce_s >= pin.hold_s:
        debounce = f"{_of_pin(pin, 'debounce')} = {format_duration(pin.debounce_s)}"
        sentence = (
            f"never happens, as {debounce} is not shorter than {_of_pin(pin, 'hold')} = {hold}: "
            "each press that lasts long enough to count is a hold; write a longer hold, or a "
            "shorter debounce"
        )
        problems.warn(rule.key, sentence)
    elif (pin.name, Gesture.HOLD) not in said:
        meant = "" if rule.shared else f"; if that is meant, write on_hold.{pin.name} = false"
        sentence = (
            f"somebody slow, whose press lasts for {hold} (hold), gets nowhere; add "
            f"on_hold.{pin.name} = {show(rule.target)}, or write on_press (or on_release) instead "
            f"of on_tap{meant}"
        )
        problems.warn(rule.key, sentence)


def _warn_of_idle(page: Page, rule: Rule, pin: Pin, problems: Problems) -> None:
    """Warn of a press that can't count before the page leaves by itself."""
    if page.idle is None or rule.trigger.at_load:
        return
    if page.lockout_s + pin.debounce_s < page.idle.after_s:
        return
    until = f"{_of_pin(pin, 'debounce')} = {format_duration(pin.debounce_s)}"
    if page.lockout_s:
        until = f"lockout = {format_duration(page.lockout_s)} and {until}"
    sentence = (
        f"hardly ever happens, as idle leads away after {format_duration(page.idle.after_s)}, and "
        f"no press counts before {until} are over; write a longer after, or shorter ones of these"
    )
    problems.warn(rule.key, sentence)


def _warn_of_what_is_taken_out(own: Rules, shared: Rules, problems: Problems) -> None:
    for (pin, event), rule in own.items():
        # Beside a tap it says something: that a press which gets too long leads nowhere.
        states = event is Gesture.HOLD and ((pin, Gesture.TAP) in {**shared, **own})
        if rule.target is None and (pin, event) not in shared and not states:
            sentence = "takes nothing out, as [every_page] has no such rule; leave it out"
            problems.warn(rule.key, sentence)


def _of_pin(pin: Pin, key: str) -> str:
    return dotted(("pins", pin.name, key))


def _header(page: str) -> str:
    return f"[{dotted(('pages', page))}]"
