"""Which sounds a browser can't play: each is logged once in a run. Any thread."""

import logging
import threading

from gpiobridge.config import Sound

log = logging.getLogger(__name__)


class BrokenSounds:
    """The sounds of which a browser has said so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: set[str] = set()

    def report(self, sound: Sound) -> None:
        """Take a browser's word that it can't play a sound."""
        with self._lock:
            if sound.name in self._said:
                return
            self._said.add(sound.name)
        log.warning(
            "sound %s: a browser can't play %s, so it is silent there; save it anew, as .wav or "
            ".ogg",
            sound.name,
            sound.file,
        )
