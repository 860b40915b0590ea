"""The pins, through gpiozero: opened once, edges turned into `RawEdge`, levels read.

The back end is chosen explicitly and its own error reported: gpiozero's default chain turns the
real cause into warnings. Both edges, no debounce of the back end (they differ, see `debounce`).
What every source of edges shares is here, too: `gpiod_pins` has the one without gpiozero.

`Pins` is opened, read and closed by one thread at a time (the watcher's or the one that starts
it); the callbacks come on the back end's thread and only stamp, append and wake.
"""

import contextlib
import importlib
import importlib.util
import os
import re
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from gpiobridge import chips
from gpiobridge.config import Gpio, Pin, Pull
from gpiobridge.errors import PinError
from gpiobridge.events import Level, RawEdge

OnEdge = Callable[[RawEdge], None]

# The pull takes about 5 ms to work through a long cable (50 kΩ, 100 nF), measured; GPIO 9 to 27
# boot pulled down.
SETTLE_S = 0.05
"""How long a pull has to settle between claiming and arming, in seconds."""

# A stamp further from its arrival than this is on another clock: use the arrival.
_PLAUSIBLE_S = 10.0

_FACTORIES = {
    "lgpio": ("gpiozero.pins.lgpio", "LGPIOFactory", "lgpio"),
    "rpigpio": ("gpiozero.pins.rpigpio", "RPiGPIOFactory", "RPi"),
    "pigpio": ("gpiozero.pins.pigpio", "PiGPIOFactory", "pigpio"),
    "mock": ("gpiozero.pins.mock", "MockFactory", "gpiozero"),
}
_EXTRAS = {"gpiod": "gpiod", "lgpio": "lgpio", "rpigpio": "rpi-lgpio", "pigpio": "pigpio"}

# A part that only gpiod 2.x has: Debian 12's python3-libgpiod is 1.6, with another interface.
_GPIOD = "gpiod._ext"

# What "auto" prefers: gpiod polls nothing and notices lost edges; lgpio works on every Pi, too.
_PREFERRED = ("gpiod", "lgpio", "rpigpio", "pigpio")


class PinSource(Protocol):
    """Where edges come from; the watcher needs no more than this.

    Attributes:
        simulated: True if the pins are not real.
        loses_edges: True if an edge may be lost without a word, so that the levels must be
            checked all the time.
    """

    simulated: bool
    loses_edges: bool

    def open(self, on_edge: OnEdge) -> None:
        """Claim every pin and arm it: from now on every edge goes to ``on_edge``."""

    def fileno(self) -> int | None:
        """The open descriptor that is readable when `read_edges` has work.

        None, unless overridden: edges come by themselves, on a thread of the back end's.
        """
        return None

    def read_edges(self) -> bool:
        """Hand all edges that wait at the descriptor to ``on_edge``, on the caller's thread.

        Returns:
            Whether edges were lost: then the levels must be checked now.

        Raises:
            PinError: no edge will come any more.
        """
        return False

    def read(self, pin: str) -> Level:
        """Read a pin's level now."""

    def check(self) -> None:
        """Make sure that edges are still delivered."""

    def close(self) -> None:
        """Release every pin."""


class Pins(PinSource):
    """The configured pins on one gpiozero back end.

    Args:
        settings: which back end and chip.
        pins: pin name to its settings.

    Attributes:
        simulated: True on gpiozero's mock back end.
        loses_edges: True if the back end may drop an edge, so that the level must be checked.
    """

    def __init__(self, settings: Gpio, pins: Mapping[str, Pin]) -> None:
        self._settings = settings
        self._pins = pins
        self._factory_name = choose(settings.pin_factory)
        self.simulated = self._factory_name == "mock"
        self.loses_edges = not self.simulated
        self._factory: Any = None
        self._devices: dict[str, Any] = {}
        self._callbacks: list[Callable[[float, int], None]] = []

    def open(self, on_edge: OnEdge) -> None:
        """Claim every pin, let the pulls settle, then arm the edges.

        Args:
            on_edge: called on the back end's thread; it must not block or raise.

        Raises:
            PinError: the back end or a pin can't be opened; the message says what to do.
        """
        try:
            with warnings.catch_warnings(action="ignore"):  # gpiozero's own fall-backs
                self._factory = self._open_factory()
                for name, pin in self._pins.items():
                    self._devices[name] = self._claim(pin)
                if not self.simulated:
                    time.sleep(SETTLE_S)
                for name in self._pins:
                    self._arm(name, on_edge)
        except BaseException:
            self.close()
            raise

    def read(self, pin: str) -> Level:
        """Read a pin's level now.

        Raises:
            PinError: the back end no longer answers.
        """
        try:
            return _level(self._devices[pin].pin.state)
        except Exception as error:
            raise PinError(f"pin {pin!r} can't be read: {error}") from error

    def check(self) -> None:
        """Make sure that the back end still delivers edges.

        Raises:
            PinError: its thread has died: every pin would be deaf from now on.
        """
        if self._factory_name != "lgpio" or self._factory is None:
            return  # the others have no thread that could be looked at
        import lgpio

        # lgpio has one thread for all callbacks, and no public name for it.
        thread = getattr(lgpio, "_notify_thread", None)
        if thread is not None and not thread.is_alive():
            raise PinError("lgpio's thread has died: no pin would be heard any longer")

    def drive(self, pin: str, level: Level) -> None:
        """Set a simulated pin's level, as a finger on its button would.

        Raises:
            PinError: the pins are real, or closed already.
        """
        if not self.simulated:
            raise PinError(f"pin {pin!r} is real: only simulated pins can be driven")
        device = self._devices.get(pin)
        if device is None:
            raise PinError(f"pin {pin!r} is closed: the bridge stops")
        _drive(device.pin, level)

    def close(self) -> None:
        """Release every pin; may be called twice."""
        for device in self._devices.values():
            # gpiozero's lgpio pins keep their callback when they are closed: at the next edge it
            # would fail, and end lgpio's only thread.
            with contextlib.suppress(Exception):  # releasing is best effort: the process ends
                device.pin.when_changed = None
            with contextlib.suppress(Exception):
                device.close()
        self._devices.clear()
        if self._factory is not None:
            with contextlib.suppress(Exception):
                self._factory.close()
            self._factory = None

    def _open_factory(self) -> Any:
        require(self._factory_name)
        module_name, class_name, _ = _FACTORIES[self._factory_name]
        try:
            with _lgpio_folder() if self._factory_name == "lgpio" else contextlib.nullcontext():
                factory = getattr(importlib.import_module(module_name), class_name)
                if self._factory_name == "lgpio":
                    return factory(chip=chip_number(self._settings.chip))
                return factory()
        except PinError:
            raise
        except Exception as error:
            raise PinError(explain(error, "the pins", self._factory_name)) from error

    def _claim(self, pin: Pin) -> Any:
        from gpiozero import InputDevice

        pull_up = {Pull.UP: True, Pull.DOWN: False, Pull.NONE: None}[pin.pull]
        active_state = pin.active is Level.HIGH if pin.pull is Pull.NONE else None
        try:
            device = InputDevice(
                pin.pin, pull_up=pull_up, active_state=active_state, pin_factory=self._factory
            )
            if self.simulated and pin.pull is Pull.NONE:
                # Nothing pulls it: start where the missing outside circuit would hold it.
                _drive(device.pin, pin.active.other)
            device.pin.bounce = None
            device.pin.edges = "both"
        except Exception as error:
            raise PinError(explain(error, title(pin), self._factory_name)) from error
        return device

    def _arm(self, name: str, on_edge: OnEdge) -> None:
        # No exception may leave a callback: it would end lgpio's only thread, and every pin
        # would be deaf from then on.
        def changed(ticks: float, state: int) -> None:
            now_s = time.monotonic()
            at_s = ticks if now_s - _PLAUSIBLE_S <= ticks <= now_s else now_s
            on_edge(RawEdge(name, _level(state), at_s))

        self._callbacks.append(changed)  # gpiozero keeps a weak reference only
        try:
            self._devices[name].pin.when_changed = changed
        except Exception as error:
            raise PinError(explain(error, title(self._pins[name]), self._factory_name)) from error


_NO_CHIP = (
    "the GPIO chip is missing, or this "
    "user may not open it: `sudo usermod -aG gpio $USER`, then log in again"
)

# What the back ends say, and what a person can do about it.
_REMEDIES = (
    (
        r"GPIO busy|GPIOPinInUse",
        "another program, an overlay or a second copy of gpiobridge "
        "holds the pin: `gpioinfo` names it",
    ),
    (
        r"can ?not open gpiochip|permission|PermissionError|FileNotFoundError|No access to /dev",
        _NO_CHIP,
    ),
    (
        r"Failed to add edge detection",
        "RPi.GPIO does not work on kernels from 6.6 on: "
        "pip uninstall RPi.GPIO, then pip install 'gpiobridge[lgpio]'",
    ),
    (
        r"PinUnknownPi|Raspberry Pi",
        'this is not a Raspberry Pi: for simulated pins write pin_factory = "mock"',
    ),
    (
        r"failed to connect to|ConnectionRefused",
        "is pigpiod running? `sudo systemctl start pigpiod`",
    ),
)


def explain(error: Exception, what: str, back_end: str) -> str:
    """Say what a back end's error means and what to do about it.

    Args:
        error: what the back end has raised.
        what: what could not be opened.
        back_end: its name in the configuration.
    """
    said = f"{what} can't be opened on {back_end}: {error}"
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, f"{type(error).__name__}: {error}", re.IGNORECASE):
            return f"{said}; {remedy}"
    return said


def title(pin: Pin) -> str:
    """Name a pin as messages do."""
    return f"pin {pin.name!r} (GPIO {pin.pin})"


def chip_number(chip: str) -> int:
    """The number of the GPIO chip for ``gpio.chip``: the one it names, or a Pi's own.

    Raises:
        PinError: it is "auto", and no chip is a Pi's.
    """
    if chip != "auto":
        return int(chip.removeprefix("gpiochip"))
    found = chips.chips()
    if own := chips.pi_chip(found):
        return own.number
    if not found:
        raise PinError(f'gpio.chip = "auto": no chip can be opened; {_NO_CHIP}')
    seen = ", ".join(f"{each.name} ({each.label})" for each in found)
    raise PinError(
        f'gpio.chip = "auto": no Raspberry Pi GPIO chip among those found: {seen}; '
        'name one, such as chip = "gpiochip0"'
    )


def require(back_end: str) -> None:
    """Make sure that a back end is installed.

    Raises:
        PinError: it is not; the message has the command that installs it.
    """
    if not _installed(back_end):
        raise PinError(
            f'gpio.pin_factory = "{back_end}": the package is not installed; '
            f"install it with: pip install 'gpiobridge[{_EXTRAS[back_end]}]'"
        )


def choose(pin_factory: str) -> str:
    """The back end for ``gpio.pin_factory``: itself, or what "auto" means on this machine.

    On a Raspberry Pi "auto" is the first back end that is installed, and never simulated pins;
    elsewhere it is simulated pins.

    Raises:
        PinError: a Raspberry Pi without a back end.
    """
    if pin_factory != "auto":
        return pin_factory
    if not is_raspberry_pi():
        return "mock"
    for name in _PREFERRED:
        if _installed(name):
            return name
    raise PinError(
        "this is a Raspberry Pi, but no pin back end is installed: "
        "pip install 'gpiobridge[lgpio]' "
        '(or, for simulated pins, write pin_factory = "mock" under [gpio])'
    )


def is_raspberry_pi(root: Path = Path("/")) -> bool:
    """Whether this machine is a Raspberry Pi, by its device tree.

    Args:
        root: the file system to look in, for tests.
    """
    tree = root / "proc/device-tree"
    if (tree / "system/linux,revision").exists():  # the firmware's board revision code
        return True
    with contextlib.suppress(OSError):
        return (tree / "model").read_bytes().startswith(b"Raspberry Pi")
    return False


def _installed(back_end: str) -> bool:
    package = _GPIOD if back_end == "gpiod" else _FACTORIES[back_end][2]
    try:
        return importlib.util.find_spec(package) is not None
    except ImportError:
        return False


def _level(state: object) -> Level:
    return Level.HIGH if state else Level.LOW


def _drive(mock_pin: Any, level: Level) -> None:
    mock_pin.clear_states()  # it remembers all of them, for ever
    if level is Level.LOW:
        mock_pin.drive_low()
    else:
        mock_pin.drive_high()


@contextlib.contextmanager
def _lgpio_folder() -> Iterator[None]:
    """Let lgpio be imported: it makes a FIFO in LG_WD, and changes to that folder."""
    before = os.getcwd()
    if "LG_WD" not in os.environ:
        runtime = os.environ.get("RUNTIME_DIRECTORY")  # systemd's, of the service
        os.environ["LG_WD"] = runtime or tempfile.mkdtemp(prefix="gpiobridge-lgpio-")
    try:
        yield
    finally:
        os.chdir(before)
