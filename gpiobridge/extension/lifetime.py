"""The bridge of one application: before it starts, while it runs, and after its stop.

Only this module knows whether the bridge runs, behind one lock. Either the first request or `start`
starts it, whichever comes first. Any thread.
"""

import atexit
import logging
import os
import threading
import time

from flask import Flask

from gpiobridge.alarms import handover
from gpiobridge.app.orders import Orders
from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.errors import GpioBridgeError
from gpiobridge.extension.one_process import StartedBeforeForkError
from gpiobridge.extension.start import Declared, start
from gpiobridge.routes.file_feeder import FileFeeder

log = logging.getLogger(__name__)

TRY_AGAIN_S = 1.0
"""After a failed start, requests don't try again for this many seconds."""


class Lifetime:
    """A bridge that is started once for an application, and stopped.

    Args:
        app: the application.
        declared: what the application has declared before the start.
        feeder: feeds files to slow readers; stopped with the bridge.

    Attributes:
        orders: what the application says to its displays, also before the start.
    """

    def __init__(self, app: Flask, declared: Declared, feeder: FileFeeder) -> None:
        self.app = app
        self.orders = Orders(declared.url_prefix)
        self._declared = declared
        self._feeder = feeder
        self._lock = threading.Lock()
        self._running: RunningBridge | None = None
        self._failure = ""  # why a request's start failed
        self._try_again_s = 0.0  # when a request may try again, in monotonic seconds

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._running is not None and self._running.watcher.alive

    @property
    def running(self) -> RunningBridge:
        """The running bridge.

        Raises:
            GpioBridgeError: it has not been started, or it runs in another process.
        """
        if self._running is None:
            raise GpioBridgeError(
                "the bridge is not running: it starts with the first request, or with start(); "
                "a function below @bridge.on_start is called when it does"
            )
        if self._running.process != os.getpid():
            raise GpioBridgeError(
                f"the bridge runs in process {self._running.process}, from which this one was "
                "forked: ask it through the API"
            )
        return self._running

    def start(self) -> None:
        """Start it, unless it has already been started; see `start.start`."""
        if self._running is None:
            with self._lock:
                self._start_locked()

    def start_for_request(self) -> RunningBridge:
        """As `start`, but a failed start is not tried again within a second.

        Raises:
            GpioBridgeError: why it can't run, also if that was found a moment ago.
        """
        running = self._running
        if running is None:
            with self._lock:
                running = self._try_locked()
        if running.process != os.getpid():
            raise StartedBeforeForkError
        return running

    def _try_locked(self) -> RunningBridge:
        # Opening a pin takes time, even if it fails, and every request waits for it.
        if self._failure and self._running is None and time.monotonic() < self._try_again_s:
            raise GpioBridgeError(self._failure)
        try:
            return self._start_locked()
        except GpioBridgeError as error:
            # Keep only the text: the traceback would keep gpiozero's devices, and their pins.
            self._failure = str(error)
            self._try_again_s = time.monotonic() + TRY_AGAIN_S
            raise

    def _start_locked(self) -> RunningBridge:
        if self._running is None:  # else another thread was first
            self._running = start(self.app, self._declared, self.orders)
            # Under another server, too, displays hear that the process ends.
            atexit.register(self.stop)
            # Only now: a function may use the whole bridge.
            self._declared.handlers.start()
            self._running.calls.start()
            if self._failure:
                log.warning("the bridge has started: the problem before is solved")
        return self._running

    def stop(self) -> None:
        """Tell every display that the server stops, release the pins, and end the bridge's threads.

        It may be called twice.
        """
        if self._running is not None:
            self._running.key.withdraw()
            self._running.watcher.stop()
            self._running.calls.stop()
            if self._running.watcher.reloads:
                handover.leave(self._running.alarms, self._running.calls.waiting)
            self._declared.handlers.stop()
        self._feeder.stop()
        atexit.unregister(self.stop)
