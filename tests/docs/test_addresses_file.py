"""A wrong addresses.toml: one sentence with the remedy, and not a build with broken links."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from documents import ROOT

HOOK = "hatchling.metadata.plugin.interface"


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """hatch_build.py; hatchling itself is only in the environment of a build."""
    for name in ("hatchling", "hatchling.metadata", "hatchling.metadata.plugin", HOOK):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr(sys.modules[HOOK], "MetadataHookInterface", object, raising=False)
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('repository = ""\ncontact = ""\n', 'has no text for site; write site = "" for none'),
        ("repository = 5\n", 'has no text for repository; write repository = "" for none'),
        ("repository = “https://forge.invalid”\n", "write each address in straight quotes"),
        ('repository = "forge.invalid/a/b"\n',
         'repository = "forge.invalid/a/b": write it like "https://forge.example/repository"'),
        ('repository = "git@forge.invalid:a/b.git"\n', "write it like"),
        ('repository = "https://forge.invalid/a b"\n', "write it like"),
    ],
)  # fmt: skip
def test_a_wrong_address_stops_the_build(
    tmp_path: Path, hook: ModuleType, text: str, said: str
) -> None:
    """A link to nowhere would stay on an index for good."""
    file = tmp_path / "addresses.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        hook.read_addresses(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_stops_the_build(tmp_path: Path, hook: ModuleType) -> None:
    """Its name is in the sentence."""
    with pytest.raises(SystemExit, match="there is no such file"):
        hook.read_addresses(tmp_path / "addresses.toml")


def test_the_ends_of_a_repository_do_no_harm(tmp_path: Path, hook: ModuleType) -> None:
    """A slash, and the `.git` of a clone's address, are no part of the files' addresses."""
    file = tmp_path / "addresses.toml"
    for end in ("", "/", ".git", ".git/", " "):
        repository = f"https://forge.invalid/a/b{end}"
        file.write_text(f'repository = "{repository}"\nsite = ""\ncontact = "me@b.invalid"\n')
        assert hook.urls(hook.read_addresses(file)) == {
            "Source": "https://forge.invalid/a/b",
            "Changelog": "https://forge.invalid/a/b/blob/HEAD/CHANGELOG.md",
        }
