"""This machine's own kiosks, and which pages belong to one of them.

A name, an address or the viewers' token proves nothing. A kiosk's launcher proves itself with a key
of this run (`run_key`), and says a secret that only its browser will have, and a ticket. The
browser opens its first page with the ticket, which counts once, and gets the secret as a cookie.
From then on each page of that browser is known by the cookie.

The launcher makes the secret, not the bridge. So after the bridge's restart the launcher can say it
again, and the cookie is good again, while the browser's page stays open. Until then the pages that
come back with it wait here.

Any HTTP thread.
"""

import hmac
import threading
import time
from collections.abc import Callable, Collection
from typing import NamedTuple
from weakref import WeakKeyDictionary

from gpiobridge.displays.connection import Connection

AWAITED_S = 20.0
"""How long after the bridge's start a launcher may take to prove itself anew, in seconds."""

_MAX_KIOSKS = 16  # screens of one machine


class _Kiosk(NamedTuple):
    secret: str
    ticket: str = ""
    used: str = ""  # the last ticket that was used up


class OwnKiosks:
    """The kiosks that have proven themselves in this run.

    Args:
        now: gives monotonic seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._began_s = now()
        self._lock = threading.Lock()
        self._kiosks: dict[str, _Kiosk] = {}
        self._waiting: WeakKeyDictionary[Connection, tuple[str, ...]] = WeakKeyDictionary()

    def prove(self, name: str, secret: str, ticket: str) -> bool:
        """Take what a launcher says that has shown the key; it replaces what it said before.

        Args:
            name: the name of its display.
            secret: what its browser's cookie has, or will have.
            ticket: gives the browser that cookie, once; empty for none.

        Returns:
            Whether this is the first time in this run.
        """
        with self._lock:
            before = self._kiosks.get(name)
            if before is None and len(self._kiosks) >= _MAX_KIOSKS:
                self._kiosks.pop(next(iter(self._kiosks)))
            used = before.used if before else ""
            self._kiosks[name] = _Kiosk(secret, "" if ticket == used else ticket, used)
            for connection, cookies in list(self._waiting.items()):
                if self._is_secret_locked(cookies):
                    connection.of_kiosk = True
                    del self._waiting[connection]
        return before is None

    def redeem(self, ticket: str) -> str:
        """Use a ticket up; return the secret for the browser's cookie, or "" if it isn't good."""
        with self._lock:
            for name, kiosk in self._kiosks.items():
                if kiosk.ticket and _equal(ticket, kiosk.ticket):
                    self._kiosks[name] = _Kiosk(kiosk.secret, used=ticket)
                    return kiosk.secret
        return ""

    def judge(self, connection: Connection, cookies: Collection[str]) -> None:
        """Set a new connection's `of_kiosk`, now or when the launcher has proven itself.

        Args:
            connection: a connection from this machine, which is not adopted yet.
            cookies: the secrets that came with its handshake.
        """
        if not cookies:
            return
        with self._lock:
            connection.of_kiosk = self._is_secret_locked(cookies)
            if not connection.of_kiosk:
                self._waiting[connection] = tuple(cookies)

    def is_kiosk(self, name: str, cookies: Collection[str]) -> bool | None:
        """Tell whether a browser is the kiosk of a name.

        Args:
            name: the name of a display.
            cookies: the secrets that came with the request.

        Returns:
            None if that isn't known yet: shortly after the bridge's start the launcher may not have
            proven itself anew.
        """
        with self._lock:
            kiosk = self._kiosks.get(name)
            if kiosk is not None and any(_equal(each, kiosk.secret) for each in cookies):
                return True
            unknown = bool(cookies) and not self._is_secret_locked(cookies)
        return None if unknown and self._now() < self._began_s + AWAITED_S else False

    def is_called(self, name: str) -> bool:
        """Whether a kiosk that has proven itself has this name."""
        with self._lock:
            return name in self._kiosks

    def _is_secret_locked(self, cookies: Collection[str]) -> bool:
        return any(_equal(each, k.secret) for each in cookies for k in self._kiosks.values())


def _equal(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(errors="surrogatepass"), right.encode())
