"""The kiosk's launcher: what it decides by itself.

`make test-kiosk` has its life, and what it shows under a real compositor.
"""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from harness.exhibit import write_exhibit

from gpiobridge.cli.group import main
from gpiobridge.client import asking
from gpiobridge.errors import RemoteError
from gpiobridge.kiosk import browser_process, browsers, launcher, profiles
from gpiobridge.kiosk.alarm import Alarm
from gpiobridge.kiosk.inquiry import Inquiry
from gpiobridge.kiosk.liveness import Answer
from gpiobridge.kiosk.proof import Proof
from gpiobridge.kiosk.start import stage_address

from .starts import start


def kiosk_of(options: launcher.Options, alarm: Alarm) -> launcher._Kiosk:
    """A kiosk that shows a bridge on another machine, to which it can prove nothing."""
    proof = Proof("http://pi", "kiosk", alarm, {})
    return launcher._Kiosk(options, "http://pi", None, alarm, proof)


OTHER = Answer(frozenset({"", "lobby"}), 2.0)


def test_profile_folder() -> None:
    """The profile lies in systemd's state folder, else in the user's."""
    folder = profiles.profile_folder
    assert folder("kiosk", {"STATE_DIRECTORY": "/a:/b", "XDG_STATE_HOME": "/c"}) == Path("/a/kiosk")
    assert folder("hall", {"XDG_STATE_HOME": "/c"}) == Path("/c/gpiobridge/hall")
    assert folder("hall", {}) == Path.home() / ".local/state/gpiobridge/hall"


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
    kiosk = kiosk_of(options, alarm)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as browser:
        kiosk._watch(browser, None, 0)
    [wait_s] = waits
    assert wait_s is not None
    assert wait_s > 500


HEALTH = {"displays": [], "beat": 2.0, "pins": {}}


@pytest.mark.parametrize(
    ("token", "little_memory", "query"),
    [
        ("", False, "display=kiosk"),
        ("", True, "display=kiosk&ahead=0"),
        ("a&b", True, "display=kiosk&ahead=0&token=a%26b"),
    ],
)
def test_address_of_the_stage(token: str, little_memory: bool, query: str) -> None:
    """It has the display's name; with little memory the stage holds no page ready."""
    address = stage_address("http://pi/hall", "kiosk", token, little_memory=little_memory)
    assert address == f"http://pi/hall/gpiobridge/stage?{query}"


def bridges(monkeypatch: pytest.MonkeyPatch, *told: Mapping[str, Any]) -> None:
    """Let the bridge answer so, one time each; an empty answer is silence."""
    answers = iter(told)

    def health(*_: object, **__: object) -> Mapping[str, Any]:
        answer = next(answers)
        if not answer:
            raise RemoteError("no bridge answers")
        return HEALTH | answer

    monkeypatch.setattr(asking, "health", health)


def test_the_bridge_says_whether_it_has_a_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """An older bridge has none; while a bridge is silent its last answer holds."""
    bridges(monkeypatch, {"stage": True}, {}, {"stage": False}, {"older": 1})
    inquiry = Inquiry("http://pi", "kiosk", "", Alarm())
    found = []
    for _ in range(4):
        inquiry.ask()
        found.append(inquiry.stage)
    assert found == [True, True, False, None]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[str]]:
    """A function that returns the addresses that browsers open, start by start."""
    program = tmp_path / "chromium"
    program.touch()

    def show(*told: Mapping[str, Any], token: str = "", **options: Any) -> list[str]:
        bridges(monkeypatch, *told)
        alarm, addresses = Alarm(), []

        def run(_: object, start: Any, *_rest: object) -> tuple[bool, str]:
            addresses.append(launcher.chromium.command(start)[-1])
            alarm.stopping = len(addresses) == len(told)
            return True, ""

        monkeypatch.setattr(launcher._Kiosk, "_run", run)
        monkeypatch.setattr(launcher._Kiosk, "_pause", lambda *_: None)
        given = launcher.Options("http://pi", token=token, **options)
        kiosk = kiosk_of(given, alarm)
        kiosk.show(start(program), tmp_path, {})
        return addresses

    return show


def test_each_start_opens_what_the_bridge_wants(opened: Callable[..., list[str]]) -> None:
    """The stage if the bridge wants it, else the start page; it is asked before each start."""
    stage = "http://pi/gpiobridge/stage?display=kiosk"
    page = "http://pi/?display=kiosk"
    told = [{"stage": value} for value in (True, True, False, True)]
    assert opened(*told, {"older": 1}) == [stage, stage, page, stage, page]


def test_the_owner_wants_no_stage(opened: Callable[..., list[str]]) -> None:
    """With --no-stage the kiosk opens the start page, whatever the bridge says."""
    assert opened({"stage": True}, stage=False) == ["http://pi/?display=kiosk"]


def test_a_stage_behind_a_token(opened: Callable[..., list[str]], tmp_path: Path) -> None:
    """No command line has the token: a page that nobody else can read leads to the stage."""
    assert opened({"stage": True}, token="secret") == [(tmp_path / "start.html").as_uri()]
    text = (tmp_path / "start.html").read_text()
    assert "http://pi/gpiobridge/stage?display=kiosk&token=secret" in text


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (True, {"older": 1}, "the bridge has no stage any more"),
        (True, {"stage": False}, ""),
        (False, {"stage": True}, ""),
    ],
)
def test_a_bridge_that_changes_its_mind(
    monkeypatch: pytest.MonkeyPatch, before: bool, now: Mapping[str, Any], said: str
) -> None:
    """A stage that no longer exists is left at once, any other change waits for a quiet minute."""
    bridges(monkeypatch, now)
    alarm = Alarm()
    kiosk = kiosk_of(launcher.Options("http://pi"), alarm)
    kiosk._on_stage = before
    kiosk._bridge.ask()
    assert kiosk._renewed() == said
    if not said:
        monkeypatch.setattr("gpiobridge.kiosk.renewal.QUIET_S", 0.0)
        assert kiosk._renewed() == f"the bridge says [stage] kiosk = {str(not before).lower()} now"


@pytest.mark.parametrize(("words", "stage"), [((), True), (("--no-stage",), False)])
def test_option_for_the_stage(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], stage: bool
) -> None:
    """The stage is the default; --no-stage leaves it out."""
    given: list[launcher.Options] = []
    monkeypatch.setattr(launcher, "run", given.append)
    done = CliRunner().invoke(main, ["kiosk", "--url", "http://pi", *words])
    assert (done.exit_code, [options.stage for options in given]) == (0, [stage]), done.output


@pytest.mark.parametrize(
    ("url", "server", "own"),
    [
        ("https://pi.example.org", 'url = "https://pi.example.org"', "http://127.0.0.1:8123"),
        ("https://pi.example.org/hall", 'url = "https://pi.example.org"', "http://127.0.0.1:8123"),
        ("https://pi.example.net", 'url = "https://pi.example.org"', ""),
        ("http://pi.example.org", 'url = "https://pi.example.org"', ""),
        ("https://pi.example.org", "", ""),
        (None, 'url = "https://pi.example.org"', ""),
    ],
)
def test_a_kiosk_that_opens_the_proxy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str | None, server: str, own: str
) -> None:
    """It proves itself to the bridge behind it, if the configuration names that proxy."""
    given: list[launcher.Options] = []
    monkeypatch.setattr(launcher, "run", given.append)
    file = write_exhibit(tmp_path, f"port = 8123\n{server}")
    words = ["kiosk", "--config", str(file), *(["--url", url] if url else [])]
    done = CliRunner().invoke(main, words)
    assert (done.exit_code, [options.own_url for options in given]) == (0, [own]), done.output
