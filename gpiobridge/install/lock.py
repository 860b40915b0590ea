"""Run one installation at a time, each after the last one has finished or was undone."""

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
"""Receives each line that a person should read."""


@contextlib.contextmanager
def alone(machine: TargetMachine, dry_run: bool, tell: Tell) -> Iterator[None]:
    """Prevent a second installation, and first undo an earlier one that did not finish.

    Args:
        machine: the machine.
        dry_run: whether nothing will be changed. Then no lock is needed.
        tell: receives each line that a person should read.

    Raises:
        InstallError: another installation is running.
    """
    if dry_run:
        yield
        return
    path = machine.at("/run/gpiobridge-install.lock")
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InstallError(
                "another `gpiobridge install` is running: wait until it has finished"
            ) from error
        if recovery.take_back(machine):
            tell("An earlier installation did not finish: everything is again as before it")
            machine.systemctl("daemon-reload")
            if machine.has("active", SERVICE):  # never at boot: there the service waits for us
                with contextlib.suppress(InstallError):  # the next installation may repair it
                    machine.systemctl("restart", SERVICE)
        with _undone_when_ended():
            yield


@contextlib.contextmanager
def _undone_when_ended() -> Iterator[None]:
    """Let SIGTERM and SIGHUP (a lost SSH session) undo what was done, as Ctrl-C does.

    Otherwise the next boot would undo it, and also what the owner has changed until then.
    """
    # Only the main thread may set signal handlers.
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    ends = (signal.SIGTERM, signal.SIGHUP)
    # Under nohup, SIGHUP stays ignored.
    heard = [number for number in ends if signal.getsignal(number) is not signal.SIG_IGN]
    old = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, before in old.items():
            signal.signal(number, before)
