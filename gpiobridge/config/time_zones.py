"""Time zones by their names in the IANA database. Any thread."""

import zoneinfo
from datetime import tzinfo

from gpiobridge.config.words import nearest

_NO_DATA = (
    "this system has no list of time zones; install it by `sudo apt install tzdata`, or leave the "
    "key out for the system's own time zone"
)


def read_zone(name: str) -> str:
    """Check a name such as `Europe/Berlin`.

    Raises:
        ValueError: there is no such time zone. The message has the reason and a remedy.
    """
    try:
        zone_of(name)
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        known = zoneinfo.available_timezones()
        if not known:
            raise ValueError(_NO_DATA) from None
        by_city = {zone.rpartition("/")[2].lower(): zone for zone in known if "/" in zone}
        close = by_city.get(name.strip().lower().replace(" ", "_")) or nearest(name, known)
        remedy = f"did you mean {close}?" if close else 'write it like "Europe/Berlin"'
        raise ValueError(f"there is no such time zone; {remedy}") from None
    return name


def zone_of(name: str) -> tzinfo | None:
    """Give a time zone.

    Args:
        name: its name; empty for the system's own.

    Returns:
        None for the system's own, as `datetime` takes it.

    Raises:
        ValueError: there is no such time zone (or an `OSError`, or `ZoneInfoNotFoundError`).
    """
    return zoneinfo.ZoneInfo(name) if name else None
