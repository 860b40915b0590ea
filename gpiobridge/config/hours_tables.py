"""The opening hours of `config.toml`: `[hours]`, and `[displays.<name>.hours]` of one display.

Owns what they need, and what they ask of pages and outputs. `check` and `display_tables` call it.
Any thread; at start.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from gpiobridge.config.opening_times import ToHours, closed_days, opening_times
from gpiobridge.config.problems import Problems
from gpiobridge.config.rules import Names
from gpiobridge.config.settings import Hours, NamedDisplay, Output, Page
from gpiobridge.config.tables import HoursTable, RulesTable
from gpiobridge.config.time_zones import read_zone
from gpiobridge.config.words import Key, dotted, missing, show
from gpiobridge.core.events import Gesture, Level
from gpiobridge.core.triggers import TRIGGERS

_NEEDED = {"open": 'open = ["Mon-Fri 09:30-17:00"]', "page": 'page = "closed"'}
"""What hours can't do without -> an example."""


def read_hours(
    raw: Mapping[str, object],
    key: Key,
    names: Names,
    of_all: Hours | None,
    problems: Problems,
) -> Hours | None:
    """Check one table of opening hours.

    Args:
        raw: the table.
        key: its place.
        names: the names of all pages and pins.
        of_all: what holds where it says nothing; None: it must say all that is needed.
        problems: takes what is wrong.

    Returns:
        None if something that is needed is missing or wrong.
    """
    table = problems.read(HoursTable, raw, key, Hours)
    given: dict[str, Any] = table.given()
    if table.timezone is not None:
        try:
            read_zone(table.timezone)
        except ValueError as error:
            problems.add((*key, "timezone"), str(error), table.timezone)
            del given["timezone"]
    if table.page is not None and table.page not in names.pages:
        problems.add((*key, "page"), missing("page", table.page, names.pages), table.page)
    if of_all is None:
        if lacking := [name for name in _NEEDED if name not in raw]:
            examples = " and ".join(_NEEDED[name] for name in lacking)
            problems.add(key, f"has no {' and no '.join(lacking)}; write {examples} below it")
        if any(name not in given for name in _NEEDED):
            return None
    if "open" in given:
        given["open"] = tuple(map(opening_times, given["open"]))
    if "closed" in given:
        given["closed"] = tuple(map(closed_days, given["closed"]))
    return Hours(**given) if of_all is None else replace(of_all, **given)


def read_hours_rules(
    every: RulesTable, names: Names, problems: Problems, *, has_hours: bool
) -> dict[tuple[str, Level | Gesture], ToHours]:
    """Check the rules of `[every_page]` that overrule the opening hours.

    Args:
        every: the table.
        names: the names of all pages and pins.
        problems: takes what is wrong.
        has_hours: whether there are opening hours.
    """
    orders: dict[tuple[str, Level | Gesture], ToHours] = {}
    for trigger in TRIGGERS:
        for pin, order in every.hours_orders(trigger).items():
            place = ("every_page", trigger.table, pin)
            if trigger.at_load:
                sentence = "orders something at the moment of an event, and a level lasts; write "
                problems.add(place, f"{sentence}it below on_{trigger.name}")
            elif not has_hours:
                problems.add(place, "has nothing to overrule; write [hours], or leave it out")
            if pin not in names.pins:
                problems.add(place, missing("pin", pin, names.pins))
                continue
            active = names.actives.get(pin)
            if active is not None or not trigger.relative:
                orders[pin, trigger.event_on(active)] = order
    return orders


def check_outputs(outputs: Mapping[str, Output], problems: Problems, *, has_hours: bool) -> None:
    """Check that outputs with a closed state have hours to follow.

    Args:
        outputs: the outputs without a problem, by name.
        problems: takes what is wrong.
        has_hours: whether there is a section `[hours]`.
    """
    for name, output in outputs.items():
        if output.closed is not None and not has_hours:
            sentence = "has no meaning without [hours]; write that section, or leave closed out"
            problems.add(("outputs", name, "closed"), sentence, output.closed)


def check_pages(
    pages: Mapping[str, Page],
    raw_pages: Mapping[str, object],
    hours: Hours | None,
    displays: Mapping[str, NamedDisplay],
    problems: Problems,
) -> dict[str, Page]:
    """Check the pages that are shown while it is closed: nothing may lead away from them.

    Args:
        pages: the pages, by name.
        raw_pages: the section `[pages]`.
        hours: those of `[hours]`.
        displays: the named displays.
        problems: takes what is wrong.

    Returns:
        The pages; those that are shown while it is closed without the `idle` of `[every_page]`.
    """
    checked = dict(pages)
    for key, name in _closed_pages(hours, displays):
        page, raw = checked.get(name), raw_pages.get(name)
        if page is None:  # it has its own problem
            continue
        place = f"{dotted((*key, 'page'))} = {show(name)}"
        if not page.client:
            sentence = f"can't be left at the opening, because of {place}; leave client out"
            problems.add(("pages", name, "client"), sentence, False)
        if page.idle is None:
            continue
        if isinstance(raw, Mapping) and raw.get("idle"):
            sentence = f"would lead away while it is closed ({place}); leave idle out"
            problems.add(("pages", name, "idle"), sentence)
        checked[name] = replace(page, idle=None)
    return checked


def _closed_pages(
    hours: Hours | None, displays: Mapping[str, NamedDisplay]
) -> Iterator[tuple[Key, str]]:
    """List the pages that hours name, each once, with the place."""
    found: dict[str, Key] = {}
    if hours is not None:
        found[hours.page] = ("hours",)
    for name, display in displays.items():
        if display.hours is not None:
            found.setdefault(display.hours.page, ("displays", name, "hours"))
    yield from ((key, page) for page, key in found.items())
