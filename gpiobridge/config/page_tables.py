"""The pages of `config.toml`: `[pages]` and `[every_page]`, raw tables in, settings out.

Owns the names of pages, and the checks between the values of one page. `check` calls it. `rules`
knows where pins lead from them, `templates` what is in their files. Any thread.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Literal, TypeVar

from gpiobridge.config.problems import Problems
from gpiobridge.config.rules import EVERY_PAGE, Names, Rules, RulesOfPages, read_rules
from gpiobridge.config.settings import Idle, Page
from gpiobridge.config.sound_tables import check_sound, sounds_of
from gpiobridge.config.tables import PageTable, RulesTable
from gpiobridge.config.templates import Templates
from gpiobridge.config.words import PLAIN_NAME, Key, missing
from gpiobridge.config.written import check_name
from gpiobridge.core.events import Level, Route
from gpiobridge.core.triggers import TABLES

T = TypeVar("T")

RESERVED = frozenset({"ws", "static", "api", "healthz", "metrics", "simulator", "gpiobridge"})
"""Paths that are the bridge's own, or may become it."""


def read_pages(
    raw: Mapping[str, object],
    own: Collection[str],
    every: RulesTable,
    names: Names,
    templates: Templates,
    problems: Problems,
) -> tuple[dict[str, Page], RulesOfPages]:
    """Check every page.

    Args:
        raw: the section `[pages]`.
        own: the names of the pages that it has, and of those that a view serves.
        every: the section `[every_page]`.
        names: the names of all pages, pins and sounds, also of those that can't be read.
        templates: the templates of this exhibit.
        problems: takes what is wrong.

    Returns:
        The pages whose table could be read, and their rules.
    """
    _check_idle((*EVERY_PAGE, "idle"), every.idle, names, problems)
    check_sound(EVERY_PAGE, every, every, names.sounds, problems)
    rules = RulesOfPages(read_rules(EVERY_PAGE, every, names, problems), {})
    pages: dict[str, Page] = {}
    for name in misplaced(raw):
        shown = () if isinstance(raw[name], Mapping) else (raw[name],)
        sentence = "is a key of a single page; write it below [pages.<name>]"
        problems.add(("pages", name), sentence, *shown)
    for name in own:
        key = ("pages", name)
        body = raw.get(name, {})
        if not isinstance(body, Mapping):
            problems.add(key, f"must be a section; write [pages.{name}]", body)
            continue
        table = _page_table(key, body, names, problems)
        check_sound(key, table, every, names.sounds, problems)
        rules.own[name] = read_rules(key, table, names, problems)
        _check_url(key, table, body, templates.views, problems)
        template = None if "url" in body else _template(key, table, body, templates, problems)
        pages[name] = _page(name, template, table, every, rules.of(name))
    return pages, rules


def misplaced(raw: Mapping[str, object]) -> list[str]:
    """List the keys of a single page that stand in `[pages]` itself: its header is forgotten."""
    return [name for name, body in raw.items() if _is_misplaced(name, body)]


def _is_misplaced(name: str, body: object) -> bool:
    if name not in PageTable.known_keys():
        return False
    if isinstance(body, Mapping) and PLAIN_NAME.fullmatch(name):  # such as a page "idle"
        return name == "idle" and "after" in body
    return True


def _page_table(
    key: Key, body: Mapping[str, object], names: Names, problems: Problems
) -> PageTable:
    """Read one page; check its name, and compare its values with each other."""
    _check_name(key, problems)
    table = problems.read(PageTable, body, key, Page)
    _check_idle((*key, "idle"), table.idle, names, problems)
    if table.prerender and table.prefetch is False:
        sentence = "prerender = true fetches the page ahead, too; leave one of them out"
        problems.add((*key, "prefetch"), sentence, False)
    return table


def _check_name(key: Key, problems: Problems) -> None:
    name = key[-1]
    if name in RESERVED:
        problems.add(key, "this path is the bridge's own; rename the page")
    else:
        check_name(key, problems, is_header=True)


def _check_url(
    key: Key,
    table: PageTable,
    body: Mapping[str, object],
    views: Collection[str],
    problems: Problems,
) -> None:
    """Check what stands beside the address of another site's page."""
    if "url" not in body:
        return
    if key[-1] in views:
        problems.add((*key, "url"), "a Flask view serves this page; leave it out", body["url"])
        return
    if "template" in body:
        sentence = "a page with a url shows that address, and no template; leave one of them out"
        problems.add((*key, "template"), sentence, body["template"])
    if table.client is False:
        sentence = "without the bridge's script no press leads away from a page with a url"
        problems.add((*key, "client"), f"{sentence}; leave it out", False)


def warn_of_sites(pages: Mapping[str, Page], url: str, problems: Problems) -> None:
    """Warn of sites that no browser shows: those without HTTPS in a page that comes by HTTPS.

    Args:
        pages: the pages that could be read.
        url: what the bridge is called outside, or "".
        problems: takes the warnings.
    """
    if not url.startswith("https:"):
        return
    for name, page in pages.items():
        for site in page.sites:
            if site.startswith("http:"):
                written = "url" if site == page.site else "frames"
                sentence = (
                    f"a page of {url} can't show {site} in a frame; write its https:// address"
                )
                problems.warn(("pages", name, written), sentence)


def _template(
    key: Key,
    table: PageTable,
    body: Mapping[str, object],
    templates: Templates,
    problems: Problems,
) -> str | None:
    """Find and check a page's template, by default the file of its own name."""
    name = key[-1]
    if name in templates.views:
        if "template" in body:
            sentence = "a Flask view serves this page; leave it out"
            problems.add((*key, "template"), sentence, body["template"])
        return None
    if table.template is not None:
        templates.check_page((*key, "template"), table.template, problems, by_name=True)
        return table.template
    # Not if the page's name itself is wrong, nor in place of a wrong value.
    default = f"{name}.html"
    if "template" not in body and PLAIN_NAME.fullmatch(name) and name not in RESERVED:
        templates.check_page(key, default, problems)
    return default


def _page(
    name: str, template: str | None, table: PageTable, every: RulesTable, rules: Rules
) -> Page:
    """Make a page from its own table and from that of every page."""
    leading = {event: rule for event, rule in rules.items() if rule.displays is None}
    return Page(
        name=name,
        template=template,
        rules=MappingProxyType({event: str(rule.target) for event, rule in leading.items()}),
        while_rules=MappingProxyType(
            {
                (pin, event): str(rule.target)
                for (pin, event), rule in leading.items()
                if rule.trigger.at_load and isinstance(event, Level)
            }
        ),
        rule_sounds=MappingProxyType(
            {event: rule.sound for event, rule in rules.items() if rule.sound is not None}
        ),
        routes=MappingProxyType(
            {
                event: Route(str(rule.target), rule.displays)
                for event, rule in rules.items()
                if rule.displays is not None
            }
        ),
        sound=sounds_of(table, every),
        lockout_s=_first(table.lockout_s, every.lockout_s, 0.0),
        idle=_idle(table, every, name),
        transition=_first(table.transition, every.transition, "cut"),
        **table.given("template", "lockout_s", "idle", "transition", "sound", *TABLES),
    )


def _first(own: T | None, shared: T | None, default: T) -> T:
    """Take a page's own value, else that of every page."""
    return next((value for value in (own, shared) if value is not None), default)


def _idle(table: PageTable, every: RulesTable, name: str) -> Idle | None:
    """Find a page's idle: its own, else that of every page, except on the page it leads to."""
    if table.idle is None:
        return every.idle if every.idle and every.idle.to != name else None
    return table.idle or None


def _check_idle(
    key: Key, idle: Idle | Literal[False] | None, names: Names, problems: Problems
) -> None:
    """Check that the page and the pins that an `idle` names exist."""
    if not idle:
        return
    if idle.to not in names.pages:
        problems.add(key, missing("page", idle.to, names.pages))
    for pin in idle.pins:
        if pin not in names.pins:
            problems.add(key, missing("pin", pin, names.pins))
