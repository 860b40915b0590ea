"""The named displays of `config.toml`: `[displays]`, raw tables in, settings out.

Owns the names of displays and of their groups, and which screen belongs to which. `check` calls it.
Any thread; at start.
"""

from collections.abc import Mapping
from dataclasses import fields

from gpiobridge.config.hours_tables import read_hours
from gpiobridge.config.problems import Problems
from gpiobridge.config.rules import Names
from gpiobridge.config.settings import DEFAULT_KIOSK, Hours, Kiosk, NamedDisplay, Screen, Server
from gpiobridge.config.tables import DisplayTable
from gpiobridge.config.words import dotted, missing, plain_name
from gpiobridge.config.written import check_name


def read_displays(
    raw: Mapping[str, object],
    names: Names,
    server: Server,
    kiosk: Kiosk,
    hours: Hours | None,
    problems: Problems,
) -> dict[str, NamedDisplay]:
    """Check every display.

    Args:
        raw: the section `[displays]`.
        names: the names of all pages and pins.
        server: the server's settings; they have tokens, too.
        kiosk: the section `[kiosk]`: what its screen is like, where a display doesn't say it.
        hours: those of `[hours]`, which hold where a display's own say nothing.
        problems: takes what is wrong.
    """
    displays = {}
    all_screens = {each.name: getattr(kiosk, each.name) for each in fields(Screen)}
    del all_screens["connector"]
    for name, body in raw.items():
        key = ("displays", name)
        check_name(key, problems, is_header=True)
        if not isinstance(body, Mapping):
            right = plain_name("displays", name) or "<name>"
            example = f'[displays.{right}] and below it start = "<page>"'
            problems.add(key, f"must be a section; write {example}", body)
            continue
        table = problems.read(DisplayTable, body, key, NamedDisplay)
        if table.start is not None and table.start not in names.pages:
            sentence = missing("page", table.start, names.pages)
            problems.add((*key, "start"), sentence, table.start)
        for pin in table.pins or ():
            if pin not in names.pins:
                problems.add((*key, "pins"), missing("pin", pin, names.pins), pin)
        own = None
        if table.hours is not None:
            own = read_hours(table.hours, (*key, "hours"), names, hours, problems)
        values = {**all_screens, **table.given("hours")}
        displays[name] = NamedDisplay(name=name, hours=own, **values)
        for of_output in ("rotate", "scale"):
            if of_output in table.values and not table.connector:
                sentence = 'counts only with a connector; write connector = "HDMI-A-1" beside it'
                problems.warn((*key, of_output), sentence)
    _check_tokens(displays, server, problems)
    _check_connectors(displays, kiosk, problems)
    return displays


def _check_tokens(displays: Mapping[str, NamedDisplay], server: Server, problems: Problems) -> None:
    """Refuse a token that proves nothing, because somebody else has it, too."""
    whose = {server.token: "server.token", server.api_token: "server.api_token"}
    for name, display in displays.items():
        key = ("displays", name, "token")
        if display.token and display.token in whose:
            problems.add(key, f"is that of {whose[display.token]}; write one of its own")
        whose.setdefault(display.token, dotted(key))


def _check_connectors(
    displays: Mapping[str, NamedDisplay], kiosk: Kiosk, problems: Problems
) -> None:
    """Check that each connector belongs to one display, or to the kiosk that has no other name."""
    owners = {kiosk.connector: "kiosk"} if kiosk.connector else {}
    for display in displays.values():
        place = ("displays", display.name, "connector")
        if not display.connector:
            continue
        owner = owners.setdefault(display.connector, f"displays.{display.name}")
        if owner != f"displays.{display.name}":
            sentence = f"is that of {owner}, too; write another one, or leave one of them out"
            problems.add(place, sentence, display.connector)
        elif kiosk.connector and display.name == DEFAULT_KIOSK:
            sentence = "the kiosk of this name has one in [kiosk]; leave one of them out"
            problems.add(place, sentence, display.connector)
