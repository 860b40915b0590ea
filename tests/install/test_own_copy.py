"""The copy of the running installation: what is in it, and that it runs by itself."""

import json
import os
import re
import subprocess
import sys
import tomllib
from email.message import Message
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from gpiobridge.errors import InstallError
from gpiobridge.install import own_copy
from gpiobridge.system import parts

from .fake_machine import FakeMachine
from .trial import VERSION, run


def test_the_copy_needs_nothing_of_the_original(whole: FakeMachine, exhibit: Path) -> None:
    """Every module of the copy lies in it or in Python's own library, already compiled."""
    run(whole, exhibit)
    live = whole.at("/opt/gpiobridge/live").resolve()
    script = """
import sys, gpiobridge.serve.server, gpiobridge.serve.gunicorn_service, gpiobridge.client
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


def test_the_copy_makes_outputs_safe(whole: FakeMachine, exhibit: Path, tmp_path: Path) -> None:
    """What the unit runs after each end is in the copy, and finds what it needs by itself."""
    run(whole, exhibit)
    unit = whole.at("/etc/systemd/system/gpiobridge.service").read_text()
    first, *_ = re.findall(r"^ExecStopPost=(.*)$", unit, re.M)
    launcher = whole.at(first.removeprefix("-"))
    assert os.access(launcher, os.X_OK)
    shebang, script = launcher.read_text().split("\n", 1)
    assert shebang == f"#!/opt/gpiobridge/versions/{VERSION}-1/bin/python -IS"
    here = script.replace("/opt/gpiobridge", str(whole.at("/opt/gpiobridge")))
    python = whole.at("/opt/gpiobridge/live/bin/python")
    (tmp_path / "outputs").write_text("987 2 low lamp\n")
    told = subprocess.run(
        [python, "-IS", "-c", here],
        env={"RUNTIME_DIRECTORY": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert (told.returncode, told.stdout) == (1, "")
    assert "can't be made safe: [Errno 2]" in told.stderr


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
    assert (package / "routes/assets/stage/stage.html").exists()
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
                 'pigpio; extra == "pigpio"', 'ruff; extra == "dev"', "absent; os_name == 'nt'",
                 'zensical; extra == "docs"', 'pillow>=10; extra == "film"'),
                "lgpio pigpio dev docs film soak",
            ),
            Package("a-b", ('inner; extra == "x"', "other ; extra == 'y'")),
            Package("lgpio"), Package("inner", ("a_b",)), Package("other"), Package("ruff"),
            Package("zensical"), Package("pillow"),
        )
    }  # fmt: skip

    def distribution(name: str) -> Package:
        if name not in installed:
            raise PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(parts, "distribution", distribution)
    assert [package.name for package in parts.closure()] == ["a-b", "inner", "lgpio"]


def test_each_extra_is_a_back_end_or_for_developers() -> None:
    """A back end that is new in pyproject.toml must be copied along, too."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"].keys()
    assert extras - parts._BACK_ENDS == {"bench", "dev", "docs", "film", "sbom", "soak"}


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


def test_the_copy_knows_itself(whole: FakeMachine, exhibit: Path) -> None:
    """Run from the copy, the fingerprint is the same: nothing is built again."""
    run(whole, exhibit)
    live = whole.at("/opt/gpiobridge/live")
    python = live / "bin/python"
    script = "from gpiobridge.install import own_copy; print(own_copy.running_copy().fingerprint)"
    told = subprocess.run([python, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == json.loads((live / own_copy.MARK).read_text())["fingerprint"]


def test_a_copy_is_on_the_disk_before_it_counts(machine: FakeMachine, exhibit: Path) -> None:
    """The mark that makes it a whole one is written after the rest is there (the plug)."""
    seen: list[bool] = []

    def sync() -> None:
        launcher = machine.at(f"/opt/gpiobridge/versions/{VERSION}-1/bin/gpiobridge")
        if launcher.exists():
            seen.append((launcher.parents[1] / parts.MARK).exists())

    machine.sync = sync  # type: ignore[method-assign]
    run(machine, exhibit)
    assert seen[:2] == [False, True]
