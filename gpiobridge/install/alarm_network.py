"""The network that the service needs for `[alarms]`, and no more: the drop-in, and what is said.

Pure, except that `warnings` looks whether the owner's program is there.
"""

import ipaddress
import os
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from gpiobridge.config import Alarms
from gpiobridge.install.target import TargetMachine

NAME = "gpiobridge-alarms.conf"
"""The drop-in of the service's unit."""

_HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")
"""What the unit hides from the service: ProtectHome=, PrivateTmp=."""

_FAMILIES = re.compile(r"(?m)^(?:# AF_NETLINK is.*\n)?RestrictAddressFamilies=.*$")
_ADDRESSES = re.compile(r"(?m)^(?:# The addresses behind.*\n)?IPAddressDeny=$")


def is_needed(alarms: Alarms) -> bool:
    """Whether the service calls anybody."""
    return bool(alarms.run or alarms.post)


def drop_in(template: str, alarms: Alarms) -> str:
    """Write the drop-in for `[alarms]`.

    Args:
        template: the text of the drop-in that comes with gpiobridge: it allows most.
        alarms: the section, with `run` or `post`.
    """
    if alarms.run:
        return template  # nobody knows what a program needs
    only = _only_address(alarms)
    families = "AF_INET AF_INET6"
    if only and only != "localhost":
        families = "AF_INET6" if ":" in only else "AF_INET"
    made = _FAMILIES.sub(f"RestrictAddressFamilies={families}", template)
    return _ADDRESSES.sub(f"IPAddressAllow={only}", made) if only else made


def sentence(alarms: Alarms) -> str:
    """Say what the service may do for `[alarms]`."""
    why = " and ".join(key for key in ("run", "post") if getattr(alarms, key))
    whom = (not alarms.run and _only_address(alarms)) or "any address"
    return f"For [alarms] ({why}) the service may connect to {whom}; it may not listen"


def warnings(alarms: Alarms, machine: TargetMachine) -> Iterator[str]:
    """Say why the service couldn't run the owner's program.

    Args:
        alarms: the section.
        machine: the machine that is installed on.
    """
    if not alarms.run:
        return
    program = os.path.normpath(alarms.run[0])
    if hidden := next((path for path in _HIDDEN if program.startswith(f"{path}/")), None):
        yield (
            f"alarms.run: the service can't see {hidden}, where {program} is; move it to "
            "/usr/local/bin"
        )
    elif not os.access(machine.at(program), os.X_OK):
        yield f"alarms.run: there is no program {program}, or it may not be run"


def _only_address(alarms: Alarms) -> str:
    """Return the one address that is posted to; "" if a name server has to be asked for it."""
    host = urlsplit(alarms.post_origin).hostname or ""
    if host == "localhost":
        return host
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return ""
