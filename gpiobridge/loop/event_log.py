"""The log of events: one line for each, with the page it led to. The watcher's thread."""

import logging
from collections.abc import Callable, Collection

from gpiobridge.config import OutputState
from gpiobridge.core.events import PinEvent
from gpiobridge.core.noise import MAX_EVENTS_A_SECOND
from gpiobridge.displays.alarm import Alarm
from gpiobridge.displays.audience import Display, named
from gpiobridge.displays.connection import LINES
from gpiobridge.displays.journey import Shown
from gpiobridge.displays.observer import MovedBy
from gpiobridge.loop.journeys import NOT_SHOWN_S
from gpiobridge.loop.observer import Observer
from gpiobridge.system.log_rate import LogRate

log = logging.getLogger(__name__)


class EventLog(Observer):
    """Writes an event's line when everything that follows from the event has been carried out.

    Args:
        noisy: whether a pin oscillates at a time in monotonic seconds; then its events have no
            lines.
        quiet: the outputs that have no lines: the lamp of a button changes with each press.
    """

    def __init__(self, noisy: Callable[[str, float], bool], quiet: Collection[str] = ()) -> None:
        self._noisy = noisy
        self._quiet = quiet
        self._lines = LogRate(log, LINES)
        self._refused_names: set[str] = set()
        self._refused = LogRate(log, 1)  # whoever tries it may do so all the time
        self._line = ""  # of the newest event; the page it leads to is added

    def pin_event(self, event: PinEvent) -> None:
        """Write the line of the event before, and begin the line of this one."""
        self.carried_out()
        if not self._noisy(event.pin, event.at_s):
            self._line = f"#{event.seq} {event.pin}: {event.event}"

    def pin_noisy(self, pin: str) -> None:
        """Warn that a pin oscillates."""
        log.warning(
            "pin %s oscillates: over %d events a second; is it connected, and is its debounce long "
            "enough?",
            pin,
            MAX_EVENTS_A_SECOND,
        )

    def output_changed(self, output: str, state: OutputState, why: str) -> None:
        """Log what an output does now, and why."""
        if output not in self._quiet:
            self._lines.info("output %s: %s; %s", output, state, why)

    def name_refused(self, display: Display, name: str) -> None:
        """Warn, once for each name, of a display without its token."""
        if name not in self._refused_names:
            self._refused_names.add(name)
            log.warning(
                'a display on %s calls itself "%s" without the token of [displays.%s]: it is shown '
                "the page as a display without a name",
                *(display.page, name, name),
            )

    def output_refused(self, display: Display, output: str) -> None:
        """Warn of a page that may not set an output."""
        line = "%s on %s may not set output %s: %s"
        why = (
            "only this machine's own kiosk may, or a display with a token of its own and may = "
            '["outputs"]; and only an output with from_pages = true'
        )
        what = (named(display), display.page, output, why)
        self._refused.write(logging.WARNING, (line, output), line, *what)  # one for each output

    def displays_moved(self, page: str, to: str, displays: int, by: MovedBy) -> None:
        """Log where an event, or the application, has moved displays."""
        if not displays:
            return
        if by is MovedBy.PIN and self._line:
            self._line += f"; {page} leads to {to}, displays sent: {displays}"
        elif by is MovedBy.APPLICATION:
            log.info("the application: %s leads to %s, displays sent: %d", page, to, displays)

    def page_shown(self, display: Display, shown: Shown) -> None:
        """Log how long a press took to its page."""
        event, stages = shown
        if event is None or stages is None:
            return
        name, ms = named(display), round(1000 * stages.total)
        line = "#%d %s: shown by %s on %s after %d ms"
        self._lines.info(line, event.seq, event.pin, name, display.page, ms)

    def press_not_shown(self, event: PinEvent, display: Display, to: str) -> None:
        """Warn that a press has led to nothing on a screen."""
        line = "#%d %s: %s on %s was sent to %s, and has shown nothing for %d s"
        what = (event.seq, event.pin, named(display), display.page, to, NOT_SHOWN_S)
        self._lines.write(logging.WARNING, line, line, *what)

    def alarm_raised(self, alarm: Alarm) -> None:
        """Say which display is dead, since when, and what to do."""
        log.error("alarm: %s", alarm.raised_text)

    def alarm_over(self, alarm: Alarm) -> None:
        """Say that it is well again."""
        log.warning("alarm over: %s", alarm.over_text)

    def carried_out(self) -> None:
        """Write the line of the newest event, if it has one."""
        line, self._line = self._line, ""
        if line:
            log.info("%s", line)
