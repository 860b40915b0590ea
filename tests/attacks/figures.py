"""The table of what was measured, for a person and for the documentation."""

from collections.abc import Iterable
from math import nan
from pathlib import Path

from attacks.exhibits import PEAK
from attacks.trial import Result
from attacks.witness import quantile

HEADINGS = (
    "row",
    "attack",
    "edge without the attack, ms: p50, p95",
    "edge with it",
    "slowest page, ms",
    "slowest socket, film or kiosk's move, ms",
    "memory, MB: before, peak, after",
    "descriptors: before, after",
)


def cells(result: Result) -> tuple[str, ...]:
    """One line of the table."""
    during, before, after = result.during, result.before, result.after
    resident = (before["resident KiB"], after[PEAK], after["resident KiB"])
    return (
        str(result.attack.row),
        f"{result.attack.name}: {result.attack.what}",
        _two_ms(result.without.edges_s),
        _two_ms(result.during.edges_s),
        f"{1000 * max(during.pages_s):.0f}",
        f"{1000 * max(during.sockets_s + during.films_s + during.moves_s, default=nan):.0f}",
        ", ".join(f"{kib / 1024:.0f}" for kib in resident),
        f"{before['descriptors']}, {after['descriptors']}",
    )


def _two_ms(values: list[float]) -> str:
    return f"{1000 * quantile(values, 0.5):.0f}, {1000 * quantile(values, 0.95):.0f}"


def markdown(results: Iterable[Result]) -> str:
    """The table, as it stands in the documentation."""
    lines = [HEADINGS, tuple("---" for _ in HEADINGS), *map(cells, results)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"


def write_into(path: Path, table: str) -> None:
    """Replace the table between two marks of a Markdown file.

    Raises:
        ValueError: the file has no such marks.
    """
    text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{path}: has no lines {BEGIN.strip()} and {END.strip()} for the table")
    path.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")
