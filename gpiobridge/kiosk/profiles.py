"""The folder of a kiosk's browser: where it lies, and who may use it.

Starts nothing; imports nothing of ours but `errors`; the caller's thread.
"""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from gpiobridge.errors import KioskError


def profile_folder(name: str, environ: Mapping[str, str]) -> Path:
    """Choose the folder of a display's profile, which is ours alone.

    Args:
        name: the display's.
        environ: systemd's ``STATE_DIRECTORY`` counts first, then ``XDG_STATE_HOME``.
    """
    if given := environ.get("STATE_DIRECTORY"):
        base = Path(given.split(":")[0])
    else:
        state = environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        base = Path(state) / "gpiobridge"
    return base / name


def private_folder(profile: Path, environ: Mapping[str, str]) -> Path:
    """Choose a folder that nobody else can read: systemd's ``RUNTIME_DIRECTORY``, else the profile.

    Args:
        profile: the folder of the profile.
        environ: names the other.
    """
    given = environ.get("RUNTIME_DIRECTORY")
    return Path(given.split(":")[0]) if given else profile


@contextlib.contextmanager
def owned(profile: Path) -> Iterator[None]:
    """Keep a second kiosk out of a profile: its browser would open its page in ours, and end.

    Args:
        profile: its folder, which is made if it isn't there.

    Raises:
        KioskError: another kiosk has it, or it can't be written.
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
