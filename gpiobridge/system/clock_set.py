"""Whether somebody has set this machine's clock: a Raspberry Pi has none that runs without power.

Three are asked, the cheapest first: systemd-timesyncd's mark in `/run`, the kernel, and systemd's
timedated. Under the hardened unit the kernel doesn't answer, because `ProtectClock=` forbids its
call. Any thread; the last one may take seconds.
"""

import ctypes
import sys
import time
from pathlib import Path

from gpiobridge.system.commands import Run, run_command

MARK = Path("/run/systemd/timesync/synchronized")
"""What systemd-timesyncd touches each time it has set the clock in this boot."""

EARLIEST_UNIX_S = 1_735_689_600.0
"""2025: a clock that shows an earlier year is wrong, whoever says what."""

_MOST_WRONG_US = 16_000_000
"""The kernel's own limit: more, and nobody keeps its clock (systemd, `ntp_synced`)."""


class _Timex(ctypes.Structure):
    """The beginning of the kernel's answer; see adjtimex(2)."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("rest", ctypes.c_char * 512),
    )


def clock_is_set(*, patient: bool) -> bool | None:
    """Ask whether the clock is right.

    Args:
        patient: whether timedated is asked, too, if it must be: that takes a process, and seconds.

    Returns:
        None if nobody can tell.
    """
    if time.time() < EARLIEST_UNIX_S:
        return False
    if not sys.platform.startswith("linux"):
        return None
    if MARK.exists():
        return True
    of_kernel = ask_kernel()
    return ask_timedated() if of_kernel is None and patient else of_kernel


def ask_kernel() -> bool | None:
    """Ask the kernel how wrong its clock may be; None if it doesn't answer."""
    timex = _Timex(modes=0)  # reads only
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):  # another C library
        return None
    return None if state < 0 else bool(timex.maxerror < _MOST_WRONG_US)


def ask_timedated(run: Run = run_command) -> bool | None:
    """Ask systemd, through the bus; None if it doesn't answer."""
    told = run(["timedatectl", "show", "--property=NTPSynchronized", "--value"])
    return {"yes": True, "no": False}.get((told or "").strip())
