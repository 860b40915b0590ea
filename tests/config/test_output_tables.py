"""`[outputs]`, and `outputs` of a page: what they become, and what is said of wrong ones."""

from pathlib import Path

import pytest
from config_text import PAGES, PINS, check, problems

from gpiobridge.config import Output, OutputState, PageOutput, load
from gpiobridge.config.environment import lay_over
from gpiobridge.core.events import Level
from gpiobridge.errors import ConfigError
from gpiobridge.outputs.gpio import WiredOutput

ON, OFF, BLINK, PULSE = OutputState
OUTPUTS = "[outputs]\nlamp = 22\nlock = 23\n"
WHY_NOT_FASTER = (
    "must be at least 334ms: what flashes more than three times a second can cause a seizure; "
    'write "500ms"'
)


def outputs(text: str, folder: Path) -> dict[str, Output]:
    """The outputs of a configuration with one button."""
    return dict(check(f"{text}\n{PINS}{PAGES}", folder).outputs)


def output_problems(text: str, folder: Path) -> list[str]:
    """What is wrong with a configuration with one button, without the file's name."""
    told = problems(f"{text}\n{PINS}{PAGES}", folder)
    return [problem.removeprefix("config.toml: ") for problem in told]


def page_problems(body: str, folder: Path) -> list[str]:
    """What is wrong with a page of two outputs, without the file's name and the page's."""
    page = f'[pages.hall]\ntemplate = "open.html"\n{body}\n'
    told = problems(f"{OUTPUTS}{PINS}{PAGES}{page}", folder)
    return [problem.removeprefix("config.toml: pages.hall.") for problem in told]


def test_an_output_that_says_nothing_has_defaults(folder: Path) -> None:
    """Off at first and off at the end, at LOW, and nobody but a program sets it."""
    short = outputs("[outputs]\nlamp = 22", folder)
    assert short == outputs("[outputs.lamp]\npin = 22", folder)
    assert short == outputs('[outputs]\nlamp = "GPIO22"', folder)
    assert short["lamp"] == WiredOutput(
        name="lamp",
        pin=22,
        chip=None,
        active=Level.HIGH,
        initial=OFF,
        safe=OFF,
        blink_s=0.5,
        pulse_s=0.5,
        max_on_s=None,
        follows=None,
        from_pages=False,
        without_display=None,
    )


def test_every_key_of_an_output_is_read(folder: Path) -> None:
    """With a value that is not the default."""
    text = """
        [outputs.lock]
        kind = "gpio"
        pin = "BOARD15"
        chip = "auto"
        active = "low"
        initial = "blink"
        safe = "on"
        blink = "334ms"
        pulse = "10ms"
        from_pages = true
        without_display = "off"
        [outputs.magnet]
        pin = 23
        max_on = "2s"
        [outputs.button-lamp]
        pin = 24
        follows = "button"
        """
    found = outputs(text, folder)
    assert found["lock"] == WiredOutput(
        name="lock",
        pin=22,
        chip="auto",
        active=Level.LOW,
        initial=BLINK,
        safe=ON,
        blink_s=0.334,
        pulse_s=0.01,
        from_pages=True,
        without_display=OFF,
    )
    assert found["magnet"] == WiredOutput(name="magnet", pin=23, max_on_s=2.0)
    assert found["button-lamp"] == WiredOutput(name="button-lamp", pin=24, follows="button")


def test_the_order_of_the_file_stays(folder: Path) -> None:
    """As of pins: lists show them so."""
    text = '[outputs]\nz = 22\na = 23\n[outputs.m]\npin = 24\nfollows = "button"'
    assert list(outputs(text, folder)) == ["z", "a", "m"]


def test_without_the_section_there_are_none(folder: Path) -> None:
    """A configuration of before goes on as it was."""
    settings = check(f"{PINS}{PAGES}", folder)
    assert (settings.outputs, settings.warnings) == ({}, ())


@pytest.mark.parametrize(
    ("active", "on", "off"), [("high", Level.HIGH, Level.LOW), ("low", Level.LOW, Level.HIGH)]
)
def test_an_output_has_a_level_while_it_is_on(
    folder: Path, active: str, on: Level, off: Level
) -> None:
    """Many relay boards switch at LOW."""
    lamp = outputs(f'[outputs.lamp]\npin = 22\nactive = "{active}"', folder)["lamp"]
    assert (lamp.level(on=True), lamp.level(on=False)) == (on, off)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", ": has no pin; write pin = 22 (its BCM number)"),
        ('kind = "gpio"', ": has no pin; write pin = 22 (its BCM number)"),
        ('pin = 22\nkind = "relay"', '.kind = "relay": must be "gpio"; '
         'leave it out for the default of "gpio"'),
        ("pin = 22\nkind = 1", '.kind = 1: must be "gpio"; leave it out for the default of "gpio"'),
        ('kind = "gpoi"', '.kind = "gpoi": must be "gpio"; did you mean "gpio"?'),
        ("pin = true", ".pin = true: is not a pin; write its BCM number, such as 17"),
        ("pin = -1", ".pin = -1: there is no such pin; write a BCM number from 0 to 27"),
        ("pin = 58", ".pin = 58: there is no such pin: a Raspberry Pi has 0 to 57 at most; write a "
         'BCM number, or name its chip, too, such as chip = "gpiochip1"'),
        ('pin = "gpio22"', '.pin = "gpio22": there is no pin of this name; write "GPIO22"'),
        ("pin = 22\nchip = 2", '.chip = 2: must be a name in quotes; write "gpiochip2"'),
        ('pin = 22\nchip = "i2c"', '.chip = "i2c": must be "auto" or the name of a chip; '
         'write it like "gpiochip0"'),
        ('pin = 22\nactive = "hi"', '.active = "hi": must be "low" or "high"; '
         'did you mean "high"?'),
        ("pin = 22\nactive = 1", '.active = 1: must be "low" or "high"; '
         'leave it out for the default of "high"'),
        ('pin = 22\ninitial = "pulse"', '.initial = "pulse": must be "on", "off" or "blink"; '
         'leave it out for the default of "off"'),
        ('pin = 22\ninitial = "ON"', '.initial = "ON": must be "on", "off" or "blink"; '
         'did you mean "on"?'),
        ("pin = 22\ninitial = true", '.initial = true: must be text in quotes; write "on"'),
        ('pin = 22\nsafe = "blink"', '.safe = "blink": must be "on" or "off"; '
         'leave it out for the default of "off"'),
        ("pin = 22\nsafe = false", '.safe = false: must be text in quotes; write "off"'),
        ('pin = 22\nwithout_display = "blink"', '.without_display = "blink": must be "on" or '
         '"off"'),
        ('pin = 22\nblink = "333ms"', f'.blink = "333ms": {WHY_NOT_FASTER}'),
        ('pin = 22\nblink = "0s"', f'.blink = "0s": {WHY_NOT_FASTER}'),
        ('pin = 22\nblink = "61s"', '.blink = "61s": must be at most 1min; '
         "leave it out for the default of 500ms"),
        ("pin = 22\nblink = 500", '.blink = 500: needs a unit; write "500ms"'),
        ('pin = 22\nblink = "-1s"', '.blink = "-1s": must not be negative; '
         "leave it out for the default of 500ms"),
        ('pin = 22\npulse = "9ms"', '.pulse = "9ms": must be at least 10ms; '
         "leave it out for the default of 500ms"),
        ('pin = 22\npulse = "61s"', '.pulse = "61s": must be at most 1min; '
         "leave it out for the default of 500ms"),
        ('pin = 22\nmax_on = "9ms"', '.max_on = "9ms": must be at least 10ms; '
         "leave it out for no limit"),
        ('pin = 22\nmax_on = "25h"', '.max_on = "25h": must be at most 1d; '
         "leave it out for no limit"),
        ("pin = 22\nmax_on = 2", '.max_on = 2: needs a unit; write "2s"'),
        ("pin = 22\nmax_on = false", '.max_on = false: must be a duration in quotes, such as '
         '"20ms"; leave it out for no limit'),
        ("pin = 22\nfollows = 17", ".follows = 17: must be text in quotes"),
        ('pin = 22\nfollows = "buton"', '.follows = "buton": there is no pin named "buton"; '
         'did you mean "button"?'),
        ('pin = 22\nfollows = "lamp"', '.follows = "lamp": there is no pin named "lamp"; add it, '
         'or write "button"'),
        ('pin = 22\nfrom_pages = "yes"', '.from_pages = "yes": must be true or false, without '
         "quotes; write true"),
        ("pin = 22\nwatts = 1", ".watts = 1: unknown key; leave it out, or write one of pin, chip, "
         "kind, active, initial, safe, blink, pulse, max_on, follows, from_pages, without_display, "
         "closed"),
        ('pin = 22\nblnk = "1s"', '.blnk = "1s": unknown key; did you mean blink?'),
        ('pin = 22\nsource = "gpio"', '.source = "gpio": unknown key; '
         'write kind = "gpio", or leave it out'),
        ("pin = 22\nactive_high = false", ".active_high = false: unknown key; "
         'write active = "low" (or "high")'),
        ('pin = 22\ntimeout = "2s"', '.timeout = "2s": unknown key; write max_on = "2s"'),
        ('pin = 22\nduration = "2s"', '.duration = "2s": unknown key; write pulse = "500ms"'),
        ('pin = 22\nperiod = "1s"', '.period = "1s": unknown key; write blink = "500ms"'),
        ('pin = 22\nbutton = "button"', '.button = "button": unknown key; write follows = "<pin>"'),
        ('pin = 22\nstate = "on"', '.state = "on": unknown key; write initial = "on"'),
    ],
)  # fmt: skip
def test_a_wrong_output(folder: Path, body: str, problem: str) -> None:
    """It is told in one sentence, with place, value and remedy."""
    assert output_problems(f"[outputs.lamp]\n{body}", folder) == [f"outputs.lamp{problem}"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('max_on = "2s"\nsafe = "on"', '.safe = "on": would be on for longer than '
         'outputs.lamp.max_on = "2s"; leave one of them out'),
        ('max_on = "2s"\ninitial = "blink"', '.initial = "blink": would be on for longer than '
         'outputs.lamp.max_on = "2s"; leave one of them out'),
        ('max_on = "2s"\nwithout_display = "on"', '.without_display = "on": would be on for longer '
         'than outputs.lamp.max_on = "2s"; leave one of them out'),
        ('max_on = "2s"\npulse = "3s"', '.pulse = "3s": is longer than outputs.lamp.max_on = "2s"; '
         "make it shorter"),
        ('follows = "button"\ninitial = "on"', '.initial = "on": has no meaning with '
         'outputs.lamp.follows = "button"; leave one of them out'),
        ('follows = "button"\nwithout_display = "off"', '.without_display = "off": has no meaning '
         'with outputs.lamp.follows = "button"; leave one of them out'),
        ('follows = "button"\nfrom_pages = true', '.from_pages = true: has no meaning with '
         'outputs.lamp.follows = "button"; leave one of them out'),
    ],
)  # fmt: skip
def test_two_keys_that_say_the_opposite(folder: Path, body: str, problem: str) -> None:
    """One of them would be ignored, so the file is refused."""
    text = f"[outputs.lamp]\npin = 22\n{body}"
    assert output_problems(text, folder) == [f"outputs.lamp{problem}"]


@pytest.mark.parametrize(
    "body",
    [
        'max_on = "2s"\npulse = "2s"',
        'max_on = "100ms"',  # shorter than the default of pulse
        'max_on = "2s"\nsafe = "off"\ninitial = "off"\nwithout_display = "off"',
        'follows = "button"\nfrom_pages = false\nsafe = "off"\nmax_on = "1h"',
    ],
)
def test_keys_that_go_together(folder: Path, body: str) -> None:
    """Nothing is said of them."""
    settings = check(f"[outputs.lamp]\npin = 22\n{body}\n{PINS}{PAGES}", folder)
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[outputs]\nlamp = 17", "outputs.lamp = 17: is the pin of pins.button, too: two names on "
         "one pin (GPIO 17); leave one of them out"),
        ('[outputs.lamp]\npin = "BOARD11"\nchip = "auto"', 'outputs.lamp.pin = "BOARD11": is the '
         "pin of pins.button, too: two names on one pin (GPIO 17); leave one of them out"),
        ("[outputs]\na = 22\nb = 22", "outputs.b = 22: is the pin of outputs.a, too: two names on "
         "one pin (GPIO 22); leave one of them out"),
        ('[outputs.a]\npin = 3\nchip = "gpiochip2"\n[outputs.b]\npin = 3\nchip = "gpiochip2"',
         "outputs.b.pin = 3: is the pin of outputs.a, too: two names on one pin (line 3 of "
         "gpiochip2); leave one of them out"),
        ('[outputs.a]\npin = 3\nchip = "gpiochip2"\n[pins.far]\npin = 3\nchip = "gpiochip2"',
         "outputs.a.pin = 3: is the pin of pins.far, too: two names on one pin (line 3 of "
         "gpiochip2); leave one of them out"),
        ('[gpio]\nchip = "gpiochip2"\n[outputs.a]\npin = 17', "outputs.a.pin = 17: is the pin of "
         "pins.button, too: two names on one pin (line 17 of gpiochip2); leave one of them out"),
        ('[gpio]\npin_factory = "pigpio"\n[outputs.a]\npin = 3\nchip = "gpiochip2"',
         'outputs.a.chip = "gpiochip2": has no meaning with pin_factory = "pigpio"; leave it out'),
    ],
)  # fmt: skip
def test_two_names_on_one_line_are_refused(folder: Path, text: str, problem: str) -> None:
    """An output would drive against a button; the place of the output is named."""
    assert output_problems(text, folder) == [problem]


def test_outputs_of_two_chips_may_have_the_same_number(folder: Path) -> None:
    """An expander's lines have numbers of their own, beyond the header's, too."""
    text = """
        [outputs]
        button-lamp = 2
        left = { pin = 17, chip = "gpiochip2" }
        right = { pin = 17, chip = "gpiochip3" }
        far = { pin = 130, chip = "gpiochip3" }
        """
    assert [each.where for each in outputs(text, folder).values()] == [
        "GPIO 2", "line 17 of gpiochip2", "line 17 of gpiochip3", "line 130 of gpiochip3",
    ]  # fmt: skip


def test_an_output_beyond_the_header_is_warned_of(folder: Path) -> None:
    """As a pin is: it may be a place on the header instead."""
    (said,) = check(f"[outputs]\nlamp = 40\n{PINS}{PAGES}", folder).warnings
    assert said == (
        "config.toml: outputs.lamp: GPIO 40 is not on the 40-pin header; if header pin 40 is "
        'meant, write 21; on a Compute Module name the chip, too, such as chip = "gpiochip0"'
    )


@pytest.mark.parametrize("pin", [2, 3])
def test_an_output_on_a_fixed_pull_up_is_warned_of(folder: Path, pin: int) -> None:
    """Until the bridge runs, 1.8 kΩ hold the line HIGH: a relay would be on from power-on."""
    (said,) = check(f"[outputs]\nlamp = {pin}\n{PINS}{PAGES}", folder).warnings
    assert said == (
        f"config.toml: outputs.lamp: GPIO {pin} has a fixed pull-up on the board, so the output is "
        "on until the bridge starts; take another pin"
    )


@pytest.mark.parametrize("keys", ['active = "low"', 'chip = "gpiochip2"'])
def test_a_fixed_pull_up_may_be_right(folder: Path, keys: str) -> None:
    """It holds an output that is on at LOW off; and an expander has none."""
    settings = check(f"[outputs.lamp]\npin = 2\n{keys}\n{PINS}{PAGES}", folder)
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("outputs = 3", "outputs = 3: must be a section; write [outputs]"),
        ("[[outputs]]\npin = 22", "outputs: must be a section; write [outputs]"),
        ("[[outputs.lamp]]\npin = 22", "outputs.lamp: must be a section; write [outputs.lamp]"),
        ("[outputs]\nlamp = 60", "outputs.lamp = 60: there is no such pin: a Raspberry Pi has 0 to "
         '57 at most; write a BCM number, or name its chip, too, such as chip = "gpiochip1"'),
        ("[outputs]\nlamp = [22]", "outputs.lamp = [22]: must be a BCM number such as 17, or a "
         'name such as "GPIO17"'),
        ('[outputs]\npin = 22\nactive = "low"', 'outputs.active = "low": is a key of a single '
         "output; write it below [outputs.<name>]"),
        ("[outputs]\npass-light = 99", "outputs.pass-light = 99: there is no such pin: a Raspberry "
         'Pi has 0 to 57 at most; write a BCM number, or name its chip, too, such as chip = '
         '"gpiochip1"'),
        ('[outputs."left lamp"]\npin = 22', "outputs.\"left lamp\": an output's name has 1 to 32 "
         'of A-Z, a-z, 0-9, "_" and "-"; write outputs.left_lamp'),
        ('[outputs."!"]\npin = 22', "outputs.\"!\": an output's name has 1 to 32 of A-Z, a-z, 0-9, "
         '"_" and "-"; rename it'),
        (f"[outputs.{'x' * 33}]\npin = 22", f"outputs.{'x' * 33}: an output's name has 1 to 32 of "
         f'A-Z, a-z, 0-9, "_" and "-"; write outputs.{"x" * 32}'),
        ("[output.lamp]\npin = 22", "output: unknown section; write [outputs.<name>]"),
        ("[lamps]\nleft = 22", "lamps: unknown section; write [outputs.<name>]"),
        ("[relay]\npin = 22", "relay: unknown section; write [outputs.<name>]"),
        ('[every_page]\noutputs.lamp = "on"', "every_page.outputs: unknown key; write "
         'outputs.<output> = "on" below each page, or initial = "on" below the output'),
    ],
)  # fmt: skip
def test_a_wrong_section(folder: Path, text: str, problem: str) -> None:
    """What stands in the wrong place is told with the right one; an output is no secret."""
    assert output_problems(text, folder) == [problem]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('outputs.lamp = "on"', {"lamp": PageOutput(ON)}),
        ('outputs.lamp = "off"\noutputs.lock = "pulse"',
         {"lamp": PageOutput(OFF), "lock": PageOutput(PULSE)}),
        ('outputs.lamp = { state = "blink", keep = true }', {"lamp": PageOutput(BLINK, keep=True)}),
        ('outputs.lamp = { state = "on", keep = false }', {"lamp": PageOutput(ON)}),
        ('[pages.hall.outputs]\nlamp = "on"', {"lamp": PageOutput(ON)}),
        ("outputs = {}", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_a_page_says_what_its_outputs_do(
    folder: Path, body: str, found: dict[str, PageOutput]
) -> None:
    """By the state alone, or with `keep` beside it."""
    page = f'[pages.hall]\ntemplate = "open.html"\n{body}\n'
    settings = check(f"{OUTPUTS}{PINS}{PAGES}{page}", folder)
    assert settings.pages["hall"].outputs == found
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('outputs.lamp = "On"', 'outputs.lamp = "On": must be "on", "off", "blink" or "pulse"; '
         'did you mean "on"?'),
        ("outputs.lamp = true", 'outputs.lamp = true: must be text in quotes; write "on"'),
        ("outputs.lamp = 1", 'outputs.lamp = 1: must be "on", "off", "blink" or "pulse"'),
        ('outputs.lamp = ["on"]', 'outputs.lamp = ["on"]: must be "on", "off", "blink" or "pulse"'),
        ('outputs = "on"', 'outputs = "on": must name the output, too; '
         'write outputs.<output> = "on"'),
        ("outputs.lamp = {}", "outputs.lamp: has no state; "
         'write { state = "on", keep = true }'),
        ("outputs.lamp = { keep = true }", "outputs.lamp: has no state; "
         'write { state = "on", keep = true }'),
        ('outputs.lamp = { state = "onn" }', 'outputs.lamp: state = "onn": must be "on", "off", '
         '"blink" or "pulse"; did you mean "on"?'),
        ('outputs.lamp = { state = "on", kept = true }', "outputs.lamp: kept is not one of its "
         'keys; write { state = "on", keep = true }'),
        ('outputs.lamp = { state = "blink", blink = "1s" }', "outputs.lamp: blink is a key of the "
         "output; move it to [outputs.<name>]"),
        ('outputs.lamp = { state = "on", keep = "yes" }', "outputs.lamp: keep must be true or "
         "false, without quotes; write keep = true"),
        ('outputs.lamp = { state = "pulse", keep = true }', "outputs.lamp: a pulse ends by itself, "
         "so there is nothing to keep; leave keep out"),
        ('outputs.lmap = "on"', 'outputs.lmap = "on": there is no output named "lmap"; '
         'did you mean "lamp"?'),
        ('outputs.bell = "on"', 'outputs.bell = "on": there is no output named "bell"; add it, or '
         'write "lamp" or "lock"'),
        ('lamp = "on"', 'lamp = "on": unknown key; write outputs.<output> = "on"'),
        ('max_on = "2s"', 'max_on = "2s": unknown key; move it to [outputs.<name>]'),
    ],
)  # fmt: skip
def test_a_wrong_output_of_a_page(folder: Path, body: str, problem: str) -> None:
    """It is told in one sentence, at the page."""
    assert page_problems(body, folder) == [problem]


def test_every_wrong_output_of_a_page_is_told(folder: Path) -> None:
    """One of them doesn't hide the others."""
    assert page_problems('outputs.lamp = "of"\noutputs.lmap = "on"', folder) == [
        'outputs.lamp = "of": must be "on", "off", "blink" or "pulse"; did you mean "off"?',
        'outputs.lmap = "on": there is no output named "lmap"; did you mean "lamp"?',
    ]


def test_a_page_of_an_output_that_is_nowhere(folder: Path) -> None:
    """The section is named, because there is none yet."""
    page = '[pages.hall]\ntemplate = "open.html"\noutputs.lamp = "on"\n'
    assert problems(f"{PINS}{PAGES}{page}", folder) == [
        'config.toml: pages.hall.outputs.lamp = "on": there is no output named "lamp"; '
        "add it to [outputs]"
    ]


def test_a_page_may_not_set_the_lamp_of_a_button(folder: Path) -> None:
    """Both would decide; the page's place is named."""
    lamp = '[outputs.lamp]\npin = 22\nfollows = "button"\n'
    page = '[pages.hall]\ntemplate = "open.html"\noutputs.lamp = { state = "on", keep = true }\n'
    assert problems(f"{lamp}{PINS}{PAGES}{page}", folder) == [
        'config.toml: pages.hall.outputs.lamp = "on": has no meaning with outputs.lamp.follows = '
        '"button"; leave one of them out'
    ]


def test_a_problem_of_an_output_is_told_once(folder: Path) -> None:
    """The pages that name it, and the pin that it follows, are not wrong, too."""
    text = '[outputs.lamp]\npin = 22\nfollows = "b"\n[pins.b]\npin = 99\n'
    page = '[pages.hall]\ntemplate = "open.html"\noutputs.lock = "on"\n[outputs.lock]\npin = 98\n'
    places = [
        problem.removeprefix("config.toml: ").split(" = ")[0]
        for problem in problems(f"{text}{PAGES.replace('button', 'b')}{page}", folder)
    ]
    assert places == ["pins.b.pin", "outputs.lock.pin"]


def test_outputs_of_a_page_without_the_script_are_warned_of(folder: Path) -> None:
    """Nobody says that such a page is shown; one without outputs may lack the script."""
    page = "[pages.welcome]\nclient = false\n"
    text = f"{PINS}[outputs]\nlamp = 22\n{page}"
    assert check(text, folder).warnings == ()
    assert check(f'{text}outputs.lamp = "on"\n', folder).warnings == (
        "config.toml: pages.welcome.outputs: they are set only if the page's own script says that "
        "it is shown; leave client = false out, so that the bridge's script says it",
    )


def test_a_lamp_that_is_never_lit_is_warned_of(folder: Path) -> None:
    """No page has a rule for its button, so no press would move a display."""
    text = f'{PINS}[pins.spare]\npin = 27\n[outputs.lamp]\npin = 22\nfollows = "spare"\n{PAGES}'
    assert check(text, folder).warnings == (
        "config.toml: outputs.lamp.follows: the lamp is never lit, because no page has a rule for "
        'pin "spare"; add one, such as on_low.spare = "<next page>"',
    )


@pytest.mark.parametrize(
    ("variable", "text", "keys", "value"),
    [
        ("OUTPUTS__LAMP__PIN", "24", ("outputs", "lamp"), {"pin": 24}),
        ("OUTPUTS__LAMP__MAX_ON", "2s", ("outputs", "lamp"), {"pin": 22, "max_on": "2s"}),
        ("OUTPUTS__DOOR_LOCK__SAFE", "on", ("outputs", "door-lock"), {"pin": 23, "safe": "on"}),
        ("OUTPUTS__NEW__PIN", "4", ("outputs", "new"), {"pin": 4}),
        ("PAGES__WELCOME__OUTPUTS__DOOR_LOCK", "on",
         ("pages", "welcome", "outputs", "door-lock"), "on"),
        ("PAGES__WELCOME__OUTPUTS__LAMP", '{ state = "on", keep = true }',
         ("pages", "welcome", "outputs", "lamp"), {"state": "on", "keep": True}),
    ],
)  # fmt: skip
def test_a_variable_sets_a_key_of_an_output(
    variable: str, text: str, keys: tuple[str, ...], value: object
) -> None:
    """Spelled as the file spells it; the short form joins what the variable adds."""
    raw = {"outputs": {"lamp": 22, "door-lock": {"pin": 23}}, "pages": {"welcome": {}}}
    merged, origins = lay_over(raw, {f"GPIOBRIDGE_{variable}": text}, {})
    found: object = merged
    for key in keys:
        assert isinstance(found, dict)
        found = found[key]
    assert found == value
    assert f"GPIOBRIDGE_{variable}" in origins.values()


def test_a_wrong_variable_is_named(folder: Path) -> None:
    """Its own name is the place."""
    (folder / "config.toml").write_text(f"{OUTPUTS}{PINS}{PAGES}", encoding="utf-8")
    environ = {"GPIOBRIDGE_OUTPUTS__LAMP__BLINK": "100ms", "GPIOBRIDGE_OUTPUTS_LAMP_PIN": "4"}
    with pytest.raises(ConfigError) as refused:
        load(folder / "config.toml", environ)
    assert refused.value.problems == (
        f'GPIOBRIDGE_OUTPUTS__LAMP__BLINK = "100ms": {WHY_NOT_FASTER}',
    )
