"""A site of somebody else: one page, which allows frames or forbids them, and may be away."""

import http.server
import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from harness.deadline import DEADLINE_S

FORBIDS = MappingProxyType({"X-Frame-Options": "DENY"})
FORBIDS_BY_POLICY = MappingProxyType({"Content-Security-Policy": "frame-ancestors 'none'"})
NOTHING: Mapping[str, str] = MappingProxyType({})

BOARD = """\
<!doctype html>
<title>board</title>
<style>html, body {{ height: 100%; margin: 0; background: {colour}; }}</style>
<h1>board</h1>
<a href="/other" id="other">other</a>
<a href="/taken" id="top" target="_top">top</a>
<input id="field">
<script>document.cookie = "seen=1"; document.documentElement.dataset.origin = origin;</script>
"""


class OtherSite:
    """A site at a port of this machine, which is up when it is made.

    Args:
        headers: what its page is sent with.
        status: with which status.
        colour: the page's ground.
        leads_to: where every address of it leads; "" for nowhere.

    Attributes:
        asked: the headers of each request for its page, with its path; not those that only ask
            whether it is there.
    """

    def __init__(
        self,
        headers: Mapping[str, str] = NOTHING,
        status: int = 200,
        colour: str = "rgb(32, 64, 208)",
        leads_to: str = "",
    ) -> None:
        self.headers, self.status, self.leads_to = headers, status, leads_to
        self.body = BOARD.format(colour=colour)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.port = 0
        self._server: http.server.ThreadingHTTPServer | None = None
        self.start()

    @property
    def origin(self) -> str:
        """Its address without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The address of its page."""
        return f"{self.origin}/board"

    def start(self) -> None:
        """Answer, from now on, always at the same port."""
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/favicon.ico":
                    self.send_error(404)
                    return
                if self.command == "GET":
                    site.asked.append((self.path, dict(self.headers)))
                body = site.body.encode()
                self.send_response(302 if site.leads_to else site.status)
                for name, value in site.headers.items():
                    self.send_header(name, value)
                if site.leads_to:
                    self.send_header("Location", site.leads_to)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET  # noqa: N815 - the library's name

            def log_message(self, *_args: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="test-other-site"
        )
        self._thread.start()

    def stop(self) -> None:
        """Be away."""
        if self._server is not None:
            self._server.shutdown()
            self._thread.join(DEADLINE_S)
            self._server.server_close()
            self._server = None
