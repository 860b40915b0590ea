"""Find the exhibit's tab among a browser's tabs, and decide what to do about all others.

Chromium's events and answers and the time come in as arguments. Orders are returned. Pure; `guard`
sends the orders through `devtools_pipe`. Methods and fields are those of the domains Target and
Browser of the Chrome DevTools Protocol. These need no debugger in a page: a debugger would prevent
a prerendered page from being shown.

On the stage (`start.STAGE`) the tab's address never changes. If a frame of the stage leads to
another site, Chromium reports a target of its own for it, of type "iframe". A page behind the shown
one may also lead there. So such a frame counts as what the tab shows only while no live page is.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from gpiobridge.kiosk.home import origins
from gpiobridge.kiosk.start import STAGE
from gpiobridge.net.hosts import origin_of

LOOK_S = 1.0
"""Seconds between two looks at the window."""

GONE_S = 1.0
"""How long the exhibit's tab may be missing, or show a wrong page, in seconds.

When a prerendered page replaces the page before, neither exists for a moment.
"""

AWAY_S = 120.0
"""An allowed page of another site goes home after this many seconds without a navigation."""

MOST_AWAY_S = 1800.0
"""It goes home after this many seconds in any case: a page that reloads itself never rests."""

STUCK_S = 4.0
"""A window that is still open this many seconds after the order to close blocks the screen."""

MOST_UNTOLD = 5
"""How many new tabs we ask for while Chromium reports none: more would fill the memory unseen."""

# What a tab may show on its way to a page. An error page goes away by itself, or the launcher
# restarts the browser.
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
    ordered_s: float | None = None  # when it was ordered to close
    emptied: bool = False  # whether it showed something before, and shows nothing now
    crashed: bool = False  # whether its process has crashed ("Aw, Snap!")


@dataclass(frozen=True, slots=True)
class _Frame:
    tab: str  # the frame around it: the tab's, if the tab's own document has this frame
    url: str


class Tabs:
    """The open tabs of one start of the browser.

    Args:
        home: the address at which the exhibit begins; it may be a file that leads to the bridge.
        bridge: the bridge's address; all its pages belong to the exhibit (`home`).
        allow: the addresses of other sites that the exhibit's tab may show.
        now_s: monotonic seconds.

    Attributes:
        away: whether the exhibit's tab shows an allowed page of another site.
        heard: whether the browser has ever answered.
        live: whether a live page of the bridge is shown, as far as the bridge knows; to be set.
        strayed: the last address from which a tab was sent home; empty if its tab was gone.
        visiting: whether the tab shows an allowed site on purpose (`visit`), and so isn't away.
    """

    def __init__(self, home: str, bridge: str, allow: Collection[str], now_s: float) -> None:
        self.away = False
        self.heard = False
        self.live = False
        self.strayed = ""
        self.visiting = False
        self._home = home
        self._own_origins = origins(bridge)
        self._allow = frozenset(map(origin_of, allow)) - {*self._own_origins, ""}
        self._pages: dict[str, _Page] = {}
        self._frames: dict[str, _Frame] = {}  # those of another process, so of another site
        self._own: str | None = None  # the exhibit's tab
        self._left: str | None = None  # the exhibit's former tab, which a new one replaces
        self._wrong_since_s: float | None = None
        self._moved_s = now_s
        self._home_s = now_s  # when it was last seen at home
        self._looked_s = now_s - LOOK_S
        self._untold = 0  # tabs that we have asked for since Chromium last reported one
        self._asked: str | None = None  # the page whose window we have asked for

    @staticmethod
    def first() -> Order:
        """Return the first order: report all tabs and frames, also those that are open already."""
        kinds = [{"type": "page"}, {"type": "iframe"}]
        return Order("Target.setDiscoverTargets", {"discover": True, "filter": kinds})

    def hear(self, message: Mapping[str, Any], now_s: float) -> list[Order]:
        """Take an event or an answer.

        Args:
            message: the message from the pipe.
            now_s: monotonic seconds.

        Returns:
            The orders to give at once.
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
                if info.get("type") == "iframe":
                    self._note_frame(info, now_s)
                else:
                    self._note(info, now_s)
            case "Target.targetDestroyed":
                self._pages.pop(str(params.get("targetId")), None)
                self._frames.pop(str(params.get("targetId")), None)
            case "Target.targetCrashed":
                if crashed := self._pages.get(str(params.get("targetId"))):
                    crashed.crashed = True
            case None if "windowId" in params:
                return self._window(params)
        return self._strays(now_s)

    def look(self, now_s: float) -> list[Order]:
        """Return the orders that are due as time passes; call it about every `LOOK_S`.

        Args:
            now_s: monotonic seconds.
        """
        orders = self._strays(now_s)
        if self._wrong(now_s):
            self._wrong_since_s = now_s  # try once more if the new tab doesn't come
            left = self._pages.get(self._own) if self._own else None
            self.strayed = re.split("[?#]", self._address(self._own))[0] if left else ""
            orders.append(self._replace(self._home))
        elif self._own and self._asked is None and now_s - self._looked_s >= LOOK_S:
            self._asked, self._looked_s = self._own, now_s
            orders.append(Order("Browser.getWindowForTarget", {"targetId": self._own}))
        return orders

    def visit(self, url: str) -> Order:
        """Return the order that shows an allowed site in place of the exhibit's tab."""
        order = self._replace(url)
        self.visiting = True
        return order

    def lead(self, url: str) -> Order:
        """Return the order that shows a page of the bridge in place of the exhibit's tab."""
        return self._replace(url)

    def _replace(self, url: str) -> Order:
        """Give up the exhibit's tab for a new one; once that is there, the former one is closed."""
        self._left, self._own, self.visiting = self._own, None, False
        self._untold += 1
        return Order("Target.createTarget", {"url": url})

    def stuck(self, now_s: float) -> bool:
        """Return whether a window doesn't close."""
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
            # A prerendered page replaces the page that led to it.
            page.shown = True
            if name != self._own:
                self._pages.pop(self._own, None)
                self._own, self._moved_s = name, now_s
        if page.url != url:
            began = not page.url or page.url.startswith(_EMPTY)
            page.emptied = url.startswith(_EMPTY) and (page.emptied or not began)
        page.url, page.prerendered = url, prerendered

    def _note_frame(self, info: Mapping[str, Any], now_s: float) -> None:
        # A tab's own document has the tab's id. An older Chromium doesn't name the frame around.
        tab = str(info.get("parentFrameId", ""))
        name, frame = str(info.get("targetId")), _Frame(tab, str(info.get("url", "")))
        if frame != self._frames.get(name) and tab == self._own:
            self._moved_s = now_s
        self._frames[name] = frame

    def _address(self, tab: str | None) -> str:
        """Return the address of what a tab shows; on a stage, that of a frame that has left it."""
        page = self._pages.get(tab or "")
        if page is None:
            return ""
        if self.live or not self._is_stage(page.url):
            return page.url
        left = (f.url for f in self._frames.values() if f.tab == tab and self._is_foreign(f.url))
        return next(left, page.url)

    def _is_stage(self, url: str) -> bool:
        return origin_of(url) in self._own_origins and urlsplit(url).path.endswith(STAGE)

    def _is_foreign(self, url: str) -> bool:
        return origin_of(url) not in (*self._own_origins, "")

    def _strays(self, now_s: float) -> list[Order]:
        """Close every tab except the exhibit's, and bring the exhibit's tab to the front."""
        there = {name: page for name, page in self._pages.items() if not page.prerendered}
        if self._own not in there:
            right = (n for n, page in there.items() if n != self._left and self._may(page.url))
            self._own, self._moved_s = next(right, None), now_s
        self.away = (
            self._own is not None and not self.visiting and self._is_away(self._address(self._own))
        )
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
        may = own is not None and self._may(self._address(self._own))
        right = own is not None and may and not (own.emptied or own.crashed)
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
        """Make the window fill the screen again if it doesn't."""
        self._asked = None
        bounds = answer.get("bounds")
        state = bounds.get("windowState") if isinstance(bounds, Mapping) else None
        if state == "fullscreen":
            return []
        # A minimized window must be restored first; the next look does the rest.
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
