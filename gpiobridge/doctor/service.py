"""Checks of the service: systemd's units, the port, room for displays, the running bridge.

Each takes the patient and returns its findings.
"""

import errno

from gpiobridge.doctor.findings import Finding, failure, ok, skipped, warning
from gpiobridge.doctor.machine import Health
from gpiobridge.doctor.patient import Patient
from gpiobridge.doctor.programs import listening_on
from gpiobridge.system import invocation, ports
from gpiobridge.system.open_files import room_for_displays
from gpiobridge.system.units import SERVICE, SOCKET, Unit, bare


def restart(patient: Patient) -> str:
    """Say how to restart the bridge that runs here, which may run in a terminal."""
    units = patient.units
    if units is not None and units[SERVICE].active == "active":
        name = bare(SERVICE)
        return f"sudo systemctl restart {name}, and see: journalctl -u {name}"
    return f"stop it with Ctrl-C, then {invocation.command('run')}"


def unit_states(patient: Patient) -> list[Finding]:
    """Check the state of each installed unit."""
    if patient.units is None:
        return [skipped("units", "systemd is not running, or does not answer")]
    installed = [unit for unit in patient.units.values() if unit.installed]
    if not installed:
        return [skipped("units", "gpiobridge is not installed as a service")]
    return [_unit_state(unit, patient) for unit in installed]


def _unit_state(unit: Unit, patient: Patient) -> Finding:
    check = unit.name
    name = bare(unit.name)
    journal = f"see why: journalctl -u {name}"
    state = f"{unit.active} ({unit.sub})"
    if unit.load != "loaded":
        return failure(check, f"systemd can't load it ({unit.load})", f"systemctl status {name}")
    if unit.active == "failed":
        return failure(check, f"it has failed ({unit.result})", journal)
    if unit.sub == "auto-restart":
        sentence = f"it fails ({unit.result}) and is restarted, {unit.restarts} times so far"
        return failure(check, sentence, journal)
    if unit.active == "inactive":
        if unit.name == SERVICE and patient.waits_for_a_request:
            return ok(check, "it starts with the first request for a page")
        return warning(check, "it is installed, but not running", f"sudo systemctl start {name}")
    if unit.enabled == "disabled" and not _started_by_socket(unit, patient):
        return warning(
            check, f"{state}, but it won't start at boot", f"sudo systemctl enable {name}"
        )
    if unit.restarts:
        return warning(check, f"{state}, after {unit.restarts} restarts", journal)
    return ok(check, f"{state}{': ' if unit.status else ''}{unit.status}")


def _started_by_socket(unit: Unit, patient: Patient) -> bool:
    socket_unit = (patient.units or {}).get(SOCKET)
    return unit.name == SERVICE and socket_unit is not None and socket_unit.starts_at_boot


def port(patient: Patient) -> Finding:
    """Check that the port is free, or held by gpiobridge itself."""
    server = patient.settings.server
    where = ports.port_on(server.host, server.port)
    if server.port == 0:
        return skipped("port", "server.port = 0: any free port")
    if patient.health is not None:
        return _served(where, patient.health, restart(patient))
    if patient.waits_for_a_request:
        return ok("port", f"{where} is held by systemd, for gpiobridge itself")
    try:
        ports.listen(server.host, server.port).close()
    except OSError as error:
        return _not_free(patient, error)
    return ok("port", f"{where} is free")


def _served(where: str, health: Health, again: str) -> Finding:
    shown = [
        f"{each['name'] or 'a browser'} on {each['page']}"
        + ("" if each.get("visible", True) else " (hidden)")
        for each in health["displays"][:5]
    ]
    more = len(health["displays"]) - len(shown)
    told = ", ".join(shown) + (f" and {more} more" if more else "")
    said = f"{where} is held by gpiobridge itself; displays: {told or 'none'}"
    if health["status"] != "ok":
        return failure(
            "port",
            f"{said}; it does not watch its pins (watcher: {health['watcher']})",
            again,
        )
    return ok("port", said)


def _not_free(patient: Patient, error: OSError) -> Finding:
    server = patient.settings.server
    reason, remedy, _ = ports.refusal(error, server.host, server.port, "server.port")
    if error.errno == errno.EADDRINUSE:
        holder = listening_on(patient.machine.root, server.port)
        if holder is None:
            remedy += f"; `sudo ss -ltnp sport = :{server.port}` names it"
        elif holder.is_gpiobridge:
            reason = f"{reason} by a gpiobridge that does not answer ({holder})"
            remedy = restart(patient)
        else:
            reason += f" by another program ({holder})"
    return failure("port", reason, remedy)


def room(patient: Patient) -> Finding:
    """Check that the file limit is large enough for `max_displays`."""
    server, files, units = patient.settings.server, patient.machine.files, patient.units
    how = "ulimit -n, as far as the system's hard limit allows"
    if units is not None and units[SERVICE].installed:  # the unit has its own limit
        told = units[SERVICE].files
        files = int(told) if told.isdigit() else None
        how = "LimitNOFILE= in the unit"
    said = f"server.max_displays = {server.max_displays}"
    if files is None:
        return ok("displays", f"{said}: any number of files may be open")
    displays = room_for_displays(files)
    if server.max_displays <= displays:
        return ok("displays", f"{said}: {files} files may be open")
    return warning(
        "displays",
        f"{said}: only {files} files may be open, which is enough for {displays} displays",
        f"raise the limit ({how}), or lower server.max_displays",
    )
