"""Return the steps that remove what is installed. Pure, like `plan`."""

from gpiobridge.install.hindrances import refuse_lost
from gpiobridge.install.present import Present
from gpiobridge.install.steps import (
    EXHIBIT,
    HOME,
    OURS,
    POLICY,
    UNITS,
    Backup,
    Remember,
    Remove,
    RemoveHome,
    Step,
    Systemctl,
)


def plan_uninstall(present: Present, *, today: str) -> tuple[Step, ...]:
    """Plan the removal of everything except the exhibit; no steps if nothing is installed.

    Args:
        present: what is installed now.
        today: the date, for the backup's name.

    Raises:
        InstallError: the card is read-only now.
    """
    units = tuple(path for path in present.placed if not path.startswith(f"{EXHIBIT}/"))
    policy = tuple(path for path in (POLICY,) if path in present.found)
    there = tuple(path for path in units if path in present.found)
    changed = [path for path in there if present.found[path] != present.placed[path]]
    kept = {path: digest for path, digest in present.placed.items() if path not in units}
    steps = _ending(present, there)
    if changed:
        steps.append(Backup.of(changed, today))
    if policy:  # the kiosk's unit wrote it, inside the exhibit's folder, which stays
        steps.append(Remove(policy))
    if units:
        steps += [Remove(there), Remember(kept), Systemctl(("daemon-reload",))]
    ours = present.command not in ("", "other") and f"{HOME}/bin" not in present.foreign
    if present.versions or present.live or ours:
        steps.append(RemoveHome(ours))
    refuse_lost(present, steps)
    return tuple(steps)


def _ending(present: Present, there: tuple[str, ...]) -> list[Step]:
    """Plan the end of our units: none may run on or start at boot, even without a record."""
    named, lost = [], []
    for unit in OURS:
        path, runs = f"{UNITS}/{unit}", unit in present.active
        if path in there or unit in present.enabled or (runs and path in present.found):
            named.append(unit)
        elif runs:
            lost.append(unit)  # its file is gone, and systemd can't disable such a unit
    steps: list[Step] = []
    if named:
        steps.append(Systemctl(("disable", "--now", *named)))
    if lost:
        steps.append(Systemctl(("stop", *lost)))
    return steps


def left_by_uninstall(present: Present) -> tuple[str, ...]:
    """List units that stay because no record says that install placed them."""
    units = (f"{UNITS}/{unit}" for unit in OURS)
    return tuple(path for path in units if path in present.found and path not in present.placed)
