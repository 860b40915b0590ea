"""What outlives a restart: the file, and what is made of a damaged one."""

import logging
import threading
from pathlib import Path

import pytest
from harness.deadline import DEADLINE_S, wait_until

from gpiobridge.hours import record
from gpiobridge.hours.clerk import Clerk
from gpiobridge.hours.record import NOTHING, Record
from gpiobridge.hours.status import HoursState, Overrule

KEPT = Record(Overrule(HoursState.OPEN, 1_800_000_000.5), "boot")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Both parts; only the service's user may read it."""
    file = tmp_path / "state" / "hours.json"
    for each in (KEPT, NOTHING, Record(None, "boot")):
        assert record.write(file, each)
        assert record.read(file) == each
    assert file.stat().st_mode & 0o077 == 0
    assert [found.name for found in file.parent.iterdir()] == ["hours.json"]


@pytest.mark.parametrize(
    "text",
    [
        '{"format": 2, "overrule": null, "clock_set_in": "boot"}',
        "", "{", "[]", "null", "3", '{"format": 2}', '{"format": 1}', "\x00" * 100,
        '{"format": 1, "overrule": 3, "clock_set_in": ""}',
        '{"format": 1, "overrule": {"state": "ajar", "until": 1}, "clock_set_in": ""}',
        '{"format": 1, "overrule": {"state": "open", "until": 1e999}, "clock_set_in": ""}',
        '{"format": 1, "overrule": {"state": "open", "until": 1e300}, "clock_set_in": ""}',
        '{"format": 1, "overrule": {"state": "open", "until": NaN}, "clock_set_in": ""}',
        '{"format": 1, "overrule": {"state": "open", "until": "soon"}, "clock_set_in": ""}',
        '{"format": 1, "overrule": {"state": "unknown", "until": 1}, "clock_set_in": ""}',
        "[" * 4000, " " * 100_000 + "{}",
    ],
)  # fmt: skip
def test_a_damaged_file_says_nothing(tmp_path: Path, text: str) -> None:
    """Whatever is in it."""
    file = tmp_path / "hours.json"
    file.write_text(text)
    assert record.read(file) == NOTHING


def test_no_file_says_nothing(tmp_path: Path) -> None:
    """Nor does a folder in its place."""
    assert record.read(None) == record.read(tmp_path / "none") == record.read(tmp_path) == NOTHING


def test_a_file_that_can_not_be_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Is a line in the log, and no more."""
    (tmp_path / "state").write_text("")
    assert not record.write(tmp_path / "state" / "hours.json", KEPT)
    assert "can't be written" in caplog.text
    assert not record.write(None, KEPT)


def test_where_it_lies(tmp_path: Path) -> None:
    """In the service's own folder; without one, beside other users' exhibits."""
    given = record.record_file({"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}, tmp_path)
    assert given == Path("/var/lib/a/hours.json")
    homes = {
        record.record_file({"XDG_STATE_HOME": str(tmp_path)}, Path(f"/exhibit-{number}"))
        for number in range(2)
    }
    assert len(homes) == 2
    assert {home.parent for home in homes if home} == {tmp_path / "gpiobridge"}


def test_the_clerk_asks_until_the_clock_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """First patiently, then in a moment each; it never asks again."""
    monkeypatch.setattr("gpiobridge.hours.clerk.ASK_S", 0.001)
    answers = [None, False, None, True]
    asked: list[bool] = []

    def ask(*, patient: bool) -> bool | None:
        asked.append(patient)
        return answers[len(asked) - 1]

    clerk = Clerk(ask=ask, boot="b")
    clerk.start()
    wait_until(lambda: clerk.clock_is_set is True)
    clerk.stop()
    assert asked == [True, False, False, False]
    assert clerk.boot == "b"


def test_nobody_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is known after a minute only: who could tell may not be there yet."""
    monkeypatch.setattr("gpiobridge.hours.clerk.ASK_S", 0.001)
    asked: list[bool] = []
    clerk = Clerk(ask=lambda *, patient: asked.append(patient))
    clerk.start()
    wait_until(lambda: clerk.clock_is_set is None)
    clerk.stop()
    assert (len(asked), sum(asked)) == (13, 2)


def test_the_clock_of_this_boot_is_still_right(tmp_path: Path) -> None:
    """After a restart nobody is asked; after a boot, again."""
    file = tmp_path / "hours.json"
    record.write(file, KEPT)
    again, other = (Clerk(file, lambda *, patient: False, boot) for boot in ("boot", "other"))
    assert again.begin() == other.begin() == KEPT
    assert (again.clock_is_set, other.clock_is_set) == (True, False)


def test_it_is_not_written_all_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a pin without a button orders; at the stop the newest is written."""
    written: list[Record] = []
    wrote = threading.Event()

    def write(_file: Path | None, wanted: Record) -> bool:
        written.append(wanted)
        wrote.set()
        return True

    monkeypatch.setattr("gpiobridge.hours.record.write", write)
    monkeypatch.setattr("gpiobridge.hours.clerk.PAUSE_S", DEADLINE_S)
    clerk = Clerk(tmp_path / "hours.json")
    clerk.trust()
    clerk.start()
    clerk.keep(KEPT)
    assert wrote.wait(DEADLINE_S)
    wrote.clear()
    clerk.keep(NOTHING)
    assert not wrote.wait(0.05)
    clerk.keep(Record(None, "boot"))
    clerk.stop()
    assert written == [KEPT, Record(None, "boot")]


def test_a_clerk_that_fails_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """The exhibit goes on."""
    caplog.set_level(logging.ERROR)

    def ask(*, patient: bool) -> bool | None:
        raise RuntimeError("no")

    clerk = Clerk(ask=ask)
    clerk.start()
    clerk.stop()
    assert "the clerk of the opening hours failed" in caplog.text
