"""The words in which the problems of a configuration are reported: a value, a name, what was meant.

Owns how a value and a place are shown, and what to suggest for a wrong name. Pure; any thread.
"""

import difflib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable

from gpiobridge.core.triggers import TRIGGERS

Key = tuple[str, ...]
"""The levels of a key in the file."""

_LONGEST_SHOWN = 60
_NEAR_TOKEN = 0.75  # "tken" is 0.89; the key "open" is 0.67
_NEAR = 0.66  # how alike two words must be, as difflib counts: "opn" and "open" are 0.86

NAME_RULES = {
    "pages": 'a page\'s name has 1 to 32 of a-z, 0-9 and "-"',
    "pins": 'a pin\'s name has 1 to 32 of A-Z, a-z, 0-9, "_" and "-"',
    "outputs": 'an output\'s name has 1 to 32 of A-Z, a-z, 0-9, "_" and "-"',
    "sounds": 'a sound\'s name has 1 to 32 of A-Z, a-z, 0-9, "_" and "-"',
    "displays": 'a configured display\'s name has 1 to 32 of a-z, 0-9 and "-"',
}
"""Section -> which names its tables may have, as a sentence."""

PLAIN_SECTIONS = ("pages", "displays")
"""The sections whose names are part of an address."""

PLAIN_NAME = re.compile(r"[a-z0-9-]{1,32}")
"""What these names may be; groups of displays, too."""

# Keys whose value nobody else may read, also where they are misspelled: problems end in logs.
# The address that alarms are posted to has a secret in it, with most services.
_SECRET = re.compile(r"tok|pass|secret|auth|api|pwd|bearer|credential|\bpost\b|hook", re.IGNORECASE)

_CHOSEN = re.compile("token|passw|secret|bearer|://[^\\s/]*@", re.IGNORECASE)

# What a machine has made up, as `openssl rand -hex` and Python's `secrets` do.
_RANDOM = re.compile(
    r"\b(?=[a-fA-F]*[0-9])(?=[0-9]*[a-fA-F])[0-9a-fA-F]{16,}\b|\b(?=[\w-]*[0-9])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[A-Za-z0-9_-]{20,}"
)

_OF_A_SCREEN = {
    **dict.fromkeys(("output", "port", "hdmi", "monitor"), 'write connector = "HDMI-A-1"'),
    **dict.fromkeys(("rotation", "transform", "orientation"), "write rotate = 90"),
    **dict.fromkeys(("zoom", "device_scale"), "write scale = 1.5"),
    **dict.fromkeys(("cursor", "mouse", "hide_cursor"), 'write pointer = "hidden"'),
    **dict.fromkeys(("sound", "speaker", "audio_device", "sink"), 'write audio = "<device>"'),
    **dict.fromkeys(("prefers_reduced_motion", "motion"), "write reduced_motion = true"),
    **dict.fromkeys(("prefers_contrast", "high_contrast"), 'write contrast = "more"'),
}

# What people write who know gpiozero or another word for it -> what is right here.
_MEANT = {
    "": {
        "pin": "write [pins]",
        "page": "write [pages.<name>]",
        "button": "write [pins]",
        "buttons": "write [pins]",
        "web": "write [server]",
        **dict.fromkeys(
            ("output", "lamps", "lamp", "leds", "led", "relays", "relay"), "write [outputs.<name>]"
        ),
        **dict.fromkeys(("sound", "audio"), "write [sounds.<name>]"),
        **dict.fromkeys(("display", "screen", "screens"), "write [displays.<name>]"),
        **dict.fromkeys(("alarm", "alert", "alerts", "notify", "mail"), "write [alarms]"),
        **dict.fromkeys(("opening", "opening_hours", "schedule", "calendar"), "write [hours]"),
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
        **_OF_A_SCREEN,
        **dict.fromkeys(
            ("flags", "flag"), "leave it out; GPIOBRIDGE_KIOSK_FLAGS in the environment has them"
        ),
        **dict.fromkeys(("url", "token"), "leave it out; it is that of [server]"),
        "stage": "write kiosk = true below [stage]",
    },
    "stage": {
        **dict.fromkeys(("enabled", "on", "active"), "write kiosk = true"),
        **dict.fromkeys(("pages", "held", "max_pages", "most"), "write ahead = 2"),
        **dict.fromkeys(("max_age", "age", "expires", "reload"), 'write fresh = "5min"'),
        **dict.fromkeys(
            ("transition", "fade"), 'write transition = "fade" below [pages.<name>] or [every_page]'
        ),
        "prerender": "write it below [pages.<name>]",
    },
    "gpio": {
        "factory": "write pin_factory",
        "backend": "write pin_factory",
        "back_end": "write pin_factory",
        "gpiozero_pin_factory": "write pin_factory",
        "gpiochip": 'write chip = "gpiochip0"',
        **dict.fromkeys(("debounce", "hold", "counts", "pull"), "move it to [pins.<name>]"),
    },
    "pins": {
        **dict.fromkeys(("pull_up", "pull_down", "pud"), 'write pull = "up" (or "down", "none")'),
        **dict.fromkeys(
            ("bounce_time", "bounce", "bouncetime", "debounce_ms", "debounce_s"),
            'write debounce = "20ms"',
        ),
        **dict.fromkeys(
            ("first", "first_edge", "count", "count_first", "immediate"), 'write counts = "first"'
        ),
        **dict.fromkeys(
            ("press_time", "min_press", "delay", "dwell_time", "dwell_ms", "dwell_s"),
            'write dwell = "400ms"',
        ),
        **dict.fromkeys(
            ("cool_down", "dead_time", "refractory", "cooldown_ms", "cooldown_s"),
            'write cooldown = "500ms"',
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
    "outputs": {
        **dict.fromkeys(
            ("active_high", "active_low", "active_state", "invert", "inverted"),
            'write active = "low" (or "high")',
        ),
        **dict.fromkeys(("initial_value", "default", "start", "state"), 'write initial = "on"'),
        **dict.fromkeys(("pin_number", "number", "gpio", "bcm", "line"), "write pin = 22"),
        **dict.fromkeys(("period", "blink_time", "flash", "on_time"), 'write blink = "500ms"'),
        **dict.fromkeys(("maximum", "timeout", "max", "limit", "max_time"), 'write max_on = "2s"'),
        **dict.fromkeys(("button", "follow", "lights"), 'write follows = "<pin>"'),
        **dict.fromkeys(("pulse_time", "duration", "for"), 'write pulse = "500ms"'),
        "source": 'write kind = "gpio", or leave it out',
    },
    "every_page": {
        "outputs": (
            'write outputs.<output> = "on" below each page, or initial = "on" below the output'
        ),
    },
    "pages": {
        **{
            name: f'write {trigger.table}.<pin> = "<next page>"'
            for trigger in TRIGGERS
            for name in trigger.also
        },
        **dict.fromkeys(("file", "html", "path"), 'write template = "<file>.html"'),
        **dict.fromkeys(
            ("site", "address", "link", "href", "src", "website", "iframe"),
            'write url = "https://example.org/board"',
        ),
        **dict.fromkeys(
            ("frame", "frame_src", "iframes", "allow", "embed"),
            'write frames = ["https://example.org"]',
        ),
        **dict.fromkeys(("fade", "animation", "effect"), 'write transition = "fade"'),
        **dict.fromkeys(("output", "lamp", "led", "relay"), 'write outputs.<output> = "on"'),
        **dict.fromkeys(("sounds", "audio", "music"), "write sound.<name> = true"),
        **dict.fromkeys(
            ("dwell", "cooldown", "debounce", "hold", "counts"), "move it to [pins.<name>]"
        ),
        **dict.fromkeys(("max_on", "blink", "pulse", "follows"), "move it to [outputs.<name>]"),
        **dict.fromkeys(("loop", "volume"), "move it to [sounds.<name>]"),
    },
    "displays": {
        **dict.fromkeys(("page", "start_page", "home"), 'write start = "<page>"'),
        **dict.fromkeys(("pin", "buttons", "obeys"), 'write pins = ["<pin>"]'),
        **dict.fromkeys(("groups", "wall"), 'write group = "wall"'),
        **_OF_A_SCREEN,
    },
    "alarms": {
        **dict.fromkeys(
            ("command", "exec", "script", "program", "mail", "cmd"),
            'write run = ["/usr/bin/mail", "-s", "alarm", "me@example.org"]',
        ),
        **dict.fromkeys(
            ("url", "webhook", "hook", "http", "address"),
            'write post = "https://example.org/alarm"',
        ),
        **dict.fromkeys(("delay", "timeout", "wait", "for"), 'write after = "1min"'),
    },
    "hours": {
        **dict.fromkeys(
            ("days", "times", "opening", "opened"), 'write open = ["Mon-Fri 09:30-17:00"]'
        ),
        **dict.fromkeys(
            ("holidays", "except", "close", "closing"), 'write closed = ["2026-12-25"]'
        ),
        **dict.fromkeys(("tz", "time_zone", "zone"), 'write timezone = "Europe/Berlin"'),
    },
    "sounds": {
        **dict.fromkeys(("path", "src", "url", "source"), 'write file = "static/<file>"'),
        **dict.fromkeys(("repeat", "looped", "endless"), "write loop = true"),
        **dict.fromkeys(("gain", "level", "loudness"), "write volume = 0.4"),
    },
}


def show(value: object) -> str:
    """Write a value as TOML does; cut it if it is too long for a sentence."""
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
    """Write names as a choice: `"a", "b" or "c"`."""
    shown = [show(name) for name in names]
    return " or ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def one_of(value: object, options: Collection[str]) -> str:
    """Say that a value is none of the possible ones."""
    close = nearest(str(value), options)
    hint = f"; did you mean {show(close)}?" if close else ""
    return f"must be {listed(options)}{hint}"


def nearest(name: str, known: Collection[str]) -> str | None:
    """Find the known name that `name` was probably meant to be.

    What two names share as whole words, such as an ending, doesn't make them alike: `right.html`
    is not `wrong.html`, and `room-2` not `room-3`.
    """
    plain = {other.casefold(): other for other in known}
    found = difflib.get_close_matches(name.casefold(), plain, n=5)
    return next((plain[each] for each in found if _are_near(name.casefold(), each)), None)


def _are_near(one: str, other: str) -> bool:
    """Whether names are alike without the words that both have."""
    words = [Counter(re.findall(r"[^\W\d_]+|\d+", name)) for name in (one, other)]
    first, second = ("".join((words[i] - words[1 - i]).elements()) for i in (0, 1))
    if not (first and second) or sorted(first) == sorted(second):
        return True
    return difflib.SequenceMatcher(None, first, second).ratio() >= _NEAR


def missing(what: str, name: str, known: Collection[str]) -> str:
    """Say that there is no pin, page or output of this name, and what was probably meant."""
    for wrong in known:
        if wrong != name == plain_name(f"{what}s", wrong):  # the other problem says so, too
            return f"there is no {what} named {show(name)}; rename the {what} {show(wrong)}"
    if close := nearest(name, known):
        return f"there is no {what} named {show(name)}; did you mean {show(close)}?"
    if known:
        # It may be missing in the file, unless no page can have that name, such as "open.html".
        add = "add it, or " if re.fullmatch(r"[\w-]+", name) else ""
        return f"there is no {what} named {show(name)}; {add}write {listed(known)}"
    return f"there is no {what} named {show(name)}; add it to [{what}s]"


def unknown(section: str, name: str, known: Collection[str]) -> str:
    """Say that a key (or, with no section, a whole section) is unknown, and what is right.

    Args:
        section: the name of a section, such as `server` or `pages`; empty for the file's own level.
        name: the unknown name.
        known: the names that may stand there.
    """
    what = "key" if section else "section"
    if meant := _MEANT.get(section, {}).get(name.lower()):
        return f"unknown {what}; {meant}"
    if close := nearest(name, known):
        return f"unknown {what}; did you mean {close}?"
    return f"unknown {what}; leave it out, or write one of {', '.join(known)}"


def section_meant(name: str, sections: Collection[str]) -> str | None:
    """Find the section that a wrong name was probably meant to be, as `unknown` says it."""
    if (meant := _MEANT[""].get(name.lower())) and (section := re.search(r"\[(\w+)", meant)):
        return section[1]
    return nearest(name, sections)


def dotted(key: Key) -> str:
    """Join the levels of a key as TOML does; quote those that need it."""
    return ".".join(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else show(part) for part in key)


def is_secret(name: str) -> bool:
    """Whether a key's value must not be shown, by the key's name."""
    return _SECRET.search(name) is not None


def names_secret(name: str) -> bool:
    """Whether a name that a person has chosen is one of a secret; a page may be "passage"."""
    return _CHOSEN.search(name) is not None


def has_secret(line: str) -> bool:
    """Whether a line of the file may have a secret: by its key, or by a plain word in its value."""
    return _in_line(line) is not None


def _in_line(line: str) -> re.Match[str] | None:
    """Find the word that tells of a secret; a page may well be called "passage"."""
    key = re.split("[=:]", line)[0]
    told = _SECRET.search(key) or _CHOSEN.search(line)
    plain = re.sub("[^a-z]", "", key.lower())
    if told is None and difflib.SequenceMatcher(None, plain, "token").ratio() >= _NEAR_TOKEN:
        told = re.search(r"\S+", key)
    return told or _RANDOM.search(line)


def quoted_line(line: str) -> str:
    """Show a line of the file within a sentence: cut if it is long, and without a secret value."""
    shown = re.sub(r"[\x00-\x1f\x7f]", "\ufffd", line.strip().replace("\t", " "))
    if (secret := _in_line(shown)) is not None:
        word = re.compile(r"[\w.-]*").match(shown, secret.end())
        end = word.end() if word else secret.end()
        value = re.search("[=:\"'\u2018-\u201f]", shown)
        made_up = _RANDOM.search(shown)
        ends = (end, value and value.start(), made_up and made_up.start())
        first = min(each for each in ends if each is not None)
        return f"`{shown[:first].rstrip()} ...`".replace("` ", "`")
    cut = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."
    return f"`{cut}`"


def plain_name(section: str, name: str) -> str:
    """Make a name that a page or a pin may have of one that it may not; empty if nothing is left.

    Args:
        section: ``pages``, ``pins``, or another one.
        name: what stands there.
    """
    spelled = name.strip().strip("\"'")
    for letter, plain in (("\u00e4", "ae"), ("\u00f6", "oe"), ("\u00fc", "ue"), ("\u00df", "ss")):
        spelled = spelled.replace(letter, plain).replace(letter.upper(), plain.capitalize())
    decomposed = unicodedata.normalize("NFKD", spelled)
    letters = "".join(each for each in decomposed if not unicodedata.combining(each))
    if section in PLAIN_SECTIONS:
        return re.sub(r"[^a-z0-9]+", "-", letters.lower()).strip("-")[:32]
    return re.sub(r"[^A-Za-z0-9_-]+", "_", letters).strip("_-")[:32]
