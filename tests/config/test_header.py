"""The names of the Pi's pins."""

import re

import pytest
from gpiozero.pins.pi import PiBoardInfo

from gpiobridge.config.header import bcm_number, header_pin, header_place


def test_every_name_means_the_pin_it_means_to_gpiozero() -> None:
    """Each name gpiozero has for the 40-pin header of a Pi 4 gives the same BCM number."""
    board = PiBoardInfo.from_revision(0xC03111)
    pins = [pin for pin in board.headers["J8"].pins.values() if "gpio" in pin.interfaces]
    names = {name: int(pin.name.removeprefix("GPIO")) for pin in pins for name in pin.names}
    assert len(pins) == 28
    assert {name: bcm_number(name) for name in names} == names


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (True, "is not a pin; write its BCM number, such as 17"),
        (False, "is not a pin; write its BCM number, such as 17"),
        (1024, "there is no such pin; write a BCM number from 0 to 27"),
        (-1, "there is no such pin; write a BCM number from 0 to 27"),
        (17.0, 'must be a BCM number such as 17, or a name such as "GPIO17"'),
        ("gpio17", 'there is no pin of this name; write "GPIO17"'),
        ("board11", 'there is no pin of this name; write "BOARD11"'),
        ("BOARD1", "is a power or ground pin of the header; write one that is a GPIO, "
         'such as "BOARD11"'),
        ("GPIO1024", 'there is no such pin; write a BCM number from 0 to 27, or "BOARD11"'),
        ("BOARD41", 'there is no such pin; write a BCM number from 0 to 27, or "BOARD11"'),
        ("GPIO017", 'there is no such pin; write a BCM number from 0 to 27, or "BOARD11"'),
        ("", 'there is no such pin; write a BCM number from 0 to 27, or "BOARD11"'),
    ],
)  # fmt: skip
def test_other_names_are_refused_with_the_reason(name: object, reason: str) -> None:
    """What gpiozero doesn't take, or would misread, is refused with a remedy."""
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        bcm_number(name)


@pytest.mark.parametrize("name", [45, "GPIO45", "BCM45", "45"])
def test_lines_beyond_the_header_have_names_too(name: object) -> None:
    """A Compute Module's other lines are called as the header's are (row 12)."""
    assert bcm_number(name) == 45


def test_the_place_of_each_line_is_where_gpiozero_has_it() -> None:
    """All 28 lines of the header have the physical position that gpiozero has for a Pi 4."""
    board = PiBoardInfo.from_revision(0xC03111)
    places = {
        int(pin.name.removeprefix("GPIO")): pin.number
        for pin in board.headers["J8"].pins.values()
        if "gpio" in pin.interfaces
    }
    assert {bcm: header_pin(bcm) for bcm in range(28)} == places


def test_a_line_beyond_the_header_has_no_place() -> None:
    """GPIO 28 and up are on no header."""
    assert (header_pin(28), header_pin(57)) == (None, None)


@pytest.mark.parametrize(
    ("bcm", "said"),
    [(11, "GPIO 11, header pin 23"), (17, "GPIO 17, header pin 11"),
     (30, "GPIO 30, not on the header")],
)  # fmt: skip
def test_a_line_is_named_with_its_place(bcm: int, said: str) -> None:
    """Who has written a header number as a BCM number sees where that is."""
    assert header_place(bcm) == said
