"""When a kiosk's browser is started anew each day."""

import pytest

from gpiobridge.kiosk.renewal import LATEST_S, QUIET_S, Renewal

FOUR_S = 4 * 3600.0
WELCOME, OPEN = ["welcome"], ["open"]


def dues(renewal: Renewal, looks: list[tuple[float, float, object]]) -> list[float]:
    """When it is time, of many looks at the clock: monotonic seconds."""
    return [now_s for now_s, day_s, scene in looks if renewal.due(now_s, day_s, scene)]


def night(
    start_s: float, seconds: int, scene: object = WELCOME
) -> list[tuple[float, float, object]]:
    """Looks every two seconds, from a time of day on."""
    return [(now, (start_s + now) % 86_400, scene) for now in map(float, range(0, seconds, 2))]


def test_a_quiet_night() -> None:
    """Its time has come, nobody uses it: once, and again a day later (row 7)."""
    renewal = Renewal(240)
    looks = [
        (now, (FOUR_S - 600 + now) % 86_400, WELCOME) for now in map(float, range(0, 90_000, 10))
    ]
    assert dues(renewal, looks) == [600.0, 87_000.0]


def test_not_before_it_is_quiet() -> None:
    """While pages and pins change it waits, until they have been the same for a minute (row 7)."""
    looks = night(FOUR_S - 10, 600)
    busy = [(now, day, now if now < 300 else "still") for now, day, _ in looks]
    assert dues(Renewal(240), busy) == [300 + QUIET_S]


def test_an_exhibit_that_is_never_quiet() -> None:
    """Pages that change by themselves all night don't put it off for ever (row 7)."""
    busy = [(now, day, now) for now, day, _ in night(FOUR_S - 10, 2 * int(LATEST_S))]
    assert dues(Renewal(240), busy) == [10 + LATEST_S]


def test_it_is_no_later_than_the_bridge() -> None:
    """However late it is, it waits until the bridge answers (row 7)."""
    silent = [(now, day, None) for now, day, _ in night(FOUR_S - 10, 2 * int(LATEST_S))]
    then = 2 * LATEST_S
    assert dues(Renewal(240), [*silent, (then, FOUR_S, WELCOME)]) == [then]


def test_nobody_can_tell() -> None:
    """Without an answer of the bridge nothing is known to be quiet (row 7)."""
    assert dues(Renewal(240), night(FOUR_S - 10, 600, None)) == []


def test_never_without_a_time() -> None:
    """Without `kiosk.renew` it never is (row 7)."""
    assert dues(Renewal(None), night(FOUR_S - 10, 600)) == []


@pytest.mark.parametrize("at_min", [None, 240])
def test_after_a_change_it_waits_for_a_quiet_minute(at_min: int | None) -> None:
    """Once the bridge wants another way to show pages, a minute without a change is enough."""
    renewal = Renewal(at_min)
    looks = [(now, now, now if now < 300 else "still") for now in map(float, range(0, 600, 2))]
    due = [now for now, day, scene in looks if renewal.due(now, day, scene, other=100 <= now < 400)]
    assert due[0] == 300 + QUIET_S


def test_a_change_that_is_taken_back() -> None:
    """If the bridge wants the old way again before the quiet minute, nothing is restarted."""
    renewal = Renewal(None)
    looks = night(0.0, 600)
    assert not any(renewal.due(now, day, scene, other=now < 50) for now, day, scene in looks)


@pytest.mark.parametrize(
    ("at_min", "start_s", "due"),
    [(0, 86_300.0, True), (240, FOUR_S + 2, False), (240, FOUR_S - 700, False)],
)
def test_only_the_time_that_passes(at_min: int, start_s: float, due: bool) -> None:
    """Midnight is a time as any other; one that was over before the start is not (row 7)."""
    assert bool(dues(Renewal(at_min), night(start_s, 400))) == due


def test_a_clock_that_is_set() -> None:
    """A Pi without a clock starts with an old time: what is skipped has not passed (row 7)."""
    renewal = Renewal(240)
    looks = [(0.0, FOUR_S - 3600, WELCOME), (2.0, FOUR_S + 3600, WELCOME)]
    assert (
        dues(renewal, looks + [(now, FOUR_S + 3600 + now, WELCOME) for now in (99.0, 199.0)]) == []
    )
