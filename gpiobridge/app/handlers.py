"""The application's own functions, each on its own thread.

A function that takes ten seconds, or fails, holds up only itself. It holds up neither the watcher,
which only puts events into its queue, nor the other functions. Its own events come one after the
other, in their order.

Threads: functions are added before `Handlers.prepare`. The watcher's thread puts events in. Each
function runs on its own thread.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any, NamedTuple

from gpiobridge.app.functions import Function, code_of, name_of, takes_one, uncallable
from gpiobridge.config import Pin
from gpiobridge.core import wire
from gpiobridge.core.events import Gesture, PinEvent
from gpiobridge.core.triggers import HEARD
from gpiobridge.displays.audience import Message, SentMessage
from gpiobridge.errors import ConfigError, GpioBridgeError
from gpiobridge.loop.observer import Observer
from gpiobridge.system.log_rate import LogRate

log = logging.getLogger(__name__)

MAX_WAITING = 1000
"""A function that is this many events behind receives no more until it has caught up by one."""

MAX_WAITING_BYTES = 1024 * 1024
"""The same bound for the memory of messages: they wait as text, and are read on its thread."""

JOIN_S = 0.5
"""How long running functions have to finish at the stop, in seconds; then they are left."""

_MESSAGE = "message"
_START = "start"

Caller = Callable[[Function, tuple[Any, ...]], None]


class Handlers(Observer):
    """All functions that hear of events and messages."""

    def __init__(self) -> None:
        self._declared: list[_Declared] = []
        self._application = 0
        self._of_messages: list[_Runner] = []
        self._at_start: list[_Runner] = []
        self._runners: dict[Function, _Runner] = {}
        self._by_event: dict[tuple[str, str], list[_Runner]] = {}
        self._prepared = False

    def on(self, pin: str, when: str, function: Function) -> None:
        """Call ``function`` with each such event of a pin.

        Args:
            pin: the pin's name.
            when: the name of a trigger, such as "low".
            function: takes the event, or no argument.

        Raises:
            ConfigError: it takes more arguments.
            GpioBridgeError: the bridge is already running.
        """
        self._declare(pin, when, function)

    def on_message(self, function: Function) -> None:
        """Call ``function`` with each message of a page."""
        self._declare("", _MESSAGE, function)

    def on_start(self, function: Function) -> None:
        """Call ``function`` once, when the bridge has started."""
        self._declare("", _START, function)

    def next_application(self) -> None:
        """Prepare for another application: its factory may declare the same functions again.

        Each then replaces the one that the same ``def`` made for an earlier application.
        """
        self._application += 1

    def gestures(self) -> frozenset[str]:
        """The pins whose taps or holds a function waits for."""
        return frozenset(d.pin for d in self._of_events if isinstance(HEARD[d.when].event, Gesture))

    def without_pin(self, pins: Mapping[str, Pin]) -> list[str]:
        """Say which functions are for pins that don't exist."""
        return [
            f'on_{d.when}("{d.pin}") of {name_of(d.function)}: there is no pin {d.pin!r}; '
            f"pins: {', '.join(pins) or 'none'}"
            for d in self._of_events
            if d.pin not in pins
        ]

    def prepare(self, pins: Mapping[str, Pin], call: Caller) -> None:
        """Accept events and messages; they wait for `start`.

        Args:
            pins: pin name to its settings.
            call: calls a function with its arguments, in the context that it needs.
        """
        self._prepared = True
        self._runners.clear()
        self._by_event.clear()
        for d in self._of_events:
            event = HEARD[d.when].event_on(pins[d.pin].active)
            self._by_event.setdefault((d.pin, event), []).append(self._runner(d.function, call))
        self._of_messages, self._at_start = (
            [self._runner(d.function, call) for d in self._declared if d.when == when]
            for when in (_MESSAGE, _START)
        )

    def start(self) -> None:
        """Start the threads."""
        for runner in self._runners.values():
            runner.start()
        for runner in self._at_start:
            runner.put(())

    def pin_event(self, event: PinEvent) -> None:
        """Queue an event for its functions; the watcher's thread."""
        for runner in self._by_event.get((event.pin, event.event), ()):
            runner.put((event,))

    def message_came(self, message: SentMessage) -> None:
        """Queue a message for the functions that hear of messages; the watcher's thread."""
        for runner in self._of_messages:
            runner.put((message,), sys.getsizeof(message.text))

    def stop(self) -> None:
        """Give running functions a moment to finish; drop what they have not received yet."""
        self._prepared = False
        until_s = time.monotonic() + JOIN_S
        for runner in self._runners.values():
            runner.end()
        for runner in self._runners.values():
            runner.join(until_s)

    @property
    def _of_events(self) -> list["_Declared"]:
        return [d for d in self._declared if d.pin]

    def _runner(self, function: Function, call: Caller) -> "_Runner":
        if function not in self._runners:
            self._runners[function] = _Runner(function, call)
        return self._runners[function]

    def _declare(self, pin: str, when: str, function: Function) -> None:
        if self._prepared:
            raise GpioBridgeError(
                f"{name_of(function)} is declared too late: the bridge is already running; "
                "declare it where the application is made"
            )
        if problem := uncallable(function, given=when != _START):
            raise ConfigError([problem])
        new = _Declared(pin, when, function, self._application)
        self._declared = [*(d for d in self._declared if not new.replaces(d)), new]


class _Declared(NamedTuple):
    """A function, and what it waits for."""

    pin: str
    when: str
    function: Function
    application: int

    def replaces(self, other: "_Declared") -> bool:
        """Whether it is the same function as the other, made for a later application."""
        return self.application > other.application and (
            (self.pin, self.when, code_of(self.function))
            == (other.pin, other.when, code_of(other.function))
        )


class _Runner:
    """One function, its queue and its thread."""

    def __init__(self, function: Function, call: Caller) -> None:
        self._function = function
        self._call = call
        self._takes_one = takes_one(function)
        self._waiting: SimpleQueue[tuple[tuple[Any, ...], int] | None] = SimpleQueue()
        self._bytes = 0  # of the messages that wait
        self._lock = threading.Lock()
        self._ended = False
        self._failures = LogRate(log)
        self._behind = LogRate(log, most=1)
        self._thread = threading.Thread(
            target=self._run, name=f"gpiobridge-{name_of(function)}", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def put(self, arguments: tuple[Any, ...], size: int = 0) -> None:
        with self._lock:
            has_room = self._bytes + size <= MAX_WAITING_BYTES
            if has_room and self._waiting.qsize() < MAX_WAITING:
                self._bytes += size
                self._waiting.put((arguments, size))
                return
            behind = f"{MAX_WAITING} events" if has_room else f"{self._bytes // 1024} KiB"
        self._behind.write(
            logging.ERROR,
            "behind",
            "%s is %s behind: it does not receive %s that come now",
            name_of(self._function),
            behind,
            "those" if has_room else "messages",
        )

    def end(self) -> None:
        self._ended = True
        self._waiting.put(None)

    def join(self, until_s: float) -> None:
        # Not started: the bridge didn't start. The current thread: a function stops the bridge.
        if self._thread.ident not in (None, threading.get_ident()):
            self._thread.join(max(0.0, until_s - time.monotonic()))

    def _run(self) -> None:
        while (waiting := self._waiting.get()) is not None and not self._ended:
            arguments, size = waiting
            with self._lock:
                self._bytes -= size
            try:
                self._call(self._function, tuple(map(_read, arguments)) if self._takes_one else ())
            except BaseException:  # sys.exit() would end this thread unnoticed
                # Messages of a page may cause the same failure again and again.
                self._failures.write(
                    logging.ERROR, "failed", "%s failed", name_of(self._function), exc_info=True
                )


def _read(argument: object) -> object:
    """Return a function's argument: only now does a message take the memory of its data."""
    if isinstance(argument, SentMessage):
        return Message(wire.message_data(argument.text), argument.display)
    return argument
