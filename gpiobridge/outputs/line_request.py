"""A line of a GPIO chip as an output, by the kernel's own interface: one open file for each line.

The line is the holder's until the file is closed, and the file can outlive the program in it: a
reload is an exec, and `handover` passes the files on. libgpiod and lgpio are made of the same
calls (Linux 5.10 and newer, ``include/uapi/linux/gpio.h``), but neither can take a file over.

It imports nothing of the project, and little else: `make_safe` must start fast. Any thread.
"""

import os
import struct

_CONSUMER_BYTES = 31  # GPIO_MAX_NAME_SIZE, without its last byte

# struct gpio_v2_line_request: 64 offsets, the consumer; then its struct gpio_v2_line_config (flags,
# number of attributes, padding, and ten attributes: id, padding, value, mask); number of lines,
# size of the buffer of events, padding, descriptor. The same on 32 and on 64 bits.
_REQUEST = struct.Struct("=64I32sQI20s" + "IIQQ" * 10 + "II20si")
_VALUES = struct.Struct("=QQ")  # struct gpio_v2_line_values: bits, mask
_GET_LINE = 0xC250B407  # _IOWR(0xB4, 0x07, struct gpio_v2_line_request)
_GET_VALUES = 0xC010B40E  # _IOWR(0xB4, 0x0E, struct gpio_v2_line_values)
_SET_VALUES = 0xC010B40F  # _IOWR(0xB4, 0x0F, struct gpio_v2_line_values)
_OUTPUT = 8  # GPIO_V2_LINE_FLAG_OUTPUT
_OUTPUT_VALUES = 2  # GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES


def claim(chip: int, line: int, *, high: bool, consumer: str) -> int:
    """Claim a line as an output that begins at a level: the kernel sets the level first.

    Args:
        chip: the chip's number.
        line: the line's number on the chip.
        high: the level.
        consumer: the name under which `gpioinfo` shows the line as used; 31 bytes of it count.

    Returns:
        A descriptor; closing it releases the line.

    Raises:
        OSError: the chip can't be opened, has no such line, or the line is used (EBUSY).
    """
    import fcntl  # Windows has none, and no such chips either

    begins_at = (_OUTPUT_VALUES, 0, int(high), 1)  # of the first line, which is the only one
    name = consumer.encode()[:_CONSUMER_BYTES]
    attributes = (*begins_at, *(0, 0, 0, 0) * 9)
    question = _REQUEST.pack(line, *(0,) * 63, name, _OUTPUT, 1, b"", *attributes, 1, 0, b"", 0)
    handle = os.open(f"/dev/gpiochip{chip}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        answer = fcntl.ioctl(handle, _GET_LINE, question)
    finally:
        os.close(handle)
    descriptor: int = _REQUEST.unpack(answer)[-1]
    return descriptor


def write(descriptor: int, *, high: bool) -> None:
    """Set the level of a claimed line.

    Raises:
        OSError: it no longer answers.
    """
    import fcntl

    fcntl.ioctl(descriptor, _SET_VALUES, _VALUES.pack(int(high), 1))


def is_high(descriptor: int) -> bool:
    """Tell the level of a claimed line.

    Raises:
        OSError: it no longer answers, or this is no claimed line.
    """
    import fcntl

    bits, _ = _VALUES.unpack(fcntl.ioctl(descriptor, _GET_VALUES, _VALUES.pack(0, 1)))
    return bool(bits & 1)


def is_claimed(descriptor: int, chip: int, line: int) -> bool:
    """Tell whether a descriptor is that of a claimed line.

    Args:
        descriptor: any number.
        chip: the chip's number.
        line: the line's number on the chip.
    """
    try:
        if os.readlink(f"/proc/self/fd/{descriptor}") != "anon_inode:gpio-line":
            return False
        with open(f"/proc/self/fdinfo/{descriptor}") as file:
            told = dict(row.split(":", 1) for row in file if row.startswith("gpio-"))
        is_high(descriptor)
    except OSError:
        return False
    # Kernels before 6.1 don't tell which line it is.
    place = {"gpio-chip": f"gpiochip{chip}", "gpio-line": str(line)}
    return not told or {name: value.strip() for name, value in told.items()} == place
