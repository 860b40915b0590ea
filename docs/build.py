"""Build the documentation site into build/site: ``python docs/build.py``.

zensical.toml says what the site is. This adds what it can't: the addresses that are filled in, the
pages that lie outside docs/, and the list of questions. Links in docs/ lead to files, as the
repository's viewer wants them; those that lead out of docs/ are changed for the site here.
"""

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
BUILD = ROOT / "build"
STAGED = BUILD / "docs"

# Files outside docs/ that have a page of the site, too.
PAGES = {
    "README.md": "index.md",
    "SECURITY.md": "security-policy.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
STAGED_FROM = {name: page for name, page in PAGES.items() if page != "index.md"}
FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|`[^`]*`)*)\]\((?P<path>[^)\s]+)\)")


def for_site(text: str, source: Path, repository: str) -> str:
    """Change a page's links for the site.

    Args:
        text: its Markdown.
        source: the page's file in the repository; its links are relative to that.
        repository: its address. Empty: a link to a file that the site doesn't have becomes text.
    """
    page = STAGED_FROM.get(source.name, "") if source.parent == ROOT else ""
    here = STAGED / page if page else STAGED / source.relative_to(ROOT / "docs")

    def change(found: re.Match[str]) -> str:
        path, hash_, anchor = found["path"].partition("#")
        if not path or ":" in path:
            return found[0]
        target = (source.parent / path).resolve()
        name = target.relative_to(ROOT).as_posix()
        if name in PAGES:
            there = STAGED / PAGES[name]
        elif target.is_relative_to(ROOT / "docs"):
            there = STAGED / target.relative_to(ROOT / "docs")
        elif repository:
            return f"{found['image']}[{found['text']}]({repository}/blob/HEAD/{name}{hash_}{anchor})"
        else:
            return found["text"]
        link = Path(os.path.relpath(there, here.parent)).as_posix()
        return f"{found['image']}[{found['text']}]({link}{hash_}{anchor})"

    pieces = FENCE.split(text)
    pieces[::2] = [LINK.sub(change, piece) for piece in pieces[::2]]
    return "".join(pieces)


def stage(repository: str) -> None:
    """Copy all pages and pictures into build/docs."""
    shutil.rmtree(STAGED, ignore_errors=True)
    shutil.copytree(
        ROOT / "docs", STAGED, ignore=shutil.ignore_patterns("*.py", "__pycache__", "*.md")
    )
    sources = {file: STAGED / file.relative_to(ROOT / "docs") for file in ROOT.glob("docs/**/*.md")}
    sources |= {ROOT / name: STAGED / page for name, page in STAGED_FROM.items()}
    for source, there in sources.items():
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(for_site(source.read_text("utf-8"), source, repository), "utf-8")


def filled_nav(nav: list[Any]) -> list[Any]:
    """Replace each pattern of the navigation by the pages that it means, an index first."""
    filled = []
    for entry in nav:
        ((title, where),) = entry.items()
        if isinstance(where, list):
            where = filled_nav(where)
        elif "*" in where:
            found = sorted(STAGED.glob(where), key=lambda page: (page.stem != "index", page.stem))
            where = [page.relative_to(STAGED).as_posix() for page in found]
        filled.append({title: where})
    return filled


def as_toml(nav: list[Any]) -> str:
    """Write the navigation as TOML has it: JSON, with = for a table."""
    parts = []
    for entry in nav:
        if isinstance(entry, str):
            parts.append(json.dumps(entry))
            continue
        ((title, where),) = entry.items()
        value = as_toml(where) if isinstance(where, list) else json.dumps(where)
        parts.append(f"{{ {json.dumps(title)} = {value} }}")
    return f"[{', '.join(parts)}]"


def settings(addresses: dict[str, str]) -> str:
    """Complete zensical.toml."""
    text = (ROOT / "zensical.toml").read_text("utf-8")
    nav = filled_nav(tomllib.loads(text)["project"]["nav"])
    lines = [f"nav = {as_toml(nav)}"]
    for key, name in (("site_url", "site"), ("repo_url", "repository")):
        if addresses[name]:
            lines.append(f"{key} = {json.dumps(addresses[name])}")
    text, replaced = re.subn(r"^nav = \[\n.*?^\]$", lambda _: "\n".join(lines), text, flags=re.M | re.S)
    assert replaced == 1, "zensical.toml: nav must be there once"
    return f"{text}\n[project.plugins.mkdocstrings.handlers.python]\npaths = [{json.dumps(str(ROOT))}]\n"


def main() -> int:
    """Stage, and let Zensical build; return its exit code."""
    addresses = tomllib.loads((ROOT / "addresses.toml").read_text("utf-8"))
    BUILD.mkdir(exist_ok=True)
    stage(addresses["repository"].rstrip("/"))
    (BUILD / "zensical.toml").write_text(settings(addresses), "utf-8")
    program = Path(sys.executable).with_name("zensical")
    done = subprocess.run([program, "build", "--strict", "--clean"], cwd=BUILD, check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
