"""What the kiosk's launcher hears of a compositor's screens."""

import socket
import struct
from collections.abc import Iterator

import pytest

from gpiobridge.kiosk.screen import Screen


@pytest.fixture
def ends() -> Iterator[tuple[Screen, socket.socket]]:
    """The launcher's end of a connection, and the compositor's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Screen(ours), theirs


def event(sender: int, number: int, said: bytes = b"") -> bytes:
    """An event as a compositor sends it."""
    return struct.pack("=2I", sender, (8 + len(said)) << 16 | number) + said


def announced(name: int, interface: str) -> bytes:
    """That it has something, by a name of its own."""
    text = interface.encode() + b"\0"
    padded = text.ljust((len(text) + 3) // 4 * 4, b"\0")
    return event(2, 0, struct.pack("=2I", name, len(text)) + padded + struct.pack("=I", 4))


ALL_TOLD = event(3, 0, struct.pack("=I", 7))
FOUR = struct.pack("=2I", 4, 4)  # version 4, as our object 4
REMOVED = event(2, 1, struct.pack("=I", 12))


def test_asks_for_all_that_there_is(ends: tuple[Screen, socket.socket]) -> None:
    """For wl_registry, and for a sign that all was told (issue 12, row 6)."""
    registry, sync = event(1, 1, struct.pack("=I", 2)), event(1, 0, struct.pack("=I", 3))
    assert ends[1].recv(100) == registry + sync


@pytest.mark.parametrize("piece", [1, 5, 4096])
def test_screen_comes_and_goes(ends: tuple[Screen, socket.socket], piece: int) -> None:
    """It is dark without an output, and not before that is known; in pieces of any size (row 6)."""
    screen, compositor = ends

    def hear(said: bytes) -> bool:
        compositor.sendall(said)
        for _ in range(0, len(said), piece):
            screen.recv(piece)
        return screen.dark

    assert not screen.dark
    assert not hear(announced(1, "wl_compositor") + announced(2, "wl_output_manager"))
    assert hear(ALL_TOLD)
    assert not hear(announced(12, "wl_output"))
    assert not hear(announced(13, "wl_output"))
    assert not hear(REMOVED)
    assert hear(event(2, 1, struct.pack("=I", 13)))
    assert not hear(announced(12, "wl_output"))


@pytest.mark.parametrize("piece", [1, 4096])
def test_one_of_several_screens(piece: int) -> None:
    """Each output is asked for its name; only the one with the right name counts."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        screen = Screen(ours, "HDMI-A-2")

        def hear(said: bytes) -> tuple[bool, bool]:
            theirs.sendall(said)
            for _ in range(0, len(said), piece):
                screen.recv(piece)
            return screen.known, screen.dark

        theirs.recv(100)
        assert hear(announced(12, "wl_output") + ALL_TOLD) == (False, False)
        bind = event(2, 0, struct.pack("=2I", 12, 10) + b"wl_output\0\0\0" + FOUR)
        assert theirs.recv(100) == bind + event(1, 0, struct.pack("=I", 5))  # and a second sync
        named = event(4, 4, struct.pack("=I", 9) + b"HDMI-A-1\0\0\0\0")
        assert hear(event(4, 0, b"\0" * 36) + named + event(5, 0, FOUR[:4])) == (True, True)
        assert hear(announced(13, "wl_output")) == (True, False)  # it has not said its name
        named = event(6, 4, struct.pack("=I", 9) + b"HDMI-A-2\0\0\0\0")
        assert hear(named) == (True, False)
        assert hear(REMOVED) == (True, False)
        assert hear(event(2, 1, struct.pack("=I", 13))) == (True, True)


def test_end_of_the_compositor_is_heard(ends: tuple[Screen, socket.socket]) -> None:
    """As from any socket (row 6)."""
    screen, compositor = ends
    compositor.close()
    assert screen.recv(100) == b""


@pytest.mark.parametrize("said", [b"\0" * 64, b"\xff" * 64, event(2, 0), event(2, 0, b"\1\0\0\0")])
def test_nonsense_ends_nothing(ends: tuple[Screen, socket.socket], said: bytes) -> None:
    """What no compositor says leaves the launcher as it was (row 6)."""
    screen, compositor = ends
    compositor.sendall(said)
    screen.recv(4096)
    assert not screen.dark
