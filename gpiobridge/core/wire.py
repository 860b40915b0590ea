"""What goes over a socket: frames, close codes, limits, cursors.

Pure. The wire is a contract with every page and client in use: see docs/wire.md. A
frame is one WebSocket text message of JSON.
"""

import json
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from enum import IntEnum
from typing import Any

from gpiobridge.core.events import Ignored, Level, PinEvent

MAX_MESSAGE_BYTES = 16 * 1024
"""The largest message in either direction; a larger one from a client closes its socket (1009)."""

MAX_REASON_BYTES = 123
"""The longest close reason: a control frame's 125 bytes less the code (RFC 6455, 5.5)."""

MAX_NESTING = 100
"""How deep lists and mappings of a message's data may be nested."""

MAX_NAME = 64
"""The longest name of a display, in characters."""

MISSED_BEATS = 3
"""A display that has answered a beat before and misses this many is dropped."""

SILENT_BEATS = 2.5
"""A display that receives no frame for this many beats gives up its socket."""


# Made once: `json.dumps` would make one for each frame.
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class Close(IntEnum):
    """Close codes. Only `NAVIGATE` moves a page; after any other code the page reconnects."""

    GOING_AWAY = 1001  # the server stops
    POLICY = 1008  # the client broke a rule
    TOO_BIG = 1009  # the client's message was too large
    NAVIGATE = 4000  # the reason is the path of the next page


BEAT = '{"type":"beat"}'
"""A sign of life, in both directions: JavaScript can't see a WebSocket ping."""


class TooBigError(ValueError):
    """A message takes more than `MAX_MESSAGE_BYTES`."""


def state_frame(
    epoch: str,
    seq: int,
    levels: Mapping[str, Level],
    *,
    simulated: bool,
    seat: str = "",
    obeys: Collection[str] | None = None,
) -> str:
    """Return the first frame of every socket: the levels of all pins, and since which event.

    Args:
        epoch: the random name of this run.
        seq: the newest event that ``levels`` includes, or the one before an edge that follows.
        levels: pin name to its settled level.
        simulated: True if the pins are not real.
        seat: a word that gives this display's next socket its slot, for one use.
        obeys: the pins that this display obeys; None: all.
    """
    frame = {"type": "state", "epoch": epoch, "seq": seq, "pins": levels, "simulated": simulated}
    frame |= {"seat": seat} if seat else {}
    frame |= {} if obeys is None else {"obeys": sorted(obeys)}
    return _dump(frame)


def edge_frame(event: PinEvent, at_unix_s: float) -> str:
    """Return the frame of one event; ``at_unix_s`` is its wall-clock time in seconds since 1970."""
    frame = {
        "type": "edge",
        "seq": event.seq,
        "pin": event.pin,
        "event": event.event,
        "level": event.level,
        "at": round(at_unix_s, 6),
    }
    if event.press is not None:
        frame["press"] = event.press
    if event.began_seq is not None and event.began_seq != event.seq:
        frame["began"] = event.began_seq
    return _dump(frame)


def dwelling_frame(pin: str, dwell_s: float, pressed: bool) -> str:
    """Return the frame of a press that has begun and counts only after ``dwell_s`` seconds.

    Args:
        pin: the pin's name.
        dwell_s: how long it must be pressed in all.
        pressed: False while the press is interrupted, and may still go on.
    """
    frame = {"type": "dwelling", "pin": pin, "ms": round(1000 * dwell_s)}
    return _dump(frame if pressed else frame | {"pressed": False})


def ignored_frame(pin: str, why: Ignored) -> str:
    """Return the frame of a press that is no event of its own."""
    return _dump({"type": "ignored", "pin": pin, "why": why})


def output_frame(output: str, state: str) -> str:
    """Return the frame that says what an output does; only the simulator's page receives it."""
    return _dump({"type": "output", "output": output, "state": state})


def sound_frame(sound: str, *, play: bool) -> str:
    """Return the frame that has a display play a sound, or end it."""
    return _dump({"type": "sound", "sound": sound, "play": play})


def cursor(epoch: str, seq: int) -> str:
    """Return what a display has already acted on, as it travels: ``epoch:seq``."""
    return f"{epoch}:{seq}"


_CURSOR = re.compile(r"([0-9a-f]{1,32}):([0-9]{1,15})")


def resume_after(cursors: Iterable[str], epoch: str) -> int | None:
    """Return the sequence number to resume after: that of the first cursor of our own epoch.

    Args:
        cursors: as the client sent them, the stored one before the page's; malformed cursors and
            those of another run are skipped.
        epoch: the name of this run.
    """
    for text in cursors:
        match = _CURSOR.fullmatch(text)
        if match and match[1] == epoch:
            return int(match[2])
    return None


def taking_since_s(since_ms: object, now_s: float) -> float | None:
    """Return since when a page takes presses, in monotonic seconds; None if it doesn't now.

    Args:
        since_ms: for how many milliseconds it has, as the page says, or None: not now.
        now_s: this moment, in monotonic seconds.

    Raises:
        ValueError: it is anything else; the message says what it must be, as the end of a sentence.
    """
    if since_ms is None:
        return None
    if not _is_duration(since_ms):
        raise ValueError("must be null, or milliseconds from 0 on")
    return now_s - since_ms / 1000  # type: ignore[operator]


def read_taking(text: str, now_s: float) -> float | None:
    """Read ``taking=`` in a socket's address the same way: ``none``, or milliseconds.

    Raises:
        ValueError: it is anything else; the message says what it must be, as the end of a sentence.
    """
    if text == "none":
        return None
    try:
        return taking_since_s(float(text), now_s)
    except ValueError as error:
        raise ValueError('must be "none", or milliseconds from 0 on') from error


def read_shown(fields: Mapping[str, object]) -> tuple[str, float | None]:
    """Read the frame of a page that is shown: its cursor, and its figure in milliseconds or None.

    Raises:
        ValueError: it is malformed; the message says what it must be, as a sentence without its
            full stop.
    """
    text = fields.get("cursor")
    if not isinstance(text, str) or not _CURSOR.fullmatch(text):
        raise ValueError("cursor must be an epoch and a number: epoch:seq")
    if "ms" not in fields:
        return text, None
    ms = fields["ms"]
    if not _is_duration(ms):
        raise ValueError("ms must be milliseconds from 0 on, or left out")
    return text, float(ms)  # type: ignore[arg-type]


def _is_duration(ms: object) -> bool:
    number = isinstance(ms, int | float) and not isinstance(ms, bool)
    # JSON allows whole numbers that are too large for a float.
    return number and 0 <= ms <= sys.float_info.max  # type: ignore[operator]


def read_visible(text: str) -> bool:
    """Return whether a page is visible, as ``visible=`` in its socket's address says.

    Raises:
        ValueError: it says anything else; the message says what it must be, as the end of a
            sentence.
    """
    if text not in ("true", "false"):
        raise ValueError('must be "true" or "false", or left out: visible')
    return text == "true"


def read_name(text: str) -> str:
    """Return a display's name, as ``display=`` says, without what can't be shown in a line."""
    return "".join(sign for sign in text[:MAX_NAME] if sign.isprintable())


def read_declined(texts: Iterable[str]) -> frozenset[tuple[str, Level]]:
    """Return the pins and levels whose moves a page has declined: ``door:low``.

    Args:
        texts: as the client sent them; malformed ones are skipped.
    """
    pairs = (text.rpartition(":") for text in texts)
    return frozenset((pin, Level(level)) for pin, _, level in pairs if level in list(Level))


def message_frame(data: object) -> str:
    """Return the frame of a message between an application and a page, in either direction.

    Args:
        data: what JSON allows: None, booleans, finite numbers, text, and lists and mappings of
            these.

    Raises:
        ValueError: it is not JSON, too deep, or too large (`TooBigError`); the message says why, as
            the end of a sentence.
    """
    try:
        frame = _dump({"type": "message", "data": data})
        size = len(frame.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"is not JSON: {error}; it may hold text, finite numbers, booleans, None, and lists "
            "and mappings of them"
        ) from error
    if size > MAX_MESSAGE_BYTES:
        raise TooBigError(
            f"takes {size} bytes as a frame of JSON; at most {MAX_MESSAGE_BYTES} are sent"
        )
    # Both ends read and write it by recursion, and their stacks may already be deep.
    if frame.count("[") + frame.count("{") > MAX_NESTING and _is_deep(data):
        raise ValueError(f"is nested more than {MAX_NESTING} deep")
    return frame


def message_data(frame: str) -> Any:
    """Return the data of a message's frame that `message_frame` could have written."""
    return json.loads(frame)["data"]


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_NESTING):
        level = [inner for each in level for inner in _inner(each)]
        if not level:
            return False
    return any(isinstance(each, Mapping | list | tuple) for each in level)


def _inner(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def read_message(text: str) -> dict[str, Any] | None:
    """Read a client's message: an object whose ``type`` is text, or None for anything else."""
    try:
        message = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    if isinstance(message, dict) and isinstance(message.get("type"), str):
        return message
    return None


def _refuse_constant(name: str) -> object:
    """Refuse NaN and Infinity, which Python reads and JSON doesn't have (RFC 8259, 6)."""
    raise ValueError(f"{name} is not JSON")


def _dump(frame: Mapping[str, object]) -> str:
    return _ENCODER.encode(frame)
