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
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from harness.bridge_process import BridgeProcess

from faults import display, graph, proxy, schedule, stage, stepped
from faults.application import WITNESS, Application
from faults.driver import Contact
from faults.judge import AGREE_S, HALF_OPEN_S, STAGE_S, Judge, Touched
from faults.oracle.facts import Event, Life, Verdict
from faults.orders import Order
from faults.outputs import Outputs
from faults.records import Ended, Heard, Seen, Stayed, Tried, Word
from faults.report import Report
from faults.schedule import ON_THE_SERVER, RESTARTS, Fault, Round
from faults.waveform import HELD, Wave
from faults.websocket import FAILURES, Closed, WebSocket, open_websocket

PATIENCE_S = 10.0
STAY_S = 0.3  # agreement must last
AIM_S = 0.012  # two pins were driven within so short a time: neither has settled
LONG_S = 1.0  # the server is stopped for longer than a press of one request and its hold time
AIM_FOR_S = 1.0  # how long to wait for that

_PAGE = """\
<!doctype html>
<html><head><title>{0}</title><script>{1}</script></head><body>{0}</body></html>
"""


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
        stages: how many more displays there are that are stages in a real Chromium.
        burst_s: how long a round's presses last, in seconds.
        careful: which client the displays are, see `display.Tab`.
        verbose: print what happens when.
        broken: what is broken in the server, see `breakages`; or nothing.
        timed: whether presses are made that are one request.
        report: takes the figures; rounds that it has already are not played again.
        keep: called after each round.
    """

    def __init__(
        self,
        seed: int,
        folder: Path,
        *,
        displays: int,
        groups: int,
        stages: int = 0,
        burst_s: float,
        careful: bool,
        verbose: bool,
        broken: str = "",
        timed: bool = True,
        report: Report | None = None,
        keep: Callable[[], None] = lambda: None,
    ) -> None:
        self._keep = keep
        self._timed = timed
        self._broken = broken
        self._careful = careful
        self.report = report or Report(seed)
        self._before_s = self.report.took_s
        self._seed = seed
        self._folder = folder
        self._modelled = displays
        self._count = displays + stages
        self._groups = groups
        self._burst_s = burst_s
        self._verbose = verbose
        self._graph = graph.make_graph(seed)
        self._pages = list(self._graph.events)
        self._pins = {pin.name: pin for pin in graph.PINS}
        named = graph.draw_named(seed)
        self._judge = Judge(self._graph, self._count, self.report, stages, named)
        drawn = graph.draw_outputs(seed)
        self._outputs = Outputs(
            self._graph, drawn, self._count, displays, self.report, self._say, named
        )
        self._clock = stepped.SteppedClock(folder / "clock")
        self._bridge: BridgeProcess | None = None
        self._port = 0
        self._witness: asyncio.Task[None] | None = None
        self._lamps: asyncio.Task[None] | None = None
        self._delays: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._contacts: dict[str, Contact] = {}
        self._application = Application(self._judge, self.report, self._say, named)
        self._one_at_a_time = asyncio.Lock()  # what is done to the server
        self._driven_s: dict[str, float] = {}  # pin to when it was driven last
        self._drove = asyncio.Event()
        self._timed_until_s = 0.0  # when the press ends that is one request
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
                self.report.took_s = self._before_s + time.monotonic() - self._started_s
                print(self.report.line(), flush=True)
                self._keep()
        finally:
            await self._end()
        return self.report

    # ------------------------------------------------------------ processes

    async def _begin(self) -> None:
        (self._folder / "templates").mkdir()
        for page in self._pages:
            (self._folder / "templates" / f"{page}.html").write_text(
                _PAGE.format(page, stage.SCRIPT)
            )
        (self._folder / "config.toml").write_text(graph.make_config(self._seed))
        self._delays = asyncio.create_task(self._outputs.look_for_delays())
        await self._start_server()
        self._proxy = Child(proxy.run, self._count, self._port)
        ports: list[int] = self._proxy.pipe.recv()
        for number in range(self._groups):
            modelled = list(enumerate(ports))[: self._modelled]
            mine = dict(modelled[number :: self._groups])
            self._children.append(Child(display.run, mine, self._seed, self._careful))
            self._listen(self._children[-1].pipe)
        if self._count > self._modelled:
            mine = dict(list(enumerate(ports))[self._modelled :])
            self._children.append(Child(stage.run, mine))
            self._listen(self._children[-1].pipe)
        for number, screen in enumerate(self._judge.screens):
            screen.open = True
            self._order(Order(number, "open", self._first_page(number)))
        await asyncio.sleep(1.0)

    async def _end(self) -> None:
        for task in (self._witness, self._lamps, self._delays):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
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
        if self._broken:
            environment[stepped.BROKEN] = self._broken
        self._bridge = await asyncio.to_thread(
            BridgeProcess,
            self._folder / "config.toml",
            port=self._port,
            command=[sys.executable, stepped.__file__],
            env=environment,
        )
        self._port = self._bridge.port
        self._contacts = {
            name: Contact(self._port, name, wired=bool(pin.number))
            for name, pin in self._pins.items()
        }
        self._application.begin(self._port)
        socket = await open_websocket(self._port, f"/ws/{graph.WATCH}?display={WITNESS}")
        state = await socket.frame()
        assert isinstance(state, dict), state
        self._judge.begin(state["epoch"], state["seq"])
        self._witness = asyncio.create_task(self._watch(socket, self._judge.life))
        listening = await self._outputs.listen(self._port)
        self._lamps = asyncio.create_task(self._outputs.hear(*listening))
        self._say(f"server {state['epoch']} is up")
        self._up.set()

    async def _watch(self, socket: WebSocket, life: Life) -> None:
        with contextlib.suppress(*FAILURES):
            while not isinstance(frame := await socket.frame(), Closed):
                # No beat is answered: who never did isn't dropped when this process is late.
                assert isinstance(frame, dict)
                life.heard_s = time.monotonic()
                if frame["type"] == "message":
                    life.seen[frame["data"]["number"]] = time.monotonic()
                    self._say(f"message {frame['data']['number']}")
                if frame["type"] == "edge":
                    life.events.append(event := _event(frame))
                    self._say(f"#{event.seq} {event.pin} {event.what}")
        socket.forget()
        if life.ended_s is None:
            self._failures.append(f"the witness lost its socket to {life.epoch}")

    async def _restart(self, kind: str, down_s: float) -> None:
        bridge, witness = self._bridge, self._witness
        assert bridge is not None
        assert witness is not None
        life = self._judge.life
        self._up.clear()
        life.ended_s = from_s = time.monotonic()
        if kind == "terminate":
            await asyncio.to_thread(bridge.stop)
        else:
            await asyncio.to_thread(bridge.kill)
        life.ended_by_s = time.monotonic()
        self._say(f"server {life.epoch} is gone: {kind}")
        await asyncio.wait_for(witness, 5)
        assert self._lamps is not None
        await asyncio.wait_for(self._lamps, 5)
        self._look_into_log()
        self._application.end()
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
                    self._outputs.take(number, record)
                    if isinstance(record, Word | Heard | Tried):
                        self._say(f"display {number}: {record}")
                        continue
                    self._judge.screens[number].records.append(record)
                    if isinstance(record, Stayed):
                        self.report.paused["declined" if record.declined else "crossed"] += 1
                    self._say(f"display {number}: {record}")
            except (EOFError, OSError):
                asyncio.get_running_loop().remove_reader(pipe.fileno())

        asyncio.get_running_loop().add_reader(pipe.fileno(), take)

    # ------------------------------------------------------------ a round

    async def _play_round(self, plan: Round) -> None:
        self._timeline.clear()
        start_s = time.monotonic()
        self._say(f"round {plan.number}")
        async with asyncio.TaskGroup() as group:
            for name in self._pins:
                waves = [wave for wave in plan.waves if wave.pin == name]
                waves = [wave for wave in waves if self._timed or wave.play != "timed"]
                group.create_task(self._press(waves, start_s))
            for fault in plan.faults:
                group.create_task(self._make(fault, start_s))
            group.create_task(self._application.call_all(plan.calls, start_s, self._up))
        self._judge.last_number = await self._application.send_message("round")
        last_s = time.monotonic()
        half_open = [touch.to_s for touch in self._judge.touched if touch.kind == "half-open"]
        limit_s = max([last_s + AGREE_S, *(at_s + HALF_OPEN_S for at_s in half_open)])
        limit_s += STAGE_S if self._count > self._modelled else 0.0
        missing, missing_s = "", 0.0  # at the last look without agreement
        while True:
            took_s = time.monotonic() - last_s  # before the look, which may itself take a while
            verdict, late = self._verdict()
            if verdict.well and not late:
                await asyncio.sleep(STAY_S)
                verdict, late = self._verdict()
            agreed = verdict.well and not late
            # Too late is not lost: wait on, to tell the two apart.
            if agreed or last_s + took_s > limit_s + PATIENCE_S:
                break
            # Also when it did not last: a film that ends may send a display on by a level.
            missing = f"{late} were not back; {'; '.join(verdict.complaints)}"
            missing_s = took_s
            await asyncio.sleep(0.05)
        kind = "a half-open one" if half_open else "others"
        self.report.agreed_s[kind] = max(self.report.agreed_s.get(kind, 0.0), took_s)
        if agreed:  # at once, before a display takes its next step
            verdict, late = self._verdict(final=True)
        else:  # in a thread: counting errors takes a while, and the pipes must be read
            verdict, late = await asyncio.to_thread(self._verdict, final=True)
        if verdict.well and not late:
            await self._look_at_stages(verdict)
        if self._careful:
            rests = self._judge.life.epoch if verdict.well and not late else None
            verdict.add(self._outputs.judge(rests))
        self.report.verdict.add(verdict)
        # It agreed between two looks: too late if that was so at the earlier one.
        too_late = last_s + missing_s > limit_s
        self.report.late += too_late
        if too_late and verdict.well and not late:
            when = f"after {missing_s:.2f} s instead of {limit_s - last_s:.2f} s"
            print(f"TOO LATE in seed {self._seed}, round {plan.number}: {when} {missing}")
        if too_late or late or not verdict.well:
            self._complain(plan, verdict, late)
        elif self._verbose:
            self._print_timeline()
        self._judge.agree()

    async def _look_at_stages(self, verdict: Verdict) -> None:
        """Compare what is on the screen of each stage with where the oracle has it."""
        for number in range(self._modelled, self._count):
            records = self._judge.screens[number].records
            self._order(Order(number, "look"))
            async with asyncio.timeout(PATIENCE_S):
                while not (records and isinstance(records[-1], Seen)):
                    await asyncio.sleep(0.02)
            seen = records[-1]
            assert isinstance(seen, Seen)
            page = self._judge.page_of(number)
            self.report.looks += 1
            if seen.path != f"/{page}":
                verdict.phantom["edge"] += 1
                verdict.complaints.append(
                    f"display {number} shows {seen.path or 'nothing'}, and is on {page}"
                )

    async def _press(self, waves: list[Wave], start_s: float) -> None:
        """Play one pin's waves, one after the other."""
        for wave in waves:
            pin = self._pins[wave.pin]
            await asyncio.sleep(max(0.0, start_s + wave.after_s - time.monotonic()))
            if not self._up.is_set():
                self.report.while_down += 1
                continue
            life, contact = self._judge.life, self._contacts[wave.pin]
            if wave.play == "timed":
                await self._press_timed(wave, life, contact)
                continue
            for step in wave.steps:
                await asyncio.sleep(step.pause_s)
                if life is not self._judge.life or not self._up.is_set():
                    break
                drive = await contact.drive(pin.level(step.active))
                self._driven_s[wave.pin] = time.monotonic()
                self._drove.set()
                life.drives[wave.pin].append(drive)
                self.report.levels += 1
                if drive.acked_s is None:
                    break
            else:
                self.report.presses[wave.kind] += 1
                self.report.plays[wave.play] += wave.kind != "glitch"
                await asyncio.sleep(HELD * pin.debounce_s)
                continue
            self.report.cut_short += 1
        times = self._graph.hands.get(waves[0].pin) if waves else None
        if times is not None:
            await asyncio.sleep(times.dwell_s + times.cooldown_s)  # what is pending comes to count

    async def _press_timed(self, wave: Wave, life: Life, contact: Contact) -> None:
        """Press a pin by one request, and wait until that is over."""
        pin, for_s = self._pins[wave.pin], wave.steps[1].pause_s
        drives = await contact.press(pin.level(True), pin.rest, for_s)
        life.drives[wave.pin] += drives
        self.report.levels += 1
        if drives[0].acked_s is None:
            self.report.cut_short += 1
            return
        self._timed_until_s = drives[1].sent_s
        self._drove.set()
        self.report.presses[wave.kind] += 1
        self.report.plays[wave.play] += 1
        await asyncio.sleep(for_s + HELD * pin.debounce_s)

    # ------------------------------------------------------------ faults

    async def _make(self, fault: Fault, start_s: float) -> None:
        """Make a fault, and note whom it touched."""
        await asyncio.sleep(max(0.0, start_s + fault.after_s - time.monotonic()))
        if fault.kind in (*RESTARTS, *ON_THE_SERVER):
            async with self._one_at_a_time:
                await self._up.wait()
                await self._make_now(fault)
        else:
            await self._make_now(fault)

    async def _make_now(self, fault: Fault) -> None:
        if fault.kind in ON_THE_SERVER:
            await self._aim(timed=fault.kind == "freeze" and fault.for_s > LONG_S)
        from_s = time.monotonic()
        self._say(f"fault {fault}")
        touched = {fault.target}
        if fault.kind in RESTARTS:
            touched = set(range(self._count))
            await self._restart(fault.kind, fault.for_s)
        elif fault.kind == "freeze":
            assert self._bridge is not None
            touched = set(range(self._count))
            self.report.stopped += from_s < self._timed_until_s
            await self._stop(fault.for_s, self._bridge.process.pid)
        elif fault.kind == "hold-up":
            touched = set(range(self._count))
            self._clock.hold_up(fault.for_s)
            await asyncio.sleep(fault.for_s)
        elif fault.kind == "stop-displays":
            touched = set(range(self._modelled)[fault.target :: self._groups])
            await self._stop(fault.for_s, self._children[fault.target].pid)
        elif fault.kind == "stop-proxy":
            assert self._proxy is not None
            touched = set(range(self._count))
            await self._stop(fault.for_s, self._proxy.pid)
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
        self._judge.touched.append(
            Touched(fault.kind, frozenset(touched), from_s, time.monotonic())
        )
        if fault.kind in (*RESTARTS, *ON_THE_SERVER):
            self._outputs.held_up(from_s, time.monotonic())
        self._say(f"fault over: {fault.kind} {fault.target}")

    async def _leave(self, fault: Fault) -> bool:
        """Close a tab; open another one, with nothing stored, a while later."""
        screen = self._judge.screens[fault.target]
        if not screen.open:
            return False
        screen.open = False
        self._order(Order(fault.target, "close"))
        await asyncio.sleep(fault.for_s)
        # A stopped process closes it when it goes on.
        async with asyncio.timeout(10):
            while not (screen.records and isinstance(screen.records[-1], Ended)):
                await asyncio.sleep(0.02)
        screen.close()
        screen.open = True
        self._order(Order(fault.target, "open", self._first_page(fault.target)))
        return True

    async def _stop(self, for_s: float, *pids: int) -> None:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(for_s)
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    async def _aim(self, timed: bool) -> None:
        """Wait for a moment when levels of two pins have been driven, and neither has settled.

        Args:
            timed: wait for one when a press lasts that is one request, instead.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AIM_FOR_S):
                while True:
                    self._drove.clear()
                    await self._drove.wait()
                    now_s = time.monotonic()
                    recent = sum(now_s - at_s < AIM_S for at_s in self._driven_s.values())
                    if now_s < self._timed_until_s if timed else recent > 1:
                        return

    def _order(self, order: Order) -> None:
        modelled = order.display < self._modelled
        child = self._children[order.display % self._groups if modelled else -1]
        child.pipe.send(order)

    def _send(self, order: Order) -> None:
        assert self._proxy is not None
        self._proxy.pipe.send(order)

    def _first_page(self, number: int) -> str:
        """Where a display's visitors begin."""
        return self._pages[number % graph.PAGES]

    # ------------------------------------------------------------ what is said

    def _verdict(self, final: bool = False) -> tuple[Verdict, list[int]]:
        """What the oracle says now, and the displays that are not back."""
        verdict, late = self._judge.judge(final)
        verdict.complaints += self._failures
        return verdict, late

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
        # Any display may be why an output is as it is.
        only = None if self._verbose or not (named or late) else set([*sorted(named), *late][:4])
        self._print_timeline(only)
        print(f"  replay: python -m faults --seeds {self._seed} --verbose", flush=True)


def _event(frame: dict[str, Any]) -> Event:
    """What the witness saw just now."""
    now_s = time.monotonic()
    press, began_seq = frame.get("press"), frame.get("began")
    return Event(frame["seq"], frame["pin"], frame["event"], now_s, press, began_seq)


def play(work: Awaitable[Report]) -> Report:
    """Run a seed to its end."""

    async def main() -> Report:
        return await work

    return asyncio.run(main())
