"""The open sockets: what waits to go out, and how each ends."""

import json
import selectors

import pytest
from room import BEAT, BEAT_S, Room, message, next_text, stall
from wsproto import ConnectionType
from wsproto.connection import Connection as Protocol
from wsproto.events import CloseConnection, TextMessage

from gpiobridge.core import wire
from gpiobridge.displays.audience import Audience
from gpiobridge.displays.connection import Connection, text_frame
from gpiobridge.displays.observer import Gone
from gpiobridge.displays.slots import KEPT_S
from gpiobridge.displays.sockets import CLOSE_WAIT_S, MAX_MESSAGES_BYTES, MAX_OUTBOX_BYTES
from gpiobridge.system import quick_send


@pytest.fixture(params=["quick", "plain"])
def either_send(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Linux, and as where only a socket's own ``send`` is there."""
    if request.param == "plain":
        monkeypatch.setattr(quick_send, "_send", None)


def watched_for(room: Room, connection: Connection) -> int:
    """What the selector watches a display's socket for."""
    return room.selector.get_key(connection.sock).events


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


@pytest.mark.usefixtures("either_send")
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


@pytest.mark.usefixtures("either_send")
def test_room_is_watched_for_only_while_something_waits(room: Room) -> None:
    """A display that reads costs the selector nothing."""
    _, good = room.join("welcome")
    peer, slow = stall(room)
    assert watched_for(room, good) == selectors.EVENT_READ
    assert watched_for(room, slow) == selectors.EVENT_READ | selectors.EVENT_WRITE
    while slow.behind:
        room.serve()
        peer.receive()
    assert (watched_for(room, slow), slow.outbox) == (selectors.EVENT_READ, b"")


def test_a_display_that_reads_costs_the_selector_no_question(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edge, a message and a press are sent without one."""
    peer, _ = room.join()
    for name in ("get_key", "modify", "select"):
        monkeypatch.setattr(room.selector, name, None)
    room.hub.broadcast("edge", 0.0)
    room.hub.push(message("hello"), Audience())
    room.hub.move("/open", Audience(), 0.0)
    monkeypatch.undo()
    assert peer.receive_close() == (4000, "/open")


@pytest.mark.usefixtures("either_send")
def test_a_display_that_goes_in_the_middle_of_a_broadcast_keeps_no_other_from_it(
    room: Room,
) -> None:
    """It is dropped at its own turn, and its neighbours get the frame once."""
    (before, _), (gone, connection), (after, _) = (room.join() for _ in range(3))
    gone.sock.close()
    room.hub.broadcast("edge", 0.0)
    for peer in (before, after):
        assert peer.receive() == TextMessage("edge")
        assert peer.has_nothing()
    assert connection not in room.hub.connections
    room.hub.broadcast("next", 0.0)
    assert [peer.receive() for peer in (before, after)] == [TextMessage("next")] * 2


def test_nothing_follows_a_close_frame(room: Room) -> None:
    """No edge, message, beat, pong, second close, or answer to the peer's own close."""
    peer, connection = room.join()
    room.hub.leave(connection, "/open", 0.0)
    assert peer.receive_close() == (4000, "/open")
    peer.sock.sendall(b"\x89\x80abcd")  # a ping, on its way before the close came
    room.hub.broadcast("edge", 0.0)
    room.hub.push(message("hello"), Audience())
    room.hub.tick(BEAT_S / 4)
    room.hub.close(connection, 1001, "again", 0.1)
    assert not room.hub.leave(connection, "/help", 0.1)
    room.serve()
    assert peer.has_nothing()
    peer.send(CloseConnection(4000))
    room.serve()
    assert peer.hung_up_on()


def test_closes_that_cross_are_sent_once_each(room: Room) -> None:
    """The page leaves just when it is sent away: it gets our close, and no echo of its own."""
    peer, connection = room.join()
    peer.sock.sendall(close_frame(1001))
    room.hub.leave(connection, "/open", 0.0)
    room.serve()
    assert peer.receive_close() == (4000, "/open")
    assert peer.hung_up_on()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_text_frame_is_as_the_protocol_library_writes_it(size: int) -> None:
    """Its three ways to write a length (RFC 6455, 5.2)."""
    text = "x" * size
    assert text_frame(text) == Protocol(ConnectionType.SERVER).send(TextMessage(text))


def test_a_beat_counts_whether_it_comes_alone_or_in_pieces(room: Room) -> None:
    """The short way to read it, and the protocol's, do the same."""
    peer, connection = room.join()
    for pieces in (1, 2, 1):
        room.hub.tick(connection.unanswered_beats + BEAT_S)
        connection.answers_beats, connection.unanswered_beats = False, 1
        frame = peer.ws.send(BEAT)
        for piece in (frame,) if pieces == 1 else (frame[:9], frame[9:]):
            peer.sock.sendall(piece)
            room.serve()
        assert (connection.answers_beats, connection.unanswered_beats) == (True, 0)


def test_what_looks_like_a_beat_inside_a_message_is_part_of_the_message(room: Room) -> None:
    """Only a protocol that waits for no rest lets a beat be read the short way."""
    peer, connection = room.join()
    beat = b"\x81\x8f\0\0\0\0" + wire.BEAT.encode()
    head = b'{"type":"message","data":"'
    size = len(head) + len(beat) + 2
    peer.sock.sendall(bytes((0x81, 0x80 | size, 0, 0, 0, 0)) + head)
    room.serve()
    peer.sock.sendall(beat)
    room.serve()
    assert not connection.answers_beats
    peer.sock.sendall(b'"}')
    room.serve()
    assert peer.receive_close()[0] == 1007  # it isn't UTF-8, so it was read as text


def test_beats_count_against_the_most_frames_a_second(room: Room) -> None:
    """The short way is no way around the bound."""
    peer, connection = room.join()
    for _ in range(501):
        peer.send(BEAT)
        room.serve()
    assert connection.broke_a_rule
    assert peer.receive_close() == (1008, "at most 500 frames a second")


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


def test_a_peer_that_does_not_hang_up_is_dropped(room: Room) -> None:
    """A peer has a second to take our close; the deadline says when that is over."""
    _, connection = room.join()
    room.hub.leave(connection, "/open", 10.0)
    room.hub.tick(10.0 + CLOSE_WAIT_S - 0.01)
    assert connection in room.hub.connections
    assert room.hub.deadline_s == 10.0 + CLOSE_WAIT_S
    room.hub.tick(10.0 + CLOSE_WAIT_S)
    assert connection not in room.hub.connections


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


def test_what_comes_after_our_close_is_discarded(room: Room) -> None:
    """Even a broken frame no longer has an answer."""
    peer, connection = room.join()
    room.hub.leave(connection, "/open", 0.0)
    peer.sock.sendall(b"\x81\x02{}")
    room.serve()
    assert peer.receive_close() == (4000, "/open")
    assert peer.hung_up_on()
    assert connection in room.hub.connections


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


def test_a_display_that_comes_back_takes_the_place_of_its_old_socket(room: Room) -> None:
    """A half-open connection is dropped when its page comes with its seat (row 4)."""
    _, half_open = room.join(client="192.0.2.1")
    _, again = room.join(client="192.0.2.1", seat=half_open.slot.seat)
    assert room.hub.connections == {again}
    assert (room.slots.taken, room.counts.gone) == (1, {Gone.CAME_AGAIN: 1})
    assert again.slot.instead_of is None


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
