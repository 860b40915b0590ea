"""Plots of a run, as PNG and as SVG. Without matplotlib there are none."""

import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.intervals import Estimate, estimate, ratio
from bench.rows_broadcast import LAST, ONLY, SECTION
from bench.table import LIMIT, OURS, Row, groups

LIMIT_COLOUR = "black"
OUR_COLOURS = ("#00695c", "#26a69a", "#80cbc4")
PEER_COLOURS = ("#d95f02", "#7570b3", "#e7298a", "#1f78b4", "#a6761d", "#e31a1c", "#666666")


def draw(rows: Iterable[Row], folder: Path) -> list[Path]:
    """Draw what a run has measured; return the files."""
    try:
        import matplotlib
    except ImportError:
        return []
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "gpiobridge"  # the same figures give the same file
    matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text
    rows = [row for row in rows if row.samples]
    files = [*_last(rows, folder), *_ratios(rows, folder)]
    for number, ((section, what), group) in enumerate(groups(rows).items()):
        has_peers = any(not row.who.startswith(OURS) for row in group)
        if len(group) > 2 and has_peers and _wanted(section, what):
            files += _bars(section, what, group, folder, f"bars-{number:02}")
    return files


def _wanted(section: str, what: str) -> bool:
    return section != SECTION or "1,000" in what or "only" in what


def _by_displays(rows: list[Row]) -> dict[str, dict[int, Row]]:
    """The rows to the last display: by contender, then by the number of displays."""
    series: dict[str, dict[int, Row]] = {}
    for row in rows:
        if row.what == ONLY:
            series.setdefault(row.who, {})[1] = row
        elif row.what.startswith(LAST):
            count = int(row.what.removeprefix(LAST).split()[0].replace(",", ""))
            series.setdefault(row.who, {})[count] = row
    return series


def _last(rows: list[Row], folder: Path) -> list[Path]:
    """The time to the last display, by how many there are."""
    series = {
        who: {count: estimate(row.samples) for count, row in points.items()}
        for who, points in _by_displays(rows).items()
    }
    return _lines(
        series, folder, "last", "log", "ms from the event to the last display",
        "One event to all displays: medians and 95 % intervals",
    )  # fmt: skip


def _ratios(rows: list[Row], folder: Path) -> list[Path]:
    """The same as multiples of the limit."""
    every = _by_displays(rows)
    limit = every.pop(LIMIT, {})
    series: dict[str, dict[int, Estimate]] = {}
    for who, points in every.items():
        for count, row in points.items():
            if count in limit and (found := ratio(row.samples, limit[count].samples)):
                series.setdefault(who, {})[count] = found
    return _lines(
        series, folder, "ratios", "log", "times the limit",
        "The last display, as a multiple of bare sends: medians and 95 % intervals",
    )  # fmt: skip


def _lines(
    series: dict[str, dict[int, Estimate]],
    folder: Path,
    name: str,
    scale: str,
    label: str,
    title: str,
) -> list[Path]:
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FuncFormatter, NullFormatter

    if not series:
        return []
    figure, axes = plt.subplots(figsize=(8, 5.5), layout="constrained")
    counts = sorted({count for points in series.values() for count in points})
    for who, points in series.items():
        estimates = [points[count] for count in sorted(points)]
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
            linestyle="--" if who == LIMIT else "-",
            color=_colour(who, list(series)),
            elinewidth=1,
        )
    axes.set(xscale="log", yscale=scale, xlabel="displays", ylabel=label, title=title)
    axes.set_xticks(counts, [f"{count:,}" for count in counts])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(which="both", alpha=0.25)
    axes.legend(fontsize=8)
    return save(figure, folder, name)


def _colour(who: str, all_of_them: list[str]) -> str:
    """Ours are green, the limit is black, and each peer has a colour of its own."""
    if who == LIMIT:
        return LIMIT_COLOUR
    own = [one for one in all_of_them if one.startswith(OURS)]
    peers = [one for one in all_of_them if one not in own and one != LIMIT]
    colours, names = (OUR_COLOURS, own) if who in own else (PEER_COLOURS, peers)
    return colours[names.index(who) % len(colours)]


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
        color=[
            OUR_COLOURS[1]
            if row.who.startswith(OURS)
            else LIMIT_COLOUR
            if row.who == row.base
            else "#a0a0a0"
            for row in group
        ],
        error_kw={"elinewidth": 1},
    )
    medians = [statistics.median(row.samples) for row in group]
    if min(medians) > 0 and max(medians) > 20 * min(medians):
        axes.set_xscale("log")
    axes.invert_yaxis()
    axes.set(xlabel=group[0].unit, title=what)
    axes.title.set_fontsize(10)
    axes.grid(axis="x", alpha=0.25)
    return save(figure, folder, name)


def save(figure: Any, folder: Path, name: str) -> list[Path]:
    """Write a figure as PNG and as SVG, and return the files."""
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.png", folder / f"{name}.svg"]
    for file in files:
        figure.savefig(file, dpi=110, metadata={"Date": None} if file.suffix == ".svg" else None)
    plt.close(figure)
    return files
