"""What a page has acted on, as a client keeps it from socket to socket.

Pure: frames in, the next socket's query out. ``routes/assets/client.js`` does the same, with
variables of the same names. Change both.
"""

from typing import Any

from gpiobridge.core import wire


class Cursors:
    """What one page has acted on.

    Args:
        cursors: the cursor of the page before, and the page's own; empty ones are ignored.
    """

    def __init__(self, *cursors: str) -> None:
        self.told = ""  # of the last edge, while the close that it leads to may be on its way
        self._epoch = ""
        self._cursors = [cursor for cursor in cursors if cursor]
        self._since = ""  # with which the page began: a later press belongs to this page

    @property
    def newest(self) -> str:
        """The cursor for the next page, or an empty string."""
        return next(iter(self._cursors), "")

    def query(self) -> list[tuple[str, str]]:
        """Return what the next socket sends in its URL."""
        since = [("since", self._since)] if self._since else []
        return [*(("cursor", cursor) for cursor in self._cursors), *since]

    def take(self, frame: dict[str, Any]) -> bool:
        """Take the next frame; return whether it is the first frame of a restarted server."""
        if frame["type"] != "state":
            self.act()  # an edge counts as acted on when something follows it
            # An edge with its own epoch comes from another bridge; its numbers mean nothing here.
            if frame["type"] == "edge" and "epoch" not in frame:
                self.told = wire.cursor(self._epoch, frame["seq"])
            return False
        before, self._epoch = self._epoch, frame["epoch"]
        cursor = wire.cursor(self._epoch, frame["seq"])
        ours = [known for known in self._cursors if known.startswith(f"{self._epoch}:")]
        if not self._since.startswith(f"{self._epoch}:"):
            self._since = (ours or [cursor])[0]
        self._cursors, self.told = [cursor], ""
        return before not in ("", self._epoch)

    def act(self) -> None:
        """Count the last edge as acted on."""
        if self.told:
            self._cursors, self.told = [self.told], ""
