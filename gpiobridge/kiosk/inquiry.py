"""Ask the bridge about its displays and its stage; the launcher does so again and again.

All of it runs on the launcher's thread.
"""

import logging
import time

from gpiobridge.client import asking
from gpiobridge.errors import KioskError, RemoteError
from gpiobridge.kiosk.alarm import Alarm
from gpiobridge.kiosk.liveness import Answer

log = logging.getLogger(__name__)

_ANSWER_S = 2.0  # a bridge that takes longer counts as silent


class Inquiry:
    """Asks a bridge about its displays.

    Args:
        base: the bridge's address.
        name: the name of this kiosk's display.
        token: the bridge's token, if it requires one.
        alarm: interrupts a running request when a signal comes.

    Attributes:
        scene: what the exhibit showed at the last answer, for comparison; None if it is unknown.
        pages: the pages that displays of its name are on, by the newest answer.
        told_s: when the bridge was asked for these, in monotonic seconds.
        stage: whether a kiosk is to open the stage, by the newest answer; None if the bridge has no
            stage, because it is older than version 0.4.
        dark: whether this kiosk's screen is meant to be off, by the newest answer; None if the
            bridge never has it switched off.
    """

    def __init__(self, base: str, name: str, token: str, alarm: Alarm) -> None:
        self.scene: object = None
        self.pages: list[str] = []
        self.told_s = 0.0
        self.stage: bool | None = None
        self.dark: bool | None = None
        self._base = base
        self._name = name
        self._token = token
        self._alarm = alarm
        self._silence = ""  # why the bridge doesn't answer, as last logged

    def ask(self) -> Answer | None:
        """Ask for the displays; return None while the bridge is down or ill.

        Raises:
            KioskError: the bridge requires another token.
            StoppedError: a signal came meanwhile.
        """
        asked_s = time.monotonic()
        try:
            with self._alarm.interrupting():
                health = asking.health(self._base, self._token, timeout_s=_ANSWER_S)
        except RemoteError as error:
            if error.status == 401:
                # The token has changed since our start; the unit restarts us with the new one.
                says = "refuses our token" if self._token else "requires a token"
                raise KioskError(
                    f"the bridge at {self._base} {says}: give the right one in "
                    "GPIOBRIDGE_SERVER__TOKEN, or with --token"
                ) from error
            if self._silence != str(error):
                self._silence = str(error)
                log.info("waiting for the bridge: %s", error)
            self.scene, self.pages = None, []
            return None
        self._silence = ""
        self.stage = health.get("stage")
        screens = (health.get("hours") or {}).get("screens", {})
        screen = screens.get(self._name, screens.get(""))  # as of all that have no name there
        self.dark = screen and screen["screen"] == "off"
        own = [d["page"] for d in health["displays"] if d["name"] == self._name]
        self.pages, self.told_s = own, asked_s
        self.scene = own, [pin["level"] for pin in health["pins"].values()]
        return Answer.of(health["displays"], health["beat"])
