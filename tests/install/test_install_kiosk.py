"""Installing a kiosk, with one browser or the other."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gpiobridge.errors import InstallError
from gpiobridge.install.installation import roll_back, uninstall
from gpiobridge.install.target import TargetMachine
from gpiobridge.kiosk.browsers import CHROMIUM

from .fake_machine import FakeMachine
from .trial import KIOSK_UNIT, SYSTEMD, kiosk_command, run, snapshot


def test_a_kiosk(machine: FakeMachine, exhibit: Path) -> None:
    """--kiosk places the kiosk's unit and account, and an upgrade keeps them fresh."""
    machine.missing = ("cage",)
    with pytest.raises(InstallError, match="sudo apt install --no-install-recommends cage"):
        run(machine, exhibit, kiosk=True)
    assert snapshot(machine.root) == {}
    machine.missing = ()
    run(machine, exhibit, kiosk=True)
    assert machine.accounts == 1
    for place in (
        "/etc/systemd/system/gpiobridge-kiosk.service",
        "/etc/sysusers.d/gpiobridge-kiosk.conf",
    ):
        assert machine.at(place).read_text() == (SYSTEMD / Path(place).name).read_text()
    for kind in ("rules", "symbols"):
        source = SYSTEMD / f"gpiobridge-keyboard.{kind}"
        assert machine.at(f"/etc/xkb/{kind}/gpiobridge").read_text() == source.read_text()
    assert machine.orders[-1] == "restart gpiobridge-kiosk.service"
    assert "everything is installed already: nothing to do" in run(machine)
    uninstall(dry_run=False, machine=machine, tell=lambda _: None)
    assert not list(machine.at("/etc/systemd/system").iterdir())
    assert not list(machine.at("/etc/sysusers.d").iterdir())
    assert not [path for path in machine.at("/etc/xkb").rglob("*") if path.is_file()]


def test_a_kiosk_with_cog(machine: FakeMachine, exhibit: Path) -> None:
    """--browser cog is said by a dry run, too; in the unit it leaves out what cog can't bear."""
    said = run(machine, exhibit, kiosk=True, browser="cog", dry_run=True)
    assert "The kiosk's browser is cog" in said
    run(machine, exhibit, kiosk=True, browser="cog")
    shipped = (SYSTEMD / "gpiobridge-kiosk.service").read_text()
    unit = machine.at(KIOSK_UNIT).read_text()
    assert "kiosk --browser cog --config" in unit
    left_out = [line for line in shipped.splitlines() if line not in unit.splitlines()]
    assert [line.partition("=")[0] for line in left_out if not line.startswith("#")] == [
        "ExecStart", "RestrictNamespaces", "ProtectProc", "ProtectControlGroups",
        "ProtectKernelLogs", "ProtectKernelTunables",
    ]  # fmt: skip
    assert "--browser cog" in kiosk_command(machine)


@pytest.mark.parametrize("browser", ["chromium", "cog"])
def test_a_kiosk_without_its_browser(machine: FakeMachine, exhibit: Path, browser: str) -> None:
    """Only the chosen browser must be there; if it isn't, the command that installs it is said."""
    machine.browsers.remove(browser)
    with pytest.raises(InstallError, match=f"install --no-install-recommends {browser}"):
        run(machine, exhibit, kiosk=True, browser=browser)
    assert snapshot(machine.root) == {}
    [other] = machine.browsers
    run(machine, exhibit, kiosk=True, browser=other)
    assert f"--browser {other} " in kiosk_command(machine)


def test_an_upgrade_keeps_the_browser(
    machine: FakeMachine, exhibit: Path, other_version: Callable[[str, bytes], None]
) -> None:
    """Whoever installs again, or goes back, keeps cog; who names Chromium gets it (row 5)."""
    run(machine, exhibit, kiosk=True, browser="cog")
    assert "everything is installed already: nothing to do" in run(machine)
    assert "everything is installed already: nothing to do" in run(machine, kiosk=True)
    other_version("lib/python3.13/site-packages/gpiobridge/new.py", b"")
    run(machine, exhibit)
    assert "--browser cog" in kiosk_command(machine)
    run(machine, kiosk=True, browser="chromium")
    assert "--browser chromium" in kiosk_command(machine)
    assert machine.orders[-1] == "restart gpiobridge-kiosk.service"


@pytest.mark.parametrize("knows", [True, False])
def test_the_way_back_keeps_the_browser(
    machine: FakeMachine,
    exhibit: Path,
    other_version: Callable[[str, bytes], None],
    knows: bool,
) -> None:
    """--rollback keeps cog, unless the earlier copy doesn't know it: then it says so (row 5)."""
    run(machine, exhibit, kiosk=True, browser="cog")
    units = {name: (SYSTEMD / name).read_text() for name in os.listdir(SYSTEMD)}
    if not knows:
        name = "gpiobridge-kiosk.service"
        units[name] = units[name].replace(" --browser chromium", "")
    before = machine.at("/opt/gpiobridge/live/lib/python3.99/site-packages/gpiobridge/systemd")
    before.mkdir(parents=True)
    for name, text in units.items():
        (before / name).write_text(text)
    other_version("lib/python3.13/site-packages/gpiobridge/new.py", b"")
    run(machine, exhibit)
    said: list[str] = []
    roll_back(dry_run=False, replace=False, machine=machine, tell=said.append)
    lost = "that copy doesn't know cog: its kiosk uses Chromium"
    assert ("--browser cog" in kiosk_command(machine)) == knows
    assert (lost in said) != knows


WALL = """
[displays.left]
connector = "HDMI-A-1"
[displays.right]
connector = "HDMI-A-2"
"""


DARK = '[hours]\nopen = []\npage = "welcome"\nscreen = "off"\n'


@pytest.mark.parametrize("more", [WALL, "[kiosk]\nrotate = 90\n", "[kiosk]\nscale = 1.5\n", DARK])
def test_several_screens_have_sway(machine: FakeMachine, exhibit: Path, more: str) -> None:
    """So has one that is turned, scaled or goes dark; the unit is the same but for its command."""
    run(machine, exhibit, kiosk=True)
    shipped = machine.at(KIOSK_UNIT).read_text()
    file = exhibit / "config.toml"
    one = file.read_text()
    file.write_text(one + more)
    machine.compositors.remove("sway")
    with pytest.raises(InstallError, match=r"sudo apt install --no-install-recommends sway$"):
        run(machine, exhibit)
    machine.compositors = {"sway"}
    run(machine, exhibit)
    unit = machine.at(KIOSK_UNIT).read_text()
    assert kiosk_command(machine) == (
        "/opt/gpiobridge/bin/gpiobridge kiosk --browser chromium "
        "--config /etc/gpiobridge/config.toml --sway"
    )
    left_out = [line for line in shipped.splitlines() if line not in unit.splitlines()]
    assert [line.partition("=")[0] for line in left_out if line[0] != "#"] == ["ExecStart"]
    assert machine.orders[-1] == "restart gpiobridge-kiosk.service"
    run(machine, kiosk=True, browser="cog")
    assert kiosk_command(machine).endswith(
        "--browser cog --config /etc/gpiobridge/config.toml --sway"
    )
    machine.compositors = {"cage"}
    file.write_text(one)
    run(machine, exhibit, browser="chromium", kiosk=True)
    assert machine.at(KIOSK_UNIT).read_text() == shipped


@pytest.mark.parametrize("knows", [True, False])
def test_the_way_back_keeps_sway(
    machine: FakeMachine,
    exhibit: Path,
    other_version: Callable[[str, bytes], None],
    knows: bool,
) -> None:
    """--rollback keeps it, unless the earlier copy has none."""
    with (exhibit / "config.toml").open("a") as file:
        file.write(WALL)
    run(machine, exhibit, kiosk=True)
    before = machine.at("/opt/gpiobridge/live/lib/python3.99/site-packages/gpiobridge/systemd")
    before.mkdir(parents=True)
    for name in os.listdir(SYSTEMD):
        text = (SYSTEMD / name).read_text()
        (before / name).write_text(text if knows else text.replace("--sway", "-"))
    other_version("lib/python3.13/site-packages/gpiobridge/new.py", b"")
    run(machine, exhibit)
    roll_back(dry_run=False, replace=False, machine=machine, tell=lambda _: None)
    assert (" --sway" in kiosk_command(machine)) == knows
    assert ("cage" in kiosk_command(machine)) != knows


@pytest.mark.parametrize("program", ["chromium", "chromium-browser", "google-chrome"])
def test_any_program_that_the_launcher_takes_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    """Whoever has Google Chrome isn't asked for Chromium."""
    machine = TargetMachine(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "chromium chromium-sandbox" in machine.missing_for_a_kiosk(CHROMIUM)
    (tmp_path / program).touch(0o755)
    assert "chromium chromium-sandbox" not in machine.missing_for_a_kiosk(CHROMIUM)
