"""Write gpiobridge's commands as they work here, for the messages that print them.

A printed command must work where it is printed. In a checkout it is ``.venv/bin/gpiobridge``. A
process started by ``python -m gpiobridge`` prints that form. sudo looks for commands in its own
folders. This module reads how this process was started, and the search path. It imports nothing
of the project. Any thread.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

NAME = "gpiobridge"

_SUDO_PATH = os.pathsep.join(
    ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
)
"""Where sudo looks for commands: the default of Debian's ``secure_path`` (sudoers(5))."""


def command(*words: str) -> str:
    """Write a gpiobridge command as it is called here.

    Args:
        words: the words after ``gpiobridge``, such as ``"press", "button"``. They are quoted for
            a shell.
    """
    return _line([*_program(), *words])


def this_program() -> list[str]:
    """Return the words that start gpiobridge again from any folder, as this process was started."""
    script = _script()
    return [sys.executable, "-m", NAME] if script is None else [os.path.abspath(script)]


def as_root(*words: str) -> str:
    """Write a gpiobridge command for root, with sudo.

    Args:
        words: the words after ``gpiobridge``.
    """
    script = _script()
    found = shutil.which(NAME, path=_SUDO_PATH)
    if script is None:
        program = [sys.executable, "-m", NAME]
    elif found and _same_file(found, script):
        program = [NAME]
    else:
        program = [str(Path(script).absolute())]
    return _line(["sudo", *program, *words])


def again(option: str, value: object) -> str:
    """Write the command that started this process, with one option changed.

    Args:
        option: the option, such as ``--port``.
        value: its new value.
    """
    words, given = [], iter(sys.argv[1:])
    for word in given:
        if word == option:
            next(given, None)
        elif not word.startswith(f"{option}="):
            words.append(word)
    return command(*words, option, str(value))


def again_as_root() -> str:
    """Write the command that started this process, for root."""
    return as_root(*sys.argv[1:])


def pip(*words: str) -> str:
    """Write a pip command that changes the environment of this Python.

    Args:
        words: the words after ``pip``.
    """
    found = shutil.which("pip")
    ours = found and os.path.dirname(os.path.abspath(found)) == os.path.dirname(sys.executable)
    return _line([*(["pip"] if ours else [_python(), "-m", "pip"]), *words])


def _program() -> list[str]:
    """Find the words that start gpiobridge here."""
    script = _script()
    if script is None:
        return [_python(), "-m", NAME]
    found = shutil.which(NAME)
    return [NAME] if found and _same_file(found, script) else [_near(script)]


def _script() -> str | None:
    """Find our console script; return None if only ``python -m gpiobridge`` is sure to work."""
    started = sys.argv[0] if sys.argv else ""
    path = Path(started)
    if path.name == "__main__.py" and path.parent.name == NAME:
        return None
    if path.stem == NAME:
        return started
    # If another program such as flask runs us, our script is next to its interpreter.
    beside = os.path.join(os.path.dirname(sys.executable), NAME)
    there = any(os.path.isfile(beside + ending) for ending in ("", ".exe"))
    return beside if there else None


def _python() -> str:
    """Find the word that starts this Python."""
    # Not samefile: an environment's Python is a link to the system's.
    for name in ("python", "python3"):
        found = shutil.which(name)
        if found and os.path.abspath(found) == os.path.abspath(sys.executable):
            return name
    return _near(sys.executable) if sys.executable else "python3"


def _near(path: str) -> str:
    """Write the shortest path of a program that works from this folder."""
    try:
        here = os.path.relpath(path)
    except (OSError, ValueError):  # the folder is gone, or the program is on another drive
        return path
    if here.startswith(os.pardir):
        return os.path.abspath(path)
    return here if os.sep in here else os.path.join(os.curdir, here)


def _same_file(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _line(words: Sequence[str]) -> str:
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)
