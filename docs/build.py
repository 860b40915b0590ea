"""Build the documentation site: ``python docs/build.py [--into build] [--addresses FILE]``.

zensical.toml says what the site is. This adds what it can't say: the addresses that are filled in,
the pages that lie outside docs/, and the list of questions. Links in docs/ lead to files, as the
repository's viewer wants them. Links that lead out of docs/ are changed for the site here.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from hatch_build import read_addresses  # noqa: E402  # the package's build reads the same file

DOCS = ROOT / "docs"

# Files outside docs/ that have a page of the site, too. The README has none: docs/ says the same.
OUTSIDE = {
    "SECURITY.md": "security-policy.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|`[^`]*`)*)\]\((?P<path>[^)\s]+)\)")
NAV = re.compile(r"^nav = \[\n.*?^\]$", re.MULTILINE | re.DOTALL)


def page_of(file: Path) -> str | None:
    """Return the page of the site that shows a file of the repository; None if there is none."""
    if file == ROOT / "README.md":
        return "index.md"
    if file.parent == ROOT:
        return OUTSIDE.get(file.name)
    return file.relative_to(DOCS).as_posix() if file.is_relative_to(DOCS) else None


def for_site(text: str, source: Path, repository: str) -> str:
    """Change a page's links for the site.

    Args:
        text: its Markdown.
        source: the page's file in the repository; its links are relative to that.
        repository: its address. Empty: a link to a file that the site doesn't have becomes text.
    """
    here = Path(page_of(source) or "").parent

    def change(found: re.Match[str]) -> str:
        path, hash_, anchor = found["path"].partition("#")
        if not path or ":" in path:
            return found[0]
        target = (source.parent / path).resolve()
        page = page_of(target)
        if page:
            link = Path(os.path.relpath(page, here)).as_posix()
        elif repository:
            link = f"{repository}/blob/HEAD/{target.relative_to(ROOT).as_posix()}"
        else:
            return found["text"]
        return f"{found['image']}[{found['text']}]({link}{hash_}{anchor})"

    pieces = FENCE.split(text)
    pieces[::2] = [LINK.sub(change, piece) for piece in pieces[::2]]
    return "".join(pieces)


def stage(into: Path, repository: str) -> None:
    """Copy all pages and pictures into a folder."""
    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(DOCS, into, ignore=shutil.ignore_patterns("*.py", "__pycache__", "*.md"))
    for source in (*DOCS.rglob("*.md"), *(ROOT / name for name in OUTSIDE)):
        there = into / str(page_of(source))
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(for_site(source.read_text("utf-8"), source, repository), "utf-8")


def filled_nav(nav: list[Any], staged: Path) -> list[Any]:
    """Replace each pattern of the navigation by the pages that match, an index first."""
    filled = []
    for entry in nav:
        ((title, where),) = entry.items()
        if isinstance(where, list):
            where = filled_nav(where, staged)
        elif "*" in where:
            found = sorted(staged.glob(where), key=lambda page: (page.stem != "index", page.stem))
            where = [page.relative_to(staged).as_posix() for page in found]
        filled.append({title: where})
    return filled


def as_toml(nav: list[Any]) -> str:
    """Write the navigation as TOML: JSON, with = in a table."""
    parts = []
    for entry in nav:
        if isinstance(entry, str):
            parts.append(json.dumps(entry))
            continue
        ((title, where),) = entry.items()
        value = as_toml(where) if isinstance(where, list) else json.dumps(where)
        parts.append(f"{{ {json.dumps(title)} = {value} }}")
    return f"[{', '.join(parts)}]"


def settings(addresses: dict[str, str], staged: Path) -> str:
    """Complete zensical.toml."""
    text = (ROOT / "zensical.toml").read_text("utf-8")
    lines = [f"nav = {as_toml(filled_nav(tomllib.loads(text)['project']['nav'], staged))}"]
    for key, name in (("site_url", "site"), ("repo_url", "repository")):
        if addresses[name]:
            lines.append(f"{key} = {json.dumps(addresses[name])}")
    text = NAV.sub(lambda _: "\n".join(lines), text)
    handler = "[project.plugins.mkdocstrings.handlers.python]"
    return f"{text}\n{handler}\npaths = [{json.dumps(str(ROOT))}]\n"


def main() -> int:
    """Stage the pages, let Zensical build them, and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT / "build", help="the site is in site/")
    parser.add_argument("--addresses", type=Path, default=ROOT / "addresses.toml")
    given = parser.parse_args()
    addresses = read_addresses(given.addresses)
    given.into.mkdir(parents=True, exist_ok=True)
    staged = given.into / "docs"
    stage(staged, addresses["repository"])
    (given.into / "zensical.toml").write_text(settings(addresses, staged), "utf-8")
    program = Path(sys.executable).with_name("zensical")
    command = [program, "build", "--strict", "--clean"]
    return subprocess.run(command, cwd=given.into, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
