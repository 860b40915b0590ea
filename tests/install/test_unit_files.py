"""The units that are placed, and what systemd says of them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gpiobridge import config
from gpiobridge.config import Server
from gpiobridge.errors import InstallError
from gpiobridge.install.files import socket_unit, unit_files, unit_with_browser
from gpiobridge.kiosk.browsers import BROWSERS
from gpiobridge.system.run_key import KIOSKS, SERVICE_FOLDER

from .trial import SYSTEMD


@pytest.mark.parametrize(
    ("host", "listen"),
    [
        ("127.0.0.1", "127.0.0.1:81"),
        ("0.0.0.0", "0.0.0.0:81"),
        ("::1", "[::1]:81"),
        ("0:0:0:0:0:0:0:1", "[::1]:81"),
        ("localhost", "127.0.0.1:81"),
    ],
)
def test_socket_unit(host: str, listen: str) -> None:
    """The socket unit listens where [server] says, and is as it ships in all else."""
    template = (SYSTEMD / "gpiobridge.socket").read_text()
    made = socket_unit(template, Server(start="x", host=host, port=81))
    assert f"\nListenStream={listen}\n" in made
    assert made.replace(f"={listen}\n", "=127.0.0.1:8000\n") == template


def test_a_name_without_an_address() -> None:
    """Units know no names: one that can't be looked up is refused."""
    with pytest.raises(
        InstallError, match=r'server\.host = "nosuch\.invalid": this name has no address'
    ):
        socket_unit("", Server(start="x", host="nosuch.invalid"))


def test_pigpio_gets_the_network_back() -> None:
    """Only a configuration that needs the network gets the drop-in that gives it."""
    paths = [
        [file.path for file in unit_files(SYSTEMD, Server(start="x"), network=on)]
        for on in (False, True)
    ]
    drop_in = "/etc/systemd/system/gpiobridge.service.d/gpiobridge-network.conf"
    assert drop_in not in paths[0]
    assert paths[1] == [*paths[0], drop_in]


def test_the_shipped_units_fit_the_example() -> None:
    """The socket unit in systemd/ is the one for the packaged example."""
    server = config.load(config.example_file(), environ={}).server
    template = (SYSTEMD / "gpiobridge.socket").read_text()
    assert socket_unit(template, server) == template


def test_the_kiosk_s_user_can_read_its_key() -> None:
    """The service's own group is that of its key for kiosks, and the kiosk's user is a member."""
    service = (SYSTEMD / "gpiobridge.service").read_text().splitlines()
    assert f"Group={KIOSKS}" in service
    assert "RuntimeDirectory=gpiobridge" in service
    assert not [line for line in service if line.startswith("RuntimeDirectoryMode=")]  # 0755
    accounts = (SYSTEMD / "gpiobridge-kiosk.conf").read_text().splitlines()
    assert f"m gpiobridge-kiosk {KIOSKS}" in accounts
    assert str(SERVICE_FOLDER) == "/run/gpiobridge"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_has_nothing_to_say(tmp_path: Path) -> None:
    """systemd-analyze finds no fault in the units, and the service hardly exposed."""
    ours = re.compile(
        r"/opt/gpiobridge/(live/)?bin/[\w-]+"
    )  # isn't installed on the machine of the test
    names = ("gpiobridge.service", "gpiobridge.socket", "gpiobridge-recover.service")
    units = [tmp_path / name for name in (*names, "var-lib-gpiobridge-state.mount")]
    for unit in units:
        unit.write_text(ours.sub("/bin/true", (SYSTEMD / unit.name).read_text()))
    verified = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    offline = ["systemd-analyze", "security", "--offline=true", "--no-pager"]
    told = subprocess.run([*offline, units[0]], capture_output=True, text=True, check=False)
    exposure = re.search(r"Overall exposure level.*: ([0-9.]+)", told.stdout)
    assert exposure, told.stdout + told.stderr
    assert float(exposure[1]) <= 0.6


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
@pytest.mark.parametrize(
    ("browser", "says"),
    [
        ("chromium", r"security gpiobridge-kiosk` says (\d\.\d)"),
        ("cog", r"needs more, it says (\d\.\d)"),
    ],
)
def test_the_kiosks_unit_is_hardened(tmp_path: Path, browser: str, says: str) -> None:
    """The kiosk is as exposed as docs/kiosk.md says, and no member of what it needs not (row 4)."""
    offline = ["systemd-analyze", "security", "--offline=true", "--no-pager"]
    unit = tmp_path / "gpiobridge-kiosk.service"
    unit.write_text(unit_with_browser((SYSTEMD / unit.name).read_text(), BROWSERS[browser]))
    told = subprocess.run([*offline, unit], capture_output=True, text=True, check=False)
    exposure = re.search(r"Overall exposure level.*: ([0-9.]+)", told.stdout)
    assert exposure, told.stdout + told.stderr
    text = (SYSTEMD.parent / "docs" / "kiosk.md").read_text("utf-8")
    said = re.search(says, text)
    assert said
    assert float(exposure[1]) <= float(said[1]) <= 4.0
    assert " input" not in (SYSTEMD / "gpiobridge-kiosk.conf").read_text()
