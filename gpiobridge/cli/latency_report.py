"""What `latency` prints: from the press to the page, and a bar for each stage. Pure; any thread."""

from collections.abc import Mapping
from typing import Any

from gpiobridge.cli.table import table

_WIDTH = 30  # of all bars together, in characters
_MEANS = {
    "debounce": "the level must hold",
    "dwell": "it must last, by dwell or cooldown",
    "wake_up": "the watcher's turn",
    "send": "its frame goes out",
    "navigation": "the next page comes",
    "paint": "it is painted",
}


def latency_report(told: Mapping[str, Any]) -> str:
    """Write what a bridge has measured, for a person.

    Args:
        told: the bridge's answer, as `client.asking.latency` returns it.
    """
    missed = _missed(told["not_shown"])
    if not told["count"]:
        return (
            "no press has led a page to the screen since the bridge was started; press, and ask "
            f"again{missed}"
        )
    heads = ("stage", "p50", "p95", "where the time goes", "")
    p50, p95 = _ms(told["p50"]), _ms(told["p95"])
    lines = [
        f"press to shown: p50 {p50}, p95 {p95}, of {told['count']}{missed}",
        "",
        table(heads, _rows(told["stages"])),
    ]
    if told["displays"]:
        rows = [
            (name, _ms(each["p50"]), _ms(each["p95"]), str(each["count"]))
            for name, each in told["displays"].items()
        ]
        lines += ["", table(("display", "p50", "p95", "presses"), rows)]
    return "\n".join(lines)


def _rows(stages: Mapping[str, Mapping[str, float]]) -> list[tuple[str, ...]]:
    """A row for each stage; its bar begins where the one before ends."""
    whole = sum(each["p50"] for each in stages.values()) or 1.0
    rows: list[tuple[str, ...]] = []
    begun = 0.0
    # JSON keeps no order; a newer bridge may have more stages, and one of before 0.5 has no dwell.
    names = (*_MEANS, *(name for name in stages if name not in _MEANS))
    for name in (name for name in names if name in stages):
        each = stages[name]
        if name == "dwell" and not each["p95"]:  # most exhibits have none
            continue
        ended = begun + each["p50"]
        first, last = (round(_WIDTH * at / whole) for at in (begun, ended))
        first = min(first, _WIDTH - 1)  # even a stage that takes no time has a mark
        bar = " " * first + "#" * max(1, last - first)
        shown = name.replace("_", "-")
        rows.append((shown, _ms(each["p50"]), _ms(each["p95"]), bar, _MEANS.get(name, "")))
        begun = ended
    return rows


def _ms(value: float) -> str:
    return f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"


def _missed(count: int) -> str:
    if not count:
        return ""
    displays = "1 display has" if count == 1 else f"{count} displays have"
    return f"; {displays} shown nothing within 10 s (the log says which)"
