"""docs/design.md: the places for a new line are there, and each walk goes as it says."""

import ast
import re
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "gpiobridge"
DESIGN = (ROOT / "docs" / "design.md").read_text("utf-8")
WALKS = re.findall(r"^### (An? [a-z]+).*?\n(\|.*?)\n\n", DESIGN, re.M | re.S)
PLACES = re.findall(
    r"`([\w/]+(?:\.py|\.js|/))`",
    DESIGN.partition("Where does a line belong?")[2].partition("##")[0],
)
ROW = re.compile(r"\| `([^`]+)` \| `([^`]+)` \| .+? \| (.+?) \|$")


class Step(NamedTuple):
    """A row of a walk."""

    file: str
    name: str
    hands_on: str


def steps(table: str) -> list[Step]:
    """Read a walk's table."""
    rows = table.splitlines()[2:]
    read = [ROW.match(row) for row in rows]
    assert all(read), rows
    return [Step(*match.groups()) for match in read if match]


def function(step: Step) -> ast.AST:
    """Find the function, or the class, that a step names."""
    node: ast.AST = ast.parse((PACKAGE / step.file).read_text("utf-8"))
    for name in step.name.split("."):
        found = [
            child
            for child in ast.walk(node)
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)) and child.name == name
        ]
        assert found, f"{step.file} has no {step.name}"
        node = found[0]
    return node


def names_in(node: ast.AST) -> set[str]:
    """List the names that a function uses."""
    return {
        each.id if isinstance(each, ast.Name) else each.attr
        for each in ast.walk(node)
        if isinstance(each, (ast.Name, ast.Attribute))
    }


def in_script(step: Step) -> bool:
    """Whether a script has a function or a method of this name."""
    text = (PACKAGE / step.file).read_text("utf-8")
    return bool(re.search(rf"(?:\bfunction |^  (?:async )?){step.name}\(.*\{{$", text, re.M))


def test_a_new_line_has_a_place() -> None:
    """Each file and folder in which the table says that a line belongs is there."""
    there = {place for place in PLACES for at in (PACKAGE, ROOT) if (at / place).exists()}
    assert there
    assert there == set(PLACES)


def test_there_are_eight_walks() -> None:
    """A press, a lamp, a swap, a request, a socket, a message, a figure, an installation."""
    assert [name for name, _ in WALKS] == [
        "A press", "A lamp", "A swap", "A request", "A socket", "A message", "A figure",
        "An installation",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "table"), WALKS, ids=[name for name, _ in WALKS])
def test_each_function_is_there(name: str, table: str) -> None:
    """Every step of a walk names a file and a function of it."""
    for step in steps(table):
        if step.file.endswith(".js"):
            assert in_script(step), step
        else:
            function(step)


@pytest.mark.parametrize(("name", "table"), WALKS, ids=[name for name, _ in WALKS])
def test_each_function_hands_on_to_the_next(name: str, table: str) -> None:
    """What "calls" the next one names it; the others say by what they hand on."""
    walk = steps(table)
    for step, following in pairwise(walk):
        if step.hands_on == "calls":
            called = following.name.rpartition(".")[2]
            called = following.name.split(".")[-2] if called == "__init__" else called
            assert called in names_in(function(step)), f"{step} doesn't call {following.name}"
        else:
            assert step.hands_on.startswith("by "), step
    assert walk[-1].hands_on.startswith("to "), walk[-1]
