"""The check of the age of gpiobridge and its packages.

It takes the patient and returns its findings.
"""

import sys

from gpiobridge.doctor.findings import Finding, ok, skipped, warning
from gpiobridge.doctor.patient import ENVIRONMENT, Patient
from gpiobridge.system import invocation
from gpiobridge.system.parts import LIVE, OLD_S, iso, marked_since_s

_CHECK = "age"
_DAY_S = 86400.0


def ages(patient: Patient) -> list[Finding]:
    """Check the age of the running copy, and of the service's copy if it is another one."""
    machine = patient.machine
    now_s, this_s = machine.unix_s, machine.since()
    live = machine.root / LIVE.lstrip("/")
    service_s = marked_since_s(live) if live.is_dir() else None
    if machine.copy is not None:  # `install` made this copy, without pip
        remedy = (
            f"{_upgrade(f'{ENVIRONMENT}/pip')}, then sudo {ENVIRONMENT}/gpiobridge install "
            f"({ENVIRONMENT}: the environment that you installed it from)"
        )
        return [_age("this copy", now_s, this_s, remedy)]
    # Not a path from this folder: the reader goes to the checkout.
    upgrade = _upgrade(f"{sys.executable} -m pip")
    install = invocation.as_root("install")
    found = [_age("this copy", now_s, this_s, upgrade)]
    if service_s is not None:
        found.append(_age("the service's copy", now_s, service_s, f"{upgrade}, then {install}"))
    return found


def _upgrade(pip: str) -> str:
    """Say how a copy and its packages are upgraded; pip alone would leave the packages as they are.

    Args:
        pip: the words that start pip.
    """
    return (
        "replace the checkout with the new version (git pull, or the new archive); in its folder: "
        f"{pip} install --upgrade --upgrade-strategy eager '.[gpiod]' (or your back end's extra)"
    )


def _age(which: str, now_s: float, since_s: float | None, remedy: str) -> Finding:
    if since_s is None:
        return skipped(_CHECK, f"the age of {which} is unknown")
    day = iso(since_s)[:10]
    if since_s - now_s > _DAY_S:
        return skipped(_CHECK, f"{which} is from {day}, but the clock shows an earlier day")
    days = max(0, int((now_s - since_s) / _DAY_S))
    told = f"{which} is from {day}, {days} day{'' if days == 1 else 's'} old"
    if now_s - since_s < OLD_S:
        return ok(_CHECK, told)
    return warning(_CHECK, f"{told}: it and its packages lack all fixes since then", remedy)
