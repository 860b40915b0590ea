"""The configuration: ``config.toml`` in, checked and frozen settings out.

The way of a key: `load` reads the text, `environment` lays variables and options over it,
`tables` says what each value may be, `checking` compares values with each other, and `settings` is
what comes out. All problems are told at once, each with place, value and remedy (`problems` has
the words). None of these may import gpiozero, Flask or a module of ours that runs something. Any
thread; used at start.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gpiobridge.config.checking import RESERVED, check
from gpiobridge.config.durations import parse_duration
from gpiobridge.config.environment import lay_over
from gpiobridge.config.settings import Gpio, Page, Pin, Pull, Server, Settings, base_url
from gpiobridge.errors import ConfigError

__all__ = [
    "DEFAULT_URL",
    "RESERVED",
    "Gpio",
    "Page",
    "Pin",
    "Pull",
    "Server",
    "Settings",
    "base_url",
    "check",
    "described",
    "example_file",
    "example_reason",
    "load",
    "parse_duration",
    "read",
]

DEFAULT_URL = "http://127.0.0.1:8000"
"""Where a bridge is by the defaults of ``[server]``."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def example_file() -> Path:
    """Find the example that comes with gpiobridge, in a checkout or an installed copy."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "example" / "config.toml"
    return installed if installed.exists() else package.parent / "config.toml"


def example_reason(folder: Path) -> str:
    """Say why the packaged example is shown instead of a folder's own; "" if it isn't.

    Args:
        folder: where ``config.toml`` is looked for.
    """
    file = folder / "config.toml"
    if file.exists():
        return ""
    if file.is_symlink():
        return f"config.toml is a link to {os.readlink(file)}, which is not there; mend the link"
    try:
        files = sorted(path.name for path in folder.iterdir() if path.is_file())
    except OSError as error:
        return f"this folder can't be read ({error.strerror}); change that"
    if close := next(filter(_meant_as_config, files), None):
        return f"this folder has {close}, not config.toml; rename it (endings may be hidden)"
    if (folder / "templates").is_dir():
        return "this folder has templates/, but no config.toml; write one"
    return "this folder has no config.toml"


def described(settings: Settings) -> str:
    """Name where a configuration comes from; where it is the packaged example, say why."""
    if settings.source != str(example_file()) or not (why := example_reason(Path.cwd())):
        return settings.source
    return f"{settings.source} (the packaged example: {why})"


def _meant_as_config(name: str) -> bool:
    """Whether a file is probably the configuration, by a name that an editor has changed."""
    name = name.lower()
    changed = ".toml" in name or name.endswith((".tml", ".txt"))
    return name == "config" or (name.startswith("config") and changed)


def load(
    path: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    overrides: Mapping[str, object] = _NOTHING,
) -> Settings:
    """Read and check a configuration.

    Args:
        path: the file; by default ``config.toml`` in the current folder, else the example.
        environ: variables such as ``GPIOBRIDGE_SERVER__PORT`` override the file.
        overrides: dotted keys that override both, such as ``{"server.port": 9000}`` for
            ``--port``; None means that the option was not given.

    Raises:
        ConfigError: with every problem found.
    """
    if path is None:
        path = Path("config.toml")
        path = path if path.exists() else example_file()
    raw, origins = read(path, environ, overrides)
    # Not resolve(): where the file is a link, the templates lie beside the link.
    folder = Path(os.path.abspath(path)).parent
    return check(raw, source=str(path), folder=folder, origins=origins)


def read(
    path: Path,
    environ: Mapping[str, str] = os.environ,
    overrides: Mapping[str, object] = _NOTHING,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Read a configuration without checking it, for `check`.

    Args:
        path: the file.
        environ: as for `load`.
        overrides: as for `load`.

    Returns:
        The raw tables, and where their keys come from if it is not the file.

    Raises:
        ConfigError: the file can't be read.
    """
    return lay_over(_read_file(path), environ, overrides)


def _read_file(path: Path) -> dict[str, Any]:
    """Read the file's tables; whatever prevents it is one problem with a remedy.

    The cause of the error is the `PermissionError` if this user may not read the file.
    """
    denied = None
    try:
        # Windows' Notepad may put a byte order mark first, which TOML does not know.
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        problem = f'is not valid TOML: {error}; text such as "20ms" needs its quotes'
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text (byte {error.start}); save it as UTF-8"
    except FileNotFoundError:
        problem = "there is no such file; name another with --config"
    except OSError as error:
        if os.path.isdir(path):  # Windows only says "permission denied"
            problem = f"is a folder; name the file in it, such as {path / 'config.toml'}"
        else:
            reason = (error.strerror or str(error)).lower()
            problem = f"can't be read ({reason}); change that, or name another with --config"
            denied = error if isinstance(error, PermissionError) else None
    raise ConfigError([f"{path}: {problem}"]) from denied
