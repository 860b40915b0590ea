"""A folder without config.toml: the packaged example is shown, and it is said why."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from gpiobridge import config
from gpiobridge.cli import main

NONE = "this folder has no config.toml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty, within another empty one."""
    here = tmp_path / "exhibit"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


@pytest.mark.parametrize(
    ("files", "because"),
    [
        ((), f"{NONE}; write one, or name another with --config"),
        (("notes.md", "pyproject.toml"), f"{NONE}; write one, or name another with --config"),
        (("templates/welcome.html",), f"{NONE}, but templates/; write one next to it, with its "
         "pins and pages"),
        (("static/a.css",), f"{NONE}, but static/; write one next to it, with its pins and pages"),
        (("config.toml.txt", "templates/welcome.html"), f"{NONE}, but config.toml.txt; rename it "
         "to config.toml (Windows hides the ending .txt unless its settings show endings)"),
        (("exhibit.toml",), f"{NONE}, but exhibit.toml; rename it to config.toml, or name it with "
         "--config exhibit.toml"),
        (("config.tml",), f"{NONE}, but config.tml; rename it to config.toml, or name it with "
         "--config config.tml"),
        (("config (1).toml",), f"{NONE}, but config (1).toml; rename it to config.toml, or name it "
         'with --config "config (1).toml"'),
        (("config.toml.bak",), f"{NONE}, but config.toml.bak; rename it to config.toml (Windows "
         "hides the ending .bak unless its settings show endings)"),
        (("../config.toml",), f"{NONE}, but the folder above has one; go there, or name it with "
         "--config"),
    ],
)  # fmt: skip
def test_the_example_says_why_it_is_shown(
    folder: Path, files: tuple[str, ...], because: str
) -> None:
    """What was probably meant to be the configuration is named, with the remedy (row 37)."""
    for name in files:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("")
    settings = config.load(environ={})
    assert settings.source == str(config.example_file())
    assert settings.example_because == because


def test_a_link_to_nowhere_is_no_configuration(folder: Path) -> None:
    """A folder that was copied without its target has one (row 37)."""
    try:
        (folder / "config.toml").symlink_to("elsewhere.toml")
    except OSError:
        pytest.skip("links need a permission here")
    assert config.load(environ={}).example_because == (
        "config.toml in this folder is a link to a file that does not exist; correct the link"
    )


def test_the_example_that_was_asked_for_needs_no_reason(folder: Path) -> None:
    """Named by --config it is what was wanted (row 37)."""
    assert config.load(config.example_file(), environ={}).example_because == ""


def test_an_exhibit_of_ones_own_is_no_example(folder: Path) -> None:
    """The usual case (row 37)."""
    (folder / "templates").mkdir()
    (folder / "templates/welcome.html").write_text("")
    (folder / "config.toml").write_text("[pins]\nbutton = 17\n[pages.welcome]\n")
    assert config.load(environ={}).example_because == ""


def test_check_says_that_it_checks_the_example(folder: Path) -> None:
    """Else "is fine" would be taken for the folder's own (row 37)."""
    (folder / "templates").mkdir()
    (folder / "config.toml.txt").write_text("")
    done = CliRunner().invoke(main, ["check"])
    assert done.exit_code == 0
    assert done.stderr == (
        f"warning: the packaged example is shown: {NONE}, but config.toml.txt; rename it to "
        "config.toml (Windows hides the ending .txt unless its settings show endings)\n"
    )
