"""The format of log lines, where gpiobridge sets up the log. Any thread."""

import os


def line_format() -> str:
    """Return the line format for `logging.Formatter`; the journal adds its own time stamps."""
    when = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "
    return f"{when}%(levelname)s %(name)s: %(message)s"
