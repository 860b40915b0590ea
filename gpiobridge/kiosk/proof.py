"""Prove to the bridge that this is its machine's own kiosk; the launcher does so again and again.

Who may look at pages may not do more: anybody can write a display's name, and every program on this
machine has its loopback address. So the launcher shows the bridge a key of its present run
(`run_key`), which others can't read, and says a secret. The browser gets that secret as a cookie,
by a ticket in its first address, which counts once. A bridge that has started anew knows neither,
but has a new key: the launcher proves itself again, and the browser's cookie is good again.

If that fails, the exhibit is shown all the same. All of it runs on the launcher's thread.
"""

import logging
import secrets
import urllib.parse
from collections.abc import Mapping

from gpiobridge.client import asking
from gpiobridge.errors import RemoteError
from gpiobridge.kiosk.alarm import Alarm
from gpiobridge.net.addresses import is_loopback
from gpiobridge.system.run_key import find_kiosk_keys, unreadable_key

log = logging.getLogger(__name__)

_ANSWER_S = 2.0  # a bridge that takes longer is asked again later
_TRIES = 3  # before the browser's start: at boot a small machine has much to do


class Proof:
    """The proof of one kiosk.

    Args:
        base: the bridge's address on this machine.
        name: the name of this kiosk's display.
        alarm: interrupts a running request when a signal comes.
        environ: the environment, which says where the keys may be.
    """

    def __init__(self, base: str, name: str, alarm: Alarm, environ: Mapping[str, str]) -> None:
        self._base = base
        self._name = name
        self._alarm = alarm
        self._environ = environ
        self._secret = secrets.token_urlsafe(32)
        self._ticket = ""
        self._shown: set[str] = set()  # the keys that the bridge has accepted or refused
        self._proven = False
        self._said = ""  # why not, as last logged

    def begin(self) -> str:
        """Return a ticket for a new start of the browser; "" if the bridge takes none.

        Raises:
            StoppedError: a signal came meanwhile.
        """
        self._ticket = secrets.token_urlsafe(32)
        self._shown.clear()
        self._proven = False
        for _ in range(_TRIES):
            if self._renew(self._ticket):
                if not self._shown:
                    self._say(self._no_key())
                break
        return self._ticket if self._proven else ""

    def renew(self, *, seen: bool) -> None:
        """Prove it anew to a bridge that has started since; call it every few seconds.

        Nothing is sent while the bridge's key is the same.

        Args:
            seen: whether the browser has shown a live page since its start: then it has used its
                ticket, which isn't made good again.

        Raises:
            StoppedError: a signal came meanwhile.
        """
        self._renew("" if seen else self._ticket)

    def _renew(self, ticket: str) -> bool:
        """Prove it if there is a new key; return False if the bridge was silent."""
        keys = find_kiosk_keys(self._base, self._environ)
        why = ""
        for found in keys:
            if found.key in self._shown:
                continue
            try:
                with self._alarm.interrupting():
                    asking.prove_kiosk(
                        *(found.url, found.key, self._name, self._secret, ticket),
                        timeout_s=_ANSWER_S,
                    )
            except RemoteError as error:
                if error.status is None or error.status >= 500:
                    return False  # it is down, or not well: the next time, perhaps by another key
                self._shown.add(found.key)
                why = _refused(error)
            else:
                # A key that a dead bridge has left beside this one is never tried.
                self._shown = {each.key for each in keys}
                self._proven, self._said, why = True, "", ""
                break
        self._say(why)
        return True

    def _say(self, why: str) -> None:
        """Log, once, why it can't be proven; "" for no reason."""
        if why and why != self._said:
            self._said = why
            log.info("this kiosk's pages may only look: %s", why)

    def _no_key(self) -> str:
        """Say why there is no key, and what to do."""
        parts = urllib.parse.urlsplit(self._base)
        if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
            return (
                f"{self._base} is not a bridge's own address on this machine; if its bridge is "
                "here, start the kiosk with --url http://127.0.0.1:PORT, or write that address "
                "into server.url and give the bridge's configuration with --config, too"
            )
        if path := unreadable_key(self._base, self._environ):
            return (
                f"this user may not read the bridge's key ({path}); install both with "
                "`gpiobridge install --kiosk`, or run the kiosk as the bridge's user"
            )
        return (
            f"there is no key of the bridge at {self._base} that this user could read; run the "
            "kiosk as the bridge's user"
        )


def _refused(error: RemoteError) -> str:
    if error.status in (404, 405):
        return "the bridge is older than version 0.5; upgrade it"
    return f"the bridge takes no proof: {error}"
