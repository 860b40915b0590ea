"""SECURITY.md says what is so."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "SECURITY.md").read_text("utf-8")


def test_it_is_found_from_the_readme() -> None:
    """Whoever finds a fault begins there."""
    assert "](SECURITY.md)" in (ROOT / "README.md").read_text("utf-8")


def test_the_address_for_reports_stands_in_one_place() -> None:
    """The owner fills it in there; nobody has made one up elsewhere."""
    assert PAGE.count("Report it privately to:") == 1
    filled_in = re.search(r"Report it privately to: (.*)\*\*", PAGE)
    assert filled_in
    rest = PAGE.replace(filled_in[0], "")
    assert not re.search(r"[\w.+-]+@[\w-]+\.\w+", rest)


def test_the_version_with_fixes_is_this_one() -> None:
    """A new minor release changes the table, too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    major, minor, *_ = project["version"].split(".")
    assert f"({major}.{minor}.x today)" in PAGE


def test_the_upgrade_is_the_one_of_the_pi_page() -> None:
    """Both upgrade the packages, too: pip alone leaves them."""
    (block,) = re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)
    on_a_pi = (ROOT / "docs/pi.md").read_text("utf-8")
    for command in block.splitlines():
        assert f"`{command}`" in on_a_pi
