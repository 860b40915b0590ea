"""A log for applications that have set up none: who presses sees it in the terminal.

As `gpiobridge run` shows it, below ``flask run`` or a server of the application's own. It is for
those who have said nothing about logging, and gives way as soon as they do. Any thread.
"""

import logging
import sys

from gpiobridge.system.log_lines import line_format

_LOGGER = logging.getLogger("gpiobridge")


class _Terminal(logging.Handler):
    """Writes to whatever is the standard error now, for as long as nobody else has the log."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(line_format()))

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or give way."""
        if logging.getLogger().handlers or _LOGGER.handlers != [self]:
            _LOGGER.removeHandler(self)
            _LOGGER.setLevel(logging.NOTSET)
            return
        try:
            print(self.format(record), file=sys.stderr, flush=True)
        except Exception:  # as all handlers do: a log must not stop what it tells of
            self.handleError(record)


def show_log() -> None:
    """Show our lines from INFO on, unless the application has set up logging, of any kind."""
    if not _LOGGER.hasHandlers() and _LOGGER.level == logging.NOTSET and not _LOGGER.disabled:
        _LOGGER.setLevel(logging.INFO)
        _LOGGER.addHandler(_Terminal())
