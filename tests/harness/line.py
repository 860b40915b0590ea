"""The line between a tab in Chromium and its bridge: a test cuts it, and sees what is sent."""

import re
from typing import Any


class Line:
    """Carries the sockets of a tab, those of its frames too.

    Make it before the tab opens a page.

    Args:
        page: Playwright's.

    Attributes:
        sent: what the pages have sent, one text a frame.
    """

    def __init__(self, page: Any) -> None:
        self.sent: list[str] = []
        self._is_cut = False
        self._open: list[Any] = []  # both ends of each socket
        page.route_web_socket(re.compile("/ws/"), self._carry)

    def _carry(self, socket: Any) -> None:
        if self._is_cut:
            socket.close()
            return
        server = socket.connect_to_server()

        def send(text: str) -> None:
            self.sent.append(text)
            server.send(text)

        socket.on_message(send)
        self._open += [socket, server]

    def cut(self) -> None:
        """End every socket; a new one comes to nothing until `mend`."""
        self._is_cut = True
        for end in self._open:
            end.close()
        self._open.clear()

    def mend(self) -> None:
        """Carry the sockets again."""
        self._is_cut = False
