"""The orders of the command line: install, make writable, roll back, uninstall, recover."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from gpiobridge import config
from gpiobridge.config import Settings
from gpiobridge.errors import ConfigError, InstallError
from gpiobridge.install import alarm_network, files
from gpiobridge.install.carry_out import carry_out
from gpiobridge.install.lock import Tell, alone
from gpiobridge.install.own_copy import PACKAGE, running_copy
from gpiobridge.install.plan import (
    Wanted,
    plan_install,
    plan_rollback,
    plan_writable,
)
from gpiobridge.install.present import kiosk_browser, kiosk_has_sway, look, mounts_state, package_of
from gpiobridge.install.removal import left_by_uninstall, plan_uninstall
from gpiobridge.install.steps import CONFIG, EXHIBIT, HOME, File, Step, listed
from gpiobridge.install.target import TargetMachine
from gpiobridge.kiosk.browsers import DEFAULT_BROWSER, Browser
from gpiobridge.pins.boards import choose
from gpiobridge.pins.gpio import wired_pins
from gpiobridge.system import invocation
from gpiobridge.system.overlay import SETTING
from gpiobridge.system.ports import called_by_others, port_on


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """Give the remedy for an unreadable file: an ordinary user may try ``--dry-run``, too."""
    try:
        yield
    except (PermissionError, ConfigError) as error:
        denied = error if isinstance(error, PermissionError) else error.__cause__
        if not isinstance(denied, PermissionError):
            raise
        raise InstallError(
            f"{denied.filename}: this user may not read it; run this with sudo: "
            f"{invocation.again_as_root()}"
        ) from error


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person who installs may choose.

    Args:
        folder: the exhibit's folder. None keeps the installed exhibit. If none is installed, it
            takes the one in the current folder, and if there is none, the packaged example.
        kiosk: whether this machine's screen shows the pages, too. An installed kiosk stays.
        browser: the kiosk's browser. None keeps the installed one, or takes the default.
        replace: whether to overwrite files that someone has changed, after a backup.
        read_only: whether to make the card read-only from the next boot on.
        dry_run: whether to say only what would be done, and change nothing.
    """

    folder: Path | None = None
    kiosk: bool = False
    browser: Browser | None = None
    replace: bool = False
    read_only: bool = False
    dry_run: bool = False

    def browser_on(self, machine: TargetMachine) -> Browser | None:
        """Return the browser that the kiosk will have; None for no kiosk."""
        installed = kiosk_browser(machine)
        return (self.browser or installed or DEFAULT_BROWSER) if self.kiosk or installed else None


@_readable()
def install(choices: Choices, machine: TargetMachine, tell: Tell) -> None:
    """Install the running gpiobridge as a service, or upgrade the installed one.

    Args:
        choices: the choices of the person who installs.
        machine: the machine to install on.
        tell: receives each line that a person should read.

    Raises:
        ConfigError: the configuration is wrong.
        InstallError: the installation is refused, a step failed, or the service doesn't start.
    """
    _require(machine, choices.dry_run)
    machine.require_shared(Path(sys.base_prefix))
    with alone(machine, choices.dry_run, tell):
        _install(choices, machine, tell)


def _install(choices: Choices, machine: TargetMachine, tell: Tell) -> None:
    source = _exhibit(choices.folder, machine, tell)
    # List the exhibit before root reads any of it: a message about a wrong file may quote that
    # file. If there is no configuration, `config` reports it.
    there = source is not None and os.path.lexists(source / "config.toml")
    exhibit = files.exhibit_files(source) if source and there else None
    settings = config.load((source or machine.at(EXHIBIT)) / "config.toml", environ={})
    for warning in settings.warnings:
        tell(f"warning: {warning}")
    address = _address(settings)
    copy, kiosk = running_copy(), choices.browser_on(machine)
    if kiosk:
        tell(f"The kiosk's browser is {kiosk.name}")
    # Only of wired pins: the others need no back end.
    network = bool(wired_pins(settings.pins)) and choose(settings.gpio.pin_factory) == "pigpio"
    if network:
        tell('For pin_factory = "pigpio" the service gets the network')
    if alarm_network.is_needed(settings.alarms):
        tell(alarm_network.sentence(settings.alarms))
        for warning in alarm_network.warnings(settings.alarms, machine):
            tell(f"warning: {warning}")
    wanted = Wanted(
        version=version("gpiobridge"),
        fingerprint=copy.fingerprint,
        packages=copy.packages,
        size=copy.size,
        config=str(source / "config.toml") if source else CONFIG,
        exhibit=exhibit,
        units=files.unit_files(
            files.units_folder(PACKAGE),
            settings.server,
            network=network,
            alarms=settings.alarms,
            kiosk=kiosk,
            in_sway=bool(settings.screens),
            state=choices.read_only or mounts_state(machine),
        ),
        address=port_on(*address),
        kiosk=kiosk is not None,
        read_only=choices.read_only,
    )
    present = look(machine, wanted.files, address, kiosk, sway=bool(settings.screens))
    steps = plan_install(present, wanted, replace=choices.replace, today=_today())
    if _show(steps, choices.dry_run, tell, "everything is installed already: nothing to do"):
        carry_out(steps, machine, tell, copy=copy, live=present.live)
    if choices.dry_run:
        return
    _say_what_is_live(machine, tell)
    tell(f"The page is at {_url(*address)}")
    if choices.read_only and not machine.overlay().now:
        tell(
            "The card is read-only from the next boot on: sudo reboot "
            f"(to undo this: {invocation.as_root('install', '--writable')})"
        )


def _today() -> str:
    return time.strftime("%Y-%m-%d")


def make_writable(*, dry_run: bool, machine: TargetMachine, tell: Tell) -> None:
    """Make the card writable again from the next boot on.

    Args:
        dry_run: whether to say only what would be done, and change nothing.
        machine: the machine.
        tell: receives each line that a person should read.

    Raises:
        InstallError: the card can't be made writable.
    """
    _require(machine, dry_run)
    with alone(machine, dry_run, tell):
        overlay = machine.overlay()
        now = "" if overlay.now else "now and "
        nothing = f"the card is writable {now}after the next boot: nothing to do"
        if _show(plan_writable(overlay), dry_run, tell, nothing):
            carry_out(plan_writable(overlay), machine, tell)
        if overlay.now and not dry_run:
            tell("Until then it is read-only: sudo reboot")
            if overlay.raspi_config:
                tell(
                    "Before a system upgrade, after the reboot: sudo raspi-config nonint "
                    "do_overlayfs 1 && sudo mount -o remount,rw /boot/firmware (raspi-config "
                    "can't make that folder writable while the overlay is in use)"
                )


@_readable()
def roll_back(*, dry_run: bool, replace: bool, machine: TargetMachine, tell: Tell) -> None:
    """Go back to the copy that was live before; the exhibit stays as it is.

    Args:
        dry_run: whether to say only what would be done, and change nothing.
        replace: whether to overwrite units that someone has changed, after a backup.
        machine: the machine.
        tell: receives each line that a person should read.

    Raises:
        InstallError: there is no such copy, it refuses the configuration, or it doesn't start.
    """
    _require(machine, dry_run)
    with alone(machine, dry_run, tell):
        present = look(machine)
        units: tuple[File, ...] = ()
        if present.previous is not None:
            package = package_of(machine, present.previous)
            kiosk = kiosk_browser(machine)
            units = files.program_units(
                files.units_folder(package),
                kiosk=kiosk,
                in_sway=kiosk_has_sway(machine),
                state=mounts_state(machine),
            )
            if kiosk and files.browser_of_kiosk(units) != kiosk:
                unknown = f"that copy doesn't know {kiosk.name}"
                tell(f"{unknown}: its kiosk uses Chromium")
            present = look(machine, units)
        steps = plan_rollback(present, units, replace=replace, today=_today())
        if _show(steps, dry_run, tell, ""):
            carry_out(steps, machine, tell, live=present.live)
    if not dry_run:
        _say_what_is_live(machine, tell)


@_readable()
def uninstall(*, dry_run: bool, machine: TargetMachine, tell: Tell) -> None:
    """Remove the service and every copy; the exhibit stays.

    Args:
        dry_run: whether to say only what would be done, and change nothing.
        machine: the machine.
        tell: receives each line that a person should read.

    Raises:
        InstallError: a step failed.
    """
    _require(machine, dry_run)
    with alone(machine, dry_run, tell):
        present = look(machine)
        steps = plan_uninstall(present, today=_today())
        if _show(steps, dry_run, tell, "gpiobridge is not installed: nothing to do"):
            carry_out(steps, machine, tell)
            if machine.at(HOME).exists():
                tell(f"{HOME} stays: it contains something that install did not make")
        if left := left_by_uninstall(present):
            tell(
                f"{listed(left)}: no record says that install placed this, so it stays; to remove "
                f"it: sudo rm {' '.join(left)} && sudo systemctl daemon-reload"
            )
    if machine.at(EXHIBIT).exists() and not dry_run:
        tell(f"The exhibit stays in {EXHIBIT}")
    if (overlay := machine.overlay()).next_boot and not overlay.now:
        back = "raspi-config nonint do_overlayfs 1" if overlay.raspi_config else f"rm /{SETTING}"
        tell(f"The card is read-only from the next boot on; to prevent that: sudo {back}")


def _require(machine: TargetMachine, dry_run: bool) -> None:
    machine.require()
    if not dry_run and not machine.may_install():
        raise InstallError(f"this needs root: {invocation.again_as_root()}")


def _exhibit(folder: Path | None, machine: TargetMachine, tell: Tell) -> Path | None:
    """Choose the exhibit and say which; None means the installed one."""
    here = Path.cwd()
    if folder is not None:
        chosen = folder.absolute()
        if chosen.name == "config.toml" and chosen.is_file():
            chosen = chosen.parent
    elif machine.at(CONFIG).exists():
        if (here / "config.toml").exists() and here != machine.at(EXHIBIT):
            place = invocation.as_root("install", str(here))
            tell(f"To install the exhibit of this folder: {place}")
        chosen = machine.at(EXHIBIT)
    elif (here / "config.toml").exists():
        chosen = here
    else:
        chosen = config.example_file().parent
        tell(f"No exhibit is installed, so this takes the example: {config.why_example(here)}")
    if chosen == machine.at(EXHIBIT):
        tell(f"The exhibit in {EXHIBIT} stays as it is")
        return None
    tell(f"The exhibit is the one in {chosen}")
    return chosen


def _address(settings: Settings) -> tuple[str, int]:
    if settings.server.port == 0:
        raise InstallError(
            f"{settings.source}: server.port = 0: a service needs a fixed port; write one, such "
            "as 8000"
        )
    return files.ip_address_of(settings.server.host), settings.server.port


def _url(host: str, port: int) -> str:
    return f"{config.base_url(called_by_others(host), port)}/"


def _show(steps: Sequence[Step], dry_run: bool, tell: Tell, nothing: str) -> bool:
    """Say what will be done; return whether to carry the steps out."""
    if not steps:
        tell(nothing)
    elif dry_run:
        tell("These steps would follow; nothing has changed:")
        for step in steps:
            tell(f"  {step}")
    return bool(steps) and not dry_run


def _say_what_is_live(machine: TargetMachine, tell: Tell) -> None:
    present = look(machine)
    back = f"; {present.previous} is kept for --rollback" if present.previous else ""
    tell(f"The live copy is {HOME}/versions/{present.live} with {CONFIG}{back}")


def recover(machine: TargetMachine, tell: Tell) -> None:
    """Undo an installation that did not finish; `gpiobridge-recover.service` does so at boot.

    Args:
        machine: the machine.
        tell: receives each line that a person should read.

    Raises:
        InstallError: another installation is running.
    """
    with alone(machine, False, tell):
        pass
