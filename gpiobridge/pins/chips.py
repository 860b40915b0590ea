"""The kernel's GPIO chips and lines, asked without claiming anything and without a back end.

It knows the kernel's own interface (Linux 5.10 and newer, ``include/uapi/linux/gpio.h``), and
nothing of the project. Any thread.
"""

import contextlib
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# pinctrl of the Pi 5, the Pi 4 and the older ones (Linux, drivers/pinctrl/bcm and pinctrl-rp1).
PI_LABELS = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")

# struct gpiochip_info: name, label, lines. struct gpio_v2_line_info: name, consumer, offset, number
# of attributes, flags, ten attributes, padding. The same on 32 and on 64 bits.
_CHIP_INFO = struct.Struct("=32s32sI")
_LINE_INFO = struct.Struct("=32s32sIIQ160s16s")
_GET_CHIP_INFO = 0x8044B401  # _IOR(0xB4, 0x01, struct gpiochip_info)
_GET_LINE_INFO = 0xC100B405  # _IOWR(0xB4, 0x05, struct gpio_v2_line_info)
_USED = 1  # GPIO_V2_LINE_FLAG_USED


@dataclass(frozen=True, slots=True)
class Chip:
    """A GPIO chip.

    Args:
        number: 4 is `/dev/gpiochip4`.
        label: the driver's name for it; it identifies a Pi's own chip on every kernel.
        lines: how many lines it has; on a Pi's own chip a line's number is the BCM number.
    """

    number: int
    label: str
    lines: int

    @property
    def name(self) -> str:
        """Its name in the configuration and in `/dev`."""
        return f"gpiochip{self.number}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chip.

    Args:
        used: whether a program or the kernel holds it.
        consumer: the name that the holder gave itself; empty if it gave none.
    """

    used: bool
    consumer: str


def devices(root: Path = Path("/")) -> list[Path]:
    """List the chips' device files in the order of their numbers.

    Args:
        root: the file system to look in, for tests.
    """
    found = [path for path in (root / "dev").glob("gpiochip*") if path.name[8:].isdigit()]
    return sorted(found, key=lambda path: int(path.name[8:]))


def chips(root: Path = Path("/")) -> list[Chip]:
    """List the chips that this user may open, in the order of their numbers.

    Args:
        root: the file system to look in, for tests.
    """
    found = []
    for path in devices(root):
        with contextlib.suppress(OSError):
            answer = _ask(path, _GET_CHIP_INFO, bytes(_CHIP_INFO.size))
            _, label, lines = _CHIP_INFO.unpack(answer)
            found.append(Chip(int(path.name[8:]), _text(label), lines))
    return found


def pi_chip(found: Iterable[Chip]) -> Chip | None:
    """Find the Pi's own chip: its number depends on the board and the kernel, its label doesn't."""
    return next((chip for chip in found if chip.label.startswith(PI_LABELS)), None)


def named(name: str, found: Iterable[Chip]) -> Chip | None:
    """Find the chip that the configuration names; "auto" is the Pi's own."""
    if name == "auto":
        return pi_chip(found)
    return next((chip for chip in found if chip.name == name), None)


def line(chip: int, offset: int, root: Path = Path("/")) -> Line:
    """Ask who holds a line.

    Args:
        chip: the chip's number.
        offset: the line's number on the chip.
        root: the file system to look in, for tests.

    Raises:
        OSError: the chip can't be opened, or has no such line.
    """
    question = _LINE_INFO.pack(b"", b"", offset, 0, 0, b"", b"")
    answer = _ask(root / f"dev/gpiochip{chip}", _GET_LINE_INFO, question)
    _, consumer, _, _, flags, _, _ = _LINE_INFO.unpack(answer)
    return Line(bool(flags & _USED), _text(consumer))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        yield handle
    finally:
        os.close(handle)


def _ask(path: Path, request: int, question: bytes) -> bytes:
    import fcntl  # Windows has none, and no such chips either

    with _opened(path) as handle:
        return fcntl.ioctl(handle, request, question)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode(errors="replace")
