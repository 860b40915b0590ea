"""Speed and memory, as ratios side by side within one run: machines differ, ratios don't.

``make bench``. Loopback only; each measurement is bounded in count and time.
"""

import contextlib
import queue
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import bench_handlers
import bench_noise
from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until
from harness.exhibit import write_exhibit
from harness.sockets import close_of, frame

REQUESTS = 1000
DISPLAYS = 200
PRESSES = 60
STOPS = 5
LIVE = 300
DEAD = 50


def main() -> None:
    """Measure, with progress, and print one table."""
    with tempfile.TemporaryDirectory() as folder:
        config = write_exhibit(Path(folder), server='threads = 8\nbeat = "2s"')
        (Path(folder) / "static" / "film.mp4").write_bytes(bytes(16 * 1024 * 1024))
        bridge = BridgeProcess(config)
        try:
            rows = [*memory(bridge), *pages(bridge), *presses(bridge)]
        finally:
            bridge.stop()
        rows += [*navigation(Path(folder)), *noise(), *handlers(Path(folder)), *stops(Path(folder))]
    width = max(len(row[0]) for row in rows)
    print(f"\n{'what':{width}}  {'base':>10}  {'measured':>10}  ratio")
    for what, base, measured, unit in rows:
        ratio = f"{measured / base:5.2f}"
        print(f"{what:{width}}  {base:7.2f} {unit:2}  {measured:7.2f} {unit:2}  {ratio}")


Row = tuple[str, float, float, str]


def pages(bridge: BridgeProcess) -> Iterator[Row]:
    """Page requests: with nothing else, with open sockets, with paused readers of a film."""
    progress(f"{REQUESTS} page requests alone, then with {DISPLAYS} sockets, in turn")
    alone: list[float] = []
    loaded: list[float] = []
    # In turn, so that the machine's own ups and downs meet both.
    for _ in range(5):
        alone += request_times(bridge, REQUESTS // 5)
        with displays(bridge, DISPLAYS):
            loaded += request_times(bridge, REQUESTS // 5)
    yield "page, median", ms(alone, 50), ms(loaded, 50), "ms"
    yield f"page, p99, {DISPLAYS} sockets", ms(alone, 99), ms(loaded, 99), "ms"
    progress(f"{REQUESTS} page requests with 8 paused readers of a 16 MiB file")
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(paused_reader(bridge))
        loaded = request_times(bridge, REQUESTS)
    yield "page, p99, 8 paused readers", ms(alone, 99), ms(loaded, 99), "ms"


def presses(bridge: BridgeProcess) -> Iterator[Row]:
    """From the POST of a simulated edge to its frame: one display, and the last of many."""
    progress(f"{PRESSES} edges to 1 display, then to {DISPLAYS}")
    alone = edge_times(bridge, 1)
    loaded = edge_times(bridge, DISPLAYS)
    yield f"edge to the last of {DISPLAYS}, less debounce, median", alone, loaded, "ms"


def noise() -> Iterator[Row]:
    """A press beside a pin that oscillates, against one beside a quiet pin."""
    progress(f"a press beside a pin that oscillates, with {bench_noise.DISPLAYS} displays")
    quiet_s, noisy_s = (bench_noise.press_seconds(noisy=noisy) for noisy in (False, True))
    what = f"press beside {bench_noise.EDGES_A_SECOND} edges a second"
    yield what, quiet_s * 1000, noisy_s * 1000, "ms"


def handlers(folder: Path) -> Iterator[Row]:
    """An edge to its frame beside functions of the application, against none."""
    progress(f"{bench_handlers.PRESSES} edges in each of four applications, in turn")
    base_s, *others = bench_handlers.edge_seconds(folder).items()
    for what, took_s in others:
        yield (
            f"edge to frame, less debounce, a function that {what}",
            *(seconds * 1000 for seconds in (base_s[1], took_s)),
            "ms",
        )


def stops(folder: Path) -> Iterator[Row]:
    """From SIGTERM to the end of the service: with no display, and with live and dead ones."""
    progress(f"{STOPS} stops with {LIVE} live and {DEAD} dead displays")
    took_s: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(STOPS):
        for crowded, times in took_s.items():
            bridge = BridgeProcess(write_exhibit(folder))
            try:
                with crowd(bridge) if crowded else contextlib.nullcontext():
                    times.append(bridge.stop())
            finally:
                bridge.kill()
    alone_s, crowded_s = (max(times) for times in took_s.values())
    yield f"stop with {LIVE} live and {DEAD} dead displays", alone_s * 1000, crowded_s * 1000, "ms"


@contextlib.contextmanager
def crowd(bridge: BridgeProcess) -> Iterator[None]:
    """Displays that answer the close, each of which must be told 1001, and peers that never do."""
    with displays(bridge, LIVE) as sockets, contextlib.ExitStack() as stack:
        for _ in range(DEAD):
            stack.enter_context(dead_display(bridge))
        wait_until(lambda: len(bridge.health()["displays"]) == LIVE + DEAD)
        yield
        codes = {close_of(ws)[0] for ws in sockets}
        assert codes == {1001}, codes


@contextlib.contextmanager
def dead_display(bridge: BridgeProcess) -> Iterator[None]:
    """A socket whose peer neither reads nor closes."""
    with socket.create_connection(("127.0.0.1", bridge.port), 10) as sock:
        sock.sendall(
            f"GET /ws/still HTTP/1.1\r\nHost: 127.0.0.1:{bridge.port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        assert sock.recv(100).startswith(b"HTTP/1.1 101")
        yield


def memory(bridge: BridgeProcess) -> Iterator[Row]:
    """Resident memory of the worker, before and with displays."""
    request_times(bridge, 100)  # every HTTP thread has been needed once
    before_kib = resident_kib(bridge)
    with displays(bridge, DISPLAYS):
        kib = resident_kib(bridge)
    yield f"memory of the worker, none and {DISPLAYS} displays", before_kib / 1024, kib / 1024, "MB"


REPORTING_PAGE = """\
<!doctype html>
<html lang="en">
<head><title>{page}</title>
<script>
  const report = () => requestAnimationFrame(() => {{
    fetch("http://127.0.0.1:{port}/{page}", {{ mode: "no-cors" }});
  }});
  const ready = () => document.readyState === "loading"
    ? document.addEventListener("DOMContentLoaded", report) : report();
  document.prerendering ? document.addEventListener("prerenderingchange", ready) : ready();
</script></head>
<body><h1>{page}</h1></body>
</html>
"""


def navigation(folder: Path) -> Iterator[Row]:
    """From the press to the next page's first frame, in a Chromium that nobody drives."""
    reports: queue.Queue[str] = queue.Queue()

    class Report(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reports.put(self.path.strip("/"))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Report)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    medians = {}
    for how in ("prerender = false", "prerender = true"):
        progress(f"{PRESSES // 2} presses in a Chromium with {how}")
        config = write_exhibit(folder, server='csp = "off"')
        for page in ("welcome", "open"):
            text = REPORTING_PAGE.format(page=page, port=listener.server_port)
            (folder / "templates" / f"{page}.html").write_text(text)
        text = re.sub(r"(\[pages.*\])", rf"\1\n{how}", config.read_text())
        config.write_text(text)
        bridge = BridgeProcess(config)
        try:
            medians[how] = ms(navigation_times(bridge, reports), 50)
        finally:
            bridge.stop()
    listener.shutdown()
    listener.server_close()
    yield (
        "press to the next page's first frame, prefetched and prerendered",
        *medians.values(),
        "ms",
    )


def navigation_times(bridge: BridgeProcess, reports: "queue.Queue[str]") -> list[float]:
    """Seconds from each of some presses to the report of the next page."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        subprocess.Popen(
            [
                shutil.which("chromium") or "chromium",
                *["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"],
                *["--disable-background-networking", "--disable-component-update"],
                f"--user-data-dir={profile}",
                f"{bridge.url}/welcome",
            ],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        ) as browser,
    ):
        times = []
        try:
            assert reports.get(timeout=30) == "welcome"
            for i in range(PRESSES // 2):
                time.sleep(0.5)  # a visitor looks at the page; the browser loads the next one
                started_s = time.perf_counter()
                bridge.set_level("button", "low")
                assert reports.get(timeout=10) == ("welcome" if i % 2 else "open")
                times.append(time.perf_counter() - started_s)
                bridge.set_level("button", "high")
        finally:
            browser.terminate()
    return times


def request_times(bridge: BridgeProcess, count: int) -> list[float]:
    """Seconds that each of ``count`` requests of a page took, each on a connection of its own."""
    request = f"GET /welcome HTTP/1.1\r\nHost: 127.0.0.1:{bridge.port}\r\nConnection: close\r\n\r\n"
    times = []
    for _ in range(count):
        started_s = time.perf_counter()
        with socket.create_connection(("127.0.0.1", bridge.port), 10) as sock:
            sock.sendall(request.encode())
            answer = b""
            while b"</html>" not in answer:
                piece = sock.recv(65536)
                assert piece, answer
                answer += piece
        times.append(time.perf_counter() - started_s)
    return times


def edge_times(bridge: BridgeProcess, count: int) -> float:
    """Median milliseconds from an edge to the last display's frame, less the debounce."""
    times = []
    with displays(bridge, count) as sockets:
        for i in range(PRESSES):
            started_s = time.perf_counter()
            bridge.set_level("button", "high" if i % 2 else "low")
            for ws in sockets:
                frame(ws, "edge")
            times.append(time.perf_counter() - started_s - 0.020)
    return ms(times, 50)


@contextlib.contextmanager
def displays(bridge: BridgeProcess, count: int) -> Iterator[list]:
    """Open sockets that have their state."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(bridge.socket("still")) for _ in range(count)]
        for ws in sockets:
            frame(ws, "state")
        yield sockets


@contextlib.contextmanager
def paused_reader(bridge: BridgeProcess) -> Iterator[None]:
    """A reader that has asked for a large file and doesn't read it."""
    with socket.create_connection(("127.0.0.1", bridge.port), 10) as sock:
        sock.sendall(
            f"GET /static/film.mp4 HTTP/1.1\r\nHost: 127.0.0.1:{bridge.port}\r\n\r\n".encode()
        )
        sock.recv(100)
        yield


def ms(times: list[float], percent: int) -> float:
    """A percentile of seconds, in milliseconds."""
    return statistics.quantiles(times, n=100)[percent - 1] * 1000


def resident_kib(bridge: BridgeProcess) -> int:
    """Resident memory of the process that holds the sockets."""
    status = Path(f"/proc/{bridge.workers()[0]}/status").read_text()
    return int(next(x for x in status.splitlines() if x.startswith("VmRSS")).split()[1])


def progress(what: str) -> None:
    """Say what is being measured."""
    print(f"measuring {what} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
