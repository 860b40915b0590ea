"""The table of what was measured, for a person and for the documentation."""

from collections.abc import Iterable

from attacks.trial import Result
from attacks.witness import quantile

HEADINGS = (
    "row",
    "attack",
    "edge, p50 and p95, ms: without",
    "with",
    "slowest page, ms",
    "memory, MB: before, after",
    "descriptors: before, after",
)


def cells(result: Result) -> tuple[str, ...]:
    """One line of the table."""
    return (
        str(result.attack.row),
        f"{result.attack.name}: {result.attack.what}",
        _two_ms(result.without.edges_s),
        _two_ms(result.during.edges_s),
        f"{1000 * max(result.during.pages_s, default=float('nan')):.0f}",
        f"{result.before['resident KiB'] / 1024:.0f}, {result.after['resident KiB'] / 1024:.0f}",
        f"{result.before['descriptors']}, {result.after['descriptors']}",
    )


def _two_ms(values: list[float]) -> str:
    return f"{1000 * quantile(values, 0.5):.0f}, {1000 * quantile(values, 0.95):.0f}"


def markdown(results: Iterable[Result]) -> str:
    """The table, as it stands in the documentation."""
    lines = [HEADINGS, tuple("---" for _ in HEADINGS), *map(cells, results)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
