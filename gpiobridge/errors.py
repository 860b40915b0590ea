"""What can go wrong, each with the exit code a shell sees.

::

    GpioBridgeError            1  something failed at run time
    ├── ConfigError            2  the configuration or the command line is wrong (a ValueError)
    ├── PinError               1  a pin can't be opened, read or set
    │   └── DriveError         1  a pin can't have such a level or press (a ValueError)
    ├── ServerError            1  the server can't start, such as a port in use
    ├── PushError              1  a message is no JSON, too large or for no page (a ValueError)
    ├── RemoteError            1  a running bridge can't be reached, or refuses
    ├── KioskError             1  a page can't be shown on this machine's screen
    └── InstallError           1  the service can't be installed, or doesn't start

Each message is a sentence with place, value and remedy: it reaches a person as it is, without a
traceback. This module imports nothing of the project.
"""

from collections.abc import Sequence


class GpioBridgeError(Exception):
    """The root of all our errors: one ``except`` catches everything we raise on purpose."""

    exit_code = 1


class ConfigError(GpioBridgeError, ValueError):
    """The configuration is wrong.

    Args:
        problems: every problem found, a sentence each; all are shown together.
    """

    exit_code = 2

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class PinError(GpioBridgeError):
    """A pin can't be opened, read or set; the message says what to do."""


class DriveError(PinError, ValueError):
    """A pin can't have such a level, or a press would be no event; the message says why."""


class ServerError(GpioBridgeError):
    """The server can't start."""


class PushError(GpioBridgeError, ValueError):
    """A message is no JSON or too large, or it is for a page that there isn't."""


class RemoteError(GpioBridgeError):
    """A running bridge can't be reached, or it refuses what was asked.

    Args:
        sentence: what a person should know.
        status: the HTTP status of its answer, if it gave one.
    """

    def __init__(self, sentence: str, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class KioskError(GpioBridgeError):
    """The kiosk's browser can't be shown on this machine's screen."""


class InstallError(GpioBridgeError):
    """The service can't be installed or removed, or it doesn't start once it is."""
