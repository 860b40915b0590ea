"""Messages of the application: each once, in order, to whoever was there the whole time.

A socket is told, behind its first frame, the newest message under each key; then all that follow,
one by one, as long as it lasts. Orders and messages are numbered together, so that numbers have
gaps; they only rise. An edge never waits for a message that was sent behind it.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from faults.oracle.facts import Event, Message
from faults.oracle.life import Socket

Finding = tuple[str, str]
"""Whether something was "lost" or "phantom", and what."""


def judge_messages(
    socket: Socket, messages: Sequence[Message], events: Sequence[Event]
) -> Iterator[Finding]:
    """Say what is wrong with the messages that a socket was sent.

    Args:
        socket: the socket.
        messages: of that life of the server, in order.
        events: the same.
    """
    got = [number for number, _ in socket.got]
    by_number = {message.number: message for message in messages}
    for before, after in pairwise(got):
        if after <= before:
            yield "phantom", f"message {after} came behind {before}"
    last = max(got, default=-1)
    for message in messages:
        owed = message.acked and message.sent_s > socket.got_s and message.number < last
        if owed and message.number not in got:
            yield "lost", f"message {message.number} did not come, but {last} did"
    if not socket.carried:
        yield from _judge_retained(socket, messages)
    for number, seq in socket.got:
        message = by_number.get(number)
        if message is None:
            continue  # of a round before
        late = [event.seq for event in events if event.seen_s < message.sent_s and event.seq > seq]
        if late:
            yield "lost", f"event {late[0]} had to come before message {number}"


def _judge_retained(socket: Socket, messages: Sequence[Message]) -> Iterator[Finding]:
    """What was surely kept, or surely not, when the socket was asked for."""
    got = [number for number, _ in socket.got]
    past = [message for message in messages if message.seen_s < socket.sent_s]
    newest = {message.retain: message.number for message in past if message.retain is not None}
    for message in past:
        if message.number in got and newest.get(message.retain) != message.number:
            yield "phantom", f"message {message.number} came, but was past"
    # Behind a message that was sent when it was there, all that was kept has come.
    if not any(m.number in got and m.sent_s > socket.got_s for m in messages):
        return
    for key, number in newest.items():
        if not any(m.retain == key and m.number >= number and m.number in got for m in messages):
            yield "lost", f"message {number} was kept under {key}, and did not come"
