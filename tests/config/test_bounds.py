"""Values that Python can't walk through or write reach a person as one sentence."""

import sys
from pathlib import Path

import pytest
from flask import Flask

from gpiobridge import GpioBridge, config
from gpiobridge.config.bounds import DEEPEST, out_of_bounds
from gpiobridge.errors import ConfigError

REST = "[pins]\nbutton = 17\n[pages.welcome]\n"
HUGE = "0x" + "F" * 5000
DEEP = "a." * 3000 + "a"


def said_of(folder: Path, text: str, environ: dict[str, str] | None = None) -> str:
    """Return the only problem of a configuration with a welcome page."""
    (folder / "templates").mkdir()
    (folder / "templates" / "welcome.html").write_text("<p>welcome", encoding="utf-8")
    file = folder / "config.toml"
    file.write_text(text + REST, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(file, environ=environ or {})
    (problem,) = caught.value.problems
    return problem.removeprefix(f"{file}: ").removeprefix(f"{file}, ")


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        (f"[server]\nhost = {HUGE}\n", "server.host", "a number beyond"),
        (f"[server]\nmax_displays = {HUGE}\n", "server.max_displays", "a number beyond"),
        (f"[kiosk]\nallow = [[-{2**63}]]\n", "kiosk.allow", "a number beyond"),
        (f"[server]\ncsp = {{ a = {HUGE} }}\n", "server.csp.a", "a number beyond"),
        (f"[server]\nhost = {{ {DEEP} = 1 }}\n", "server.host.a", "levels deep"),
        (f"[server]\ncsp = [{{ {DEEP} = 1 }}]\n", "server.csp.a", "levels deep"),
        (f"[server.{DEEP}]\n", "server.a.a", "levels deep"),
        ("[server]\nopen = " + "[" * 60 + "]" * 60 + "\n", "server.open", "levels deep"),
    ],
)
def test_a_value_beyond_all_bounds_is_a_problem(
    tmp_path: Path, text: str, place: str, reason: str
) -> None:
    """Whatever its key: the place, and what is wrong there."""
    said = said_of(tmp_path, text)
    assert said.startswith(f"{place}: ")
    assert reason in said
    assert len(said) < 200


def test_a_number_of_many_digits_is_a_problem_for_a_key_that_takes_numbers(tmp_path: Path) -> None:
    """The line that is suggested is not made of such a number."""
    said = said_of(tmp_path, f"[server]\nport = '{'9' * 5000}\n")
    assert said.startswith("line 2: `port = ")


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 3000, HUGE, f"{{ {DEEP} = 1 }}"])
def test_a_variable_beyond_all_bounds_is_taken_as_text(tmp_path: Path, value: str) -> None:
    """Its key then says what it must be."""
    said = said_of(tmp_path, "", {"GPIOBRIDGE_SERVER__PORT": value})
    assert said.startswith("GPIOBRIDGE_SERVER__PORT = ")
    assert "must be a whole number" in said


def test_a_list_of_an_application_may_hold_itself() -> None:
    """Tables of Python code have the same bounds."""
    endless: list[object] = []
    endless += [endless, endless]
    tables = {"pins": {"button": 17}, "pages": {"welcome": {}}, "server": {"host": endless}}
    bridge = GpioBridge(Flask("mine"), config=tables)
    with pytest.raises(ConfigError, match=r"server\.host: is more than"):
        bridge.start()


def test_what_a_file_may_well_hold_is_within_the_bounds() -> None:
    """The largest number of TOML, and some levels."""
    deep: object = 2**63 - 1
    for _ in range(DEEPEST - 1):
        deep = [deep]
    assert not out_of_bounds({"server": {"x": deep}})
    assert sys.getrecursionlimit() > 10 * DEEPEST
