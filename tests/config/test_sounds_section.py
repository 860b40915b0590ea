"""`[sounds]`, the sounds of pages and rules: what they become, and what is said of them."""

from pathlib import Path
from typing import Any

import pytest
from config_text import PINS, check, problems, write

from gpiobridge.cli.checked import tables
from gpiobridge.config import Sound, load_for_views
from gpiobridge.config.sound_tables import MAX_BYTES
from gpiobridge.core.events import Gesture, Level

RAIN = '[sounds.rain]\nfile = "static/rain.ogg"\nloop = true\n'
CLICK = '[sounds.click]\nfile = "static/click.wav"\n'
PAGES = '[pages.welcome]\nsound.rain = true\non_low.button = "open"\n[pages.open]\n'


@pytest.fixture
def folder(folder: Path) -> Path:
    """An exhibit's folder with two sounds; what they sound like doesn't matter."""
    static = folder / "static"
    (static / "far").mkdir(parents=True)
    for name in ("rain.ogg", "click.wav", "rain.mp3", "song.mid", ".hidden.wav", "far/bell.WAV"):
        (static / name).write_bytes(b"x")
    (static / "empty.wav").touch()
    with (static / "large.wav").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    return folder


def test_a_sound(folder: Path) -> None:
    """Its file is all that it needs."""
    text = f'{PINS}{PAGES}{RAIN}volume = 0.4\n[sounds.Bell_2]\nfile = "static/far/bell.WAV"\n'
    assert dict(check(text, folder).sounds) == {
        "rain": Sound(name="rain", file="static/rain.ogg", loop=True, volume=0.4),
        "Bell_2": Sound(name="Bell_2", file="static/far/bell.WAV", loop=False, volume=1.0),
    }


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('rain = "static/rain.ogg"', 'sounds.rain = "static/rain.ogg": must be a section; write '
         '[sounds.rain] and below it file = "static/rain.wav"'),
        ("[sounds.rain]\nloop = true", 'sounds.rain: has no file; write file = '
         '"static/rain.wav" below it'),
        ('[sounds.rain]\nfile = "rain.ogg"', 'sounds.rain.file = "rain.ogg": must be a file in '
         'static/; write it like "static/rain.ogg"'),
        ('[sounds.rain]\nfile = "/static/rain.ogg"', 'sounds.rain.file = "/static/rain.ogg": must '
         'be a file in static/; write it like "static/rain.ogg"'),
        ('[sounds.rain]\nfile = "static/../rain.ogg"', 'sounds.rain.file = "static/../rain.ogg": '
         'must be a file in static/; write it like "static/rain.ogg"'),
        ("[sounds.rain]\nfile = 'static\\rain.ogg'", 'sounds.rain.file = "static\\\\rain.ogg": '
         'must have slashes between folders; write "static/rain.ogg"'),
        ('[sounds.rain]\nfile = "static/rian.ogg"', 'sounds.rain.file = "static/rian.ogg": there '
         'is no such file; did you mean "static/rain.ogg"?'),
        ('[sounds.rain]\nfile = "static/thunder.ogg"', 'sounds.rain.file = "static/thunder.ogg": '
         "there is no such file; put it there, or correct the name"),
        ('[sounds.rain]\nfile = "static/song.mid"', 'sounds.rain.file = "static/song.mid": is no '
         "sound that browsers play; convert it, and write one of .wav, .ogg, .oga, .opus, .flac, "
         ".mp3, .m4a"),
        ('[sounds.rain]\nfile = "static/.hidden.wav"', 'sounds.rain.file = "static/.hidden.wav": '
         "is hidden, and hidden files are not served; rename it"),
        ('[sounds.rain]\nfile = "static/empty.wav"', 'sounds.rain.file = "static/empty.wav": is '
         "empty; put a sound there"),
        ('[sounds.rain]\nfile = "static/large.wav"', 'sounds.rain.file = "static/large.wav": has '
         "8.0 MiB; use one of at most 8 MiB, and an <audio> element in the page for what is "
         "longer"),
        (f"{RAIN}volume = 1.5", "sounds.rain.volume = 1.5: must be a number from 0 to 1, without "
         "quotes; write volume = 0.4"),
        (f"{RAIN}volume = nan", "sounds.rain.volume = nan: must be a number from 0 to 1, without "
         "quotes; write volume = 0.4"),
        (f"{RAIN}repeat = true", "sounds.rain.repeat = true: unknown key; write loop = true"),
        ('[sounds."the rain"]\nfile = "static/rain.ogg"', 'sounds."the rain": a sound\'s name has '
         '1 to 32 of A-Z, a-z, 0-9, "_" and "-"; write [sounds.the_rain]'),
    ],
)  # fmt: skip
def test_a_wrong_sound(folder: Path, body: str, problem: str) -> None:
    """One sentence, with place, value and remedy."""
    text = PINS + '[pages.welcome]\non_low.button = "open"\n[pages.open]\n'
    header = "[sounds]\n" if body.startswith("rain") else ""
    assert problems(text + header + body, folder) == [f"config.toml: {problem}"]


def test_the_sounds_of_pages(folder: Path) -> None:
    """Those of every page and its own; false takes one out."""
    text = (
        f"{PINS}{RAIN}{CLICK}[every_page]\nsound.rain = true\n[pages.welcome]\n"
        "sound.click = true\n[pages.open]\nsound.rain = false\n"
    )
    pages = check(text, folder).pages
    assert pages["welcome"].sound == ("rain", "click")
    assert pages["open"].sound == ()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('sound = "rain"', 'sound = "rain": must name each one; write sound.rain = true'),
        ("sound = true", "sound = true: must name each one; write sound.<name> = true"),
        ('sound.rain = "yes"', 'sound.rain = "yes": must be true or false, without quotes; write '
         "true"),
        ("sound.rian = true", 'sound.rian = true: there is no sound named "rian"; did you mean '
         '"rain"?'),
        ("sounds.rain = true", "sounds: unknown key; write sound.<name> = true"),
        ('on_low.button = {}', 'on_low.button: has no page to lead to; write to = "<next page>" '
         "in it, too"),
        ('on_low.button = { sound = "rain" }', 'on_low.button: has no page to lead to; write '
         'to = "<next page>" in it, too'),
        ('on_low.button = { too = "open" }', 'on_low.button.too = "open": is no key of a rule; '
         'did you mean to?'),
        ('on_low.button = { to = "open", lamp = "x" }', 'on_low.button.lamp = "x": is no key of a '
         'rule; write to, sound, displays or group'),
        ('on_low.button = { to = 5 }', 'on_low.button.to = 5: must be the name of a page; write '
         'to = "<next page>"'),
        ('on_low.button = { to = "open", sound = true }', 'on_low.button.sound = true: must be '
         'the name of a sound; write sound = "<sound>"'),
        ('on_low.button = { to = "opn" }', 'on_low.button.to = "opn": there is no page named '
         '"opn"; did you mean "open"?'),
        ('on_low.button = { to = "open", sound = "clack" }', 'on_low.button.sound = "clack": '
         'there is no sound named "clack"; did you mean "click"?'),
        ('on_low.buton = { to = "open", sound = "click" }', 'on_low.buton: there is no pin named '
         '"buton"; did you mean "button"?'),
    ],
)  # fmt: skip
def test_a_wrong_sound_of_a_page_or_rule(folder: Path, line: str, problem: str) -> None:
    """One sentence, with place, value and remedy."""
    text = f"{PINS}{RAIN}{CLICK}[pages.open]\n[pages.welcome]\n{line}\n"
    said = problems(text, folder)
    if "too =" in line:
        assert said.pop().endswith('has no page to lead to; write to = "<next page>" in it, too')
    assert said == [f"config.toml: pages.welcome.{problem}"]


def test_the_sounds_of_rules(folder: Path) -> None:
    """A rule is a page's name, or a table; a page's own is laid over that of every page."""
    text = (
        f'{PINS}{CLICK}[every_page]\non_low.button = {{ to = "open", sound = "click" }}\n'
        'on_hold.button = { to = "open" }\n[pages.welcome]\n[pages.quiz]\n'
        'on_low.button = "open"\nwhile_high.button = { to = "open", sound = "click" }\n'
        "[pages.open]\n"
    )
    (folder / "templates" / "quiz.html").touch()
    pages = check(text, folder).pages
    welcome, quiz = pages["welcome"], pages["quiz"]
    assert dict(welcome.rules) == {
        ("button", Level.LOW): "open",
        ("button", Gesture.HOLD): "open",
    }
    assert dict(welcome.rule_sounds) == {("button", Level.LOW): "click"}
    assert dict(quiz.rule_sounds) == {("button", Level.HIGH): "click"}
    assert dict(quiz.while_rules) == {("button", Level.HIGH): "open"}
    assert dict(pages["open"].rule_sounds) == {}


UNUSED = (
    "config.toml: sounds.click: no page and no rule plays it, only the API can; write "
    "sound.click = true below a page, or leave it out"
)


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (PAGES + RAIN + CLICK, UNUSED),
        ('[pages.welcome]\non_low.button = { to = "open", sound = "rain" }\n[pages.open]\n' + RAIN,
         "config.toml: pages.welcome.on_low.button.sound: rain repeats without end, and no page "
         "ends it; write loop = false, or sound.rain = true below the page that it belongs to"),
        (PAGES + RAIN + "[pages.quiz]\nsound.rain = false\n",
         "config.toml: pages.quiz.sound.rain: takes nothing out, because [every_page] has no such "
         "sound; leave it out"),
        (PAGES + RAIN.replace("ogg", "mp3"),
         "config.toml: sounds.rain.file: such a file has a little silence at its ends, which is "
         "heard each time it begins again; use .ogg, .flac or .wav for a sound with loop = true"),
    ],
)  # fmt: skip
def test_what_is_allowed_but_not_meant(folder: Path, text: str, warning: str) -> None:
    """It is warned of, once."""
    (folder / "templates" / "quiz.html").touch()
    assert check(PINS + text, folder).warnings == (warning,)


def test_an_application_may_play_any_sound(folder: Path) -> None:
    """It isn't warned of."""
    text = PINS + RAIN + '[pages.welcome]\non_low.button = "welcome"\n'
    assert check(text, folder, views=("welcome",)).warnings == ()


def test_a_kiosk_elsewhere_has_no_files(folder: Path) -> None:
    """Only who serves the exhibit looks for them."""
    file = write(folder, PINS + PAGES + RAIN.replace("rain.ogg", "elsewhere.ogg"))
    assert load_for_views(file).sounds["rain"].file == "static/elsewhere.ogg"


def test_check_shows_them(folder: Path) -> None:
    """Each with where it plays."""
    text = PAGES.replace('"open"', '{ to = "open", sound = "click" }')
    shown = tables(check(f"{PINS}{text}{RAIN}volume = 0.4\n{CLICK}", folder))
    (part,) = (part for part in shown.split("\n\n") if part.startswith("sound "))
    rows = [line.split(maxsplit=4) for line in part.splitlines()]
    assert ["rain", "static/rain.ogg", "yes", "0.4", "welcome"] in rows
    assert ["click", "static/click.wav", "no", "1", "button is low on welcome"] in rows


@pytest.mark.parametrize(
    ("device", "right"),
    [
        ("", True), ("plughw:CARD=vc4hdmi0,DEV=0", True), ("bluez_output.00_11.1", True),
        ("two words", False), ("--flag x", False), ("a\nb", False),
    ],
)  # fmt: skip
def test_the_kiosks_sound_device(folder: Path, device: str, right: bool) -> None:
    """Its name as the sound system's own tools write it."""
    value: Any = device.encode("unicode_escape").decode()
    text = f'{PINS}{PAGES}{RAIN}[kiosk]\naudio = "{value}"\n'
    if right:
        assert check(text, folder).kiosk.audio == device
    else:
        (problem,) = problems(text, folder)
        assert problem.endswith(
            "must be the name of a sound device, as `pactl list short sinks` or `aplay -L` shows "
            'it; write it like "plughw:CARD=Headphones"'
        )
