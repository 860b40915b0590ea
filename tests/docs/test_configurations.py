"""Every block of config.toml in README and docs/ is right: `gpiobridge check` says so."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documents import Block, blocks

BLOCKS = blocks("toml")
FRAGMENT = "# part of config.toml\n"  # the first line of a block that isn't a whole file
RULES = ("on_", "while_")


def is_whole(text: str) -> bool:
    """Whether a block can be a configuration as it is: it has pins and pages."""
    tables = tomllib.loads(text)
    return not text.startswith(FRAGMENT) and "pins" in tables and "pages" in tables


def rules(page: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """List the pins and the targets of a page's rules."""
    for key, value in page.items():
        if key.startswith(RULES):
            for pin, target in value.items():
                yield pin, target.get("to", False) if isinstance(target, dict) else target
        elif key == "idle" and value:
            yield from ((pin, value["to"]) for pin in value.get("pins", ()))
            yield ("", value["to"])


def completed(text: str) -> str:
    """Complete a fragment: the pins and pages that it means, or any if it means none."""
    tables = tomllib.loads(text)
    pins, pages = tables.get("pins", {}), tables.get("pages", {})
    meant = [
        rule for page in (*pages.values(), tables.get("every_page", {})) for rule in rules(page)
    ]
    more = ""
    wired = {pin for pin, _ in meant if pin} | {
        output["follows"]
        for output in tables.get("outputs", {}).values()
        if isinstance(output, dict) and "follows" in output
    }
    for pin in sorted(wired - set(pins)):
        more += f'[pins.{pin}]\nsource = "http"\n'
    if not pins and not more:
        more += '[pins.some]\nsource = "http"\n'
    wanted = {page for _, page in meant if isinstance(page, str)}
    wanted |= {tables.get("server", {}).get("start", "some")}
    for page in sorted(wanted - set(pages)):
        more += f"[pages.{page}]\n"
    return f"{text}\n{more}"


def check(folder: Path, text: str) -> str:
    """Run `check` on a configuration whose files are all there; return what it says."""
    config = folder / "config.toml"
    config.write_text(text, "utf-8")
    (folder / "templates").mkdir()
    for name, page in tomllib.loads(text)["pages"].items():
        template = folder / "templates" / page.get("template", f"{name}.html")
        template.write_text("<!doctype html><title>x</title><h1>x</h1>", "utf-8")
    for sound in tomllib.loads(text).get("sounds", {}).values():
        file = folder / sound["file"]
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x")
    done = subprocess.run(
        [sys.executable, "-m", "gpiobridge", "check"],
        cwd=folder, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_check_has_no_complaint(block: Block, tmp_path: Path) -> None:
    """A whole one as printed, without a warning; a fragment with the pins and pages it means."""
    if is_whole(block.text):
        assert check(tmp_path, block.text) == ""
    else:
        check(tmp_path, completed(block.text))


def test_there_are_whole_ones_and_fragments() -> None:
    """The README's is whole; what is only part of a file says so in its first line."""
    assert {block.page for block in BLOCKS if is_whole(block.text)} >= {
        "README.md", "docs/first-exhibit.md",
    }  # fmt: skip
    assert [block for block in BLOCKS if block.text.startswith(FRAGMENT)]
