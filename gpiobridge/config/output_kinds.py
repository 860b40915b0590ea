"""The kinds of outputs: what `kind` may name, and what a kind must define to be configured.

A kind is a module in `outputs`. It defines the keys of its outputs in the file, how messages name
them (its subclass of `Output`), and how their lines are made. It is imported here by its name when
an output of that kind is read, as with `kinds` of pins.

Any thread; used at start.
"""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from gpiobridge.config.problems import Problems
from gpiobridge.config.settings import Gpio, Output, Pin
from gpiobridge.config.tables import OutputTable
from gpiobridge.config.words import Key
from gpiobridge.config.written import Written, made

OUTPUT_KINDS = {"gpio": "gpiobridge.outputs.gpio"}
"""Kind -> its module, in which it is called `KIND`."""

DEFAULT_OUTPUT_KIND = "gpio"
"""The kind of an output that names none; the only one with a short form, `lamp = 22`."""

OutputTableT = TypeVar("OutputTableT", bound=OutputTable)
OutputT = TypeVar("OutputT", bound=Output)


class OutputKind(Generic[OutputTableT, OutputT]):
    """A kind of outputs, as the configuration knows it.

    Attributes:
        table: what may stand in `[outputs.<name>]`; its attributes are those of `output`.
        output: the class that it becomes; it has the defaults, and the name of the kind.
        needs: keys that must be there -> the sentence if one is missing.
    """

    table: type[OutputTableT]
    output: type[OutputT]
    needs: Mapping[str, str] = MappingProxyType({})

    def read(self, key: Key, raw: object, problems: Problems) -> Written[OutputTableT]:
        """Read an output's table, each value by itself.

        Args:
            key: its place.
            raw: the table; with the default kind it may be the value of the short form.
            problems: takes what is wrong.
        """
        assert isinstance(raw, Mapping)
        return Written(key, raw, problems.read(self.table, raw, key, self.output))

    def check(
        self,
        written: Written[OutputTableT],
        earlier: Mapping[str, Written[OutputTableT]],
        pins: Mapping[str, Pin],
        gpio: Gpio,
        problems: Problems,
    ) -> None:
        """Compare an output with other outputs, and with the pins.

        Args:
            written: the output.
            earlier: the outputs of this kind that stand before it, by name.
            pins: the pins without a problem, by name.
            gpio: the section `[gpio]`.
            problems: takes what is wrong.
        """

    def settings(self, name: str, table: OutputTableT) -> OutputT | None:
        """Make an output of its right values, if these are enough."""
        return made(self.output, {**table.given("kind"), "name": name})


def output_kind(name: str) -> OutputKind[Any, Any]:
    """Find a kind by its name, one of `OUTPUT_KINDS`."""
    kind: OutputKind[Any, Any] = import_module(OUTPUT_KINDS[name]).KIND
    return kind
