"""What else holds while something else goes on: pages, noise, functions, stops; long form only.

Each is measured with and without what could disturb it, within one run.
"""

import contextlib
import socket
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until
from harness.exhibit import write_exhibit
from harness.sockets import close_of, frame

from bench import handlers as bench_handlers
from bench import noise as bench_noise
from bench.run import Run
from bench.table import Row

REQUESTS = 1000
DISPLAYS = 200
STOPS = 5
LIVE = 300
DEAD = 50


SECTION = "Beside other work"


def rows(run: Run) -> Iterator[Row]:
    """Measure all of it; what fails is said, and the rest goes on."""
    if not run.size.long:
        return
    folder = run.folder / "other"
    folder.mkdir()
    for name, measure in {
        f"{REQUESTS} page requests, with sockets and with paused readers": pages,
        "a press beside a pin that oscillates": noise,
        f"{bench_handlers.PRESSES} edges in each of four applications": handlers,
        f"{STOPS} stops with {LIVE} live and {DEAD} dead displays": stops,
    }.items():
        run.progress(name)
        try:
            yield from measure(folder)
        except (OSError, AssertionError) as error:
            run.fail(f"{name}: {type(error).__name__}: {error}")


def pair(what: str, without: str, base_ms: list[float], ms: list[float], beside: str) -> list[Row]:
    """The rows of one comparison."""
    return [
        Row(SECTION, what, without, "ms", tuple(base_ms), base=without),
        Row(SECTION, what, beside, "ms", tuple(ms), base=without),
    ]


def served_pages(folder: Path) -> Iterator[BridgeProcess]:
    """A bridge with a large file."""
    config = write_exhibit(folder, server='threads = 8\nbeat = "2s"')
    (folder / "static" / "film.mp4").write_bytes(bytes(16 * 1024 * 1024))
    bridge = BridgeProcess(config)
    try:
        yield bridge
    finally:
        bridge.stop()


def pages(folder: Path) -> Iterator[Row]:
    """Page requests: with nothing else, with open sockets, with paused readers of a film."""
    alone: list[list[float]] = []
    beside: list[list[float]] = []
    paused: list[list[float]] = []
    with contextlib.closing(served_pages(folder)) as served:
        bridge = next(served)
        # In turn, so that the machine's own ups and downs meet all.
        for _ in range(5):
            alone.append(request_times(bridge, REQUESTS // 5))
            with displays(bridge, DISPLAYS):
                beside.append(request_times(bridge, REQUESTS // 5))
            with contextlib.ExitStack() as stack:
                for _ in range(8):
                    stack.enter_context(paused_reader(bridge))
                paused.append(request_times(bridge, REQUESTS // 5))
    for percent, name in ((50, "median"), (99, "p99")):
        for what, times in (
            (f"{DISPLAYS} open sockets", beside),
            ("8 paused readers of a large file", paused),
        ):
            yield from pair(
                f"a page, {name}, beside {what}",
                "nothing else",
                [ms(some, percent) for some in alone],
                [ms(some, percent) for some in times],
                what,
            )


def noise(folder: Path) -> Iterator[Row]:
    """A press beside a pin that oscillates, against one beside a quiet pin."""
    times: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(3):
        for noisy, some in times.items():
            some.append(bench_noise.press_seconds(noisy=noisy) * 1000)
    yield from pair(
        f"a press beside a pin that oscillates, {bench_noise.DISPLAYS} displays",
        "a quiet pin",
        times[False],
        times[True],
        f"{bench_noise.EDGES_A_SECOND:,} edges a second",
    )


def handlers(folder: Path) -> Iterator[Row]:
    """An edge to its frame beside functions of the application, against none."""
    (_, base_s), *others = bench_handlers.edge_seconds(folder).items()
    what = "an edge to its frame, less the debounce, beside a function of the application"
    base = "no function"
    yield Row(SECTION, what, base, "ms", tuple(s * 1000 for s in base_s), base=base)
    for does, took_s in others:
        yield Row(SECTION, what, f"it {does}", "ms", tuple(s * 1000 for s in took_s), base=base)


def stops(folder: Path) -> Iterator[Row]:
    """From SIGTERM to the end of the service: with no display, and with live and dead ones."""
    took_ms: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(STOPS):
        for crowded, times in took_ms.items():
            bridge = BridgeProcess(write_exhibit(folder))
            try:
                with crowd(bridge) if crowded else contextlib.nullcontext():
                    times.append(bridge.stop() * 1000)
            finally:
                bridge.kill()
    yield from pair(
        "a stop",
        "no display",
        took_ms[False],
        took_ms[True],
        f"{LIVE} live and {DEAD} dead displays",
    )


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
