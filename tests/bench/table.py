"""What was measured, as rows, and the table of it. Pure.

A `Row` is one contender's samples of one piece of work, one sample a round. The rows of the same
``what`` belong together: they were measured in the same rounds, and are compared.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from bench.intervals import Estimate, estimate, ratio

LIMIT = "the limit"
OURS = "gpiobridge"


@dataclass(frozen=True, slots=True)
class Row:
    """One contender's samples of one piece of work.

    Args:
        section: the heading under which it stands.
        what: the work, such as "the last of 1,000 displays".
        who: the contender. What begins with "gpiobridge" is ours, and is compared with the others.
        unit: of the samples, such as "ms".
        samples: one a round, in the order of the rounds; empty if it could not be measured.
        note: what a reader must know, such as why there are no samples.
        base: the ``who`` of the same ``what`` by which ratios divide; "" for no ratios.
    """

    section: str
    what: str
    who: str
    unit: str
    samples: tuple[float, ...] = ()
    note: str = ""
    base: str = LIMIT

    def as_json(self) -> dict[str, Any]:
        """The row as JSON can hold it."""
        return asdict(self)


def from_json(data: dict[str, Any]) -> Row:
    """The row of `Row.as_json`."""
    return Row(**data | {"samples": tuple(data["samples"])})


def groups(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    """Rows by section and work, in the order in which they came."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.section, row.what), []).append(row)
    return found


def markdown(rows: Iterable[Row]) -> str:
    """All rows as tables in Markdown, with a heading for each section."""
    lines: list[str] = []
    section = ""
    for (of, what), group in groups(rows).items():
        if of != section:
            lines += [f"### {of}", ""]
            section = of
        heads, *body = _cells(what, group)
        lines += [_line(heads), _line(["---", *["---:"] * (len(heads) - 1)])]
        lines += [*map(_line, body), *_notes(group, "\n* "), ""]
    return "\n".join(lines).rstrip() + "\n"


def text(rows: Iterable[Row]) -> str:
    """The same tables for a terminal."""
    lines: list[str] = []
    section = ""
    for (of, what), group in groups(rows).items():
        if of != section:
            lines += [of.upper(), ""]
            section = of
        cells = [*_cells(what, group)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for name, *others in cells:
            row = "  ".join(
                cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)
            )
            lines.append(f"{name:{widths[0]}}  {row}".rstrip())
        lines += [*_notes(group, "  * "), ""]
    return "\n".join(lines).rstrip() + "\n"


def _cells(what: str, group: list[Row]) -> Iterator[list[str]]:
    """The heads of a table, then its rows."""
    base = next((row for row in group if row.who == row.base and row.samples), None)
    ours = [row for row in group if row.who.startswith(OURS) and row.samples and row is not base]
    has_others = any(not row.who.startswith(OURS) for row in group)
    compared = ours if has_others and base is not None else []
    yield [
        what,
        "median",
        "95 % interval",
        "rounds",
        *([f"÷ {base.who}"] if base is not None else []),
        *(f"{row.who.removeprefix(OURS).lstrip(':,; ') or OURS} ÷ this" for row in compared),
    ]
    for row in group:
        if not row.samples:
            blank = [""] * (2 + (base is not None) + len(compared))
            yield [row.who, "not measured", *blank]
            continue
        it = estimate(row.samples)
        yield [
            row.who,
            f"{figure(it.median)} {row.unit}",
            f"{figure(it.low)} to {figure(it.high)}" if len(row.samples) > 1 else "",
            str(len(row.samples)),
            *(["" if row is base else _ratio(row, base)] if base is not None else []),
            *("" if row is own else _ratio(own, row) for own in compared),
        ]


def _notes(group: list[Row], mark: str) -> Iterator[str]:
    for row in group:
        if row.note:
            yield f"{mark}{row.who}: {row.note}"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _ratio(measured: Row, base: Row) -> str:
    found = ratio(measured.samples, base.samples)
    return "" if found is None else ratio_text(found)


def ratio_text(found: Estimate) -> str:
    """A ratio with its interval, such as "1.12 (1.08 to 1.20)"."""
    if found.low == found.high:
        return f"{found.median:.2f}"
    return f"{found.median:.2f} ({found.low:.2f} to {found.high:.2f})"


def figure(value: float) -> str:
    """A figure with three significant digits, and no fewer than all before the point."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 else f"{value:.2g}"
