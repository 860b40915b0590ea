"""Raw tables in, settings out: what `tables` can't say of one value alone.

Owns names, references between pins and pages, and values that depend on each other.
What is partly wrong is read as far as it is right, so that one problem doesn't hide the next.
Reads no file itself (`templates` does); `config` is where to import `check` from. Any thread.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from gpiobridge.config.durations import format_duration
from gpiobridge.config.header import MOST_LINES, bcm_number
from gpiobridge.config.problems import Key, Problems, missing, show, unknown
from gpiobridge.config.rules import (
    EVERY_PAGE,
    RULES,
    Rules,
    read_rules,
    refuse_circles,
    rules_of,
    warn_of_rules,
)
from gpiobridge.config.settings import (
    Gpio,
    Idle,
    Kiosk,
    Limits,
    Page,
    Pin,
    Pull,
    Server,
    Settings,
    wire_name,
)
from gpiobridge.config.tables import (
    GpioTable,
    KioskTable,
    LimitsTable,
    PageTable,
    PinTable,
    RulesTable,
    ServerTable,
    Table,
)
from gpiobridge.config.templates import Templates
from gpiobridge.core import wire
from gpiobridge.core.events import Level
from gpiobridge.errors import ConfigError
from gpiobridge.net.addresses import is_loopback

# Paths that are the bridge's own, or may become it.
RESERVED = frozenset({"ws", "static", "api", "healthz", "metrics", "simulator", "gpiobridge"})

SECTIONS = ("server", "gpio", "limits", "kiosk", "pins", "pages", "every_page")
"""The tables of the file."""

_PIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_PAGE_NAME = re.compile(r"[a-z0-9-]{1,32}")
_ACTIVE = {Pull.UP: Level.LOW, Pull.DOWN: Level.HIGH}
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def check(
    raw: Mapping[str, object],
    *,
    source: str,
    folder: Path,
    views: Collection[str] = (),
    origins: Mapping[str, str] = _NOTHING,
) -> Settings:
    """Check raw tables and turn them into settings.

    Args:
        raw: as `tomllib` gives them.
        source: what problems name as their place.
        folder: where ``templates/`` lies.
        views: names of pages that a Flask view serves: they need no template.
        origins: dotted key -> the place to show for it instead of the source.

    Raises:
        ConfigError: with every problem found.
    """
    problems = Problems(source, origins)
    for name, value in raw.items():
        if name not in SECTIONS:
            problems.add((name,), _wrong_section(name), value)
    server = _server(_section(raw, "server", problems), problems)
    gpio = _gpio(_section(raw, "gpio", problems), problems)
    raw_limits = _section(raw, "limits", problems)
    limits = Limits(**_given(problems.read(LimitsTable, raw_limits, ("limits",), Limits)))
    raw_kiosk = _section(raw, "kiosk", problems)
    kiosk = Kiosk(**_given(problems.read(KioskTable, raw_kiosk, ("kiosk",), Kiosk)))
    raw_pins = _section(raw, "pins", problems)
    raw_pages = _section(raw, "pages", problems)

    pins, actives = _pins(raw_pins, gpio, problems)
    # An application may well have pages that are only pushed to.
    if not raw_pins and not views and isinstance(raw.get("pins", {}), Mapping):
        problems.add(("pins",), "there is no pin; write [pins], and below it button = 17")

    names = [*raw_pages, *(view for view in views if view not in raw_pages)]
    if not names and isinstance(raw.get("pages", {}), Mapping):
        problems.add(("pages",), "there is no page; write [pages.welcome] for welcome.html")
    if names and server.start and server.start not in names:
        problems.add(("server", "start"), missing("page", server.start, names), server.start)
    raw_every = _section(raw, "every_page", problems)
    every = problems.read(RulesTable, raw_every, EVERY_PAGE, Page)
    _check_idle((*EVERY_PAGE, "idle"), every.idle, names, raw_pins, problems)
    shared = read_rules(EVERY_PAGE, every, raw_pins, actives, names, problems)
    pages: dict[str, Page] = {}
    own: dict[str, Rules] = {}
    # What an application's own templates may name, nobody here knows.
    templates = Templates(folder, None if views else names)
    for name in names:
        body = raw_pages.get(name, {})
        if not isinstance(body, Mapping):
            problems.add(("pages", name), _no_page(name), body)
            continue
        table = _page_table(name, body, problems)
        _check_idle(("pages", name, "idle"), table.idle, names, raw_pins, problems)
        if table.prerender and table.prefetch is False:
            sentence = "prerender = true fetches the page ahead, too; leave one of them out"
            problems.add(("pages", name, "prefetch"), sentence, False)
        own[name] = read_rules(("pages", name), table, raw_pins, actives, names, problems)
        template = _template(name, table, body, views, templates, problems)
        pages[name] = _page(name, template, table, every, rules_of(name, own[name], shared))
    refuse_circles({name: rules_of(name, own[name], shared) for name in pages}, problems)
    warn_of_rules(pages, own, shared, pins, problems)
    if problems.sentences:
        raise ConfigError(problems.sentences)
    return Settings(
        server=server if server.start else replace(server, start=names[0]),
        gpio=gpio,
        limits=limits,
        kiosk=kiosk,
        pins=MappingProxyType(pins),
        pages=MappingProxyType(pages),
        folder=folder.absolute(),
        source=source,
        warnings=tuple(problems.warnings),
    )


def _page(
    name: str, template: str | None, table: PageTable, every: RulesTable, rules: Rules
) -> Page:
    """Make a page of what its own table says, and of what every page does."""
    return Page(
        name=name,
        template=template,
        rules=MappingProxyType({event: str(rule.target) for event, rule in rules.items()}),
        while_rules=MappingProxyType(
            {
                (pin, event): str(rule.target)
                for (pin, event), rule in rules.items()
                if rule.by_level and isinstance(event, Level)
            }
        ),
        lockout_s=_first(table.lockout_s, every.lockout_s, 0.0),
        idle=_idle(table, every, name),
        **_given(table, "template", "lockout_s", "idle", *RULES),
    )


def _first(own: float | None, shared: float | None, default: float) -> float:
    """Take what a page says itself, else what every page does."""
    return next((value for value in (own, shared) if value is not None), default)


def _idle(table: PageTable, every: RulesTable, name: str) -> Idle | None:
    """Find when a page leaves by itself: its own word, else that of every page but the target."""
    if table.idle is None:
        return every.idle if every.idle and every.idle.to != name else None
    return table.idle or None


def _check_idle(
    key: Key,
    idle: Idle | Literal[False] | None,
    pages: Collection[str],
    pins: Collection[str],
    problems: Problems,
) -> None:
    """Check that the page and the pins that an ``idle`` names are there."""
    if not idle:
        return
    if idle.to not in pages:
        problems.add(key, missing("page", idle.to, pages))
    for pin in idle.pins:
        if pin not in pins:
            problems.add(key, missing("pin", pin, pins))


def _section(raw: Mapping[str, object], name: str, problems: Problems) -> Mapping[str, object]:
    """Take one section; one that isn't there is empty."""
    section = raw.get(name, {})
    if isinstance(section, Mapping):
        return section
    example = "pages.welcome" if name == "pages" else name
    problems.add((name,), f"must be a section; write [{example}]", section)
    return {}


def _wrong_section(name: str) -> str:
    """Say what is wrong with a name that is no section."""
    for section, table in (
        ("server", ServerTable),
        ("gpio", GpioTable),
        ("limits", LimitsTable),
        ("kiosk", KioskTable),
    ):
        if name in table.known_keys():
            return f"is a key of [{section}]; move it there"
    return unknown("", name, SECTIONS)


def _given(table: Table, *without: str) -> dict[str, Any]:
    """Take what a table gives; the class it becomes has the defaults of the rest."""
    return {name: getattr(table, name) for name in table.model_fields_set if name not in without}


def _server(raw: Mapping[str, object], problems: Problems) -> Server:
    """Check ``[server]``; a start page that isn't given is left empty."""
    table = problems.read(ServerTable, raw, ("server",), Server)
    server = Server(start=table.start or "", **_given(table, "start"))
    if table.start == "":
        problems.add(("server", "start"), "must be a page; leave it out for the first one", "")
    least_s = wire.SILENT_BEATS * server.beat_s + 3
    if server.catch_up_s < least_s:
        write = f"write catch_up = {show(format_duration(least_s))} or more"
        need = f"{wire.SILENT_BEATS:g} beats + 3s; {write}"
        if "catch_up" in raw:
            problems.add(("server", "catch_up"), f"must be at least {need}", raw["catch_up"])
        else:
            problems.add(("server", "beat"), f"catch_up must be at least {need}", raw["beat"])
    if server.open and server.token:
        sentence = "lets everyone in, so the token is never asked for; leave one of them out"
        problems.add(("server", "open"), sentence, True)
    if server.api == "local" and (server.api_token or server.token):
        name = "api_token" if server.api_token else "token"
        problems.warn(
            ("server", "api"),
            f'"local" counts only without a token, and there is {name}: programs on this machine '
            "have to send it, too; leave api out",
        )
    elif server.api == "local" and server.behind_a_proxy:
        problems.warn(
            ("server", "api"),
            '"local" lets nobody in where url or allowed_hosts mean a proxy; write api_token',
        )
    if not (server.open or server.token or is_loopback(server.host)):
        problems.add(
            ("server", "host"),
            "everyone on the network can then see the pages; add a token that is asked for, "
            'add open = true if you want that, or write host = "127.0.0.1"',
            server.host,
        )
    return server


def _gpio(raw: Mapping[str, object], problems: Problems) -> Gpio:
    """Check ``[gpio]``."""
    gpio = Gpio(**_given(problems.read(GpioTable, raw, ("gpio",), Gpio)))
    _check_chip(("gpio", "chip"), gpio.chip, gpio, problems)
    return gpio


def _check_chip(key: Key, chip: str, gpio: Gpio, problems: Problems) -> None:
    """Refuse the name of a chip that no back end would look at."""
    if chip != "auto" and gpio.pin_factory not in ("auto", "gpiod", "lgpio"):
        sentence = f"has no meaning with pin_factory = {show(gpio.pin_factory)}; leave it out"
        problems.add(key, sentence, chip)


def _pins(
    raw_pins: Mapping[str, object], gpio: Gpio, problems: Problems
) -> tuple[dict[str, Pin], dict[str, Level]]:
    """Check every pin.

    Returns:
        The pins that have a number or need none, and the active level of each where it is known:
        rules can be compared although a pin has another problem.
    """
    pins: dict[str, Pin] = {}
    actives: dict[str, Level] = {}
    taken: dict[tuple[str, int], str] = {}
    for name, raw in raw_pins.items():
        key = ("pins", name)
        if not _PIN_NAME.fullmatch(name):
            problems.add(key, 'a pin\'s name has 1 to 32 of A-Z, a-z, 0-9, "_" and "-"; rename it')
        table, body = _pin_table(key, raw, problems)
        pull = Pull.UP if table.pull is None else Pull(table.pull)
        active = _ACTIVE.get(pull) if table.active is None else Level(table.active)
        if active is not None:
            actives[name] = active
        elif "active" not in body:
            sentence = 'is needed with pull = "none"; write active = "low" (or "high")'
            problems.add((*key, "active"), sentence)
        if table.source == "http":
            for wired in ("pin", "chip"):
                if wired in body:
                    sentence = 'has no meaning with source = "http"; leave one of them out'
                    problems.add((*key, wired), sentence, body[wired])
        elif table.pin is None:
            continue
        else:
            _wire(key, raw, table, gpio, pull, taken, problems)
        if active is not None:
            pins[name] = Pin(name=name, pull=pull, active=active, **_given(table, "pull", "active"))
    return pins, actives


def _wire(
    key: Key,
    raw: object,
    table: PinTable,
    gpio: Gpio,
    pull: Pull,
    taken: dict[tuple[str, int], str],
    problems: Problems,
) -> None:
    """Check the line of a pin, and that no other pin has it; ``taken`` are those so far."""
    assert table.pin is not None
    place = (*key, "pin") if isinstance(raw, Mapping) else key
    written = raw["pin"] if isinstance(raw, Mapping) else raw
    chip = table.chip or gpio.chip
    if table.chip is not None:
        _check_chip((*key, "chip"), table.chip, gpio, problems)
    if chip == "auto" and table.pin >= MOST_LINES:
        sentence = (
            f"there is no such pin: a Raspberry Pi has 0 to {MOST_LINES - 1} at most; write a BCM "
            'number, or name its chip, too, such as chip = "gpiochip1"'
        )
        problems.add(place, sentence, written)
    other = taken.setdefault((chip, table.pin), key[-1])
    if other != key[-1]:
        wire = wire_name(table.pin, chip)
        problems.add(
            place,
            f"is the pin of pins.{other}, too: two names on one pin ({wire}); "
            "leave one of them out",
            written,
        )
    if table.chip in (None, "auto") and table.pin in (2, 3) and pull is not Pull.UP:
        # On the board itself, 1.8 kΩ: the Pi's own pull-down (50 kΩ) can't win against it.
        fixed = f"GPIO {table.pin} has a fixed pull-up on the board"
        remedy = 'write pull = "up", or take another pin'
        if chip == "auto":
            problems.add((*key, "pull"), f"{fixed}; {remedy}", pull)
        else:  # perhaps of another board
            problems.warn((*key, "pull"), f"on a Raspberry Pi {fixed}; there {remedy}")


def _pin_table(key: Key, raw: object, problems: Problems) -> tuple[PinTable, Mapping[str, object]]:
    """Read a pin in its long form, or in the short one, ``button = 17``."""
    if isinstance(raw, Mapping):
        if "pin" not in raw and raw.get("source", "gpio") == "gpio":
            sentence = (
                'has no pin; write pin = 17 (its BCM number), or source = "http" for one that is '
                "set by HTTP requests"
            )
            problems.add(key, sentence)
        return problems.read(PinTable, raw, key, Pin), raw
    body = {"pin": raw}
    try:
        bcm_number(raw)
    except ValueError as error:
        # [pins] instead of [pins.button], and below it pull = "up".
        stray = key[-1] in PinTable.known_keys()
        sentence = "is a key of a single pin; write it below [pins.<name>]" if stray else str(error)
        problems.add(key, sentence, raw)
        return PinTable.model_validate({}), body
    return PinTable.model_validate(body), body


def _no_page(name: str) -> str:
    """Say what is wrong with a page that is a single value."""
    if name in PageTable.known_keys():  # [pages] instead of [pages.welcome]
        return "is a key of a single page; write it below [pages.<name>]"
    return f"must be a section; write [pages.{name}]"


def _page_table(name: str, body: Mapping[str, object], problems: Problems) -> PageTable:
    """Read one page, and check its name."""
    key = ("pages", name)
    if name in RESERVED:
        problems.add(key, "this path is the bridge's own; rename the page")
    elif not _PAGE_NAME.fullmatch(name):
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:32]
        remedy = f"write [pages.{plain}]" if plain else "rename it"
        problems.add(key, f'a page\'s name has 1 to 32 of a-z, 0-9 and "-"; {remedy}')
    return problems.read(PageTable, body, key, Page)


def _template(
    name: str,
    table: PageTable,
    body: Mapping[str, object],
    views: Collection[str],
    templates: Templates,
    problems: Problems,
) -> str | None:
    """Find and check a page's template, by default the file of its own name."""
    key = ("pages", name)
    if name in views:
        if "template" in body:
            sentence = "a Flask view serves this page; leave it out"
            problems.add((*key, "template"), sentence, body["template"])
        return None
    if table.template is not None:
        templates.check_page((*key, "template"), table.template, problems, by_name=True)
        return table.template
    # Not for a name that is wrong itself, nor instead of a value that was.
    default = f"{name}.html"
    if "template" not in body and _PAGE_NAME.fullmatch(name) and name not in RESERVED:
        templates.check_page(key, default, problems)
    return default
