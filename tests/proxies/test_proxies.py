"""HTTPS in front of the bridge: the examples of docs/https.md, as printed, with real servers.

Run by ``make test-https``, which installs both servers; ``pytest`` alone leaves this folder out.
"""

import contextlib
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until

DOCUMENT = Path(__file__).parents[2] / "docs" / "https.md"
NAME = "pi.example.org"
TOKEN = "at-least-sixteen-characters"


def example(language: str) -> str:
    """The document's block in a language."""
    found = re.search(rf"```{language}\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def replaced(text: str, *changes: tuple[str, str]) -> str:
    """Put this machine's addresses and files in; each must be there to be replaced."""
    for old, new in changes:
        assert old in text, f"{old!r} is not in the example"
        text = text.replace(old, new)
    return text


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def answers_tls(port: int) -> bool:
    """Whether a TLS server answers for the name on the port."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as plain:
            context.wrap_socket(plain, server_hostname=NAME).close()
    except OSError:
        return False
    return True


def nginx_command(folder: Path, port: int, bridge_port: int) -> list[str]:
    """Write nginx's files; return what to run."""
    key = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subprocess.run(
        [*key, "-subj", f"/CN={NAME}", "-keyout", folder / "key", "-out", folder / "cert"],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    server = replaced(
        example("nginx"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/certs/pi.example.org.pem", str(folder / "cert")),
        ("/etc/ssl/private/pi.example.org.key", str(folder / "key")),
        ("127.0.0.1:8000", f"127.0.0.1:{bridge_port}"),
    )
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log stderr;\n"
        f"events {{ worker_connections 4096; }}\nhttp {{\naccess_log off;\n{temporary}{server}}}\n"
    )
    return ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]


def caddy_command(folder: Path, port: int, bridge_port: int) -> list[str]:
    """Write Caddy's file; return what to run."""
    options = f"storage file_system {folder}\n\tadmin off\n\tskip_install_trust"
    # Redirects from port 80 are no part of the example, and the port may be taken here.
    options += "\n\tauto_https disable_redirects"
    site = replaced(
        example("caddy"),
        ("{\n\tservers {", f"{{\n\t{options}\n\tservers {{"),
        (f"{NAME} {{", f"https://{NAME}:{port} {{\n\tbind 127.0.0.1\n\ttls internal"),
        ("127.0.0.1:8000", f"127.0.0.1:{bridge_port}"),
    )
    (folder / "Caddyfile").write_text(site)
    return ["caddy", "run", "--config", str(folder / "Caddyfile")]


@pytest.fixture(params=["nginx", "caddy"])
def proxied(
    request: pytest.FixtureRequest, run_bridge: Run, tmp_path: Path
) -> Iterator[tuple[BridgeProcess, str]]:
    """A bridge behind a web server; and the address by which browsers call it."""
    name = request.param
    assert shutil.which(name, path="/usr/sbin:/usr/bin"), f"{name} is missing: make test-https"
    port = free_port()
    keys = replaced(example("toml"), (f"https://{NAME}", f"https://{NAME}:{port}"))
    bridge = run_bridge(server=keys.replace("[server]\n", ""))
    folder = tmp_path / name
    folder.mkdir()
    make = {"nginx": nginx_command, "caddy": caddy_command}[name]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(make(folder, port, bridge.port), stdout=log, stderr=log)
        try:
            wait_until(lambda: server.poll() is None and answers_tls(port), 15)
            yield bridge, f"https://{NAME}:{port}"
        finally:
            server.terminate()
            server.wait(10)


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    """A tab that knows the name, and takes the certificate that nobody signed."""
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real Chromium in which the example's name is this machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", f"--host-resolver-rules=MAP {NAME} 127.0.0.1"],
        )
        yield chromium
        chromium.close()


def test_a_press_moves_a_page_behind_https(proxied: tuple[BridgeProcess, str], tab: Any) -> None:
    """The page is live over wss, and a press moves it; without the token nobody gets in."""
    bridge, url = proxied
    assert tab.goto(f"{url}/welcome").status == 401
    tab.goto(f"{url}/?token={TOKEN}")
    tab.wait_for_selector('html[data-bridge="online"]')
    assert tab.url == f"{url}/welcome"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    status, _ = bridge.request("/simulator/pins/button", b'{"level": "low"}', headers=headers)
    assert status == 204
    tab.wait_for_url("**/open")
    tab.wait_for_selector('html[data-bridge="online"]')


def test_a_reload_shows_no_error_behind_https(proxied: tuple[BridgeProcess, str], tab: Any) -> None:
    """A bridge that stops and comes back is found again through the web server."""
    bridge, url = proxied
    tab.goto(f"{url}/welcome?token={TOKEN}")
    tab.wait_for_selector('html[data-bridge="online"]')
    bridge.process.send_signal(1)
    bridge.wait_for_line("pages at")
    tab.wait_for_selector('html[data-bridge="online"]')
    headers = {"Authorization": f"Bearer {TOKEN}"}
    bridge.request("/simulator/pins/button", b'{"level": "low"}', headers=headers)
    tab.wait_for_url("**/open")


# ------------------------------------------------------------------- the proxy's own bounds


ATTACKER = "127.0.0.2"
# Made once, and without the system's authorities: to read these takes longer than a handshake.
ANY_CERTIFICATE = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ANY_CERTIFICATE.check_hostname, ANY_CERTIFICATE.verify_mode = False, ssl.CERT_NONE


def tls(port: int, source: str = "127.0.0.1") -> ssl.SSLSocket:
    """A connection to the web server, from an address of loopback."""
    plain = socket.create_connection(("127.0.0.1", port), 15, (source, 0))
    return ANY_CERTIFICATE.wrap_socket(plain, server_hostname=NAME)


def asked(connection: ssl.SSLSocket, port: int, path: str = "/welcome", more: str = "") -> int:
    """Ask for a page on a connection that stays open; return the status (0: it was closed)."""
    head = f"GET {path} HTTP/1.1\r\nHost: {NAME}:{port}\r\n{more}\r\n"
    answer = b""
    try:
        connection.sendall(head.encode())
        while b"\r\n\r\n" not in answer and (data := connection.recv(65536)):
            answer += data
        head_text, _, body = answer.partition(b"\r\n\r\n")
        if found := re.search(rb"(?i)content-length: (\d+)", head_text):
            while len(body) < int(found[1]) and (data := connection.recv(65536)):
                body += data
    except OSError:
        return 0
    return int(answer.split(b" ", 2)[1]) if answer else 0


def visitor(port: int) -> int:
    """The status of a page that somebody else asks for meanwhile."""
    with tls(port) as connection:
        return asked(connection, port, more=f"Authorization: Bearer {TOKEN}\r\n")


def port_of(url: str) -> int:
    """The port of an address."""
    return int(url.rpartition(":")[2])


def test_heads_that_never_end_hold_up_nobody(proxied: tuple[BridgeProcess, str]) -> None:
    """Pages load meanwhile, and the web server ends such connections (row 1)."""
    port = port_of(proxied[1])
    slow = [tls(port, ATTACKER) for _ in range(32)]
    try:
        for connection in slow:
            connection.sendall(b"GET /welcome HTTP/1.1\r\nHost: ")
        started_s = time.monotonic()
        assert visitor(port) == 200
        assert time.monotonic() - started_s < 1.0
        for connection in slow:
            assert connection.recv(1000)[:12] in (b"", b"HTTP/1.1 408", b"HTTP/1.1 400")
        assert time.monotonic() - started_s < 14.0
    finally:
        for connection in slow:
            connection.close()


@pytest.mark.parametrize("proxied", ["nginx"], indirect=True)
def test_nginx_bounds_the_requests_of_an_address(proxied: tuple[BridgeProcess, str]) -> None:
    """Beyond the burst they get 429, and another address its pages (row 3)."""
    port = port_of(proxied[1])
    request = f"GET /welcome HTTP/1.1\r\nHost: {NAME}:{port}\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(tls(port, ATTACKER)) for _ in range(30)]
        for each in connections:
            each.sendall(request * 60)  # at once: a slow machine wouldn't reach the rate otherwise
        statuses = [status for each in connections for status in answered(each, 60)]
        assert set(statuses) == {b"401", b"429"}
        assert visitor(port) == 200


def answered(connection: ssl.SSLSocket, count: int) -> list[bytes]:
    """The statuses of as many answers on a connection, or of those before it is closed."""
    answer = b""
    with contextlib.suppress(OSError):
        while len(re.findall(rb"HTTP/1\.1 \d", answer)) < count and (
            data := connection.recv(65536)
        ):
            answer += data
    return re.findall(rb"HTTP/1\.1 (\d{3})", answer)


@pytest.mark.parametrize("proxied", ["nginx"], indirect=True)
def test_nginx_bounds_the_displays_of_an_address(proxied: tuple[BridgeProcess, str]) -> None:
    """One that takes all it gets leaves displays for others (row 4)."""
    port = port_of(proxied[1])
    handshake = (
        f"Upgrade: websocket\r\nConnection: Upgrade\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    )
    with contextlib.ExitStack() as stack:

        def join(source: str) -> int:
            connection = stack.enter_context(tls(port, source))
            return asked(connection, port, "/ws/welcome", handshake)

        statuses = [join(ATTACKER) for _ in range(510)]
        assert (statuses.count(101), statuses.count(429)) == (500, 10)
        assert join("127.0.0.1") == 101
        assert visitor(port) == 200


def test_the_cookie_is_kept_from_plain_http(proxied: tuple[BridgeProcess, str], tab: Any) -> None:
    """It is Secure where the bridge is called by https."""
    tab.goto(f"{proxied[1]}/welcome?token={TOKEN}")
    (cookie,) = tab.context.cookies()
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
