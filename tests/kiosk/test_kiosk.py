"""The kiosk's launcher: what it decides by itself.

`make test-kiosk` has its life, and what it shows under a real compositor.
"""

import subprocess
from pathlib import Path

import click
import pytest

from gpiobridge.cli.group import main
from gpiobridge.kiosk import browser_process, browsers, launcher, profiles
from gpiobridge.kiosk.alarm import Alarm
from gpiobridge.kiosk.inquiry import Inquiry
from gpiobridge.kiosk.liveness import Answer

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
    kiosk = launcher._Kiosk(options, "http://pi", None, alarm)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as browser:
        kiosk._watch(browser, None, 0)
    [wait_s] = waits
    assert wait_s is not None
    assert wait_s > 500
