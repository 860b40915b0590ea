"""An X server without a screen, whose memory this process reads.

Xvfb draws into a file (``-fbdir``), which is mapped here. So a pixel is read without asking the
server for it: no request, no wait for its turn, and no work for the server that is measured. The
file's format is that of XWDFile.h in xorgproto: a header of 32-bit numbers, most significant byte
first, then a table of colours (12 bytes each), then the lines of the picture.
"""

import mmap
import os
import re
import shutil
import struct
import tempfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from browsers.processes import ProcessGroup
from harness.deadline import wait_until

WIDTH, HEIGHT = 1280, 800
_FILE = "Xvfb_screen0"  # vfb/InitOutput.c of the X server
_COLOUR_BYTES = 12
_DISPLAY = re.compile(r"^(\d+)\n", re.MULTILINE)  # among what it says of displays that are taken

Colour = tuple[int, int, int]


class Layout(NamedTuple):
    """Where the pixels are in the file."""

    width: int
    height: int
    start: int
    line_bytes: int


def layout_of(head: bytes) -> Layout:
    """Read the header of an XWD file.

    Raises:
        ValueError: the pixels are not 4 bytes each, the blue one first.
    """
    numbers = struct.unpack(">25I", head[:100])
    header_bytes, width, height = numbers[0], numbers[4], numbers[5]
    bits, line_bytes, colours = numbers[11], numbers[12], numbers[19]
    if bits != 32 or numbers[7] != 0:
        raise ValueError(f"a screen of {bits} bits a pixel, byte order {numbers[7]}")
    return Layout(width, height, header_bytes + colours * _COLOUR_BYTES, line_bytes)


class ScreenMemory:
    """An Xvfb on the first display that is free, until the context ends.

    Raises:
        AssertionError: Xvfb is missing, or does not start.
    """

    def __init__(self) -> None:
        if shutil.which("Xvfb") is None:
            raise AssertionError("Xvfb is not installed; `make test-browsers` installs it")
        self._folder = Path(tempfile.mkdtemp(prefix="gpiobridge-screen-"))
        number = self._folder / "display"
        number.touch()
        self._group = ProcessGroup(
            [
                *("Xvfb", "-displayfd", "1", "-nolisten", "tcp", "-fbdir", str(self._folder)),
                *("-screen", "0", f"{WIDTH}x{HEIGHT}x24"),
            ],
            dict(os.environ),
            number,
        )
        try:
            wait_until(lambda: _DISPLAY.search(number.read_text()) is not None)
            with (self._folder / _FILE).open("rb") as file:
                self._memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._layout = layout_of(self._memory[:100])
        except BaseException:
            self.end()
            raise
        self.display = f":{_DISPLAY.findall(number.read_text())[0]}"

    def __enter__(self) -> "ScreenMemory":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    def colour_at(self, x: int, y: int) -> Colour:
        """Read the colour of a pixel as it is now."""
        start = self._layout.start + y * self._layout.line_bytes + 4 * x
        blue, green, red = self._memory[start : start + 3]
        return red, green, blue

    def picture(self) -> bytes:
        """Return all that is on the screen now, as a PNG."""
        width, height, start, line_bytes = self._layout
        lines = bytearray()
        for y in range(height):
            line = self._memory[start + y * line_bytes :][: 4 * width]
            rgb = bytearray(3 * width)
            rgb[0::3], rgb[1::3], rgb[2::3] = line[2::4], line[1::4], line[0::4]
            lines += b"\0" + rgb
        return png(width, height, bytes(lines), 9)

    def end(self) -> None:
        """End the X server."""
        self._group.end()
        shutil.rmtree(self._folder, ignore_errors=True)


def png(width: int, height: int, lines: bytes, level: int = 1) -> bytes:
    """Make a PNG (RFC 2083) of three bytes a pixel.

    Args:
        width: in pixels.
        height: in pixels.
        lines: each line, after its filter type (a zero for none).
        level: how hard zlib tries.
    """

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            chunk(b"IDAT", zlib.compress(lines, level)),
            chunk(b"IEND", b""),
        ]
    )
