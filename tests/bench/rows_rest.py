"""What a server costs while nothing happens: 100 displays, each with a beat every 2 s.

Beside it runs a bare loop that sends and reads the same beats. Both are measured at the same time,
in several stretches.
"""

import contextlib
import importlib.util
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bench import machine
from bench.contenders import PEERS, Contender, service
from bench.run import Opponent, OpponentError, Run
from bench.table import OURS, Row

SECTION = "At rest"
DISPLAYS = 100
BEAT_S = 2
BARE = "a bare loop"
SERVICE_ROW = f"{OURS} run"


def rows(run: Run) -> Iterator[Row]:
    """Measure both at the same time, in several stretches of two beats each."""
    stretches, seconds = (6, 4.0) if run.size.long else (2, 4.0)
    run.progress(f"{DISPLAYS} displays with beats, for {stretches * seconds:.0f} s")
    bare = Contender(
        BARE,
        lambda folder, port, trigger: [
            sys.executable,
            str(PEERS / "beats.py"),
            str(port),
            str(BEAT_S),
        ],
        "/",
        {},
        "",
    )
    cpu_ms: dict[str, list[float]] = defaultdict(list)
    wakes: dict[str, list[float]] = defaultdict(list)
    try:
        with contextlib.ExitStack() as stack:
            opponents = {}
            for name, contender in ((BARE, bare), (SERVICE_ROW, service(f"{BEAT_S}s"))):
                opponents[name] = Opponent(contender, run.folder / f"rest{len(opponents)}")
                stack.callback(opponents[name].stop)
                opponents[name].ask("connect", DISPLAYS, 20.0)
            _stretch(opponents, 2.0)
            for _ in range(stretches):
                for name, (cpu_s, woken, came) in _stretch(opponents, seconds).items():
                    expected = DISPLAYS * seconds / BEAT_S
                    if abs(came - expected) > DISPLAYS:
                        run.fail(f"at rest, {name}: {came} beats instead of {expected:.0f}")
                    cpu_ms[name].append(cpu_s / seconds * 1000)
                    wakes[name].append(woken / seconds)
    except OpponentError as error:
        run.fail(f"rest is not measured: {error}")
    note = "simulated pins (gpiozero's mock); " + (
        "gpiod is installed, but needs a chip to claim: make test-pi measures it"
        if importlib.util.find_spec("gpiod") and any(Path("/dev").glob("gpiochip*"))
        else "this machine has no GPIO chip, so not gpiod: make test-pi measures that"
    )
    for name in cpu_ms:
        yield Row(
            SECTION,
            f"processor time in a second, {DISPLAYS} displays with a beat every {BEAT_S} s",
            name,
            "ms",
            tuple(cpu_ms[name]),
            note if name == SERVICE_ROW else "",
            base=BARE,
        )
    for name in wakes:
        yield Row(
            SECTION,
            "wake-ups of its threads in a second",
            name,
            "",
            tuple(wakes[name]),
            base=BARE,
        )


def _stretch(opponents: dict[str, Opponent], seconds: float) -> dict[str, tuple[float, int, int]]:
    """Processor seconds, wake-ups and beats of each, over the same stretch of time."""
    pids = {name: opponent.server.pids for name, opponent in opponents.items()}
    before = {name: (machine.cpu_s(own), machine.wake_ups(own)) for name, own in pids.items()}
    beats: dict[str, int] = {}
    failed: list[OpponentError] = []

    def rest(name: str) -> None:
        try:
            beats[name] = opponents[name].ask("rest", seconds)
        except OpponentError as error:
            failed.append(error)

    threads = [threading.Thread(target=rest, args=(name,)) for name in opponents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return {
        name: (
            machine.cpu_s(own) - before[name][0],
            machine.wake_ups(own) - before[name][1],
            beats[name],
        )
        for name, own in pids.items()
    }
