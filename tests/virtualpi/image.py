"""The guest's image: a kernel, an initrd and a root disk, built once and kept in a cache.

The cache lies outside of the checkout, since CI runs in a fresh clone. An image's folder is
named by a hash of all that goes into it, so it can be shared by checkouts and used as a CI cache
key. The hash doesn't follow updates of Debian's archive or of PyPI: delete the folder for those.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import version_before

from .host import (
    BUILD_TOOLS,
    BenchError,
    apt_sources,
    ensure_tools,
    foreign_binaries,
    make_ext4,
    run,
    stage,
)
from .initrd import write_initrd
from .system import PACKAGES, tune
from .wheels import guest_requirements, install_wheels

SUITE = "bookworm"  # the last Debian whose Python has lgpio wheels on PyPI
KERNEL, INITRD, ROOT_DISK = "Image", "initrd", "root.ext4"

_HERE = Path(__file__).resolve().parent
_PYPROJECT = _HERE.parents[1] / "pyproject.toml"
_SOURCES = ["host.py", "image.py", "initrd.py", "system.py", "wheels.py"]
_FREE_MIB = 300  # room for what the guest writes while it runs
_UNFINISHED = "unfinished-"
_UNREAD = ["man", "doc", "locale", "info"]  # folders of /usr/share that no test reads

# The host's apt-get with the guest's state fetches these: nothing is emulated, and the host's
# own apt stays as it was. They are only unpacked, never installed.
_FETCH_KERNEL = (
    'cd {folder} && export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" && '
    "kernel=$(apt-cache depends linux-image-arm64 | "
    r"sed -n 's/.*Depends: \(linux-image-[^ ]*\).*/\1/p' | head -n1) && "
    'apt-get -qq -o APT::Sandbox::User=root download "$kernel" busybox-static '
    "overlayroot initramfs-tools-core"
)


def cache_folder() -> Path:
    """Return where images are kept: ``$GPIOBRIDGE_CACHE``, else in the user's cache folder."""
    own = os.environ.get("GPIOBRIDGE_CACHE")
    if own:
        return Path(own).resolve() / "virtualpi"
    users = os.environ.get("XDG_CACHE_HOME")
    return (Path(users) if users else Path.home() / ".cache") / "gpiobridge/virtualpi"


def image_key(requirements: list[str]) -> str:
    """Return the name of an image: a hash of the code that builds it and of what it contains."""
    parts = [(_HERE / name).read_text(encoding="utf-8") for name in _SOURCES]
    return hashlib.sha256("\0".join([SUITE, *requirements, *parts]).encode()).hexdigest()[:16]


def ensure_image() -> Path:
    """Return the folder of the image, and build it first where it is missing.

    Two processes may call this at once: the second waits for the first one's image.

    Returns:
        A folder with the files `KERNEL`, `INITRD` and `ROOT_DISK`.

    Raises:
        BenchError: the image can't be built here.
    """
    # The version before runs there, too, and may need what this one doesn't.
    now = _PYPROJECT.read_text(encoding="utf-8")
    requirements = guest_requirements(now, version_before.pyproject())
    cache = cache_folder()
    image = cache / image_key(requirements)
    if image.exists():
        return image
    cache.mkdir(parents=True, exist_ok=True)
    with _only_builder(cache):
        if not image.exists():
            _build(image, requirements)
    return image


@contextmanager
def _only_builder(cache: Path) -> Iterator[None]:
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in cache.glob(f"{_UNFINISHED}*"):  # of a build that was killed
            shutil.rmtree(leftover)
        yield


def _build(image: Path, requirements: list[str]) -> None:
    if os.geteuid() != 0:
        raise BenchError("the virtual Pi's image is built as root: run the tests once as root")
    ensure_tools(BUILD_TOOLS)
    work = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=image.parent))
    try:
        work.chmod(0o755)  # apt's own user must get in
        root, packages, made = work / "root", work / "packages", work / "made"
        packages.mkdir()
        made.mkdir()
        with foreign_binaries():
            with stage(f"Debian {SUITE} for arm64"):
                _debian_tree(root, packages)
            with stage(f"Python packages: {', '.join(requirements)}"):
                _python(root, requirements)
        with stage("kernel, initrd and disk"):
            tune(root)
            _overlayroot(packages, work, root)
            _kernel(packages, work, made)
            used_mib = int(run("du", "-sm", root).split()[0])
            make_ext4(root, made / ROOT_DISK, used_mib + _FREE_MIB)
        made.rename(image)
    finally:
        shutil.rmtree(work)
    for file in sorted(image.iterdir()):
        print(f"virtual Pi: {file.name}: {file.stat().st_blocks * 512 / 1e6:.0f} MB", flush=True)


def _debian_tree(root: Path, packages: Path) -> None:
    """Make the guest's file tree, and fetch the packages of its kernel and busybox."""
    run(
        # What it mounts in the tree goes with it, even if it is killed.
        "unshare",
        "--mount",
        "mmdebstrap",
        "--quiet",
        "--mode=root",
        "--variant=minbase",
        "--architectures=arm64",
        "--format=directory",
        f"--include={','.join(PACKAGES)}",
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=Acquire::Retries "3"',
        *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _UNREAD),
        f"--customize-hook={_FETCH_KERNEL.format(folder=packages)}",
        SUITE,
        root,
        "-",
        stdin=apt_sources(SUITE),
    )
    run("chroot", root, "groupadd", "--system", "gpio")


def _python(root: Path, requirements: list[str]) -> None:
    run("chroot", root, "python3", "-m", "venv", "--without-pip", "/opt/venv")
    install_wheels(root / "opt/venv", requirements)
    run("chroot", root, "/opt/venv/bin/python3", "-m", "compileall", "-q", "/opt/venv/lib")


def _overlayroot(packages: Path, work: Path, root: Path) -> None:
    """Unpack Debian's overlayroot, and the shell functions of the initramfs that it is written for.

    Installing it would build an initramfs; the guest's own runs it, as that would.
    """
    run("dpkg", "-x", next(packages.glob("overlayroot_*.deb")), root)
    run("dpkg", "-x", next(packages.glob("initramfs-tools-core_*.deb")), work / "initramfs")
    functions = "usr/share/initramfs-tools/scripts/functions"
    shutil.copy(work / "initramfs" / functions, root / functions)


def _kernel(packages: Path, work: Path, made: Path) -> None:
    """Unpack the kernel and busybox, and write what QEMU boots."""
    linux, busybox = work / "linux", work / "busybox"
    run("dpkg", "-x", next(packages.glob("linux-image-*.deb")), linux)
    run("dpkg", "-x", next(packages.glob("busybox-static_*.deb")), busybox)
    if not (linux / "lib").exists():
        (linux / "lib").symlink_to("usr/lib")
    shutil.copy(next((linux / "boot").glob("vmlinuz-*")), made / KERNEL)
    program = next(path for path in busybox.glob("**/bin/busybox") if path.is_file())
    write_initrd(linux, program, made / INITRD)
