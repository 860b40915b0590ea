"""Where the pages report their own times, and one of them."""

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_MOST_BYTES = 10_000


@dataclass(frozen=True, slots=True)
class Report:
    """What a page says of itself; times in seconds since 1970, by the browser's clock.

    Args:
        page: its name.
        left_s: when the page before it learnt that it is to go; None for the first page.
        seen_s: when the first script ran on the page that is shown.
        paint_s: its first contentful paint; None where the browser doesn't tell.
        prerendered: whether it was loaded before it was shown.
        delivery: what the browser says of where the page came from, such as a prefetch.
    """

    page: str
    left_s: float | None
    seen_s: float
    paint_s: float | None
    prerendered: bool
    delivery: str


class Reports:
    """The reports that have come; `collect` makes one."""

    def __init__(self, url: str, reports: "queue.Queue[Report]") -> None:
        self.url = url
        self._reports = reports

    def next_of(self, page: str, limit_s: float) -> Report:
        """Wait for a page's report.

        Raises:
            AssertionError: none came in time, or another page's did.
        """
        try:
            report = self._reports.get(timeout=limit_s)
        except queue.Empty:
            raise AssertionError(f"{page} was not shown within {limit_s} s") from None
        assert report.page == page, f"{report.page} was shown instead of {page}"
        return report


def read_report(text: bytes) -> Report:
    """Read a page's report."""
    values = json.loads(text)
    left_ms, paint_ms = values["left"], values["paint"]
    return Report(
        page=values["page"],
        left_s=left_ms / 1000 if left_ms else None,
        seen_s=values["seen"] / 1000,
        paint_s=paint_ms / 1000 if paint_ms else None,
        prerendered=values["activation"] > 0,
        delivery=values["delivery"],
    )


@contextmanager
def collect() -> Iterator[Reports]:
    """Listen for reports, on a free port of loopback, until the context ends."""
    reports: queue.Queue[Report] = queue.Queue()

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = min(int(self.headers["Content-Length"]), _MOST_BYTES)
            reports.put(read_report(self.rfile.read(length)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever, name="bench-reports", daemon=True)
    thread.start()
    try:
        yield Reports(f"http://127.0.0.1:{server.server_port}/", reports)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
