"""The log of a command that goes on for long: lines on stderr, which a journal may take."""

import logging
import os


def set_up_logging() -> None:
    """Write what the project logs to stderr, from INFO on."""
    # The journal has its own time stamps.
    when = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "
    logging.basicConfig(level=logging.INFO, format=f"{when}%(levelname)s %(name)s: %(message)s")
