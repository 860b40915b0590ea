"""docs/latency.md: its picture and its table have the figures that were measured."""

import re
import runpy
import xml.etree.ElementTree as ElementTree

from documents import ROOT

DOCS = ROOT / "docs"
FOLDER = DOCS / "latency"
DRAW = runpy.run_path(str(FOLDER / "draw.py"))
PICTURE = (FOLDER / "press-to-photon.svg").read_text("utf-8")
ROW = re.compile(r"^\| (plain|prefetched|prerendered[^|]*) \| (.+) \|$", re.MULTILINE)


def test_the_picture_is_what_the_script_draws() -> None:
    """`python docs/latency/draw.py` was run after its last change."""
    assert DRAW["picture"]() == PICTURE


def test_the_picture_stands_alone() -> None:
    """It is valid, has a text for those who can't see it, and is dark where the reader is."""
    picture = ElementTree.fromstring(PICTURE)
    assert picture.get("role") == "img"
    assert "plain" in picture.attrib["aria-label"]
    assert "prefers-color-scheme: dark" in PICTURE


def test_the_table_has_the_same_figures() -> None:
    """Each stage's p50, in the order of the stages."""
    rows = dict(ROW.findall((DOCS / "latency.md").read_text("utf-8")))
    assert rows.keys() == DRAW["FIGURES"].keys()
    for kind, row in rows.items():
        told = DRAW["FIGURES"][kind]
        stages = [told["stages"][stage]["p50"] for stage in DRAW["STAGES"]]
        assert [float(cell) for cell in row.split(" | ")] == [*stages, told["p50"], told["p95"]]
