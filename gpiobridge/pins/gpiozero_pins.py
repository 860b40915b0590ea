"""The pins, through gpiozero, on the back end that is named, or simulated.

The back end is chosen explicitly and its own error is reported: gpiozero's default chain turns the
real cause into warnings. The chip says which lines exist: gpiozero knows only those on the headers
of a Pi's boards, not the others of a Compute Module (see `_Lines`). gpiozero and the back end are
imported only when the pins are opened.

One thread at a time opens, reads and closes `GpiozeroPins`: the watcher's, or the one that starts
it. The callbacks come on the back end's thread, and only stamp, append and wake. Any thread may
drive simulated pins; their callbacks come on the thread that drives, reads or looks for edges.
"""

import contextlib
import importlib
import os
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gpiobridge.config import Gpio, Pull
from gpiobridge.config.header import MOST_LINES
from gpiobridge.core.clock import Clock
from gpiobridge.core.events import Level, RawEdge
from gpiobridge.errors import PinError
from gpiobridge.pins import chips
from gpiobridge.pins.boards import chip_number, choose, require
from gpiobridge.pins.driving import Driving
from gpiobridge.pins.gpio import WiredPin
from gpiobridge.pins.remedies import explain, no_such_line, only_its_wire, title
from gpiobridge.pins.source import SETTLE_S, OnEdge, PinSource, refuse_made_time

# A stamp further from its arrival than this is on another clock: use the arrival.
_PLAUSIBLE_S = 10.0

# Back end -> the module and the class that gpiozero has for it.
_FACTORIES = {
    "lgpio": ("gpiozero.pins.lgpio", "LGPIOFactory"),
    "rpigpio": ("gpiozero.pins.rpigpio", "RPiGPIOFactory"),
    "pigpio": ("gpiozero.pins.pigpio", "PiGPIOFactory"),
    "mock": ("gpiozero.pins.mock", "MockFactory"),
}


class GpiozeroPins(PinSource):
    """The configured pins on one gpiozero back end.

    Args:
        settings: the section with the back end and the chip.
        pins: pin name to its settings. Real pins are on one chip (`gpio` has one source for each
            chip); a simulated pin has no chip, even if one is named for it.
        clock: stamps edges; real pins need a real clock.

    Raises:
        PinError: the pins are real, and the clock isn't.

    Attributes:
        simulated: True on gpiozero's mock back end.
        loses_edges: True if the back end may drop an edge; the level must then be checked.
    """

    def __init__(self, settings: Gpio, pins: Mapping[str, WiredPin], clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._pins = pins
        self._factory_name = choose(settings.pin_factory)
        self.simulated = self._factory_name == "mock"
        self.loses_edges = not self.simulated
        if not self.simulated:
            refuse_made_time(clock, self._factory_name)
        self._factory: Any = None
        # A simulated pin's line is its place in the file: two chips may have the same number.
        self._lines = {
            name: number if self.simulated else pin.pin
            for number, (name, pin) in enumerate(pins.items())
        }
        self._devices: dict[str, Any] = {}
        self._callbacks: list[Callable[[float, int], None]] = []
        self._driving = Driving(pins, self._level_now, clock)
        self._driven_at_s: float | None = None  # the stamp of an edge that is made just now

    def open(self, on_edge: OnEdge) -> None:
        """Claim every pin, let the pulls settle, then arm the edges.

        Args:
            on_edge: called on the back end's thread; it must not block or raise.

        Raises:
            PinError: the back end or a pin can't be opened. The message says what to do.
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
            if self.simulated:
                self._driving.open(self._put)
        except BaseException:
            self.close()
            raise

    def read(self, pin: str) -> Level:
        """Read a pin's level now.

        Raises:
            PinError: the back end no longer answers.
        """
        return self._driving.read(pin) if self.simulated else self._level_now(pin)

    @property
    def deadline_s(self) -> float | None:
        """When the next press of a simulated pin ends, in monotonic seconds."""
        return self._driving.deadline_s

    def read_edges(self) -> bool:
        """Hand on the ends of presses of simulated pins; all other edges come by themselves.

        Returns:
            False: it is unknown whether edges were lost.
        """
        self._driving.hand_on()
        return False

    def check(self) -> None:
        """Make sure that the back end still delivers edges.

        Raises:
            PinError: its thread has died, so no edge would arrive any more.
        """
        if self._factory_name != "lgpio" or self._factory is None:
            return  # the other back ends have no thread that could be checked
        import lgpio

        # lgpio has one thread for all callbacks, and no public name for it.
        thread = getattr(lgpio, "_notify_thread", None)
        if thread is not None and not thread.is_alive():
            raise PinError("lgpio's thread has died, and no edge would be seen; restart the bridge")

    def drives(self, pin: str) -> bool:
        """Whether a program may set this pin's level: yes for simulated pins."""
        return self.simulated

    def drive(self, pin: str, level: Level, for_s: float | None = None) -> None:
        """Set a simulated pin's level, as a finger on its button would; see `Driving.drive`.

        Raises:
            DriveError: a press would be no event.
            PinError: the pins are real, or already closed.
        """
        if not self.simulated:
            raise PinError(only_its_wire(pin))
        self._driving.drive(pin, level, for_s)

    def close(self) -> None:
        """Release every pin; may be called twice."""
        self._driving.close()
        for device in self._devices.values():
            # gpiozero's lgpio pins keep their callback when they are closed. At the next edge the
            # callback would fail, and end lgpio's only thread.
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
        factory = open_factory(self._factory_name, self._settings.chip)
        if self._factory_name == "lgpio":
            self._check_lines(chip_number(self._settings.chip))
        factory._info = _Lines()
        # gpiozero shares these among all factories of this machine. With a second chip, a line of
        # the first chip would be mistaken for the line of the same number on the second.
        factory.pins = {}
        factory._reservations = defaultdict(list)
        return factory

    def _check_lines(self, number: int) -> None:
        """Make sure that a chip has the lines: lgpio itself only says "bad GPIO number"."""
        found = next((chip for chip in chips.chips() if chip.number == number), None)
        for name, line in self._lines.items():
            if found is not None and line >= found.lines:
                path = f"/dev/{found.name}"
                raise PinError(no_such_line(self._pins[name], path, found.lines, "lgpio"))

    def _claim(self, pin: WiredPin) -> Any:
        from gpiozero import InputDevice

        pull_up = {Pull.UP: True, Pull.DOWN: False, Pull.NONE: None}[pin.pull]
        active_state = pin.active is Level.HIGH if pin.pull is Pull.NONE else None
        try:
            if self.simulated and pin.chip_by(self._settings) == "auto":
                _check_number(pin)
            device = InputDevice(
                self._lines[pin.name],
                pull_up=pull_up,
                active_state=active_state,
                pin_factory=self._factory,
            )
            if self.simulated:
                # The level of a contact that nobody presses; a normally closed one is against the
                # pull.
                _drive(device.pin, pin.active.other)
            device.pin.bounce = None
            device.pin.edges = "both"
        except Exception as error:
            raise PinError(explain(error, title(pin), self._factory_name)) from error
        return device

    def _level_now(self, pin: str) -> Level:
        try:
            return _level(self._devices[pin].pin.state)
        except Exception as error:
            raise PinError(f"pin {pin!r} can't be read: {error}; restart the bridge") from error

    def _put(self, pin: str, level: Level, at_s: float) -> None:
        """Give a simulated pin an edge with this stamp instead of the present time."""
        self._driven_at_s = at_s
        try:
            _drive(self._devices[pin].pin, level)
        finally:
            self._driven_at_s = None

    def _stamp(self, ticks: float) -> float:
        """Give the time of an edge: the back end's stamp, if it is plausible."""
        if self._driven_at_s is not None:
            return self._driven_at_s
        now_s = self._clock.now().mono_s
        plausible = self._clock.real and now_s - _PLAUSIBLE_S <= ticks <= now_s
        return ticks if plausible else now_s

    def _arm(self, name: str, on_edge: OnEdge) -> None:
        # No exception may leave a callback: it would end lgpio's only thread, and no edge would
        # arrive from then on.
        def changed(ticks: float, state: int) -> None:
            on_edge(RawEdge(name, _level(state), self._stamp(ticks)))

        self._callbacks.append(changed)  # gpiozero keeps a weak reference only
        try:
            self._devices[name].pin.when_changed = changed
        except Exception as error:
            raise PinError(explain(error, title(self._pins[name]), self._factory_name)) from error


def open_factory(back_end: str, chip: str) -> Any:
    """Open one of gpiozero's factories.

    Args:
        back_end: its name in the configuration.
        chip: the chip, as the configuration names it; only lgpio needs it.

    Raises:
        PinError: it can't be opened; the message says what to do.
    """
    require(back_end)
    module_name, class_name = _FACTORIES[back_end]
    try:
        with _lgpio_folder() if back_end == "lgpio" else contextlib.nullcontext():
            make = getattr(importlib.import_module(module_name), class_name)
            return make(chip=chip_number(chip)) if back_end == "lgpio" else make()
    except PinError:
        raise
    except Exception as error:
        what = "the pins" if chip == "auto" else chip
        raise PinError(explain(error, what, back_end)) from error


class _Lines:
    """All lines that a chip may have, instead of what gpiozero knows of a Pi's board.

    gpiozero looks up a pin by `board_info.find_pin`, and uses nothing else of a board.
    """

    def find_pin(self, name: object) -> Iterator[tuple[None, Any]]:
        """Find a line by its number, or by the name that gpiozero knows it by."""
        from gpiozero import PinInfo

        number = int(str(name).removeprefix("GPIO"))
        yield (
            None,
            PinInfo(
                number=number,
                name=f"GPIO{number}",
                names=frozenset({number, f"GPIO{number}"}),
                pull="",
                row=0,
                col=0,
                interfaces=frozenset({"gpio"}),
            ),
        )


def _check_number(pin: WiredPin) -> None:
    """Refuse a simulated pin that no Raspberry Pi has."""
    if pin.pin >= MOST_LINES:
        raise ValueError(f"a Raspberry Pi has the lines 0 to {MOST_LINES - 1} at most")


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
