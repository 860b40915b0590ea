"""The kernel's GPIO chips, by a kernel that is made up from its documentation."""

import struct
from pathlib import Path

import pytest

from gpiobridge.pins.chips import Chip, Line, chips, devices, line, pi_chip

fcntl = pytest.importorskip("fcntl", reason="Windows has no GPIO chips")

CHIPS = {
    0: ("pinctrl-bcm2711", 58),
    4: ("raspberrypi-exp-gpio", 8),
    10: ("pinctrl-rp1", 54),
}
CONSUMERS = {17: "lg", 4: "onewire@0", 5: ""}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file system with three chips, and a kernel that answers for them."""
    dev = tmp_path / "dev"
    dev.mkdir()
    for number in CHIPS:
        (dev / f"gpiochip{number}").write_text("")
    (dev / "gpiomem").write_text("")

    def ioctl(handle: int, request: int, question: bytes) -> bytes:
        name = Path(f"/proc/self/fd/{handle}").readlink().name
        label, lines = CHIPS[int(name.removeprefix("gpiochip"))]
        if request == 0x8044B401:  # 68 bytes, from the kernel
            assert len(question) == 68
            return name.encode().ljust(32, b"\0") + label.encode().ljust(32, b"\0") + _u32(lines)
        assert request == 0xC100B405  # 256 bytes, both ways
        assert len(question) == 256
        offset = struct.unpack_from("=I", question, 64)[0]
        if offset >= lines:
            raise OSError(22, "Invalid argument")
        used = offset in CONSUMERS
        answer = bytearray(question)
        answer[32:64] = CONSUMERS.get(offset, "").encode().ljust(32, b"\0")
        answer[72:80] = struct.pack("=Q", used | 1 << 2)  # used, input
        return bytes(answer)

    monkeypatch.setattr("fcntl.ioctl", ioctl)
    return tmp_path


def _u32(number: int) -> bytes:
    return struct.pack("=I", number)


pytestmark = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="the made-up kernel looks there"
)


def test_chips_come_in_the_order_of_their_numbers(root: Path) -> None:
    """10 is after 4, and only chips are listed."""
    assert [path.name for path in devices(root)] == ["gpiochip0", "gpiochip4", "gpiochip10"]
    assert chips(root) == [Chip(number, *facts) for number, facts in CHIPS.items()]
    assert chips(root)[2].name == "gpiochip10"


def test_the_pis_own_chip_is_known_by_its_label(root: Path) -> None:
    """Whatever its number is; no other chip is taken for it."""
    found = chips(root)
    assert pi_chip(found) == found[0]
    assert pi_chip(found[1:]) == found[2]
    assert pi_chip(found[1:2]) is None


def test_a_chip_that_can_not_be_opened_is_left_out(root: Path) -> None:
    """One that is gone, or forbidden, hides no other."""
    (root / "dev/gpiochip0").unlink()
    (root / "dev/gpiochip0").symlink_to("nowhere")
    assert [chip.number for chip in chips(root)] == [4, 10]


@pytest.mark.parametrize(
    ("offset", "told"),
    [
        (17, Line(True, "lg")),
        (4, Line(True, "onewire@0")),
        (5, Line(True, "")),
        (6, Line(False, "")),
    ],
)
def test_a_line_names_its_holder(root: Path, offset: int, told: Line) -> None:
    """Used or not, and by whom; a holder may have no name."""
    assert line(0, offset, root) == told


def test_a_line_that_is_not_there_is_an_error(root: Path) -> None:
    """The kernel's own error comes through."""
    with pytest.raises(OSError, match="Invalid"):
        line(4, 8, root)
    with pytest.raises(FileNotFoundError):
        line(3, 0, root)


def test_a_machine_without_chips_has_none(tmp_path: Path) -> None:
    """Nothing is raised on a laptop."""
    assert chips(tmp_path) == []
