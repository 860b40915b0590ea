"""The whole core behind one object: edges and joins in, orders for the displays out.

Pure: it composes `debounce`, `navigation` and `wire`, and knows neither sockets nor pins. One
thread at a time may call it (the watcher's); `seq` and `levels` may be read from any.
"""

from collections.abc import Iterable, Mapping

from gpiobridge import wire
from gpiobridge.debounce import Debounce
from gpiobridge.events import (
    Broadcast,
    CloseClients,
    Effect,
    Level,
    Now,
    PinChanged,
    RawEdge,
    Welcome,
)
from gpiobridge.navigation import Navigation, Rules


class Bridge:
    """Pins on one side, pages on the other.

    Args:
        epoch: a random name of this run, in lower-case hexadecimal digits.
        windows_s: pin name to its debounce window in seconds.
        pages: page name to its rules.
        catch_up_s: how old an edge may be, in seconds, to move a page that was not listening.
        simulated: True with pins that are not real; every display is told.
    """

    def __init__(
        self,
        epoch: str,
        windows_s: Mapping[str, float],
        pages: Mapping[str, Rules],
        catch_up_s: float,
        *,
        simulated: bool,
    ) -> None:
        self.epoch = epoch
        self.seq = 0
        self._windows_s = windows_s
        self._simulated = simulated
        self._navigation = Navigation(pages, catch_up_s)
        self._pins: dict[str, Debounce] = {}

    @property
    def cursor(self) -> str:
        """The newest event's cursor, for a page that is rendered now."""
        return wire.cursor(self.epoch, self.seq)

    @property
    def levels(self) -> dict[str, Level]:
        """Pin name to its settled level, of the pins that have been read."""
        return {name: pin.settled for name, pin in list(self._pins.items())}

    def edge(self, edge: RawEdge, now: Now) -> list[Effect]:
        """Take a raw edge and say what follows from it, in order."""
        return self._settle(edge.pin, self._pins[edge.pin].edge(edge.level, edge.at_s), now)

    def reading(self, pin: str, level: Level, now: Now) -> list[Effect]:
        """Take a fresh reading; ``now`` is the moment just before it.

        The first reading of a pin sets its level and is never an edge.
        """
        if pin not in self._pins:
            self._pins[pin] = Debounce(level, now.mono_s, self._windows_s[pin])
            return []
        return self._settle(pin, self._pins[pin].reading(level, now.mono_s), now)

    def join(self, page: str, cursors: Iterable[str], now: Now) -> Welcome:
        """Say what a display that joins or rejoins is told first.

        Args:
            page: the page it is on.
            cursors: what it has already acted on, the tab's own before the page's.
            now: this moment.
        """
        after_seq = wire.resume_after(cursors, self.epoch)
        if after_seq is not None:
            missed = self._navigation.missed(page, after_seq, now.mono_s)
            if missed is not None:
                texts = (self._state(missed.seq - 1), _edge_frame(missed, now))
                return Welcome(texts, to=self._navigation.target(page, missed))
        return Welcome((self._state(self.seq),))

    def pins_to_read(self, now_s: float) -> list[str]:
        """The pins whose deadline has come: each wants a fresh reading."""
        return [
            name
            for name, pin in self._pins.items()
            if pin.deadline_s is not None and pin.deadline_s <= now_s
        ]

    @property
    def deadline_s(self) -> float | None:
        """The next moment, in monotonic seconds, at which `pins_to_read` names a pin."""
        return min(
            (pin.deadline_s for pin in self._pins.values() if pin.deadline_s is not None),
            default=None,
        )

    def _settle(self, pin: str, changes: Iterable[tuple[Level, float]], now: Now) -> list[Effect]:
        effects: list[Effect] = []
        for level, at_s in changes:
            self.seq += 1
            changed = PinChanged(self.seq, pin, level, at_s)
            self._navigation.remember(changed)
            effects.append(changed)
            effects.append(Broadcast(_edge_frame(changed, now)))
            effects += [CloseClients(page, to) for page, to in self._navigation.moves(changed)]
        return effects

    def _state(self, seq: int) -> str:
        return wire.state_frame(self.epoch, seq, self.levels, simulated=self._simulated)


def _edge_frame(edge: PinChanged, now: Now) -> str:
    return wire.edge_frame(edge, now.unix_s - (now.mono_s - edge.at_s))
