"""The reference of the configuration says what the code does: it is made from the code."""

import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import pytest
import reference
from click.testing import CliRunner

from gpiobridge import config
from gpiobridge.cli import main
from gpiobridge.config.kinds import KINDS, kind_of
from gpiobridge.config.output_kinds import OUTPUT_KINDS, output_kind
from gpiobridge.core.triggers import TABLES

TEXT = reference.PAGE.read_text("utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
COMPLETE = next(block for block in BLOCKS if "[every_page]" in block)
EXAMPLES = re.findall(r"^# (\w+ = .*)$", COMPLETE, re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An exhibit's folder with the two pages and the sound of the examples."""
    (tmp_path / "templates").mkdir()
    for name in ("welcome", "open"):
        (tmp_path / f"templates/{name}.html").write_text("x", encoding="utf-8")
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "rain.ogg").write_bytes(b"x")
    return tmp_path


def load(folder: Path, text: str) -> config.Settings:
    """Read a configuration of the page."""
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return config.load(file, environ={})


def test_the_page_is_as_the_code_makes_it() -> None:
    """Who changes a key, its range, its default or its meaning runs `make reference`."""
    assert reference.written(TEXT) == TEXT, "stale: run `make reference`"


def test_every_part_has_its_place() -> None:
    """A part that the page forgets would be said nowhere."""
    assert set(re.findall(r"<!-- made: (\w+) -->", TEXT)) == set(reference.made())


def test_every_key_and_rule_is_there() -> None:
    """With a meaning that is more than its name."""
    listed = [key for rows in reference.SECTIONS.values() for key in rows]
    listed += [key for kind in KINDS for key in reference.pin_keys(kind)]
    known = {
        *(f"pins.{key}" for kind in KINDS for key in kind_of(kind).table.known_keys()),
        *(f"server.{key}" for key in reference.ServerTable.known_keys()),
        *(f"limits.{key}" for key in reference.LimitsTable.known_keys()),
        *(f"kiosk.{key}" for key in reference.KioskTable.known_keys()),
        *(f"stage.{key}" for key in reference.StageTable.known_keys()),
        *(f"sounds.{key}" for key in reference.SoundTable.known_keys()),
        *(f"alarms.{key}" for key in reference.AlarmsTable.known_keys()),
        *(f"hours.{key}" for key in reference.HoursTable.known_keys()),
        *(f"displays.{key}" for key in reference.DisplayTable.known_keys()),
        *(f"gpio.{key}" for key in reference.GpioTable.known_keys()),
        *(f"pages.{key}" for key in reference.PageTable.known_keys() if key not in TABLES),
        *(f"outputs.{key}" for kind in OUTPUT_KINDS
          for key in output_kind(kind).table.known_keys()),
        *(f"outputs of a page.{field.name}" for field in fields(config.PageOutput)),
        *(f"idle.{field.name.removesuffix('_s')}" for field in fields(config.Idle)),
    }  # fmt: skip
    assert {key.place for key in listed} == known
    assert all(len(key.meaning) > 15 for key in listed)
    assert all(f"| `{key.name} = {key.example}` |" in TEXT for key in listed)
    assert all(f"| `{table}.button = " in TEXT for table in TABLES)
    assert all(f'### `source = "{kind}"`' in TEXT for kind in KINDS)


def test_check_accepts_every_block(folder: Path) -> None:
    """As they are printed, without a warning."""
    for block in BLOCKS:
        (folder / "config.toml").write_text(block, encoding="utf-8")
        done = CliRunner().invoke(main, ["check", "--config", str(folder / "config.toml")])
        assert (done.exit_code, done.stderr) == (0, "")


def test_the_complete_file_has_the_defaults_of_the_code(folder: Path) -> None:
    """Who leaves a line out gets what it says."""
    complete = load(folder, COMPLETE)
    least = load(
        folder, "[pins]\nbutton = 17\n[outputs]\nlamp = 22\n[pages.welcome]\n[pages.open]\n"
    )
    assert complete.server == least.server
    for section in ("limits", "kiosk", "stage", "gpio", "alarms"):
        assert getattr(complete, section) == getattr(least, section)
    assert complete.pins["button"] == least.pins["button"]
    assert complete.outputs["lamp"] == least.outputs["lamp"]
    said = replace(complete.pages["welcome"], rules={}, idle=None, prefetch=None, sound=())
    assert said == replace(least.pages["welcome"], rules={})


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_can_stand_there(folder: Path, example: str) -> None:
    """Without its # it is right, too."""
    text = COMPLETE.replace(f"# {example}\n", f"{example}\n", 1)
    if example.startswith("api_token"):
        text = text.replace('# token = "choose', 'token = "choose')
    if example.endswith('/board"'):
        text = text.replace('template = "welcome.html"\n', "", 1)  # the one or the other
    assert tomllib.loads(text) != tomllib.loads(COMPLETE)
    load(folder, text)
