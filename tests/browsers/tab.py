"""A tab of whichever browser, as the tests see it."""

import json
from typing import Any
from urllib.parse import urlsplit

from harness.deadline import DEADLINE_S, wait_until

from browsers.sessions import BrowserError, Session

ONLINE = "document.documentElement.dataset.bridge === 'online'"
OFFLINE = "document.documentElement.dataset.bridge === 'offline'"


class Tab:
    """One tab; each command goes to it, whichever was used before.

    Args:
        session: of the browser; it doesn't wait for loads, the tests do.
        handle: the tab's, as the browser names it.
    """

    def __init__(self, session: Session, handle: str) -> None:
        self._session = session
        self._handle = handle

    def _call(self, command: str, **parameters: Any) -> Any:
        self._session.switch_to(self._handle)
        return self._session.call(command, **parameters)

    def goto(self, url: str) -> None:
        """Begin to load a page; what is waited for from now on is not of the page before."""
        self._leave("Navigate", url=url)

    def reload(self) -> None:
        """Begin to load the page anew, as `goto`."""
        self._leave("Refresh")

    def back(self) -> None:
        """Go to the page before this one in the tab's history."""
        self._call("Back")

    def _leave(self, command: str, **parameters: Any) -> None:
        self.run("window.isLeft = true")
        self._call(command, **parameters)
        self.wait_for("!window.isLeft")

    def run(self, statements: str) -> None:
        """Run statements of JavaScript in the page."""
        self._call("ExecuteScript", script=statements, args=[])

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript, as far as JSON can hold it."""
        return self._call("ExecuteScript", script=f"return {expression}", args=[])

    def wait_for(self, condition: str, deadline_s: float = DEADLINE_S) -> None:
        """Wait until an expression is true, in this page or in the one that follows it."""
        seen: Any = None

        def is_true() -> bool:
            nonlocal seen
            try:
                seen = self.evaluate(condition)
            except BrowserError as error:  # between two pages, for example
                seen = error
                return False
            return bool(seen)

        try:
            wait_until(is_true, deadline_s)
        except AssertionError:
            raise AssertionError(
                f"{condition} is {seen!r}, at {self.path()}, after {self.visits()}"
            ) from None

    def wait_for_page(self, name: str) -> None:
        """Wait until one of the bridge's pages is shown, and is connected."""
        self.wait_for(f"window.gpiobridge?.page === {json.dumps(name)} && {ONLINE}")

    def wait_for_level(self, pin: str, level: str) -> None:
        """Wait until the page shows a level of a pin."""
        shown = json.dumps(f'[data-pin="{pin}"][data-level="{level}"]')
        self.wait_for(f"document.querySelector({shown}) !== null")

    def path(self) -> str:
        """The path of the page's address."""
        return urlsplit(self.url()).path

    def url(self) -> str:
        """The page's address."""
        return str(self._call("GetCurrentURL"))

    def visits(self) -> Any:
        """The paths of all pages of an exhibit that this tab has shown, the oldest first."""
        return self._noted("visits")

    def errors(self) -> Any:
        """What these pages' scripts have failed with."""
        return self._noted("errors")

    def _noted(self, what: str) -> Any:
        try:
            return json.loads(self.evaluate(f"sessionStorage.{what}") or "[]")
        except BrowserError as error:  # where the storage is blocked, for example
            return [] if what == "errors" else f"unknown ({error})"

    def press_key(self, key: str) -> None:
        """Press a key, as a person does."""
        steps = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self._call("PerformActions", actions=[{"type": "key", "id": "keys", "actions": steps}])

    def click(self, selector: str) -> None:
        """Click on the middle of an element, as a person does."""
        x, y = self.evaluate(
            f"(({{left, top, width, height}}) => [left + width / 2, top + height / 2])"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )
        steps: list[dict[str, Any]] = [
            {"type": "pointerMove", "x": round(x), "y": round(y), "origin": "viewport"},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._call("PerformActions", actions=[{"type": "pointer", "id": "p", "actions": steps}])

    def cookies(self) -> list[dict[str, Any]]:
        """The cookies that the page's site has set."""
        return list(self._call("GetCookies"))

    def new_tab(self) -> "Tab":
        """Open another tab beside this one."""
        return Tab(self._session, self._call("NewWindow", type="tab")["handle"])
