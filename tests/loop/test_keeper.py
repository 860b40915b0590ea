"""Lamps and locks beside a running watcher: displays come, press, leave and are lost."""

import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from harness.deadline import wait_until
from harness.made_clock import MadeClock
from harness.scripted_lines import ScriptedLines
from harness.scripted_pins import HIGH, LOW, SETTINGS, ScriptedPins
from play import BOTH_WAYS, Play, Visitor
from stage import Stage

from gpiobridge.config import Output, OutputState, PageOutput, Settings
from gpiobridge.outputs import handover
from gpiobridge.outputs.gpio import WiredOutput
from gpiobridge.outputs.keeper import MEMORY_FORMAT, MOST_LOST
from gpiobridge.outputs.orders import SetOutput

ON, OFF, BLINK, PULSE = OutputState


def with_outputs(
    outputs: Mapping[str, Mapping[str, Any]], **pages: Mapping[str, PageOutput]
) -> Settings:
    """Give the two pages outputs."""
    made: dict[str, Output] = {
        name: WiredOutput(**{"name": name, "pin": number, **keys})
        for number, (name, keys) in enumerate(outputs.items(), 22)
    }
    their = {
        name: replace(page, outputs=pages.get(name, {})) for name, page in BOTH_WAYS.pages.items()
    }
    return replace(BOTH_WAYS, outputs=made, pages=their)


class LitPlay(Play):
    """Displays beside a watcher that keeps outputs."""

    def __init__(self, settings: Settings) -> None:
        self.clock = MadeClock()
        self.lines = ScriptedLines(self.clock)
        Stage.__init__(self, ScriptedPins(clock=self.clock), settings, lines=self.lines)
        self.watcher.start()

    @property
    def states(self) -> dict[str, str]:
        """What each output does, once the watcher has seen all."""
        self.take_a_turn()
        return {name: str(each.state) for name, each in self.watcher.outputs.states.items()}

    def set(self, output: str, state: OutputState, for_s: float | None = None) -> None:
        """Set an output, as a program does."""
        self.watcher.order(SetOutput(output, state, for_s))
        self.take_a_turn()

    def press(self, pin: str = "button") -> None:
        """Press a pin, and let it go some time later."""
        super().press(pin)

    def release(self, pin: str = "button") -> None:
        """Let a pin go until it has settled."""
        self.pins.drive(pin, HIGH)
        self.forward(0.02)


@pytest.fixture
def lit() -> Iterator[LitPlay]:
    """A lamp that follows the button, from welcome to open."""
    play = LitPlay(with_outputs({"lamp": {"follows": "button"}}))
    yield play
    play.stop()


@pytest.fixture
def solved() -> Iterator[LitPlay]:
    """A sign that is on while open is shown, and a lock that opens with it, for good."""
    play = LitPlay(
        with_outputs(
            {"sign": {}, "lock": {"initial": ON}},
            open={"sign": PageOutput(ON), "lock": PageOutput(OFF, keep=True)},
        )
    )
    yield play
    play.stop()


def shown(play: Play, page: str = "welcome", **options: Any) -> Visitor:
    """A display that shows a page."""
    visitor = play.come(page, **options)
    visitor.say()
    return visitor


def reload(play: LitPlay, monkeypatch: pytest.MonkeyPatch) -> None:
    """End the watcher for a reload; the next one inherits what it has remembered."""
    ending = threading.Thread(target=play.watcher.stop, kwargs={"reload": True})
    ending.start()
    wait_until(lambda: play.lines.handed_over)
    play.clock.forward(1.0)  # the farewell is over
    ending.join()
    memory = dict(handover._memory)
    handover._memory.clear()
    monkeypatch.setattr(handover, "inherited", lambda: memory)
    play.stop()


# ---------------------------------------------------------------- the lamp of a button


def test_a_lamp_is_dark_until_a_display_would_take_the_press(lit: LitPlay) -> None:
    """A page that isn't painted yet takes none, nor one from which the button doesn't lead."""
    assert lit.states == {"lamp": "off"}
    visitor = lit.come()
    assert lit.states == {"lamp": "off"}
    visitor.say()
    assert lit.states == {"lamp": "on"}
    shown(lit, "open", name="other")
    visitor.peer.sock.close()
    assert lit.states == {"lamp": "off"}


def test_a_press_that_moves_a_display_lets_the_lamp_blink_until_the_page_is_shown(
    lit: LitPlay,
) -> None:
    """It goes dark in the same turn as the edge, so that the press is answered at once."""
    visitor = shown(lit)
    lit.forward(1.0)
    lit.lines.changes.clear()
    lit.press()
    assert lit.lines.of("lamp") == [(1.02, "off")]
    assert lit.states == {"lamp": "blink"}
    visitor.is_moved()
    lit.forward(0.25)
    assert lit.lines.of("lamp")[1:] == [(1.27, "on")]
    page = visitor.next()
    assert lit.states == {"lamp": "blink"}
    page.say()
    assert lit.states == {"lamp": "off"}  # the button doesn't lead away from there


def test_a_press_that_moves_nobody_changes_nothing(lit: LitPlay) -> None:
    """Neither without a display, nor on a page without a rule, nor one that takes no press."""
    lit.press()
    lit.release()
    visitor = shown(lit, "open")
    lit.press()
    lit.release()
    other = shown(lit, name="other")
    other.peer.send('{"type":"taking","since_ms":null}')
    assert lit.states == {"lamp": "off"}
    lit.press()
    assert [on for _, on in lit.lines.of("lamp")] == ["on", "off"]
    assert visitor


@pytest.mark.parametrize(
    ("frame", "back"),
    [
        ('{"type":"taking","since_ms":null}', '{"type":"taking","since_ms":0}'),
        ('{"type":"visible","visible":false}', '{"type":"visible","visible":true}'),
    ],
)
def test_a_lamp_is_dark_while_a_page_takes_no_press(lit: LitPlay, frame: str, back: str) -> None:
    """In lockout, during a film, and behind another tab."""
    visitor = shown(lit)
    visitor.peer.send(frame)
    assert lit.states == {"lamp": "off"}
    visitor.peer.send(back)
    assert lit.states == {"lamp": "on"}


def test_a_press_of_another_pin_is_not_this_lamps(lit: LitPlay) -> None:
    """The door moves the display; the button's lamp is dark meanwhile, and doesn't blink."""
    visitor = shown(lit, "open")
    shown(lit, name="other")
    lit.press("door")
    visitor.is_moved()
    assert lit.states == {"lamp": "on"}


def test_a_page_that_declines_ends_the_blinking(lit: LitPlay) -> None:
    """It comes again, and takes presses; one that says farewell takes none, and blinks on."""
    visitor = shown(lit)
    lit.press()
    visitor.is_moved()
    farewell = visitor.next("welcome", since=visitor.begins, taking=None)
    assert lit.states == {"lamp": "blink"}
    farewell.peer.send('{"type":"taking","since_ms":0}')
    assert lit.states == {"lamp": "on"}


def test_every_display_that_was_moved_is_waited_for(lit: LitPlay) -> None:
    """The lamp blinks until the last one has shown its page."""
    visitors = [shown(lit, name=f"display {number}") for number in range(3)]
    lit.press()
    for visitor in visitors:
        visitor.is_moved()
        assert lit.states == {"lamp": "blink"}
        visitor.next().say()
    assert lit.states == {"lamp": "off"}


def test_no_lamp_blinks_for_longer_than_ten_seconds(lit: LitPlay) -> None:
    """A display that never comes is gone; the others take the next press."""
    visitor = shown(lit)
    shown(lit, "open", name="other")
    lit.press()
    visitor.is_moved()
    lit.forward(9.9)
    assert lit.states == {"lamp": "blink"}
    lit.forward(0.2)
    assert lit.states == {"lamp": "off"}


def test_a_farewell_that_takes_long_ends_the_blinking(lit: LitPlay) -> None:
    """The page still takes no press: so the lamp is dark."""
    visitor = shown(lit)
    lit.press()
    visitor.is_moved()
    visitor.next("welcome", since=visitor.begins, taking=None)
    lit.forward(9.9)
    assert lit.states == {"lamp": "blink"}
    lit.forward(0.2)
    assert lit.states == {"lamp": "off"}


def test_a_next_page_that_never_says_that_it_is_shown_ends_the_blinking(lit: LitPlay) -> None:
    """It has a socket, and nothing more comes of it."""
    visitor = shown(lit)
    lit.press()
    visitor.is_moved()
    visitor.next()
    lit.forward(9.9)
    assert lit.states == {"lamp": "blink"}
    lit.forward(0.2)
    assert lit.states == {"lamp": "off"}


def test_a_page_whose_word_was_lost_is_shown_when_it_connects_again(lit: LitPlay) -> None:
    """It says only once that it is shown, and doesn't know that nobody heard it."""
    visitor = shown(lit)
    lit.press()
    visitor.is_moved()
    page = visitor.next()
    page.peer.sock.close()
    assert lit.states == {"lamp": "blink"}
    page.next("open", since=page.begins)
    assert lit.states == {"lamp": "off"}


def test_a_display_that_comes_without_its_seat_isnt_waited_for_twice(lit: LitPlay) -> None:
    """The handshake that used its seat up came to nothing."""
    visitor = shown(lit, name="wall")
    lit.press()
    visitor.is_moved()
    visitor.peer.sock.close()
    page = lit.come("open", name="wall")
    assert lit.states == {"lamp": "blink"}
    page.say()
    assert lit.states == {"lamp": "off"}


def test_a_hidden_display_that_is_moved_is_not_waited_for(lit: LitPlay) -> None:
    """Nobody sees it: it must not let the lamp say that a press was taken."""
    visitor = shown(lit)
    visitor.peer.send('{"type":"visible","visible":false}')
    assert lit.states == {"lamp": "off"}
    lit.press()
    visitor.is_moved()
    assert lit.states == {"lamp": "off"}


def test_max_on_holds_for_a_lamp_that_follows(lit: LitPlay) -> None:
    """Displays that come and go don't switch it on again; the next press does."""
    lit.stop()
    play = LitPlay(with_outputs({"lamp": {"follows": "button", "max_on_s": 2.0}}))
    try:
        visitor = shown(play)
        play.forward(2.0)
        assert play.states == {"lamp": "off"}
        shown(play, name="other")
        assert play.states == {"lamp": "off"}
        play.press()
        visitor.is_moved()
        assert play.states == {"lamp": "blink"}
    finally:
        play.stop()


def test_a_program_that_follows_a_page_has_no_lamp(lit: LitPlay) -> None:
    """It never says what it shows: so nobody waits for it either."""
    visitor = lit.come()
    lit.press()
    visitor.is_moved()
    assert lit.lines.changes == []


# ---------------------------------------------------------------- what pages say


def test_an_output_is_as_the_page_says_while_it_is_shown(solved: LitPlay) -> None:
    """From the moment at which the page is painted, until another one is."""
    visitor = shown(solved)
    solved.press()
    visitor.is_moved()
    page = visitor.next()
    assert solved.states == {"sign": "off", "lock": "on"}
    page.say()
    assert solved.states == {"sign": "on", "lock": "off"}
    solved.press("door")
    page.is_moved()
    again = page.next("welcome")
    assert solved.states == {"sign": "on", "lock": "off"}
    again.say()
    assert solved.states == {"sign": "off", "lock": "off"}


def test_a_page_that_is_loaded_again_is_shown_again(solved: LitPlay) -> None:
    """What a program has set meanwhile is over; a page that only connects again changes nothing."""
    page = shown(solved, "open")
    solved.set("sign", BLINK)
    page.peer.sock.close()
    again = page.next("open", since=page.begins)
    again.say()
    assert solved.states["sign"] == "blink"
    again.peer.sock.close()
    loaded = again.next("open")
    assert solved.states["sign"] == "blink"
    loaded.say()
    assert solved.states["sign"] == "on"


def test_a_page_that_says_nothing_has_left_the_one_before(solved: LitPlay) -> None:
    """It may have no script of ours that says when it is shown: after ten seconds it counts."""
    page = shown(solved, "open")
    solved.press("door")
    page.is_moved()
    page.next("welcome")
    solved.forward(9.9)
    assert solved.states["sign"] == "on"
    solved.forward(0.2)
    assert solved.states["sign"] == "off"


def test_a_lost_display_changes_nothing(solved: LitPlay) -> None:
    """A lock doesn't open because a tab has crashed; the display of that name goes on there."""
    page = shown(solved, "open")
    page.peer.sock.close()
    solved.take_a_turn()
    solved.forward(1000.0)
    assert solved.states == {"sign": "on", "lock": "off"}
    shown(solved, name="stranger")
    assert solved.states["sign"] == "on"
    shown(solved)
    assert solved.states["sign"] == "off"


def test_a_browser_that_starts_again_has_left_the_page(solved: LitPlay) -> None:
    """It comes within seconds, and without the seat of the tab that crashed."""
    page = shown(solved, "open")
    page.peer.sock.close()
    solved.take_a_turn()
    shown(solved)
    assert solved.states["sign"] == "off"
    solved.forward(1000.0)
    assert solved.states["sign"] == "off"


@pytest.mark.parametrize("away_s", [5.0, 1000.0])
def test_a_page_that_was_offline_goes_on(solved: LitPlay, away_s: float) -> None:
    """It was on the screen all the time: nothing changes when it connects again."""
    page = shown(solved, "open")
    page.peer.sock.close()
    solved.set("sign", BLINK)
    solved.forward(away_s)
    solved.come("open", since=page.begins)
    assert solved.states == {"sign": "blink", "lock": "off"}


def test_lost_displays_are_bounded(solved: LitPlay) -> None:
    """Whoever comes and goes under another name each time is forgotten, the oldest first."""
    for number in range(MOST_LOST + 5):
        shown(solved, "open", name=f"display {number}").peer.sock.close()
        solved.take_a_turn()
    solved.forward(20.0)
    solved.take_a_turn()
    assert len(solved.watcher.outputs._lost) == MOST_LOST
    assert solved.states["sign"] == "on"


def test_an_output_may_say_what_it_does_without_a_display() -> None:
    """Ten seconds after the last one was there, and at the start."""
    play = LitPlay(
        with_outputs(
            {"sign": {"initial": ON, "without_display": OFF}}, open={"sign": PageOutput(ON)}
        )
    )
    try:
        assert play.states == {"sign": "off"}
        page = shown(play, "open")
        assert play.states == {"sign": "on"}
        page.peer.sock.close()
        play.take_a_turn()
        play.forward(9.9)
        assert play.states == {"sign": "on"}
        play.forward(0.2)
        assert play.states == {"sign": "off"}
        shown(play)
        assert play.states == {"sign": "on"}
    finally:
        play.stop()


def test_the_log_says_why_an_output_changes(caplog: pytest.LogCaptureFixture) -> None:
    """Which display and page, that there is no display, a program, or the end."""
    caplog.set_level(logging.INFO)
    outputs = {"sign": {"initial": ON, "without_display": OFF, "safe": ON}}
    play = LitPlay(with_outputs(outputs, open={"sign": PageOutput(BLINK)}))
    try:
        visitor = shown(play)
        play.press()
        visitor.is_moved()
        visitor = visitor.next()
        visitor.say()
        play.press("door")
        visitor.is_moved()
        visitor = visitor.next("welcome")
        visitor.say()
        visitor.peer.sock.close()
        play.take_a_turn()
        play.forward(10.1)
        shown(play, "open", name="")
        play.set("sign", OFF)
    finally:
        play.stop()
    said = [r.message for r in caplog.records if r.message.startswith("output")]
    assert said == [
        "output sign: on; a display is connected",
        'output sign: blink; display "kiosk" shows open',
        'output sign: on; display "kiosk" has left open',
        "output sign: off; no display is connected",
        "output sign: blink; a display shows open",
        "output sign: off; set by a program",
        "output sign: on; the bridge stops",
    ]


# ---------------------------------------------------------------- programs, lines, the end


def test_a_program_sets_an_output_until_a_page_does(solved: LitPlay) -> None:
    """For a time, or until a page that names it is shown or left."""
    solved.set("sign", BLINK)
    assert solved.states["sign"] == "blink"
    visitor = shown(solved)
    assert solved.states["sign"] == "blink"
    solved.press()
    visitor.is_moved()
    visitor.next().say()
    assert solved.states["sign"] == "on"
    solved.set("sign", OFF, 2.0)
    solved.forward(1.9)
    assert solved.states["sign"] == "off"
    solved.forward(0.1)
    assert solved.states["sign"] == "on"


def test_a_line_that_does_not_answer_stops_nothing_else(
    solved: LitPlay, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, and tried again until it answers."""
    caplog.set_level(logging.WARNING, "gpiobridge")
    solved.lines.broken.add("sign")
    page = shown(solved, "open")
    assert solved.watcher.outputs.states["sign"].failed
    assert solved.states == {"sign": "on", "lock": "off"}
    solved.forward(2.0)
    assert solved.lines.levels["sign"] == LOW
    solved.lines.broken.clear()
    solved.forward(2.0)
    assert solved.lines.levels["sign"] == HIGH
    assert not solved.watcher.outputs.states["sign"].failed
    assert [record.getMessage() for record in caplog.records] == [
        "output 'sign' doesn't answer; it is tried again every 2 s",
        "output sign: its line answers again",
    ]
    assert page


def test_at_the_end_each_line_has_its_safe_level() -> None:
    """Whatever it did just before."""
    play = LitPlay(with_outputs({"sign": {}, "lock": {"safe": ON}}))
    play.set("sign", ON)
    play.stop()
    assert play.lines.levels == {"sign": LOW, "lock": HIGH}
    assert not play.lines.handed_over


def test_a_reload_leaves_the_lines_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the bridge after it goes on: with what was set, what is shown, and what is kept."""
    settings = with_outputs(
        {"sign": {}, "lock": {"initial": ON}, "lamp": {"follows": "button"}, "bell": {}},
        open={"sign": PageOutput(BLINK), "lock": PageOutput(OFF, keep=True)},
        welcome={"bell": PageOutput(PULSE)},
    )
    play = LitPlay(settings)
    page, other = shown(play, "open"), shown(play, name="other")
    play.forward(5.0)
    play.set("bell", ON, 60.0)
    before, levels = play.states, dict(play.lines.levels)
    reload(play, monkeypatch)
    assert play.lines.levels == levels
    after = LitPlay(settings)
    after.clock.now_s = play.clock.now_s
    try:
        assert after.states == before
        after.come("open", since=page.begins)
        after.come("welcome", since=other.begins, name="other")
        after.forward(0.0)
        assert after.states == before
        assert after.lines.of("lock") == after.lines.of("lamp") == after.lines.of("bell") == []
    finally:
        after.stop()


def test_lost_displays_are_bounded_after_a_reload_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """All displays of before are lost ones there, until they come back."""
    settings = with_outputs({"sign": {}}, open={"sign": PageOutput(ON)})
    play = LitPlay(settings)
    for number in range(MOST_LOST + 5):
        shown(play, "open", name=f"display {number}")
    reload(play, monkeypatch)
    after = LitPlay(settings)
    try:
        shown(after, "open", name="another").peer.sock.close()
        after.take_a_turn()
        after.forward(20.0)
        assert len(after.watcher.outputs._lost) == MOST_LOST
    finally:
        after.stop()


def test_what_another_version_remembers_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reload may follow an upgrade: it must not keep the bridge from starting."""
    memory = {"format": MEMORY_FORMAT + 1, "outputs": {"sign": "whatever"}}
    monkeypatch.setattr(handover, "inherited", lambda: memory)
    play = LitPlay(with_outputs({"sign": {"initial": ON}}))
    try:
        assert play.states == {"sign": "on"}
    finally:
        play.stop()


def test_a_lamp_that_nobody_comes_back_to_goes_dark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds after a reload it says what is so."""
    settings = with_outputs({"lamp": {"follows": "button"}})
    play = LitPlay(settings)
    shown(play)
    reload(play, monkeypatch)
    after = LitPlay(settings)
    try:
        assert after.states == {"lamp": "on"}
        after.forward(10.0)
        assert after.states == {"lamp": "off"}
    finally:
        after.stop()


def test_a_page_that_was_shown_before_a_restart_has_its_outputs_but_no_pulse() -> None:
    """It connects again, and doesn't say again that it is shown: older pages never do."""
    play = LitPlay(
        with_outputs(
            {"sign": {}, "bell": {}}, open={"sign": PageOutput(ON), "bell": PageOutput(PULSE)}
        )
    )
    try:
        play.come("open", since="deadbeef:7")
        assert play.states == {"sign": "on", "bell": "off"}
    finally:
        play.stop()


def test_a_bridge_without_outputs_wakes_up_for_none() -> None:
    """There is nothing to do."""
    play = Play()
    try:
        play.take_a_turn()
        assert play.watcher.outputs.deadline_s is None
    finally:
        play.stop()
    assert SETTINGS.outputs == {}


def test_a_next_page_that_says_nothing_ends_the_blinking(lit: LitPlay) -> None:
    """It has a socket, but never says that it is shown."""
    visitor = shown(lit)
    lit.press()
    visitor.is_moved()
    visitor.next()
    lit.forward(9.9)
    assert lit.states == {"lamp": "blink"}
    lit.forward(0.2)
    assert lit.states == {"lamp": "off"}


def test_a_hidden_display_gives_no_pulse_after_a_restart() -> None:
    """Its page was shown before; it says so again, because the new server doesn't know it."""
    play = LitPlay(with_outputs({"bell": {}}, open={"bell": PageOutput(PULSE)}))
    try:
        page = play.come("open", since="deadbeef:7", visible=False)
        page.say()
        assert play.states == {"bell": "off"}
    finally:
        play.stop()


def test_a_hidden_display_that_comes_back_after_long_counts_once_it_can_be_seen(
    lit: LitPlay,
) -> None:
    """Also if its page doesn't say again that it is shown, as none did before version 0.5."""
    visitor = shown(lit)
    visitor.peer.sock.close()
    lit.take_a_turn()
    lit.forward(20.0)
    again = lit.come("welcome", since=visitor.begins, visible=False)
    assert lit.states == {"lamp": "off"}
    again.peer.send('{"type":"visible","visible":true}')
    assert lit.states == {"lamp": "on"}


def test_a_display_that_comes_just_after_it_was_given_up_is_still_the_same(
    solved: LitPlay,
) -> None:
    """Its slot is kept a moment longer, if its socket took long to end."""
    page = shown(solved, "open")
    solved.press("door")
    solved.forward(1.0)
    page.is_moved()
    solved.forward(9.5)
    assert solved.states["sign"] == "on"
    page.next("welcome").say()
    assert solved.states["sign"] == "off"


def test_a_kept_state_outlives_a_reload_beside_without_display(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The display that comes back was there all the time; if none does, there is none."""
    settings = with_outputs(
        {"lock": {"initial": ON, "without_display": ON}}, open={"lock": PageOutput(OFF, keep=True)}
    )
    play = LitPlay(settings)
    page = shown(play, "open")
    play.press("door")
    page.is_moved()
    page = page.next("welcome")
    page.say()
    assert play.states == {"lock": "off"}
    reload(play, monkeypatch)
    after = LitPlay(settings)
    try:
        after.come("welcome", since=page.begins).peer.sock.close()
        assert after.states == {"lock": "off"}
        after.forward(20.0)
        assert after.states == {"lock": "on"}
    finally:
        after.stop()


def test_without_a_display_after_a_reload_an_output_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those of before have ten seconds to come back."""
    settings = with_outputs({"sign": {"without_display": OFF}}, open={"sign": PageOutput(ON)})
    play = LitPlay(settings)
    shown(play, "open")
    reload(play, monkeypatch)
    after = LitPlay(settings)
    try:
        after.forward(9.9)
        assert after.states == {"sign": "on"}
        after.forward(0.2)
        assert after.states == {"sign": "off"}
    finally:
        after.stop()


def test_a_page_that_says_something_else_after_a_reload_is_obeyed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its display doesn't load it again, and need not even come back."""
    play = LitPlay(with_outputs({"sign": {}}, open={"sign": PageOutput(ON)}))
    page = shown(play, "open")
    reload(play, monkeypatch)
    after = LitPlay(with_outputs({"sign": {}}, open={"sign": PageOutput(BLINK)}))
    try:
        assert after.states == {"sign": "blink"}
        after.come("open", since=page.begins)
        assert after.states == {"sign": "blink"}
    finally:
        after.stop()


def test_an_output_that_follows_a_button_since_a_reload_is_no_programs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No page could ever end what the program has set."""
    play = LitPlay(with_outputs({"lamp": {}}))
    play.set("lamp", ON)
    reload(play, monkeypatch)
    after = LitPlay(with_outputs({"lamp": {"follows": "button"}}))
    try:
        after.forward(10.0)
        assert after.states == {"lamp": "off"}
    finally:
        after.stop()


def test_displays_without_a_name_find_their_own_page_after_a_reload(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whichever comes first: what a program has set goes on."""
    settings = with_outputs({"sign": {}}, open={"sign": PageOutput(ON)})
    play = LitPlay(settings)
    welcome, page = shown(play, name=""), shown(play, "open", name="")
    play.set("sign", BLINK)
    reload(play, monkeypatch)
    after = LitPlay(settings)
    try:
        after.come("open", since=page.begins, name="")
        after.come("welcome", since=welcome.begins, name="")
        assert after.states == {"sign": "blink"}
    finally:
        after.stop()
