"""Messages for displays that join later: the newest under each key.

The watcher's thread keeps them while it runs; before that, `app.orders` does. Any thread may call
`RetainedMessages.reserve` at any time.
"""

import threading
from collections.abc import Iterator
from dataclasses import replace

from gpiobridge.displays.audience import Audience, Display, Push

MAX_RETAINED_BYTES = 128 * 1024
"""The bound for all retained messages together, with their keys: a display that joins receives them
at once.
"""

MAX_RETAINED = 1000
"""The most messages that are retained."""

MAX_KEY = 128
"""The longest key, in characters."""


class RetainedMessages:
    """What was pushed with ``retain``, in the order of the pushes.

    Each audience has its own keys: a score that differs for each display needs only one key.
    """

    def __init__(self) -> None:
        self._frames: dict[tuple[str, Audience], bytes] = {}
        # What is kept, and what is on its way to be kept.
        self._sizes: dict[tuple[str, Audience], int] = {}
        self._bytes = 0  # all of these together
        self._lock = threading.Lock()

    def reserve(self, push: Push) -> bool:
        """Return whether there is room to keep a push's message; if so, `keep` may store it."""
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
        """Keep the message of a push in place of the one before, or forget that one."""
        if push.retain is None:
            return
        key = _key(push.retain, push.audience)
        self._frames.pop(key, None)  # to the end: messages stay in the order of their pushes
        if not push.forget:
            self._frames[key] = push.frame
        with self._lock:  # pushes of two threads may arrive in another order than they reserved
            self._count_locked(key, push)

    def _count_locked(self, key: tuple[str, Audience], push: Push) -> None:
        self._bytes -= self._sizes.pop(key, 0)
        if not push.forget:
            self._sizes[key] = _size(key, push)
            self._bytes += self._sizes[key]

    def of(self, display: Display) -> Iterator[bytes]:
        """The frames that a display receives when it joins."""
        return (frame for (_, audience), frame in self._frames.items() if audience.has(display))


def _key(retain: str, audience: Audience) -> tuple[str, Audience]:
    """Return the key for a message; a single excluded display is left out: it never comes again."""
    if isinstance(audience.exclude, Display):
        audience = replace(audience, exclude=None)
    return retain, audience


def _size(key: tuple[str, Audience], push: Push) -> int:
    """The bytes that a message takes, together with its key."""
    retain, audience = key
    names = (retain, audience.page, audience.display, audience.exclude, audience.group)
    texts = [name for name in names if isinstance(name, str)]
    return len(push.frame) + sum(len(text.encode(errors="surrogatepass")) for text in texts)
