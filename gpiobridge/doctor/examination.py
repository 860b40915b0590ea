"""The examination: it runs all checks in order.

No check may raise. If one does, the examination turns its error into a finding. All of it runs on
the caller's thread.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from gpiobridge.doctor import (
    age,
    backends,
    board,
    configuration,
    disk,
    kiosk,
    outputs,
    pins,
    screens,
    service,
)
from gpiobridge.doctor.findings import Finding, Report, failure, skipped
from gpiobridge.doctor.machine import ExaminedMachine
from gpiobridge.doctor.patient import Patient
from gpiobridge.errors import ConfigError, PinError
from gpiobridge.system import invocation


@dataclass(frozen=True, slots=True)
class Check:
    """A check.

    Args:
        name: what is checked, in a word or two.
        find: the function that checks it.
        system: the only system that has what is checked, such as "Linux"; "" for every system.
    """

    name: str
    find: Callable[[Patient], Finding | Iterable[Finding]]
    system: str = ""


CHECKS = (
    Check("configuration", configuration.configuration),
    Check("board", board.board),
    Check("back end", backends.back_end),
    Check("GPIO chip", board.chip),
    Check("permissions", board.permissions),
    Check("pins", pins.levels),
    Check("outputs", outputs.outputs),
    Check("units", service.unit_states),
    Check("port", service.port),
    Check("displays", service.room),
    Check("kiosk", kiosk.kiosk),
    Check("screens", screens.screens),
    Check("kiosk policy", kiosk.policy),
    Check("kiosk proof", kiosk.proof),
    Check("disk", disk.protection, system="Linux"),
    Check("writes", disk.writes, system="Linux"),
    Check("log", disk.journal, system="Linux"),
    Check("clock", board.clock),
    Check("age", age.ages),
)
"""All checks. The earlier ones explain the later ones. A new check is a new row."""


def examine(config_file: Path | None = None, machine: ExaminedMachine | None = None) -> Report:
    """Check a machine and a configuration.

    Args:
        config_file: the configuration. By default ``config.toml`` in the current folder, or that
            of the installed service, or the example.
        machine: where to look; by default this machine.

    Returns:
        The findings. This function never raises.
    """
    patient = Patient(config_file, machine or ExaminedMachine())
    named = [] if config_file is None else ["--config", str(config_file)]
    again = invocation.as_root("doctor", *named)
    checks = [check for check in CHECKS if check.system in ("", patient.machine.system)]
    findings = [found for check in checks for found in _guarded(check, patient, again)]
    return Report(findings, config_wrong=patient.config_wrong)


def _guarded(check: Check, patient: Patient, again: str) -> list[Finding]:
    name = check.name
    try:
        found = check.find(patient)
        return [found] if isinstance(found, Finding) else list(found)
    except ConfigError as error:
        if isinstance(denied := error.__cause__, PermissionError):
            # This is intended: the installed configuration may contain a token.
            if name == "configuration":
                return [failure(name, f"{denied.filename}: this user may not read it", again)]
            return [skipped(name, "it depends on the configuration, which this user may not read")]
        if name == "configuration":
            return [
                failure(name, problem, "correct it, then run this again")
                for problem in error.problems
            ]
        return [skipped(name, "it depends on the configuration, which is wrong")]
    except PinError:
        return [skipped(name, "it depends on the back end")]
    except Exception as error:  # one broken check must not hide the others
        return [
            failure(
                name,
                f"this check itself failed: {type(error).__name__}: {error}",
                f"please report it with the output of: {invocation.command('doctor', '--json')}",
            )
        ]
