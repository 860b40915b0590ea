"""`gpiobridge check`: what it shows."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from harness.api_exhibit import EXHIBIT
from harness.exhibit import write_exhibit

from gpiobridge.cli import checked, main
from gpiobridge.config.words import is_secret

TOKEN = "0123456789abcdef"

FULL = f"""
[server]
host = "0.0.0.0"
start = "open"
token = "{TOKEN}"
api_token = "{TOKEN[::-1]}"
allowed_hosts = ["one.example.org", "two.example.org"]
beat = "1s"
[kiosk]
allow = ["https://example.org"]
renew = "04:05"
[gpio]
pin_factory = "mock"
[pins.button]
pin = "BOARD23"
hold = "1.5s"
[pins.door]
pin = 30
pull = "down"
debounce = "500us"
[pins.bell]
source = "http"
counts = "first"
[pages.welcome]
prerender = true
lockout = "800ms"
on_low.button = "open"
while_high.door = "open"
[pages.open]
prefetch = false
client = false
on_hold.button = "welcome"
idle = {{ after = "90s", to = "welcome", warn = "10s", pins = ["bell"] }}
"""


def check(tmp_path: Path, text: str) -> list[list[str]]:
    """The rows that `check` shows, each as its cells."""
    (tmp_path / "templates").mkdir(exist_ok=True)
    for name in ("welcome", "open"):
        (tmp_path / f"templates/{name}.html").write_text("x", encoding="utf-8")
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(main, ["check", "--config", str(path)])
    assert done.exit_code == 0, done.output
    assert all(len(line) <= 80 for line in done.stdout.splitlines()[2:])
    assert TOKEN not in done.output
    assert TOKEN[::-1] not in done.output
    return [
        [cell.strip() for cell in line.split("  ") if cell.strip()]
        for line in done.stdout.splitlines()
    ]


def test_check_shows_virtual_pins(tmp_path: Path) -> None:
    """They have http where others have a number."""
    path = write_exhibit(tmp_path, config=EXHIBIT)
    said = CliRunner().invoke(main, ["check", "--config", str(path)]).output
    assert "button  GPIO 17, header pin 11  up    low     20ms      2s\n" in said
    assert "bell    http                    up    low     5ms       300ms\n" in said
    assert "gate    http                    none  high    20ms      2s\n" in said


@pytest.mark.parametrize(
    "row",
    [
        ["server.host", "0.0.0.0"],
        ["server.port", "8000", "default"],
        ["server.start", "open"],
        ["server.beat", "1s"],
        ["server.catch_up", "10s", "default"],
        ["server.token", "given"],
        ["server.api_token", "given"],
        ["server.allowed_hosts", "one.example.org"],
        ["two.example.org"],
        ["server.csp", "local", "default"],
        ["server.open", "false", "default"],
        ["kiosk.allow", "https://example.org"],
        ["kiosk.renew", "04:05"],
        ["stage.ahead", "2", "default"],
        ["stage.fresh", "5min", "default"],
        ["gpio.pin_factory", "mock"],
        ["gpio.chip", "auto", "default"],
        ["limits.displays_per_address", "500", "default"],
        ["button", "GPIO 11, header pin 23", "up", "low", "20ms", "1.5s"],
        ["door", "GPIO 30, not on the header", "down", "high", "500us", "2s"],
        ["bell", "http", "up", "low", "20ms (first edge)", "2s"],
        ["welcome", "welcome.html", "button is low", "open"],
        ["door is high, at load, too", "open"],
        ["open (start)", "open.html", "button is held", "welcome"],
        ["idle for 90s, warns for 10s", "welcome"],
        ["bell keeps it, too"],
        ["welcome", "prerendered", "800ms", "yes"],
        ["open", "no", "0s", "no"],
    ],
    ids=lambda row: row[0],
)
def test_check_shows_what_it_has_checked(tmp_path: Path, row: list[str]) -> None:
    """Every kind of value is in its tables, in 80 columns, and no secret (issue 14, point 2)."""
    assert row in check(tmp_path, FULL)


def test_check_shows_every_key_of_the_sections(tmp_path: Path) -> None:
    """A key that is added is shown without a line of its own."""
    shown = {row[0] for row in check(tmp_path, FULL) if row}
    for section, keys in checked._SECTIONS.items():
        assert {f"{section}.{key}" for key in keys.known_keys()} <= shown


def test_every_secret_is_known_as_one() -> None:
    """A key with a secret that is added must not be shown: ``api`` says a word alone."""
    keys = {key for keys in checked._SECTIONS.values() for key in keys.known_keys()}
    assert {key for key in keys if is_secret(key)} == {*checked._SECRETS, "api"}


def test_a_line_of_another_chip_is_on_no_header(tmp_path: Path) -> None:
    """Whether the pin names the chip or [gpio] does."""
    text = FULL.replace('pin_factory = "mock"', 'chip = "gpiochip2"')
    text = text.replace("pin = 30", 'pin = 3\nchip = "gpiochip3"')
    rows = check(tmp_path, text)
    assert ["button", "line 11 of gpiochip2", "up", "low", "20ms", "1.5s"] in rows
    assert ["door", "line 3 of gpiochip3", "down", "high", "500us", "2s"] in rows


OUTPUTS = """
[pins]
button = 17
[outputs]
lamp = 22
button-lamp = { pin = 5, follows = "button" }
sign = { pin = 6, initial = "blink", blink = "1s", safe = "on" }
[outputs.left-door-of-the-hall]
pin = 3
chip = "gpiochip2"
active = "low"
pulse = "1.5s"
max_on = "2s"
without_display = "off"
from_pages = true
[pages.welcome]
on_low.button = "open"
outputs.lamp = "blink"
outputs.left-door-of-the-hall = "off"
[pages.open]
outputs.lamp = { state = "on", keep = true }
outputs.left-door-of-the-hall = "pulse"
"""


@pytest.mark.parametrize(
    "row",
    [
        ["output", "where", "active", "initial", "safe", "max on"],
        ["lamp", "GPIO 22, header pin 15", "high", "off", "off"],
        ["button-lamp", "GPIO 5, header pin 29", "high", "off"],
        ["sign", "GPIO 6, header pin 31", "high", "blink 1s", "on"],
        ["left-door-of-the-hall", "line 3 of gpiochip2", "low", "off", "off", "2s"],
        ["output", "state", "when"],
        ["lamp", "blink 500ms", "page welcome"],
        ["on", "page open, and after it"],
        ["button-lamp", "on", "pin button would move a display"],
        ["blink 500ms", "pin button moves a display"],
        ["left-door-of-the-hall", "off", "page welcome"],
        ["pulse 1.5s", "page open"],
        ["off", "no display is connected"],
        ["any", "a page on the kiosk sets it"],
        ["sign", "any", "only the application or the API sets it"],
    ],
    ids=lambda row: f"{row[0]} {row[1]}",
)
def test_check_shows_the_outputs(tmp_path: Path, row: list[str]) -> None:
    """Where they are, and what sets them."""
    assert row in check(tmp_path, OUTPUTS)


def test_a_file_without_outputs_needs_no_table_of_them(tmp_path: Path) -> None:
    """Most files have none."""
    least = "[pins]\nbutton = 17\n[pages.welcome]\n[pages.open]\n"
    assert "output" not in [row[0] for row in check(tmp_path, least) if row]


def said_of_stage(tmp_path: Path, text: str) -> str:
    """What `check` says below its tables, in one line."""
    rows = check(tmp_path, text)
    last = max(number for number, row in enumerate(rows) if row[:2] == ["page", "loaded ahead"])
    below = [*rows[last:], []]
    return " ".join(" ".join(row) for row in below[below.index([]) :]).strip()


WITHOUT = FULL.replace("prerender = true", "")


def test_check_names_the_pages_that_come_later_than_they_could(tmp_path: Path) -> None:
    """Those that a rule or idle leads to, without prerender (issue 16, point 1)."""
    assert said_of_stage(tmp_path, WITHOUT) == (
        "The kiosk loads these pages at the press: welcome, open. To have a page ready before the "
        "press, write prerender = true below it. Its scripts then run before it is shown."
    )
    assert ": open. To " in said_of_stage(tmp_path, FULL)
    nowhere = '[pins]\nbutton = 17\n[pages.welcome]\n[pages.open]\non_low.button = "open"'
    assert said_of_stage(tmp_path, nowhere) == ""


@pytest.mark.parametrize("line", ["kiosk = false", "ahead = 0"])
def test_check_says_nothing_of_a_stage_that_holds_no_page(tmp_path: Path, line: str) -> None:
    """Where the kiosk opens no stage, or on a small machine, the line would help nobody."""
    assert said_of_stage(tmp_path, f"{WITHOUT}[stage]\n{line}\n") == ""


def test_check_says_which_pages_there_is_no_room_for(tmp_path: Path) -> None:
    """More pages with prerender follow a page than the stage holds, in the order of the rules."""
    text = """
    [stage]
    ahead = 1
    [pins]
    button = 17
    [pages.welcome]
    on_low.button = "open"
    idle = { after = "9s", to = "other" }
    [pages.open]
    prerender = true
    [pages.other]
    template = "open.html"
    prerender = true
    """
    assert said_of_stage(tmp_path, text) == (
        "Page welcome leads to 2 pages with prerender = true. The kiosk holds the first 1 of them "
        "ready (stage.ahead): open, other."
    )


def test_check_shows_that_a_page_fades_in(tmp_path: Path) -> None:
    """Beside when it is loaded."""
    rows = check(tmp_path, FULL.replace("prefetch = false", 'transition = "fade"'))
    assert ["open", "prefetched, fades in", "0s", "no"] in rows
