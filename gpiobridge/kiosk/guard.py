"""Keep the exhibit alone on the screen: `tabs` decides, and `devtools_pipe` carries the orders.

Only Chromium has such a pipe. A kiosk without a pipe runs without a guard. All of it runs on the
launcher's thread.
"""

import logging
import re
import subprocess
import time
from collections.abc import Mapping, Sequence

from gpiobridge.kiosk import devtools_pipe
from gpiobridge.kiosk.devtools_pipe import Pipe
from gpiobridge.kiosk.tabs import LOOK_S, Order, Tabs

__all__ = ["LOOK_S", "Guard", "start"]

log = logging.getLogger(__name__)


def start(
    command: Sequence[str], environ: Mapping[str, str], bridge: str, allow: Sequence[str]
) -> tuple[subprocess.Popen[bytes], "Guard"]:
    """Start a browser, and guard it.

    Args:
        command: its command line, with the exhibit's first address at the end.
        environ: its environment.
        bridge: the bridge's address.
        allow: the addresses of other sites that may be shown.

    Raises:
        OSError: it can't be started.
    """
    browser, pipe = devtools_pipe.start(command, environ)
    return browser, Guard(pipe, Tabs(command[-1], bridge, allow, time.monotonic()))


class Guard:
    """Keeps the exhibit's tab alone on the screen, through Chromium's debugging pipe.

    Args:
        pipe: the pipe to the browser.
        tabs: the browser's tabs.
    """

    def __init__(self, pipe: Pipe, tabs: Tabs) -> None:
        self._pipe, self._tabs = pipe, tabs
        self._give([tabs.first()])

    @property
    def closed(self) -> bool:
        """Whether the pipe can no longer be used."""
        return self._pipe.closed

    @property
    def heard(self) -> bool:
        """Whether the browser has ever answered."""
        return self._tabs.heard

    @property
    def away(self) -> bool:
        """Whether an allowed page of another site is shown."""
        return self._tabs.away and not self.closed

    @property
    def visiting(self) -> bool:
        """Whether the browser shows the site to which `visit` has moved it."""
        return self._tabs.visiting and not self.closed

    def visit(self, url: str) -> None:
        """Show an allowed site in place of the exhibit's tab."""
        log.info("shows %s itself", re.split("[?#]", url)[0])
        self._give([self._tabs.visit(url)])

    def lead(self, url: str) -> None:
        """Show a page of the bridge in place of the exhibit's tab."""
        self._give([self._tabs.lead(url)])

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._pipe.fileno()

    def attend(self, now_s: float, *, live: bool) -> str:
        """Handle messages and time; return why the browser must be restarted, or "".

        Args:
            now_s: monotonic seconds.
            live: whether a live page of the bridge is shown, as far as the bridge knows.
        """
        if self.closed:
            return ""
        self._tabs.live = live
        for message in self._pipe.receive():
            self._give(self._tabs.hear(message, now_s))
        orders = self._tabs.look(now_s)
        self._give(orders)
        if any(order.method == "Target.createTarget" for order in orders):
            log.info("led home from %s", self._tabs.strayed or "a tab that is gone")
        if self.closed:
            log.warning("the browser's debugging pipe has ended: stray windows will stay open")
            return ""
        return "another window doesn't close" if self._tabs.stuck(now_s) else ""

    def _give(self, orders: Sequence[Order]) -> None:
        for order in orders:
            self._pipe.call(order.method, **order.params)
            if order.method == "Target.closeTarget":
                log.info("closed another window or tab")
        self._pipe.flush()
