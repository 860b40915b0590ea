"""What a seed's outputs do, as the simulator's page is told; judged once a round.

Beside the witness, whose page is one of the exhibit's, this socket hears of outputs, too.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from faults.graph import Graph, Named, Output, pins_of
from faults.oracle.facts import Event, Verdict
from faults.oracle.outputs import Change, Telling, judge_outputs, judge_rest
from faults.oracle.sights import BACK_S, GIVEN_UP_S, GONE_S, Sights
from faults.records import Record
from faults.report import Report
from faults.websocket import FAILURES, Closed, WebSocket, open_websocket

PAGE = "simulator"
BEFORE_S = 0.3
AFTER_S = 1.0
"""A server that is held up is late for so long after that, and may have been just before."""

LOOK_S = 0.05
LATE_S = 0.1

KEPT_S = GIVEN_UP_S + GONE_S + BACK_S


class Outputs:
    """All that is known of outputs.

    Args:
        graph: the exhibit's rules.
        outputs: its outputs.
        displays: how many there are.
        first_stage: the number of the first one in a real browser, which doesn't note what it says.
        report: takes the figures.
        say: takes what is to be printed when something is wrong.
        named: the displays that the configuration names, by number.
    """

    def __init__(
        self,
        graph: Graph,
        outputs: dict[str, Output],
        displays: int,
        first_stage: int,
        report: Report,
        say: Callable[[str], None],
        named: Mapping[int, Named],
    ) -> None:
        self._graph = graph
        self._outputs = outputs
        self._first_stage = first_stage
        self._report = report
        self._say = say
        self._named = named
        self._tabs = [[self._new_tab(number)] for number in range(displays)]
        self._tellings: dict[str, Telling] = {}
        self._blind: list[tuple[float, float]] = []

    async def listen(self, port: int) -> tuple[WebSocket, Telling]:
        """Open the socket; `hear` is to be run then."""
        socket = await open_websocket(port, f"/ws/{PAGE}?display=lamps")
        state = await socket.frame()
        assert isinstance(state, dict), state
        telling = Telling(str(state["epoch"]))
        self._tellings[telling.epoch] = telling
        return socket, telling

    async def hear(self, socket: WebSocket, telling: Telling) -> None:
        """Note what the server tells until it ends."""
        heard: set[str] = set()
        with contextlib.suppress(*FAILURES):
            while not isinstance(frame := await socket.frame(), Closed):
                assert isinstance(frame, dict)
                if frame["type"] == "output":
                    self._note(telling, frame, first=frame["output"] not in heard)
                    heard.add(frame["output"])
                elif frame["type"] == "edge":
                    now_s = time.monotonic()
                    telling.told.append(Event(frame["seq"], frame["pin"], frame["event"], now_s))
        telling.to_s = time.monotonic()
        socket.forget()

    def _note(self, telling: Telling, frame: dict[str, Any], *, first: bool) -> None:
        name, state = str(frame["output"]), str(frame["state"])
        telling.told.append(Change(name, state, time.monotonic(), first))
        self._report.outputs[state if not first else "first"] += 1
        self._say(f"output {name}: {state}")

    async def look_for_delays(self) -> None:
        """Note when this process itself was late: then it was told late, too."""
        while True:
            from_s = time.monotonic()
            await asyncio.sleep(LOOK_S)
            now_s = time.monotonic()
            if now_s - from_s > LOOK_S + LATE_S:
                self.held_up(from_s, now_s)

    def take(self, number: int, record: Record) -> None:
        """Take a display's note."""
        tabs = self._tabs[number]
        if tabs[-1].ended:
            tabs.append(self._new_tab(number))
        tabs[-1].take(record)

    def held_up(self, from_s: float, to_s: float) -> None:
        """Take note that the server was held up, or was ended and started again."""
        self._blind.append((from_s - BEFORE_S, to_s + AFTER_S))

    def judge(self, at_rest: str | None) -> Verdict:
        """Say what was wrong since the last time.

        Args:
            at_rest: the server that runs, if all displays have come to rest; else None.
        """
        now_s = time.monotonic()
        verdict = Verdict()
        tabs = [tab for number in self._tabs for tab in number]
        for telling in self._tellings.values():
            verdict.add(judge_outputs(self._outputs.values(), telling, tabs, self._blind, now_s))
        if at_rest is not None:
            telling = self._tellings[at_rest]
            verdict.add(judge_rest(self._outputs.values(), telling, tabs, now_s))
        self._go_on(now_s)
        return verdict

    def _go_on(self, now_s: float) -> None:
        for epoch, telling in [*self._tellings.items()]:
            telling.go_on(now_s, self._outputs)
            if telling.to_s < now_s:
                del self._tellings[epoch]
        for tabs in self._tabs:
            for tab in tabs:
                tab.forget(now_s - KEPT_S, self._tellings)
            tabs[:-1] = [tab for tab in tabs[:-1] if tab.shows or tab.ways or tab.spans]
        self._blind = [(a, b) for a, b in self._blind if b > now_s - KEPT_S]

    def _new_tab(self, number: int) -> Sights:
        pins = pins_of(self._named, number)
        certain = number < self._first_stage
        return Sights(self._graph.obeying(pins), self._graph.leading(number, pins), certain)
