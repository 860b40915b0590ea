"""Reading takes turns, and one client may send only so much."""

from room import Peer, Room, message_of
from wsproto.events import Ping, Pong, TextMessage

from gpiobridge.core import wire
from gpiobridge.displays.quotas import MAX_CLIENT_FRAMES_A_SECOND

STRANGER = "192.0.2.1"
PING = Ping(b"")


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
