"""The configuration: what is right becomes settings, what is wrong becomes sentences."""

import dataclasses
import tomllib
from collections.abc import Collection
from pathlib import Path

import pytest

from gpiobridge import config
from gpiobridge.config import Gpio, Idle, Kiosk, Limits, Page, Pin, Pull, Server, Settings
from gpiobridge.config.check import check as check_tables
from gpiobridge.config.page_tables import RESERVED
from gpiobridge.core.events import Gesture, Level
from gpiobridge.errors import ConfigError

PINS = "[pins.button]\npin = 17\n"
PAGES = '[pages.welcome]\non_low.button = "open"\n[pages.open]\non_low.button = "welcome"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An exhibit's folder with two templates."""
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "welcome.html").write_text("<h1>Welcome</h1>", encoding="utf-8")
    (templates / "open.html").write_text("{% if pins %}<h1>Open</h1>{% endif %}", encoding="utf-8")
    return tmp_path


def check(text: str, folder: Path, views: Collection[str] = ()) -> Settings:
    """Check a configuration given as text."""
    return check_tables(tomllib.loads(text), source="config.toml", folder=folder, views=views)


def problems(text: str, folder: Path, views: Collection[str] = ()) -> list[str]:
    """All the problems of a configuration given as text."""
    with pytest.raises(ConfigError) as caught:
        check(text, folder, views)
    return list(caught.value.problems)


def write(folder: Path, text: str) -> Path:
    """Write a configuration into the folder."""
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


# --- What is right ----------------------------------------------------------------------------


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
            "button": Pin(
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


def test_a_virtual_pin_has_no_number(folder: Path) -> None:
    """It has all else that a wired one has, and takes no number from another."""
    text = '[pins.bell]\nsource = "http"\n[pins.gate]\nsource = "http"\npull = "none"\n'
    text += 'active = "high"\nhold = "1s"\ndebounce = "0ms"\n'
    settings = check(f"{PINS}{text}{PAGES}", folder)
    assert settings.pins["bell"] == Pin(
        name="bell", pin=None, source="http", pull=Pull.UP, active=Level.LOW
    )
    assert settings.pins["gate"] == Pin(
        name="gate", source="http", pull=Pull.NONE, active=Level.HIGH, hold_s=1.0, debounce_s=0.0
    )
    assert list(settings.wired) == ["button"]


def test_a_pin_may_have_a_number_beyond_the_header(folder: Path) -> None:
    """A Compute Module has 28 to 45, other chips still more: the chip says what it has (row 12)."""
    text = '[pins.a]\npin = 45\n[pins.b]\npin = "GPIO28"\n[pins.c]\npin = 130\nchip = "gpiochip3"\n'
    pins = check(f"{text}[pages.welcome]\n", folder).pins
    assert {name: (pin.pin, pin.chip) for name, pin in pins.items()} == {
        "a": (45, None),
        "b": (28, None),
        "c": (130, "gpiochip3"),
    }
    other_board = '[gpio]\nchip = "gpiochip0"\n[pins]\na = 130\n[pages.welcome]\n'
    assert check(other_board, folder).pins["a"].pin == 130


def test_pins_of_two_chips_may_have_the_same_number(folder: Path) -> None:
    """An I2C expander counts its lines from 0, too, and has no fixed pull-ups (row 12)."""
    text = """
        [pins]
        button = 17
        left = { pin = 2, chip = "gpiochip2", pull = "down" }
        right = { pin = 2, chip = "gpiochip3" }
        third = 2
        [pages.welcome]
        """
    pins = check(text, folder).pins
    assert [pin.where for pin in pins.values()] == [
        "GPIO 17", "line 2 of gpiochip2", "line 2 of gpiochip3", "GPIO 2",
    ]  # fmt: skip


def test_the_board_s_own_chip_is_not_named(folder: Path) -> None:
    """A pin may ask for it by "auto", too; it has no line of a chip of that name (row 12)."""
    pins = check('[pins.a]\npin = 17\nchip = "auto"\n[pages.welcome]\n', folder).pins
    assert pins["a"].where == "GPIO 17"


@pytest.mark.parametrize("gpio", ["", '[gpio]\nchip = "gpiochip2"\n'], ids=["auto", "of gpio"])
def test_two_pins_on_one_line_of_a_chip_are_refused(folder: Path, gpio: str) -> None:
    """Whether the chip is named for the pin or for all (row 12)."""
    other = "" if gpio else 'chip = "gpiochip2"'
    text = f'{gpio}[pins.a]\npin = 3\nchip = "gpiochip2"\n[pins.b]\npin = 3\n{other}\n'
    assert problems(f"{text}[pages.welcome]\n", folder) == [
        "config.toml: pins.b.pin = 3: is the pin of pins.a, too: two names on one pin (line 3 of "
        "gpiochip2); leave one of them out"
    ]


def test_a_chip_that_no_back_end_looks_at_is_refused(folder: Path) -> None:
    """As in [gpio] (row 12)."""
    text = '[gpio]\npin_factory = "rpigpio"\n[pins.a]\npin = 3\nchip = "gpiochip2"\n'
    assert problems(f"{text}[pages.welcome]\n", folder) == [
        'config.toml: pins.a.chip = "gpiochip2": has no meaning with pin_factory = "rpigpio"; '
        "leave it out"
    ]


def test_a_pull_up_of_the_pi_is_only_warned_of_on_a_named_chip(folder: Path) -> None:
    """Another board has none at that line (row 12)."""
    text = '[gpio]\nchip = "gpiochip0"\n[pins.a]\npin = 2\npull = "down"\n[pages.welcome]\n'
    (said,) = check(text, folder).warnings
    assert said.startswith("config.toml: pins.a.pull: on a Raspberry Pi GPIO 2 has a fixed pull-up")


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
    assert settings.pins["door"] == Pin(
        name="door", pin=17, pull=Pull.NONE, active=Level.HIGH, debounce_s=0.0
    )
    assert settings.pages["welcome"] == Page(
        name="welcome", template="open.html", prerender=True, client=False
    )


@pytest.mark.parametrize(
    ("keys", "active"),
    [
        ("", Level.LOW),
        ('pull = "up"', Level.LOW),
        ('pull = "down"', Level.HIGH),
        ('pull = "none"\nactive = "low"', Level.LOW),
        ('pull = "up"\nactive = "high"', Level.HIGH),
    ],
)
def test_the_active_level_follows_from_the_pull(folder: Path, keys: str, active: Level) -> None:
    """A pulled-up pin is active when LOW, a pulled-down one when HIGH, unless it says otherwise."""
    settings = check(f"[pins.button]\npin = 17\n{keys}\n{PAGES}", folder)
    assert settings.pins["button"].active is active


@pytest.mark.parametrize(
    ("pull", "kind", "level"),
    [
        ("up", "on_low", Level.LOW),
        ("up", "on_high", Level.HIGH),
        ("up", "on_press", Level.LOW),
        ("up", "on_release", Level.HIGH),
        ("down", "on_low", Level.LOW),
        ("down", "on_high", Level.HIGH),
        ("down", "on_press", Level.HIGH),
        ("down", "on_release", Level.LOW),
    ],
)
def test_rules_are_resolved_to_electrical_edges(
    folder: Path, pull: str, kind: str, level: Level
) -> None:
    """``on_press`` is the edge to the active level, ``on_release`` the other one."""
    text = (
        f'[pins.button]\npin = 17\npull = "{pull}"\n'
        f'[pages.welcome]\n{kind}.button = "open"\n[pages.open]'
    )
    assert check(text, folder).pages["welcome"].rules == {("button", level): "open"}


def test_one_pin_may_have_a_rule_for_each_edge(folder: Path) -> None:
    """Press and release of one pin lead to pages of their own."""
    text = (
        f'{PINS}[pages.welcome]\non_press.button = "open"\non_release.button = "welcome"\n'
        "[pages.open]"
    )
    assert check(text, folder).pages["welcome"].rules == {
        ("button", Level.LOW): "open",
        ("button", Level.HIGH): "welcome",
    }


def test_taps_and_holds_are_rules_beside_edges(folder: Path) -> None:
    """A short and a long press of one button lead to two pages, another's release to a third."""
    text = f"""{PINS}
        [pins.door]
        pin = 27
        pull = "down"
        [pages.welcome]
        on_tap.button = "open"
        on_hold.button = "welcome"
        on_release.door = "open"
        [pages.open]
        """
    settings = check(text, folder)
    assert settings.pages["welcome"].rules == {
        ("button", Gesture.TAP): "open",
        ("button", Gesture.HOLD): "welcome",
        ("door", Level.LOW): "open",
    }
    assert settings.warnings == ()


@pytest.mark.parametrize("kind", ["on_release", "on_high"])
def test_a_tap_beside_a_release_is_warned_of(folder: Path, kind: str) -> None:
    """The release that ends a tap leads away first."""
    text = f"""{PINS}
        [pages.welcome]
        {kind}.button = "open"
        on_tap.button = "open"
        on_hold.button = "welcome"
        [pages.open]
        """
    assert check(text, folder).warnings == (
        "config.toml: pages.welcome.on_tap.button: never happens, as the release itself leads "
        "away from the page; leave out on_release (or on_high), or on_tap",
    )


@pytest.mark.parametrize("kind", ["on_press", "on_low"])
def test_a_rule_that_can_never_lead_anywhere_is_warned_of(folder: Path, kind: str) -> None:
    """A press that leads away at once can become no hold on its page."""
    text = f"""{PINS}
        [pages.welcome]
        {kind}.button = "open"
        on_hold.button = "welcome"
        [pages.open]
        """
    assert check(text, folder).warnings == (
        "config.toml: pages.welcome.on_hold.button: never happens, as the press itself leads "
        "away from the page; write on_tap instead of on_press (or on_low)",
    )


@pytest.mark.parametrize("name", ["token", "api_token"])
def test_a_token_leaves_nothing_to_local(folder: Path, name: str) -> None:
    """A local program that trusts in api = "local" would be refused beside a token."""
    text = f'[server]\napi = "local"\n{name} = "at-least-sixteen-characters"\n{PINS}{PAGES}'
    assert check(text, folder).warnings == (
        f'config.toml: server.api: "local" counts only without a token, and there is {name}: '
        "programs on this machine have to send it, too; leave api out",
    )


def test_rules_of_every_page(folder: Path) -> None:
    """They hold on each page that says nothing else, but not where they would lead to itself."""
    text = f"""{PINS}
        [every_page]
        on_high.button = "welcome"
        on_low.button = "open"
        [pages.welcome]
        on_low.button = "help"
        [pages.open]
        [pages.help]
        """
    pages = check(text, folder, views=["help"]).pages
    assert {name: dict(page.rules) for name, page in pages.items()} == {
        "welcome": {("button", Level.LOW): "help"},
        "open": {("button", Level.HIGH): "welcome"},
        "help": {("button", Level.HIGH): "welcome", ("button", Level.LOW): "open"},
    }


def test_levels_are_edges_too(folder: Path) -> None:
    """``while_low`` leads away at load, and by the edge that makes the level."""
    text = f"""{PINS}
        [pages.welcome]
        while_low.button = "open"
        on_high.button = "help"
        [pages.open]
        [pages.help]
        """
    page = check(text, folder, views=["help"]).pages["welcome"]
    assert page.rules == {("button", Level.LOW): "open", ("button", Level.HIGH): "help"}
    assert page.while_rules == {("button", Level.LOW): "open"}


def test_levels_without_end_are_refused(folder: Path) -> None:
    """Levels that would lead round in a circle are told once; two levels of a pin can't."""
    circle = f"""{PINS}
        [pages.welcome]
        while_low.button = "open"
        [pages.open]
        while_low.button = "welcome"
        [pages.help]
        while_low.button = "help"
        """
    assert problems(circle, folder, views=["help"]) == [
        'config.toml: pages.open.while_low.button = "welcome": leads from welcome to open to '
        "welcome without end; leave one of these rules out",
        'config.toml: pages.help.while_low.button = "help": leads from help to help without end; '
        "leave one of these rules out",
    ]
    door = circle.replace("open]\n        while_low", "open]\n        while_high")
    assert len(problems(door, folder, views=["help"])) == 1


def test_pages_keep_the_order_of_the_file_and_the_first_is_the_start(folder: Path) -> None:
    """Without ``start``, the page at ``/`` is the first one listed."""
    settings = check(f"{PINS}[pages.open]\n[pages.welcome]", folder)
    assert list(settings.pages) == ["open", "welcome"]
    assert settings.server.start == "open"


def test_a_page_of_a_flask_view_needs_no_template(folder: Path) -> None:
    """Views are pages: with rules in the file or without, and rules may lead to them."""
    text = f'{PINS}[pages.welcome]\non_low.button = "shop"\n[pages.hall]\non_low.button = "welcome"'
    settings = check(text, folder, views=["hall", "shop"])
    assert settings.pages["hall"].template is None
    assert settings.pages["hall"].rules == {("button", Level.LOW): "welcome"}
    assert settings.pages["shop"] == Page(name="shop", template=None)
    assert settings.server.start == "welcome"


def test_views_alone_are_pages_enough(folder: Path) -> None:
    """An application that serves every page itself needs no [pages]."""
    assert check(PINS, folder, views=["hall"]).server.start == "hall"


def test_settings_are_frozen(folder: Path) -> None:
    """Nothing of the settings can be changed, not even within its mappings."""
    settings = check(PINS + PAGES, folder)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.server.port = 1  # type: ignore[misc]
    for mapping in (settings.pins, settings.pages, settings.pages["welcome"].rules):
        with pytest.raises(TypeError):
            mapping["x"] = 1  # type: ignore[index]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST", "::ffff:127.0.0.1"]
)
def test_loopback_needs_no_permission(folder: Path, host: str) -> None:
    """An address that only this machine can reach is fine without ``open``."""
    assert check(f'[server]\nhost = "{host}"\n{PINS}{PAGES}', folder).server.host == host


TOKEN = "0123456789abcdef"


def test_a_token_lets_another_address_be_listened_on(folder: Path) -> None:
    """Who knows the token may look; it is in no text that could end in a log."""
    settings = check(f'[server]\nhost = "0.0.0.0"\ntoken = "{TOKEN}"\n{PINS}{PAGES}', folder)
    assert settings.server.token == TOKEN
    assert TOKEN not in str(settings)


def test_open_pages_may_have_a_protected_api(folder: Path) -> None:
    """Everyone may look, and who knows the API's token may push; it is in no text, either."""
    text = f'[server]\nhost = "0.0.0.0"\nopen = true\napi_token = "{TOKEN}"\n{PINS}{PAGES}'
    settings = check(text, folder)
    assert (settings.server.open, settings.server.api_token) == (True, TOKEN)
    assert TOKEN not in repr(settings)


def test_the_api_token_alone_lets_no_other_address_be_listened_on(folder: Path) -> None:
    """It says who may push, and not who may look."""
    text = f'[server]\nhost = "0.0.0.0"\napi_token = "{TOKEN}"\n{PINS}{PAGES}'
    (problem,) = problems(text, folder)
    assert problem.startswith('config.toml: server.host = "0.0.0.0": everyone on the network')


@pytest.mark.parametrize("key", ["token", "api_token"])
@pytest.mark.parametrize("token", ["short", "0123456789 abcdef", "a" * 129])
def test_a_bad_token_is_not_shown(folder: Path, key: str, token: str) -> None:
    """The problem names the key and a good token, but not the one that was tried."""
    with pytest.raises(ConfigError) as raised:
        check(f'[server]\n{key} = "{token}"\n{PINS}{PAGES}', folder)
    (problem,) = raised.value.problems
    assert f'server.{key}: must be 16 to 128 of A-Z, a-z, 0-9, "-" and "_"; write one' in problem
    assert token not in problem


@pytest.mark.parametrize(
    "key", ["TOKEN", "tokn", "toke", "password", "secret", "auth_token", "api_key", "apitoken"]
)
def test_a_secret_under_a_wrong_name_is_not_shown(folder: Path, key: str) -> None:
    """What was meant for the token is told by its key alone."""
    with pytest.raises(ConfigError) as raised:
        check(f'[server]\n{key} = "{TOKEN}"\n{PINS}{PAGES}', folder)
    (problem,) = raised.value.problems
    assert TOKEN not in problem


# --- What is wrong, one at a time -------------------------------------------------------------

OPEN = (
    "everyone on the network can then see the pages; add a token that is asked for, "
    'add open = true if you want that, or write host = "127.0.0.1"'
)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('port = "8000"', 'port = "8000": must be a whole number, without quotes; '
         "leave it out for the default of 8000"),
        ("port = true", "port = true: must be a whole number, without quotes; "
         "leave it out for the default of 8000"),
        ("port = 80.0", "port = 80.0: must be a whole number, without quotes; "
         "leave it out for the default of 8000"),
        ("port = 65536", "port = 65536: must be at most 65535; "
         "leave it out for the default of 8000"),
        ("port = -1", "port = -1: must be at least 0; leave it out for the default of 8000"),
        ("max_displays = 0", "max_displays = 0: must be at least 1; "
         "leave it out for the default of 1000"),
        ("threads = 1", "threads = 1: must be at least 2; leave it out for the default of 8"),
        ("threads = 65", "threads = 65: must be at most 64; leave it out for the default of 8"),
        ('open = "yes"', 'open = "yes": must be true or false, without quotes; '
         "leave it out for the default of false"),
        ('csp = "lokal"', 'csp = "lokal": must be "local", "strict" or "off"; '
         'did you mean "local"?'),
        ("csp = 3", 'csp = 3: must be "local", "strict" or "off"; '
         'leave it out for the default of "local"'),
        ("start = 5", "start = 5: must be text in quotes"),
        ('start = ""', 'start = "": must be a page; leave it out for the first one'),
        ('start = "welcom"', 'start = "welcom": there is no page named "welcom"; '
         'did you mean "welcome"?'),
        ('start = "xyz"', 'start = "xyz": there is no page named "xyz"; '
         'add it, or write "welcome" or "open"'),
        ('beat = "100ms"', 'beat = "100ms": must be at least 200ms; '
         "leave it out for the default of 2s"),
        ('beat = "2min"', 'beat = "2min": must be at most 1min; '
         "leave it out for the default of 2s"),
        ("beat = 2", 'beat = 2: needs a unit; write "2ms" or "2s"'),
        ("beat = true", 'beat = true: must be a duration in quotes, such as "20ms"; '
         "leave it out for the default of 2s"),
        ('beat = "5s"', 'beat = "5s": catch_up must be at least 2.5 beats + 3s; '
         'write catch_up = "15.5s" or more'),
        ('catch_up = "7s"', 'catch_up = "7s": must be at least 2.5 beats + 3s; '
         'write catch_up = "8s" or more'),
        ('catch_up = "1h"', 'catch_up = "1h": must be at most 10min; '
         "leave it out for the default of 10s"),
        ('host = "0.0.0.0"', f'host = "0.0.0.0": {OPEN}'),
        ('host = "::"', f'host = "::": {OPEN}'),
        ('host = "kiosk.local"', f'host = "kiosk.local": {OPEN}'),
        ('host = "[::1]"', 'host = "[::1]": must be an address alone; write "::1"'),
        ('host = "http://localhost/"', 'host = "http://localhost/": must be an address alone; '
         'write "localhost"'),
        ('host = "localhost:80"', 'host = "localhost:80": must be an address alone; '
         'write "localhost", and port = 80'),
        ('host = "192.168.1.300"', 'host = "192.168.1.300": is neither an IP address nor a host '
         'name; leave it out for the default of "127.0.0.1"'),
        ('host = ""', 'host = "": is neither an IP address nor a host name; '
         'leave it out for the default of "127.0.0.1"'),
        ('allowed_hosts = "a"', 'allowed_hosts = "a": must be a list, '
         'such as ["kiosk.example.org"]'),
        ('allowed_hosts = ["http://a"]', 'allowed_hosts = "http://a": must be a name alone; '
         'write it like "kiosk.example.org"'),
        ("allowed_hosts = [3]", "allowed_hosts = 3: must be text in quotes"),
        (f'open = true\ntoken = "{TOKEN}"', "open = true: lets everyone in, so the token is never "
         "asked for; leave one of them out"),
        ("prot = 1", "prot = 1: unknown key; did you mean port?"),
        ('bind = "x"', 'bind = "x": unknown key; write host = "127.0.0.1"'),
        ("beat_s = 2.0", "beat_s = 2.0: unknown key; did you mean beat?"),
        ("zzz = 1", "zzz = 1: unknown key; leave it out, or write one of host, port, start, "
         "max_displays, beat, catch_up, csp, open, token, api_token, allowed_hosts, url, api, "
         "threads"),
        ('url = "pi.example.org"', 'url = "pi.example.org": must be a scheme and a name, without a '
         'path; write it like "https://pi.example.org"'),
        ('url = "https://127.1"', 'url = "https://127.1": must be a scheme and a name, without a '
         'path; write it like "https://pi.example.org"'),
        ('url = "https://pi.example.org."', 'url = "https://pi.example.org.": must be a scheme '
         'and a name, without a path; write it like "https://pi.example.org"'),
        ('url = "https://pi.example.org/x"', 'url = "https://pi.example.org/x": must be a scheme '
         'and a name, without a path; write it like "https://pi.example.org"'),
        ('api = "zzz"', 'api: must be "token" or "local"; leave it out for the default '
         'of "token"'),
        (f'csp = "{"x" * 99}"', f'csp = "{"x" * 59}...: must be "local", "strict" or "off"; '
         'leave it out for the default of "local"'),
    ],
)  # fmt: skip
def test_a_wrong_line_in_server(folder: Path, line: str, problem: str) -> None:
    """Each wrong line of [server] is told with place, value and remedy."""
    assert problems(f"[server]\n{line}\n{PINS}{PAGES}", folder) == [
        f"config.toml: server.{problem}"
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('pin_factory = "native"', 'pin_factory = "native": gpiozero\'s native factory reports no '
         'edges; write "lgpio"'),
        ('pin_factory = "lgpoi"', 'pin_factory = "lgpoi": must be "auto", "gpiod", "lgpio", '
         '"rpigpio", "pigpio" or "mock"; did you mean "lgpio"?'),
        ("pin_factory = 1", 'pin_factory = 1: must be "auto", "gpiod", "lgpio", "rpigpio", '
         '"pigpio" or "mock"; leave it out for the default of "auto"'),
        ("chip = 0", 'chip = 0: must be a name in quotes; write "gpiochip0"'),
        ("chip = 0.5", 'chip = 0.5: must be text in quotes; '
         'leave it out for the default of "auto"'),
        ('chip = "/dev/gpiochip4"', 'chip = "/dev/gpiochip4": must be "auto" or the name of a '
         'chip; write it like "gpiochip4"'),
        ('chip = "pinctrl"', 'chip = "pinctrl": must be "auto" or the name of a chip; '
         'write it like "gpiochip0"'),
        ('chip = "gpiochip0"\npin_factory = "mock"', 'chip = "gpiochip0": has no meaning with '
         'pin_factory = "mock"; leave it out'),
        ('factory = "mock"', 'factory = "mock": unknown key; write pin_factory'),
    ],
)  # fmt: skip
def test_a_wrong_line_in_gpio(folder: Path, line: str, problem: str) -> None:
    """Each wrong line of [gpio] is told with place, value and remedy."""
    assert problems(f"[gpio]\n{line}\n{PINS}{PAGES}", folder) == [f"config.toml: gpio.{problem}"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('pin = 27\ndebounce = "-5ms"', '.debounce = "-5ms": must not be negative; '
         "leave it out for the default of 20ms"),
        ('pin = 27\ndebounce = "11s"', '.debounce = "11s": must be at most 10s; '
         "leave it out for the default of 20ms"),
        ("pin = 27\ndebounce = 20", '.debounce = 20: needs a unit; write "20ms" or "20s"'),
        ("pin = 27\ndebounce = -20", ".debounce = -20: must not be negative; "
         "leave it out for the default of 20ms"),
        ('pin = 27\ndebounce = "20"', '.debounce = "20": needs a unit; write "20ms" or "20s"'),
        ("pin = true", ".pin = true: is no pin; write its BCM number, such as 17"),
        ("pin = -1", ".pin = -1: there is no such pin; write a BCM number from 0 to 27"),
        ("pin = 58", ".pin = 58: there is no such pin: a Raspberry Pi has 0 to 57 at most; write a "
         'BCM number, or name its chip, too, such as chip = "gpiochip1"'),
        ('pin = 1024\nchip = "gpiochip1"', ".pin = 1024: there is no such pin; write a BCM number "
         "from 0 to 27"),
        ('pin = 17\nchip = "auto"', ".pin = 17: is the pin of pins.button, too: two names on one "
         "pin (GPIO 17); leave one of them out"),
        ("pin = 27\nchip = 2", '.chip = 2: must be a name in quotes; write "gpiochip2"'),
        ('pin = 27\nchip = "i2c"', '.chip = "i2c": must be "auto" or the name of a chip; '
         'write it like "gpiochip0"'),
        ('source = "http"\nchip = "gpiochip2"', '.chip = "gpiochip2": has no meaning with '
         'source = "http"; leave one of them out'),
        ('pin = 2\npull = "down"\nchip = "auto"', '.pull = "down": GPIO 2 has a fixed pull-up on '
         'the board; write pull = "up", or take another pin'),
        ('pin = "gpio27"', '.pin = "gpio27": there is no pin of this name; write "GPIO27"'),
        ("", ": has no pin; write pin = 17 (its BCM number), or "
         'source = "http" for one that is set by HTTP requests'),
        ('source = "gpio"', ": has no pin; write pin = 17 (its BCM number), or "
         'source = "http" for one that is set by HTTP requests'),
        ('source = "http"\npin = 27', '.pin = 27: has no meaning with source = "http"; '
         "leave one of them out"),
        ('source = "http"\npin = 17', '.pin = 17: has no meaning with source = "http"; '
         "leave one of them out"),
        ('source = "web"', '.source = "web": must be "gpio" or "http"; '
         'leave it out for the default of "gpio"'),
        ('source = "http"\npull = "none"', '.active: is needed with pull = "none"; '
         'write active = "low" (or "high")'),
        ("pin = 17", ".pin = 17: is the pin of pins.button, too: two names on one pin (GPIO 17); "
         "leave one of them out"),
        ('pin = "BOARD11"', '.pin = "BOARD11": is the pin of pins.button, too: two names on one '
         "pin (GPIO 17); leave one of them out"),
        ('pin = 2\npull = "down"', '.pull = "down": GPIO 2 has a fixed pull-up on the board; '
         'write pull = "up", or take another pin'),
        ('pin = 3\npull = "none"\nactive = "low"', '.pull = "none": GPIO 3 has a fixed pull-up on '
         'the board; write pull = "up", or take another pin'),
        ('pin = 27\npull = "none"', '.active: is needed with pull = "none"; '
         'write active = "low" (or "high")'),
        ('pin = 27\npull = "none"\nactive = 0', '.active = 0: must be "low" or "high"'),
        ('pin = 27\nactive = "LOW"', '.active = "LOW": must be "low" or "high"; '
         'did you mean "low"?'),
        ("pin = 27\npull = true", '.pull = true: must be "up", "down" or "none"; '
         'leave it out for the default of "up"'),
        ("pin = 27\npull_up = true", '.pull_up = true: unknown key; '
         'write pull = "up" (or "down", "none")'),
        ("pin = 27\nbounce_time = 0.1", ".bounce_time = 0.1: unknown key; "
         'write debounce = "20ms"'),
        ("pin = 27\nactive_state = true", ".active_state = true: unknown key; "
         'write active = "low" (or "high")'),
        ("pin = 27\nhold_time = 2", '.hold_time = 2: unknown key; write hold = "2s"'),
        ('pin = 27\nhold = "9ms"', '.hold = "9ms": must be at least 100ms; '
         "leave it out for the default of 2s"),
        ('pin = 27\nname = "x"', '.name = "x": unknown key; '
         "leave it out, or write one of pin, chip, source, pull, active, debounce, hold"),
    ],
)  # fmt: skip
def test_a_wrong_line_of_a_pin(folder: Path, body: str, problem: str) -> None:
    """Each wrong line of a pin is told with place, value and remedy."""
    text = f"{PINS}[pins.door]\n{body}\n{PAGES}"
    assert problems(text, folder) == [f"config.toml: pins.door{problem}"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("door = true", "door = true: is no pin; write its BCM number, such as 17"),
        ('door = "gpio4"', 'door = "gpio4": there is no pin of this name; write "GPIO4"'),
        ("door = 17", "door = 17: is the pin of pins.button, too: two names on one pin (GPIO 17); "
         "leave one of them out"),
        ("door = 1.5", 'door = 1.5: must be a BCM number such as 17, or a name such as "GPIO17"'),
        ('pull = "up"', 'pull = "up": is a key of a single pin; write it below [pins.<name>]'),
        ('"my pin" = 4', "\"my pin\": a pin's name has 1 to 32 of A-Z, a-z, 0-9, \"_\" and \"-\"; "
         "rename it"),
        (f"{'x' * 33} = 4", f"{'x' * 33}: a pin's name has 1 to 32 of A-Z, a-z, 0-9, \"_\" and "
         '"-"; rename it'),
    ],
)  # fmt: skip
def test_a_wrong_pin_in_short_form(folder: Path, line: str, problem: str) -> None:
    """The short form is told with the key that stands in the file."""
    text = f"[pins]\nbutton = 17\n{line}\n{PAGES}"
    assert problems(text, folder) == [f"config.toml: pins.{problem}"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('on_low.buton = "open"', 'on_low.buton = "open": there is no pin named "buton"; '
         'did you mean "button"?'),
        ('on_low.x = "open"', 'on_low.x = "open": there is no pin named "x"; '
         'add it, or write "button"'),
        ('on_low.button = "film"', 'on_low.button = "film": there is no page named "film"; '
         'add it, or write "welcome" or "open"'),
        ('on_low.button = "f.html"', 'on_low.button = "f.html": there is no page named "f.html"; '
         'write "welcome" or "open"'),
        ('on_low.button = "opn"', 'on_low.button = "opn": there is no page named "opn"; '
         'did you mean "open"?'),
        ('on_low.button = "OPEN"', 'on_low.button = "OPEN": there is no page named "OPEN"; '
         'did you mean "open"?'),
        ('on_low.button = "/open"', 'on_low.button = "/open": there is no page named "/open"; '
         'did you mean "open"?'),
        ("on_low.button = true", "on_low.button = true: must be the name of a page, in quotes"),
        ('on_low = "open"', 'on_low = "open": must name the pin, too; '
         'write on_low.<pin> = "<next page>"'),
        ('on_low.button = "open"\non_press.button = "open"', 'on_press.button = "open": is the '
         "same edge as on_low.button; leave one of them out"),
        ('on_high.button = "open"\non_release.button = "welcome"', 'on_release.button = "welcome":'
         " is the same edge as on_high.button; leave one of them out"),
        ('prerender = "yes"', 'prerender = "yes": must be true or false, without quotes; '
         "leave it out for the default of false"),
        ("template = 1", "template = 1: must be text in quotes"),
        ('template = "../x.html"', 'template = "../x.html": must be a file in templates/; '
         'write it like "welcome.html"'),
        ('template = "/etc/passwd"', 'template = "/etc/passwd": must be a file in templates/; '
         'write it like "welcome.html"'),
        ('template = "C:/x.html"', 'template = "C:/x.html": must be a file in templates/; '
         'write it like "welcome.html"'),
        ('template = ""', 'template = "": must be a file in templates/; '
         'write it like "welcome.html"'),
        ('template = "a\\\\b.html"', 'template = "a\\\\b.html": must have slashes between folders;'
         ' write "a/b.html"'),
        ('template = "welcom.html"', 'template = "welcom.html": there is no templates/welcom.html;'
         ' did you mean template = "welcome.html"?'),
        ('template = "zzz"', 'template = "zzz": there is no templates/zzz; '
         "create it, or name another file with template"),
        ('template = "broken.html"', 'template = "broken.html": templates/broken.html, line 2: '
         "Encountered unknown tag 'fi'; correct it there"),
        ('template = "latin.html"', 'template = "latin.html": templates/latin.html is not UTF-8 '
         "text; save it as UTF-8"),
        ('when_pressed.button = "open"', "when_pressed: unknown key; "
         'write on_press.<pin> = "<next page>"'),
        ('on_lo.button = "open"', "on_lo: unknown key; did you mean on_low?"),
        ("lockout = 1", 'lockout = 1: needs a unit; write "1ms" or "1s"'),
        ('idle = "60s"', 'idle = "60s": must be { after = "60s", to = "<page>" }, or false'),
        ('idle = { after = "60s" }', 'idle: must be { after = "60s", to = "<page>" }, or false'),
        ('idle = { after = 60, to = "open" }', "idle: must have text in quotes; "
         'write { after = "60s", to = "<page>" }'),
        ('idle = { after = "9ms", to = "open" }', 'idle: after must be from 1s to 1d; '
         '"9ms" is not'),
        ('idle = { after = "9s", to = "opn" }', 'idle: there is no page named "opn"; '
         'did you mean "open"?'),
        ('idle = { after = "9s", to = "open", warm = "2s" }', "idle: warm is none of its keys; "
         "write one of after, to, pins, warn"),
        ('idle = { after = "9s", to = "open", pins = "button" }', "idle: pins must be a list of "
         'names; write pins = ["<pin>"]'),
        ('idle = { after = "9s", to = "open", pins = ["buton"] }', "idle: there is no pin named "
         '"buton"; did you mean "button"?'),
        ('idle = { after = "9s", to = "open", warn = "9s" }', "idle: warn must be from 1s to less "
         'than after; "9s" is not'),
        ('idle = { after = "9s", to = "open", warn = 3 }', "idle: must have text in quotes; "
         'write { after = "60s", to = "<page>" }'),
        ("prerender = true\nprefetch = false", "prefetch = false: prerender = true fetches the "
         "page ahead, too; leave one of them out"),
    ],
)  # fmt: skip
def test_a_wrong_line_of_a_page(folder: Path, line: str, problem: str) -> None:
    """Each wrong line of a page is told with place, value and remedy."""
    (folder / "templates" / "broken.html").write_text("<p>\n{% fi %}", encoding="utf-8")
    (folder / "templates" / "latin.html").write_bytes(b"caf\xe9")
    text = f"{PINS}[pages.welcome]\n{line}\n[pages.open]"
    assert problems(text, folder) == [f"config.toml: pages.welcome.{problem}"]


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("[pages.welcom]", 'pages.welcom: there is no templates/welcom.html; '
         'did you mean template = "welcome.html"?'),
        ("[pages.zzz]", "pages.zzz: there is no templates/zzz.html; "
         "create it, or name another file with template"),
        ('[pages."Main Hall"]', "pages.\"Main Hall\": a page's name has 1 to 32 of a-z, 0-9 and "
         '"-"; write [pages.main-hall]'),
        ('[pages."é"]', "pages.\"é\": a page's name has 1 to 32 of a-z, 0-9 and \"-\"; rename it"),
        ("[[pages.hall]]", "pages.hall = [{}]: must be a section; write [pages.hall]"),
        ('[pages]\nhall = "x"', 'pages.hall = "x": must be a section; write [pages.hall]'),
        ('[pages]\ntemplate = "x"', 'pages.template = "x": is a key of a single page; '
         "write it below [pages.<name>]"),
        *((f"[pages.{name}]", f"pages.{name}: this path is the bridge's own; rename the page")
          for name in sorted(RESERVED)),
    ],
)  # fmt: skip
def test_a_wrong_page(folder: Path, header: str, problem: str) -> None:
    """A page with a wrong name, body or template is told with its place and a remedy."""
    text = f"{PINS}{PAGES}{header}"
    assert problems(text, folder) == [f"config.toml: {problem}"]


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
         "server, gpio, limits, kiosk, pins, pages, every_page"),
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
         'must be true or false, without quotes; leave it out for the default of false'),
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


def test_idle_has_pins_and_a_warning(folder: Path) -> None:
    """What holds a page beside its rules' pins, and when it says that it leaves (rows 35, 41)."""
    idle = 'idle = { after = "60s", to = "open", pins = ["button"], warn = "10s" }'
    page = check(f"{PINS}[pages.welcome]\n{idle}\n[pages.open]", folder).pages["welcome"]
    assert page.idle == Idle(after_s=60.0, to="open", pins=("button",), warn_s=10.0)


@pytest.mark.parametrize(
    ("line", "template", "view"),
    [("", True, False), ("prefetch = false", False, False), ("prefetch = true", True, True),
     ("prerender = true", True, True)],
)  # fmt: skip
def test_what_is_fetched_ahead(folder: Path, line: str, template: bool, view: bool) -> None:
    """A template unless it says not to, a view only if it says so (row 30)."""
    text = f"{PINS}[pages.welcome]\n{line}\n"
    for views, ahead in (((), template), (("welcome",), view)):
        settings = check(text, folder, views)
        assert settings.pages["welcome"].fetched_ahead is ahead


def test_a_view_with_a_template_is_a_contradiction(folder: Path) -> None:
    """A page can't be both a template's and a view's."""
    text = f'{PINS}[pages.welcome]\ntemplate = "open.html"'
    assert problems(text, folder, views=["welcome"]) == [
        'config.toml: pages.welcome.template = "open.html": a Flask view serves this page; '
        "leave it out"
    ]


def test_a_view_needs_a_good_name_too(folder: Path) -> None:
    """The name of a view's page is its path, like any other."""
    assert problems(f"{PINS}[pages.welcome]", folder, views=["api"]) == [
        "config.toml: pages.api: this path is the bridge's own; rename the page"
    ]


# --- All that is wrong, at once ---------------------------------------------------------------


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


# --- Reading the file -------------------------------------------------------------------------


def test_load_reads_the_file_it_is_given(folder: Path) -> None:
    """The file's folder is the exhibit's, and its path is what messages name."""
    path = write(folder, PINS + PAGES)
    settings = config.load(path, environ={})
    assert settings.folder == folder
    assert settings.source == str(path)


def test_load_takes_the_file_of_the_current_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a path, ``config.toml`` here is read, and named so."""
    write(folder, PINS + PAGES)
    monkeypatch.chdir(folder)
    settings = config.load(environ={})
    assert settings.source == "config.toml"
    assert settings.folder == folder


def test_load_falls_back_to_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file here, the packaged example is read, and it is right."""
    monkeypatch.chdir(tmp_path)
    settings = config.load(environ={})
    assert settings.source == str(config.example_file())
    assert settings.server.start == "welcome"


def test_templates_lie_beside_a_linked_file(folder: Path, tmp_path: Path) -> None:
    """Where the file is a link, its folder is the link's."""
    target = tmp_path / "elsewhere.toml"
    target.write_text(PINS + PAGES, encoding="utf-8")
    link = folder / "config.toml"
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("links need a permission here")
    assert config.load(link, environ={}).folder == folder


def test_a_byte_order_mark_does_no_harm(folder: Path) -> None:
    """An editor of Windows may write one."""
    path = folder / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf" + (PINS + PAGES).replace("\n", "\r\n").encode())
    assert config.load(path, environ={}).server.start == "welcome"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "there is no such file; name another with --config"),
        (b"\xff", "is not UTF-8 text (byte 0); save it as UTF-8"),
        (b"[pins]\nbutton = 17 18\n", "is not valid TOML: Expected newline or end of document "
         'after a statement (at line 2, column 13); text such as "20ms" needs its quotes'),
        (b"[pins]\nbutton = 17\nbutton = 18\n\n", "is not valid TOML: Cannot overwrite a value "
         "(at line 3, column 12); a key or a section stands there only once"),
        (b"[pins]\n[pins]\n", "is not valid TOML: Cannot declare ('pins',) twice "
         "(at line 2, column 6); a key or a section stands there only once"),
        ("[server]\nhost = “::”\n".encode(), "is not valid TOML: Invalid value "
         '(at line 2, column 8); write the straight quotes "'),
    ],
)  # fmt: skip
def test_a_file_that_can_not_be_read(tmp_path: Path, content: bytes | None, problem: str) -> None:
    """A file that is missing, not text or not TOML is one problem with a remedy."""
    path = tmp_path / "config.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        config.load(path, environ={})
    assert caught.value.problems == (f"{path}: {problem}",)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """Who names the folder is told the file in it."""
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path, environ={})
    assert caught.value.problems == (
        f"{tmp_path}: is a folder; name the file in it, such as {tmp_path / 'config.toml'}",
    )


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's reason is told."""

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ConfigError, match=r"can't be read \(permission denied\); change that"):
        config.load(write(tmp_path, ""), environ={})


# --- Variables and options --------------------------------------------------------------------


def test_a_variable_overrides_the_file_and_an_option_both(folder: Path) -> None:
    """The command line has the last word, the environment the one before."""
    path = write(folder, f"[server]\nport = 1\n{PINS}{PAGES}")
    environ = {"GPIOBRIDGE_SERVER__PORT": "2"}
    assert config.load(path, environ=environ).server.port == 2
    assert config.load(path, environ=environ, overrides={"server.port": 3}).server.port == 3
    assert config.load(path, environ=environ, overrides={"server.port": None}).server.port == 2


def test_a_variable_reaches_a_pin_in_short_form(folder: Path) -> None:
    """A pin that is only a number in the file can get a debounce from outside."""
    path = write(folder, f"[pins]\nbutton = 17\n{PAGES}")
    pin = config.load(path, environ={"GPIOBRIDGE_PINS__BUTTON__DEBOUNCE": "5ms"}).pins["button"]
    assert (pin.pin, pin.debounce_s) == (17, pytest.approx(0.005))


@pytest.mark.parametrize(
    ("environ", "overrides", "problem"),
    [
        ({"GPIOBRIDGE_SERVER__PORT": "abc"}, {}, 'GPIOBRIDGE_SERVER__PORT = "abc": must be a '
         "whole number, without quotes; leave it out for the default of 8000"),
        ({"GPIOBRIDGE_SERVR__PORT": "1"}, {}, "GPIOBRIDGE_SERVR__PORT: unknown section; "
         "did you mean server?"),
        ({"GPIOBRIDGE_SERVER__PROT": "1"}, {}, "GPIOBRIDGE_SERVER__PROT = 1: unknown key; "
         "did you mean port?"),
        ({"GPIOBRIDGE_PAGES__WELCOME": '{on_low = {button = "opn"}}'}, {},
         'GPIOBRIDGE_PAGES__WELCOME: on_low.button = "opn": there is no page named "opn"; '
         'did you mean "open"?'),
        ({}, {"server.port": 70000}, "--port = 70000: must be at most 65535; "
         "leave it out for the default of 8000"),
        ({}, {"server.host": "0.0.0.0"}, f'--host = "0.0.0.0": {OPEN}'),
    ],
)  # fmt: skip
def test_a_problem_names_the_variable_or_option(
    folder: Path, environ: dict[str, str], overrides: dict[str, object], problem: str
) -> None:
    """What came from outside the file is told with the place it came from."""
    path = write(folder, PINS + PAGES)
    with pytest.raises(ConfigError) as caught:
        config.load(path, environ=environ, overrides=overrides)
    assert caught.value.problems == (problem,)
