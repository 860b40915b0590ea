"""Say what is wrong with a file that is no TOML: the line as it stands, the fault, the remedy.

Owns which line is wrong, and the sentence. `toml_lines` reads a line, `toml_faults` has the faults
of one, and `toml_repeats` finds what is set twice. Only whether a text is TOML is asked of
`tomllib`, because the wording and the attributes of its errors differ between the versions of
Python. A repair is suggested only if the repaired line is TOML. Pure; any thread. It is imported
only when a file can't be read.
"""

import re

from gpiobridge.config.toml_faults import FAULTS, FAULTS_IN_A_LIST, Fix
from gpiobridge.config.toml_lines import (
    HEADER,
    STATEMENT,
    depth_of,
    is_open,
    is_toml,
    scan_line,
    table_of,
    without_comment,
)
from gpiobridge.config.toml_repeats import earlier_line
from gpiobridge.config.words import dotted, has_secret, quoted_line

_LONGEST_WRITTEN = 76  # of a repaired line: a longer one is no help
_MOST_TRIED = 50  # lines below, of a list that goes on


def explain_toml(text: str, error: Exception) -> tuple[int, str]:
    """Say what is wrong with a text that is no TOML.

    Args:
        text: what the file holds.
        error: what `tomllib` raised for it; a number that is too long is no `TOMLDecodeError`.

    Returns:
        The number of the line, from 1, and a sentence that shows it, with a remedy.
    """
    if re.search(r"\r(?!\n)", text) and "\n" not in text:
        return 1, "the file has the line endings of an old Mac; save it with those of Unix (LF)"
    lines = text.replace("\r\n", "\n").split("\n")
    told_at = min(_line_of(error, lines), len(lines))
    start = _start_of_statement(lines, told_at)
    return _explain_statement(lines, start, max(start, told_at), error)


def explain_encoding(data: bytes, error: UnicodeDecodeError) -> tuple[int, str]:
    """Say what is wrong with a file that is not UTF-8.

    Args:
        data: what the file holds.
        error: what decoding raised for it.

    Returns:
        The number of the line, from 1, and a sentence with a remedy.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return 1, (
            'the file is UTF-16, which Windows\' Notepad calls "Unicode"; save it as "UTF-8"'
        )
    line = data[: error.start].count(b"\n") + 1
    # Windows-1252 has all letters of Latin-1; it is what old editors write.
    shown = quoted_line(data.split(b"\n")[line - 1].decode("cp1252", "replace"))
    return line, (
        f"{shown} is not UTF-8 text (byte {error.start}), it may be Latin-1; save the file as UTF-8"
    )


def _line_of(error: Exception, lines: list[str]) -> int:
    """Find the line that `tomllib` names; the last one where it names none."""
    number = getattr(error, "lineno", None)  # from Python 3.14 on
    if isinstance(number, int):
        return number
    found = re.search(r"at line (\d+)", str(error))
    return int(found[1]) if found else len(lines)


def _start_of_statement(lines: list[str], told_at: int) -> int:
    """Find the first line of the statement that is wrong: all lines before it are TOML."""
    right = next(
        (count for count in range(told_at - 1, -1, -1) if is_toml("\n".join(lines[:count]))), 0
    )
    return next(
        (
            number
            for number in range(right + 1, told_at + 1)
            if not re.fullmatch(r"\s*(#.*)?", lines[number - 1])
        ),
        told_at,
    )


def _explain_statement(
    lines: list[str], start: int, told_at: int, error: Exception
) -> tuple[int, str]:
    line = lines[start - 1]
    statement = "\n".join(lines[start - 1 : told_at])
    if is_toml(statement):
        if (earlier := earlier_line(lines, start)) is not None:
            number, path = earlier
            other = quoted_line(lines[number - 1])
            return start, (
                f"{quoted_line(line)} sets {dotted(path)} a second time; line {number} has "
                f"{other}; leave one of them out"
            )
        return start, _in_words_of_tomllib(line, error)
    if any("\0" in each for each in lines):
        return start, "the file has zero bytes, so it may be UTF-16; save it as UTF-8"
    if (unclosed := _unclosed(lines, start)) is not None:
        return unclosed
    number = told_at if is_open(lines[start - 1 : told_at - 1]) else start
    if number > start and (above := _no_comma_above(lines, start, number)) is not None:
        return above
    line, table = lines[number - 1], table_of(lines, start)
    first: Fix | None = None
    repaired = line
    for find in FAULTS if number == start else FAULTS_IN_A_LIST:
        fix = find(repaired, table)
        if fix is None:
            continue
        first, repaired = first or fix, fix.line
        if _mends(lines, start, number, repaired):
            written = without_comment(repaired)
            if first.alike or has_secret(line) or not 0 < len(written) <= _LONGEST_WRITTEN:
                break
            return number, f"{quoted_line(line)} {first.what}; write {written}"
    if first is None:
        return number, _in_words_of_tomllib(line, error)
    what = _without_quotations(first.what) if has_secret(line) else first.what
    return number, f"{quoted_line(line)} {what}; {first.remedy}"


def _in_words_of_tomllib(line: str, error: Exception) -> str:
    """Fall back to what `tomllib` says, which is all that is known."""
    said = re.sub(r" \(at [^()]*\)$", "", str(error).split("\n")[0]).rstrip(".")
    said = said[:1].lower() + said[1:]
    if has_secret(line):
        said = _without_quotations(said)
    return f"{quoted_line(line)} is not valid TOML ({said}); correct it, or put # before it"


def _without_quotations(sentence: str) -> str:
    """Take out what a sentence shows of a line that has a secret."""
    return re.sub(r"`[^`]*`|'[^']{3,}'|\"[^\"]{3,}\"", "...", sentence)


def _mends(lines: list[str], start: int, number: int, repaired: str) -> bool:
    """Whether a statement is TOML with one line of it repaired."""
    before, after = lines[start - 1 : number - 1], lines[number:]
    if not before:
        return is_toml(repaired)
    return any(
        is_toml("\n".join([*before, repaired, *after[:count]]))
        for count in range(min(len(after), _MOST_TRIED) + 1)
    )


def _no_comma_above(lines: list[str], start: int, number: int) -> tuple[int, str] | None:
    """Find a value in a list over several lines that has no comma before the next one."""
    above = next(
        (n for n in range(number - 1, start, -1) if scan_line(lines[n - 1]).bare.strip()), None
    )
    if above is None:
        return None
    line = lines[above - 1]
    scan = scan_line(line)
    at = len(scan.bare.rstrip())
    repaired = f"{line[:at]},{line[at:]}"
    if scan.open_at >= 0 or not _mends(lines, start, above, repaired):
        return None
    return above, f"{quoted_line(line)} has no comma before the next value; write one at its end"


def _unclosed(lines: list[str], start: int) -> tuple[int, str] | None:
    """Find what a statement opens and does not close before the next one begins."""
    line = lines[start - 1]
    shown = quoted_line(line)
    if (scan := scan_line(line)).open_at >= 0 and len(scan.mark) == 3:
        return start, f"{shown} opens {scan.mark} and nothing closes it; write {scan.mark} there"
    if not STATEMENT.match(line) or scan.open_at >= 0 or (depth := depth_of(line)) <= 0:
        return None
    if "{" in re.sub(r"\"_*\"|'_*'", "", scan.bare) and "}" not in scan.bare:
        return start, f'{shown} opens "{{" and does not close it; write all up to "}}" on this line'
    for number in range(start + 1, len(lines) + 1):
        below = lines[number - 1]
        if HEADER.fullmatch(below) or STATEMENT.match(below):
            break
        depth += depth_of(below)
        if depth <= 0:
            return None
    return start, f'{shown} opens "[" and nothing closes it; write "]" at its end'
