"""All outputs: hears what displays show and what programs set, and drives the lines.

`loop.watcher` hands it what happens, and asks it for the time at which something changes by itself.
The watcher's thread, except for `Keeper.states`, which any thread may read.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple

from gpiobridge.config import Output, OutputState, Page, PageOutput
from gpiobridge.core.clock import Clock
from gpiobridge.core.events import Level
from gpiobridge.displays.observer import DisplayObserver
from gpiobridge.displays.screen import Screen
from gpiobridge.errors import PinError
from gpiobridge.outputs import handover
from gpiobridge.outputs.control import OutputControl
from gpiobridge.outputs.lamps import Lamp
from gpiobridge.outputs.lines import OutputLines
from gpiobridge.outputs.orders import SetOutput

log = logging.getLogger(__name__)

TRY_AGAIN_S = 2.0
"""How often a line that no longer answers is tried again, in seconds."""

NOT_BACK_S = 10.0
"""How long the displays have to come back after a reload, in seconds."""

MEMORY_FORMAT = 1
"""Counts the ways in which a reload remembers outputs; a change of any `memory` here adds one. The
bridge before the reload may be that of before an upgrade."""

MOST_LOST = 100
"""How many lost displays are remembered whose page still decides about an output."""


class OutputStatus(NamedTuple):
    """What an output does.

    Args:
        state: its state.
        failed: whether its line doesn't answer.
    """

    state: OutputState
    failed: bool = False


class Keeper(DisplayObserver):
    """Keeps every output at what it should do.

    Args:
        outputs: output name to its settings.
        pages: page name to its settings, which say what a page does with outputs.
        lines: drives the outputs.
        clock: gives the time.
        on_changed: hears of each new state of an output, and why it has it.

    Attributes:
        settings: output name to its settings.
        sees_screens: whether there are outputs, for which it matters what displays show.
        states: what each output does; another mapping after each change.
    """

    def __init__(
        self,
        outputs: Mapping[str, Output],
        pages: Mapping[str, Page],
        lines: OutputLines,
        clock: Clock,
        on_changed: Callable[[str, OutputState, str], None] = lambda output, state, why: None,
    ) -> None:
        self.settings = outputs
        self.sees_screens = bool(outputs)
        self._pages = pages
        self._lines = lines
        self._clock = clock
        self._on_changed = on_changed
        now_s = self._now_s()
        self._controls = {name: OutputControl(each, now_s) for name, each in outputs.items()}
        self._lamps = {
            name: Lamp(each.follows, _pages_led_by(each.follows, pages))
            for name, each in outputs.items()
            if each.follows is not None
        }
        self._shown: dict[Screen, str] = {}  # what is shown by each display that is not lost
        self._lost: OrderedDict[Screen, str] = OrderedDict()  # whose page still decides
        self._written: dict[str, bool] = {}
        self._failed: dict[str, float] = {}  # output -> when it is tried again
        self._back_by_s: float | None = None  # the displays of before a reload
        self._next_s: float | None = None
        self._changed = False
        self._closed = False
        self._has_display: bool | None = None
        self._exhibit_closed = False
        self.states: Mapping[str, OutputStatus] = {}
        self._see_displays(now_s)

    def open(self) -> None:
        """Claim the lines, each at once at the level of its first state.

        After a reload each goes on as it was.

        Raises:
            PinError: a line can't be claimed.
        """
        now_s = self._now_s()
        self._recall(handover.inherited(), now_s)
        for control in self._controls.values():
            control.update(now_s)
        self._lines.open({name: self._level(name) for name in self._controls})
        handover.release_rest()
        self._written = {name: control.on for name, control in self._controls.items()}
        self._changed = True
        self.tick(now_s)

    def close(self, *, reload: bool = False) -> None:
        """Release every line; may be called twice.

        Args:
            reload: whether a fresh process takes the lines over, as they are; otherwise each goes
                to its safe level first.
        """
        if self._closed:
            return
        self._closed = True
        if reload:
            off_at_s = {name: each.off_at_s for name, each in self._controls.items()}
            ends = {name: at_s for name, at_s in off_at_s.items() if at_s is not None}
            handover.hand_over(self._lines, self._memory(), ends)
            return
        for name, output in self.settings.items():
            if name in self._written:
                try:
                    self._lines.write(name, output.level(on=output.safe is OutputState.ON))
                except PinError as error:
                    log.error("%s; it may not be in its safe state", error)
                    continue
                if output.follows is None and self.states[name].state is not output.safe:
                    log.info("output %s: %s; the bridge stops", name, output.safe)
        self._lines.close()

    @property
    def simulated(self) -> bool:
        """Whether the lines are not real."""
        return self._lines.simulated

    # ---------------------------------------------------------------- what happens

    def set(self, order: SetOutput) -> None:
        """Do what a program has ordered."""
        control = self._controls[order.output]
        control.set(order.state, self._now_s(), order.for_s)
        control.why = f"set by {order.by}"
        self._changed = True

    def see_hours(self, *, closed: bool) -> None:
        """Take whether the exhibit is closed: that decides before everybody else."""
        if closed is self._exhibit_closed:
            return
        self._exhibit_closed = closed
        for name, output in self.settings.items():
            if output.closed is not None and closed:
                self._controls[name].close(output.closed, self._now_s())
            elif output.closed is not None:
                self._controls[name].reopen()
        self._changed = True

    def screen_shows(self, screen: Screen, *, anew: bool) -> None:
        """Take what a page says that a display shows now; forget the page before."""
        # It may come back at the moment at which it was given up.
        before = self._shown.pop(screen, None) or self._lost.pop(screen, None)
        if screen.page is not None:
            if before is None:
                self._take_over(screen, anew=anew)
            self._shown[screen] = screen.page
        now_s = self._now_s()
        self._see_displays(now_s)
        outputs, who = self._outputs_of(screen.page), _named(screen)
        for name in self._outputs_of(before).keys() - outputs.keys():
            if self._controls[name].page_left(screen):
                self._controls[name].why = f"{who} has left {before}"
        for name, of_page in outputs.items():
            control = self._controls[name]
            if anew or not control.has(screen):
                control.page_shown(screen, of_page, now_s, anew=anew)
                control.why = f"{who} shows {screen.page}"
        self._changed = True

    def screen_changed(self, screen: Screen) -> None:
        """Let the lamps of buttons see a display."""
        for lamp in self._lamps.values():
            lamp.see(screen)
        self._follow()

    def screen_lost(self, screen: Screen) -> None:
        """Remember the page of a lost display: a lost display changes no output by itself."""
        for lamp in self._lamps.values():
            lamp.forget(screen)
        self._follow()
        page = self._shown.pop(screen, None)
        if page is not None and self._decides(screen):
            self._lost[screen] = page
            while len(self._lost) > MOST_LOST:  # after a reload all displays of before are lost
                self._forget(next(iter(self._lost)))
        self._see_displays(self._now_s())
        self._changed = True

    def _follow(self) -> None:
        """Bring the lamps of buttons up to date."""
        if self._back_by_s is not None and not self._lost:
            self._back_by_s = None
        for name, lamp in self._lamps.items():
            # After a reload the displays come one by one: a lamp doesn't go dark meanwhile.
            if self._back_by_s is None or lamp.state is not OutputState.OFF:
                self._controls[name].follow(lamp.state, self._now_s())
                self._changed = True

    def _outputs_of(self, page: str | None) -> Mapping[str, PageOutput]:
        return {} if page is None or page not in self._pages else self._pages[page].outputs

    def _take_over(self, screen: Screen, *, anew: bool) -> None:
        """Let a display that comes take the place of one that has no socket any more.

        It is the same one if it has the same name and belongs to the same client; of several, the
        one with its page. If that page has been on the screen all the time, nothing changes.

        Args:
            screen: the display that comes.
            anew: whether its page has just been shown.
        """
        same = {
            before: page
            for before, page in (*self._lost.items(), *self._shown.items())
            if before.socket is None
            and (before.client, before.name) == (screen.client, screen.name)
        }
        if not same:
            return
        with_page = next((before for before, page in same.items() if page == screen.page), None)
        if with_page is not None and not anew:
            for control in self._controls.values():
                control.hand_on(with_page, screen)
        self._forget(with_page or next(iter(same)))

    def _decides(self, screen: Screen) -> bool:
        """Whether the page of a display still says something of an output."""
        return any(control.has(screen) for control in self._controls.values())

    def _forget(self, lost: Screen) -> None:
        """Forget a display for good: its page decides nothing any more."""
        page = self._lost.pop(lost, None) or self._shown.pop(lost, None)
        for lamp in self._lamps.values():
            lamp.forget(lost)
        for control in self._controls.values():
            if control.page_left(lost):
                control.why = f"{_named(lost)} has left {page}"

    def _see_displays(self, now_s: float) -> None:
        """Set the outputs that depend on whether there is a display at all."""
        has_display = bool(self._shown)
        awaited = self._back_by_s is not None and not has_display
        if awaited or has_display is self._has_display:
            return
        self._has_display = has_display
        for name, output in self.settings.items():
            if output.without_display is not None:
                if has_display:
                    self._controls[name].with_display(now_s)
                else:
                    self._controls[name].without_display(output.without_display, now_s)

    # ---------------------------------------------------------------- a reload

    def _memory(self) -> dict[str, Any]:
        """Tell the fresh process after a reload what was set, and what displays show.

        For that process these displays are lost ones: their pages connect again, and go on.
        """
        screens = [*self._lost, *self._shown]
        pages = [*self._lost.values(), *self._shown.values()]
        return {
            "format": MEMORY_FORMAT,
            "displays": [
                [screen.client, screen.name, page]
                for screen, page in zip(screens, pages, strict=True)
            ],
            "has_display": self._has_display,
            "outputs": {name: each.memory(screens) for name, each in self._controls.items()},
        }

    def _recall(self, memory: Mapping[str, Any], now_s: float) -> None:
        """Go on where the process before the reload has ended."""
        if memory.get("format") != MEMORY_FORMAT:  # or there is none
            return
        screens = []
        for client, name, page in memory["displays"]:
            screens.append(Screen(client, name, page=page))
            self._lost[screens[-1]] = page
        for name, control in self._controls.items():
            if name in memory["outputs"]:
                says: dict[Hashable, OutputState] = {
                    screen: self._outputs_of(screen.page)[name].state
                    for screen in screens
                    if name in self._outputs_of(screen.page)
                }
                control.recall(memory["outputs"][name], screens, says)
        self._has_display = memory["has_display"]
        self._back_by_s = now_s + NOT_BACK_S

    # ---------------------------------------------------------------- the lines

    @property
    def deadline_s(self) -> float | None:
        """When `tick` has work, in monotonic seconds; None: not before something happens."""
        return self._next_s

    def tick(self, now_s: float) -> None:
        """Bring every line to the level that it should have now."""
        if not self._changed and (self._next_s is None or now_s < self._next_s):
            return
        self._changed = False
        if self._back_by_s is not None and now_s >= self._back_by_s:
            self._back_by_s = None
            for lost in [each for each in self._lost if not self._decides(each)]:
                self._forget(lost)
            self._see_displays(now_s)
            self._follow()
        for name, control in self._controls.items():
            control.update(now_s)
            again_s = self._failed.get(name)
            # A line that has failed is tried again even if it is back at its level by now.
            due = control.on is not self._written[name] if again_s is None else again_s <= now_s
            if due:
                self._write(name, on=control.on, now_s=now_s)
        self._tell()
        deadlines_s = (
            *(each.deadline_s for each in self._controls.values()),
            *self._failed.values(),
            self._back_by_s,
        )
        self._next_s = min((d for d in deadlines_s if d is not None), default=None)

    def _write(self, name: str, *, on: bool, now_s: float) -> None:
        """Set a line; one that doesn't answer is tried again, and stops nothing else."""
        try:
            self._lines.write(name, self.settings[name].level(on=on))
        except PinError as error:
            if name not in self._failed:
                log.error("%s; it is tried again every %g s", error, TRY_AGAIN_S)
            self._failed[name] = now_s + TRY_AGAIN_S
        else:
            self._written[name] = on
            if self._failed.pop(name, None) is not None:
                log.warning("output %s: its line answers again", name)

    def _tell(self) -> None:
        """Make known what has changed."""
        states = {
            name: OutputStatus(control.state, name in self._failed)
            for name, control in self._controls.items()
        }
        before, self.states = self.states, states
        for name, status in states.items():
            if name in before and before[name].state is not status.state:
                self._on_changed(name, status.state, self._controls[name].why)

    def _level(self, name: str) -> Level:
        return self.settings[name].level(on=self._controls[name].on)

    def _now_s(self) -> float:
        return self._clock.now().mono_s


def _named(screen: Screen) -> str:
    return f'display "{screen.name}"' if screen.name else "a display"


def _pages_led_by(pin: str, pages: Mapping[str, Page]) -> list[str]:
    return [name for name, page in pages.items() if pin in page.pins]
