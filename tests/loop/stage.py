"""A watcher, pins from a script, and displays at the other end of socket pairs."""

import json
import socket
import threading
from collections.abc import Mapping
from math import inf
from typing import Any

from harness.scripted_pins import PATHS, SETTINGS, ScriptedPins
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Request, TextMessage

from gpiobridge.config import Settings
from gpiobridge.displays.audience import Display
from gpiobridge.displays.connection import Connection
from gpiobridge.hours.timekeeper import Timekeeper
from gpiobridge.loop.observer import Observer
from gpiobridge.loop.watcher import Watcher
from gpiobridge.outputs.lines import OutputLines

DEADLINE_S = 10.0


class Peer:
    """A browser: the other end of a display's socket."""

    def __init__(
        self,
        watcher: Watcher,
        page: str = "welcome",
        *cursors: str,
        seat: str = "",
        since: str = "",
        name: str = "kiosk",
        visible: bool = True,
        taking: float | None = -inf,
    ) -> None:
        ours, self.sock = socket.socketpair()
        ours.setblocking(False)
        self.sock.settimeout(DEADLINE_S)
        server, self._ws = WSConnection(ConnectionType.SERVER), WSConnection(ConnectionType.CLIENT)
        server.receive_data(self._ws.send(Request(host="pi", target=f"/ws/{page}")))
        assert len(list(server.events())) == 1
        self._ws.receive_data(server.send(AcceptConnection()))
        assert len(list(self._ws.events())) == 1
        self._events: list[Event] = []
        self.connection = Connection(
            ours,
            server,
            Display(page, name, visible=visible),
            cursors=cursors,
            since=since,
            taking_since_s=taking,
            slot=watcher.slots.take(seat=seat),
        )
        watcher.adopt(self.connection)

    def send(self, text: str) -> None:
        """Send a text frame."""
        self.sock.sendall(self._ws.send(TextMessage(text)))

    def receive(self) -> Event:
        """Wait for the next WebSocket event."""
        while not self._events:
            data = self.sock.recv(65536)
            assert data, "the watcher hung up"
            self._ws.receive_data(data)
            self._events += self._ws.events()
        return self._events.pop(0)

    def frame(self) -> dict[str, Any]:
        """Wait for the next frame that is no beat."""
        while True:
            event = self.receive()
            assert isinstance(event, TextMessage)
            frame: dict[str, Any] = json.loads(event.data)
            if frame["type"] != "beat":
                return frame

    def close_frame(self) -> tuple[int, str | None]:
        """Wait for the close frame, which must be next; return its code and reason."""
        event = self.receive()
        assert isinstance(event, CloseConnection)
        return event.code, event.reason


class Stage:
    """A running watcher, its pins and its peers."""

    def __init__(
        self,
        pins: ScriptedPins,
        settings: Settings = SETTINGS,
        *observers: Observer,
        lines: OutputLines | None = None,
        paths: Mapping[str, str] = PATHS,
        hours: Timekeeper | None = None,
    ) -> None:
        self.pins = pins
        self.failed = threading.Event()
        self.watcher = Watcher(
            settings,
            pins,
            paths,
            self.failed.set,
            observers=observers,
            clock=pins.clock,
            lines=lines,
            hours=hours,
        )
        self.peers: list[Peer] = []

    def join(self, page: str = "welcome", *cursors: str, **options: Any) -> Peer:
        """Let a display join."""
        peer = Peer(self.watcher, page, *cursors, **options)
        self.peers.append(peer)
        return peer

    def take_a_turn(self) -> None:
        """Wait until the watcher has seen all that there is now, in a clock that stands."""
        for _ in range(2):  # the turn that goes on may have looked at its pins already
            over = threading.Event()
            self.watcher.every(3600.0, over.set)
            assert over.wait(DEADLINE_S)

    def stop(self) -> None:
        """Let every peer hang up, and the watcher end."""
        for peer in self.peers:
            peer.sock.close()
        self.watcher.stop()


def moved_by(peer: Peer) -> tuple[str, tuple[int, str | None]]:
    """Read to the close; return the pin of the last frame, and what the close said."""
    pin = ""
    while not isinstance(event := peer.receive(), CloseConnection):
        assert isinstance(event, TextMessage)
        pin = json.loads(event.data).get("pin", pin)
    return pin, (event.code, event.reason)


def watching() -> bool:
    """Whether there is a watcher thread."""
    return any(thread.name == "gpiobridge-watcher" for thread in threading.enumerate())
