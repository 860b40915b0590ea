"""Where the pages report their own times, and one of them; late pictures come from here, too."""

import contextlib
import json
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LATE_S = 0.3  # how long a late picture is delayed
_MOST_BYTES = 10_000
_FRAMES = "/frames"


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
        begun_s: when the browser began to load the page.
    """

    page: str
    left_s: float | None
    seen_s: float
    paint_s: float | None
    prerendered: bool
    delivery: str
    begun_s: float

    @property
    def was_behind(self) -> bool:
        """Whether the page was loaded before the page before it was left."""
        return self.left_s is not None and self.begun_s < self.left_s


class Reports:
    """The reports that have come; `collect` makes one.

    Attributes:
        url: where they go.
        frames: how many frames the shown page's window had, as `COUNT_FRAMES` told.
    """

    def __init__(self, url: str, reports: "queue.Queue[Report]", frames: list[int]) -> None:
        self.url = url
        self.frames = frames
        self._reports = reports

    def forget(self) -> None:
        """Forget the reports that have come."""
        while not self._reports.empty():
            self._reports.get_nowait()

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
        begun_s=values["begun"] / 1000,
    )


COUNT_FRAMES = """\
<script>
  document.addEventListener("gpiobridge:shown", () => {
    setInterval(() => navigator.sendBeacon("%sframes", parent.length), 500);
  });
</script>
"""
"""For the head of a page on a stage, with the URL of the reports: it counts the stage's frames."""


@contextmanager
def collect(pictures: Path | None = None) -> Iterator[Reports]:
    """Listen for reports, on a free port of loopback, until the context ends.

    Args:
        pictures: the folder of the late pictures; None: there are none.
    """
    reports: queue.Queue[Report] = queue.Queue()
    frames: list[int] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = min(int(self.headers["Content-Length"]), _MOST_BYTES)
            text = self.rfile.read(length)
            if self.path == _FRAMES:
                frames.append(int(text))
            else:
                reports.put(read_report(text))
            self.send_response(204)
            self.end_headers()

        def do_GET(self) -> None:
            file = pictures / Path(self.path).name if pictures else None
            if file is None or not file.is_file():
                self.send_error(404)
                return
            time.sleep(LATE_S)
            picture = file.read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(picture)))
            self.send_header("Cache-Control", "no-store")  # late each time
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # the page was left meanwhile
                self.wfile.write(picture)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever, name="bench-reports", daemon=True)
    thread.start()
    try:
        yield Reports(f"http://127.0.0.1:{server.server_port}/", reports, frames)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
