"""The doctor on pins: those of a running bridge, on chips of their own, and without a wire."""

from collections.abc import Mapping
from typing import Any

import pytest

from gpiobridge.config import Gpio, Pin
from gpiobridge.doctor import Verdict
from gpiobridge.doctor.sampling import Sample
from gpiobridge.pins.chips import Line

from .pi import (
    FAILURE,
    HEALTH,
    HIGH,
    OK,
    OTHER_CHIP,
    PI_CHIP,
    SKIPPED,
    WARNING,
    Pi,
    held_by,
    no_back_end,
    of,
    refuse,
    served,
    told,
)


def test_a_changing_level_of_a_running_bridge_is_noticed(pi: Pi) -> None:
    """While the service holds the pins, its own levels are watched for the same short time."""
    levels = iter(["high", "low", "high", *["low"] * 7])
    pi.configure(port=8000)
    pi.changes["ask_bridge"] = lambda server: told("button", level=next(levels))(server)
    (finding,) = of(pi.examine(), "pin button")
    assert "LOW: active; held by gpiobridge itself; 3 edges in 0.5 s" in finding.sentence


def test_an_oscillating_pin_of_a_running_bridge_is_noticed(pi: Pi) -> None:
    """The bridge sees what ten readings of a level can't."""
    pi.configure(port=8000)
    pi.changes["ask_bridge"] = told("button", noisy=True)
    (finding,) = of(pi.examine(), "pin button")
    assert finding.verdict is WARNING
    assert finding.sentence.startswith(
        "GPIO 17, header pin 11, oscillates: over 1,000 events a second"
    )


@pytest.mark.parametrize(
    ("counts", "helps"),
    [("settled", "a longer debounce"), ("first", 'counts = "settled"')],
)
def test_the_remedy_for_noise_fits_how_the_pin_counts(pi: Pi, counts: str, helps: str) -> None:
    """A longer debounce is no help against a spike while the first edge counts."""
    pi.configure(port=8000)
    pin = f'button = {{ pin = 17, counts = "{counts}" }}'
    pi.config.write_text(pi.config.read_text().replace("button = 17", pin))
    pi.changes["ask_bridge"] = told("button", noisy=True)
    (finding,) = of(pi.examine(), "pin button")
    assert finding.remedy.endswith(f"a resistor of 1 to 10 kΩ to 3.3 V and {helps} help")


def test_missed_edges_of_a_running_bridge_are_mentioned(pi: Pi) -> None:
    """They were mended, so that they are no fault, but they tell of a bad back end."""
    pi.configure(port=8000)
    pi.changes["ask_bridge"] = told("button", missed=3)
    (finding,) = of(pi.examine(), "pin button")
    assert (finding.verdict, "missed 3 of its edges" in finding.sentence) == (OK, True)


EXPANDER = """\
[server]
port = {port}
[pins]
button = 17
left = {{ pin = 3, chip = "gpiochip1" }}
right = {{ pin = {right}, chip = "{chip}" }}
[pages.welcome]
"""


def test_each_pin_is_asked_of_its_own_chip(pi: Pi) -> None:
    """An expander's lines have their own holders, and both chips are told (row 12)."""
    pi.config.write_text(EXPANDER.format(port=0, right=5, chip="gpiochip1"))
    pi.changes["chips"] = lambda: (PI_CHIP, OTHER_CHIP)
    pi.changes["line"] = lambda chip, line: Line((chip, line) == (1, 3), "lg")
    report = pi.examine()
    (chip,) = of(report, "GPIO chip")
    assert (chip.verdict, chip.sentence) == (
        OK,
        "gpiochip0 (pinctrl-bcm2711), 58 lines; gpiochip1 (raspberrypi-exp-gpio), 8 lines",
    )
    (left,) = of(report, "pin left")
    assert left.sentence.startswith('line 3 of gpiochip1 is held by "lg"')
    (right,) = of(report, "pin right")
    assert right.sentence.startswith("line 5 of gpiochip1 reads HIGH")
    (button,) = of(report, "pin button")
    assert button.sentence.startswith("GPIO 17, header pin 11, reads HIGH")


def test_a_running_bridge_on_another_chip_is_noticed(pi: Pi) -> None:
    """The same number there is another wire (row 12)."""
    pi.config.write_text(EXPANDER.format(port=8000, right=5, chip="gpiochip1"))
    pins = {
        "button": {"pin": 17, "chip": None, "level": "high", "active": "low"},
        "left": {"pin": 3, "chip": "gpiochip2", "level": "high", "active": "low"},
        "right": {"pin": 5, "chip": "gpiochip1", "level": "high", "active": "low"},
    }
    pi.changes["ask_bridge"] = lambda server: HEALTH | {"pins": pins}
    report = pi.examine()
    (left,) = of(report, "pin left")
    assert left.verdict is WARNING
    assert "has line 3 of gpiochip1, active low; " in left.sentence
    assert "the running bridge has line 3 of gpiochip2, active low" in left.sentence
    assert [of(report, f"pin {pin}")[0].verdict for pin in ("button", "right")] == [OK, OK]


@pytest.mark.parametrize(
    ("right", "chip", "sentence", "remedy"),
    [
        (5, "gpiochip7", 'pins.right.chip = "gpiochip7": there is no such chip', "overlay"),
        (8, "gpiochip1", "has 8 lines, so there is no line 8 for pins.right",
         "name another chip for it"),
    ],
)  # fmt: skip
def test_a_chip_of_a_pin_is_checked(
    pi: Pi, right: int, chip: str, sentence: str, remedy: str
) -> None:
    """Whether it is there, and has the line (row 12)."""
    pi.config.write_text(EXPANDER.format(port=0, right=right, chip=chip))
    pi.changes["chips"] = lambda: (PI_CHIP, OTHER_CHIP)
    (found,) = of(pi.examine(), "GPIO chip")
    assert found.verdict == FAILURE
    assert sentence in found.sentence
    assert remedy in (found.remedy or "")


VIRTUAL = """\
[server]
port = {port}
[pins]
{wired}
[pins.bell]
source = "http"
[pages.welcome]
"""

BELL = {"pin": None, "source": "http", "level": "low", "active": "low"}


@pytest.mark.parametrize("wired", ["", "button = 17"])
def test_the_kernel_is_not_asked_for_a_virtual_pin(pi: Pi, wired: str) -> None:
    """Beside wired ones and alone it is passed over: there is nothing of it on this machine."""
    pi.config.write_text(VIRTUAL.format(port=0, wired=wired))
    asked: list[int] = []
    sampled: list[str] = []
    pi.changes["line"] = lambda chip, offset: asked.append(offset) or Line(False, "")
    pi.changes["sample"] = lambda settings, pins: (
        sampled.extend(pins) or {name: Sample(HIGH) for name in pins}
    )
    report = pi.examine()
    (bell,) = of(report, "pin bell")
    assert (bell.verdict, bell.sentence) == (
        SKIPPED,
        "set by POST /api/pins/bell: no GPIO is read",
    )
    assert (asked, sampled) == (([17], ["button"]) if wired else ([], []))
    assert report.exit_code == 0


def test_virtual_pins_alone_need_nothing_of_the_machine(pi: Pi) -> None:
    """Neither back end nor chip nor permission is missed where no pin is wired."""
    pi.config.write_text(VIRTUAL.format(port=0, wired=""))
    pi.changes |= {
        "choose": no_back_end, "packages": lambda _: {}, "chips": tuple, "open_device": refuse,
    }  # fmt: skip
    report = pi.examine()
    assert report.exit_code == 0
    for check in ("back end", "GPIO chip", "permissions"):
        (finding,) = of(report, check)
        assert (finding.verdict, finding.sentence) == (
            SKIPPED,
            "no pin is wired: none is needed",
        )


@pytest.mark.parametrize(
    ("told", "verdict", "sentence"),
    [
        (BELL, OK, "is LOW: active; set by POST /api/pins/bell"),
        (BELL | {"level": "high"}, OK, "is HIGH: not active; set by POST /api/pins/bell"),
        (BELL | {"noisy": True}, WARNING, "set by POST /api/pins/bell, over 1,000 times a second"),
        (BELL | {"level": None}, FAILURE, 'source = "http" has no level: the running bridge'),
        ({"pin": 5, "level": "low", "active": "low"}, WARNING,
         'has source = "http", active low; the running bridge has GPIO 5, header pin 29, active '),
    ],
)  # fmt: skip
def test_a_running_bridge_tells_of_its_virtual_pin(
    pi: Pi, told: dict[str, Any], verdict: Verdict, sentence: str
) -> None:
    """It may be active for long, and as often as one likes, short of a flood."""
    pi.config.write_text(VIRTUAL.format(port=8000, wired="button = 17"))
    pins = HEALTH["pins"] | {"bell": told}  # type: ignore[operator]
    pi.changes["ask_bridge"] = lambda server: HEALTH | {"pins": pins}
    (finding,) = of(pi.examine(), "pin bell")
    assert finding.verdict is verdict
    assert sentence in finding.sentence


def test_pins_are_not_opened_while_the_service_has_them(pi: Pi) -> None:
    """A running bridge is asked; opening its pins would fail, or take them away."""
    served()(pi)
    pi.changes["sample"] = lambda settings, pins: pytest.fail("opened")
    pi.changes["line"] = lambda chip, offset: pytest.fail("asked the kernel")
    assert of(pi.examine(), "pin button")[0].verdict is OK


def test_a_held_pin_hides_no_other(pi: Pi) -> None:
    """Only the pins that are free are opened."""
    opened: list[str] = []

    def watch(settings: Gpio, pins: Mapping[str, Pin]) -> dict[str, Sample]:
        opened.extend(pins)
        return {name: Sample(HIGH) for name in pins}

    held_by("lg")(pi)
    pi.changes["sample"] = watch
    assert of(pi.examine(), "pin door")[0].verdict is OK
    assert opened == ["door"]


def test_a_pin_is_named_with_its_place_on_the_header(pi: Pi) -> None:
    """Whoever has written a header's number as a BCM number sees it here."""
    pi.config.write_text("[server]\nport = 0\n[pins]\nbutton = 11\n[pages.welcome]\n")
    (button,) = of(pi.examine(), "pin button")
    assert button.sentence == "GPIO 11, header pin 23, reads HIGH: not active"


def test_a_line_of_another_board_has_no_place_on_the_header(pi: Pi) -> None:
    """Where a chip is named and this is no Raspberry Pi, the number is only the chip's."""
    pi.configure(gpio='pin_factory = "gpiod"\nchip = "gpiochip0"')
    (pi.root / "proc/device-tree/model").unlink()
    (button,) = of(pi.examine(), "pin button")
    assert button.sentence == "GPIO 17 reads HIGH: not active"
