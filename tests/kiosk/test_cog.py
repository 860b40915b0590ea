"""cog's command line, environment and filter."""

import re
from pathlib import Path

import pytest

from gpiobridge.errors import KioskError
from gpiobridge.kiosk import cog

from .starts import start


def cog_command(browser: Path, *more: str, wayland: bool = True) -> list[str]:
    """The command line of cog."""
    return cog.command(start(browser, *more, little_memory=True, wayland=wayland))


@pytest.fixture
def cog_program(tmp_path: Path) -> Path:
    """A stand-in for cog as Debian bookworm has it."""
    path = tmp_path / "cog"
    path.write_bytes(b"\x7fELF\0enable-sandbox\0")
    return path


def test_command_of_cog(cog_program: Path) -> None:
    """A page that crashes ends cog, and the address is no part of its command (row 5)."""
    options = cog_command(cog_program, "--scale=2")
    assert options[0] == str(cog_program)
    assert {"--platform=wl", "--webprocess-failure=exit"} < set(options)
    assert options[-2:] == ["--content-filter=/p/filter.json", "--scale=2"]
    assert not [option for option in options if "http" in option]


def test_window_and_scale_of_cog(cog_program: Path) -> None:
    """Its window is named where it has a place, and it makes everything larger by itself."""
    plain = cog_command(cog_program)
    more = cog.command(start(cog_program, little_memory=True, window="gpiobridge-left", scale=1.5))
    assert set(more) - set(plain) == {"--gapplication-app-id=org.gpiobridge-left", "--scale=1.5"}


def test_sandbox_of_cog(cog_program: Path) -> None:
    """A cog that has its sandbox only when asked is asked; a newer one knows no such option."""
    assert "--enable-sandbox" in cog_command(cog_program)
    cog_program.write_bytes(b"\x7fELF\0disable-nothing\0")
    assert "--enable-sandbox" not in cog_command(cog_program)
    cog_program.unlink()  # an upgrade is replacing it
    assert "--enable-sandbox" not in cog_command(cog_program)


def test_environment_of_cog() -> None:
    """It fills the screen, keeps its data in the profile, and takes no orders over D-Bus."""
    environ = cog.environment(start(Path("cog")), {"HOME": "/h", "XDG_DATA_HOME": "/x"})
    assert environ == {
        "HOME": "/nonexistent",  # where downloads would go
        "COG_URL": "http://pi/",
        "COG_PLATFORM_WL_VIEW_FULLSCREEN": "1",
        "XDG_DATA_HOME": "/p/data",
        "XDG_CACHE_HOME": "/p/cache",
        "XDG_CONFIG_HOME": "/h/.config",
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
    }


@pytest.mark.parametrize(
    ("device", "variables"),
    [
        ("", {}),
        ("alsa_output.hdmi", {"PULSE_SINK": "alsa_output.hdmi"}),
        (
            "plughw:CARD=Headphones,DEV=0",
            {"PULSE_SERVER": "/nonexistent", "ALSA_CARD": "Headphones"},
        ),
        ("hw:1,0", {"PULSE_SERVER": "/nonexistent", "ALSA_CARD": "1"}),
    ],
)
def test_the_sound_device_of_cog(device: str, variables: dict[str, str]) -> None:
    """A sink of the sound server, or a card of ALSA."""
    made = cog.environment(start(Path("cog"), audio=device), {})
    sound = {k: v for k, v in made.items() if k.startswith(("PULSE", "ALSA"))}
    assert sound == variables


@pytest.mark.parametrize(
    ("base", "shown", "kept_out"),
    [
        (
            "http://127.0.0.1:8000",
            ("http://127.0.0.1:8000/a", "http://localhost:8000/", "http://[::1]:8000/a?b=c"),
            ("http://127.0.0.1:80001/", "http://127.0.0.1/", "http://127x0.0.1:8000/"),
        ),
        ("http://pi.local:80", ("http://pi.local/a",), ("http://pi.local.evil.example/",)),
        ("http://pi.local", ("https://pi.local/a",), ("https://pi.local:8443/",)),
        ("https://Pi.local:443/hall", ("https://pi.local/",), ("http://pi.local/",)),
        ("http://[::1]:81", ("http://[::1]:81/",), ("https://example.com/http://[::1]:81/",)),
        ("http://[0:0::1]:81", ("http://[::1]:81/", "http://127.0.0.1:81/"), ("http://[::1]/",)),
        ("http://[fd00::1]:81", ("http://[fd00::1]:81/",), ("http://f:81/", "http://[::1]:81/")),
        ("http://[FD00:0::01]:81", ("http://[fd00::1]:81/",), ("http://[fd00::2]:81/",)),
        ("http://müseum.local", ("http://xn--mseum-kva.local/",), ("http://seum.local/",)),
    ],
)
def test_filter_of_cog(base: str, shown: tuple[str, ...], kept_out: tuple[str, ...]) -> None:
    """Of all sites, only the bridge's own pages fill the screen (row 5)."""
    first, *others = cog.content_filter(base, ["https://example.org"])
    assert first["action"] == {"type": "block"}
    assert {rule["action"]["type"] for rule in others} == {"ignore-previous-rules"}

    def blocked(address: str) -> bool:
        # As WebKit does it: the last rule that fits wins.
        fits = [bool(re.search(rule["trigger"]["url-filter"], address)) for rule in others]
        return bool(re.search(first["trigger"]["url-filter"], address)) and not any(fits)

    shown = (*shown, "https://example.org/a")
    kept_out = (*kept_out, "https://example.org.evil.example/", "https://example.com/")
    assert [address for address in shown if blocked(address)] == []
    assert [address for address in kept_out if not blocked(address)] == []


def test_filter_on_a_full_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules that are there as they should be aren't written again; others are, or it is said."""
    cog.prepare(tmp_path, "http://pi:81")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    cog.prepare(tmp_path, "http://pi:81")
    with pytest.raises(KioskError, match=r"filter\.json, .* can't be written: No space"):
        cog.prepare(tmp_path, "http://pi:82")
