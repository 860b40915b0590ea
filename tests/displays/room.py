"""A hub, and browsers of wsproto's at the other end of its sockets."""

import json
import selectors
import socket
from dataclasses import dataclass, field

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Request, TextMessage

from gpiobridge.core import wire
from gpiobridge.core.events import CloseClients
from gpiobridge.displays.audience import Display, SentMessage
from gpiobridge.displays.connection import Connection, text_frame
from gpiobridge.displays.hub import Hub
from gpiobridge.displays.observer import DisplayObserver
from gpiobridge.displays.slots import Slots
from gpiobridge.loop.counts import Counts

BEAT_S = 2.0
MAX_DISPLAYS = 60
BEAT = TextMessage(wire.BEAT)
PEER_S = 20.0  # how long a peer waits for what must come


def press(began_s: float | None = 0.0) -> CloseClients:
    """Make the order of a press on the page welcome, of which all are to be told."""
    return CloseClients("welcome", "open", "button", 1, began_s)


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


def stall(room: Room) -> tuple[Peer, Connection]:
    """Let a display join that doesn't read, and fill all that the kernel takes for it."""
    peer, connection = room.join("stalled", tcp=True)
    while not connection.outbox:
        room.hub.broadcast("x" * 1000, 0.0)
    return peer, connection


def message(text: str) -> bytes:
    """An application's message, encoded."""
    return text_frame(wire.message_frame(text))


def message_of(length: int) -> str:
    """Make a message of ``length`` bytes."""
    empty = json.dumps({"type": "later", "data": ""})
    return json.dumps({"type": "later", "data": "x" * (length - len(empty))})


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
