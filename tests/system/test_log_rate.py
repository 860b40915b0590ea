"""Log lines that a client can cause come at a bounded rate (row 7)."""

import logging

import pytest

from gpiobridge.system.log_rate import LogRate


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """Tell the time, in seconds."""
        return self.now_s


def made(most: int = 2) -> tuple[LogRate, Clock]:
    """A log of two lines a minute."""
    clock = Clock()
    return LogRate(logging.getLogger("test.rate"), most, clock), clock


@pytest.fixture(autouse=True)
def at_info(caplog: pytest.LogCaptureFixture) -> None:
    """Catch all lines."""
    caplog.set_level(logging.INFO)


def test_lines_of_a_kind_are_counted_after_the_first_ones(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What was held back is told with the next line after the minute (row 7)."""
    log, clock = made()
    for number in range(1236):
        log.info("%d connected", number)
    assert caplog.messages == ["0 connected", "1 connected"]
    clock.now_s += 60
    log.info("%d connected", 7)
    assert caplog.messages[2:] == [
        "... and 1234 more like it in a minute: 1 connected",
        "7 connected",
    ]


def test_another_kind_is_not_held_back(caplog: pytest.LogCaptureFixture) -> None:
    """And tells what was held back of the first, once its minute is over (row 7)."""
    log, clock = made(1)
    for _ in range(3):
        log.info("a")
    log.info("b")
    assert caplog.messages == ["a", "b"]
    clock.now_s += 60
    log.info("c")
    assert caplog.messages[2:] == ["... and 2 more like it in a minute: a", "c"]


def test_kinds_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """A client that makes up kinds makes no memory grow (row 7)."""
    log, _ = made(1)
    for number in range(1000):
        log.write(logging.INFO, number, "x")
    assert len(log._kinds) == 200


def test_as_a_filter_it_bounds_the_lines_of_others(caplog: pytest.LogCaptureFixture) -> None:
    """By the kind that is told of each record; without one it passes (row 7)."""
    clock = Clock()
    logger = logging.getLogger("test.others")
    rate = LogRate(
        logger, 1, clock, lambda record: "bad" if record.levelno > logging.INFO else None
    )
    logger.addFilter(rate)
    try:
        for number in range(4):
            logger.error("bad %d", number)
            logger.info("fine %d", number)
        clock.now_s += 60
        logger.error("bad again")
    finally:
        logger.removeFilter(rate)
    assert caplog.messages == [
        "bad 0", "fine 0", "fine 1", "fine 2", "fine 3",
        "... and 3 more like it in a minute: bad 0", "bad again",
    ]  # fmt: skip


def test_a_line_names_its_own_place(caplog: pytest.LogCaptureFixture) -> None:
    """The file that logs, not the mechanism (row 7)."""
    log, _ = made()
    log.info("here")
    log.write(logging.INFO, "kind", "there")
    assert {record.filename for record in caplog.records} == {"test_log_rate.py"}


@pytest.mark.timeout(5)
def test_what_a_line_is_made_of_may_log_itself(caplog: pytest.LogCaptureFixture) -> None:
    """An argument's own words are made without a lock: they may come here again (row 7)."""
    log, _ = made(1)

    class Talking:
        def __str__(self) -> str:
            log.info("asked")
            return "it"

    log.info("%s is there", Talking())
    assert caplog.messages == ["asked", "it is there"]


def test_what_cannot_be_written_is_counted_all_the_same() -> None:
    """An object whose text fails to be made brings nobody down (row 7)."""

    class Failing:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    rate, _ = made(1)
    assert rate.takes("kind", logging.ERROR, lambda: str(Failing()))
    assert not rate.takes("kind", logging.ERROR, lambda: str(Failing()))
