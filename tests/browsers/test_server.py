"""A server that dies, asks for a token, or sends a policy."""

import pytest
from harness.bridge_process import BridgeProcess

from browsers.acting import assert_stays, open_page, press
from browsers.conftest import Exhibit, Run
from browsers.gate import Gate
from browsers.tab import OFFLINE, ONLINE, Tab


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_restarted_server_does_not_navigate(
    tab: Tab, run_bridge: Run, exhibit: Exhibit, end: str
) -> None:
    """A killed or stopped server moves no page, which is live again soon after it is back."""
    config = exhibit()
    bridge = run_bridge(config=config)
    open_page(tab, bridge)
    getattr(bridge, end)()
    tab.wait_for(OFFLINE)
    again = run_bridge(config=config, port=bridge.port)
    tab.wait_for(ONLINE)
    assert_stays(tab, again, "welcome")
    press(again)
    tab.wait_for_page("open")
    assert tab.visits() == ["/welcome", "/open"]


def test_dead_server_after_the_close(
    tab: Tab, bridge: BridgeProcess, gate: Gate, run_bridge: Run, exhibit: Exhibit
) -> None:
    """A page whose server dies right behind close 4000 waits for it, and is no error page."""
    open_page(tab, gate)
    # From here on the page can't reach the server, though the close frame still comes.
    gate.shut()
    press(bridge)
    tab.wait_for(OFFLINE)
    bridge.kill()
    assert tab.path() == "/welcome"
    run_bridge(config=exhibit(), port=bridge.port)
    gate.open()
    tab.wait_for_page("open")
    assert tab.visits() == ["/welcome", "/open"]


TOKEN = "correct-horse_battery"


def test_token_is_asked_for_once(tab: Tab, run_bridge: Run, exhibit: Exhibit) -> None:
    """A token in the address becomes a cookie, which is enough for pages and sockets."""
    bridge = run_bridge(config=exhibit(server=f'host = "0.0.0.0"\ntoken = "{TOKEN}"'))
    url = f"http://127.0.0.1:{bridge.port}"  # whether or not this machine's name is known
    tab.goto(f"{url}/welcome")
    tab.wait_for("document.readyState === 'complete'")
    assert tab.evaluate("window.gpiobridge === undefined")
    tab.goto(f"{url}/welcome?token={TOKEN}")
    tab.wait_for_page("welcome")
    assert tab.url() == f"{url}/welcome"
    (cookie,) = tab.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    asked = {"Authorization": f"Bearer {TOKEN}"}
    assert bridge.request("/simulator/pins/button", b'{"level": "low"}', headers=asked)[0] == 204
    tab.wait_for_page("open")
    assert tab.visits() == ["/welcome", "/open"]


@pytest.mark.parametrize(("csp", "runs"), [("local", True), ("strict", False)])
def test_policy_lets_the_client_work(
    tab: Tab, run_bridge: Run, exhibit: Exhibit, csp: str, runs: bool
) -> None:
    """Under both policies a page works; the page's inline scripts run under one of them."""
    bridge = run_bridge(config=exhibit(server=f'csp = "{csp}"'))
    open_page(tab, bridge)
    # What the client does to the page it may do: the badge is where it belongs.
    badge = "getComputedStyle(document.querySelector('#gpiobridge-badge')).position"
    tab.wait_for(f"document.querySelector('#gpiobridge-badge') && {badge} === 'fixed'")
    press(bridge)
    tab.wait_for_page("open")
    # Our noting script is an inline one.
    assert tab.visits() == (["/welcome", "/open"] if runs else [])
