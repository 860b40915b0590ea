"""One display from page to page, as far as others can know: what it shows, and whether it moves.

`loop.screens` keeps it up to date, on the watcher's thread.
"""

from dataclasses import dataclass

from gpiobridge.core.events import PinEvent


@dataclass(eq=False, slots=True)
class Screen:
    """One display.

    Attributes:
        client: who it belongs to, as `net.addresses` tells clients apart; None: this machine.
        name: its name (`?display=`), or an empty string.
        pins: the pins that it obeys; None: all.
        socket: the connection that it has now; None once that has ended.
        page: the page that it shows; None if it has shown none yet, or none for a while. It stays
            the same while the next page loads, and when its socket ends: nobody knows what it shows
            then.
        open: whether its socket is that page's.
        visible: whether the browser says that the page can be seen.
        taking: whether the page takes presses.
        sent_by: the event that has sent it to another page, until one is shown, or the page has
            declined.
    """

    client: str | None
    name: str
    pins: frozenset[str] | None = None
    socket: object = None
    page: str | None = None
    open: bool = False
    visible: bool = True
    taking: bool = False
    sent_by: PinEvent | None = None

    def takes(self, pin: str) -> bool:
        """Whether a press of a pin would count on what it shows now."""
        obeys = self.pins is None or pin in self.pins
        return obeys and self.open and self.visible and self.taking
