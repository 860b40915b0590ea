"""Messages that displays get when they come later: the newest under each key.

The watcher's thread keeps them once it runs; before that, `app.orders` does.
`RetainedMessages.reserve` is for any thread at any time.
"""

import threading
from collections.abc import Iterator
from dataclasses import replace

from gpiobridge.displays.audience import Audience, Display, Push

MAX_RETAINED_BYTES = 128 * 1024
"""All retained messages together, with their keys: a display that comes gets them at once."""

MAX_RETAINED = 1000
"""So many messages are retained at most."""

MAX_KEY = 128
"""The longest key, in characters."""


class RetainedMessages:
    """What was pushed with ``retain``, in the order in which it was pushed.

    A key is one for each audience: a score that each display has of its own needs one key only.
    """

    def __init__(self) -> None:
        self._frames: dict[tuple[str, Audience], bytes] = {}
        # What is kept, and what is on its way to be.
        self._sizes: dict[tuple[str, Audience], int] = {}
        self._bytes = 0  # all of these together
        self._lock = threading.Lock()

    def reserve(self, push: Push) -> bool:
        """Whether there is room to keep the message of a push, which then is `keep`'s to take."""
        if push.retain is None:
            return True
        key = _key(push.retain, push.audience)
        with self._lock:
            if not push.forget:
                others = self._bytes - self._sizes.get(key, 0)
                full = key not in self._sizes and len(self._sizes) >= MAX_RETAINED
                if full or others + _size(key, push) > MAX_RETAINED_BYTES:
                    return False
            self._count_locked(key, push)
            return True

    def keep(self, push: Push) -> None:
        """Keep the message of a push, in place of the one before; or forget that one."""
        if push.retain is None:
            return
        key = _key(push.retain, push.audience)
        self._frames.pop(key, None)  # at the end: in the order of their pushes
        if not push.forget:
            self._frames[key] = push.frame
        with self._lock:  # pushes of two threads may have come in another order than they reserved
            self._count_locked(key, push)

    def _count_locked(self, key: tuple[str, Audience], push: Push) -> None:
        self._bytes -= self._sizes.pop(key, 0)
        if not push.forget:
            self._sizes[key] = _size(key, push)
            self._bytes += self._sizes[key]

    def of(self, display: Display) -> Iterator[bytes]:
        """The frames that a display gets when it comes."""
        return (frame for (_, audience), frame in self._frames.items() if audience.has(display))


def _key(retain: str, audience: Audience) -> tuple[str, Audience]:
    """Under what a message is kept; the one display that it was not for doesn't come again."""
    if isinstance(audience.exclude, Display):
        audience = replace(audience, exclude=None)
    return retain, audience


def _size(key: tuple[str, Audience], push: Push) -> int:
    """What a message takes, with the key that it is kept under, in bytes."""
    retain, audience = key
    names = (retain, audience.page, audience.display, audience.exclude)
    texts = [name for name in names if isinstance(name, str)]
    return len(push.frame) + sum(len(text.encode(errors="surrogatepass")) for text in texts)
