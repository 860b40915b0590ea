"""A machine, an exhibit, other versions and power cuts for the tests of `install`."""

import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness.exhibit import write_exhibit

from gpiobridge.install import installation as installing

from .fake_machine import FakeMachine
from .trial import SYSTEMD, tiny_copy


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
