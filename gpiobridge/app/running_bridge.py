"""A bridge that has been started: its settings, its watcher, and the health of both.

The extension makes one at its start, and the routes work on it. Any HTTP thread.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gpiobridge.alarms.calls import Calls
from gpiobridge.app.broken_sounds import BrokenSounds
from gpiobridge.app.orders import Orders
from gpiobridge.app.stages import Stages
from gpiobridge.config import Alarms, Settings
from gpiobridge.displays.alarm import Alarm
from gpiobridge.displays.journey import Shown
from gpiobridge.displays.own_kiosks import OwnKiosks
from gpiobridge.hours.status import HoursState
from gpiobridge.hours.timekeeper import EXHIBIT, Timekeeper
from gpiobridge.loop.watcher import Watcher
from gpiobridge.outputs.keeper import OutputStatus
from gpiobridge.system.run_key import RunKey


def no_nonce() -> str:
    """Stand in for the nonce of an application whose policy has none."""
    return ""


@dataclass(frozen=True, slots=True)
class RunningBridge:
    """The running bridge.

    Args:
        settings: the checked configuration.
        watcher: watches the pins and serves the displays.
        orders: what the application says to the displays.
        prefix: where the application has put the bridge's routes, usually empty.
        process: the id of the process in which it was started; only this process has its threads.
        key: what commands on this machine send instead of a token.
        nonce: in a request, returns the nonce that the answer's Content-Security-Policy names.
        calls: who is called when a display is dead.
        stages: what was learned of the pages on a stage.
        kiosks: this machine's own kiosks that have proven themselves.
        broken_sounds: the sounds that a browser can't play.
    """

    settings: Settings
    watcher: Watcher
    orders: Orders
    prefix: str
    process: int
    key: RunKey
    nonce: Callable[[], str] = no_nonce
    calls: Calls = field(default_factory=lambda: Calls(Alarms()))
    stages: Stages = field(default_factory=Stages)
    kiosks: OwnKiosks = field(default_factory=OwnKiosks)
    broken_sounds: BrokenSounds = field(default_factory=BrokenSounds)

    @property
    def well(self) -> bool:
        """Whether every pin is watched, and every output can be set."""
        return (
            self.watcher.alive
            and len(self.watcher.core.levels) == len(self.settings.pins)
            and not any(status.failed for status in self.watcher.outputs.states.values())
        )

    @property
    def has_simulator(self) -> bool:
        """Whether there is the simulator's page: wherever pins or outputs are simulated."""
        return self.watcher.pins.simulated or self.watcher.outputs.simulated

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """The alarms that are not over."""
        return self.watcher.dead_screens.alarms

    def health(self) -> tuple[dict[str, Any], bool]:
        """Return what ``/healthz`` says, and whether all is well but the displays."""
        levels, now_s = self.watcher.core.levels, self.watcher.clock.now().mono_s
        outputs = self.watcher.outputs.states
        return {
            "status": "ok" if self.well else "failed",
            "watcher": "alive" if self.watcher.alive else "dead",
            "simulated": self.watcher.pins.simulated,
            "beat": self.settings.server.beat_s,
            "stage": self.settings.stage.kiosk,
            "pins": {
                name: {
                    "pin": pin.pin,
                    "chip": pin.chip,
                    "source": pin.source,
                    "level": levels.get(name),
                    "active": pin.active,
                    "debounce": pin.debounce_s,
                    "dwell": pin.dwell_s,
                    "cooldown": pin.cooldown_s,
                    "missed": self.watcher.core.lost(name)[0],
                    "noisy": self.watcher.core.noisy(name, now_s),
                }
                for name, pin in self.settings.pins.items()
            },
            "outputs": {name: _output(status) for name, status in outputs.items()},
            "displays": [
                {"name": d.name, "page": d.page, "visible": d.visible, "shown": _shown(shown)}
                for d, shown in self.watcher.shown
            ],
            "alarms": [facts(alarm) for alarm in self.alarms],
            "hours": self._hours(),
        }, self.well

    def _hours(self) -> dict[str, Any] | None:
        """Return what ``/healthz`` says of the opening hours; None if there are none."""
        hours, dark = self.watcher.hours, self.watcher.dark_screens
        statuses, overrule = hours.statuses, hours.overrule
        if not statuses:
            return None

        def one(name: str) -> dict[str, Any]:
            status = statuses[name]
            return {"state": status.state, "next": _moment(hours, name, status.next_s)}

        return {
            **(one(EXHIBIT) if EXHIBIT in statuses else {"state": None, "next": None}),
            "overruled_until": None
            if overrule is None
            else _moment(hours, EXHIBIT, overrule.until_s),
            "displays": {name: one(name) for name in statuses if name != EXHIBIT},
            "screens": {
                name: {
                    "screen": "off" if dark.is_dark(name) else "on",
                    "awake_until": _moment(hours, name, dark.awake_until(name)),
                }
                for name in dark.names
            },
        }

    def status(self) -> str:
        """Return the line that ``systemctl status`` shows."""
        watcher, now_s = self.watcher, self.watcher.clock.now().mono_s
        displays, pins = watcher.displays, self.settings.pins
        hidden = sum(not display.visible for display in displays)
        last_s, outputs = watcher.counts.last_event_s, watcher.outputs.states
        parts = [
            *(f"ALARM: {each.display} is {each.dead}" for each in self.alarms),
            f"{len(displays)} display{'' if len(displays) == 1 else 's'}"
            + (f" ({hidden} hidden)" if hidden else ""),
            f"{len(pins)} {'simulated ' if watcher.pins.simulated else ''}"
            f"pin{'' if len(pins) == 1 else 's'}",
            "no edge yet" if last_s is None else f"last edge {rough_age(now_s - last_s)} ago",
            *(
                f"{'exhibit' if name == EXHIBIT else f'display {name}'} {status.state}"
                for name, status in watcher.hours.statuses.items()
                if status.state is not HoursState.OPEN
            ),
            *(f"output {name} can't be set" for name, each in outputs.items() if each.failed),
            *(f"{pin} oscillates" for pin in pins if watcher.core.noisy(pin, now_s)),
        ]
        return ", ".join(parts)


def facts(alarm: Alarm) -> dict[str, str]:
    """Return what programs are told of an alarm."""
    return {
        "display": alarm.display,
        "alarm": alarm.dead,
        "since": alarm.since,
        "message": alarm.raised_text,
    }


def _moment(hours: Timekeeper, name: str, unix_s: float | None) -> str | None:
    """Write a moment as ISO 8601 does, in the time zone of the hours."""
    return None if unix_s is None else hours.local(name, unix_s).isoformat(timespec="seconds")


def _output(status: OutputStatus) -> dict[str, Any]:
    """Return what ``/healthz`` says of an output."""
    return {"state": status.state, **({"failed": True} if status.failed else {})}


def _shown(shown: Shown | None) -> dict[str, int] | None:
    """Return what ``/healthz`` says of a page that is shown: the press's time, if one led to it."""
    if shown is None or shown.stages is None:
        return None if shown is None else {}
    return {"ms": round(1000 * shown.stages.total)}


def rough_age(duration_s: float) -> str:
    """Return a duration as a person would say it."""
    for unit, seconds in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if duration_s >= 2 * seconds:
            return f"{duration_s // seconds:.0f} {unit}"
    return f"{duration_s:.0f} s"
