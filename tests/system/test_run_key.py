"""The key of a run: who finds it, where it is sent, and what it opens (row 11)."""

import grp
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import Run
from harness.deadline import wait_until
from harness.exhibit import HOOK, write_exhibit
from harness.served_application import make_app, served

from gpiobridge.client import asking
from gpiobridge.errors import RemoteError
from gpiobridge.system import run_key
from gpiobridge.system.run_key import RunKey, find_keys

TOKEN = "correct-horse_battery"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's runtime folder, of this test alone."""
    users = tmp_path / "run"
    users.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(users))
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(run_key, "SERVICE_FOLDER", tmp_path / "service")
    monkeypatch.setattr(run_key, "SESSIONS_FOLDER", tmp_path / "sessions")
    return users / "gpiobridge"


@pytest.fixture
def key() -> Iterator[RunKey]:
    """A key that is withdrawn at the end."""
    made = RunKey()
    yield made
    made.withdraw()


def keys(url: str, **environ: str) -> list[tuple[str, str]]:
    """What is found for a URL."""
    return [tuple(found) for found in find_keys(url, os.environ | environ)]


def test_a_file_is_of_its_user_alone(key: RunKey, folder: Path) -> None:
    """Mode 0600, in a folder of mode 0700; nothing half-written stays beside it (row 11)."""
    before = os.umask(0)
    try:
        key.offer("127.0.0.1", 8000)
    finally:
        os.umask(before)
    (file,) = folder.iterdir()
    assert (file.name, file.read_text()) == ("key-127.0.0.1-8000", f"{key.value}\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_cron_job_finds_the_key_of_its_user_s_session(
    key: RunKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cron sets no $XDG_RUNTIME_DIR, which the bridge's own session had (row 11)."""
    session = tmp_path / "sessions" / str(os.getuid())
    session.mkdir(parents=True, mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(session))
    key.offer("127.0.0.1", 8000)
    (found,) = find_keys("http://127.0.0.1:8000", {})
    assert found.key == key.value
    (session / "gpiobridge").chmod(0o755)  # somebody may have put another there
    assert find_keys("http://127.0.0.1:8000", {}) == []


def test_bridges_do_not_overwrite_each_other_s(folder: Path) -> None:
    """A file is of one address and port; each goes with its own bridge (row 11)."""
    one, other, third = RunKey(), RunKey(), RunKey()
    one.offer("127.0.0.1", 8000)
    other.offer("127.0.0.1", 8001)
    third.offer("::1", 8000)
    assert keys("http://127.0.0.1:8000/x") == [(one.value, "http://127.0.0.1:8000/x")]
    assert keys("http://127.0.0.1:8001") == [(other.value, "http://127.0.0.1:8001")]
    assert keys("http://[::1]:8000") == [(third.value, "http://[::1]:8000")]
    for made in (one, other, third):
        made.withdraw()
    assert list(folder.iterdir()) == []


def test_a_later_bridge_s_file_stays(folder: Path) -> None:
    """One that ends late doesn't remove the key of the one that came after it (row 11)."""
    first, second = RunKey(), RunKey()
    first.offer("127.0.0.1", 8000)
    second.offer("127.0.0.1", 8000)
    first.withdraw()
    assert keys("http://127.0.0.1:8000") == [(second.value, "http://127.0.0.1:8000")]
    second.withdraw()


@pytest.mark.parametrize(
    ("address", "offered"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("127.0.0.9", "http://127.0.0.9:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
        ("::ffff:127.0.0.1", "http://127.0.0.1:8000"),
        ("192.168.1.10", ""),
        ("fe80::1%lo", ""),
        ("pi.local", ""),
        ("", ""),
    ],
)
def test_a_key_is_for_a_loopback_address(key: RunKey, address: str, offered: str) -> None:
    """For all addresses it is offered at loopback; for one of a network nowhere (row 11)."""
    key.offer(address, 8000)
    urls = ["http://127.0.0.1:8000", "http://127.0.0.9:8000", "http://[::1]:8000"]
    found = [there for url in urls for _, there in keys(url)]
    assert found == ([offered] if offered else [])


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8001",
        "http://127.0.0.2:8000",
        "http://127.0.0.1",
        "https://127.0.0.1:8000",
        "http://user@127.0.0.1:8000",
        "http://127.0.0.1:8000@evil.example",
        "http://127.0.0.1:8000\\@evil.example",
        "http://127.0.0.1.evil.example:8000",
        "http://127.1:8000",
        "http://0x7f.1:8000",
        "http://2130706433:8000",
        "http://0.0.0.0:8000",
        "http://192.168.1.10:8000",
        "http://pi.local:8000",
        "http://localhost.:8000",
        "http://[::1]:8000",
        "http://127.0.0.1:99999",
        "http://[::1",
        "ftp://127.0.0.1:8000",
        "",
    ],
)
def test_a_key_is_for_no_other_address(key: RunKey, url: str) -> None:
    """Not for another port, another spelling, or anywhere else (row 11)."""
    key.offer("127.0.0.1", 8000)
    assert keys(url) == []


def test_localhost_is_asked_at_the_address_of_the_key(
    key: RunKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And only where it means this machine: else another program could hear the key (row 11)."""
    key.offer("127.0.0.1", 8000)

    def looks_up(*addresses: str) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 8000)) for each in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    looks_up("::1", "127.0.0.1")
    assert keys("http://LOCALHOST:8000/a?b") == [(key.value, "http://127.0.0.1:8000/a?b")]
    looks_up("127.0.0.1", "192.168.1.10")
    assert keys("http://localhost:8000") == []


def test_the_service_s_folder_comes_first(key: RunKey, tmp_path: Path, folder: Path) -> None:
    """The first of systemd's that can be written; a command finds it there, too (row 11)."""
    runtime = tmp_path / "service"
    runtime.mkdir()
    own = RunKey({"RUNTIME_DIRECTORY": f"{tmp_path / 'none'}:{runtime}"})
    own.offer("127.0.0.1", 8000)
    assert [file.name for file in runtime.iterdir()] == ["key-127.0.0.1-8000"]
    assert keys("http://127.0.0.1:8000") == [(own.value, "http://127.0.0.1:8000")]
    own.withdraw()
    assert not folder.exists()


def test_without_a_folder_of_the_user_there_is_one_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below that for temporary files, and of this user alone (row 11)."""
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    made = RunKey({})
    made.offer("127.0.0.1", 8000)
    own = tmp_path / f"gpiobridge-{os.getuid()}"
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    assert keys("http://127.0.0.1:8000") == [(made.value, "http://127.0.0.1:8000")]
    made.withdraw()


@pytest.mark.parametrize("how", ["open", "link", "file"])
def test_a_folder_that_others_may_enter_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The bridge does without, and says so once; commands read nothing there (row 11)."""
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    own = tmp_path / f"gpiobridge-{os.getuid()}"
    if how == "open":
        own.mkdir()
        own.chmod(0o755)
    elif how == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        own.symlink_to(tmp_path / "elsewhere")
    else:
        own.write_text("")
    made = RunKey({})
    made.offer("127.0.0.1", 8000)
    made.offer("127.0.0.1", 8000)
    made.offer("::1", 8000)
    assert len(caplog.messages) == 1
    assert "can't be written" in caplog.messages[0]
    assert keys("http://127.0.0.1:8000") == []
    made.withdraw()


@pytest.mark.parametrize("text", [b"", b"short", b"\xff" * 43, b"a" * 43 + b"\r\nX-Evil: 1", b"\0"])
def test_what_is_no_key_is_not_sent(folder: Path, text: bytes) -> None:
    """A file that holds anything else is passed over, as is a link or a pipe (row 11)."""
    folder.mkdir(mode=0o700)
    file = folder / "key-127.0.0.1-8000"
    file.write_bytes(text)
    assert keys("http://127.0.0.1:8000") == []
    file.unlink()
    (folder / "real").write_text("a" * 43)
    file.symlink_to(folder / "real")
    assert keys("http://127.0.0.1:8000") == []
    file.unlink()
    os.mkfifo(file)
    assert keys("http://127.0.0.1:8000") == []


# ------------------------------------------------------------------------- the kiosk's


@pytest.fixture
def of_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process's group be that of the installed bridge and kiosk."""
    monkeypatch.setattr(run_key, "KIOSKS", grp.getgrgid(os.getegid()).gr_name)


@pytest.mark.usefixtures("of_group")
def test_a_kiosk_has_a_key_of_its_own(tmp_path: Path) -> None:
    """The group may read it, with every umask; it is another key, and goes with the first."""
    runtime = tmp_path / "service"
    runtime.mkdir()
    made = RunKey({"RUNTIME_DIRECTORY": str(runtime)})
    before = os.umask(0o077)
    try:
        made.offer("127.0.0.1", 8000)
    finally:
        os.umask(before)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in runtime.iterdir()}
    assert modes == {"key-127.0.0.1-8000": 0o600, "kiosk-127.0.0.1-8000": 0o640}
    assert made.kiosk not in (made.value, "")
    found = [key for key, _ in run_key.find_kiosk_keys("http://127.0.0.1:8000")]
    assert found == [made.kiosk, made.value]
    (runtime / "key-127.0.0.1-8000").unlink()  # the kiosk's user may not read it
    found = [key for key, _ in run_key.find_kiosk_keys("http://127.0.0.1:8000")]
    assert found == [made.kiosk]
    assert keys("http://127.0.0.1:8000") == []
    made.withdraw()
    assert list(runtime.iterdir()) == []


def test_no_other_group_reads_a_key(key: RunKey, folder: Path) -> None:
    """A bridge of any other group writes no key for kiosks: its members could be anybody."""
    key.offer("127.0.0.1", 8000)
    assert key.kiosk == ""
    assert [file.name for file in folder.iterdir()] == ["key-127.0.0.1-8000"]
    found = [value for value, _ in run_key.find_kiosk_keys("http://127.0.0.1:8000")]
    assert found == [key.value]  # that of this user's own kiosk


@pytest.mark.usefixtures("of_group")
def test_the_kiosk_s_key_proves_a_kiosk_and_opens_nothing() -> None:
    """Neither the API nor a page, nor what the commands may see."""
    app, bridge = make_app(config={"server": {"token": TOKEN}})
    made = app.test_client()
    try:
        made.get("/")
        kiosk = bridge.running.key.kiosk
        right = {"Authorization": f"Bearer {kiosk}"}
        push = made.post("/api/messages", json={"data": 1}, headers=right).status_code
        seen = [made.get(path, headers=right).status_code for path in ("/", "/healthz", "/metrics")]
        body = {"display": "kiosk", "secret": "s" * 43}
        proof = made.post("/gpiobridge/kiosk", json=body, headers=right).status_code
    finally:
        bridge.stop()
    assert (push, seen, proof) == (401, [401] * 3, 204)


# ------------------------------------------------------------------------- what it opens


@pytest.mark.parametrize(
    ("kind", "server"),
    [("gunicorn", ""), ("werkzeug", f'token = "{TOKEN}"'),
     ("gunicorn", 'url = "https://pi.example.org"')],
)  # fmt: skip
def test_the_commands_need_no_token_here(
    run_bridge: Run, tmp_path: Path, folder: Path, kind: str, server: str
) -> None:
    """Whatever is configured; and the key goes with the bridge (row 11)."""
    bridge = run_bridge(kind, config=write_exhibit(tmp_path, server, HOOK))
    url = f"http://localhost:{bridge.port}"
    assert asking.push(url, 1) == 0
    assert asking.navigate(url, "open") == 0
    asking.press(url, "bell", 0.05)
    assert bridge.request("/api/messages", b'{"data":1}')[0] == (401 if TOKEN in server else 403)
    bridge.stop()
    assert list(folder.iterdir()) == []


def test_the_key_is_a_header_s_alone(run_bridge: Run, tmp_path: Path, folder: Path) -> None:
    """It opens the API beside a token, also through a proxy, and no page (row 11)."""
    server = f'host = "0.0.0.0"\ntoken = "{TOKEN}"'
    bridge = run_bridge(config=write_exhibit(tmp_path, server, HOOK))
    bridge.url = f"http://127.0.0.1:{bridge.port}"
    ((value, _),) = keys(bridge.url)
    right = {"Authorization": f"Bearer {value}"}
    push = b'{"data":1}'
    assert bridge.request("/api/messages", push, headers=right)[0] == 200
    assert bridge.request("/api/messages", push, headers=right | {"Via": "1.1 a"})[0] == 200
    assert bridge.request(f"/api/messages?token={value}", push)[0] == 401
    assert (
        bridge.request("/api/messages", push, headers={"Cookie": f"gpiobridge={value}"})[0] == 401
    )
    assert bridge.request("/api/messages", push, headers=right | {"Host": "a.test"})[0] == 421
    assert (
        bridge.request("/api/messages", push, headers=right | {"Origin": "http://a.test"})[0] == 403
    )
    assert bridge.get("/welcome", **right)[0] == 401
    assert bridge.get("/metrics", **right)[0] == 401
    assert bridge.get("/healthz", **right)[0] == 200


def test_a_stale_key_does_no_harm(run_bridge: Run, tmp_path: Path, folder: Path) -> None:
    """One that a killed bridge has left is passed over for the live one's (row 11)."""
    stale = RunKey()
    bridge = run_bridge(config=write_exhibit(tmp_path, "", HOOK))
    service = tmp_path / "service"
    service.mkdir()
    left = service / f"key-127.0.0.1-{bridge.port}"
    left.write_text(stale.value)
    os.utime(left, (2**32, 2**32))  # looks newer
    assert keys(bridge.url)[0][0] == stale.value
    assert asking.push(bridge.url, 1) == 0


def test_an_application_writes_its_key_with_the_first_request(folder: Path) -> None:
    """By then its server tells where it listens, and a command asks twice (row 11)."""
    app, bridge = make_app()
    with served(app, bridge) as port:
        assert not folder.exists()
        assert asking.push(f"http://127.0.0.1:{port}", 1) == 0
        assert [file.name for file in folder.iterdir()] == [f"key-127.0.0.1-{port}"]
    assert list(folder.iterdir()) == []


def test_a_test_client_writes_no_key(folder: Path) -> None:
    """Nobody listens, so that nobody can be asked (row 11)."""
    app, bridge = make_app()
    try:
        assert app.test_client().get("/").status_code == 200
    finally:
        bridge.stop()
    assert not folder.exists()


APPLICATION = """\
from flask import Flask
from gpiobridge import GpioBridge

app = Flask(__name__)
bridge = GpioBridge(app, pins={"button": 17})


@app.get("/")
@bridge.page("welcome")
def welcome():
    return "<h1>welcome</h1>"
"""


@pytest.mark.parametrize("server", ["gunicorn", "flask"])
def test_an_application_s_own_server_will_do(tmp_path: Path, folder: Path, server: str) -> None:
    """Plain gunicorn and flask run alike; at the end the file goes (row 11)."""
    (tmp_path / "exhibit.py").write_text(APPLICATION)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    words = {
        "gunicorn": ["gunicorn", "--threads", "2", "--bind", f"127.0.0.1:{port}", "exhibit:app"],
        "flask": ["flask", "--app", "exhibit", "run", "--port", str(port)],
    }[server]
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=tmp_path, stdout=file, stderr=file
        )
    try:
        ready = {"gunicorn": b"Booting worker", "flask": b"Running on"}[server]
        wait_until(lambda: ready in log.read_bytes())
        assert asking.push(f"http://127.0.0.1:{port}", 1) == 0
        assert len(list(folder.iterdir())) == 1
    finally:
        process.terminate() if server == "gunicorn" else process.send_signal(2)
        process.wait(20)
    assert list(folder.iterdir()) == []


class Listener(BaseHTTPRequestHandler):
    """Notes what it is sent, and leads elsewhere."""

    heard: list[str | None]
    to = ""

    def do_POST(self) -> None:
        """Lead on."""
        self.heard.append(self.headers["Authorization"])
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(302)
        self.send_header("Location", self.to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        """Note what has come along."""
        self.heard.append(self.headers["Authorization"])
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_the_key_goes_through_no_redirect(key: RunKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays at the address for which it was written (row 11)."""
    monkeypatch.setattr(Listener, "heard", [], raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            port = server.server_address[1]
            key.offer("127.0.0.1", port)
            monkeypatch.setattr(Listener, "to", f"http://127.0.0.1:{port}/elsewhere")
            with pytest.raises(RemoteError):
                asking.push(f"http://127.0.0.1:{port}", 1)
        finally:
            server.shutdown()
            thread.join()
    assert Listener.heard == [f"Bearer {key.value}", None]


def test_a_token_goes_before_the_key(key: RunKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends one has said what is to be sent (row 11)."""
    sent: list[urllib.request.Request] = []

    def ask(request: urllib.request.Request, *_: object) -> tuple[str, str]:
        sent.append(request)
        return json.dumps({"displays": 1}), ""

    monkeypatch.setattr(asking, "ask", ask)
    key.offer("127.0.0.1", 8000)
    asking.push("127.0.0.1:8000", 1, token=TOKEN)
    asking.push("127.0.0.1:8000", 1)
    asking.push("192.168.1.10:8000", 1)
    values = [request.get_header("Authorization") for request in sent]
    assert values == [f"Bearer {TOKEN}", f"Bearer {key.value}", None]


def test_a_key_of_another_user_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command says why it has none, and what to do (row 11)."""
    monkeypatch.setattr(asking, "find_keys", lambda _url: [])
    path = Path("/run/gpiobridge/key-127.0.0.1-8000")
    monkeypatch.setattr(asking, "unreadable_key", lambda _url: path)

    def refuse(*_: object) -> tuple[str, str]:
        raise RemoteError("the bridge answered 403: no", 403)

    monkeypatch.setattr(asking, "ask", refuse)
    with pytest.raises(RemoteError, match="this user may not read the bridge's key"):
        asking.push("http://127.0.0.1:8000", 1)
