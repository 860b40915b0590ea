"""The main job, in a real Chromium."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running import CONFIG, RunningBridge, frame, wait_until, write_exhibit

Run = Callable[..., RunningBridge]

ONLINE = 'html[data-bridge="online"]'


def open_page(page: Any, bridge: RunningBridge, path: str = "/welcome") -> None:
    """Open a page and wait until its socket is up."""
    page.goto(bridge.url + path)
    page.wait_for_selector(ONLINE)


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


def test_simulated_pins_are_shown_as_such(shared_bridge: RunningBridge, page: Any) -> None:
    """A page never shows simulated state without saying so."""
    open_page(page, shared_bridge, "/still")
    page.wait_for_selector("html[data-simulated]")
    assert page.locator("#gpiobridge-badge").is_visible()


def test_press_before_the_socket_counts_once(shared_bridge: RunningBridge, page: Any) -> None:
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


def test_dead_server_after_4000(bridge: RunningBridge, run_bridge: Run, page: Any) -> None:
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


def test_hanging_load_is_tried_again(shared_bridge: RunningBridge, page: Any) -> None:
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
    page.clock.fast_forward(2000)
    page.wait_for_selector(ONLINE)


def test_back_button_leaves_no_ghost(shared_bridge: RunningBridge, page: Any) -> None:
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


def test_press_before_the_page_does_not_count(shared_bridge: RunningBridge, page: Any) -> None:
    """A page that is opened after a press stays: the press was meant for what was shown then."""
    with shared_bridge.socket("still") as ws:
        frame(ws, "state")
        shared_bridge.set_level("button", "low")
        frame(ws, "edge")
    open_page(page, shared_bridge)
    shared_bridge.set_level("door", "high")
    page.wait_for_selector('[data-pin="door"][data-level="high"]')
    assert page.url.endswith("/welcome")


def test_two_presses_lead_through_two_pages(shared_bridge: RunningBridge, page: Any) -> None:
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


def test_display_keeps_its_name(shared_bridge: RunningBridge, page: Any) -> None:
    """A name given once in the URL goes along to the next page."""
    open_page(page, shared_bridge, "/?display=kiosk")
    assert shared_bridge.health()["displays"] == [
        {"name": "kiosk", "page": "welcome", "visible": True}
    ]
    shared_bridge.set_level("button", "low")
    page.wait_for_url("**/open")
    page.wait_for_selector(ONLINE)
    assert shared_bridge.health()["displays"] == [
        {"name": "kiosk", "page": "open", "visible": True}
    ]


LISTENING = """
<script>
  window.heard = [];
  for (const name of ["shown", "online", "state", "edge"]) {
    window.addEventListener(`gpiobridge:${name}`, (e) => heard.push([name, e.detail]));
  }
</script>
"""


def test_events_reach_the_page(bridge: RunningBridge, page: Any, tmp_path: Path) -> None:
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


def test_go_waits_for_the_server(bridge: RunningBridge, run_bridge: Run, page: Any) -> None:
    """A page that wants to go elsewhere while the server is down goes when it is back."""
    open_page(page, bridge, "/still")
    bridge.kill()
    page.wait_for_selector('html[data-bridge="offline"]')
    page.evaluate("void gpiobridge.go('open')")
    run_bridge(port=bridge.port)
    page.wait_for_url("**/open")


def test_go_to_nowhere_stays(shared_bridge: RunningBridge, page: Any) -> None:
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


def test_declined_press_is_used_up(shared_bridge: RunningBridge, page: Any) -> None:
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


def test_simulator_page(shared_bridge: RunningBridge, page: Any) -> None:
    """The simulator shows levels live; its button makes a press, under a strict policy."""
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    open_page(page, shared_bridge, "/simulator")
    with shared_bridge.socket("welcome") as ws:
        assert json.loads(ws.recv(timeout=20))["type"] == "state"
        page.get_by_role("button", name=re.compile("press", re.IGNORECASE)).first.click()
        assert json.loads(ws.recv(timeout=20))["event"] == "low"
    page.wait_for_selector('[data-pin="button"][data-level="high"]')
    assert page.url.endswith("/simulator")
    assert complaints == []


SLOW = CONFIG.replace("button = 17", 'button = {{ pin = 17, debounce = "250ms", hold = "1s" }}')


def test_quick_clicks_in_the_simulator_are_events(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """A click is longer than the pin's debounce, and the next one waits for it (row 15)."""
    bridge = run_bridge(config=write_exhibit(tmp_path, config=SLOW))
    open_page(page, bridge, "/simulator")
    card = page.locator("li[data-pin=button]")
    with bridge.socket("still") as ws:
        frame(ws, "state")
        for button, events in (
            ("Press button", ["low", "high"] * 2),
            ("Hold button", ["low", "high"]),
        ):
            card.get_by_label(button).click()
            card.get_by_label(button).click()
            assert [frame(ws, "edge")["event"] for _ in events] == events
    assert page.locator(".error[role=alert]").is_hidden()


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


def test_page_may_play_its_farewell(shared_bridge: RunningBridge, page: Any) -> None:
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


def test_farewell_without_end_is_cut(shared_bridge: RunningBridge, page: Any) -> None:
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
    page.clock.fast_forward(10_000)
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
    page.clock.fast_forward(60_000)
    page.wait_for_selector('[data-pin="button"][data-level="high"]')
    assert page.url.endswith("/welcome")
    bridge.set_level("button", "low")
    page.wait_for_url("**/open")


def test_idle_page_leaves_by_itself(share_bridge: Run, page: Any) -> None:
    """After a while without touch, keys or presses; not while a pin of the page is pressed."""
    bridge = share_bridge(config=LIFE)
    page.clock.install()
    open_page(page, bridge, "/open")
    page.clock.fast_forward(40_000)
    page.keyboard.press("a")
    page.clock.fast_forward(40_000)
    assert page.url.endswith("/open")
    page.wait_for_selector(ONLINE)
    page.clock.fast_forward(20_000)
    page.wait_for_url("**/welcome")


def test_later_elements_have_their_level(shared_bridge: RunningBridge, page: Any) -> None:
    """Whenever they come into the page, or get their pin (row 24)."""
    open_page(page, shared_bridge, "/still")
    shared_bridge.set_level("button", "low")
    page.wait_for_selector('[data-pin="button"][data-level="low"]')
    levels = page.evaluate(
        """async () => {
          const late = [];
          const add = (where) => late.push(where.appendChild(document.createElement("p")));
          add(document.body);
          late[0].dataset.pin = "button";
          document.body.insertAdjacentHTML("beforeend", "<div><b><i data-pin=door>x</i></b></div>");
          late.push(document.querySelector("i"));
          const copy = late[1].cloneNode(true);
          copy.dataset.pin = "button";
          copy.dataset.level = "old";
          late.push(document.body.appendChild(copy));
          await null;
          late[1].dataset.pin = "nosuch";
          const other = document.body.appendChild(document.createElement("p"));
          other.innerHTML = "<template><u data-pin=button>x</u></template>";
          other.append(other.firstChild.content.cloneNode(true));
          late.push(other.lastChild);
          await new Promise((done) => setTimeout(done));
          return late.map(({ dataset }) => [dataset.level, dataset.active]);
        }"""
    )
    assert levels == [["low", "true"], [None, None], ["low", "true"], ["low", "true"]]


def test_swapped_content_keeps_levels_and_the_word_of_simulated_pins(
    shared_bridge: RunningBridge, page: Any
) -> None:
    """A script that writes the whole body anew takes neither away (rows 24, 46)."""
    open_page(page, shared_bridge, "/still")
    page.evaluate("document.body.innerHTML = '<p data-pin=door>door</p>'")
    page.wait_for_selector('[data-pin="door"][data-level="low"]')
    assert page.locator("#gpiobridge-badge").is_visible()


@pytest.mark.parametrize(("width", "height"), [(320, 480), (3840, 2160)])
def test_the_badge_fits_the_screen(
    shared_bridge: RunningBridge, page: Any, width: int, height: int
) -> None:
    """Not over a headline, which stands at the top; and large enough to be read (row 46)."""
    page.set_viewport_size({"width": width, "height": height})
    open_page(page, shared_bridge, "/still")
    box = page.locator("#gpiobridge-badge").bounding_box()
    assert 0 < height - (box["y"] + box["height"]) < 0.02 * height  # the very corner is the page's
    assert box["y"] > 0.9 * height
    assert box["width"] < width / 3
    assert box["height"] > 0.025 * height
