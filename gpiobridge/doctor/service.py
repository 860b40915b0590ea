"""Checks of the service: systemd's units, the port, room for displays, the running bridge.

Each takes what it looks at as arguments and returns its findings.
"""

import errno
import socket
from collections.abc import Mapping
from pathlib import Path

from gpiobridge.config import Server
from gpiobridge.doctor.findings import Finding, failure, ok, skipped, warning
from gpiobridge.doctor.machine import Health
from gpiobridge.doctor.programs import listening_on
from gpiobridge.system import calling
from gpiobridge.system.open_files import room_for_displays
from gpiobridge.system.units import SERVICE, SOCKET, Unit, bare


def waits_for_a_request(found: Mapping[str, Unit] | None) -> bool:
    """Whether systemd holds the port and would start the service on the first request.

    The doctor must not be that request: it changes nothing.
    """
    if found is None:
        return False
    return found[SOCKET].active == "active" and found[SERVICE].active in ("inactive", "failed")


def restart(found: Mapping[str, Unit] | None) -> str:
    """Say how the bridge that runs here is started again: it may be one in a terminal."""
    if found is not None and found[SERVICE].active == "active":
        name = bare(SERVICE)
        return f"sudo systemctl restart {name}, and see: journalctl -u {name}"
    return f"stop it with Ctrl-C, then {calling.command('run')}"


def unit_states(found: Mapping[str, Unit] | None) -> list[Finding]:
    """Check the state of each installed unit."""
    if found is None:
        return [skipped("units", "systemd is not here, or does not answer")]
    installed = [unit for unit in found.values() if unit.installed]
    if not installed:
        return [skipped("units", "gpiobridge is not installed as a service")]
    return [_unit_state(unit, found) for unit in installed]


def _unit_state(unit: Unit, found: Mapping[str, Unit]) -> Finding:
    check = unit.name
    name = bare(unit.name)
    journal = f"see why: journalctl -u {name}"
    state = f"{unit.active} ({unit.sub})"
    if unit.load != "loaded":
        return failure(check, f"systemd can't load it ({unit.load})", f"systemctl status {name}")
    if unit.active == "failed":
        return failure(check, f"it has failed ({unit.result})", journal)
    if unit.sub == "auto-restart":
        sentence = f"it fails ({unit.result}) and is started again, {unit.restarts} times so far"
        return failure(check, sentence, journal)
    if unit.active == "inactive":
        if unit.name == SERVICE and waits_for_a_request(found):
            return ok(check, "it starts with the first page that is asked for")
        return warning(check, "it is installed, but not running", f"sudo systemctl start {name}")
    if unit.enabled == "disabled" and not _started_by_socket(unit, found):
        return warning(
            check, f"{state}, but it won't start at boot", f"sudo systemctl enable {name}"
        )
    if unit.restarts:
        return warning(check, f"{state}, after {unit.restarts} restarts", journal)
    return ok(check, f"{state}{': ' if unit.status else ''}{unit.status}")


def _started_by_socket(unit: Unit, found: Mapping[str, Unit]) -> bool:
    return unit.name == SERVICE and found[SOCKET].enabled.startswith("enabled")


def port(
    root: Path, server: Server, health: Health | None, found: Mapping[str, Unit] | None
) -> Finding:
    """Check that the port is free, or held by gpiobridge itself.

    Args:
        root: the file system.
        server: the section ``[server]``.
        health: what the bridge on that port says, if one is there.
        found: our units.
    """
    where = f"port {server.port} on {server.host}"
    if server.port == 0:
        return skipped("port", "server.port = 0: any free one")
    if health is not None:
        return _served(where, health, restart(found))
    if waits_for_a_request(found):
        return ok("port", f"{where} is held by systemd, for gpiobridge itself")
    try:
        family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
        socket.create_server((server.host, server.port), family=family).close()
    except OSError as error:
        return _not_free(root, server, where, error, restart(found))
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


def _not_free(root: Path, server: Server, where: str, error: OSError, again: str) -> Finding:
    if error.errno == errno.EADDRINUSE:
        holder = listening_on(root, server.port)
        if holder is None:
            who, end = "another program", f"`sudo ss -ltnp sport = :{server.port}` names it"
        elif holder.is_gpiobridge:
            return failure(
                "port",
                f"{where} is held by a gpiobridge that does not answer ({holder})",
                again,
            )
        else:
            who, end = f"another program ({holder})", "end it"
        return failure("port", f"{where} is held by {who}", f"{end}, or choose another server.port")
    if error.errno == errno.EACCES:
        return failure("port", f"{where} needs root", "choose a server.port from 1024 on")
    return failure(
        "port",
        f"{where} can't be listened on: {error.strerror or error}",
        'write an address of this machine, or host = "0.0.0.0" for all of them',
    )


def room(server: Server, files: int | None, found: Mapping[str, Unit] | None) -> Finding:
    """Check that as many files may be open as there may be displays.

    Args:
        server: the section ``[server]``.
        files: how many files a bridge of this user could open; None for any number.
        found: our units: an installed one has a limit of its own.
    """
    how = "ulimit -n, as far as the system's hard limit allows"
    if found is not None and found[SERVICE].installed:
        told = found[SERVICE].files
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
