"""How much of a request has come."""

import pytest

from gpiobridge.serve.request_heads import MAX_BODY_BYTES, Head, read_head


def head(*fields: str) -> bytes:
    """A request's head with these fields."""
    return "\r\n".join(["POST /a HTTP/1.1", "Host: a", *fields, "", ""]).encode()


@pytest.mark.parametrize(
    "data", [b"", b"G", b"GET / HTTP/1.1", b"GET / HTTP/1.1\r\nHost: a\r\n", head()[:-1]]
)
def test_a_head_has_not_come_before_its_empty_line(data: bytes) -> None:
    """What ends in the middle of a head is none."""
    assert read_head(data) is None


def test_without_a_length_there_is_no_body() -> None:
    """The request ends with its head; what comes behind it is the next one's."""
    assert read_head(head() + b"GET /") == Head(len(head()))


@pytest.mark.parametrize("field", ["Content-Length: 9", "content-length:9", "CONTENT-LENGTH:   9"])
def test_a_body_of_a_known_length_belongs_to_the_request(field: str) -> None:
    """It is whole when the body is there."""
    text = head(field)
    found = read_head(text)
    assert found == Head(len(text) + 9)
    assert not found.is_whole(len(text) + 8)
    assert found.is_whole(len(text) + 9)


@pytest.mark.parametrize(
    "fields",
    [
        ("Transfer-Encoding: chunked",),
        ("Expect: 100-continue", "Content-Length: 9"),
        (f"Content-Length: {MAX_BODY_BYTES + 1}",),
        (f"Content-Length: {'9' * 5000}",),
        ("Content-Length: 1", "Content-Length: 9"),
        ("transfer-encoding : chunked",),
    ],
)
def test_some_bodies_are_not_gathered(fields: tuple[str, ...]) -> None:
    """One of an unknown length, of a large one, or whose sender waits for an answer first."""
    found = read_head(head(*fields))
    assert found == Head(None)
    assert found.is_whole(0)


@pytest.mark.parametrize("value", ["", "x", "-1", "0x9"])
def test_a_length_that_is_none_keeps_nobody_waiting(value: str) -> None:
    """The server behind refuses the request at once."""
    text = head(f"Content-Length: {value}")
    assert read_head(text) in (Head(len(text)), Head(len(text) + 0))


def test_the_end_is_found_across_pieces() -> None:
    """However the end of a head is cut, the bytes before it are looked at once only."""
    text = head("Content-Length: 3")
    for cut in range(len(text)):
        assert read_head(text[:cut]) is None
        assert read_head(text, cut) == Head(len(text) + 3)


@pytest.mark.parametrize("coding", ["\xff", "gzip, chunked", "identity", "chunked, chunked", ""])
def test_another_transfer_encoding_is_odd(coding: str) -> None:
    """Only chunked is known: the server behind would answer 501 (row 7)."""
    assert read_head(head(f"Transfer-Encoding: {coding}")) == Head(None, is_odd=True)
    assert read_head(head("Transfer-Encoding: Chunked")) == Head(None)
