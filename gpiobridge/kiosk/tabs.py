"""Which of a browser's tabs is the exhibit's, and what is to be done about all others.

Chromium's events and answers and the time in, orders out. Pure; `guard` carries the orders over
`devtools_pipe`. Methods and fields are those of the Chrome DevTools Protocol's domains Target and
Browser, which need no debugger in a page: one there would keep a prerendered page from being shown.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from gpiobridge.kiosk.home import origins
from gpiobridge.net.hosts import origin_of

LOOK_S = 1.0
"""Seconds between two looks at the window."""

GONE_S = 1.0
"""So long the exhibit's tab may be missing, in seconds, or show what it shouldn't.

While a prerendered page takes the place of the one before, neither is there for a moment.
"""

AWAY_S = 120.0
"""An allowed page of another site is led home after so many seconds without a move."""

MOST_AWAY_S = 1800.0
"""And after so many in all: a slide show, or a page that loads itself anew, moves for ever."""

STUCK_S = 4.0
"""A window that is still there so many seconds after it was to close holds the screen."""

MOST_UNTOLD = 5
"""So many new tabs are asked for without being told of one: more would fill the memory unseen."""

# What a tab may show on its way to a page. An error page ends by itself, or by the launcher.
_EMPTY = "about:blank"
_PASSING = (_EMPTY, "chrome-error:")


class Order(NamedTuple):
    """A call over the pipe."""

    method: str
    params: Mapping[str, Any]


@dataclass(slots=True)
class _Page:
    url: str
    prerendered: bool
    shown: bool  # whether it was ever more than prerendered
    ordered_s: float | None = None  # since when it is to close
    emptied: bool = False  # whether it showed something before, and shows nothing now
    crashed: bool = False  # whether its process has died ("Aw, Snap!")


class Tabs:
    """What one start of the browser has open.

    Args:
        home: the address that the exhibit begins at; a file's may lead to the bridge.
        bridge: where the bridge is; all its pages are the exhibit's (`home`).
        allow: addresses of other sites that the exhibit's tab may show.
        now_s: monotonic seconds.

    Attributes:
        away: whether the exhibit's tab shows an allowed page of another site.
        heard: whether the browser has ever answered.
        strayed: the address that was last led home from; empty if its tab had gone.
    """

    def __init__(self, home: str, bridge: str, allow: Collection[str], now_s: float) -> None:
        self.away = False
        self.heard = False
        self.strayed = ""
        self._home = home
        self._own_origins = origins(bridge)
        self._allow = frozenset(map(origin_of, allow)) - {*self._own_origins, ""}
        self._pages: dict[str, _Page] = {}
        self._own: str | None = None  # the exhibit's
        self._left: str | None = None  # what was the exhibit's, and is led home from
        self._wrong_since_s: float | None = None
        self._moved_s = now_s
        self._home_s = now_s  # when it was last seen at home
        self._looked_s = now_s - LOOK_S
        self._untold = 0  # tabs that were asked for since one was told of
        self._asked: str | None = None  # the page whose window was asked for

    @staticmethod
    def first() -> Order:
        """The order to give first: to be told of all tabs, those that are there included."""
        return Order("Target.setDiscoverTargets", {"discover": True, "filter": [{"type": "page"}]})

    def hear(self, message: Mapping[str, Any], now_s: float) -> list[Order]:
        """Take an event or an answer.

        Args:
            message: as the pipe gives it.
            now_s: monotonic seconds.

        Returns:
            What is to be done at once.
        """
        self.heard = True
        params = message.get("params") or message.get("result")
        if not isinstance(params, Mapping):
            if "error" in message:
                self._asked = None
            return []
        info = params.get("targetInfo")
        match message.get("method"):
            case "Target.targetCreated" | "Target.targetInfoChanged" if isinstance(info, Mapping):
                self._note(info, now_s)
            case "Target.targetDestroyed":
                self._pages.pop(str(params.get("targetId")), None)
            case "Target.targetCrashed":
                if crashed := self._pages.get(str(params.get("targetId"))):
                    crashed.crashed = True
            case None if "windowId" in params:
                return self._window(params)
        return self._strays(now_s)

    def look(self, now_s: float) -> list[Order]:
        """Say what is to be done as time goes by; ask about every `LOOK_S`.

        Args:
            now_s: monotonic seconds.
        """
        orders = self._strays(now_s)
        if self._wrong(now_s):
            self._wrong_since_s = now_s  # once more, if it doesn't come
            left = self._pages.get(self._own) if self._own else None
            self.strayed = re.split("[?#]", left.url)[0] if left else ""
            self._left, self._own = self._own, None
            self._untold += 1
            orders.append(Order("Target.createTarget", {"url": self._home}))
        elif self._own and self._asked is None and now_s - self._looked_s >= LOOK_S:
            self._asked, self._looked_s = self._own, now_s
            orders.append(Order("Browser.getWindowForTarget", {"targetId": self._own}))
        return orders

    def stuck(self, now_s: float) -> bool:
        """Whether a window doesn't close."""
        return any(
            page.ordered_s is not None and now_s - page.ordered_s >= STUCK_S
            for page in self._pages.values()
        )

    def _note(self, info: Mapping[str, Any], now_s: float) -> None:
        if info.get("type") != "page":
            return
        self._untold = 0
        name, url = str(info.get("targetId")), str(info.get("url", ""))
        prerendered = info.get("subtype") == "prerender"
        page = self._pages.get(name)
        if page is None:
            page = self._pages[name] = _Page(url, prerendered, shown=not prerendered)
        elif page.url != url and name == self._own:
            self._moved_s = now_s
        if not prerendered and not page.shown and self._own is not None:
            # A prerendered page takes the place of the one that led to it.
            page.shown = True
            if name != self._own:
                self._pages.pop(self._own, None)
                self._own, self._moved_s = name, now_s
        if page.url != url:
            began = not page.url or page.url.startswith(_EMPTY)
            page.emptied = url.startswith(_EMPTY) and (page.emptied or not began)
        page.url, page.prerendered = url, prerendered

    def _strays(self, now_s: float) -> list[Order]:
        """Close all that isn't the exhibit's, and bring that to the front."""
        there = {name: page for name, page in self._pages.items() if not page.prerendered}
        if self._own not in there:
            right = (n for n, page in there.items() if n != self._left and self._may(page.url))
            self._own, self._moved_s = next(right, None), now_s
        self.away = self._own is not None and self._is_away(there[self._own].url)
        if not self.away:
            self._home_s = now_s
        if self._own is None:
            return []
        strays = [name for name, page in there.items() if name != self._own and not page.ordered_s]
        for name in strays:
            there[name].ordered_s = now_s
        closing = [Order("Target.closeTarget", {"targetId": name}) for name in strays]
        front = [Order("Target.activateTarget", {"targetId": self._own})] if strays else []
        return [*closing, *front]

    def _wrong(self, now_s: float) -> bool:
        """Whether the exhibit's tab has been missing, or wrong, for too long."""
        own = self._pages.get(self._own) if self._own else None
        right = own is not None and self._may(own.url) and not (own.emptied or own.crashed)
        rests, stays = now_s - self._moved_s >= AWAY_S, now_s - self._home_s >= MOST_AWAY_S
        if right and not (self.away and (rests or stays)):
            self._wrong_since_s = None
            return False
        if not self._pages and (not self.heard or self._untold >= MOST_UNTOLD):
            return False
        if self._wrong_since_s is None:
            self._wrong_since_s = now_s
        return now_s - self._wrong_since_s >= GONE_S

    def _window(self, answer: Mapping[str, Any]) -> list[Order]:
        """Make a window that fills the screen of one that doesn't."""
        self._asked = None
        bounds = answer.get("bounds")
        state = bounds.get("windowState") if isinstance(bounds, Mapping) else None
        if state == "fullscreen":
            return []
        # One that was put away has to be brought back first; the next look does the rest.
        wanted = "normal" if state == "minimized" else "fullscreen"
        change = {"windowId": answer["windowId"], "bounds": {"windowState": wanted}}
        return [Order("Browser.setWindowBounds", change)]

    def _may(self, url: str) -> bool:
        origin = origin_of(url)
        return (
            url == self._home
            or url.startswith(_PASSING)
            or (origin in self._own_origins or origin in self._allow or not url)
        )

    def _is_away(self, url: str) -> bool:
        return origin_of(url) in self._allow
