"""SECURITY.md says what is so."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "SECURITY.md").read_text("utf-8")


def test_it_is_found_from_the_readme() -> None:
    """Whoever finds a fault begins there."""
    assert "](SECURITY.md)" in (ROOT / "README.md").read_text("utf-8")


def test_a_fault_is_reported_to_the_owners_contact() -> None:
    """Until the owner fills it in, the page has a way that needs none, and nothing is invented."""
    contact = tomllib.loads((ROOT / "addresses.toml").read_text("utf-8"))["contact"]
    section = PAGE.partition("## Reporting a fault")[2].partition("\n## ")[0]
    if contact:
        assert f"**Report it privately: {contact}**" in section
    else:
        assert "Open an issue that only asks for a private way" in section
        assert not re.search(r"[\w.+-]+@[\w-]+\.\w+|to be filled in", PAGE)


def test_the_versions_with_fixes_are_those_of_the_changelog() -> None:
    """The page names no version, so a new release leaves it right."""
    assert "the newest minor release in the [changelog](CHANGELOG.md)" in PAGE
    assert not re.search(r"\b\d+\.\d+\.x\b", PAGE)


def test_the_upgrade_is_the_one_of_the_pi_page() -> None:
    """Both upgrade the packages, too: pip alone leaves them."""
    (block,) = re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)
    pip, install = block.splitlines()
    on_a_pi = (ROOT / "docs/pi.md").read_text("utf-8")
    assert "--upgrade-strategy eager" in pip
    assert f"`{pip.rpartition(' ')[0]} " in on_a_pi  # what it is given may have other extras
    assert f"`{install}`" in on_a_pi


def test_the_upgrade_is_from_the_checkout() -> None:
    """The package is on no index: its bare name would install somebody else's."""
    given = re.findall(r"pip install .*?([^ \n]+)$", PAGE, re.MULTILINE)
    assert given == ["'.[gpiod]'"]
