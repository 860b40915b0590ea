"""Run the service: gunicorn or Werkzeug around the application, on one listening socket.

The service is one process (`gunicorn_service`). gunicorn needs ``fcntl``, so it can't be imported
on Windows. There Werkzeug's threaded server takes its place, which is fine for making an exhibit on
a laptop. The configuration is checked before a server is imported: what is wrong is said at once.
"""

import gc
import logging
from collections.abc import Callable
from dataclasses import replace

from gpiobridge.config import Settings
from gpiobridge.outputs import handover
from gpiobridge.serve.listener import open_listener
from gpiobridge.serve.stop_signals import end_at_once
from gpiobridge.system.allocator import use_one_arena
from gpiobridge.system.open_files import raise_file_limit, room_for_displays

log = logging.getLogger(__name__)


def serve(load: Callable[[], Settings]) -> int:
    """Serve an exhibit until a signal stops it.

    Args:
        load: reads and checks the configuration; called again for a reload.

    Returns:
        The exit code: 0 after a signal, 1 if the service failed.

    Raises:
        ConfigError: the configuration is wrong, or systemd's socket has another address.
        ServerError: the address can't be listened on.
    """
    try:
        return _serve(load)
    finally:  # if it didn't start: the lines of outputs that came through a reload
        handover.release_rest()


def _serve(load: Callable[[], Settings]) -> int:
    end_at_once()
    # Until the server is up: what a start makes stays, and looking for garbage takes 7 % of it.
    gc.disable()
    use_one_arena()
    settings = _within_file_limit(load(), raise_file_limit())
    listener = open_listener(settings)
    try:
        from gpiobridge.serve import gunicorn_service
    except ImportError:  # not installed, or without fcntl
        from gpiobridge.serve import werkzeug_server

        return werkzeug_server.serve(settings, listener)
    return gunicorn_service.serve(settings, listener, load)


def _within_file_limit(settings: Settings, files: int | None) -> Settings:
    """Lower ``max_displays`` to what the limit of open files leaves room for."""
    if files is None or settings.server.max_displays <= (displays := room_for_displays(files)):
        return settings
    log.warning(
        "server.max_displays = %d: only %d files may be open, which is enough for %d displays; "
        "raise the limit (ulimit -n, or LimitNOFILE= in the unit)",
        settings.server.max_displays,
        files,
        displays,
    )
    return replace(settings, server=replace(settings.server, max_displays=displays))
