"""From a press to the page on the screen, in time that a test makes; and what is never shown."""

import logging
from dataclasses import replace

import pytest
from harness.scripted_pins import HIGH, LOW, SETTINGS
from play import Play, led

from gpiobridge.core.events import Level
from gpiobridge.displays.audience import Audience, Move
from gpiobridge.displays.journey import Shown, Stages
from gpiobridge.loop.journeys import NOT_SHOWN_S


def test_the_bridge_adds_its_own_share_to_what_the_page_has_measured(play: Play) -> None:
    """From the edge's stamp to the send: here the debounce of 20 ms."""
    visitor = led(play)
    play.clock.forward(0.03)
    page = visitor.next()
    assert play.shown == [("open", None)]
    page.say(visitor.cursor, 85)
    ((_, shown),) = play.shown
    assert shown is not None
    assert shown.event is not None
    assert shown.event.seq == 1
    assert shown.stages == pytest.approx(Stages(0.02, 0.0, 0.0, 0.0, 0.03, 0.055))
    assert play.times_ms == [105]
    assert play.watcher.counts.to_shown.sum_s == pytest.approx(0.105)


def test_a_page_that_is_painted_before_its_socket_has_no_paint_to_wait_for(play: Play) -> None:
    """The stages add up to the whole, in whatever order its last two come."""
    visitor = led(play)
    play.clock.forward(0.3)
    visitor.next().say(visitor.cursor, 85)
    (_, stages), *_ = play.watcher.counts.recent
    assert stages == pytest.approx(Stages(0.02, 0.0, 0.0, 0.0, 0.085, 0.0))


def test_what_the_watcher_was_late_is_the_wake_up(play: Play) -> None:
    """Beyond the debounce, and up to its turn."""
    visitor = play.come()
    play.pins.drive("button", LOW)
    play.forward(0.05)
    visitor.is_moved()
    visitor.next().say(visitor.cursor, 0)
    (_, stages), *_ = play.watcher.counts.recent
    assert stages == pytest.approx(Stages(0.02, 0.0, 0.03, 0.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("keys", "event"),
    [({"dwell_s": 0.4}, LOW), ({"cooldown_s": 0.4}, HIGH)],
)
def test_what_a_dwell_or_a_cooldown_takes_is_no_debounce(
    keys: dict[str, float], event: Level
) -> None:
    """The debounce is still 20 ms, and the rest is said by itself."""
    button = replace(SETTINGS.pins["button"], **keys)  # type: ignore[arg-type]
    welcome = replace(SETTINGS.pages["welcome"], rules={("button", event): "open"})
    play = Play(
        replace(
            SETTINGS,
            pins={**SETTINGS.pins, "button": button},
            pages={**SETTINGS.pages, "welcome": welcome},
        )
    )
    try:
        visitor = play.come()
        visitor.say()
        play.pins.drive("button", LOW)
        play.forward(0.02)
        play.forward(0.4)
        visitor.peer.frame()  # that it dwells, or the edge of the press
        if event is HIGH:
            play.pins.drive("button", HIGH)
            play.forward(0.02)
            play.forward(0.4)
        visitor.is_moved()
        visitor.next().say(visitor.cursor, 85)
        (_, stages), *_ = play.watcher.counts.recent
        assert stages == pytest.approx(Stages(0.02, 0.4, 0.0, 0.0, 0.0, 0.085), abs=0.001)
    finally:
        play.stop()


def test_a_page_without_a_press_has_no_figure(play: Play) -> None:
    """It is shown, which is all that there is to say."""
    play.come().say()
    assert play.shown == [("welcome", Shown())]
    assert play.times_ms == []


def test_a_page_says_it_once(play: Play) -> None:
    """What it says later counts no more."""
    visitor = led(play)
    page = visitor.next()
    page.say(visitor.cursor, 85)
    before = play.shown
    page.say(visitor.cursor, 5000)
    page.say()
    assert (play.shown, play.times_ms) == (before, [105])


@pytest.mark.parametrize("cursor", ["deadbeef:1", "{epoch}:0", "{epoch}:2"])
def test_a_figure_belongs_to_the_press_that_moved_the_display(play: Play, cursor: str) -> None:
    """A page may name another one, or one of another run: then it is a page without a press."""
    visitor = led(play)
    page = visitor.next()
    page.say(cursor.format(epoch=page.state["epoch"]), 85)
    assert play.shown == [("open", Shown())]
    play.forward(NOT_SHOWN_S)
    assert (play.times_ms, play.not_shown) == ([], 0)


def test_a_page_without_a_seat_is_known_by_its_press(play: Play) -> None:
    """If a display of its name is on its way to it, and once for each such display."""
    visitor = led(play)
    for _ in range(2):
        visitor.next(seat="").say(visitor.cursor, 85)
    assert play.times_ms == [105]


@pytest.mark.parametrize("other", [{"name": "stranger"}, {"page": "welcome"}])
def test_a_page_that_no_press_moved_has_no_figure(play: Play, other: dict[str, str]) -> None:
    """Whatever it claims: no display of its name is on its way to it."""
    visitor = led(play)
    visitor.next(seat="", **other).say(visitor.cursor, 85)
    assert play.times_ms == []


def test_a_press_during_the_load_counts_from_the_press(play: Play) -> None:
    """The page that it moves has not even come yet."""
    before = play.come()
    play.press()
    play.clock.forward(0.48)
    visitor = play.come("welcome", before.begins, name="late")
    visitor.is_moved()
    visitor.next().say(visitor.cursor, 100)
    (_, stages), *_ = play.watcher.counts.recent
    assert stages == pytest.approx(Stages(0.02, 0.0, 0.48, 0.0, 0.0, 0.1))


def test_a_display_that_never_shows_its_page_is_counted_and_logged(
    play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    """Ten seconds after it was sent away, once; with its name and both pages."""
    caplog.set_level(logging.INFO, "gpiobridge.loop")
    visitor = led(play)
    visitor.next()  # it comes, but paints nothing
    play.forward(9.999)
    assert play.not_shown == 0
    play.forward(0.001)
    assert play.not_shown == 1
    play.forward(NOT_SHOWN_S)
    assert play.not_shown == 1
    line = '#1 button: display "kiosk" on welcome was sent to open, and has shown nothing for 10 s'
    assert [r.message for r in caplog.records if r.levelno == logging.WARNING] == [line]


def test_a_tab_that_was_closed_right_after_the_press_has_shown_nothing(play: Play) -> None:
    """The bridge can't tell it from a browser that has crashed."""
    led(play)
    play.forward(NOT_SHOWN_S)
    assert play.not_shown == 1


def test_a_page_that_is_late_has_its_figure_all_the_same(
    play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted as not shown, and then as shown."""
    caplog.set_level(logging.INFO, "gpiobridge.loop")
    visitor = led(play)
    page = visitor.next()
    play.forward(NOT_SHOWN_S + 2.0)
    page.say(visitor.cursor, 12_000)
    assert (play.not_shown, play.times_ms) == (1, [12_020])
    assert caplog.messages[-1] == '#1 button: shown by display "kiosk" on open after 12020 ms'


@pytest.mark.parametrize("ms", ["11e3", "1e308", "1.7976931348623157e308", "9" * 300])
def test_a_figure_longer_than_the_time_since_the_press_is_none(play: Play, ms: str) -> None:
    """One such figure would make every sum and mean useless; the page is shown all the same."""
    visitor = led(play)
    page = visitor.next()
    page.peer.send(f'{{"type":"shown","cursor":"{visitor.cursor}","ms":{ms}}}')
    play.take_a_turn()
    assert play.shown == [("open", Shown())]
    assert play.times_ms == []
    assert play.watcher.counts.to_shown.sum_s == 0.0


def test_a_page_that_has_never_said_it_is_shown_is_not_waited_for(play: Play) -> None:
    """Programs, older pages and pages without our script never do."""
    led(play, says=False)
    play.forward(NOT_SHOWN_S)
    assert play.not_shown == 0


@pytest.mark.parametrize("visible", [(True, False), (False, True)])
def test_a_hidden_display_is_not_waited_for(play: Play, visible: tuple[bool, bool]) -> None:
    """Neither one that was behind another tab, nor one that is now: nothing is painted there."""
    led(play, visible=visible[0]).next(visible=visible[1])
    play.forward(NOT_SHOWN_S)
    assert play.not_shown == 0


def test_a_page_that_stays_is_not_waited_for(play: Play) -> None:
    """It declines, or says farewell. The page after the farewell still has its figure."""
    visitor = led(play)
    staying = visitor.next("welcome", since=visitor.begins)
    play.forward(NOT_SHOWN_S)
    assert play.not_shown == 0
    staying.next("open").say(visitor.cursor, 10_500)
    assert play.times_ms == [10_520]


def test_a_second_press_that_moves_the_display_on_is_no_failure(play: Play) -> None:
    """It showed life. Only the page that comes last must be shown."""
    first = led(play)
    second = first.next()
    play.press("door")
    second.is_moved()
    second.next("welcome").say(second.cursor, 40)
    play.forward(NOT_SHOWN_S)
    assert (play.not_shown, play.times_ms) == (0, [60])


def test_an_order_of_the_application_ends_the_wait(play: Play) -> None:
    """What the display shows next is not due to the press."""
    led(play).next()
    play.watcher.order(Move("welcome", Audience()))
    play.take_a_turn()
    play.forward(NOT_SHOWN_S)
    assert play.not_shown == 0


def test_a_page_that_was_shown_is_so_after_a_lost_connection(play: Play) -> None:
    """It doesn't say it again, and the next press is watched."""
    visitor = play.come()
    visitor.say()
    visitor.peer.sock.close()
    again = visitor.next("welcome", since=visitor.begins)
    assert play.shown == [("welcome", Shown())]
    play.press()
    again.is_moved()
    play.forward(NOT_SHOWN_S)
    assert play.not_shown == 1


def test_the_next_page_has_yet_to_say_it(play: Play) -> None:
    """What the page before has said is not its own."""
    led(play).next()
    assert play.shown == [("open", None)]


def test_displays_that_never_come_back_leave_nothing_behind(play: Play) -> None:
    """Neither what was watched, nor a deadline that would wake anybody."""
    for number in range(20):
        play.come(name=f"display {number}").say()
    play.press()
    journeys = play.watcher._journeys
    assert len(journeys._due) == len(journeys._of_key) == 20
    play.forward(NOT_SHOWN_S)
    assert play.not_shown == 20
    assert journeys.deadline_s is None
    assert not journeys._due
    assert not journeys._of_key


def test_the_watcher_wakes_up_for_a_display_that_shows_nothing(play: Play) -> None:
    """Once, after ten seconds; and for nothing before or after."""
    led(play)
    timeout_s = play.watcher._timeout_s
    assert timeout_s() is None
    play.clock.now_s += NOT_SHOWN_S  # without a word to the watcher
    assert timeout_s() == 0.0
    play.take_a_turn()
    assert play.not_shown == 1
    assert timeout_s() is None


def test_every_page_that_is_shown_leaves_nothing_behind(play: Play) -> None:
    """Whether it has a seat or not."""
    visitor = led(play)
    visitor.next().say(visitor.cursor, 85)
    other = play.come("welcome", name="other")
    play.pins.drive("button", HIGH)
    play.forward(0.02)
    assert other.peer.frame()["level"] == "high"
    play.press()
    other.is_moved()
    other.next(seat="").say(other.cursor, 85)
    journeys = play.watcher._journeys
    assert play.times_ms == [105, 105]
    assert journeys.deadline_s is None
    assert not journeys._of_key
