"""A file that is no TOML: the line as it stands, what is wrong in it, and a remedy that fits."""

import random
import re
import tomllib
from pathlib import Path

import pytest

from gpiobridge import config
from gpiobridge.client.target import find_bridge
from gpiobridge.config.toml_errors import explain_toml
from gpiobridge.errors import ConfigError

SECRET = "0123456789abcdef"


def problem(tmp_path: Path, content: str | bytes) -> str:
    """What is said of a file, after its name."""
    path = tmp_path / "config.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ConfigError) as caught:
        config.load(path, environ={})
    (sentence,) = caught.value.problems
    assert sentence.startswith(str(path)), sentence
    return sentence.removeprefix(str(path)).removeprefix(", ")


PIN_RULE = 'a pin\'s name has 1 to 32 of A-Z, a-z, 0-9, "_" and "-"'
PAGE_RULE = 'a page\'s name has 1 to 32 of a-z, 0-9 and "-"'
SPECIAL = "has a backslash in double quotes, where it has a special meaning"

# A line, what is said of it after the line itself, and the remedy.
LINES = [
    # Quotes.
    ("debounce = “20ms”", "has the quote “, which is not straight", 'write debounce = "20ms"'),
    ("debounce = „20ms“", "has the quote „, which is not straight", 'write debounce = "20ms"'),
    ("debounce = \u201820ms\u2019 # x", "has the quote \u2018, which is not straight",
     'write debounce = "20ms"'),
    ("debounce = «20ms»", "has the quote «, which is not straight", 'write debounce = "20ms"'),
    ("“debounce” = 20ms", "has the quote “, which is not straight", 'write "debounce" = "20ms"'),
    ('start = "welcome', "opens a quote and does not close it", 'write start = "welcome"'),
    ("start = 'welcome", "opens a quote and does not close it", 'write start = "welcome"'),
    ('start = "welcome  # x', "opens a quote and does not close it", 'write start = "welcome"'),
    ("start = \"welcome'", "begins a text with \" and ends it with '", 'write start = "welcome"'),
    ('start = welcome"', 'has one quote " too few or too many', 'write start = "welcome"'),
    ('start = ""welcome""', "has its quotes twice", 'write start = "welcome"'),
    ("allow = [\"https://a.org]", "opens a quote and does not close it",
     'write allow = ["https://a.org"]'),
    ('host = """127', 'opens """ and nothing closes it', 'write """ there'),
    ("debounce = 20ms", "has text without quotes", 'write debounce = "20ms"'),
    ("debounce = 20 ms  # x", "has text without quotes", 'write debounce = "20 ms"'),
    ("start = welcome", "has text without quotes", 'write start = "welcome"'),
    ("on_low.button = open", "has text without quotes", 'write on_low.button = "open"'),
    ("host = 127.0.0.1", "has text without quotes", 'write host = "127.0.0.1"'),
    ("url = https://pi.example.org", "has text without quotes",
     'write url = "https://pi.example.org"'),
    ("renew = 04:00", "has text without quotes", 'write renew = "04:00"'),
    ("pin = GPIO17", "has text without quotes", 'write pin = "GPIO17"'),
    ("allow = [https://a.org, b]", "has text without quotes",
     'write allow = ["https://a.org", "b"]'),
    ("idle = { after = 60s, to = welcome }", "has text without quotes",
     'write idle = { after = "60s", to = "welcome" }'),
    # Words and numbers.
    ("open = True", "has True, which TOML does not know", "write open = true"),
    ("open = FALSE", "has FALSE, which TOML does not know", "write open = false"),
    ("open = yes", "has yes, which TOML does not know", "write open = true"),
    ("open = off", "has off, which TOML does not know", "write open = false"),
    ("url = None", "has None, but TOML has no empty value", "leave the line out"),
    ("pin = 017", "has a zero in front of a number", "write pin = 17"),
    ("hold = 1,5", "has a comma in a number", 'write hold = "1.5s"'),
    ("hold = .5", "has a number with nothing on one side of its point", 'write hold = "0.5s"'),
    ("pin = 17 18", "has more behind its value: `18`", "leave it out, or put # before it"),
    ("pin = 17 the red one", "has more behind its value: `the red one`",
     "leave it out, or put # before it"),
    ('start = "a" "b"', 'has more behind its value: `"b"`', "leave it out, or put # before it"),
    ("port = 8,000", "has a comma in a number", "write port = 8000"),
    ("pin = 17.", "has a number with nothing on one side of its point", "write pin = 17"),
    ("pin = \uff11\uff17", "has digits of another script", "write pin = 17"),
    ("open = ture", "has ture, which TOML does not know", "write open = true"),
    ('allow = "a", "b"', "has several values", 'write allow = ["a", "b"]'),
    ("title = 'it's'", "has an apostrophe in single quotes", 'write title = "it\'s"'),
    ("pin = (17)", "has a number in brackets", "write pin = 17"),
    # Signs.
    ('on_low.button \u2192 "open"', 'has "\u2192"', 'write on_low.button = "open"'),
    ('on_low[button] = "open"', "has no dot between its names", 'write on_low.button = "open"'),
    ('on_low/button = "open"', "has no dot between its names", 'write on_low.button = "open"'),
    ('pin = 17 pull = "up"', "has two keys", "put pull on the next line"),
    ('pin = 17; pull = "up"', "has two keys", "put pull on the next line"),
    ("pins:", "ends with a colon", "write [pins]"),
    ("button: 17", 'has a colon where "=" belongs', "write button = 17"),
    ("  button : 17  # x", 'has a colon where "=" belongs', "write button = 17"),
    ("start: welcome", 'has a colon where "=" belongs', 'write start = "welcome"'),
    ("idle = { after: \"60s\", to: \"welcome\" }", 'has a colon where "=" belongs',
     'write idle = { after = "60s", to = "welcome" }'),
    ('on_low: button = "open"', "has a colon in its key", 'write on_low.button = "open"'),
    ("pin == 17", 'has "=="', "write pin = 17"),
    ("pin => 17", 'has "=>"', "write pin = 17"),
    ("pin := 17", 'has ":="', "write pin = 17"),
    ("pin 17", 'has no "=" between a key and its value', "write pin = 17"),
    ("pin", "is a key without a value", "write one, or put # before the line"),
    ("pin =", 'has no value after "="', "write one, or put # before the line"),
    ("pin =  # 17", 'has no value after "="', "write one, or put # before the line"),
    ("= 17", 'has no key before "="', "write one there"),
    ("pin = 17,", "ends with a comma", "write pin = 17"),
    ("pin = 17;", "ends with a semicolon", "write pin = 17"),
    ("pin = 17 // the red one", 'has "//", which is not a comment', "write pin = 17"),
    ("pin = 17 ; the red one", 'has ";", which is not a comment', "write pin = 17"),
    ("// the red one", 'begins with "//", which is not a comment', "write # there"),
    ("; the red one", 'begins with ";", which is not a comment', "write # there"),
    ("<html>", None, "correct it, or put # before it"),
    # Brackets.
    ('allow = ["a" "b"]', "has no comma between two values", 'write allow = ["a", "b"]'),
    ('allow = ["a",, "b"]', "has two commas in a row", "leave one of them out"),
    ('allow = ["a", "b"', 'opens "[" and nothing closes it', 'write allow = ["a", "b"]'),
    ('allow = ("a", "b")', "has a list in round brackets", 'write allow = ["a", "b"]'),
    ('allow = "a"]', "has a ] that nothing opens", 'write allow = ["a"]'),
    ("pin = 17]", 'has a "]" that nothing opens', "write pin = 17"),
    ('idle = { after = "60s" to = "x" }', "has no comma between two values",
     'write idle = { after = "60s", to = "x" }'),
    ('idle = { after = "60s", after = "1s" }', "sets after twice", "leave one of them out"),
    ('{"pins": 17}', "begins as JSON does", "write TOML, such as [pins] and button = 17 below it"),
    ('allow = ["a"; "b"]', "has a semicolon between two values", 'write allow = ["a", "b"]'),
    ("idle = { a = 1 b = 2 }", "has no comma between two values", "write idle = { a = 1, b = 2 }"),
    # Backslashes.
    (r'template = "pages\welcome.html"', SPECIAL, 'write template = "pages/welcome.html"'),
    (r'template = "C:\Users\me\a.html"', SPECIAL, 'write template = "C:/Users/me/a.html"'),
    ("template = \"C:\\dir\\\"", SPECIAL, 'write template = "C:/dir/"'),
    # Names.
    ("[pages.tür]", f'has the name "tür", but {PAGE_RULE}', "write [pages.tuer]"),
    ("[pages.my page]", f'has the name "my page", but {PAGE_RULE}', "write [pages.my-page]"),
    ("[pages.日本]", f'has the name "日本", but {PAGE_RULE}', "rename it"),
    ("[pins.knöpfe]", f'has the name "knöpfe", but {PIN_RULE}', "write [pins.knoepfe]"),
    ('on_low.bütton = "open"', f'has the name "bütton", but {PIN_RULE}',
     'write on_low.buetton = "open"'),
    ("my pin = 17", 'has the name "my pin", but a key has A-Z, a-z, 0-9, "_" and "-"',
     "write my_pin = 17"),
    ('pages.tür.template = "x"', f'has the name "tür", but {PAGE_RULE}',
     'write pages.tuer.template = "x"'),
    # Headers.
    ("[pages.welcome]]", "has more brackets than it needs", "write [pages.welcome]"),
    ("[[pages.welcome]", "has more brackets than it needs", "write [pages.welcome]"),
    ("[pages welcome]", "has no single dot between its names", "write [pages.welcome]"),
    ('[pages."open]', "opens a quote and does not close it", "write [pages.open]"),
    ("pages]", 'has no "[" in front', "write [pages]"),
    ("[pages.welcome", 'has no "]" at its end', "write [pages.welcome]"),
    ("[pages/welcome]", "has no single dot between its names", "write [pages.welcome]"),
    ("[pages..welcome]", "has no single dot between its names", "write [pages.welcome]"),
    ("[pages.]", "names nothing after its dot", "write a name there: [pages.<name>]"),
    ("[]", "names no section", "write one, such as [pins]"),
    ("(pages.welcome)", "is not the header of a section", "write [pages.welcome]"),
    ("[gpio] pin = 17", "has more than the header on its line", "put the rest on the next line"),
    # What can't be seen.
    ("pin\u00a0= 17", "has an invisible character in column 4, U+00A0 (no-break space)",
     "write a space there"),
    ("pin = 17\u200b", "has an invisible character in column 9, U+200B (zero width space)",
     "delete it"),
    ("pin\u2003= 17", "has an invisible character in column 4, U+2003 (em space)",
     "write a space there"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "what", "remedy"), LINES, ids=[line for line, _, _ in LINES])
def test_a_line_that_is_no_toml(tmp_path: Path, line: str, what: str | None, remedy: str) -> None:
    """The line is shown as it stands, with what is wrong in it, and what to write."""
    said = problem(tmp_path, f"[server]\nport = 8000\n\n{line}\n\n[limits]\n")
    assert said.startswith(f"line 4: `{line.strip()}` "), said
    assert what is None or f"` {what}; " in said
    assert said.endswith(f"; {remedy}"), said
    if re.match(r"write \S+ = ", remedy):
        tomllib.loads(remedy.removeprefix("write "))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[pins]\nbutton = 17\nbutton = 18\n",
         "line 3: `button = 18` sets pins.button a second time; line 2 has `button = 17`"),
        ("[pins]\nbutton = 17\n[pins.button]\npull = 'up'\n",
         "line 3: `[pins.button]` sets pins.button a second time; line 2 has `button = 17`"),
        ("[pins]\nbutton = 17\nbutton.pull = 'up'\n",
         "line 3: `button.pull = 'up'` sets pins.button a second time; line 2 has `button = 17`"),
        ("[pins]\nbutton = { pin = 17 }\nbutton.pull = 'up'\n",
         "line 3: `button.pull = 'up'` sets pins.button a second time; line 2 has "
         "`button = { pin = 17 }`"),
        ("[pins.button]\npin = 17\n[pins]\nbutton = 18\n",
         "line 4: `button = 18` sets pins.button a second time; line 1 has `[pins.button]`"),
        ("[pages.a]\non_low.x = 'b'\n[pages.a.on_low]\ny = 'c'\n",
         "line 3: `[pages.a.on_low]` sets pages.a.on_low a second time; line 2 has "
         "`on_low.x = 'b'`"),
        ("[kiosk]\nallow = [\n  'https://a.org',\n]\nallow = []\n",
         "line 5: `allow = []` sets kiosk.allow a second time; line 2 has `allow = [`"),
    ],
)  # fmt: skip
def test_what_is_set_twice_names_both_lines(tmp_path: Path, text: str, said: str) -> None:
    """A key, a table, and a table beside a value of its name."""
    assert problem(tmp_path, text) == f"{said}; leave one of them out"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[pins.button]\npin = 17\n\n[pins.button]\npin = 18\n",
         "line 4: `[pins.button]` sets pins.button a second time; line 1 has `[pins.button]`"),
        ("[pins]\na = 1\n[server]\nport = 1\n[pins]\nb = 2\n",
         "line 5: `[pins]` sets pins a second time; line 1 has `[pins]`"),
    ],
)  # fmt: skip
def test_a_section_that_is_there_twice_is_to_be_one(tmp_path: Path, text: str, said: str) -> None:
    """Leaving out one of two sections would lose its keys: they belong together."""
    assert problem(tmp_path, text) == f"{said}; write all keys below one of them"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[server]\nallowed_hosts = ["a.org",\n"b.org"\n[pins]\nbutton = 17\n',
         'line 2: `allowed_hosts = ["a.org",` opens "[" and nothing closes it; '
         'write "]" where its list ends'),
        ('[server]\nallowed_hosts = [\n  "a.org"\n  "b.org",\n]\n',
         'line 3: `"a.org"` has no comma before the next value; write one at its end'),
        ('[server]\nallowed_hosts = [\n  “a.org”,\n  "b.org",\n]\n',
         'line 3: `“a.org”,` has the quote “, which is not straight; write "a.org",'),
        ("[server]\nallowed_hosts = [\n  a.org,\n]\n[pins]\n",
         'line 3: `a.org,` has text without quotes; write "a.org",'),
        ("[kiosk]\nrenew = '04:00'\nx = “a”\ny = “b”\n",
         'line 3: `x = “a”` has the quote “, which is not straight; write x = "a"'),
    ],
)  # fmt: skip
def test_the_first_wrong_line_is_named(tmp_path: Path, text: str, said: str) -> None:
    """Also where a list goes on over several lines, or nothing closes it."""
    assert problem(tmp_path, text) == said


@pytest.mark.parametrize(
    "line",
    [
        f"token = “{SECRET}”", f"token = {SECRET}", f"token: {SECRET}", f'api_token = "{SECRET}',
        f"token {SECRET}", f'passwort = "{SECRET}', f'url = "http://x/?token={SECRET}',
        f'server = {{ token = "{SECRET}" host = "x" }}', f'token = "{SECRET}" {SECRET}',
        f'token == "{SECRET}"', f'token = "{SECRET}\\q"', f"tokén = {SECRET}",
        f'token = "x"\ntoken = "{SECRET}"', f'token = """{SECRET}', f"[token {SECRET}]",
    ],
)  # fmt: skip
def test_no_secret_is_shown(tmp_path: Path, line: str) -> None:
    """A problem ends in a log; the line is shown up to the secret's name."""
    said = problem(tmp_path, f"[server]\n{line}\n")
    assert "0123456789" not in said
    assert said.startswith("line ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[pins]\nbutton = 17  # Knöpfe\n".encode("latin-1"),
         "line 2: `button = 17  # Knöpfe` is not UTF-8 text (byte 24), it may be Latin-1; "
         "save the file as UTF-8"),
        ("[pins]\nbutton = 17\n".encode("utf-16"),
         'line 1: the file is UTF-16, which Windows\' Notepad calls "Unicode"; save it as "UTF-8"'),
        ("[pins]\nbutton = 17\n".encode("utf-16-le"),
         "line 1: the file has zero bytes, so it may be UTF-16; save it as UTF-8"),
        (b"[pins]\rbutton = 17\r",
         "line 1: the file has the line endings of an old Mac; save it with those of Unix (LF)"),
    ],
)  # fmt: skip
def test_a_file_of_another_encoding(tmp_path: Path, content: bytes, said: str) -> None:
    """It is named, where it can be told, with what to save it as."""
    assert problem(tmp_path, content) == said


def test_line_endings_of_windows_do_no_harm(tmp_path: Path) -> None:
    """The wrong line is shown without them."""
    said = problem(tmp_path, "[pins]\r\nbutton: 17\r\n[pages]\r\n")
    assert said == 'line 2: `button: 17` has a colon where "=" belongs; write button = 17'


@pytest.mark.parametrize("value", ["left-button", "[left-button]"])
def test_the_pins_of_a_display_are_a_key(tmp_path: Path, value: str) -> None:
    """And no section: `[pins.left-button]` would be another pin."""
    said = problem(tmp_path, f"[displays.left]\npins = {value}\n")
    assert said.startswith(f"line 2: `pins = {value}` ")
    assert "[pins" not in said
    assert '"left-button"' in said


def test_a_page_may_be_called_passage(tmp_path: Path) -> None:
    """A line whose value only sounds like a secret is shown."""
    assert problem(tmp_path, "[server]\nstart = passage\n") == (
        'line 2: `start = passage` has text without quotes; write start = "passage"'
    )


def test_a_long_line_is_cut(tmp_path: Path) -> None:
    """Nobody reads a sentence of a thousand characters."""
    said = problem(tmp_path, f"[kiosk]\nname = {'x' * 1000} y\n")
    assert len(said) < 200
    assert said.endswith("write it in quotes")


@pytest.mark.parametrize("text", ["x = " + "1" * 5000, "x = " + "[" * 3000])
def test_what_python_itself_refuses_is_a_problem_too(tmp_path: Path, text: str) -> None:
    """A number that is too long, and lists too deep, reach a person without a traceback."""
    assert problem(tmp_path, text).startswith("line 1: `x = ")


def test_the_commands_that_talk_to_a_bridge_say_the_same(tmp_path: Path) -> None:
    """They read the file for its address alone, by another door."""
    said = problem(tmp_path, "[pins]\nbutton: 17\n")
    with pytest.raises(ConfigError) as caught:
        find_bridge(None, tmp_path / "config.toml", environ={})
    assert caught.value.problems == (f"{tmp_path / 'config.toml'}, {said}",)


def test_every_wrong_text_has_a_sentence() -> None:
    """Whatever has been typed into the example: no error of ours, one line, and a remedy."""
    dice = random.Random(14)
    example = config.example_file().read_text(encoding="utf-8")
    signs = [*"=:.,;#\"'[]{}()\\/ \n\tx0é“\u00a0", "true", "\r\n", '"""', "=="]
    wrong = 0
    for _ in range(400):
        text = example
        for _ in range(dice.randint(1, 3)):
            at = dice.randrange(len(text))
            text = text[:at] + dice.choice(signs) + text[at + dice.randint(0, 2) :]
        try:
            tomllib.loads(text.replace("\r\n", "\n"))
        except tomllib.TOMLDecodeError as error:
            wrong += 1
            line, said = explain_toml(text, error)
            assert 1 <= line <= text.count("\n") + 1
            assert ";" in said
            assert "\n" not in said
    assert wrong > 100


def test_a_long_file_is_explained_quickly() -> None:
    """An open text on the first line of thousands is found without reading all of them."""
    pages = "".join(f'[pages.p-{n}]\non_low.button = "p-{n}"\n' for n in range(1000))
    text = f'[server]\nhost = """\n{pages}'
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    line, said = explain_toml(text, caught.value)
    assert (line, said[:14]) == (2, '`host = """` o')
