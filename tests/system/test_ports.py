"""Why a port can't be listened on, and what to do about it: the same for server and doctor."""

import errno
import socket

import pytest

from gpiobridge.system import ports


@pytest.mark.parametrize(
    ("number", "reason", "remedy", "other_port"),
    [
        (errno.EADDRINUSE, "port 80 on ::1 is in use", "another server.port", True),
        (errno.EACCES, "port 80 on ::1 needs root", "server.port from 1024 on", True),
        (errno.EADDRNOTAVAIL, "port 80 on ::1 can't be listened on: why", "0.0.0.0", False),
    ],
)
def test_a_refusal_says_why(number: int, reason: str, remedy: str, other_port: bool) -> None:
    """With a remedy, and whether another port would be one."""
    said = ports.refusal(OSError(number, "why"), "::1", 80, "server.port")
    assert (said.reason, said.other_port) == (reason, other_port)
    assert remedy in said.remedy


@pytest.mark.parametrize(("taken", "first"), [(80, 8080), (1023, 8080), (1024, 1025), (8000, 8001)])
def test_the_next_free_port_is_suggested(
    monkeypatch: pytest.MonkeyPatch, taken: int, first: int
) -> None:
    """None of root's, and none in use."""
    tried: list[int] = []

    def listen(_host: str, port: int) -> socket.socket:
        tried.append(port)
        if len(tried) < 3:
            raise OSError(errno.EADDRINUSE, "in use")
        return socket.socket()

    monkeypatch.setattr(ports, "listen", listen)
    assert ports.free_port("127.0.0.1", taken) == first + 2
    assert tried == [first, first + 1, first + 2]


def test_no_free_port_is_any() -> None:
    """The last port of all has no next one."""
    assert ports.free_port("127.0.0.1", 65535) == 0
