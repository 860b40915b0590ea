"""Lines of a TOML file: where their strings, comments and brackets are, and what they set.

Owns what can be told of a text that may be wrong, line by line. It asks `tomllib` for one thing
only: whether a text is TOML. Pure; any thread. It is imported only when a file can't be read.
"""

import re
import tomllib
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from gpiobridge.config.words import Key

BARE = re.compile(r"[A-Za-z0-9_-]+")
PART = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
KEY = re.compile(rf"\s*{PART}(?:\s*\.\s*{PART})*\s*")
HEADER = re.compile(rf"\s*\[\[?({KEY.pattern})\]\]?\s*(#.*)?")
HEADER_BEGINS = re.compile(r"\s*\[[^\]=]*$")
STATEMENT = re.compile(rf"{KEY.pattern}=")


class Scan(NamedTuple):
    """A line without what is in its strings, and without its comment.

    Args:
        bare: the line, each closed string replaced by as many ``_`` in straight quotes.
        open_at: where a string begins that the line does not close; -1 if there is none.
        mark: the quotes of that string: one, or three of them.
    """

    bare: str
    open_at: int = -1
    mark: str = ""


def scan_line(line: str) -> Scan:
    """Take the strings and the comment out of a line."""
    bare: list[str] = []
    at = 0
    while at < len(line):
        sign = line[at]
        if sign == "#":
            break
        if sign not in "\"'":
            bare.append(sign)
            at += 1
            continue
        mark = sign * 3 if line.startswith(sign * 3, at) else sign
        end = _end_of_string(line, at + len(mark), mark)
        if end < 0:
            return Scan("".join(bare), at, mark)
        inside = end - at - 2
        bare.append(sign + "_" * inside + sign)
        at = end
    return Scan("".join(bare))


def _end_of_string(line: str, at: int, mark: str) -> int:
    """Find where a string ends, behind its quotes; -1 if it doesn't."""
    while at < len(line):
        if mark[0] == '"' and line[at] == "\\":
            at += 2
        elif line.startswith(mark, at):
            return at + len(mark)
        else:
            at += 1
    return -1


def depth_of(line: str) -> int:
    """Count the brackets and braces that a line opens and does not close."""
    bare = re.sub(r"\"_*\"|'_*'", "", scan_line(line).bare)
    return sum(bare.count(sign) for sign in "[{") - sum(bare.count(sign) for sign in "]}")


def is_open(lines: Iterable[str]) -> bool:
    """Whether lines open a bracket or brace that they do not close."""
    depths = list(accumulate(map(depth_of, lines)))
    return bool(depths) and depths[-1] > 0


def is_toml(text: str) -> bool:
    """Whether a text is TOML."""
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    except ValueError:  # a date that there is not, or a number too long for Python
        return False
    return True


def without_comment(line: str) -> str:
    """Cut a comment off, if the line can be read so far."""
    scan = scan_line(line)
    return line.strip() if scan.open_at >= 0 else line[: len(scan.bare)].strip()


def read_key(text: str) -> Key:
    """Read a key as it is written, with dots and quotes; one name if it is none."""
    try:
        value: object = tomllib.loads(f"{text.strip()} = 0")
    except tomllib.TOMLDecodeError:
        return (text.strip(),)
    key: list[str] = []
    while isinstance(value, dict):
        name, value = next(iter(value.items()))
        key.append(name)
    return tuple(key)


def table_of(lines: list[str], start: int) -> Key:
    """Find the table that a line stands in."""
    table: Key = ()
    for line in lines[: start - 1]:
        if header := HEADER.fullmatch(line):
            table = read_key(header[1])
    return table
