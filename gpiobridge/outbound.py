"""What the application says to its displays: checked on its own thread, then ordered.

Any thread may push and navigate: a request, a handler, a scheduled job. The watcher carries the
orders out, in the order in which they come.
"""

import threading

from gpiobridge import wire
from gpiobridge.connection import text_frame
from gpiobridge.errors import PushError
from gpiobridge.events import Audience, Display, Move, Push
from gpiobridge.retained import MAX_RETAINED_BYTES, Retained
from gpiobridge.watcher import Watcher

Who = str | Display | None


class Outbound:
    """Messages and moves of one application, before and while its bridge runs.

    Attributes:
        retained: what displays get that come later.
    """

    def __init__(self) -> None:
        self.retained = Retained()
        self._watcher: Watcher | None = None
        self._lock = threading.Lock()

    def attach(self, watcher: Watcher) -> None:
        """Send what comes from now on through a running watcher."""
        with self._lock:
            self._watcher = watcher

    def push(
        self, data: object, page: str | None, display: Who, exclude: Who, retain: str | None
    ) -> int:
        """Send a message; see `gpiobridge.GpioBridge.push`."""
        audience = self._audience(page, display, exclude)
        if retain is not None and not (isinstance(retain, str) and retain):
            raise PushError(f'retain = {retain!r}: must be a key, such as "prices"')
        if retain is not None and isinstance(display, Display):
            raise PushError(
                f"retain = {retain!r}: this one display doesn't come later, as each socket is "
                "another; give its name as display, or leave retain out"
            )
        try:
            frame = text_frame(wire.message_frame(data))
        except ValueError as error:
            raise PushError(f"the message {error}") from error
        order = Push(frame, audience, retain, forget=data is None)
        if not self.retained.reserve(order):
            raise PushError(
                f"retain = {retain!r}: all retained messages take at most "
                f"{MAX_RETAINED_BYTES} bytes; push None under a key that is done with"
            )
        with self._lock:
            watcher = self._watcher
            if watcher is None:
                self.retained.keep(order)  # nobody is there yet
                return 0
        return self._order(watcher, order)

    def navigate(self, to: str, page: str | None, display: Who, exclude: Who) -> int:
        """Let displays leave for a page; see `gpiobridge.GpioBridge.navigate`."""
        audience = self._audience(page, display, exclude)
        self._check_page("to", to)
        watcher = self._watcher
        return 0 if watcher is None else self._order(watcher, Move(to, audience))

    def _order(self, watcher: Watcher, order: Push | Move) -> int:
        displays = watcher.displays
        if isinstance(order, Move):
            displays = [d for d in displays if d.page != order.to and d.page in watcher.paths]
        watcher.order(order)
        return sum(map(order.audience.has, displays))

    def _audience(self, page: str | None, display: Who, exclude: Who) -> Audience:
        if page is not None:
            self._check_page("page", page)
        for argument, who in (("display", display), ("exclude", exclude)):
            if who is not None and not (isinstance(who, Display) or (isinstance(who, str) and who)):
                raise PushError(f"{argument} = {who!r}: must be a display, or its name")
        return Audience(page, display, exclude)

    def _check_page(self, argument: str, page: str) -> None:
        if not isinstance(page, str):
            raise PushError(f"{argument} = {page!r}: must be the name of a page")
        # Before the start no page is known; then nobody is there to be told, either.
        if self._watcher is not None and page not in self._watcher.paths:
            pages = ", ".join(self._watcher.paths)
            raise PushError(f"{argument} = {page!r}: there is no such page; pages: {pages}")
