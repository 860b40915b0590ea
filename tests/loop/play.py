"""Displays that go from page to page beside a running watcher, in time that a test makes."""

from dataclasses import replace
from typing import Any

from harness.made_clock import MadeClock
from harness.scripted_pins import SETTINGS, ScriptedPins
from stage import Peer, Stage

from gpiobridge.config import Settings
from gpiobridge.core.events import Level
from gpiobridge.displays.journey import Shown
from gpiobridge.outputs.lines import OutputLines

LOW, HIGH = Level.LOW, Level.HIGH
BACK = replace(SETTINGS.pages["open"], rules={("door", LOW): "welcome"})
BOTH_WAYS = replace(SETTINGS, pages={**SETTINGS.pages, "open": BACK})


class Play(Stage):
    """A running watcher in time that stands, and displays that go from page to page in it."""

    def __init__(self, settings: Settings = BOTH_WAYS, lines: OutputLines | None = None) -> None:
        self.clock = MadeClock()
        super().__init__(ScriptedPins(clock=self.clock), settings, lines=lines)
        self.watcher.start()

    def forward(self, duration_s: float) -> None:
        """Let time pass, and the watcher see what has come of it."""
        self.clock.forward(duration_s)
        self.take_a_turn()

    def press(self, pin: str = "button") -> None:
        """Press a pin until it has settled."""
        self.pins.drive(pin, LOW)
        self.forward(0.02)

    def come(self, page: str = "welcome", *cursors: str, **options: Any) -> "Visitor":
        """Let a display come, and read its first frame."""
        return Visitor(self, page, *cursors, **options)

    @property
    def shown(self) -> list[tuple[str, Shown | None]]:
        """Each open page, and what it has said."""
        return [(display.page, shown) for display, shown in self.watcher.shown]

    @property
    def not_shown(self) -> int:
        """How many displays have shown nothing in time."""
        return self.watcher.counts.not_shown

    @property
    def times_ms(self) -> list[int]:
        """What was measured, in milliseconds."""
        return [round(1000 * stages.total) for _, stages in self.watcher.counts.recent]


class Visitor:
    """A display's page."""

    def __init__(self, play: Play, page: str, *cursors: str, **options: Any) -> None:
        self._play = play
        self.peer: Peer = play.join(page, *cursors, **options)
        self.name = options.get("name", "kiosk")
        self.state = self.peer.frame()
        self.begins = f"{self.state['epoch']}:{self.state['seq']}"
        self.cursor = self.begins  # what it hands to the next page

    def say(self, cursor: str | None = None, ms: float | None = None) -> None:
        """Say that it is shown."""
        figure = "" if ms is None else f',"ms":{ms}'
        self.peer.send(f'{{"type":"shown","cursor":"{cursor or self.begins}"{figure}}}')
        self._play.take_a_turn()

    def is_moved(self) -> None:
        """Read an edge and its close, and hang up."""
        seq = self.peer.frame()["seq"]
        self.cursor = f"{self.state['epoch']}:{seq}"
        assert self.peer.close_frame()[0] == 4000
        self.peer.sock.close()
        self._play.take_a_turn()

    def next(self, page: str = "open", **options: Any) -> "Visitor":
        """The page that comes after it in the same tab."""
        options = {"seat": self.state["seat"], "name": self.name} | options
        return self._play.come(page, self.cursor, **options)


def led(play: Play, *, says: bool = True, **options: Any) -> Visitor:
    """A display on the page welcome, which says that it is shown, and is moved by a press."""
    visitor = play.come(**options)
    if says:
        visitor.say()
    play.press()
    visitor.is_moved()
    return visitor
