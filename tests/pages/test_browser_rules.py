"""What leads where and when, in a real Chromium: taps, holds, levels, farewells, lockouts."""

from pathlib import Path
from typing import Any

from harness.bridge_process import BridgeProcess, Run
from harness.exhibit import write_exhibit
from harness.pages import ONLINE, open_page, put_forward
from harness.sockets import frame


def test_declined_press_is_used_up(shared_bridge: BridgeProcess, page: Any) -> None:
    """A page that prevents the navigation stays, live, and past that press."""
    open_page(page, shared_bridge)
    page.evaluate(
        """document.addEventListener("gpiobridge:navigate", (e) => {
          window.declined = e.detail.page;
          e.preventDefault();
        }, { once: true })"""
    )
    shared_bridge.set_level("button", "low")
    page.wait_for_function("window.declined === '/open'")
    page.wait_for_selector(ONLINE)
    shared_bridge.set_level("button", "high")
    page.wait_for_selector('[data-pin="button"][data-level="high"]')
    assert page.url.endswith("/welcome")
    shared_bridge.set_level("button", "low")
    page.wait_for_url("**/open")


# A press of `slow` is never long, one of `quick` is as soon as anybody has looked at it.
GESTURES = """
[server]
start = "welcome"
[pins.slow]
pin = 17
hold = "10min"
[pins.quick]
pin = 27
hold = "300ms"
[pages.welcome]
on_tap.slow = "open"
on_hold.slow = "still"
on_tap.quick = "open"
on_hold.quick = "still"
[pages.open]
on_press.quick = "welcome"
[pages.still]
on_hold.quick = "welcome"
"""


def test_short_and_long_press_lead_to_two_pages(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """A tap leads to one page at the release, a hold to another while the button is down."""
    config = write_exhibit(tmp_path, config=GESTURES)
    for template in (tmp_path / "templates").iterdir():
        template.write_text(template.read_text().replace("button", "quick"))
    bridge = run_bridge(config=config)
    with bridge.socket("open") as ws:  # a witness that is there before anything is told
        frame(ws, "state")
        open_page(page, bridge)
        bridge.set_level("slow", "low")
        assert frame(ws, "edge")["event"] == "low"
        assert page.url.endswith("/welcome")
        bridge.set_level("slow", "high")
        page.wait_for_url("**/open")
    page.wait_for_selector(ONLINE)
    with bridge.socket("welcome") as ws:
        state = frame(ws, "state")
        bridge.set_level("quick", "low")
        low = frame(ws, "edge")
        assert (low["event"], low["seq"]) == ("low", state["seq"] + 1)
        page.wait_for_url("**/welcome")
        # This press began on the page before: for the page that it led to it becomes no hold.
        held = frame(ws, "edge")
        assert (held["event"], held["press"]) == ("hold", low["seq"])
        page.wait_for_selector(ONLINE)
        bridge.set_level("quick", "high")
    page.wait_for_selector('[data-pin="quick"][data-active="false"]')
    assert page.url.endswith("/welcome")
    bridge.set_level("quick", "low")
    page.wait_for_url("**/still")
    page.wait_for_selector('[data-pin="quick"][data-active="true"]')


LEVELS = """
[pins.door]
pin = 17
[every_page]
while_low.door = "open"
[pages.welcome]
[pages.open]
on_high.door = "welcome"
[pages.still]
"""


def test_levels_move_pages_at_load_and_later(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """An open door shows its page whichever page is opened, and until it is closed."""
    bridge = run_bridge(config=write_exhibit(tmp_path, config=LEVELS))
    open_page(page, bridge)
    bridge.set_level("door", "low")
    page.wait_for_url("**/open")
    page.wait_for_selector(ONLINE)
    page.goto(f"{bridge.url}/still")
    page.wait_for_url("**/open")
    page.wait_for_selector(ONLINE)
    bridge.set_level("door", "high")
    page.wait_for_url("**/welcome")
    page.wait_for_selector(ONLINE)


def test_page_may_play_its_farewell(shared_bridge: BridgeProcess, page: Any) -> None:
    """The next page waits for the promise that the present one gives."""
    open_page(page, shared_bridge)
    page.evaluate(
        """document.addEventListener("gpiobridge:navigate", (e) => {
          window.leavingFor = [e.detail.page, e.detail.pin];
          e.detail.waitUntil(new Promise((done) => { window.farewellIsOver = done; }));
        })"""
    )
    shared_bridge.set_level("button", "low")
    page.wait_for_function("Boolean(window.farewellIsOver)")
    assert page.evaluate("leavingFor") == ["/open", "button"]
    assert page.url.endswith("/welcome")
    page.evaluate("farewellIsOver()")
    page.wait_for_url("**/open")


def test_farewell_without_end_is_cut(shared_bridge: BridgeProcess, page: Any) -> None:
    """A promise that never ends holds a page for 10 s, not for ever."""
    page.clock.install()
    open_page(page, shared_bridge)
    page.evaluate(
        """document.addEventListener("gpiobridge:navigate", (e) => {
          e.detail.waitUntil(new Promise(() => { window.waiting = true; }));
        })"""
    )
    shared_bridge.set_level("button", "low")
    page.wait_for_function("window.waiting")
    assert page.url.endswith("/welcome")
    put_forward(page, 10_000)
    page.wait_for_url("**/open")


# The real time goes on beside the page's clock: what is put forward leaves 20 s for it, and a beat
# that is no sooner due than that keeps the socket.
LIFE = """
[server]
start = "welcome"
beat = "60s"
catch_up = "160s"
[pins.button]
pin = 17
[pages.welcome]
on_low.button = "open"
lockout = "60s"
[pages.open]
on_low.button = "still"
idle = {{ after = "60s", to = "welcome" }}
[pages.still]
"""


def test_lockout_uses_presses_up(share_bridge: Run, page: Any) -> None:
    """A press in the first moment of a page doesn't count, a later one does."""
    bridge = share_bridge(config=LIFE)
    page.clock.install()
    open_page(page, bridge)
    bridge.set_level("button", "low")
    page.wait_for_selector('[data-pin="button"][data-level="low"]')
    bridge.set_level("button", "high")
    put_forward(page, 60_000)
    page.wait_for_selector('[data-pin="button"][data-level="high"]')
    assert page.url.endswith("/welcome")
    bridge.set_level("button", "low")
    page.wait_for_url("**/open")


def test_idle_page_leaves_by_itself(share_bridge: Run, page: Any) -> None:
    """After a while without touch, keys or presses; not while a pin of the page is pressed."""
    bridge = share_bridge(config=LIFE)
    page.clock.install()
    open_page(page, bridge, "/open")
    put_forward(page, 40_000)
    page.keyboard.press("a")
    put_forward(page, 40_000)
    assert page.url.endswith("/open")
    page.wait_for_selector(ONLINE)
    put_forward(page, 20_000)
    page.wait_for_url("**/welcome")
