"""An upgrade from the version before, and the way back: by `install`, under real systemd."""

import json
from collections.abc import Iterator

import pytest
from harness import version_before

from gpiobridge import __version__
from gpiobridge.core.events import Level

from .conftest import BUTTON_LINE, boot, release
from .display import display
from .guest import VirtualPi

LIMIT_S = 200.0  # everything is slow in an emulated Pi
LIVE = "readlink /opt/gpiobridge/live"


@pytest.fixture(scope="module")
def pi(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VirtualPi]:
    """A guest on which nothing is installed, with both versions at hand."""
    before = version_before.export(tmp_path_factory.mktemp("before"))
    with boot(pytestconfig, tmp_path_factory, starts=False, before=before) as guest:
        yield guest


def install(pi: VirtualPi, site: str, folder: str = "") -> str:
    """Install what lies in ``/opt/app/<site>``, and return what it said."""
    status, said = pi.sh(
        f"cd /opt/app && PYTHONPATH=/opt/app/{site} PYTHONDONTWRITEBYTECODE=1 "
        f"/opt/venv/bin/python3 -m gpiobridge install {folder}",
        LIMIT_S,
    )
    assert status == 0, said
    return said


def assert_works(pi: VirtualPi, version: str) -> None:
    """This version is live, and a press moves a page."""
    assert pi.sh(LIVE)[1] == f"versions/{version}-1"
    assert json.loads(pi.sh("gpiobridge version --json", LIMIT_S)[1])["gpiobridge"] == version
    with display(pi.port, "welcome") as shown:
        pi.set_line(BUTTON_LINE, Level.LOW)
        assert shown.close_code(LIMIT_S) == 4000
    release(pi)


@pytest.mark.timeout(900, func_only=True)
def test_an_upgrade_from_the_version_before_and_the_way_back(pi: VirtualPi) -> None:
    """A press works on the version before, after the upgrade, and after --rollback."""
    before = version_before.VERSION
    assert before != __version__
    install(pi, "before", ".")
    assert_works(pi, before)
    assert f"{before}-1 is kept for --rollback" in install(pi, "site")
    assert_works(pi, __version__)
    status, said = pi.sh("gpiobridge install --rollback", LIMIT_S)
    assert status == 0, said
    assert_works(pi, before)
