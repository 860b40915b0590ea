"""The running guest: its GPIO lines, its shell, its port, its end.

A guest is one QEMU process. The host talks to it through three sockets of QEMU: "qmp" is its
monitor, "qtest" sets the levels of GPIO lines, "shell" is the guest's serial port, where a root
shell waits. A `VirtualPi` belongs to one thread; `cpu_seconds` and `get` may be called by any.

Sources: QEMU's ``docs/interop/qmp-spec.rst`` and ``system/qtest.c``; ARM's PL061 manual (DDI0190).
"""

import base64
import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gpiobridge.core.events import Level

from .host import BOOT_TOOLS, BenchError, ensure_tools, make_ext4, run
from .image import INITRD, KERNEL, ROOT_DISK
from .recorder import ConnectionEndError, Lines, Recorder

_MACHINE = ["-cpu", "cortex-a72", "-smp", "2", "-m", "768"]
_BOARD_REVISION = "c03114"  # a Pi 4B's, in which gpiozero expects gpiochip0
_GUEST_PORT = 8000
_APP_DISK_MIB = 64
_CONNECT_LIMIT_S = 20.0
_ANSWER_LIMIT_S = 60.0
_TRY_S = 1.0  # the shell is asked so often whether it is there
_SLOW_TRY_S = 10.0  # for a shell that is there, but slow
_LOG_TAIL = 4000  # characters of the console shown with an error
_CTRL_C = "\x03"


class VirtualPi:
    """One guest, used as a context manager.

    Args:
        image: the folder that `image.ensure_image` returned.
        app: the folder that the guest sees as ``/opt/app``; its ``*.service`` units are started.
        port: a free port of the host's loopback address, which leads to the guest's port 8000.
        disk: its root disk, which outlives it; by default the image's, and what is written to it
            is thrown away at the end.
        stick: a further disk, which outlives it, too.
        nice: of its process. What emulates hardware is not slowed down by its neighbours: a guest
            that waits too long for the processor merges edges in its interrupt controller.
    """

    def __init__(
        self,
        image: Path,
        app: Path,
        port: int,
        *,
        disk: Path | None = None,
        stick: Path | None = None,
        nice: int = -10,
    ) -> None:
        self.port = port
        self._image = image
        self._app = app
        self._disk = disk
        self._stick = stick
        self._nice = nice
        self._folder = Path(tempfile.mkdtemp(prefix="virtualpi-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._chip = ""
        self._busy = False  # the shell may still run a script that nobody waits for
        self._monitor: _LineSocket
        self._lines: Lines
        self._shell: _LineSocket

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def set_line(self, line: int, level: Level) -> None:
        """Drive a GPIO input of the guest, at any time after QEMU's start.

        Args:
            line: 0 to 7. The guest's pull resistors do nothing: a line is low until it is set.
            level: what the guest will read.
        """
        driven = int(level is Level.HIGH)
        self._lines.send(f"set_irq_in {self._chip} unnamed-gpio-in {line} {driven}")
        answer = self._lines.readline(_ANSWER_LIMIT_S)
        if not answer.startswith("OK"):
            raise BenchError(f"QEMU refuses to set line {line}: {answer}")

    def record_outputs(self) -> Recorder:
        """Keep every change of an output from now on; a line that is high now is not known."""
        recorder = Recorder(self._lines, self._chip)
        self._lines = recorder
        return recorder

    def sh(self, script: str, limit_s: float = _ANSWER_LIMIT_S) -> tuple[int, str]:
        """Run a bash script in the guest, as root.

        Args:
            script: any text; its standard input is empty.
            limit_s: after so many seconds it is given up.

        Returns:
            Its exit status, and what it wrote to standard output and standard error.

        Raises:
            BenchError: no end within ``limit_s`` seconds; the message ends with the console. The
                next script ends this one.
        """
        # The serial line has a terminal's limit of 4096 characters a line, hence the short
        # pieces. Kernel messages may stand between the lines, hence the marks.
        mark = "virtualpi-" + os.urandom(6).hex()
        pieces = base64.encodebytes(script.encode()).decode().replace("\n", "\\\n")
        self._begin(
            f'echo; echo {mark} begin; bash -c "$(echo {pieces} | base64 -d)" </dev/null 2>&1; '
            f"status=$?; echo; echo {mark} $status"
        )
        output: list[str] | None = None
        for line in self._lines_of(script, limit_s):
            if output is None:
                if line.startswith(mark):
                    output = []
            elif line.startswith(mark):
                self._busy = False
                return int(line.split()[1]), "\n".join(output).rstrip("\n")
            else:
                output.append(line)
        raise AssertionError("unreachable: the lines end with an error only")

    def sh_until(self, script: str, said: str, limit_s: float = _ANSWER_LIMIT_S) -> bool:
        """Start a bash script in the guest, as root, and wait until it says something.

        What it says later is not read: this is for a guest that is cut off next. In one that is
        not, the next script ends this one.

        Args:
            script: any text.
            said: a part of a line.
            limit_s: after so many seconds it is given up.

        Returns:
            Whether it said so; False if it ended without.

        Raises:
            BenchError: neither within ``limit_s`` seconds; the message ends with the console.
        """
        mark = "virtualpi-" + os.urandom(6).hex()
        pieces = base64.encodebytes(script.encode()).decode().replace("\n", "\\\n")
        self._begin(f'echo; bash -c "$(echo {pieces} | base64 -d)" </dev/null 2>&1; echo {mark}')
        for line in self._lines_of(script, limit_s):
            if said in line:
                return True
            if mark in line:
                self._busy = False
                return False
        raise AssertionError("unreachable: the lines end with an error only")

    def cut(self) -> None:
        """Cut the power: what the guest hasn't handed to its disk is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.stop()

    def wait_shell(self, limit_s: float = 300.0) -> None:
        """Wait until the guest's shell answers, and has read all that was sent to it.

        What is sent to it before may be lost, or only its beginning.

        Raises:
            BenchError: it did not within ``limit_s`` seconds; the message ends with the console.
        """
        # Before there is a shell, the kernel drops characters, such as those in the serial port at
        # that moment, and echoes the rest. So any part of a line may come back. The answer is
        # no part of it: only a shell removes the backslash.
        asked: set[str] = set()
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s:
            word = os.urandom(6).hex()
            asked.add(f"virtualpi-{word}")
            self._shell.send(f"echo; echo virtualpi\\-{word}")
            if self._answers(f"virtualpi-{word}", asked):
                self._busy = False
                return
        raise BenchError(f"no shell after {limit_s:.0f} s. The console:\n{self.log()}")

    def _answers(self, newest: str, asked: set[str]) -> bool:
        """Whether the shell gives the newest answer; the earlier ones may come before it."""
        end_s = time.monotonic() + _TRY_S
        with contextlib.suppress(BenchError):
            while (line := self._shell.readline(end_s - time.monotonic())) != newest:
                if line in asked:
                    end_s = time.monotonic() + _SLOW_TRY_S
            return True
        return False

    def reboot(self) -> None:
        """Restart the guest at once, without stopping anything, and wait for its shell.

        What was written is on the disk before.

        Raises:
            BenchError: no shell answered.
        """
        self.reset()
        self.wait_shell()

    def reset(self) -> None:
        """Restart the guest as `reboot`, and wait for nothing."""
        self.sh("sync")
        # At once: the shell would be waited for, which ignores SIGTERM as shells do. QEMU may
        # answer before it resets, and the old shell must not be taken for the new one.
        self._command("system_reset", event="RESET")

    def get(self, path: str, limit_s: float = 10.0) -> tuple[int, str]:
        """Send a GET request to the guest; returns status and body, follows no redirect.

        Raises:
            OSError: no answer within ``limit_s`` seconds, or the connection is refused.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=limit_s)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except http.client.HTTPException as error:
            raise ConnectionError(f"no proper answer to {path}") from error
        finally:
            connection.close()

    def wait_http(self, path: str, limit_s: float = 300.0) -> str:
        """Wait until ``path`` answers 200, and return the body.

        Raises:
            BenchError: it did not within ``limit_s`` seconds; the message ends with the console.
        """
        end_s = time.monotonic() + limit_s
        said = "no answer"
        while time.monotonic() < end_s:
            if self._process is None or self._process.poll() is not None:
                raise BenchError(f"QEMU ended:\n{self.log()}")
            try:
                status, body = self.get(path)
            except OSError as error:
                said = f"{type(error).__name__}: {error}"
            else:
                if status == 200:
                    return body
                said = f"status {status}: {body[:500]}"
            time.sleep(0.25)
        raise BenchError(f"{path}: {said}, after {limit_s:.0f} s. The console:\n{self.log()}")

    def save(self) -> None:
        """Keep the guest's present state (memory, devices, disk) inside its QEMU process."""
        self._human("savevm saved")

    def restore(self) -> None:
        """Go back to the state of `save`; TCP connections into the guest are lost."""
        self._human("loadvm saved")

    def cpu_seconds(self) -> float:
        """Return the processor time that QEMU has used."""
        if self._process is None:
            return 0.0
        stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        fields = stat.rpartition(") ")[2].split()  # proc(5): from the third field on
        user, system = int(fields[11]), int(fields[12])
        return (user + system) / os.sysconf("SC_CLK_TCK")

    def log(self) -> str:
        """Return the end of what QEMU and the guest's console have said."""
        texts = []
        for name in ("qemu.log", "console.log"):
            path = self._folder / name
            if path.exists():
                texts.append(path.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL:])
        return "\n".join(texts)

    def stop(self) -> None:
        """End this guest's QEMU process and remove what it left; harmless when repeated."""
        for name in ("_monitor", "_lines", "_shell"):
            if hasattr(self, name):
                getattr(self, name).close()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        ensure_tools(BOOT_TOOLS)
        tree = self._device_tree()
        app_disk = self._folder / "app.ext4"
        make_ext4(self._app, app_disk, _APP_DISK_MIB)
        command: list[str | Path] = [
            *("nice", "-n", str(self._nice)),
            # QEMU must not outlive a test run that was killed.
            *("setpriv", "--pdeathsig", "KILL", "--"),
            *("qemu-system-aarch64", "-M", "virt", *_MACHINE),
            *("-accel", "tcg,thread=multi", "-nodefaults", "-display", "none"),
            *("-dtb", tree, "-kernel", self._image / KERNEL, "-initrd", self._image / INITRD),
            *("-append", "console=ttyAMA0 quiet audit=0 nokaslr mitigations=off"),
            *self._disks(),
            *_disk("app", app_disk, "readonly=on"),
            *("-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self.port}-:{_GUEST_PORT}"),
            *("-device", "virtio-net-device,netdev=net", "-device", "virtio-rng-device"),
            *("-serial", f"{self._socket('shell')},logfile={self._folder / 'console.log'}"),
            *("-qmp", self._socket("qmp")),
            *("-qtest", self._socket("qtest"), "-qtest-log", "/dev/null"),
        ]
        with (self._folder / "qemu.log").open("wb") as log:
            # A session of its own: Ctrl-C at the terminal is for the tests, which then stop it.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._monitor = self._connect("qmp")
        self._monitor.readline(_ANSWER_LIMIT_S)  # the greeting
        self._command("qmp_capabilities")
        self._chip = self._find_chip()
        self._lines = self._connect("qtest")
        self._shell = self._connect("shell")

    def _disks(self) -> list[str]:
        # What the guest has handed to its disk is kept when QEMU is killed: the host's memory has
        # it. What is lost is what the guest still had in its own, and that is most of what it has
        # written in the last seconds.
        if self._disk is None:
            disks = _disk("root", self._image / ROOT_DISK, "snapshot=on")
        else:
            disks = _disk("root", self._disk, "cache=writeback")
        if self._stick is not None:
            disks += _disk("stick", self._stick, "cache=writeback")
        return disks

    def _device_tree(self) -> Path:
        """Write QEMU's own device tree with a Pi's revision and without the power key."""
        tree = self._folder / "pi.dtb"
        dump = f"virt,dumpdtb={tree}"
        run("qemu-system-aarch64", "-M", dump, *_MACHINE, "-nic", "none", quiet=True)
        run("fdtput", "-p", "-t", "x", tree, "/system", "linux,revision", _BOARD_REVISION)
        run("fdtput", "-r", tree, "/gpio-keys")  # the power key would hold line 3
        return tree

    def _find_chip(self) -> str:
        """Return the path of the GPIO block in QEMU's object tree."""
        for child in self._command("qom-list", path="/machine/unattached"):
            if child["type"] == "child<pl061>":
                return f"/machine/unattached/{child['name']}"
        raise BenchError("this QEMU's machine `virt` has no GPIO block")

    def _socket(self, name: str) -> str:
        return f"unix:{self._folder / name},server=on,wait=off"

    def _connect(self, name: str) -> "_LineSocket":
        end_s = time.monotonic() + _CONNECT_LIMIT_S
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self._folder / name))
            except OSError as error:
                connection.close()
                ended = self._process is None or self._process.poll() is not None
                if ended or time.monotonic() > end_s:
                    raise BenchError(f"QEMU does not start:\n{self.log()}") from error
                time.sleep(0.05)
            else:
                return _LineSocket(connection)

    def _begin(self, line: str) -> None:
        """Send a line to the shell, once a script that was given up has ended."""
        if self._busy:
            self._shell.send(_CTRL_C)  # also ends a line that the shell has read in part
            self.wait_shell(_ANSWER_LIMIT_S)
        self._busy = True
        self._shell.send(line)

    def _lines_of(self, script: str, limit_s: float) -> Iterator[str]:
        """Yield what the guest says from now on."""
        end_s = time.monotonic() + limit_s
        while True:
            try:
                yield self._shell.readline(end_s - time.monotonic())
            except BenchError as error:
                raise BenchError(
                    f"{error}. Given up after {limit_s:.0f} s:\n{script}\n"
                    f"The console:\n{self.log()}"
                ) from error

    def _command(self, name: str, *, event: str = "", **arguments: str) -> Any:
        """Give QEMU a command, and return its answer once the event, if any, has come, too."""
        self._monitor.send(json.dumps({"execute": name, "arguments": arguments}))
        awaited = {"return", event} if event else {"return"}
        answer = None
        while awaited:  # other events come in between
            told = json.loads(self._monitor.readline(_ANSWER_LIMIT_S))
            if "error" in told:
                raise BenchError(f"QEMU refuses {name}: {told['error']['desc']}")
            if "return" in told:
                answer = told["return"]
                awaited.discard("return")
            else:
                awaited.discard(told.get("event"))
        return answer

    def _human(self, line: str) -> None:
        """Give a command that only QEMU's monitor for people has; it says nothing if it works."""
        said = self._command("human-monitor-command", **{"command-line": line})
        if said.strip():
            raise BenchError(f"QEMU refuses {line}: {said}")


class _LineSocket:
    """Lines of text over a connected socket, each read with a limit."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._unread = b""

    def send(self, text: str) -> None:
        """Send ``text`` and a line end."""
        self._connection.settimeout(_ANSWER_LIMIT_S)
        self._connection.sendall(text.encode() + b"\n")

    def readline(self, limit_s: float) -> str:
        """Return the next line without its end."""
        end_s = time.monotonic() + limit_s
        while b"\n" not in self._unread:
            self._connection.settimeout(max(0.001, end_s - time.monotonic()))
            try:
                data = self._connection.recv(65536)
            except TimeoutError as error:
                raise BenchError(f"the guest said nothing for {limit_s:.0f} s") from error
            if not data:
                raise ConnectionEndError("QEMU has closed the connection")
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode(errors="replace").rstrip("\r")

    def close(self) -> None:
        """Close the socket."""
        self._connection.close()


def _disk(name: str, file: Path, access: str) -> list[str]:
    """Return QEMU's arguments for a disk whose serial number is ``name``."""
    drive = f"if=none,id={name},format=raw,file={file},{access}"
    return ["-drive", drive, "-device", f"virtio-blk-device,drive={name},serial={name}"]
