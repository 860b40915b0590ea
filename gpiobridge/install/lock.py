"""One installation at a time, and each begins where the one before has ended, or was taken back."""

import contextlib
import fcntl
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from gpiobridge.errors import InstallError
from gpiobridge.install import recovery
from gpiobridge.install.target import TargetMachine
from gpiobridge.system.units import SERVICE

Tell = Callable[[str], None]
"""Gets what a person should know, a line each."""


@contextlib.contextmanager
def alone(machine: TargetMachine, dry_run: bool, tell: Tell) -> Iterator[None]:
    """Keep a second installation out, and begin with all as it was before one that didn't end.

    Args:
        machine: the machine.
        dry_run: whether nothing will be changed: then there is nothing to keep out.
        tell: gets what a person should know, a line each.

    Raises:
        InstallError: an installation is at work.
    """
    if dry_run:
        yield
        return
    path = machine.at("/run/gpiobridge-install.lock")
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InstallError("another `gpiobridge install` is at work: wait for it") from error
        if recovery.take_back(machine):
            tell("An installation before didn't end: all is again as it was before it")
            machine.systemctl("daemon-reload")
            if machine.has("active", SERVICE):  # never at boot, where it waits for this
                with contextlib.suppress(InstallError):  # what comes next may mend it
                    machine.systemctl("restart", SERVICE)
        with _undone_when_ended():
            yield


@contextlib.contextmanager
def _undone_when_ended() -> Iterator[None]:
    """Let SIGTERM and SIGHUP, as of a lost SSH session, undo what was done, as Ctrl-C does.

    Else the next boot would, and with it what the owner has changed until then.
    """
    if threading.current_thread() is not threading.main_thread():  # who alone may have signals
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    ends = (signal.SIGTERM, signal.SIGHUP)
    heard = [number for number in ends if signal.getsignal(number) is not signal.SIG_IGN]
    old = {number: signal.signal(number, stop) for number in heard}  # nohup's stays ignored
    try:
        yield
    finally:
        for number, before in old.items():
            signal.signal(number, before)
