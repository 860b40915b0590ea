"""What a program or a page may order an output to do, checked before it is ordered. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from gpiobridge.config import Output, OutputState, format_duration
from gpiobridge.config.values import read_seconds
from gpiobridge.config.words import missing, one_of, show
from gpiobridge.errors import OutputError

MAX_FOR_S = 86_400.0
"""The longest time for which a state can be set, in seconds."""


@dataclass(frozen=True, slots=True)
class SetOutput:
    """Order of the application, or of a page: set an output.

    Args:
        output: the output's name.
        state: its state.
        for_s: how long that counts, in seconds; None: until a page that names the output is shown
            or left, or for the time of a pulse.
        by: who sets it, for the log.
    """

    output: str
    state: OutputState
    for_s: float | None = None
    by: str = "a program"


def checked(
    outputs: Mapping[str, Output],
    name: object,
    state: object,
    for_s: object = None,
    *,
    by: str = "a program",
) -> SetOutput:
    """Make an order of what anybody may have said.

    Args:
        outputs: output name to its settings.
        name: the output's name.
        state: "on", "off", "blink" or "pulse".
        for_s: how long it counts, in seconds; None: until something else sets the output.
        by: who sets it, for the log.

    Raises:
        OutputError: there is no such output, it can't have such a state, or not for such a time.
    """
    if not isinstance(name, str) or name not in outputs:
        said = "" if name is None else str(name)
        raise OutputError(missing("output", _printable(said), outputs))
    if not isinstance(state, str) or state not in list(OutputState):
        near = state if isinstance(state, str) else ""
        raise OutputError(f"state = {_shown(state)}: {one_of(near, list(OutputState))}")
    if for_s is not None:
        if isinstance(for_s, bool) or not isinstance(for_s, int | float):
            raise OutputError(f"for_s = {_shown(for_s)}: must be a number of seconds, such as 2.0")
        if not 0 < for_s <= MAX_FOR_S:  # not true of a NaN either
            raise OutputError(f"for_s = {for_s}: must be above 0, and at most {MAX_FOR_S:g}")
    follows = outputs[name].follows
    if follows is not None and for_s is None and state != OutputState.PULSE:
        raise OutputError(
            f"output {show(name)} follows pin {show(follows)}: it can be set for a time only; give "
            "one, such as 2s"
        )
    return SetOutput(name, OutputState(state), None if for_s is None else float(for_s), by)


def read_for(value: object) -> float:
    """Read for how long a page wants a state, in seconds.

    Args:
        value: what its frame has as "for", such as "2s".

    Raises:
        OutputError: it is no such duration.
    """
    try:
        for_s = read_seconds(value)
    except ValueError as error:
        raise OutputError(f'"for" = {_shown(value)}: {error}') from error
    if not 0 < for_s <= MAX_FOR_S:
        most = format_duration(MAX_FOR_S)
        raise OutputError(
            f'"for" = {_shown(value)}: must be a duration above 0s and of at most {most}, such as '
            '"2s"'
        )
    return for_s


def _shown(value: object) -> str:
    """Show a value that may be anything, on one line."""
    if value is None:
        return "null"
    return _printable(show(value)) if isinstance(value, str | int | float) else type(value).__name__


def _printable(text: str) -> str:
    """Write what can't be printed, such as half a surrogate pair, as Python does."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
