"""The triggers: what a page's rules and an application's functions can wait for at a pin.

One row is a whole trigger. Everything about a trigger comes from its row: its table in the
configuration, that table's variables and rules, the answers to its misspellings, a decorator of
`GpioBridge` (which also writes it out, for type checkers and the API page) and the functions below
it, and the word that ``gpiobridge check`` shows. Pure; any thread.
"""

from dataclasses import dataclass

from gpiobridge.core.events import Gesture, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One row.

    Args:
        name: its name: ``on_<name>`` in a file and in an application.
        event: what happens at the pin: an edge to this level, or a gesture, which uses the pin's
            hold time.
        relative: True if ``event`` is meant for a pin whose active level is LOW; for a pin whose
            active level is HIGH the other level counts.
        at_load: whether a rule also holds when a page loads at this level; the name is then
            ``while_<name>``, and no function can wait for it.
        when: when a function is called, as the end of that sentence.
        word: what the event is called in ``button is low``. One row of each event has it.
        also: what gpiozero's users write, or another way of saying it.
    """

    name: str
    event: Level | Gesture
    relative: bool = False
    at_load: bool = False
    when: str = ""
    word: str = ""
    also: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """The table of its rules, such as ``on_low``."""
        return f"{'while' if self.at_load else 'on'}_{self.name}"

    def event_on(self, active: Level | None) -> Level | Gesture:
        """Return what happens at a pin with this active level, which only ``relative`` needs."""
        if self.relative and active is Level.HIGH and isinstance(self.event, Level):
            return self.event.other
        return self.event


TRIGGERS = (
    Trigger(name="low", event=Level.LOW, word="low", when="each time the pin goes LOW (debounced)"),
    Trigger(
        name="high", event=Level.HIGH, word="high", when="each time the pin goes HIGH (debounced)"
    ),
    Trigger(
        name="press",
        event=Level.LOW,
        relative=True,
        when="each time the pin reaches its active level",
        also=("when_pressed", "when_activated", "pressed"),
    ),
    Trigger(
        name="release",
        event=Level.HIGH,
        relative=True,
        when="each time the pin leaves its active level",
        also=("when_released", "when_deactivated", "released"),
    ),
    Trigger(name="low", event=Level.LOW, at_load=True),
    Trigger(name="high", event=Level.HIGH, at_load=True),
    Trigger(
        name="tap",
        event=Gesture.TAP,
        word="tapped",
        when="after each press that ended before the pin's hold time",
        also=("on_short_press", "on_click"),
    ),
    Trigger(
        name="hold",
        event=Gesture.HOLD,
        word="held",
        when="when a press has lasted for the pin's hold time",
        also=("when_held", "held", "on_long_press"),
    ),
)
"""All triggers, in the order in which problems name their tables."""

TABLES = tuple(trigger.table for trigger in TRIGGERS)
"""The tables of rules: ``on_low`` to ``while_high``."""

HEARD = {trigger.name: trigger for trigger in TRIGGERS if not trigger.at_load}
"""The triggers that a function can wait for, by name."""

WORDS = {trigger.event: trigger.word for trigger in TRIGGERS if trigger.word}
"""What each event is called in a sentence: ``tapped``."""
