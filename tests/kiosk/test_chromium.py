"""Chromium's command line and profile."""

import json
import re
from pathlib import Path

import pytest

from gpiobridge.kiosk import chromium, profiles
from gpiobridge.kiosk.start import page_address

from .starts import start


def command(browser: Path, *more: str, small: bool = False, wayland: bool = True) -> list[str]:
    """The command line for a page."""
    return chromium.command(start(browser, *more, little_memory=small, wayland=wayland))


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A stand-in for a browser, of which only the file matters."""
    path = tmp_path / "chromium"
    path.write_bytes(b"\x7fELF")
    return path


def test_command(program: Path) -> None:
    """The page comes last, the profile is ours, and nobody is asked anything."""
    flags = command(program)
    assert flags[0] == str(program)
    assert flags[-1] == "http://pi/"
    assert {"--user-data-dir=/p", "--kiosk", "--ozone-platform=wayland"} < set(flags)
    assert "--ozone-platform=wayland" not in command(program, wayland=False)
    assert not [flag for flag in flags if "sandbox" in flag or "memcheck" in flag]


def test_little_memory(program: Path) -> None:
    """A small machine prerenders nothing; others do."""
    assert "Prerender2" in command(program, small=True)[-2]
    assert "Prerender2" not in command(program)[-2]


def test_own_flags_are_joined_with_ours(program: Path) -> None:
    """The owner's flags win, and a list of features that they turn off doesn't replace ours."""
    flags = command(program, "--force-dark-mode", "--disable-features=A,B")
    assert flags[-3:-1] == [
        "--force-dark-mode",
        "--disable-features=Translate,WebUIOmniboxPopup,WebUIOmniboxAimPopup,"
        "WebUIOmniboxFullPopup,A,B",
    ]


def test_no_page_asks_for_a_permission(program: Path) -> None:
    """Nobody is asked, unless the exhibit may use the camera (row 2)."""
    asked = chromium.command(start(program, camera=True))
    assert "--deny-permission-prompts" in command(program)
    assert "--deny-permission-prompts" not in asked


def test_the_sound_device(program: Path) -> None:
    """A sink of the sound server, or a device of ALSA, for which no server is asked."""
    for device, flag, variables in (
        ("", False, {}),
        ("alsa_output.hdmi", False, {"PULSE_SINK": "alsa_output.hdmi"}),
        ("plughw:CARD=Headphones", True, {"PULSE_SERVER": "/nonexistent"}),
    ):
        it = start(program, audio=device)
        assert (f"--alsa-output-device={device}" in chromium.command(it)) is flag
        made = chromium.environment(it, {"A": "1"})
        assert made == {"A": "1", **variables, "BREAKPAD_DUMP_LOCATION": "/p/crashes"}


def test_what_pages_are_told(program: Path) -> None:
    """Less motion, and more contrast beside the owner's own settings of pages."""
    plain = command(program)
    assert not [flag for flag in plain if re.search("motion|blink|class", flag)]
    told = chromium.command(
        start(
            program, "--blink-settings=a=1", "--blink-settings=b=2",
            reduced_motion=True, more_contrast=True, window="gpiobridge-left",
        )
    )  # fmt: skip
    assert set(told) - set(plain) == {
        "--force-prefers-reduced-motion",
        "--blink-settings=preferredContrast=0,a=1,b=2",
        "--class=gpiobridge-left",
    }
    assert "--blink-settings=a=1" in command(program, "--blink-settings=a=1")


def test_zoom_is_forgotten(tmp_path: Path) -> None:
    """What a visitor has enlarged is as it was after the next start (row 2)."""
    preferences = tmp_path / "Default" / "Preferences"
    preferences.parent.mkdir()
    preferences.write_text('{"partition": {"per_host_zoom_levels": {"x": {}}, "a": 1}}')
    chromium.tidy(tmp_path)
    assert json.loads(preferences.read_text())["partition"] == {"a": 1}


def test_start_page_of_the_unit(tmp_path: Path) -> None:
    """With a token the page lies in the unit's own folder in memory, not on the card (row 3)."""
    given = {"RUNTIME_DIRECTORY": f"{tmp_path}:/x"}
    assert profiles.private_folder(Path("/p"), given) == tmp_path
    assert profiles.private_folder(Path("/p"), {}) == Path("/p")
    assert profiles.private_folder(Path("/p"), given, "left") == tmp_path / "left"
    assert (tmp_path / "left").stat().st_mode & 0o777 == 0o700
    address = page_address("http://pi", "kiosk", "secret-of-the-bridge")
    first = chromium.first_address(tmp_path, address, secret=True)
    assert first == f"file://{tmp_path}/start.html"


def test_raspberry_pis_warning(program: Path) -> None:
    """The script that asks on a Pi with less than 1 GB is told not to; no other one is."""
    program.write_text("#!/bin/sh\n--no-memcheck ) want_memcheck=0\n")
    assert "--no-memcheck" in command(program)
    program.write_text("#!/bin/sh\nexec /usr/lib/chromium/chromium\n")
    assert "--no-memcheck" not in command(program)


def test_crash_is_forgotten(tmp_path: Path) -> None:
    """After a crash the profile says that all was well; what else is in it stays."""
    preferences = tmp_path / "Default" / "Preferences"
    preferences.parent.mkdir()
    preferences.write_text('{"profile": {"exit_type": "Crashed", "name": "x"}, "a": 1}')
    for lock in ("SingletonLock", "SingletonCookie"):
        (tmp_path / lock).symlink_to("old-name-1234")
    dump = tmp_path / "crashes" / "pending" / "a.dmp"
    dump.parent.mkdir(parents=True)
    dump.touch()
    chromium.tidy(tmp_path)
    assert json.loads(preferences.read_text()) == {
        "profile": {"exit_type": "Normal", "name": "x", "exited_cleanly": True},
        "a": 1,
    }
    assert [path.name for path in tmp_path.iterdir()] == ["Default"]


@pytest.mark.parametrize(
    "text", ["", '{"prof', "[]", '{"profile": 1}', '{"partition": [1]}', "[" * 100_000]
)
def test_broken_preferences_are_removed(tmp_path: Path, text: str) -> None:
    """Preferences that a power failure cut off are removed: Chromium writes new ones."""
    preferences = tmp_path / "Default" / "Preferences"
    preferences.parent.mkdir()
    preferences.write_text(text)
    chromium.tidy(tmp_path)
    assert not preferences.exists()
    chromium.tidy(tmp_path)  # a new profile has none
