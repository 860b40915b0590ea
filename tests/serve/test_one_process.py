"""The service is one process: what ends it, what it survives, and what a reload hands on."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest
from harness.bridge_process import COMMANDS, BridgeProcess, Run
from harness.deadline import wait_until
from harness.exhibit import write_exhibit


def children(pid: int) -> list[str]:
    """The process ids of a process's children."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [child for task in tasks for child in (task / "children").read_text().split()]


def failing(module: str, method: str, flag: Path) -> list[str]:
    """Make the command of a bridge of which a method fails once a file is there."""
    name, attribute = method.split(".")
    return [
        sys.executable,
        "-c",
        "import os; from gpiobridge import cli; "
        f"from gpiobridge.{module} import {name} as broken; whole = broken.{attribute}\n"
        f"def fail(*args):\n"
        f"    if os.path.exists({str(flag)!r}):\n"
        f"        raise RuntimeError('broken by the test')\n"
        f"    return whole(*args)\n"
        f"broken.{attribute} = fail; cli.main()",
    ]


def test_the_service_has_no_second_process(bridge: BridgeProcess) -> None:
    """What serves is what systemd started."""
    assert bridge.get("/still")[0] == 200
    assert children(bridge.process.pid) == []


def test_what_the_start_has_made_is_no_garbage(run_bridge: Run, tmp_path: Path) -> None:
    """The collector does not look through it again, which would hold up an edge."""
    told = tmp_path / "told"
    command = [
        sys.executable,
        "-c",
        "import gc, pathlib; from gpiobridge import cli; "
        "from gpiobridge.serve.gunicorn_worker import ServiceWorker as watched\n"
        f"def tell(self): pathlib.Path({str(told)!r}).write_text(str(len(gc.get_objects())))\n"
        "watched.notify = tell; cli.main()",
    ]
    run_bridge(command=command)
    wait_until(lambda: told.exists() and told.read_text() != "")
    assert int(told.read_text()) < 5000  # there are 50,000 in all


@pytest.mark.parametrize(
    ("module", "method", "says"),
    [
        ("loop.watcher", "Watcher._take_pins", "the watcher failed; no pin is watched any longer"),
        ("serve.arrivals", "Arrivals.tick", "the HTTP server failed"),
    ],
)
def test_a_part_that_fails_ends_the_service(
    run_bridge: Run, tmp_path: Path, module: str, method: str, says: str
) -> None:
    """With a failure, so that systemd acts; the log says once what it was."""
    flag = tmp_path / "flag"
    bridge = run_bridge(command=failing(module, method, flag))
    flag.touch()
    with contextlib.suppress(OSError, AssertionError):  # it ends meanwhile
        bridge.set_level("button", "low")
    assert bridge.process.wait(20) == 1
    bridge.kill()  # it has ended: this reads the rest of the log
    (line,) = (line for line in bridge.log if "ERROR" in line)
    assert says in line


def test_it_outlives_what_started_it(tmp_path: Path) -> None:
    """No parent is watched: a shell that ends takes nothing with it."""
    config, log = write_exhibit(tmp_path), tmp_path / "log"
    command = [*COMMANDS["gunicorn"], "run", "--port", "0", "--config", str(config)]
    shell = subprocess.Popen(
        ["sh", "-c", '"$@" >"$LOG" 2>&1 & echo $!; read line', "sh", *command],
        env=os.environ | {"LOG": str(log)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert shell.stdout is not None
    pid = int(shell.stdout.readline())
    try:
        wait_until(lambda: log.exists() and "pages at" in log.read_text())
        shell.communicate("\n", timeout=20)
        for number in range(1, 4):  # its loop would miss the parent in its next turn
            os.kill(pid, signal.SIGUSR2)
            wait_until(lambda n=number: log.read_text().count("signal ignored") == n)
    finally:
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not Path(f"/proc/{pid}/cmdline").exists() or has_ended(pid))


def has_ended(pid: int) -> bool:
    """Whether a process has ended, although its parent has not asked for its exit code."""
    return Path(f"/proc/{pid}/cmdline").read_text() == ""


def test_a_stop_before_it_is_up_ends_it_well(tmp_path: Path) -> None:
    """While it still reads its configuration, SIGTERM ends it at once, with exit code 0."""
    config = tmp_path / "config.toml"
    os.mkfifo(config)
    process = subprocess.Popen(
        [*COMMANDS["gunicorn"], "run", "--config", str(config)],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with config.open("w"):  # it reads
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20)[1] == ""
    assert process.returncode == 0


def test_a_second_stop_while_it_ends_changes_nothing() -> None:
    """Python gives the signals back to the system before it has ended: the code would be 143."""
    ending = (
        "import atexit, os, signal; from gpiobridge.serve import stop_signals; "
        "stop_signals.end_at_once(); "
        "atexit.register(os.kill, os.getpid(), signal.SIGTERM); "
        "os.kill(os.getpid(), signal.SIGINT)"
    )
    process = subprocess.run(
        [sys.executable, "-c", ending], capture_output=True, text=True, timeout=20, check=False
    )
    assert (process.returncode, process.stderr) == (0, "")


@pytest.fixture
def starting_again(run_bridge: Run, tmp_path: Path) -> Iterator[tuple[BridgeProcess, TextIO, str]]:
    """A bridge that starts again, the file from which it reads its configuration, and its text."""
    config = write_exhibit(tmp_path)
    text = config.read_text()
    bridge = run_bridge(config=config)
    config.unlink()
    os.mkfifo(config)
    bridge.process.send_signal(signal.SIGHUP)
    let_read(config, text)  # for the check
    bridge.wait_for_line("restarting with it")
    with config.open("w") as file:  # waits for the fresh start
        yield bridge, file, text


def let_read(config: Path, text: str) -> None:
    """Let somebody read the configuration once."""
    with config.open("w") as file:
        file.write(text)


def test_a_reload_right_behind_a_reload_is_not_lost(
    starting_again: tuple[BridgeProcess, TextIO, str],
) -> None:
    """SIGHUP waits until the process is up again; its default would end it."""
    bridge, file, text = starting_again
    bridge.process.send_signal(signal.SIGHUP)
    file.write(text)
    file.close()
    bridge.wait_for_line("pages at")
    let_read(Path(file.name), text)  # the check that it has asked for
    bridge.wait_for_line("restarting with it")
    let_read(Path(file.name), text)
    bridge.wait_for_line("pages at")


def test_a_stop_while_it_starts_again_ends_it_well(
    starting_again: tuple[BridgeProcess, TextIO, str],
) -> None:
    """SIGTERM in the middle of a reload: exit code 0, and no traceback."""
    bridge, _, _ = starting_again
    bridge.stop()


def test_a_reload_hands_on_no_other_file(run_bridge: Run) -> None:
    """The fresh process has the listening socket and the standard streams, and opens the rest."""
    reader, writer = os.pipe()
    try:
        bridge = run_bridge(pass_fds=(reader,))  # as a back end leaves a file open
        assert os.readlink(f"/proc/{bridge.process.pid}/fd/{reader}").startswith("pipe:")
        theirs = os.readlink(f"/proc/{bridge.process.pid}/fd/{reader}")
        bridge.process.send_signal(signal.SIGHUP)
        bridge.wait_for_line("pages at")
        files = Path(f"/proc/{bridge.process.pid}/fd").iterdir()
        assert theirs not in [os.readlink(file) for file in files]
    finally:
        os.close(reader)
        os.close(writer)
