"""The application: it sends displays to pages, and messages to all, one after the other."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import inf

from faults.driver import Caller
from faults.graph import GROUP, Named, display_name
from faults.judge import Judge
from faults.oracle.facts import Message, Move
from faults.report import Report
from faults.schedule import Call

WITNESS = "witness"
"""The name of the one display that no order is for."""


class Application:
    """What speaks to a server over HTTP; orders and messages are numbered together.

    Args:
        judge: is told of each, for the life of the server that runs then.
        report: takes the figures.
        say: takes what is to be printed when something is wrong.
        named: the displays that the configuration names, by number.
    """

    def __init__(
        self,
        judge: Judge,
        report: Report,
        say: Callable[[str], None],
        named: Mapping[int, Named],
    ) -> None:
        self._judge = judge
        self._group = frozenset(display_name(at) for at, each in named.items() if each.group)
        self._report = report
        self._say = say
        self._caller = Caller(0)
        self._number = 0

    def begin(self, port: int) -> None:
        """A server is up."""
        self._caller = Caller(port)

    def end(self) -> None:
        """It is gone."""
        self._caller.close()

    async def call_all(self, calls: Sequence[Call], start_s: float, up: asyncio.Event) -> None:
        """Make the calls of a round; behind each order comes a message.

        Args:
            calls: in order.
            start_s: when the round began, in monotonic seconds.
            up: whether there is a server; what comes while there is none is left out.
        """
        for call in calls:
            await asyncio.sleep(max(0.0, start_s + call.after_s - time.monotonic()))
            if not up.is_set():
                continue
            if call.to is not None:
                await self._send_order(call, call.to)
            await self.send_message(call.retain)

    async def send_message(self, retain: str | None) -> int:
        """Send a message to all displays; return its number."""
        life = self._judge.life
        self._number = number = self._number + 1
        body: dict[str, object] = {"data": {"number": number}}
        body |= {"retain": retain} if retain else {}
        sent = Message(number, retain, time.monotonic(), inf, False)
        life.messages.append(sent)
        answer = await self._caller.post("/api/messages", body)
        life.messages.remove(sent)
        acked = answer.acked_s is not None
        life.messages.append(replace(sent, sent_s=answer.sent_s, acked=acked))
        self._report.messages += acked
        return number

    async def _send_order(self, call: Call, to: str) -> None:
        life = self._judge.life
        self._number = number = self._number + 1
        name = None if call.display is None else display_name(call.display)
        body: dict[str, object] = {"to": to, "exclude": WITNESS}
        body |= {"page": call.page} if call.page else {}
        body |= {"display": name} if name else {}
        group = self._group if call.group and self._group else None
        body |= {"group": GROUP} if group else {}
        self._say(f"order {number}: {body}")
        # It may work before its answer is there.
        sent = Move(number, to, call.page, name, time.monotonic(), inf, False, group)
        life.moves.append(sent)
        answer = await self._caller.post("/api/navigate", body)
        life.moves.remove(sent)
        life.moves.append(replace(sent, sent_s=answer.sent_s, acked=answer.acked_s is not None))
        self._report.moves += answer.acked_s is not None
