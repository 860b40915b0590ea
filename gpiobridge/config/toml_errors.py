"""Say what is wrong with a file that is no TOML: the line as it stands, the fault, the remedy.

Owns the faults that people make in a TOML file. It relies on `tomllib` for one question only,
whether a text is TOML, because the wording and the attributes of its errors differ between the
versions of Python. It tries a repair, and suggests it only if the repaired line is TOML. Pure;
imports nothing of the project but `durations` and `words`; any thread. It is imported only when a
file can't be read.
"""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from gpiobridge.config.durations import parse_duration
from gpiobridge.config.words import (
    NAME_RULES,
    Key,
    dotted,
    has_secret,
    nearest,
    plain_name,
    quoted_line,
    show,
)

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_KEY = re.compile(rf"\s*{_PART}(?:\s*\.\s*{_PART})*\s*")
_HEADER = re.compile(rf"\s*\[\[?({_KEY.pattern})\]\]?\s*(#.*)?")
_STATEMENT = re.compile(rf"{_KEY.pattern}=")

_LONGEST_WRITTEN = 76  # of a repaired line: a longer one is no help
_MOST_TRIED = 50  # lines below, of a list that goes on

# Straight and typographic quotes of many languages; the backtick and the accent stand for quotes.
_CURLY = "“”„‟\u2018\u2019\u201a\u201b«»\u2039\u203a″\u2032\uff02\uff07`\u00b4"

_WORDS = {
    **dict.fromkeys(("true", "yes", "on", "y"), "true"),
    **dict.fromkeys(("false", "no", "off", "n"), "false"),
}
_TIMES = ("debounce", "hold", "lockout", "beat", "catch_up", "after", "warn")
_NOTHINGS = ("none", "null", "nil", "undefined", "~")


class _Fix(NamedTuple):
    """A fault that was found in a line.

    Args:
        what: The fault, in the words that follow the line in a sentence.
        line: The line with this fault repaired; it may have others.
        remedy: The remedy if the repaired line is no TOML either, or is too long to show.
        alike: Whether the repaired line looks like the wrong one, which makes it no help.
    """

    what: str
    line: str
    remedy: str
    alike: bool = False


class _Scan(NamedTuple):
    """A line without what is in its strings, and without its comment.

    Args:
        bare: the line, each closed string replaced by as many ``_`` in straight quotes.
        open_at: where a string begins that the line does not close; -1 if there is none.
        mark: the quotes of that string: one, or three of them.
    """

    bare: str
    open_at: int = -1
    mark: str = ""


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
        return _is_toml("\n".join(lines[:count]))

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
    if _is_toml(statement):
        if (earlier := _earlier(lines, start)) is not None:
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
    number = told_at if _is_open(lines[start - 1 : told_at - 1]) else start
    if number > start and (above := _no_comma_above(lines, start, number)) is not None:
        return above
    line, table = lines[number - 1], _table_of(lines, start)
    first: _Fix | None = None
    repaired = line
    for find in _FAULTS if number == start else _FAULTS_IN_A_LIST:
        fix = find(repaired, table)
        if fix is None:
            continue
        first, repaired = first or fix, fix.line
        if _mends(lines, start, number, repaired):
            written = _without_comment(repaired)
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
    if not line.strip():
        return f"the file ends too early ({said}); close what is open above"
    return f"{quoted_line(line)} is not valid TOML ({said}); correct it, or put # before it"


def _without_quotations(sentence: str) -> str:
    """Take out what a sentence shows of a line that has a secret."""
    return re.sub(r"`[^`]*`|'[^']{3,}'|\"[^\"]{3,}\"", "...", sentence)


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    except ValueError:  # a date that there is not, or a number too long for Python
        return False
    return True


def _mends(lines: list[str], start: int, number: int, repaired: str) -> bool:
    """Whether a statement is TOML with one line of it repaired."""
    before, after = lines[start - 1 : number - 1], lines[number:]
    if not before:
        return _is_toml(repaired)
    return any(
        _is_toml("\n".join([*before, repaired, *after[:count]]))
        for count in range(min(len(after), _MOST_TRIED) + 1)
    )


def _no_comma_above(lines: list[str], start: int, number: int) -> tuple[int, str] | None:
    """Find a value in a list over several lines that has no comma before the next one."""
    above = next(
        (n for n in range(number - 1, start, -1) if _scan(lines[n - 1]).bare.strip()), None
    )
    if above is None:
        return None
    line = lines[above - 1]
    scan = _scan(line)
    at = len(scan.bare.rstrip())
    repaired = f"{line[:at]},{line[at:]}"
    if scan.open_at >= 0 or not _mends(lines, start, above, repaired):
        return None
    return above, f"{quoted_line(line)} has no comma before the next value; write one at its end"


# What was set before.


def _paths(lines: list[str], until: int) -> Iterator[tuple[int, Key, bool]]:
    """List what the lines set: the line, the key from the root, and whether it is a header."""
    table: Key = ()
    skip_to = 0
    for number, line in enumerate(lines[:until], start=1):
        if number <= skip_to:
            continue
        if header := _HEADER.fullmatch(line):
            table = _read_key(header[1])
            yield number, table, True
        elif statement := _STATEMENT.match(line):
            yield number, (*table, *_read_key(statement[0][:-1])), False
            # A list or a text that goes on holds no keys of ours.
            end = number
            while end < until and not _is_toml("\n".join(lines[number - 1 : end])):
                end += 1
            skip_to = end if _is_toml("\n".join(lines[number - 1 : end])) else number


def _read_key(text: str) -> Key:
    try:
        value: object = tomllib.loads(f"{text.strip()} = 0")
    except tomllib.TOMLDecodeError:
        return (text.strip(),)
    key: list[str] = []
    while isinstance(value, dict):
        name, value = next(iter(value.items()))
        key.append(name)
    return tuple(key)


def _earlier(lines: list[str], start: int) -> tuple[int, Key] | None:
    """Find the line that has set already what line ``start`` sets, and which key that is."""
    found = list(_paths(lines, start))
    if not found or found[-1][0] != start:
        return None
    _, path, is_header = found[-1]
    before = found[:-1]
    table = path[:-1] if is_header else _table_of(lines, start)
    for number, other, other_is_header in before:
        if other == path and (is_header == other_is_header or not is_header or not other_is_header):
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


def _table_of(lines: list[str], start: int) -> Key:
    """Find the table that a line stands in."""
    table: Key = ()
    for line in lines[: start - 1]:
        if header := _HEADER.fullmatch(line):
            table = _read_key(header[1])
    return table


# What a line opens.


def _scan(line: str) -> _Scan:
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
            return _Scan("".join(bare), at, mark)
        inside = end - at - 2
        bare.append(sign + "_" * inside + sign)
        at = end
    return _Scan("".join(bare))


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


def _depth(line: str) -> int:
    """Count the brackets and braces that a line opens and does not close."""
    bare = re.sub(r"\"_*\"|'_*'", "", _scan(line).bare)
    return sum(bare.count(sign) for sign in "[{") - sum(bare.count(sign) for sign in "]}")


def _is_open(lines: Iterable[str]) -> bool:
    depths = list(accumulate(map(_depth, lines)))
    return bool(depths) and depths[-1] > 0


def _unclosed(lines: list[str], start: int) -> tuple[int, str] | None:
    """Find what a statement opens and does not close before the next one begins."""
    line = lines[start - 1]
    shown = quoted_line(line)
    if (scan := _scan(line)).open_at >= 0 and len(scan.mark) == 3:
        return start, f"{shown} opens {scan.mark} and nothing closes it; write {scan.mark} there"
    if not _STATEMENT.match(line) or scan.open_at >= 0 or (depth := _depth(line)) <= 0:
        return None
    if "{" in re.sub(r"\"_*\"|'_*'", "", scan.bare) and "}" not in scan.bare:
        return start, f'{shown} opens "{{" and does not close it; write all up to "}}" on this line'
    for number in range(start + 1, len(lines) + 1):
        below = lines[number - 1]
        if _HEADER.fullmatch(below) or _STATEMENT.match(below):
            break
        depth += _depth(below)
        if depth <= 0:
            return None
    return start, f'{shown} opens "[" and nothing closes it; write "]" at its end'


# The faults, in the order in which they are looked for.


def _invisible(line: str, _table: Key) -> _Fix | None:
    scan = _scan(line)
    for at, sign in enumerate(line):
        kind = unicodedata.category(sign)
        within = at < len(scan.bare) and scan.bare[at] == "_" and sign != "_"
        if sign in " \t" or kind not in ("Cc", "Cf", "Zs", "Zl", "Zp") or (within and kind != "Cc"):
            continue
        name = unicodedata.name(sign, "a control character").lower()
        blank = " " if kind == "Zs" else ""
        what = f"has an invisible character in column {at + 1}, U+{ord(sign):04X} ({name})"
        plain = "".join(
            (" " if unicodedata.category(each) == "Zs" else "")
            if each not in " \t" and unicodedata.category(each) in ("Cc", "Cf", "Zs", "Zl", "Zp")
            else each
            for each in line
        )
        remedy = "write a space there" if blank else "delete it"
        return _Fix(what, plain, remedy, alike=True)
    return None


def _curly_quotes(line: str, _table: Key) -> _Fix | None:
    scan = _scan(line)
    outside = "".join(
        each if at < len(scan.bare) and scan.bare[at] == each else " "
        for at, each in enumerate(line[: len(scan.bare)])
    )
    if scan.open_at >= 0:
        outside += line[scan.open_at :]
    found = next((each for each in outside if each in _CURLY), None)
    if found is None:
        return None
    plain = re.sub(f"[{_CURLY}]+", '"', line)
    plain = re.sub(r"\"'|'\"|\"\"(?=\w)", '"', plain)
    return _Fix(f"has the quote {found}, which is not straight", plain, 'write straight quotes: "')


def _two_statements(line: str, _table: Key) -> _Fix | None:
    """Find a second key on the line of the first."""
    bare = _scan(line).bare
    if re.match(r"\s*[\[{]", bare) or re.search(r"=\s*[\[{]", bare):
        return None
    if found := re.match(rf"{_STATEMENT.pattern}\s*\S+?\s*[;,\s]\s*({_PART}[\w.]*\s*=)", bare):
        second = line[found.start(1) :].split("=")[0].strip()
        return _Fix("has two keys", "", f"put {second} on the next line")
    return None


def _comment(line: str, _table: Key) -> _Fix | None:
    bare = _scan(line).bare
    if found := re.match(r"\s*(//|;|--|/\*|'|REM\b|%)", line):
        if found[1] == "'" and _STATEMENT.match(line):
            return None
        rest = line[found.end() :].strip()
        return _Fix(f'begins with "{found[1]}", which is no comment', f"# {rest}", "write # there")
    if found := re.search(r"(?<=[\s\"'\]}0-9a-z])\s*(//|/\*|;|--)(?=\s*\S)", bare):
        if bare[: found.start(1)].endswith(":"):  # https://
            return None
        if _depth(line[: found.start(1)]) > 0:  # a semicolon in a list
            return None
        before, rest = line[: found.start(1)].rstrip(), line[found.end() :].strip()
        what = f'has "{found[1]}", which begins no comment'
        return _Fix(what, f"{before}  # {rest}", "write # there")
    return None


def _line_end(line: str, _table: Key) -> _Fix | None:
    bare = _scan(line).bare.rstrip()
    if bare.endswith((",", ";")) and _depth(line) <= 0:
        name = "comma" if bare[-1] == "," else "semicolon"
        return _Fix(f"ends with a {name}", line[: len(bare) - 1].rstrip(), "leave it out")
    return None


def _header(line: str, table: Key) -> _Fix | None:
    if re.match(r"\s*\{", line):
        return _Fix(
            "begins as JSON does", "", "write TOML, such as [pins] and button = 17 below it"
        )
    if found := re.match(r"(\s*\[[^\[\]=]*\])\s*[^\s\]]", _scan(line).bare):
        header = line[: found.end(1)].strip()
        what = "has more than the header on its line"
        return _Fix(what, header, "put the rest on the next line", alike=True)
    if found := re.fullmatch(r"\s*([\w.-]+)(\]|\s*:)\s*", _scan(line).bare):
        what = 'has no "[" in front' if found[2] == "]" else "ends with a colon"
        return _Fix(what, f"[{found[1]}]", "write the name of a section in square brackets")
    if not (found := re.match(r"\s*(\[\[?|\()([^=]*)$", _scan(line).bare)):
        return None
    content = line[found.start(2) : found.end(2)]
    inside, closed, _ = content.partition("]")
    name = inside.strip().rstrip(")}").strip()
    if found[1] == "(":
        return _Fix("is no header of a section", f"[{name}]", "write it in square brackets")
    if _scan(line).open_at >= 0:
        plain = re.sub("[\"']", "", line.strip())
        return _Fix("opens a quote and does not close it", plain, "leave it out")
    if name.endswith("."):
        return _Fix("names nothing after its dot", "", f"write a name there: [{name}<name>]")
    apart = re.sub(r"\s*[/:\\>|]+\s*|\.{2,}|(?<=^pages)\s+|(?<=^pins)\s+", ".", name).strip(". ")
    if apart != name and all(map(_BARE.fullmatch, apart.split("."))):
        return _Fix("has no single dot between its names", f"[{apart}]", "write one dot")
    if not name:
        return _Fix("names no section", "[]", "write one, such as [pins]")
    parts = [part.strip() for part in re.split(r"\.(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", name)]
    if wrong := next((part for part in parts if not re.fullmatch(_PART, part)), None):
        return _name_fix(wrong, parts[0], lambda plain: f"[{name.replace(wrong, plain)}]")
    if content.count("[") or content.count("]") > 1 or len(found[1]) > 1:
        bare_name = name.strip("[]")
        return _Fix("has more brackets than it needs", f"[{bare_name}]", "write one pair of them")
    if not closed:
        return _Fix('has no "]" at its end', f"[{name}]", 'write "]" at its end')
    return None


def _name_fix(wrong: str, section: str, rewrite: Callable[[str], str]) -> _Fix:
    """Say that a name has signs that no name may have."""
    rule = NAME_RULES.get(section, 'a key has A-Z, a-z, 0-9, "_" and "-"')
    plain = plain_name(section, wrong)
    shown = f"has the name {show(wrong)}, but {rule}"
    return _Fix(shown, rewrite(plain) if plain else "", "rename it")


def _equals(line: str, _table: Key) -> _Fix | None:
    bare = _scan(line).bare
    signs = "\u2192|\u21d2|\uff1d|\uff1a"  # arrows, and the wide "=" and ":"
    if found := re.search(rf"(==+|=>|:=|->|<-|=:|{signs})", bare):
        plain = f"{line[: found.start()].rstrip()} = {line[found.end() :].lstrip()}"
        return _Fix(f'has "{found[1]}"', plain, 'write "="')
    if found := re.match(r"(\s*[^=:]*?)\s*:(?=[^=]*$|\s)\s*", bare):
        if re.match(r"\s*[\[{]", bare) or "=" in found[1]:
            return None
        if "=" in bare[found.end() :]:  # on_low: button = "open"
            plain = f"{found[1].rstrip()}.{line[found.end() :]}"
            return _Fix("has a colon in its key", plain, "write a dot there")
        plain = f"{line[: found.end(1)]} = {line[found.end() :]}"
        return _Fix('has a colon where "=" belongs', plain, 'write "=" there')
    if found := re.search(r"[{,]\s*[\w.\"'-]+\s*(:)", bare):
        plain = re.sub(r"([{,]\s*[\w.-]+|[{,]\s*\"[\w.-]+\")\s*:\s*", r"\1 = ", line)
        return _Fix('has a colon where "=" belongs', plain, 'write "=" there')
    if "=" not in bare and (found := re.match(r"(\s*\w[\w.-]*)\s+(?=\S)", line)):
        plain = f"{found[1]} = {line[found.end() :]}"
        return _Fix('has no "=" between a key and its value', plain, 'write "=" there')
    return None


def _no_value(line: str, _table: Key) -> _Fix | None:
    scan = _scan(line)
    remedy = "write one, or put # before the line"
    if scan.open_at < 0 and re.fullmatch(r"\s*[^=\[\]{}]*=\s*,?\s*", scan.bare):
        return _Fix('has no value after "="', "", remedy)
    if scan.open_at < 0 and re.fullmatch(r"\s*[\w.-]+\s*", scan.bare):
        return _Fix("is a key without a value", "", remedy)
    if re.match(r"\s*=", scan.bare):
        return _Fix('has no key before "="', "", "write one there")
    return None


def _key_name(line: str, table: Key) -> _Fix | None:
    """Find a key with signs that need quotes: no key of ours has any."""
    bare = _scan(line).bare
    key, equals, _ = bare.partition("=")
    if not equals or _KEY.fullmatch(key) or re.match(r"\s*[\[{]", bare):
        return None
    name, rest = line[: len(key)].strip(), line[len(key) :]
    if not name:
        return None
    apart = re.sub(r"\s*[/:>]+\s*", ".", re.sub(r"\[\s*[\"']?([\w-]+)[\"']?\s*\]", r".\1", name))
    if apart != name and _KEY.fullmatch(apart):
        return _Fix("has no dot between its names", f"{apart} {rest}", "write a dot")
    parts = [part.strip() for part in name.split(".")]
    wrong = next((part for part in parts if not re.fullmatch(_PART, part)), "")
    if not wrong:
        return _Fix("has a dot too many in its key", ".".join(filter(None, parts)) + f" {rest}", "")
    # The name after on_low. is a pin's, as in [pins].
    path = parts if parts[0] in NAME_RULES else [*table, *parts]
    if path[0] == "pages" and path.index(wrong) == 1:
        section = "pages"
    else:
        section = "pins" if path[0] == "pins" or len(parts) > 1 else ""
    return _name_fix(wrong, section, lambda plain: f"{name.replace(wrong, plain)} {rest}")


def _quotes(line: str, _table: Key) -> _Fix | None:
    """Find strings that do not end, or end otherwise, or have an escape that there is not."""
    key, equals, value = line.partition("=")
    if not equals:
        return None
    value = value.strip()
    windows = re.search(r"\"[^\"]*\\[^\"]*", value)
    if windows and re.search(r"\\(?![btnfr\"\\]|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})|\\\"?$", value):
        plain = value.replace("\\\\", "/").replace("\\", "/")
        what = "has a backslash in double quotes, where it has a special meaning"
        return _Fix(what, f"{key.rstrip()} = {plain}", 'write "/" instead of it')
    if found := re.fullmatch(r"\"\"([^\"]+)\"\"?", value):
        plain = f'{key.rstrip()} = "{found[1]}"'
        return _Fix("has its quotes twice", plain, "write them once")
    if found := re.fullmatch(r"'([^\"]*\w'\w[^\"]*)'", value):
        plain = f'{key.rstrip()} = "{found[1]}"'
        return _Fix("has an apostrophe in single quotes", plain, "write double ones around it")
    scan = _scan(line)
    if scan.open_at < 0:
        return None
    start = line[: scan.open_at]
    text = line[scan.open_at + 1 :]
    other = "'" if scan.mark == '"' else '"'
    if text.rstrip().endswith(other):
        what = f"begins a text with {scan.mark} and ends it with {other}"
        return _Fix(what, f'{start}"{text.rstrip()[:-1]}"', "write the same quote twice")
    if start.rstrip().endswith("="):
        # A comment that has got into the text stays out of it.
        text = re.split(r"\s+#", text)[0].rstrip()
        return _Fix("opens a quote and does not close it", f'{start}"{text}"', 'write " at its end')
    if start.rstrip().endswith(("[", ",")) and (found := re.fullmatch(r"(.*?)(\]\s*)", text)):
        plain = f'{start}"{found[1]}"{found[2]}'
        return _Fix("opens a quote and does not close it", plain, "close it before the bracket")
    # The quote before it is missing: 20ms".
    plain = f'{start.rstrip()}" {text}'
    if "=" in start:
        key, _, value = start.partition("=")
        plain = f'{key.rstrip()} = "{value.strip()}"'
    return _Fix(f"has one quote {scan.mark} too few or too many", plain, "write two of them")


def _list_commas(line: str, _table: Key) -> _Fix | None:
    bare = _scan(line).bare
    if found := re.search(r",\s*(?=\})", bare):
        plain = line[: found.start()] + " " + line[found.end() :]
        return _Fix('has a comma before "}"', plain, "leave it out")
    if re.match(r"\s*[\w.-]+\s*=\s*\[.*;", bare):
        at = [n for n, sign in enumerate(bare) if sign == ";"]
        plain = "".join("," if n in at else sign for n, sign in enumerate(line))
        return _Fix("has a semicolon between two values", plain, "write a comma there")
    if re.search(r",\s*,", bare):
        plain = "".join(re.split(r",(?=\s*,)", line)) if bare == line else ""
        return _Fix("has two commas in a row", plain, "leave one of them out")
    if found := re.search(r"[\"'\]}]\s*(?=[\"'][_])", bare) or re.search(
        r"[\"'\w](?=\s+[\w-]+\s*=)", bare
    ):
        if "[" not in bare and "{" not in bare:
            return None
        plain = f"{line[: found.end()].rstrip()}, {line[found.end() :].lstrip()}"
        return _Fix("has no comma between two values", plain, "write one there")
    if bare.count("=") == 1 and (found := re.search(r"=\s*\(([^()]*)\)\s*$", bare)):
        inside = line[found.start(1) : found.end(1)]
        plain = f"{line[: found.start()].rstrip()} = [{inside}]"
        if inside.strip().isdigit():
            plain = plain.replace(f"[{inside}]", inside.strip())
            return _Fix("has a number in brackets", plain, "leave the brackets out")
        return _Fix("has a list in round brackets", plain, "write square ones")
    return None


def _value(line: str, _table: Key) -> _Fix | None:
    """Find a single value that is no TOML by itself: a word, a number, text without quotes."""
    key, equals, rest = line.partition("=")
    if not equals or _is_toml(line):
        return None
    value = _without_comment(rest).strip()
    head = f"{key.rstrip()} ="
    if not value or value[0] in "\"'[{":
        if found := re.fullmatch(r"(\"[^\"]*\"|'[^']*'|\[.*?\]|\{.*?\})\s*(\S.*)", value):
            return _more(head, found[1], found[2])
        return None
    if (word := _WORDS.get(value.lower())) is not None:
        return _Fix(f"has {value}, which TOML does not know", f"{head} {word}", f"write {word}")
    if value.lower() in _NOTHINGS:
        return _Fix(f"has {value}, but TOML has no empty value", "", "leave the line out")
    if re.fullmatch(r"[+-]?0[0-9]+", value):
        plain = str(int(value))
        return _Fix("has a zero in front of a number", f"{head} {plain}", f"write {plain}")
    is_time = key.strip().rpartition(".")[2].strip("\"' ") in _TIMES
    if re.fullmatch(r"[+-]?[0-9]*,[0-9]+", value):
        plain = f'"{value.replace(",", ".")}s"' if is_time else value.replace(",", "")
        return _Fix("has a comma in a number", f"{head} {plain}", "leave the comma out")
    if re.fullmatch(r"[+-]?(\.[0-9]+|[0-9]+\.)", value):
        plain = f'"{float(value):g}s"' if is_time else f"{float(value):g}"
        what = "has a number with nothing on one side of its point"
        return _Fix(what, f"{head} {plain}", "write a digit there")
    if value.isdecimal() and not value.isascii():
        plain = "".join(str(unicodedata.decimal(sign)) for sign in value)
        return _Fix("has digits of another script", f"{head} {plain}", f"write {plain}")
    if len(value) > 2 and (word := nearest(value, ("true", "false"))):
        return _Fix(f"has {value}, which TOML does not know", f"{head} {word}", f"write {word}")
    if (found := re.fullmatch(r"([0-9]+|true|false)\s+(\S.*)", value)) and not _is_duration(value):
        return _more(head, found[1], found[2])
    if "=" in value:
        return _Fix('has a second "="', "", "put what follows it on the next line")
    quoted = value.strip("\"'").replace("\\", "/").replace('"', "'")
    if quoted.endswith("]") and "[" not in quoted:
        return _Fix('has a "]" that nothing opens', f"{head} {quoted[:-1]}", "leave it out")
    return _Fix("has text without quotes", f'{head} "{quoted}"', "write it in quotes")


def _is_duration(value: str) -> bool:
    try:
        parse_duration(value.lower())
    except ValueError:
        return False
    return True


def _more(head: str, value: str, rest: str) -> _Fix:
    if re.fullmatch(r"(,\s*(\"[^\"]*\"|'[^']*')\s*)+", rest):
        return _Fix(
            "has several values", f"{head} [{value}{rest}]", "write them in square brackets"
        )
    if rest in ("]", "}", ")", '"'):
        return _Fix(f"has a {rest} that nothing opens", f"{head} {value}", "leave it out")
    what = f"has more behind its value: {quoted_line(rest)}"
    remedy = "leave it out, or put # before it"
    # No line is suggested: whether the rest is a comment or a value, nobody here knows.
    return _Fix(what, "", remedy)


def _words_in_list(line: str, _table: Key) -> _Fix | None:
    """Find words without quotes in a list or a table in braces."""
    bare = _scan(line).bare
    plain, count = line, 0
    for found in reversed(
        list(re.finditer(r"(?:(?<=[\[,=])|^)\s*([A-Za-z0-9][^\s,\[\]{}=\"]*)(?![\w.-]|\s*=)", bare))
    ):
        word = found[1]
        if _is_toml(f"x = {word}"):
            continue
        right = _WORDS.get(word.lower(), f'"{word}"')
        plain = plain[: found.start(1)] + right + plain[found.end(1) :]
        count += 1
    if count and (re.search(r"=\s*[\[{]", bare) or "=" not in bare):
        return _Fix("has text without quotes", plain, "write it in quotes")
    return None


def _twice(line: str, _table: Key) -> _Fix | None:
    """Find a key that stands twice in a table in braces."""
    bare = _scan(line).bare
    keys = re.findall(r"[{,]\s*([\w.-]+)\s*=", bare)
    for key in keys:
        if keys.count(key) > 1:
            return _Fix(f"sets {key} twice", "", "leave one of them out")
    return None


_FAULTS: tuple[Callable[[str, Key], _Fix | None], ...] = (
    _invisible,
    _curly_quotes,
    _two_statements,
    _comment,
    _line_end,
    _header,
    _equals,
    _no_value,
    _key_name,
    _twice,
    _quotes,
    _list_commas,
    _words_in_list,
    _value,
)


_FAULTS_IN_A_LIST = (_invisible, _curly_quotes, _comment, _list_commas, _words_in_list)


def _without_comment(line: str) -> str:
    """Cut a comment off, if the line can be read so far."""
    scan = _scan(line)
    return line.strip() if scan.open_at >= 0 else line[: len(scan.bare)].strip()
