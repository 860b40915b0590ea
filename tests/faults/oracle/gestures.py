"""Edges to taps and holds: what each press had to be told to be, and was it?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from faults.oracle.edges import Candidate
from faults.oracle.facts import LATE_S, Event, Verdict

LENGTH_S = 0.03
"""How exactly the length of a press must be known, beside its two intervals."""

UNSEEN_SEQ = 1_000_000_000
"""From here on are numbered the events that a server may have told just before its end."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press, by the edges that the witness was told and the levels that were driven.

    Args:
        began: the edge at which it began.
        began_by: the level that was.
        ended: its release, or None if there was none yet.
        ended_by: the level that was.
    """

    began: Event
    began_by: Candidate
    ended: Event | None = None
    ended_by: Candidate | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What the presses of a pin are judged by.

    Args:
        debounce_s: the pin's window, in seconds.
        hold_s: the pin's hold time, in seconds.
        sure_until_s: what was due later may not have been seen (the server was killed).
        end_s: until when a press without a release lasted, at most.
    """

    debounce_s: float
    hold_s: float
    sure_until_s: float
    end_s: float


@dataclass(slots=True)
class GestureMatch:
    """The witness's taps and holds of one pin, laid over its presses.

    Attributes:
        verdict: on them.
        made_s: number of a tap or hold to the earliest and latest moment at which it was clear.
        open: the last press, if nothing was told of it yet.
    """

    verdict: Verdict = field(default_factory=Verdict)
    made_s: dict[int, tuple[float, float]] = field(default_factory=dict)
    open: Pressed | None = None


def presses_of(rest: str, edges: Sequence[Event], held: Sequence[Candidate]) -> list[Pressed]:
    """Pair the edges of a pin to presses.

    Args:
        rest: the level at rest.
        edges: the witness's, of this pin only.
        held: the level that each of them was.
    """
    found = []
    for at, (edge, by) in enumerate(zip(edges, held, strict=True)):
        if edge.what == rest:
            continue
        ended = at + 1 < len(edges)
        found.append(Pressed(edge, by, edges[at + 1], held[at + 1]) if ended else Pressed(edge, by))
    return found


def match_gestures(
    pin: str, presses: Sequence[Pressed], told: Sequence[Event], limits: Limits | None
) -> GestureMatch:
    """Lay the taps and holds that the witness was told over the presses.

    Args:
        pin: its name.
        presses: from `presses_of`.
        told: the witness's taps and holds, of this pin only.
        limits: None for a pin that no rule for taps or holds names.
    """
    match = GestureMatch()
    left = list(told)
    for press in presses if limits is not None else ():
        assert limits is not None
        mine = [event for event in left if event.press == press.began.seq]
        left = [event for event in left if event not in mine]
        _match_press(match, pin, press, mine, limits)
    for event in left:
        match.verdict.phantom[event.kind] += 1
        match.verdict.complaints.append(
            f"pin {pin}: {event.what} {event.seq} is of no press that it could be of"
        )
    return match


def _match_press(
    match: GestureMatch, pin: str, press: Pressed, told: Sequence[Event], limits: Limits
) -> None:
    allowed = outcomes(press, limits)
    match.verdict.unsure += {"tap", "hold"} <= allowed
    right = [event for event in told if event.what in allowed and _in_time(press, event, limits)]
    for event in right[:1]:
        match.made_s[event.seq] = _clear_s(press, event.what, limits)
    if not told:
        match.open = press
        if "" in allowed:
            return
    elif len(right) == len(told) == 1:
        return
    expected = "tap" if "tap" in allowed else "hold"
    if not right:
        match.verdict.lost[expected] += 1
    for event in told:
        match.verdict.phantom[event.kind] += event not in right[:1]
    shown = ", ".join(f"{event.what} {event.seq}" for event in told) or "nothing"
    match.verdict.complaints.append(
        f"pin {pin}: the press {press.began.seq} is a {' or '.join(filter(None, sorted(allowed)))} "
        f"by its waveform, the server told of {shown}"
    )


def outcomes(press: Pressed, limits: Limits) -> set[str]:
    """What a press may have been told to be: "tap", "hold", or "" for nothing yet."""
    found = set()
    if press.ended_by is None:
        longest_s = limits.end_s - press.began_by.from_s
        due_s = press.began_by.to_s + limits.hold_s + limits.debounce_s + LENGTH_S
        if longest_s >= limits.hold_s - LENGTH_S:
            found.add("hold")
        if due_s > limits.sure_until_s:
            found.add("")
        return found
    shortest_s = press.ended_by.from_s - press.began_by.to_s
    longest_s = press.ended_by.to_s - press.began_by.from_s
    if press.ended_by.tied_s is not None:
        shortest_s = longest_s = press.ended_by.tied_s
    if longest_s >= limits.hold_s - LENGTH_S:
        found.add("hold")
    if shortest_s < limits.hold_s + LENGTH_S:
        found.add("tap")
        # Its release was told, and a moment later the server was gone.
        if press.ended_by.to_s + limits.debounce_s > limits.sure_until_s:
            found.add("")
    return found


def _in_time(press: Pressed, event: Event, limits: Limits) -> bool:
    """Whether a tap is told behind the release, a hold before it, and both when they are clear."""
    if event.what == "tap":
        if press.ended is None or event.seq < press.ended.seq:
            return False
    elif event.seq < press.began.seq or (press.ended and event.seq > press.ended.seq):
        return False
    from_s, to_s = _clear_s(press, event.what, limits)
    return from_s - LENGTH_S <= event.seen_s <= to_s + limits.debounce_s + LATE_S


def _clear_s(press: Pressed, what: str, limits: Limits) -> tuple[float, float]:
    """Between which two moments it was clear what a press is."""
    if what == "tap" and press.ended_by is not None:
        return press.ended_by.from_s, press.ended_by.to_s
    return press.began_by.from_s + limits.hold_s, press.began_by.to_s + limits.hold_s


# ---------------------------------------------------------------- a server's end


@dataclass(frozen=True, eq=False, slots=True)
class Unseen:
    """An event that a server may have told just before its end, though the witness did not see it.

    Args:
        at_s: when, at the latest.
        pin: the pin's name.
        what: as of `Event`.
        press: of a tap or a hold: the number of its press, or the press, if that is unseen, too.
    """

    at_s: float
    pin: str
    what: str
    press: "int | Unseen | None" = None


def unseen_of(
    pin: str, rest: str, last: Pressed | None, after: Iterable[Candidate], limits: Limits | None
) -> list[Unseen]:
    """The events of a pin that may have been told behind its last one.

    Args:
        pin: its name.
        rest: its level at rest.
        last: the last press, if it may be a tap or a hold yet.
        after: the levels that may have settled behind the last event.
        limits: None for a pin that no rule for taps or holds names.
    """
    found: list[Unseen] = []
    press: int | Unseen | None = None
    if last is not None and limits is not None:
        press = last.began.seq
        for what in sorted(filter(None, outcomes(last, limits))):
            found.append(Unseen(_clear_s(last, what, limits)[1], pin, what, press))
    for held in after:
        edge = Unseen(held.to_s, pin, held.level)
        found.append(edge)
        if limits is None:
            continue
        if held.level != rest:
            press = edge
        elif press is not None:
            found.append(Unseen(held.to_s, pin, "tap", press))
    return found


def number_unseen(found: Iterable[Unseen]) -> list[Event]:
    """Number the unseen events of all pins in the order of their times."""
    ordered = sorted(found, key=lambda unseen: unseen.at_s)
    numbers: Mapping[Unseen, int] = {each: UNSEEN_SEQ + at for at, each in enumerate(ordered)}
    return [
        Event(
            numbers[each],
            each.pin,
            each.what,
            each.at_s,
            numbers[each.press] if isinstance(each.press, Unseen) else each.press,
        )
        for each in ordered
    ]
