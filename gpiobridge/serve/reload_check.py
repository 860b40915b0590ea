"""The check that comes before a reload: a configuration that is wrong changes nothing.

It runs on a thread of its own; the rest is the arbiter's, on its main thread.
"""

import logging
import queue
import threading
from collections.abc import Callable

from gpiobridge.config import Settings
from gpiobridge.errors import ConfigError

log = logging.getLogger(__name__)


class ReloadCheck:
    """Checks the configuration anew, as often as that is asked for.

    Args:
        settings: those in use.
        load: reads and checks the configuration anew.

    Attributes:
        refused: why the newest configuration is not used, for systemd's status; empty if it is.
    """

    def __init__(self, settings: Settings, load: Callable[[], Settings]) -> None:
        self.refused = ""
        self._settings = settings
        self._load = load
        self._problems: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
        self._checking = self._check_again = False

    def begin(self, when_over: Callable[[], None]) -> None:
        """Check the configuration anew, on a thread of its own.

        It may take long, in a network folder for example, and systemd must hear of us meanwhile.

        Args:
            when_over: called on that thread when `is_passed` can tell.
        """
        if self._checking:
            self._check_again = True  # what it has read so far may have changed since
            return
        self._checking = True

        def check() -> None:
            self._problems.put(self._find_problems())
            when_over()

        threading.Thread(target=check, name="gpiobridge-check", daemon=True).start()

    def is_passed(self, when_over: Callable[[], None]) -> bool:
        """Take what a check has found, if one is over: whether it found nothing.

        What it found goes to the log and the status. A check that was asked for meanwhile begins.

        Args:
            when_over: for that one.
        """
        try:
            problems = self._problems.get_nowait()
        except queue.Empty:
            return False
        self._checking = False
        if self._check_again:
            self._check_again = False
            self.begin(when_over)
            return False
        for problem in problems:
            log.error("reload refused: %s", problem)
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        self.refused = f"reload refused: {problems[0]}{more}; still as before: " if problems else ""
        return not problems

    def _find_problems(self) -> list[str]:
        """Load the configuration anew, and say why it can't be used, if it can't."""
        try:
            server = self._load().server
        except ConfigError as error:
            return list(error.problems)
        except Exception as error:
            log.exception("the check of the configuration failed")
            return [f"{self._settings.source}: the check failed: {type(error).__name__}: {error}"]
        return [
            f"{self._settings.source}: server.{key} = {new!r}: can't be changed by a reload; "
            "restart the service"
            for key, old, new in (
                ("host", self._settings.server.host, server.host),
                ("port", self._settings.server.port, server.port),
            )
            if new != old
        ]
