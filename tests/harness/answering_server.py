"""An HTTP server that gives one answer to all, and keeps what it was asked."""

import http.server
import threading
from typing import Any

from harness.deadline import DEADLINE_S


class Answers(http.server.ThreadingHTTPServer):
    """Answers each request with one status, headers and body, and keeps what was asked."""

    def __init__(self, status: int, body: str, **more: str) -> None:
        asked: list[tuple[str, dict[str, str], str]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                asked.append((self.path, dict(self.headers), self.rfile.read(length).decode()))
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST  # noqa: N815 - the library's name

            def log_message(self, *_args: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = asked
        self._thread = threading.Thread(target=self.serve_forever, name="test-answers")
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self.shutdown()
        self._thread.join(DEADLINE_S)
        self.server_close()


def make_redirect(to: str) -> Answers:
    """A server that sends everyone elsewhere."""
    return Answers(302, "", Location=to)
