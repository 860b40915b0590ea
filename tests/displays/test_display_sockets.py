"""The open sockets: what waits to go out, and how each ends."""

import json

import pytest
from room import Room, message, next_text, stall
from wsproto.events import CloseConnection, TextMessage

from gpiobridge.displays.audience import Audience
from gpiobridge.displays.observer import Gone
from gpiobridge.displays.slots import KEPT_S
from gpiobridge.displays.sockets import CLOSE_WAIT_S, MAX_MESSAGES_BYTES, MAX_OUTBOX_BYTES


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
