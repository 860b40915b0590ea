"""What may stand in each table of `config.toml`, and what a single value must be.

The keys are those of the file, the attributes those of `settings`, which has the defaults. Nothing
is required here: each table can always be read as far as it is right. `check` then compares values
with each other. Pure; imports the readers of values and `words`; any thread.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    create_model,
)

from gpiobridge.config.address import MAX_PORT, is_host, read_listen_host, read_token
from gpiobridge.config.durations import format_duration, parse_duration
from gpiobridge.config.settings import MAX_HOLD_S, Idle
from gpiobridge.config.words import nearest, show
from gpiobridge.core.events import Level
from gpiobridge.core.triggers import TABLES, Trigger
from gpiobridge.net.hosts import DEFAULT_PORTS, read_origin

TableT = TypeVar("TableT", bound="Table")

_ONE_DAY_S = 86_400
_LAST_CHIP = 99  # a larger number is a slip of the finger


def read_seconds(value: object) -> float:
    """Read a duration as the file has it.

    Raises:
        ValueError: it is no duration. The message has the reason and a remedy.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        # The same reasons as for text: a missing unit, a sign. 20.0 reads as 20.
        value = str(int(value) if isinstance(value, float) and value.is_integer() else value)
    if not isinstance(value, str):
        raise ValueError('must be a duration in quotes, such as "20ms"')
    return parse_duration(value)


@dataclass(frozen=True, slots=True)
class Seconds:
    """The reader of a duration; `seconds` makes it.

    Args:
        least_s: the shortest, in seconds.
        most_s: the longest, in seconds.
    """

    least_s: float
    most_s: float

    def __call__(self, value: object) -> float:
        """Read a value; raise a `ValueError` with the reason if it is no duration in the range."""
        duration_s = read_seconds(value)
        if duration_s > self.most_s:
            raise ValueError(f"must be at most {format_duration(self.most_s)}")
        if duration_s < self.least_s:
            raise ValueError(f"must be at least {format_duration(self.least_s)}")
        return duration_s


def seconds(least_s: float, most_s: float) -> BeforeValidator:
    """Make the reader of a duration for a table.

    Args:
        least_s: the shortest, in seconds.
        most_s: the longest, in seconds.
    """
    return BeforeValidator(Seconds(least_s, most_s))


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


def _time_of_day(value: object) -> int:
    found = re.fullmatch(
        r"([01]?[0-9]|2[0-3]):([0-5][0-9])", value if isinstance(value, str) else ""
    )
    if found is None:
        raise ValueError('must be a time of day from "00:00" to "23:59"; write it like "04:00"')
    return int(found[1]) * 60 + int(found[2])


def _pin_factory(name: object) -> object:
    if name == "native":
        raise ValueError('gpiozero\'s native factory reports no edges; write "lgpio"')
    return name


def chip_name(name: object) -> object:
    """Read the name of a GPIO chip.

    Raises:
        ValueError: it is no chip. The message has the reason and a remedy.
    """
    if isinstance(name, int) and not isinstance(name, bool):
        number = name if 0 <= name <= _LAST_CHIP else 0
        raise ValueError(f'must be a name in quotes; write "gpiochip{number}"')
    if isinstance(name, str) and name != "auto" and not re.fullmatch(r"gpiochip[0-9]+", name):
        bare = name.removeprefix("/dev/")
        hint = bare if bare.startswith("gpiochip") and bare != name else "gpiochip0"
        raise ValueError(f'must be "auto" or the name of a chip; write it like "{hint}"')
    return name


def _idle(value: object) -> Idle | Literal[False]:
    if value is False:
        return False
    if not isinstance(value, Mapping):
        raise ValueError('must be { after = "60s", to = "<page>" }, or false')
    keys = ("after", "to", "pins", "warn")
    for key in value.keys() - set(keys):
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
        return read_seconds(value.get(key, "0s"))
    except ValueError as error:
        raise ValueError(f"{key} = {show(value[key])}: {error}") from error


def _target(value: object) -> str | Literal[False]:
    if isinstance(value, str) or value is False:
        return value
    raise ValueError('must be the name of a page; write it in quotes, such as "welcome"')


# Where a pin leads; false takes out a rule of [every_page].
_Targets = dict[str, Annotated[str | Literal[False], PlainValidator(_target)]]


class Table(BaseModel):
    """A table of the file: unknown keys and types other than TOML's own are errors."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @classmethod
    def known_keys(cls) -> list[str]:
        """List the keys that may stand in it."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    def given(self, *without: str) -> dict[str, Any]:
        """Take the values that are given; the class it becomes has defaults for the others."""
        return {name: getattr(self, name) for name in self.model_fields_set if name not in without}


class ServerTable(Table):
    """What may stand in ``[server]``."""

    host: Annotated[str, AfterValidator(read_listen_host)] | None = None
    port: Annotated[int, Field(ge=0, le=MAX_PORT)] | None = None
    start: str | None = None
    max_displays: Annotated[int, Field(ge=1)] | None = None
    beat_s: Annotated[float | None, seconds(0.2, 60)] = Field(None, alias="beat")
    catch_up_s: Annotated[float | None, seconds(0, 600)] = Field(None, alias="catch_up")
    csp: Literal["local", "strict", "off"] | None = None
    open: bool | None = None
    token: Annotated[str, AfterValidator(read_token)] | None = None
    api_token: Annotated[str, AfterValidator(read_token)] | None = None
    # Not strict, because TOML has only lists.
    allowed_hosts: (
        Annotated[tuple[Annotated[str, AfterValidator(_allowed_host)], ...], Field(strict=False)]
        | None
    ) = None
    url: Annotated[str, AfterValidator(_url)] | None = None
    api: Literal["token", "local"] | None = None
    threads: Annotated[int, Field(ge=2, le=64)] | None = None


class LimitsTable(Table):
    """What may stand in ``[limits]``."""

    displays_per_address: Annotated[int, Field(ge=1)] | None = None
    connections_per_address: Annotated[int, Field(ge=1)] | None = None
    unfinished_per_address: Annotated[int, Field(ge=1)] | None = None


class KioskTable(Table):
    """What may stand in ``[kiosk]``."""

    # Not strict, because TOML has only lists.
    allow: (
        Annotated[tuple[Annotated[str, AfterValidator(_site)], ...], Field(strict=False)] | None
    ) = None
    renew_min: Annotated[int | None, BeforeValidator(_time_of_day)] = Field(None, alias="renew")
    camera: bool | None = None


class GpioTable(Table):
    """What may stand in ``[gpio]``."""

    pin_factory: Annotated[
        Literal["auto", "gpiod", "lgpio", "rpigpio", "pigpio", "mock"] | None,
        BeforeValidator(_pin_factory),
    ] = None
    chip: Annotated[str | None, BeforeValidator(chip_name)] = None


def member_of(kind: type[StrEnum]) -> AfterValidator:
    """Make a text the member of an enumeration that it names."""
    # Not the class itself: pydantic 2.6 counts its arguments, and passes one too many.
    return AfterValidator(lambda text: kind(text))


class PinTable(Table):
    """What may stand in `[pins.<name>]` of any kind; each kind adds its own keys."""

    source: str | None = None  # the kind exists: this is its table
    # Not the enumerations: pydantic 2.6 reports a wrong type of these as it does for text.
    active: Annotated[Literal["low", "high"], member_of(Level)] | None = None
    debounce_s: Annotated[float | None, seconds(0, 10)] = Field(None, alias="debounce")
    counts: Literal["settled", "first"] | None = None
    hold_s: Annotated[float | None, seconds(0.1, MAX_HOLD_S)] = Field(None, alias="hold")

    @classmethod
    def known_keys(cls) -> list[str]:
        """List the keys that may stand in it, those of its kind first, such as `pin`."""
        base = cls.__base__
        shared = base.known_keys() if base is not None and issubclass(base, PinTable) else []
        return [key for key in super().known_keys() if key not in shared] + shared


def _with_targets(table: type[TableT]) -> type[TableT]:
    """Add a key for each trigger."""
    tables: Any = dict.fromkeys(TABLES, (_Targets, {}))
    return create_model(table.__name__, __base__=table, **tables)


@_with_targets
class RulesTable(Table):
    """The rules of a page, or of ``[every_page]``."""

    lockout_s: Annotated[float | None, seconds(0, 60)] = Field(None, alias="lockout")
    idle: Annotated[Idle | Literal[False] | None, PlainValidator(_idle)] = None

    def targets(self, trigger: Trigger) -> Mapping[str, str | Literal[False]]:
        """Map each pin to the page that the trigger leads to."""
        targets: Mapping[str, str | Literal[False]] = getattr(self, trigger.table)
        return targets


class PageTable(RulesTable):
    """What may stand in ``[pages.<name>]``."""

    template: str | None = None
    prerender: bool | None = None
    prefetch: bool | None = None
    client: bool | None = None
