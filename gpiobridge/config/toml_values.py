"""What a key takes, for a value that was written wrongly: the value that was probably meant.

Owns the suggestion of a value that fits its key, so that `check` accepts the line which it
suggests. It knows keys by their names and imports no tables, which the commands that talk to a
bridge do without; a test compares both. Pure; any thread. It is imported only when a file can't be
read.
"""

import json
import re
import tomllib

from gpiobridge.config.durations import parse_duration
from gpiobridge.config.toml_lines import scan_line
from gpiobridge.config.words import Key, dotted, listed, show
from gpiobridge.core.triggers import TABLES as RULES

SECTIONS = (
    "server",
    "gpio",
    "limits",
    "kiosk",
    "stage",
    "pins",
    "outputs",
    "sounds",
    "displays",
    "alarms",
    "hours",
    "pages",
    "every_page",
)
NUMBERS = (
    "port",
    "max_displays",
    "threads",
    "displays_per_address",
    "connections_per_address",
    "unfinished_per_address",
    "ahead",
    "rotate",
)
DURATIONS = (
    "beat",
    "catch_up",
    "debounce",
    "dwell",
    "cooldown",
    "hold",
    "lockout",
    "after",
    "warn",
    "fresh",
    "blink",
    "pulse",
    "max_on",
    "wake",
)
FLAGS = (
    "open",
    "camera",
    "reduced_motion",
    "prerender",
    "prefetch",
    "client",
    "kiosk",
    "from_pages",
    "trust_clock",
    "keep",
    "loop",
)
LISTS = ("allowed_hosts", "allow", "pins", "run", "may", "frames")
LISTS_OF_HOURS = ("open", "closed")
"""Elsewhere these names are those of other kinds of keys."""
CHOICES = {
    "csp": ("local", "strict", "off"),
    "api": ("token", "local"),
    "pin_factory": ("auto", "gpiod", "lgpio", "rpigpio", "pigpio", "mock"),
    "source": ("gpio", "http"),
    "active": ("low", "high"),
    "pull": ("up", "down", "none"),
    "counts": ("settled", "first"),
    "transition": ("cut", "fade"),
    "pointer": ("auto", "hidden"),
    "contrast": ("no-preference", "more"),
    "kind": ("gpio",),
    "initial": ("on", "off", "blink"),
    "safe": ("on", "off"),
    "without_display": ("on", "off"),
    "closed": ("on", "off"),
    "screen": ("on", "off"),
    "state": ("on", "off", "blink", "pulse"),
}
TEXTS = (
    "host",
    "start",
    "token",
    "api_token",
    "url",
    "renew",
    "audio",
    "pin",
    "chip",
    "template",
    "idle",
    "follows",
    "outputs",
    "file",
    "group",
    "connector",
    "hours",
    "page",
    "timezone",
    "sound",
    "post",
)
_MOST_DIGITS = 18  # of a number that is suggested
TRUE = ("true", "yes", "on", "y", "1", "enabled")
FALSE = ("false", "no", "off", "n", "0", "disabled")


def takes_list(line: str, table: Key) -> bool:
    """Whether a statement's key may have a list: it is one that does, or is unknown."""
    key = line.partition("=")[0]
    name = last_name(key)
    if "hours" in table and name in LISTS_OF_HOURS:
        return True
    is_rule = any(rule in (*table, *_parts(key)[:-1]) for rule in RULES)
    return name in LISTS or not (is_known(name) or is_rule or table in (("pins",), ("outputs",)))


def last_name(key: str) -> str:
    """Take the last name of a key as it is written, also with its equals sign."""
    return key.rstrip("= ").rpartition(".")[2].strip("\"' ")


def is_known(name: str) -> bool:
    """Whether a key of this name stands in some table."""
    return name.strip() in (*NUMBERS, *DURATIONS, *FLAGS, *LISTS, *CHOICES, *TEXTS)


def fitting(line: str, table: Key) -> tuple[str, str]:
    """Make a statement's value one that its key takes.

    Args:
        line: A statement on one line, which is TOML.
        table: The table that it stands in.

    Returns:
        The line, changed where its value doesn't fit and the right one can be told. If that can't
        be told, an empty line and what the key takes, as "write ..." goes on.
    """
    head, equals, rest = line.partition("=")
    if not equals or line.lstrip().startswith("["):
        return line, ""
    key: list[str] = list(table)
    value: object = tomllib.loads(line)
    if not value:  # a comment by now
        return line, ""
    for _ in _parts(head):
        assert isinstance(value, dict)
        name, value = next(iter(value.items()))
        key.append(name)
    found, wanted = _fit(key, value)
    if wanted:
        return "", wanted
    if found == value and type(found) is type(value):
        return line, ""
    comment = rest[len(scan_line(line).bare) - len(head) - 1 :]
    return f"{head.rstrip()} = {_written(found)}  {comment}".rstrip(), ""


def _parts(head: str) -> list[str]:
    return re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", head)


def _fit(key: list[str], value: object) -> tuple[object, str]:
    """Find what was meant by a value; the value itself if it fits, or if nothing is known."""
    name = key[-1]
    if isinstance(value, dict):
        pairs = {inner: _fit([*key, inner], each) for inner, each in value.items()}
        wanted = next((wanted for _, wanted in pairs.values() if wanted), "")
        return {inner: found for inner, (found, _) in pairs.items()}, wanted
    text = value.strip().strip("\"'").strip() if isinstance(value, str) else None
    if "hours" in key[:-1] and name in LISTS_OF_HOURS:
        return (value if text is None else [text]), ""
    if (len(key) > 1 and key[-2] in RULES) or key[-2:] == ["idle", "to"]:
        return _page(value)
    if key[0] == "pages" and key[-2] == "outputs":
        return _choice(CHOICES["state"], value)
    is_pin = len(key) == 2 and name not in (*DURATIONS, *FLAGS, *CHOICES, "chip", "follows")
    if key[0] in ("pins", "outputs") and (is_pin or name == "pin"):
        return (
            (value, "") if isinstance(value, int) and not isinstance(value, bool) else _pin(value)
        )
    if name in NUMBERS and text is not None:
        digits = text.replace("_", "")
        right = digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS
        return (int(digits), "") if right else ("", "a whole number, without quotes")
    if name in FLAGS and not isinstance(value, bool):
        return _flag(str(value).strip().lower())
    if name in DURATIONS and not isinstance(value, bool):
        return _duration(name, str(value) if text is None else text)
    if name in CHOICES:
        return _choice(CHOICES[name], value)
    if name in LISTS and text is not None:
        return [each.strip() for each in re.split(r"[,;\s]+", text) if each.strip()], ""
    if name == "idle" and value is not False:
        return "", 'idle = { after = "60s", to = "<page>" }, or false'
    if name in ("url", "host", "start") and text is not None:
        return text.strip("<>"), ""
    if name == "template" and text is not None:
        return re.sub(r"^(.*[/\\])?templates[/\\]|^\./", "", text.strip("<>")), ""
    if name == "chip" and text is not None:
        return text.removeprefix("/dev/"), ""
    if name == "renew":
        return _time_of_day(str(value) if text is None else text)
    return value, ""


def _page(value: object) -> tuple[object, str]:
    if isinstance(value, str):
        return re.sub(r"^(/|pages\.)|\.html$", "", value.strip()), ""
    if value is False:
        return value, ""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return value[0], ""
    return "", 'the name of a page in quotes, such as "welcome"'


def _pin(value: object) -> tuple[object, str]:
    joined = re.sub(r"[\s._\"'-]+", "", value) if isinstance(value, str) else ""
    if re.fullmatch(r"(?i:gpio|bcm|board|wpi)[0-9]{1,2}|(?i:j)8:[0-9]{1,2}", joined):
        return joined.upper(), ""
    if found := re.fullmatch(r"[$#<~+]?([0-9]{1,2})[>~]?", joined):
        return int(found[1]), ""
    return "", "its BCM number, such as 17"


def _flag(word: str) -> tuple[object, str]:
    if word in TRUE or word in FALSE:
        return word in TRUE, ""
    return "", "true or false, without quotes"


def _duration(name: str, text: str) -> tuple[object, str]:
    plain = re.sub("[\"']", "", text)
    try:
        parse_duration(plain)
    except ValueError as error:
        choices = re.findall(r'"([^"]*)"', str(error).rpartition("; write ")[2])
        if "; write it like" in str(error) or not choices:
            return "", f'a duration in quotes, such as {name} = "2s"'
        if len(choices) == 1:
            return choices[0], ""
        return "", " or ".join(f'{name} = "{choice}"' for choice in choices)
    return plain, ""


def _choice(options: tuple[str, ...], value: object) -> tuple[object, str]:
    if isinstance(value, bool) and {"on", "off"} <= set(options):
        return "on" if value else "off", ""  # a bare `on` has been read as true
    word = re.sub(r"^(.*[._])?", "", str(value).strip("\"' ").lower())
    if word in options:
        return word, ""
    return "", listed(options)


def _time_of_day(text: str) -> tuple[object, str]:
    if found := re.fullmatch(
        r"([01]?[0-9]|2[0-3])(?:[:.h]([0-5][0-9])(?::00)?)?\s*(?:h|am|uhr)?", text
    ):
        return f"{int(found[1]):02}:{found[2] or '00'}", ""
    return "", 'a time of day in quotes, such as renew = "04:00"'


def _written(value: object) -> str:
    """Write a value as TOML does, whole."""
    if isinstance(value, dict):
        pairs = [f"{dotted((name,))} = {_written(each)}" for name, each in value.items()]
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else show(value)
