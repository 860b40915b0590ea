"""Each key of each table, with values that can't stand there: a sentence with a remedy."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from gpiobridge.config.check import check
from gpiobridge.config.tables import (
    AlarmsTable,
    DisplayTable,
    GpioTable,
    HoursTable,
    KioskTable,
    LimitsTable,
    PageTable,
    RulesTable,
    ServerTable,
    SoundTable,
    StageTable,
    Table,
)
from gpiobridge.errors import ConfigError
from gpiobridge.outputs.gpio import WiredOutputTable
from gpiobridge.pins.gpio import WiredTable
from gpiobridge.pins.pulled import PulledTable

TABLES: dict[str, type[Table]] = {
    "server": ServerTable,
    "limits": LimitsTable,
    "kiosk": KioskTable,
    "stage": StageTable,
    "gpio": GpioTable,
    "pins.button": WiredTable,
    "pins.bell": PulledTable,
    "outputs.lamp": WiredOutputTable,
    "pages.welcome": PageTable,
    "every_page": RulesTable,
    "sounds.rain": SoundTable,
    "displays.left": DisplayTable,
    "alarms": AlarmsTable,
    "hours": HoursTable,
    "displays.left.hours": HoursTable,
}
KEYS = [(section, key) for section, table in TABLES.items() for key in table.known_keys()]
WRONG: list[Any] = [
    True, 0, -1, 10**30, 1.5, float("nan"), "", "x", "X" * 200, [], ["x"], [1], {}, {"x": 1},
    datetime.date(2026, 1, 1), "true", "20", "None", "loW",
]  # fmt: skip
REMEDIES = (
    "; write ",
    "; leave ",
    "; did you mean ",
    "; create ",
    "; add ",
    "must be ",
    "such as ",
)


@pytest.fixture
def folder(folder: Path) -> Path:
    """An exhibit's folder that has a sound, too."""
    (folder / "static").mkdir()
    (folder / "static" / "rain.ogg").write_bytes(b"x")
    return folder


def raw_with(section: str, key: str, value: Any) -> dict[str, Any]:
    """Least tables with one more value."""
    raw: dict[str, Any] = {
        "pins": {"button": {"pin": 17}, "bell": {"source": "http"}},
        "outputs": {"lamp": {"pin": 22}},
        "pages": {"welcome": {}, "open": {}},
        "sounds": {"rain": {"file": "static/rain.ogg"}},
        "hours": {"open": ["10:00-18:00"], "page": "open"},
    }
    table = raw
    for part in section.split("."):
        table = table.setdefault(part, {})
    table[key] = value
    return raw


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_a_wrong_value_is_told_in_our_words(folder: Path, section: str, key: str) -> None:
    """At its place, with a remedy, and once; whatever its type (issue 14, point 2)."""
    wrong = 0
    for value in WRONG:
        try:
            check(raw_with(section, key, value), source="config.toml", folder=folder)
        except ConfigError as error:
            wrong += 1
            (problem,) = error.problems
            assert problem.startswith(f"config.toml: {section}.{key}"), problem
            assert any(remedy in problem for remedy in REMEDIES), problem
            assert "can stand here" not in problem
            assert "\n" not in problem
    assert wrong >= len(WRONG) // 2, "nearly everything can stand here"


@pytest.mark.parametrize(("section", "key"), [pair for pair in KEYS if len(pair[1]) > 3])
def test_a_misspelled_key_is_told_with_the_right_one(folder: Path, section: str, key: str) -> None:
    """Two letters the other way round."""
    misspelled = key[:-2] + key[-1] + key[-2]
    if misspelled == key:
        misspelled = key[:-1]
    with pytest.raises(ConfigError) as caught:
        check(raw_with(section, misspelled, "x"), source="config.toml", folder=folder)
    (problem,) = caught.value.problems
    assert problem.endswith(f"unknown key; did you mean {key}?")


def test_one_pin_has_one_problem(folder: Path) -> None:
    """What else is wrong with it is told once it has a line of its own."""
    raw = {
        "pins": {"a": 2, "b": {"pin": 2, "pull": "down"}, "c": {"pin": 60}, "d": 60},
        "pages": {"welcome": {}, "open": {}},
    }
    with pytest.raises(ConfigError) as caught:
        check(raw, source="config.toml", folder=folder)
    places = [problem.split(" = ")[0] for problem in caught.value.problems]
    assert places == [f"config.toml: pins.{name}" for name in ("b.pin", "c.pin", "d")]
