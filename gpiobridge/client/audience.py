"""Which displays a request to a bridge is for. It imports nothing from the project; any thread."""

from typing import NamedTuple


class Audience(NamedTuple):
    """Some displays of a bridge, in the words of its API; what is None leaves no display out.

    Args:
        page: only displays on this page.
        display: only displays of this name.
        exclude: no display of this name.
        group: only displays of this group.
    """

    page: str | None = None
    display: str | None = None
    exclude: str | None = None
    group: str | None = None


EVERYONE = Audience()
