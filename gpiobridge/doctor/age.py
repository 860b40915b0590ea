"""The check of the age of gpiobridge and its packages.

It takes the patient and returns its findings.
"""

from gpiobridge.doctor.findings import Finding, ok, skipped, warning
from gpiobridge.doctor.patient import Patient
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
    upgrade = invocation.pip("install", "--upgrade", "--upgrade-strategy", "eager", "gpiobridge")
    install = invocation.as_root("install")
    if machine.copy is not None:  # `install` made this copy
        remedy = (
            "upgrade it where it was installed from, and install it again: ~/gpiobridge/bin/pip "
            "install --upgrade --upgrade-strategy eager gpiobridge, then sudo "
            "~/gpiobridge/bin/gpiobridge install"
        )
        return [_age("this copy", now_s, this_s, remedy)]
    found = [_age("this copy", now_s, this_s, upgrade)]
    if service_s is not None:
        found.append(_age("the service's copy", now_s, service_s, f"{upgrade}, then {install}"))
    return found


def _age(which: str, now_s: float, since_s: float | None, remedy: str) -> Finding:
    if since_s is None:
        return skipped(_CHECK, f"nothing tells how old {which} is")
    day = iso(since_s)[:10]
    if since_s - now_s > _DAY_S:
        return skipped(_CHECK, f"{which} is of {day}, after what the clock says: see the clock")
    days = max(0, int((now_s - since_s) / _DAY_S))
    told = f"{which} is of {day}, {days} day{'' if days == 1 else 's'} old"
    if now_s - since_s < OLD_S:
        return ok(_CHECK, told)
    return warning(_CHECK, f"{told}: it has none of the fixes since, nor have its packages", remedy)
