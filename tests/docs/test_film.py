"""The film of `make film` and its still: what a README can show."""

import struct
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
FILM = (DOCS / "film.webp").read_bytes()
STILL = (DOCS / "film-still.png").read_bytes()


def chunks() -> Iterator[tuple[bytes, bytes]]:
    """The parts of a WebP file, which is a RIFF container."""
    assert (FILM[:4], FILM[8:12]) == (b"RIFF", b"WEBP")
    at = 12
    while at < len(FILM):
        name, size = struct.unpack_from("<4sI", FILM, at)
        yield name, FILM[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def number(data: bytes) -> int:
    """A number of WebP: little-endian, often of three bytes."""
    return int.from_bytes(data, "little")


def test_the_film_lasts_ten_seconds_and_goes_round() -> None:
    """Equal frames are merged, so there are fewer than 12 a second."""
    times_s = [number(data[12:15]) / 1000 for name, data in chunks() if name == b"ANMF"]
    assert 9.5 < sum(times_s) < 10.5
    assert 50 < len(times_s) <= 150
    (loops,) = (number(data[4:6]) for name, data in chunks() if name == b"ANIM")
    assert loops == 0  # for ever


def test_the_film_is_small() -> None:
    """A reader with a slow connection sees it, too."""
    assert len(FILM) < 2_000_000
    assert len(STILL) < 200_000


def test_the_still_is_a_picture_of_the_same_size() -> None:
    """A page can swap one for the other, as `prefers-reduced-motion` asks."""
    (canvas,) = (data for name, data in chunks() if name == b"VP8X")
    size = (number(canvas[4:7]) + 1, number(canvas[7:10]) + 1)
    assert STILL[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", STILL[16:24]) == size
    assert size[0] >= 800
