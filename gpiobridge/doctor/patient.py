"""What several checks need. Each value is looked up once, when a check first asks for it.

The values come from `machine`. All of it runs on the caller's thread.
"""

from functools import cached_property
from pathlib import Path

from gpiobridge import config
from gpiobridge.config import Settings
from gpiobridge.config.file import here_or
from gpiobridge.doctor.machine import ExaminedMachine, Health, read_text
from gpiobridge.errors import ConfigError
from gpiobridge.outputs.gpio import WiredOutput
from gpiobridge.pins.boards import is_raspberry_pi
from gpiobridge.pins.gpio import WiredPin, wired_pins
from gpiobridge.system.units import KIOSK, SERVICE, SOCKET, Unit, config_of, find_units

UNWIRED = "no pin is wired: none is needed"
"""Why neither back end nor chip is checked."""

ENVIRONMENT = "~/gpiobridge/bin"
"""The commands of the environment that docs/pi.md makes: a copy that `install` made has no pip."""


class Patient:
    """What the doctor examines.

    Args:
        config_file: the configuration; None for the one in this folder, or the installed one.
        machine: where to look.

    Attributes:
        machine: where to look.
        config_wrong: whether the configuration was loaded and can't be used at all.
    """

    def __init__(self, config_file: Path | None, machine: ExaminedMachine) -> None:
        self.machine = machine
        self.config_wrong = False
        self._config_file = config_file

    @cached_property
    def loaded(self) -> Settings | ConfigError:
        """The configuration, or the error with all its problems."""
        try:
            return config.load(self._config_file or here_or(lambda: config_of(self.units)))
        except ConfigError as error:
            self.config_wrong = not isinstance(error.__cause__, PermissionError)
            return error

    @property
    def settings(self) -> Settings:
        """The configuration.

        Raises:
            ConfigError: it is wrong.
        """
        if isinstance(self.loaded, ConfigError):
            raise self.loaded
        return self.loaded

    @cached_property
    def units(self) -> dict[str, Unit] | None:
        """Our units; None without systemd."""
        return find_units(self.machine.root, self.machine.run)

    @property
    def waits_for_a_request(self) -> bool:
        """Whether systemd holds the port and would start the service on the first request.

        The doctor must not send that request, because it changes nothing.
        """
        if self.units is None:
            return False
        held = self.units[SOCKET].active == "active"
        return held and self.units[SERVICE].active in ("inactive", "failed")

    @property
    def kiosk(self) -> Unit | None:
        """The kiosk's unit; None if it isn't installed."""
        unit = None if self.units is None else self.units[KIOSK]
        return unit if unit is not None and unit.installed else None

    @cached_property
    def health(self) -> Health | None:
        """The running bridge's health; None if no bridge runs, or if a request would start it."""
        server = self.settings.server
        if server.port == 0 or self.waits_for_a_request:
            return None
        return self.machine.ask_bridge(server)

    @property
    def served(self) -> bool:
        """Whether a running bridge reads the real pins."""
        if isinstance(self.loaded, ConfigError):
            return False
        return self.health is not None and not self.health["simulated"]

    @property
    def wired(self) -> dict[str, WiredPin]:
        """The pins on GPIO, by name."""
        return wired_pins(self.settings.pins)

    @property
    def wired_outputs(self) -> dict[str, WiredOutput]:
        """The outputs on GPIO, by name."""
        outputs = self.settings.outputs.items()
        return {name: each for name, each in outputs if isinstance(each, WiredOutput)}

    @property
    def unwired(self) -> bool:
        """Whether no pin and no output needs GPIO. Then neither back end nor chip matters."""
        return isinstance(self.loaded, Settings) and not (self.wired or self.wired_outputs)

    @cached_property
    def pi(self) -> bool:
        """Whether this is a Raspberry Pi."""
        return is_raspberry_pi(self.machine.root)

    @property
    def pi_5(self) -> bool:
        """Whether the board has the Pi 5's GPIO (also the 500 and the Compute Module 5)."""
        compatible = read_text(self.machine.root / "proc/device-tree/compatible")
        return "brcm,bcm2712" in compatible.split("\0")

    @property
    def linux(self) -> tuple[int, int] | None:
        """The kernel's version, the first two numbers of "6.6.31+rpt-rpi-v8"; None if not Linux."""
        if self.machine.system != "Linux":
            return None
        major, minor, *_ = self.machine.kernel.replace("-", ".").split(".")
        return int(major), int(minor)

    @cached_property
    def factory(self) -> str:
        """The back end that the configuration leads to.

        Raises:
            PinError: this is a Raspberry Pi without a back end.
        """
        return self.machine.choose(self.settings.gpio.pin_factory)
