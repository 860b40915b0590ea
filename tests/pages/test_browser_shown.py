"""In a real Chromium: what a page says of being shown, and what the bridge makes of it."""

import re
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import DEADLINE_S, wait_until
from harness.exhibit import write_exhibit
from harness.pages import ONLINE, open_page
from harness.undriven import undriven

# What each page of a tab has said, in order: its frames' types, and the frames about being shown.
HEARD = """
window.said = [];
window.shownFrames = [];
window.addresses = [];
window.WebSocket = class extends WebSocket {
  constructor(url) {
    if (window.seatless) {
      url = new URL(url);
      url.searchParams.delete("seat");
    }
    super(url);
    addresses.push(new URL(url));
    window.newest = this;
    this.addEventListener("message", ({ data }) => said.push(`got ${JSON.parse(data).type}`));
  }
  send(text) {
    super.send(text);
    const frame = JSON.parse(text);
    said.push(frame.type);
    if (frame.type === "shown") shownFrames.push(frame);
  }
};
"""
HIDE = """
Object.defineProperty(document, "visibilityState", {
  configurable: true, get: () => (window.isHidden ? "hidden" : "visible"),
});
Object.defineProperty(document, "hidden", { configurable: true, get: () => !!window.isHidden });
const nextFrame = requestAnimationFrame;
window.held = [];
window.requestAnimationFrame = (act) => (isHidden ? held.push(act) : nextFrame(act));
window.PerformanceObserver = undefined;
window.setHidden = (hidden) => {
  window.isHidden = hidden;
  document.dispatchEvent(new Event("visibilitychange"));
  if (!hidden) held.splice(0).forEach((act) => nextFrame(act));
};
"""
SAYS = "shownFrames.length > 0"
FAREWELL = """() => addEventListener("gpiobridge:navigate", (event) => {
  event.detail.waitUntil(new Promise((done) => { window.farewellIsOver = done; }));
})"""


@pytest.fixture
def tab(page: Any) -> Any:
    """A tab whose pages tell what they have said."""
    page.add_init_script(HEARD)
    return page


def shown(bridge: BridgeProcess) -> list[Any]:
    """What the health says of each display."""
    return [display["shown"] for display in bridge.health()["displays"]]


def said(tab: Any) -> list[dict[str, Any]]:
    """What this page has said of being shown, once it has said it."""
    tab.wait_for_function(SAYS)
    frames: list[dict[str, Any]] = tab.evaluate("shownFrames")
    return frames


def press(bridge: BridgeProcess, tab: Any, to: str = "open") -> None:
    """Press the button, and wait for the next page."""
    bridge.set_level("button", "low")
    tab.wait_for_url(f"**/{to}")


def release(bridge: BridgeProcess, tab: Any) -> None:
    """Let go of the button, and wait until the page knows."""
    bridge.set_level("button", "high")
    tab.wait_for_selector('[data-pin="button"][data-level="high"]')


def test_a_page_says_once_that_it_is_shown(shared_bridge: BridgeProcess, tab: Any) -> None:
    """After its state, and without a figure: no press led to it."""
    open_page(tab, shared_bridge)
    (frame,) = said(tab)
    assert frame.keys() == {"type", "cursor"}
    assert re.fullmatch(r"[0-9a-f]+:\d+", frame["cursor"])
    assert tab.evaluate("said").index("got state") < tab.evaluate("said").index("shown")
    wait_until(lambda: shown(shared_bridge) == [{}])


def test_a_press_has_its_figure(shared_bridge: BridgeProcess, tab: Any) -> None:
    """From the edge on the page before, with that press's cursor; the bridge adds its share."""
    open_page(tab, shared_bridge)
    (first,) = said(tab)
    press(shared_bridge, tab)
    (frame,) = said(tab)
    assert frame.keys() == {"type", "cursor", "ms"}
    epoch, _, seq = first["cursor"].partition(":")
    assert frame["cursor"] == f"{epoch}:{int(seq) + 1}"
    assert isinstance(frame["ms"], int)
    assert 0 < frame["ms"] < 10_000
    wait_until(lambda: shown(shared_bridge) != [None])
    ((ms,),) = [health.values() for health in shown(shared_bridge)]
    assert ms >= frame["ms"] + 20  # the debounce
    number = int(seq) + 1
    shared_bridge.wait_for_line(f"#{number} button: shown by display on open after {ms} ms$")


def test_the_figure_is_that_of_the_first_paint(shared_bridge: BridgeProcess, tab: Any) -> None:
    """As the browser measures it; the press's time comes from the page before."""
    open_page(tab, shared_bridge)
    tab.add_init_script("window.handed = sessionStorage.getItem('gpiobridge:press');")
    press(shared_bridge, tab)
    (frame,) = said(tab)
    figure = """() => Math.round(
      performance.timeOrigin + performance.getEntriesByName("first-paint")[0].startTime
      - Number(handed.split(" ")[2])
    )"""
    assert frame["ms"] == tab.evaluate(figure)


def test_the_address_and_the_next_page_know_nothing_of_it(
    shared_bridge: BridgeProcess, tab: Any
) -> None:
    """The time is handed over within the tab, to one page."""
    open_page(tab, shared_bridge)
    press(shared_bridge, tab)
    said(tab)
    assert "?" not in tab.url
    assert tab.evaluate("sessionStorage.getItem('gpiobridge:press')") == ""


@pytest.mark.parametrize("way", ["reload", "link", "order"])
def test_a_page_that_no_press_led_to_has_no_figure(
    shared_bridge: BridgeProcess, tab: Any, way: str
) -> None:
    """A reload of the page that a press has shown, a link, and an order of the page itself."""
    open_page(tab, shared_bridge)
    press(shared_bridge, tab)
    said(tab)
    if way == "reload":
        tab.reload()
    elif way == "link":
        tab.evaluate("location.href = '/still'")
        tab.wait_for_url("**/still")
    else:
        tab.evaluate("gpiobridge.go('still')")
        tab.wait_for_url("**/still")
    (frame,) = said(tab)
    assert frame.keys() == {"type", "cursor"}
    wait_until(lambda: shown(shared_bridge) == [{}])


def test_a_page_says_again_on_each_socket(shared_bridge: BridgeProcess, tab: Any) -> None:
    """The bridge knows it by its seat, and counts it once."""
    open_page(tab, shared_bridge)
    said(tab)
    tab.evaluate("newest.close()")
    tab.wait_for_function("addresses.length === 2")
    tab.wait_for_function("shownFrames.length === 2")
    wait_until(lambda: shown(shared_bridge) == [{}])


def test_a_page_that_was_away_for_long_is_known_to_be_shown(
    shared_bridge: BridgeProcess, tab: Any
) -> None:
    """Ten seconds later its seat is good no more: being on the screen must not be lost."""
    open_page(tab, shared_bridge)
    said(tab)
    tab.evaluate("window.seatless = true")
    tab.evaluate("newest.close()")
    tab.wait_for_function("addresses.length === 2 && !addresses[1].searchParams.has('seat')")
    wait_until(lambda: shown(shared_bridge) == [{}])


def test_a_page_says_again_to_a_bridge_that_was_started_anew(
    bridge: BridgeProcess, run_bridge: Run, tab: Any
) -> None:
    """Which can't know it; without a figure, as no press of this run has led to it."""
    open_page(tab, bridge)
    press(bridge, tab)
    said(tab)
    bridge.kill()
    tab.wait_for_selector('html[data-bridge="offline"]')
    again = run_bridge(port=bridge.port)
    tab.wait_for_function("shownFrames.length === 2")
    assert tab.evaluate("shownFrames[1]").keys() == {"type", "cursor"}
    wait_until(lambda: shown(again) == [{}])


def test_a_page_from_the_back_forward_cache_is_shown_anew(
    shared_bridge: BridgeProcess, tab: Any
) -> None:
    """Although a press led to it the first time, none did now."""
    open_page(tab, shared_bridge)
    press(shared_bridge, tab)
    tab.wait_for_selector(ONLINE)
    said(tab)
    tab.evaluate("addEventListener('pageshow', (event) => { window.kept = event.persisted; })")
    tab.goto(f"{shared_bridge.url}/static/a.txt")
    tab.go_back(wait_until="commit")
    tab.wait_for_function("window.kept")
    tab.wait_for_function("shownFrames.length === 2")
    assert tab.evaluate("shownFrames[1]").keys() == {"type", "cursor"}
    # It is a page that has just come: an older cursor would let presses count that weren't for it.
    assert tab.evaluate("[...addresses[1].searchParams.keys()]") == ["seat"]
    wait_until(lambda: shown(shared_bridge) == [{}])


def test_a_hidden_page_says_nothing_until_it_is_visible(
    shared_bridge: BridgeProcess, tab: Any
) -> None:
    """And then without a figure: for so long nobody could see what the press has done."""
    open_page(tab, shared_bridge)
    tab.add_init_script(f"window.isHidden = true; {HIDE}")
    press(shared_bridge, tab)
    tab.wait_for_function("said.includes('beat')", polling=50)  # it counts no frames, as we do
    assert tab.evaluate("shownFrames") == []
    assert shown(shared_bridge) == [None]
    tab.evaluate("setHidden(false)")
    assert said(tab)[0].keys() == {"type", "cursor"}


def test_a_browser_without_figures_of_paints_counts_its_frames(
    shared_bridge: BridgeProcess, tab: Any
) -> None:
    """The second frame begins when the first one has been painted."""
    tab.add_init_script("window.PerformanceObserver = undefined;")
    open_page(tab, shared_bridge)
    press(shared_bridge, tab)
    assert said(tab)[0]["ms"] > 0


def test_a_time_that_a_set_clock_makes_impossible_is_left_out(
    shared_bridge: BridgeProcess, tab: Any
) -> None:
    """The two pages count from times on the wall clock, which was set in between."""
    open_page(tab, shared_bridge)
    tab.add_init_script(
        "const at = performance.timeOrigin - 3_600_000;"
        "Object.defineProperty(performance, 'timeOrigin', { get: () => at });"
    )
    press(shared_bridge, tab)
    assert said(tab)[0].keys() == {"type", "cursor"}


def test_a_farewell_belongs_to_the_time_of_its_press(
    shared_bridge: BridgeProcess, tab: Any
) -> None:
    """Although the button was let go meanwhile, which is the last that this page has acted on."""
    open_page(tab, shared_bridge)
    (first,) = said(tab)
    tab.evaluate(FAREWELL)
    shared_bridge.set_level("button", "low")
    tab.wait_for_function("!!window.farewellIsOver")
    tab.wait_for_function("said.filter((each) => each === 'got state').length === 2")
    release(shared_bridge, tab)
    tab.evaluate("farewellIsOver()")
    tab.wait_for_url("**/open")
    epoch, _, seq = first["cursor"].partition(":")
    (frame,) = said(tab)
    assert frame["cursor"] == f"{epoch}:{int(seq) + 1}"
    wait_until(lambda: shown(shared_bridge) != [None])
    assert shown(shared_bridge)[0]["ms"] >= frame["ms"] + 20


AHEAD = """
[server]
start = "welcome"
csp = "off"
{server}
[pins]
button = 17
[pages.welcome]
on_low.button = "open"
[pages.open]
prerender = true
[pages.still]
"""
REPORT = """<!doctype html><script>
  const tell = (what) => { new Image().src = `http://127.0.0.1:PORT/${what}`; };
  const wasAhead = document.prerendering;
  if (wasAhead) tell("ahead");
  const send = WebSocket.prototype.send; // the bridge's script has its socket already
  WebSocket.prototype.send = function (text) {
    send.call(this, text);
    const frame = JSON.parse(text);
    if (frame.type === "shown") tell(["TEXT", wasAhead, ...Object.keys(frame)].join());
  };
</script><h1>TEXT</h1>"""


def test_a_prerendered_page_is_shown_when_it_is_activated(
    run_bridge: Run, tmp_path: Path, reports: tuple[int, Any]
) -> None:
    """Not when it is made ready: it says nothing before the press, and then with its figure."""
    port, got = reports
    config = write_exhibit(tmp_path, config=AHEAD)
    for name in ("welcome", "open"):
        page = REPORT.replace("TEXT", name).replace("PORT", str(port))
        (tmp_path / "templates" / f"{name}.html").write_text(page)
    bridge = run_bridge(config=config)
    with undriven(tmp_path / "profile", f"{bridge.url}/welcome"):
        first = {got.get(timeout=DEADLINE_S), got.get(timeout=DEADLINE_S)}
        assert first == {"/ahead", "/welcome,false,type,cursor"}
        assert shown(bridge) == [{}]
        bridge.set_level("button", "low")
        assert got.get(timeout=DEADLINE_S) == "/open,true,type,cursor,ms"
        wait_until(lambda: shown(bridge) != [None])
        assert 20 <= shown(bridge)[0]["ms"] < 10_000
