"""The project's documents, as tests read them: README, docs/ and the pages beside them."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "docs" / "recipes.md"  # tests/docs/test_recipes.py runs every block of it
PAGES = [
    *(ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        """Where it stands."""
        return f"{self.page}:{self.line}"


def blocks(language: str, *pages: Path) -> list[Block]:
    """List the blocks of a language, of all pages or of these."""
    found = []
    for page in pages or PAGES:
        text = page.read_text("utf-8")
        found += [
            Block(
                page.relative_to(ROOT).as_posix(),
                text.count("\n", 0, match.start()) + 1,
                match[2],
                re.sub(rf"^{match[1]}", "", match[3], flags=re.MULTILINE),
            )
            for match in FENCE.finditer(text)
            if match[2] == language
        ]
    return found


def shell_lines(*pages: Path) -> list[tuple[Block, str]]:
    """List the commands of all shell blocks; a line that ends in a backslash goes on."""
    return [
        (block, line)
        for block in blocks("sh", *pages)
        for line in block.text.replace("\\\n", " ").splitlines()
        if line and not line.startswith("#")
    ]
