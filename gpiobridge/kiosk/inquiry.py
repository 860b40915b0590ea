"""What the bridge says of its displays, as the launcher asks it again and again.

One thread, the launcher's.
"""

import logging

from gpiobridge.client import asking
from gpiobridge.errors import KioskError, RemoteError
from gpiobridge.kiosk.alarm import Alarm
from gpiobridge.kiosk.liveness import Answer

log = logging.getLogger(__name__)

_ANSWER_S = 2.0  # a bridge that needs longer counts as silent


class Inquiry:
    """Asks a bridge about its displays.

    Args:
        base: where it is.
        name: what this kiosk's display is called.
        token: what the bridge asks for, if it does.
        alarm: ends a question that is under way when a signal comes.

    Attributes:
        scene: what the exhibit showed at the last answer, to be compared; None if nobody can tell.
    """

    def __init__(self, base: str, name: str, token: str, alarm: Alarm) -> None:
        self.scene: object = None
        self._base = base
        self._name = name
        self._token = token
        self._alarm = alarm
        self._silence = ""  # why the bridge doesn't answer, as last told

    def ask(self) -> Answer | None:
        """Ask for the displays; None while the bridge is not up and well.

        Raises:
            KioskError: it wants another token.
            StoppedError: a signal came meanwhile.
        """
        try:
            with self._alarm.interrupting():
                health = asking.health(self._base, self._token, timeout_s=_ANSWER_S)
        except RemoteError as error:
            if error.status == 401:
                # Another token than we were started with; the unit starts us with the new one.
                says = "refuses our token" if self._token else "asks for a token"
                raise KioskError(
                    f"the bridge at {self._base} {says}: give the right one as "
                    "GPIOBRIDGE_SERVER__TOKEN, or with --token"
                ) from error
            if self._silence != str(error):
                self._silence = str(error)
                log.info("waiting for the bridge: %s", error)
            self.scene = None
            return None
        self._silence = ""
        own = [d["page"] for d in health["displays"] if d["name"] == self._name]
        self.scene = own, [pin["level"] for pin in health["pins"].values()]
        return Answer.of(health["displays"], health["beat"])
