"""The named displays of `config.toml`: `[displays]`, raw tables in, settings out.

Owns the names of displays and of their groups. `check` calls it. Any thread; at start.
"""

from collections.abc import Mapping

from gpiobridge.config.problems import Problems
from gpiobridge.config.rules import Names
from gpiobridge.config.settings import NamedDisplay
from gpiobridge.config.tables import DisplayTable
from gpiobridge.config.words import missing, plain_name
from gpiobridge.config.written import check_name


def read_displays(
    raw: Mapping[str, object], names: Names, problems: Problems
) -> dict[str, NamedDisplay]:
    """Check every display.

    Args:
        raw: the section `[displays]`.
        names: the names of all pages and pins.
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
    return displays
