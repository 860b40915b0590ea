"""Installing for real, into a folder that stands for ``/`` and with a systemd that takes notes."""

import dataclasses
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from email.message import Message
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from harness.exhibit import write_exhibit
from installing import FakeMachine

from gpiobridge import config
from gpiobridge.cli import main
from gpiobridge.config import Server
from gpiobridge.errors import ConfigError, InstallError, PinError
from gpiobridge.install import installation as installing
from gpiobridge.install import own_copy
from gpiobridge.install.files import exhibit_files, socket_unit, unit_files, unit_with_browser
from gpiobridge.install.installation import Choices, install, make_writable, roll_back, uninstall
from gpiobridge.install.target import TargetMachine
from gpiobridge.kiosk.browsers import BROWSERS
from gpiobridge.system import calling, parts
from gpiobridge.system.overlay import Overlay

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "systemd"
STOPPED = "disable --now gpiobridge.service gpiobridge.socket gpiobridge-recover.service"

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeMachine:
    """A bare machine, on which the whole of the running installation is copied.

    The current folder is empty.
    """
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    return FakeMachine(tmp_path / "machine")


@pytest.fixture
def machine(whole: FakeMachine, monkeypatch: pytest.MonkeyPatch) -> FakeMachine:
    """The same with a tiny installation that finds every configuration right, to be quick."""
    items = {f"gpiobridge/systemd/{path.name}": path for path in SYSTEMD.iterdir()}
    made: dict[str, Path | bytes] = {
        "gpiobridge/__init__.py": b"",
        "gpiobridge/__main__.py": b"",
        **items,
    }
    monkeypatch.setattr("gpiobridge.install.installation.running_copy", lambda: tiny_copy(made))
    return whole


def tiny_copy(items: Mapping[str, Path | bytes]) -> own_copy.Copy:
    """Make a copy of a few files."""
    listed = tuple(own_copy.Item(place, source) for place, source in items.items())
    return own_copy.Copy(listed, 0, False, f"{len(items)} files: {sorted(items)}", 1)


@pytest.fixture
def exhibit(tmp_path: Path) -> Path:
    """An exhibit's folder."""
    return write_exhibit(tmp_path / "exhibit").parent


@pytest.fixture
def other_version(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], None]:
    """A function that changes a file of the running installation: it is another version then."""

    def change(place: str, content: bytes) -> None:
        items = {item.place: item.source for item in installing.running_copy().items}
        monkeypatch.setattr(
            "gpiobridge.install.installation.running_copy",
            lambda: dataclasses.replace(
                tiny_copy(items | {place: content}), fingerprint=f"{place} {content!r}"
            ),
        )

    return change


def run(machine: TargetMachine, folder: Path | None = None, **options: Any) -> list[str]:
    """Install; returns what was said."""
    said: list[str] = []
    if "browser" in options:
        options["browser"] = BROWSERS[options["browser"]]
    install(Choices(folder, **options), machine, said.append)
    return said


def snapshot(folder: Path) -> dict[str, tuple[int, bytes | str]]:
    """Every file below a folder, with its permissions and content."""
    return {
        str(path.relative_to(folder)): (
            stat.S_IMODE(path.lstat().st_mode),
            os.readlink(path) if path.is_symlink() else path.read_bytes(),
        )
        for path in folder.rglob("*")
        if (path.is_symlink() or path.is_file()) and path.name != "gpiobridge-install.lock"
    }


def command(machine: TargetMachine, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the live copy, whose interpreter is a link below the machine's folder."""
    python = machine.at("/opt/gpiobridge/live/bin/python")
    return subprocess.run(
        [python, "-I", "-m", "gpiobridge", *words],
        cwd=machine.root,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_a_bare_machine_gets_a_service(whole: FakeMachine, exhibit: Path) -> None:
    """The copy runs by itself, the exhibit and the units are in place, and the page is said."""
    said = run(whole, exhibit)
    assert said[0] == f"The exhibit is that of {exhibit}"
    assert said[-2:] == [
        "Live is /opt/gpiobridge/versions/0.1.0-1 with /etc/gpiobridge/config.toml",
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
    python = "/opt/gpiobridge/versions/0.1.0-1/bin/python"
    assert launcher.read_text().startswith(f"#!{python} -I\n")
    assert os.access(launcher, os.X_OK)
    assert command(whole, "check", "--config", str(etc / "config.toml")).returncode == 0
    told = json.loads(command(whole, "version", "--json").stdout)
    assert told["made_by_install"]
    assert told["since"] == parts.iso(parts.since_s() or 0)
    assert told["packages"] == parts.describe(None)["packages"]


def test_the_copy_needs_nothing_of_the_original(whole: FakeMachine, exhibit: Path) -> None:
    """Every module of the copy lies in it or in Python's own library, already compiled."""
    run(whole, exhibit)
    live = whole.at("/opt/gpiobridge/live").resolve()
    script = """
import sys, gpiobridge.serve.server, gpiobridge.serve.gunicorn_arbiter, gpiobridge.client
import gpiozero.pins.mock, gpiobridge.config
print(gpiobridge.config.example_file())
print(*[m.__file__ for m in sys.modules.values() if getattr(m, "__file__", None)])
"""
    python = live / "bin/python"
    told = subprocess.run([python, "-I", "-c", script], capture_output=True, text=True, check=True)
    example, files = told.stdout.splitlines()
    assert example.startswith(str(live))
    library = Path(os.__file__).parent
    outside = [
        name
        for name in files.split()
        if not name.startswith((str(live), f"{library}/"))
        or name.startswith(f"{library}/site-packages")
    ]
    assert outside == []
    sources = list((live / "lib").rglob("site-packages/gpiobridge/**/*.py"))
    assert sources
    for source in sources:
        assert list((source.parent / "__pycache__").glob(f"{source.stem}.*.pyc"))


def test_the_way_back_finds_the_copy(whole: FakeMachine, exhibit: Path) -> None:
    """What gpiobridge-recover.service starts is there for the interpreter it names (the plug)."""
    run(whole, exhibit)
    unit = whole.at("/etc/systemd/system/gpiobridge-recover.service").read_text()
    python, *words = re.findall(r"^ExecStart=(.*)$", unit, re.M)[0].split()
    assert words == ["-I", "-m", "gpiobridge.install"]
    # Also for what is left once an installation has ended, and the power goes before it is removed.
    assert "\nConditionPathExists=/opt/gpiobridge/replaced\n" in unit
    script = "import importlib.util as u; assert u.find_spec('gpiobridge.install.__main__')"
    subprocess.run([whole.at(python), "-I", "-c", script], check=True, timeout=20)


def test_the_copy_is_the_wheel(whole: FakeMachine) -> None:
    """From a checkout, too, the copy has the example and the units, as the wheel has."""
    run(whole)
    site = next(whole.at("/opt/gpiobridge/live/lib").glob("python3.*")) / "site-packages"
    package = site / "gpiobridge"
    assert (package / "example/config.toml").exists()
    assert (package / "example/templates/welcome.html").exists()
    assert (package / "systemd/gpiobridge.socket").exists()
    assert (package / "routes/assets/client.js").exists()
    assert not list(site.glob("pytest*"))
    assert not list(site.glob("ruff*"))


class Package:
    """An installed package, as far as a copy asks.

    Args:
        name: its name.
        requires: its requirements.
        extras: the extras it offers.
        editable: whether it is a link to a checkout.
    """

    files = None

    def __init__(
        self, name: str, requires: tuple[str, ...] = (), extras: str = "", editable: bool = False
    ) -> None:
        self.name = name
        self.requires = list(requires)
        self.metadata = Message()
        for extra in extras.split():
            self.metadata["Provides-Extra"] = extra
        self._editable = editable

    def read_text(self, name: str) -> str | None:
        """The record of where it came from."""
        return json.dumps({"dir_info": {"editable": self._editable}}) if "url" in name else None


def test_what_is_copied_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is needed, and back ends that are installed; no tools, nothing that isn't there."""
    installed = {
        package.name: package
        for package in (
            Package(
                "gpiobridge",
                ("A.b[x]>=1; python_version > '3'", 'lgpio>=0.2; extra == "lgpio"',
                 'pigpio; extra == "pigpio"', 'ruff; extra == "dev"', "absent; os_name == 'nt'"),
                "lgpio pigpio dev soak",
            ),
            Package("a-b", ('inner; extra == "x"', "other ; extra == 'y'")),
            Package("lgpio"), Package("inner", ("a_b",)), Package("other"), Package("ruff"),
        )
    }  # fmt: skip

    def distribution(name: str) -> Package:
        if name not in installed:
            raise PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(parts, "distribution", distribution)
    assert [package.name for package in parts.closure()] == ["a-b", "inner", "lgpio"]


def test_packages_of_the_system_stay_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's packages have no list of files: the copy sees the system's own, as we do."""
    monkeypatch.setattr(own_copy, "closure", lambda: [Package("gpiozero")])
    copy = own_copy.running_copy()
    assert copy.packages == 0
    assert {item.place.split("/")[0].split("-")[0] for item in copy.items} == {"gpiobridge"}
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert own_copy._sees_the_system()


def test_an_editable_package_is_refused() -> None:
    """A link into someone's checkout would lead nowhere for the service."""
    with pytest.raises(InstallError, match="flask is installed as editable, which can't be copied"):
        list(own_copy._items(Package("flask", editable=True)))


def test_a_copy_says_since_when_it_is(
    machine: FakeMachine, exhibit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was installed from is what it is as old as."""
    monkeypatch.setattr(own_copy, "since_s", lambda: 1.7e9)
    run(machine, exhibit)
    assert parts.marked_since_s(machine.at("/opt/gpiobridge/live")) == 1.7e9


def test_again_changes_nothing(machine: FakeMachine, exhibit: Path) -> None:
    """A second run writes no file and gives no order, from the original or from the copy."""
    run(machine, exhibit)
    before, orders = snapshot(machine.root), list(machine.orders)
    for folder in (exhibit, None):
        assert "all is installed as it should be: nothing to do" in run(machine, folder)
        assert snapshot(machine.root) == before
        assert machine.orders == orders


def test_the_copy_knows_itself(whole: FakeMachine, exhibit: Path) -> None:
    """Run from the copy, the fingerprint is the same: nothing is built again."""
    run(whole, exhibit)
    live = whole.at("/opt/gpiobridge/live")
    python = live / "bin/python"
    script = "from gpiobridge.install import own_copy; print(own_copy.running_copy().fingerprint)"
    told = subprocess.run([python, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == json.loads((live / own_copy.MARK).read_text())["fingerprint"]


def test_dry_run_changes_nothing(machine: FakeMachine, exhibit: Path) -> None:
    """--dry-run says each step and does none; it needs no root."""
    machine.root_user = False
    said = run(machine, exhibit, dry_run=True)
    assert "Would, and has changed nothing:" in said
    assert "  systemctl daemon-reload" in said
    assert snapshot(machine.root) == {}
    assert machine.orders == []


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
        "run it with sudo: sudo /opt/gpiobridge/bin/gpiobridge ..."
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
    assert "--rollback goes with neither DIR nor --kiosk" in done.stderr


def test_a_browser_goes_with_a_kiosk() -> None:
    """--browser says what the kiosk shows pages with: without --kiosk it is a usage error."""
    done = subprocess.run(
        [sys.executable, "-m", "gpiobridge", "install", "--browser", "cog"],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--browser goes with --kiosk" in done.stderr


def test_a_python_in_a_home_is_refused() -> None:
    """The service may look into no home, so its interpreter can't be there."""
    with pytest.raises(InstallError, match="make the virtual environment with the system's own"):
        TargetMachine().require_shared(Path("/home/pi/.pyenv/versions/3.12.1"))
    TargetMachine().require_shared(Path("/usr"))


def test_which_exhibit(machine: FakeMachine, exhibit: Path, tmp_path: Path) -> None:
    """Nothing named: the installed one, else the one here, else the example; it is said which."""
    said = run(machine, dry_run=True)
    assert said[0].startswith(
        "None is installed, and the example is taken: this folder has no config.toml; "
    )
    os.chdir(exhibit)
    assert run(machine)[0] == f"The exhibit is that of {exhibit}"
    os.chdir(tmp_path)
    assert run(machine)[0] == "The exhibit is the one in /etc/gpiobridge, and stays as it is"
    os.chdir(write_exhibit(tmp_path / "other").parent)
    place = calling.as_root("install", str(tmp_path / "other"))
    assert run(machine)[:2] == [
        f"To place the exhibit of this folder: {place}",
        "The exhibit is the one in /etc/gpiobridge, and stays as it is",
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
    with pytest.raises(InstallError, match="port = 0: a service needs a port of its own"):
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
    assert said[-2].startswith("Live is /opt/gpiobridge/versions/0.1.0-2 ")
    assert said[-2].endswith("0.1.0-1 is kept for --rollback")
    for live, previous in (("0.1.0-1", "0.1.0-2"), ("0.1.0-2", "0.1.0-1")):
        roll_back(dry_run=False, replace=False, machine=machine, tell=said.append)
        assert os.readlink(machine.at("/opt/gpiobridge/live")) == f"versions/{live}"
        assert os.readlink(machine.at("/opt/gpiobridge/previous")) == f"versions/{previous}"
    other_version("newest.py", b"")
    run(machine)
    names = {path.name for path in machine.at("/opt/gpiobridge/versions").iterdir()}
    assert names == {"0.1.0-2", "0.1.0-3"}


def test_a_copy_that_does_not_work_is_not_switched_to(
    machine: FakeMachine, exhibit: Path, other_version: Callable[[str, bytes], None]
) -> None:
    """The new copy checks the configuration itself; if it can't, nothing has changed."""
    run(machine, exhibit)
    before = snapshot(machine.root)
    machine.orders.clear()
    other_version("gpiobridge/__main__.py", b"raise SystemExit('broken')")
    with pytest.raises(InstallError, match=r"the copy 0\.1\.0-2 refuses.*(?s:.*)broken"):
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
        "it doesn't start:\n  gpiobridge: pin 'button' can't be opened\n"
        "So all is as it was before, with the copy 0.1.0-1, which runs again."
    )
    assert snapshot(machine.root) == before
    assert machine.orders[-2:] == ["daemon-reload", "restart gpiobridge.socket gpiobridge.service"]


def test_a_first_service_that_does_not_start_stays(machine: FakeMachine, exhibit: Path) -> None:
    """With nothing to go back to, it stays installed and goes on trying."""
    machine.ready = lambda: False
    machine.journal = ["gpiobridge: pin 'button' can't be opened"]
    with pytest.raises(InstallError, match="it is installed, but it doesn't start"):
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


@pytest.fixture
def cuts(
    machine: FakeMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[], object]], list[FakeMachine]]:
    """A function that does something, and returns the machines as a power cut would leave them.

    There is one for each change of a name, just before it: what is in a file is on the disk before
    it gets its name.
    """
    removing_all = shutil.rmtree

    def during(doing: Callable[[], object]) -> list[FakeMachine]:
        found: list[FakeMachine] = []

        def cut_before(change: Callable[..., Any]) -> Callable[..., Any]:
            def changed(*args: Any, **options: Any) -> Any:
                folder = tmp_path / f"cut-{len(list(tmp_path.iterdir()))}"
                with monkeypatch.context() as undisturbed:
                    undisturbed.undo()
                    shutil.copytree(machine.root, folder, symlinks=True)
                found.append(FakeMachine(folder))
                if change is removing_all and (Path(args[0]) / "bin/gpiobridge").exists():
                    # In the middle of it, when a part is gone.
                    half = folder / Path(args[0]).relative_to(machine.root)
                    with monkeypatch.context() as undisturbed:
                        undisturbed.undo()
                        os.remove(half / "bin/gpiobridge")
                return change(*args, **options)

            return changed

        with monkeypatch.context() as patched:
            for name in ("replace", "unlink", "symlink_to", "rename"):
                patched.setattr(Path, name, cut_before(getattr(Path, name)))
            patched.setattr(shutil, "rmtree", cut_before(shutil.rmtree))
            doing()
        return found

    return during


def shown(machine: FakeMachine) -> dict[str, tuple[int, bytes | str]]:
    """All that says what a machine shows and runs: exhibit, units, record, the links to copies."""
    folders = ("etc/gpiobridge/", "etc/systemd/", "var/lib/", "usr/local/")
    links = ("opt/gpiobridge/live", "opt/gpiobridge/previous", "opt/gpiobridge/bin")
    return {
        path: found
        for path, found in snapshot(machine.root).items()
        if path.startswith(folders) or path in links
    }


def whole_copies(machine: FakeMachine) -> set[str]:
    """Name the copies that count as whole, and make sure that they are."""
    names = set()
    for copy in machine.at("/opt/gpiobridge/versions").glob("*"):
        if (copy / parts.MARK).exists():
            names.add(copy.name)
            assert os.access(copy / "bin/gpiobridge", os.X_OK)
            assert any(copy.glob("lib/python3.*/site-packages/gpiobridge/__main__.py"))
    return names


def test_a_power_cut_in_an_upgrade_leaves_the_old_or_the_new(
    machine: FakeMachine,
    exhibit: Path,
    other_version: Callable[[str, bytes], None],
    cuts: Callable[[Callable[[], object]], list[FakeMachine]],
) -> None:
    """Whenever it comes: after the next boot copy, units and exhibit are of one time (the plug)."""
    run(machine, exhibit)
    other_version("newer.py", b"")
    run(machine, exhibit)
    old = shown(machine)
    other_version("newest.py", b"")
    (exhibit / "static/a.txt").unlink()
    (exhibit / "static/b.txt").write_text("new")
    for name in ("config.toml", "templates/welcome.html", "templates/open.html"):
        with (exhibit / name).open("a") as file:
            file.write("\n")
    found = cuts(lambda: run(machine, exhibit))
    new = shown(machine)
    assert len(found) > 20
    seen = []
    for cut in found:
        installing.recover(cut, lambda _: None)
        assert shown(cut) in (old, new)
        seen.append(shown(cut) == new)
        assert os.path.basename(os.readlink(cut.at("/opt/gpiobridge/live"))) in whole_copies(cut)
        assert not cut.at("/opt/gpiobridge/replaced").exists()
    assert seen == sorted(seen)  # once it is the new, it stays so
    assert {*seen} == {False, True}
    # It can be done again, and leaves nothing behind.
    last = found[seen.index(True) - 1]
    run(last, exhibit)
    assert shown(last) == new
    assert len(whole_copies(last)) == len(list(last.at("/opt/gpiobridge/versions").iterdir())) == 2


def test_a_power_cut_in_a_recovery_is_recovered_from(
    machine: FakeMachine,
    exhibit: Path,
    cuts: Callable[[Callable[[], object]], list[FakeMachine]],
) -> None:
    """The way back may be cut off, too: the next boot goes it again (the plug)."""
    run(machine, exhibit)
    old = shown(machine)
    (exhibit / "templates/open.html").write_text("new")
    (exhibit / "static/b.txt").write_text("new")
    found = cuts(lambda: run(machine, exhibit))
    half = next(cut for cut in found if shown(cut) not in (old, shown(machine)))
    shutil.rmtree(machine.root)
    shutil.copytree(half.root, machine.root, symlinks=True)
    again = cuts(lambda: installing.recover(machine, lambda _: None))
    assert len(again) > 5
    for cut in (machine, *again):
        installing.recover(cut, lambda _: None)
        assert shown(cut) == old


def test_what_a_power_cut_has_left_is_said(
    machine: FakeMachine,
    exhibit: Path,
    cuts: Callable[[Callable[[], object]], list[FakeMachine]],
) -> None:
    """An installation that comes before the next boot says that it begins with what was before."""
    run(machine, exhibit)
    (exhibit / "templates/open.html").write_text("new")
    found = cuts(lambda: run(machine, exhibit))
    half = next(cut for cut in found if cut.at("/opt/gpiobridge/replaced/record.json").exists())
    half.states["active"].add("gpiobridge.service")  # it was killed, and there was no boot
    said = run(half, exhibit)
    assert said[0] == "An installation before didn't end: all is again as it was before it"
    assert half.orders[:2] == ["daemon-reload", "restart gpiobridge.service"]
    assert half.at("/etc/gpiobridge/templates/open.html").read_text() == "new"


def test_a_way_back_that_finds_no_room_is_gone_later(
    machine: FakeMachine, exhibit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was replaced is kept until it is back in its place, and that is said (the plug)."""
    run(machine, exhibit)
    old = shown(machine)
    (exhibit / "templates/open.html").write_text("new")
    machine.ready = lambda: False

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "/etc/gpiobridge/templates/.open.html.new")

    with monkeypatch.context() as patched:
        patched.setattr("gpiobridge.install.recovery._bring_back", full)
        with pytest.raises(InstallError) as failed:
            run(machine, exhibit)
    assert str(failed.value) == (
        "/etc/gpiobridge/templates/.open.html.new: No space left on device, while all was being "
        "made as it was before: what was replaced is kept; free some room, then run this again"
    )
    assert shown(machine) != old
    installing.recover(machine, lambda _: None)
    assert shown(machine) == old


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0", b"\xff", b"[]", b"null", b'{"/a": 3}', b'{"/a": {"kept": "1"}}',
     b'{"/a": {"kept": "9", "uid": 0, "gid": 0}}'],
)  # fmt: skip
def test_a_damaged_record_is_said_and_changes_nothing(machine: FakeMachine, content: bytes) -> None:
    """What a dying card, or another version, has left of it ends in a remedy (the plug)."""
    replaced = machine.at("/opt/gpiobridge/replaced")
    replaced.mkdir(parents=True)
    (replaced / "1").write_text("kept")
    (replaced / "record.json").write_bytes(content)
    with pytest.raises(InstallError, match=r"record\.json: is damaged .*sudo rm -r /opt/gpiob"):
        installing.recover(machine, lambda _: None)
    assert (replaced / "1").read_text() == "kept"


def test_a_disk_that_fails_at_the_last_step_is_said(
    machine: FakeMachine, exhibit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing claims that the files are as before when they are the new ones (the plug)."""
    run(machine, exhibit)
    (exhibit / "templates/open.html").write_text("new")

    def read_only(_: Path) -> None:
        raise OSError(30, "Read-only file system", "/opt/gpiobridge/replaced")

    with monkeypatch.context() as patched:
        # The names are brought to the disk twice: when the way back is open, and when it is shut.
        names = iter([lambda _: None, read_only])
        patched.setattr("gpiobridge.install.recovery.keep_names", lambda path: next(names)(path))
        with pytest.raises(InstallError) as failed:
            run(machine, exhibit)
    assert str(failed.value) == (
        "/opt/gpiobridge/replaced: Read-only file system: all is done, but the disk doesn't take "
        "the note that it is, so the next boot may make it as it was before: look after the disk, "
        "then run this again"
    )
    assert machine.at("/etc/gpiobridge/templates/open.html").read_text() == "new"


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


@pytest.mark.parametrize("folder_first", [False, True])
def test_a_file_may_become_a_folder_and_the_other_way_round(
    machine: FakeMachine,
    exhibit: Path,
    cuts: Callable[[Callable[[], object]], list[FakeMachine]],
    folder_first: bool,
) -> None:
    """An exhibit of another shape is installed, and a power cut leaves the old or the new."""
    place = exhibit / "static/logo"

    def file() -> None:
        place.write_text("a file")

    def folder() -> None:
        place.mkdir()
        (place / "a.png").write_text("in a folder")

    first, second = (folder, file) if folder_first else (file, folder)
    first()
    run(machine, exhibit)
    old = shown(machine)
    shutil.rmtree(place) if folder_first else place.unlink()
    second()
    found = cuts(lambda: run(machine, exhibit))
    new = shown(machine)
    there = {path.removeprefix("etc/gpiobridge/static/logo") for path in new if "logo" in path}
    assert there == ({""} if folder_first else {"/a.png"})
    for cut in found:
        installing.recover(cut, lambda _: None)
        assert shown(cut) in (old, new)


def test_a_folder_that_comes_back_is_for_the_service_to_read(
    machine: FakeMachine, exhibit: Path
) -> None:
    """Root's own umask, or sudo's, closes no folder of the exhibit on the way back (the plug)."""
    run(machine, exhibit)
    replaced = machine.at("/opt/gpiobridge/replaced")
    replaced.mkdir()
    (replaced / "1").write_text("kept")
    was = {"kept": "1", "uid": os.getuid(), "gid": os.getgid()}
    (replaced / "record.json").write_text(json.dumps({"/etc/gpiobridge/static/more/a.txt": was}))
    before = os.umask(0o077)
    try:
        installing.recover(machine, lambda _: None)
    finally:
        os.umask(before)
    assert stat.S_IMODE(machine.at("/etc/gpiobridge/static/more").stat().st_mode) == 0o755


def test_a_way_back_ends_where_a_file_became_a_folder(machine: FakeMachine, exhibit: Path) -> None:
    """What can't be placed leaves no installation behind that nobody can take back (the plug)."""
    (exhibit / "static/logo").write_text("a file")
    run(machine, exhibit)
    old = shown(machine)
    record: dict[str, Any] = {
        "/etc/gpiobridge/static/logo/a.png": None,
        "/etc/gpiobridge/static": None,
    }
    replaced = machine.at("/opt/gpiobridge/replaced")
    replaced.mkdir()
    (replaced / "record.json").write_text(json.dumps(record))
    installing.recover(machine, lambda _: None)
    assert shown(machine) == old
    assert not replaced.exists()


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


def test_a_copy_is_on_the_disk_before_it_counts(machine: FakeMachine, exhibit: Path) -> None:
    """The mark that makes it a whole one is written after the rest is there (the plug)."""
    seen: list[bool] = []

    def sync() -> None:
        launcher = machine.at("/opt/gpiobridge/versions/0.1.0-1/bin/gpiobridge")
        if launcher.exists():
            seen.append((launcher.parents[1] / parts.MARK).exists())

    machine.sync = sync  # type: ignore[method-assign]
    run(machine, exhibit)
    assert seen[:2] == [False, True]


Lay = Callable[[Path, Path], None]

LEADING_OUT: dict[str, Lay] = {
    "static/x.txt": lambda at, secret: at.symlink_to(secret),
    "static/relative.txt": lambda at, secret: at.symlink_to(os.path.relpath(secret, at.parent)),
    "static/folder": lambda at, secret: at.symlink_to(secret.parent),
    "static/chain.txt": lambda at, secret: _chain(at, secret),
    "static/by-folder.txt": lambda at, secret: _by_folder(at, secret),
    "static/and-back.txt": lambda at, secret: at.symlink_to("../../exhibit/config.toml"),
    "static/nowhere.txt": lambda at, secret: at.symlink_to("/nowhere/at/all"),
    "static/proc.txt": lambda at, secret: at.symlink_to("/proc/self/environ"),
    "templates/part.html": lambda at, secret: at.symlink_to(secret),
    "templates": lambda at, secret: _instead(at, secret.parent),
    "static": lambda at, secret: _instead(at, secret.parent),
    "config.toml": lambda at, secret: _instead(at, secret),
}


def _chain(at: Path, secret: Path) -> None:
    """A link to a link to a file."""
    (at.parent / "second").symlink_to(secret)
    at.symlink_to("second")


def _by_folder(at: Path, secret: Path) -> None:
    """A link that stays inside until a folder on its way doesn't."""
    (at.parent.parent / "aside").symlink_to(secret.parent)
    at.symlink_to(f"../aside/{secret.name}")


def _instead(at: Path, target: Path) -> None:
    """A link in the place of what was there."""
    if at.is_dir():
        shutil.rmtree(at)
    else:
        at.unlink(missing_ok=True)
    at.symlink_to(target)


@pytest.mark.parametrize("name", LEADING_OUT)
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_link_out_of_the_folder_is_refused_by_name(
    machine: FakeMachine, exhibit: Path, name: str, dry_run: bool
) -> None:
    """Root must show nobody what only root may read; nothing is changed, nothing quoted."""
    secret = exhibit.parent / "root" / "secret"
    secret.parent.mkdir()
    secret.write_text("secret = [\n")
    secret.chmod(0o600)
    LEADING_OUT[name](exhibit / name, secret)
    before = snapshot(machine.root)
    with pytest.raises(ConfigError) as refused:
        run(machine, exhibit, dry_run=dry_run)
    said = "\n".join(refused.value.problems)
    assert f"{exhibit / name}: is or lies behind a link to " in said
    assert "put the file itself there" in said
    assert "secret =" not in said
    assert snapshot(machine.root) == before
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_all_that_leads_out_is_named_at_once(machine: FakeMachine, exhibit: Path) -> None:
    """One run tells all that is to be mended."""
    for name in ("a.html", "b.html"):
        (exhibit / "templates" / name).symlink_to("/etc/hostname")
    with pytest.raises(ConfigError) as refused:
        run(machine, exhibit)
    assert [problem.partition(": ")[0] for problem in refused.value.problems] == [
        str(exhibit / "templates" / name) for name in ("a.html", "b.html")
    ]


def test_links_within_the_folder_are_followed(machine: FakeMachine, exhibit: Path) -> None:
    """Relative and absolute ones, chains, folders; what they lead to is installed as a file."""
    (exhibit / "media").mkdir()
    (exhibit / "media/film.txt").write_text("film")
    (exhibit / "config.txt").write_text((exhibit / "config.toml").read_text())
    _instead(exhibit / "config.toml", Path("config.txt"))
    static = exhibit / "static"
    (static / "relative.txt").symlink_to("../media/film.txt")
    (static / "absolute.txt").symlink_to(exhibit / "media/film.txt")
    (static / "chain.txt").symlink_to("relative.txt")
    (static / "media").symlink_to(exhibit / "media")
    (static / "twice").symlink_to("../media")
    (static / "nowhere.txt").symlink_to("gone.txt")
    (static / "loop").symlink_to("loop")
    (static / "again").symlink_to("../static")
    alias = exhibit.parent / "alias"
    alias.symlink_to(exhibit)
    (static / "alias.txt").symlink_to(alias / "media/film.txt")
    run(machine, alias)
    placed = machine.at("/etc/gpiobridge/static")
    assert sorted(str(path.relative_to(placed)) for path in placed.rglob("*.txt")) == [
        "a.txt", "absolute.txt", "alias.txt", "chain.txt", "media/film.txt", "relative.txt",
        "twice/film.txt",
    ]  # fmt: skip
    assert not any(path.is_symlink() for path in placed.rglob("*"))


@pytest.mark.parametrize("name", ["static/pipe", "templates/pipe", "config.toml", "static"])
def test_what_is_no_file_is_refused(machine: FakeMachine, exhibit: Path, name: str) -> None:
    """Nobody waits for a pipe that nobody writes to, or reads a device."""
    path = exhibit / name
    path.parent.mkdir(exist_ok=True)
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    with pytest.raises(ConfigError, match=f"{name}: is a pipe, and no file; remove it"):
        run(machine, exhibit)


def test_a_socket_is_refused(machine: FakeMachine, exhibit: Path) -> None:
    """As a pipe is; a hidden one stays out, as hidden files do."""
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as hidden:
        hidden.bind(str(exhibit / "templates/.s"))
        run(machine, exhibit)
        one.bind(str(exhibit / "templates/s"))
        with pytest.raises(ConfigError, match="templates/s: is a socket, and no file"):
            run(machine, exhibit)


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_file_that_is_exchanged_meanwhile_is_not_placed(
    machine: FakeMachine, exhibit: Path, kind: str
) -> None:
    """What was looked at is what is installed: a link that comes later shows nothing."""
    film, secret = exhibit / "static/film.txt", exhibit.parent / "secret"
    film.write_text("film")
    secret.write_text("secret")
    run(machine, exhibit)
    film.write_text("another film")
    before = snapshot(machine.root)

    def exchange(step: str) -> None:
        if step.startswith("  write "):
            film.unlink()
            film.symlink_to(secret) if kind == "link" else os.mkfifo(film)

    with pytest.raises(InstallError, match=r"film\.txt: it has changed while .*run this again"):
        install(Choices(exhibit, replace=True), machine, exchange)
    assert snapshot(machine.root) == before


def test_root_writes_through_no_link(
    machine: FakeMachine, exhibit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link in the way of a file is removed, not followed; nobody sees a token meanwhile."""
    victim, etc = tmp_path / "victim", machine.at("/etc/gpiobridge")
    victim.write_text("precious")
    etc.mkdir(parents=True)
    (etc / ".config.toml.new").symlink_to(victim)
    seen: dict[str, int] = {}

    def own(path: Path, group: str) -> None:
        seen[path.name] = stat.S_IMODE(path.stat().st_mode)

    monkeypatch.setattr(machine, "own", own)
    run(machine, exhibit)
    assert victim.read_text() == "precious"
    assert not (etc / "config.toml").is_symlink()
    assert set(seen.values()) == {0o600}
    # What is replaced is kept where only root may look, and comes back as it was.
    before = snapshot(etc)

    def ready() -> bool:
        kept = machine.at("/opt/gpiobridge/replaced")
        if kept.exists():
            seen["replaced"] = stat.S_IMODE(kept.stat().st_mode)
            (etc / ".config.toml.new").symlink_to(victim)
        return False

    machine.ready = ready
    with (exhibit / "config.toml").open("a") as config_file:
        config_file.write("# another\n")
    with pytest.raises(InstallError, match="all is as it was before"):
        run(machine, exhibit)
    assert seen["replaced"] == 0o700
    assert victim.read_text() == "precious"
    assert snapshot(etc) == before


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
        f"{', '.join(units)}: nothing tells that install has placed it, so it stays; "
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
        "/opt/gpiobridge/bin is not of `gpiobridge install`, and stays: "
        "move it away with sudo mv /opt/gpiobridge /opt/gpiobridge.own"
    )
    assert snapshot(machine.root) == before
    (machine.at("/opt/gpiobridge/versions") / "0.1.0-1").mkdir(parents=True)
    said: list[str] = []
    uninstall(dry_run=False, machine=machine, tell=said.append)
    assert "/opt/gpiobridge stays: there is something in it that install has not made" in said
    assert snapshot(machine.root) == before
    assert not machine.at("/opt/gpiobridge/versions").exists()


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
    assert "all is installed as it should be: nothing to do" in run(machine)
    uninstall(dry_run=False, machine=machine, tell=lambda _: None)
    assert not list(machine.at("/etc/systemd/system").iterdir())
    assert not list(machine.at("/etc/sysusers.d").iterdir())
    assert not [path for path in machine.at("/etc/xkb").rglob("*") if path.is_file()]


KIOSK_UNIT = "/etc/systemd/system/gpiobridge-kiosk.service"


def kiosk_command(machine: FakeMachine) -> str:
    """What the kiosk's unit starts."""
    [line] = re.findall(r"(?m)^ExecStart=(.*)$", machine.at(KIOSK_UNIT).read_text())
    return str(line)


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
    assert "all is installed as it should be: nothing to do" in run(machine)
    assert "all is installed as it should be: nothing to do" in run(machine, kiosk=True)
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
    before = machine.at("/opt/gpiobridge/live/lib/python3.13/site-packages/gpiobridge/systemd")
    before.mkdir(parents=True)
    for name, text in units.items():
        (before / name).write_text(text)
    other_version("lib/python3.13/site-packages/gpiobridge/new.py", b"")
    run(machine, exhibit)
    said: list[str] = []
    roll_back(dry_run=False, replace=False, machine=machine, tell=said.append)
    lost = "that copy doesn't know cog: its kiosk shows the pages with Chromium"
    assert ("--browser cog" in kiosk_command(machine)) == knows
    assert (lost in said) != knows


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
    assert said[-1].startswith("The card is only read from the next boot on: sudo reboot (the way ")
    assert said[-1].endswith("gpiobridge install --writable)")
    assert machine.disk.next_boot
    name = "var-lib-gpiobridge-state.mount"
    assert machine.at(f"/etc/systemd/system/{name}").read_text() == (SYSTEMD / name).read_text()
    assert name in machine.states["enabled"]
    # A later installation leaves it as it is.
    assert "all is installed as it should be: nothing to do" in run(machine, exhibit)
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
        "Until then it is only read: sudo reboot",
        "the card is writable after the next boot: nothing to do",
        "Until then it is only read: sudo reboot",
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
        "from the next boot on, the card is only read"
    ]


def test_uninstall_says_that_the_card_will_be_only_read(
    machine: FakeMachine, exhibit: Path
) -> None:
    """The overlay is the system's, and stays; how it goes is said (the plug)."""
    machine.disk = Overlay(package=True, raspi_config=True)
    run(machine, exhibit, read_only=True)
    said: list[str] = []
    uninstall(dry_run=False, machine=machine, tell=said.append)
    assert said[-1].endswith("unless you do this: sudo raspi-config nonint do_overlayfs 1")
    assert not machine.states["enabled"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--rollback --read-only", "--rollback goes with neither --read-only nor --writable"),
        ("--writable .", "--writable goes with none of DIR, --kiosk and --replace"),
        ("--writable --kiosk", "--writable goes with none of"),
    ],
)
def test_what_goes_with_writable(words: str, says: str) -> None:
    """--writable does one thing; with another it is a usage error (the plug)."""
    done = CliRunner().invoke(main, ["install", *words.split()])
    assert (done.exit_code, says in done.stderr) == (2, True)


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
    assert seen == ["another `gpiobridge install` is at work: wait for it"]


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
    with pytest.raises(InstallError, match=r'server\.host = "nosuch\.invalid": has no address'):
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


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_has_nothing_to_say(tmp_path: Path) -> None:
    """systemd-analyze finds no fault in the units, and the service hardly exposed."""
    ours = re.compile(
        r"/opt/gpiobridge/(live/)?bin/\w+"
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
    [("chromium", r"security gpiobridge-kiosk` says ([0-9.]+)"), ("cog", r"needs more, ([0-9.]+)")],
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
