"""The pins through libgpiod, on a scripted kernel: what is asked of it, and what it answers."""

import importlib.util
import sys
from dataclasses import dataclass, field
from enum import Enum
from types import ModuleType, SimpleNamespace, TracebackType
from typing import Any, Self

import pytest

from gpiobridge.config import Gpio, Pull
from gpiobridge.core.events import Level, RawEdge
from gpiobridge.errors import PinError
from gpiobridge.pins.chips import Chip as KernelChip
from gpiobridge.pins.gpio import WiredPin
from gpiobridge.pins.gpiod_pins import GpiodPins
from gpiobridge.pins.gpiozero_pins import GpiozeroPins
from gpiobridge.pins.sources import pin_source
from gpiobridge.system import invocation
from gpiobridge.system.clock import RealClock

LOW, HIGH = Level.LOW, Level.HIGH
PINS = {
    "button": WiredPin(name="button", pin=17, active=LOW),
    "door": WiredPin(name="door", pin=27, pull=Pull.DOWN, active=HIGH),
    "beam": WiredPin(name="beam", pin=22, pull=Pull.NONE, active=HIGH),
}
LINE = ModuleType("gpiod.line")
for name, members in {
    "Bias": "PULL_UP PULL_DOWN DISABLED",
    "Clock": "MONOTONIC",
    "Direction": "INPUT",
    "Edge": "NONE BOTH",
}.items():
    setattr(LINE, name, Enum(name, members))


class EdgeType(Enum):
    """The two types of an edge."""

    RISING_EDGE = 1
    FALLING_EDGE = 2


@dataclass
class Event:
    """An edge, as gpiod tells it."""

    line_offset: int
    event_type: EdgeType
    timestamp_ns: int
    global_seqno: int
    Type = EdgeType


@dataclass
class Kernel:
    """The kernel behind the module: chips, lines, and an account of all that was asked."""

    labels: dict[int, str] = field(default_factory=lambda: {0: "pinctrl-bcm2711"})
    forbidden: set[int] = field(default_factory=set)
    num_lines: int = 58
    consumers: dict[int, str] = field(default_factory=dict)
    levels: dict[int, bool] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    error: OSError | None = None
    asked: list[tuple[str, Any]] = field(default_factory=list)
    released: int = 0
    blocking: dict[int, bool] = field(default_factory=dict)
    seqno: int = 0

    def chips(self) -> list[KernelChip]:
        """List the chips that may be opened."""
        return [
            KernelChip(number, label, self.num_lines)
            for number, label in self.labels.items()
            if number not in self.forbidden
        ]

    def edge(self, offset: int, kind: EdgeType, at_ns: int = 0, dropped: int = 0) -> None:
        """Make an edge, after some others that it drops."""
        self.seqno += 1 + dropped
        self.events.append(Event(offset, kind, at_ns, self.seqno))


class Chip:
    """A GPIO chip of the kernel."""

    kernel: Kernel

    def __init__(self, path: str) -> None:
        self._number = int(path.removeprefix("/dev/gpiochip"))
        self.kernel.asked.append(("chip", path))
        if self._number in self.kernel.forbidden:
            raise PermissionError(13, "Permission denied")
        if self._number not in self.kernel.labels:
            raise FileNotFoundError(2, "No such file or directory")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def get_info(self) -> SimpleNamespace:
        """Tell about the chip."""
        return SimpleNamespace(
            label=self.kernel.labels[self._number], num_lines=self.kernel.num_lines
        )

    def get_line_info(self, offset: int) -> SimpleNamespace:
        """Tell about a line."""
        consumer = self.kernel.consumers.get(offset, "")
        return SimpleNamespace(used=bool(consumer), consumer=consumer)

    def request_lines(self, config: dict[int, Any], **options: Any) -> "Request":
        """Take lines."""
        self.kernel.asked.append(("request", (config, options)))
        if self.kernel.consumers.keys() & config:
            raise OSError(16, "Device or resource busy")
        return Request(self.kernel)


class Request:
    """Lines that were taken."""

    fd = 42

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def reconfigure_lines(self, config: dict[int, Any]) -> None:
        """Change what is done with the lines."""
        self._kernel.asked.append(("reconfigure", config))
        if self._kernel.error is not None:
            raise self._kernel.error

    def read_edge_events(self, max_events: int) -> list[Event]:
        """Take the edges that wait."""
        if self._kernel.error is not None:
            raise self._kernel.error
        self._kernel.asked.append(("read", max_events))
        if not self._kernel.events:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        events, self._kernel.events = self._kernel.events, []
        return events

    def get_value(self, offset: int) -> bool:
        """Read a level."""
        if self._kernel.error is not None:
            raise self._kernel.error
        return self._kernel.levels[offset]

    def release(self) -> None:
        """Give the lines back."""
        self._kernel.released += 1


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """A Pi with one chip, under a gpiod module of the test's own; no time passes."""
    kernel = Kernel()
    module = ModuleType("gpiod")
    module.line = LINE  # type: ignore[attr-defined]
    module.Chip = type("Chip", (Chip,), {"kernel": kernel})  # type: ignore[attr-defined]
    module.LineSettings = SimpleNamespace  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gpiod", module)
    monkeypatch.setitem(sys.modules, "gpiod.line", LINE)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setattr("gpiobridge.pins.chips.chips", kernel.chips)
    monkeypatch.setattr(
        "os.set_blocking", lambda fd, blocking: kernel.blocking.update({fd: blocking})
    )
    monkeypatch.setattr(
        "gpiobridge.pins.gpiod_pins.time",
        SimpleNamespace(sleep=lambda seconds: kernel.asked.append(("sleep", seconds))),
    )
    return kernel


@pytest.fixture
def edges() -> list[RawEdge]:
    """What the pins have told."""
    return []


@pytest.fixture
def pins(kernel: Kernel, edges: list[RawEdge]) -> GpiodPins:
    """Opened pins."""
    pins = GpiodPins(Gpio(pin_factory="gpiod"), PINS, RealClock())
    pins.open(edges.append)
    return pins


def failure(kernel: Kernel, chip: str = "auto") -> str:
    """What is said when the pins can't be opened; the lines are free again then."""
    pins = GpiodPins(Gpio(pin_factory="gpiod", chip=chip), PINS, RealClock())
    with pytest.raises(PinError) as caught:
        pins.open(lambda edge: None)
    assert kernel.released == any(kind == "reconfigure" for kind, _ in kernel.asked)
    return str(caught.value)


def test_lines_are_claimed_then_settle_then_are_armed(pins: GpiodPins, kernel: Kernel) -> None:
    """The edge that a pull makes itself is over before edges are listened for."""
    kinds = [kind for kind, _ in kernel.asked if kind != "chip"]
    assert kinds == ["request", "sleep", "reconfigure"]
    claimed, armed = kernel.asked[-3][1][0], kernel.asked[-1][1]
    assert {line.edge_detection.name for line in claimed.values()} == {"NONE"}
    assert {line.edge_detection.name for line in armed.values()} == {"BOTH"}
    assert kernel.asked[-2][1] >= 0.05


def test_each_line_is_an_input_with_its_pull(pins: GpiodPins, kernel: Kernel) -> None:
    """Claimed and armed lines have the same pull, and stamps on the clock that is ours."""
    for config in (kernel.asked[-3][1][0], kernel.asked[-1][1]):
        assert {offset: line.bias.name for offset, line in config.items()} == {
            17: "PULL_UP",
            27: "PULL_DOWN",
            22: "DISABLED",
        }
        assert {line.direction.name for line in config.values()} == {"INPUT"}
        assert {line.event_clock.name for line in config.values()} == {"MONOTONIC"}


def test_all_lines_share_one_request_with_all_the_room_there_is(
    pins: GpiodPins, kernel: Kernel
) -> None:
    """One descriptor tells of every pin, and the kernel keeps as many edges as it can."""
    requests = [what for kind, what in kernel.asked if kind == "request"]
    assert [options for _, options in requests] == [
        {"consumer": "gpiobridge", "event_buffer_size": 1024}
    ]
    assert pins.descriptors() == [42]


def test_the_pins_are_real_and_lose_no_edge_unnoticed(kernel: Kernel) -> None:
    """So no simulator presses them, and no level check runs all the time."""
    pins = GpiodPins(Gpio(pin_factory="gpiod"), PINS, RealClock())
    assert (pins.simulated, pins.loses_edges) == (False, False)


def test_edges_are_told_with_pin_level_and_the_kernels_stamp(
    pins: GpiodPins, kernel: Kernel, edges: list[RawEdge]
) -> None:
    """All that wait come at once, in order, in monotonic seconds."""
    kernel.edge(17, EdgeType.FALLING_EDGE, 1_500_000_000)
    kernel.edge(27, EdgeType.RISING_EDGE, 1_750_000_000)
    assert pins.read_edges() is False
    assert edges == [RawEdge("button", LOW, 1.5), RawEdge("door", HIGH, 1.75)]
    assert kernel.asked[-1] == ("read", 1024)


def test_no_edge_is_waited_for(pins: GpiodPins, kernel: Kernel, edges: list[RawEdge]) -> None:
    """Whoever asks when there is none goes on at once."""
    assert kernel.blocking == {42: False}
    assert pins.read_edges() is False
    assert edges == []


@pytest.mark.parametrize(("value", "level"), [(False, LOW), (True, HIGH)])
def test_a_level_is_read(pins: GpiodPins, kernel: Kernel, value: bool, level: Level) -> None:
    """The electrical level, whatever counts as active."""
    kernel.levels[17] = value
    assert pins.read("button") is level


def test_a_number_left_out_is_a_lost_edge(pins: GpiodPins, kernel: Kernel) -> None:
    """It may have been another pin's, so the numbers of all lines together are looked at."""
    kernel.edge(17, EdgeType.FALLING_EDGE)
    kernel.edge(17, EdgeType.RISING_EDGE, dropped=1)
    kernel.edge(17, EdgeType.FALLING_EDGE)
    assert pins.read_edges() is True
    kernel.edge(17, EdgeType.RISING_EDGE)
    assert pins.read_edges() is False


def test_edges_lost_before_the_first_reading_are_noticed(pins: GpiodPins, kernel: Kernel) -> None:
    """The kernel begins with number 1."""
    kernel.edge(17, EdgeType.FALLING_EDGE, dropped=3)
    assert pins.read_edges() is True


def test_an_edge_that_another_pins_has_overtaken_is_no_second_loss(
    pins: GpiodPins, kernel: Kernel
) -> None:
    """Lines have interrupt threads of their own: neighbours may change places."""
    kernel.events = [Event(17, EdgeType.FALLING_EDGE, 0, 2), Event(27, EdgeType.RISING_EDGE, 0, 1)]
    pins.read_edges()
    kernel.events = [Event(17, EdgeType.RISING_EDGE, 0, 3)]
    assert pins.read_edges() is False


@pytest.mark.parametrize("wrapped", [0, -(2**31)], ids=["unsigned", "as gpiod shows it"])
def test_the_numbers_may_begin_again(pins: GpiodPins, kernel: Kernel, wrapped: int) -> None:
    """They have 32 bits, and gpiod shows the upper half as negative."""
    pins._last_seqno = wrapped - 1
    kernel.events = [Event(17, EdgeType.FALLING_EDGE, 0, wrapped)]
    assert pins.read_edges() is False


def test_closed_pins_are_released_once(pins: GpiodPins, kernel: Kernel) -> None:
    """Closing may be done twice."""
    pins.close()
    pins.close()
    assert kernel.released == 1


@pytest.mark.parametrize("chip", ["auto", "gpiochip4"])
def test_the_right_chip_is_taken(kernel: Kernel, chip: str) -> None:
    """A Pi's own, by its label, among those that may be opened; or the one that is named."""
    kernel.labels = {0: "secret", 1: "brcmvirt-gpio", 4: "pinctrl-rp1", 5: "more"}
    kernel.forbidden = {0}
    GpiodPins(Gpio(pin_factory="gpiod", chip=chip), PINS, RealClock()).open(lambda edge: None)
    opened = [path for kind, path in kernel.asked if kind == "chip"]
    assert opened[-1] == "/dev/gpiochip4"


# -------------------------------------------------------------------- what goes wrong


def test_a_pin_that_somebody_holds_is_named_with_its_holder(kernel: Kernel) -> None:
    """The kernel says that some line is busy; which one, and why, is found out."""
    kernel.consumers = {27: "spi0 CS0"}
    assert failure(kernel) == (
        "pin 'door' (GPIO 27) can't be opened on gpiod: GPIO busy, held by 'spi0 CS0'; another "
        "program, an overlay or a second copy of gpiobridge holds the pin: `gpioinfo` names it"
    )


def test_a_chip_that_may_not_be_opened_comes_with_its_remedy(kernel: Kernel) -> None:
    """Found by its label or named, the remedy is the same."""
    kernel.forbidden = {0}
    for chip in ("auto", "gpiochip0"):
        assert "`sudo usermod -aG gpio $USER`" in failure(kernel, chip)


def test_a_chip_that_does_not_exist_is_named(kernel: Kernel) -> None:
    """The message has its path."""
    assert failure(kernel, "gpiochip9").startswith("/dev/gpiochip9 can't be opened on gpiod: ")


def test_a_chip_with_too_few_lines_is_another_one(kernel: Kernel) -> None:
    """A pin beyond its end is named, with what there is."""
    kernel.num_lines = 20
    assert failure(kernel) == (
        "pin 'door' (GPIO 27) can't be opened on gpiod: /dev/gpiochip0 has only the lines 0 to "
        "19; name another chip under [gpio], or another pin"
    )


def test_lines_that_can_not_be_armed_are_released(kernel: Kernel) -> None:
    """A chip without interrupts is told, and holds no line."""
    kernel.error = OSError(6, "No such device or address")
    assert failure(kernel) == (
        "/dev/gpiochip0 can't be opened on gpiod: [Errno 6] No such device or address; "
        f"{invocation.command('doctor')} looks for the cause"
    )


def test_a_missing_package_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 1 counts as missing: it has another interface."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name: None if name == "gpiod._ext" else find_spec(name),
    )
    with pytest.raises(PinError, match=r"pip install 'gpiod>=2.2'"):
        GpiodPins(Gpio(pin_factory="gpiod"), PINS, RealClock()).open(lambda edge: None)


def test_a_chip_that_is_removed_is_an_error(pins: GpiodPins, kernel: Kernel) -> None:
    """The watcher gets an error of ours, and so ends the service."""
    kernel.error = OSError(19, "No such device")
    with pytest.raises(PinError, match=r"reports no more edges .*No such device"):
        pins.read_edges()
    with pytest.raises(PinError, match=r"pin 'button' can't be read: .*No such device"):
        pins.read("button")


# -------------------------------------------------------------------- who takes it


@pytest.mark.parametrize(("pin_factory", "source"), [("gpiod", GpiodPins), ("mock", GpiozeroPins)])
def test_the_configuration_decides_on_the_source(pin_factory: Any, source: type) -> None:
    """Everything but gpiod goes through gpiozero."""
    assert isinstance(pin_source(Gpio(pin_factory=pin_factory), PINS, RealClock()), source)
