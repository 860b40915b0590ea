"""Plots of a run, as PNG and as SVG. Without matplotlib there are none, and the report says so."""

import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.intervals import estimate
from bench.table import OURS, Row, groups

COLOURS = (
    "#1b9e77", "#d95f02", "#7570b3", "#e7298a", "#66a61e", "#e6ab02", "#a6761d", "#1f78b4",
)  # fmt: skip


def draw(rows: Iterable[Row], folder: Path) -> list[Path]:
    """Draw what a run has measured; return the files."""
    try:
        import matplotlib
    except ImportError:
        return []
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "gpiobridge"  # the same figures give the same file
    rows = [row for row in rows if row.samples]
    files = [*_last(rows, folder)]
    for number, ((section, what), group) in enumerate(groups(rows).items()):
        has_peers = any(not row.who.startswith(OURS) for row in group)
        if len(group) > 2 and has_peers and _wanted(section, what):
            files += _bars(section, what, group, folder, f"bars-{number:02}")
    return files


def _wanted(section: str, what: str) -> bool:
    return section != "From the event to the displays" or "1,000" in what or "only" in what


def _last(rows: list[Row], folder: Path) -> list[Path]:
    """The time to the last display, by how many there are."""
    import matplotlib.pyplot as plt

    series: dict[str, dict[int, Row]] = {}
    for row in rows:
        if row.what == "the event to the only display":
            series.setdefault(row.who, {})[1] = row
        elif row.what.startswith("the event to the last of "):
            count = int(row.what.split(" of ")[1].split()[0].replace(",", ""))
            series.setdefault(row.who, {})[count] = row
    if not series:
        return []
    figure, axes = plt.subplots(figsize=(8, 5.5), layout="constrained")
    for number, (who, points) in enumerate(series.items()):
        estimates = [estimate(points[count].samples) for count in sorted(points)]
        axes.errorbar(
            sorted(points),
            [it.median for it in estimates],
            yerr=[
                [it.median - it.low for it in estimates],
                [it.high - it.median for it in estimates],
            ],
            label=who,
            marker="o",
            markersize=4,
            linewidth=2.5 if who.startswith(OURS) else 1.2,
            linestyle="--" if who == "the limit" else "-",
            color="black" if who == "the limit" else COLOURS[number % len(COLOURS)],
        )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="displays",
        ylabel="ms from the event to the last display",
        title="One event to all displays: medians and 95 % intervals",
    )
    axes.grid(which="both", alpha=0.25)
    axes.legend(fontsize=8)
    return _save(figure, folder, "last")


def _bars(section: str, what: str, group: list[Row], folder: Path, name: str) -> list[Path]:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 0.8 + 0.42 * len(group)), layout="constrained")
    estimates = [estimate(row.samples) for row in group]
    axes.barh(
        [row.who for row in group],
        [it.median for it in estimates],
        xerr=[
            [it.median - it.low for it in estimates],
            [it.high - it.median for it in estimates],
        ],
        color=["#1b9e77" if row.who.startswith(OURS) else "#9a9a9a" for row in group],
        error_kw={"elinewidth": 1},
    )
    medians = [statistics.median(row.samples) for row in group]
    if min(medians) > 0 and max(medians) > 20 * min(medians):
        axes.set_xscale("log")
    axes.invert_yaxis()
    axes.set(xlabel=group[0].unit, title=what)
    axes.title.set_fontsize(10)
    axes.grid(axis="x", alpha=0.25)
    return _save(figure, folder, name)


def _save(figure: Any, folder: Path, name: str) -> list[Path]:
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.png", folder / f"{name}.svg"]
    for file in files:
        figure.savefig(file, dpi=110, metadata={"Date": None} if file.suffix == ".svg" else None)
    plt.close(figure)
    return files
