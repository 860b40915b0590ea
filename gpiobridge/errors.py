"""What can go wrong, each with the exit code that a shell sees.

    GpioBridgeError            1  something failed at run time
    ├── ConfigError            2  the configuration or the command line is wrong (a ValueError)
    ├── PinError               1  a pin can't be opened, read or set
    │   └── DriveError         1  a pin can't have such a level or press (a ValueError)
    ├── HoursError             1  the opening hours can't be overruled so (a ValueError)
    ├── ServerError            1  the server can't start, such as a port in use
    ├── PushError              1  a message is not JSON, too large or for no page (a ValueError)
    ├── RemoteError            1  a running bridge can't be reached, or refuses
    ├── KioskError             1  a page can't be shown on this machine's screen
    └── InstallError           1  the service can't be installed, or doesn't start

Each message is a sentence with place, value and remedy. It reaches a person as it is, without a
traceback. This module imports nothing from the project.
"""

from collections.abc import Sequence


class GpioBridgeError(Exception):
    """The base of all errors of gpiobridge: one `except` catches everything raised on purpose.

    Raised as itself in four cases: the bridge has no application yet, it is not running, a page or
    function is declared too late, or the application already has a bridge.

    Attributes:
        exit_code: the exit code of a command that this error ends.
    """

    exit_code = 1


class ConfigError(GpioBridgeError, ValueError):
    """The configuration or the command line is wrong.

    Args:
        problems: every problem found, a sentence each; the message shows all of them.

    Attributes:
        problems: the same sentences as a tuple.

    Example:
        ```python
        try:
            bridge.start()
        except ConfigError as error:
            for problem in error.problems:
                print(problem)
        ```
    """

    exit_code = 2

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class PinError(GpioBridgeError):
    """A pin can't be opened or read, or it can't be set because it has a wire.

    The message says what to do.
    """


class DriveError(PinError, ValueError):
    """A pin can't have such a level, or a press would be no event; the message says why."""


class OutputError(GpioBridgeError, ValueError):
    """An output can't be set so: there is no such output, state or time; the message says why."""


class HoursError(GpioBridgeError, ValueError):
    """The opening hours can't be overruled so: there are none, or no such order or time."""


class ServerError(GpioBridgeError):
    """The server can't start: its port is in use, or it has several worker processes."""


class PushError(GpioBridgeError, ValueError):
    """A message is not JSON or too large, or its page or display can't exist."""


class RemoteError(GpioBridgeError):
    """A running bridge can't be reached, or it refuses the request.

    Args:
        sentence: what a person should know.
        status: the HTTP status of its answer, if it gave one.

    Attributes:
        status: the HTTP status of the answer; None if there was no answer.
    """

    def __init__(self, sentence: str, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class KioskError(GpioBridgeError):
    """The kiosk's browser can't be shown on this machine's screen."""


class InstallError(GpioBridgeError):
    """The service can't be installed or removed, or it doesn't start after its installation."""
