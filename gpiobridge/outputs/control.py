"""What one output does: who decides, and what that means for its line from moment to moment.

Five may decide, and the first that has something to say does:

1. the opening hours, while the exhibit is closed, if the output has `closed`,
2. a program, for a time (`for`),
3. a program, until a page that names the output is shown or left,
4. the pages that displays show; the youngest one counts,
5. what stays when nobody decides: `initial`, or the state that a page has left with `keep`.

Each says it with an `Order`. The line follows from the order that counts and from the time: a
blinking output changes by itself, a pulse ends, and `max_on` ends everything. Pure: the time comes
in as an argument, in monotonic seconds.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from gpiobridge.config import Output, OutputState, PageOutput
from gpiobridge.config.settings import SHORTEST_BLINK_S

APART_S = SHORTEST_BLINK_S
"""How far apart an output goes on again at least, in seconds, unless a program wants it so: people
can press quickly, and what flashes more than three times a second can cause a seizure."""

_PULSE_OVER = "its pulse is over"


@dataclass(slots=True)
class Order:
    """A state that somebody has set.

    Args:
        state: the state.
        since_s: when it was set.
        until_s: when it ends: a pulse, or what counts for a time.
        spent: whether its time on is used up: it is off until the output is set again.
    """

    state: OutputState
    since_s: float
    until_s: float = inf
    spent: bool = False


class OutputControl:
    """The control of one output.

    Args:
        settings: the output.
        now_s: the time.

    Attributes:
        on: whether the line is on, as of the last `update`.
        state: what the output does, as of the last `update`: "off" also after a pulse, and after
            `max_on`.
        deadline_s: when `update` is due without a new order; None: never.
        why: what has last decided on the state, in words for the log. Whoever sets it, or shows a
            page, writes it; what ends by itself is written here.
    """

    def __init__(self, settings: Output, now_s: float) -> None:
        self.settings = settings
        self.on = False
        self.state = OutputState.OFF
        self.deadline_s: float | None = None
        self.why = ""
        self._while_closed: Order | None = None
        self._for_a_time: Order | None = None
        self._by_program: Order | None = None
        self._of_pages: dict[Hashable, Order] = {}  # the youngest last
        self._standing = Order(settings.initial, now_s)
        self._on_since_s: float | None = None  # without a pause
        self._blink_since_s = now_s
        self._blinks_dark_first = False
        self._lit_s = -inf  # when it last went on

    # ---------------------------------------------------------------- who decides

    def set(self, state: OutputState, now_s: float, for_s: float | None = None) -> None:
        """Set a state, as a program does.

        Args:
            state: the state.
            now_s: the time.
            for_s: how long it counts, in seconds; then the output does what it would do otherwise.
                None: until a page that names the output is shown or left; a pulse lasts as long as
                the output's `pulse`.
        """
        if for_s is None and state is OutputState.PULSE:
            for_s = self.settings.pulse_s
        if for_s is None:
            self._by_program, self._for_a_time = Order(state, now_s), None
            # What a page keeps ends here: a lock that somebody has closed must not open again when
            # that page is left.
            self._standing = Order(self.settings.initial, now_s)
        else:
            self._for_a_time = Order(state, now_s, now_s + for_s)

    def page_shown(self, screen: Hashable, page: PageOutput, now_s: float, *, anew: bool) -> None:
        """Take what a page says that a screen shows now.

        Args:
            screen: the screen.
            page: what its page does with the output.
            now_s: the time.
            anew: False if the page has been on the screen before. Then it gives no pulse, and its
                `max_on` counts as used up: nobody knows how much of it is left.
        """
        self._forget_programs()
        self._of_pages.pop(screen, None)
        until_s = inf
        if page.state is OutputState.PULSE:
            until_s = now_s + self.settings.pulse_s if anew else now_s
        used_up = not anew and self.settings.max_on_s is not None
        self._of_pages[screen] = Order(page.state, now_s, until_s, spent=used_up)
        state = page.state if page.keep else self.settings.initial
        self._standing = Order(state, now_s)

    def page_left(self, screen: Hashable) -> bool:
        """Forget what a page has said that a screen no longer shows.

        Returns:
            Whether something else decides now.
        """
        counted = self._counting
        if self._of_pages.pop(screen, None) is not None:
            self._forget_programs()
        return self._counting is not counted

    def has(self, screen: Hashable) -> bool:
        """Whether the page of a screen says something of the output."""
        return screen in self._of_pages

    def hand_on(self, screen: Hashable, to: Hashable) -> None:
        """Let another screen have what the page of a screen has said: it is the same one."""
        self._of_pages = {
            to if each is screen else each: order for each, order in self._of_pages.items()
        }

    def without_display(self, state: OutputState, now_s: float) -> None:
        """Forget all pages and programs, because no display is left."""
        self.why = "no display is connected"
        self._forget_programs()
        self._of_pages.clear()
        self._standing = Order(state, now_s)

    def with_display(self, now_s: float) -> None:
        """Go back to the initial state, because there is a display again."""
        self.why = "a display is connected"
        self._standing = Order(self.settings.initial, now_s)

    def close(self, state: OutputState, now_s: float) -> None:
        """Let nobody else decide, because the exhibit is closed."""
        self.why = "the exhibit is closed"
        self._while_closed = Order(state, now_s)
        self._spend()

    def reopen(self) -> None:
        """Do again what the others say, because the exhibit is open."""
        self.why = "the exhibit is open"
        self._while_closed = None
        self._spend()

    def _spend(self) -> None:
        """Use `max_on` up: a lock doesn't open in the morning for what was said in the evening."""
        if self.settings.max_on_s is not None:
            for each in self._orders:
                each.spent = True

    def follow(self, state: OutputState, now_s: float) -> None:
        """Take the state that follows from the output's button."""
        if state is not self._standing.state:
            self.why = f"pin {self.settings.follows}"
            self._standing = Order(state, now_s)

    # ---------------------------------------------------------------- a reload

    def memory(self, screens: Sequence[Hashable]) -> dict[str, Any]:
        """Tell everything that is to go on after a reload, fit for JSON.

        Args:
            screens: all screens; those of the pages are told by their place in this list.
        """
        return {
            "for_a_time": _written(self._for_a_time),
            "by_program": _written(self._by_program),
            "pages": [[screens.index(each), _written(o)] for each, o in self._of_pages.items()],
            "standing": _written(self._standing),
            "times": [self._on_since_s, self._blink_since_s, max(self._lit_s, 0.0)],
            "blinks": [self.state is OutputState.BLINK, self._blinks_dark_first, self.on],
        }

    def recall(
        self,
        memory: Mapping[str, Any],
        screens: Sequence[Hashable],
        says: Mapping[Hashable, OutputState],
    ) -> None:
        """Go on as before the reload, as far as the configuration is still the same.

        Args:
            memory: what `memory` has returned.
            screens: the screens, in the same order.
            says: what the page of each screen says of the output now, if it says something.
        """
        self._for_a_time = _read(memory["for_a_time"])
        if self.settings.follows is None:  # else nothing would ever end what a program has set
            self._by_program = _read(memory["by_program"])
        for at, written in memory["pages"]:
            screen, order = screens[at], _read(written)
            if order is None or screen not in says:
                continue
            if says[screen] is not order.state:
                # Its page is not loaded again. So a pulse that it gives now is over.
                order.state = says[screen]
                order.until_s = order.since_s if order.state is OutputState.PULSE else inf
            self._of_pages[screen] = order
        self._standing = _read(memory["standing"]) or self._standing
        self._on_since_s, self._blink_since_s, self._lit_s = memory["times"]
        blinks, self._blinks_dark_first, self.on = memory["blinks"]
        self.state = OutputState.BLINK if blinks else OutputState.OFF

    def _forget_programs(self) -> None:
        self._for_a_time = self._by_program = None

    # ---------------------------------------------------------------- what the line does

    def update(self, now_s: float) -> None:
        """Find out what the line does now, and when that changes by itself."""
        if self._for_a_time is not None and now_s >= self._for_a_time.until_s:
            pulse = self._for_a_time.state is OutputState.PULSE
            self._for_a_time = None
            if self._while_closed is None:
                self.why = _PULSE_OVER if pulse else "its time is over"
        order, before = self._counting, self.state
        self.state = _state(order, now_s)
        if before is OutputState.PULSE and _is_over(order, now_s):
            self.why = _PULSE_OVER
        if self.state is OutputState.OFF:
            self._on_since_s = None
        elif self._on_since_s is None:
            self._on_since_s = now_s
        if now_s >= self._max_on_ends_s:
            for each in self._orders:  # those below would only go on: all must be set again
                each.spent = True
            self.state, self._on_since_s = OutputState.OFF, None
            self.why = "max_on has ended it"
        if self.state is OutputState.BLINK and before is not OutputState.BLINK:
            # The other way round than just now: so everybody sees that something has changed.
            self._blink_since_s, self._blinks_dark_first = now_s, self.on
        was_on, self.on = self.on, self._is_lit(now_s) and now_s >= self._apart_s
        if self.on and not was_on:
            self._lit_s = now_s
        self.deadline_s = min((at_s for at_s in self._changes_s(now_s) if at_s < inf), default=None)

    @property
    def _counting(self) -> Order:
        """The order that counts: of those who decide, the first that has one."""
        return (
            self._while_closed
            or self._for_a_time
            or self._by_program
            or self._of_page
            or self._standing
        )

    @property
    def _of_page(self) -> Order | None:
        return next(reversed(self._of_pages.values()), None)

    @property
    def _orders(self) -> list[Order]:
        orders = (self._for_a_time, self._by_program, *self._of_pages.values(), self._standing)
        return [order for order in orders if order is not None]

    @property
    def _max_on_ends_s(self) -> float:
        if self._on_since_s is None or self.settings.max_on_s is None:
            return inf
        return self._on_since_s + self.settings.max_on_s

    @property
    def off_at_s(self) -> float | None:
        """When it is off by itself, if nothing else happens: by `max_on`, or by the end of a time.

        None if it is off now, or stays on. A blinking output may be dark earlier.
        """
        if not self.on:
            return None
        order, at_s = self._counting, self._max_on_ends_s
        if order.until_s < at_s:
            below = None
            if order is self._for_a_time:
                below = self._by_program or self._of_page or self._standing
            if below is None or _state(below, order.until_s) is OutputState.OFF:
                at_s = order.until_s
        return at_s if at_s < inf else None

    @property
    def _apart_s(self) -> float:
        """Until when it stays dark, because it has gone on too shortly before."""
        if self.on or self._for_a_time or self._by_program:
            return -inf  # a program may want anything; it need not be a lamp
        return self._lit_s + APART_S

    def _is_lit(self, now_s: float) -> bool:
        """Whether the state has the line on at this moment."""
        if self.state is OutputState.BLINK:
            return (self._half(now_s) % 2 == 0) != self._blinks_dark_first
        return self.state is not OutputState.OFF

    def _half(self, now_s: float) -> int:
        """Count the halves of the period since it began to blink."""
        # A deadline is a sum of floats, and may come out a little early.
        return int((now_s - self._blink_since_s) / (self.settings.blink_s / 2) + 1e-6)

    def _changes_s(self, now_s: float) -> Iterator[float]:
        """List the moments at which something changes by itself."""
        if self._for_a_time is not None:
            yield self._for_a_time.until_s
        if self.state is OutputState.PULSE:
            yield self._counting.until_s
        if self.state is OutputState.BLINK:
            yield self._blink_since_s + (self._half(now_s) + 1) * self.settings.blink_s / 2
        yield self._max_on_ends_s
        if now_s < self._apart_s and self._is_lit(now_s):
            yield self._apart_s


def _state(order: Order, now_s: float) -> OutputState:
    """Say what an order still means: a pulse ends, and what is spent is off."""
    return OutputState.OFF if order.spent or _is_over(order, now_s) else order.state


def _is_over(order: Order, now_s: float) -> bool:
    """Whether it is a pulse that has ended."""
    return order.state is OutputState.PULSE and now_s >= order.until_s


def _written(order: Order | None) -> list[Any] | None:
    if order is None:
        return None
    until_s = None if order.until_s == inf else order.until_s
    return [order.state, order.since_s, until_s, order.spent]


def _read(written: list[Any] | None) -> Order | None:
    if written is None:
        return None
    state, since_s, until_s, spent = written
    return Order(OutputState(state), since_s, inf if until_s is None else until_s, spent)
