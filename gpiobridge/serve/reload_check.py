"""Check the configuration before a reload: a wrong configuration changes nothing.

The check runs on its own thread, and the rest on the main thread.
"""

import logging
import queue
import threading
from collections.abc import Callable

from gpiobridge.config import Settings
from gpiobridge.errors import ConfigError

log = logging.getLogger(__name__)


class ReloadCheck:
    """Checks the configuration again whenever a reload is requested.

    Args:
        settings: the settings in use.
        load: reads and checks the configuration again.

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
        """Check the configuration again, on another thread.

        The check may take long, for example in a network folder, and systemd needs signs of life
        meanwhile.

        Args:
            when_over: called on that thread when `is_passed` has a result.
        """
        if self._checking:
            self._check_again = True  # the files may have changed since the check read them
            return
        self._checking = True

        def check() -> None:
            self._problems.put(self._find_problems())
            when_over()

        threading.Thread(target=check, name="gpiobridge-check", daemon=True).start()

    def is_passed(self, when_over: Callable[[], None]) -> bool:
        """Tell whether a check is over and found no problems.

        Problems go to the log and to the status. If another check was requested meanwhile, it
        begins now.

        Args:
            when_over: called when that other check is over.
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
        self.refused = f"reload refused: {problems[0]}{more}; unchanged: " if problems else ""
        return not problems

    def _find_problems(self) -> list[str]:
        """Load the configuration again; return the reasons why it can't be used."""
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
