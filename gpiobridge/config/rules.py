"""The rules of pages: which event leads where, and which rules can't be meant.

Owns the tables ``on_…`` and ``while_…``, of one page and of ``[every_page]``. Pure; any thread; at
start.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from gpiobridge.config.problems import Key, Problems, missing
from gpiobridge.config.settings import Page
from gpiobridge.config.tables import RulesTable
from gpiobridge.events import Gesture, Level

RULES = (
    "on_low", "on_high", "on_press", "on_release", "while_low", "while_high", "on_tap", "on_hold",
)  # fmt: skip


class Rule(NamedTuple):
    """One rule.

    Args:
        kind: the table it stands in, such as "on_low".
        target: the page it leads to.
    """

    kind: str
    target: str


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
    for kind in RULES:
        for pin, target in getattr(table, kind).items():
            place = (*key, kind, pin)
            if target not in pages:
                problems.add(place, missing("page", target, pages), target)
            if pin not in pins:
                problems.add(place, missing("pin", pin, pins), target)
                continue
            event = _event(kind, actives.get(pin))
            if event is None:
                continue
            if (pin, event) in rules:
                other = rules[pin, event].kind
                sentence = f"is the same edge as {other}.{pin}; leave one of them out"
                problems.add(place, sentence, target)
            rules[pin, event] = Rule(kind, target)
    return rules


def refuse_circles(pages: Mapping[str, Page], problems: Problems) -> None:
    """Refuse levels that would lead from page to page without end."""
    told: set[frozenset[str]] = set()

    def follow(path: tuple[str, ...], levels: Mapping[str, Level]) -> None:
        for (pin, level), target in pages[path[-1]].while_rules.items():
            if target not in pages or levels.get(pin, level) is not level:
                continue  # a problem that is told already, or levels that can't be at one time
            if target in path:
                circle = path[path.index(target) :]
                if frozenset(circle) not in told:
                    told.add(frozenset(circle))
                    shown = " to ".join((*circle, target))
                    sentence = f"leads from {shown} without end; leave one of these rules out"
                    problems.add(("pages", path[-1], f"while_{level}", pin), sentence, target)
                continue
            follow((*path, target), {**levels, pin: level})

    for name in pages:
        follow((name,), {})


def _event(kind: str, active: Level | None) -> Level | Gesture | None:
    """Find the event that a rule waits for."""
    if kind in ("on_tap", "on_hold"):
        return Gesture(kind.removeprefix("on_"))
    if kind in ("on_low", "while_low"):
        return Level.LOW
    if kind in ("on_high", "while_high"):
        return Level.HIGH
    if active is None:  # the pin has a problem, which is told with it
        return None
    return active if kind == "on_press" else active.other


def never_happening(page: Page, actives: Mapping[str, Level]) -> Iterator[str]:
    """Say which of a page's rules can never lead anywhere, as another one is always first."""
    for pin, event in page.rules:
        if not isinstance(event, Gesture) or pin not in actives:
            continue
        active = actives[pin]
        if (pin, active) in page.rules:
            yield (
                f"pages.{page.name}.on_{event}.{pin}: never happens, as the press itself leads "
                f"away from the page; write on_tap instead of on_press (or on_{active})"
            )
        elif event is Gesture.TAP and (pin, active.other) in page.rules:
            yield (
                f"pages.{page.name}.on_tap.{pin}: never happens, as the release itself leads "
                f"away from the page; leave out on_release (or on_{active.other}), or on_tap"
            )
