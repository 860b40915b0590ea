"""Signals and systemd: signs of life, a status for a person, and a reload that can't break it."""

import fcntl
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.bridge_process import COMMANDS, Run
from harness.deadline import wait_until
from harness.exhibit import CONFIG, write_exhibit
from harness.sockets import close_of, frame

from gpiobridge.system.sd_notify import notify, watchdog_s


class Systemd:
    """Listens to what a service says, as systemd does.

    Args:
        folder: where its socket lies.
    """

    def __init__(self, folder: Path) -> None:
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.settimeout(20)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._sock.bind(str(folder / "notify"))
        self.speakers: set[int] = set()  # the processes that have said something
        self.environ = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify")}

    def next(self) -> dict[str, str]:
        """The next message: its variables."""
        said, ((_, _, credentials),), _, _ = self._sock.recvmsg(4096, socket.CMSG_SPACE(12))
        self.speakers.add(struct.unpack("3i", credentials)[0])
        return dict(line.split("=", 1) for line in said.decode().splitlines())

    def wait_for(self, variable: str, part: str = "") -> str:
        """Wait for a message in which a variable has a part; return the variable."""
        until_s = time.monotonic() + 20
        while time.monotonic() < until_s:
            value = self.next().get(variable)
            if value is not None and part in value:
                return value
        raise AssertionError(f"no {variable} with {part!r}")

    def wait_for_silence(self, seconds: float) -> None:
        """Wait until nothing was heard for so many seconds."""
        self._sock.settimeout(seconds)
        try:
            for _ in range(10):
                self._sock.recv(4096)
        except TimeoutError:
            return
        finally:
            self._sock.settimeout(20)
        raise AssertionError("it goes on")

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    """One that listens."""
    listener = Systemd(tmp_path)
    yield listener
    listener.close()


def test_systemd_is_told_when_pins_are_watched(systemd: Systemd, run_bridge: Run) -> None:
    """READY=1 comes when the application is up, STOPPING=1 at its end."""
    bridge = run_bridge(env=systemd.environ)
    assert systemd.next() == {"READY": "1"}
    bridge.stop()
    systemd.wait_for("STOPPING", "1")


def test_status_says_what_is_going_on(systemd: Systemd, run_bridge: Run) -> None:
    """How many displays and pins there are, and when the last edge was."""
    # A short watchdog makes the signs of life frequent.
    bridge = run_bridge(env={**systemd.environ, "WATCHDOG_USEC": "600000"})
    status = systemd.wait_for("STATUS", "0 displays")
    assert status == "0 displays, 2 simulated pins, no edge yet"
    with bridge.socket("still") as ws:
        frame(ws, "state")
        bridge.set_level("button", "low")
        frame(ws, "edge")
        status = systemd.wait_for("STATUS", "1 display,")
        assert systemd.wait_for("STATUS", "last edge").endswith(" s ago")
        with bridge.socket("still", "?visible=false"):
            systemd.wait_for("STATUS", "2 displays (1 hidden), 2 simulated pins")


def hanging(part: str, flag: Path) -> list[str]:
    """Make the command of a bridge of which a part hangs while a file is there."""
    module, name, method = {
        "watcher": ("loop.watcher", "Watcher", "_turn"),
        "main loop": ("serve.gunicorn_worker", "ServiceWorker", "notify"),
    }[part]
    return [
        sys.executable,
        "-c",
        "import os, time; from gpiobridge import cli; "
        f"from gpiobridge.{module} import {name} as broken; whole = broken.{method}\n"
        f"def hang(*args):\n"
        f"    while os.path.exists({str(flag)!r}):\n"
        f"        time.sleep(0.01)\n"
        f"    return whole(*args)\n"
        f"broken.{method} = hang; cli.main()",
    ]


@pytest.mark.parametrize("part", ["watcher", "main loop"])
def test_watchdog_hears_nothing_of_a_part_that_hangs(
    systemd: Systemd, run_bridge: Run, tmp_path: Path, part: str
) -> None:
    """Neither of the two threads that matter can hang without silence."""
    flag = tmp_path / "flag"
    environ = {**systemd.environ, "WATCHDOG_USEC": "600000"}
    run_bridge(env=environ, command=hanging(part, flag))
    systemd.wait_for("WATCHDOG", "1")
    flag.touch()
    try:
        systemd.wait_for_silence(1.8)  # one that lives is heard every second
    finally:
        flag.unlink()
    systemd.wait_for("WATCHDOG", "1")


def test_watchdog_hears_nothing_of_a_process_that_hangs(systemd: Systemd, run_bridge: Run) -> None:
    """A stopped process is silent, and is heard again when it goes on."""
    bridge = run_bridge(env={**systemd.environ, "WATCHDOG_USEC": "600000"})
    systemd.wait_for("WATCHDOG", "1")
    os.kill(bridge.process.pid, signal.SIGSTOP)
    try:
        systemd.wait_for_silence(1.8)
    finally:
        os.kill(bridge.process.pid, signal.SIGCONT)
    systemd.wait_for("WATCHDOG", "1")


def test_only_the_main_process_speaks_to_systemd(systemd: Systemd, run_bridge: Run) -> None:
    """From READY=1 over a reload to STOPPING=1: a unit could say NotifyAccess=main."""
    bridge = run_bridge(env={**systemd.environ, "WATCHDOG_USEC": "600000"})
    systemd.wait_for("READY", "1")
    bridge.process.send_signal(signal.SIGHUP)
    systemd.wait_for("RELOADING", "1")
    systemd.wait_for("READY", "1")
    bridge.stop()
    systemd.wait_for("STOPPING", "1")
    assert systemd.speakers == {bridge.process.pid}


def test_the_watchdog_leaves_time_for_a_reload(systemd: Systemd, run_bridge: Run) -> None:
    """A fresh process gives no sign of life while it starts; then the unit's own time counts."""
    bridge = run_bridge(env={**systemd.environ, "WATCHDOG_USEC": "600000"})
    systemd.wait_for("READY", "1")
    bridge.process.send_signal(signal.SIGHUP)
    systemd.wait_for("RELOADING", "1")
    assert systemd.wait_for("WATCHDOG_USEC", "") == "60000000"
    assert systemd.wait_for("WATCHDOG_USEC", "") == "600000"


def test_reload_brings_the_new_configuration(run_bridge: Run, tmp_path: Path) -> None:
    """After SIGHUP displays are told to reconnect, and nobody who connects is refused."""
    config = write_exhibit(tmp_path)
    bridge = run_bridge(config=config)
    with bridge.socket("still") as ws:
        epoch = frame(ws, "state")["epoch"]
        config.write_text(CONFIG.format(server="") + 'on_low.door = "open"\n')  # of [pages.still]
        refused: list[OSError] = []
        over = threading.Event()

        def connect_all_the_time() -> None:
            while not over.is_set():
                try:
                    socket.create_connection(("127.0.0.1", bridge.port), 10).close()
                except OSError as error:
                    refused.append(error)
                over.wait(0.002)

        connecting = threading.Thread(target=connect_all_the_time)
        connecting.start()
        try:
            bridge.process.send_signal(signal.SIGHUP)
            assert close_of(ws)[0] == 1001
            bridge.wait_for_line("pages at")
        finally:
            over.set()
            connecting.join()
        assert refused == []
    with bridge.socket("still") as ws:
        assert frame(ws, "state")["epoch"] != epoch
        bridge.set_level("door", "high")
        frame(ws, "edge")
        bridge.set_level("door", "low")
        assert close_of(ws) == (4000, "/open")


def test_reload_is_refused_with_the_reason(
    systemd: Systemd, run_bridge: Run, tmp_path: Path
) -> None:
    """A broken file changes nothing; log and status say why, until it has been mended."""
    config = write_exhibit(tmp_path)
    bridge = run_bridge(config=config, env={**systemd.environ, "WATCHDOG_USEC": "600000"})
    before = bridge.workers()
    with bridge.socket("welcome") as ws:
        frame(ws, "state")
        config.write_text(CONFIG.format(server='beat = "2"'))
        bridge.process.send_signal(signal.SIGHUP)
        bridge.wait_for_line(r'reload refused: .*server.beat = "2": needs a unit')
        status = systemd.wait_for("STATUS", "reload refused: ")
        assert "1 display," in status
        assert 'server.beat = "2": needs a unit' in status
        bridge.set_level("button", "low")
        assert close_of(ws) == (4000, "/open")
    assert bridge.workers() == before
    config.write_text(CONFIG.format(server='beat = "1s"'))
    bridge.process.send_signal(signal.SIGHUP)
    systemd.wait_for("RELOADING", "1")
    systemd.wait_for("READY", "1")
    assert "refused" not in systemd.wait_for("STATUS")
    assert bridge.health()["beat"] == 1


def test_reload_can_not_move_the_address(run_bridge: Run, tmp_path: Path) -> None:
    """Another port needs a restart, which is said; the service goes on."""
    config = write_exhibit(tmp_path, "port = 0")
    bridge = run_bridge(config=config, port=None, command=[*COMMANDS["gunicorn"], "run"])
    config.write_text(CONFIG.format(server="port = 8123"))
    bridge.process.send_signal(signal.SIGHUP)
    bridge.wait_for_line(r"server.port = 8123: can't be changed by a reload; restart the service")
    assert bridge.get("/still")[0] == 200


def test_a_slow_check_holds_up_no_sign_of_life(
    systemd: Systemd, run_bridge: Run, tmp_path: Path
) -> None:
    """Systemd hears of us while the check reads, and while the fresh start does (row 7)."""
    config = write_exhibit(tmp_path)
    text = config.read_text()
    bridge = run_bridge(config=config, env={**systemd.environ, "WATCHDOG_USEC": "600000"})
    systemd.wait_for("READY", "1")
    config.unlink()
    os.mkfifo(config)  # whoever reads it waits, as in a folder on a slow network

    def feed() -> None:
        with config.open("w") as file:  # waits for the reader
            file.write(text)

    bridge.process.send_signal(signal.SIGHUP)
    for _ in range(3):
        systemd.wait_for("WATCHDOG", "1")
    assert bridge.health()["status"] == "ok"
    feed()
    systemd.wait_for("RELOADING", "1")
    for _ in range(4):
        systemd.wait_for("WATCHDOG", "1")
    feed()
    systemd.wait_for("READY", "1")


def test_a_reload_during_a_check_is_checked_anew(run_bridge: Run, tmp_path: Path) -> None:
    """What was written after the check had begun is what counts (row 7)."""
    config = write_exhibit(tmp_path)
    bridge = run_bridge(config=config)
    text = config.read_text()
    config.unlink()
    os.mkfifo(config)
    bridge.process.send_signal(signal.SIGHUP)
    file = config.open("w")  # the check has begun
    bridge.process.send_signal(signal.SIGHUP)
    wait_until(lambda: not _pending(bridge.process.pid, signal.SIGHUP))
    newer = tmp_path / "newer.toml"
    newer.write_text("[server]\nbeat = 2\n")
    newer.replace(config)
    file.write(text)
    file.close()
    bridge.wait_for_line("reload refused: .*server.beat = 2: needs a unit")
    assert not [line for line in bridge.log if "restarting" in line]


def _pending(pid: int, number: int) -> bool:
    """Whether a signal waits for a process to take it."""
    status = Path(f"/proc/{pid}/status").read_text()
    masks = [int(line.split()[1], 16) for line in status.splitlines() if "Pnd:" in line]
    return any(mask >> (number - 1) & 1 for mask in masks)


def test_a_stop_during_a_check_is_not_held_up(run_bridge: Run, tmp_path: Path) -> None:
    """SIGTERM ends the service at once, however long the check would take (row 7)."""
    config = write_exhibit(tmp_path)
    bridge = run_bridge(config=config)
    config.unlink()
    os.mkfifo(config)
    bridge.process.send_signal(signal.SIGHUP)
    with config.open("w"):  # the check has begun
        assert bridge.stop() < 5


def test_a_stop_during_a_reload_is_not_lost(run_bridge: Run) -> None:
    """SIGTERM right behind SIGHUP ends the service for good, exit code 0."""
    bridge = run_bridge()
    bridge.process.send_signal(signal.SIGHUP)
    bridge.wait_for_line("restarting with it")
    bridge.stop()


def test_a_terminal_that_closes_ends_it(run_bridge: Run) -> None:
    """In a terminal SIGHUP means that nobody is there any longer: the pins are released."""
    terminal, stdin = pty.openpty()

    def take_the_terminal() -> None:
        os.setsid()
        fcntl.ioctl(stdin, termios.TIOCSCTTY, 0)

    bridge = run_bridge(stdin=stdin, preexec_fn=take_the_terminal)
    os.close(stdin)
    worker = bridge.workers()[0]
    os.close(terminal)  # the kernel hangs up on whoever has it
    assert bridge.process.wait(20) == 0
    wait_until(lambda: not Path(f"/proc/{worker}").exists())
    bridge.kill()  # both are gone: it only closes what is left of the log


def test_nohup_is_respected(run_bridge: Run) -> None:
    """Started to outlive its terminal, it neither ends nor starts again when that closes."""
    bridge = run_bridge(command=["nohup", *COMMANDS["gunicorn"]], stdin=subprocess.DEVNULL)
    with bridge.socket("still") as ws:
        frame(ws, "state")
        bridge.process.send_signal(signal.SIGHUP)
        bridge.process.send_signal(signal.SIGUSR2)  # comes behind it, and is answered
        bridge.wait_for_line("signal ignored")
        bridge.set_level("button", "low")
        assert frame(ws, "edge")["seq"] == 1


@pytest.mark.parametrize(
    ("environ", "limit_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "15000000"}, 15.0),
        ({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "\u00b2"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_watchdog_is_what_systemd_says(environ: dict[str, str], limit_s: float | None) -> None:
    """In seconds; None where it isn't meant for us."""
    assert watchdog_s(environ) == limit_s


def test_nobody_listens(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without systemd nothing is sent; where its socket is gone, that is said and no more."""
    notify(None, "READY=1")
    assert caplog.text == ""
    notify(str(tmp_path / "gone"), "READY=1")
    assert "READY=1 could not be sent to systemd" in caplog.text
