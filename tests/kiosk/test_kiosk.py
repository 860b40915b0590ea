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
from gpiobridge.config import ScreenCommands
from gpiobridge.errors import RemoteError
from gpiobridge.kiosk import browser_process, browsers, launcher, profiles
from gpiobridge.kiosk.alarm import Alarm
from gpiobridge.kiosk.inquiry import Inquiry
from gpiobridge.kiosk.liveness import Answer
from gpiobridge.kiosk.proof import Proof
from gpiobridge.kiosk.screen_power import ScreenPower, switch_for
from gpiobridge.kiosk.start import stage_address

from .starts import start


def kiosk_of(
    options: launcher.Options, alarm: Alarm, screen: Any = None, power: Any = None
) -> launcher._Kiosk:
    """A kiosk that shows a bridge on another machine, to which it can prove nothing."""
    proof = Proof("http://pi", "kiosk", alarm, {})
    power = power or ScreenPower(switch_for({}, "", "", None))
    return launcher._Kiosk(options, "http://pi", screen, alarm, proof, power)


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


SCREENS = {"": {"screen": "off"}, "left": {"screen": "on"}}


@pytest.mark.parametrize(
    ("name", "hours", "dark"),
    [
        ("kiosk", {"screens": SCREENS}, True),
        ("left", {"screens": SCREENS}, False),
        ("kiosk", {"screens": {}}, None),
        ("kiosk", {"state": "closed"}, None),
        ("kiosk", None, None),
    ],
)
def test_the_bridge_says_whether_the_screen_is_off(
    monkeypatch: pytest.MonkeyPatch, name: str, hours: object, dark: bool | None
) -> None:
    """By its name, or as all that have none; an older bridge and one without hours say nothing."""
    bridges(monkeypatch, {"hours": hours}, {}, {})
    inquiry = Inquiry("http://pi", name, "", Alarm())
    inquiry.ask()
    assert inquiry.dark is dark
    inquiry.ask()
    assert inquiry.dark is dark, "while the bridge is silent its last word holds"
    if hours:
        return
    assert Inquiry("http://pi", name, "", Alarm()).dark is None


LIVE, HIDDEN = Answer(frozenset({"kiosk"}), 2.0), Answer(frozenset(), 2.0, frozenset({"kiosk"}))


class Power:
    """A screen's power that notes what it is asked for."""

    def __init__(self, *, browser_notices: bool) -> None:
        self.browser_notices = browser_notices
        self.is_off = False
        self.wanted: list[bool] = []

    def want(self, _now_s: float, *, off: bool) -> None:
        """Obey."""
        self.wanted.append(off)
        self.is_off = off


class Output:
    """A compositor whose output is gone while it is off."""

    def __init__(self, power: Power) -> None:
        self.power = power
        self.unplugged = False

    @property
    def dark(self) -> bool:
        """Whether there is no output."""
        return self.unplugged or self.power.is_off

    def fileno(self) -> int:
        """Nothing waits for it here."""
        raise NotImplementedError


class Dusk:
    """A kiosk's launcher, what the bridge answers time after time, and time."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *, browser_notices: bool = True, watch: bool = True
    ) -> None:
        self.power = Power(browser_notices=browser_notices)
        self.screen = Output(self.power)
        self.now_s = 1000.0
        self._patch = monkeypatch
        self._options = launcher.Options("http://pi", watch=watch)

    def watch(self, *told: tuple[bool | None, Answer | None]) -> tuple[tuple[bool, str], int]:
        """Watch a browser; each answer is two seconds after the one before.

        Returns:
            What the launcher says of the browser, and how many answers it has taken.
        """
        alarm, answers = Alarm(), iter(told)
        kiosk = kiosk_of(self._options, alarm, self.screen, self.power)
        taken = 0
        kiosk._bridge.dark = told[0][0]

        def ask(inquiry: Inquiry) -> Answer | None:
            nonlocal taken
            taken += 1
            inquiry.dark, answer = next(answers)
            return answer

        def sleep(_: object, seconds: float | None, *_rest: object) -> None:
            self.now_s += max(seconds or 0.0, 0.01)
            alarm.stopping = taken == len(told)

        self._patch.setattr(launcher.time, "monotonic", lambda: self.now_s)
        self._patch.setattr(Inquiry, "ask", ask)
        self._patch.setattr(launcher._Kiosk, "_sleep", sleep)
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as browser:
            return kiosk._watch(browser, None, 0), taken


@pytest.fixture
def dusk(monkeypatch: pytest.MonkeyPatch) -> Dusk:
    """A dusk."""
    return Dusk(monkeypatch)


def test_a_dark_screen_asks_for_life_only(dusk: Dusk) -> None:
    """A hidden page is well; one that has died is not, though there is no output."""
    hidden = [(True, HIDDEN)] * 60
    said, taken = dusk.watch((False, LIVE), (True, LIVE), *hidden, (False, LIVE))
    assert (said[0], taken) == (True, 63)
    assert dusk.power.wanted == [False, *[True] * 61, False]
    dead = [(True, OTHER)] * 40
    said, taken = dusk.watch((True, LIVE), *dead)
    assert said == (True, "its page has not been alive for 10 s")
    assert taken < 40


def test_a_screen_that_is_unplugged_asks_for_nothing(dusk: Dusk) -> None:
    """While it is open, without a screen nobody could see a page, as ever."""
    dusk.screen.unplugged = True
    _, taken = dusk.watch((False, LIVE), *[(False, OTHER)] * 60)
    assert taken == 61


def test_the_screen_is_on_until_the_browser_has_shown_its_page(dusk: Dusk) -> None:
    """On a dark screen it might never begin: so a restart at night lights it for a moment."""
    dusk.power.is_off = True
    dusk.watch((True, OTHER), (True, OTHER), (True, LIVE), (True, LIVE))
    assert dusk.power.wanted == [False, False, True, True]


def test_commands_don_t_wait_for_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """It doesn't notice what a television does."""
    dusk = Dusk(monkeypatch, browser_notices=False)
    dusk.watch((True, OTHER), (True, OTHER))
    assert dusk.power.wanted == [True, True]


def test_a_screen_without_a_watchdog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is switched, too, once the browser has run for a while."""
    dusk = Dusk(monkeypatch, watch=False)
    dusk.watch(*[(True, OTHER)] * 20)
    assert dusk.power.wanted == [False] * 15 + [True] * 5


def test_a_bridge_without_hours_any_more(dusk: Dusk) -> None:
    """A screen that is off is switched on; one that is on isn't touched."""
    dusk.watch((None, LIVE), (True, LIVE), (None, LIVE), (None, LIVE))
    assert dusk.power.wanted == [True, False]


def test_a_browser_that_starts_at_night(dusk: Dusk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The launcher has the screen switched on first, and asks the bridge though it is dark."""
    dusk.power.is_off = True
    alarm = Alarm()
    kiosk = kiosk_of(launcher.Options("http://pi"), alarm, dusk.screen, dusk.power)
    kiosk._bridge.dark = True
    monkeypatch.setattr(Inquiry, "ask", lambda _: OTHER)
    monkeypatch.setattr(launcher._Kiosk, "_pause", lambda *_: pytest.fail("it waits"))
    assert kiosk._is_time_to_start()
    assert dusk.power.wanted == [False]


@pytest.mark.parametrize(
    ("hours", "switches"),
    [
        ('screen = { off = ["/bin/off", "a"], on = ["/bin/on"] }',
         ScreenCommands(("/bin/off", "a"), ("/bin/on",))),
        ('screen = "off"', None),
        ("", None),
    ],
)  # fmt: skip
def test_commands_of_the_owner(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hours: str, switches: ScreenCommands | None
) -> None:
    """They are those of the kiosk's own configuration, whatever bridge it shows."""
    given: list[launcher.Options] = []
    monkeypatch.setattr(launcher, "run", given.append)
    file = write_exhibit(tmp_path)
    with file.open("a") as text:
        text.write(f'[hours]\nopen = []\npage = "open"\n{hours}\n')
    done = CliRunner().invoke(main, ["kiosk", "--config", str(file)])
    assert (done.exit_code, [each.switches for each in given]) == (0, [switches]), done.output
