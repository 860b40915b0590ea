"""The open sockets, with a WebSocket client of wsproto's at the other end of each."""

import json
import logging
import selectors
import socket
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    Request,
    TextMessage,
)

from gpiobridge.core import wire
from gpiobridge.core.events import CloseClients
from gpiobridge.displays.audience import Audience, Display, SentMessage
from gpiobridge.displays.connection import Connection, text_frame
from gpiobridge.displays.hub import (
    CLOSE_WAIT_S,
    MAX_CLIENT_FRAMES_A_SECOND,
    MAX_MESSAGES_BYTES,
    MAX_OUTBOX_BYTES,
    Hub,
)
from gpiobridge.displays.observer import DisplayObserver, Gone
from gpiobridge.displays.slots import KEPT_S, Slots
from gpiobridge.loop.counts import Counts

BEAT_S = 2.0
MAX_DISPLAYS = 60


def press(began_s: float | None = 0.0) -> CloseClients:
    """Make the order of a press on the page welcome, of which all are to be told."""
    return CloseClients("welcome", "open", 1, began_s)


BEAT = TextMessage(wire.BEAT)
PEER_S = 20.0  # how long a peer waits for what must come


@dataclass
class Peer:
    """A browser: the other end of a display's socket."""

    sock: socket.socket
    ws: WSConnection
    _events: list[Event] = field(default_factory=list)

    def send(self, event: Event) -> None:
        """Send one frame."""
        self.sock.sendall(self.ws.send(event))

    def receive(self) -> Event:
        """Wait for the next frame."""
        while not self._events:
            data = self.sock.recv(65536)
            assert data, "the hub hung up"
            self.ws.receive_data(data)
            self._events += self.ws.events()
        return self._events.pop(0)

    def receive_close(self) -> tuple[int, str | None]:
        """Wait for the close frame, whatever comes before; return its code and reason."""
        while not isinstance(event := self.receive(), CloseConnection):
            pass
        return event.code, event.reason

    def hung_up_on(self) -> bool:
        """Whether the hub's direction has ended, after all frames were received."""
        try:
            return not self._events and self.sock.recv(1) == b""
        except ConnectionResetError:  # it left what we sent unread
            return True

    def has_nothing(self) -> bool:
        """Whether no frame has come; the hub writes at once, so there is nothing to wait for."""
        self.sock.setblocking(False)
        try:
            return not self._events and not self.sock.recv(1)
        except BlockingIOError:
            return True
        finally:
            self.sock.settimeout(PEER_S)


class Messages(DisplayObserver):
    """Keeps what pages send."""

    def __init__(self, messages: list[SentMessage]) -> None:
        self._messages = messages

    def message_came(self, message: SentMessage) -> None:
        """Keep one."""
        self._messages.append(message)


class Room:
    """A hub, and the peers that are connected to it."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.now_s = 0.0  # for the slots that are kept
        self.slots = Slots(MAX_DISPLAYS, now=lambda: self.now_s)
        self.counts = Counts()
        self.messages: list[SentMessage] = []
        self.hub = Hub(
            self.selector,
            self.slots,
            BEAT_S,
            (self.counts, Messages(self.messages)),
            pages=("welcome", "help"),
        )
        self.peers: list[Peer] = []

    def join(
        self,
        page: str = "welcome",
        *texts: str,
        tcp: bool = False,
        root: str = "",
        client: str | None = None,
        seat: str = "",
    ) -> tuple[Peer, Connection]:
        """Let a display on ``page`` join at 0 s."""
        ours, theirs = tcp_pair() if tcp else socket.socketpair()
        ours.setblocking(False)
        theirs.settimeout(PEER_S)
        server, browser = WSConnection(ConnectionType.SERVER), WSConnection(ConnectionType.CLIENT)
        server.receive_data(browser.send(Request(host="pi", target=f"/ws/{page}")))
        assert len(list(server.events())) == 1
        browser.receive_data(server.send(AcceptConnection()))
        assert len(list(browser.events())) == 1
        peer = Peer(theirs, browser)
        slot = self.slots.take(client, seat)
        connection = Connection(ours, server, Display(page), root=root, slot=slot)
        self.peers.append(peer)
        self.hub.adopt(connection, texts, 0.0)
        return peer, connection

    def serve(self, now_s: float = 0.0) -> None:
        """Serve the sockets that are ready, until none is (or none but stalled ones)."""
        while (ready := self.selector.select(0)) or self.hub.has_unread:
            for key, events in ready:
                self.hub.handle(key.data, events)
            self.hub.read(now_s)

    def close(self) -> None:
        """Close every socket."""
        for connection in self.hub.connections:
            connection.sock.close()
        for peer in self.peers:
            peer.sock.close()
        self.selector.close()


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Make a TCP connection: its server's end and its client's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # a peer that soon is full
        client.connect(listener.getsockname())
        return listener.accept()[0], client


@pytest.fixture
def room() -> Iterator[Room]:
    """A hub without displays."""
    room = Room()
    yield room
    room.close()


def stall(room: Room) -> tuple[Peer, Connection]:
    """Let a display join that doesn't read, and fill all that the kernel takes for it."""
    peer, connection = room.join("stalled", tcp=True)
    while not connection.outbox:
        room.hub.broadcast("x" * 1000, 0.0)
    return peer, connection


# -------------------------------------------------------------------- frames out


def test_a_display_that_joins_is_told_its_frames_in_order(room: Room) -> None:
    """The state comes first, then an edge that it missed."""
    peer, _ = room.join("welcome", "state", "edge")
    assert [peer.receive(), peer.receive()] == [TextMessage("state"), TextMessage("edge")]


def test_a_broadcast_reaches_every_display(room: Room) -> None:
    """Every display hears of every edge, whatever its page."""
    peers = [room.join(page)[0] for page in ("welcome", "open", "open")]
    room.hub.broadcast("edge", 0.0)
    assert [peer.receive() for peer in peers] == [TextMessage("edge")] * 3


def test_a_display_that_stopped_reading_is_dropped(room: Room) -> None:
    """A display is at most 64 KB behind."""
    _, connection = stall(room)
    while len(connection.outbox) <= MAX_OUTBOX_BYTES - 2000:
        room.hub.broadcast("x" * 1000, 0.0)
        assert connection in room.hub.connections
    for _ in range(3):
        room.hub.broadcast("x" * 1000, 0.0)
    assert connection not in room.hub.connections


def test_a_stalled_display_delays_no_other(room: Room) -> None:
    """Another display gets each frame at once, before and after the stalled one is dropped."""
    _, stalled = room.join("stalled", tcp=True)
    good, _ = room.join("welcome", tcp=True)
    number = 0
    while stalled in room.hub.connections:
        text = f"{number:01000}"
        room.hub.broadcast(text, 0.0)
        assert good.receive() == TextMessage(text)
        number += 1
    assert number * 1000 > MAX_OUTBOX_BYTES


def test_what_a_slow_display_reads_late_is_whole_and_in_order(room: Room) -> None:
    """A short write is continued where it ended."""
    peer, connection = stall(room)
    room.hub.broadcast("last", 0.0)
    received = []
    while received[-1:] != [TextMessage("last")]:
        room.serve()
        received.append(peer.receive())
    assert set(received[:-1]) == {TextMessage("x" * 1000)}
    assert connection.outbox == b""


# -------------------------------------------------------------------- closes


def test_a_press_closes_the_displays_of_its_page_with_the_next_path(room: Room) -> None:
    """Only they leave, and each is sent to its own application's prefix."""
    leaving = [room.join("welcome", root=root)[0] for root in ("", "/museum")]
    staying, _ = room.join("open")
    assert room.hub.navigate("/open", press(), 0.0) == 2
    assert [peer.receive_close() for peer in leaving] == [(4000, "/open"), (4000, "/museum/open")]
    assert staying.has_nothing()


def test_a_close_comes_whole_after_the_frames_that_wait(room: Room) -> None:
    """A close frame never lands inside another frame, however far behind the display is."""
    peer, connection = stall(room)
    room.hub.leave(connection, "/open", 0.0)
    room.hub.broadcast("not for one that leaves", 0.0)
    received = []
    while not received or isinstance(received[-1], TextMessage):
        room.serve()
        received.append(peer.receive())
    assert set(received[:-1]) == {TextMessage("x" * 1000)}
    assert received[-1] == CloseConnection(4000, "/open")
    assert peer.has_nothing()


def test_the_hub_ends_its_direction_once_the_peer_has_closed(room: Room) -> None:
    """Firefox leaves frames unread where TCP ends right behind the close frame (row 47)."""
    peer, connection = room.join()
    room.hub.leave(connection, "/open", 0.0)
    assert peer.receive_close() == (4000, "/open")
    room.serve()
    assert peer.has_nothing()
    peer.send(CloseConnection(4000))
    room.serve()
    assert peer.hung_up_on()
    assert connection in room.hub.connections
    peer.sock.close()
    room.serve()
    assert connection not in room.hub.connections


def test_where_the_peer_closes_first_the_hub_ends_its_direction_at_once(room: Room) -> None:
    """A browser that leaves a page waits for that (row 47)."""
    peer, connection = room.join()
    peer.send(CloseConnection(1000))
    room.serve()
    assert peer.receive_close()[0] == 1000
    assert peer.hung_up_on()
    assert connection.closing


def test_what_a_peer_sent_before_it_read_the_close_is_passed_over(room: Room) -> None:
    """It changes nothing, and the peer's close frame behind it is found (row 47)."""
    peer, connection = room.join()
    room.hub.leave(connection, "/open", 0.0)
    for text in ("nonsense", '{"type":"message","data":1}', '{"type":"taking","since_ms":-1}'):
        peer.send(TextMessage(text))
    peer.send(CloseConnection(4000))
    room.serve()
    assert peer.receive_close() == (4000, "/open")
    assert peer.hung_up_on()
    assert (room.messages, connection.standing.taking_since_s) == ([], -inf)


def test_a_peer_that_does_not_hang_up_is_dropped(room: Room) -> None:
    """A peer has a second to take our close; the deadline says when that is over."""
    _, connection = room.join()
    room.hub.leave(connection, "/open", 10.0)
    room.hub.tick(10.0 + CLOSE_WAIT_S - 0.01)
    assert connection in room.hub.connections
    assert room.hub.deadline_s == 10.0 + CLOSE_WAIT_S
    room.hub.tick(10.0 + CLOSE_WAIT_S)
    assert connection not in room.hub.connections


def test_a_display_that_is_leaving_leaves_once(room: Room) -> None:
    """A second press before the peer hangs up doesn't close it again."""
    peer, connection = room.join()
    room.hub.leave(connection, "/open", 0.0)
    assert room.hub.navigate("/help", press(), 0.1) == 0
    assert not room.hub.leave(connection, "/help", 0.1)
    assert peer.receive_close() == (4000, "/open")
    assert peer.has_nothing()
    assert connection in room.hub.connections


def test_a_display_that_has_gone_is_sent_nowhere(room: Room) -> None:
    """What was sent to no display is counted for none (row 3)."""
    peer, connection = room.join()
    peer.sock.close()
    assert room.hub.move("/open", Audience(), 0.0) == 0
    assert connection not in room.hub.connections


# -------------------------------------------------------------------- taking presses


@pytest.mark.parametrize(
    ("since_ms", "began_s", "leaves"),
    [
        ("null", 20.0, False),  # it takes none now
        ("null", None, False),  # nor a level
        ("0", 9.9, False),  # it began before
        ("0", 10.0, True),
        ("0", None, True),  # a level has no beginning
        ("500", 9.6, True),
        ("500.5", 9.4, False),
    ],
)
def test_a_press_closes_only_where_the_page_took_presses_when_it_began(
    room: Room, since_ms: str, began_s: float | None, leaves: bool
) -> None:
    """The page says for how long it has taken presses, at 10 s (rows 1 and 4)."""
    peer, _ = room.join()
    peer.send(TextMessage(f'{{"type":"taking","since_ms":{since_ms}}}'))
    room.serve(10.0)
    assert room.hub.navigate("/open", press(began_s), 20.0) == leaves


def test_a_page_that_takes_no_presses_obeys_an_order_and_is_told_all(room: Room) -> None:
    """Only presses and levels are held back (row 3)."""
    peer, _ = room.join()
    peer.send(TextMessage('{"type":"taking","since_ms":null}'))
    room.serve()
    room.hub.broadcast("edge", 1.0)
    assert peer.receive() == TextMessage("edge")
    assert room.hub.move("/open", Audience(), 1.0) == 1
    # Right behind the edge, the close would be a press's.
    assert [peer.receive(), peer.receive()] == [BEAT, CloseConnection(4000, "/open")]


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"taking"}',
        '{"type":"taking","since_ms":-1}',
        '{"type":"taking","since_ms":"0"}',
        '{"type":"taking","since_ms":true}',
        '{"type":"taking","since_ms":1e999}',
        '{"type":"taking","since_ms":[]}',
        f'{{"type":"taking","since_ms":1{"0" * 400}}}',
    ],
)
def test_nonsense_about_taking_presses_breaks_a_rule(room: Room, frame: str) -> None:
    """The reason says what is right."""
    peer, _ = room.join()
    peer.send(TextMessage(frame))
    room.serve()
    assert peer.receive_close() == (1008, "since_ms must be null, or milliseconds from 0 on")


def test_when_the_server_stops_every_display_is_told(room: Room) -> None:
    """1001 lets a page reconnect; only 4000 navigates."""
    peers = [room.join()[0] for _ in range(3)]
    room.hub.close_all(0.0)
    assert [peer.receive_close()[0] for peer in peers] == [1001] * 3


@pytest.mark.parametrize("code", [1000, 1001, None])
def test_a_peers_own_close_is_answered_with_the_same(room: Room, code: int | None) -> None:
    """A page that is left closes its socket; the answer is its own code, if it had one."""
    peer, connection = room.join()
    frame = b"\x88\x80abcd" if code is None else peer.ws.send(CloseConnection(code))
    peer.sock.sendall(frame)
    room.serve()
    assert peer.receive_close()[0] == (1005 if code is None else code)
    assert peer.hung_up_on()
    peer.sock.close()
    room.serve()
    assert connection not in room.hub.connections


def test_a_peer_that_vanishes_is_dropped(room: Room) -> None:
    """A connection that ends without a close frame leaves no display behind."""
    peer, connection = room.join()
    peer.sock.close()
    room.serve()
    assert connection not in room.hub.connections


# -------------------------------------------------------------------- beats


def test_a_beat_is_due_when_nothing_else_was_sent(room: Room) -> None:
    """Each display gets a sign of life after the beat time without a frame, not sooner."""
    peer, _ = room.join()
    room.hub.tick(BEAT_S - 0.1)
    assert peer.has_nothing()
    room.hub.tick(BEAT_S)
    assert peer.receive() == BEAT


def test_a_frame_puts_the_next_beat_off(room: Room) -> None:
    """Any frame is a sign of life."""
    peer, _ = room.join()
    room.hub.broadcast("edge", 1.5)
    assert room.hub.deadline_s == 1.5 + BEAT_S
    room.hub.tick(BEAT_S)
    assert peer.receive() == TextMessage("edge")
    assert peer.has_nothing()


def test_without_a_display_nothing_is_due(room: Room) -> None:
    """The process sleeps until something happens."""
    peer, _ = room.join()
    assert room.hub.deadline_s == BEAT_S
    peer.sock.close()
    room.serve()
    assert room.hub.deadline_s is None


def test_a_display_that_has_answered_and_misses_three_beats_is_dropped(room: Room) -> None:
    """It is given up when the fourth is due; an answer starts the count anew."""
    peer, connection = room.join()
    for beat in range(1, 5):
        room.hub.tick(beat * BEAT_S)
        if beat == 1:
            peer.send(BEAT)
            room.serve()
    assert connection in room.hub.connections
    room.hub.tick(5 * BEAT_S)
    assert connection not in room.hub.connections


def test_a_display_that_answers_every_beat_stays(room: Room) -> None:
    """A page that is alive is never dropped."""
    peer, connection = room.join()
    for beat in range(1, 12):
        room.hub.tick(beat * BEAT_S)
        peer.send(BEAT)
        room.serve()
    assert connection in room.hub.connections


def test_a_display_that_never_answered_a_beat_stays(room: Room) -> None:
    """A plain page with an ``onclose`` handler doesn't know beats."""
    _, connection = room.join()
    for beat in range(1, 12):
        room.hub.tick(beat * BEAT_S)
    assert connection in room.hub.connections


# -------------------------------------------------------------------- messages in


def message_of(length: int) -> str:
    """Make a message of ``length`` bytes."""
    empty = json.dumps({"type": "later", "data": ""})
    return json.dumps({"type": "later", "data": "x" * (length - len(empty))})


def test_a_message_of_the_largest_size_is_taken(room: Room) -> None:
    """The limit itself is allowed, and an unknown type is left to later versions."""
    peer, connection = room.join()
    peer.send(TextMessage(message_of(wire.MAX_MESSAGE_BYTES)))
    room.serve()
    assert connection in room.hub.connections
    assert peer.has_nothing()


def test_small_messages_never_add_up_to_a_large_one(room: Room) -> None:
    """The limit is for each message."""
    peer, _ = room.join()
    for _ in range(5):
        peer.send(TextMessage(message_of(wire.MAX_MESSAGE_BYTES // 2)))
        room.serve()
    assert peer.has_nothing()


@pytest.mark.parametrize("how", ["whole", "fragmented", "unfinished", "byte by byte"])
def test_a_message_over_the_limit_is_refused(room: Room, how: str) -> None:
    """However it comes in, 1009 is said as soon as it is too large."""
    peer, _ = room.join()
    text = message_of(wire.MAX_MESSAGE_BYTES + 1)
    if how in ("fragmented", "unfinished"):
        for at in range(0, len(text), 1000):
            finished = how == "fragmented" and at + 1000 >= len(text)
            peer.send(TextMessage(text[at : at + 1000], message_finished=finished))
            room.serve()
    else:
        frame = peer.ws.send(TextMessage(text))
        step = 1 if how == "byte by byte" else len(frame)
        for at in range(0, len(frame), step):
            peer.sock.sendall(frame[at : at + step])
            room.serve()
    assert peer.receive_close()[0] == 1009


def test_the_limit_counts_bytes(room: Room) -> None:
    """A message of characters outside ASCII is as large as its UTF-8."""
    peer, _ = room.join()
    peer.send(TextMessage("é" * (wire.MAX_MESSAGE_BYTES // 2 + 1)))
    room.serve()
    assert peer.receive_close()[0] == 1009


@pytest.mark.parametrize(
    "event",
    [
        BytesMessage(b'{"type":"beat"}'),
        TextMessage("not json"),
        TextMessage("[]"),
        TextMessage('{"data":1}'),
        TextMessage(""),
    ],
)
def test_what_is_no_json_object_with_a_type_breaks_the_rules(room: Room, event: Event) -> None:
    """1008 says that the client is wrong, and why."""
    peer, _ = room.join()
    peer.send(event)
    room.serve()
    code, reason = peer.receive_close()
    assert code == 1008
    assert reason


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x81\x02{}", 1002),  # not masked
        (b"\x83\x80abcd", 1002),  # an opcode that is reserved
        (b"\xc1\x80abcd", 1002),  # a bit of an extension that was not agreed on
        (b"\x80\x80abcd", 1002),  # a continuation of nothing
        (b"\x89\xfe\x00\x7eabcd", 1002),  # a ping that is too long
        (b"\x88\x81abcd\x00", 1002),  # a close with half a code
        (b"\x81\x82\x00\x00\x00\x00\xff\xfe", 1007),  # not UTF-8
        (b"\x81\x81\x00\x00\x00\x00\xc3", 1007),  # UTF-8 that is cut short
    ],
)
def test_a_broken_frame_ends_the_socket_with_the_protocols_code(
    room: Room, frame: bytes, code: int
) -> None:
    """A client that breaks the protocol is told so, and nobody else notices."""
    peer, _ = room.join()
    other, _ = room.join()
    peer.sock.sendall(frame)
    room.serve()
    assert peer.receive_close()[0] == code
    assert peer.hung_up_on()
    room.hub.broadcast("edge", 0.0)
    assert other.receive() == TextMessage("edge")


def test_a_ping_is_answered(room: Room) -> None:
    """Other clients than browsers may ping; the pong has the same payload."""
    peer, _ = room.join()
    peer.send(Ping(b"are you there"))
    room.serve()
    assert peer.receive() == Pong(b"are you there")


def test_what_comes_after_our_close_is_discarded(room: Room) -> None:
    """Even a broken frame no longer has an answer."""
    peer, connection = room.join()
    room.hub.leave(connection, "/open", 0.0)
    peer.sock.sendall(b"\x81\x02{}")
    room.serve()
    assert peer.receive_close() == (4000, "/open")
    assert peer.hung_up_on()
    assert connection in room.hub.connections


# -------------------------------------------------------------------- slots


def test_a_display_gives_its_slot_back_once(room: Room) -> None:
    """A hang-up and the end of its time to hang up don't count twice."""
    peer, connection = room.join()
    room.join()
    room.hub.leave(connection, "/open", 0.0)
    peer.sock.close()
    room.serve()
    room.hub.tick(CLOSE_WAIT_S)
    room.hub.close(connection, 1001, "again", CLOSE_WAIT_S)
    room.hub.tick(3 * CLOSE_WAIT_S)
    assert room.slots.taken == 2
    room.now_s += KEPT_S
    assert room.slots.taken == 1


def message(text: str) -> bytes:
    """An application's message, encoded."""
    return text_frame(wire.message_frame(text))


def next_event(room: Room, peer: Peer) -> Event:
    """The next event at a peer for which more may still wait in the hub."""
    room.serve()
    return peer.receive()


def next_text(room: Room, peer: Peer) -> str:
    """The next whole text frame."""
    text, finished = "", False
    while not finished:
        event = next_event(room, peer)
        assert isinstance(event, TextMessage)
        text, finished = text + event.data, event.message_finished
    return text


def test_a_message_reaches_its_audience_in_order(room: Room) -> None:
    """Only those it is for get it, each in the order of the pushes."""
    (one, _), (other, _) = room.join("welcome"), room.join("open")
    room.hub.push(message("to all"), Audience())
    room.hub.push(message("to one"), Audience(page="welcome"))
    said = [json.loads(one.receive().data)["data"] for _ in range(2)]
    assert said == ["to all", "to one"]
    assert json.loads(other.receive().data) == {"type": "message", "data": "to all"}
    assert other.has_nothing()


def test_an_edge_goes_before_messages_that_wait(room: Room) -> None:
    """A press is not held up by what a slow display has still to read."""
    peer, connection = stall(room)
    for i in range(10):
        room.hub.push(message(f"{i}" * 10_000), Audience())
    room.hub.broadcast("edge", 0.0)
    room.hub.push(message("last"), Audience())
    assert connection.messages_bytes > 100_000
    got = []
    while not got or "last" not in got[-1]:
        got.append(next_text(room, peer))
    late = got[got.index("edge") :]
    assert [json.loads(text)["data"][0] for text in late[1:]] == [*"0123456789", "l"]
    assert connection.messages_bytes == 0


def test_a_display_that_is_too_far_behind_with_messages_is_dropped(room: Room) -> None:
    """What waits for it is bounded."""
    _, connection = stall(room)
    pushed = 0
    while connection in room.hub.connections:
        room.hub.push(message("x" * 10_000), Audience())
        pushed += 10_000
        assert pushed <= MAX_MESSAGES_BYTES + 10_000
    assert pushed > MAX_MESSAGES_BYTES - 10_000


def test_a_message_is_no_sign_of_life(room: Room) -> None:
    """Beats go on as if it had not been sent: others did not get it."""
    peer, _ = room.join()
    room.hub.push(message("hello"), Audience())
    assert room.hub.deadline_s == BEAT_S
    room.hub.tick(BEAT_S)
    peer.receive()
    assert peer.receive().data == wire.BEAT


def test_a_page_that_is_left_gets_no_more_messages(room: Room) -> None:
    """What waited for the page is nothing for the next one."""
    peer, connection = stall(room)
    room.hub.push(message("x" * 1000), Audience())
    room.hub.move("/open", Audience(page="stalled"), 0.0)
    assert connection.messages == deque()
    room.hub.push(message("late"), Audience())
    while not isinstance(event := next_event(room, peer), CloseConnection):
        pass
    assert (event.code, event.reason) == (4000, "/open")


def test_what_a_page_sends_is_handed_on(room: Room) -> None:
    """Its data, and who sent it; a frame without data is passed over."""
    peer, connection = room.join()
    peer.send(TextMessage('{"type":"message","data":[1,{"a":null}]}'))
    peer.send(TextMessage('{"type":"message"}'))
    room.serve()
    text = '{"type":"message","data":[1,{"a":null}]}'
    assert room.messages == [SentMessage(text, connection.display)]
    assert connection in room.hub.connections


def test_an_idle_return_is_logged_once(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    """With both pages, if there is such a page; whatever a page sends, and how often (row 45)."""
    caplog.set_level(logging.INFO, "gpiobridge.displays.hub")
    peer, connection = room.join("help")
    for to in ('"nowhere\\nidle"', "1", "[]", "null", '"welcome"', '"welcome"'):
        peer.send(TextMessage(f'{{"type":"idle","to":{to}}}'))
    peer.send(TextMessage('{"type":"idle"}'))
    room.serve()
    assert [m for m in caplog.messages if "idle" in m] == ["idle: help leads to welcome"]
    assert room.counts.navigations == {("help", "welcome"): 1}
    assert connection in room.hub.connections


# -------------------------------------------------------------------- what one client may do

STRANGER = "192.0.2.1"
PING = Ping(b"")


def test_a_display_that_comes_back_takes_the_place_of_its_old_socket(room: Room) -> None:
    """A half-open connection is dropped when its page comes with its seat (row 4)."""
    _, half_open = room.join(client=STRANGER)
    _, again = room.join(client=STRANGER, seat=half_open.slot.seat)
    assert room.hub.connections == {again}
    assert (room.slots.taken, room.counts.gone) == (1, {Gone.CAME_AGAIN: 1})
    assert again.slot.instead_of is None


def test_one_read_takes_a_few_frames_only(room: Room) -> None:
    """Hundreds of tiny ones come in one packet: the others come in between (row 5)."""
    talker, talking = room.join()
    other, _ = room.join()
    talker.sock.sendall(b"".join(talker.ws.send(PING) for _ in range(200)))
    other.send(PING)
    for key, events in room.selector.select(0):
        room.hub.handle(key.data, events)
    room.hub.read(0.0)
    assert talking.frames <= 32
    assert other.receive() == Pong(b"")
    room.serve()
    assert [talker.receive() for _ in range(200)] == [Pong(b"")] * 200
    assert not room.hub.has_unread


def test_reading_ends_with_its_time_and_goes_on_where_it_ended(room: Room) -> None:
    """However little time there is, each display has its turn (row 5)."""
    peers = [room.join() for _ in range(5)]
    for peer, _ in peers:
        peer.sock.sendall(b"".join(peer.ws.send(PING) for _ in range(40)))
    for most in (32, 40):
        for _ in peers:
            for key, events in room.selector.select(0):
                room.hub.handle(key.data, events)
            room.hub.read(0.0, lambda: False)
        assert {connection.frames for _, connection in peers} == {most}


def flood(room: Room, displays: int, frames: int, payload: str = "") -> list[Peer]:
    """Let displays of a stranger send frames within a second; return those that are closed."""
    peers = [room.join(client=STRANGER) for _ in range(displays)]
    for _ in range(frames):
        for peer, connection in peers:
            if not connection.closing:
                peer.send(TextMessage(payload) if payload else PING)
        room.serve(0.5)
    return [peer for peer, connection in peers if connection.closing]


def test_one_client_may_send_so_many_frames_with_all_its_displays(room: Room) -> None:
    """Beyond that, those are closed that send more than their share (row 5)."""
    quiet, quiet_connection = room.join(client=STRANGER)
    other, other_connection = room.join(client="192.0.2.2")
    closed = flood(room, 50, MAX_CLIENT_FRAMES_A_SECOND // 50 + 30)
    assert len(closed) >= 40
    assert closed[0].receive_close() == (1008, "at most 5000 frames a second from one address")
    for peer in (quiet, other):
        peer.send(PING)
    room.serve(0.6)
    assert not quiet_connection.closing
    assert not other_connection.closing


def test_one_client_may_send_as_much_in_the_next_second(room: Room) -> None:
    """The bound is for each second (row 5)."""
    peers = [room.join(client=STRANGER) for _ in range(20)]
    for second in range(3):
        for _ in range(MAX_CLIENT_FRAMES_A_SECOND // 20 - 10):
            for peer, _ in peers:
                peer.send(PING)
            room.serve(float(second))
            for peer, _ in peers:
                peer.receive()
    assert not any(connection.closing for _, connection in peers)


def test_the_machine_itself_has_no_such_bound(room: Room) -> None:
    """A proxy on it speaks for everybody (row 5)."""
    peers = [room.join() for _ in range(20)]
    for _ in range(MAX_CLIENT_FRAMES_A_SECOND // 20 + 50):
        for peer, _ in peers:
            peer.send(PING)
        room.serve(0.5)
        for peer, _ in peers:
            peer.receive()
    assert not any(connection.closing for _, connection in peers)


def test_one_client_may_send_so_many_bytes_with_all_its_displays(room: Room) -> None:
    """Long messages take more time than short ones (row 5)."""
    closed = flood(room, 10, 80, message_of(wire.MAX_MESSAGE_BYTES))
    assert closed
    assert closed[0].receive_close() == (1008, "at most 10 MiB a second from one address")


def test_pieces_of_a_frame_count_for_the_client(room: Room) -> None:
    """One that comes byte by byte takes as much time as many frames (row 5)."""
    peer, connection = room.join(client=STRANGER)
    frame = peer.ws.send(TextMessage(message_of(wire.MAX_MESSAGE_BYTES)))
    sent = 0
    while not connection.closing:
        peer.sock.sendall(frame[sent : sent + 1])
        sent += 1
        room.serve(0.5)
        assert sent <= MAX_CLIENT_FRAMES_A_SECOND + 1
    assert peer.receive_close()[0] == 1008


def test_five_hundred_displays_that_answer_their_beats_are_no_flood() -> None:
    """A museum may be behind one address, and all answer at once (row 5)."""
    assert MAX_CLIENT_FRAMES_A_SECOND > 500 * 2


# -------------------------------------------------------------------- what a message may hold


@pytest.mark.parametrize(
    "data",
    [
        "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "[1, {\"a\": NaN}]", "9" * 5000,
        '"\\ud800"', '{"\\udfff": 1}', "[" * 5000 + "]" * 5000, "[" * 101 + "]" * 101,
        '{"a":' * 500 + "1" + "}" * 500, "[" * 900 + "]" * 900,
    ],
)  # fmt: skip
def test_a_message_that_can_not_be_pushed_back_breaks_a_rule(room: Room, data: str) -> None:
    """What isn't JSON for everyone is refused at the door (row 9)."""
    peer, _ = room.join()
    peer.send(TextMessage(f'{{"type":"message","data":{data}}}'))
    room.serve()
    assert peer.receive_close()[0] == 1008
    assert room.messages == []


def test_a_message_that_grows_as_it_is_written_here_is_too_big(room: Room) -> None:
    """1e15 is 1000000000000000.0 in Python: nothing could push it back (row 9)."""
    peer, _ = room.join()
    data = ",".join(["1e15"] * 3000)
    peer.send(TextMessage(f'{{"type":"message","data":[{data}]}}'))
    room.serve()
    assert peer.receive_close()[0] == 1009


@pytest.mark.parametrize(
    "data",
    ["1e308", "9" * 4000, '"\\ud83d\\ude00"', "[" * 100 + "]" * 100, '"\\u0000"', "-0", "[]"],
)
def test_what_is_accepted_can_be_pushed_back(room: Room, data: str) -> None:
    """The bounds themselves are allowed (row 9)."""
    peer, _ = room.join()
    text = f'{{"type":"message","data":{data}}}'
    peer.send(TextMessage(text))
    room.serve()
    assert [sent.text for sent in room.messages] == [text]
    assert wire.message_frame(wire.message_data(text))


# -------------------------------------------------------------------- close codes


def close_frame(code: int, reason: bytes = b"") -> bytes:
    """A client's close frame, masked with zeros."""
    payload = code.to_bytes(2, "big") + reason
    return bytes((0x88, 0x80 | len(payload), 0, 0, 0, 0)) + payload


@pytest.mark.parametrize("code", [*range(1000, 1004), *range(1007, 1015), 3000, 3999, 4000, 4999])
def test_every_right_close_code_is_echoed(room: Room, code: int) -> None:
    """Those that RFC 6455 and IANA's registry have, and the free ones."""
    peer, _ = room.join()
    peer.sock.sendall(close_frame(code, b"why"))
    room.serve()
    assert peer.sock.recv(100) == bytes((0x88, 5)) + code.to_bytes(2, "big") + b"why"


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535])
def test_every_wrong_close_code_breaks_the_protocol(room: Room, code: int) -> None:
    """Those that are reserved, or out of range."""
    peer, _ = room.join()
    peer.sock.sendall(close_frame(code))
    room.serve()
    assert peer.receive_close()[0] == 1002


def test_the_reason_of_a_bad_gateway_is_text(room: Room) -> None:
    """As with every other code."""
    peer, _ = room.join()
    peer.sock.sendall(close_frame(1014, b"\xff"))
    room.serve()
    assert peer.receive_close()[0] == 1007
