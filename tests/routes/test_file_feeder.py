"""Files for slow readers: what each gets, and who goes when all places are taken."""

import gc
import io

import pytest
from slow_readers import DEADLINE_S, FILM, HEAD, Readers, WatchedFile, feeding, read_all

from gpiobridge.routes import file_feeder
from gpiobridge.routes.file_feeder import FileFeeder


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
