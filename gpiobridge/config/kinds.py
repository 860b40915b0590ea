"""The kinds of pins: what `source` may name, and what a kind must define to be configured.

A kind is a module in `pins`. It defines the keys of its pins in the file, how messages name them
(its subclass of `Pin`), and how they are made. It is imported here by its name when a pin of that
kind is read. So `config` stays below `pins`, and a kind that nobody uses costs nothing.

Any thread; used at start.
"""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from gpiobridge.config.problems import Problems
from gpiobridge.config.settings import Gpio, Pin
from gpiobridge.config.tables import PinTable
from gpiobridge.config.words import Key
from gpiobridge.config.written import Written, made
from gpiobridge.core.events import Level

KINDS = {"gpio": "gpiobridge.pins.gpio", "http": "gpiobridge.pins.http"}
"""Kind -> its module, in which it is called `KIND`."""

DEFAULT_KIND = "gpio"
"""The kind of a pin that names none; the only one with a short form, `button = 17`."""

TableT = TypeVar("TableT", bound=PinTable)
PinT = TypeVar("PinT", bound=Pin)


class Kind(Generic[TableT, PinT]):
    """A kind of pins, as the configuration knows it.

    Attributes:
        table: what may stand in `[pins.<name>]`; its attributes are those of `pin`.
        pin: the class that it becomes; it has the defaults, and the name of the kind.
        needs: keys that must be there -> the sentence if one is missing.
    """

    table: type[TableT]
    pin: type[PinT]
    needs: Mapping[str, str] = MappingProxyType({})

    def read(self, key: Key, raw: object, problems: Problems) -> Written[TableT]:
        """Read a pin's table, each value by itself.

        Args:
            key: its place.
            raw: the table; with the default kind it may be the value of the short form.
            problems: takes what is wrong.
        """
        assert isinstance(raw, Mapping)
        return Written(key, raw, problems.read(self.table, raw, key, self.pin))

    def active(self, written: Written[TableT], problems: Problems) -> Level | None:
        """Find a pin's active level: LOW unless it is given; None if it is needed but missing."""
        active = written.table.active
        return Level.LOW if active is None else Level(active)

    def check(
        self,
        written: Written[TableT],
        earlier: Mapping[str, Written[TableT]],
        gpio: Gpio,
        problems: Problems,
    ) -> None:
        """Compare the values of a pin with each other, and with those of other pins.

        Args:
            written: the pin.
            earlier: the pins of this kind that stand before it, by name.
            gpio: the section `[gpio]`.
            problems: takes what is wrong.
        """

    def settings(self, name: str, active: Level, table: TableT) -> PinT | None:
        """Make a pin of its right values, if these are enough."""
        return made(self.pin, {**table.given("source"), "name": name, "active": active})


def kind_of(source: str) -> Kind[Any, Any]:
    """Find a kind by its name, one of `KINDS`."""
    kind: Kind[Any, Any] = import_module(KINDS[source]).KIND
    return kind
