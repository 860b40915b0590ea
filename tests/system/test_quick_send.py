"""A send that keeps the interpreter's lock."""

import socket
import sys

import pytest

from gpiobridge.system import quick_send

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is none")


@pytest.fixture
def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected sockets, the first not blocking."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return ours, theirs


def test_a_frame_is_sent_whole(pair: tuple[socket.socket, socket.socket]) -> None:
    """Zeros included."""
    ours, theirs = pair
    with ours, theirs:
        assert quick_send.send(ours, b"a\0b") == 3
        assert theirs.recv(10) == b"a\0b"


def test_a_full_socket_takes_nothing(pair: tuple[socket.socket, socket.socket]) -> None:
    """It doesn't wait either; a short write says how much was taken."""
    ours, theirs = pair
    with ours, theirs:
        taken = 0
        while (sent := quick_send.send(ours, b"x" * 100_000)) > 0:
            taken += sent
        assert sent == -1
        with pytest.raises(BlockingIOError):
            ours.send(b"x")
        assert len(theirs.recv(taken, socket.MSG_WAITALL)) == taken


def test_a_closed_socket_takes_nothing(pair: tuple[socket.socket, socket.socket]) -> None:
    """Nor does another socket with its old descriptor; a signal ends no process."""
    ours, theirs = pair
    with ours:
        theirs.close()
        assert quick_send.send(ours, b"x") == -1
    assert quick_send.send(ours, b"x") == -1


def test_another_thread_that_computes_gets_no_turn_at_a_send() -> None:
    """Else each of many displays waits for its frame as long as the thread has the lock."""
    assert quick_send._send is not None
    assert quick_send._send._flags_ & 0x4  # FUNCFLAG_PYTHONAPI: the lock is kept
