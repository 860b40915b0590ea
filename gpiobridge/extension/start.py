"""The start of a bridge: from what an application has declared to a bridge that runs.

`lifetime` calls it once for an application, on the thread of the first request or on the thread
that calls `GpioBridge.start`.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, has_request_context, request
from werkzeug.exceptions import HTTPException

from gpiobridge.alarms import handover
from gpiobridge.alarms.calls import Calls
from gpiobridge.app.handlers import Handlers
from gpiobridge.app.orders import Orders
from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.config import Settings
from gpiobridge.errors import ConfigError
from gpiobridge.extension.fallback_log import show_log
from gpiobridge.extension.settings import read_settings
from gpiobridge.extension.views import ViewPages, with_long_path, without_path
from gpiobridge.hours.clerk import Clerk
from gpiobridge.hours.record import boot_id, own_file
from gpiobridge.hours.timekeeper import Timekeeper
from gpiobridge.loop.observer import Observer
from gpiobridge.loop.watcher import Watcher
from gpiobridge.outputs.lines import lines_of
from gpiobridge.pins.sources import pin_source
from gpiobridge.routes.admission import check_source
from gpiobridge.routes.blueprint import overlapping
from gpiobridge.system.clock import RealClock
from gpiobridge.system.run_key import RunKey

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Declared:
    """What an application has declared about its bridge.

    Args:
        pins: more pins, in addition to the configuration's.
        config: the configuration, or where it is; None for ``app.config["GPIOBRIDGE"]``.
        url_prefix: where the bridge's own routes are, usually empty.
        on_failure: called, on the watcher's thread, if the watcher dies.
        nonce: in a request, returns the nonce of the answer's Content-Security-Policy.
        views: which views are pages.
        handlers: which functions are called.
    """

    pins: Mapping[str, Any]
    config: Mapping[str, Any] | Settings | str | Path | None
    url_prefix: str
    on_failure: Callable[[], None]
    nonce: Callable[[], str]
    views: ViewPages
    handlers: Handlers

    def settings(self, app: Flask) -> Settings:
        """Read and check the settings.

        Raises:
            ConfigError: with every problem found.
        """
        return read_settings(app, self.config, self.pins, self.views.rules)


def start(app: Flask, declared: Declared, orders: Orders) -> RunningBridge:
    """Open the pins and start watching.

    Args:
        app: the application.
        declared: what it has declared about its bridge.
        orders: takes what the application says to its displays.

    Raises:
        ConfigError: the configuration is wrong; the message lists every problem.
        PinError: the pins can't be opened.
    """
    show_log()
    paths = declared.views.paths(app)
    settings = _checked_settings(app, declared, paths)
    clock = RealClock()
    pins = pin_source(settings.gpio, settings.pins, clock)
    left = handover.take()
    handlers, calls = declared.handlers, _Calls(settings.alarms, left.waiting)
    watcher = Watcher(
        settings,
        pins,
        paths,
        declared.on_failure,
        gestures=handlers.gestures(),
        retained=orders.retained,
        observers=(handlers, calls),
        clock=clock,
        lines=lines_of(settings.gpio, settings.outputs),
        raised=left.alarms,
        hours=Timekeeper(settings, clock, Clerk(own_file(settings.folder), boot=boot_id())),
    )
    handlers.prepare(settings.pins, partial(_call, app))
    try:
        watcher.start()
    except BaseException:
        handlers.stop()
        raise
    orders.attach(watcher, settings.groups)
    greets = isinstance(declared.config, Settings)  # our own service prints its own greeting
    if pins.simulated:
        log.warning("the pins are SIMULATED: no GPIO is read")
        if not greets:
            log.info("press them at %s", _simulator_address(declared.url_prefix, settings))
    if watcher.outputs.simulated:
        log.warning("the outputs are SIMULATED: no GPIO is driven")
        if not (greets or pins.simulated):
            log.info("see what they do at %s", _simulator_address(declared.url_prefix, settings))
    for overlap in overlapping(
        app, declared.url_prefix, paths, [*settings.pins, *settings.outputs]
    ):
        log.warning("%s", overlap)
    return RunningBridge(
        settings,
        watcher,
        orders,
        declared.url_prefix,
        os.getpid(),
        RunKey(),
        declared.nonce,
        calls,
    )


class _Calls(Calls, Observer):
    """The calls for help, as an observer of the loop."""


def _checked_settings(app: Flask, declared: Declared, paths: Mapping[str, str]) -> Settings:
    settings = declared.settings(app)
    problems = [
        *without_path(settings.pages, paths),
        *with_long_path(paths),
        *declared.handlers.without_pin(settings.pins),
    ]
    if problems:
        raise ConfigError(problems)
    return settings


def _call(app: Flask, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Call one of the application's functions, in the application's context."""
    with app.app_context():
        app.ensure_sync(function)(*arguments)


def _simulator_address(url_prefix: str, settings: Settings) -> str:
    """The simulator's address, by the host name that this request used."""
    path = f"{url_prefix}/simulator"
    hint = " (the first time with ?token=... added)" if settings.server.token else ""
    if has_request_context():
        with contextlib.suppress(HTTPException):  # the request used a name that isn't ours
            check_source(request, settings.server)
            return f"{request.root_url.rstrip('/')}{path}{hint}"
    return f"{path} of the application's address{hint}"
