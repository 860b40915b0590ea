"""A press and the page it leads to, in each browser."""

import pytest
from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until

from browsers.acting import assert_stays, drive, open_page, press, watched_pins
from browsers.conftest import Exhibit, Run
from browsers.gate import Gate
from browsers.tab import ONLINE, Tab


def test_press_shows_the_next_page(tab: Tab, bridge: BridgeProcess) -> None:
    """A page shows its pins; a press leads to the next page, and another one back."""
    open_page(tab, bridge)
    tab.wait_for_level("button", "high")
    tab.wait_for("document.querySelector('#gpiobridge-badge')?.offsetHeight > 0")
    drive(bridge, "button", "low")
    tab.wait_for_page("open")
    tab.wait_for("document.querySelector('[data-pin=button]').dataset.active === 'true'")
    drive(bridge, "button", "high", "low")
    tab.wait_for_page("welcome")
    assert tab.visits() == ["/welcome", "/open", "/welcome"]


def test_the_next_page_is_known_to_be_shown(tab: Tab, bridge: BridgeProcess) -> None:
    """With the time from the press, whatever the browser tells of its paints (issue 15)."""

    def shown() -> list[dict[str, int] | None]:
        return [display["shown"] for display in bridge.health()["displays"]]

    open_page(tab, bridge)
    wait_until(lambda: shown() == [{}])
    drive(bridge, "button", "low")
    tab.wait_for_page("open")
    wait_until(lambda: shown() not in ([], [None]))
    ((ms,),) = [(each or {}).values() for each in shown()]
    assert 20 <= ms < 20_000  # the debounce, and no more than the test may take


def test_press_during_the_first_load_counts_once(
    tab: Tab, bridge: BridgeProcess, gate: Gate
) -> None:
    """A press after a page was rendered, before it has its script, moves it exactly once."""
    gate.hold("client.js")
    tab.goto(f"{gate.url}/welcome")
    gate.wait_for_held()
    press(bridge)
    gate.release()
    tab.wait_for_page("open")
    assert_stays(tab, bridge, "open")
    assert tab.visits() == ["/welcome", "/open"]


def test_press_during_the_next_load_counts_once(
    tab: Tab, bridge: BridgeProcess, gate: Gate
) -> None:
    """A second press counts on the page that the first one has led to, exactly once."""
    open_page(tab, gate)
    gate.hold("/ws/open")
    press(bridge)
    gate.wait_for_held()
    press(bridge)
    gate.release()
    tab.wait_for("gpiobridge.page === 'welcome'")
    assert_stays(tab, bridge, "welcome")
    assert tab.visits() == ["/welcome", "/open", "/welcome"]


def test_thirty_quick_presses_show_thirty_pages(
    tab: Tab, run_bridge: Run, exhibit: Exhibit
) -> None:
    """Presses that are quicker than the loads are neither lost nor counted twice (row 47)."""
    bridge = run_bridge(config=exhibit(server='catch_up = "1min"'))
    open_page(tab, bridge)
    press(bridge, 30)
    tab.wait_for("JSON.parse(sessionStorage.visits).length > 30", deadline_s=20.0)
    assert_stays(tab, bridge, "welcome")
    assert tab.visits() == ["/welcome"] + ["/open", "/welcome"] * 15


GESTURES = """
[server]
start = "welcome"
[pins]
button = {{ pin = 17, hold = "300ms" }}
door = {{ pin = 27, pull = "down" }}
[pages.welcome]
on_tap.button = "open"
on_hold.button = "still"
[pages.open]
on_press.button = "welcome"
[pages.still]
"""


def test_tap_and_hold_lead_to_two_pages(tab: Tab, run_bridge: Run, exhibit: Exhibit) -> None:
    """A tap leads to one page at the release, a hold to another while the button is down."""
    bridge = run_bridge(config=exhibit(config=GESTURES))
    open_page(tab, bridge)
    press(bridge)
    tab.wait_for_page("open")
    with watched_pins(bridge) as pins:
        pins.drive("button", "low")
        tab.wait_for_page("welcome")
        # This press began on the page before: it becomes no hold here.
        pins.wait_for("button", "hold")
        assert_stays(tab, bridge, "welcome")
        pins.drive("button", "high", "low")
    tab.wait_for_page("still")
    assert tab.visits() == ["/welcome", "/open", "/welcome", "/still"]


LOCKED = """
[server]
start = "welcome"
[pins]
button = 17
door = {{ pin = 27, pull = "down" }}
[pages.welcome]
on_low.button = "open"
lockout = "{server}"
[pages.open]
on_low.button = "still"
[pages.still]
"""
SHOWN = """<script>
  addEventListener("gpiobridge:shown", () => { window.shownMs = performance.now(); });
</script>"""


def test_lockout_uses_presses_up(tab: Tab, run_bridge: Run, exhibit: Exhibit) -> None:
    """Presses in the first moment of a page never count, a later one does (row 1)."""
    bridge = run_bridge(config=exhibit("5s", LOCKED, welcome=SHOWN))
    open_page(tab, bridge)
    press(bridge, 3)
    tab.wait_for("performance.now() > shownMs + 5000")
    assert_stays(tab, bridge, "welcome")
    press(bridge)
    tab.wait_for_page("open")
    assert tab.visits() == ["/welcome", "/open"]


def test_page_stays_connected_in_a_lockout(tab: Tab, run_bridge: Run, exhibit: Exhibit) -> None:
    """A press that doesn't count costs it neither its levels nor its socket (row 1)."""
    bridge = run_bridge(config=exhibit("1min", LOCKED))
    open_page(tab, bridge)
    tab.run("addEventListener('gpiobridge:state', () => { window.isAnew = true; })")
    press(bridge)
    assert_stays(tab, bridge, "welcome")
    assert tab.evaluate("window.isAnew === undefined")


IDLE = """
[server]
start = "welcome"
[pins]
button = 17
[pages.welcome]
[pages.open]
idle = {{ after = "3s", to = "still" }}
[pages.still]
"""
KEYS = """<script>
  addEventListener("keydown", (event) => { sessionStorage.usedMs = event.timeStamp; });
  addEventListener("gpiobridge:navigate", () => { sessionStorage.leftMs = performance.now(); });
</script>"""


def test_idle_page_leaves_by_itself(tab: Tab, run_bridge: Run, exhibit: Exhibit) -> None:
    """A page that nobody uses leaves; each use begins the time anew."""
    bridge = run_bridge(config=exhibit(config=IDLE, open=KEYS))
    open_page(tab, bridge, "open")
    tab.press_key("a")
    tab.wait_for_page("still")
    # Browsers round their clocks.
    assert tab.evaluate("sessionStorage.leftMs - sessionStorage.usedMs") > 2990
    assert tab.visits() == ["/open", "/still"]


def test_page_may_play_its_farewell(tab: Tab, bridge: BridgeProcess) -> None:
    """The next page waits for the present one's promise; a press meanwhile is used up (row 5)."""
    open_page(tab, bridge)
    tab.run(
        """document.addEventListener("gpiobridge:navigate", (event) => {
          window.leavingFor = [event.detail.page, event.detail.pin];
          event.detail.waitUntil(new Promise((done) => { window.farewellIsOver = done; }));
        })"""
    )
    press(bridge)
    tab.wait_for("Boolean(window.farewellIsOver)")
    assert tab.evaluate("leavingFor") == ["/open", "button"]
    press(bridge)
    assert tab.path() == "/welcome"
    tab.run("farewellIsOver()")
    assert_stays(tab, bridge, "open")
    assert tab.visits() == ["/welcome", "/open"]


def test_declined_press_is_used_up(tab: Tab, bridge: BridgeProcess) -> None:
    """A page that prevents the navigation stays, connected, and past that press."""
    open_page(tab, bridge)
    tab.run(
        """document.addEventListener("gpiobridge:navigate", (event) => {
          window.declined = event.detail.page;
          event.preventDefault();
        }, { once: true })"""
    )
    press(bridge)
    tab.wait_for("window.declined === '/open'")
    assert_stays(tab, bridge, "welcome")
    press(bridge)
    tab.wait_for_page("open")
    assert tab.visits() == ["/welcome", "/open"]


FILM = "document.querySelector('[data-ignore-presses]')"


@pytest.mark.parametrize("film", ["audio", pytest.param("video", marks=pytest.mark.needs("films"))])
def test_presses_wait_for_a_film(
    tab: Tab, run_bridge: Run, exhibit: Exhibit, films: dict[str, str], film: str
) -> None:
    """While a film with data-ignore-presses plays, a press is used up; when it has ended, not."""
    bridge = run_bridge(config=exhibit(welcome=films[film]))
    open_page(tab, bridge)
    tab.wait_for(f"{FILM}.currentTime > 0")
    press(bridge)
    assert_stays(tab, bridge, "welcome")
    tab.run(f"{FILM}.loop = false")
    tab.wait_for(f"{FILM}.ended")
    assert_stays(tab, bridge, "welcome")
    press(bridge)
    tab.wait_for_page("open")
    assert tab.visits() == ["/welcome", "/open"]


def test_film_that_breaks_off_holds_no_presses(
    tab: Tab, run_bridge: Run, exhibit: Exhibit, films: dict[str, str]
) -> None:
    """A film that has failed is neither paused nor ended; it plays no more all the same."""
    bridge = run_bridge(config=exhibit(welcome=films["audio"]))
    open_page(tab, bridge)
    tab.wait_for(f"{FILM}.currentTime > 0")
    # As WebKitGTK does when some films that loop are to begin anew.
    tab.run(
        f"""Object.defineProperty({FILM}, "error", {{ value: {{ code: 3 }} }});
        {FILM}.dispatchEvent(new Event("error"));"""
    )
    assert_stays(tab, bridge, "welcome")
    press(bridge)
    tab.wait_for_page("open")
    assert tab.visits() == ["/welcome", "/open"]


LEVELS = """
[server]
start = "welcome"
[pins]
button = 17
door = {{ pin = 27, pull = "down" }}
[every_page]
while_low.button = "open"
[pages.welcome]
[pages.open]
on_high.button = "welcome"
[pages.still]
"""


def test_levels_move_pages_at_load_and_later(tab: Tab, run_bridge: Run, exhibit: Exhibit) -> None:
    """A level shows its page, whichever page is opened, and until it changes."""
    bridge = run_bridge(config=exhibit(config=LEVELS))
    open_page(tab, bridge)
    bridge.set_level("button", "low")
    tab.wait_for_page("open")
    tab.goto(f"{bridge.url}/still")
    tab.wait_for_page("open")
    bridge.set_level("button", "high")
    tab.wait_for_page("welcome")
    assert tab.visits() == ["/welcome", "/open", "/still", "/open", "/welcome"]


def test_display_keeps_its_name(tab: Tab, bridge: BridgeProcess) -> None:
    """A name given once in the address goes along to the next page."""
    tab.goto(f"{bridge.url}/?display=hall")
    tab.wait_for(ONLINE)
    drive(bridge, "button", "low")
    tab.wait_for_page("open")
    assert bridge.displays() == [{"name": "hall", "page": "open", "visible": True}]


def test_simulator_presses(tab: Tab, bridge: BridgeProcess) -> None:
    """The simulator shows levels, and its button makes a press, under the strict policy."""
    tab.goto(f"{bridge.url}/simulator")
    tab.wait_for(ONLINE)
    tab.wait_for("document.readyState === 'complete'")  # its own script may come after the socket
    tab.run(
        """addEventListener("gpiobridge:edge", ({ detail }) => { window.seen ??= detail.event; });
        addEventListener("securitypolicyviolation", () => { window.isRefused = true; });"""
    )
    tab.click("button")
    tab.wait_for("window.seen === 'low'")
    tab.wait_for_level("button", "high")
    assert tab.evaluate("[location.pathname, window.isRefused === undefined]") == [
        "/simulator",
        True,
    ]
