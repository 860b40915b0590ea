"""Servers that restart, die, hang or no longer have a page, in a real Chromium."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.pages import ONLINE, open_page, put_forward


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_restarted_server_does_not_navigate(
    run_bridge: Run, kind: str, page: Any, end: str
) -> None:
    """A killed or stopped server moves no page, which is live again soon after it is back."""
    bridge = run_bridge(kind)
    open_page(page, bridge)
    page.evaluate("window.same = true")
    getattr(bridge, end)()
    page.wait_for_selector('html[data-bridge="offline"]')
    again = run_bridge(kind, port=bridge.port)
    page.wait_for_selector(ONLINE)
    assert page.url.endswith("/welcome")
    assert page.evaluate("window.same")
    again.set_level("button", "low")
    page.wait_for_url("**/open")


def test_dead_server_after_4000(bridge: BridgeProcess, run_bridge: Run, page: Any) -> None:
    """A page whose server dies right after the press waits for it, and is never an error page."""
    open_page(page, bridge)
    # From here on the page can't reach the server, though the close frame still comes.
    page.route("**/*", lambda route: route.abort())
    bridge.set_level("button", "low")
    page.wait_for_selector('html[data-bridge="offline"]')
    bridge.kill()
    assert page.url.endswith("/welcome")
    page.unroute_all()
    run_bridge(port=bridge.port)
    page.wait_for_url("**/open", timeout=5000)


def test_hanging_load_is_tried_again(shared_bridge: BridgeProcess, page: Any) -> None:
    """A next page whose load never ends doesn't use up what led to it."""
    # While a load is pending, the clock can't be moved from outside: make its limit short.
    page.add_init_script(
        """const wait = setTimeout;
        window.setTimeout = (f, ms, ...rest) => wait(f, ms === 10_000 ? 200 : ms, ...rest);"""
    )
    open_page(page, shared_bridge, "/still")  # it has no rule, so nothing is fetched ahead
    held: list[Any] = []

    def hang_once(route: Any) -> None:
        if route.request.method == "GET" and not held:
            held.append(route)  # never answered
        else:
            route.continue_()

    page.route("**/open", hang_once)
    page.evaluate("void gpiobridge.go('open')")
    page.wait_for_url("**/open")
    page.wait_for_selector(ONLINE)
    assert held


def test_silent_socket_is_given_up(share_bridge: Run, page: Any) -> None:
    """A page that hears nothing for 2.5 beats opens a new socket."""
    bridge = share_bridge(server='beat = "300ms"')
    # Between page and server: the first connection swallows everything from the server.
    mute = {"now": False}
    sockets: list[Any] = []

    def relay(ws: Any) -> None:
        first = not sockets
        sockets.append(ws)
        server = ws.connect_to_server()
        server.on_message(lambda message: None if first and mute["now"] else ws.send(message))

    page.route_web_socket(re.compile("/ws/"), relay)
    open_page(page, bridge)
    # It is offline for a tenth of a second only, which looking now and then could miss.
    page.evaluate("addEventListener('gpiobridge:offline', () => { window.wasOffline = true; })")
    mute["now"] = True
    page.wait_for_function("window.wasOffline")
    page.wait_for_selector(ONLINE)
    assert len(sockets) > 1


def test_silent_handshake_is_given_up(share_bridge: Run, page: Any) -> None:
    """A socket that opens and says nothing is given up after 2 s, where the beat is short."""
    bridge = share_bridge(server='beat = "300ms"')
    page.clock.install()
    silent: list[Any] = []

    def answer_later(ws: Any) -> None:
        if silent:
            ws.connect_to_server()
        else:
            silent.append(ws)

    page.route_web_socket(re.compile("/ws/"), answer_later)
    page.goto(bridge.url + "/welcome")
    wait_until(lambda: bool(silent) or page.evaluate("false"))
    put_forward(page, 2000)
    page.wait_for_selector(ONLINE)


def test_removed_page_leaves_for_the_start(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """A page that a new configuration no longer has is not a dead end."""
    bridge = run_bridge()
    open_page(page, bridge, "/still")
    bridge.stop()
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("[pages.still]", ""))
    run_bridge(config=config, port=bridge.port)
    page.wait_for_url("**/welcome")
    page.wait_for_selector(ONLINE)


def test_go_waits_for_the_server(bridge: BridgeProcess, run_bridge: Run, page: Any) -> None:
    """A page that wants to go elsewhere while the server is down goes when it is back."""
    open_page(page, bridge, "/still")
    bridge.kill()
    page.wait_for_selector('html[data-bridge="offline"]')
    page.evaluate("void gpiobridge.go('open')")
    run_bridge(port=bridge.port)
    page.wait_for_url("**/open")


def test_go_to_nowhere_stays(shared_bridge: BridgeProcess, page: Any) -> None:
    """A page that doesn't exist is not gone to; the present one stays live."""
    open_page(page, shared_bridge, "/still")
    with page.expect_request(lambda request: request.url.endswith("/nosuch")):
        page.evaluate("void gpiobridge.go('nosuch')")
    page.wait_for_selector(ONLINE)
    shared_bridge.set_level("button", "low")
    page.wait_for_selector('[data-pin="button"][data-level="low"]')
    assert page.url.endswith("/still")


def test_changed_beat_is_learned(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """A page that stays open over a restart with a slower beat doesn't lose its patience."""
    bridge = run_bridge(server='beat = "200ms"')
    open_page(page, bridge, "/still")
    bridge.stop()
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace('"200ms"', '"800ms"'))
    bridge = run_bridge(config=config, port=bridge.port)
    page.wait_for_selector(ONLINE)
    page.evaluate(
        "document.addEventListener('gpiobridge:offline', () => { window.wasOffline = true; })"
    )
    # Three beats of the new server on a socket of our own: the page has heard them, too.
    with bridge.socket("still") as ws:
        kinds = [json.loads(ws.recv(timeout=20))["type"] for _ in range(4)]
    assert kinds == ["state", "beat", "beat", "beat"]
    assert page.evaluate("window.wasOffline") is None
