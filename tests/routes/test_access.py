"""Who may look: the token, and nothing else that listens."""

import http.client
import os
import re
import subprocess
import sys
import urllib.request
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.exhibit import write_exhibit
from harness.sockets import close_of, frame
from websockets.exceptions import InvalidStatus

from gpiobridge import config
from gpiobridge.serve.standalone import create_app

TOKEN = "correct-horse_battery"
WITH_TOKEN = f'host = "0.0.0.0"\ntoken = "{TOKEN}"'


def guarded(share_bridge: Run, kind: str = "gunicorn") -> BridgeProcess:
    """A bridge that the network can reach, and that asks for a token; the tests share it."""
    return share_bridge(kind, server=WITH_TOKEN, token=TOKEN)


def test_every_route_asks_for_the_token(tmp_path: Path) -> None:
    """Pages, files, health, metrics, the socket, the simulator: nothing is forgotten."""
    app = create_app(config.load(write_exhibit(tmp_path, WITH_TOKEN)))
    arguments = {"page": "welcome", "name": "button", "filename": "a.txt"}
    client = app.test_client()
    try:
        with app.test_request_context():
            urls = [
                (method, app.url_map.bind("localhost").build(
                    rule.endpoint, {name: arguments[name] for name in rule.arguments}, method))
                for rule in app.url_map.iter_rules()
                for method in rule.methods or ()
            ]  # fmt: skip
        assert len(urls) > 20
        # Buffered: a file that is served is closed, instead of at some garbage collection.
        asks = {"buffered": True}
        refused = {(m, url): client.open(url, method=m, **asks).status_code for m, url in urls}
        asked = {"Authorization": f"Bearer {TOKEN}"}
        let_in = {(m, url): client.open(url, method=m, headers=asked, **asks).status_code
                  for m, url in urls}  # fmt: skip
        unknown = client.get("/nothing-here").status_code
    finally:
        app.extensions["gpiobridge"].stop()
    assert set(refused.values()) == {401}
    assert unknown == 401
    assert 401 not in let_in.values()


def test_a_wrong_token_is_refused(share_bridge: Run) -> None:
    """In the URL, in the cookie and in the header alike; a socket before its handshake."""
    bridge = guarded(share_bridge)
    for given in ("", "wrong", TOKEN[:-1], TOKEN + "x", "ä" * len(TOKEN)):
        quoted = given.encode().hex(" ").replace(" ", "%")
        query = f"?token=%{quoted}" if given else ""
        assert bridge.get(f"/welcome{query}")[0] == 401, given
        plain = given.encode("ascii", "replace").decode()
        assert bridge.get("/welcome", Authorization=f"Bearer {plain}")[0] == 401, given
        assert bridge.get("/welcome", Cookie=f"gpiobridge={plain}")[0] == 401, given
        with pytest.raises(InvalidStatus) as raised, bridge.socket("welcome", query):
            pass
        assert raised.value.response.status_code == 401, given


def test_the_token_comes_once_and_then_in_a_cookie(share_bridge: Run, kind: str) -> None:
    """The cookie is kept from scripts and from other sites, and is enough from then on."""
    bridge = guarded(share_bridge, kind)
    connection = http.client.HTTPConnection("127.0.0.1", bridge.port, timeout=20)
    try:
        connection.request("GET", f"/welcome?token={TOKEN}")
        response = connection.getresponse()
        response.read()
    finally:
        connection.close()
    assert response.status == 200
    (cookie,) = SimpleCookie(response.headers["Set-Cookie"]).values()
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    header = f"{cookie.key}={cookie.value}"
    renewed = urllib.request.Request(f"{bridge.url}/welcome", headers={"Cookie": header})
    with urllib.request.urlopen(renewed, timeout=20) as page:
        assert cookie.value in page.headers["Set-Cookie"]
    with bridge.socket("welcome", additional_headers={"Cookie": header}) as socket:
        frame(socket, "state")


def test_a_browser_keeps_the_token_from_the_screen(run_bridge: Run, page: Any) -> None:
    """After the first load the address has no token, and presses move the page as ever."""
    bridge = run_bridge(server=WITH_TOKEN)
    bridge.url = f"http://127.0.0.1:{bridge.port}"  # whether or not this machine's name is known
    response = page.goto(bridge.url + "/welcome")
    assert response.status == 401
    page.goto(f"{bridge.url}/?token={TOKEN}&display=kiosk")
    page.wait_for_selector('html[data-bridge="online"]')
    assert page.url == f"{bridge.url}/welcome?display=kiosk"
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    bridge.request("/simulator/pins/button", b'{"level": "low"}', headers=headers)
    page.wait_for_url("**/open")
    page.wait_for_selector('html[data-bridge="online"]')
    bridge.stop()
    assert TOKEN not in "".join(bridge.log)


def test_commands_know_the_token(share_bridge: Run) -> None:
    """`press` and `watch` take it as an option or from the environment."""
    bridge = guarded(share_bridge)
    for option, more in (
        (["--token", TOKEN], {}),
        ([], {"GPIOBRIDGE_SERVER__TOKEN": TOKEN}),
    ):
        environ = os.environ | more
        command = [sys.executable, "-m", "gpiobridge"]
        watch = subprocess.Popen(
            [*command, "watch", f"{bridge.url}/welcome", "--once", *option],
            stdout=subprocess.PIPE, text=True, env=environ,
        )  # fmt: skip
        try:
            assert watch.stdout is not None
            assert '"state"' in watch.stdout.readline(), more
            subprocess.run(
                [*command, "press", "button", "--url", bridge.url, *option],
                check=True, timeout=20, env=environ,
            )  # fmt: skip
            assert '"code": 4000' in watch.communicate(timeout=20)[0], more
        finally:
            watch.kill()
            watch.communicate()


def test_nothing_else_listens(shared_bridge: BridgeProcess) -> None:
    """The service listens on one address, and on no Unix socket."""
    inodes = set()
    for descriptor in Path(f"/proc/{shared_bridge.process.pid}/fd").iterdir():
        if found := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(descriptor)):
            inodes.add(found[1])
    listening = []
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and (table.startswith("udp") or fields[3] == "0A"):
                listening.append((table, fields[1]))
    for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[6] in inodes and int(fields[3], 16) & 0x10000:  # accepts connections
            listening.append(("unix", line))
    assert listening == [("tcp", f"0100007F:{shared_bridge.port:04X}")]


def test_a_socket_of_another_site_is_refused_although_the_browser_has_the_cookie(
    share_bridge: Run,
) -> None:
    """The token doesn't replace the Origin check: a visitor's browser would send the cookie."""
    bridge = guarded(share_bridge)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    with (
        pytest.raises(InvalidStatus) as raised,
        bridge.socket("welcome", additional_headers=bearer, origin="http://evil.test"),
    ):
        pass
    assert raised.value.response.status_code == 403
    with bridge.socket("welcome", additional_headers=bearer) as socket:
        frame(socket, "state")
        bridge.request("/simulator/pins/button", b'{"level": "low"}', headers=bearer)
        assert close_of(socket) == (4000, "/open")
