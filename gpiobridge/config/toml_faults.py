"""The faults that people make in a line of a TOML file.

Owns the table of faults: for each a function that finds it in a line, says what is wrong, and
repairs the line. A function need not be right about the repair: `toml_errors` suggests it only if
the repaired line is TOML. Pure; any thread. It is imported only when a file can't be read.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from gpiobridge.config.toml_lines import (
    BARE,
    KEY,
    PART,
    STATEMENT,
    depth_of,
    is_toml,
    scan_line,
    without_comment,
)
from gpiobridge.config.toml_values import (
    CHOICES,
    DURATIONS,
    FALSE,
    LISTS,
    SECTIONS,
    TRUE,
    is_known,
    last_name,
    takes_list,
)
from gpiobridge.config.words import NAME_RULES, Key, nearest, plain_name, quoted_line, show
from gpiobridge.core.triggers import TABLES

# Straight and typographic quotes of many languages; the backtick and the accent stand for quotes.
_CURLY = "“”„‟\u2018\u2019\u201a\u201b«»\u2039\u203a″\u2032\uff02\uff07`\u00b4"

_BOOLEANS = tuple(word for word in (*TRUE, *FALSE) if word.isalpha())
_IN_LIST = re.compile(
    r"(?:(?<=[\[,])(?!(?<=[0-9],)[0-9])|^)\s*([A-Za-z0-9:][^,\[\]{}=\"]*?)\s*(?=[,\]]|$)"
)
_IN_BRACES = re.compile(
    r"(?<==)\s*([^\s={}\[\]\"',](?:[^={}\[\]\"',]|(?<=[0-9]),(?=[0-9]))*?)\s*(?=,\s*[\w.-]+\s*=|,?\s*\})"
)
_NOTHINGS = ("none", "null", "nil", "undefined", "~")


class Fix(NamedTuple):
    """A fault that was found in a line.

    Args:
        what: The fault, in the words that follow the line in a sentence.
        line: The line with this fault repaired; it may have others.
        remedy: The remedy if the repaired line is no TOML either, or is too long to show.
        alike: Whether the repaired line looks like the wrong one, which makes it no help.
        plainly: The fault without anything of the line, if ``what`` quotes it.
    """

    what: str
    line: str
    remedy: str
    alike: bool = False
    plainly: str = ""


def _is_invisible(sign: str) -> bool:
    """Whether nobody can see a character, and it is neither a plain space nor a tab."""
    return sign not in " \t" and unicodedata.category(sign) in ("Cc", "Cf", "Zs", "Zl", "Zp")


def _invisible(line: str, _table: Key) -> Fix | None:
    scan = scan_line(line)
    for at, sign in enumerate(line):
        kind = unicodedata.category(sign)
        within = at < len(scan.bare) and scan.bare[at] == "_" and sign != "_"
        if not _is_invisible(sign) or (within and kind != "Cc"):
            continue
        name = unicodedata.name(sign, "a control character").lower()
        blank = " " if kind == "Zs" else ""
        what = f"has an invisible character in column {at + 1}, U+{ord(sign):04X} ({name})"
        plain = "".join(
            (" " if unicodedata.category(each) == "Zs" else "") if _is_invisible(each) else each
            for each in line
        )
        remedy = "write a space there" if blank else "delete it"
        return Fix(what, plain, remedy, alike=True)
    return None


def _curly_quotes(line: str, _table: Key) -> Fix | None:
    scan = scan_line(line)
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
    return Fix(f"has the quote {found}, which is not straight", plain, 'write straight quotes: "')


def _escaped_quotes(line: str, _table: Key) -> Fix | None:
    """Find quotes as HTML or another program's text has them."""
    key, _, value = line.partition("=")
    value = value.strip()
    for sign in ('\\"', "&quot;", "&#34;", "\\'"):
        if value.startswith(sign) and value.endswith(sign) and len(value) > 2 * len(sign):
            plain = f'{key.rstrip()} = "{value[len(sign) : -len(sign)]}"'
            return Fix(f"has {sign} instead of a quote", plain, 'write "')
    return None


def _two_statements(line: str, _table: Key) -> Fix | None:
    """Find a second key on the line of the first."""
    bare = scan_line(line).bare
    if re.match(r"\s*[\[{]|[^=]*=\s*[\[{(<]", bare):
        return None
    if found := re.match(rf"{STATEMENT.pattern}\s*\S+?\s*[;,\s]\s*({PART}[\w.]*\s*=)", bare):
        second = line[found.start(1) :].split("=")[0].strip()
        return Fix("has two keys", "", f"put {second} on the next line")
    return None


def _comment(line: str, _table: Key) -> Fix | None:
    bare = scan_line(line).bare
    if found := re.match(r"\s*(//|;|<!--|--|/\*|'|(?i:rem)\b|%)", line):
        if found[1] == "'" and STATEMENT.match(line):
            return None
        rest = line[found.end() :].strip()
        return Fix(
            f'begins with "{found[1]}", which is not a comment', f"# {rest}", "write # there"
        )
    if found := re.search(r"(?<=[\s\"'\]}0-9a-z])\s*(//|/\*|;|--)(?=\s*\S)", bare):
        if bare[: found.start(1)].endswith(":"):  # https://
            return None
        if depth_of(line[: found.start(1)]) > 0:  # a semicolon in a list
            return None
        before, rest = line[: found.start(1)].rstrip(), line[found.end() :].strip()
        what = f'has "{found[1]}", which is not a comment'
        return Fix(what, f"{before}  # {rest}", "write # there")
    return None


def _line_end(line: str, _table: Key) -> Fix | None:
    bare = scan_line(line).bare.rstrip()
    if bare.endswith((",", ";")) and depth_of(line) <= 0:
        name = "comma" if bare[-1] == "," else "semicolon"
        return Fix(f"ends with a {name}", line[: len(bare) - 1].rstrip(), "leave it out")
    return None


def _header(line: str, table: Key) -> Fix | None:
    # A header as Markdown, HTML or a template language has it.
    found = re.fullmatch(r"[\\*_<{\s]*\[?([A-Za-z0-9_.-]+)\]?[*_>}:\s]*", line)
    if found and re.search(r"[\\*<{]", line) and found[1].split(".")[0] in SECTIONS:
        return Fix("is not the header of a section", f"[{found[1]}]", "write it in square brackets")
    if re.match(r"\s*\{", line):
        return Fix("begins as JSON does", "", "write TOML, such as [pins] and button = 17 below it")
    if found := re.match(r"(\s*\[[^\[\]=]*\])\s*[^\s\]]", scan_line(line).bare):
        header = line[: found.end(1)].strip()
        what = "has more than the header on its line"
        return Fix(what, header, "put the rest on the next line", alike=True)
    if found := re.fullmatch(r"\s*([\w.-]+)(\]|\s*:)\s*", scan_line(line).bare):
        is_key = is_known(found[1]) and (found[1] != "pins" or table[:1] == ("displays",))
        if found[2] != "]" and is_key:
            return Fix('has a colon where "=" belongs', "", f"write {found[1]} = and its value")
        what = 'has no "[" in front' if found[2] == "]" else "ends with a colon"
        return Fix(what, f"[{found[1]}]", "write the name of a section in square brackets")
    of_display = table[:1] == ("displays",) and re.match(r"\s*pins\s*=", line)
    found = re.fullmatch(
        r"\s*\[{0,2}\s*(pages|pins)\s*(?:[\[(,;=]|\]?\.?\[)\s*[\"']?([\w-]+)[\"']?\s*[\])]*\s*",
        line,
    )
    if found and not of_display:
        return Fix(
            "has no dot between its names", f"[{found[1]}.{found[2]}]", "write [section.name]"
        )
    if not (found := re.match(r"\s*(\[\[?|\()([^=]*)$", scan_line(line).bare)):
        return None
    content = line[found.start(2) : found.end(2)]
    inside, closed, _ = content.partition("]")
    name = inside.strip().rstrip(")}").strip()
    if found[1] == "(":
        return Fix("is not the header of a section", f"[{name}]", "write it in square brackets")
    if scan_line(line).open_at >= 0:
        plain = re.sub("[\"']", "", line.strip())
        names = plain.strip("[] ").split(".")
        if len(names) > 1 and not KEY.fullmatch(plain.strip("[] ")):
            names[1] = plain_name(names[0], names[1])
            plain = f"[{'.'.join(names)}]" if all(names) else ""
        return Fix("opens a quote and does not close it", plain, "leave it out")
    if name.endswith("."):
        return Fix("names nothing after its dot", "", f"write a name there: [{name}<name>]")
    apart = re.sub(r"\s*[/:\\>|]+\s*|\.{2,}|(?<=^pages)\s+|(?<=^pins)\s+", ".", name).strip(". ")
    if apart != name and all(map(BARE.fullmatch, apart.split("."))):
        return Fix("has no single dot between its names", f"[{apart}]", "write one dot")
    if not name:
        return Fix("names no section", "[]", "write one, such as [pins]")
    parts = [part.strip() for part in re.split(r"\.(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", name)]
    if wrong := next((part for part in parts if not re.fullmatch(PART, part)), None):
        return _name_fix(wrong, parts[0], lambda plain: f"[{name.replace(wrong, plain)}]")
    if content.count("[") or content.count("]") > 1 or len(found[1]) > 1:
        bare_name = name.strip("[]")
        return Fix("has more brackets than it needs", f"[{bare_name}]", "write one pair of them")
    if not closed:
        return Fix('has no "]" at its end', f"[{name}]", 'write "]" at its end')
    return None


def _name_fix(wrong: str, section: str, rewrite: Callable[[str], str]) -> Fix:
    """Say that a name has signs that no name may have."""
    rule = NAME_RULES.get(section, 'a key has A-Z, a-z, 0-9, "_" and "-"')
    plain = plain_name(section, wrong)
    shown = f"has the name {show(wrong)}, but {rule}"
    fixed = rewrite(plain) if plain else ""
    return Fix(shown, fixed, "rename it", plainly="has a name that no key may have")


def _equals(line: str, _table: Key) -> Fix | None:
    bare = scan_line(line).bare
    signs = "\u2192|\u21d2|\uff1d|\uff1a"  # arrows, and the wide "=" and ":"
    found = re.search(rf"(==+|=>|:=|->|<-|=:|{signs})", bare)
    if found and "=" not in re.sub(r"^.*[{,]", "", bare[: found.start()]):
        plain = f"{line[: found.start()].rstrip()} = {line[found.end() :].lstrip()}"
        return Fix(f'has "{found[1]}"', plain, 'write "="')
    if found := re.match(r"(\s*[^=:]*?)\s*:(?=[^=]*$|[\s{\[])\s*", bare):
        if re.match(r"\s*[\[{]", bare) or "=" in found[1]:
            return None
        if re.match(r"[^\[{]*=", bare[found.end() :]):  # on_low: button = "open"
            plain = f"{found[1].rstrip()}.{line[found.end() :]}"
            return Fix("has a colon in its key", plain, "write a dot there")
        plain = f"{line[: found.end(1)]} = {line[found.end() :]}"
        return Fix('has a colon where "=" belongs', plain, 'write "=" there')
    in_braces = "{" in bare or "=" not in bare
    if in_braces and (found := re.search(r"[{,]\s*[\w.\"'-]+\s*(:)(?!//)", bare)):
        plain = re.sub(r"([{,]\s*[\w.-]+|[{,]\s*\"[\w.-]+\")\s*:\s*", r"\1 = ", line)
        return Fix('has a colon where "=" belongs', plain, 'write "=" there')
    if found := re.match(r"(\s*\w[\w.-]*)\s*(?=\{[^{]*$)", bare):
        plain = f"{found[1]} = {line[found.end() :]}"
        return Fix('has no "=" between a key and its value', plain, 'write "=" there')
    if "=" not in bare and (found := re.match(r"(\s*\w[\w.-]*)\s+(?=\S)", line)):
        if re.match(r"\w\S*\s+\w", bare[found.end() :]) and not is_known(found[1]):
            return Fix('has no "=", and several words', "", "write it like button = 17")
        plain = f"{found[1]} = {line[found.end() :]}"
        return Fix('has no "=" between a key and its value', plain, 'write "=" there')
    return None


def _no_value(line: str, _table: Key) -> Fix | None:
    scan = scan_line(line)
    remedy = "write one, or put # before the line"
    if scan.open_at < 0 and re.fullmatch(r"\s*[^=\[\]{}]*=\s*,?\s*", scan.bare):
        return Fix('has no value after "="', "", remedy)
    if scan.open_at < 0 and re.fullmatch(r"\s*[\w.-]+\s*", scan.bare):
        return Fix("is a key without a value", "", remedy)
    if re.match(r"\s*=", scan.bare):
        return Fix('has no key before "="', "", "write one there")
    return None


def _key_name(line: str, table: Key) -> Fix | None:
    """Find a key with signs that need quotes: no key of ours has any."""
    bare = scan_line(line).bare
    key, equals, _ = bare.partition("=")
    if not equals or KEY.fullmatch(key) or re.match(r"\s*[\[{]", bare):
        return None
    name, rest = line[: len(key)].strip(), line[len(key) :]
    if not name:
        return None
    if found := re.match(r"(?i:export|let|set|var|const|local|static)\s+(?=[\w.]+$)", name):
        what = f"has {found[0].strip()} before its key"
        return Fix(what, f"{name[found.end() :]} {rest}", "leave it out")
    if (found := re.match(r"([\w-]+)\s*[\[(]", name)) and found[1] in LISTS:
        return Fix("sets one value of a list", f"{found[1]} {rest}", "write the list")
    apart = re.sub(
        r"\s*[/:>]+\s*", ".", re.sub(r"[\[(]\s*[\"']?([\w-]+)[\"']?\s*[\])]", r".\1", name)
    )
    if (found := re.match(r"\w+(\s+)", name)) and found[0].strip() in TABLES:
        apart = f"{found[0].strip()}.{apart[found.end() :]}"
    if apart != name and KEY.fullmatch(apart):
        return Fix("has no dot between its names", f"{apart} {rest}", "write a dot")
    parts = [part.strip() for part in name.split(".")]
    wrong = next((part for part in parts if not re.fullmatch(PART, part)), "")
    if not wrong:
        return Fix("has a dot too many in its key", ".".join(filter(None, parts)) + f" {rest}", "")
    # The name after on_low. is a pin's, as in [pins].
    path = parts if parts[0] in NAME_RULES else [*table, *parts]
    if path[0] == "pages" and path.index(wrong) == 1:
        section = "pages"
    else:
        section = "pins" if path[0] == "pins" or len(parts) > 1 else ""
    return _name_fix(wrong, section, lambda plain: f"{name.replace(wrong, plain)} {rest}")


def _quotes(line: str, _table: Key) -> Fix | None:
    """Find strings that do not end, or end otherwise, or have an escape that there is not."""
    key, equals, value = line.partition("=")
    if not equals:
        return None
    value = value.strip()
    if re.fullmatch(r"\s*(?:[\"'][A-Za-z0-9_.-]+|[A-Za-z0-9_.-]+[\"'])\s*", key):
        plain = re.sub("[\"']", "", key).rstrip() + f" = {value}"
        return Fix("has a quote at its key that nothing closes", plain, "leave it out")
    if found := re.fullmatch(r"(?i:[fru]|br)((?:\"[^\"]*\"|'[^']*'))", value):
        return Fix("has a letter before its quote", f"{key.rstrip()} = {found[1]}", "leave it out")
    windows = re.search(r"\"[^\"]*\\[^\"]*", value)
    if windows and re.search(r"\\(?![btnfr\"\\]|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})|\\\"?$", value):
        plain = value.replace("\\\\", "/").replace("\\", "/")
        what = "has a backslash in double quotes, where it has a special meaning"
        return Fix(what, f"{key.rstrip()} = {plain}", 'write "/" instead of it')
    if found := re.fullmatch(r"(?:\"\"|'')([^\"']+)(?:\"\"?|''?)|[\"']([^\"']+)(?:\"\"|'')", value):
        plain = f'{key.rstrip()} = "{found[1] or found[2]}"'
        return Fix("has its quotes twice", plain, "write them once")
    if found := re.fullmatch(r"'([^\"]*\w'\w[^\"]*)'", value):
        plain = f'{key.rstrip()} = "{found[1]}"'
        return Fix("has an apostrophe in single quotes", plain, "write double ones around it")
    scan = scan_line(line)
    if scan.open_at < 0:
        return None
    start = line[: scan.open_at]
    text = line[scan.open_at + 1 :]
    other = "'" if scan.mark == '"' else '"'
    if text.rstrip().endswith(other):
        what = f"begins a text with {scan.mark} and ends it with {other}"
        return Fix(what, f'{start}"{text.rstrip()[:-1]}"', "write the same quote twice")
    if start.rstrip().endswith("="):
        # A comment that has got into the text stays out of it.
        text = re.split(r"\s+#", text)[0].rstrip()
        return Fix("opens a quote and does not close it", f'{start}"{text}"', 'write " at its end')
    inside = depth_of(start) > 0 or "=" not in start
    if inside and (found := re.fullmatch(r"([^\"',\]}]*?)([\"']?)(\s*[,\]}].*)", text)):
        plain = f'{start}"{found[1]}"{found[3]}'
        if is_toml(plain) or is_toml(f"{plain}]"):
            return Fix("opens a quote and does not close it", plain, f"write {scan.mark} there")
    if start.rstrip().endswith("[") and re.fullmatch(r"[^\"',\]}]+", text):
        plain = f'{start}"{text.strip()}"]'
        return Fix("opens a quote and does not close it", plain, f"write {scan.mark} there")
    if start.rstrip().endswith(("[", ",")) and (found := re.fullmatch(r"(.*?)(\]\s*)", text)):
        plain = f'{start}"{found[1]}"{found[2]}'
        return Fix("opens a quote and does not close it", plain, "close it before the bracket")
    # The quote before it is missing: 20ms".
    plain = f'{start.rstrip()}" {text}'
    if "=" in start:
        key, _, value = start.partition("=")
        plain = f'{key.rstrip()} = "{value.strip()}"'
    return Fix(f"has one quote {scan.mark} too few or too many", plain, "write two of them")


def _list_commas(line: str, _table: Key) -> Fix | None:
    bare = scan_line(line).bare
    if found := re.match(r"(\s*[\w.-]+\s*=\s*)[\[(<](\s*[\w.-]+\s*=.*)[\])>]\s*$", bare):
        inside = line[found.start(2) : found.end(2)].strip()
        return Fix("has keys outside braces", f"{found[1]}{{ {inside} }}", "write { and }")
    if found := re.match(r"(\s*[\w.-]+\s*=\s*)\{((?:[^=:{}]|:(?=//))*)\}\s*$", bare):
        inside = line[found.start(2) : found.end(2)].strip()
        is_list = "," in inside or last_name(found[1]) in LISTS
        plain = f"{found[1]}[{inside}]" if is_list else f"{found[1]}{inside}"
        remedy = "write square brackets" if is_list else "leave the braces out"
        if inside and " " not in inside.replace(", ", ","):
            return Fix("has no key in its braces", plain, remedy)
        return Fix("has no key in its braces", "", "write { key = value }")
    in_braces = re.search(r"=\s*\{[^{}\[\]]*\}\s*$", bare)
    if in_braces and (found := re.search(r"[{,]\s*([A-Za-z_][\w.-]*)\s*(?:=\s*)?(?=[,}])", bare)):
        what = f"has no value for {found[1]}"
        remedy = f"write {found[1]} = and its value"
        return Fix(what, "", remedy, plainly="has a key without a value")
    if found := re.search(r"(?<=[\[{])\s*,", bare):
        plain = line[: found.start()] + line[found.end() :]
        return Fix("has a comma before its first value", plain, "leave it out")
    if found := re.search(r",\s*(?=\})", bare):
        plain = line[: found.start()] + " " + line[found.end() :]
        return Fix('has a comma before "}"', plain, "leave it out")
    if re.match(r"\s*[\w.-]+\s*=\s*[\[{].*;", bare):
        at = [n for n, sign in enumerate(bare) if sign == ";"]
        plain = "".join("," if n in at else sign for n, sign in enumerate(line))
        return Fix("has a semicolon between two values", plain, "write a comma there")
    if re.search(r",\s*,", bare):
        plain = "".join(re.split(r",(?=\s*,)", line)) if bare == line else ""
        return Fix("has two commas in a row", plain, "leave one of them out")
    if found := re.search(r"[\"'\]}]\s*(?=[\"'][_])", bare) or re.search(
        r"[\"'\w](?=\s+[\w-]+\s*=)", bare
    ):
        if "[" not in bare and "{" not in bare:
            return None
        plain = f"{line[: found.end()].rstrip()}, {line[found.end() :].lstrip()}"
        return Fix("has no comma between two values", plain, "write one there")
    if bare.count("=") == 1 and (found := re.search(r"=\s*\(([^()]*)\)\s*$", bare)):
        inside = line[found.start(1) : found.end(1)]
        plain = f"{line[: found.start()].rstrip()} = [{inside}]"
        if inside.strip().isdigit():
            plain = plain.replace(f"[{inside}]", inside.strip())
            return Fix("has a number in brackets", plain, "leave the brackets out")
        return Fix("has a list in round brackets", plain, "write square ones")
    return None


def _value(line: str, _table: Key) -> Fix | None:
    """Find a single value that is no TOML by itself: a word, a number, text without quotes."""
    key, equals, rest = line.partition("=")
    if not equals or is_toml(line):
        return None
    value = without_comment(rest).strip()
    head, name = f"{key.rstrip()} =", last_name(key)
    if not value or value[0] in "\"'[{":
        if found := re.fullmatch(r"(\"[^\"]*\"|'[^']*'|\[.*?\]|\{.*?\})\s*(\S.*)", value):
            return _more(head, found[1], found[2])
        return None
    if value.lower() in _BOOLEANS and name not in CHOICES:
        right = str(value.lower() in TRUE).lower()
        what = f"has {value}, which TOML does not know"
        return Fix(what, f"{head} {right}", f"write {right}")
    if value.lower() in _NOTHINGS and value.lower() not in CHOICES.get(name, ()):
        return Fix(f"has {value}, but TOML has no empty value", "", "leave the line out")
    if re.fullmatch(r"[+-]?0[0-9]+", value):
        plain = str(int(value))
        return Fix("has a zero in front of a number", f"{head} {plain}", f"write {plain}")
    is_time = name in DURATIONS
    if re.fullmatch(r"[+-]?[0-9]*,[0-9]+", value):
        plain = f'"{value.replace(",", ".")}s"' if is_time else value.replace(",", "")
        return Fix("has a comma in a number", f"{head} {plain}", "leave the comma out")
    if re.fullmatch(r"[+-]?(\.[0-9]+|[0-9]+\.)", value):
        plain = f'"{float(value):g}s"' if is_time else f"{float(value):g}"
        what = "has a number with nothing on one side of its point"
        return Fix(what, f"{head} {plain}", "write a digit there")
    if value.isdecimal() and not value.isascii():
        plain = "".join(str(unicodedata.decimal(sign)) for sign in value)
        return Fix("has digits of another script", f"{head} {plain}", f"write {plain}")
    if re.fullmatch(r"\w{3,}\.?", value) and (word := nearest(value, ("true", "false"))):
        return Fix(f"has {value}, which TOML does not know", f"{head} {word}", f"write {word}")
    if (found := re.fullmatch(r"([0-9]+|true|false)\s+(\S.*)", value)) and not (
        is_time or name == "renew"
    ):
        return _more(head, found[1], found[2])
    if "=" in value:
        return Fix('has a second "="', "", "write one key and one value on each line")
    quoted = value.strip("\"'").replace("\\", "/").replace('"', "'")
    if quoted.endswith("]") and "[" not in quoted:
        return Fix('has a "]" that nothing opens', f"{head} {quoted[:-1]}", "leave it out")
    return Fix("has text without quotes", f'{head} "{quoted}"', "write it in quotes")


def _more(head: str, value: str, rest: str) -> Fix:
    if last_name(head) in DURATIONS and is_toml(f"{head} {value.strip(chr(34))!r}"):
        together = re.sub("[\"']", "", value + rest)
        return Fix("has text outside its quotes", f'{head} "{together}"', "write it all in quotes")
    if re.fullmatch(r"(,\s*(\"[^\"]*\"|'[^']*')\s*)+", rest) and takes_list(head, ()):
        return Fix("has several values", f"{head} [{value}{rest}]", "write them in square brackets")
    if rest in ("]", "}", ")", '"') and depth_of(value) == 0:
        return Fix(f"has a {rest} that nothing opens", f"{head} {value}", "leave it out")
    what = f"has more behind its value: {quoted_line(rest)}"
    remedy = "leave it out, or put # before it"
    # No line is suggested: whether the rest is a comment or a value, nobody here knows.
    return Fix(what, "", remedy, plainly="has more behind its value")


def _words(line: str, _table: Key) -> Fix | None:
    """Find values without quotes in a list or a table in braces, on one line."""
    bare = scan_line(line).bare
    if not re.search(r"=\s*[\[{]", bare):
        return None
    return _with_quotes(line, [*_IN_BRACES.finditer(bare), *_IN_LIST.finditer(bare)])


def _words_of_a_list(line: str, _table: Key) -> Fix | None:
    """Find values without quotes in a line of a list."""
    if found := re.match(r"(\s*)[-*]\s+(?=\S)", line):
        item = line[found.end() :].strip().rstrip(",").strip("\"'")
        what = f'begins with "{found[0].strip()}", which TOML does not know'
        return Fix(what, f'{found[1]}"{item}",', "write the value in quotes, and a comma")
    bare = scan_line(line).bare
    return None if "=" in bare else _with_quotes(line, [*_IN_LIST.finditer(bare)])


def _with_quotes(line: str, values: list[re.Match[str]]) -> Fix | None:
    plain, what = line, ""
    for found in sorted(values, key=lambda each: each.start(1), reverse=True):
        word = found[1]
        if is_toml(f"x = {word}"):
            continue
        if word.lower() in _BOOLEANS and found.re is _IN_BRACES:
            right = str(word.lower() in TRUE).lower()
            what = f"has {word}, which TOML does not know"
        elif re.fullmatch(r"0[0-9]+", word):
            right, what = str(int(word)), "has a zero in front of a number"
        else:
            right, what = f'"{word}"', "has text without quotes"
        plain = plain[: found.start(1)] + right + plain[found.end(1) :]
    return Fix(what, plain, "write it in quotes") if what else None


def _quotes_in_a_list(line: str, table: Key) -> Fix | None:
    """Find the quotes that are wrong in a line of a list."""
    fix = _quotes(f"x = [{line}", table)
    return fix and fix._replace(line=fix.line.removeprefix("x = ["))


def _twice(line: str, _table: Key) -> Fix | None:
    """Find a key that stands twice in a table in braces."""
    bare = scan_line(line).bare
    keys = re.findall(r"[{,]\s*([\w.-]+)\s*=", bare)
    for key in keys:
        if keys.count(key) > 1:
            return Fix(f"sets {key} twice", "", "leave one of them out")
    return None


# In the order in which they are looked for.
FAULTS: tuple[Callable[[str, Key], Fix | None], ...] = (
    _invisible,
    _curly_quotes,
    _escaped_quotes,
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
    _words,
    _value,
)

FAULTS_IN_A_LIST = (
    _invisible,
    _curly_quotes,
    _comment,
    _quotes_in_a_list,
    _list_commas,
    _words_of_a_list,
)
