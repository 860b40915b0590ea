"""Which display a socket belongs to: its name, and what proves it. Any HTTP thread.

A name is no proof, unless its section has a token. Then the browser must have sent that token once,
or be this machine's own kiosk of that name. Any other is a display without a name: it may look, as
its visitors could on any phone.
"""

import logging
from collections.abc import Callable
from typing import NamedTuple

from flask import Request

from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.config import NamedDisplay
from gpiobridge.displays.connection import Connection
from gpiobridge.routes.admission import has_token, kiosk_secrets, refuse
from gpiobridge.routes.start import display_name

log = logging.getLogger(__name__)


class Identity(NamedTuple):
    """Who a display is.

    Args:
        name: its name, or an empty string.
        settings: its section; None if it has none.
        has_token: whether it has sent the token of that section.
        refused: the name that it may not have, because it has not proven it; empty for none.
    """

    name: str
    settings: NamedDisplay | None = None
    has_token: bool = False
    refused: str = ""


class Identities:
    """Finds out who displays are, and says once what looks wrong.

    Args:
        running: returns the running bridge, in a request.
    """

    def __init__(self, running: Callable[[], RunningBridge]) -> None:
        self._running = running
        self._unproven: set[str] = set()  # names of kiosks: one without a proof was logged
        self._alike: set[str] = set()  # names of the configuration: one with capitals was logged

    def find(self, request: Request) -> Identity:
        """Find out which display a socket's request comes from.

        Raises:
            werkzeug.exceptions.HTTPException: 503 if that isn't known yet; the page asks again.
        """
        name = display_name(request)
        known = self._running().settings.displays.get(name)
        if known is None:
            self._warn_of_capitals(name)
            return Identity(name)
        if not known.token:
            return Identity(name, known)
        if has_token(request, known.token):
            return Identity(name, known, has_token=True)
        is_kiosk = self._running().kiosks.is_kiosk(name, kiosk_secrets(request))
        if is_kiosk is None:
            refuse(503, "The bridge has just started, and waits for the proof of its own kiosk.")
        return Identity(name, known) if is_kiosk else Identity("", refused=name)

    def warn(self, connection: Connection) -> None:
        """Warn, once, of a display with a kiosk's name and without its proof."""
        name = connection.display.name
        if connection.of_kiosk or connection.has_token or name in self._unproven:
            return
        if self._running().kiosks.is_called(name):
            self._unproven.add(name)
            log.warning(
                "a display calls itself %s, as this machine's own kiosk does, and has no proof: "
                "its pages may only look",
                name,
            )

    def _warn_of_capitals(self, name: str) -> None:
        meant = name.lower()
        if meant in self._running().settings.displays and meant not in self._alike:
            self._alike.add(meant)
            log.warning(
                'a display calls itself "%s", and is not that of [displays.%s], whose name has '
                "small letters",
                name,
                meant,
            )
