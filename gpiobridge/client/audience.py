"""Which displays a request to a bridge is for. It imports nothing of the project; any thread."""

from typing import NamedTuple


class Audience(NamedTuple):
    """Some of a bridge's displays, in the words of its API; what is None leaves nobody out.

    Args:
        page: only displays on this page.
        display: only displays of this name.
        exclude: no display of this name.
    """

    page: str | None = None
    display: str | None = None
    exclude: str | None = None


EVERYONE = Audience()
