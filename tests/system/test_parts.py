"""What the running copy consists of, and how old it is."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

from gpiobridge import __version__
from gpiobridge.cli import main
from gpiobridge.errors import PinError
from gpiobridge.system import parts


def told(*words: str) -> str:
    """What the command says."""
    done = CliRunner().invoke(main, ["version", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_each_part_is_named_with_its_version() -> None:
    """What pip would have installed, directly or not, as it is imported; no tool."""
    found = json.loads(told("--json"))
    assert found["gpiobridge"] == __version__
    assert found["python"] == sys.version.split()[0]
    assert found["interpreter"] == sys.executable
    assert found["folder"] == str(Path(parts.__file__).parents[1])
    assert found["made_by_install"] is False
    assert found["back_end"] == "mock"
    assert found["platform"]
    packages = found["packages"]
    names = {name.lower() for name in packages}
    assert names >= {"flask", "werkzeug", "jinja2", "click", "h11", "wsproto", "gunicorn"}
    assert not names & {"pytest", "ruff", "mypy", "setuptools", "pip", "gpiobridge"}
    assert all(version(name) == packages[name] for name in packages)


def test_the_table_has_the_same_parts() -> None:
    """For people; `--version` stays the one line."""
    table = told()
    assert table.startswith(f"gpiobridge {__version__} of 20")
    for name, number in json.loads(told("--json"))["packages"].items():
        assert [name, number] in [line.split() for line in table.splitlines()]
    assert CliRunner().invoke(main, ["--version"]).output == f"gpiobridge, version {__version__}\n"


def test_a_pi_without_a_back_end_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is said, and no failure: the parts are what was asked for."""

    def none(_: str) -> str:
        raise PinError("no back end")

    monkeypatch.setattr("gpiobridge.pins.boards.choose", none)
    assert json.loads(told("--json"))["back_end"] is None
    assert "pins: no back end is installed" in told()


def test_a_copy_is_as_old_as_what_it_was_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copying an old environment makes nothing new."""
    (tmp_path / "gpiobridge.json").write_text(json.dumps({"fingerprint": "f", "since": 1.7e9}))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    found = json.loads(told("--json"))
    assert found["since"] == "2023-11-14T22:13:20Z"
    assert found["made_by_install"] is True


def test_a_copy_of_an_older_version_does_not_say_since_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is made up."""
    (tmp_path / "gpiobridge.json").write_text(json.dumps({"fingerprint": "f"}))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert json.loads(told("--json"))["since"] is None
    assert told().startswith(f"gpiobridge {__version__} in ")
