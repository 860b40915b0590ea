"""What overrides the file: environment variables and options of the command line.

Pure: raw tables in, a raw table and the origins of its values out. Any thread.
"""

import tomllib
from collections.abc import Iterable, Mapping

from gpiobridge.config.bounds import out_of_bounds
from gpiobridge.core.triggers import TABLES

PREFIX = "GPIOBRIDGE_"

_OTHERS = ("GPIOBRIDGE_KIOSK_FLAGS",)  # which the command line reads


def lay_over(
    raw: Mapping[str, object], environ: Mapping[str, str], overrides: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, str]]:
    """Lay variables such as `GPIOBRIDGE_SERVER__PORT`, then options, over the file's tables.

    Args:
        raw: the file as `tomllib` reads it; it is not changed.
        environ: the environment of the process. Variables without our prefix or without `__` (the
            border between two levels) are ignored.
        overrides: dotted keys and their values, as options give them; None means not given.

    Returns:
        The merged tables, and the place to show for each key that doesn't come from the file.
    """
    merged = _copy(raw)
    origins: dict[str, str] = {}
    for variable in sorted(environ):
        parts = variable.removeprefix(PREFIX).lower().split("__")
        if variable.startswith(PREFIX) and len(parts) > 1 and all(parts):
            _put(merged, origins, _spell(merged, parts), _value(environ[variable]), variable)
    for dotted, value in overrides.items():
        if value is not None:
            parts = dotted.split(".")
            _put(merged, origins, parts, value, "--" + parts[-1].replace("_", "-"))
    return merged, origins


def passed_over(environ: Mapping[str, str], tables: Iterable[str]) -> list[str]:
    """Find variables that look like ours but set nothing: a token that isn't set guards nothing.

    Args:
        environ: the environment of the process.
        tables: the names of all tables.

    Returns:
        A warning for each, with the name that was probably meant.
    """
    warnings = []
    for variable in sorted(environ):
        name = variable.removeprefix(PREFIX)
        if variable in _OTHERS or name == variable or "__" in name:
            continue
        for table in tables:
            key = name.removeprefix(f"{table.upper()}_")
            if key not in (name, ""):
                meant = f"{PREFIX}{table.upper()}__{key}"
                warnings.append(f"{variable} sets nothing; a key has two underscores: {meant}")
    return warnings


def _copy(table: Mapping[str, object]) -> dict[str, object]:
    """Copy the tables all the way down: the caller's own must not change."""
    return {
        key: _copy(value) if isinstance(value, Mapping) else value for key, value in table.items()
    }


def _value(text: str) -> object:
    """Read a variable as a TOML value (`9000`, `true`, `"x"`); anything else is text."""
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # see `file`
        return text
    # A line break could smuggle in a second key. No key of ours takes a date.
    value = table["value"]
    known = isinstance(value, bool | int | float | str | list | dict)
    return value if len(table) == 1 and known and not out_of_bounds(value) else text


def _spell(raw: Mapping[str, object], parts: list[str]) -> list[str]:
    """Spell a variable's levels as the file does, which may have capitals and hyphens."""
    spelled: list[str] = []
    table: object = raw
    for depth, part in enumerate(parts):
        known: list[str] = list(table) if isinstance(table, Mapping) else []
        fallback = part
        if spelled[:1] == ["pages"] and depth == 1:
            fallback = part.replace("_", "-")  # a page's name has hyphens only
        elif _is_rule(spelled):
            pins = raw.get("pins")
            known += pins if isinstance(pins, Mapping) else ()
        elif depth == 3 and spelled[0] == "pages" and spelled[2] == "outputs":
            outputs = raw.get("outputs")
            known += outputs if isinstance(outputs, Mapping) else ()
        spelled.append(_alike(part, known) or fallback)
        table = table.get(spelled[-1]) if isinstance(table, Mapping) else None
    return spelled


def _is_rule(levels: list[str]) -> bool:
    """Whether a pin's name comes next."""
    match levels:
        case ["pages", _, kind] | ["every_page", kind]:
            return kind in TABLES
    return False


def _alike(part: str, known: Iterable[str]) -> str | None:
    """Find the known key that `part` means; capitals and hyphens don't count."""
    plain = part.replace("-", "_")
    return next((key for key in known if key.lower().replace("-", "_") == plain), None)


def _put(
    table: dict[str, object],
    origins: dict[str, str],
    parts: list[str],
    value: object,
    origin: str,
) -> None:
    """Set one value and note its origin; make missing tables on the way."""
    for depth, part in enumerate(parts[:-1], start=1):
        inner = table.get(part)
        if not isinstance(inner, dict):
            if parts[0] in ("pins", "outputs") and depth == 2 and inner is not None:
                inner = {"pin": inner}  # the short form: button = 17
            else:
                inner = {}
                origins[".".join(parts[:depth])] = origin
            table[part] = inner
        table = inner
    table[parts[-1]] = value
    origins[".".join(parts)] = origin
