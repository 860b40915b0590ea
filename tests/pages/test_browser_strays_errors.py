"""A stage whose server fails in every way, in a real Chromium: no error page is ever shown."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.exhibit import PAGE
from harness.hostile_way import HostileWay
from harness.stage_tab import CONFIG, StageTab, write_stage_exhibit

# Long enough that half of it is more than the head.
LATE = PAGE.format(name="late").replace(
    "</body>", f"<p>{'so much to read ' * 4000}</p><i id=end></i></body>"
)

SHORT = """
const wait = setTimeout, limit = AbortSignal.timeout;
window.setTimeout = (f, ms, ...rest) => wait(f, ms === 10_000 ? 1500 : ms, ...rest);
AbortSignal.timeout = (ms) => limit.call(AbortSignal, Math.min(ms, 1000));
"""

# Sees, ten times a second, that a page of the bridge or the plain picture fills the screen.
WATCH = """
if (top === self) {
  window.bad = [];
  setInterval(() => {
    const plain = document.getElementById("plain");
    const shown = document.querySelectorAll("iframe.shown");
    window.began ||= shown.length > 0 || plain?.hidden === false; // it may be blank for a moment
    if (!window.began || !plain.hidden) return;
    const text = [...shown].map(({ contentDocument: d }) => d?.querySelector("h1")?.textContent);
    const wrong = text.length !== 1 || !text[0];
    // Once alone, it may have come between a document's arrival and the frame that shows it.
    if (wrong && window.wasWrong) bad.push(JSON.stringify(text));
    window.wasWrong = wrong;
  }, 100);
}
"""


# A browser without the Navigation API, such as Firefox ESR: there a script's own way is not seen.
WITHOUT = "delete window.navigation; delete Window.prototype.navigation;"
# A browser that tells no status of a page, such as an older WebKit.
WITHOUT_STATUS = "delete PerformanceResourceTiming.prototype.responseStatus;"
AT_ONCE = """
const soon = setTimeout;
window.setTimeout = (f, ms, ...rest) => soon(f, ms === 18_000 ? 100 : ms, ...rest);
"""
IS_PLAIN = "!document.getElementById('plain').hidden"


@pytest.fixture
def bridge(run_bridge: Run, tmp_path: Path) -> BridgeProcess:
    """A bridge with a long page."""
    return run_bridge(config=write_stage_exhibit(tmp_path, CONFIG, late=LATE))


@pytest.fixture
def way(bridge: BridgeProcess) -> Iterator[HostileWay]:
    """The way to it."""
    hostile = HostileWay(bridge.port)
    yield hostile
    hostile.end()


@pytest.fixture
def tab(bridge: BridgeProcess, way: HostileWay, page: Any) -> Iterator[StageTab]:
    """A tab with a stage; nothing bad may ever be on its screen."""
    page.add_init_script(SHORT)
    page.add_init_script(WATCH)
    yield StageTab(page, bridge, url=way.url)
    assert page.evaluate("window.bad") == []


@pytest.fixture
def stage(tab: StageTab) -> StageTab:
    """A stage whose start page is on the screen."""
    tab.wait_shown("/welcome")
    tab.page.evaluate("() => { window.first = shownFrame(); }")
    return tab


@pytest.mark.parametrize("fault", ["500", "429", "503"])
def test_a_press_to_an_error_stays(stage: StageTab, way: HostileWay, fault: str) -> None:
    """The present page is alive: the next press leads there, once there is something."""
    way.faults["/late"] = fault
    stage.press("door")
    wait_until(lambda: "HEAD /late" in way.asked)
    stage.wait_shown("/welcome")
    wait_until(lambda: len(stage.bridge.displays()) == 1)
    way.faults.clear()
    stage.press("door")
    stage.wait_shown("/late")


def test_an_error_is_seen_without_its_status(tab: StageTab, way: HostileWay) -> None:
    """The stage asks for it where the browser doesn't tell it."""
    tab.page.add_init_script(WITHOUT_STATUS)
    tab.page.reload()
    tab.wait_shown("/welcome")
    tab.page.evaluate("() => { window.first = shownFrame(); }")
    way.faults["/late"] = "500"
    tab.press("door")
    wait_until(lambda: "HEAD /late" in way.asked)
    wait_until(lambda: len(tab.bridge.displays()) == 1)
    assert tab.page.evaluate("shownFrame() === first")


def test_a_question_without_an_answer_holds_no_press_up(stage: StageTab, way: HostileWay) -> None:
    """The stage asks what has changed when a page fails; the bridge may hang just then."""
    stage.page.evaluate("""() => {
      shownView().document.addEventListener("gpiobridge:stayed", () => { window.stayed = true; });
    }""")
    way.faults.update({"/late": "500", "/gpiobridge/stage.json": "hang"})
    stage.press("door")
    stage.wait("window.stayed")
    stage.wait_shown("/welcome")


@pytest.mark.parametrize("fault", ["cut", "cut-head", "drip", "hang"])
def test_a_press_to_a_page_that_fails_gets_there(
    stage: StageTab, way: HostileWay, fault: str
) -> None:
    """The present page waits, and leads there when the page can be loaded; one press is enough."""
    way.faults["/late"] = fault
    stage.press("door")
    wait_until(lambda: "GET /late" in way.asked)
    assert stage.page.evaluate("shownFrame() === first")
    way.faults.clear()
    stage.wait_shown("/late")
    assert stage.page.evaluate("shownView().document.getElementById('end') !== null")


def test_a_press_meanwhile_counts_once(stage: StageTab, way: HostileWay) -> None:
    """It belongs to the page that is being loaded."""
    stage.page.evaluate("""() => {
      window.order = ["/welcome"];
      new MutationObserver(() => {
        const path = shownView()?.location.pathname;
        if (path && path !== order.at(-1)) order.push(path);
      }).observe(document.body, { subtree: true, attributes: true, childList: true });
    }""")
    way.faults["/late"] = "hang"
    stage.press("door")
    wait_until(lambda: "GET /late" in way.asked)
    stage.press()
    way.faults.clear()
    stage.wait("order.length > 1")
    stage.wait_shown("/welcome")
    wait_until(lambda: [each["page"] for each in stage.bridge.displays()] == ["welcome"])
    assert stage.page.evaluate("order") == ["/welcome", "/late", "/welcome"]


def test_a_dead_server_leaves_the_page(stage: StageTab, run_bridge: Run) -> None:
    """It is on the screen, and is live again soon after the server is."""
    stage.bridge.kill()
    stage.wait("shownView().document.documentElement.dataset.bridge === 'offline'")
    run_bridge(config=stage.bridge.exhibit / "config.toml", port=stage.bridge.port)
    stage.wait_shown("/welcome")
    assert stage.page.evaluate("shownFrame() === first")


@pytest.mark.parametrize("client", ["true", "false"])
def test_a_picture_that_never_comes_holds_no_page_up(
    run_bridge: Run, page: Any, tmp_path: Path, client: str
) -> None:
    """The next page is shown without it."""
    config = CONFIG.replace("[pages.late]", f"[pages.late]\nclient = {client}")
    if client == "false":
        config = config[: config.rindex("on_low")]
    late = PAGE.format(name="late").replace("</body>", "<img src=/static/never.png></body>")
    bridge = run_bridge(config=write_stage_exhibit(tmp_path, config, late=late))
    way = HostileWay(bridge.port)
    try:
        way.faults["/static/never.png"] = "hang"
        stage = StageTab(page, bridge, url=way.url)
        stage.wait_shown("/welcome")
        began_s = time.monotonic()
        stage.press("door")
        stage.wait("shownView()?.location.pathname === '/late'")
        assert time.monotonic() - began_s < 6  # a page that isn't there is given up after 10 s
    finally:
        way.end()


# ------------------------------------------------------------------ a shown page that fails


@pytest.fixture
def straying(page: Any, tab: StageTab) -> StageTab:
    """A stage in a browser without the Navigation API; its page can leave unseen."""
    page.add_init_script(WITHOUT)
    page.reload()
    tab.wait_shown("/welcome")
    return tab


@pytest.mark.parametrize("fault", ["500", "cut-head"])
def test_an_error_on_the_screen_is_covered(straying: StageTab, way: HostileWay, fault: str) -> None:
    """A plain picture is there instead, until the page before can be shown again."""
    way.faults.update({"/late": fault, "/welcome": "cut-head"})
    straying.page.evaluate("shownView().location.assign('/late')")
    straying.wait(f"{IS_PLAIN} && document.querySelectorAll('iframe.shown').length === 0")
    way.faults.clear()
    straying.wait_shown("/welcome")
    assert not straying.page.evaluate(IS_PLAIN)


def test_an_error_keeps_the_displays_place(straying: StageTab, way: HostileWay) -> None:
    """A kiosk's launcher need not restart the browser: the stage is well, and says so."""
    way.faults.update({"/late": "500", "/welcome": "500"})
    straying.page.evaluate("shownView().location.assign('/late')")
    straying.wait(IS_PLAIN)
    wait_until(lambda: [each["page"] for each in straying.bridge.displays()] == ["welcome"])
    straying.press()
    way.faults.clear()
    straying.wait_shown("/open")
    wait_until(lambda: [each["page"] for each in straying.bridge.displays()] == ["open"])


def test_a_press_in_front_of_an_error_counts(straying: StageTab, way: HostileWay) -> None:
    """The page that comes back takes it, as after a Wi-Fi gap."""
    way.faults.update({"/late": "500", "/welcome": "cut-head"})
    straying.page.evaluate("shownView().location.assign('/late')")
    straying.wait(IS_PLAIN)
    straying.press()
    way.faults.clear()
    straying.wait_shown("/open")


def test_an_error_whose_page_is_gone_leads_to_the_start(
    straying: StageTab, way: HostileWay
) -> None:
    """Home is the page before; if that is an error too, it is the start page."""
    straying.press()
    straying.wait_shown("/open")
    way.faults.update({"/late": "500", "/open": "404"})
    straying.page.evaluate("shownView().location.assign('/late')")
    straying.wait_shown("/welcome")


def test_an_error_on_the_way_home_is_left_too(straying: StageTab, way: HostileWay) -> None:
    """A page that is to be left becomes an error before home answers."""
    (straying.bridge.exhibit / "static" / "map.html").write_text("<h1>map</h1>")
    straying.page.add_init_script(AT_ONCE)
    straying.page.reload()
    straying.wait_shown("/welcome")
    way.faults.update({"/late": "500", "/welcome": "cut-head"})
    straying.page.evaluate("shownView().location.assign('/static/map.html')")
    wait_until(lambda: "HEAD /welcome" in way.asked)
    straying.page.evaluate("shownView().location.assign('/late')")
    straying.wait(IS_PLAIN)
    way.faults.clear()
    straying.wait_shown("/welcome")


# ------------------------------------------------------------------ the stage's own start


@pytest.mark.parametrize("fault", ["500", "503", "cut", "cut-head", "hang"])
def test_a_start_page_that_fails_is_tried_again(
    bridge: BridgeProcess, way: HostileWay, page: Any, fault: str
) -> None:
    """A plain picture is on the screen until there is a page."""
    page.add_init_script(SHORT)
    page.add_init_script(WATCH)
    way.faults["/welcome"] = fault
    tab = StageTab(page, bridge, url=way.url)
    tab.wait(IS_PLAIN)
    wait_until(lambda: len(way.asked) >= 2)
    way.faults.clear()
    tab.wait_shown("/welcome")
    assert page.evaluate("window.bad") == []


def test_a_first_page_that_is_gone_leads_to_the_start(
    bridge: BridgeProcess, way: HostileWay, page: Any
) -> None:
    """As a page that no longer exists does."""
    way.faults["/late"] = "500"
    tab = StageTab(page, bridge, "?page=/late", url=way.url)
    tab.wait_shown("/welcome")


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_start_page_that_answers_no_head_is_shown(
    bridge: BridgeProcess, page: Any, status: int
) -> None:
    """An application, or a proxy, may know no other request than GET."""
    page.route(
        "**/welcome",
        lambda route: (
            route.fulfill(status=status) if route.request.method == "HEAD" else route.continue_()
        ),
    )
    tab = StageTab(page, bridge)
    tab.wait_shown("/welcome")
    assert not page.evaluate(IS_PLAIN)


def test_the_plain_picture_follows_the_browsers_colours(
    bridge: BridgeProcess, way: HostileWay, page: Any
) -> None:
    """It is light, or dark, and has nothing to read."""
    way.faults["/welcome"] = "500"
    tab = StageTab(page, bridge, url=way.url)
    tab.wait(IS_PLAIN)
    seen = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        seen.append(
            page.evaluate("getComputedStyle(document.getElementById('plain')).backgroundColor")
        )
    assert seen[0] != seen[1]
    assert page.evaluate("document.body.innerText.trim()") == ""
