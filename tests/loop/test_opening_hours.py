"""What displays and outputs do when it closes and opens, in time that a test makes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from math import inf
from typing import Any

import pytest
from harness.deadline import wait_until
from harness.made_clock import MadeClock
from harness.scripted_lines import ScriptedLines
from harness.scripted_pins import PATHS, SETTINGS, ScriptedPins
from stage import Peer, Stage
from wsproto.events import CloseConnection

from gpiobridge.config import Alarms, Hours, NamedDisplay, OutputState, Page, PageOutput, Settings
from gpiobridge.config.opening_times import ToHours, opening_times
from gpiobridge.core.events import Gesture, Level, Route
from gpiobridge.displays.audience import SIMULATOR, Audience, Move
from gpiobridge.displays.observer import MovedBy
from gpiobridge.hours.clerk import Clerk
from gpiobridge.hours.orders import SetHours
from gpiobridge.hours.status import HoursState
from gpiobridge.hours.timekeeper import Timekeeper
from gpiobridge.loop.observer import Observer
from gpiobridge.outputs.gpio import WiredOutput
from gpiobridge.outputs.orders import SetOutput

LOW, HIGH = Level.LOW, Level.HIGH
ON, OFF = OutputState.ON, OutputState.OFF
HOURS = Hours(open=(opening_times("10:00-18:00"),), timezone="UTC", page="closed", trust_clock=True)
RULES = {("button", LOW): "open"}
ALL = replace(
    SETTINGS,
    pages={
        "welcome": Page(name="welcome", template=None, rules=RULES,
                        routes={("door", LOW): Route("open", frozenset({"left"}))},
                        outputs={"lamp": PageOutput(ON)}),
        "open": Page(name="open", template=None),
        "closed": Page(name="closed", template=None, rules=RULES,
                       routes={("door", LOW): Route("open", frozenset({"late"}))},
                       while_rules={("door", LOW): "open"}),
        "night": Page(name="night", template=None),
    },
    displays={
        "left": NamedDisplay(name="left", start="open"),
        "quiet": NamedDisplay(name="quiet", start="closed"),
        "late": NamedDisplay(
            name="late", hours=replace(HOURS, open=(opening_times("10:00-20:00"),), page="night")
        ),
    },
    hours=HOURS,
    hours_rules={
        ("door", Gesture.HOLD): ToHours("open", 4 * 3600.0),
        ("door", Gesture.TAP): ToHours("auto"),
    },
    outputs={
        "lamp": WiredOutput(name="lamp", pin=22, closed=OFF),
        "night-light": WiredOutput(name="night-light", pin=23, closed=ON),
        "lock": WiredOutput(name="lock", pin=24, closed=OFF, max_on_s=2.0),
        "button-lamp": WiredOutput(name="button-lamp", pin=25, follows="button"),
        "other": WiredOutput(name="other", pin=26, initial=ON),
    },
)  # fmt: skip


class Moves(Observer):
    """Who was moved because of the hours."""

    def __init__(self) -> None:
        self.moved: list[tuple[str, str]] = []

    def displays_moved(self, page: str, to: str, displays: int, by: MovedBy) -> None:
        """Note a move."""
        if by is MovedBy.HOURS:
            self.moved.append((page, to))


class Day(Stage):
    """A running watcher on a day, and the hand on its clock."""

    def __init__(self, at: str, clerk: Clerk | None = None, settings: Settings = ALL) -> None:
        self.clock = MadeClock()
        self.lines = ScriptedLines(self.clock)
        self.moves = Moves()
        unix_s = datetime.fromisoformat(f"2026-11-27 {at}").replace(tzinfo=UTC).timestamp()
        self.clock.unix_s = unix_s - self.clock.now_s
        paths = {**PATHS, "closed": "/closed", "night": "/night"}
        pins = ScriptedPins(clock=self.clock)
        unsure = replace(ALL, hours=replace(HOURS, trust_clock=False), displays={})
        hours = Timekeeper(unsure, self.clock, clerk) if clerk else None
        super().__init__(pins, settings, self.moves, lines=self.lines, paths=paths, hours=hours)
        self.watcher.start()

    def forward(self, duration_s: float) -> None:
        """Let time pass, and the watcher see what has come of it."""
        self.clock.forward(duration_s)
        self.take_a_turn()

    def come(self, page: str = "welcome", name: str = "", **options: Any) -> Peer:
        """Let a display come, and say that its page is shown."""
        peer = self.join(page, name=name, **options)
        assert peer.frame()["type"] == "state"
        self.take_a_turn()
        if is_open(peer):
            peer.send(f'{{"type": "shown", "cursor": "{self.watcher.core.cursor}"}}')
            wait_until(lambda: peer.connection.heard_s > 0)
            self.take_a_turn()
        return peer

    def press(self) -> None:
        """Press the button, and let it go."""
        for level in (LOW, HIGH):
            self.pins.drive("button", level)
            self.forward(0.1)

    @property
    def states(self) -> dict[str, str]:
        """What the outputs do."""
        return {name: each.state for name, each in self.watcher.outputs.states.items()}


@pytest.fixture
def a_day() -> Iterator[Callable[[str], Day]]:
    """Make a day, and end it."""
    days: list[Day] = []

    def made(at: str, clerk: Clerk | None = None, settings: Settings = ALL) -> Day:
        days.append(Day(at, clerk, settings))
        return days[-1]

    yield made
    for day in days:
        day.stop()


def goes_to(peer: Peer) -> str | None:
    """Read to the close; where the display must go."""
    while not isinstance(event := peer.receive(), CloseConnection):
        pass
    assert event.code == 4000
    return event.reason


def is_open(peer: Peer) -> bool:
    """Whether a display has its socket still."""
    return not peer.connection.closing


def test_it_closes_and_opens(a_day: Callable[[str], Day]) -> None:
    """At its second; each display goes to the page, and in the morning to its own start."""
    day = a_day("17:59:00")
    guest, left, late = day.come(), day.come("open", "left"), day.come("welcome", "late")
    simulator = day.join(SIMULATOR)
    day.forward(59.5)
    assert is_open(guest)
    day.forward(0.5)
    assert (goes_to(guest), goes_to(left)) == ("/closed", "/closed")
    assert is_open(late)
    assert is_open(simulator)
    assert day.moves.moved.count(("welcome", "closed")) == 1
    guest, left = day.come("closed"), day.come("closed", "left")
    day.forward(2 * 3600)
    assert goes_to(late) == "/night"
    late = day.come("night", "late")
    day.forward(14 * 3600)
    assert [goes_to(peer) for peer in (guest, left, late)] == ["/welcome", "/open", "/welcome"]
    assert not simulator.connection.closing


def test_who_comes_while_it_is_closed(a_day: Callable[[str], Day]) -> None:
    """Is led to the page, too; who is there stays."""
    day = a_day("20:30:00")
    assert goes_to(day.come("welcome")) == "/closed"
    assert goes_to(day.come("open", "late")) == "/night"
    peer = day.come("closed")
    day.forward(60)
    assert is_open(peer)


def test_a_press_comes_to_nothing_while_it_is_closed(a_day: Callable[[str], Day]) -> None:
    """Nor does a level, an order of the application, or the page's word that it takes presses."""
    day = a_day("20:30:00")
    peer = day.come("closed", taking=None)
    day.press()
    day.pins.drive("door", LOW)
    day.forward(0.1)
    peer.send('{"type": "taking", "since_ms": 100000}')
    day.forward(0.1)
    day.watcher.order(Move("welcome", Audience()))
    day.forward(0.1)
    assert is_open(peer)
    assert day.states["button-lamp"] == OFF
    late = day.come("open", "")
    assert goes_to(late) == "/closed"


def test_a_route_counts_neither_from_nor_to_what_is_closed(a_day: Callable[[str], Day]) -> None:
    """A display that is open doesn't lead one that is closed, nor the other way round."""
    day = a_day("18:30:00")
    late, left = day.come("welcome", "late"), day.come("closed", "left")
    day.pins.drive("door", LOW)
    day.forward(0.1)
    day.forward(1)
    assert is_open(left)
    assert is_open(late)


def test_what_was_pressed_while_it_was_closed_is_used_up(a_day: Callable[[str], Day]) -> None:
    """A display that stays on its page doesn't leave for it at the opening; the next one counts."""
    day = a_day("09:59:58")
    day.watcher.order(SetHours(HoursState.CLOSED, 1.0))
    day.take_a_turn()
    peer = day.come("closed")
    day.press()
    day.forward(2)
    assert goes_to(peer) == "/welcome"
    peer = day.come("welcome", day.watcher.core.cursor)
    assert is_open(peer)
    assert day.states["button-lamp"] == ON
    day.press()
    assert goes_to(peer) == "/open"


def test_nor_does_it_count_later(a_day: Callable[[str], Day]) -> None:
    """On a display that begins at the page of the night, and so stays there at the opening."""
    day = a_day("09:59:58")
    peer = day.come("closed", "quiet")
    day.press()
    day.forward(2)
    peer.send('{"type": "taking", "since_ms": 5000}')
    wait_until(lambda: peer.connection.standing.taking_since_s != -inf)
    day.take_a_turn()
    assert is_open(peer)
    day.press()
    assert goes_to(peer) == "/open"


def test_a_boot_in_the_morning(a_day: Callable[..., Day]) -> None:
    """Who shows the page of the night still, while nobody knows the time, goes once it is known."""
    clerk = Clerk(ask=lambda *, patient: False)
    day = a_day("12:00:00", clerk)
    peer = day.come("closed")
    day.forward(60)
    assert is_open(peer)
    clerk.trust()
    day.forward(1)
    assert goes_to(peer) == "/welcome"


def test_a_button_of_the_staff(a_day: Callable[[str], Day]) -> None:
    """It counts while it is closed, and without a display."""
    day = a_day("20:30:00")
    day.pins.drive("door", LOW)
    day.forward(0.1)
    day.forward(2.0)
    assert day.watcher.hours.statuses[""].state is HoursState.OPEN
    day.pins.drive("door", HIGH)
    day.forward(0.1)
    peer = day.come("welcome")
    for level in (LOW, HIGH):
        day.pins.drive("door", level)
        day.forward(0.1)
    day.forward(0.1)
    assert goes_to(peer) == "/closed"
    assert day.watcher.hours.overrule is None


def test_who_has_missed_the_opening(a_day: Callable[[str], Day]) -> None:
    """Wi-Fi was away: the page that comes again goes to the start; who looks at it may."""
    day = a_day("12:00:00")
    again = day.come("closed", since=day.watcher.core.cursor)
    assert goes_to(again) == "/welcome"
    assert is_open(day.come("closed"))


def test_who_looks_at_that_page_by_day(a_day: Callable[[str], Day]) -> None:
    """A press has led there: it stays, also when its connection was lost."""
    day = a_day("12:00:00")
    day.press()
    assert is_open(day.come("closed", since=day.watcher.core.cursor))


def test_who_looks_at_it_while_others_close(a_day: Callable[[str], Day]) -> None:
    """It stays: for this display nothing has changed."""
    day = a_day("17:59:50")
    late = day.come("night", "late")
    day.forward(20)
    assert day.moves.moved == []
    assert is_open(late)


def test_outputs_close_and_open(a_day: Callable[[str], Day]) -> None:
    """Before everybody else; then each does what it would do. A lock stays locked."""
    day = a_day("17:59:58")
    peer = day.come("welcome")
    day.watcher.order(SetOutput("lock", ON))
    day.forward(0.5)
    opened = {"lamp": ON, "night-light": OFF, "lock": ON, "button-lamp": ON, "other": ON}
    assert day.states == opened
    day.forward(1.5)
    closed = {"lamp": OFF, "night-light": ON, "lock": OFF, "other": ON}
    assert goes_to(peer) == "/closed"
    peer.sock.close()
    wait_until(lambda: day.states == {**closed, "button-lamp": OFF})
    day.come("closed")
    day.watcher.order(SetOutput("lamp", ON))
    day.watcher.order(SetOutput("lock", ON))
    day.forward(60)
    assert day.states == {**closed, "button-lamp": OFF}
    day.forward(16 * 3600)
    assert day.states == {"lamp": ON, "night-light": OFF, "lock": OFF, "button-lamp": OFF,
                          "other": ON}  # fmt: skip


def test_lines_begin_closed(a_day: Callable[[str], Day]) -> None:
    """A bridge that starts at night doesn't flash its lamps."""
    day = a_day("20:30:00")
    assert day.lines.changes == []
    assert day.lines.levels["night-light"] is HIGH
    assert day.lines.levels["lamp"] is LOW


def test_an_order_opens_at_once(a_day: Callable[[str], Day]) -> None:
    """For a while; then it closes again."""
    day = a_day("20:30:00")
    peer, left = day.come("closed"), day.come("closed", "left")
    day.watcher.order(SetHours(HoursState.OPEN, 3600.0))
    day.take_a_turn()
    assert (goes_to(peer), goes_to(left)) == ("/welcome", "/open")
    peer = day.come("welcome")
    day.press()
    assert goes_to(peer) == "/open"
    peer = day.come("open")
    day.forward(3600)
    assert goes_to(peer) == "/closed"


def test_a_clock_that_jumps(a_day: Callable[[str], Day]) -> None:
    """A second later it is as if it had always been so late."""
    day = a_day("12:00:00")
    peer = day.come("welcome")
    day.clock.unix_s += 7 * 3600
    day.forward(1.0)
    assert goes_to(peer) == "/closed"
    peer = day.come("closed")
    day.clock.unix_s -= 7 * 3600
    day.forward(1.0)
    assert goes_to(peer) == "/welcome"


DARK = replace(
    ALL,
    hours=replace(HOURS, screen="off", wake_s=120.0),
    displays={
        **ALL.displays,
        "far": NamedDisplay(name="far", pins=("door",)),
        "lit": NamedDisplay(name="lit", hours=replace(HOURS, screen="on")),
        "asleep": NamedDisplay(name="asleep", hours=replace(HOURS, screen="off", wake_s=0.0)),
    },
    alarms=Alarms(after_s=60.0),
)
NAMES = ("", "left", "far", "late", "lit", "asleep")


def dark(day: Day) -> set[str]:
    """Whose screens are off."""
    return {name for name in NAMES if day.watcher.dark_screens.is_dark(name)}


def test_screens_are_off_while_it_is_closed(a_day: Callable[..., Day]) -> None:
    """Each by its own hours. A display without a section is as those of `[hours]`."""
    day = a_day("17:59:59", settings=DARK)
    assert dark(day) == set()
    day.forward(1)
    assert dark(day) == {"", "left", "far", "asleep"}
    assert day.watcher.dark_screens.is_dark("visitor")
    day.watcher.order(SetHours(HoursState.OPEN, 3600.0))
    day.take_a_turn()
    assert dark(day) == set()


def test_a_press_wakes_a_screen(a_day: Callable[..., Day]) -> None:
    """For its time from the last press, where its pin is obeyed; a release and a hold are none."""
    day = a_day("20:30:00", settings=DARK)
    peer = day.come("closed")
    screens = day.watcher.dark_screens
    day.pins.drive("button", LOW)
    day.forward(0.1)
    assert dark(day) == {"far", "asleep"}
    assert is_open(peer)
    until_s = screens.awake_until("")
    assert until_s is not None
    assert 119 < until_s - day.clock.now().unix_s <= 120
    day.forward(118)
    day.pins.drive("button", HIGH)
    day.forward(1)
    assert dark(day) == {"far", "asleep"}
    day.forward(1)
    assert dark(day) == {"", "left", "far", "asleep"}
    assert screens.awake_until("") is None
    day.press()
    day.forward(60)
    day.press()
    day.forward(100)
    assert dark(day) == {"far", "asleep"}
    day.forward(20)
    assert dark(day) == {"", "left", "far", "asleep"}


def test_a_press_while_it_is_open_wakes_nothing_later(a_day: Callable[..., Day]) -> None:
    """At closing the screen is off at once."""
    day = a_day("17:59:58", settings=DARK)
    day.press()
    day.forward(2)
    assert "" in dark(day)


def test_off_on_purpose_is_no_alarm(a_day: Callable[..., Day]) -> None:
    """A hidden page on a dark screen is well, but it must be there; awake, it must be visible."""
    named = {name: DARK.displays[name] for name in ("far", "lit")}
    day = a_day("20:30:00", settings=replace(DARK, displays=named))
    peers = [day.come("closed", name, visible=False) for name in ("far", "lit")]

    def pass_time(duration_s: int) -> set[str]:
        for _ in range(duration_s):
            day.forward(1)
            for peer in peers:
                peer.connection.unanswered_beats = 0  # no test waits for its beats
        return {alarm.display for alarm in day.watcher.dead_screens.alarms}

    assert pass_time(70) == {"lit"}
    day.pins.drive("door", LOW)
    assert pass_time(70) == {"far", "lit"}
