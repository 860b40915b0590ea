"""A reload keeps the alarms, and the calls that wait: the fresh process goes on with both.

A reload is an exec in the same process (`serve.gunicorn_service`). What is left to the fresh
process goes through a variable, because it is little. The main thread.
"""

import json
import logging
import os
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, NamedTuple

from gpiobridge.alarms.call import Call, State
from gpiobridge.displays.alarm import Alarm, Dead

log = logging.getLogger(__name__)

_VARIABLE = "ALARMS_OF_RELOAD"  # GPIOBRIDGE_... would be a setting


class Waiting(NamedTuple):
    """A call that was not made yet.

    Args:
        to: the name of its caller: a key of `[alarms]`.
        call: the call.
        since_s: when it was put, in monotonic seconds, which go on through an exec.
    """

    to: str
    call: Call
    since_s: float


class Left(NamedTuple):
    """What a bridge leaves to the next one.

    Args:
        alarms: those that are not over.
        waiting: the calls that were not made yet, in their order.
    """

    alarms: tuple[Alarm, ...] = ()
    waiting: tuple[Waiting, ...] = ()


def leave(alarms: Iterable[Alarm], waiting: Iterable[Waiting]) -> None:
    """Leave alarms and calls to the fresh process.

    Args:
        alarms: those that are not over.
        waiting: the calls that were not made yet.
    """
    alarms, waiting = list(alarms), list(waiting)
    if not (alarms or waiting):
        return
    told = {
        "alarms": [asdict(alarm) for alarm in alarms],
        "waiting": [[each.to, asdict(each.call), each.since_s] for each in waiting],
    }
    # The process stays the same; a program that it has started would have another number.
    os.environ[_VARIABLE] = f"{os.getpid()} {json.dumps(told)}"


def take() -> Left:
    """Take what the process before the reload has left; nothing without one."""
    process, _, text = os.environ.pop(_VARIABLE, "").partition(" ")
    if process != str(os.getpid()):
        return Left()
    try:
        told: dict[str, Any] = json.loads(text)
        return Left(
            tuple(Alarm(**each | {"dead": Dead(each["dead"])}) for each in told["alarms"]),
            tuple(
                Waiting(to, Call(**call | {"state": State(call["state"])}), since_s)
                for to, call, since_s in told["waiting"]
            ),
        )
    except (ValueError, TypeError, LookupError):  # that of another version: upgraded, then reloaded
        log.warning("the alarms of before the reload are not known any more: calls are made anew")
        return Left()
