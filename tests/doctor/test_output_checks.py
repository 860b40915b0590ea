"""The doctor on outputs: it touches none, and says what holds one before the bridge does."""

from collections.abc import Mapping

import pytest

from gpiobridge.config import Gpio
from gpiobridge.doctor import Finding
from gpiobridge.doctor.sampling import Sample
from gpiobridge.pins.chips import Line
from gpiobridge.pins.gpio import WiredPin

from .pi import FAILURE, HIGH, OK, OTHER_CHIP, PI_CHIP, SKIPPED, WARNING, Pi, configured, of, served

FIRMWARE = "boot/firmware/config.txt"


def finding(pi: Pi, output: str = "pin = 22", name: str = "lamp") -> Finding:
    """Examine a Pi with one output."""
    pi.config.write_text(f"{pi.config.read_text()}\n[outputs.{name}]\n{output}\n")
    (found,) = of(pi.examine(), f"output {name}")
    return found


def hold(pi: Pi, number: int, consumer: str) -> None:
    """Let somebody hold a line of the Pi's own chip."""
    pi.changes["line"] = lambda chip, line: Line(line == number, consumer * (line == number))


def test_a_free_output(pi: Pi) -> None:
    """It has its line, its level, and what the firmware can do for it."""
    found = finding(pi)
    assert found.verdict is OK
    assert found.sentence == (
        "GPIO 22, header pin 15, is on at HIGH; nothing holds it now; to hold it off from power-on "
        "write gpio=22=op,dl into /boot/firmware/config.txt"
    )


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ('pin = 22\nactive = "low"', "gpio=22=op,dh"),  # a relay board that switches at LOW
        ("pin = 5", "gpio=5=op,dl"),
    ],
)
def test_an_output_that_the_pi_pulls_on(pi: Pi, output: str, line: str) -> None:
    """From power-on until the bridge opens it."""
    found = finding(pi, output)
    assert found.verdict is WARNING
    assert "from power-on until the bridge starts, the Pi pulls it" in found.sentence
    assert found.remedy == (
        f"to hold it off from power-on write {line} into /boot/firmware/config.txt, below [all], "
        "and restart the Pi"
    )


@pytest.mark.parametrize(
    "written",
    ["gpio=22=op,dh", "[all]\n  gpio=4,20-23=op,dh # relays\n", "gpio=22=ip\ngpio=22=op,dh"],
)
def test_an_output_that_the_firmware_holds(pi: Pi, written: str) -> None:
    """Its own line, or one for several; the last one counts."""
    pi.write(FIRMWARE, f"dtparam=audio=on\n{written}\n")
    found = finding(pi, 'pin = 22\nactive = "low"')
    assert (found.verdict, found.remedy) == (OK, "")
    assert found.sentence.endswith("; the firmware holds it off from power-on")


def test_an_output_that_the_firmware_holds_at_the_wrong_level(pi: Pi) -> None:
    """Then it is on from power-on."""
    pi.write(FIRMWARE, "gpio=22=op,dl\n")
    assert "gpio=22=op,dh" in finding(pi, 'pin = 22\nactive = "low"').remedy


def test_an_output_of_a_running_bridge(pi: Pi) -> None:
    """It is as it should be."""
    served()(pi)
    hold(pi, 22, "gpiobridge")
    found = finding(pi)
    assert found.verdict is OK
    assert "is on at HIGH; held by gpiobridge itself; " in found.sentence


def test_an_output_that_somebody_else_holds(pi: Pi) -> None:
    """Its holder is named, and what to do."""
    served()(pi)
    hold(pi, 22, "gpioset")
    found = finding(pi)
    assert found.verdict is FAILURE
    assert found.sentence == 'GPIO 22, header pin 15, is held by "gpioset"'


def test_a_bridge_that_is_not_asked_holds_an_output(pi: Pi) -> None:
    """A bridge on another port, or one that hangs: it can't start beside it."""
    hold(pi, 22, "gpiobridge")
    assert finding(pi).verdict is FAILURE


def test_an_output_of_an_expander(pi: Pi) -> None:
    """The firmware knows no line of it."""
    pi.changes["chips"] = lambda: (PI_CHIP, OTHER_CHIP)
    found = finding(pi, 'pin = 3\nchip = "gpiochip1"')
    assert (found.verdict, found.remedy) == (OK, "")
    assert found.sentence == "line 3 of gpiochip1 is on at HIGH; nothing holds it now"


def test_an_output_on_a_chip_that_is_not_there(pi: Pi) -> None:
    """The check of the chip says so, and the output's is skipped."""
    found = finding(pi, 'pin = 3\nchip = "gpiochip7"')
    assert found.verdict is SKIPPED
    (chip,) = of(pi.examine(), "GPIO chip")
    assert chip.sentence.startswith('outputs.lamp.chip = "gpiochip7": there is no such chip')


def test_simulated_outputs(pi: Pi) -> None:
    """No line is driven."""
    configured(gpio='pin_factory = "mock"')(pi)
    assert finding(pi).verdict is SKIPPED


def test_pigpiods_outputs(pi: Pi) -> None:
    """The kernel knows nothing of them."""
    configured(gpio='pin_factory = "pigpio"')(pi)
    hold(pi, 22, "something")
    found = finding(pi)
    assert found.verdict is OK
    assert found.sentence.endswith("; pigpiod drives it")


def test_no_output_is_watched_as_a_pin(pi: Pi) -> None:
    """Also not by another name of its chip: to watch a line makes it an input."""
    watched: list[str] = []

    def sample(gpio: Gpio, pins: Mapping[str, WiredPin]) -> dict[str, Sample | str]:
        watched.extend(pins)
        return {name: Sample(HIGH) for name in pins}

    pi.changes["sample"] = sample
    finding(pi, 'pin = 17\nchip = "gpiochip0"')
    assert watched == ["door"]
    (button,) = of(pi.examine(), "pin button")
    assert button.sentence == "line 17 of gpiochip0 is that of outputs.lamp, too"


def test_without_a_wired_pin_an_output_needs_gpio(pi: Pi) -> None:
    """Chip and back end are looked at for it alone."""
    text = pi.config.read_text()
    pins = '[pins]\nbutton = { source = "http" }\n'
    pi.config.write_text(
        text[: text.index("[pins]")] + pins + text[text.index("[pages.welcome]") :]
    )
    assert finding(pi).verdict is OK
    (chip,) = of(pi.examine(), "GPIO chip")
    assert chip.verdict is OK
