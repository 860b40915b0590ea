"""What may stand in each table of `config.toml`.

The keys are those of the file, the attributes those of `settings`, which has the defaults. Nothing
is required here: each table can always be read as far as it is right. `check` then compares values
with each other. Pure; imports the readers of values and `words`; any thread.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, Literal, TypeVar, overload

from gpiobridge.config.address import MAX_PORT, is_host, read_listen_host, read_token
from gpiobridge.config.opening_times import ToHours, closed_days, opening_times
from gpiobridge.config.settings import (
    MAX_HAND_TIME_S,
    MAX_HOLD_S,
    SHORTEST_BLINK_S,
    Idle,
    OutputState,
    PageOutput,
    ScreenCommands,
)
from gpiobridge.config.values import (
    Choice,
    Flag,
    Flags,
    PartsError,
    Seconds,
    Share,
    Target,
    Targets,
    Text,
    Texts,
    Whole,
    WrongPart,
    read_seconds,
)
from gpiobridge.config.words import PLAIN_NAME, nearest, one_of, show
from gpiobridge.core.events import Level
from gpiobridge.core.triggers import TABLES, Trigger
from gpiobridge.net.hosts import DEFAULT_PORTS, read_origin

T = TypeVar("T")

_ONE_DAY_S = 86_400
_LAST_CHIP = 99  # a larger number is a slip of the finger
_ON_OFF: Choice[Literal["on", "off"]] = Choice(
    ("on", "off"), lambda w: "on" if w == "on" else "off"
)


class Key(Generic[T]):
    """A key of a table; in a table that was read, its value, or None if it is not given.

    Args:
        read: the reader of its value (`values`).
        name: its name in the file; by default that of the attribute.
    """

    def __init__(self, read: Callable[[object], T], name: str = "") -> None:
        self.read = read
        self.name = name
        self.attribute = ""

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute
        self.name = self.name or attribute

    @overload
    def __get__(self, table: None, owner: type) -> "Key[T]": ...
    @overload
    def __get__(self, table: "Table", owner: type) -> T | None: ...
    def __get__(self, table: "Table | None", owner: type) -> "Key[T] | T | None":
        return self if table is None else table.values.get(self.attribute)


class Table:
    """A table of the file, as far as it is right.

    Args:
        values: attribute -> its value; only those that are given.

    Attributes:
        keys: attribute -> its key; those of the base class first.
    """

    keys: ClassVar[dict[str, Key[Any]]] = {}

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def __init_subclass__(cls) -> None:
        own = {name: key for name, key in vars(cls).items() if isinstance(key, Key)}
        cls.keys = {**cls.keys, **own}

    @classmethod
    def known_keys(cls) -> list[str]:
        """List the keys that may stand in it."""
        return [key.name for key in cls.keys.values()]

    def given(self, *without: str) -> dict[str, Any]:
        """Take the values that are given; the class it becomes has defaults for the others."""
        return {name: value for name, value in self.values.items() if name not in without}


def _allowed_host(host: str) -> str:
    if not is_host(host):
        raise ValueError('must be a name alone; write it like "kiosk.example.org"')
    return host.lower()


def _url(url: str) -> str:
    origin = url.removesuffix("/").lower()
    if url and read_origin(origin) is None:
        raise ValueError(
            'must be a scheme and a name, without a path; write it like "https://pi.example.org"'
        )
    return origin


def _site(url: str) -> str:
    origin = read_origin(url.removesuffix("/"))
    if origin is None:
        raise ValueError(
            'must be a scheme and a name, without a path; write it like "https://example.org"'
        )
    # As a browser writes it: what an address is compared with has one form.
    name, port = origin.host
    host = f"[{name}]" if ":" in name else name
    usual = port == DEFAULT_PORTS[origin.scheme]
    return f"{origin.scheme}://{host}" + ("" if usual else f":{port}")


def _framed_site(url: str) -> str:
    site = _site(url)
    if "[" in site:
        # The grammar of a policy's sources has no brackets (CSP 3, 2.3.1).
        raise ValueError("a page's policy can't name an IPv6 address; write a name in its place")
    return site


def _page_of_site(url: str) -> str:
    scheme, _, rest = url.partition("://")
    place = re.split("[/?#]", rest, maxsplit=1)[0]
    if "@" in place:
        raise ValueError("has a user name or password, which browsers refuse; leave it out")
    if not re.fullmatch(r"[!-~]*", url):
        raise ValueError(
            "must have no space and only ASCII letters; write it as a browser's address bar "
            "copies it"
        )
    if read_origin(f"{scheme}://{place}") is None:
        raise ValueError(
            "must be a whole address, with http:// or https://; write it like "
            '"https://example.org/board"'
        )
    path = rest.removeprefix(place)
    return _framed_site(f"{scheme}://{place}") + ("" if path.startswith("/") else "/") + path


def _audio(device: str) -> str:
    if device and not re.fullmatch(r"[\w.:,=@+-]{1,128}", device, re.ASCII):
        raise ValueError(
            "must be the name of a sound device, as `pactl list short sinks` or `aplay -L` shows "
            'it; write it like "plughw:CARD=Headphones"'
        )
    return device


class Command(Texts):
    """The reader of a program with its arguments."""

    def __init__(self) -> None:
        super().__init__(_word, "/usr/bin/mail")

    def __call__(self, value: object) -> tuple[str, ...]:
        """Read a value; an empty list is no program."""
        if isinstance(value, str):
            raise ValueError(
                "must be a list, the program and each argument in quotes of its own; write "
                '["/usr/bin/mail", "-s", "alarm", "me@example.org"]'
            )
        words = super().__call__(value)
        if words and not re.match(r"/.|[A-Za-z]:[\\/].", words[0]):
            raise ValueError(
                'must begin with the whole path of the program; write it like "/usr/bin/mail"'
            )
        return words


def _screen_power(value: object) -> Literal["on", "off"] | ScreenCommands:
    if not isinstance(value, Mapping):
        return _ON_OFF(value)
    if wrong := [name for name in value if name not in ("off", "on")]:
        raise ValueError(f"{wrong[0]} is not one of its keys; write off and on")
    for name, word in (("off", "--standby"), ("on", "--image-view-on")):
        if not value.get(name):
            raise ValueError(f'has no {name}; write {name} = ["/usr/bin/cec-ctl", "{word}"] in it')
    read = Command()
    commands = {}
    for name, command in value.items():
        try:
            commands[name] = read(command)
        except ValueError as error:
            more = "; write each word in quotes" if isinstance(error, PartsError) else ""
            raise PartsError([WrongPart((name,), command, f"{error}{more}")]) from error
    return ScreenCommands(**commands)


def _word(word: str) -> str:
    if "\0" in word:
        raise ValueError("must not have a NUL; leave it out")
    return word


def _web_address(address: str) -> str:
    """Read the address of a web hook. No reason shows any of it: it may be secret."""
    if not address:
        return address
    example = '"https://example.org/alarm"'
    if not re.match("https?://", address, re.IGNORECASE):
        raise ValueError(f"must begin with https:// or http://; write it like {example}")
    if re.search(r"[^!-~]", address):
        raise ValueError(
            "must be plain ASCII without spaces; write each other character as % and two digits"
        )
    scheme, _, rest = address.partition("://")
    host = re.split("[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    if read_origin(f"{scheme}://{host}") is None:
        raise ValueError(f"must have a host, and after it a right port or none; write {example}")
    return address


def _connector(name: str) -> str:
    if not name:
        return name
    if found := re.fullmatch(r"(?:/sys/class/drm/)?card[0-9]+-(.+)", name):
        raise ValueError(f"must be without the card; write {show(found[1])}")
    if found := re.fullmatch(r"HDMI-?([0-9])", name, re.IGNORECASE):
        number = max(1, int(found[1]))
        raise ValueError(f'must be as the kernel calls it; write it like "HDMI-A-{number}"')
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z])?-[0-9]{1,2}", name):
        raise ValueError(
            "must be an output of this machine, as `ls /sys/class/drm` lists it after the card; "
            'write it like "HDMI-A-1"'
        )
    return name


def _scale(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0.5 <= value <= 4:
        return float(value)
    raise ValueError("must be a number from 0.5 to 4, without quotes; write scale = 1.5")


def _pointer(word: str) -> Literal["auto", "hidden"]:
    return "hidden" if word == "hidden" else "auto"


def _contrast(word: str) -> Literal["no-preference", "more"]:
    return "more" if word == "more" else "no-preference"


def _group(name: str) -> str:
    if not PLAIN_NAME.fullmatch(name):
        raise ValueError('must have 1 to 32 of a-z, 0-9 and "-"; write it like "wall"')
    return name


def _hours_of_display(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise ValueError("must be a section; write [displays.<name>.hours]")
    return value


def _open(text: str) -> str:
    return opening_times(text).text


def _closed(text: str) -> str:
    return closed_days(text).text


def _time_of_day(value: object) -> int:
    found = re.fullmatch(
        r"([01]?[0-9]|2[0-3]):([0-5][0-9])", value if isinstance(value, str) else ""
    )
    if found is None:
        raise ValueError('must be a time of day from "00:00" to "23:59"; write it like "04:00"')
    return int(found[1]) * 60 + int(found[2])


def chip_name(name: object) -> str:
    """Read the name of a GPIO chip.

    Raises:
        ValueError: it is no chip. The message has the reason and a remedy.
    """
    if isinstance(name, int) and not isinstance(name, bool):
        number = name if 0 <= name <= _LAST_CHIP else 0
        raise ValueError(f'must be a name in quotes; write "gpiochip{number}"')
    if not isinstance(name, str):
        raise ValueError("must be text in quotes")
    if name != "auto" and not re.fullmatch(r"gpiochip[0-9]+", name):
        bare = name.removeprefix("/dev/")
        hint = bare if bare.startswith("gpiochip") and bare != name else "gpiochip0"
        raise ValueError(f'must be "auto" or the name of a chip; write it like "{hint}"')
    return name


def _transition(word: str) -> Literal["cut", "fade"]:
    return "fade" if word == "fade" else "cut"


def _idle(value: object) -> Idle | Literal[False]:
    if value is False:
        return False
    if not isinstance(value, Mapping):
        raise ValueError('must be { after = "60s", to = "<page>" }, or false')
    keys = ("after", "to", "pins", "warn")
    for key in value:
        if key in keys:
            continue
        close = nearest(key, keys)
        remedy = f"did you mean {close}?" if close else f"write one of {', '.join(keys)}"
        raise ValueError(f"{key} is not one of its keys; {remedy}")
    for key, example in (("after", "60s"), ("to", "<page>")):
        if key not in value:
            raise ValueError(f'has no {key}; write {key} = "{example}" in it, too')
    if not isinstance(value["to"], str):
        raise ValueError('to must be the name of a page; write to = "<page>"')
    pins = value.get("pins", ())
    if not isinstance(pins, list | tuple) or not all(isinstance(pin, str) for pin in pins):
        raise ValueError('pins must be a list of names; write pins = ["<pin>"]')
    after_s, warn_s = (_part_of_idle(value, key) for key in ("after", "warn"))
    if not 1 <= after_s <= _ONE_DAY_S:
        raise ValueError(f"after must be from 1s to 1d; {show(value['after'])} is not")
    if warn_s and not 1 <= warn_s < after_s:
        raise ValueError(f"warn must be from 1s to less than after; {show(value['warn'])} is not")
    return Idle(after_s=after_s, to=value["to"], pins=tuple(pins), warn_s=warn_s)


def _part_of_idle(value: Mapping[str, object], key: str) -> float:
    try:
        return read_seconds(value.get(key, "0s"), 1.0, _ONE_DAY_S)
    except ValueError as error:
        raise ValueError(f"{key} = {show(value[key])}: {error}") from error


class _Degrees(Whole):
    """The reader of a quarter turn of a screen, or of several."""

    def __init__(self) -> None:
        super().__init__(0)

    def __call__(self, value: object) -> int:
        """Read a value."""
        degrees = super().__call__(value)
        if degrees not in (0, 90, 180, 270):
            raise ValueError("must be 0, 90, 180 or 270: degrees clockwise; write 90")
        return degrees


class _Period(Seconds):
    """The reader of the period of an output that blinks."""

    def __call__(self, value: object) -> float:
        """Read a value; one that is too short gets the reason."""
        period_s = super().__call__(value)
        if period_s < SHORTEST_BLINK_S:
            raise ValueError(
                "must be at least 334ms: what flashes more than three times a second can cause a "
                'seizure; write "500ms"'
            )
        return period_s


class _Limit(Seconds):
    """The reader of a duration without a default: nothing is limited then."""

    def __call__(self, value: object) -> float:
        """Read a value."""
        try:
            return super().__call__(value)
        except ValueError as error:
            remedy = "" if ";" in str(error) else "; leave it out for no limit"
            raise ValueError(f"{error}{remedy}") from error


class _State(Choice[OutputState]):
    """The reader of an output's state, one of some words."""

    def __init__(self, *words: str) -> None:
        super().__init__(words, OutputState)

    def __call__(self, value: object) -> OutputState:
        """Read a value; true and false are words of many other files."""
        if isinstance(value, bool):
            raise ValueError(f'must be text in quotes; write "{"on" if value else "off"}"')
        return super().__call__(value)


_STATE_OF_A_PAGE = _State(*OutputState)


def _outputs_of_a_page(value: object) -> dict[str, PageOutput]:
    if not isinstance(value, Mapping):
        raise ValueError('must name the output, too; write outputs.<output> = "on"')
    right: dict[str, PageOutput] = {}
    wrong: list[WrongPart] = []
    for output, written in value.items():
        try:
            right[output] = _output_of_a_page(written)
        except ValueError as error:
            wrong.append(WrongPart((output,), written, str(error)))
    if wrong:
        raise PartsError(wrong, right)
    return right


def _output_of_a_page(written: object) -> PageOutput:
    """Read the state of an output: alone, or in a table with `keep` beside it."""
    if not isinstance(written, Mapping):
        return PageOutput(_STATE_OF_A_PAGE(written))
    for key in written:
        if key in OutputTable.known_keys():
            raise ValueError(f"{key} is a key of the output; move it to [outputs.<name>]")
        if key not in ("state", "keep"):
            raise ValueError(f'{key} is not one of its keys; write {{ state = "on", keep = true }}')
    if "state" not in written:
        raise ValueError('has no state; write { state = "on", keep = true }')
    try:
        state = _STATE_OF_A_PAGE(written["state"])
    except ValueError as error:
        raise ValueError(f"state = {show(written['state'])}: {error}") from error
    keep = written.get("keep", False)
    if not isinstance(keep, bool):
        raise ValueError("keep must be true or false, without quotes; write keep = true")
    return PageOutput(state, keep)


class ServerTable(Table):
    """What may stand in ``[server]``."""

    host = Key(Text(read_listen_host))
    port = Key(Whole(0, MAX_PORT))
    start = Key(Text())
    max_displays = Key(Whole(1))
    beat_s = Key(Seconds(0.2, 60), "beat")
    catch_up_s = Key(Seconds(0, 600), "catch_up")
    csp = Key(Choice(("local", "strict", "off"), str))
    open = Key(Flag())
    token = Key(Text(read_token))
    api_token = Key(Text(read_token))
    allowed_hosts = Key(Texts(_allowed_host, "kiosk.example.org"))
    url = Key(Text(_url))
    api = Key(Choice(("token", "local"), str))
    threads = Key(Whole(2, 64))


class LimitsTable(Table):
    """What may stand in ``[limits]``."""

    displays_per_address = Key(Whole(1))
    connections_per_address = Key(Whole(1))
    unfinished_per_address = Key(Whole(1))


class ScreenTable(Table):
    """What may stand in ``[kiosk]``, and in ``[displays.<name>]``, of a screen."""

    connector = Key(Text(_connector))
    rotate = Key(_Degrees())
    scale = Key(_scale)
    pointer = Key(Choice(("auto", "hidden"), _pointer))
    audio = Key(Text(_audio))
    reduced_motion = Key(Flag())
    contrast = Key(Choice(("no-preference", "more"), _contrast))

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = {name: key for name, key in cls.keys.items() if name not in ScreenTable.keys}
        cls.keys = own | ScreenTable.keys  # a person reads them in this order


class KioskTable(ScreenTable):
    """What may stand in ``[kiosk]``."""

    allow = Key(Texts(_site, "https://example.org"))
    renew_min = Key(_time_of_day, "renew")
    camera = Key(Flag())


class StageTable(Table):
    """What may stand in ``[stage]``."""

    kiosk = Key(Flag())
    ahead = Key(Whole(0, 10))
    fresh_s = Key(Seconds(1, _ONE_DAY_S), "fresh")


class GpioTable(Table):
    """What may stand in ``[gpio]``."""

    pin_factory = Key(
        Choice(
            ("auto", "gpiod", "lgpio", "rpigpio", "pigpio", "mock"),
            str,
            {"native": 'gpiozero\'s native factory reports no edges; write "lgpio"'},
        )
    )
    chip = Key(chip_name)
    dwell_s = Key(Seconds(0, MAX_HAND_TIME_S), "dwell")
    cooldown_s = Key(Seconds(0, MAX_HAND_TIME_S), "cooldown")


class TableOfKind(Table):
    """A table of which there are several kinds, each with keys of its own."""

    @classmethod
    def known_keys(cls) -> list[str]:
        """List the keys that may stand in it, those of its kind first, such as `pin`."""
        base = cls.__base__
        shared = base.known_keys() if base is not None and issubclass(base, TableOfKind) else []
        return [key for key in super().known_keys() if key not in shared] + shared


class PinTable(TableOfKind):
    """What may stand in `[pins.<name>]` of any kind; each kind adds its own keys."""

    source = Key(Text())  # the kind exists: this is its table
    active = Key(Choice(("low", "high"), Level))
    debounce_s = Key(Seconds(0, 10), "debounce")
    counts = Key(Choice(("settled", "first"), str))
    dwell_s = Key(Seconds(0, MAX_HAND_TIME_S), "dwell")
    cooldown_s = Key(Seconds(0, MAX_HAND_TIME_S), "cooldown")
    hold_s = Key(Seconds(0.1, MAX_HOLD_S), "hold")


class OutputTable(TableOfKind):
    """What may stand in `[outputs.<name>]` of any kind; each kind adds its own keys."""

    kind = Key(Text())  # the kind exists: this is its table
    active = Key(Choice(("low", "high"), Level))
    initial = Key(_State("on", "off", "blink"))
    safe = Key(_State("on", "off"))
    blink_s = Key(_Period(0, 60), "blink")
    pulse_s = Key(Seconds(0.01, 60), "pulse")
    max_on_s = Key(_Limit(0.01, _ONE_DAY_S), "max_on")
    follows = Key(Text())
    from_pages = Key(Flag())
    without_display = Key(_State("on", "off"))
    closed = Key(_State("on", "off"))


class SoundTable(Table):
    """What may stand in ``[sounds.<name>]``."""

    file = Key(Text())
    loop = Key(Flag())
    volume = Key(Share("volume = 0.4"))


_MAY = ("press", "outputs")


def _may(text: str) -> str:
    if text not in _MAY:
        raise ValueError(one_of(text, _MAY))
    return text


class DisplayTable(ScreenTable):
    """What may stand in ``[displays.<name>]``."""

    start = Key(Text())
    pins = Key(Texts(str, "<pin>"))
    group = Key(Text(_group))
    token = Key(Text(read_token))
    may = Key(Texts(_may, "outputs"))
    hours = Key(_hours_of_display)


class HoursTable(Table):
    """What may stand in ``[hours]``, and in ``[displays.<name>.hours]``."""

    open = Key(Texts(_open, "Mon-Fri 09:30-17:00"))
    closed = Key(Texts(_closed, "2026-12-25"))
    timezone = Key(Text())
    page = Key(Text())
    trust_clock = Key(Flag())
    screen = Key(_screen_power)
    wake_s = Key(Seconds(0, _ONE_DAY_S), "wake")


class AlarmsTable(Table):
    """What may stand in ``[alarms]``."""

    after_s = Key(Seconds(10, 3600), "after")
    run = Key(Command())
    post = Key(Text(_web_address))


class RulesTable(Table):
    """The rules of a page, or of ``[every_page]``."""

    lockout_s = Key(Seconds(0, 60), "lockout")
    idle = Key(_idle)
    transition = Key(Choice(("cut", "fade"), _transition))
    sound = Key(Flags("sound.<name> = true"))

    def targets(self, trigger: Trigger) -> Mapping[str, Target | Literal[False]]:
        """Map each pin to where the trigger leads."""
        written = self._written(trigger).items()
        return {pin: each for pin, each in written if not isinstance(each, ToHours)}

    def hours_orders(self, trigger: Trigger) -> Mapping[str, ToHours]:
        """Map each pin to what the trigger orders against the opening hours."""
        written = self._written(trigger).items()
        return {pin: each for pin, each in written if isinstance(each, ToHours)}

    def _written(self, trigger: Trigger) -> Mapping[str, Target | ToHours | Literal[False]]:
        written: Mapping[str, Target | ToHours | Literal[False]]
        written = self.values.get(trigger.table, {})
        return written


RulesTable.keys |= {name: Key(Targets(name), name) for name in TABLES}


class PageTable(RulesTable):
    """What may stand in ``[pages.<name>]``."""

    template = Key(Text())
    prerender = Key(Flag())
    prefetch = Key(Flag())
    client = Key(Flag())
    outputs = Key(_outputs_of_a_page)
    url = Key(Text(_page_of_site))
    frames = Key(Texts(_framed_site, "https://example.org"))
