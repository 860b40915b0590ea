"""Who is called when an alarm is raised, and when it is over: an observer of displays.

The watcher's thread puts calls into queues; each caller makes its calls on its own thread.
"""

import threading
import time
from collections.abc import Iterable, Mapping

from gpiobridge.alarms import command
from gpiobridge.alarms.call import Call, State
from gpiobridge.alarms.caller import JOIN_S, Caller
from gpiobridge.alarms.handover import Waiting
from gpiobridge.config import Alarms
from gpiobridge.displays.alarm import Alarm
from gpiobridge.displays.observer import DisplayObserver


class Calls(DisplayObserver):
    """Everyone that `[alarms]` wants to be called.

    Args:
        alarms: the section `[alarms]`.
        waiting: calls that the bridge before a reload has not made.

    Attributes:
        callers: those who call; none if nobody is to be called.
    """

    def __init__(self, alarms: Alarms, waiting: Iterable[Waiting] = ()) -> None:
        self.callers = _callers(alarms)
        for each in waiting:
            for caller in self.callers:
                if caller.name == each.to:
                    caller.put(each.call, each.since_s)
        self._testing = threading.Lock()

    def start(self) -> None:
        """Start the threads."""
        for caller in self.callers:
            caller.start()

    def stop(self) -> None:
        """End the threads; what is not over within a moment is left."""
        until_s = time.monotonic() + JOIN_S
        for caller in self.callers:
            caller.stop()
        for caller in self.callers:
            caller.join(until_s)

    @property
    def waiting(self) -> list[Waiting]:
        """The calls that were not made; after `stop`."""
        return [
            Waiting(caller.name, call, since_s)
            for caller in self.callers
            for call, since_s in caller.left
        ]

    def test(self) -> list[tuple[Caller, str]] | None:
        """Call everyone at once, on the thread that asks.

        Returns:
            Each caller, with the reason if it failed; None while another test goes on.
        """
        if not self._testing.acquire(blocking=False):
            return None
        try:
            call = Call.test()
            return [(caller, caller.test(call)) for caller in self.callers]
        finally:
            self._testing.release()

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """(Key of `[alarms]`, what has become of a call) -> how often; any thread."""
        return {
            (caller.name, what): count
            for caller in self.callers
            for what, count in caller.counts.copy().items()
        }

    def alarm_raised(self, alarm: Alarm) -> None:
        """Call everyone."""
        self._put(Call.of(State.RAISED, alarm))

    def alarm_over(self, alarm: Alarm) -> None:
        """Call everyone."""
        self._put(Call.of(State.OVER, alarm))

    def _put(self, call: Call) -> None:
        for caller in self.callers:
            caller.put(call)


def _callers(alarms: Alarms) -> tuple[Caller, ...]:
    """Make the callers that `[alarms]` asks for; none has been started."""
    made = []
    if alarms.run:
        words = alarms.run
        made.append(Caller("run", words[0], lambda call, stop: command.run(words, call, stop)))
    if alarms.post:
        address = alarms.post
        made.append(Caller("post", alarms.post_origin, lambda call, _: _post(address, call)))
    return tuple(made)


def _post(address: str, call: Call) -> None:
    from gpiobridge.alarms.web_hook import post  # its libraries take memory: only when needed

    post(address, call)
