"""One run of the benchmark: its size, its progress, and the processes it has started.

Every process is ended when the run ends, also after Ctrl-C or SIGTERM.
"""

import contextlib
import json
import os
import random
import resource
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from bench import machine
from bench.contenders import Contender
from bench.receivers import Server

TESTS = Path(__file__).parents[1]
START_S = 20.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured.

    Args:
        name: what the report calls it.
        rounds: how often each contender has its turn, by the number of displays.
        long: whether everything is measured, or only what fits into a minute.
    """

    name: str
    rounds: dict[int, int]
    long: bool

    def described(self, seed: int) -> str:
        """The run in words: what kind it is, and how many rounds it has."""
        rounds = ", ".join(
            f"{count} with {displays:,} displays" for displays, count in self.rounds.items()
        )
        few = "" if self.long else "; too few for a verdict: LONG=1 has at least 20"
        return f"the {self.name} form, seed {seed}; rounds: {rounds}{few}"


SHORT = Size("short", {1: 9, 1000: 7}, long=False)
LONG = Size("long", {1: 40, 100: 27, 1000: 27, 5000: 20}, long=True)
TINY = Size("tiny", {10: 2}, long=False)


@dataclass(slots=True)
class Run:
    """What all rows share.

    Args:
        size: how much is measured.
        seed: of the order in each round.
        folder: for files of servers, and their logs.
        only: names of contenders; empty for all.
        failures: what went wrong, one sentence each; a failure never ends the run.
        plan: how many seconds each part should take, for the estimate of the time left.
        facts: what a reader must know, by name.
    """

    size: Size
    seed: int
    folder: Path
    only: tuple[str, ...] = ()
    failures: list[str] = field(default_factory=list)
    began_s: float = field(default_factory=time.monotonic)
    facts: dict[str, str] = field(default_factory=dict)
    plan: list[int] = field(default_factory=list)
    _done: int = 0
    _part_began_s: float = field(default_factory=time.monotonic)
    _chance: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self._chance.seed(self.seed)

    def progress(self, what: str) -> None:
        """Say what is being measured, how long the run has taken, and how long it will take."""
        now_s = time.monotonic()
        print(
            f"[{_clock(now_s - self.began_s)}, about {_clock(self._left_s(now_s))} left] {what}",
            file=sys.stderr,
            flush=True,
        )

    def part_done(self) -> None:
        """Note that the next part of the plan begins."""
        self._done += 1
        self._part_began_s = time.monotonic()

    def _left_s(self, now_s: float) -> float:
        """The rest of the plan, at the pace of the parts so far."""
        planned_s = sum(self.plan[: self._done])
        pace = (self._part_began_s - self.began_s) / planned_s if planned_s else 1.0
        part_s = sum(self.plan[self._done : self._done + 1]) * pace
        later_s = sum(self.plan[self._done + 1 :]) * pace
        return max(0.0, part_s - (now_s - self._part_began_s)) + later_s

    def fail(self, what: str) -> None:
        """Note what went wrong, and go on."""
        self.failures.append(what)
        print(f"    {what}", file=sys.stderr, flush=True)

    def shuffled(self, things: Sequence[T]) -> list[T]:
        """The things in the order of this round."""
        return self._chance.sample(things, len(things))

    def wants(self, contender: Contender) -> bool:
        """Whether a contender takes part."""
        return not self.only or contender.name in self.only


@contextlib.contextmanager
def run(size: Size, seed: int, only: tuple[str, ...] = ()) -> Iterator[Run]:
    """A run, in a folder of its own that is removed afterwards."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    old = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="gpiobridge-bench-"))
    try:
        yield Run(size, seed, folder, only)
    finally:
        signal.signal(signal.SIGTERM, old)
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port that nobody has at this moment, for TCP and for UDP.

    It is below those that systems give to clients (RFC 6335: from 49152; Linux: from 32768), of
    which a run has tens of thousands.
    """
    while True:
        port = random.randrange(20000, 32000)
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        ):
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", port))
            return port


class Started:
    """A process in a session of its own, on the cores of servers or of the client.

    Args:
        command: what to run.
        log: where its output goes.
        cores: where it may run; empty: anywhere.
        options: more for `subprocess.Popen`.
    """

    def __init__(self, command: list[str], log: Path, cores: set[int], **options: Any) -> None:
        self.log = log
        with log.open("wb") as file, on_cores(cores):
            self.process = subprocess.Popen(
                command,
                **{"stdin": subprocess.DEVNULL, "stdout": file} | options,
                stderr=file,
                start_new_session=True,  # Ctrl-C reaches only us, and we end the others
            )

    @property
    def pids(self) -> list[int]:
        """The process and its descendants."""
        return machine.family(self.process.pid)

    def stop(self) -> None:
        """End it and its descendants."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(3)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


@contextlib.contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """Let processes that are started here run on these cores only."""
    if not cores or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Opponent:
    """A contender's server, and the client that holds its displays.

    Args:
        contender: which.
        folder: for its files.
        program: the module of the client's program.
    """

    def __init__(
        self, contender: Contender, folder: Path, program: str = "bench.receivers"
    ) -> None:
        self.contender = contender
        folder.mkdir(parents=True, exist_ok=True)
        port, trigger_port = free_port(), free_port()
        servers, own = machine.cores()
        self.server = Started(
            contender.command(folder, port, trigger_port),
            folder / "server.log",
            servers,
            cwd=folder,
            env=os.environ | contender.environment,
        )
        self.client: Client | None = None
        try:
            wait_for_port(port, self.server)
            self.client = Client(contender.server(port, trigger_port), folder, own, program)
        except BaseException:
            self.stop()
            raise

    def ask(self, *order: Any) -> Any:
        """Let the client do something, and return its answer."""
        assert self.client is not None
        return self.client.ask(*order)

    def stop(self) -> None:
        """End both."""
        if self.client is not None:
            self.client.started.stop()
        self.server.stop()


class Client:
    """A client in a process of its own (`receivers`).

    Args:
        server: whom it speaks to.
        folder: for its log.
        cores: where it may run.
        module: its program.
    """

    def __init__(self, server: Server, folder: Path, cores: set[int], module: str) -> None:
        self.started = Started(
            [sys.executable, "-m", module],
            folder / "client.log",
            cores,
            cwd=TESTS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._say(asdict(server))

    def ask(self, *order: Any, deadline_s: float = 120.0) -> Any:
        """Give an order, and return its answer.

        Raises:
            OpponentError: it failed; the text says how.
        """
        self._say(order)
        stdout = self.started.process.stdout
        assert stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            if not selector.select(deadline_s):
                raise OpponentError(f"the client gave no answer in {deadline_s:.0f} s")
        line = stdout.readline()
        if not line:
            raise OpponentError(f"the client ended: {last_line(self.started.log)}")
        answer = json.loads(line)
        if "failed" in answer:
            raise OpponentError(answer["failed"])
        return answer["ok"]

    def _say(self, what: Any) -> None:
        stdin = self.started.process.stdin
        assert stdin is not None
        try:
            stdin.write(json.dumps(what).encode() + b"\n")
            stdin.flush()
        except OSError as error:
            raise OpponentError(f"the client ended: {last_line(self.started.log)}") from error


class OpponentError(Exception):
    """A contender's server or client failed; the text says how."""


def wait_for_port(port: int, started: Started) -> None:
    """Wait until a server takes connections.

    Raises:
        OpponentError: it ended, or takes none in time.
    """
    until_s = time.monotonic() + START_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if started.process.poll() is not None:
            raise OpponentError(f"the server ended: {last_line(started.log)}")
        if time.monotonic() > until_s:
            raise OpponentError(f"the server took no connection in {START_S:.0f} s")
        time.sleep(0.02)


def last_line(log: Path) -> str:
    """The last line of a process's output: Python says there why it ended."""
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
