"""The way back from an installation that didn't end."""

import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gpiobridge.errors import InstallError
from gpiobridge.install import installation as installing

from .fake_machine import FakeMachine
from .trial import run, shown, whole_copies


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
    assert said[0] == "An earlier installation did not finish: everything is again as before it"
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
        "/etc/gpiobridge/templates/.open.html.new: No space left on device, while the "
        "earlier state was being restored: the replaced files are kept; free some space, then run "
        "this again"
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
        "/opt/gpiobridge/replaced: Read-only file system: everything is done, but the disk refuses "
        "the note of that, so the next boot may undo it: check the disk, then run this again"
    )
    assert machine.at("/etc/gpiobridge/templates/open.html").read_text() == "new"


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
