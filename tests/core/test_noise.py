"""Pins that oscillate: known by their rate, told by their newest level, obeyed all the same."""

import json

import pytest

from gpiobridge.core.core import NOISY_FRAME_S, NOISY_LATE_S, Core
from gpiobridge.core.events import (
    Broadcast,
    CloseClients,
    Effect,
    Level,
    Now,
    PinEvent,
    PinNoisy,
    RawEdge,
)
from gpiobridge.core.noise import MAX_EVENTS_A_SECOND, Noise

STEP_S = 0.9 / MAX_EVENTS_A_SECOND
PAGES = {"welcome": {("loose", Level.LOW): "open"}, "open": {("button", Level.LOW): "welcome"}}


@pytest.mark.parametrize(
    ("events", "step_s", "noisy"),
    [
        (MAX_EVENTS_A_SECOND, 0.0, False),
        (MAX_EVENTS_A_SECOND + 1, 0.0, True),
        (MAX_EVENTS_A_SECOND + 1, STEP_S, True),
        (5 * MAX_EVENTS_A_SECOND, 1.1 / MAX_EVENTS_A_SECOND, False),
    ],
)
def test_a_pin_is_noisy_by_its_rate(events: int, step_s: float, noisy: bool) -> None:
    """Over 1,000 events within one second, by the events' own times, and no fewer."""
    noise = Noise()
    for number in range(events):
        noise.take(number * step_s)
    assert noise.at((events - 1) * step_s) is noisy


def test_a_pin_that_calms_down_is_no_longer_noisy() -> None:
    """It is the last second that counts."""
    noise = Noise()
    for number in range(MAX_EVENTS_A_SECOND + 1):
        noise.take(number * STEP_S)
    assert not noise.at(3.0)


class Oscillating:
    """A core whose pin "loose" oscillates; beside it is a button that nobody presses."""

    def __init__(self) -> None:
        self.core = Core("ab12", {"loose": 0.0, "button": 0.0}, PAGES, 10.0, simulated=False)
        for pin in ("loose", "button"):
            self.core.reading(pin, Level.HIGH, 0.0)
        self.level = Level.HIGH
        self.at_s = 0.0
        self.late_s = 0.0
        for _ in range(MAX_EVENTS_A_SECOND):
            self.change()
        self.late_s = NOISY_LATE_S + 0.01  # from here on, the watcher can't keep up

    @property
    def now_s(self) -> float:
        """When the newest edge is taken."""
        return self.at_s + self.late_s

    def change(self) -> list[Effect]:
        """Let the pin change once more."""
        self.level, self.at_s = self.level.other, self.at_s + STEP_S
        return self.edge("loose", self.level)

    def edge(self, pin: str, level: Level) -> list[Effect]:
        """Take the change of any pin, so much too late."""
        self.core.edge(RawEdge(pin, level, self.at_s))
        return self.tell(self.now_s)

    def tell(self, now_s: float) -> list[Effect]:
        """Tell all that is known at a moment."""
        return self.core.tell(Now(now_s, now_s), now_s, 1000)


def told(effects: list[Effect]) -> list[int]:
    """The numbers of the events that every display is told."""
    return [json.loads(effect.text)["seq"] for effect in effects if isinstance(effect, Broadcast)]


def test_noise_is_told_as_long_as_it_can_be() -> None:
    """Where displays can be told in time, every event is."""
    pin = Oscillating()
    pin.late_s = NOISY_LATE_S / 2
    numbers = [seq for _ in range(100) for seq in told(pin.change())]
    first = MAX_EVENTS_A_SECOND + 1
    assert numbers == list(range(first, first + 100))


def test_events_of_a_noisy_pin_still_move_pages() -> None:
    """Those who leave get the event's frame with the close; nobody else is told for now."""
    pin = Oscillating()
    event, _noisy, close = pin.change()
    assert isinstance(event, PinEvent)
    assert isinstance(close, CloseClients)
    assert (close.page, close.to, close.after) == ("welcome", "open", event.seq)
    assert close.first is not None
    assert json.loads(close.first)["seq"] == event.seq


def test_displays_are_told_the_newest_level_now_and_then() -> None:
    """At the deadline one frame stands for all the events since the last."""
    pin = Oscillating()
    first_s = pin.now_s + STEP_S
    for _ in range(20):
        assert told(pin.change()) == []
    assert pin.core.deadline_s == pytest.approx(first_s + NOISY_FRAME_S)
    due_s = first_s + NOISY_FRAME_S + 1e-6
    assert told(pin.tell(due_s)) == [pin.core.seq]
    assert pin.core.deadline_s is None


def test_frames_stay_in_the_order_of_their_numbers() -> None:
    """Another pin's event comes after the newest level of the noisy one, at once."""
    pin = Oscillating()
    pin.change()
    effects = pin.edge("button", Level.LOW)
    assert told(effects) == [pin.core.seq - 1, pin.core.seq]
    assert isinstance(effects[-1], CloseClients)


def test_noise_is_reported_once_a_minute() -> None:
    """The first time at once; what goes on is said again, not with each event."""
    pin = Oscillating()
    reports = [e for _ in range(100) for e in pin.change() if isinstance(e, PinNoisy)]
    assert reports == [PinNoisy("loose")]
    pin.at_s += 61.0
    again = [
        e for _ in range(MAX_EVENTS_A_SECOND + 2) for e in pin.change() if isinstance(e, PinNoisy)
    ]
    assert again == [PinNoisy("loose")]


def test_a_press_is_not_pushed_out_by_noise_that_leads_nowhere() -> None:
    """A page that was loading meanwhile still catches up with the press."""
    core = Core("ab12", {"loose": 0.0, "button": 0.0}, {"open": PAGES["open"]}, 10.0,
                    simulated=False)  # fmt: skip
    for pin in ("loose", "button"):
        core.reading(pin, Level.HIGH, 0.0)
    core.edge(RawEdge("button", Level.LOW, 1.0))
    level = Level.HIGH
    for number in range(20_000):
        level, at_s = level.other, 1.0 + number / 10_000
        core.edge(RawEdge("loose", level, at_s))
        core.tell(Now(at_s, at_s), at_s, 1000)
    assert core.join("open", ["ab12:0"], Now(3.0, 3.0)).to == "welcome"
