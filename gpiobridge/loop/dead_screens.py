"""Which named displays are dead, and for how long. The watcher's thread.

A display is well while one page of its name is connected, answers, is visible and has been on the
screen. If it isn't well for a while without a break, that is an alarm. The alarm is over once it
has been well for as long without a break, and that time doubles with each further alarm: a display
that comes and goes is no flood of alarms.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gpiobridge.config import Page
from gpiobridge.core.clock import Clock
from gpiobridge.displays.alarm import Alarm, Dead
from gpiobridge.displays.audience import SIMULATOR
from gpiobridge.displays.connection import Connection
from gpiobridge.loop.observer import Observer

LOOK_S = 2.0
"""How often the displays are looked at, in seconds."""

START_S = 60.0
"""How long a display has to come after the start of the bridge, in seconds, or longer.

On a Pi Zero 2 W the first start of a browser, from a slow card, can take more than half a minute.
"""

MAX_WELL_S = 960.0
"""The longest time, in seconds, that a display must be well until its alarm is over."""

CALM_S = 3600.0
"""After so many seconds without an alarm, the next one counts as a first one."""

_UNANSWERED = 2  # beats: the newest may be on its way, so one is no sign


@dataclass(slots=True)
class _State:
    """What is known of a display.

    Args:
        well_s: when it was last well, in monotonic seconds; before that, the start of the bridge.
        dead_s: when it was last not well.
        over_after_s: how long it must be well until its alarm is over, in seconds.
        has_come: whether it has ever been well.
        alarm: its alarm, if there is one.
    """

    well_s: float
    dead_s: float
    over_after_s: float
    has_come: bool = False
    alarm: Alarm | None = None


class DeadScreens:
    """Raises an alarm about each display that is dead, and ends it.

    Args:
        names: the displays that the configuration names.
        after_s: how long a display must be dead, in seconds.
        pages: all pages, by name.
        observers: hear of alarms.
        clock: gives the time.
        is_off_on_purpose: tells of a display whether its screen is meant to be dark now. Then
            nobody needs to see its page, but it must be connected and answer. It must not block.
        raised: alarms of the bridge before a reload; observers have heard of them.

    Attributes:
        alarms: those that are not over, in the order of the configuration; any thread may read it.
    """

    def __init__(
        self,
        names: Collection[str],
        after_s: float,
        pages: Mapping[str, Page],
        observers: Sequence[Observer],
        clock: Clock,
        is_off_on_purpose: Callable[[str], bool] = lambda display: False,
        raised: Iterable[Alarm] = (),
    ) -> None:
        now_s = clock.now().mono_s
        self.alarms: tuple[Alarm, ...] = ()
        self._after_s = after_s
        # Without our script a page says nothing of itself.
        self._mute = {name for name, page in pages.items() if not page.client}
        self._observers = observers
        self._clock = clock
        self._is_off_on_purpose = is_off_on_purpose
        self._states = {name: _State(now_s, now_s, after_s) for name in names}
        for alarm in raised:
            if alarm.display in self._states:
                self._states[alarm.display].alarm = alarm
        self._publish()
        self._looked_s = now_s

    @property
    def deadline_s(self) -> float | None:
        """When `tick` has work, in monotonic seconds; None if no display has a name."""
        return self._looked_s + LOOK_S if self._states else None

    def tick(self, now_s: float, connections: Iterable[Connection]) -> None:
        """Look at the displays, if it is time to.

        Args:
            now_s: monotonic seconds.
            connections: all sockets.
        """
        if not self._states or now_s < self._looked_s + LOOK_S:
            return
        # After a time in which this machine stood still, displays have to come again first.
        stood_still_s = max(0.0, now_s - self._looked_s - 2 * LOOK_S)
        self._looked_s = now_s
        pages: dict[str, list[Connection]] = {name: [] for name in self._states}
        for connection in connections:
            display = connection.display
            if display.name in pages and display.page != SIMULATOR and not connection.closing:
                pages[display.name].append(connection)
        for name, state in self._states.items():
            state.well_s += stood_still_s
            dead = self._why(pages[name], dark=self._is_off_on_purpose(name))
            if dead is None:
                self._is_well(state, now_s)
            else:
                self._is_dead(name, state, dead, now_s)
        self._publish()

    def _publish(self) -> None:
        alarms = (state.alarm for state in self._states.values())
        self.alarms = tuple(alarm for alarm in alarms if alarm is not None)

    def _is_well(self, state: _State, now_s: float) -> None:
        state.well_s, state.has_come = now_s, True
        well_for_s = now_s - state.dead_s
        if state.alarm is None:
            if well_for_s >= CALM_S:
                state.over_after_s = self._after_s
        elif well_for_s >= state.over_after_s:
            over, state.alarm = state.alarm, None
            longest_s = max(self._after_s, MAX_WELL_S)
            state.over_after_s = min(2 * state.over_after_s, longest_s)
            for observer in self._observers:
                observer.alarm_over(over)
        else:
            state.alarm = replace(state.alarm, is_back=True)

    def _is_dead(self, name: str, state: _State, dead: Dead, now_s: float) -> None:
        state.dead_s = now_s
        if state.alarm is not None:
            state.alarm = replace(state.alarm, dead=dead, is_back=False)
            return
        for_s = now_s - state.well_s
        if for_s < (self._after_s if state.has_come else max(START_S, self._after_s)):
            return
        now = self._clock.now()
        since_unix_s = now.unix_s - (now.mono_s - state.well_s)
        state.alarm = Alarm(name, dead, state.well_s, since_unix_s, for_s)
        for observer in self._observers:
            observer.alarm_raised(state.alarm)

    def _why(self, connections: Sequence[Connection], *, dark: bool) -> Dead | None:
        """Say why nobody sees a live page on a display; None if somebody does.

        Several tabs may have one name: the best one counts.
        """
        if not connections:
            return Dead.MISSING
        found = {self._why_not(connection, dark=dark) for connection in connections}
        if None in found:
            return None
        return next(dead for dead in (Dead.NOT_SHOWN, Dead.HIDDEN, Dead.SILENT) if dead in found)

    def _why_not(self, connection: Connection, *, dark: bool) -> Dead | None:
        shown = connection.slot.shown is not None
        if connection.display.page in self._mute and not shown:
            return None
        if connection.unanswered_beats >= _UNANSWERED:
            return Dead.SILENT
        if dark:
            return None
        if not connection.display.visible:
            return Dead.HIDDEN
        return None if shown else Dead.NOT_SHOWN
