"""Where `pip` installs gpiobridge from is one constant, and no page says anything else."""

import re
import tomllib
from pathlib import Path

import pytest
from documents import PAGES, ROOT

INSTALL_FROM = tomllib.loads((ROOT / "addresses.toml").read_text("utf-8"))["install_from"]
PACKAGE = sorted((ROOT / "gpiobridge").rglob("*.py"))
# `pip install … gpiobridge`, with extras or a version; and the name with an extra anywhere.
BARE = re.compile(
    r"""\bgpiobridge\[[a-z{]|\bpip3?["',\s]+install\b[^`\n]*[\s'"]gpiobridge(?=$|[\s'"`=<>~!@,.;)\[])"""
)


def name(file: Path) -> str:
    """Where a file is in the repository."""
    return file.relative_to(ROOT).as_posix()


def wrong(text: str) -> list[str]:
    """List the forms in a text that install another thing than the constant says."""
    if INSTALL_FROM == "gpiobridge":
        return re.findall(r"\bpip install [^`\n]*'?\.(?:\[\w+\])?'?", text)
    return [found[0] for found in BARE.finditer(text)]


@pytest.mark.parametrize("file", [*PAGES, *PACKAGE], ids=name)
def test_no_other_form_is_printed(file: Path) -> None:
    """The package is on no index, so that its bare name would install nothing, or a stranger's."""
    assert wrong(file.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "pip install gpiobridge",
        "~/gpiobridge/bin/pip install 'gpiobridge[gpiod]'",
        'invocation.pip("install", "gpiobridge[lgpio]")',
        "pip install --upgrade --upgrade-strategy eager gpiobridge",
        "pip install gpiobridge==0.2.0",
    ],
)
def test_each_other_form_is_found(text: str) -> None:
    """What pages and messages said before is found."""
    assert wrong(text)


def test_the_form_of_the_constant_is_not_found() -> None:
    """Nor is the folder of the environment, which is called gpiobridge, too."""
    assert wrong(f"~/gpiobridge/bin/pip install '{INSTALL_FROM}[gpiod]'") == []
    assert wrong("~/gpiobridge/bin/pip install --upgrade . in ~/gpiobridge/bin") == []
    assert f"pip install '{INSTALL_FROM}[gpiod]'" in (ROOT / "README.md").read_text("utf-8")
