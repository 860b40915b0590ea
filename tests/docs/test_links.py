"""Every link of every page leads to a file, and to a heading of it."""

import re
from pathlib import Path

import pytest
from documents import FENCE, PAGES, ROOT

FILES = [*PAGES, *(ROOT / name for name in (
    "CHANGELOG.md", "tests/README.md", "tests/virtualpi/README.md", "gpiobridge/core/README.md",
))]  # fmt: skip
LINK = re.compile(r"\]\(([^)\s]+)\)|\b(?:src|srcset|href)=\"([^\"]+)\"")


def slug(heading: str) -> str:
    """Turn a heading into its anchor, as repositories' viewers and the site do."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    """List the anchors of a page; a heading that is there again gets a number."""
    text = FENCE.sub("", page.read_text("utf-8"))
    found: set[str] = set(re.findall(r'\bid="([^"]+)"', text))
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        anchor, number = slug(heading), 0
        while (anchor if not number else f"{anchor}-{number}") in found:
            number += 1
        found.add(anchor if not number else f"{anchor}-{number}")
    return found


def links(page: Path) -> list[str]:
    """List the links of a page that lead to no other place on the network."""
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text("utf-8")))
    found = [a or b for a, b in LINK.findall(text)]
    return [link for link in found if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("page", FILES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_resolve(page: Path) -> None:
    """In the repository, as its viewer follows them."""
    missing = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        there = (page.parent / path).resolve() if path else page
        fine = there.exists() and there.is_relative_to(ROOT)
        if not fine or (anchor and anchor not in anchors(there)):
            missing.append(link)
    assert missing == []


def test_every_page_is_in_the_navigation() -> None:
    """A page that is added to docs/ is reached from the site's menu."""
    text = (ROOT / "zensical.toml").read_text("utf-8")
    listed = set(re.findall(r'= "([\w/*-]+\.md)"', text))
    for page in (ROOT / "docs").rglob("*.md"):
        name = page.relative_to(ROOT / "docs").as_posix()
        assert name in listed or name.startswith("questions/"), name


def test_the_readme_is_short() -> None:
    """A front door with two examples: details belong to docs/."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 160
