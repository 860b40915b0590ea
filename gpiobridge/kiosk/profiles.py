"""The profile folder of a kiosk's browser: its place, and the lock on it.

This module starts nothing. Of this project it imports only `errors`. It runs on the caller's
thread.
"""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from gpiobridge.errors import KioskError


def profile_folder(name: str, environ: Mapping[str, str]) -> Path:
    """Choose the folder for a display's profile; only the kiosk uses it.

    Args:
        name: the display's name.
        environ: the environment: systemd's ``STATE_DIRECTORY`` first, then ``XDG_STATE_HOME``.
    """
    if given := environ.get("STATE_DIRECTORY"):
        base = Path(given.split(":")[0])
    else:
        state = environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        base = Path(state) / "gpiobridge"
    return base / name


def private_folder(profile: Path, environ: Mapping[str, str], name: str = "") -> Path:
    """Choose a folder that nobody else can read: ``RUNTIME_DIRECTORY``, or else the profile.

    Args:
        profile: the profile's folder.
        environ: the environment; systemd sets ``RUNTIME_DIRECTORY`` in it.
        name: the name of the kiosk's folder in it, which is made: of one of several kiosks.
    """
    given = environ.get("RUNTIME_DIRECTORY")
    if not given:
        return profile
    folder = Path(given.split(":")[0], name)
    if name:
        with contextlib.suppress(OSError):  # whoever writes into it says so
            folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@contextlib.contextmanager
def owned(profile: Path) -> Iterator[None]:
    """Lock a profile: a second browser would open its page in the first one, and end.

    Args:
        profile: the profile's folder; it is made if it does not exist.

    Raises:
        KioskError: another kiosk uses the profile, or it can't be written.
    """
    import fcntl  # not on Windows

    try:
        profile.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (profile / "gpiobridge.lock").open("w")
    except OSError as error:
        raise KioskError(
            f"the browser's profile can't be written: {error}; "
            "name another folder for it in XDG_STATE_HOME"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise KioskError(
                f"another kiosk uses {profile}; give this one a name with --display"
            ) from error
        yield
