"""A card that is only read, and the way back."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from gpiobridge.cli import main
from gpiobridge.errors import InstallError
from gpiobridge.install.installation import make_writable, uninstall
from gpiobridge.system.overlay import Overlay

from .fake_machine import FakeMachine
from .trial import SYSTEMD, run, snapshot


def test_read_only(machine: FakeMachine, exhibit: Path) -> None:
    """--read-only installs, asks for the overlay, and says when it comes and how it goes."""
    with pytest.raises(InstallError, match="sudo apt install overlayroot"):
        run(machine, exhibit, read_only=True)
    assert snapshot(machine.root) == {}
    machine.disk = Overlay(package=True)
    said = run(machine, exhibit, read_only=True, dry_run=True)
    assert said[-1].startswith('  write overlayroot="tmpfs:recurse=0" in /etc/overlayroot.local')
    assert snapshot(machine.root) == {}
    said = run(machine, exhibit, read_only=True)
    assert said[-1].startswith("The card is read-only from the next boot on: sudo reboot (to undo ")
    assert said[-1].endswith("gpiobridge install --writable)")
    assert machine.disk.next_boot
    name = "var-lib-gpiobridge-state.mount"
    assert machine.at(f"/etc/systemd/system/{name}").read_text() == (SYSTEMD / name).read_text()
    assert name in machine.states["enabled"]
    # A later installation leaves it as it is.
    assert "everything is installed already: nothing to do" in run(machine, exhibit)
    assert machine.disk.next_boot


def test_a_card_that_is_only_read_is_left_alone(machine: FakeMachine, exhibit: Path) -> None:
    """What would be gone after the next boot is refused; --writable is the way (the plug)."""
    run(machine, exhibit)
    machine.disk = Overlay(package=True, now=True, next_boot=True)
    before = snapshot(machine.root)
    (exhibit / "templates/open.html").write_text("new")
    said: list[str] = []
    for change in (
        lambda: run(machine, exhibit),
        lambda: run(machine, exhibit, dry_run=True),
        lambda: uninstall(dry_run=False, machine=machine, tell=said.append),
    ):
        with pytest.raises(InstallError, match="`install --writable`"):
            change()
    assert snapshot(machine.root) == before
    for _ in range(2):
        make_writable(dry_run=False, machine=machine, tell=said.append)
    assert not machine.disk.next_boot
    assert said[-4:] == [
        '  remove overlayroot="tmpfs:recurse=0" in /etc/overlayroot.local.conf: '
        "from the next boot on, the card is writable",
        "Until then it is read-only: sudo reboot",
        "the card is writable after the next boot: nothing to do",
        "Until then it is read-only: sudo reboot",
    ]


def test_writable_can_be_taken_back_before_the_boot(machine: FakeMachine, exhibit: Path) -> None:
    """What --read-only sets is not lost with the boot, so it isn't refused (the plug)."""
    machine.disk = Overlay(package=True)
    run(machine, exhibit, read_only=True)
    machine.disk = Overlay(package=True, now=True, next_boot=True)
    make_writable(dry_run=False, machine=machine, tell=lambda _: None)
    assert not machine.disk.next_boot
    said = run(machine, read_only=True)
    assert machine.disk.next_boot
    assert [line for line in said if line.startswith("  ")] == [
        '  write overlayroot="tmpfs:recurse=0" in /etc/overlayroot.local.conf: '
        "from the next boot on, the card is read-only"
    ]


def test_uninstall_says_that_the_card_will_be_only_read(
    machine: FakeMachine, exhibit: Path
) -> None:
    """The overlay is the system's, and stays; how it goes is said (the plug)."""
    machine.disk = Overlay(package=True, raspi_config=True)
    run(machine, exhibit, read_only=True)
    said: list[str] = []
    uninstall(dry_run=False, machine=machine, tell=said.append)
    assert said[-1].endswith("to prevent that: sudo raspi-config nonint do_overlayfs 1")
    assert not machine.states["enabled"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--rollback --read-only", "--rollback can't be combined with --read-only or --writable"),
        ("--writable .", "--writable can't be combined with DIR, --kiosk or --replace"),
        ("--writable --kiosk", "--writable can't be combined with"),
    ],
)
def test_what_goes_with_writable(words: str, says: str) -> None:
    """--writable does one thing; with another it is a usage error (the plug)."""
    done = CliRunner().invoke(main, ["install", *words.split()])
    assert (done.exit_code, says in done.stderr) == (2, True)
