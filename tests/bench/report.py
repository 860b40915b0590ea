"""What a run leaves behind: results as JSON, the tables in Markdown, and plots."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from bench import plots
from bench.table import Row, from_json, markdown, text

RESULTS = "results.json"
TABLES = "tables.md"

WRONG = """\
How this may be wrong:

- Servers and client share one machine, and frames go over loopback: there is no network, no
  browser, and no other load. Read ratios, not times; they hold for this kind of machine.
- The servers share one core and the client has the other one, so a server that could use several
  cores can't show it. The Python servers and Node could hardly do so with one process.
- The client is the same for all, and doesn't decode frames; a browser does much more for each.
  The lines "client" above say how far behind the kernel it reads.
- All servers run all the time. While one is measured the others sleep, but they may wake for their
  own timers, and they share caches and memory.
- An event is a datagram, for mosquitto a published message. gpiobridge's edge goes the way of a
  simulated pin (debounce 0 ms), then to its watcher's thread; the others have no pin and no rules,
  and most send from the thread that gets the datagram. So theirs is the shorter way.
- Each contender is what its documentation recommends, as we read it. Its experts may know better.
- Samples are medians of a few events of one turn. Intervals are bootstrap intervals of medians over
  rounds of this run; they don't say how much another run differs.
- Memory of a display is the growth of PSS between two numbers of displays. It includes what a
  server allocates once in between, and pages that two processes no longer share.
"""


def write(
    folder: Path, facts: dict[str, str], failures: list[str], rows: Iterable[Row]
) -> list[Path]:
    """Write everything into a folder; return the files."""
    rows = list(rows)
    folder.mkdir(parents=True, exist_ok=True)
    data = {"facts": facts, "failures": failures, "rows": [row.as_json() for row in rows]}
    (folder / RESULTS).write_text(json.dumps(data, indent=1) + "\n")
    heads = "\n".join(f"- {name}: {fact}" for name, fact in facts.items())
    (folder / TABLES).write_text(f"{heads}\n\n{markdown(rows)}")
    return [folder / RESULTS, folder / TABLES, *plots.draw(rows, folder)]


def read(folder: Path) -> tuple[dict[str, str], list[str], list[Row]]:
    """The facts, the failures and the rows of a run."""
    data = json.loads((folder / RESULTS).read_text())
    return data["facts"], data["failures"], [from_json(row) for row in data["rows"]]


BEGIN, END = "<!-- make bench LONG=1: begin -->\n", "<!-- make bench LONG=1: end -->\n"
"""Between these lines of docs/measurements.md stands the last published run."""

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
    heads = "\n".join(f"- {name}: {fact}" for name, fact in facts.items())
    failed = "\n".join(f"- {failure}" for failure in failures) or "- nothing"
    made = f"{heads}\n\n{markdown(rows)}\nWhat failed or was left out:\n\n{failed}\n"
    before, _, rest = page.read_text().partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"{page.name} has no lines {BEGIN.strip()} and {END.strip()}")
    page.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}")


def shown(facts: dict[str, str], failures: list[str], rows: Iterable[Row]) -> str:
    """The whole report for a terminal."""
    heads = "\n".join(f"- {name}: {fact}" for name, fact in facts.items())
    failed = "\n".join(f"- {failure}" for failure in failures) or "- nothing"
    return f"{heads}\n\n{text(rows)}\nWhat failed or was left out:\n\n{failed}\n\n{WRONG}"
