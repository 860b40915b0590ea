"""Static files, for readers of any speed."""

import io
import socket
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from slow_readers import FILM, HEAD, Readers, feeding, read_all
from werkzeug.test import TestResponse

from gpiobridge.routes import file_feeder, files
from gpiobridge.routes.files import PIECE_BYTES, send_file


@pytest.fixture
def client(readers: Readers, tmp_path: Path) -> FlaskClient:
    """An application that serves ``static/``, which lies in its own folder."""
    static = tmp_path / "static"
    static.mkdir()
    (static / "small.txt").write_text("small")
    (static / "film.bin").write_bytes(FILM)
    (static / "medium.bin").write_bytes(FILM[:20_000])
    (static / "films").mkdir()
    (static / "empty.txt").touch()
    (static / ".git").mkdir()
    (static / "films" / ".git").mkdir()
    for hidden in (
        ".env", ".htpasswd", ".git/config", "films/.secret", "films/.git/config", "small.txt~",
    ):  # fmt: skip
        (static / hidden).write_text("hidden")
    for shown in ("a.b.txt", "films/a..b", "~tilde.txt"):
        (static / shown).write_text("shown")
    (tmp_path / "secret.txt").write_text("secret")
    app = Flask("test", root_path=str(tmp_path), static_folder=None)
    app.testing = True
    app.add_url_rule(
        "/static/<path:name>", "s", lambda name: send_file(static, name, readers.feeder)
    )
    app.add_url_rule(
        "/relative/<path:name>", "r", lambda name: send_file(Path("static"), name, readers.feeder)
    )
    return app.test_client()


def get(client: FlaskClient, path: str, **environ: object) -> TestResponse:
    """Get a path, read the whole response and close it."""
    return client.get(path, environ_overrides=environ, buffered=True)


def get_by_socket(
    client: FlaskClient, readers: Readers, path: str, **headers: str
) -> tuple[TestResponse, bytes]:
    """Get a path over a real connection; return the response and what the browser received."""
    ours, theirs = readers.connect()
    response = get(client, path, **{"werkzeug.socket": ours}, **headers)
    ours.close()  # as the HTTP server does, whatever it holds now
    return response, read_all(theirs)


def test_a_small_file_is_the_http_servers(client: FlaskClient, readers: Readers) -> None:
    """What fits into a send buffer needs no feeder."""
    ours, _ = readers.connect()
    response = get(client, "/static/small.txt", **{"werkzeug.socket": ours})
    assert (response.status_code, response.data) == (200, b"small")
    assert not feeding()


def test_a_small_file_that_fits_into_no_buffer_is_the_feeders(
    client: FlaskClient, readers: Readers
) -> None:
    """An HTTP thread would wait for its reader, which may be a slow one (row 6)."""
    ours, theirs = readers.connect()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    get(client, "/static/medium.bin", **{"werkzeug.socket": ours})
    ours.close()
    assert read_all(theirs).endswith(FILM[:20_000])
    assert feeding()


def test_a_large_file_goes_to_the_feeder(client: FlaskClient, readers: Readers) -> None:
    """The browser gets a whole response, and the HTTP server only the end of its request."""
    response, received = get_by_socket(client, readers, "/static/film.bin")
    assert response.data == b""
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert f"\r\nContent-Length: {len(FILM)}".encode() in head
    assert b"\r\nConnection: close" in head
    assert body == FILM


def test_a_server_that_keeps_its_connections_sends_the_file_itself(client: FlaskClient) -> None:
    """Without a socket to take over it is an ordinary response."""
    response = get(client, "/static/film.bin")
    assert (response.status_code, response.data) == (200, FILM)


@pytest.mark.parametrize(
    ("asked", "start", "length"),
    [
        ("bytes=0-", 0, PIECE_BYTES),
        ("bytes=1000-", 1000, PIECE_BYTES),
        ("bytes=1000-1999999", 1000, PIECE_BYTES),
        ("bytes=1000-300999", 1000, 300_000),
        (f"bytes={len(FILM) - 100_000}-", len(FILM) - 100_000, 100_000),
    ],
)
def test_a_range_is_at_most_one_piece(
    client: FlaskClient, readers: Readers, asked: str, start: int, length: int
) -> None:
    """A player gets a piece from where it asked, and asks for the next one when it needs it."""
    _, received = get_by_socket(client, readers, "/static/film.bin", HTTP_RANGE=asked)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 206 ")
    content_range = f"\r\nContent-Range: bytes {start}-{start + length - 1}/{len(FILM)}"
    assert content_range.encode() in head
    assert body == FILM[start : start + length]


SIZE = len(FILM)


HUGE = "9" * 5000
"""More digits than Python reads as a number."""


def asked_for(client: FlaskClient, asked: str, **headers: str) -> TestResponse:
    """Ask for a range of the film, from a server that keeps its connections."""
    return get(client, "/static/film.bin", HTTP_RANGE=asked, **headers)


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,2-3", "bytes=0-0,-1", "bytes=5-9, 0-1", "lines=1-2", "none=0-1", "bytes 0-1",
        "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=--1", "bytes=2-1", "bytes=x-", "bytes=0-x",
        "bytes=0x1-2", "bytes=1_0-20", "bytes=+1-2", "bytes=\u0661-", "bytes=0-1-2", "\xff", "=0-1",
        f"bytes={HUGE}-1", "bytes=" + "0-0," * 1500 + "1-1",
    ],
)  # fmt: skip
def test_a_range_that_is_several_or_not_understood_is_ignored(
    client: FlaskClient, asked: str
) -> None:
    """The whole file is a right answer to any of them (RFC 9110, 14.2)."""
    response = asked_for(client, asked)
    assert response.status_code == 200
    assert response.data == FILM
    assert response.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=-1", SIZE - 1, SIZE),
        ("bytes=-2000000", SIZE - 2_000_000, SIZE),
        (f"bytes=-{HUGE}", 0, SIZE),
        (f"bytes=-{SIZE + 1}", 0, SIZE),
        (f"bytes=5-{HUGE}", 5, 5 + PIECE_BYTES),
        (f"bytes={SIZE - 1}-{SIZE + 1}", SIZE - 1, SIZE),
        ("bytes=0-0", 0, 1),
        ("Bytes=0-9", 0, 10),
        ("bytes= 0-9 ,", 0, 10),
        (f"bytes=0-9,{SIZE}-", 0, 10),
        ("bytes=00000000000000000000000-9", 0, 10),
    ],
)
def test_a_single_range_is_partial_content(
    client: FlaskClient, asked: str, start: int, end: int
) -> None:
    """Also the last bytes, also with huge numbers; one of several if the file has only that."""
    response = asked_for(client, asked)
    assert response.status_code == 206
    assert response.headers["Content-Range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert response.data == FILM[start:end]


@pytest.mark.parametrize(
    "asked",
    [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE}", f"bytes={HUGE}-", "bytes=-0", f"bytes=-0,{SIZE}-"],
)
def test_a_range_that_the_file_has_not_is_416(client: FlaskClient, asked: str) -> None:
    """With the file's size, from which a client can go on."""
    response = asked_for(client, asked)
    assert response.status_code == 416
    assert response.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("asked", ["bytes=0-9", "bytes=0-1,3-4", f"bytes={SIZE}-"])
def test_head_knows_no_range(client: FlaskClient, asked: str) -> None:
    """Ranges are defined for GET alone (RFC 9110, 14.2)."""
    response = client.head("/static/film.bin", headers={"Range": asked}, buffered=True)
    assert (response.status_code, response.content_length) == (200, SIZE)


def test_if_range_asks_for_the_rest_of_the_same_file_only(client: FlaskClient) -> None:
    """Another tag, a weak one or another date gets the whole file (RFC 9110, 13.1.5)."""
    known = get(client, "/static/film.bin").headers
    etag, date = known["ETag"], known["Last-Modified"]

    def status(if_range: str) -> int:
        return asked_for(client, "bytes=0-9", HTTP_IF_RANGE=if_range).status_code

    assert (status(etag), status(date)) == (206, 206)
    others = ('"other"', f"W/{etag}", "Thu, 01 Jan 2099 00:00:00 GMT", "yesterday", etag.strip('"'))
    assert [status(other) for other in others] == [200] * len(others)
    unsatisfiable = asked_for(client, f"bytes={SIZE}-", HTTP_IF_RANGE='"other"')
    assert unsatisfiable.status_code == 200


def test_a_file_that_the_browser_has_is_not_sent_for_its_range(client: FlaskClient) -> None:
    """If-None-Match comes before the range (RFC 9110, 13.2.2)."""
    etag = get(client, "/static/film.bin").headers["ETag"]
    assert asked_for(client, "bytes=0-9", HTTP_IF_NONE_MATCH=etag).status_code == 304
    assert asked_for(client, f"bytes={SIZE}-", HTTP_IF_NONE_MATCH=etag).status_code == 304


def test_an_empty_file_has_no_range(client: FlaskClient) -> None:
    """It is sent whole: nothing."""
    for asked in ("bytes=0-", "bytes=-1", "bytes=0-0,1-1"):
        response = get(client, "/static/empty.txt", HTTP_RANGE=asked)
        assert (response.status_code, response.data) == (200, b"")


@pytest.mark.parametrize(
    "name",
    [
        ".env", ".htpasswd", ".git/config", "films/.secret", "films/.git/config", "small.txt~",
        "%2egit/config", "%2Eenv", ".git%2fconfig", "films%2f.secret", "films%2F%2Esecret",
        "films/../.env", "./small.txt", ".git\\config", "films%5c.secret",
    ],
)  # fmt: skip
def test_a_hidden_file_is_not_found(client: FlaskClient, name: str) -> None:
    """Neither by its name nor in a hidden folder: an installed service doesn't have it either."""
    response = get(client, f"/static/{name}")
    assert response.status_code == 404
    assert b"hidden" not in response.data


@pytest.mark.parametrize(("error", "lines"), [(PermissionError, 1), (FileNotFoundError, 0)])
def test_a_file_that_cannot_be_read_is_not_found(
    client: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: type[OSError],
    lines: int,
) -> None:
    """No failure of the server: the owner is told once, also of one that is asked for often."""

    def fail(*_: object, **__: object) -> None:
        raise error(13, "Permission denied")

    monkeypatch.setattr(files, "send_from_directory", fail)
    for _ in range(3):
        assert get(client, "/static/film.bin").status_code == 404
    assert [line.rpartition("/")[2] for line in caplog.messages] == [
        "film.bin: Permission denied: browsers get 404; let the bridge's user read it"
    ] * lines


@pytest.mark.parametrize("name", ["a.b.txt", "films/a..b", "~tilde.txt"])
def test_dots_within_a_name_hide_nothing(client: FlaskClient, name: str) -> None:
    """Only one at its beginning does."""
    assert get(client, f"/static/{name}").status_code == 200


def test_too_many_readers_get_503(
    client: FlaskClient, readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser tries again later; those who read are not disturbed."""
    monkeypatch.setattr(file_feeder, "MAX_READERS", 1)
    browser = readers.read_from(io.BytesIO(FILM), len(FILM))
    assert browser.recv(len(HEAD)) == HEAD
    ours, _ = readers.connect()
    response = get(client, "/static/film.bin", **{"werkzeug.socket": ours})
    assert response.status_code == 503
    assert "Retry-After" in response.headers
    assert read_all(browser) == FILM


@pytest.mark.parametrize(
    ("address", "name"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8::1:7", "2001:db8::/64"), ("127.0.0.2", "127.0.0.2")],
)
def test_a_request_counts_for_its_address(
    client: FlaskClient,
    readers: Readers,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    name: str,
) -> None:
    """An IPv4 address, or an IPv6 network; the slow reader from there makes room (row 6)."""
    monkeypatch.setattr(file_feeder, "CLIENT_READERS", 1)
    slow, other = readers.join(name), readers.join("another")
    readers.now_s += 5
    _, received = get_by_socket(client, readers, "/static/film.bin", REMOTE_ADDR=address)
    assert received.endswith(FILM)
    assert slow.gone
    assert other.stays


@pytest.mark.parametrize(
    "name",
    ["missing.txt", "films", "../secret.txt", "..%2fsecret.txt", "films/../../secret.txt",
     "..\\secret.txt", "small.txt%00"],
)  # fmt: skip
def test_what_is_not_in_the_folder_is_not_found(client: FlaskClient, name: str) -> None:
    """No name leads out of the folder, or to a folder."""
    assert get(client, f"/static/{name}").status_code == 404


def test_a_relative_folder_is_the_applications(client: FlaskClient, readers: Readers) -> None:
    """A large file is found where a small one is: below the application, as Flask has it."""
    assert get(client, "/relative/small.txt").data == b"small"
    _, received = get_by_socket(client, readers, "/relative/film.bin")
    assert received.endswith(FILM)
