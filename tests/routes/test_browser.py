"""The main job, in a real Chromium."""

import re
from pathlib import Path
from typing import Any

from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.pages import ONLINE, open_page
from harness.sockets import frame


def test_press_shows_the_next_page(share_bridge: Run, kind: str, page: Any) -> None:
    """The page opens, shows its pins, and a press leads to the next page and back."""
    bridge = share_bridge(kind)
    open_page(page, bridge)
    button = page.locator('[data-pin="button"]')
    assert button.get_attribute("data-level") == "high"
    assert button.get_attribute("data-active") == "false"
    bridge.set_level("door", "high")
    page.wait_for_selector('[data-pin="door"][data-level="high"][data-active="true"]')
    bridge.set_level("button", "low")
    page.wait_for_url("**/open")
    page.wait_for_selector('[data-pin="button"][data-active="true"]')
    bridge.set_level("button", "high")
    page.wait_for_selector('[data-pin="button"][data-active="false"]')
    bridge.set_level("button", "low")
    page.wait_for_url("**/welcome")


def test_press_before_the_socket_counts_once(shared_bridge: BridgeProcess, page: Any) -> None:
    """A press after the page was rendered, but before its socket opened, moves it exactly once."""

    def press_first(route: Any) -> None:
        shared_bridge.set_level("button", "low")
        route.continue_()

    # The client is fetched after the page was rendered, and opens the socket.
    page.route(re.compile("client.js"), press_first)
    page.goto(f"{shared_bridge.url}/welcome")
    page.wait_for_url("**/open")
    page.wait_for_selector(ONLINE)
    page.unroute_all()
    # The press is used up: releasing and pressing another pin leaves the page where it is.
    shared_bridge.set_level("door", "high")
    page.wait_for_selector('[data-pin="door"][data-level="high"]')
    assert page.url.endswith("/open")


def test_a_page_that_hangs_before_its_first_beat_is_missed(run_bridge: Run, page: Any) -> None:
    """It has said that it answers beats, so the bridge drops it as any other that hangs."""
    bridge = run_bridge(server='beat = "500ms"')
    page.add_init_script("""document.addEventListener("gpiobridge:state", () => {
      const untilMs = performance.now() + 4000;
      while (performance.now() < untilMs);
    }, { once: true });""")
    page.goto(f"{bridge.url}/still", wait_until="commit")
    bridge.wait_for_line("display on still connected")
    bridge.wait_for_line("display on still no longer answers")


def test_back_button_leaves_no_ghost(shared_bridge: BridgeProcess, page: Any) -> None:
    """A page in the back/forward cache holds no socket, and comes back to life from it."""
    open_page(page, shared_bridge, "/still")
    page.evaluate("addEventListener('pageshow', (event) => { window.kept = event.persisted; })")
    page.goto(f"{shared_bridge.url}/static/a.txt")
    wait_until(lambda: shared_bridge.health()["displays"] == [])
    page.go_back(wait_until="commit")  # no load event: nothing is loaded
    page.wait_for_function("window.kept")
    page.wait_for_selector(ONLINE)
    wait_until(lambda: len(shared_bridge.health()["displays"]) == 1)
    shared_bridge.set_level("button", "low")
    page.wait_for_selector('[data-pin="button"][data-level="low"]')


def test_press_before_the_page_does_not_count(shared_bridge: BridgeProcess, page: Any) -> None:
    """A page that is opened after a press stays: the press was meant for what was shown then."""
    with shared_bridge.socket("still") as ws:
        frame(ws, "state")
        shared_bridge.set_level("button", "low")
        frame(ws, "edge")
    open_page(page, shared_bridge)
    shared_bridge.set_level("door", "high")
    page.wait_for_selector('[data-pin="door"][data-level="high"]')
    assert page.url.endswith("/welcome")


def test_two_presses_lead_through_two_pages(shared_bridge: BridgeProcess, page: Any) -> None:
    """A second press during the load of a page counts on that page."""
    with shared_bridge.socket("still") as ws:
        seq = frame(ws, "state")["seq"]
    open_page(page, shared_bridge)

    def press_again(ws: Any) -> None:
        with shared_bridge.socket("still") as watching:
            assert frame(watching, "state")["seq"] == seq + 1
            for level in ("high", "low"):
                shared_bridge.set_level("button", level)
                assert frame(watching, "edge")["level"] == level
        ws.connect_to_server()

    page.route_web_socket(re.compile("/ws/open"), press_again)
    shared_bridge.set_level("button", "low")
    page.wait_for_url("**/open")
    page.wait_for_url("**/welcome")
    page.wait_for_selector(ONLINE)


def test_display_keeps_its_name(shared_bridge: BridgeProcess, page: Any) -> None:
    """A name given once in the URL goes along to the next page."""
    open_page(page, shared_bridge, "/?display=kiosk")
    named = [(d["name"], d["page"]) for d in shared_bridge.health()["displays"]]
    assert named == [("kiosk", "welcome")]
    shared_bridge.set_level("button", "low")
    page.wait_for_url("**/open")
    page.wait_for_selector(ONLINE)
    named = [(d["name"], d["page"]) for d in shared_bridge.health()["displays"]]
    assert named == [("kiosk", "open")]


LISTENING = """
<script>
  window.heard = [];
  for (const name of ["shown", "online", "state", "edge"]) {
    window.addEventListener(`gpiobridge:${name}`, (e) => heard.push([name, e.detail]));
  }
</script>
"""


def test_events_reach_the_page(bridge: BridgeProcess, page: Any, tmp_path: Path) -> None:
    """A page's own script hears of all that happens, from the start, and can read the pins."""
    template = tmp_path / "templates" / "still.html"
    template.write_text(template.read_text().replace("</body>", f"{LISTENING}</body>"))
    open_page(page, bridge, "/still")
    bridge.set_level("button", "low")
    page.wait_for_function("gpiobridge.pins.button.level === 'low'")
    heard = page.evaluate("heard")
    assert [name for name, _ in heard] == ["shown", "online", "state", "edge"]
    assert heard[-1][1] == {
        "pin": "button",
        "event": "low",
        "level": "low",
        "active": True,
        "seq": 1,
    }


def test_press_moves_once_around_a_plain_page(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """A page without our client neither loses nor doubles a press of the pages around it."""
    bridge = run_bridge()
    bridge.stop()
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("[pages.open]", "[pages.open]\nclient = false"))
    (tmp_path / "templates" / "open.html").write_text(
        "<h1>plain</h1><script>new WebSocket(`ws://${location.host}/ws/open`).onclose ="
        " (e) => { if (e.code === 4000) location = e.reason; };</script>"
    )
    bridge = run_bridge(config=config)
    navigations: list[str] = []
    open_page(page, bridge)
    page.on("framenavigated", lambda frame: navigations.append(frame.url))
    for count, there in enumerate(["open", "welcome", "open", "welcome"], 1):
        bridge.set_level("button", "low")
        page.wait_for_url(f"**/{there}")
        wait_until(lambda: [d["page"] for d in bridge.health()["displays"]] == [there])  # noqa: B023
        with bridge.socket("still") as ws:
            frame(ws, "state")
            bridge.set_level("button", "high")
            frame(ws, "edge")
        assert [d["page"] for d in bridge.health()["displays"]][:1] == [there]
        assert len(navigations) == count, navigations
