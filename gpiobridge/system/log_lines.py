"""How a line of the log looks where we set the log up. Any thread."""

import os


def line_format() -> str:
    """Give the format of a line, for `logging.Formatter`: the journal has its own time stamps."""
    when = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "
    return f"{when}%(levelname)s %(name)s: %(message)s"
