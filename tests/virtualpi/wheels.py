"""The guest's Python packages: what pyproject.toml asks for, as aarch64 wheels.

The host's pip fetches and unpacks them, since running pip under emulation takes minutes.
"""

import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from .host import run

GUEST_PYTHON = "3.11"  # Debian bookworm's
BACK_ENDS = ("lgpio", "gpiod")  # the extras that are tried on the guest's pins

# What environment markers (PEP 508) see in the guest.
_GUEST_MARKERS = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "aarch64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": f"{GUEST_PYTHON}.2",
    "python_version": GUEST_PYTHON,
    "sys_platform": "linux",
}

# Wheels are named after the oldest C library they run on; bookworm has 2.36.
_PLATFORMS = [f"manylinux_2_{minor}_aarch64" for minor in range(36, 16, -1)]
_PLATFORMS.append("manylinux2014_aarch64")

# Without these a host that runs as root gets warnings that mean nothing here.
PIP_QUIET = {"PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def guest_requirements(*pyprojects: str) -> list[str]:
    """Return what versions of the project and their back ends depend on, as the guest needs it.

    Args:
        pyprojects: the text of each version's ``pyproject.toml``.

    Returns:
        Requirements without environment markers, sorted.
    """
    wanted = []
    for text in pyprojects:
        project = tomllib.loads(text)["project"]
        wanted += project["dependencies"]
        for back_end in BACK_ENDS:
            wanted += project["optional-dependencies"][back_end]
    requirements = set()
    for text in wanted:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({**_GUEST_MARKERS}):
            continue
        requirement.marker = None
        requirements.add(str(requirement))
    return sorted(requirements)


def install_wheels(venv: Path, requirements: list[str]) -> None:
    """Put packages for the guest into its virtual environment.

    Args:
        venv: the environment, in the guest's tree on the host; made without pip.
        requirements: what pip is asked for.

    Raises:
        BenchError: a package has no wheel for the guest.
    """
    site = venv / f"lib/python{GUEST_PYTHON}/site-packages"
    abi = "cp" + GUEST_PYTHON.replace(".", "")
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--no-compile"]
    kind = ["--only-binary=:all:", "--implementation=cp", f"--python-version={GUEST_PYTHON}"]
    kind += [f"--abi={name}" for name in (abi, "abi3", "none")]
    kind += [f"--platform={name}" for name in _PLATFORMS]
    run(*pip, "--target", site, *kind, *requirements, env=PIP_QUIET)
    _move_launchers(site / "bin", venv / "bin")


def _move_launchers(source: Path, target: Path) -> None:
    """Move command-line launchers, whose first line names the host's interpreter."""
    for launcher in source.iterdir():
        first, _, rest = launcher.read_bytes().partition(b"\n")
        if b"python" in first:
            first = b"#!/opt/venv/bin/python3"
        moved = target / launcher.name
        moved.write_bytes(first + b"\n" + rest)
        moved.chmod(0o755)
        launcher.unlink()
    source.rmdir()
