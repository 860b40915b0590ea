"""What the guest sees as ``/opt/app``: the project's wheel unpacked, and an exhibit to run it on.

The wheel is built as a release would build it, so that a file missing from it is noticed here.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from .host import run
from .wheels import PIP_QUIET

_HERE = Path(__file__).resolve().parent
REPOSITORY = _HERE.parents[1]


def assemble(target: Path, starts: bool = True, before: Path | None = None) -> None:
    """Fill a folder with configuration, templates, unit and ``site/``, the installed wheel.

    Args:
        target: a folder that doesn't exist yet.
        starts: whether the guest starts the bridge; without, the unit is left out.
        before: the files of the version before, whose wheel goes into ``before/``.
    """
    shutil.copytree(_HERE / "app", target)
    if not starts:
        (target / "gpiobridge.service").unlink()
    _install_wheel(REPOSITORY, target / "site")
    if before is not None:
        _install_wheel(before, target / "before")


def _install_wheel(source: Path, target: Path) -> None:
    pip = [sys.executable, "-m", "pip", "-q"]
    with tempfile.TemporaryDirectory(prefix="virtualpi-wheel-") as folder:
        run(*pip, "wheel", "--no-deps", "--wheel-dir", folder, source, env=PIP_QUIET)
        wheel = next(Path(folder).glob("gpiobridge-*.whl"))
        run(*pip, "install", "--no-deps", "--target", target, wheel, env=PIP_QUIET)
