"""``/gpiobridge/latency``: how long presses took to their pages, for ``gpiobridge latency``.

The answer is about the newest presses only, so it says how the exhibit is now. Any HTTP thread.
"""

from collections import defaultdict
from collections.abc import Sequence
from math import ceil
from typing import Any

from gpiobridge.displays.journey import Stages
from gpiobridge.loop.counts import Counts


def latency(counts: Counts) -> dict[str, Any]:
    """Return what the API says; times are in milliseconds, and null where nothing was measured."""
    recent = counts.recent.copy()  # the watcher's thread adds to it
    totals = [stages.total for _, stages in recent]
    of_display: defaultdict[str, list[float]] = defaultdict(list)
    for (name, _), total in zip(recent, totals, strict=True):
        of_display[name].append(total)
    return {
        "count": len(recent),
        **_percentiles(totals),
        "not_shown": counts.not_shown,
        "stages": {
            stage: _percentiles([stages[index] for _, stages in recent])
            for index, stage in enumerate(Stages._fields)
        },
        "displays": {
            name: {"count": len(own), **_percentiles(own)}
            for name, own in sorted(of_display.items())
            if name
        },
    }


def _percentiles(durations_s: Sequence[float]) -> dict[str, float | None]:
    ordered = sorted(durations_s)
    return {name: _nearest(ordered, share) for name, share in (("p50", 0.5), ("p95", 0.95))}


def _nearest(ordered: Sequence[float], share: float) -> float | None:
    """Return the smallest duration that so many are not above, in milliseconds."""
    if not ordered:
        return None
    return round(1000 * ordered[ceil(share * len(ordered)) - 1], 1)
