"""The machine to install on: its file system, its systemd, its groups.

Only this module starts the system's programs. (`carry_out` starts a copy of gpiobridge, to check a
configuration with it.) Tests use another folder as ``/``, and their own machine instead of this
one.
"""

import contextlib
import errno
import os
import shutil
import subprocess
from pathlib import Path

from gpiobridge.errors import InstallError
from gpiobridge.install.steps import ACCOUNTS, EXHIBIT, OVERLAY_CONFIG, OVERLAY_LINE, READERS
from gpiobridge.kiosk.browsers import Browser
from gpiobridge.system import invocation
from gpiobridge.system.commands import find_program
from gpiobridge.system.overlay import PACKAGED, Overlay, find_overlay
from gpiobridge.system.ports import listen
from gpiobridge.system.whole_files import replacing

_ORDER_S = 300  # longer than any start that the unit allows
_OVERLAY_OFF = (
    f"[ ! -e {OVERLAY_CONFIG} ] || sed -i '/^[[:space:]]*overlayroot=/d' {OVERLAY_CONFIG}"
)
_OVERLAY_ON = f"{_OVERLAY_OFF}; echo '{OVERLAY_LINE}' >>{OVERLAY_CONFIG}"
_LINES = 8  # lines of the journal to show


class TargetMachine:
    """This machine.

    Args:
        root: the folder that is used as ``/``.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root

    def at(self, path: str) -> Path:
        """Return the real place of a path of the machine."""
        return self.root / path.lstrip("/")

    def require(self) -> None:
        """Make sure that this machine runs systemd.

        Raises:
            InstallError: it doesn't; the test is that of sd_booted(3).
        """
        if not self.at("/run/systemd/system").is_dir() or shutil.which("systemctl") is None:
            raise InstallError(
                "this machine doesn't run systemd, which `install` needs; "
                f"start the bridge with: {invocation.command('run')}"
            )

    def require_shared(self, interpreter: Path) -> None:
        """Make sure that the service can read the Python that runs this program.

        Args:
            interpreter: the folder in which it is installed.

        Raises:
            InstallError: it lies in a home folder, which the service may not read.
        """
        if interpreter.resolve().parts[1:2] in (("home",), ("root",)):
            raise InstallError(
                f"this Python is in {interpreter}, which the service may not read: "
                "make the virtual environment with the system's Python, /usr/bin/python3"
            )

    def may_install(self) -> bool:
        """Whether this process is root's."""
        return os.geteuid() == 0

    def systemctl(self, *words: str) -> None:
        """Give systemd an order and wait until it is carried out.

        Raises:
            InstallError: it failed.
        """
        done = _run("systemctl", *words)
        if done.returncode:
            said = (done.stderr or done.stdout).strip() or f"exit code {done.returncode}"
            raise InstallError(f"systemctl {' '.join(words)}: {said}")

    def has(self, state: str, unit: str) -> bool:
        """Whether a unit is ``active`` or ``enabled``."""
        return _run("systemctl", "--quiet", f"is-{state}", unit).returncode == 0

    def said(self, unit: str, since_s: float) -> list[str]:
        """Return the last lines that a unit has written to the journal.

        Args:
            unit: its name.
            since_s: leave out older lines, in seconds since 1970.
        """
        _run("journalctl", "--sync")  # its last lines may not be in the journal yet
        lines = ["--lines", str(_LINES), "--since", f"@{since_s:.0f}"]
        told = _run("journalctl", "--no-pager", "--output=cat", f"--unit={unit}", *lines)
        # systemd's own lines say that the unit failed, but not why.
        own = (f"{unit}: ", "Starting ", "Started ", "Stopping ", "Stopped ", "Failed to start ")
        return [line for line in told.stdout.splitlines() if not line.startswith(own)]

    def status(self, unit: str) -> str:
        """Return a service's own status text (STATUS of sd_notify(3)); "" if it has none."""
        return _run("systemctl", "show", "--value", "--property=StatusText", unit).stdout.strip()

    def group_id(self, name: str) -> int | None:
        """Return a group's number; None if there is no such group."""
        import grp

        with contextlib.suppress(KeyError):
            return grp.getgrnam(name).gr_gid
        return None

    def make_group(self, name: str) -> None:
        """Make a system group."""
        done = _run("groupadd", "--system", name)
        if done.returncode:
            raise InstallError(f"groupadd --system {name}: {done.stderr.strip()}")

    def make_account(self) -> None:
        """Make the kiosk's account, if it does not exist."""
        done = _run("systemd-sysusers", str(self.at(ACCOUNTS)))
        if done.returncode:
            raise InstallError(f"systemd-sysusers {ACCOUNTS}: {done.stderr.strip()}")

    def missing_for_a_kiosk(self, browser: Browser, *, sway: bool = False) -> tuple[str, ...]:
        """List the packages that a kiosk needs and that aren't installed.

        Args:
            browser: the kiosk's browser.
            sway: whether it has sway, and not cage.
        """
        usr = self.at("/usr")
        # cage 0.1 doesn't start without Xwayland.
        programs = {"sway": "sway"} if sway else {"cage": "cage", "xwayland": "Xwayland"}
        found = {
            **{package: shutil.which(program) for package, program in programs.items()},
            " ".join(browser.packages): find_program(browser.programs),
            # logind gives a session its seat (libpam-systemd), and asks polkit.
            "polkitd": any(usr.glob("lib/polkit-1/polkitd")),
            "libpam-systemd": any(usr.glob("lib/*/security/pam_systemd.so")),
        }
        return tuple(package for package, there in found.items() if not there)

    def remove_empty(self, gone: Path) -> None:
        """Remove the folders of a removed file, if they are empty now.

        Args:
            gone: the removed file. Outside the exhibit, only a folder of drop-ins is removed.
        """
        for folder in gone.parents:
            of_exhibit = folder.is_relative_to(self.at(EXHIBIT))
            if not of_exhibit and not folder.name.endswith(".service.d"):
                break
            with contextlib.suppress(OSError):
                folder.rmdir()

    def own(self, path: Path, group: str) -> None:
        """Give a file to root and a group."""
        os.chown(path, 0, 0 if group == "root" else self.group_id(group) or 0)

    def may_read(self, path: Path) -> bool:
        """Whether the service may read a file; True if there is none."""
        try:
            there = path.stat()
        except OSError:
            return True
        of_group = there.st_gid == self.group_id(READERS) and there.st_mode & 0o040
        return bool(of_group or there.st_mode & 0o004)

    def overlay(self) -> Overlay:
        """Find out whether the card is read-only."""
        return find_overlay(self.root)

    def set_overlay(self, on: bool, raspi_config: bool) -> None:
        """Make the card read-only from the next boot on, or writable again.

        Args:
            on: whether the card is to be read-only.
            raspi_config: whether to use Raspberry Pi OS's own tool instead of overlayroot's file.

        Raises:
            InstallError: the switch has no effect; the message says why.
        """
        if raspi_config:
            # 0 means yes, as in a shell. Its exit code says nothing.
            done = _run("raspi-config", "nonint", "do_overlayfs", "0" if on else "1")
        elif self.overlay().now:
            # /etc is in memory now; this command changes the disk below it.
            done = _run("overlayroot-chroot", "sh", "-c", _OVERLAY_ON if on else _OVERLAY_OFF)
        else:
            done = None
            self._write_overlay(on)
        self.sync()
        if self.overlay().next_boot is not on:
            said = (done.stderr or done.stdout).strip() if done else ""
            what = "read-only" if on else "writable"
            raise InstallError(
                f"the card will not be {what} after the next boot"
                + (
                    f": {said}"
                    if said
                    else f": see overlayroot= on the kernel's command line, and in {PACKAGED}"
                )
            )

    def _write_overlay(self, on: bool) -> None:
        place = self.at(OVERLAY_CONFIG)
        # Every other line stays as it is, in any encoding.
        there = place.read_text("utf-8", "surrogateescape") if place.exists() else ""
        before = there.splitlines()
        lines = [line for line in before if not line.lstrip().startswith("overlayroot=")]
        lines += [OVERLAY_LINE] if on else []
        if not lines:
            place.unlink(missing_ok=True)
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        with replacing(place) as new:
            new.write("".join(f"{line}\n" for line in lines).encode(errors="surrogateescape"))
            os.fchmod(new.fileno(), 0o644)

    def sync(self) -> None:
        """Write everything to the disk: someone may pull a Pi's plug at any time."""
        os.sync()

    def taken(self, host: str, port: int) -> bool:
        """Whether another program listens on an address.

        Args:
            host: an IP address.
            port: 1 to 65535.
        """
        try:
            listen(host, port).close()
        except OSError as error:
            # Other errors are fine: the address may come later, the port may be root's only.
            return error.errno == errno.EADDRINUSE
        return False


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            words, capture_output=True, text=True, errors="replace", timeout=_ORDER_S, check=False
        )
    except FileNotFoundError as error:
        raise InstallError(f"{words[0]}: is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise InstallError(f"{' '.join(words)}: took longer than {_ORDER_S} s") from error
