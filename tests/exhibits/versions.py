"""The exhibits that are kept: a folder ``<major>.<minor>`` for each release that added some.

An exhibit stays as it was written. Next to the exhibits lies that release's ``client.js``.
"""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.bridge_process import BridgeProcess

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CLIENT = ROOT / "gpiobridge" / "routes" / "assets" / "client.js"
VERSIONS = sorted(
    (folder for folder in HERE.glob("[0-9]*.[0-9]*") if folder.is_dir()),
    key=lambda folder: [int(part) for part in folder.name.split(".")],
)

RunVersion = Callable[..., BridgeProcess]  # the fixture `run_version`


@dataclass(frozen=True)
class Exhibit:
    """One exhibit, as it was written.

    Args:
        folder: where it is kept.
    """

    folder: Path

    def __str__(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"

    @cached_property
    def story(self) -> dict[str, Any]:
        """What it does, from its ``story.toml``."""
        return tomllib.loads((self.folder / "story.toml").read_text())

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The steps of its story."""
        steps: list[dict[str, Any]] = self.story["step"]
        return steps

    @property
    def servers(self) -> list[str]:
        """The commands that serve it; an empty one is ``gpiobridge run``."""
        return self.story.get("serve", [""])

    def texts(self) -> list[str]:
        """Everything that its author wrote, file by file, but the story."""
        return [
            path.read_text()
            for path in sorted(self.folder.rglob("*"))
            if path.suffix in (".toml", ".html", ".js", ".css", ".py") and path.name != "story.toml"
        ]


EXHIBITS = [
    Exhibit(story.parent) for version in VERSIONS for story in sorted(version.glob("*/story.toml"))
]
