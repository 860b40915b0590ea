"""Less CPU time for some processes: as on a Pi, but without a debugger.

Chromium's own throttling (Emulation.setCPUThrottlingRate) needs a debugger on the page, under
which a prerendered page may not be activated. A control group limits the CPU time of a browser and
its server together, and neither notices. Its period is short, so that no task gets through at full
speed before the limit is felt.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_PERIOD_US = 5000
_LEAST_US = 1000  # the kernel's own limit (sched-bwc.rst)
_ENTER = 'echo $$ > "$0" && exec "$@"'


class MissingError(Exception):
    """What is needed is not here; the text says what."""


@contextlib.contextmanager
def cpu_limit(factor: float) -> Iterator[list[str]]:
    """Make a group whose processes together get the machine's CPU time, divided by a factor.

    Args:
        factor: how much slower the machine seems to be.

    Yields:
        What to put before a command, so that it runs in the group.

    Raises:
        MissingError: there is no such group to be made.
    """
    quota_us = max(_LEAST_US, int(_PERIOD_US * (os.cpu_count() or 1) / factor))
    try:
        if (_ROOT / "cgroup.controllers").exists():
            (_ROOT / "cgroup.subtree_control").write_text("+cpu")
            folder = Path(tempfile.mkdtemp(prefix="gpiobridge-bench-", dir=_ROOT))
            limits = {"cpu.max": f"{quota_us} {_PERIOD_US}"}
        else:
            folder = Path(tempfile.mkdtemp(prefix="gpiobridge-bench-", dir=_ROOT / "cpu"))
            limits = {"cpu.cfs_period_us": str(_PERIOD_US), "cpu.cfs_quota_us": str(quota_us)}
        for name, value in limits.items():
            (folder / name).write_text(value)
    except OSError as error:
        raise MissingError(
            f"the CPU time can't be limited: {error.filename}: {error.strerror}; root can, where "
            "control groups are writable"
        ) from error
    try:
        yield ["/bin/sh", "-c", _ENTER, str(folder / "cgroup.procs")]
    finally:
        with contextlib.suppress(OSError):  # a process that has not ended keeps it
            folder.rmdir()
