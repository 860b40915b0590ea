"""What a page has acted on, as a client keeps it from socket to socket.

Pure: frames in, the next socket's query out. ``routes/assets/client.js`` keeps the same, in
variables of the same names: change both.
"""

from typing import Any

from gpiobridge.core import wire


class Cursors:
    """What one page has acted on.

    Args:
        cursors: that of the page before, and the page's own; empty ones are none.
    """

    def __init__(self, *cursors: str) -> None:
        self.told = ""  # the last edge's, while what the edge leads to may still be on its way
        self._epoch = ""
        self._cursors = [cursor for cursor in cursors if cursor]
        self._since = ""  # with which the page began: a press after it is this page's

    @property
    def newest(self) -> str:
        """The cursor for the next page, or nothing."""
        return next(iter(self._cursors), "")

    def query(self) -> list[tuple[str, str]]:
        """What the next socket is told, as its URL has it."""
        since = [("since", self._since)] if self._since else []
        return [*(("cursor", cursor) for cursor in self._cursors), *since]

    def take(self, frame: dict[str, Any]) -> bool:
        """Take the next frame; whether it is the first of a server that was started again."""
        if frame["type"] != "state":
            self.act()  # an edge is acted on when something follows it
            # One with an epoch of its own is another bridge's, whose numbers mean nothing here.
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
