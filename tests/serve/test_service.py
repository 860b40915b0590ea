"""The service as a whole: it starts or says why not, and slow readers delay nobody."""

import contextlib
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import COMMANDS, HERE, BridgeProcess, Run
from harness.exhibit import write_exhibit
from harness.sockets import frame
from websockets.exceptions import InvalidStatus

from gpiobridge.serve import gunicorn_worker


def run_and_fail(
    *args: str, cwd: Path, command: list[str] | None = None, **options: Any
) -> tuple[int, str]:
    """Run gpiobridge, which must end by itself: exit code and what it said on stderr."""
    done = subprocess.run(
        [*(command or [sys.executable, "-m", "gpiobridge"]), *args],
        cwd=cwd,
        **options,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr.strip()


def test_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    """A port that is taken is said at once, with the remedy; exit code 1."""
    config = write_exhibit(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = run_and_fail("run", "--config", str(config), "--port", str(port), cwd=tmp_path)
    assert code == 1
    other = said.rpartition(" ")[2]
    assert said == (
        f"gpiobridge: port {port} on 127.0.0.1 is in use: stop the other program, or choose "
        f"another port: {sys.executable} -m gpiobridge run --config {config} --port {other}"
    )
    assert other != str(port)


def test_all_problems_at_once(tmp_path: Path) -> None:
    """A broken configuration lists every problem, each on a line; exit code 2."""
    config = write_exhibit(tmp_path)
    config.write_text(
        """
        [server]
        prot = 8000
        [pins]
        button = 17
        bell = "GPIO17"
        door = { pin = true, debounce = 20 }
        [pages.welcome]
        on_low.buton = "open"
        on_high.button = "nowhere"
        """
    )
    code, said = run_and_fail("run", "--config", str(config), cwd=tmp_path)
    assert code == 2
    lines = said.splitlines()
    places = ("server.prot", "pins.bell", "pins.door.pin", "pins.door.debounce", "on_low.buton")
    for place in (*places, "on_high.button"):
        assert [line for line in lines if place in line], f"{place} in {said}"
    assert all(line.startswith(str(config)) for line in lines)


def test_pin_without_a_back_end_is_one_sentence(tmp_path: Path) -> None:
    """Real pins that can't be opened end the service with the reason; exit code 1."""
    config = write_exhibit(tmp_path)
    config.write_text(config.read_text() + '\n[gpio]\npin_factory = "pigpio"\n')
    code, said = run_and_fail("run", "--config", str(config), "--port", "0", cwd=tmp_path)
    assert code == 1
    assert said.startswith('gpiobridge: gpio.pin_factory = "pigpio": the package is not installed')
    assert "pip install 'pigpio>=1.78'" in said
    assert len(said.splitlines()) == 1


# No client is given up within a test: a thread that one holds is held for good.
PATIENT = (
    "from gpiobridge import cli; from gpiobridge.serve import listener; "
    "listener.REQUEST_S = 600; cli.main()"
)
ROBBED = f"import sys; sys.path.insert(0, {str(HERE)!r}); import portable; portable.rob()"
PATIENT_COMMANDS = {
    "gunicorn": [sys.executable, "-c", PATIENT],
    "werkzeug": [sys.executable, "-c", f"{ROBBED}; {PATIENT}"],
}


def page_seconds(bridge: BridgeProcess, count: int = 50) -> list[float]:
    """How long each of ``count`` page requests took."""
    times = []
    for _ in range(count):
        started_s = time.perf_counter()
        assert bridge.get("/still")[0] == 200
        times.append(time.perf_counter() - started_s)
    return times


def test_paused_readers_hold_no_thread(run_bridge: Run, kind: str, tmp_path: Path) -> None:
    """More paused readers of a film than HTTP threads: pages are served, and the film whole."""
    bridge = run_bridge(server="threads = 8", command=PATIENT_COMMANDS[kind])
    film = bytes(range(256)) * (64 * 1024)  # 16 MiB
    (tmp_path / "static" / "film.mp4").write_bytes(film)
    head, body = read_beside_paused_readers(bridge, "")
    assert head.startswith(b"HTTP/1.1 200"), head
    assert body == film
    head, body = read_beside_paused_readers(bridge, "Range: bytes=0-\r\n")
    assert head.startswith(b"HTTP/1.1 206"), head
    assert b"Content-Range: bytes 0-1048575/16777216" in head
    assert body == film[: 1024 * 1024]


def read_beside_paused_readers(bridge: BridgeProcess, more: str) -> tuple[bytes, bytes]:
    """Pause 20 readers of the film, ask for pages, then read on with the first: head and body."""
    with contextlib.ExitStack() as stack:
        readers = []
        for _ in range(20):
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(20)
            sock.connect(("127.0.0.1", bridge.port))
            sock.sendall(
                f"GET /static/film.mp4 HTTP/1.1\r\nHost: 127.0.0.1:{bridge.port}\r\n"
                f"{more}\r\n".encode()
            )
            assert sock.recv(1) == b"H"
            readers.append(sock)
        took = page_seconds(bridge)
        print(f"page with 20 paused readers: median {statistics.median(took) * 1000:.1f} ms")
        with readers[0].makefile("rb") as file:
            head, _, body = file.read().partition(b"\r\n\r\n")
    return b"H" + head, body


def test_static_ranges(shared_bridge: BridgeProcess) -> None:
    """Small files, their ranges and their errors are those of any web server."""
    assert shared_bridge.get("/static/a.txt") == (200, "0123456789")
    assert shared_bridge.get("/static/a.txt", Range="bytes=2-4") == (206, "234")
    assert shared_bridge.get("/static/a.txt", Range="bytes=-3") == (206, "789")
    assert shared_bridge.get("/static/a.txt", Range="bytes=99-")[0] == 416
    assert shared_bridge.get("/static/nosuch.txt")[0] == 404
    assert shared_bridge.get("/static/../config.toml")[0] == 404


STARTER = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(3, 4); "
    "[os.set_inheritable(fd, True) for fd in (3, 4)]; "
    "os.environ.update(LISTEN_FDS=sys.argv[2], LISTEN_PID=str(os.getpid())); "
    "os.execv(sys.executable, [sys.executable, '-m', 'gpiobridge', *sys.argv[3:]])"
)


def activation(listener: socket.socket, sockets: int = 1) -> list[str]:
    """Return the command that starts gpiobridge as a socket unit would."""
    listener.set_inheritable(True)
    return [sys.executable, "-c", STARTER, str(listener.fileno()), str(sockets)]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "0:0:0:0:0:0:0:1"])
def test_socket_activation(tmp_path: Path, host: str) -> None:
    """The listening socket may come from systemd (LISTEN_FDS), on the configured address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        config = write_exhibit(tmp_path, f'host = "{host}"')
        bridge = BridgeProcess(
            config,
            command=activation(listener),
            port=listener.getsockname()[1],
            pass_fds=(listener.fileno(),),
        )
        try:
            assert bridge.port == listener.getsockname()[1]
            assert bridge.get("/still")[0] == 200
        finally:
            bridge.stop()


@pytest.mark.parametrize(
    ("server", "says"),
    [
        ("port = 1", "127.0.0.1 and 1"),
        ('host = "127.0.0.2"\nport = 0', "127.0.0.2 and 0"),
        ('host = "::1"\nport = 0', "::1 and 0"),
    ],
)
def test_another_socket_than_the_configured_one_is_refused(
    tmp_path: Path, server: str, says: str
) -> None:
    """A configuration that differs from systemd's socket is an error that names both; code 2."""
    config = write_exhibit(tmp_path, server)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = activation(listener)
        code, said = run_and_fail(
            "run", "--config", str(config), cwd=tmp_path, command=command,
            pass_fds=(listener.fileno(),),
        )  # fmt: skip
        port = listener.getsockname()[1]
    assert code == 2
    assert said == (
        f"{config}: server.host and server.port are {says}, but systemd listens on 127.0.0.1 and "
        f"{port}: `sudo {sys.executable} -m gpiobridge install` writes the socket unit from the "
        "configuration"
    )


def test_two_sockets_are_refused(tmp_path: Path) -> None:
    """A socket unit with two addresses is no silent choice of one; code 2."""
    config = write_exhibit(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        code, said = run_and_fail(
            "run", "--config", str(config), cwd=tmp_path, command=activation(listener, 2),
            pass_fds=(listener.fileno(),),
        )  # fmt: skip
    assert code == 2
    assert said.startswith("gpiobridge.socket: passes 2 sockets, but must pass one: ")


def test_a_descriptor_that_is_no_socket_is_refused(tmp_path: Path) -> None:
    """A file in the socket's place is an error with a remedy, and no traceback; code 2."""
    config = write_exhibit(tmp_path)
    with config.open() as file:
        os.set_inheritable(file.fileno(), True)
        command = [sys.executable, "-c", STARTER, str(file.fileno()), "1"]
        code, said = run_and_fail(
            "run", "--config", str(config), cwd=tmp_path, command=command,
            pass_fds=(file.fileno(),),
        )  # fmt: skip
    assert code == 2
    assert said.startswith("gpiobridge.socket: passes no socket (")


def test_a_socket_that_does_not_listen_is_refused(tmp_path: Path) -> None:
    """Such as one of a unit with ListenDatagram=: the error names what is needed; code 2."""
    config = write_exhibit(tmp_path)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        code, said = run_and_fail(
            "run", "--config", str(config), cwd=tmp_path, command=activation(datagrams),
            pass_fds=(datagrams.fileno(),),
        )  # fmt: skip
    assert code == 2
    assert said.startswith("gpiobridge.socket: its ListenStream is not a TCP address: ")


def test_file_limit_is_raised(tmp_path: Path) -> None:
    """As many files may be open as the system allows: a display is one."""
    start = ["sh", "-c", 'ulimit -Sn 256; exec "$@"', "sh", *COMMANDS["gunicorn"]]
    bridge = BridgeProcess(write_exhibit(tmp_path), command=start)
    try:
        limits = Path(f"/proc/{bridge.workers()[0]}/limits").read_text()
    finally:
        bridge.stop()
    soft, hard = next(x for x in limits.splitlines() if "open files" in x).split()[3:5]
    assert soft == hard


def test_silent_connections_hold_no_thread(run_bridge: Run) -> None:
    """A browser's connections that say nothing, more than HTTP threads, delay no page."""
    bridge = run_bridge(command=PATIENT_COMMANDS["gunicorn"])
    with contextlib.ExitStack() as stack:
        for _ in range(30):
            stack.enter_context(socket.create_connection(("127.0.0.1", bridge.port)))
        page_seconds(bridge)


def test_requests_in_flight_are_answered_at_the_end() -> None:
    """When the service stops, the HTTP threads get a moment for what they are doing."""
    answered = threading.Event()

    def answer() -> None:
        stopping.wait(5)
        answered.set()

    stopping = threading.Event()
    busy = threading.Thread(target=answer, name=f"{gunicorn_worker.POOL_PREFIX}_0")
    busy.start()
    threading.Timer(0.05, stopping.set).start()
    gunicorn_worker.join_pool(time.monotonic() + 10)
    assert answered.is_set()


SHORT_LIMIT = [
    sys.executable,
    "-c",
    "from gpiobridge import cli; from gpiobridge.serve import listener; "
    "listener.REQUEST_S = 1; cli.main()",
]


def test_half_sent_requests_are_given_up(run_bridge: Run) -> None:
    """Clients that vanish in the middle of a request, more than HTTP threads, free them again."""
    bridge = run_bridge(server="threads = 4", command=SHORT_LIMIT)
    host = f"Host: 127.0.0.1:{bridge.port}\r\n"
    for half in (
        "GET /still HTTP/1.1\r\nHo",
        f"POST /simulator/pins/button HTTP/1.1\r\n{host}Content-Length: 9\r\n\r\n{{",
    ):
        with contextlib.ExitStack() as stack:
            for _ in range(6):
                sock = stack.enter_context(socket.create_connection(("127.0.0.1", bridge.port)))
                sock.sendall(half.encode())
            assert bridge.get("/still")[0] == 200, half
            with bridge.socket("still") as ws:
                frame(ws, "state")


def test_peers_that_do_not_hang_up_delay_nobody(shared_bridge: BridgeProcess) -> None:
    """A client that keeps its end open after "Connection: close" is not waited for."""
    request = f"GET /still HTTP/1.0\r\nHost: 127.0.0.1:{shared_bridge.port}\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", shared_bridge.port)))
            sock.sendall(request)
            assert sock.recv(12)[9:] == b"200"
        # Each would be waited for 2 s, one after the other.
        assert max(page_seconds(shared_bridge, 5)) < 4


def test_running_out_of_files_ends_nothing(tmp_path: Path) -> None:
    """With few descriptors displays are limited beforehand, and connections wait their turn."""
    start = ["sh", "-c", 'ulimit -n 140; exec "$@"', "sh", *COMMANDS["gunicorn"]]
    bridge = BridgeProcess(write_exhibit(tmp_path), command=start)
    try:
        with contextlib.ExitStack() as stack:
            for _ in range(12):  # 140 less the 128 that are no display's
                frame(stack.enter_context(bridge.socket("still")), "state")
            with pytest.raises(InvalidStatus) as refused, bridge.socket("still"):
                pass
            assert refused.value.response.status_code == 503
        with contextlib.ExitStack() as stack:
            for _ in range(200):
                sock = stack.enter_context(socket.create_connection(("127.0.0.1", bridge.port)))
                sock.sendall(b"GET /still HT")
        assert bridge.get("/still")[0] == 200
    finally:
        bridge.stop()
    assert "max_displays = 1000: only 140 files may be open" in "".join(bridge.log)


def test_other_signals_start_no_worker(bridge: BridgeProcess) -> None:
    """What makes gunicorn start another worker is refused: it would fight for the pins."""
    before = bridge.workers()
    for number in (signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR2):
        bridge.process.send_signal(number)
        bridge.wait_for_line("signal ignored")
        assert bridge.get("/still")[0] == 200, number
        assert bridge.workers() == before, number


FEW = (
    "from gpiobridge import cli; from gpiobridge.serve import werkzeug_server as w; "
    "w.MAX_CONNECTIONS = 8; cli.main()"
)
FEW_CONNECTIONS = [sys.executable, "-c", f"{ROBBED}; {FEW}"]


def test_werkzeug_has_so_many_connections(run_bridge: Run) -> None:
    """With more the oldest goes whose request has not come; a page is served (row 1)."""
    bridge = run_bridge(command=FEW_CONNECTIONS)
    with contextlib.ExitStack() as stack:
        unfinished = []
        for _ in range(20):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", bridge.port), 20))
            sock.sendall(b"GET /still HTTP/1.1\r\nHo")
            unfinished.append(sock)
        assert bridge.get("/still")[0] == 200
        for sock in unfinished[:12]:
            with contextlib.suppress(ConnectionResetError):
                assert sock.recv(100) == b""
