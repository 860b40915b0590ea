"""What the service gets for `[alarms]`: the drop-in, what is said, and how exposed it is then."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gpiobridge.config import Alarms, Server
from gpiobridge.install.alarm_network import NAME, drop_in, sentence
from gpiobridge.install.files import ALARMS, unit_files

from .fake_machine import FakeMachine
from .trial import ROOT, SYSTEMD, run

TEMPLATE = (SYSTEMD / NAME).read_text()
RUN = Alarms(run=("/usr/bin/mail", "me"))
EXHIBIT = '[pins.bell]\nsource = "http"\n[displays.left]\n[pages.welcome]\n'


def directives(alarms: Alarms) -> dict[str, str]:
    """The drop-in's directives of the service."""
    text = drop_in(TEMPLATE, alarms).partition("[Service]")[2]
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize(
    ("alarms", "families", "addresses"),
    [
        (RUN, "AF_INET AF_INET6 AF_NETLINK", {"IPAddressDeny": ""}),
        (Alarms(run=RUN.run, post="http://192.168.1.5/x"), "AF_INET AF_INET6 AF_NETLINK",
         {"IPAddressDeny": ""}),
        (Alarms(post="https://me:pw@example.org:8443/x"), "AF_INET AF_INET6",
         {"IPAddressDeny": ""}),
        (Alarms(post="http://192.168.1.5:81/x"), "AF_INET", {"IPAddressAllow": "192.168.1.5"}),
        (Alarms(post="http://[fd00::1]/x"), "AF_INET6", {"IPAddressAllow": "fd00::1"}),
        (Alarms(post="http://localhost:81/x"), "AF_INET AF_INET6",
         {"IPAddressAllow": "localhost"}),
    ],
)  # fmt: skip
def test_what_is_given(alarms: Alarms, families: str, addresses: dict[str, str]) -> None:
    """Connections out, to one address if that is enough; nobody may be listened to."""
    assert directives(alarms) == {
        "PrivateNetwork": "no",
        "SocketBindDeny": "any",
        "RestrictAddressFamilies": families,
        **addresses,
    }


def test_what_is_said() -> None:
    """For what, and to whom; no secret."""
    assert [
        sentence(alarms)
        for alarms in (
            RUN,
            Alarms(run=RUN.run, post="http://192.168.1.5/x"),
            Alarms(post="http://me:pw@192.168.1.5/x"),
        )
    ] == [
        "For [alarms] (run) the service may connect to any address; it may not listen",
        "For [alarms] (run and post) the service may connect to any address; it may not listen",
        "For [alarms] (post) the service may connect to 192.168.1.5; it may not listen",
    ]


def test_without_alarms_there_is_no_drop_in() -> None:
    """Only who calls out gets a network."""
    for alarms, there in ((None, False), (Alarms(after_s=30.0), False), (RUN, True)):
        files = unit_files(SYSTEMD, Server(start="x"), network=False, alarms=alarms)
        assert (ALARMS in [file.path for file in files]) == there


def test_an_installation(machine: FakeMachine, exhibit: Path) -> None:
    """It says what it gives, places the drop-in, and takes it away when it is no longer needed."""
    config = exhibit / "config.toml"
    config.write_text(f'{EXHIBIT}[alarms]\npost = "http://192.168.1.5/S3CRET"\n')
    said = run(machine, exhibit)
    assert "For [alarms] (post) the service may connect to 192.168.1.5; it may not listen" in said
    assert "S3CRET" not in "\n".join(said)
    assert "IPAddressAllow=192.168.1.5" in machine.at(ALARMS).read_text()
    config.write_text(EXHIBIT)
    machine.orders.clear()
    assert not [line for line in run(machine, exhibit) if "alarms" in line and "For" in line]
    assert not machine.at(ALARMS).exists()
    assert "daemon-reload" in machine.orders


@pytest.mark.parametrize(
    ("program", "warning"),
    [
        ("/usr/local/bin/call", "there is no program /usr/local/bin/call, or it may not be run"),
        ("/home/pi/call", "the service can't see /home, where /home/pi/call is; move it to "
         "/usr/local/bin"),
        ("/usr/../tmp/call", "the service can't see /tmp, where /tmp/call is; move it to "
         "/usr/local/bin"),
    ],
)  # fmt: skip
def test_a_program_that_the_service_cannot_run(
    machine: FakeMachine, exhibit: Path, program: str, warning: str
) -> None:
    """A warning: it may come later."""
    config = exhibit / "config.toml"
    config.write_text(f'{EXHIBIT}[alarms]\nrun = ["{program}"]\n')
    assert f"warning: alarms.run: {warning}" in run(machine, exhibit, dry_run=True)


def test_a_program_that_is_there(machine: FakeMachine, exhibit: Path) -> None:
    """No warning."""
    program = machine.at("/usr/local/bin/call")
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (exhibit / "config.toml").write_text(f'{EXHIBIT}[alarms]\nrun = ["/usr/local/bin/call"]\n')
    assert "alarms.run" not in "".join(run(machine, exhibit))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
@pytest.mark.parametrize(
    ("alarms", "says"),
    [
        (None, r"\| no `run` and no `post` \|.*\| (\d\.\d) \|"),
        (Alarms(post="http://192.168.1.5/x"), r"\| `post` to an IP address.*\| (\d\.\d) \|"),
        (Alarms(post="https://example.org/x"), r"\| `post` to a name \|.*\| (\d\.\d) \|"),
        (RUN, r"\| `run` \|.*\| (\d\.\d) \|"),
    ],
)
def test_how_exposed_the_service_is(tmp_path: Path, alarms: Alarms | None, says: str) -> None:
    """As the page says, and systemd finds no fault in the drop-in."""
    unit = tmp_path / "gpiobridge.service"
    text = (SYSTEMD / unit.name).read_text() + (drop_in(TEMPLATE, alarms) if alarms else "")
    unit.write_text(re.sub(r"/opt/gpiobridge/bin/[\w-]+", "/bin/true", text))
    (tmp_path / "gpiobridge.socket").write_text((SYSTEMD / "gpiobridge.socket").read_text())
    verified = subprocess.run(
        ["systemd-analyze", "verify", unit, tmp_path / "gpiobridge.socket"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (verified.returncode, verified.stderr) == (0, "")
    offline = ["systemd-analyze", "security", "--offline=true", "--no-pager", unit]
    told = subprocess.run(offline, capture_output=True, text=True, check=False)
    exposure = re.search(r"Overall exposure level.*: ([0-9.]+)", told.stdout)
    assert exposure, told.stdout + told.stderr
    page = (ROOT / "docs" / "alarms.md").read_text()
    assert re.findall(says, page) == [exposure[1]]
