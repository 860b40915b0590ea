"""When a named display is an alarm, why, and when that is over; in time that a test makes."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from harness.made_clock import UNIX_S, MadeClock
from play import BOTH_WAYS, Play

from gpiobridge.config import Alarms, NamedDisplay, Page
from gpiobridge.displays.alarm import Alarm, Dead
from gpiobridge.displays.audience import SIMULATOR, Display
from gpiobridge.displays.journey import Shown
from gpiobridge.loop.dead_screens import CALM_S, LOOK_S, MAX_WELL_S, START_S, DeadScreens
from gpiobridge.loop.observer import Observer

AFTER_S = 60.0
PAGES = {
    "sea": Page(name="sea", template=None),
    "plain": Page(name="plain", template=None, client=False),
}


def tab(
    page: str = "sea",
    name: str = "left",
    *,
    shown: bool = True,
    visible: bool = True,
    unanswered: int = 0,
    closing: bool = False,
) -> Any:
    """An open page, as far as it counts here."""
    return SimpleNamespace(
        display=Display(page, name, visible=visible),
        slot=SimpleNamespace(shown=Shown() if shown else None),
        unanswered_beats=unanswered,
        closing=closing,
    )


class Wall(Observer):
    """Displays whose state a test sets, and what is said of them."""

    def __init__(self, *names: str) -> None:
        self.clock = MadeClock()
        self.tabs: list[Any] = []
        self.dark = False
        self.said: list[tuple[str, Dead]] = []
        self.heard: list[Alarm] = []
        self.screens = DeadScreens(
            names or ("left",), AFTER_S, PAGES, [self], self.clock, lambda name: self.dark
        )

    def alarm_raised(self, alarm: Alarm) -> None:
        """Take note."""
        self.said.append(("raised", alarm.dead))
        self.heard.append(alarm)

    def alarm_over(self, alarm: Alarm) -> None:
        """Take note."""
        self.said.append(("over", alarm.dead))

    def go_on(self, duration_s: float, *tabs: Any) -> list[tuple[str, Dead]]:
        """Let time pass while these tabs are open; return what was said meanwhile."""
        self.said = []
        until_s = self.clock.now_s + duration_s
        while self.clock.now_s < until_s:
            self.clock.forward(min(LOOK_S, until_s - self.clock.now_s))
            self.screens.tick(self.clock.now_s, tabs)
        return self.said


def test_a_display_has_time_to_come() -> None:
    """After a start it may take longer than later."""
    wall = Wall()
    assert wall.go_on(START_S - LOOK_S) == []
    assert wall.go_on(LOOK_S) == [("raised", Dead.MISSING)]
    (alarm,) = wall.screens.alarms
    assert (alarm.display, alarm.since_s, alarm.after_s) == ("left", 1000.0, START_S)
    assert alarm.since_unix_s == UNIX_S + 1000.0
    assert alarm.since == "2023-11-14T22:30:00+00:00"


@pytest.mark.parametrize(
    ("tabs", "dead"),
    [
        ([], Dead.MISSING),
        ([tab(SIMULATOR)], Dead.MISSING),
        ([tab(name="right")], Dead.MISSING),
        ([tab(closing=True)], Dead.MISSING),
        ([tab(shown=False)], Dead.NOT_SHOWN),
        ([tab(visible=False)], Dead.HIDDEN),
        ([tab(shown=False, visible=False)], Dead.HIDDEN),
        ([tab(unanswered=2)], Dead.SILENT),
        ([tab(unanswered=2), tab(visible=False)], Dead.HIDDEN),
        ([tab("plain", visible=False)], Dead.HIDDEN),
    ],
)
def test_why_a_display_is_dead(tabs: list[Any], dead: Dead) -> None:
    """Once it has been there, a minute is the limit, whatever the reason."""
    wall = Wall()
    assert wall.go_on(LOOK_S, tab()) == []
    assert wall.go_on(AFTER_S - LOOK_S, *tabs) == []
    assert wall.go_on(LOOK_S, *tabs) == [("raised", dead)]
    assert wall.go_on(3600.0, *tabs) == []  # once


@pytest.mark.parametrize(
    "tabs",
    [
        [tab()],
        [tab(visible=False), tab()],
        [tab(unanswered=1)],
        [tab("plain", shown=False)],
        [tab("plain", shown=False, unanswered=5)],
    ],
)
def test_who_is_well(tabs: list[Any]) -> None:
    """One good tab is enough, the newest beat may be on its way, a plain page says nothing."""
    wall = Wall()
    assert wall.go_on(3 * START_S, *tabs) == []
    assert wall.screens.alarms == ()


def test_an_alarm_is_over_once() -> None:
    """After the display has been well for as long without a break."""
    wall = Wall()
    wall.go_on(LOOK_S, tab())
    assert wall.go_on(AFTER_S) == [("raised", Dead.MISSING)]
    assert wall.go_on(AFTER_S - LOOK_S, tab()) == []
    assert wall.go_on(LOOK_S, tab(visible=False)) == []
    (alarm,) = wall.screens.alarms
    assert (alarm.dead, alarm.since_s) == (Dead.HIDDEN, 1002.0)  # the newest reason, the same alarm
    assert wall.go_on(AFTER_S - LOOK_S, tab()) == []
    assert wall.go_on(LOOK_S, tab()) == [("over", Dead.HIDDEN)]
    assert wall.screens.alarms == ()
    assert wall.go_on(3600.0, tab()) == []


def test_a_display_between_two_pages_is_no_alarm() -> None:
    """It has no socket for a moment, again and again."""
    wall = Wall()
    for _ in range(100):
        assert wall.go_on(4 * LOOK_S, tab()) == []
        assert wall.go_on(5 * LOOK_S) == []


def test_a_display_that_comes_and_goes_is_no_flood() -> None:
    """It has to be well for longer and longer; after an hour of calm it is as at first."""
    wall = Wall()
    wall.go_on(LOOK_S, tab())
    said = []
    for _ in range(120):  # four hours
        said += wall.go_on(AFTER_S)
        said += wall.go_on(AFTER_S, tab())
    assert said == [("raised", Dead.MISSING), ("over", Dead.MISSING), ("raised", Dead.MISSING)]
    assert wall.go_on(2 * AFTER_S, tab()) == [("over", Dead.MISSING)]
    assert wall.go_on(CALM_S, tab()) == []
    assert wall.go_on(AFTER_S) == [("raised", Dead.MISSING)]
    assert wall.go_on(AFTER_S, tab()) == [("over", Dead.MISSING)]
    for _ in range(10):
        wall.go_on(AFTER_S)
        wall.go_on(MAX_WELL_S - LOOK_S, tab())
    assert wall.go_on(AFTER_S) == []  # it has not been over
    assert wall.go_on(MAX_WELL_S, tab()) == [("over", Dead.MISSING)]


def test_a_screen_that_is_off_on_purpose() -> None:
    """Nobody has to see its page; but it must be there, and answer."""
    wall = Wall()
    wall.go_on(LOOK_S, tab())
    wall.dark = True
    assert wall.go_on(3600.0, tab(visible=False)) == []
    assert wall.go_on(3600.0, tab(shown=False)) == []
    assert wall.go_on(AFTER_S, tab(visible=False, unanswered=2)) == [("raised", Dead.SILENT)]
    assert wall.go_on(AFTER_S, tab(visible=False)) == [("over", Dead.SILENT)]
    assert wall.go_on(AFTER_S) == [("raised", Dead.MISSING)]


def test_time_in_which_nobody_looked_does_not_count() -> None:
    """A machine that was suspended: its displays have to come again first."""
    wall = Wall()
    wall.go_on(LOOK_S, tab())
    wall.clock.forward(3600.0)
    assert wall.go_on(AFTER_S - 2 * LOOK_S) == []
    assert wall.go_on(2 * LOOK_S) == [("raised", Dead.MISSING)]


def test_each_display_has_its_own_alarm() -> None:
    """In the order of the configuration."""
    wall = Wall("right", "left")
    wall.go_on(LOOK_S, tab(), tab(name="right"))
    wall.go_on(AFTER_S, tab())
    wall.go_on(AFTER_S)
    assert [alarm.display for alarm in wall.screens.alarms] == ["right", "left"]


def test_without_names_there_is_nothing_to_do() -> None:
    """Then nobody is woken, either."""
    wall = Wall()
    assert wall.screens.deadline_s == 1000.0 + LOOK_S
    assert DeadScreens((), AFTER_S, {}, [], wall.clock).deadline_s is None


def test_what_an_alarm_says() -> None:
    """What is wrong, since when, and what to do."""
    alarm = Alarm("left", Dead.MISSING, 0.0, 1_700_000_000.0, 60.0)
    text = alarm.raised_text
    assert text.startswith('display "left" is missing since 2023-11-1')
    assert "/?display=left" in text
    over = alarm.over_text
    assert over.startswith('display "left" is well again; it was missing since 2023-11-1')
    texts = [Alarm("left", dead, 0.0, 0.0, 60.0).raised_text for dead in Dead]
    assert all(". See " in text or ". Load " in text for text in texts)


@pytest.fixture
def wall() -> Any:
    """A running watcher with two named displays."""
    names = ("left", "right")
    displays = {name: NamedDisplay(name=name) for name in names}
    play = Play(replace(BOTH_WAYS, displays=displays, alarms=Alarms(after_s=10.0)))
    yield play
    play.stop()


def test_the_watcher_looks(wall: Play, caplog: pytest.LogCaptureFixture) -> None:
    """A page that is hidden, and one that hangs before it has answered anything."""
    left, right = wall.come(name="left"), wall.come(name="right")
    answering = [left, right]

    def go_on(turns: int) -> dict[str, str]:
        for _ in range(turns):
            for visitor in answering:
                visitor.peer.send('{"type":"message"}')  # as good as a beat, but promises no more
            wall.forward(LOOK_S)
        return {alarm.display: alarm.dead for alarm in wall.watcher.dead_screens.alarms}

    left.say()
    right.say()
    assert go_on(10) == {}
    left.peer.send('{"type":"visible","visible":false}')
    answering.remove(right)
    assert go_on(10) == {"left": Dead.HIDDEN, "right": Dead.SILENT}
    left.peer.send('{"type":"visible","visible":true}')
    answering.append(right)
    # On a busy machine a turn may miss a word, and then the alarms last for longer.
    assert any(go_on(1) == {} for _ in range(100))
    assert wall.watcher.counts.alarms == {"left": 1, "right": 1}
    lines = [record.getMessage() for record in caplog.records if "alarm" in record.getMessage()]
    assert [line.split(" since ")[0] for line in lines] == [
        'alarm: display "left" is hidden',
        'alarm: display "right" is silent',
        'alarm over: display "left" is well again; it was hidden',
        'alarm over: display "right" is well again; it was silent',
    ]


def test_a_display_that_is_back_is_not_said_to_be_missing() -> None:
    """Its alarm lasts until it has stayed well; meanwhile the sentence says so."""
    wall = Wall()
    wall.go_on(START_S)
    (alarm,) = wall.screens.alarms
    assert 'display "left" is missing since' in alarm.raised_text
    assert wall.go_on(LOOK_S, tab()) == []
    (alarm,) = wall.screens.alarms
    assert alarm.raised_text.startswith('display "left" is back; it was missing since')
    assert alarm.raised_text.endswith("This is over once it stays well")
    assert wall.go_on(LOOK_S) == []
    assert 'display "left" is missing since' in wall.screens.alarms[0].raised_text


def test_an_alarm_outlives_a_reload() -> None:
    """It isn't raised anew, and is over once; one of a display without a name is dropped."""
    wall = Wall()
    before = Alarm("left", Dead.HIDDEN, 900.0, UNIX_S + 900.0, 60.0)
    other = replace(before, display="gone")
    wall.screens = DeadScreens(["left"], AFTER_S, PAGES, [wall], wall.clock, raised=[before, other])
    assert wall.screens.alarms == (before,)
    assert wall.go_on(2 * START_S, tab(visible=False)) == []
    assert wall.screens.alarms == (before,)
    assert wall.go_on(AFTER_S, tab()) == [("over", Dead.HIDDEN)]
