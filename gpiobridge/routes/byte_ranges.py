"""Read the Range and If-Range headers (RFC 9110, sections 13.1.5 and 14). Pure."""

import re
from dataclasses import dataclass

_SPEC = re.compile(r"([0-9]*)-([0-9]*)", re.ASCII)
_DIGITS = 18  # of the largest number that matters: no file has more bytes


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a file.

    Args:
        first: its first byte, counted from 0.
        last: its last byte.
        is_suffix: whether the request asked for the last bytes of the file.
    """

    first: int
    last: int
    is_suffix: bool = False


def satisfiable(header: str, size: int) -> list[Span] | None:
    """List the parts of a file that a Range header asks for.

    Args:
        header: the header's value.
        size: the size of the file in bytes, at least 1.

    Returns:
        The parts that the file has, perhaps none. None if the header must be ignored, because its
        unit is unknown or it is malformed.
    """
    unit, equals, rest = header.strip(" \t").partition("=")
    if not equals or unit.lower() != "bytes":
        return None
    specs = [spec for part in rest.split(",") if (spec := part.strip(" \t"))]
    spans: list[Span] = []
    for spec in specs:
        match = _SPEC.fullmatch(spec)
        if match is None or spec == "-":
            return None
        first, last = (_number(digits) for digits in match.groups())
        if first is None:
            assert last is not None
            if last > 0:
                spans.append(Span(max(0, size - last), size - 1, is_suffix=True))
            continue
        if last is not None and last < first:
            return None
        if first < size:
            spans.append(Span(first, size - 1 if last is None else min(last, size - 1)))
    return spans if specs else None


def if_range_holds(header: str, etag: str, last_modified: str) -> bool:
    """Tell whether the file is still the version that the range request means.

    Args:
        header: the value of If-Range; "" if there is none.
        etag: the file's ETag, as in the response header.
        last_modified: the file's Last-Modified, as in the response header.
    """
    wanted = header.strip(" \t")
    if not wanted:
        return True
    if wanted.startswith('"'):
        return wanted == etag
    # A weak tag never holds; a date must be exactly the one that was sent.
    return wanted == last_modified


def _number(digits: str) -> int | None:
    """Read a number of any length: Python itself refuses more than 4,300 digits."""
    if not digits:
        return None
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= _DIGITS else 10**_DIGITS
