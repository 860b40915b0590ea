"""A long, mixed load on a running server: memory, descriptors, threads and latency stay flat.

``python tests/soak.py``, on loopback, always bounded:

* ``[--minutes 2] [--displays 200] [--out soak.png]``: displays that live, move, leave and come
  back, presses, pages, static files, readers that have stopped. Each second is a point of the
  plot and of a table of three thirds.
* ``--connects 100000``: so many sockets opened and ended, in all the ways a socket can end.
* ``--stalled``: the latency of an edge to 900 displays, with and without 100 stalled ones.

The exit code is 1 if something grows. `Crowd` holds all clients in one selector and no thread, so
that the client is not what is measured.
"""

import argparse
import contextlib
import itertools
import json
import math
import re
import selectors
import socket
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz import (
    BEAT,
    CLOSE,
    ENDS_WITH_RST,
    PING,
    TEXT,
    ServerFrames,
    check_alive,
    client_frame,
    connect,
    handshake,
    raised,
    usage,
    warm_up,
)
from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until
from harness.exhibit import CONFIG, write_exhibit

EVERY_EDGE = CONFIG.replace('pull = "down"', 'pull = "down", debounce = "0ms"')
"""An exhibit whose door reports every edge at once."""

ANSWER_TO_A_BEAT = client_frame(TEXT, BEAT)
_EDGE = re.compile(rb'\{"type":"edge","seq":(\d+).*"at":([\d.]+)')
_STATE = re.compile(rb'\{"type":"state",.*"seq":(\d+)')


@dataclass(eq=False)
class Member:
    """One display of a crowd.

    Attributes:
        seq: the newest event that it knows; None before its state.
        next_page: where a close with 4000 sends it.
        open: False once the server has ended the connection.
        gaps: how many edges came out of order.
    """

    sock: socket.socket
    page: str
    reads: bool = True
    seq: int | None = None
    next_page: str | None = None
    open: bool = True
    gaps: int = 0
    stream: ServerFrames = field(default_factory=ServerFrames)


@dataclass(eq=False)
class Request:
    """One plain HTTP request of a crowd; ``status`` is there when it is answered in full."""

    sock: socket.socket
    sent_s: float
    answer: bytearray = field(default_factory=bytearray)
    status: int | None = None
    took_s: float = 0.0


class Crowd:
    """Many displays and requests, all on the thread that calls `turn`.

    Args:
        port: the server's, on 127.0.0.1.

    Attributes:
        members: the displays that are connected.
        seen_s: event number to the moments, in monotonic seconds, at which displays had its edge.
        edge_s: event number to the moment of the edge itself, as its frame says.
    """

    def __init__(self, port: int) -> None:
        self.members: set[Member] = set()
        self.seen_s: dict[int, list[float]] = defaultdict(list)
        self.edge_s: dict[int, float] = {}
        self._port = port
        self._selector = selectors.DefaultSelector()
        self._requests: set[Request] = set()

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_: object) -> None:
        for member in list(self.members):
            self.leave(member)
        for request in self._requests:
            request.sock.close()
        self._selector.close()

    def join(self, count: int, page: str = "still", *, reads: bool = True) -> list[Member]:
        """Open ``count`` sockets of ``page``; those that don't read have small buffers."""
        joined = []
        for _ in range(count):
            if reads:
                sock = connect(self._port)
            else:
                sock = socket.socket()
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                sock.connect(("127.0.0.1", self._port))
            sock.sendall(handshake(self._port, page))
            sock.setblocking(False)
            member = Member(sock, page, reads)
            if reads:
                self._selector.register(sock, selectors.EVENT_READ, member)
            self.members.add(member)
            joined.append(member)
        return joined

    def leave(self, member: Member, how: str = "fin") -> None:
        """End a display's connection: "fin", "reset", or "close" with a close frame first."""
        self.members.discard(member)
        if member.reads:
            self._selector.unregister(member.sock)
        with contextlib.suppress(OSError):
            if how == "close":
                member.sock.send(client_frame(CLOSE, (1001).to_bytes(2, "big")))
            elif how == "reset":
                member.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ENDS_WITH_RST)
        member.sock.close()

    def request(self, path: str, body: bytes | None = None) -> Request:
        """Send a GET, or a POST of ``body``, on a connection of its own."""
        sock = connect(self._port)
        method, length = (
            ("GET", "") if body is None else ("POST", f"Content-Length: {len(body)}\r\n")
        )
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n{length}"
            "Connection: close\r\n\r\n"
        )
        request = Request(sock, time.monotonic())
        sock.sendall(head.encode() + (body or b""))
        sock.setblocking(False)
        self._selector.register(sock, selectors.EVENT_READ, request)
        self._requests.add(request)
        return request

    def drive(self, pin: str, level: str) -> Request:
        """Set a simulated pin's level."""
        return self.request(f"/simulator/pins/{pin}", json.dumps({"level": level}).encode())

    def turn(self, timeout_s: float) -> None:
        """Wait for bytes, at most ``timeout_s``, and take those that are there."""
        arrived = []
        for key, _ in self._selector.select(timeout_s):
            try:
                data = key.data.sock.recv(65536)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            arrived.append((key.data, data, time.monotonic()))
        for who, data, at_s in arrived:  # stamped first, so that our parsing doesn't count
            if isinstance(who, Request):
                self._take_answer(who, data, at_s)
            else:
                self._take(who, data, at_s)

    def wait_for_states(self, members: Iterable[Member]) -> None:
        """Take turns until each of ``members`` has its state."""
        waiting = list(members)
        self.wait(lambda: all(member.seq is not None for member in waiting), 30.0)

    def wait(self, condition: Callable[[], bool], limit_s: float = 10.0) -> None:
        """Take turns until a condition is true."""
        until_s = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < until_s, "the condition did not come true"
            self.turn(0.05)

    def rest(self, seconds: float) -> None:
        """Take turns for so long."""
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            self.turn(left_s)

    def _take_answer(self, request: Request, data: bytes, at_s: float) -> None:
        request.answer += data
        if data:
            return
        match = re.match(rb"HTTP/1.1 (\d+)", request.answer)
        request.status = int(match[1]) if match else 0
        request.took_s = at_s - request.sent_s
        self._requests.discard(request)
        self._selector.unregister(request.sock)
        request.sock.close()

    def _take(self, member: Member, data: bytes, at_s: float) -> None:
        for opcode, payload in member.stream.feed(data):
            if opcode != TEXT:
                continue
            if match := _EDGE.match(payload):
                seq = int(match[1])
                member.gaps += seq != (member.seq or 0) + 1
                member.seq = seq
                self.seen_s[seq].append(at_s)
                if seq not in self.edge_s:
                    self.edge_s[seq] = float(match[2]) - time.time() + time.monotonic()
            elif payload == BEAT:
                with contextlib.suppress(OSError):
                    member.sock.send(ANSWER_TO_A_BEAT)
            elif match := _STATE.match(payload):
                member.seq = int(match[1])
        if member.stream.close is not None and member.stream.close[0] == 4000:
            member.next_page = member.stream.close[1].removeprefix("/")
        if not data:
            member.open = False
            self.leave(member)


def main() -> int:
    """Run one of the modes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--displays", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path("soak.png"), help="where the plot goes")
    parser.add_argument("--connects", type=int, help="so many connects and disconnects instead")
    parser.add_argument("--stalled", action="store_true", help="latency beside stalled displays")
    args = parser.parse_args()
    if args.stalled:
        return 0 if stalled() else 1
    with tempfile.TemporaryDirectory() as folder:
        config = write_exhibit(Path(folder), config=EVERY_EDGE)
        (Path(folder) / "static" / "film.mp4").write_bytes(bytes(1024 * 1024))
        bridge = BridgeProcess(config)
        try:
            warm_up(bridge)
            if args.connects:
                well = connects(bridge, args.connects)
            else:
                well = soak(bridge, args.minutes * 60, args.displays, args.out)
            try:
                bridge.stop()
            except AssertionError:  # with the whole log: only what was raised is of interest
                print("\n".join(raised(bridge.log) or ["the server did not end well"]))
                well = False
        finally:
            bridge.kill()
    return 0 if well else 1


# The soak


@dataclass
class Sample:
    """One second of a soak."""

    at_s: float
    resident_mib: float
    descriptors: float
    threads: float
    p50_ms: float
    p99_ms: float
    told_p50_ms: float
    told_p99_ms: float


@dataclass(frozen=True)
class Measure:
    """What is watched, and how much the last third may exceed the middle one.

    Args:
        name: the field of `Sample`.
        title: for people.
        factor: times so much,
        plus: and so much more, in the measure's unit.
    """

    name: str
    title: str
    factor: float
    plus: float


MEASURES = (
    Measure("resident_mib", "memory of the worker, MiB", 1.02, 0.5),
    Measure("descriptors", "descriptors", 1.02, 5),
    Measure("threads", "threads", 1.0, 0),
    # Latency has the machine's own ups and downs in it; p99 has little else, so it is only shown.
    # The request that makes an edge waits for an HTTP thread, like all the others; from the edge's
    # own stamp on it is what a press at a real pin takes.
    Measure("p50_ms", "request to display, p50, ms", 1.5, 3),
    Measure("p99_ms", "request to display, p99, ms", math.inf, 0),
    Measure("told_p50_ms", "edge to display, p50, ms", 1.5, 3),
    Measure("told_p99_ms", "edge to display, p99, ms", math.inf, 0),
)


def soak(bridge: BridgeProcess, duration_s: float, displays: int, out: Path) -> bool:
    """Load a server steadily, sample it each second, plot, and judge.

    Args:
        bridge: the server.
        duration_s: how long, in seconds.
        displays: how many there are at any time.
        out: where the plot goes, a PNG.

    Returns:
        Whether all is flat.
    """
    plt = _matplotlib()
    with Crowd(bridge.port) as crowd:
        load = Load(crowd, displays)
        samples = []
        started_s = time.monotonic()
        while (at_s := time.monotonic() - started_s) < duration_s:
            latencies, told = load.second()
            used = usage(bridge)
            samples.append(
                Sample(
                    at_s,
                    used["resident KiB"] / 1024,
                    used["descriptors"],
                    used["threads"],
                    *(_ms(times, percent) for times in (latencies, told) for percent in (50, 99)),
                )
            )
            if len(samples) % 30 == 0:
                print(f"{at_s:.0f} s of {duration_s:.0f} s ...", file=sys.stderr, flush=True)
    wait_until(lambda: bridge.health()["displays"] == [])
    check_alive(bridge)
    print(f"{duration_s:.0f} s with {displays} displays: {load.told()}")
    flat = _judge(samples)
    _plot(plt, samples, out)
    print(f"plot: {out}")
    return flat and not load.bad


class Load:
    """What goes on in each second of a soak."""

    STALLED = 5

    def __init__(self, crowd: Crowd, displays: int) -> None:
        self.bad: list[str] = []
        self._crowd = crowd
        self._done: Counter[str] = Counter()
        self._levels = itertools.cycle(("high", "low"))
        self._ends = itertools.cycle(("fin", "reset", "close"))
        self._stalled: list[Member] = []
        self._readers = [
            member for page in ("still", "welcome") for member in crowd.join(displays // 2, page)
        ]
        self._latencies: list[float] = []
        self._told: list[float] = []
        self._seq = 2  # what `check_alive` has made
        crowd.wait_for_states(self._readers)
        seqs = {member.seq for member in self._readers}
        assert len(seqs) == 1, seqs
        self._seq = seqs.pop() or 0

    def told(self) -> str:
        """What there was, and what went wrong."""
        parts = [f"{count:,} {what}" for what, count in self._done.items()]
        return ", ".join(parts) + "".join(f"\nBAD: {bad}" for bad in self.bad[:10])

    def second(self) -> tuple[list[float], list[float]]:
        """Make one second of load.

        Returns:
            The latencies of its edges at each display, in seconds: from the request that made the
            edge, and from the edge itself.
        """
        until_s = time.monotonic() + 1
        self._latencies, self._told = [], []
        requests = []
        for tenth in range(10):
            self._edge("door", next(self._levels))
            if tenth in (2, 7):  # a press moves half of the displays on, or settles its release
                self._edge("button", "low" if tenth == 2 else "high")
            requests += [
                self._crowd.request(path) for path in ("/welcome", "/still", "/static/a.txt")
            ]
            if tenth == 5:
                requests += [
                    self._crowd.request("/static/film.mp4"),
                    self._crowd.request("/healthz"),
                ]
            self._churn()
            self._stall()
            self._crowd.rest(max(0.0, until_s - time.monotonic() - (9 - tenth) / 10))
        self._crowd.wait(lambda: all(request.status is not None for request in requests))
        self.bad += [f"{r.status}: {bytes(r.answer[:99])!r}" for r in requests if r.status != 200]
        self._done["requests"] += len(requests)
        self.bad += [f"{m.gaps} gaps on {m.page}" for m in self._readers if m.gaps]
        return self._latencies, self._told

    def _edge(self, pin: str, level: str) -> None:
        """Make an edge and wait until it has reached every display."""
        waiting = [member for member in self._readers if member.seq is not None]
        request = self._crowd.drive(pin, level)
        self._seq += 1
        seq = self._seq
        self._crowd.wait(lambda: all((m.seq or 0) >= seq or not m.open for m in waiting))
        self._crowd.wait(lambda: request.status is not None)
        self._done["edges"] += 1
        times = self._crowd.seen_s.pop(seq, [])
        self._done["frames"] += len(times)
        debounce_s = 0.020 if pin == "button" else 0.0
        self._latencies += [at_s - request.sent_s - debounce_s for at_s in times]
        edge_s = self._crowd.edge_s.pop(seq, 0.0)
        self._told += [at_s - edge_s - debounce_s for at_s in times]

    def _churn(self) -> None:
        """Let those that were moved open their next page; let one leave and another join."""
        for member in [member for member in self._readers if not member.open]:
            self._readers.remove(member)
            if member.next_page is None:
                self.bad.append(f"{member.page} was dropped: {member.stream.close}")
            self._readers += self._crowd.join(1, member.next_page or member.page)
            self._done["navigations"] += 1
        leaving = self._readers.pop(0)
        self._crowd.leave(leaving, next(self._ends))
        self._readers += self._crowd.join(1, leaving.page)
        self._done["left and rejoined"] += 1

    def _stall(self) -> None:
        """Keep some that don't read; their pings ask for answers until they are dropped."""
        pings = client_frame(PING, b"x" * 125) * 30
        for member in self._stalled[:]:
            try:
                member.sock.send(pings)
            except BlockingIOError:
                pass
            except OSError:
                self._stalled.remove(member)
                self._crowd.leave(member)
                self._done["stalled and dropped"] += 1
        self._stalled += self._crowd.join(self.STALLED - len(self._stalled), reads=False)


def _judge(samples: list[Sample]) -> bool:
    """Print the three thirds, and whether each measure is flat."""
    third = len(samples) // 3
    thirds = (samples[:third], samples[third : 2 * third], samples[-third:])
    print(f"{'median of each third':28}  {'first':>8}  {'middle':>8}  {'last':>8}  per minute")
    all_flat = True
    for measure in MEASURES:
        values = [[getattr(s, measure.name) for s in part] for part in thirds]
        first, middle, last = (statistics.median(part) for part in values)
        flat = last <= middle * measure.factor + measure.plus
        all_flat &= flat
        verdict = "not judged" if math.isinf(measure.factor) else "flat" if flat else "GROWS"
        times = [s.at_s / 60 for part in thirds[1:] for s in part]
        slope = statistics.linear_regression(times, values[1] + values[2]).slope
        print(
            f"{measure.title:28}  {first:8.1f}  {middle:8.1f}  {last:8.1f}  "
            f"{slope:+10.2f}  {verdict}"
        )
    return all_flat


def _matplotlib() -> Any:
    """Matplotlib's pyplot, for files; only the plot needs it."""
    try:
        import matplotlib
    except ImportError:
        sys.exit("the plot needs matplotlib: pip install matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot

    return matplotlib.pyplot


def _plot(plt: Any, samples: list[Sample], out: Path) -> None:
    figure, axes = plt.subplots(4, 1, sharex=True, figsize=(8, 9), layout="constrained")
    minutes = [s.at_s / 60 for s in samples]
    for axis, names in zip(
        axes,
        (
            ("resident_mib",),
            ("descriptors",),
            ("threads",),
            ("p50_ms", "p99_ms", "told_p50_ms", "told_p99_ms"),
        ),
        strict=True,
    ):
        for measure in MEASURES:
            if measure.name in names:
                values = [getattr(s, measure.name) for s in samples]
                axis.plot(minutes, values, label=measure.title, linewidth=1)
        axis.set_ylim(0, max(line.get_ydata().max() for line in axis.lines) * 1.15)
        axis.grid(alpha=0.3)
        axis.legend(loc="lower left")
    axes[-1].set_yscale("log")  # p50 and the peaks of p99 in one picture
    axes[-1].set_ylim(bottom=0.5, top=None)
    axes[-1].set_xlabel("minutes")
    figure.suptitle("gpiobridge under a steady load")
    figure.savefig(out, dpi=100)
    plt.close(figure)


# Connects and disconnects


WARM_UP = 5000
"""So many connects fill caches and the allocator's pools, before anything is compared."""


def connects(bridge: BridgeProcess, count: int) -> bool:
    """Open and end ``count`` sockets, in each way; whether all is then as before."""
    rows = [("at first", usage(bridge))]
    with Crowd(bridge.port) as crowd:
        _come_and_go(bridge, crowd, WARM_UP)
        rows.append(("before", usage(bridge)))
        started_s = time.monotonic()
        for tenth in range(10):
            goal = count * (tenth + 1) // 10
            _come_and_go(bridge, crowd, goal - count * tenth // 10)
            rows.append((f"{goal:,}", usage(bridge)))
            print(f"{goal:,} connects ...", file=sys.stderr, flush=True)
        took_s = time.monotonic() - started_s
    check_alive(bridge)
    with contextlib.suppress(AssertionError):  # shown in the table
        wait_until(lambda: usage(bridge)["descriptors"] <= rows[0][1]["descriptors"])
    rows.append(("after", usage(bridge)))
    print(f"{count:,} connects and disconnects in {took_s:.0f} s, after {WARM_UP:,} to warm up")
    print("connects  memory, MiB  descriptors  threads")
    for done, used in rows:
        resident = used["resident KiB"] / 1024
        print(f"{done:>8}  {resident:11.1f}  {used['descriptors']:11}  {used['threads']:7}")
    first, before, after = rows[0][1], rows[1][1], rows[-1][1]
    # One object lost at each of 100,000 would be 48 bytes at the least: 4.6 MiB.
    well = after["resident KiB"] <= before["resident KiB"] + 2048
    well &= all(after[name] <= first[name] for name in ("descriptors", "threads"))
    print("as before" if well else "NOT as before")
    return well


def _come_and_go(bridge: BridgeProcess, crowd: Crowd, count: int) -> None:
    """Open ``count`` sockets, some at once, and end them in each way, answered or not."""
    while count > 0:
        members = crowd.join(min(50, count))
        count -= len(members)
        hasty = members[::3]
        answered = [member for member in members if member not in hasty]
        for i, member in enumerate(hasty):
            crowd.leave(member, ("fin", "reset")[i % 2])
        crowd.wait_for_states(answered)
        for i, member in enumerate(answered):
            crowd.leave(member, ("fin", "reset", "close")[i % 3])
    wait_until(lambda: bridge.health()["displays"] == [])


# Stalled displays

STALLED_FOR_S = 4.0
"""So long, in seconds, a display is stalled here; after 12 s TCP gives it up."""

Row = tuple[str, float, float, str]


def stalled() -> bool:
    """Print the latencies beside stalled displays; whether the medians differ by 1.2 at most."""
    rows = list(stalled_rows())
    for what, base, measured, unit in rows:
        print(f"{what:70}  {base:6.2f} {unit}  {measured:6.2f} {unit}  {measured / base:5.2f}")
    return rows[0][2] / rows[0][1] <= 1.2


def stalled_rows(readers: int = 900, stopped: int = 100, edges: int = 250) -> Iterator[Row]:
    """The latency of an edge to the last of many displays, without and with stalled ones.

    Two servers, one edge to each in turn, so that the machine's own moods meet both.

    Args:
        readers: displays that read, at each server.
        stopped: displays at the second server that have stopped, the buffers before them full.
        edges: how many are measured at each.
    """
    with contextlib.ExitStack() as stack:
        crowds, bridges = [], []
        for _ in range(2):
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            bridge = BridgeProcess(write_exhibit(Path(folder), config=EVERY_EDGE))
            bridges.append(bridge)
            stack.callback(bridge.kill)
            warm_up(bridge)
            crowd = stack.enter_context(Crowd(bridge.port))
            crowds.append(crowd)
            members = crowd.join(readers)
            crowd.wait_for_states(members)
        before_mib = usage(bridges[1])["resident KiB"] / 1024
        times: tuple[list[float], list[float]] = ([], [])
        levels = itertools.cycle(("high", "low"))
        stuck: list[Member] = []
        since_s = -STALLED_FOR_S
        for number in range(edges):
            if time.monotonic() > since_s + STALLED_FOR_S:
                for member in stuck:
                    crowds[1].leave(member, "reset")
                stuck = _stall(bridges[1], crowds[1], readers, stopped)
                since_s = time.monotonic()
            level = next(levels)
            for i in (0, 1) if number % 2 else (1, 0):
                times[i].append(_edge_to_all(crowds[i], readers, level))
        after_mib = usage(bridges[1])["resident KiB"] / 1024
        for member in stuck:  # more answers that nobody reads than are kept
            with contextlib.suppress(OSError):
                member.sock.sendall(client_frame(PING, b"x" * 125) * 700)
        wait_until(lambda: len(bridges[1].health()["displays"]) == readers)
        dropped_mib = usage(bridges[1])["resident KiB"] / 1024
        _edge_to_all(crowds[1], readers, "high")
        assert not any(member.gaps for crowd in crowds for member in crowd.members)
        for crowd in crowds:
            for member in list(crowd.members):
                crowd.leave(member)
        for bridge in bridges:
            bridge.stop()
    many = f"edge to the last of {readers}, without and with {stopped} stalled"
    yield f"{many}, median", _ms(times[0], 50), _ms(times[1], 50), "ms"
    yield f"{many}, p90", _ms(times[0], 90), _ms(times[1], 90), "ms"
    memory = f"memory of the worker, {readers} displays, and"
    yield f"{memory} {stopped} stalled ones", before_mib, after_mib, "MB"
    yield f"{memory} when the stalled ones were dropped", before_mib, dropped_mib, "MB"


def _stall(bridge: BridgeProcess, crowd: Crowd, readers: int, count: int) -> list[Member]:
    """Add displays that have stopped, with more before them than the kernel takes."""
    wait_until(lambda: len(bridge.health()["displays"]) == readers)
    stuck = crowd.join(count, reads=False)
    wait_until(lambda: len(bridge.health()["displays"]) == readers + count)
    for member in stuck:  # answers that nobody reads, less than an outbox holds
        member.sock.sendall(client_frame(PING, b"x" * 125) * 350)
    crowd.rest(0.5)
    assert len(bridge.health()["displays"]) == readers + count
    return stuck


def _edge_to_all(crowd: Crowd, readers: int, level: str) -> float:
    """Make an edge; seconds until the last of ``readers`` has it."""
    crowd.turn(0)
    seq = max(member.seq or 0 for member in crowd.members) + 1
    request = crowd.drive("door", level)
    crowd.wait(lambda: len(crowd.seen_s[seq]) == readers and request.status is not None)
    return max(crowd.seen_s.pop(seq)) - request.sent_s


def _ms(times: list[float], percent: int) -> float:
    return statistics.quantiles(times, n=100)[percent - 1] * 1000


if __name__ == "__main__":
    sys.exit(main())
