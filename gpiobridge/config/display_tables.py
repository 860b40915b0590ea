"""The named displays of `config.toml`: `[displays]`, raw tables in, settings out.

Owns the names of displays and of their groups. `check` calls it. Any thread; at start.
"""

from collections.abc import Mapping

from gpiobridge.config.problems import Problems
from gpiobridge.config.rules import Names
from gpiobridge.config.settings import NamedDisplay, Server
from gpiobridge.config.tables import DisplayTable
from gpiobridge.config.words import dotted, missing, plain_name
from gpiobridge.config.written import check_name


def read_displays(
    raw: Mapping[str, object], names: Names, server: Server, problems: Problems
) -> dict[str, NamedDisplay]:
    """Check every display.

    Args:
        raw: the section `[displays]`.
        names: the names of all pages and pins.
        server: the server's settings; they have tokens, too.
        problems: takes what is wrong.
    """
    displays = {}
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
        displays[name] = NamedDisplay(name=name, **table.given())
    _check_tokens(displays, server, problems)
    return displays


def _check_tokens(displays: Mapping[str, NamedDisplay], server: Server, problems: Problems) -> None:
    """Refuse a token that proves nothing, because somebody else has it, too."""
    whose = {server.token: "server.token", server.api_token: "server.api_token"}
    for name, display in displays.items():
        key = ("displays", name, "token")
        if display.token and display.token in whose:
            problems.add(key, f"is that of {whose[display.token]}; write one of its own")
        whose.setdefault(display.token, dotted(key))
