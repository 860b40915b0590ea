"""The log of a command that runs for long: lines on stderr, which a journal may take."""

import logging

from gpiobridge.system.log_lines import line_format


def set_up_logging(speaker: str = "") -> None:
    """Write what the project logs to stderr, from INFO on.

    Args:
        speaker: what each line begins with, if several such commands have one journal.
    """
    logging.basicConfig(level=logging.INFO, format=speaker + line_format())
