"""A line that is no TOML gets a suggestion which `check` accepts, or hears what its key takes."""

from pathlib import Path

import pytest

from gpiobridge import config
from gpiobridge.config import toml_values
from gpiobridge.config.kinds import KINDS, kind_of
from gpiobridge.config.output_kinds import OUTPUT_KINDS, output_kind
from gpiobridge.config.settings import OutputState
from gpiobridge.config.tables import (
    AlarmsTable,
    DisplayTable,
    GpioTable,
    HoursTable,
    KioskTable,
    LimitsTable,
    PageTable,
    ServerTable,
    SoundTable,
    StageTable,
    Table,
)
from gpiobridge.config.values import Choice, Flag, Seconds, Texts, Whole
from gpiobridge.core.triggers import TABLES as RULES
from gpiobridge.errors import ConfigError

TABLES = (
    AlarmsTable,
    DisplayTable,
    GpioTable,
    KioskTable,
    LimitsTable,
    PageTable,
    ServerTable,
    SoundTable,
    StageTable,
)

BASE = """\
[server]
port = 8000
{server}
[kiosk]
{kiosk}
[gpio]
pin_factory = "mock"
[pins]
button = 17
{pins}
[pins.bell]
pin = 22
{pin}
[outputs]
lamp = 23
{outputs}
[outputs.lock]
pin = 24
{output}
[hours]
page = "open"
{hours}
[pages.welcome]
{page}
[pages.open]
on_low.button = "welcome"
"""

# The section, the line, and the line that is suggested.
MEANT = [
    ("server", "threads = 0_8_", "threads = 8"),
    ("server", 'threads = "8', "threads = 8"),
    ("server", 'threads = 8"', "threads = 8"),
    ("server", "threads = 08", "threads = 8"),
    ("server", "export threads = 8", "threads = 8"),
    ("server", "beat = 2,5s", 'beat = "2.5s"'),
    ("server", "beat = .5s", 'beat = "0.5s"'),
    ("server", "beat = 2S", 'beat = "2s"'),
    ("server", "beat = 00:02", 'beat = "2s"'),
    ("server", 'beat = "2"s', 'beat = "2s"'),
    ("server", 'beat = 2"s"', 'beat = "2s"'),
    ("server", "beat = 2 Sekunden", 'beat = "2 s"'),
    ("server", "csp = off", 'csp = "off"'),
    ("server", "csp = Strict", 'csp = "strict"'),
    ("server", 'open = "false', "open = false"),
    ("server", "host = \\\"127.0.0.1\\\"", 'host = "127.0.0.1"'),
    ("server", "host = &quot;127.0.0.1&quot;", 'host = "127.0.0.1"'),
    ("server", 'host = u"127.0.0.1"', 'host = "127.0.0.1"'),
    ("server", "host = ''127.0.0.1''", 'host = "127.0.0.1"'),
    ("server", '"host = "127.0.0.1"', 'host = "127.0.0.1"'),
    ("server", "allowed_hosts = a.example, b.example",
     'allowed_hosts = ["a.example", "b.example"]'),
    ("server", 'allowed_hosts = {"a.example"}', 'allowed_hosts = ["a.example"]'),
    ("server", 'allowed_hosts = [,"a.example"]', 'allowed_hosts = ["a.example"]'),
    ("server", 'allowed_hosts = ["a.example', 'allowed_hosts = ["a.example"]'),
    ("server", 'allowed_hosts[0] = a.example', 'allowed_hosts = ["a.example"]'),
    ("kiosk", "allow = https://a.example", 'allow = ["https://a.example"]'),
    ("kiosk", 'allow = ["https://a.example", https://b.example]',
     'allow = ["https://a.example", "https://b.example"]'),
    ("kiosk", "allow = {https://a.example}", 'allow = ["https://a.example"]'),
    ("kiosk", "renew = 4 am", 'renew = "04:00"'),
    ("kiosk", "renew = 04.30", 'renew = "04:30"'),
    ("kiosk", "camera = enabled", "camera = true"),
    ("hours", "screen = off", 'screen = "off"'),
    ("hours", "wake = 5 min", 'wake = "5 min"'),
    ("pins", "led = GPIO 18", 'led = "GPIO18"'),
    ("pins", "led = $18", "led = 18"),
    ("pins", "led { pin = 18 }", "led = { pin = 18 }"),
    ("pins", "led = ( pin = 18 )", "led = { pin = 18 }"),
    ("pins", 'led = [ pin = 18, pull = "up" ]', 'led = { pin = 18, pull = "up" }'),
    ("pins", 'led = { pin = 18; pull = "up" }', 'led = { pin = 18, pull = "up" }'),
    ("pins", "led = { pin = 18, debounce = 20 ms }", 'led = { pin = 18, debounce = "20 ms" }'),
    ("pins", "led = { pin = 18, hold = 1,5s }", 'led = { pin = 18, hold = "1.5s" }'),
    ("pins", "led = { pin = 018, pull = Up }", 'led = { pin = 18, pull = "up" }'),
    ("pins", "led = { pin = 18, pull = 'up\" }", 'led = { pin = 18, pull = "up" }'),
    ("pin", "pull = off", None),
    ("pin", "pull = none", 'pull = "none"'),
    ("pin", "pull = PUD_UP", 'pull = "up"'),
    ("pin", "pull = 'up''", 'pull = "up"'),
    ("pin", "active = LOW", 'active = "low"'),
    ("pin", "active = on", None),
    ("page", r'template = "templates\welcome.html"', 'template = "welcome.html"'),
    ("page", r"template = C:\exhibit\templates\welcome.html", 'template = "welcome.html"'),
    ("page", "on_low.button = open.html", 'on_low.button = "open"'),
    ("page", "on_low.button = [open]", 'on_low.button = "open"'),
    ("page", 'on_low(button) = "open"', 'on_low.button = "open"'),
    ("page", 'on_low button = "open"', 'on_low.button = "open"'),
    ("page", "on_low.button = yes", None),
    ("outputs", "led = GPIO 18", 'led = "GPIO18"'),
    ("outputs", "led { pin = 18, safe = On }", 'led = { pin = 18, safe = "on" }'),
    ("outputs", "led = { pin = 018, max_on = 2 s }", 'led = { pin = 18, max_on = "2 s" }'),
    ("output", "initial = blink", 'initial = "blink"'),
    ("output", "safe = OFF", 'safe = "off"'),
    ("output", "without_display = off", 'without_display = "off"'),
    ("output", "active = LOW", 'active = "low"'),
    ("hours", "open = Mon-Fri 09:30-17:00", 'open = ["Mon-Fri 09:30-17:00"]'),
    ("hours", 'closed = {"2026-12-25"}', 'closed = ["2026-12-25"]'),
    ("hours", "timezone = Europe/Berlin", 'timezone = "Europe/Berlin"'),
    ("output", "blink = 500ms", 'blink = "500ms"'),
    ("output", "max_on = 2,5s", 'max_on = "2.5s"'),
    ("output", "max_on = 2s", 'max_on = "2s"'),
    ("output", "pulse = 1s", 'pulse = "1s"'),
    ("output", "from_pages = yes", "from_pages = true"),
    ("output", "kind = gpio", 'kind = "gpio"'),
    ("output", "kind = relay", None),
    ("output", 'follows = button"', 'follows = "button"'),
    ("page", "outputs.lamp = On", 'outputs.lamp = "on"'),
    ("page", "outputs.lamp = lit", None),
    ("page", "outputs.lamp = { state = off, keep = yes }",
     'outputs.lamp = { state = "off", keep = true }'),
    ("page", "outputs = { lamp = on, lock = off }", 'outputs = { lamp = "on", lock = "off" }'),
]  # fmt: skip


def _problem(tmp_path: Path, section: str, line: str) -> str:
    """What is said of a line in an exhibit that is right otherwise; empty if all is right."""
    path = tmp_path / "config.toml"
    sections = ("server", "kiosk", "pins", "pin", "outputs", "output", "hours", "page")
    parts = dict.fromkeys(sections, "")
    if "open" not in line or section != "hours":
        parts["hours"] = 'open = ["10:00-12:00"]\n'
    if line.startswith("pull") and "none" in line:
        parts["pin"] = 'active = "low"\n'
    parts[section] += line
    path.write_text(BASE.format(**parts), encoding="utf-8")
    (tmp_path / "templates").mkdir(exist_ok=True)
    for page in ("welcome", "open"):
        (tmp_path / "templates" / f"{page}.html").write_text("<body></body>", encoding="utf-8")
    try:
        config.load(path, environ={})
    except ConfigError as error:
        (sentence,) = error.problems
        return sentence
    return ""


@pytest.mark.parametrize(("section", "line", "meant"), MEANT, ids=[line for _, line, _ in MEANT])
def test_what_is_suggested_is_accepted(
    tmp_path: Path, section: str, line: str, meant: str | None
) -> None:
    """The line fits its key: nobody mends a line twice."""
    said = _problem(tmp_path, section, line)
    assert f"`{line}` " in said
    if meant is None:
        assert not said.endswith(("= true", "= false"))
        return
    assert said.endswith(f"; write {meant}"), said
    assert not _problem(tmp_path, section, meant)


@pytest.mark.parametrize(
    ("section", "line", "remedy"),
    [
        ("server", "threads = eight", "write a whole number, without quotes"),
        ("server", "open = ja", "write true or false, without quotes"),
        ("server", "beat = PT2S", 'write a duration in quotes, such as beat = "2s"'),
        ("server", "beat = 2''", 'write beat = "2ms" or beat = "2s"'),
        ("server", "csp = lax", 'write "local", "strict" or "off"'),
        ("kiosk", "renew = never", 'write a time of day in quotes, such as renew = "04:00"'),
        ("pins", "led = Button(18)", "write its BCM number, such as 17"),
        ("pin", "pull = off", 'write "up", "down" or "none"'),
        ("page", "on_low.button = yes", 'write the name of a page in quotes, such as "welcome"'),
        ("page", "idle = 60s", 'write idle = { after = "60s", to = "<page>" }, or false'),
        ("page", "camera:", "write camera = and its value"),
    ],
)
def test_what_can_not_be_told_names_what_the_key_takes(
    tmp_path: Path, section: str, line: str, remedy: str
) -> None:
    """A wrong guess would cost another round."""
    assert _problem(tmp_path, section, line).endswith(f"; {remedy}")


@pytest.mark.parametrize(
    ("section", "line", "what", "remedy"),
    [
        ("pins", "led = { pin = 18, pull = }", "has no value for pull",
         "write pull = and its value"),
        ("pins", "led = {{ pin = 18 }", 'opens "{" too often', "leave one of them out"),
        ("pins", "led = pin = 18", 'has a second "="', "write one key and one value on each line"),
        ("pins", "led = 18 door = { pin = 9 }", "has two keys", "put door on the next line"),
        ("pin", 'hold = "2s" "3s', None, None),
        ("pins", "set led 18", 'has no "=", and several words', "write it like button = 17"),
        ("pins", "<!-- led = 18 -->", 'begins with "<!--", which is not a comment',
         "write # there"),
        ("page", 'template = "wel\ncome.html"', "goes on in the next line",
         "write it all on one line"),
        ("server", "allowed_hosts:\n  - a.example", 'has a colon where "=" belongs',
         "write allowed_hosts = and its value"),
        ("server", "allowed_hosts = [\n  - a.example\n]",
         'begins with "-", which TOML does not know', 'write "a.example",'),
        ("server", 'allowed_hosts = [\n  "a.example,\n]', "opens a quote and does not close it",
         'write "a.example",'),
        ("server", "[pins(led)]", "has no dot between its names", "write [pins.led]"),
        ("server", "[pins[led]]", "has no dot between its names", "write [pins.led]"),
        ("server", "[pins,led]", "has no dot between its names", "write [pins.led]"),
        ("server", "**[pins.led]**", "is not the header of a section", "write [pins.led]"),
        ("server", '[pages."tür]', "opens a quote and does not close it", "write [pages.tuer]"),
        ("server", "[pages.Öl]",
         'has the name "Öl", but a page\'s name has 1 to 32 of a-z, 0-9 and "-"',
         "write [pages.oel]"),
    ],
)  # fmt: skip
def test_faults_of_shape(
    tmp_path: Path, section: str, line: str, what: str | None, remedy: str | None
) -> None:
    """Braces, brackets and headers; the line that is shown is the wrong one."""
    said = _problem(tmp_path, section, line)
    assert "``" not in said
    if what is not None:
        assert f"` {what}; {remedy}" in said, said


def _kinds(table: type[Table]) -> dict[str, object]:
    """Name the list of `toml_values` that each key of a table belongs to."""
    return {key.name: _kind(key.read) for key in table.keys.values()}


def _kind(reader: object) -> object:
    """Find the kind of a key by its reader; the words themselves if it takes words."""
    match reader:
        case Seconds():
            return "durations"
        case Flag():
            return "flags"
        case Whole():
            return "numbers"
        case Texts():
            return "lists"
        case Choice():
            return reader.words
    return None


def test_the_names_of_keys_are_those_of_the_tables() -> None:
    """A key that is added to a table without its kind is noticed here."""
    pins: list[type[Table]] = [kind_of(source).table for source in KINDS]
    outputs: list[type[Table]] = [output_kind(kind).table for kind in OUTPUT_KINDS]
    kinds: dict[str, object] = {}
    tables: list[type[Table]] = [*TABLES, *pins, *outputs]
    for table in tables:
        kinds |= _kinds(table)
    names = {
        kind: {name for name, each in kinds.items() if each == kind}
        for kind in ("numbers", "flags", "lists", "durations")
    }
    assert names["numbers"] - {"renew", "pin"} == set(toml_values.NUMBERS)
    assert names["flags"] | {"keep", "trust_clock"} == set(toml_values.FLAGS)
    assert names["lists"] == set(toml_values.LISTS)
    assert names["durations"] | {"warn", "wake"} == set(toml_values.DURATIONS)
    choices = {name: each for name, each in kinds.items() if isinstance(each, tuple)}
    elsewhere = ("source", "kind", "state", "screen")
    chosen = {k: v for k, v in toml_values.CHOICES.items() if k not in elsewhere}
    assert choices == chosen
    assert toml_values.CHOICES["source"] == tuple(KINDS)
    assert toml_values.CHOICES["kind"] == tuple(OUTPUT_KINDS)
    assert toml_values.CHOICES["state"] == tuple(OutputState)
    known = {*names["numbers"], *toml_values.TEXTS, *toml_values.CHOICES}
    known |= names["flags"] | names["lists"] | names["durations"] | set(RULES)
    assert set(kinds) <= known | {"volume", "scale"}  # no line of these is taken for another number


def test_the_names_of_the_keys_of_hours() -> None:
    """Two of them are other kinds of keys elsewhere."""
    kinds = _kinds(HoursTable)
    assert {name for name, kind in kinds.items() if kind == "lists"} == {
        *toml_values.LISTS_OF_HOURS
    }
    texts, flags = {"timezone", "page"}, {"trust_clock"}
    assert set(kinds) == {*toml_values.LISTS_OF_HOURS, *texts, *flags, "screen", "wake"}
    assert toml_values.CHOICES["screen"] == ("on", "off")
    assert texts <= set(toml_values.TEXTS)
    assert flags <= set(toml_values.FLAGS)


@pytest.mark.parametrize(
    "line",
    [
        'tken = "9f86d081884c7d65', 'to,ken = "9f86d081884c7d65"', "bearer = 9f86d081884c7d65",
        "key = 9f86d081884c7d659a2f", 'tok\u00e9n: "9f86d081884c7d65"',
        'allowed_hosts = [\n  token = "9f86d081884c7d65"\n]',
        'token = [\n  "9f86d081884c7d65\n]', 'token = [\n  9f86d081884c7d65 x\n]',
    ],
)  # fmt: skip
def test_a_secret_is_hidden_under_a_misspelled_name_too(tmp_path: Path, line: str) -> None:
    """A problem ends in a log."""
    said = _problem(tmp_path, "server", line)
    assert "9f86" not in said
    assert "c7d65" not in said


@pytest.mark.parametrize("section", ["[limits]", "[pins.x]", "[pages.x]", "[kiosk]", ""])
def test_a_token_in_the_wrong_section_is_hidden(tmp_path: Path, section: str) -> None:
    """It is an unknown key there; its value is nobody's."""
    path = tmp_path / "config.toml"
    path.write_text(f'{section}\ntoken = "9f86d081884c7d65"\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(path, environ={})
    assert "9f86" not in "".join(caught.value.problems)


@pytest.mark.parametrize("name", ["server", "limits", "pins.button", "pages.welcome", "every_page"])
def test_double_brackets_are_one_pair_too_many(tmp_path: Path, name: str) -> None:
    """They make a list of tables; what is in it may be a secret, and is not shown."""
    path = tmp_path / "config.toml"
    path.write_text(f'[[{name}]]\ntoken = "9f86d081884c7d65"\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(path, environ={})
    assert f"{path}: {name}: must be a section; write [{name}]" in caught.value.problems
    assert "9f86" not in "".join(caught.value.problems)
