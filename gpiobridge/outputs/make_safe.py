"""Put every output at its safe level once the bridge has ended: ``python -m`` this module.

The unit runs it after every end of the service (``ExecStopPost=``), also after SIGKILL. It knows
the lines by the file that the bridge wrote when it opened them (`safe_record`), so it needs no
configuration, which may be wrong by now. A bridge that left its outputs safe has removed the file.

It imports as little as it can: each module makes the outputs wait.
"""

import errno
import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

from gpiobridge.outputs import line_request

_BUSY_S = 1.0  # how long a line may still be used by the process that has just ended
_TRY_S = 0.02


def record_file(environ: Mapping[str, str] = os.environ) -> str | None:
    """Say where the lines are noted; None without a unit: then nobody would read it.

    Args:
        environ: the environment; systemd names the service's own folder in it.
    """
    folder = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return f"{folder}/outputs.json" if folder else None


def main() -> int:
    """Put the outputs at their safe levels.

    Returns:
        The exit code: 1 if an output could not be set.
    """
    file = record_file()
    if file is None:
        print("gpiobridge: RUNTIME_DIRECTORY is not set: no outputs are known", file=sys.stderr)
        return 1
    try:
        with open(file, "rb") as record:
            lines = json.load(record)
    except FileNotFoundError:
        return 0
    left = [line for line in lines if not _is_safe(line)]
    if not left:
        os.unlink(file)
    return 1 if left else 0


def _is_safe(line: Mapping[str, Any]) -> bool:
    """Put a line at its safe level; say so if that fails."""
    try:
        high = line["safe"] == "high"
        if line["chip"] is None:
            _by_pigpio(line["line"], high=high)
        else:
            _by_the_kernel(line["chip"], line["line"], high=high)
    except Exception as error:  # one broken line must not keep the others from being set
        name = f"output {line.get('name')!r}" if isinstance(line, dict) else "an output"
        print(f"gpiobridge: {name} can't be made safe: {error}", file=sys.stderr)
        return False
    print(f"gpiobridge: output {line['name']!r} is at its safe level, {line['safe'].upper()}")
    return True


def _by_the_kernel(chip: int, line: int, *, high: bool) -> None:
    """Claim a line at a level, and release it."""
    end_s = time.monotonic() + _BUSY_S
    while True:
        try:
            os.close(line_request.claim(chip, line, high=high, consumer="gpiobridge safe"))
            return
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > end_s:
                raise
        time.sleep(_TRY_S)


def _by_pigpio(line: int, *, high: bool) -> None:
    """Set a line of pigpiod's."""
    import pigpio

    connection = pigpio.pi(show_errors=False)
    if not connection.connected:
        raise OSError("pigpiod doesn't answer")
    connection.write(line, int(high))
    connection.stop()


if __name__ == "__main__":
    sys.exit(main())
