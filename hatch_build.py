"""What a build adds to the metadata of pyproject.toml: the README as an index shows it, and URLs.

hatchling calls it for each wheel, sdist and editable install. It reads `addresses.toml`. On a
package index a relative link leads nowhere. The README's links become absolute here, and stay
relative in the repository.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

# A fenced block, inline code, a picture with or without a still, a Markdown picture, a link.
TOKEN = re.compile(
    r"(?P<code>^```.*?^```$|`[^`\n]+`)"
    r"|(?P<picture><picture>.*?</picture>|<img\b[^>]*>)"
    r"|!\[(?P<alt>[^\]]*)\]\((?P<image>[^)\s]+)\)"
    r"|(?<!!)\[(?P<text>(?:[^\[\]]|`[^`]*`)*)\]\((?P<link>[^)\s]+)\)",
    re.MULTILINE | re.DOTALL,
)
SOURCE = re.compile(r'(?P<before>\b(?:src|srcset)=")(?P<path>[^"]+)')


def is_relative(path: str) -> bool:
    """Return whether a link leads to a file of the repository."""
    return not re.match(r"[a-z]+:|#", path)


def readme(text: str, repository: str) -> str:
    """Rewrite the README for a place outside the repository.

    Args:
        text: README.md.
        repository: its address. Empty: links become plain text, and pictures are left out.
    """
    files, raw = f"{repository}/blob/HEAD/", f"{repository}/raw/HEAD/"

    def source(found: re.Match[str]) -> str:
        return found["before"] + (raw if is_relative(found["path"]) else "") + found["path"]

    def rewrite(found: re.Match[str]) -> str:
        if found["code"]:
            return found[0]
        if found["picture"]:
            return SOURCE.sub(source, found[0]) if repository else ""
        path = found["link"] or found["image"]
        if not is_relative(path):
            return found[0]
        if found["image"]:
            return f"![{found['alt']}]({raw}{path})" if repository else ""
        return f"[{found['text']}]({files}{path})" if repository else found["text"]

    return TOKEN.sub(rewrite, text)


def urls(addresses: dict[str, str]) -> dict[str, str]:
    """Name the addresses that are filled in, by the labels that indexes know."""
    repository = addresses["repository"].rstrip("/")
    found = {
        "Documentation": addresses["site"],
        "Source": repository,
        "Changelog": repository and f"{repository}/blob/HEAD/CHANGELOG.md",
        "Contact": addresses["contact"],
    }
    return {label: url for label, url in found.items() if url.startswith(("https://", "http://"))}


class CustomMetadataHook(MetadataHookInterface):
    """Gives `readme` and `urls`, which pyproject.toml calls dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add both to the metadata."""
        root = Path(self.root)
        addresses = tomllib.loads((root / "addresses.toml").read_text("utf-8"))
        text = (root / "README.md").read_text("utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": readme(text, addresses["repository"].rstrip("/")),
        }
        metadata["urls"] = urls(addresses)
