"""What the built package says of itself: the README and the addresses, as an index shows them."""

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest
from documents import ROOT

NEEDED = ("pyproject.toml", "hatch_build.py", "addresses.toml", "README.md", "LICENSE",
          "config.toml", "gpiobridge", "templates", "systemd")  # fmt: skip
DESCRIPTION = "Press a button on a Raspberry Pi, and the web page on its kiosk screen changes."
REPOSITORY = "https://forge.invalid/somebody/gpiobridge"
FILLED = {"repository": REPOSITORY, "site": "https://docs.invalid/", "contact": ""}


def build(folder: Path, **addresses: str) -> list[Path]:
    """Build wheel and sdist of a copy in which these addresses are filled in."""
    for name in NEEDED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    text = (folder / "addresses.toml").read_text("utf-8")
    for key, value in addresses.items():
        text = re.sub(rf'^{key} = ""', f'{key} = "{value}"', text, flags=re.MULTILINE)
    (folder / "addresses.toml").write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "build", folder], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted((folder / "dist").iterdir())


def metadata(built: list[Path]) -> Message:
    """Read the metadata of the wheel, which the sdist has, too."""
    wheel = next(file for file in built if file.suffix == ".whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        text = archive.read(name).decode()
    sdist = next(file for file in built if file.suffix == ".gz")
    with tarfile.open(sdist) as archive:
        member = next(m for m in archive.getmembers() if m.name.count("/") == 1
                      and m.name.endswith("/PKG-INFO"))  # fmt: skip
        packed = archive.extractfile(member)
        assert packed is not None
        assert packed.read().decode() == text
    return message_from_string(text)


def twine(built: list[Path]) -> None:
    """An index would take it and show it."""
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *built],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(150)
def test_no_address_is_invented(tmp_path: Path) -> None:
    """Unfilled: no URL at all, and the README has no link that leads nowhere."""
    built = build(tmp_path)
    said = metadata(built)
    assert said["Summary"] == DESCRIPTION
    assert said.get_all("Project-URL") is None
    text = said.get_payload()
    assert isinstance(text, str)
    assert re.findall(r"\]\((?!https?:)", text) == []
    assert "<picture>" not in text
    assert "](" not in re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    assert "Your first exhibit goes on from here" in text
    twine(built)


@pytest.mark.timeout(150)
def test_addresses_that_are_filled_in(tmp_path: Path) -> None:
    """Filled: the URLs that indexes know, and each link and picture absolute."""
    built = build(tmp_path, **FILLED)
    said = metadata(built)
    assert said.get_all("Project-URL") == [
        "Documentation, https://docs.invalid/",
        f"Source, {REPOSITORY}",
        f"Changelog, {REPOSITORY}/blob/HEAD/CHANGELOG.md",
    ]
    text = said.get_payload()
    assert isinstance(text, str)
    assert f"[Your first exhibit]({REPOSITORY}/blob/HEAD/docs/first-exhibit.md)" in text
    assert f'<img src="{REPOSITORY}/raw/HEAD/docs/' in text
    assert f'srcset="{REPOSITORY}/raw/HEAD/docs/' in text
    assert re.findall(r"\]\((?!https?:)", text) == []
    assert '{"button": "open"}' in text  # code stays as it is
    twine(built)


@pytest.mark.timeout(150)
def test_a_build_needs_no_more_than_the_sdist(tmp_path: Path) -> None:
    """The file of addresses and the hook are in it: so an editable copy can be installed of it."""
    sdist = next(file for file in build(tmp_path) if file.suffix == ".gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (folder,) = (tmp_path / "unpacked").iterdir()
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True, timeout=60)
    done = subprocess.run(
        [tmp_path / "venv" / "bin" / "python", "-m", "pip", "install", "--no-deps", "--editable",
         folder],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
