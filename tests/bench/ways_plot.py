"""The picture and the table of docs/pixels.md: press to pixel for each way of showing a page.

In tests/: ``python -m bench.ways_plot ../build/bench``, after ``make bench LONG=1``. It writes the
table into the page, and ``ways.svg`` beside it.
"""

import argparse
import statistics
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from bench import plots, report, rows_screen
from bench.intervals import ratio
from bench.rows_screen import BASE, HURRIED, SECTION, WORDS
from bench.table import Row

NAME = "ways"
PAGE = Path(__file__).parents[2] / "docs" / "pixels.md"
BEGIN, END = "<!-- ways: begin -->\n", "<!-- ways: end -->\n"
"""Between these lines of the page stands the table of the last published run."""

NOTICED_MS = 54
"""The shortest delay that people notice, a median of 34 to 137 ms: V. Forch and others, "Are 100 ms
Fast Enough? Characterizing Latency Perception Thresholds in Mouse-Based Interaction", 2017."""

# Told apart on white and on black; text and lines are of a grey that is legible on both.
_OURS, _OTHERS, _TEXT = "#1b9e77", "#9a9a9a", "#7b7b7b"

Found = dict[str, dict[str, Row]]
"""The rows of a table by way, and the tables by name."""


def main() -> None:
    """Draw what a run has measured, and print its table."""
    parser = argparse.ArgumentParser(prog="python -m bench.ways_plot", description=__doc__)
    parser.add_argument("results", type=Path, help="the folder with the results of a run")
    parser.add_argument("--page", type=Path, default=PAGE, help="into which the table goes")
    options = parser.parse_args()
    page: Path = options.page
    _, _, rows = report.read(options.results)
    found = tables(rows)
    before, _, rest = page.read_text().partition(BEGIN)
    _, is_there, after = rest.partition(END)
    if not is_there:
        parser.error(f"{page} has no lines {BEGIN.strip()} and {END.strip()}")
    table = "\n".join(markdown(found))
    page.write_text(f"{before}{BEGIN}\n{table}\n\n{END}{after}")
    for file in (page, *draw(found, page.with_suffix(""))):
        print(file)


def tables(rows: Iterable[Row]) -> Found:
    """Sort the rows of pixels by their table and their way."""
    found: Found = {}
    for row in rows:
        if row.section == SECTION and row.samples:
            found.setdefault(row.what, {})[row.who] = row
    return found


def markdown(found: Found) -> Iterator[str]:
    """Make a table with a line for each way in each browser."""
    heads = ["", "light", "heavy", "÷ plain", "every 0.3 s", "late picture", "web font"]
    yield "| " + " | ".join(heads) + " |"
    yield "|---|" + "---:|" * (len(heads) - 1)
    for browser in _browsers(found):
        for way in WORDS.values():
            heavy = found.get(_name(browser, "heavy"), {}).get(way)
            if heavy is None:
                continue
            base = found[_name(browser, "heavy")].get(BASE)
            compared = ratio(heavy.samples, base.samples) if base and base is not heavy else None
            cells = [
                _cell(found, _name(browser, "light"), way),
                _cell(found, _name(browser, "heavy"), way),
                f"{compared.median:.2f}" if compared else "",
                _cell(found, _name(browser, "heavy") + HURRIED, way),
                _cell(found, _name(browser, "late", "picture"), way),
                _cell(found, _name(browser, "font", "picture"), way),
            ]
            yield f"| {browser}, {way} | " + " | ".join(cells) + " |"


def draw(found: Found, folder: Path) -> list[Path]:
    """Draw the heavy page: a bar for each way in each browser; return the files."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "gpiobridge"  # the same figures give the same file
    matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text
    import matplotlib.pyplot as plt

    bars: list[tuple[str, Row] | None] = []
    for browser in _browsers(found):
        bars += [None] if bars else []
        ways = found[_name(browser, "heavy")]
        bars += [(f"{browser}, {way}", ways[way]) for way in WORDS.values() if way in ways]
    figure, axes = plt.subplots(figsize=(9, 0.9 + 0.34 * len(bars)), layout="constrained")
    for place, bar in enumerate(bars):
        if bar is None:
            continue
        median_ms = statistics.median(bar[1].samples)
        low_ms, high_ms = middle_half(bar[1].samples)
        colour = _OURS if bar[1].who.startswith("stage") else _OTHERS
        axes.barh(place, median_ms, color=colour, height=0.7)
        axes.hlines(place, low_ms, high_ms, color=_TEXT, linewidth=1.5)
        axes.text(high_ms + 2, place, f"{median_ms:.0f} ms", color=_TEXT, va="center", fontsize=9)
    axes.axvline(NOTICED_MS, color="#d95f02", linewidth=1.5, linestyle="--")
    axes.text(
        NOTICED_MS + 2, -0.9, f"the shortest delay that people notice: {NOTICED_MS} ms, median",
        color="#d95f02", fontsize=9, va="center",
    )  # fmt: skip
    axes.set_yticks(
        [place for place, bar in enumerate(bars) if bar],
        [bar[0] for bar in bars if bar],
        color=_TEXT,
    )
    axes.set_xlabel("ms from the press to the first pixel of a heavy page", color=_TEXT)
    axes.tick_params(colors=_TEXT, length=0)
    axes.set_ylim(len(bars) - 0.4, -1.4)
    for side in axes.spines.values():
        side.set_visible(False)
    figure.patch.set_alpha(0)
    axes.patch.set_alpha(0)
    return plots.save(figure, folder, NAME)


def middle_half(samples: Iterable[float]) -> tuple[float, float]:
    """Return the quartiles between which half of the samples lie."""
    samples = sorted(samples)
    if len(samples) < 2:
        return samples[0], samples[-1]
    low, _, high = statistics.quantiles(samples, n=4, method="inclusive")
    return low, high


def _browsers(found: Mapping[str, object]) -> list[str]:
    heavy = [name for name in found if name == _name(name.partition(":")[0], "heavy")]
    return [name.partition(":")[0] for name in heavy]


def _name(browser: str, weight: str, point: str = "first pixel") -> str:
    return rows_screen.what(browser, weight, point)


def _cell(found: Found, name: str, way: str) -> str:
    row = found.get(name, {}).get(way)
    if row is None:
        return ""
    low, high = middle_half(row.samples)
    return f"{statistics.median(row.samples):.0f} ms ({low:.0f} to {high:.0f})"


if __name__ == "__main__":
    main()
