"""The names of the Pi's pins, each turned into its BCM number, and their place on the header.

Every name that gpiozero takes is known. The 40-pin header has the numbers 0 to 27. A Compute Module
has more, and another chip, such as an I2C expander, has its own numbers. Those are accepted here;
which lines a chip really has is known when it is opened.

Pure; imports nothing of the project; any thread. The table is our own, because importing gpiozero
only to read a configuration would make a start a third of a second longer. A test compares the two.
"""

import re

# Physical position on the 40-pin header -> BCM number. The same on every Pi since the B+ (2014):
# https://www.raspberrypi.com/documentation/computers/raspberry-pi.html#gpio, or `pinout` on a Pi.
_BOARD = {
    3: 2, 5: 3, 7: 4, 8: 14, 10: 15, 11: 17, 12: 18, 13: 27, 15: 22, 16: 23, 18: 24, 19: 10, 21: 9,
    22: 25, 23: 11, 24: 8, 26: 7, 27: 0, 28: 1, 29: 5, 31: 6, 32: 12, 33: 13, 35: 19, 36: 16,
    37: 26, 38: 20, 40: 21,
}  # fmt: skip

# wiringPi's numbers -> BCM number (http://wiringpi.com/pins/, and gpiozero's pins/data.py).
_WIRING_PI = {
    0: 17, 1: 18, 2: 27, 3: 22, 4: 23, 5: 24, 6: 25, 7: 4, 8: 2, 9: 3, 10: 8, 11: 7, 12: 10, 13: 9,
    14: 11, 15: 14, 16: 15, 21: 5, 22: 6, 23: 13, 24: 19, 25: 26, 26: 12, 27: 16, 28: 20, 29: 21,
    30: 0, 31: 1,
}  # fmt: skip

MOST_LINES = 58
"""Lines of the Pi's own chip with the most: BCM2711 (Linux, drivers/pinctrl/bcm/pinctrl-bcm2835.c;
BCM2835 and RP1 have 54)."""

_LAST = 1023  # no chip in use has more lines; a larger number is a slip of the finger
_PLACES = {number: place for place, number in _BOARD.items()}
_TABLES = {"BOARD": _BOARD, "J8:": _BOARD, "WPI": _WIRING_PI}
_NAME = re.compile(r"(GPIO|BCM|BOARD|J8:|WPI|)(0|[1-9][0-9]{0,3})")


def bcm_number(name: object) -> int:
    """Turn a pin as the configuration writes it into its BCM number.

    Args:
        name: 0 to 1023, the line's number on its chip (on the Pi's own chip, the BCM number); or a
            name of a header pin or of a line: `"GPIO17"`, `"BCM17"`, `"BOARD11"`, `"J8:11"`,
            `"WPI0"`, `"17"`.

    Raises:
        ValueError: it is no pin. The message is a short reason with a remedy.
    """
    if isinstance(name, bool):  # a bool is an int, too: True would silently become GPIO 1
        raise ValueError("is not a pin; write its BCM number, such as 17")
    if isinstance(name, int):
        if not 0 <= name <= _LAST:
            raise ValueError("there is no such pin; write a BCM number from 0 to 27")
        return name
    if not isinstance(name, str):
        raise ValueError('must be a BCM number such as 17, or a name such as "GPIO17"')
    if found := _NAME.fullmatch(name):
        scheme, number = found.groups()
        table = _TABLES.get(scheme)
        if table is None and int(number) <= _LAST:
            return int(number)
        if table is not None and int(number) in table:
            return table[int(number)]
        if table is _BOARD and 1 <= int(number) <= 40:
            raise ValueError(
                "is a power or ground pin of the header; write one that is a GPIO, "
                'such as "BOARD11"'
            )
    elif _NAME.fullmatch(upper := name.strip().upper()):
        raise ValueError(f'there is no pin of this name; write "{upper}"')
    raise ValueError('there is no such pin; write a BCM number from 0 to 27, or "BOARD11"')


def header_pin(bcm: int) -> int | None:
    """Find the place of a BCM number on the 40-pin header.

    Args:
        bcm: the number of a line of the Pi's own chip.

    Returns:
        The physical position, 3 to 40; None for a line that is not on the header.
    """
    return _PLACES.get(bcm)


def at_header_pin(place: int) -> int | None:
    """Find the BCM number at a place on the 40-pin header.

    Args:
        place: the physical position.

    Returns:
        The BCM number; None for a place that is no GPIO.
    """
    return _BOARD.get(place)


def header_place(bcm: int) -> str:
    """Name a line of the Pi's own chip with its place on the header.

    Args:
        bcm: the line's number.

    Returns:
        ``GPIO 11, header pin 23``, or ``GPIO 30, not on the header``.
    """
    place = header_pin(bcm)
    return f"GPIO {bcm}, " + ("not on the header" if place is None else f"header pin {place}")
