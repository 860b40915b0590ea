"""The table of figures at the end of a run."""

from typing import Any

from attacks.figures import markdown
from attacks.trial import Result

RESULTS: list[Result] = []
"""Of the attacks that were tried in this run."""


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was measured."""
    if RESULTS:
        terminalreporter.section("what was measured")
        terminalreporter.write(markdown(RESULTS))
