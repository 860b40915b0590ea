"""How much displays may send in a second: each display, and all displays of one client together.

A display that sends more is closed. If a client's displays together send more, those above their
share are closed. The watcher's thread.
"""

from dataclasses import dataclass
from math import inf

from gpiobridge.displays.connection import Connection

MAX_FRAMES_A_SECOND = 500
"""A display that sends more is closed: each frame takes some 25 us of the watcher's time."""

MAX_CLIENT_FRAMES_A_SECOND = 5000
"""The bound for all displays of one client together: 500 displays answer 250 beats in a second."""

MAX_CLIENT_BYTES_A_SECOND = 10 * 1024 * 1024
"""The same in bytes: long messages take more time than short ones, half a millisecond each."""


@dataclass(slots=True)
class _Tally:
    """What the open displays of one client have sent in this second."""

    displays: int = 0
    second_s: float = -inf
    work: int = 0  # frames, and pieces of frames that came separately
    second_bytes: int = 0


class Quotas:
    """The tallies of all clients; a display's own tally is in its `Connection`."""

    def __init__(self) -> None:
        self._tallies: dict[str | None, _Tally] = {}

    def came(self, connection: Connection) -> None:
        """Count a display that is open from now on."""
        self._tallies.setdefault(connection.slot.client, _Tally()).displays += 1

    def gone(self, connection: Connection) -> None:
        """Count a display that is no longer open."""
        tally = self._tallies[connection.slot.client]
        tally.displays -= 1
        if not tally.displays:
            del self._tallies[connection.slot.client]

    def count_bytes(self, connection: Connection, number: int, now_s: float) -> None:
        """Count bytes that have come."""
        tally = self._begun(connection, now_s)
        connection.second_bytes += number
        tally.second_bytes += number

    def count_beat(self, connection: Connection, number: int, now_s: float) -> None:
        """Count a beat that has come whole: its bytes, the look at the display, and the frame.

        Args:
            connection: the display's.
            number: the beat's length in bytes.
            now_s: monotonic seconds.
        """
        tally = self._begun(connection, now_s)
        connection.second_bytes += number
        connection.work += 1
        connection.frames += 1
        tally.second_bytes += number
        tally.work += 1

    def count_piece(self, connection: Connection, now_s: float) -> None:
        """Count a look at a display: a piece of a frame that comes alone takes a frame's time."""
        tally = self._begun(connection, now_s)
        connection.work += 1
        tally.work += 1

    def count_frame(self, connection: Connection, *, whole: bool, first: bool) -> None:
        """Count a frame, or a piece of one; `count_piece` counted the first of a look."""
        connection.frames += whole
        connection.work += not first
        self._tallies[connection.slot.client].work += not first

    def excess(self, connection: Connection) -> str:
        """Say which bound a display exceeds; empty while it exceeds none."""
        tally = self._tallies[connection.slot.client]
        if connection.frames > MAX_FRAMES_A_SECOND:
            return f"at most {MAX_FRAMES_A_SECOND} frames a second"
        if connection.slot.client is None:  # the machine itself, or a proxy that speaks for others
            return ""
        # A display that sends less than its share of the client's bound is not to blame.
        share = 1 / tally.displays
        most = MAX_CLIENT_FRAMES_A_SECOND
        if tally.work > most and connection.work > most * share:
            return f"at most {most} frames a second from one address"
        most = MAX_CLIENT_BYTES_A_SECOND
        if tally.second_bytes > most and connection.second_bytes > most * share:
            return f"at most {most // 2**20} MiB a second from one address"
        return ""

    def _begun(self, connection: Connection, now_s: float) -> _Tally:
        """The tally of its client in this second; a new second begins for all its displays."""
        tally = self._tallies[connection.slot.client]
        if now_s >= tally.second_s + 1.0:
            tally.second_s, tally.work, tally.second_bytes = now_s, 0, 0
        if connection.second_s != tally.second_s:
            connection.second_s = tally.second_s
            connection.frames = connection.work = connection.second_bytes = 0
        return tally
