"""A machine to install on that is a folder, with a systemd that only takes notes."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gpiobridge.errors import InstallError
from gpiobridge.install.steps import PINS, READERS
from gpiobridge.install.target import TargetMachine
from gpiobridge.kiosk.browsers import Browser
from gpiobridge.system.overlay import Overlay


class FakeMachine(TargetMachine):
    """A folder that stands for ``/``.

    Args:
        root: an empty folder, or one that was such a machine.

    Attributes:
        orders: what systemctl was told.
        ready: whether a service that is started gets ready, asked at each start.
        journal: what the service writes when it doesn't.
        another: whether another program listens on the wanted address.
        root_user: whether we are root.
        missing: what a kiosk needs and isn't installed.
        browsers: those that are installed.
        compositors: those that are installed.
        disk: whether the card is only read.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        (root / "run").mkdir(parents=True, exist_ok=True)
        self.orders: list[str] = []
        self.states: dict[str, set[str]] = {"active": set(), "enabled": set()}
        self.ready: Callable[[], bool] = lambda: True
        self.journal: list[str] = []
        self.another = False
        self.root_user = True
        self.groups = {PINS, READERS}
        self.accounts = 0
        self.missing: tuple[str, ...] = ()
        self.browsers = {"chromium", "cog"}
        self.compositors = {"cage", "sway"}
        self.disk = Overlay()
        self.owned: dict[str, str] = {}

    def require(self) -> None:
        """Take any machine."""

    def require_shared(self, interpreter: Path) -> None:
        """Take any Python."""

    def may_install(self) -> bool:
        """Whether we are root."""
        return self.root_user

    def systemctl(self, *words: str) -> None:
        """Note an order, and pretend."""
        self.orders.append(" ".join(words))
        verb, units = words[0], {word for word in words[1:] if not word.startswith("-")}
        if verb == "restart":
            if not self.ready():
                raise InstallError("systemctl restart: it failed")
            self.states["active"] |= units
        elif verb == "enable":
            self.states["enabled"] |= units
        elif verb == "disable":
            for state in self.states.values():
                state -= units

    def has(self, state: str, unit: str) -> bool:
        """Whether a unit is active or enabled."""
        return unit in self.states[state]

    def said(self, unit: str, since_s: float) -> list[str]:
        """What the service wrote."""
        return self.journal

    def status(self, unit: str) -> str:
        """Nothing."""
        return ""

    def group_id(self, name: str) -> int | None:
        """Our own group stands for any other."""
        return os.getgid() if name in self.groups else None

    def make_group(self, name: str) -> None:
        """Note a group."""
        self.groups.add(name)

    def make_account(self) -> None:
        """Count."""
        self.accounts += 1

    def missing_for_a_kiosk(self, browser: Browser, *, sway: bool = False) -> tuple[str, ...]:
        """What isn't installed."""
        compositor = {"sway" if sway else "cage"} - self.compositors
        return (*self.missing, *({browser.name} - self.browsers), *compositor)

    def own(self, path: Path, group: str) -> None:
        """Note whose a file would be."""
        self.owned[path.name.removeprefix(".").removesuffix(".new")] = group

    def overlay(self) -> Overlay:
        """Whether the card is only read."""
        return self.disk

    def set_overlay(self, on: bool, raspi_config: bool) -> None:
        """Note it for the next boot."""
        self.disk = replace(self.disk, next_boot=on)

    def sync(self) -> None:
        """Don't wait for the disk."""

    def taken(self, host: str, port: int) -> bool:
        """Whether another program listens there."""
        return self.another
