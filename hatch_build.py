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


def read_addresses(file: Path) -> dict[str, str]:
    """Read the addresses, without a slash or `.git` at the repository's end.

    Raises:
        SystemExit: one of them can't be used; its sentence is all that a build prints.
    """
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise SystemExit(f"{file}: there is no such file; take that of the repository") from None
    except ValueError as error:  # no TOML, or no UTF-8
        raise SystemExit(f"{file}: {error}; write each address in straight quotes") from None
    addresses: dict[str, str] = {}
    for name in ("repository", "site", "contact"):
        value = found.get(name)
        if not isinstance(value, str):
            raise SystemExit(f'{file}: has no text for {name}; write {name} = "" for none')
        value = value.strip()
        is_mail = name == "contact" and re.fullmatch(r"(mailto:)?[^\s@/]+@[^\s@/]+", value)
        if value and not is_mail and not re.fullmatch(r"https?://[^\s/]+\S*", value):
            example = f"https://forge.example/{name}"
            raise SystemExit(f'{file}: {name} = "{value}": write it like "{example}"')
        addresses[name] = value
    addresses["repository"] = addresses["repository"].rstrip("/").removesuffix(".git")
    return addresses


def urls(addresses: dict[str, str]) -> dict[str, str]:
    """Name the addresses that are filled in, by the labels that indexes know."""
    repository = addresses["repository"]
    found = {
        "Documentation": addresses["site"],
        "Source": repository,
        "Changelog": repository and f"{repository}/blob/HEAD/CHANGELOG.md",
        "Contact": addresses["contact"],
    }
    # A mail address is no link that an index shows.
    return {label: url for label, url in found.items() if url.startswith(("https://", "http://"))}


class CustomMetadataHook(MetadataHookInterface):
    """Gives `readme` and `urls`, which pyproject.toml calls dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add both to the metadata."""
        root = Path(self.root)
        addresses = read_addresses(root / "addresses.toml")
        text = (root / "README.md").read_text("utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": readme(text, addresses["repository"]),
        }
        metadata["urls"] = urls(addresses)
