"""The settings of a user's application, from wherever it keeps them.

Used at the start, on the thread that starts the bridge.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from gpiobridge import config
from gpiobridge.config import Settings
from gpiobridge.config.bounds import out_of_bounds
from gpiobridge.config.check import check
from gpiobridge.errors import ConfigError
from gpiobridge.extension.python_tables import plain_tables


def read_settings(
    app: Flask,
    given: Mapping[str, Any] | Settings | str | Path | None,
    pins: Mapping[str, Any],
    views: Mapping[str, Mapping[str, Any]],
) -> Settings:
    """Read and check the settings of an application.

    Args:
        app: the application; its ``config["GPIOBRIDGE"]`` is the default of ``given``.
        given: tables of the shape of ``config.toml``, the path of such a file (if relative, below
            the application's folder), or settings that are already checked.
        pins: more pins, as under ``[pins]``.
        views: page name to the rules that its view was declared with; they override the file's.

    Raises:
        ConfigError: with every problem found.
    """
    if given is None:
        given = app.config.get("GPIOBRIDGE", {})
    if isinstance(given, Settings):
        return given
    folder = Path(app.root_path)
    origins: dict[str, str] = {}
    source = f"GpioBridge of {app.import_name}"
    if isinstance(given, str | Path):
        path = folder / given
        if not path.exists():
            raise ConfigError(
                [
                    f"{path}: there is no such file; the path of a configuration begins at the "
                    f"application's folder, {folder}, or with /"
                ]
            )
        raw, origins = config.read(path)
        folder, source = path.parent, str(path)
    elif isinstance(given, Mapping):
        raw = dict(given)
    else:
        raise ConfigError(
            [
                f"{source}: the configuration is of type {type(given).__name__}; "
                "it must be a mapping like config.toml, or the path of such a file"
            ]
        )
    # An application has its own content security policy, or none.
    raw["server"] = _merged({"csp": "off"}, raw.get("server", {}))
    raw["pins"] = _merged(raw.get("pins", {}), pins)
    pages = raw.get("pages", {})
    if isinstance(pages, Mapping):
        rules = {name: _merged(pages.get(name, {}), own) for name, own in views.items()}
        raw["pages"] = {**pages, **rules}
        if not raw["pages"]:
            raise ConfigError(
                [f'{source}: there is no page; put @bridge.page("welcome") above a view']
            )
    if problem := out_of_bounds(raw):
        raise ConfigError([f"{source}: {problem}"])
    tables, problems = plain_tables(raw, source)
    try:
        settings = check(tables, source=source, folder=folder, views=tuple(views), origins=origins)
    except ConfigError as error:
        raise ConfigError([*problems, *error.problems]) from error
    if problems:
        raise ConfigError(problems)
    return settings


def _merged(first: Any, second: Any) -> Any:
    """Return both tables in one; `check` reports what is no table."""
    for table in (first, second):
        if not isinstance(table, Mapping):
            return table
    return {**first, **second}
