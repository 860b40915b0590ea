"""A table of plain text, as `check` and `version` print it. Pure; any thread."""

from collections.abc import Sequence


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Write a table whose columns are aligned.

    Args:
        heads: the names of the columns; the last one may be empty.
        rows: the cells, a tuple for each row.
    """
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    rules = tuple("-" * width if head else "" for head, width in zip(heads, widths, strict=True))
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (heads, rules, *rows)
    )
