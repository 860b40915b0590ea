"""Static files, for readers of any speed."""

import gc
import io
import random
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gpiobridge.routes import file_feeder, files
from gpiobridge.routes.file_feeder import FileFeeder
from gpiobridge.routes.files import PIECE_BYTES, send_file

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
        self.now_s = 1000.0
        self.feeder = FileFeeder(clock=lambda: self.now_s)
        self.sockets: list[socket.socket] = []

    def connect(self) -> tuple[socket.socket, socket.socket]:
        """Make a connection: the server's end and the browser's."""
        ours, theirs = socket.socketpair()
        theirs.settimeout(DEADLINE_S)
        self.sockets += [ours, theirs]
        return ours, theirs

    def read_from(
        self, file: BinaryIO, length: int, client: str | None = None, buffer_bytes: int = 0
    ) -> socket.socket:
        """Let the feeder send ``length`` bytes of ``file``; return the browser's end."""
        ours, theirs = self.connect()
        ours.setblocking(False)
        if buffer_bytes:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_bytes)
        self.feeder.feed(ours, HEAD, file, length, client)
        return theirs

    def join(self, client: str | None) -> "Slow":
        """Begin to read a film, and take its head; the film itself waits in the small buffer."""
        file = WatchedFile(FILM)
        self.now_s += 0.01
        browser = self.read_from(file, len(FILM), client, buffer_bytes=4096)
        slow = Slow(self, file, browser)
        slow.take(len(HEAD))
        return slow

    def settle(self) -> None:
        """Let the feeder send at this time what it can send now, and see who is to go."""
        for _ in range(2):
            read_all(self.read_from(io.BytesIO(b"."), 1))

    def room(self, client: str | None) -> bool:
        """Ask for room as a request does."""
        return self.feeder.make_room(client)

    def close(self) -> None:
        """Stop the feeder and close every socket."""
        self.feeder.stop()
        for sock in self.sockets:
            sock.close()


@dataclass
class Slow:
    """A reader that takes what a test says."""

    readers: Readers
    file: WatchedFile
    browser: socket.socket

    def take(self, count: int) -> None:
        """Take so many bytes, and let as many follow."""
        while count:
            piece = self.browser.recv(min(count, 65536))
            assert piece, "it was cut off"
            count -= len(piece)
        self.readers.settle()

    @property
    def gone(self) -> bool:
        """Whether it was cut off; it has a while to be."""
        return self.file.done.wait(DEADLINE_S)

    @property
    def stays(self) -> bool:
        """Whether it is still there."""
        return not self.file.done.is_set()


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


def test_a_reader_that_takes_nothing_for_too_long_is_cut_off(readers: Readers) -> None:
    """A browser then asks again for the rest."""
    file = WatchedFile(FILM)
    browser = readers.read_from(file, len(FILM))
    assert browser.recv(len(HEAD)) == HEAD
    readers.settle()
    readers.now_s += file_feeder.STALL_S
    readers.settle()
    assert file.done.wait(DEADLINE_S)
    received = read_all(browser)
    assert FILM.startswith(received)
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


# -------------------------------------------------------------------- when all places are taken


@pytest.fixture
def few(readers: Readers, monkeypatch: pytest.MonkeyPatch) -> Readers:
    """A feeder with four places, of which a client has two."""
    monkeypatch.setattr(file_feeder, "MAX_READERS", 4)
    monkeypatch.setattr(file_feeder, "CLIENT_READERS", 2)
    return readers


def test_a_slow_reader_makes_room_for_the_next(few: Readers) -> None:
    """Whoever holds all places by reading slowly shuts nobody out (row 6)."""
    slow = [few.join(client) for client in ("a", "a", "b", "b")]
    few.now_s += 5
    assert few.room("c")
    assert slow[0].gone


def test_one_goes_for_each_that_waits(few: Readers) -> None:
    """Nobody waits for a place that a slow reader holds (row 6)."""
    slow = [few.join(name) for name in ("a", "a", "b", "b")]
    few.now_s += 5
    for client in ("c", "d", None):
        assert few.room(client)
        few.join(client)
    assert slow[0].gone
    assert slow[2].gone
    assert slow[1].gone
    assert slow[3].stays


def test_a_reader_that_began_just_now_stays(few: Readers) -> None:
    """Nothing is known of its speed, and so is nothing of the others' (row 6)."""
    young = [few.join(client) for client in ("a", "b", "c", "d")]
    assert not few.room("e")
    few.now_s += 1
    assert few.room("e")
    assert young[0].gone


def test_beginning_anew_all_the_time_keeps_no_place(few: Readers) -> None:
    """A client with many readers loses one, however young they are (row 6)."""
    hoard = [few.join(client) for client in ("a", "a", "b", "b")]
    assert few.room("c")
    assert hoard[0].gone


def test_the_clients_with_most_readers_lose_one_first(few: Readers) -> None:
    """A single film that is paused stays as long as another client has more of them (row 6)."""
    paused = few.join("visitor")
    hoard = [few.join("hoarder") for _ in range(2)]
    few.join("other")
    few.now_s += 5
    assert few.room("new")
    assert hoard[0].gone
    assert paused.stays


def test_the_slowest_reader_of_a_client_goes(few: Readers) -> None:
    """Not the one that has been there longest (row 6)."""
    quicker, slowest = few.join("a"), few.join("a")
    few.now_s += 2
    quicker.take(20_000)
    few.now_s += 2
    slowest.take(5_000)
    assert few.room("a")
    assert slowest.gone
    assert quicker.stays


def test_a_client_has_a_bound_of_its_own(few: Readers) -> None:
    """Its own slow reader goes, though there is room for others (row 6)."""
    first = few.join("a")
    few.join("a")
    few.now_s += 5
    assert few.room("a")
    assert first.gone


def test_this_machine_has_only_the_bound_in_all(few: Readers) -> None:
    """Its own display, or the proxy that speaks for everybody (row 6)."""
    mine = [few.join(None) for _ in range(3)]
    few.now_s += 5
    assert few.room(None)
    assert all(reader.stays for reader in mine)


def test_readers_that_keep_taking_are_not_disturbed(few: Readers) -> None:
    """Where all of them do, the next one is told to come again (row 6)."""
    quick = [few.join(client) for client in ("a", "a", "b", "b")]
    few.now_s += 2
    for reader in quick:
        reader.take(2 * file_feeder.SLOW_BYTES)
    assert not few.room("c")
    few.now_s += 5
    assert not few.room("a")
    assert all(reader.stays for reader in quick)


@pytest.mark.parametrize("later_s", [file_feeder.IDLE_S, 50.0])
def test_one_that_was_quick_and_stopped_goes(few: Readers, later_s: float) -> None:
    """A film is paused when its buffer is full; a browser then asks for the rest (row 6)."""
    paused, quick = few.join("a"), few.join("a")
    few.now_s += 2
    paused.take(2 * file_feeder.SLOW_BYTES)
    few.now_s += later_s
    quick.take(2 * file_feeder.SLOW_BYTES)
    assert few.room("a")
    assert paused.gone
    assert quick.stays


def test_what_was_taken_over_a_minute_ago_no_longer_counts(few: Readers) -> None:
    """A byte every two seconds doesn't keep a place that a quick start has won (row 6)."""
    reader = few.join("a")
    few.now_s += 2
    reader.take(2 * file_feeder.SLOW_BYTES)
    for _ in range(31):
        few.now_s += 2
        reader.take(1)
    few.join("a")
    assert few.room("a")
    assert reader.gone


# -------------------------------------------------------------------- over HTTP


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
        "film.bin: Permission denied; its readers get 404"
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
