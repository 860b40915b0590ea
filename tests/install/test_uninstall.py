"""Removing all but the exhibit."""

from pathlib import Path

import pytest

from gpiobridge.errors import InstallError
from gpiobridge.install.installation import uninstall

from .fake_machine import FakeMachine
from .trial import STOPPED, VERSION, run, snapshot


def test_uninstall_leaves_the_exhibit(machine: FakeMachine, exhibit: Path) -> None:
    """Copies, units and command go, twice without harm; a new installation finds its exhibit."""
    run(machine, exhibit)
    said: list[str] = []
    for _ in range(2):
        uninstall(dry_run=False, machine=machine, tell=said.append)
    assert said[-2:] == [
        "gpiobridge is not installed: nothing to do",
        "The exhibit stays in /etc/gpiobridge",
    ]
    assert not machine.at("/opt/gpiobridge").exists()
    left = {name.split("/")[0] + "/" + name.split("/")[1] for name in snapshot(machine.root)}
    assert left == {"etc/gpiobridge", "var/lib"}
    assert machine.orders[-2:] == [
        STOPPED, "daemon-reload",
    ]  # fmt: skip
    (exhibit / "templates/open.html").write_text("new")
    run(machine, exhibit)
    assert machine.at("/etc/gpiobridge/templates/open.html").read_text() == "new"


@pytest.mark.parametrize("others", [[], ["their.json"]])
def test_uninstall_removes_the_policy_of_the_kiosk(
    machine: FakeMachine, exhibit: Path, others: list[str]
) -> None:
    """The unit has written it into the exhibit's folder; one of the owner's beside it stays."""
    run(machine, exhibit, kiosk=True)
    managed = machine.at("/etc/gpiobridge/chromium-policies/managed")
    managed.mkdir(parents=True)
    for name in ("gpiobridge.json", *others):
        (managed / name).write_text("{}\n")
    uninstall(dry_run=False, machine=machine, tell=lambda _: None)
    assert managed.parent.exists() == bool(others)
    assert [path.name for path in managed.parent.rglob("*.json")] == others
    assert machine.at("/etc/gpiobridge/config.toml").exists()


@pytest.mark.parametrize("record", [None, "", "[]", '{"placed": 1}', "\0"])
def test_uninstall_without_its_record(
    machine: FakeMachine, exhibit: Path, record: str | None
) -> None:
    """Nothing goes on running that has lost its program; the units stay, and are named."""
    run(machine, exhibit)
    place = machine.at("/var/lib/gpiobridge/installed.json")
    if record is None:
        place.unlink()
    else:
        place.write_text(record)
    said: list[str] = []
    uninstall(dry_run=False, machine=machine, tell=said.append)
    assert machine.orders[-1] == STOPPED
    assert not machine.at("/opt/gpiobridge").exists()
    names = (".service", ".socket", "-recover.service")
    units = [f"/etc/systemd/system/gpiobridge{name}" for name in names]
    assert said[-2] == (
        f"{', '.join(units)}: no record says that install placed this, so it stays; "
        f"to remove it: sudo rm {' '.join(units)} && sudo systemctl daemon-reload"
    )
    assert all(machine.at(unit).exists() for unit in units)


def test_a_home_of_someone_else_is_left_alone(machine: FakeMachine, exhibit: Path) -> None:
    """An environment made by hand is neither installed into nor removed."""
    own = machine.at("/opt/gpiobridge/bin")
    own.mkdir(parents=True)
    (own / "python").touch()
    before = snapshot(machine.root)
    with pytest.raises(InstallError) as refused:
        run(machine, exhibit)
    assert str(refused.value).startswith(
        "/opt/gpiobridge/bin was not made by `gpiobridge install`, so it stays: "
        "move it away with sudo mv /opt/gpiobridge /opt/gpiobridge.own"
    )
    assert snapshot(machine.root) == before
    (machine.at("/opt/gpiobridge/versions") / f"{VERSION}-1").mkdir(parents=True)
    said: list[str] = []
    uninstall(dry_run=False, machine=machine, tell=said.append)
    assert "/opt/gpiobridge stays: it contains something that install did not make" in said
    assert snapshot(machine.root) == before
    assert not machine.at("/opt/gpiobridge/versions").exists()
