"""sway's configuration for several kiosks, and what is said where it can't start."""

import subprocess
import sys
from pathlib import Path

import pytest

from gpiobridge import config
from gpiobridge.errors import KioskError
from gpiobridge.kiosk import sway

WALL = """\
[kiosk]
pointer = "hidden"
scale = 2
[displays.left]
connector = "HDMI-A-1"
scale = 1.5
rotate = 270
[displays.right]
connector = "HDMI-A-2"
[displays.phone]
"""

MADE = """\
xwayland disable
default_border none
swaynag_command -

output HDMI-A-1 transform 270 scale 1.5
workspace left output HDMI-A-1
assign [app_id="^(org\\.)?gpiobridge-left$"] workspace left
for_window [app_id="^(org\\.)?gpiobridge-left$"] fullscreen enable
exec "while [ -S $SWAYSOCK ]; do '/a b/gpiobridge' kiosk --display left; sleep 2; done"

output HDMI-A-2 transform normal scale 2
workspace right output HDMI-A-2
assign [app_id="^(org\\.)?gpiobridge-right$"] workspace right
for_window [app_id="^(org\\.)?gpiobridge-right$"] fullscreen enable
exec "while [ -S $SWAYSOCK ]; do '/a b/gpiobridge' kiosk --display right; sleep 2; done"

include /etc/gpiobridge/sway.conf
"""


def settings_of(more: str, folder: Path) -> config.Settings:
    """Read a configuration with more in it; the kiosk needs no template."""
    file = folder / "config.toml"
    file.write_text(f"[pins]\nbutton = 17\n[pages.welcome]\n{more}")
    return config.load_for_views(file)


def test_each_screen_has_a_kiosk(tmp_path: Path) -> None:
    """Its output as it is written, a workspace on it, its window, and its kiosk."""
    settings = settings_of(WALL, tmp_path)
    own = Path("/etc/gpiobridge/sway.conf")
    made = sway.configuration(settings.screens, ["/a b/gpiobridge", "kiosk"], own)
    assert made == MADE


def test_cog_scales_itself(tmp_path: Path) -> None:
    """Then sway doesn't; it turns the screen all the same."""
    settings = settings_of(WALL, tmp_path)
    made = sway.configuration(settings.screens, ["gpiobridge", "kiosk"], scaled=False)
    assert "output HDMI-A-1 transform 270 scale 1\n" in made
    assert "output HDMI-A-2 transform normal scale 1\n" in made


@pytest.mark.parametrize("key", ["rotate = 180", "scale = 0.5"])
def test_one_screen_needs_no_connector(tmp_path: Path, key: str) -> None:
    """Whatever it is connected to, it is turned and scaled."""
    settings = settings_of(f"[kiosk]\n{key}\n", tmp_path)
    made = sway.configuration(settings.screens, ["gpiobridge", "kiosk"])
    assert f"\noutput * transform {'180' if 'rotate' in key else 'normal'} scale " in made
    assert "workspace" not in made
    assert "kiosk --display kiosk;" in made


def test_no_screen_has_a_place(tmp_path: Path) -> None:
    """Then there is cage, as there always was."""
    more = "[kiosk]\nreduced_motion = true\n[displays.left]\n"
    assert settings_of(more, tmp_path).screens == {}


def test_sway_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the command that installs it; then the one that gives it a folder."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KioskError, match=r"sudo apt install --no-install-recommends sway$"):
        sway.start("", {})
    (tmp_path / "sway").touch(0o755)
    with pytest.raises(KioskError, match="XDG_RUNTIME_DIR is not set"):
        sway.start("", {})
    with pytest.raises(KioskError, match=r"/sway\.conf can't be written: No such file"):
        sway.start("", {"RUNTIME_DIRECTORY": str(tmp_path / "missing")})


def test_sway_takes_the_place_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process stays the same, as systemd wants it; its configuration is nobody else's."""
    program = tmp_path / "sway"
    program.write_text('#!/bin/sh\necho "$@"; cat "$2"\n')
    program.chmod(0o755)
    folder = tmp_path / "run"
    folder.mkdir()
    code = (
        "import os; from gpiobridge.kiosk import sway; "
        "sway.start('hello', {**os.environ, 'RUNTIME_DIRECTORY': "
        f"'{folder}:/x'}})"
    )
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True
    )
    assert done.stdout == f"--config {folder}/sway.conf\nhello"
    assert (folder / "sway.conf").stat().st_mode & 0o777 == 0o600
