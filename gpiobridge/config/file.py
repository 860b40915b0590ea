"""The file: find and read `config.toml`, and apply what overrides it.

Any thread; used at start.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gpiobridge.config.bounds import out_of_bounds
from gpiobridge.config.environment import lay_over, passed_over
from gpiobridge.config.example import example_file, why_example
from gpiobridge.errors import ConfigError

if TYPE_CHECKING:
    from gpiobridge.config.settings import Settings

HERE = Path("config.toml")
"""The configuration of the current folder."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def here_or(installed: Callable[[], Path | None]) -> Path | None:
    """Choose a configuration if none was named: this folder's, else the installed service's.

    Args:
        installed: finds that of the service; called only if this folder has none.

    Returns:
        The file; None if there is neither. Then the example is meant.
    """
    return HERE if HERE.exists() else installed()


def load(
    path: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    overrides: Mapping[str, object] = _NOTHING,
) -> "Settings":
    """Read and check a configuration.

    Args:
        path: the file. By default it is `config.toml` in the current folder, else the example;
            then `Settings.example_because` says why.
        environ: variables such as `GPIOBRIDGE_SERVER__PORT` override the file.
        overrides: dotted keys that override both, such as `{"server.port": 9000}` for `--port`;
            None means that the option was not given.

    Raises:
        ConfigError: it has every problem that was found.
    """
    because = ""
    if path is None:
        path = HERE
        if not path.exists():
            path, because = example_file(), why_example(Path.cwd())
    raw, origins = read(path, environ, overrides)
    # Not resolve(): if the file is a link, the templates lie next to the link.
    folder = Path(os.path.abspath(path)).parent
    # Not above: the check is much code, which isn't needed to only read a file.
    from gpiobridge.config.check import SECTIONS, check

    settings = check(raw, source=str(path), folder=folder, origins=origins)
    warnings = (*settings.warnings, *passed_over(environ, SECTIONS))
    return replace(settings, warnings=warnings, example_because=because)


def load_for_views(path: Path, environ: Mapping[str, str] = os.environ) -> "Settings":
    """Read and check a configuration without the checks that depend on who serves the pages.

    Views of an application may serve them. Whether there are templates, sounds, or any page, is
    then the application's matter.

    Args:
        path: the file.
        environ: as for `load`.

    Raises:
        ConfigError: it has every problem that was found.
    """
    from gpiobridge.config.check import check  # late, as in `load`

    raw, origins = read(path, environ)
    pages, server = raw.get("pages"), raw.get("server")
    start = server.get("start") if isinstance(server, Mapping) else None
    views: list[str] = []
    if isinstance(pages, Mapping):
        # No view serves a page with a url: the bridge does.
        views = [name for name, body in pages.items() if not _has_url(body)]
        raw = raw | {"pages": {name: _without_template(body) for name, body in pages.items()}}
    if not pages:
        views = [start if isinstance(start, str) and start else "start"]
    folder = Path(os.path.abspath(path)).parent
    return check(
        raw, source=str(path), folder=folder, views=views, origins=origins, has_files=False
    )


def _has_url(body: Any) -> bool:
    return isinstance(body, Mapping) and "url" in body


def _without_template(body: Any) -> Any:
    if not isinstance(body, Mapping):
        return body
    return {key: value for key, value in body.items() if key != "template" or "url" in body}


def read(
    path: Path,
    environ: Mapping[str, str] = os.environ,
    overrides: Mapping[str, object] = _NOTHING,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Read a configuration without checking it, for `check.check`.

    Args:
        path: the file.
        environ: as for `load`.
        overrides: as for `load`.

    Returns:
        The raw tables, and the origins of those keys that don't come from the file.

    Raises:
        ConfigError: the file can't be read.
    """
    return lay_over(_read_file(path), environ, overrides)


def _read_file(path: Path) -> dict[str, Any]:
    """Read the file's tables; report what prevents that as one problem with a remedy.

    If this user may not read the file, the `PermissionError` is the cause of the error.
    """
    denied = None
    data, text = b"", ""
    try:
        data = path.read_bytes()
        # Windows' Notepad may put a byte order mark first, which TOML does not know.
        text = data.decode("utf-8-sig")
        tables = tomllib.loads(text)
    # A number of 5,000 digits is a ValueError, and lists in lists in lists are the other one.
    except (ValueError, RecursionError) as error:
        from gpiobridge.config import toml_errors  # not needed for a file that is right

        if isinstance(error, UnicodeDecodeError):
            line, problem = toml_errors.explain_encoding(data, error)
        else:
            line, problem = toml_errors.explain_toml(text, error)
        raise ConfigError([f"{path}, line {line}: {problem}"]) from None
    except FileNotFoundError:
        problem = "there is no such file; name another with --config"
    except OSError as error:
        if os.path.isdir(path):  # Windows only says "permission denied"
            problem = f"is a folder; name the file in it, such as {path / 'config.toml'}"
        else:
            reason = (error.strerror or str(error)).lower()
            problem = f"can't be read ({reason}); change that, or name another with --config"
            denied = error if isinstance(error, PermissionError) else None
    else:
        if not (problem := out_of_bounds(tables)):
            return tables
    raise ConfigError([f"{path}: {problem}"]) from denied
