"""What a run leaves behind: results as JSON, the tables in Markdown, and plots."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from bench import plots
from bench.table import Row, from_json, markdown, text

RESULTS = "results.json"
TABLES = "tables.md"


def write(
    folder: Path, facts: dict[str, str], failures: list[str], rows: Iterable[Row]
) -> list[Path]:
    """Write everything into a folder; return the files."""
    rows = list(rows)
    folder.mkdir(parents=True, exist_ok=True)
    data = {"facts": facts, "failures": failures, "rows": [row.as_json() for row in rows]}
    (folder / RESULTS).write_text(json.dumps(data, indent=1) + "\n")
    (folder / TABLES).write_text(f"{_heads(facts)}\n{markdown(rows)}")
    return [folder / RESULTS, folder / TABLES, *plots.draw(rows, folder)]


def read(folder: Path) -> tuple[dict[str, str], list[str], list[Row]]:
    """The facts, the failures and the rows of a run."""
    data = json.loads((folder / RESULTS).read_text())
    return data["facts"], data["failures"], [from_json(row) for row in data["rows"]]


BEGIN, END = "<!-- make bench LONG=1: begin -->\n", "<!-- make bench LONG=1: end -->\n"
"""Between these lines of docs/measurements.md stands the last published run."""

DOUBTS = "How this may be wrong:\n"
"""From this line to `BEGIN` the page says what speaks against the figures."""

PUBLISHED = ("last", "ratios")
"""The plots that stand on the page."""


def publish(run: Path, page: Path) -> None:
    """Put the tables of a run into the documentation, and its plots beside it.

    Args:
        run: the folder of the run.
        page: docs/measurements.md; its plots lie in the folder of the same name.
    """
    facts, failures, rows = read(run)
    folder = page.with_suffix("")
    folder.mkdir(exist_ok=True)
    for name in PUBLISHED:
        for file in run.glob(f"{name}.*"):
            shutil.copy(file, folder / file.name)
    made = "\n".join([_heads(facts), markdown(rows), _failed(failures)])
    before, _, rest = page.read_text().partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"{page.name} has no lines {BEGIN.strip()} and {END.strip()}")
    page.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}")


def shown(facts: dict[str, str], failures: list[str], rows: Iterable[Row], page: Path) -> str:
    """The whole report for a terminal; ``page`` is docs/measurements.md."""
    ends = _failed(failures), _how_it_may_be_wrong(page)
    return "\n".join([_heads(facts), text(rows), *ends])


def _heads(facts: dict[str, str]) -> str:
    return "".join(f"- {name}: {fact}\n" for name, fact in facts.items())


def _failed(failures: list[str]) -> str:
    sentences = "".join(f"- {failure}\n" for failure in failures) or "- nothing\n"
    return f"What failed or was left out:\n\n{sentences}"


def _how_it_may_be_wrong(page: Path) -> str:
    """What the documentation says of it, so that it is written once."""
    _, title, rest = page.read_text().partition(BEGIN)[0].partition(DOUBTS)
    return f"{title}{rest}".rstrip() + "\n"
