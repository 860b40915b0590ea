"""What `gpiobridge hours` says of a running exhibit, from its `/healthz`. Pure; any thread."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gpiobridge.config.opening_times import DAYS

_NONE = "there are no opening hours: the exhibit is always open; [hours] in config.toml sets them"


def hours_report(hours: Mapping[str, Any] | None) -> str:
    """Write it as sentences, one a line.

    Args:
        hours: the key `hours` of `/healthz`; None: the configuration has none.
    """
    if hours is None:
        return _NONE
    lines = []
    if hours["state"] is not None:
        lines.append(_line("the exhibit", hours))
    lines += [_line(f'display "{name}"', each) for name, each in hours["displays"].items()]
    screens = hours.get("screens", {})  # an older bridge has none
    for name, each in screens.items():
        who = "the screen" if len(screens) == 1 else "every other screen"
        if name:
            who = f'the screen of display "{name}"'
        if each["awake_until"] is not None:
            lines.append(f"{who} is awake until {_shown(each['awake_until'])}")
        elif each["screen"] == "off":
            lines.append(f"{who} is off")
    if hours["overruled_until"] is not None:
        lines.append(f"the opening hours are overruled until {_shown(hours['overruled_until'])}")
    return "\n".join(lines)


def _line(who: str, status: Mapping[str, Any]) -> str:
    if status["state"] == "unknown":
        return f"{who} is as if it were open: nobody has set the clock of its machine yet"
    until = "" if status["next"] is None else f" until {_shown(status['next'])}"
    return f"{who} is {status['state']}{until}"


def _shown(moment: str) -> str:
    local = datetime.fromisoformat(moment)
    return f"{DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M}"
