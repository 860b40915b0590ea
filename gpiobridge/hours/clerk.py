"""Does for the opening hours what the watcher can't wait for: its own thread.

It asks whether the clock is right until it is, and writes the record.
"""

import logging
import threading
from pathlib import Path
from typing import Protocol

from gpiobridge.hours import record
from gpiobridge.hours.record import Record
from gpiobridge.system.clock_set import clock_is_set

log = logging.getLogger(__name__)

ASK_S = 5.0
"""How often the clock is asked for until it is right, in seconds."""

PATIENT_TIMES = 12
"""Every so many questions, one is patient: the first, and then one a minute."""

PAUSE_S = 1.0
"""How long after writing the record it is written again at the earliest, in seconds.

A card wears out by writing, and a pin without a button may order something all the time.
"""

_END_S = 2.0  # for a last write, when the bridge stops


class Asks(Protocol):
    """Says whether the clock is right; see `gpiobridge.system.clock_set.clock_is_set`."""

    def __call__(self, *, patient: bool) -> bool | None:
        """Ask; patiently, it may take seconds."""


class Clerk:
    """The thread, and what it has learned.

    Args:
        file: where the record lies; None: nowhere.
        ask: says whether the clock is right; see `clock_is_set`.
        boot: the name of this boot.

    Attributes:
        clock_is_set: whether the clock is right; None: nobody can tell, and nobody will. Once it is
            right, it stays so.
    """

    def __init__(
        self,
        file: Path | None = None,
        ask: Asks = clock_is_set,
        boot: str = "",
    ) -> None:
        self.clock_is_set: bool | None = False
        self._file = file
        self._ask = ask
        self._boot = boot
        self._changed = threading.Condition()
        self._wanted: Record | None = None
        self._stops = False
        self._thread = threading.Thread(target=self._run, name="gpiobridge-hours", daemon=True)

    def begin(self) -> Record:
        """Read the record; what it says of the clock counts in the same boot only."""
        found = record.read(self._file)
        if self._boot and found.set_in == self._boot:
            self.clock_is_set = True
        return found

    def trust(self) -> None:
        """Take the clock as it is: the configuration says so."""
        self.clock_is_set = True

    def ask_now(self) -> None:
        """Ask for the clock in a moment, so that nothing waits for the thread."""
        self.clock_is_set = self.clock_is_set or self._ask(patient=False) is True

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def keep(self, wanted: Record) -> None:
        """Have a record written; only the newest one counts."""
        with self._changed:
            self._wanted = wanted
            self._changed.notify_all()

    def stop(self) -> None:
        """Write what is still to be written, and end the thread."""
        with self._changed:
            self._stops = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(_END_S)

    @property
    def boot(self) -> str:
        """The name of this boot, for the record, once its clock is right."""
        return self._boot if self.clock_is_set else ""

    def _run(self) -> None:
        times = 0
        try:
            while True:
                if self.clock_is_set is False:
                    patient = times % PATIENT_TIMES == 0
                    told = self._ask(patient=patient)
                    # Early in a boot, those that could tell may not be there yet.
                    if told or (told is None and patient and times):
                        self.clock_is_set = told
                    times += 1
                with self._changed:
                    if self._wanted is None and not self._stops:
                        self._changed.wait(ASK_S if self.clock_is_set is False else None)
                    wanted, self._wanted = self._wanted, None
                    stops = self._stops
                if wanted is not None:
                    record.write(self._file, wanted)
                    with self._changed:
                        self._changed.wait_for(lambda: self._stops, PAUSE_S)
                elif stops:
                    return
        except Exception:
            log.exception("the clerk of the opening hours failed; what is open stays as it is")
