"""Rules that are allowed but can't be meant: they never fire, or leave a visitor waiting.

Pure; any thread; at start.
"""

from collections.abc import Mapping
from typing import NamedTuple

from gpiobridge.config.durations import format_duration
from gpiobridge.config.problems import Problems
from gpiobridge.config.rules import Rule, Rules, RulesOfPages, header
from gpiobridge.config.settings import Page, Pin
from gpiobridge.config.words import dotted, show
from gpiobridge.core.events import Gesture, Level


def warn_of_rules(
    pages: Mapping[str, Page],
    rules: RulesOfPages,
    pins: Mapping[str, Pin],
    problems: Problems,
) -> None:
    """Warn of rules that can never lead anywhere, and of presses that lead nowhere.

    Args:
        pages: the pages, by name.
        rules: the rules of all pages.
        pins: the pins without a problem, by name.
        problems: takes the warnings.
    """
    ways = {name: _ways(rules.of(name), pins) for name in pages}
    happening = {way.rule.key for on_page in ways.values() for way in on_page if way.first is None}
    for name, page in pages.items():
        _warn_of_what_is_taken_out(rules.own[name], rules.said(name), rules.shared, problems)
        for pin, event, rule, first in ways[name]:
            if first is None:
                if event is Gesture.TAP:
                    _warn_of_tap(pin, rule, rules.said(name), problems)
                if not rule.shared:
                    _warn_of_idle(page, rule, pin, problems)
            elif not (rule.shared and first.shared and rule.key in happening):
                _warn_of_first(name, pin, rule, first, problems)


class _Way(NamedTuple):
    """A rule on a page, and the rule that always leads away before it, if there is one."""

    pin: Pin
    event: Level | Gesture
    rule: Rule
    first: Rule | None


def _ways(rules: Rules, pins: Mapping[str, Pin]) -> list[_Way]:
    return [
        _Way(pins[pin], event, rule, _always_first(pins[pin], event, rules))
        for (pin, event), rule in rules.items()
        if pin in pins
    ]


def _always_first(pin: Pin, event: Level | Gesture, rules: Rules) -> Rule | None:
    """Find the rule that leads away from a page before a gesture ends, if there is one."""
    if not isinstance(event, Gesture):
        return None
    first = [rules.get((pin.name, pin.active))]
    if event is Gesture.TAP:
        first.append(rules.get((pin.name, pin.active.other)))
    return next((rule for rule in first if rule is not None and rule.displays is None), None)


def _warn_of_first(page: str, pin: Pin, rule: Rule, first: Rule, problems: Problems) -> None:
    """Warn of a rule that never happens, because another one is always first."""
    press = first.trigger.event_on(pin.active) is pin.active
    sentence = f"because the {'press' if press else 'release'} itself leads away from "
    by = f"by {problems.name(first.key)}"
    match rule.shared, first.shared:
        case False, False if press:
            sentence += f"the page; write on_tap instead of on_press (or on_{pin.active})"
        case False, False:
            other = f"on_release (or on_{pin.active.other})"
            sentence += f"the page; leave out {other}, or on_tap"
        case False, True:
            out = f"{first.trigger.table}.{pin.name} = false below {header(page)}"
            sentence += f"the page {by}; write {out}, or leave this rule out"
        case True, True:
            sentence += f"the page {by}; leave one of them out"
        case True, False:
            out = f"{rule.trigger.table}.{pin.name} = false below {header(page)}"
            sentence = f"on the page {page}, {sentence}it {by}; if that is meant, write {out}"
    on_a_page = rule.shared and not first.shared
    problems.warn(rule.key, f"never happens{' ' if on_a_page else ', '}{sentence}")


def _warn_of_tap(pin: Pin, rule: Rule, said: Rules, problems: Problems) -> None:
    """Warn of a tap that can never happen, and of one where a longer press does nothing."""
    hold = format_duration(pin.hold_s)
    key, shortest_s = pin.shortest(pin.active)
    if shortest_s >= pin.hold_s and pin.counts == "settled":
        shortest = f"{_of_pin(pin, key)} = {format_duration(shortest_s)}"
        sentence = (
            f"never happens, because {shortest} is not shorter than {_of_pin(pin, 'hold')} = "
            f"{hold}: "
            "each press that lasts long enough to count is a hold; write a longer hold, or a "
            f"shorter {key}"
        )
        problems.warn(rule.key, sentence)
    elif (pin.name, Gesture.HOLD) not in said:
        meant = "" if rule.shared else f"; if that is meant, write on_hold.{pin.name} = false"
        sentence = (
            f"a press that lasts for {hold} (hold) or longer leads nowhere; add "
            f"on_hold.{pin.name} = {show(rule.target)}, or write on_press (or on_release) instead "
            f"of on_tap{meant}"
        )
        problems.warn(rule.key, sentence)


def _warn_of_idle(page: Page, rule: Rule, pin: Pin, problems: Problems) -> None:
    """Warn of a press that can't count before the page leaves by itself."""
    if page.idle is None or rule.trigger.at_load:
        return
    if page.lockout_s + pin.settle_s < page.idle.after_s:
        return
    times = [f"lockout = {format_duration(page.lockout_s)}"] if page.lockout_s else []
    if pin.settle_s:
        times.append(f"{_of_pin(pin, 'debounce')} = {format_duration(pin.debounce_s)}")
    until = " and ".join(times)
    sentence = (
        "hardly ever happens, because idle leads away after "
        f"{format_duration(page.idle.after_s)}, and "
        f"no press counts before {until} are over; write a longer after, or shorter ones of these"
    )
    problems.warn(rule.key, sentence)


def _warn_of_what_is_taken_out(own: Rules, said: Rules, shared: Rules, problems: Problems) -> None:
    for (pin, event), rule in own.items():
        # Next to a tap it has a meaning: a press that gets too long leads nowhere.
        states = event is Gesture.HOLD and (pin, Gesture.TAP) in said
        if rule.target is None and (pin, event) not in shared and not states:
            sentence = "takes nothing out, because [every_page] has no such rule; leave it out"
            problems.warn(rule.key, sentence)


def _of_pin(pin: Pin, key: str) -> str:
    return dotted(("pins", pin.name, key))
