"""Make the reference of the configuration, `docs/configuration.md`, from the code's own tables.

What a key means stands once, below `Args:` of its class in `gpiobridge/config/settings.py`,
`gpiobridge/pins/` and `gpiobridge/outputs/`; types, ranges and defaults come from
`config/tables.py`, `config/values.py` and these classes, rules from `core/triggers.py`. The page
keeps its prose: only what stands between the marks `<!-- made: NAME -->` and `<!-- end -->` is
written. `make reference` runs this; `test_reference.py` fails while the page is stale. It lies with
the tests because only a maintainer runs it, and the wheel has no use for it.
"""

import dataclasses
import inspect
import re
import textwrap
from pathlib import Path
from typing import NamedTuple

from gpiobridge.config import (
    Alarms,
    Gpio,
    Hours,
    Idle,
    Kiosk,
    Limits,
    NamedDisplay,
    OutputState,
    Page,
    PageOutput,
    Server,
    Sound,
    Stage,
    format_duration,
)
from gpiobridge.config.kinds import KINDS, kind_of
from gpiobridge.config.output_kinds import DEFAULT_OUTPUT_KIND, OUTPUT_KINDS, output_kind
from gpiobridge.config.page_tables import RESERVED
from gpiobridge.config.tables import (
    AlarmsTable,
    DisplayTable,
    GpioTable,
    HoursTable,
    KioskTable,
    LimitsTable,
    PageTable,
    RulesTable,
    ServerTable,
    SoundTable,
    StageTable,
    Table,
)
from gpiobridge.config.values import Choice, Flag, Seconds, Share, Texts, Whole
from gpiobridge.config.words import NAME_RULES, show
from gpiobridge.core.triggers import TABLES, TRIGGERS

PAGE = Path(__file__).parents[2] / "docs/configuration.md"

# What a display's own screen takes from `[kiosk]`.
OF_A_SCREEN = ("rotate", "scale", "pointer", "audio", "reduced_motion", "contrast")

# What no table can say: what a key is worth that is left out, where no value stands for it.
DEFAULTS = {
    "server.start": "the first page",
    "server.token": "none",
    "server.api_token": "the token",
    "server.allowed_hosts": "none",
    "server.url": "none",
    "kiosk.allow": "none",
    "kiosk.renew": "never",
    "kiosk.connector": "none",
    "kiosk.scale": "`1`",
    "kiosk.audio": "the system's own choice",
    "pins.pin": "must be given",
    "pins.dwell": "that of `[gpio]`",
    "pins.cooldown": "that of `[gpio]`",
    "pins.chip": "that of `[gpio]`",
    "pins.source": '`"gpio"`',
    "pins.active": '`"low"`; with `pull = "down"` it is `"high"`, with `"none"` it must be given',
    "outputs.pin": "must be given",
    "outputs.chip": "that of `[gpio]`",
    "outputs.kind": '`"gpio"`',
    "outputs.max_on": "no limit",
    "outputs.follows": "none",
    "outputs.without_display": "nothing changes",
    "outputs.closed": "nothing changes",
    "pages.outputs": "none",
    "pages.template": "`<page>.html`",
    "pages.prefetch": "`true` for a template, `false` for a view of an application",
    "pages.url": "none",
    "pages.frames": "none",
    "pages.idle": "`false`",
    "pages.sound": "none",
    "sounds.file": "must be given",
    "sounds.volume": "`1`",
    "displays.start": "that of `[server]`",
    "displays.pins": "all",
    "displays.group": "none",
    "displays.token": "none",
    "displays.may": "the kiosk may do both, others nothing",
    "alarms.run": "none",
    "alarms.post": "none",
    "displays.connector": "none",
    **{f"displays.{key}": "that of `[kiosk]`" for key in OF_A_SCREEN},
    "displays.hours": "that of `[hours]`",
    "hours.open": "must be given",
    "hours.closed": "none",
    "hours.timezone": "the system's",
    "hours.page": "must be given",
    "idle.after": "must be given",
    "idle.to": "must be given",
    "idle.pins": "none",
    "idle.warn": "none",
}
# What can't be made from a default either: an example.
EXAMPLES = {
    "server.start": '"welcome"',
    "server.token": '"choose-16-or-more-characters"',
    "server.api_token": '"another-one-of-16-or-more"',
    "server.allowed_hosts": '["kiosk.example.org"]',
    "server.url": '"https://pi.example.org"',
    "kiosk.allow": '["https://example.org"]',
    "kiosk.renew": '"04:00"',
    "kiosk.connector": '"DSI-1"',
    "kiosk.scale": "1",
    "kiosk.audio": '"plughw:CARD=Headphones"',
    "pins.pin": "17",
    "pins.dwell": '"400ms"',
    "pins.cooldown": '"500ms"',
    "pins.chip": '"gpiochip2"',
    "pins.source": '"http"',
    "pins.active": '"low"',
    "outputs.pin": "22",
    "outputs.chip": '"gpiochip2"',
    "outputs.kind": '"gpio"',
    "outputs.max_on": '"2s"',
    "outputs.follows": '"button"',
    "outputs.without_display": '"off"',
    "outputs.closed": '"off"',
    "pages.outputs": '{ lamp = "on" }',
    "pages.template": '"welcome.html"',
    "pages.prefetch": "true",
    "pages.url": '"https://example.org/board"',
    "pages.frames": '["https://example.org"]',
    "pages.idle": '{ after = "60s", to = "welcome" }',
    "pages.sound": "{ rain = true }",
    "sounds.file": '"static/rain.ogg"',
    "sounds.volume": "1",
    "displays.start": '"welcome"',
    "displays.pins": '["button"]',
    "displays.group": '"wall"',
    "displays.token": '"Zx8Qm2yL0vT4kW9c"',
    "displays.may": '["outputs"]',
    "alarms.run": '["/usr/bin/msmtp", "me@example.org"]',
    "alarms.post": '"https://example.org/hooks/wall"',
    "displays.audio": '"plughw:CARD=Headphones"',
    "displays.connector": '"HDMI-A-1"',
    "displays.rotate": "90",
    "displays.scale": "1.5",
    "displays.pointer": '"hidden"',
    "displays.reduced_motion": "true",
    "displays.contrast": '"more"',
    "displays.hours": '{ open = ["Sat,Sun 10:00-18:00"] }',
    "hours.open": '["Mon-Fri 09:30-17:00", "Fri 20:00-02:00"]',
    "hours.closed": '["2026-12-25"]',
    "hours.timezone": '"Europe/Berlin"',
    "hours.page": '"open"',
    "hours.screen": '"off"',
    "idle.after": '"60s"',
    "idle.to": '"welcome"',
    "idle.pins": '["pir"]',
    "idle.warn": '"10s"',
}
# The types of values that a reader of their own reads.
TYPES = {
    "kiosk.renew": "time of day, `HH:MM`",
    "kiosk.rotate": "`0`, `90`, `180` or `270`",
    "kiosk.scale": "number, 0.5 to 4",
    "displays.rotate": "`0`, `90`, `180` or `270`",
    "displays.scale": "number, 0.5 to 4",
    "stage.fresh": "duration, `1s` to `1d`",
    "pins.pin": "whole number or text",
    "pins.source": " or ".join(f'`"{kind}"`' for kind in KINDS),
    "outputs.pin": "whole number or text",
    "outputs.kind": " or ".join(f'`"{kind}"`' for kind in OUTPUT_KINDS),
    "outputs.blink": "duration, `334ms` to `1min`",
    "outputs.max_on": "duration, `10ms` to `1d`",
    "outputs.follows": "text, a pin's name",
    "hours.screen": '`"on"` or `"off"`, or a table of two commands',
    "displays.hours": "table of the keys of `[hours]`, all of which may be left out; also written "
    "`[displays.left.hours]`",
    "pages.outputs": "table: a state of each output, or a table of the keys below",
    "pages.url": "text, an address with `http://` or `https://`",
    "pages.frames": "list of text, addresses without a path",
    "pages.idle": "table of the keys below, or `false`",
    "pages.sound": "table of sounds, each `true` or `false`; also written `sound.rain = true`",
    "idle.after": "duration, `1s` to `1d`",
    "idle.to": "text, a page's name",
    "idle.pins": "list of text, names of pins",
    "idle.warn": "duration, `1s` to less than `after`",
}


class Key(NamedTuple):
    """One key of the file.

    Args:
        place: `server.port`, or `pins.pull` for that of any pin.
        type: the type, with the range or the words that can stand there.
        default: what it is worth when it is left out, in Markdown.
        example: a value, as TOML.
        meaning: what it does.
    """

    place: str
    type: str
    default: str
    example: str
    meaning: str

    @property
    def name(self) -> str:
        """The key itself."""
        return self.place.rpartition(".")[2]


def arguments(owner: type) -> dict[str, str]:
    """Read what the docstrings of a class, and of those above it, say of each argument."""
    found: dict[str, str] = {}
    for each in reversed(owner.__mro__):
        doc = inspect.cleandoc(each.__dict__.get("__doc__") or "")
        for part in re.findall(r"^(?:Args|Attributes):\n((?:    .*\n?|\n)*)", doc, re.MULTILINE):
            for entry in re.split(r"\n(?=\w)", textwrap.dedent(part).strip()):
                name, _, text = entry.partition(":")
                found[name] = " ".join(text.split())
    return found


def meaning(text: str) -> str:
    """Make a sentence, without what the column of types says already: the unit and the range."""
    text = re.sub(r"; (?:at least )?[0-9][0-9.,]*(?: to [0-9.,]*[0-9])?\.?$", "", text.rstrip("."))
    text = re.sub(r"; (?:None|0, or 1 to)\b.*$", "", text).replace(", in seconds", "")
    text = text.replace(", in minutes after midnight", "")
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def type_of(reader: object) -> str:
    """Write what a reader of a table takes as a person reads it."""
    match reader:
        case Seconds():
            least, most = format_duration(reader.least_s), format_duration(reader.most_s)
            return f"duration, `{least}` to `{most}`"
        case Choice():
            *words, last = (f"`{show(word)}`" for word in reader.words)
            return " or ".join(filter(None, (", ".join(words), last)))
        case Share():
            return "number, 0 to 1"
        case Texts():
            return "list of text"
        case Flag():
            return "`true` or `false`"
        case Whole(most=None):
            return f"whole number, at least {reader.least}"
        case Whole():
            return f"whole number, {reader.least} to {reader.most}"
    return "text"


def keys(section: str, table: type[Table], owner: type) -> list[Key]:
    """List the keys of a table."""
    said = arguments(owner)
    values = {field.name: field.default for field in dataclasses.fields(owner)}
    made = []
    for attribute, key in table.keys.items():
        place = f"{section}.{key.name}"
        if place.rpartition(".")[2] in TABLES:
            continue  # `rules` has them
        value = values.get(attribute, dataclasses.MISSING)
        if isinstance(value, float):
            written = show(format_duration(value))
        elif value in (None, (), "", dataclasses.MISSING):
            written = ""
        else:
            written = show(value)
        made.append(
            Key(
                place,
                TYPES.get(place) or type_of(key.read),
                DEFAULTS.get(place, f"`{written}`"),
                EXAMPLES.get(place, written),
                meaning(said[attribute]),
            )
        )
    return made


def idle_keys() -> list[Key]:
    """List the keys of an `idle`."""
    said = {name.removesuffix("_s"): text for name, text in arguments(Idle).items()}
    return [
        Key(f"idle.{name}", TYPES[f"idle.{name}"], DEFAULTS[f"idle.{name}"],
            EXAMPLES[f"idle.{name}"], meaning(said[name]))
        for name in ("after", "to", "pins", "warn")
    ]  # fmt: skip


def pin_keys(kind: str) -> list[Key]:
    """List the keys of a pin of one kind."""
    return keys("pins", kind_of(kind).table, kind_of(kind).pin)


def output_keys(kind: str) -> list[Key]:
    """List the keys of an output of one kind."""
    return keys("outputs", output_kind(kind).table, output_kind(kind).output)


def page_output_keys() -> list[Key]:
    """List the keys of an output in the table of a page."""
    said = arguments(PageOutput)
    states = ", ".join(f'`"{state}"`' for state in OutputState)
    return [
        Key("outputs of a page.state", states, "must be given", '"on"', meaning(said["state"])),
        Key("outputs of a page.keep", "`true` or `false`", "`false`", "true",
            meaning(said["keep"])),
    ]  # fmt: skip


SECTIONS: dict[str, list[Key]] = {
    "server": keys("server", ServerTable, Server),
    "limits": keys("limits", LimitsTable, Limits),
    "kiosk": keys("kiosk", KioskTable, Kiosk),
    "stage": keys("stage", StageTable, Stage),
    "gpio": keys("gpio", GpioTable, Gpio),
    "outputs": output_keys(DEFAULT_OUTPUT_KIND),
    "page_outputs": page_output_keys(),
    "sounds": keys("sounds", SoundTable, Sound),
    "displays": keys("displays", DisplayTable, NamedDisplay),
    "alarms": keys("alarms", AlarmsTable, Alarms),
    "hours": keys("hours", HoursTable, Hours),
    "pages": keys("pages", PageTable, Page),
    "every_page": keys("pages", RulesTable, Page),
    "idle": idle_keys(),
}


def table(rows: list[Key]) -> str:
    """Write keys as a table in Markdown."""
    lines = ["| key | value | default | what it does |", "|---|---|---|---|"]
    lines += [
        f"| `{key.name} = {key.example}` | {key.type} | {key.default} | {key.meaning} |"
        for key in rows
    ]
    return "\n".join(lines)


def pins() -> str:
    """Write the kinds of pins, the keys that all have first."""
    kinds = {kind: pin_keys(kind) for kind in KINDS}
    shared = [key for key in kinds["gpio"] if all(key in others for others in kinds.values())]
    parts = ["Each pin has these keys:", table(shared)]
    for kind, its in kinds.items():
        own = [key for key in its if key not in shared]
        doc = (inspect.getdoc(kind_of(kind).pin) or "").splitlines()[0]
        parts.append(f'### `source = "{kind}"`\n\n{doc}')
        parts.append(table(own) if own else "It has no further keys.")
    return "\n\n".join(parts)


def rules() -> str:
    """Write the tables of rules, from the triggers."""
    lines = ["| rule | when it moves a display |", "|---|---|"]
    for trigger in TRIGGERS:
        when = trigger.when.replace("``", "`")
        if trigger.at_load:
            when = (
                f"as long as the pin is {str(trigger.event).upper()}: each time it gets there, and "
                "also when the page is loaded"
            )
        lines.append(f'| `{trigger.table}.button = "open"` | {when} |')
    return "\n".join(lines)


def names() -> str:
    """Write which names pages, pins, outputs, sounds and displays may have."""
    reserved = ", ".join(f"`{name}`" for name in sorted(RESERVED))
    said = [
        NAME_RULES[each].replace('"-"', "`-`").replace('"_"', "`_`")
        for each in ("pages", "pins", "outputs", "sounds", "displays")
    ]
    return " ".join(f"{each[:1].upper()}{each[1:]}." for each in said) + (
        f" No page is called {reserved}."
    )


def example() -> str:
    """Write a complete file, each key with its default and its meaning."""
    parts = []
    for section in ("server", "limits", "kiosk", "stage", "gpio"):
        parts.append(_toml(f"[{section}]", SECTIONS[section]))
    own = {key.place: key for key in pin_keys("gpio")}
    parts.append(_toml("[pins.button]", [own.pop("pins.pin"), *own.values()]))
    parts.append('[pins.doorbell]\nsource = "http"')
    rows = {key.place: key for key in SECTIONS["outputs"]}
    follows = rows.pop("outputs.follows")
    parts.append(_toml("[outputs.lamp]", [rows.pop("outputs.pin"), *rows.values()]))
    parts.append("[outputs.button-lamp]\npin = 23\n" + _toml("", [follows]).lstrip())
    parts.append(_toml("[sounds.rain]", SECTIONS["sounds"]))
    parts.append(_toml("[displays.left]", SECTIONS["displays"]))
    parts.append(_toml("[alarms]", SECTIONS["alarms"]))
    parts.append(_toml("[hours]", SECTIONS["hours"]))
    welcome = [*SECTIONS["pages"]]
    parts.append(_toml("[pages.welcome]", welcome) + "\n" + _toml_rules())
    parts.append('[pages.open]\non_low.button = "welcome"')
    parts.append(
        "# Rules, lockout, idle, transition and sounds of each page that says nothing else.\n"
        "[every_page]\nsound.rain = true\n"
        'idle = { after = "60s", to = "welcome", pins = ["button"], warn = "10s" }'
    )
    return "```toml\n" + "\n\n".join(parts) + "\n```"


# These would say something else than the default, or need what isn't there.
_COMMENTED = {
    "server.token", "server.api_token", "server.allowed_hosts", "server.url", "kiosk.allow",
    "alarms.run", "alarms.post",
    "kiosk.renew", "kiosk.audio", "kiosk.connector", "pages.sound", "pins.chip", "pins.source",
    "pins.dwell", "pins.cooldown", "pages.idle",
    "outputs.chip", "outputs.kind", "outputs.max_on", "outputs.without_display", "outputs.closed",
    "pages.outputs", "pages.url", "pages.frames", "displays.hours", "hours.screen",
}  # fmt: skip


def _toml(header: str, rows: list[Key]) -> str:
    lines = [header]
    for key in rows:
        # A piece of code such as `open = true` stays on one line.
        whole = re.sub("`[^`]*`", lambda code: code[0].replace(" ", "\0"), key.meaning)
        comment = textwrap.wrap(whole, 84, initial_indent="# ", subsequent_indent="# ")
        lines += [line.replace("\0", " ") for line in comment]
        mark = "# " if key.place in _COMMENTED else ""
        example = '"gpio"' if key.place == "pins.source" else key.example
        lines.append(f"{mark}{key.name} = {example}")
    return "\n".join(lines)


def _toml_rules() -> str:
    lines = ["# Where the pins lead from this page."]
    for number, trigger in enumerate(TRIGGERS):
        lines.append(f'{"# " if number else ""}{trigger.table}.button = "open"')
    return "\n".join(lines)


def made() -> dict[str, str]:
    """Make each part of the page."""
    tables = {name: table(rows) for name, rows in SECTIONS.items()}
    return {**tables, "example": example(), "pins": pins(), "rules": rules(), "names": names()}


def written(page: str) -> str:
    """Write the made parts into the page; all else stays."""
    parts = made()

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        return f"<!-- made: {name} -->\n\n{parts[name]}\n\n<!-- end -->"

    return re.sub(r"<!-- made: (\w+) -->\n.*?<!-- end -->", fill, page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
