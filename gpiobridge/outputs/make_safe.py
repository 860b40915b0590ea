"""Put every output at its safe level once the bridge has ended; a program of its own.

The unit runs it after every end of the service (``ExecStopPost=``), also after SIGKILL. It knows
the lines by the file that the bridge wrote when it opened them (`safe_record`), so it needs no
configuration, which may be wrong by now. A bridge that left its outputs safe has removed the file.

It imports as little as it can, because each module makes the outputs wait: `json` or `re` alone
would double its time. `install.own_copy` writes the command that starts it so. By hand it is
``python -m`` this module.
"""

import errno
import os
import sys
import time

from gpiobridge.outputs import line_request

_BUSY_S = 1.0  # how long a line may still be used by the process that has just ended
_TRY_S = 0.02


def record_file() -> str | None:
    """Say where the lines are noted; None without a unit: then nobody would read it.

    systemd names the service's own folder in the environment.
    """
    folder = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return f"{folder}/outputs" if folder else None


def row(chip: int | None, line: int, safe: str, name: str) -> str:
    """Write a row of the file.

    Args:
        chip: the number of the line's chip; None if pigpiod drives it.
        line: its number.
        safe: its safe level, "low" or "high".
        name: the output's name.
    """
    return f"{'pigpio' if chip is None else chip} {line} {safe} {name}\n"


def parts(row: str) -> tuple[int | None, int, str, str]:
    """Read a row of the file.

    Raises:
        ValueError: it is none.
    """
    chip, line, safe, name = row.split()
    return None if chip == "pigpio" else int(chip), int(line), safe, name


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
        with open(file, encoding="utf-8") as record:
            rows = list(record)
    except FileNotFoundError:
        return 0
    failed = [row for row in rows if not _is_safe(row)]
    if not failed:
        os.unlink(file)
    return 1 if failed else 0


def _is_safe(row: str) -> bool:
    """Put a line at its safe level; say so if that fails."""
    try:
        chip, line, safe, name = parts(row)
        if chip is None:
            _by_pigpio(line, high=safe == "high")
        else:
            _by_the_kernel(chip, line, high=safe == "high")
    except Exception as error:  # one broken line must not keep the others from being set
        print(f"gpiobridge: output {row!r} can't be made safe: {error}", file=sys.stderr)
        return False
    print(f"gpiobridge: output {name!r} is at its safe level, {safe.upper()}")
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
    import site  # where Debian's packages are

    site.main()
    import pigpio

    connection = pigpio.pi(show_errors=False)
    if not connection.connected:
        raise OSError("pigpiod doesn't answer")
    connection.write(line, int(high))
    connection.stop()


if __name__ == "__main__":
    sys.exit(main())
