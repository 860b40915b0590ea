"""What speaks against an installation is said, and nothing is changed."""

import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness.exhibit import write_exhibit

from gpiobridge.errors import ConfigError, InstallError
from gpiobridge.install.files import exhibit_files
from gpiobridge.install.installation import roll_back, uninstall
from gpiobridge.install.target import TargetMachine
from gpiobridge.system import invocation

from .fake_machine import FakeMachine
from .trial import run, snapshot


def test_without_root_the_whole_command_is_said(
    machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sudo finds no virtual environment: the sentence names the path."""
    machine.root_user = False
    monkeypatch.setattr(sys, "argv", ["/home/pi/env/bin/gpiobridge", "install", "my exhibit"])
    with pytest.raises(InstallError) as refused:
        run(machine)
    assert str(refused.value) == (
        "this needs root: sudo /home/pi/env/bin/gpiobridge install 'my exhibit'"
    )


@pytest.mark.parametrize("command", ["install", "install DIR", "uninstall", "rollback"])
def test_dry_run_says_who_may_read_the_configuration(
    machine: FakeMachine, exhibit: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """The installed configuration is not for every user: without root it is one sentence."""
    run(machine, exhibit)
    config_file = machine.at("/etc/gpiobridge/config.toml")
    read, opened = Path.read_bytes, Path.open

    def denied(path: Path) -> None:
        if path == config_file:
            raise PermissionError(13, "Permission denied", str(path))

    def read_bytes(path: Path) -> bytes:
        denied(path)
        return read(path)

    def open_(path: Path, *args: Any, **options: Any) -> Any:
        denied(path)
        return opened(path, *args, **options)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    monkeypatch.setattr(Path, "open", open_)
    monkeypatch.setattr(sys, "argv", ["/opt/gpiobridge/bin/gpiobridge", "..."])
    machine.root_user = False
    said: list[str] = []
    ways: dict[str, Callable[[], object]] = {
        "install": lambda: run(machine, dry_run=True),
        "install DIR": lambda: run(machine, exhibit, dry_run=True),
        "uninstall": lambda: uninstall(dry_run=True, machine=machine, tell=said.append),
        "rollback": lambda: roll_back(
            dry_run=True, replace=False, machine=machine, tell=said.append
        ),
    }
    with pytest.raises(InstallError) as refused:
        ways[command]()
    assert str(refused.value) == (
        f"{config_file}: this user may not read it; "
        "run this with sudo: sudo /opt/gpiobridge/bin/gpiobridge ..."
    )


def test_without_systemd_it_is_said(tmp_path: Path) -> None:
    """A machine that systemd hasn't booted gets one sentence with the alternative."""
    with pytest.raises(InstallError, match=r"doesn't run systemd.*gpiobridge run"):
        TargetMachine(tmp_path).require()


def test_a_port_in_use_is_noticed() -> None:
    """Somebody who listens is told from nobody, and from an address that comes later."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert TargetMachine().taken("127.0.0.1", port)
        assert not TargetMachine().taken("192.0.2.1", port)
    assert not TargetMachine().taken("127.0.0.1", port)


@pytest.mark.parametrize(
    ("mode", "group", "readable"),
    [(0o640, True, True), (0o600, True, False), (0o640, False, False), (0o644, False, True)],
)
def test_what_the_service_may_read(
    machine: FakeMachine, tmp_path: Path, mode: int, group: bool, readable: bool
) -> None:
    """A file is readable for the service by its group, or for everyone."""
    file = tmp_path / "config.toml"
    file.touch()
    file.chmod(mode)
    if not group:
        machine.groups.clear()
    assert machine.may_read(file) is readable


def test_rollback_takes_no_exhibit() -> None:
    """--rollback is about the copy alone: with a folder it is a usage error."""
    done = subprocess.run(
        [sys.executable, "-m", "gpiobridge", "install", "--rollback", "."],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--rollback can't be combined with DIR or --kiosk" in done.stderr


def test_a_browser_goes_with_a_kiosk() -> None:
    """--browser says what the kiosk shows pages with: without --kiosk it is a usage error."""
    done = subprocess.run(
        [sys.executable, "-m", "gpiobridge", "install", "--browser", "cog"],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--browser is the kiosk's; add --kiosk" in done.stderr


def test_a_python_in_a_home_is_refused() -> None:
    """The service may look into no home, so its interpreter can't be there."""
    with pytest.raises(InstallError, match="make the virtual environment with the system's Python"):
        TargetMachine().require_shared(Path("/home/pi/.pyenv/versions/3.12.1"))
    TargetMachine().require_shared(Path("/usr"))


def test_which_exhibit(machine: FakeMachine, exhibit: Path, tmp_path: Path) -> None:
    """Nothing named: the installed one, else the one here, else the example; it is said which."""
    said = run(machine, dry_run=True)
    assert said[0].startswith(
        "No exhibit is installed, so this takes the example: this folder has no config.toml; "
    )
    os.chdir(exhibit)
    assert run(machine)[0] == f"The exhibit is the one in {exhibit}"
    os.chdir(tmp_path)
    assert run(machine)[0] == "The exhibit in /etc/gpiobridge stays as it is"
    os.chdir(write_exhibit(tmp_path / "other").parent)
    place = invocation.as_root("install", str(tmp_path / "other"))
    assert run(machine)[:2] == [
        f"To install the exhibit of this folder: {place}",
        "The exhibit in /etc/gpiobridge stays as it is",
    ]


def test_a_folder_without_an_exhibit(machine: FakeMachine, tmp_path: Path) -> None:
    """A wrong folder is a usage error with a remedy."""
    with pytest.raises(ConfigError, match=r"config\.toml: there is no such file"):
        run(machine, tmp_path)
    with pytest.raises(ConfigError, match=r"has no config\.toml; name the folder of your exhibit"):
        exhibit_files(tmp_path)


def test_only_the_exhibit_is_placed(exhibit: Path) -> None:
    """Editor's leftovers, hidden files and whatever else lies in the folder stay out."""
    (exhibit / "static/.DS_Store").touch()
    (exhibit / "templates/welcome.html~").touch()
    (exhibit / ".git").mkdir()
    (exhibit / ".git/HEAD").touch()
    (exhibit / "notes.txt").touch()
    (exhibit / "static/films").mkdir()
    (exhibit / "static/films/a.mp4").touch()
    (exhibit / "static/films/again").symlink_to("..")
    names = {file.path.removeprefix("/etc/gpiobridge/") for file in exhibit_files(exhibit)}
    assert names == {
        "config.toml", "static/a.txt", "static/films/a.mp4", "templates/open.html",
        "templates/still.html", "templates/welcome.html",
    }  # fmt: skip


def test_a_wrong_configuration_changes_nothing(machine: FakeMachine, exhibit: Path) -> None:
    """Every problem is told, before anything is changed."""
    (exhibit / "config.toml").write_text("[server]\nprot = 1\n[pages.welcome]\n")
    with pytest.raises(ConfigError, match="prot"):
        run(machine, exhibit)
    assert snapshot(machine.root) == {}


def test_any_free_port_is_refused(machine: FakeMachine, exhibit: Path) -> None:
    """A service needs a port that stays."""
    (exhibit / "config.toml").write_text("[server]\nport = 0\n[pins]\na = 4\n[pages.open]\n")
    with pytest.raises(InstallError, match="port = 0: a service needs a fixed port"):
        run(machine, exhibit)


def test_variables_of_the_shell_do_not_count(
    machine: FakeMachine, exhibit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service won't have them, so the installation must not follow them."""
    monkeypatch.setenv("GPIOBRIDGE_SERVER__PORT", "9000")
    assert run(machine, exhibit)[-1] == "The page is at http://127.0.0.1:8000/"


def test_what_someone_has_changed_stays(machine: FakeMachine, exhibit: Path) -> None:
    """A page edited in place is refused; --replace keeps it in a backup first."""
    run(machine, exhibit)
    page = machine.at("/etc/gpiobridge/templates/open.html")
    page.write_text("edited in place")
    (exhibit / "templates/open.html").write_text("edited at home")
    before = snapshot(machine.root)
    with pytest.raises(InstallError, match=r"someone has changed /etc/.*open\.html.*--replace"):
        run(machine, exhibit)
    assert snapshot(machine.root) == before
    run(machine, exhibit, replace=True)
    assert page.read_text() == "edited at home"
    (backup,) = machine.at("/etc").glob("gpiobridge.backup-*")
    assert (backup / "templates/open.html").read_text() == "edited in place"
    assert stat.S_IMODE((backup / "config.toml").stat().st_mode) == 0o600


def test_a_backup_keeps_links_and_goes_with_what_failed(
    machine: FakeMachine, exhibit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that leads nowhere is no hindrance; a backup that isn't whole doesn't stay."""
    run(machine, exhibit)
    etc = machine.at("/etc/gpiobridge")
    (etc / "static/.#a.txt").symlink_to("pi@exhibit.1234:5678")
    (etc / "templates/open.html").write_text("edited in place")
    (exhibit / "templates/open.html").write_text("edited at home")
    before = snapshot(machine.root)

    def full(source: Path, target: Path, **_: object) -> None:
        shutil.copy2(source / "config.toml", target)
        raise OSError(28, "No space left on device", str(target / "static"))

    with monkeypatch.context() as patch:
        patch.setattr("gpiobridge.install.carry_out.shutil.copytree", full)
        with pytest.raises(InstallError, match="No space left on device"):
            run(machine, exhibit, replace=True)
    assert snapshot(machine.root) == before
    assert not list(machine.at("/etc").glob("gpiobridge.backup-*"))
    run(machine, exhibit, replace=True)
    (backup,) = machine.at("/etc").glob("gpiobridge.backup-*")
    assert os.readlink(backup / "static/.#a.txt") == "pi@exhibit.1234:5678"
    assert (backup / "templates/open.html").read_text() == "edited in place"
