"""What one output does: who decides, and what its line does from moment to moment."""

import json
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpiobridge.config import OutputState, PageOutput
from gpiobridge.outputs.control import APART_S, OutputControl
from gpiobridge.outputs.gpio import WiredOutput

ON, OFF, BLINK, PULSE = OutputState


def output(**keys: object) -> WiredOutput:
    """Configure an output."""
    return WiredOutput(**{"name": "lamp", "pin": 22, **keys})  # type: ignore[arg-type]


@dataclass
class Line:
    """A control, and what its line does meanwhile."""

    control: OutputControl
    now_s: float = 0.0
    changes: list[tuple[float, bool]] = field(default_factory=list)

    def until(self, end_s: float) -> "Line":
        """Let time pass: update whenever the control has asked for it."""
        self._update()
        while (due_s := self.control.deadline_s) is not None and due_s <= end_s:
            assert due_s > self.now_s, "it asks for a moment that has passed"
            self.now_s = due_s
            self._update()
        self.now_s = end_s
        self._update()
        return self

    def _update(self) -> None:
        before = self.control.on
        self.control.update(self.now_s)
        if self.control.on is not before:
            self.changes.append((round(self.now_s, 3), self.control.on))


def line(**keys: object) -> Line:
    """Make an output that was not set yet."""
    return Line(OutputControl(output(**keys), 0.0))


def page(control: OutputControl, screen: str, state: OutputState, now_s: float = 0.0,
         *, keep: bool = False, anew: bool = True) -> None:  # fmt: skip
    """Let a screen show a page that says something of the output."""
    control.page_shown(screen, PageOutput(state, keep), now_s, anew=anew)


@pytest.mark.parametrize("state", [ON, OFF])
def test_an_output_begins_with_its_initial_state(state: OutputState) -> None:
    """And stays so while nobody sets it."""
    it = line(initial=state).until(100.0)
    assert it.control.state is state
    assert it.control.on is (state is ON)


def test_what_a_page_says_holds_while_it_is_shown() -> None:
    """Then the output goes back to its initial state."""
    it = line().until(1.0)
    page(it.control, "a", ON)
    assert it.until(2.0).control.on
    it.control.page_left("a")
    assert not it.until(3.0).control.on


def test_the_youngest_page_decides() -> None:
    """Whichever display shows it; when it is left, the one before."""
    it = line()
    page(it.control, "a", ON)
    page(it.control, "b", OFF)
    assert not it.until(1.0).control.on
    page(it.control, "a", ON)
    assert it.until(2.0).control.on
    it.control.page_left("a")
    assert not it.until(3.0).control.on


def test_a_kept_state_stays_when_its_page_is_left() -> None:
    """Until another page, or a program, sets the output."""
    it = line(initial=ON)
    page(it.control, "a", OFF, keep=True)
    it.control.page_left("a")
    assert not it.until(1000.0).control.on
    page(it.control, "a", ON)
    it.control.page_left("a")
    assert it.until(1001.0).control.on


def test_a_program_ends_what_a_page_keeps() -> None:
    """A lock that somebody has closed doesn't open again when the page is left."""
    it = line(initial=ON)
    page(it.control, "a", OFF, keep=True)
    it.until(1.0)
    it.control.set(OFF, 1.0, 1.0)
    assert not it.until(3.0).control.on
    it.control.set(ON, 3.0)
    it.until(4.0)
    it.control.page_left("a")
    assert it.until(5.0).control.on


@pytest.mark.parametrize("leaves", [True, False])
def test_a_program_holds_until_a_page_that_names_the_output_comes_or_goes(leaves: bool) -> None:
    """Other pages change nothing."""
    it = line()
    page(it.control, "a", OFF)
    it.control.set(ON, 0.0)
    it.control.page_left("another")
    assert it.until(1.0).control.on
    if leaves:
        it.control.page_left("a")
    else:
        page(it.control, "b", OFF)
    assert not it.until(2.0).control.on


def test_a_time_counts_before_all_others_and_then_no_more() -> None:
    """What was set before goes on."""
    it = line()
    it.control.set(ON, 0.0)
    it.control.set(OFF, 0.0, 2.0)
    it.until(10.0)
    assert it.changes == [(2.0, True)]
    it.control.set(ON, 10.0, 3.0)
    it.control.set(OFF, 11.0)  # without a time: it takes the place of both
    assert not it.until(20.0).control.on


def test_a_pulse_is_as_long_as_it_says() -> None:
    """By its key, or by what the program says; a page gives one when it is shown."""
    it = line(pulse_s=0.3)
    it.control.set(PULSE, 0.0)
    it.until(5.0)
    it.control.set(PULSE, 5.0, 1.5)
    assert it.until(6.0).control.state is PULSE
    it.until(10.0)
    page(it.control, "a", PULSE, 10.0)
    it.until(20.0)
    assert it.changes == [
        (0.0, True), (0.3, False), (5.0, True), (6.5, False), (10.0, True), (10.3, False),
    ]  # fmt: skip
    assert it.control.state is OFF


def test_a_pulse_is_not_given_twice() -> None:
    """Neither by a page that connects again, nor after what counted for a time."""
    it = line(pulse_s=0.3)
    page(it.control, "a", PULSE, 0.0, anew=False)
    it.control.set(OFF, 1.0, 1.0)
    it.until(10.0)
    assert it.changes == []


def test_a_blinking_output_begins_with_a_change() -> None:
    """A lit lamp goes dark first, so that a person sees the press at once."""
    it = line(blink_s=0.5)
    it.control.set(BLINK, 0.0)
    it.until(1.1)
    assert it.changes == [(0.0, True), (0.25, False), (0.5, True), (0.75, False), (1.0, True)]
    it.control.set(ON, 1.1)
    it.until(2.0)
    it.changes.clear()
    it.control.set(BLINK, 2.0)
    it.until(2.6)
    assert it.changes == [(2.0, False), (2.25, True), (2.5, False)]


def test_it_blinks_on_without_a_jolt_from_page_to_page() -> None:
    """The rhythm is the output's, not the page's."""
    it = line(blink_s=1.0)
    page(it.control, "a", BLINK)
    it.until(0.7)
    page(it.control, "a", BLINK, 0.7)
    it.until(2.2)
    assert it.changes == [(0.0, True), (0.5, False), (1.0, True), (1.5, False), (2.0, True)]


def test_a_bridge_that_starts_again_and_again_does_not_burn_a_solenoid() -> None:
    """A page that was on the screen before has used its time on up."""
    it = line(max_on_s=2.0)
    page(it.control, "a", ON, anew=False)
    it.until(10.0)
    assert it.changes == []
    page(it.control, "a", ON, 10.0)
    it.until(20.0)
    assert it.changes == [(10.0, True), (12.0, False)]


@pytest.mark.parametrize("state", [ON, BLINK])
def test_no_output_is_on_for_longer_than_max_on(state: OutputState) -> None:
    """Whoever sets it, and whoever says so again meanwhile; blinking counts, too."""
    it = line(max_on_s=2.0, blink_s=1.0)
    it.control.set(state, 0.0)
    it.until(1.5)
    it.control.set(state, 1.5)
    page(it.control, "a", state, 1.6)
    it.until(100.0)
    assert it.changes[-1][0] <= 2.0
    assert it.control.state is OFF
    it.control.set(ON, 100.0)
    it.until(200.0)
    assert it.changes[-2:] == [(100.0, True), (102.0, False)]


def test_what_was_set_below_does_not_switch_it_on_again() -> None:
    """When max_on has ended a state for a time, those that waited below it are over, too."""
    it = line(max_on_s=2.0)
    page(it.control, "a", ON)
    it.control.set(ON, 1.0, 5.0)
    it.until(100.0)
    assert it.changes == [(0.0, True), (2.0, False)]


def test_quick_pages_make_no_lamp_flash() -> None:
    """It goes dark at once, but on again only after a third of a second; a program may."""
    it = line()
    for number in range(20):
        page(it.control, "a", OFF if number % 2 else ON, it.now_s)
        it.until(it.now_s + 0.05)
    lit = [at_s for at_s, on in it.changes if on]
    assert len(lit) >= 2
    assert min(b - a for a, b in pairwise(lit)) >= APART_S - 0.001
    it.control.set(OFF, it.now_s)
    it.until(it.now_s)
    it.control.set(ON, it.now_s)
    assert it.until(it.now_s).control.on


def test_without_a_display_it_does_what_it_says() -> None:
    """And forgets what the pages have said; a display brings the initial state back."""
    it = line(initial=ON)
    page(it.control, "a", ON)
    it.control.without_display(OFF, 1.0)
    assert not it.until(1.0).control.on
    it.control.with_display(2.0)
    assert it.until(2.0).control.on


@pytest.mark.parametrize(
    ("state", "for_s", "at_s", "why"),
    [
        (ON, None, 1.0, "set by a test"),
        (ON, 2.0, 1.0, "set by a test"),
        (ON, 2.0, 2.0, "its time is over"),
        (PULSE, None, 0.5, "its pulse is over"),
        (PULSE, 2.0, 2.0, "its pulse is over"),
        (ON, None, 5.0, "max_on has ended it"),
        (BLINK, 9.0, 5.0, "max_on has ended it"),
    ],
)
def test_it_says_what_has_decided(
    state: OutputState, for_s: float | None, at_s: float, why: str
) -> None:
    """Who has set it, or why that has ended by itself."""
    it = line(pulse_s=0.5, max_on_s=5.0)
    it.control.set(state, 0.0, for_s)
    it.control.why = "set by a test"
    assert it.until(at_s).control.why == why


def test_it_says_whether_a_page_has_decided() -> None:
    """A page that is left changes nothing while another one decides."""
    it = line(pulse_s=0.5)
    page(it.control, "a", ON)
    page(it.control, "b", PULSE, 1.0)
    assert not it.control.page_left("a")
    assert not it.control.page_left("a")
    it.until(1.0).control.why = "b shows it"
    assert it.until(1.4).control.why == "b shows it"
    assert it.until(1.5).control.why == "its pulse is over"
    assert it.control.page_left("b")


STATES = st.sampled_from(list(OutputState))
DEEDS = st.lists(
    st.tuples(
        st.floats(0.0, 3.0),
        st.one_of(
            st.tuples(st.just("set"), STATES, st.none() | st.floats(0.01, 5.0)),
            st.tuples(st.just("show"), st.sampled_from("ab"), STATES),
            st.tuples(st.just("leave"), st.sampled_from("ab"), st.none()),
        ),
    ),
    max_size=30,
)


def do(it: Line, deeds: list[tuple[float, tuple[str, ...]]]) -> None:
    """Let time pass, and set the output, show pages or leave them."""
    for after_s, (what, first, second) in deeds:
        it.until(it.now_s + after_s)
        if what == "set":
            it.control.set(OutputState(first), it.now_s, second)  # type: ignore[arg-type]
        elif what == "show":
            page(it.control, first, OutputState(second), it.now_s)
        else:
            it.control.page_left(first)


@given(DEEDS)
def test_whatever_happens_max_on_holds(deeds: list[tuple[float, tuple[str, ...]]]) -> None:
    """No line is on for longer than max_on without a pause."""
    it = line(max_on_s=2.0, blink_s=0.8, pulse_s=0.5)
    do(it, deeds)
    it.until(it.now_s + 10.0)
    on_s = None
    for at_s, on in it.changes:
        if on:
            on_s = at_s
        elif on_s is not None:
            assert at_s - on_s <= 2.002
    assert not it.control.on
    assert it.control.state is OFF


@given(DEEDS)
def test_a_reload_goes_on_as_before(deeds: list[tuple[float, tuple[str, ...]]]) -> None:
    """What a control remembers is all that there is to know."""
    it = line(max_on_s=5.0, blink_s=0.8)
    do(it, deeds)
    it.until(it.now_s)
    other = Line(OutputControl(it.control.settings, it.now_s), it.now_s)
    memory = json.loads(json.dumps(it.control.memory(["a", "b"])))
    says = {screen: order.state for screen, order in it.control._of_pages.items()}
    other.control.recall(memory, ["a", "b"], says)
    it.changes.clear()
    it.until(it.now_s + 20.0)
    other.until(it.now_s)
    assert other.changes == it.changes
