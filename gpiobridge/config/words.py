"""The words in which the problems of a configuration are told: a value, a name, what was meant.

Owns how a value and a place are shown, and what to suggest for a wrong name. Pure; any thread.
"""

import difflib
import json
import re
from collections.abc import Collection, Iterable

from gpiobridge.core.triggers import TRIGGERS

Key = tuple[str, ...]
"""The levels of a key in the file."""

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
        **{
            name: f'write {trigger.table}.<pin> = "<next page>" below [pages.<name>]'
            for trigger in TRIGGERS
            for name in (trigger.table, *trigger.also)
        },
    },
    "pages": {
        **{
            name: f'write {trigger.table}.<pin> = "<next page>"'
            for trigger in TRIGGERS
            for name in trigger.also
        },
        **dict.fromkeys(("file", "html", "path", "url"), 'write template = "<file>.html"'),
    },
}


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


def one_of(value: object, options: Collection[str]) -> str:
    """Say that a value is none of those that can stand there."""
    close = nearest(str(value), options)
    hint = f"; did you mean {show(close)}?" if close else ""
    return f"must be {listed(options)}{hint}"


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
