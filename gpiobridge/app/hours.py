"""Orders against the opening hours, checked before they are given. Any thread."""

from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.errors import GpioBridgeError, HoursError
from gpiobridge.hours.orders import checked


def order(running: RunningBridge, verb: object, for_s: float | None = None, *, by: str) -> None:
    """Overrule the opening hours, or let them count again.

    Args:
        running: the running bridge.
        verb: "open", "close" or "auto".
        for_s: for how long, in seconds; None: until the timetable itself changes next.
        by: who says so, for the log.

    Raises:
        HoursError: there are no hours, or there is no such order.
        GpioBridgeError: the bridge has stopped.
    """
    if not running.watcher.hours.statuses:
        raise HoursError("there are no opening hours to overrule; write [hours] into config.toml")
    ordered = checked(verb, for_s, by=by)
    if not running.watcher.alive:
        raise GpioBridgeError("the opening hours can't be set: the bridge is not running")
    running.watcher.order(ordered)
