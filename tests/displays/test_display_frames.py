"""What pages may say, and what comes of it."""

import logging
from math import inf

import pytest
from room import Room, message_of
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage

from gpiobridge.core import wire
from gpiobridge.displays.audience import SentMessage


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
    caplog.set_level(logging.INFO, "gpiobridge.displays")
    peer, connection = room.join("help")
    for to in ('"nowhere\\nidle"', "1", "[]", "null", '"welcome"', '"welcome"'):
        peer.send(TextMessage(f'{{"type":"idle","to":{to}}}'))
    peer.send(TextMessage('{"type":"idle"}'))
    room.serve()
    assert [m for m in caplog.messages if "idle" in m] == ["idle: help leads to welcome"]
    assert room.counts.navigations == {("help", "welcome"): 1}
    assert connection in room.hub.connections


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


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ('"cursor":"abc:1","ms":-1', "ms must be milliseconds from 0 on, or left out"),
        ('"cursor":"abc:1","ms":true', "ms must be milliseconds from 0 on, or left out"),
        ('"cursor":"abc:1","ms":null', "ms must be milliseconds from 0 on, or left out"),
        ('"cursor":"abc:1","ms":"85"', "ms must be milliseconds from 0 on, or left out"),
        ('"cursor":"abc:1","ms":1e999', "ms must be milliseconds from 0 on, or left out"),
        (f'"cursor":"abc:1","ms":1{"0" * 400}', "ms must be milliseconds from 0 on, or left out"),
        ('"ms":85', "cursor must be an epoch and a number: epoch:seq"),
        ('"cursor":1,"ms":85', "cursor must be an epoch and a number: epoch:seq"),
        ('"cursor":"nonsense"', "cursor must be an epoch and a number: epoch:seq"),
    ],
)
def test_nonsense_about_being_shown_breaks_a_rule(room: Room, fields: str, reason: str) -> None:
    """The reason says what is right."""
    peer, _ = room.join()
    peer.send(TextMessage(f'{{"type":"shown",{fields}}}'))
    room.serve()
    assert peer.receive_close() == (1008, reason)


@pytest.mark.parametrize("ms", ["", ',"ms":0', ',"ms":85', ',"ms":85.25', ',"ms":1e300'])
def test_a_page_says_that_it_is_shown(room: Room, ms: str) -> None:
    """With a figure or without; it stays connected."""
    peer, connection = room.join()
    peer.send(TextMessage(f'{{"type":"shown","cursor":"abc:1"{ms}}}'))
    room.serve()
    assert connection in room.hub.connections
