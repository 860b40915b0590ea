"""What the pages of a ring show: pictures that don't compress, a font and a film."""

import random
import subprocess
import zlib
from pathlib import Path

from bench.screen_memory import Colour, png
from bench.throttle import MissingError

PICTURE_WIDTH, PICTURE_HEIGHT = 800, 510

_FILM_MAKER = (
    "videotestsrc num-buffers=150 ! video/x-raw,width=640,height=360,framerate=30/1"
    " ! vp8enc deadline=1 ! webmmux ! filesink location="
)


def picture(colour: Colour) -> bytes:
    """Make 1.2 MB that don't compress, and in their middle a block of a colour."""
    noise = random.Random(zlib.crc32(bytes(colour)))
    block = bytes(colour) * 80
    before = (PICTURE_WIDTH // 2 - 40) * 3
    middle = range(PICTURE_HEIGHT // 2 - 40, PICTURE_HEIGHT // 2 + 40)
    lines = []
    for y in range(PICTURE_HEIGHT):
        line = noise.randbytes(PICTURE_WIDTH * 3)
        if y in middle:
            line = line[:before] + block + line[before + len(block) :]
        lines.append(b"\0" + line)
    return png(PICTURE_WIDTH, PICTURE_HEIGHT, b"".join(lines))


def font() -> Path:
    """Find this machine's font for plain text.

    Raises:
        MissingError: none is known.
    """
    try:
        found = subprocess.run(
            ["fc-match", "--format=%{file}", "sans:fontformat=TrueType"],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise MissingError(f"no font is known here: {error}") from error
    return Path(found)


def write_film(file: Path) -> None:
    """Make a film of five seconds.

    Raises:
        MissingError: there is no GStreamer that can do it.
    """
    try:
        subprocess.run(
            ["gst-launch-1.0", "--quiet", *f"{_FILM_MAKER}{file}".split()],
            check=True,
            capture_output=True,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise MissingError(f"GStreamer makes no film: {error}") from error
