"""RFC 6455, 4.2 as a table: opening handshakes, and what the server answers.

Each case is data; nothing here opens a socket.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The answer to `KEY`: both are those of RFC 6455, 1.3."""

USUAL = {
    "Host": "127.0.0.1:{port}",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


@dataclass(frozen=True, slots=True)
class Handshake:
    """One request.

    Args:
        name: what is special.
        request: all its bytes; ``{port}`` stands for the server's.
        statuses: any of these is right.
        answers: headers that the answer must have, with their values; None: must not have.
    """

    name: str
    request: bytes
    statuses: tuple[int, ...]
    answers: dict[str, str | None] = field(default_factory=dict)


UPGRADED: dict[str, str | None] = {
    "sec-websocket-accept": ACCEPT,
    "sec-websocket-extensions": None,
    "sec-websocket-protocol": None,
}


def request(
    changes: dict[str, str | None] | None = None,
    *,
    line: str = "GET /ws/still HTTP/1.1",
    more: tuple[str, ...] = (),
    body: bytes = b"",
) -> bytes:
    """Make a handshake.

    Args:
        changes: other values of the usual headers; None leaves one out.
        line: the request line.
        more: further lines.
        body: what comes behind the head.
    """
    headers = {**USUAL, **(changes or {})}
    lines = [line, *(f"{name}: {value}" for name, value in headers.items() if value is not None)]
    return "\r\n".join([*lines, *more, "", ""]).encode() + body


def handshakes() -> Iterator[Handshake]:
    """All of them."""
    for name, changes, more in (
        ("as usual", {}, ()),
        ("Upgrade in other letters", {"Upgrade": "WebSocket"}, ()),
        ("Connection in other letters", {"Connection": "upgrade"}, ()),
        ("Connection with several tokens", {"Connection": "keep-alive, Upgrade"}, ()),
        ("an empty body", {}, ("Content-Length: 0",)),
        ("compression is offered", {}, ("Sec-WebSocket-Extensions: permessage-deflate",)),
        ("a protocol is offered", {}, ("Sec-WebSocket-Protocol: chat, superchat",)),
        ("its own origin", {}, ("Origin: http://127.0.0.1:{port}",)),
        ("by the name localhost", {"Host": "localhost:{port}"}, ()),
        ("unknown headers", {}, ("X-Sec-WebSocket: 1", "X-Empty:")),
    ):
        yield Handshake(name, request(changes, more=more), (101,), UPGRADED)
    for version in (None, "", "0", "7", "8", "12", "14", "130", "-13", "13.0", "x", "13, 8"):
        changes = {"Sec-WebSocket-Version": version}
        right: dict[str, str | None] = {"sec-websocket-version": "13"}
        yield Handshake(f"version {version!r}", request(changes), (426,), right)
    twice = request(more=("Sec-WebSocket-Version: 8",))
    yield Handshake("two versions", twice, (400, 426))
    for key in (None, "", "short", "AAAA", KEY[:-2], KEY + "=", "AAAAAAAAAAAAAAAAAAAA", "!" * 24,
                "AAAAAAAAAAAAAAAAAAAAAAAA"):  # fmt: skip
        yield Handshake(f"key {key!r}", request({"Sec-WebSocket-Key": key}), (400,))
    for name, changes in (
        ("no Upgrade", {"Upgrade": None}),
        ("an upgrade to something else", {"Upgrade": "h2c"}),
        ("Upgrade in a longer word", {"Upgrade": "notwebsocket"}),
        ("no Connection", {"Connection": None}),
        ("Connection without Upgrade", {"Connection": "keep-alive"}),
    ):
        yield Handshake(name, request(changes), (400, 426), {"sec-websocket-accept": None})
    for method in ("POST", "PUT", "DELETE", "HEAD"):
        line = f"{method} /ws/still HTTP/1.1"
        yield Handshake(f"by {method}", request(line=line), (400, 405))
    yield Handshake("by HTTP/1.0", request(line="GET /ws/still HTTP/1.0"), (400, 426, 505))
    ping = b"\x89\x82\x00\x00\x00\x00hi"
    for length in (8, 1, 100):
        body = ping if length == 8 else b"x" * length
        lengths = (f"Content-Length: {length}",)
        bodied = request(more=lengths, body=body)
        yield Handshake(f"a body of {length} bytes", bodied, (400,))
    chunked = request(more=("Transfer-Encoding: chunked",), body=b"8\r\n" + ping + b"\r\n0\r\n\r\n")
    yield Handshake("a chunked body", chunked, (400,))
    for name, more in (
        ("a foreign origin", ("Origin: http://evil.example",)),
        ("an opaque origin", ("Origin: null",)),
        ("an origin that only begins so", ("Origin: http://127.0.0.1:{port}.evil.example",)),
        ("an origin on another port", ("Origin: http://127.0.0.1:1",)),
    ):
        yield Handshake(name, request(more=more), (403,))
    for host in (
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example",
        "[::1]evil.example",
        "127.0.0.1:evil",
        "127.0.0.1:",
        "127.0.0.1:80:80",
        "[::1",
        "127.0.0.1:99999",
        "user@127.0.0.1:{port}",
        "localhost.evil.example",
        "",
    ):
        # An empty port is allowed (RFC 3986, 3.2.3).
        statuses = (101, 400, 421) if host == "127.0.0.1:" else (400, 421)
        yield Handshake(f"host {host!r}", request({"Host": host}), statuses)
    yield Handshake("no host", request({"Host": None}), (400, 421))
    unknown = request(line="GET /ws/nosuch HTTP/1.1")
    yield Handshake("an unknown page", unknown, (404,))
