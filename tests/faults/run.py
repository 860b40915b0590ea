"""One seed: the processes, round after round of presses and faults, and the oracle's judgement.

The main process (this one, asyncio) drives the pins, makes the faults and is the witness. The
server, the network (`proxy`) and the displays (two processes of `display`) are its children.
"""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from running import RunningBridge

from faults import display, proxy, schedule, stepped
from faults.driver import Contact
from faults.oracle import (
    Due,
    Event,
    Life,
    Stretch,
    Track,
    Verdict,
    candidates,
    dues_of,
    follow,
    match_pin,
    walk,
)
from faults.orders import Order
from faults.records import Ended, Joined, Record
from faults.report import Report
from faults.schedule import RESTARTS, Fault, Round
from faults.waveform import HOLD, Wave
from faults.websocket import FAILURES, Closed, WebSocket, open_websocket

AGREE_S = 3.0
HALF_OPEN_S = 2.5 * schedule.BEAT_S + AGREE_S
PATIENCE_S = 10.0
STAY_S = 0.3  # agreement must last
SURE_BEFORE_END_S = 0.3  # an edge so long before a server's end was told to the witness
DELIVERED_S = 1.0  # and to a display that no fault had touched lately

_PAGE = "<!doctype html>\n<html><head><title>{0}</title></head><body>{0}</body></html>\n"


@dataclass(frozen=True, slots=True)
class Touched:
    """A fault as it was made: which displays it touched, from when to when."""

    kind: str
    displays: frozenset[int]
    from_s: float
    to_s: float


@dataclass(slots=True)
class Screen:
    """One display, as we see it: where it was at the last agreement, and its notes since."""

    start: Stretch | None = None
    records: list[Record] = field(default_factory=list)
    open: bool = False
    closed: list[tuple[Stretch | None, list[Record]]] = field(default_factory=list)


class Child:
    """A process of ours, and the pipe to it."""

    def __init__(self, target: Any, *args: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=target, args=(theirs, *args), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid is not None
        return self._process.pid

    def end(self) -> None:
        """End it, in whatever state it is."""
        self.pipe.close()
        self._process.kill()
        self._process.join(5)


class Run:
    """One seed.

    Args:
        seed: of everything.
        folder: an empty one, for the exhibit.
        displays: how many.
        groups: in how many processes they live.
        burst_s: how long a round's presses last, in seconds.
        careful: which client the displays are, see `display.Tab`.
        verbose: print what happens when.
    """

    def __init__(
        self,
        seed: int,
        folder: Path,
        *,
        displays: int,
        groups: int,
        burst_s: float,
        careful: bool,
        verbose: bool,
    ) -> None:
        self._careful = careful
        self.report = Report(seed)
        self._seed = seed
        self._folder = folder
        self._count = displays
        self._groups = groups
        self._burst_s = burst_s
        self._verbose = verbose
        self._graph = schedule.make_graph(seed)
        self._pins = {pin.name: pin for pin in schedule.PINS}
        self._clock = stepped.SteppedClock(folder / "clock")
        self._bridge: RunningBridge | None = None
        self._port = 0
        self._witness: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._life = Life("", 0)
        self._lives: dict[str, Life] = {}
        self._contacts: dict[str, Contact] = {}
        self._screens = [Screen() for _ in range(displays)]
        self._touched: list[Touched] = []
        self._proxy: Child | None = None
        self._children: list[Child] = []
        self._started_s = time.monotonic()
        self._timeline: list[tuple[float, str]] = []
        self._failures: list[str] = []  # of the suite itself: nothing it says then counts

    async def play(self, presses: int, until_s: float) -> Report:
        """Play rounds until so many presses were made, or until a moment."""
        try:
            await self._begin()
            while (
                self.report.counted < presses and time.monotonic() < until_s and not self._failures
            ):
                await self._play_round(
                    schedule.make_round(
                        self._seed, self.report.rounds, self._count, self._groups, self._burst_s
                    )
                )
                self.report.rounds += 1
                self.report.took_s = time.monotonic() - self._started_s
                print(self.report.line(), flush=True)
        finally:
            await self._end()
        return self.report

    # ------------------------------------------------------------ processes

    async def _begin(self) -> None:
        (self._folder / "templates").mkdir()
        for page in self._graph:
            (self._folder / "templates" / f"{page}.html").write_text(_PAGE.format(page))
        (self._folder / "config.toml").write_text(schedule.make_config(self._seed))
        await self._start_server()
        self._proxy = Child(proxy.run, self._count, self._port)
        ports: list[int] = self._proxy.pipe.recv()
        for number in range(self._groups):
            mine = dict(list(enumerate(ports))[number :: self._groups])
            self._children.append(Child(display.run, mine, self._seed, self._careful))
            self._listen(self._children[-1].pipe)
        pages = list(self._graph)
        for number, screen in enumerate(self._screens):
            screen.open = True
            self._order(Order(number, "open", pages[number % schedule.PAGES]))
        await asyncio.sleep(1.0)

    async def _end(self) -> None:
        if self._witness is not None:
            self._witness.cancel()
            await asyncio.wait([self._witness])
        for child in [*self._children, self._proxy]:
            if child is not None:
                with contextlib.suppress(ValueError, OSError):
                    asyncio.get_running_loop().remove_reader(child.pipe.fileno())
                child.end()
        if self._bridge is not None:
            await asyncio.to_thread(self._bridge.kill)
            self._look_into_log()

    async def _start_server(self) -> None:
        environment = os.environ | {
            stepped.VARIABLE: str(self._clock.path),
            "PYTHONUNBUFFERED": "1",
        }
        self._bridge = await asyncio.to_thread(
            RunningBridge,
            self._folder / "config.toml",
            port=self._port,
            command=[sys.executable, stepped.__file__],
            env=environment,
        )
        self._port = self._bridge.port
        self._contacts = {name: Contact(self._port, name) for name in self._pins}
        socket = await open_websocket(self._port, f"/ws/{schedule.WATCH}")
        state = await socket.frame()
        assert isinstance(state, dict), state
        self._life = Life(state["epoch"], state["seq"], drives=defaultdict(list))
        self._lives[self._life.epoch] = self._life
        self._witness = asyncio.create_task(self._watch(socket, self._life.epoch))
        self._say(f"server {self._life.epoch} is up")
        self._up.set()

    async def _watch(self, socket: WebSocket, epoch: str) -> None:
        with contextlib.suppress(*FAILURES):
            while not isinstance(frame := await socket.frame(), Closed):
                # No beat is answered: who never did isn't dropped when this process is late.
                if frame["type"] == "edge":
                    event = Event(frame["seq"], frame["pin"], frame["event"], time.monotonic())
                    self._lives[epoch].events.append(event)
                    self._say(f"#{event.seq} {event.pin} {event.level}")
        socket.forget()
        if self._lives[epoch].ended_s is None:
            self._failures.append(f"the witness lost its socket to {epoch}")

    async def _restart(self, kind: str, down_s: float) -> None:
        bridge, witness = self._bridge, self._witness
        assert bridge is not None
        assert witness is not None
        self._up.clear()
        self._life.ended_s = from_s = time.monotonic()
        if kind == "terminate":
            await asyncio.to_thread(bridge.stop)
        else:
            if kind == "kill-worker":
                os.kill(bridge.workers()[0], signal.SIGKILL)
                await asyncio.to_thread(bridge.process.wait, 10)
            await asyncio.to_thread(bridge.kill)
        self._life.ended_by_s = time.monotonic()
        self._say(f"server {self._life.epoch} is gone: {kind}")
        await asyncio.wait_for(witness, 5)
        self._look_into_log()
        for contact in self._contacts.values():
            contact.close()
        await asyncio.sleep(down_s)
        await self._start_server()
        self.report.down_s.append(time.monotonic() - from_s)

    def _look_into_log(self) -> None:
        assert self._bridge is not None
        log = "".join(self._bridge.log)
        if "Traceback" in log:
            at = log.index("Traceback")
            self.report.verdict.complaints.append(f"in the log: {log[at : at + 3000]}")

    def _listen(self, pipe: Pipe) -> None:
        def take() -> None:
            try:
                while pipe.poll():
                    number, record = pipe.recv()
                    if number < 0:
                        self._failures.append(f"a display's own failure: {record}")
                        continue
                    self._screens[number].records.append(record)
                    self._say(f"display {number}: {record}")
            except (EOFError, OSError):
                asyncio.get_running_loop().remove_reader(pipe.fileno())

        asyncio.get_running_loop().add_reader(pipe.fileno(), take)

    # ------------------------------------------------------------ a round

    async def _play_round(self, plan: Round) -> None:
        self._touched.clear()
        self._timeline.clear()
        start_s = time.monotonic()
        self._say(f"round {plan.number}")
        async with asyncio.TaskGroup() as group:
            for name in self._pins:
                waves = [wave for wave in plan.waves if wave.pin == name]
                group.create_task(self._press(waves, start_s))
            for fault in plan.faults:
                group.create_task(self._make(fault, start_s))
        last_s = time.monotonic()
        half_open = [touch.to_s for touch in self._touched if touch.kind == "half-open"]
        limit_s = max([last_s + AGREE_S, *(at_s + HALF_OPEN_S for at_s in half_open)])
        while True:
            verdict, late = self._judge()
            took_s = time.monotonic() - last_s
            # Too late is not lost: wait on, to tell the two apart.
            if (verdict.well and not late) or last_s + took_s > limit_s + PATIENCE_S:
                break
            await asyncio.sleep(0.05)
        kind = "a half-open one" if half_open else "others"
        self.report.agreed_s[kind] = max(self.report.agreed_s.get(kind, 0.0), took_s)
        if verdict.well and not late:
            await asyncio.sleep(STAY_S)
        # In a thread: counting errors takes a while, and the pipes must be read.
        verdict, late = await asyncio.to_thread(self._judge, final=True)
        self.report.verdict.add(verdict)
        too_late = last_s + took_s > limit_s
        self.report.late += too_late
        if too_late or late or not verdict.well:
            self._complain(plan, verdict, late)
        elif self._verbose:
            self._print_timeline()
        self._agree()

    async def _press(self, waves: list[Wave], start_s: float) -> None:
        """Play one pin's waves, one after the other."""
        for wave in waves:
            pin = self._pins[wave.pin]
            await asyncio.sleep(max(0.0, start_s + wave.after_s - time.monotonic()))
            if not self._up.is_set():
                self.report.while_down += 1
                continue
            life, contact = self._life, self._contacts[wave.pin]
            for step in wave.steps:
                await asyncio.sleep(step.pause_s)
                if life is not self._life or not self._up.is_set():
                    break
                drive = await contact.drive(pin.level(step.active))
                life.drives[wave.pin].append(drive)
                self.report.levels += 1
                if drive.acked_s is None:
                    break
            else:
                self.report.presses[wave.kind] += 1
                await asyncio.sleep(HOLD * pin.debounce_s)
                continue
            self.report.cut_short += 1

    async def _make(self, fault: Fault, start_s: float) -> None:
        """Make a fault, and note whom it touched."""
        await asyncio.sleep(max(0.0, start_s + fault.after_s - time.monotonic()))
        if fault.kind in RESTARTS:
            await self._up.wait()
        from_s = time.monotonic()
        self._say(f"fault {fault}")
        touched = {fault.target}
        if fault.kind in RESTARTS:
            touched = set(range(self._count))
            await self._restart(fault.kind, fault.for_s)
        elif fault.kind == "stop-displays":
            touched = set(range(self._count)[fault.target :: self._groups])
            await self._stop(self._children[fault.target].pid, fault.for_s)
        elif fault.kind == "stop-proxy":
            assert self._proxy is not None
            touched = set(range(self._count))
            await self._stop(self._proxy.pid, fault.for_s)
        elif fault.kind == "clock":
            touched = set()
            self._clock.step(fault.amount)
        elif fault.kind in ("reload", "stall"):
            self._order(Order(fault.target, fault.kind, amount=fault.for_s))
            await asyncio.sleep(fault.for_s)
        elif fault.kind == "leave":
            if not await self._leave(fault):
                return
        else:
            order = Order(fault.target, fault.kind, way=fault.way, amount=fault.amount)
            self._send(order)
            if fault.for_s:
                await asyncio.sleep(fault.for_s)
                self._send(Order(fault.target, "heal"))
        self.report.faults[fault.kind] += 1
        self._touched.append(Touched(fault.kind, frozenset(touched), from_s, time.monotonic()))
        self._say(f"fault over: {fault.kind} {fault.target}")

    async def _leave(self, fault: Fault) -> bool:
        """Close a tab; open another one, with nothing stored, a while later."""
        screen = self._screens[fault.target]
        if not screen.open:
            return False
        screen.open = False
        self._order(Order(fault.target, "close"))
        await asyncio.sleep(fault.for_s)
        # A stopped process closes it when it goes on.
        async with asyncio.timeout(10):
            while not (screen.records and isinstance(screen.records[-1], Ended)):
                await asyncio.sleep(0.02)
        # Judged with the round: only then is it known which faults touched it.
        screen.closed.append((screen.start, screen.records))
        screen.start, screen.records = None, []
        screen.open = True
        page = list(self._graph)[fault.target % schedule.PAGES]
        self._order(Order(fault.target, "open", page))
        return True

    async def _stop(self, pid: int, for_s: float) -> None:
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(for_s)
        finally:
            os.kill(pid, signal.SIGCONT)

    def _order(self, order: Order) -> None:
        self._children[order.display % self._groups].pipe.send(order)

    def _send(self, order: Order) -> None:
        assert self._proxy is not None
        self._proxy.pipe.send(order)

    # ------------------------------------------------------------ judgement

    def _judge(self, final: bool = False) -> tuple[Verdict, list[int]]:
        """What the oracle says now, and the displays that are not back."""
        verdict, facts = self._judge_lives(final)
        late = []
        for number, screen in enumerate(self._screens):
            found, track = self._judge_screen(number, facts, count=final)
            verdict.add(found)
            back = bool(screen.records) and isinstance(screen.records[-1], Joined)
            untouched = not screen.records and screen.start is not None
            here = track.stretches and track.stretches[-1].epoch == self._life.epoch
            if screen.open and not ((back or untouched) and here):
                late.append(number)
            if final:
                self.report.cut_deliveries += found.unsure
        verdict.complaints += self._failures
        return verdict, late

    def _judge_lives(self, final: bool = False) -> tuple[Verdict, dict[str, "Facts"]]:
        verdict = Verdict()
        facts = {}
        for epoch, life in self._lives.items():
            facts[epoch] = Facts()
            self._judge_life(life, facts[epoch], verdict)
            if final:
                self.report.unsure_edges += facts[epoch].unsure
                self.report.edges += len(life.events)
                self.report.disorder += facts[epoch].disorder
                self.report.disorder_s = max(self.report.disorder_s, facts[epoch].disorder_s)
        return verdict, facts

    def _judge_life(self, life: Life, facts: "Facts", verdict: Verdict) -> None:
        end_s = life.ended_by_s or time.monotonic()
        sure_s = life.ended_s - SURE_BEFORE_END_S if life.ended_s else end_s - SURE_BEFORE_END_S
        numbers = [event.seq for event in life.events]
        if numbers != list(range(life.base_seq + 1, life.base_seq + 1 + len(numbers))):
            verdict.complaints.append(f"numbers with gaps after {life.base_seq}: {numbers}")
        due_s: list[tuple[int, float, float]] = []
        for name, pin in self._pins.items():
            drives = life.drives.get(name, [])
            found = candidates(name, drives, pin.debounce_s, sure_s, end_s)
            events = [event for event in life.events if event.pin == name]
            match = match_pin(name, pin.rest, found, events, pin.debounce_s)
            verdict.add(match.verdict)
            facts.unsure += match.verdict.unsure
            for event, held in zip(events, match.by_event, strict=False):
                facts.made_s[event.seq] = (held.from_s, held.to_s)
                at_s = pin.debounce_s
                due_s.append((event.seq, held.from_s + at_s, held.to_s + at_s))
            if life.ended_s:
                facts.perhaps += [
                    Event(1_000_000_000 + at, name, held.level, held.to_s)
                    for at, held in enumerate(match.after_last)
                ]
        facts.perhaps.sort(key=lambda event: event.seen_s)
        latest_s = 0.0
        for _, from_s, to_s in sorted(due_s):
            if to_s < latest_s:
                facts.disorder += 1
                facts.disorder_s = max(facts.disorder_s, latest_s - to_s)
            latest_s = max(latest_s, from_s)

    def _judge_screen(
        self, number: int, facts: dict[str, "Facts"], count: bool = True
    ) -> tuple[Verdict, Track]:
        screen = self._screens[number]
        verdict, track = self._judge_tab(number, screen.start, screen.records, facts, count)
        for start, records in screen.closed:
            verdict.add(self._judge_tab(number, start, records, facts, count)[0])
        return verdict, track

    def _judge_tab(
        self,
        number: int,
        start: Stretch | None,
        records: list[Record],
        facts: dict[str, "Facts"],
        count: bool,
    ) -> tuple[Verdict, Track]:
        if start is not None:  # `follow` adds to it
            start = Stretch(start.epoch, start.page, start.seq)
        track = follow(start, records, self._lives)
        verdict = Verdict()
        for complaint in track.complaints:
            verdict.phantom += 1
            verdict.complaints.append(f"display {number} {complaint}")
        for stretch in track.stretches:
            if stretch.epoch not in self._lives:
                continue
            life, known = self._lives[stretch.epoch], facts[stretch.epoch]
            dues = dues_of(stretch, life.events, known.made_s, schedule.CATCH_UP_S)
            ends_s = [end_s for end_s in (stretch.end_s, life.ended_s) if end_s is not None]
            end_s = min(ends_s, default=None)
            free_from = len(dues)
            if end_s is not None:
                sure_s = self._delivered_until_s(number, end_s)
                told = [stretch.told(due.event, sure_s, DELIVERED_S) for due in dues]
                free_from = told.index(False) if False in told else len(told)
                dues += [Due(event, must=False) for event in known.perhaps]
            found = walk(self._graph, stretch, dues, free_from, count)
            found.complaints = [f"display {number} {text}" for text in found.complaints]
            verdict.add(found)
        return verdict, track

    def _delivered_until_s(self, number: int, end_s: float) -> float:
        """Until when every edge had surely reached a display when something ended."""
        sure_s = end_s - DELIVERED_S
        for touch in sorted(self._touched, key=lambda touch: -touch.to_s):
            if number in touch.displays and touch.from_s < end_s:
                recovered_s = touch.to_s + (HALF_OPEN_S if touch.kind == "half-open" else AGREE_S)
                if recovered_s > sure_s:
                    sure_s = min(sure_s, touch.from_s - SURE_BEFORE_END_S)
        return sure_s

    def _agree(self) -> None:
        """Begin the next round where this one ended."""
        life = self._life
        seq = life.events[-1].seq if life.events else life.base_seq
        _, facts = self._judge_lives()
        for number, screen in enumerate(self._screens):
            _, track = self._judge_screen(number, facts)
            page = track.stretches[-1].last_page if track.stretches else ""
            screen.start = Stretch(life.epoch, page, seq) if page else None
            screen.records, screen.closed = [], []
        life.base_seq, life.events = seq, []
        life.drives = defaultdict(list)
        self._lives = {life.epoch: life}

    def _say(self, text: str) -> None:
        self._timeline.append((time.monotonic(), text))

    def _print_timeline(self, only: set[int] | None = None) -> None:
        for at_s, text in self._timeline:
            if text.startswith("display ") and only is not None:
                number = int(text.split(" ")[1].rstrip(":"))
                if number not in only:
                    continue
            print(f"  {at_s:.3f} {text}")

    def _complain(self, plan: Round, verdict: Verdict, late: list[int]) -> None:
        print(f"DISAGREEMENT in seed {self._seed}, round {plan.number}; late displays: {late}")
        for complaint in verdict.complaints:
            print(f"  {complaint}")
        named = {
            int(text.split(" ")[1]) for text in verdict.complaints if text.startswith("display ")
        }
        self._print_timeline(None if self._verbose else set([*sorted(named), *late][:2]))
        print(f"  replay: python -m faults --seeds {self._seed} --verbose", flush=True)


@dataclass(slots=True)
class Facts:
    """What is known of a life's edges: when each was made, and which ones nobody may have seen."""

    made_s: dict[int, tuple[float, float]] = field(default_factory=dict)
    perhaps: list[Event] = field(default_factory=list)
    unsure: int = 0
    disorder: int = 0
    disorder_s: float = 0.0


def play(work: Awaitable[Report]) -> Report:
    """Run a seed to its end."""

    async def main() -> Report:
        return await work

    return asyncio.run(main())
