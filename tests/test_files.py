"""Static files, for readers of any speed."""

import gc
import io
import random
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gpiobridge import files
from gpiobridge.files import PIECE_BYTES, FileFeeder, send_file

DEADLINE_S = 10.0
HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
FILM = random.Random(1).randbytes(3 * PIECE_BYTES)


class WatchedFile(io.BytesIO):
    """A file that says when it was closed, and so its reader cut off or done."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.done = threading.Event()

    def close(self) -> None:
        """Say so."""
        super().close()
        self.done.set()


class Readers:
    """A feeder, and the browsers that read from it."""

    def __init__(self) -> None:
        self.feeder = FileFeeder()
        self.sockets: list[socket.socket] = []

    def connect(self) -> tuple[socket.socket, socket.socket]:
        """Make a connection: the server's end and the browser's."""
        ours, theirs = socket.socketpair()
        theirs.settimeout(DEADLINE_S)
        self.sockets += [ours, theirs]
        return ours, theirs

    def read_from(self, file: BinaryIO, length: int) -> socket.socket:
        """Let the feeder send ``length`` bytes of ``file``; return the browser's end."""
        ours, theirs = self.connect()
        ours.setblocking(False)
        self.feeder.feed(ours, HEAD, file, length)
        return theirs

    def close(self) -> None:
        """Stop the feeder and close every socket."""
        self.feeder.stop()
        for sock in self.sockets:
            sock.close()


@pytest.fixture
def readers() -> Iterator[Readers]:
    """A feeder without readers."""
    readers = Readers()
    yield readers
    readers.close()


@pytest.fixture
def client(readers: Readers, tmp_path: Path) -> FlaskClient:
    """An application that serves ``static/``, which lies in its own folder."""
    static = tmp_path / "static"
    static.mkdir()
    (static / "small.txt").write_text("small")
    (static / "film.bin").write_bytes(FILM)
    (static / "films").mkdir()
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


def read_all(sock: socket.socket, piece_bytes: int = 65536) -> bytes:
    """Read until the other end closes."""
    return b"".join(iter(lambda: sock.recv(piece_bytes), b""))


def feeding() -> bool:
    """Whether there is a feeder thread."""
    return any(thread.name == "gpiobridge-files" for thread in threading.enumerate())


def get_by_socket(
    client: FlaskClient, readers: Readers, path: str, **headers: str
) -> tuple[TestResponse, bytes]:
    """Get a path over a real connection; return the response and what the browser received."""
    ours, theirs = readers.connect()
    response = get(client, path, **{"werkzeug.socket": ours}, **headers)
    ours.close()  # as the HTTP server does, whatever it holds now
    return response, read_all(theirs)


# -------------------------------------------------------------------- the feeder


@pytest.mark.parametrize("piece_bytes", [1000, 65536])
def test_a_reader_of_any_speed_gets_the_whole_file(readers: Readers, piece_bytes: int) -> None:
    """The head, the file, and then the end of the connection."""
    browser = readers.read_from(io.BytesIO(FILM), len(FILM))
    assert read_all(browser, piece_bytes) == HEAD + FILM


def test_only_the_length_asked_for_is_sent_from_where_the_file_stands(readers: Readers) -> None:
    """A range begins in the middle of a file and ends before its end."""
    file = io.BytesIO(FILM)
    file.seek(1000)
    assert read_all(readers.read_from(file, 200_000)) == HEAD + FILM[1000:201_000]


def test_a_reader_that_stopped_reading_delays_no_other(readers: Readers) -> None:
    """A paused film holds nobody up, however many there are."""
    paused = [readers.read_from(io.BytesIO(FILM), len(FILM)) for _ in range(20)]
    assert read_all(readers.read_from(io.BytesIO(FILM), len(FILM))) == HEAD + FILM
    assert read_all(paused[0]) == HEAD + FILM


def test_a_reader_that_takes_nothing_for_too_long_is_cut_off(
    readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser then asks again for the rest."""
    monkeypatch.setattr(files, "STALL_S", 0.05)
    file = WatchedFile(FILM)
    browser = readers.read_from(file, len(FILM))
    assert file.done.wait(DEADLINE_S)
    received = read_all(browser)
    assert (HEAD + FILM).startswith(received)
    assert len(received) < len(FILM)


def test_a_reader_that_hangs_up_is_let_go(readers: Readers) -> None:
    """Its file is closed, and the others are served on."""
    file = WatchedFile(FILM)
    readers.read_from(file, len(FILM)).close()
    assert file.done.wait(DEADLINE_S)
    assert read_all(readers.read_from(io.BytesIO(FILM), 100)) == HEAD + FILM[:100]


def test_a_file_that_became_shorter_ends_early(readers: Readers) -> None:
    """The browser sees the missing bytes; the feeder doesn't wait for them."""
    assert read_all(readers.read_from(io.BytesIO(b"short"), 1000)) == HEAD + b"short"


def test_the_thread_starts_with_the_first_file_and_ends_with_stop(readers: Readers) -> None:
    """An exhibit without films has one thread less; stop cuts every reader off."""
    assert not feeding()
    file = WatchedFile(FILM)
    browser = readers.read_from(file, len(FILM))
    assert feeding()
    readers.feeder.stop()
    assert not feeding()
    assert file.closed
    assert len(read_all(browser)) < len(FILM)


def test_a_feeder_that_never_fed_leaves_nothing_open() -> None:
    """Stopping it releases what it was made with: a socket left open is a warning, so an error."""
    feeder = FileFeeder()
    feeder.stop()
    del feeder
    gc.collect()


def test_a_file_that_comes_after_the_end_is_cut_off(readers: Readers) -> None:
    """A request that crossed with the stop isn't left waiting."""
    readers.read_from(io.BytesIO(FILM), 100)
    readers.feeder.stop()
    browser = readers.read_from(file := io.BytesIO(FILM), 100)
    browser.settimeout(DEADLINE_S)
    assert read_all(browser) == b""
    assert file.closed


# -------------------------------------------------------------------- over HTTP


def test_a_small_file_is_the_http_servers(client: FlaskClient, readers: Readers) -> None:
    """What fits into a send buffer needs no feeder."""
    ours, _ = readers.connect()
    response = get(client, "/static/small.txt", **{"werkzeug.socket": ours})
    assert (response.status_code, response.data) == (200, b"small")
    assert not feeding()


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


@pytest.mark.parametrize("asked", ["bytes=2-1", "bytes=x-", "lines=1-2", f"bytes={'9' * 5000}-"])
def test_a_range_that_makes_no_sense_is_no_server_error(client: FlaskClient, asked: str) -> None:
    """It is ignored or refused, as HTTP allows."""
    response = get(client, "/static/film.bin", HTTP_RANGE=asked)
    assert response.status_code in (200, 416)


def test_too_many_readers_get_503(
    client: FlaskClient, readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser tries again later; those who read are not disturbed."""
    monkeypatch.setattr(files, "MAX_READERS", 1)
    browser = readers.read_from(io.BytesIO(FILM), len(FILM))
    assert browser.recv(len(HEAD)) == HEAD
    ours, _ = readers.connect()
    response = get(client, "/static/film.bin", **{"werkzeug.socket": ours})
    assert response.status_code == 503
    assert "Retry-After" in response.headers
    assert read_all(browser) == FILM


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
