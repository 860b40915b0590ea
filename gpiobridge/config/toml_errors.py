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
    HEADER_BEGINS,
    STATEMENT,
    depth_of,
    is_open,
    is_toml,
    scan_line,
    table_of,
    without_comment,
)
from gpiobridge.config.toml_repeats import earlier_line
from gpiobridge.config.toml_values import fitting, takes_list
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
    right = _right_lines(lines, told_at)
    return next(
        (
            number
            for number in range(right + 1, told_at + 1)
            if not re.fullmatch(r"\s*(#.*)?", lines[number - 1])
        ),
        told_at,
    )


def _right_lines(lines: list[str], told_at: int) -> int:
    """Count the lines that are TOML before the wrong statement, by halves: files may be long."""

    def is_right(count: int) -> bool:
        return is_toml("\n".join(lines[:count]))

    if is_right(told_at - 1):
        return told_at - 1
    right, wrong = 0, told_at
    while True:
        while wrong - right > 1:
            middle = (right + wrong) // 2
            right, wrong = (middle, wrong) if is_right(middle) else (right, middle)
        # The next line may only begin a list that goes on.
        last = min(right + 1 + _MOST_TRIED, told_at)
        further = next((count for count in range(right + 2, last) if is_right(count)), None)
        if further is None:
            return right
        right, wrong = further, told_at


def _explain_statement(
    lines: list[str], start: int, told_at: int, error: Exception
) -> tuple[int, str]:
    line = lines[start - 1]
    statement = "\n".join(lines[start - 1 : told_at])
    if is_toml(statement):
        if (earlier := earlier_line(lines, start)) is not None:
            number, path = earlier
            earlier_text = lines[number - 1]
            sections = all(each.lstrip().startswith("[") for each in (line, earlier_text))
            remedy = "write all keys below one of them" if sections else "leave one of them out"
            return start, (
                f"{quoted_line(line)} sets {dotted(path)} a second time; line {number} has "
                f"{quoted_line(earlier_text)}; {remedy}"
            )
        return start, _in_words_of_tomllib(quoted_line(line), has_secret(line), error)
    if any("\0" in each for each in lines):
        return start, "the file has zero bytes, so it may be UTF-16; save it as UTF-8"
    if (unclosed := _unclosed(lines, start)) is not None:
        return unclosed
    number = _wrong_line(lines, start, told_at)
    if number > start and (above := _no_comma_above(lines, start, number)) is not None:
        return above
    if (below := _goes_on(lines, number)) is not None:
        return below
    line, table = lines[number - 1], table_of(lines, start)
    # The first line tells what a list has: a token may be in one, by mistake.
    is_secret = has_secret(line) or has_secret(lines[start - 1])
    shown = "`...`" if is_secret and number > start else quoted_line(line)
    first: Fix | None = None
    repaired = line
    faults = FAULTS if number == start else FAULTS_IN_A_LIST
    for find in (*faults, *faults):  # a repair may bring to light what an earlier one looks for
        fix = find(repaired, table)
        if fix is None:
            continue
        first, repaired = first or fix, fix.line
        if not repaired:
            break
        if _mends(lines, start, number, repaired):
            if first.alike or is_secret:
                break
            right, wanted = fitting(repaired, table) if number == start else (repaired, "")
            if wanted:
                return number, f"{shown} {first.what}; write {wanted}"
            written = without_comment(right)
            if not 0 < len(written) <= _LONGEST_WRITTEN:
                break
            return number, f"{shown} {first.what}; write {written}"
    if first is None:
        return number, _in_words_of_tomllib(shown, is_secret, error)
    what = first.what
    if is_secret:
        what = first.plainly or _without_quotations(what)
    return number, f"{shown} {what}; {first.remedy}"


def _wrong_line(lines: list[str], start: int, told_at: int) -> int:
    """Find the line that is wrong in a statement of several: the first one that opens a quote."""
    for number in range(start, told_at):
        scan = scan_line(lines[number - 1])
        if scan.open_at >= 0 and len(scan.mark) == 1:
            return number
        if not is_open(lines[start - 1 : number]):
            return start
    return told_at if is_open(lines[start - 1 : told_at - 1]) else start


def _goes_on(lines: list[str], number: int) -> tuple[int, str] | None:
    """Find a text or a header that goes on in the next line."""
    line = lines[number - 1]
    if number == len(lines) or is_toml(lines[number]):
        return None
    scan = scan_line(line)
    joined = f"{line.rstrip()}{lines[number].lstrip()}"
    if (scan.open_at >= 0 or HEADER_BEGINS.match(line)) and is_toml(joined):
        return number, f"{quoted_line(line)} goes on in the next line; write it all on one line"
    return None


def _in_words_of_tomllib(shown: str, is_secret: bool, error: Exception) -> str:
    """Fall back to what `tomllib` says, which is all that is known."""
    said = re.sub(r" \(at [^()]*\)$", "", str(error).split("\n")[0]).rstrip(".")
    said = said[:1].lower() + said[1:]
    if is_secret:
        said = _without_quotations(said)
    if shown == "``":
        return f"the file ends too early ({said}); close what is open above"
    return f"{shown} is not valid TOML ({said}); correct it, or put # before it"


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
    plain = re.sub(r"\"_*\"|'_*'", "", scan.bare)
    if "{" in plain and plain.count("{") > plain.count("}"):
        if plain.count("}"):
            return start, f'{shown} opens "{{" too often; leave one of them out'
        return start, f'{shown} opens "{{" and does not close it; write all up to "}}" on this line'
    number = start
    for number in range(start + 1, len(lines) + 1):
        below = lines[number - 1]
        if HEADER.fullmatch(below) or STATEMENT.match(below):
            break
        depth += depth_of(below)
        if depth <= 0:
            return None
    table = table_of(lines, start)
    if re.match(r"[^=]*=\s*\[", line) and not takes_list(line, table):
        return start, f'{shown} opens "[" and nothing closes it; leave it out'
    # Where the list ends is known only if it does on its own line.
    written = f"{without_comment(line)}]"
    known = number == start + 1 or not any(map(str.strip, lines[start : number - 1]))
    if known and is_toml(written) and not has_secret(line) and len(written) <= _LONGEST_WRITTEN:
        right, _ = fitting(written, table)
        if right == written and not re.search(r"[\[,]\]$", written):
            return start, f'{shown} opens "[" and nothing closes it; write {written}'
    return start, f'{shown} opens "[" and nothing closes it; write "]" where its list ends'
