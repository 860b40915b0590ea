"""The sentences in which the problems of a configuration are told: place, value, remedy.

Owns how a place and a value are shown, what to suggest for a wrong name, and the translation of
pydantic's errors: none of its words may reach a person. Imports nothing of the project but
`durations`; any thread.
"""

import dataclasses
import difflib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gpiobridge.config.durations import format_duration

Key = tuple[str, ...]
TableT = TypeVar("TableT", bound=BaseModel)

_NOT_GIVEN = object()
_LONGEST_SHOWN = 60

# What people write who know gpiozero, or another way of saying it -> what is right here.
_MEANT = {
    "": {
        "pin": "write [pins]",
        "page": "write [pages.<name>]",
        "button": "write [pins]",
        "buttons": "write [pins]",
        "web": "write [server]",
    },
    "server": {
        "address": 'write host = "127.0.0.1"',
        "bind": 'write host = "127.0.0.1"',
        "start_page": "write start",
        "max_clients": "write max_displays",
        "heartbeat": "write beat",
        "hosts": "write allowed_hosts",
        **dict.fromkeys(("password", "secret", "auth_token", "access_token"), "write token"),
        **dict.fromkeys(("api_key", "api_secret", "api_password"), "write api_token"),
        **dict.fromkeys(
            ("displays_per_address", "connections_per_address", "unfinished_per_address"),
            "move it to [limits]",
        ),
        **dict.fromkeys(("pin_factory", "chip"), "move it to [gpio]"),
    },
    "limits": {
        "max_displays": "move it to [server]",
        "threads": "move it to [server]",
        "displays": "write displays_per_address, or max_displays in [server]",
    },
    "kiosk": {
        **dict.fromkeys(
            ("allowed", "allow_urls", "allowed_urls", "allowed_hosts", "whitelist", "allowlist"),
            'write allow = ["https://example.org"]',
        ),
        **dict.fromkeys(
            ("restart", "reload", "refresh", "renew_at", "daily"), 'write renew = "04:00"'
        ),
        **dict.fromkeys(("microphone", "webcam", "capture"), "write camera = true"),
        **dict.fromkeys(("display", "name"), "leave it out, and start the kiosk with --display"),
        **dict.fromkeys(
            ("flags", "flag"), "leave it out; GPIOBRIDGE_KIOSK_FLAGS in the environment has them"
        ),
        **dict.fromkeys(("url", "token"), "leave it out; it is that of [server]"),
    },
    "gpio": {
        "factory": "write pin_factory",
        "backend": "write pin_factory",
        "back_end": "write pin_factory",
        "gpiozero_pin_factory": "write pin_factory",
        "gpiochip": 'write chip = "gpiochip0"',
    },
    "pins": {
        **dict.fromkeys(("pull_up", "pull_down", "pud"), 'write pull = "up" (or "down", "none")'),
        **dict.fromkeys(
            ("bounce_time", "bounce", "bouncetime", "debounce_ms", "debounce_s"),
            'write debounce = "20ms"',
        ),
        **dict.fromkeys(
            ("active_state", "active_high", "active_low"), 'write active = "low" (or "high")'
        ),
        **dict.fromkeys(("pin_number", "number", "gpio", "bcm"), "write pin = 17"),
        **dict.fromkeys(("hold_time", "hold_s", "long_press"), 'write hold = "2s"'),
        **dict.fromkeys(
            ("when_pressed", "when_activated", "on_press"),
            'write on_press.<pin> = "<next page>" below [pages.<name>]',
        ),
        **dict.fromkeys(
            ("when_released", "when_deactivated", "on_release"),
            'write on_release.<pin> = "<next page>" below [pages.<name>]',
        ),
        **dict.fromkeys(
            ("on_low", "on_high"), 'write on_low.<pin> = "<next page>" below [pages.<name>]'
        ),
    },
    "pages": {
        **dict.fromkeys(
            ("when_pressed", "when_activated", "pressed"), 'write on_press.<pin> = "<next page>"'
        ),
        **dict.fromkeys(
            ("when_released", "when_deactivated", "released"),
            'write on_release.<pin> = "<next page>"',
        ),
        **dict.fromkeys(
            ("when_held", "held", "on_long_press"), 'write on_hold.<pin> = "<next page>"'
        ),
        **dict.fromkeys(("on_short_press", "on_click"), 'write on_tap.<pin> = "<next page>"'),
        **dict.fromkeys(("file", "html", "path", "url"), 'write template = "<file>.html"'),
    },
}

# Keys of [server] whose value is nobody else's business, also where they are misspelled: problems
# end in logs.
_SECRET = re.compile("tok|pass|secret|auth|api", re.IGNORECASE)


class Problems:
    """All that is wrong with one configuration, a sentence each.

    Args:
        source: what to name as the place, such as ``config.toml``.
        origins: for dotted keys that aren't the source's: the variable or option they come from.

    Attributes:
        sentences: what is wrong.
        warnings: what is allowed but probably not meant; each once.
    """

    def __init__(self, source: str, origins: Mapping[str, str]) -> None:
        self.sentences: list[str] = []
        self.warnings: list[str] = []
        self._source = source
        self._origins = origins

    def add(self, key: Key, sentence: str, value: object = _NOT_GIVEN) -> None:
        """Tell one problem.

        Args:
            key: the levels of the key it is about.
            sentence: what is wrong, and the remedy.
            value: what stands there now; a table is too long to show.
        """
        secret = key[0] == "server" and _SECRET.search(key[-1])
        hidden = value is _NOT_GIVEN or isinstance(value, Mapping) or secret
        shown = "" if hidden else f" = {show(value)}"
        self.sentences.append(f"{self._place(key)}{shown}: {sentence}")

    def warn(self, key: Key, sentence: str) -> None:
        """Warn of what stands at ``key``; the same warning again is none."""
        warning = f"{self._place(key)}: {sentence}"
        if warning not in self.warnings:
            self.warnings.append(warning)

    def name(self, key: Key) -> str:
        """Name a key within a sentence: as the file has it, or the variable that set it."""
        return self._origin(key) or dotted(key)

    def _place(self, key: Key) -> str:
        """Name the place of a key: the file and the key, or the variable that set it."""
        return self._origin(key) or f"{self._source}: {dotted(key)}"

    def _origin(self, key: Key) -> str:
        for length in range(len(key), 0, -1):
            origin = self._origins.get(".".join(key[:length]))
            if origin is not None:
                return ": ".join(filter(None, (origin, dotted(key[length:]))))
        return ""

    def read(
        self, table: type[TableT], raw: Mapping[str, object], key: Key, settings: type
    ) -> TableT:
        """Read one table, tell every problem in it, and return what is right of it.

        Args:
            table: what the table may hold; nothing in it is required.
            raw: the table as `tomllib` gives it.
            key: where it stands.
            settings: the dataclass it becomes, which knows the defaults.
        """
        right = {
            name: dict(value) if isinstance(value, Mapping) else value
            for name, value in raw.items()
        }
        try:
            return table.model_validate(right)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                # Without the position in a list: TOML has no way to write it, and the value tells.
                where = tuple(part for part in details["loc"] if isinstance(part, str))
                self.add((*key, *where), _sentence(details, key, table, settings), details["input"])
                # Only what is wrong goes: one bad rule doesn't hide what its neighbours lack.
                inner = right.get(where[0])
                if isinstance(inner, dict) and len(where) > 1:
                    inner.pop(where[1], None)
                else:
                    right.pop(where[0], None)
            return table.model_validate(right)


def show(value: object) -> str:
    """Write a value as TOML would, cut where it gets too long for a sentence."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, list | tuple):
        text = f"[{', '.join(map(show, value))}]"
    else:
        text = str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def listed(names: Iterable[str]) -> str:
    """Write names as a sentence does that leaves the choice: ``"a", "b" or "c"``."""
    shown = [show(name) for name in names]
    return " or ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def nearest(name: str, known: Collection[str]) -> str | None:
    """Find the known name that ``name`` was probably meant to be."""
    plain = {other.casefold(): other for other in known}
    found = difflib.get_close_matches(name.casefold(), plain, n=1)
    return plain[found[0]] if found else None


def missing(what: str, name: str, known: Collection[str]) -> str:
    """Say that there is no pin or page of this name, and what was probably meant."""
    if close := nearest(name, known):
        return f"there is no {what} named {show(name)}; did you mean {show(close)}?"
    if known:
        # It may still have to be written, unless nothing can be called so, such as "open.html".
        add = "add it, or " if re.fullmatch(r"[\w-]+", name) else ""
        return f"there is no {what} named {show(name)}; {add}write {listed(known)}"
    return f"there is no {what} named {show(name)}; add it to [{what}s]"


def unknown(section: str, name: str, known: Collection[str]) -> str:
    """Say that a key (or, with no section, a whole section) is unknown, and what is right.

    Args:
        section: ``server``, ``gpio``, ``limits``, ``kiosk``, ``pins``, ``pages``, or nothing for
            the file's own level.
        name: what stands there.
        known: what may stand there.
    """
    what = "key" if section else "section"
    if meant := _MEANT.get(section, {}).get(name.lower()):
        return f"unknown {what}; {meant}"
    if close := nearest(name, known):
        return f"unknown {what}; did you mean {close}?"
    return f"unknown {what}; leave it out, or write one of {', '.join(known)}"


def no_toml(error: str, text: str) -> str:
    """Say that a file is no TOML, and what is probably the reason.

    Args:
        error: what `tomllib` says.
        text: what the file holds.
    """
    remedy = 'text such as "20ms" needs its quotes'
    place = re.search(r"at line (\d+)", error)
    line = text.split("\n")[int(place[1]) - 1] if place else ""
    if re.search("overwrite|twice|mutate", error):
        remedy = "a key or a section stands there only once"
    elif re.search("[\u2018-\u201f]", line):
        remedy = 'write the straight quotes "'
    return f"is not valid TOML: {error}; {remedy}"


def dotted(key: Key) -> str:
    """Join the levels of a key as TOML does, quoting what isn't a bare key."""
    return ".".join(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else show(part) for part in key)


def _sentence(error: ErrorDetails, key: Key, table: type[BaseModel], settings: type) -> str:
    """Say one of pydantic's errors in our words, with a remedy."""
    fields = {field.alias or name: name for name, field in table.model_fields.items()}
    name = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        return unknown(key[0], name, fields)
    reason = _reason(error)
    default = next((f.default for f in dataclasses.fields(settings) if f.name == fields[name]), "")
    if ";" in reason or default in ("", (), None, dataclasses.MISSING):
        return reason  # it has a remedy of its own, or there is no default to fall back on
    # Durations are the floats: see `durations`.
    shown = format_duration(default) if isinstance(default, float) else show(default)
    return f"{reason}; leave it out for the default of {shown}"


def _reason(error: ErrorDetails) -> str:
    """Say what is wrong with a value; a remedy, if there is a special one, after a semicolon."""
    context = error.get("ctx", {})
    where = [str(part) for part in error["loc"]]
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "string_type":
            return "must be text in quotes"
        case "bool_type":
            return "must be true or false, without quotes"
        case "int_type":
            return "must be a whole number, without quotes"
        case "greater_than_equal":
            return f"must be at least {context['ge']}"
        case "less_than_equal":
            return f"must be at most {context['le']}"
        case "tuple_type":
            example = "https://example.org" if where[0] == "allow" else "kiosk.example.org"
            return f'must be a list, such as ["{example}"]'
        case "dict_type":
            return f'must name the pin, too; write {where[0]}.<pin> = "<next page>"'
        case "literal_error":
            options = re.findall(r"'([^']+)'", str(context["expected"]))
            close = nearest(str(error["input"]), options)
            hint = f"; did you mean {show(close)}?" if close else ""
            return f"must be {listed(options)}{hint}"
    return "is not a value that can stand here"
