"""The picture of the stages between a press and a pixel: one bar for each weight of page.

In tests/: ``python -m bench.trace_plot RESULTS --out FOLDER``, with the folder of the results of
``make bench LONG=1``.
"""

import argparse
import statistics
from collections.abc import Iterable
from pathlib import Path

from bench import plots, report, trace
from bench.table import Row, groups

NAME = "stages"
# From what happens outside the page (greys) to what is done to draw it.
_COLOURS = (
    *("#bdbdbd", "#969696", "#636363"),
    *("#e31a1c", "#fdbf6f", "#ff7f00"),
    *("#a6cee3", "#1f78b4", "#b2df8a", "#33a02c"),
)


def main() -> None:
    """Draw what a run has measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.trace_plot", description=__doc__)
    parser.add_argument("results", type=Path, help="the folder with the results of a run")
    parser.add_argument("--out", type=Path, required=True, help="where the picture goes")
    options = parser.parse_args()
    _, _, rows = report.read(options.results)
    for file in draw((row for row in rows if row.section == trace.SECTION), options.out):
        print(file)


def draw(rows: Iterable[Row], folder: Path) -> list[Path]:
    """Draw the medians of the stages, one after the other; return the files."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "gpiobridge"  # the same figures give the same file
    matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text
    import matplotlib.pyplot as plt

    bars = groups(row for row in rows if row.samples)
    figure, axes = plt.subplots(figsize=(9, 4.6), layout="constrained")
    for (_, page), stages in bars.items():
        left_ms = 0.0
        for row, colour in zip(stages, _COLOURS, strict=True):
            took_ms = statistics.median(row.samples)
            label = row.who if page == next(iter(bars))[1] else None
            axes.barh(page, took_ms, left=left_ms, color=colour, label=label, height=0.55)
            if took_ms >= 2:
                middle_ms = left_ms + took_ms / 2
                axes.text(middle_ms, page, f"{took_ms:.0f}", ha="center", va="center", fontsize=8)
            left_ms += took_ms
    axes.set(
        xlabel="ms after the press",
        title="A prerendered page, from the press to the pixel: medians of each stage",
    )
    axes.invert_yaxis()
    figure.legend(loc="outside lower center", ncols=2, fontsize=8)
    return plots.save(figure, folder, NAME)


if __name__ == "__main__":
    main()
