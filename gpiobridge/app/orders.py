"""What the application says to its displays: checked on its own thread, then ordered.

Any thread may push and navigate: a request, a handler, a scheduled job. The watcher carries out the
orders in the order in which they come. A process without a running bridge, such as a `flask`
command or a Celery task, can reach no display; the log says so once.
"""

import logging
import os
import threading
from collections.abc import Collection

from flask import has_app_context

from gpiobridge.config import Sound
from gpiobridge.core import wire
from gpiobridge.displays.audience import Audience, Display, Move, PlaySound, Push
from gpiobridge.displays.connection import text_frame
from gpiobridge.displays.retained_messages import (
    MAX_KEY,
    MAX_RETAINED,
    MAX_RETAINED_BYTES,
    RetainedMessages,
)
from gpiobridge.errors import PushError
from gpiobridge.loop.watcher import Watcher

log = logging.getLogger(__name__)

_QUOTED = 20  # characters

_NOBODY = (
    "push and navigate reach no display from this process (%d): %s; ask the process that serves "
    "the displays, by POST %s/api/messages and %s/api/navigate, or by `gpiobridge push` and "
    "`gpiobridge navigate`"
)
_STOPPED = "push and navigate reach no display any more: the bridge in this process has stopped"


class Orders:
    """Messages and moves of one application, before and while its bridge runs.

    Args:
        prefix: where the application has put the bridge's routes, usually empty.

    Attributes:
        retained: messages for displays that join later.
    """

    def __init__(self, prefix: str = "") -> None:
        self.retained = RetainedMessages()
        self._prefix = prefix
        self._watcher: Watcher | None = None
        self._groups: Collection[str] = ()
        self._process = 0  # the one that has the watcher's thread
        self._lock = threading.Lock()
        self._said: set[tuple[int, str]] = set()  # process, and why it reaches no display

    def attach(self, watcher: Watcher, groups: Collection[str]) -> None:
        """Send everything from now on through a running watcher.

        Args:
            watcher: the watcher.
            groups: the names of all groups of displays.
        """
        with self._lock:
            self._process = os.getpid()
            self._groups = groups
            self._watcher = watcher

    def push(self, data: object, audience: Audience, retain: str | None = None) -> int:
        """Send a message; see `gpiobridge.GpioBridge.push`."""
        self._check(audience)
        if retain is not None and not (isinstance(retain, str) and retain):
            raise PushError(f'retain = {retain!r}: must be a key, such as "prices"')
        if retain is not None and len(retain) > MAX_KEY:
            raise PushError(
                f"retain = {_beginning(retain)}: a key has at most {MAX_KEY} characters, "
                f"not {len(retain)}"
            )
        if retain is not None and isinstance(audience.display, Display):
            raise PushError(
                f"retain = {retain!r}: a single display never comes again, because each "
                "socket is a new one; give its name as display, or leave retain out"
            )
        try:
            frame = text_frame(wire.message_frame(data))
        except ValueError as error:
            raise PushError(f"the message {error}") from error
        order = Push(frame, audience, retain, forget=data is None)
        if self._is_over():
            return 0
        if not self.retained.reserve(order):
            raise PushError(
                f"retain = {retain!r}: too many messages are retained; there may be "
                f"{MAX_RETAINED}, and {MAX_RETAINED_BYTES} bytes of them with their keys; "
                "push None under a key that is no longer needed"
            )
        with self._lock:
            watcher = self._watcher
            if watcher is None:
                self.retained.keep(order)  # no display is there yet
        if watcher is not None:
            return self._order(watcher, order)
        # A retained message that is pushed while the application is made counts from the start on.
        # An application context without a bridge means a command or a task: in a server, the first
        # request would have started the bridge.
        if retain is None or has_app_context():
            self._say_nobody("no bridge runs in it")
        return 0

    def navigate(self, to: str, audience: Audience) -> int:
        """Make displays leave for a page; see `gpiobridge.GpioBridge.navigate`."""
        self._check(audience)
        self._check_page("to", to)
        watcher = self._watcher
        if self._is_over():
            return 0
        if watcher is None:
            self._say_nobody("no bridge runs in it")
            return 0
        return self._order(watcher, Move(to, audience))

    def sound(self, sound: Sound, *, play: bool) -> None:
        """Have every display play a sound, or end it; see `gpiobridge.app.sounds.LiveSound`."""
        watcher = self._watcher
        if watcher is None or self._is_over():
            return
        frame = text_frame(wire.sound_frame(sound.name, play=play))
        watcher.order(PlaySound(sound.name, play, frame, lasting=sound.loop or not play))

    def _is_over(self) -> bool:
        """Whether the watcher has ended, or belongs to another process; if so, log it.

        Checked before any lock is taken: another thread may have held one at the moment of a fork.
        """
        watcher = self._watcher
        if watcher is None:
            return False
        if self._process != os.getpid():
            self._say_nobody(
                f"it was forked from process {self._process}, in which the bridge runs"
            )
            return True
        if not watcher.alive and self._is_new("stopped"):
            log.warning(_STOPPED)
        return not watcher.alive

    def _say_nobody(self, why: str) -> None:
        if self._is_new(why):
            log.warning(_NOBODY, os.getpid(), why, self._prefix, self._prefix)

    def _is_new(self, why: str) -> bool:
        """Whether this was not yet said in this process; from now on it counts as said."""
        said = (os.getpid(), why)
        if said in self._said:
            return False
        self._said.add(said)  # before the log line: a handler of the log may push
        return True

    def _order(self, watcher: Watcher, order: Push | Move) -> int:
        displays = watcher.displays
        if isinstance(order, Move):
            displays = [
                d
                for d in displays
                if d.page != order.to
                and d.page in watcher.paths
                and watcher.hours.page_for(d.name) is None  # what is closed stays
            ]
        watcher.order(order)
        return sum(map(order.audience.has, displays))

    def _check(self, audience: Audience) -> None:
        """Check that an audience can exist; the caller may have passed anything."""
        if audience.page is not None:
            self._check_page("page", audience.page)
        for argument, who in (("display", audience.display), ("exclude", audience.exclude)):
            if who is not None and not (isinstance(who, Display) or (isinstance(who, str) and who)):
                raise PushError(f"{argument} = {who!r}: must be a display, or its name")
            if isinstance(who, str) and len(who) > wire.MAX_NAME:
                raise PushError(
                    f"{argument} = {_beginning(who)}: a display's name has at most "
                    f"{wire.MAX_NAME} characters, not {len(who)}"
                )

        if audience.group is not None:
            self._check_group(audience.group)

    def _check_group(self, group: str) -> None:
        if not (isinstance(group, str) and group):
            raise PushError(f"group = {group!r}: must be the name of a group")
        # Before the start no group is known, but there are no displays either.
        if self._watcher is not None and group not in self._groups:
            groups = ", ".join(self._groups) or "none"
            shown = repr(group) if len(group) <= wire.MAX_NAME else _beginning(group)
            raise PushError(f"group = {shown}: there is no such group; groups: {groups}")

    def _check_page(self, argument: str, page: str) -> None:
        if not isinstance(page, str):
            raise PushError(f"{argument} = {page!r}: must be the name of a page")
        # Before the start no page is known, but there are no displays either.
        if self._watcher is not None and page not in self._watcher.paths:
            pages = ", ".join(self._watcher.paths)
            raise PushError(f"{argument} = {page!r}: there is no such page; pages: {pages}")


def _beginning(text: str) -> str:
    """Quote the beginning of a text that is too long to repeat."""
    return repr(f"{text[:_QUOTED]}…")
