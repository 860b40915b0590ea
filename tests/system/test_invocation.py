"""How gpiobridge is called here: what messages print works where they are printed (row 39)."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gpiobridge.system import invocation

ROOT = Path(__file__).parents[2]
ASK = "from gpiobridge.system import invocation; print(invocation.command('press', 'my button'))"


@pytest.fixture
def started_as(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "type[Start]":
    """What says how this process was started; in a folder with an environment in `.venv`."""
    script = tmp_path / ".venv" / "bin" / "gpiobridge"
    script.parent.mkdir(parents=True)
    script.touch(mode=0o755)
    python = script.with_name("python")
    python.symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(Start, "monkeypatch", monkeypatch, raising=False)
    return Start


class Start:
    """Sets the words with which this process was started.

    Args:
        words: as in `sys.argv`.
        path: the search path, if it is not that of a system.
    """

    monkeypatch: pytest.MonkeyPatch

    def __init__(self, *words: str, path: str = "") -> None:
        self.monkeypatch.setattr(sys, "argv", list(words))
        if path:
            self.monkeypatch.setenv("PATH", path)


def test_a_script_that_the_shell_does_not_find_is_called_by_its_path(
    started_as: type[Start],
) -> None:
    """As `make run` starts it: from the folder, `.venv/bin/gpiobridge` (row 39)."""
    started_as(".venv/bin/gpiobridge", "run")
    assert invocation.command("press", "button") == ".venv/bin/gpiobridge press button"


def test_a_script_that_the_shell_finds_is_called_by_its_name(
    started_as: type[Start], tmp_path: Path
) -> None:
    """In an active environment the name is enough (row 39)."""
    found = tmp_path / ".venv" / "bin"
    started_as(str(found / "gpiobridge"), "run", path=f"{found}:/usr/bin")
    assert invocation.command("press", "button") == "gpiobridge press button"


def test_another_gpiobridge_on_the_path_is_not_meant(
    started_as: type[Start], tmp_path: Path
) -> None:
    """The installed copy answers to the name; the one that runs is called by its path (row 39)."""
    other = tmp_path / "usr" / "bin"
    other.mkdir(parents=True)
    (other / "gpiobridge").touch(mode=0o755)
    started_as(".venv/bin/gpiobridge", "run", path=str(other))
    assert invocation.command("check") == ".venv/bin/gpiobridge check"


def test_a_script_of_another_folder_is_called_by_its_whole_path(
    started_as: type[Start], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the README: `~/gpiobridge/bin/gpiobridge run` in the exhibit's folder (row 39)."""
    (tmp_path / "my exhibit").mkdir()
    monkeypatch.chdir(tmp_path / "my exhibit")
    script = str(tmp_path / ".venv" / "bin" / "gpiobridge")
    started_as(script, "run")
    assert invocation.command("check") == f"{script} check"


def test_a_module_is_called_as_a_module(started_as: type[Start]) -> None:
    """As it was started: `python -m gpiobridge` (row 39)."""
    started_as("/somewhere/gpiobridge/__main__.py", "run")
    assert invocation.command("press", "button") == ".venv/bin/python -m gpiobridge press button"
    assert invocation.as_root("install").endswith("/.venv/bin/python -m gpiobridge install")


def test_another_program_calls_the_script_beside_its_python(started_as: type[Start]) -> None:
    """Under `.venv/bin/flask run` it is the gpiobridge of the same environment (row 39)."""
    started_as("/somewhere/flask", "--app", "app", "run")
    assert invocation.command("press", "button") == ".venv/bin/gpiobridge press button"


def test_sudo_gets_a_path_that_it_finds(started_as: type[Start], tmp_path: Path) -> None:
    """Sudo has folders of its own, whatever this user's search path is (row 39)."""
    found = tmp_path / ".venv" / "bin"
    started_as(str(found / "gpiobridge"), "doctor", path=str(found))
    assert invocation.as_root("install") == f"sudo {found}/gpiobridge install"


def test_sudo_finds_the_installed_command_by_its_name(
    started_as: type[Start], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`install` has put it where sudo looks (row 39)."""
    (tmp_path / "sbin").mkdir()
    (tmp_path / "sbin" / "gpiobridge").symlink_to(tmp_path / ".venv" / "bin" / "gpiobridge")
    monkeypatch.setattr(invocation, "_SUDO_PATH", str(tmp_path / "sbin"))
    started_as(str(tmp_path / ".venv" / "bin" / "gpiobridge"), "doctor")
    assert invocation.as_root("install") == "sudo gpiobridge install"


@pytest.mark.parametrize("given", [[], ["--port", "80"], ["--port=80"]])
def test_the_same_command_with_another_option(started_as: type[Start], given: list[str]) -> None:
    """Whatever else was said is said again (row 39)."""
    started_as(".venv/bin/gpiobridge", "run", *given, "--config", "my exhibit/config.toml")
    assert invocation.again("--port", 8001) == (
        ".venv/bin/gpiobridge run --config 'my exhibit/config.toml' --port 8001"
    )


def test_pip_is_that_of_this_environment(started_as: type[Start]) -> None:
    """A bare pip is the system's, which refuses (PEP 668) (row 39)."""
    started_as(".venv/bin/gpiobridge", "doctor")
    assert invocation.pip("install", "gpiobridge[lgpio]") == (
        ".venv/bin/python -m pip install 'gpiobridge[lgpio]'"
    )


def test_pip_that_the_shell_finds_is_called_by_its_name(
    started_as: type[Start], tmp_path: Path
) -> None:
    """In an active environment the name is enough (row 39)."""
    found = tmp_path / ".venv" / "bin"
    (found / "pip").touch(mode=0o755)
    started_as("gpiobridge", "doctor", path=str(found))
    assert invocation.pip("install", "gpiod") == "pip install gpiod"


@pytest.mark.parametrize("cwd", [ROOT, Path("/")])
def test_what_is_printed_runs_where_it_is_printed(cwd: Path) -> None:
    """A shell in the same folder takes the words as they are (row 39)."""
    said = subprocess.run(
        [sys.executable, "-c", ASK], cwd=cwd, capture_output=True, text=True, check=True, timeout=20
    ).stdout.strip()
    called = said.removesuffix("press 'my button'") + "--version"
    assert called != said, said
    done = subprocess.run(
        ["sh", "-c", called], cwd=cwd, capture_output=True, text=True, check=False, timeout=20
    )
    assert (done.returncode, done.stdout.startswith("gpiobridge, version")) == (0, True), done


def test_words_are_quoted(started_as: type[Start]) -> None:
    """They are whole words of a shell (row 39)."""
    started_as(".venv/bin/gpiobridge", "run")
    assert shlex.split(invocation.command("press", "a b"))[-1] == "a b"
