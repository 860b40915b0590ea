"""Ways to break the bridge: the suite must find each of them.

Each function changes one thing in the server's process, before it starts; see `stepped`. gpiobridge
is imported in them only: whoever merely wants the names must not load it.
"""

import itertools
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any


def keep_lockout_presses() -> None:
    """A press that began while the page took none counts once it takes them again."""
    from gpiobridge.core.events import Standing

    Standing.takes = lambda self, began_s: self.taking_since_s is not None  # type: ignore[method-assign]


def ignore_taking() -> None:
    """Pages always take presses, whatever they say."""
    from gpiobridge.displays.frames import Frames
    from gpiobridge.routes import socket as socket_route

    socket_route._taking_since_s = lambda now_s: -inf
    Frames._take_taking = lambda self, connection, frame: None  # type: ignore[method-assign]


def ignore_taking_frames() -> None:
    """What a page says on an open socket comes to nothing."""
    from gpiobridge.displays.frames import Frames

    Frames._take_taking = lambda self, connection, frame: None  # type: ignore[method-assign]


def act_on_levels_in_films() -> None:
    """A level moves a page that takes no presses, too."""
    from gpiobridge.core.events import Standing

    takes = Standing.takes
    Standing.takes = (  # type: ignore[method-assign]
        lambda self, began_s: began_s is None or takes(self, began_s)
    )


def forget_levels_in_films() -> None:
    """A level that came while the page took no presses is not looked at again."""
    from gpiobridge.core.navigation import Navigation

    Navigation.elsewhere = lambda *args: None  # type: ignore[method-assign,assignment]


def ask_again() -> None:
    """A page is asked to leave by a level that it has declined."""
    from gpiobridge.core import wire

    wire.read_declined = lambda texts: frozenset()


def hold_orders_back() -> None:
    """An order of the application waits for nobody, and misses who takes no presses."""
    from gpiobridge.displays.hub import Hub

    of = Hub._of
    move = Hub.move

    def taking_only(self: Hub, audience: Any) -> list[Any]:
        return [each for each in of(self, audience) if each.standing.taking_since_s is not None]

    def moved(self: Hub, *args: Any) -> int:
        Hub._of = taking_only  # type: ignore[method-assign]
        try:
            return move(self, *args)
        finally:
            Hub._of = of  # type: ignore[method-assign]

    Hub.move = moved  # type: ignore[method-assign]


def close_right_behind_edges() -> None:
    """An order's close comes right behind whatever was sent last, as a press's does."""
    from gpiobridge.displays.hub import Hub

    Hub.move = lambda self, path, audience, now_s: sum(  # type: ignore[method-assign]
        self.leave(connection, path, now_s) for connection in self._of(audience)
    )


def tell_as_handed_in() -> None:
    """Levels are told in the order in which the watcher comes to know them, pin by pin."""
    from gpiobridge.core import core, settled

    class Fifo:
        def __init__(self) -> None:
            self._waiting: deque[settled.Settled] = deque()

        def put(self, pin: str, level: Any, at_s: float, due_s: float) -> None:
            self._waiting.append(settled.Settled(-inf, at_s, 0, pin, level))

        @property
        def next(self) -> settled.Settled | None:
            return self._waiting[0] if self._waiting else None

        def take(self) -> settled.Settled:
            return self._waiting.popleft()

    core.SettledLevels = Fifo  # type: ignore[misc,assignment,attr-defined]


def tell_by_stamp() -> None:
    """Levels are told in the order of their edges, whatever their pins' debounces."""
    from gpiobridge.core.settled import SettledLevels

    put = SettledLevels.put
    SettledLevels.put = (  # type: ignore[method-assign]
        lambda self, pin, level, at_s, due_s: put(self, pin, level, at_s, -inf)
    )


def repeat_messages() -> None:
    """Now and then a message is sent twice."""
    from gpiobridge.displays.sockets import Sockets

    send, count = Sockets.send_message, itertools.count()

    def twice(self: Sockets, connection: Any, message: bytes) -> None:
        send(self, connection, message)
        if next(count) % 40 == 0:
            send(self, connection, message)

    Sockets.send_message = twice  # type: ignore[method-assign]


def lose_messages() -> None:
    """Now and then a message is not sent."""
    from gpiobridge.displays.sockets import Sockets

    send, count = Sockets.send_message, itertools.count()

    def seldom(self: Sockets, connection: Any, message: bytes) -> None:
        if next(count) % 40:
            send(self, connection, message)

    Sockets.send_message = seldom  # type: ignore[method-assign]


def forget_retained() -> None:
    """Who comes later gets no message."""
    from gpiobridge.displays.retained_messages import RetainedMessages

    RetainedMessages.of = lambda self, display: iter(())  # type: ignore[method-assign]


def count_farewell_presses() -> None:
    """A page doesn't say since when presses have counted: those of the farewell do."""
    from gpiobridge.routes import socket as socket_route

    taking = socket_route._taking_since_s
    socket_route._taking_since_s = lambda now_s: None if taking(now_s) is None else -inf


def count_by_release() -> None:
    """A tap or a hold belongs to the moment in which it is clear, not to that of its begin."""
    from gpiobridge.core.events import PinEvent

    PinEvent.began_s = property(lambda self: self.at_s)  # type: ignore[method-assign,assignment]


def end_presses_when_noticed() -> None:
    """A press of one request ends when somebody looks, not when its time is over."""
    from gpiobridge.pins.driving import Driving

    begin = Driving.open
    Driving.open = lambda self, put: begin(  # type: ignore[method-assign]
        self, lambda pin, level, at_s: put(pin, level, time.monotonic())
    )


def shorten_dwells() -> None:
    """A press counts when half of its dwell is over."""
    _change_hands(lambda dwell_s, cooldown_s: (dwell_s / 2, cooldown_s))


def end_at_interruptions() -> None:
    """A press ends with its first release, whatever the cooldown says."""
    _change_hands(lambda dwell_s, cooldown_s: (dwell_s, 0.0))


def _change_hands(times: Callable[[float, float], tuple[float, float]]) -> None:
    from gpiobridge.core.hands import Hands

    begin = Hands.__init__

    def changed(
        self: Hands,
        active: Any,
        level: Any,
        dwell_s: float,
        cooldown_s: float,
        *rest: Any,
        **more: Any,
    ) -> None:
        begin(self, active, level, *times(dwell_s, cooldown_s), *rest, **more)

    Hands.__init__ = changed  # type: ignore[method-assign]


def count_where_presses_end() -> None:
    """What counts only later belongs to the page that it finds, not to that of its begin."""
    from gpiobridge.core.events import PinEvent

    PinEvent.began = property(  # type: ignore[method-assign,assignment]
        lambda self: self.seq if self.press is None else self.press
    )


def light_all_lamps() -> None:
    """Every lamp blinks from a press, not only its own pin's."""
    from gpiobridge.outputs.lamps import Lamp

    see = Lamp.see

    def seen(self: Lamp, screen: Any) -> None:
        see(self, screen)
        if screen.sent_by is not None:
            self._sent.add(screen)

    Lamp.see = seen  # type: ignore[method-assign]


def answer_for_programs() -> None:
    """A lamp blinks for displays, too, that have never said what they show."""
    from gpiobridge.loop import screens

    def sent(self: screens.Screens, connection: Any, event: Any) -> None:
        if (screen := screens._of(connection)) is not None:
            screen.sent_by, screen.open = event, False
            self._changed(screen)

    screens.Screens.sent = sent  # type: ignore[method-assign]


def blink_on_the_next_page() -> None:
    """A lamp blinks on while the next page is shown."""
    from gpiobridge.loop.screens import Screens

    show = Screens._show

    def shown(self: Screens, screen: Any, connection: Any, *, anew: bool) -> None:
        sent_by = screen.sent_by
        show(self, screen, connection, anew=anew)
        screen.sent_by = sent_by
        self._changed(screen)

    Screens._show = shown  # type: ignore[method-assign]


def wait_for_ever() -> None:
    """A display that is between two pages is never given up."""
    from gpiobridge.loop.screens import Screens

    Screens.tick = lambda self, now_s: None  # type: ignore[method-assign]
    Screens.deadline_s = None  # type: ignore[assignment,method-assign]


def light_in_lockouts() -> None:
    """A lamp is lit, too, while pages take no presses."""
    from gpiobridge.displays.screen import Screen

    Screen.takes = lambda self, pin: self.open and self.visible  # type: ignore[method-assign]


def light_unseen() -> None:
    """A lamp is lit as soon as a page has a socket, seen or not."""
    from gpiobridge.displays.screen import Screen

    Screen.takes = lambda self, pin: (  # type: ignore[method-assign]
        self.socket is not None and self.taking
    )


def let_go_of_lost_displays() -> None:
    """A page that loses its socket decides no longer."""
    from gpiobridge.outputs.keeper import Keeper

    changed = Keeper.screen_changed

    def see(self: Keeper, screen: Any) -> None:
        changed(self, screen)
        if screen.socket is None:
            for control in self._controls.values():
                control.page_left(screen)
            self._changed = True

    Keeper.screen_changed = see  # type: ignore[method-assign]


def obey_the_oldest_page() -> None:
    """Of several pages that are shown the oldest decides."""
    from gpiobridge.outputs.control import OutputControl

    OutputControl._of_page = property(  # type: ignore[method-assign,assignment]
        lambda self: next(iter(self._of_pages.values()), None)
    )


def keep_nothing() -> None:
    """No state stays when its page is left."""
    from gpiobridge.outputs.control import Order, OutputControl

    shown = OutputControl.page_shown

    def show(self: OutputControl, screen: Any, page: Any, now_s: float, *, anew: bool) -> None:
        shown(self, screen, page, now_s, anew=anew)
        self._standing = Order(self.settings.initial, now_s)

    OutputControl.page_shown = show  # type: ignore[method-assign]


def obey_all_pins() -> None:
    """A press of any pin moves every display."""
    from gpiobridge.core.events import Standing

    Standing.obeys = lambda self, pin: True  # type: ignore[method-assign]


def catch_up_with_all_pins() -> None:
    """A display that was away acts on a press that it doesn't obey."""
    from gpiobridge.core.navigation import Navigation

    missed = Navigation.missed

    def miss(self: Navigation, standing: Any, now_s: float) -> Any:
        return missed(self, replace(standing, pins=None), now_s)

    Navigation.missed = miss  # type: ignore[method-assign]


def forget_groups() -> None:
    """An order to a group goes to all displays."""
    from gpiobridge.displays.audience import Audience

    has = Audience.has

    def everyone(self: Audience, display: Any) -> bool:
        return has(replace(self, group=None), display)

    Audience.has = everyone  # type: ignore[method-assign]


def lead_those_who_obey() -> None:
    """A rule that names a display doesn't lead it if it doesn't obey the pin."""
    from gpiobridge.displays.hub import Hub

    follow = Hub.follow

    def led(self: Hub, order: Any, route: Any, *args: Any, **more: Any) -> Any:
        names = {
            connection.display.name
            for connection in self.connections
            if connection.standing.obeys(order.event.pin)
        }
        return follow(self, order, replace(route, displays=route.displays & names), *args, **more)

    Hub.follow = led  # type: ignore[method-assign]


def lead_everybody() -> None:
    """A rule that names some displays leads all."""
    from gpiobridge.displays.hub import Hub

    follow = Hub.follow

    def led(self: Hub, order: Any, route: Any, *args: Any, **more: Any) -> Any:
        names = frozenset(connection.display.name for connection in self.connections)
        return follow(self, order, replace(route, displays=names), *args, **more)

    Hub.follow = led  # type: ignore[method-assign]


def forget_routes() -> None:
    """A display that was away doesn't catch up with what led it from another page."""
    from gpiobridge.core.navigation import Navigation

    Navigation.routed = lambda self, page, event, route: None  # type: ignore[method-assign]


BREAKAGES: dict[str, Callable[[], None]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        keep_lockout_presses,
        ignore_taking,
        ignore_taking_frames,
        act_on_levels_in_films,
        forget_levels_in_films,
        ask_again,
        hold_orders_back,
        close_right_behind_edges,
        tell_as_handed_in,
        tell_by_stamp,
        repeat_messages,
        lose_messages,
        forget_retained,
        count_farewell_presses,
        count_by_release,
        end_presses_when_noticed,
        shorten_dwells,
        end_at_interruptions,
        count_where_presses_end,
        light_all_lamps,
        answer_for_programs,
        blink_on_the_next_page,
        wait_for_ever,
        light_in_lockouts,
        light_unseen,
        let_go_of_lost_displays,
        obey_the_oldest_page,
        keep_nothing,
        obey_all_pins,
        catch_up_with_all_pins,
        forget_groups,
        lead_those_who_obey,
        lead_everybody,
        forget_routes,
    )
}
