"""The kiosk's launcher: its decisions, and its browser's command line and profile.

`make test-kiosk` has its life, and what it shows under a real compositor.
"""

import json
import re
import subprocess
from pathlib import Path

import click
import pytest

from gpiobridge.cli.group import main
from gpiobridge.errors import KioskError
from gpiobridge.kiosk import browser_process, browsers, chromium, cog, launcher, liveness, profiles
from gpiobridge.kiosk.alarm import Alarm
from gpiobridge.kiosk.inquiry import Inquiry
from gpiobridge.kiosk.liveness import Answer, Liveness
from gpiobridge.kiosk.start import Start, page_address

LIVE = Answer(frozenset({"kiosk"}), 2.0)
OTHER = Answer(frozenset({"", "lobby"}), 2.0)
SLOW = Answer(frozenset(), 10.0)
HIDDEN = Answer(frozenset({"lobby"}), 2.0, frozenset({"kiosk"}))
BOTH = Answer(frozenset({"kiosk"}), 2.0, frozenset({"kiosk"}))


@pytest.mark.parametrize(
    ("failures", "answers"),
    [
        # Seen and lost: after 10 s, counted from the first answer without it.
        (0, [(0, LIVE, ""), (2, OTHER, ""), (11.9, OTHER, ""), (12, OTHER, "not been alive")]),
        # Never seen: after 60 s; a slow machine gets twice as long each time, at most 5 min.
        (0, [(0, OTHER, ""), (59.9, OTHER, ""), (60, OTHER, "no live page within 60 s")]),
        (1, [(0, OTHER, ""), (119.9, OTHER, ""), (120, OTHER, "within 120 s")]),
        (50, [(0, OTHER, ""), (299.9, OTHER, ""), (300, OTHER, "within 300 s")]),
        # A page that comes back in time begins anew.
        (0, [(0, LIVE, ""), (2, OTHER, ""), (11, LIVE, ""), (13, OTHER, ""), (22.9, OTHER, "")]),
        # A silent bridge is no fault of the browser's, however long it is silent.
        (0, [(0, LIVE, ""), (2, None, ""), (900, None, ""), (901, OTHER, ""), (910, OTHER, "")]),
        (
            0,
            [(0, OTHER, ""), (50, None, ""), (70, OTHER, ""), (129, OTHER, ""), (130, OTHER, "no")],
        ),
        # Pages that make themselves heard less often are given longer: four beats.
        (0, [(0, LIVE, ""), (2, SLOW, ""), (41.9, SLOW, ""), (42, SLOW, "alive for 40 s")]),
        # Live, but hidden, is not shown; of several displays of the name one is enough.
        (0, [(0, LIVE, ""), (2, HIDDEN, ""), (11.9, HIDDEN, ""), (12, HIDDEN, "not been visible")]),
        (0, [(0, LIVE, ""), (2, BOTH, ""), (900, BOTH, "")]),
        # Whether it is hidden or gone, it is one time without a page.
        (0, [(0, LIVE, ""), (2, HIDDEN, ""), (8, OTHER, ""), (12, OTHER, "not been alive")]),
        (0, [(0, LIVE, ""), (2, OTHER, ""), (8, HIDDEN, ""), (10, LIVE, ""), (13, HIDDEN, "")]),
        # Hidden from the start: ever later, at most once an hour, as by night on a dark screen.
        (0, [(0, HIDDEN, ""), (59.9, HIDDEN, ""), (60, HIDDEN, "only a hidden page within 60 s")]),
        (4, [(0, HIDDEN, ""), (959, HIDDEN, ""), (960, HIDDEN, "within 960 s")]),
        (50, [(0, HIDDEN, ""), (3599, HIDDEN, ""), (3600, HIDDEN, "within 3600 s")]),
        (50, [(0, HIDDEN, ""), (3000, LIVE, ""), (3002, HIDDEN, ""), (3012, HIDDEN, "10 s")]),
    ],
)
def test_when_to_restart(failures: int, answers: list[tuple[float, Answer | None, str]]) -> None:
    """A browser is started again for a reason, and only then."""
    page = Liveness("kiosk", failures)
    for now_s, answer, said in answers:
        problem = page.problem(now_s, answer)
        assert (problem is not None) == bool(said), (now_s, problem)
        assert said in (problem or "")


def test_answer_of_the_bridge() -> None:
    """A display that is hidden is not among those that are shown; an older bridge says nothing."""
    displays = [
        {"name": "kiosk", "page": "open", "visible": False},
        {"name": "hall", "page": "open", "visible": True},
        {"name": "hall", "page": "open", "visible": False},
        {"name": "old", "page": "open"},
    ]
    answer = Answer.of(displays, 2.0)
    assert answer == Answer(frozenset({"hall", "old"}), 2.0, frozenset({"kiosk", "hall"}))


def test_pauses_grow() -> None:
    """A browser that shows nothing alive is started again ever later, but always within 10 s."""
    assert [liveness.pause_s(n) for n in range(7)] == [0.5, 1, 2, 4, 8, 10, 10]
    assert liveness.pause_s(100_000) == 10


def start(program: Path, *flags: str, **more: bool) -> Start:
    """A start of a browser on a page."""
    return Start(program, Path("/p"), "http://pi/", flags=flags, **({"wayland": True} | more))


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
    address = page_address("http://pi", "kiosk", "secret-of-the-bridge")
    first = chromium.first_address(tmp_path, address, secret=True)
    assert first == f"file://{tmp_path}/start.html"


def test_raspberry_pis_warning(program: Path) -> None:
    """The script that asks on a Pi with less than 1 GB is told not to; no other one is."""
    program.write_text("#!/bin/sh\n--no-memcheck ) want_memcheck=0\n")
    assert "--no-memcheck" in command(program)
    program.write_text("#!/bin/sh\nexec /usr/lib/chromium/chromium\n")
    assert "--no-memcheck" not in command(program)


def test_profile_folder() -> None:
    """The profile lies in systemd's state folder, else in the user's."""
    folder = profiles.profile_folder
    assert folder("kiosk", {"STATE_DIRECTORY": "/a:/b", "XDG_STATE_HOME": "/c"}) == Path("/a/kiosk")
    assert folder("hall", {"XDG_STATE_HOME": "/c"}) == Path("/c/gpiobridge/hall")
    assert folder("hall", {}) == Path.home() / ".local/state/gpiobridge/hall"


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
    with pytest.raises(KioskError, match=r"filter\.json can't be written: No space left"):
        cog.prepare(tmp_path, "http://pi:82")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (3, "it ended with code 3"),
        (-9, "it was ended by SIGKILL"),
        (-36, "it was ended by signal 36"),
    ],
)
def test_how_a_browser_ended(code: int, said: str) -> None:
    """Any end of the browser's can be said: a real-time signal has no name."""
    assert browser_process.how_it_ended(code) == said


def test_choice_of_browsers() -> None:
    """The command line names each browser that the launcher knows."""
    commands = click.Context(main)
    kiosk = main.get_command(commands, "kiosk")
    assert kiosk is not None
    [option] = [param for param in kiosk.params if param.name == "browser"]
    assert isinstance(option.type, click.Choice)
    assert set(option.type.choices) == set(launcher.DRIVERS) == set(browsers.BROWSERS)


def test_renewal_alone_asks_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no page is watched none is waited for, so the bridge isn't asked for it (row 7)."""
    waits: list[float | None] = []

    def sleep(_: object, seconds: float | None, *_rest: object) -> None:
        waits.append(seconds)
        alarm.stopping = True

    monkeypatch.setattr(launcher, "_WATCH_S", 600.0)
    monkeypatch.setattr(Inquiry, "ask", lambda _: OTHER)
    monkeypatch.setattr(launcher._Kiosk, "_sleep", sleep)
    options = launcher.Options("http://pi", watch=False, renew_min=240)
    alarm = Alarm()
    kiosk = launcher._Kiosk(options, "http://pi", None, alarm)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as browser:
        kiosk._watch(browser, None, 0)
    [wait_s] = waits
    assert wait_s is not None
    assert wait_s > 500
