"""The exhibit's folder is its owner's, and root reads it: nothing leads out of it."""

import os
import shutil
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from gpiobridge.errors import ConfigError, InstallError
from gpiobridge.install.installation import Choices, install

from .fake_machine import FakeMachine
from .trial import run, snapshot

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
    assert f"{exhibit / name}: is, or is below, a link to " in said
    assert "put the file itself into the folder" in said
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
    with pytest.raises(ConfigError, match=f"{name}: is a pipe, not a file; remove it"):
        run(machine, exhibit)


def test_a_socket_is_refused(machine: FakeMachine, exhibit: Path) -> None:
    """As a pipe is; a hidden one stays out, as hidden files do."""
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as hidden:
        hidden.bind(str(exhibit / "templates/.s"))
        run(machine, exhibit)
        one.bind(str(exhibit / "templates/s"))
        with pytest.raises(ConfigError, match="templates/s: is a socket, not a file"):
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

    with pytest.raises(InstallError, match=r"film\.txt: has changed during .*run this again"):
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
    with pytest.raises(InstallError, match="Everything is as it was before"):
        run(machine, exhibit)
    assert seen["replaced"] == 0o700
    assert victim.read_text() == "precious"
    assert snapshot(etc) == before
