"""A reload keeps the outputs as they are: the fresh process takes their lines over.

A reload is an exec in the same process (`serve.gunicorn_service`). A line is never released
meanwhile, because its file stays open: older kernels make a released line an input. The files'
numbers, and what the bridge wants to remember, go through one more open file, in memory: with many
displays it would be too much for a variable of the environment, which only says where that file is.

The way of a reload: the old bridge's watcher calls `hand_over` instead of closing its lines, and
the main thread calls `pass_on` just before the exec. In the fresh process the lines `take` what is
theirs when they are opened, `inherited` gives what was remembered, and `release_rest` ends it: a
line that no output has any more goes to the safe level that it had. In between `reload_timer`
switches off what must not be on for so long.

The main thread at start and at the end; `hand_over` is the watcher's, which has ended when the main
thread goes on.
"""

import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from gpiobridge.outputs import line_request, reload_timer, safe_record
from gpiobridge.outputs.lines import OutputLines
from gpiobridge.outputs.reload_timer import FIRST_FREE, Due, Timer

log = logging.getLogger(__name__)

_VARIABLE = "OUTPUTS_OF_RELOAD"  # GPIOBRIDGE_... would be a setting


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A claimed line that changes hands.

    Args:
        chip: the chip's number.
        line: the line's number on it.
        descriptor: its open file.
        safe_high: whether its safe level is HIGH.
        off_high: whether it is off at HIGH.
        output: the name of its output.
    """

    chip: int
    line: int
    descriptor: int
    safe_high: bool
    off_high: bool
    output: str


# What this process leaves to the next, and what is left of what it got from the one before.
_given: list[HeldLine] = []
_memory: dict[str, Any] = {}
_off_at_s: dict[str, float] = {}
_got: dict[tuple[int, int], HeldLine] = {}
_got_memory: dict[str, Any] = {}
_timers: list[Timer] = []


def hand_over(
    lines: OutputLines, memory: Mapping[str, Any], off_at_s: Mapping[str, float] | None = None
) -> None:
    """Leave lines to the fresh process, each at the level that it has.

    Lines that can't be left, such as pigpiod's, are closed, at that level, too.

    Args:
        lines: the lines; they are closed for this process.
        memory: what the fresh bridge must know of its outputs; fit for JSON.
        off_at_s: output name to the time, in monotonic seconds, at which it must be off if the
            fresh bridge is not there yet.
    """
    _given.extend(lines.hand_over())
    _memory.update(memory)
    _off_at_s.update(off_at_s or {})


def pass_on() -> None:
    """Keep what was handed over through the exec that comes next.

    Every other descriptor must have been prepared for it already.
    """
    if not (_given or _memory):
        return
    import fcntl

    lines, due = [], []
    for held in _given:
        kept = fcntl.fcntl(held.descriptor, fcntl.F_DUPFD, FIRST_FREE)  # not closed by an exec
        lines.append({**asdict(held), "descriptor": kept})
        if held.output in _off_at_s:
            due.append(Due(_off_at_s[held.output], kept, held.off_high))
    timers = [reload_timer.start(due)] if due else []
    told = {"lines": lines, "memory": _memory, "timers": timers}
    # The process stays the same; a program that it has started would have another number.
    os.environ[_VARIABLE] = f"{os.getpid()} {_kept_file(json.dumps(told).encode())}"


def _kept_file(content: bytes) -> int:
    """Return the descriptor of a file without a name, which an exec leaves open."""
    import fcntl
    from tempfile import TemporaryFile

    linux = hasattr(os, "memfd_create")
    with os.fdopen(os.memfd_create("reload"), "wb") if linux else TemporaryFile() as file:
        file.write(content)
        file.flush()
        return fcntl.fcntl(file.fileno(), fcntl.F_DUPFD, FIRST_FREE)


def give_up() -> None:
    """Put what was handed over at its safe level: there will be no fresh process."""
    places = {(held.chip, held.line) for held in _given}
    while _given:
        _make_safe(_given.pop())
    safe_record.forget(places)
    _memory.clear()


def inherited() -> Mapping[str, Any]:
    """Return what the bridge before the reload wanted to remember; empty without one."""
    _take_all_over()
    return _got_memory


def take(chip: int, line: int) -> int | None:
    """Take a line over from the process before the reload; it has the level that it had there.

    Args:
        chip: the chip's number.
        line: the line's number on it.

    Returns:
        Its descriptor, now the caller's; None if the line was not handed over.
    """
    _take_all_over()
    held = _got.pop((chip, line), None)
    return None if held is None else held.descriptor


def release_rest() -> None:
    """Put the lines that nobody took at their safe level, and release them.

    From now on the time of the others is this process's own.
    """
    _take_all_over()
    while _timers:
        reload_timer.end(_timers.pop())
    rest = set(_got)
    while _got:
        _make_safe(_got.popitem()[1])
    safe_record.forget(rest)


def _take_all_over() -> None:
    """Read the variable, if this process has got one."""
    text = os.environ.pop(_VARIABLE, None)
    if text is None:
        return
    try:
        process, descriptor = map(int, text.split())
        if process != os.getpid():
            return
        os.lseek(descriptor, 0, os.SEEK_SET)
        with os.fdopen(descriptor, "rb") as file:
            told = json.load(file)
        lines = [HeldLine(**line) for line in told["lines"]]
        memory = dict(told["memory"])
        timers = [Timer(*timer) for timer in told["timers"]]
    except (OSError, ValueError, TypeError, KeyError):  # not ours
        return
    _got_memory.update(memory)
    _timers.extend(timers)
    for timer in timers:
        os.set_inheritable(timer.end, False)
    for held in lines:
        if line_request.is_claimed(held.descriptor, held.chip, held.line):
            os.set_inheritable(held.descriptor, False)
            _got[held.chip, held.line] = held
        else:
            log.error("line %d of gpiochip%d was lost in the reload", held.line, held.chip)


def _make_safe(held: HeldLine) -> None:
    with suppress(OSError):  # the line may be gone, with its chip
        line_request.write(held.descriptor, high=held.safe_high)
    with suppress(OSError):
        os.close(held.descriptor)
