"""The kernel's interface to a line, by a kernel that is made up from its documentation."""

import os
import struct
from pathlib import Path

import pytest

from gpiobridge.outputs import line_request

pytest.importorskip("fcntl", reason="Windows has no GPIO chips")


def test_a_line_is_asked_for_as_an_output_at_its_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """A struct gpio_v2_line_request, field by field; the answer has the descriptor at its end."""
    asked = []

    def ioctl(handle: int, request: int, question: bytes) -> bytes:
        asked.append((request, question))
        return question[:-4] + struct.pack("=i", 42)

    monkeypatch.setattr("fcntl.ioctl", ioctl)
    monkeypatch.setattr("os.open", lambda path, flags: os.dup(2) if path == "/dev/gpiochip4" else 0)
    name = "a name that is longer than the kernel's field"
    assert line_request.claim(4, 22, high=True, consumer=name) == 42
    ((request, question),) = asked
    assert request == 0xC250B407
    assert len(question) == 0x250
    assert question[:256] == struct.pack("=I", 22).ljust(256, b"\0")  # offsets
    assert question[256:288] == name.encode()[:31] + b"\0"
    assert question[288:300] == struct.pack("=QI", 1 << 3, 1)  # an output, one attribute
    # The attribute: its id, padding, the levels, and the mask of the lines that it is for.
    assert question[320:344] == struct.pack("=IIQQ", 2, 0, 1, 1)
    assert question[344:560] == bytes(216)
    assert question[560:564] == struct.pack("=I", 1)  # lines
    assert question[564:588] == bytes(24)


@pytest.mark.parametrize("high", [False, True])
def test_a_level_is_set_and_read(monkeypatch: pytest.MonkeyPatch, high: bool) -> None:
    """A struct gpio_v2_line_values: bits, mask."""
    asked = []

    def ioctl(handle: int, request: int, question: bytes) -> bytes:
        asked.append((handle, request, question))
        return struct.pack("=QQ", int(high), 1)

    monkeypatch.setattr("fcntl.ioctl", ioctl)
    line_request.write(7, high=high)
    assert asked == [(7, 0xC010B40F, struct.pack("=QQ", int(high), 1))]
    assert line_request.is_high(7) is high
    assert asked[1:] == [(7, 0xC010B40E, struct.pack("=QQ", 0, 1))]


def test_a_chip_that_can_not_be_opened(tmp_path: Path) -> None:
    """The kernel's own error comes through."""
    with pytest.raises(OSError, match="gpiochip987"):
        line_request.claim(987, 0, high=False, consumer="test")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells")
def test_other_descriptors_are_no_lines() -> None:
    """Neither an open file nor a number without one."""
    assert not line_request.is_claimed(0, 0, 0)
    assert not line_request.is_claimed(10**6, 0, 0)
