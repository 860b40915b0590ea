"""What the bench needs from the machine it runs on: programs, Debian's archive, arm64 emulation.

This module owns every change to the host: installing a missing tool, and an entry in the
kernel's ``binfmt_misc`` for as long as an image is built. It imports nothing of the bench.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

# Each program, and the Debian package that has it.
BOOT_TOOLS = {
    "fdtput": "device-tree-compiler",
    "mkfs.ext4": "e2fsprogs",
    "qemu-system-aarch64": "qemu-system-arm",
    "setpriv": "util-linux",
}
BUILD_TOOLS = {
    "arch-test": "arch-test",
    "depmod": "kmod",
    "mkfs.ext4": "e2fsprogs",
    "mmdebstrap": "mmdebstrap",
    "qemu-aarch64-static": "qemu-user-static",
}

_STEP_LIMIT_S = 1200.0  # no single program of a build runs longer, even on a slow mirror
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_BINFMT_RULE = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")
_APT_LISTS = Path("/var/lib/apt/lists")


class BenchError(RuntimeError):
    """The virtual Pi can't be built, booted or reached; the message says what to do."""


def run(
    *command: str | Path,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    quiet: bool = False,
) -> str:
    """Run a program to its end.

    Args:
        command: the program and its arguments.
        stdin: text for its standard input; none means an empty input.
        env: variables added to this process's own.
        quiet: hold its standard error back unless it fails.

    Returns:
        What it wrote to standard output.

    Raises:
        BenchError: it failed, or took longer than 20 minutes.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            input=stdin or "",
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if quiet else None,
            encoding="utf-8",
            errors="replace",
            timeout=_STEP_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{words[0]} took longer than {_STEP_LIMIT_S:.0f} s") from error
    if done.returncode:
        said = (done.stdout + (done.stderr or "")).strip()[-2000:]
        raise BenchError(f"{' '.join(words)[:300]} ended with status {done.returncode}\n{said}")
    return done.stdout


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Print a line when a long step starts, and one with its seconds when it is done."""
    print(f"virtual Pi: {name} ...", flush=True)
    start_s = time.monotonic()
    yield
    print(f"virtual Pi: {name}: {time.monotonic() - start_s:.1f} s", flush=True)


def ensure_tools(tools: Mapping[str, str]) -> None:
    """Install what is missing, where that is possible.

    Args:
        tools: program names, each with its Debian package.

    Raises:
        BenchError: programs are missing and this is not Debian, or not root.
    """
    missing = {tool: package for tool, package in tools.items() if not shutil.which(tool)}
    if not missing:
        return
    packages = sorted(set(missing.values()))
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise BenchError(
            f"the virtual Pi needs {', '.join(sorted(missing))}, which this machine lacks: "
            f"run as root on Debian, or install {', '.join(packages)} first"
        )
    with stage(f"installing {', '.join(packages)}"):
        if not any(_APT_LISTS.glob("*_Packages*")):
            _apt_get("update")
        try:
            _apt_get("install", "-y", "--no-install-recommends", *packages)
        except BenchError:
            # Lists that are weeks old name files which the archive has replaced since.
            _apt_get("update")
            _apt_get("install", "-y", "--no-install-recommends", *packages)


def apt_sources(suite: str) -> str:
    """Return lines for ``sources.list``: the host's own Debian archive, moved to ``suite``.

    Raises:
        BenchError: apt knows no Debian archive here.
    """
    lines = _apt_entries(suite)
    if not lines:
        _apt_get("update")
        lines = _apt_entries(suite)
    if not lines:
        raise BenchError("the image needs Debian's archive, and this machine's apt has no entry")
    return "\n".join(lines) + "\n"


@contextmanager
def foreign_binaries() -> Iterator[None]:
    """Let the host's kernel run arm64 programs inside the block, and undo it afterwards."""
    entry = _BINFMT / "qemu-aarch64"
    mounted = not (_BINFMT / "register").exists()
    if mounted:
        run("mount", "-t", "binfmt_misc", "binfmt_misc", _BINFMT)
    added = not entry.exists()
    if added:
        (_BINFMT / "register").write_bytes(_BINFMT_RULE.read_bytes())
    try:
        yield
    finally:
        if added:
            entry.write_text("-1")  # the kernel's word for "remove": binfmt-misc.rst
        if mounted:
            run("umount", _BINFMT)


def make_ext4(folder: Path, image: Path, size_mib: int) -> None:
    """Pack a folder into a new ext4 file system image of ``size_mib`` MiB."""
    # No journal: the guest never writes to the file itself, so there is nothing to recover.
    options = ["-q", "-F", "-O", "^has_journal"]
    run("mkfs.ext4", *options, "-d", folder, image, f"{size_mib}M", quiet=True)


def _apt_get(*arguments: str) -> None:
    run("apt-get", "-qq", *arguments, env={"DEBIAN_FRONTEND": "noninteractive"}, quiet=True)


def _apt_entries(suite: str) -> list[str]:
    release = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if line
    )
    host = release.get("VERSION_CODENAME", "").strip('"')
    if not host:
        return []
    columns = "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
    told = run("apt-get", "indextargets", "--format", columns, "Created-By: Packages")
    lines = set()
    for row in told.splitlines():
        origin, address, pocket, component = row.split("|")
        if origin == "Debian" and component == "main" and pocket.startswith(host):
            lines.add(f"deb {address} {pocket.replace(host, suite)} {component}")
    return sorted(lines)
