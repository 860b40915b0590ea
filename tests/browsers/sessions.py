"""Two protocols by one interface: WebDriver over HTTP, and Firefox's Marionette over TCP.

Both know the commands of the W3C's WebDriver recommendation (https://www.w3.org/TR/webdriver2/).
Marionette calls them by the recommendation's names, and so do we.
"""

import json
import socket
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from typing import Any

START_S = 20.0
# For any one command. WebKit may never answer a script that runs while the page is replaced, so
# an answer isn't waited for as long as a page is.
CALL_S = 4.0

# Method and path of the commands that we use ("Endpoints" in the recommendation).
_ENDPOINTS = {
    "Back": ("POST", "/back"),
    "CloseWindow": ("DELETE", "/window"),
    "ExecuteScript": ("POST", "/execute/sync"),
    "GetCookies": ("GET", "/cookie"),
    "GetCurrentURL": ("GET", "/url"),
    "GetWindowHandle": ("GET", "/window"),
    "GetWindowHandles": ("GET", "/window/handles"),
    "Navigate": ("POST", "/url"),
    "NewWindow": ("POST", "/window/new"),
    "PerformActions": ("POST", "/actions"),
    "Refresh": ("POST", "/refresh"),
    "SwitchToWindow": ("POST", "/window"),
}


class BrowserError(Exception):
    """A command that a browser could not carry out."""


class Session(ABC):
    """A browser that takes commands."""

    def __init__(self) -> None:
        self._current = ""

    def switch_to(self, handle: str) -> None:
        """Let the commands that follow go to a tab.

        Args:
            handle: the tab's, as `NewWindow` or `GetWindowHandle` has named it.
        """
        if handle != self._current:
            self.call("SwitchToWindow", handle=handle)
            self._current = handle

    @abstractmethod
    def call(self, command: str, **parameters: Any) -> Any:
        """Carry out a command, and return its value.

        Args:
            command: its name in the recommendation, without spaces.
            parameters: those of the recommendation.

        Raises:
            BrowserError: the browser refuses it, or doesn't answer.
        """

    @abstractmethod
    def end(self) -> None:
        """End the session."""


class WebDriverSession(Session):
    """A session of chromedriver, WebKitWebDriver or WPEWebDriver.

    Args:
        port: where the driver listens, on this machine.
        capabilities: what the browser must have.
    """

    def __init__(self, port: int, capabilities: dict[str, Any]) -> None:
        super().__init__()
        self._url = f"http://127.0.0.1:{port}"
        body = {"capabilities": {"alwaysMatch": capabilities}}
        self._path = ""
        started = self._request("POST", "/session", body, START_S)
        self._path = f"/session/{started['sessionId']}"

    def call(self, command: str, **parameters: Any) -> Any:
        """See `Session`."""
        method, path = _ENDPOINTS[command]
        return self._request(method, path, parameters)

    def end(self) -> None:
        """See `Session`."""
        self._request("DELETE", "")

    def _request(
        self, method: str, path: str, body: dict[str, Any] | None = None, limit_s: float = CALL_S
    ) -> Any:
        data = json.dumps(body or {}).encode() if method == "POST" else None
        headers = {"Content-Type": "application/json"}
        url = self._url + self._path + path
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=limit_s) as response:
                return json.loads(response.read())["value"]
        except urllib.error.HTTPError as error:
            with error:
                value = json.loads(error.read())["value"]
            raise BrowserError(f"{value['error']}: {value['message']}") from None
        except OSError as error:
            raise BrowserError(f"{method} {path}: {error}") from None


class MarionetteSession(Session):
    """Firefox's own protocol, which needs no driver beside it.

    A message is its length in bytes, a colon, and a list in JSON: to Firefox `[0, number, command,
    parameters]`, back `[1, number, error, value]` (Firefox's source, remote/marionette/packets
    and message).

    Args:
        port: where Firefox listens, on this machine.
        capabilities: what the browser must have.
    """

    def __init__(self, port: int, capabilities: dict[str, Any]) -> None:
        super().__init__()
        self._socket = socket.create_connection(("127.0.0.1", port), START_S)
        self._file = self._socket.makefile("rb")
        self._number = 0
        try:
            self._receive()  # the greeting
            self.call("NewSession", **capabilities)
        except BaseException:
            self.end()
            raise

    def call(self, command: str, **parameters: Any) -> Any:
        """See `Session`."""
        return self._send(f"WebDriver:{command}", parameters)

    def clear_cookies(self) -> None:
        """Forget the cookies of all sites, those that scripts can't see included."""
        self._send("Marionette:SetContext", {"value": "chrome"})
        try:
            self.call("ExecuteScript", script="Services.cookies.removeAll();", args=[])
        finally:
            self._send("Marionette:SetContext", {"value": "content"})

    def end(self) -> None:
        """See `Session`."""
        self._file.close()
        self._socket.close()

    def _send(self, command: str, parameters: dict[str, Any]) -> Any:
        self._number += 1
        data = json.dumps([0, self._number, command, parameters]).encode()
        try:
            self._socket.sendall(b"%d:%s" % (len(data), data))
            _, number, error, value = self._receive()
        except OSError as failed:
            raise BrowserError(f"{command}: {failed}") from None
        assert number == self._number
        if error:
            raise BrowserError(f"{error['error']}: {error['message']}")
        # A value that is no object of its own comes wrapped into one.
        return value["value"] if isinstance(value, dict) and value.keys() == {"value"} else value

    def _receive(self) -> Any:
        length = bytearray()
        while (byte := self._file.read(1)) != b":":
            if not byte:
                raise BrowserError("Firefox has ended the connection")
            length += byte
        return json.loads(self._file.read(int(length)))
