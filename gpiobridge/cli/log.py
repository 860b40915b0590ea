"""The log of a command that runs for long: lines on stderr, which a journal may take."""

import logging

from gpiobridge.system.log_lines import line_format


def set_up_logging() -> None:
    """Write what the project logs to stderr, from INFO on."""
    logging.basicConfig(level=logging.INFO, format=line_format())
