"""Raw tables in, settings out: the checks that need more than one value.

Owns the order of the steps, and the checks between sections; `pin_tables` and `page_tables` read a
section each. A table that is partly wrong is read as far as it is right, so one problem doesn't
hide the next. Reads no file itself (`templates` does). Any thread.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gpiobridge.config.display_tables import read_displays
from gpiobridge.config.durations import format_duration
from gpiobridge.config.hours_tables import check_outputs, read_hours, read_hours_rules
from gpiobridge.config.hours_tables import check_pages as check_closed_pages
from gpiobridge.config.output_tables import check_pages, read_outputs
from gpiobridge.config.page_tables import misplaced, read_pages, warn_of_sites
from gpiobridge.config.pin_tables import read_gpio, read_pins
from gpiobridge.config.problems import Problems
from gpiobridge.config.rule_warnings import warn_of_rules
from gpiobridge.config.rules import EVERY_PAGE, Names, refuse_circles
from gpiobridge.config.settings import Alarms, Kiosk, Limits, Page, Server, Settings, Stage
from gpiobridge.config.sound_tables import read_sounds, warn_of_sounds
from gpiobridge.config.tables import (
    AlarmsTable,
    GpioTable,
    KioskTable,
    LimitsTable,
    RulesTable,
    ServerTable,
    StageTable,
)
from gpiobridge.config.templates import Templates
from gpiobridge.config.words import missing, section_meant, show, unknown
from gpiobridge.core import wire
from gpiobridge.errors import ConfigError
from gpiobridge.net.addresses import is_loopback

SECTIONS = (
    "server",
    "gpio",
    "limits",
    "kiosk",
    "stage",
    "pins",
    "outputs",
    "sounds",
    "displays",
    "alarms",
    "hours",
    "pages",
    "every_page",
)
"""The tables of the file."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def check(
    raw: Mapping[str, object],
    *,
    source: str,
    folder: Path,
    views: Collection[str] = (),
    origins: Mapping[str, str] = _NOTHING,
    has_files: bool = True,
) -> Settings:
    """Check raw tables and turn them into settings.

    Args:
        raw: the tables as `tomllib` gives them.
        source: the place that problems name.
        folder: the folder that holds `templates/`.
        views: the names of pages that a Flask view serves: they need no template.
        origins: for dotted keys that don't come from the source, the place to show instead.
        has_files: whether the files that the tables name are looked for: a kiosk may be on another
            machine than the exhibit.

    Raises:
        ConfigError: it has every problem that was found.
    """
    problems = Problems(source, origins)
    section = partial(_section, raw, problems=problems)
    _check_sections(raw, problems)
    misspelt = _names_of_misspelt(raw)
    server = _server(section("server"), problems)
    gpio = read_gpio(section("gpio"), problems)
    limits = Limits(**problems.read(LimitsTable, section("limits"), ("limits",), Limits).given())
    kiosk = Kiosk(**problems.read(KioskTable, section("kiosk"), ("kiosk",), Kiosk).given())
    stage = Stage(**problems.read(StageTable, section("stage"), ("stage",), Stage).given())
    alarms = Alarms(**problems.read(AlarmsTable, section("alarms"), ("alarms",), Alarms).given())
    raw_pins, raw_pages = section("pins"), section("pages")
    pins, actives = read_pins(raw_pins, gpio, problems)
    raw_outputs = section("outputs")
    known_pins = {**misspelt["pins"], **raw_pins}
    outputs = read_outputs(raw_outputs, pins, known_pins, gpio, problems)
    wrong = misplaced(raw_pages)
    page_names = [name for name in dict.fromkeys((*raw_pages, *views)) if name not in wrong]
    raw_sounds = section("sounds")
    sounds = read_sounds(raw_sounds, folder if has_files else None, problems)
    names = Names(
        [*page_names, *misspelt["pages"]],
        known_pins,
        actives,
        {**misspelt["sounds"], **raw_sounds},
    )
    _check_names(raw, names, views, server.start, problems)
    raw_hours = section("hours")
    has_hours = isinstance(raw.get("hours"), Mapping)
    hours = read_hours(raw_hours, ("hours",), names, None, problems) if has_hours else None
    check_outputs(outputs, problems, has_hours="hours" in raw)
    raw_displays = section("displays")
    displays = read_displays(raw_displays, names, server, kiosk, hours, problems)
    groups = {name: display.group for name, display in displays.items()}
    names = names._replace(
        displays={**dict.fromkeys([*misspelt["displays"], *raw_displays], ""), **groups}
    )
    if not raw_displays and (alarms.run or alarms.post):
        sentence = "an alarm is about a named display, and there is none; write [displays.<name>]"
        problems.warn(("alarms",), sentence)
    every = problems.read(RulesTable, section("every_page"), EVERY_PAGE, Page)
    any_hours = "hours" in raw or any(each.hours for each in displays.values())
    hours_rules = read_hours_rules(every, names, problems, has_hours=any_hours)
    templates = Templates(folder, names.pages, names.pins, views)
    pages, rules = read_pages(raw_pages, page_names, every, names, templates, problems)
    check_pages(pages, outputs, {**misspelt["outputs"], **raw_outputs}, problems)
    warn_of_sites(pages, server.url, problems)
    pages = check_closed_pages(pages, raw_pages, hours, displays, problems)
    refuse_circles(rules, problems)
    warn_of_rules(pages, rules, pins, problems)
    warn_of_sounds(sounds, pages, rules, problems, by_application=bool(views))
    if problems.sentences:
        raise ConfigError(problems.sentences)
    return Settings(
        server=server if server.start else replace(server, start=next(iter(pages))),
        gpio=gpio,
        limits=limits,
        kiosk=kiosk,
        stage=stage,
        sounds=MappingProxyType(sounds),
        displays=MappingProxyType(displays),
        alarms=alarms,
        hours=hours,
        hours_rules=MappingProxyType(hours_rules),
        pins=MappingProxyType(pins),
        outputs=MappingProxyType(outputs),
        pages=MappingProxyType(pages),
        folder=folder.absolute(),
        source=source,
        warnings=tuple(problems.warnings),
    )


def _check_sections(raw: Mapping[str, object], problems: Problems) -> None:
    for name, value in raw.items():
        if name not in SECTIONS:
            problems.add((name,), _wrong_section(name, value), value)


def _names_of_misspelt(raw: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
    """Find the names that sections with a wrong name give, by the section that is meant.

    Such a section is one problem. It is not read, but whoever names what stands in it is right.
    """
    names: dict[str, dict[str, object]] = {section: {} for section in SECTIONS}
    for name, table in raw.items():
        if name in SECTIONS or not isinstance(table, Mapping):
            continue
        if (meant := section_meant(name, SECTIONS)) is not None:
            names[meant] |= {name: table} if "pin" in table else table  # [lamp] is a lamp itself
    return names


def _check_names(
    raw: Mapping[str, object],
    names: Names,
    views: Collection[str],
    start: str,
    problems: Problems,
) -> None:
    """Check that there are pins and pages, and among them the start page."""
    # An application may well have pages that are only pushed to.
    if not names.pins and not views and isinstance(raw.get("pins", {}), Mapping):
        problems.add(("pins",), "there is no pin; write [pins], and below it button = 17")
    if not names.pages and raw.get("pages", {}) == {}:
        problems.add(("pages",), "there is no page; write [pages.welcome] for welcome.html")
    if names.pages and start and start not in names.pages:
        problems.add(("server", "start"), missing("page", start, names.pages), start)


def _section(raw: Mapping[str, object], name: str, problems: Problems) -> Mapping[str, object]:
    """Take one section; one that isn't there is empty."""
    section = raw.get(name, {})
    if isinstance(section, Mapping):
        return section
    example = "pages.welcome" if name == "pages" else name
    problems.add((name,), f"must be a section; write [{example}]", section)
    return {}


def _wrong_section(name: str, value: object) -> str:
    """Say what is wrong with a name that is no section."""
    if isinstance(value, Mapping):  # [audio.rain] is no key of [kiosk]
        return unknown("", name, SECTIONS)
    for section, table in (
        ("server", ServerTable),
        ("gpio", GpioTable),
        ("limits", LimitsTable),
        ("kiosk", KioskTable),
        ("stage", StageTable),
        ("alarms", AlarmsTable),
    ):
        if name in table.known_keys():
            return f"is a key of [{section}]; move it there"
    return unknown("", name, SECTIONS)


def _server(raw: Mapping[str, object], problems: Problems) -> Server:
    """Check `[server]`. A start page that isn't given is left empty."""
    table = problems.read(ServerTable, raw, ("server",), Server)
    server = Server(start=table.start or "", **table.given("start"))
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
            '"local" lets nobody in while url or allowed_hosts say that there is a proxy; '
            "write api_token",
        )
    # A token that is refused has its own problem.
    if not (server.open or raw.get("token") or is_loopback(server.host)):
        problems.add(
            ("server", "host"),
            "everyone on the network can then see the pages; add a token, "
            'add open = true if you want that, or write host = "127.0.0.1"',
            server.host,
        )
    return server
