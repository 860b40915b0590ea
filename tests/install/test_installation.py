"""Installing for real, into a folder that stands for ``/`` and with a systemd that takes notes."""

import json
import os
import re
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from gpiobridge.errors import InstallError, PinError
from gpiobridge.install.installation import roll_back
from gpiobridge.system import parts

from .fake_machine import FakeMachine
from .trial import SYSTEMD, VERSION, command, run, shown, snapshot, whole_copies


def test_a_bare_machine_gets_a_service(whole: FakeMachine, exhibit: Path) -> None:
    """The copy runs by itself, the exhibit and the units are in place, and the page is said."""
    said = run(whole, exhibit)
    assert said[0] == f"The exhibit is the one in {exhibit}"
    assert said[-2:] == [
        f"The live copy is /opt/gpiobridge/versions/{VERSION}-1 with /etc/gpiobridge/config.toml",
        "The page is at http://127.0.0.1:8000/",
    ]
    etc, units = whole.at("/etc/gpiobridge"), whole.at("/etc/systemd/system")
    for name in ("config.toml", "templates/welcome.html", "static/a.txt"):
        assert (etc / name).read_bytes() == (exhibit / name).read_bytes()
    assert whole.owned["config.toml"] == "gpiobridge-exhibit"
    assert stat.S_IMODE((etc / "config.toml").stat().st_mode) == 0o640
    assert stat.S_IMODE((etc / "templates/welcome.html").stat().st_mode) == 0o644
    for name in ("gpiobridge.service", "gpiobridge.socket"):
        assert (units / name).read_text() == (SYSTEMD / name).read_text()
    assert os.readlink(whole.at("/usr/local/bin/gpiobridge")) == "/opt/gpiobridge/bin/gpiobridge"
    launcher = whole.at("/opt/gpiobridge/bin/gpiobridge")
    python = f"/opt/gpiobridge/versions/{VERSION}-1/bin/python"
    assert launcher.read_text().startswith(f"#!{python} -I\n")
    assert os.access(launcher, os.X_OK)
    assert command(whole, "check", "--config", str(etc / "config.toml")).returncode == 0
    told = json.loads(command(whole, "version", "--json").stdout)
    assert told["made_by_install"]
    assert told["since"] == parts.iso(parts.since_s() or 0)
    assert told["packages"] == parts.describe(None)["packages"]


def test_again_changes_nothing(machine: FakeMachine, exhibit: Path) -> None:
    """A second run writes no file and gives no order, from the original or from the copy."""
    run(machine, exhibit)
    before, orders = snapshot(machine.root), list(machine.orders)
    for folder in (exhibit, None):
        assert "everything is installed already: nothing to do" in run(machine, folder)
        assert snapshot(machine.root) == before
        assert machine.orders == orders


def test_dry_run_changes_nothing(machine: FakeMachine, exhibit: Path) -> None:
    """--dry-run says each step and does none; it needs no root."""
    machine.root_user = False
    said = run(machine, exhibit, dry_run=True)
    assert "These steps would follow; nothing has changed:" in said
    assert "  systemctl daemon-reload" in said
    assert snapshot(machine.root) == {}
    assert machine.orders == []


def test_a_new_page_at_home_reaches_the_service(machine: FakeMachine, exhibit: Path) -> None:
    """Installing again places what is new, removes what is gone, and restarts the service."""
    run(machine, exhibit)
    (exhibit / "templates/open.html").write_text("new")
    (exhibit / "static/a.txt").unlink()
    machine.orders.clear()
    run(machine, exhibit)
    assert machine.at("/etc/gpiobridge/templates/open.html").read_text() == "new"
    assert not machine.at("/etc/gpiobridge/static").exists()
    assert machine.orders == ["restart gpiobridge.service"]


def test_an_upgrade_and_the_way_back(
    machine: FakeMachine, exhibit: Path, other_version: Callable[[str, bytes], None]
) -> None:
    """A new copy becomes live, the old one stays for --rollback, and back again."""
    run(machine, exhibit)
    other_version("newer.py", b"")
    said = run(machine)
    assert said[-2].startswith(f"The live copy is /opt/gpiobridge/versions/{VERSION}-2 ")
    assert said[-2].endswith(f"{VERSION}-1 is kept for --rollback")
    first, second = f"{VERSION}-1", f"{VERSION}-2"
    for live, previous in ((first, second), (second, first)):
        roll_back(dry_run=False, replace=False, machine=machine, tell=said.append)
        assert os.readlink(machine.at("/opt/gpiobridge/live")) == f"versions/{live}"
        assert os.readlink(machine.at("/opt/gpiobridge/previous")) == f"versions/{previous}"
    other_version("newest.py", b"")
    run(machine)
    names = {path.name for path in machine.at("/opt/gpiobridge/versions").iterdir()}
    assert names == {f"{VERSION}-2", f"{VERSION}-3"}


def test_a_copy_that_does_not_work_is_not_switched_to(
    machine: FakeMachine, exhibit: Path, other_version: Callable[[str, bytes], None]
) -> None:
    """The new copy checks the configuration itself; if it can't, nothing has changed."""
    run(machine, exhibit)
    before = snapshot(machine.root)
    machine.orders.clear()
    other_version("gpiobridge/__main__.py", b"raise SystemExit('broken')")
    with pytest.raises(
        InstallError, match=rf"the copy {re.escape(VERSION)}-2 refuses.*(?s:.*)broken"
    ):
        run(machine)
    assert snapshot(machine.root) == before
    assert machine.orders == []


def test_a_service_that_does_not_start_is_taken_back(
    machine: FakeMachine, exhibit: Path, other_version: Callable[[str, bytes], None]
) -> None:
    """An upgrade whose service doesn't get ready leads back to what ran, and says why."""
    run(machine, exhibit)
    before = snapshot(machine.root)
    other_version("newer.py", b"")
    (exhibit / "templates/open.html").write_text("new")
    (exhibit / "static/a.txt").unlink()
    outcomes = iter([False, True])
    machine.ready = lambda: next(outcomes)
    machine.journal = ["gpiobridge: pin 'button' can't be opened"]
    with pytest.raises(InstallError) as failed:
        run(machine, exhibit)
    assert str(failed.value) == (
        "the service doesn't start:\n  gpiobridge: pin 'button' can't be opened\n"
        f"Everything is as it was before, with the copy {VERSION}-1, which runs again."
    )
    assert snapshot(machine.root) == before
    assert machine.orders[-2:] == ["daemon-reload", "restart gpiobridge.socket gpiobridge.service"]


def test_a_first_service_that_does_not_start_stays(machine: FakeMachine, exhibit: Path) -> None:
    """With nothing to go back to, it stays installed and goes on trying."""
    machine.ready = lambda: False
    machine.journal = ["gpiobridge: pin 'button' can't be opened"]
    with pytest.raises(InstallError, match="it is installed, but the service doesn't start"):
        run(machine, exhibit)
    assert machine.at("/opt/gpiobridge/live").exists()
    machine.ready = lambda: True
    assert run(machine, exhibit)[-1] == "The page is at http://127.0.0.1:8000/"


def test_a_disk_that_fills_up_changes_nothing(
    machine: FakeMachine, exhibit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the system in the middle puts everything back, and is one sentence."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "/etc/gpiobridge/config.toml")

    monkeypatch.setattr("gpiobridge.install.carry_out.shutil.copyfileobj", full)
    monkeypatch.setattr("gpiobridge.install.carry_out.build", lambda *_: None)
    monkeypatch.setattr("gpiobridge.install.carry_out.check_with_copy", lambda *_: None)
    with pytest.raises(InstallError) as failed:
        run(machine, exhibit)
    assert str(failed.value) == (
        "/etc/gpiobridge/config.toml: No space left on device; the files are as they were before"
    )
    assert snapshot(machine.root) == {}


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_lost_terminal_undoes_what_was_done(
    machine: FakeMachine, exhibit: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """Not the next boot, which would take later changes of the owner's back, too (the plug)."""
    run(machine, exhibit)
    old = shown(machine)
    (exhibit / "templates/open.html").write_text("new")
    seen: list[bool] = []
    before = signal.getsignal(number)

    def hang_up(*_: str) -> None:
        seen.append(shown(machine) != old)
        os.kill(os.getpid(), number)

    monkeypatch.setattr(machine, "systemctl", hang_up)
    with pytest.raises(KeyboardInterrupt):
        run(machine, exhibit)
    assert seen[0]
    assert shown(machine) == old
    assert not machine.at("/opt/gpiobridge/replaced").exists()
    assert signal.getsignal(number) is before


def test_an_older_copy_goes_as_one_that_was_never_finished(
    machine: FakeMachine,
    exhibit: Path,
    other_version: Callable[[str, bytes], None],
    cuts: Callable[[Callable[[], object]], list[FakeMachine]],
) -> None:
    """A power cut while a copy is removed leaves none that only looks whole (the plug)."""
    run(machine, exhibit)
    for number in range(2):
        other_version("newer.py", b"%d" % number)
        found = cuts(lambda: run(machine))
    assert {len(whole_copies(cut)) for cut in found} == {2, 3}
    for cut in found:
        whole_copies(cut)


def test_virtual_pins_alone_need_no_back_end(
    machine: FakeMachine, exhibit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Pi without one gets the service, too."""

    def choose(_pin_factory: str) -> str:
        raise PinError("no back end is installed")

    monkeypatch.setattr("gpiobridge.install.installation.choose", choose)
    (exhibit / "config.toml").write_text('[pins.bell]\nsource = "http"\n[pages.welcome]\n')
    run(machine, exhibit)
    assert machine.orders


def test_two_at_once(machine: FakeMachine, exhibit: Path) -> None:
    """A second installation is kept out while one is at work."""
    seen: list[str] = []

    def meanwhile() -> bool:
        try:
            run(machine, exhibit)
        except InstallError as error:
            seen.append(str(error))
        return True

    machine.ready = meanwhile
    run(machine, exhibit)
    assert seen == ["another `gpiobridge install` is running: wait until it has finished"]
