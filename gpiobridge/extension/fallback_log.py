"""A log for applications that have set up none: a press shows in the terminal.

It looks as `gpiobridge run` shows it, below ``flask run`` or another server. It is for applications
that don't set up logging, and gives way as soon as they do. Any thread.
"""

import logging
import sys

from gpiobridge.system.log_lines import line_format

_LOGGER = logging.getLogger("gpiobridge")


class _Terminal(logging.Handler):
    """Writes to the current standard error while no other handler has the log."""

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
        except Exception:  # as all handlers do: a log must not stop the program
            self.handleError(record)


def show_log() -> None:
    """Show our lines from INFO on, unless the application has set up any logging."""
    if not _LOGGER.hasHandlers() and _LOGGER.level == logging.NOTSET and not _LOGGER.disabled:
        _LOGGER.setLevel(logging.INFO)
        _LOGGER.addHandler(_Terminal())
