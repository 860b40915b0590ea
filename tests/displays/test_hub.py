"""Who of the open displays is told, and who leaves."""

import json

import pytest
from room import BEAT, BEAT_S, Room, message, next_event, press, stall
from wsproto.events import CloseConnection, TextMessage

from gpiobridge.core import wire
from gpiobridge.displays.audience import Audience


def test_a_display_that_joins_is_told_its_frames_in_order(room: Room) -> None:
    """The state comes first, then an edge that it missed."""
    peer, _ = room.join("welcome", "state", "edge")
    assert [peer.receive(), peer.receive()] == [TextMessage("state"), TextMessage("edge")]


def test_a_broadcast_reaches_every_display(room: Room) -> None:
    """Every display hears of every edge, whatever its page."""
    peers = [room.join(page)[0] for page in ("welcome", "open", "open")]
    room.hub.broadcast("edge", 0.0)
    assert [peer.receive() for peer in peers] == [TextMessage("edge")] * 3


def test_a_press_closes_the_displays_of_its_page_with_the_next_path(room: Room) -> None:
    """Only they leave, and each is sent to its own application's prefix."""
    leaving = [room.join("welcome", root=root)[0] for root in ("", "/museum")]
    staying, _ = room.join("open")
    assert len(room.hub.navigate("/open", press(), 0.0)) == 2
    assert [peer.receive_close() for peer in leaving] == [(4000, "/open"), (4000, "/museum/open")]
    assert staying.has_nothing()


def test_a_display_that_is_leaving_leaves_once(room: Room) -> None:
    """A second press before the peer hangs up doesn't close it again."""
    peer, connection = room.join()
    room.hub.leave(connection, "/open", 0.0)
    assert room.hub.navigate("/help", press(), 0.1) == []
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
    assert len(room.hub.navigate("/open", press(began_s), 20.0)) == leaves


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


def test_when_the_server_stops_every_display_is_told(room: Room) -> None:
    """1001 lets a page reconnect; only 4000 navigates."""
    peers = [room.join()[0] for _ in range(3)]
    room.hub.close_all(0.0)
    assert [peer.receive_close()[0] for peer in peers] == [1001] * 3


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


def test_a_message_reaches_its_audience_in_order(room: Room) -> None:
    """Only those it is for get it, each in the order of the pushes."""
    (one, _), (other, _) = room.join("welcome"), room.join("open")
    room.hub.push(message("to all"), Audience())
    room.hub.push(message("to one"), Audience(page="welcome"))
    said = [json.loads(one.receive().data)["data"] for _ in range(2)]
    assert said == ["to all", "to one"]
    assert json.loads(other.receive().data) == {"type": "message", "data": "to all"}
    assert other.has_nothing()


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
    assert connection.messages == []
    room.hub.push(message("late"), Audience())
    while not isinstance(event := next_event(room, peer), CloseConnection):
        pass
    assert (event.code, event.reason) == (4000, "/open")
