"""The kinds of pins: what ``source`` may name, and what a kind has to say to be configured.

A kind is a module in `pins`: it says what its pins may have in the file, how they are told to
people (its subclass of `Pin`), and how they are made. It is imported here by its name, when a pin
of that kind is read: `config` stays below `pins`, and what nobody uses costs nothing.

Any thread; used at start.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from importlib import import_module
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from gpiobridge.config.problems import Problems
from gpiobridge.config.settings import Gpio, Pin
from gpiobridge.config.tables import PinTable
from gpiobridge.config.words import Key
from gpiobridge.core.events import Level

KINDS = {"gpio": "gpiobridge.pins.gpio", "http": "gpiobridge.pins.http"}
"""Kind -> its module, in which it is called ``KIND``."""

DEFAULT_KIND = "gpio"
"""The kind of a pin that names none; the only one with a short form, ``button = 17``."""

TableT = TypeVar("TableT", bound=PinTable)
PinT = TypeVar("PinT", bound=Pin)


@dataclass(frozen=True, slots=True)
class WrittenPin(Generic[TableT]):
    """A pin as it stands in the file.

    Args:
        key: where.
        raw: its table, or the value of its short form.
        table: what is right of it.
    """

    key: Key
    raw: object
    table: TableT

    def place(self, name: str) -> Key:
        """Give the place of one of its keys: in the short form all is in one."""
        return (*self.key, name) if isinstance(self.raw, Mapping) else self.key

    def value(self, name: str) -> object:
        """Give what is written for one of its keys."""
        return self.raw[name] if isinstance(self.raw, Mapping) else self.raw

    def has(self, name: str) -> bool:
        """Whether one of its keys is written, rightly or not."""
        return isinstance(self.raw, Mapping) and name in self.raw


class Kind(Generic[TableT, PinT]):
    """A kind of pins, as the configuration knows it.

    Attributes:
        table: what may stand in ``[pins.<name>]``; its attributes are those of ``pin``.
        pin: what becomes of it; it has the defaults, and the name of the kind.
        needs: keys that must be there -> what to say where one isn't.
    """

    table: type[TableT]
    pin: type[PinT]
    needs: Mapping[str, str] = MappingProxyType({})

    def read(self, key: Key, raw: object, problems: Problems) -> WrittenPin[TableT]:
        """Read a pin's table, each value by itself.

        Args:
            key: where it stands.
            raw: the table; of the default kind it may be the value of the short form.
            problems: takes what is wrong.
        """
        assert isinstance(raw, Mapping)
        return WrittenPin(key, raw, problems.read(self.table, raw, key, self.pin))

    def active(self, written: WrittenPin[TableT], problems: Problems) -> Level | None:
        """Find a pin's active level: LOW, unless it is given; None if it is needed, and isn't."""
        active = written.table.active
        return Level.LOW if active is None else Level(active)

    def check(
        self,
        written: WrittenPin[TableT],
        earlier: Mapping[str, WrittenPin[TableT]],
        gpio: Gpio,
        problems: Problems,
    ) -> None:
        """Compare the values of a pin with each other, and with those of other pins.

        Args:
            written: the pin.
            earlier: the pins of this kind that stand before it, by name.
            gpio: the section ``[gpio]``.
            problems: takes what is wrong.
        """

    def settings(self, name: str, active: Level, table: TableT) -> PinT | None:
        """Make a pin of what is right of it, if that is enough."""
        given = {**table.given("source"), "name": name, "active": active}
        required = {f.name for f in fields(self.pin) if f.default is MISSING}
        return self.pin(**given) if required <= given.keys() else None


def kind_of(source: str) -> Kind[Any, Any]:
    """Find a kind by its name, one of `KINDS`."""
    kind: Kind[Any, Any] = import_module(KINDS[source]).KIND
    return kind
