"""A whole configuration: what is right becomes settings, all that is wrong is told at once."""

import dataclasses
from pathlib import Path

import pytest
from config_text import PAGES, PINS, check, problems

from gpiobridge.config import Gpio, Kiosk, Limits, Page, Pull, Server, Settings
from gpiobridge.core.events import Level
from gpiobridge.errors import ConfigError
from gpiobridge.pins.gpio import WiredPin


def test_the_least_configuration_gets_every_default(folder: Path) -> None:
    """One pin and one page are enough; the rest is as documented."""
    settings = check("[pins]\nbutton = 17\n[pages.welcome]\n", folder)
    assert settings == Settings(
        server=Server(
            host="127.0.0.1",
            port=8000,
            start="welcome",
            max_displays=1000,
            beat_s=2.0,
            catch_up_s=10.0,
            csp="local",
            open=False,
            allowed_hosts=(),
            threads=8,
        ),
        gpio=Gpio(pin_factory="auto", chip="auto"),
        pins={
            "button": WiredPin(
                name="button",
                pin=17,
                pull=Pull.UP,
                active=Level.LOW,
                debounce_s=pytest.approx(0.02),
            )
        },
        pages={
            "welcome": Page(
                name="welcome", template="welcome.html", prerender=False, client=True, rules={}
            )
        },
        folder=folder,
        source="config.toml",
        warnings=(),
    )


def test_every_key_arrives(folder: Path) -> None:
    """Each key of the file becomes the setting it names."""
    text = """
        [server]
        host = "0.0.0.0"
        open = true
        port = 0
        start = "open"
        max_displays = 5
        beat = "500ms"
        catch_up = "1min"
        csp = "off"
        allowed_hosts = ["Kiosk.example.org", "10.0.0.1"]
        url = "https://Pi.example.org/"
        api = "local"
        threads = 2
        [limits]
        unfinished_per_address = 8
        [kiosk]
        allow = ["https://Example.org/", "http://10.0.0.2:8080", "http://[FD00:0::0001]:0081"]
        renew = "4:05"
        camera = true
        [gpio]
        pin_factory = "gpiod"
        chip = "gpiochip4"
        [pins.door]
        pin = "BOARD11"
        pull = "none"
        active = "high"
        debounce = "0s"
        [pages.welcome]
        template = "open.html"
        prerender = true
        client = false
        [pages.open]
        """
    settings = check(text, folder)
    assert settings.server == Server(
        host="0.0.0.0",
        open=True,
        port=0,
        start="open",
        max_displays=5,
        beat_s=0.5,
        catch_up_s=60.0,
        csp="off",
        allowed_hosts=("kiosk.example.org", "10.0.0.1"),
        url="https://pi.example.org",
        api="local",
        threads=2,
    )
    assert settings.limits == Limits(unfinished_per_address=8)
    sites = ("https://example.org", "http://10.0.0.2:8080", "http://[fd00::1]:81")
    assert settings.kiosk == Kiosk(allow=sites, renew_min=245, camera=True)
    assert settings.gpio == Gpio(pin_factory="gpiod", chip="gpiochip4")
    assert settings.pins["door"] == WiredPin(
        name="door", pin=17, pull=Pull.NONE, active=Level.HIGH, debounce_s=0.0
    )
    assert settings.pages["welcome"] == Page(
        name="welcome", template="open.html", prerender=True, client=False
    )


def test_settings_are_frozen(folder: Path) -> None:
    """Nothing of the settings can be changed, not even within its mappings."""
    settings = check(PINS + PAGES, folder)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.server.port = 1  # type: ignore[misc]
    for mapping in (settings.pins, settings.pages, settings.pages["welcome"].rules):
        with pytest.raises(TypeError):
            mapping["x"] = 1  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (PAGES.replace("on_low", "#"), "pins: there is no pin; "
         "write [pins], and below it button = 17"),
        (PINS, "pages: there is no page; write [pages.welcome] for welcome.html"),
        (f"pages = 3\n{PINS}", "pages = 3: must be a section; write [pages.welcome]"),
        (f"server = 3\n{PINS}{PAGES}", "server = 3: must be a section; write [server]"),
        (f"port = 3\n{PINS}{PAGES}", "port = 3: is a key of [server]; move it there"),
        (f"{PINS}{PAGES}[sever]", "sever: unknown section; did you mean server?"),
        (f"{PINS}{PAGES}[buttons]", "buttons: unknown section; write [pins]"),
        (f"{PINS}{PAGES}[logging]", "logging: unknown section; leave it out, or write one of "
         "server, gpio, limits, kiosk, stage, pins, outputs, sounds, displays, alarms, hours, "
         "pages, "
         "every_page"),
        (f"{PINS}{PAGES}[limits]\ndisplays_per_address = 0", "limits.displays_per_address = 0: "
         "must be at least 1; leave it out for the default of 500"),
        (f"[server]\ndisplays_per_address = 5\n{PINS}{PAGES}", "server.displays_per_address = 5: "
         "unknown key; move it to [limits]"),
        (f"{PINS}{PAGES}[limits]\nmax_displays = 5", "limits.max_displays = 5: "
         "unknown key; move it to [server]"),
        (f'{PINS}{PAGES}[kiosk]\nallow = ["https://a.org/x"]', 'kiosk.allow = "https://a.org/x": '
         'must be a scheme and a name, without a path; write it like "https://example.org"'),
        (f'{PINS}{PAGES}[kiosk]\nallow = ["a.org"]', 'kiosk.allow = "a.org": '
         'must be a scheme and a name, without a path; write it like "https://example.org"'),
        (f'{PINS}{PAGES}[kiosk]\nallow = "https://a.org"', 'kiosk.allow = "https://a.org": '
         'must be a list, such as ["https://example.org"]'),
        (f'{PINS}{PAGES}[kiosk]\nrenew = "24:00"', 'kiosk.renew = "24:00": '
         'must be a time of day from "00:00" to "23:59"; write it like "04:00"'),
        (f'{PINS}{PAGES}[kiosk]\nrenew = 4', 'kiosk.renew = 4: '
         'must be a time of day from "00:00" to "23:59"; write it like "04:00"'),
        (f'{PINS}{PAGES}[kiosk]\ncamera = "yes"', 'kiosk.camera = "yes": '
         'must be true or false, without quotes; write true'),
        (f"{PINS}{PAGES}[kiosk]\nwhitelist = []", 'kiosk.whitelist = []: '
         'unknown key; write allow = ["https://example.org"]'),
        (f'renew = "04:00"\n{PINS}{PAGES}', 'renew = "04:00": is a key of [kiosk]; move it there'),
        (f"{PINS}{PAGES}[every_page]\nidle = 1", 'every_page.idle = 1: must be '
         '{ after = "60s", to = "<page>" }, or false'),
        (f'{PINS}{PAGES}[every_page]\nidle = {{ after = "9s", to = "opn" }}',
         'every_page.idle: there is no page named "opn"; did you mean "open"?'),
        (f'{PINS}{PAGES}[every_page]\nidle = {{ after = "9s", to = "open", pins = ["x"] }}',
         'every_page.idle: there is no pin named "x"; add it, or write "button"'),
        (f"every_page = 1\n{PINS}{PAGES}", "every_page = 1: must be a section; write "
         "[every_page]"),
    ],
)  # fmt: skip
def test_a_wrong_section(folder: Path, text: str, problem: str) -> None:
    """What is missing or strange on the file's own level is told with a remedy."""
    assert problems(text, folder) == [f"config.toml: {problem}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('outputs.lock = "on"\n[output.lock]\npin = 22\nblink = 3', "output: unknown section; "
         "write [outputs.<name>]"),
        ('outputs.lamp = "on"\n[lamp]\npin = 22', "lamp: unknown section; write "
         "[outputs.<name>]"),
        ('outputs.lamp = "on"\n[ouputs]\nlamp = 22', "ouputs: unknown section; did you mean "
         "outputs?"),
        ('sound.rain = true\n[sound.rain]\nfile = 3', "sound: unknown section; write "
         "[sounds.<name>]"),
        ('on_low.button = { to = "open", sound = "rain" }\n[audio.rain]\nfile = 3', "audio: "
         "unknown section; write [sounds.<name>]"),
        ('on_low.bell = "open"\nidle = { after = "9s", to = "open", pins = ["bell"] }\n[pin.bell]',
         "pin: unknown section; write [pins]"),
        ('[outputs]\nlamp = { pin = 22, follows = "bell" }\n[pin.bell]\npin = 99',
         "pin: unknown section; write [pins]"),
        ('on_low.button = "hall"\n[page.hall]\ntemplate = 3', "page: unknown section; write "
         "[pages.<name>]"),
        ('[server]\nstart = "hall"\n[page.hall]', "page: unknown section; write [pages.<name>]"),
    ],
)  # fmt: skip
def test_a_misspelt_section_is_one_problem(folder: Path, text: str, problem: str) -> None:
    """Whoever names what stands in it is right, so nothing is said of that."""
    sections = "[pins.button]\npin = 17\n[pages.open]\n[pages.welcome]\n"
    assert problems(f"{sections}{text}", folder) == [f"config.toml: {problem}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"[button]\npin = 17\n{PAGES}", "button: unknown section; write [pins]"),
        (f"[pin]\nbutton = 17\n{PAGES}", "pin: unknown section; write [pins]"),
        (PINS + PAGES.replace("pages.", "page."), "page: unknown section; write [pages.<name>]"),
    ],
)
def test_all_pins_or_pages_in_a_misspelt_section_are_there(
    folder: Path, text: str, problem: str
) -> None:
    """It isn't said that there is none."""
    assert problems(text, folder) == [f"config.toml: {problem}"]


def test_all_problems_are_told_together(folder: Path) -> None:
    """A problem in one place hides none elsewhere, not even beside it in the same table."""
    text = """
        [server]
        port = "8000"
        host = "0.0.0.0"
        start = "welcom"
        [gpio]
        pin_factory = "native"
        [pins]
        lamp = true
        [pins.button]
        pin = 17
        debounce = "-5ms"
        pull_up = true
        [pins.door]
        pin = "BOARD11"
        hold = 2
        [pages.welcome]
        client = 1
        on_low.buton = "open"
        on_low.button = 3
        on_press.door = "opn"
        on_low.door = "open"
        [pages.open]
        on_low.lamp = "welcome"
        [pages.wilcome]
        """
    places = [problem.split(": ")[1].split(" = ")[0] for problem in problems(text, folder)]
    assert sorted(places) == sorted(
        [
            "server.port",
            "server.host",
            "server.start",
            "gpio.pin_factory",
            "pins.lamp",
            "pins.button.debounce",
            "pins.button.pull_up",
            "pins.door.pin",
            "pins.door.hold",
            "pages.welcome.client",
            "pages.welcome.on_low.buton",
            "pages.welcome.on_low.button",
            "pages.welcome.on_press.door",  # no such page
            "pages.welcome.on_press.door",  # and the same edge as on_low.door
            "pages.wilcome",
        ]
    )


def test_a_rule_without_any_pin_is_told_too(folder: Path) -> None:
    """Where there is nothing to suggest, the remedy is to add it."""
    assert problems(f"[pins]\n{PAGES}", folder) == [
        "config.toml: pins: there is no pin; write [pins], and below it button = 17",
        'config.toml: pages.welcome.on_low.button = "open": there is no pin named "button"; '
        "add it to [pins]",
        'config.toml: pages.open.on_low.button = "welcome": there is no pin named "button"; '
        "add it to [pins]",
    ]


def test_the_error_has_the_exit_code_of_a_wrong_configuration(folder: Path) -> None:
    """The shell sees 2, and a person every sentence on a line of its own."""
    with pytest.raises(ConfigError) as caught:
        check("", folder)
    assert caught.value.exit_code == 2
    assert str(caught.value).splitlines() == list(caught.value.problems)
