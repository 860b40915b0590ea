"""Generated handshakes and frames against a running server: it answers or closes, and lives on.

``python tests/fuzz.py [--count 100000] [--seed 1]``. Every case is one connection: a mutated
handshake, or a valid one with a stream of frames behind it. Each is made from the seed and its
own number only, so that one that fails can be run again: ``--only 4711``.

What is checked of each case: the server answers or closes within `LIMIT_S`; an answer is HTTP,
and never a 5xx but 501 or 505; after a 101 come whole, unmasked frames, the state first; a close
has a code that RFC 6455 allows. And of all: nothing is raised into the log, no display, descriptor
or thread is left over, and pages, presses and sockets work afterwards.

One selector drives all connections. It also holds what the other hostile tests share: frames made
and read by hand, as no library lets you send what is forbidden.
"""

import argparse
import contextlib
import random
import re
import selectors
import socket
import struct
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until
from harness.exhibit import write_exhibit
from harness.sockets import frame

LIMIT_S = 15.0
"""How long the server may take to answer or close a case, in seconds."""

AT_ONCE = 24
"""Connections at a time: three for each HTTP thread."""

# Half-sent requests are given up after 1 s instead of 10, so that a run doesn't take hours.
SERVER = [
    sys.executable,
    "-c",
    "from gpiobridge import cli; from gpiobridge.serve import listener; "
    "listener.REQUEST_S = 1; cli.main()",
]

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
ENDS_WITH_RST = struct.pack("ii", 1, 0)  # struct linger: closing resets the connection
BEAT = b'{"type":"beat"}'


def handshake(port: int, page: str = "still", more: str = "") -> bytes:
    """Make a valid opening handshake (RFC 6455, 4.1).

    Args:
        port: the server's, for the Host.
        page: the page, and a query if you like.
        more: further header lines, each with its line end.
    """
    return (
        f"GET /ws/{page} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"Sec-WebSocket-Version: 13\r\n{more}\r\n"
    ).encode()


def client_frame(
    opcode: int,
    payload: bytes = b"",
    *,
    first: int | None = None,
    mask: bytes | None = bytes(4),
    claim: int | None = None,
) -> bytes:
    """Make a client's frame, which may be against the rules.

    Args:
        opcode: its kind.
        payload: what it carries, at most 65,535 bytes.
        first: the whole first byte, instead of FIN and the opcode.
        mask: the masking key; None leaves the mask out, which is forbidden.
        claim: the length that the header tells in its longest form, instead of the true one.
    """
    flag = 0 if mask is None else 0x80
    head = bytes([0x80 | opcode if first is None else first])
    if claim is not None:
        head += struct.pack("!BQ", flag | 127, claim)
    elif len(payload) < 126:
        head += bytes([flag | len(payload)])
    else:
        head += struct.pack("!BH", flag | 126, len(payload))
    if mask is None:
        return head + payload
    if any(mask):
        payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return head + mask + payload


class ServerFrames:
    """Reads what a server sends: first its HTTP answer, then its frames.

    Attributes:
        status: of the answer, once it is there.
        close: code and reason of the close frame, once there is one; code 1005 means none given.
    """

    def __init__(self) -> None:
        self.status: int | None = None
        self.close: tuple[int, str] | None = None
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Take bytes; return the whole frames among them, as opcode and payload.

        Raises:
            ValueError: the server breaks the protocol.
        """
        self._buffer += data
        if self.status is None:
            head, end, rest = bytes(self._buffer).partition(b"\r\n\r\n")
            if not end:
                return []
            match = re.match(rb"HTTP/1\.[01] (\d{3})[ \r]", head + b"\r")
            if match is None:
                raise ValueError(f"no HTTP answer: {head[:80]!r}")
            self.status = int(match[1])
            self._buffer = bytearray(rest)
        return list(self._frames()) if self.status == 101 else []

    @property
    def rest(self) -> bytes:
        """The body of another answer than 101, or the beginning of the next frame."""
        return bytes(self._buffer)

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        while len(self._buffer) >= 2:
            first, size = self._buffer[0], self._buffer[1]
            start = 2
            if size == 126:
                if len(self._buffer) < 4:
                    return
                size = int.from_bytes(self._buffer[2:4], "big")
                start = 4
            opcode = first & 15
            if (size > 125 and start == 2) or opcode not in (TEXT, CLOSE, PONG) or first >> 4 != 8:
                raise ValueError(f"not a frame of ours: {bytes(self._buffer[:16])!r}")
            if self.close is not None:
                raise ValueError("a frame behind the close frame")
            if len(self._buffer) < start + size:
                return
            payload = bytes(self._buffer[start : start + size])
            del self._buffer[: start + size]
            if opcode == CLOSE:
                self.close = _close_of(payload)
            yield opcode, payload


def _close_of(payload: bytes) -> tuple[int, str]:
    if not payload:
        return 1005, ""
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or code in (1004, 1005, 1006, 1015) or not 1000 <= code < 5000:
        raise ValueError(f"a close frame with {payload!r}")
    return code, payload[2:].decode()


def main() -> int:
    """Run a server, put the cases through it, say what became of them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=100_000, help="how many cases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of one case to run again")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bridge = BridgeProcess(write_exhibit(Path(folder)), command=SERVER)
        try:
            last = args.count if args.only is None else args.only + 1
            report = fuzz(bridge, args.seed, range(args.only or 0, last))
            try:
                bridge.stop()
            except AssertionError:  # with the whole log: only what was raised is of interest
                report.failures += raised(bridge.log) or ["the server did not end well"]
        finally:
            bridge.kill()
    print("\n".join(report.lines()))
    return 1 if report.failures else 0


def raised(log: list[str]) -> list[str]:
    """The tracebacks in a log, each with the line before it."""
    found = []
    for i, line in enumerate(log):
        if "Traceback" in line:
            end = next((j for j in range(i + 1, len(log)) if log[j][:1] not in " \t"), len(log))
            found.append("".join(log[max(0, i - 1) : end + 1]))
    return found


@dataclass
class Report:
    """What became of the cases."""

    seed: int
    cases: int = 0
    handshakes: int = 0
    frames: int = 0
    took_s: float = 0.0
    longest_s: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    figures: dict[str, tuple[int, int]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The report for a person."""
        lines = [
            f"seed {self.seed}: {self.cases:,} cases in {self.took_s:.0f} s: "
            f"{self.handshakes:,} mutated handshakes, {self.frames:,} frames; "
            f"the longest took {self.longest_s:.2f} s"
        ]
        lines += [f"  {count:8,}  {outcome}" for outcome, count in self.outcomes.most_common()]
        lines += [f"  {name}: {a:,} before, {b:,} after" for name, (a, b) in self.figures.items()]
        lines += [f"FAILED {failure}" for failure in self.failures[:20]]
        lines.append("failed" if self.failures else "passed: no failure, nothing in the log")
        return lines


def fuzz(bridge: BridgeProcess, seed: int, numbers: range) -> Report:
    """Put cases through a running server.

    Args:
        bridge: the server, which nobody else uses meanwhile.
        seed: of all cases.
        numbers: which cases.
    """
    warm_up(bridge)
    before = usage(bridge)
    report = Report(seed)
    started_s = time.monotonic()
    _drive(bridge.port, seed, numbers, report)
    report.took_s = time.monotonic() - started_s
    try:
        wait_until(lambda: bridge.health()["displays"] == [], 5.0)
        with contextlib.suppress(AssertionError):  # shown in the figures
            wait_until(lambda: usage(bridge)["descriptors"] <= before["descriptors"], 5.0)
        after = usage(bridge)
        report.figures = {name: (before[name], after[name]) for name in before}
        for name in ("descriptors", "threads"):
            if after[name] > before[name]:
                report.failures.append(f"{name}: {before[name]} before, {after[name]} after")
        check_alive(bridge)
    except Exception as error:  # whatever it is, the server is not as it was
        report.failures.append(f"afterwards: {error!r}")
    if bridge.process.poll() is not None:
        report.failures.append("the server has died")
    return report


def warm_up(bridge: BridgeProcess) -> None:
    """Let every HTTP thread start and every lazy import happen, so that usage can be compared."""
    request = f"GET /still HTTP/1.1\r\nHost: 127.0.0.1:{bridge.port}\r\n\r\n".encode()
    for _ in range(8):
        with contextlib.ExitStack() as stack:
            socks = [stack.enter_context(connect(bridge.port)) for _ in range(32)]
            for sock in socks:
                sock.sendall(request)
            for sock in socks:
                sock.recv(65536)
    check_alive(bridge)


def usage(bridge: BridgeProcess) -> dict[str, int]:
    """Descriptors, threads and resident KiB of the process that holds the sockets."""
    proc = Path(f"/proc/{bridge.workers()[0]}")
    resident = re.search(r"VmRSS:\s*(\d+)", (proc / "status").read_text())
    assert resident is not None
    return {
        "descriptors": len(list((proc / "fd").iterdir())),
        "threads": len(list((proc / "task").iterdir())),
        "resident KiB": int(resident[1]),
    }


def check_alive(bridge: BridgeProcess) -> None:
    """A page, a press and a socket work."""
    assert bridge.get("/welcome")[0] == 200
    with bridge.socket("still") as ws:
        seq = frame(ws, "state")["seq"]
        for level in ("high", "low"):
            bridge.set_level("door", level)
            edge = frame(ws, "edge")
            seq += 1
            assert (edge["seq"], edge["level"]) == (seq, level)


# Making cases


@dataclass
class Case:
    """One connection: what is sent, in which pieces, and how it ends."""

    number: int
    kind: str
    pieces: list[bytes]
    end: str  # "half": we end our direction; "wait": for the server; "reset"
    frames: int = 0
    wait_for_101: bool = False  # the frames come in packets of their own


def make_case(seed: int, number: int, port: int) -> Case:
    """Make case ``number`` of ``seed``."""
    rng = random.Random(f"{seed}:{number}")
    if rng.random() < 0.4:
        return _handshake_case(rng, number, port)
    return _frames_case(rng, number, port)


ODD = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\r\n",
    b"\n",
    b"%00",
    b"%ff%fe",
    b"..",
    b"/../../etc/passwd",
    b"{{7*7}}",
    b"0",
    b"-1",
    b"99999999999999999999",
    b"websocket, h2c",
    b"\xf0\x9f\x98\x80",
    b"[::1",
    b"]",
    b"http://[",
    b"@",
    b"A" * 300,
    b"A" * 9000,
)
HEADERS = (
    b"Origin",
    b"Host",
    b"Upgrade",
    b"Connection",
    b"Sec-WebSocket-Key",
    b"Sec-WebSocket-Version",
    b"Sec-WebSocket-Protocol",
    b"Sec-WebSocket-Extensions",
    b"Content-Length",
    b"Transfer-Encoding",
    b"Expect",
    b"Cookie",
    b"X-Forwarded-For",
    b"X-Forwarded-Proto",
    b"X-Forwarded-Prefix",
    b"X-Forwarded-Host",
    b"Forwarded",
    b"Script-Name",
    b"Range",
    b"Accept-Encoding",
    b"Content-Type",
    b"HTTP2-Settings",
    b"\x00",
    b" ",
    b"a b",
    b"\xc3\xa4",
)
PATHS = (
    b"/ws/still",
    b"/ws/",
    b"/ws",
    b"/ws/simulator",
    b"/ws/welcome?cursor=",
    b"/ws/still?display=",
    b"//ws/still",
    b"/ws/still/..",
    b"/ws/%73till",
    b"*",
    b"http://127.0.0.1/ws/still",
    b"/simulator/pins/button",
    b"/api/messages",
    b"/api/pins/button?token=",
    b"/static/a.txt",
    b"/gpiobridge/client.js",
    b"/gpiobridge/next/",
    b"/gpiobridge/stage?page=//%00[",
    b"/gpiobridge/stage/held",
    b"/healthz",
    b"/",
)
METHODS = (b"GET", b"get", b"POST", b"HEAD", b"OPTIONS", b"CONNECT", b"PUT", b"PRI", b"G\x00T", b"")


def _handshake_case(rng: random.Random, number: int, port: int) -> Case:
    lines = handshake(port).split(b"\r\n")[:-2]
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        _mutate_lines(rng, lines)
    line_end = b"\n" if rng.random() < 0.03 else b"\r\n"
    request = line_end.join([*lines, b"", b""])
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        request = _mutate_bytes(rng, request)
    if rng.random() < 0.1:
        request += rng.randbytes(rng.randrange(200))
    end = rng.choices(("half", "wait", "reset"), (88, 2, 10))[0]
    return Case(number, "handshake", _cut(rng, request), end)


def _mutate_lines(rng: random.Random, lines: list[bytes]) -> None:
    """Change one line of a request, in a way that a parser may stumble over."""
    i = rng.randrange(1, len(lines)) if len(lines) > 1 else 0
    name, _, value = lines[i].partition(b": ")
    match rng.randrange(11):
        case 0:
            del lines[i]
        case 1:
            lines.insert(i, lines[i])
        case 2:
            lines[i] = name + b": " + rng.choice(ODD)
        case 3:
            lines[i] = name + b": " + value + rng.choice(ODD)
        case 4:
            lines[i] = lines[i].swapcase()
        case 5:
            lines.insert(i, rng.choice(HEADERS) + b": " + rng.choice(ODD + PATHS))
        case 6:
            lines[i] = name + rng.choice((b":", b" :", b"", b":\t", b"\r\n ")) + value
        case 7:
            path = rng.choice(PATHS) + rng.choice((b"", *ODD))
            lines[0] = b"GET " + path + b" HTTP/1.1"
        case 8:
            version = rng.choice(
                (b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2", b"HTTP/9.9", b"", b"RTSP/1.0")
            )
            lines[0] = rng.choice(METHODS) + b" " + rng.choice(PATHS) + b" " + version
        case 9:
            lines.insert(i, name + b": " + rng.randbytes(rng.randrange(40)))
        case 10:
            many = rng.choice((5, 50, 200))
            lines += [b"X-%d: " % j + b"y" * rng.randrange(30) for j in range(many)]
    if not lines:
        lines.append(b"")


def _mutate_bytes(rng: random.Random, data: bytes) -> bytes:
    """Flip, remove, double or insert some bytes."""
    i = rng.randrange(len(data) + 1)
    j = min(len(data), i + rng.choice((1, 1, 2, 8, 64)))
    match rng.randrange(5):
        case 0:
            return data[:i] + rng.randbytes(j - i) + data[j:]
        case 1:
            return data[:i] + data[j:]
        case 2:
            return data[:j] + data[i:]
        case 3:
            return data[:i] + rng.choice(ODD) + data[i:]
        case _:
            return data[:i]


def _frames_case(rng: random.Random, number: int, port: int) -> Case:
    count = rng.choice((1, 1, 2, 3, 5, 10, 20))
    frames = [_one_frame(rng) for _ in range(count)]
    stream = b"".join(frames)
    if rng.random() < 0.2:
        stream = _mutate_bytes(rng, stream)
    page = rng.choice(("still", "welcome", "simulator", "still?cursor=a:1", "open?display=x"))
    opening = handshake(port, page)
    end = rng.choices(("half", "reset"), (90, 10))[0]
    if rng.random() < 0.3:  # right behind the handshake, as a client may that doesn't wait
        return Case(number, "frames", _cut(rng, opening + stream), end, count)
    return Case(number, "frames", [opening, *_cut(rng, stream)], end, count, wait_for_101=True)


MESSAGES = (
    BEAT,
    b'{"type":"message","data":1}',
    b'{"type":"message"}',
    b'{"type":"message","data":NaN}',
    b'{"type":"message","data":"\\ud800"}',
    b'{"type":"message","data":' + b"[" * 900 + b"]" * 900 + b"}",
    b'{"type":1}',
    b"{}",
    b"[]",
    b"null",
    b"",
    b"NaN",
    b'{"type":"' + b"x" * 1000 + b'"}',
    b'{"type":"\\ud800"}',
    b"[" * 5000,
    b'{"a":' * 3000,
    b"1" * 5000,
    b'"\xed\xa0\x80"',
    b"\xff",
    b"\xe2\x82",
    "“quoted” 😀".encode(),
    b"\x00" * 100,
)


def _one_frame(rng: random.Random) -> bytes:
    """Make one frame: valid, or wrong in one way or several."""
    mask = rng.choice((bytes(4), rng.randbytes(4), rng.randbytes(4)))
    match rng.randrange(12):
        case 0 | 1:
            return client_frame(TEXT, rng.choice(MESSAGES), mask=mask)
        case 2:
            return client_frame(
                rng.choice((PING, PONG)), rng.randbytes(rng.randrange(130)), mask=mask
            )
        case 3:
            code = rng.choice((0, 999, 1000, 1001, 1004, 1005, 1006, 1015, 3000, 4000, 4999, 65535))
            reason = rng.choice((b"", b"/open", b"\xff", b"x" * 123, b"x" * 124))
            return client_frame(CLOSE, code.to_bytes(2, "big") + reason, mask=mask)
        case 4:
            return client_frame(CLOSE, rng.randbytes(rng.randrange(3)), mask=mask)
        case 5:
            return client_frame(0, rng.choice(MESSAGES), first=rng.randrange(256), mask=mask)
        case 6:
            return client_frame(TEXT, rng.choice(MESSAGES), mask=None)
        case 7:
            claim = rng.choice((0, 1, 125, 126, 65535, 65536, 2**31, 2**63 - 1, 2**63, 2**64 - 1))
            payload = rng.randbytes(rng.choice((0, 1, 200)))
            return client_frame(
                rng.choice((TEXT, BINARY, PING, CLOSE, 0)), payload, mask=mask, claim=claim
            )
        case 8:
            return client_frame(TEXT, b"x" * rng.choice((125, 126, 16384, 16385, 65535)), mask=mask)
        case 9:
            message = rng.choice(MESSAGES)
            half = rng.randrange(len(message) + 1)
            begin = client_frame(TEXT, message[:half], first=TEXT, mask=mask)
            between = client_frame(PING, b"between", mask=mask) if rng.random() < 0.5 else b""
            return begin + between + client_frame(0, message[half:], mask=mask)
        case 10:
            return client_frame(rng.choice((BINARY, 3, 7, 11, 15)), rng.randbytes(20), mask=mask)
        case _:
            return rng.randbytes(rng.randrange(1, 40))


def _cut(rng: random.Random, data: bytes) -> list[bytes]:
    """Cut data into the pieces in which it is sent."""
    cuts = rng.choice((0, 0, 0, 1, 3))
    places = sorted(rng.randrange(len(data) + 1) for _ in range(cuts))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True) if a < b]


# Running cases


@dataclass(eq=False)
class _Run:
    """A case that is under way."""

    case: Case
    sock: socket.socket
    started_s: float
    pieces: deque[bytes]
    answer: ServerFrames = field(default_factory=ServerFrames)
    waiting: bytes = b""  # the rest of the piece that is being sent
    seen_state: bool = False
    ended: bool = False  # our direction

    @property
    def wants_to_send(self) -> bool:
        """Whether there is something to send now, or our end of the connection to end."""
        if self.ended:
            return False
        opening_sent = len(self.pieces) < len(self.case.pieces) and not self.waiting
        return not (self.case.wait_for_101 and opening_sent and self.answer.status is None)


def _drive(port: int, seed: int, numbers: range, report: Report) -> None:
    upcoming = iter(numbers)
    with selectors.DefaultSelector() as selector:
        running: set[_Run] = set()

        def finish(run: _Run, outcome: str) -> None:
            _note(run, outcome, report)
            selector.unregister(run.sock)
            run.sock.close()
            running.discard(run)

        said_s = time.monotonic()
        while True:
            while len(running) < AT_ONCE and (number := next(upcoming, None)) is not None:
                case = make_case(seed, number, port)
                try:
                    sock = connect(port)
                except OSError as error:
                    report.failures.append(f"case {number}: no connection: {error}")
                    return
                sock.setblocking(False)
                run = _Run(case, sock, time.monotonic(), deque(case.pieces))
                selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE, run)
                running.add(run)
                report.cases += 1
                report.handshakes += case.kind == "handshake"
                report.frames += case.frames
            if not running:
                return
            for key, events in selector.select(0.5):
                run = key.data
                outcome = _step(run, events)
                if outcome is not None:
                    finish(run, outcome)
                else:
                    more = selectors.EVENT_WRITE if run.wants_to_send else 0
                    selector.modify(run.sock, selectors.EVENT_READ | more, run)
            now_s = time.monotonic()
            for run in [run for run in running if run.started_s + LIMIT_S < now_s]:
                finish(run, f"FAILED: no answer within {LIMIT_S:.0f} s")
            if now_s > said_s + 10:
                said_s = now_s
                print(f"{report.cases:,} cases ...", file=sys.stderr, flush=True)


def _note(run: _Run, outcome: str, report: Report) -> None:
    outcome = f"{run.case.kind}: {outcome}"
    report.outcomes[outcome] += 1
    report.longest_s = max(report.longest_s, time.monotonic() - run.started_s)
    if "FAILED" in outcome:
        sent = b"".join(run.case.pieces)
        report.failures.append(f"case {run.case.number}: {outcome}; sent {sent[:300]!r}")


def _step(run: _Run, events: int) -> str | None:
    """Receive and send what is possible now; return how the case ended, if it did."""
    if events & selectors.EVENT_READ and (outcome := _receive(run)) is not None:
        return outcome
    if events & selectors.EVENT_WRITE and run.wants_to_send:
        return _send(run)
    return None


def _receive(run: _Run) -> str | None:
    try:
        data = run.sock.recv(65536)
    except BlockingIOError:
        return None
    except OSError:
        return _outcome(run, "reset")
    try:
        frames = run.answer.feed(data)
    except ValueError as error:
        return f"FAILED: {error}"
    if frames and not run.seen_state:
        run.seen_state = True
        if b'"type":"state"' not in frames[0][1]:
            return f"FAILED: the first frame is {frames[0][1][:80]!r}"
    if not data:
        return _outcome(run, "closed")
    if run.case.end == "wait" and run.answer.status is not None:
        return _outcome(run, "answered")
    return None


def _send(run: _Run) -> str | None:
    if not run.waiting and run.pieces:
        run.waiting = run.pieces.popleft()
    if run.waiting:
        try:
            sent = run.sock.send(run.waiting)
        except BlockingIOError:
            return None
        except OSError:  # the server has heard enough; what it said is still to be read
            run.ended = True
            return None
        run.waiting = run.waiting[sent:]
        return None
    run.ended = True
    if run.case.end == "reset":
        run.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ENDS_WITH_RST)
        return "reset by us"
    if run.case.end == "half":
        with contextlib.suppress(OSError):
            run.sock.shutdown(socket.SHUT_WR)
    return None


def _outcome(run: _Run, how: str) -> str:
    """Say how a case ended, and judge it."""
    status = run.answer.status
    if status is None:
        return f"{how} without an answer"
    if status >= 500 and status not in (501, 505):  # an unknown method, an unknown version
        return f"FAILED: {status} {run.answer.rest[:200]!r}"
    if status != 101:
        return f"{status}"
    if run.answer.close is not None:
        code = run.answer.close[0]
        return f"101, close {code if code < 3000 else 'with the code of ours'}"
    return f"101, {how} without a close frame"


def connect(port: int) -> socket.socket:
    """Connect, without delaying small packets."""
    sock = socket.socket()
    sock.settimeout(LIMIT_S)
    sock.connect(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


if __name__ == "__main__":
    sys.exit(main())
