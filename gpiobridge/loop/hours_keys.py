"""The buttons of the staff: what they order against the opening hours. The watcher's thread.

A press counts whatever page is shown, while it is closed, too, and without any display.
"""

from collections.abc import Callable, Mapping

from gpiobridge.config.opening_times import ToHours
from gpiobridge.core.events import Gesture, Level, PinEvent
from gpiobridge.hours.orders import SetHours, checked
from gpiobridge.loop.observer import Observer


class HoursKeys(Observer):
    """Hears of presses, and orders what the rules say.

    Args:
        rules: pin and event -> the order.
        order: takes it.
    """

    def __init__(
        self,
        rules: Mapping[tuple[str, Level | Gesture], ToHours],
        order: Callable[[SetHours], None],
    ) -> None:
        self._rules = rules
        self._order = order

    def pin_event(self, event: PinEvent) -> None:
        """Order what the rule of an event says, if there is one."""
        rule = self._rules.get((event.pin, event.event))
        if rule is not None:
            self._order(checked(rule.verb, rule.for_s, by=f"pin {event.pin}"))
