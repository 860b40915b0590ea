"""What a TOML file sets twice: which line has set a key already.

Owns how a second key, a second header, and a table next to a value of its name are found. Pure;
any thread. It is imported only when a file can't be read.
"""

from collections.abc import Iterator

from gpiobridge.config.toml_lines import HEADER, STATEMENT, is_toml, read_key, table_of
from gpiobridge.config.words import Key


def earlier_line(lines: list[str], start: int) -> tuple[int, Key] | None:
    """Find the line that has set already what line ``start`` sets, and which key that is."""
    found = list(_paths(lines, start))
    if not found or found[-1][0] != start:
        return None
    _, path, is_header = found[-1]
    before = found[:-1]
    table = path[:-1] if is_header else table_of(lines, start)
    for number, other, _ in before:
        if other == path:
            return number, path
    # A value where a table is needed, or a table that is closed: button = 17, then button.pull.
    for number, other, other_is_header in before:
        if not other_is_header and path[: len(other)] == other:
            return number, other
    for number, other, _ in before:
        if other[: len(path)] == path:
            return number, path
    # A table with its own header, which is closed for keys of another table.
    for number, other, _ in before:
        if len(other) > len(table) and path[: len(other)] == other:
            return number, other
    return None


def _paths(lines: list[str], until: int) -> Iterator[tuple[int, Key, bool]]:
    """List what the lines set: the line, the key from the root, and whether it is a header."""
    table: Key = ()
    skip_to = 0
    for number, line in enumerate(lines[:until], start=1):
        if number <= skip_to:
            continue
        if header := HEADER.fullmatch(line):
            table = read_key(header[1])
            yield number, table, True
        elif statement := STATEMENT.match(line):
            yield number, (*table, *read_key(statement[0][:-1])), False
            # A list or a text that goes on holds no keys of ours.
            end = number
            while end < until and not is_toml("\n".join(lines[number - 1 : end])):
                end += 1
            skip_to = end if is_toml("\n".join(lines[number - 1 : end])) else number
