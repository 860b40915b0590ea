"""A page is left only for one that can be shown, and for the one that is meant, in Chromium."""

import queue
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, redirect, request
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import DEADLINE_S, wait_until
from harness.exhibit import write_exhibit
from harness.pages import ONLINE
from harness.served_application import served
from harness.undriven import undriven

from gpiobridge import GpioBridge
from gpiobridge.core.events import Level


class Site:
    """Three pages of an application; what ``/open`` answers can be changed."""

    def __init__(self) -> None:
        self.app = Flask(__name__)
        pins = {"button": 17, "bell": 27, "door": {"pin": 22, "pull": "down"}}
        self.bridge = GpioBridge(self.app, pins=pins)
        self.answer: Any = None
        self.refusing = 0  # so many sockets
        self.spoiled = False
        self.asked: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.add("welcome", on_low={"button": "open", "bell": "still"})
        self.add("open")
        self.add("still")
        self.add("ward", while_high={"door": "open"}, on_low={"bell": "still"})
        self.app.before_request(self.before)
        self.app.after_request(self.after)
        self.url = ""

    def add(self, name: str, **rules: Any) -> None:
        """Add a page."""
        html = f"<!doctype html><title>{name}</title><h1>{name}</h1><p data-pin=button>x</p>"
        self.app.add_url_rule(f"/{name}", name, self.bridge.page(name, **rules)(lambda: html))

    def before(self) -> Any:
        """Answer in place of the page "open", and note that it was asked for."""
        if request.path == "/ws/open" and self.refusing:
            self.refusing -= 1
            return "later", 503
        if request.path != "/open":
            return None
        self.asked.put(request.method)
        return self.answer

    def after(self, response: Response) -> Response:
        """Let the page "open" come as an error, with the bridge's script."""
        if self.spoiled and request.path == "/open":
            response.status_code = 500
        return response

    def press(self, pin: str, level: Level = Level.LOW) -> None:
        """Set a pin."""
        self.bridge.running.watcher.pins.drive(pin, level)


@pytest.fixture
def site() -> Iterator[Site]:
    """A served site."""
    made = Site()
    with ExitStack() as stack:
        made.url = f"http://127.0.0.1:{stack.enter_context(served(made.app, made.bridge))}"
        yield made


def open_page(page: Any, url: str) -> list[str]:
    """Open a page and wait until its socket is up; return its warnings, as they come."""
    warnings: list[str] = []
    page.on("console", lambda m: warnings.append(m.text) if m.type == "warning" else None)
    page.goto(url)
    page.wait_for_selector(ONLINE)
    page.evaluate(
        "window.wasOffline = false; addEventListener('gpiobridge:offline',"
        "() => { wasOffline = true; })"
    )
    return warnings


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        *((("no", status), f"/open answers {status}") for status in (403, 404, 429, 500, 503)),
        (redirect("/gone"), "/open answers 404"),
        (redirect("http://127.0.0.1:9/elsewhere"), "/open leads to another site"),
    ],
    ids=["403", "404", "429", "500", "503", "redirect-to-404", "redirect-elsewhere"],
)
def test_a_page_that_cannot_be_shown_is_not_gone_to(
    site: Site, page: Any, answer: Any, said: str
) -> None:
    """This one stays, online, says why, and its other buttons work (rows 28, 29)."""
    site.answer = answer
    warnings = open_page(page, f"{site.url}/welcome")
    site.press("button")
    wait_until(lambda: page.evaluate("true") and bool(warnings))
    assert warnings == [f"gpiobridge: {said}, so this page stays"]
    assert page.evaluate("wasOffline") is False
    assert page.url.endswith("/welcome")
    site.press("bell")
    page.wait_for_url("**/still")


def test_a_page_that_stays_after_its_farewell_is_told(site: Site, page: Any) -> None:
    """A farewell that has hidden the page can be taken back, as the next one can't be shown."""
    site.answer = ("no", 500)
    open_page(page, f"{site.url}/welcome")
    page.evaluate("""() => addEventListener("gpiobridge:navigate", (event) => {
      const timing = { duration: 50, fill: "forwards" };
      const farewell = document.body.animate({ opacity: [1, 0] }, timing);
      event.detail.waitUntil(farewell.finished.then(() => { window.faded = true; }));
      addEventListener("gpiobridge:stayed", (stayed) => {
        farewell.cancel();
        window.stayed = stayed.detail;
      }, { once: true });
    })""")
    site.press("button")
    page.wait_for_function("window.faded && window.stayed")
    assert page.evaluate("stayed") == {"page": "/open"}
    assert page.evaluate("getComputedStyle(document.body).opacity") == "1"
    assert page.url.endswith("/welcome")


def test_a_redirect_within_the_site_is_followed(site: Site, page: Any) -> None:
    """To a login, for example (row 29)."""
    site.answer = redirect("/still")
    open_page(page, f"{site.url}/welcome")
    site.press("button")
    page.wait_for_url("**/still")


def test_a_level_that_leads_nowhere_is_tried_with_pauses(site: Site, page: Any) -> None:
    """The page stays online meanwhile, and moves once there is something to move to (row 28)."""
    site.answer = ("broken", 500)
    warnings = open_page(page, f"{site.url}/ward")
    site.press("door", Level.HIGH)
    wait_until(lambda: page.evaluate("true") and len(warnings) >= 4)
    assert page.evaluate("wasOffline") is False
    count = len(warnings)
    page.wait_for_timeout(1000)  # how many there are in a second is what is measured
    assert len(warnings) - count <= 3
    site.answer = None
    page.wait_for_url("**/open")


def test_a_broken_page_of_its_own_is_no_reason_to_stay_offline(site: Site, page: Any) -> None:
    """A page that is open lives on while its view fails (row 28)."""
    open_page(page, f"{site.url}/open")
    site.answer = ("broken", 500)
    site.refusing = 2  # so that it asks by HTTP
    (connection,) = site.bridge.running.watcher._hub.connections
    connection.sock.shutdown(2)
    page.wait_for_selector('html[data-bridge="offline"]')
    page.wait_for_selector(ONLINE)
    assert page.url.endswith("/open")


def test_a_page_that_came_as_an_error_recovers(site: Site, page: Any) -> None:
    """When it is well again it is loaded, without a press (row 28)."""
    page.add_init_script(
        """const wait = setTimeout;
        window.setTimeout = (f, ms, ...rest) => wait(f, ms === 5000 ? 50 : ms, ...rest);"""
    )
    site.spoiled = True
    open_page(page, f"{site.url}/open")
    page.evaluate("document.documentElement.dataset.old = ''")
    while site.asked.get(timeout=DEADLINE_S) != "HEAD":
        pass
    site.spoiled = False
    page.wait_for_selector("html:not([data-old])")
    page.wait_for_selector(ONLINE)


def test_a_broken_template_is_one_line_of_the_log(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """However often it is asked for; and it is shown once it is well (row 28)."""
    bridge = run_bridge()
    template = tmp_path / "templates" / "open.html"
    whole = template.read_text()
    template.write_text("<h1>\n{{ visitor.name }}")
    warnings = open_page(page, f"{bridge.url}/welcome")
    for count in (1, 2):
        bridge.set_level("button", "low")
        wait_until(lambda: page.evaluate("true") and len(warnings) == count)  # noqa: B023
        page.wait_for_selector(ONLINE)
        bridge.set_level("button", "high")
        page.wait_for_selector('[data-pin="button"][data-level="high"]')
    template.write_text(whole)
    bridge.set_level("button", "low")
    page.wait_for_url("**/open")
    bridge.stop()  # which fails on a traceback
    assert len([line for line in bridge.log if "can't be shown: " in line]) == 1


# ------------------------------------------------------------------- pages that are shown too early

AHEAD = """
[server]
start = "welcome"
csp = "{server}"
[pins]
button = 17
[pages.welcome]
on_low.button = "open"
[pages.open]
prerender = {prerender}
[pages.still]
"""


def test_an_edited_template_is_shown(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """Although the browser has fetched it before; an unchanged one comes from there (row 31)."""
    config = write_exhibit(tmp_path, "strict", AHEAD.replace("{prerender}", "false"))
    bridge = run_bridge(config=config)
    template = tmp_path / "templates" / "open.html"
    kind = "performance.getEntriesByType('navigation')[0].deliveryType"
    for text in ("open", "edited"):
        with page.expect_request(lambda r: r.url.endswith("/open")) as ahead:
            page.goto(f"{bridge.url}/welcome")
        ahead.value.response().finished()
        page.wait_for_selector(ONLINE)
        if text == "edited":
            template.write_text(template.read_text().replace("open", text))
        bridge.set_level("button", "low")
        page.wait_for_url("**/open")
        assert page.inner_text("h1") == text
        assert page.evaluate(kind) == ("navigational-prefetch" if text == "open" else "")
        page.wait_for_selector(ONLINE)
        bridge.set_level("button", "high")
        page.wait_for_selector('[data-pin="button"][data-level="high"]')


@pytest.mark.parametrize("edited", [False, True])
def test_a_prerendered_page_is_not_older_than_its_files(
    run_bridge: Run, tmp_path: Path, reports: tuple[int, Any], edited: bool
) -> None:
    """On a plain http address of a network, too, in a browser that nobody drives (row 31)."""
    port, got = reports
    config = write_exhibit(tmp_path, "off", AHEAD.replace("{prerender}", "true"))
    config.write_text(config.read_text().replace("csp", 'allowed_hosts = ["hall.test"]\ncsp'))
    script = f"""<script>
      const ahead = document.prerendering;
      const tell = (what) => {{ new Image().src = `http://hall.test:{port}/${{what}}`; }};
      if (ahead) tell("ahead");
      addEventListener("gpiobridge:online", () => {{
        tell([gpiobridge.page, "TEXT", ahead, isSecureContext, location.search].join());
      }});
    </script>"""
    pages = tmp_path / "templates"
    for name in ("welcome", "open"):
        (pages / f"{name}.html").write_text(f"<!doctype html>{script}".replace("TEXT", "old"))
    bridge = run_bridge(config=config)
    with undriven(tmp_path / "profile", f"http://hall.test:{bridge.port}/welcome"):
        first = {got.get(timeout=DEADLINE_S), got.get(timeout=DEADLINE_S)}
        assert first == {"/ahead", "/welcome,old,false,false,"}
        if edited:
            (pages / "open.html").write_text(f"<!doctype html>{script}".replace("TEXT", "new"))
        bridge.set_level("button", "low")
        expected = "/open,new,false,false," if edited else "/open,old,true,false,"
        assert got.get(timeout=DEADLINE_S) == expected


VISIBLE = """<!doctype html><script>
  const said = [document.prerendering ? "ahead" : "at once"];
  const tell = (what) => { new Image().src = `http://127.0.0.1:PORT/${what}`; };
  if (document.prerendering) tell("ahead");
  window.WebSocket = class extends WebSocket {
    constructor(url) {
      super(url);
      said.push(new URL(url).searchParams.get("visible"));
    }
    send(text) {
      super.send(text);
      const { type } = JSON.parse(text);
      if (type !== "shown") said.push(type); // it comes when the page is painted
    }
  };
  // The answer to a beat is the last word of all that there is to say at first.
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (text) {
    send.call(this, text);
    if (JSON.parse(text).type === "beat") tell([gpiobridge.page, ...said].join());
  };
</script>"""


def test_a_prerendered_page_says_nothing_of_having_been_hidden(
    run_bridge: Run, tmp_path: Path, reports: tuple[int, Any]
) -> None:
    """It is no display until it is activated, and then visible from the first (issue 12, row 1)."""
    port, got = reports
    config = write_exhibit(tmp_path, "off", AHEAD.replace("{prerender}", "true"))
    config.write_text(config.read_text().replace("csp", 'beat = "500ms"\ncsp'))
    for name in ("welcome", "open"):
        page = VISIBLE.replace("PORT", str(port))
        (tmp_path / "templates" / f"{name}.html").write_text(page)
    bridge = run_bridge(config=config)
    with undriven(tmp_path / "profile", f"{bridge.url}/welcome"):
        while (first := got.get(timeout=DEADLINE_S)) != "/ahead":
            assert first == "/welcome,at once,,beat"
        assert [d["visible"] for d in bridge.health()["displays"]] == [True]
        bridge.set_level("button", "low")
        while (told := got.get(timeout=DEADLINE_S)).startswith("/welcome"):
            pass
        assert told == "/open,ahead,,beat"
        assert [d["visible"] for d in bridge.health()["displays"]] == [True]


# ------------------------------------------------------------------- what would hold a press up


@pytest.mark.parametrize(
    "guard",
    [
        "addEventListener('beforeunload', (e) => e.preventDefault())",
        "addEventListener('beforeunload', (e) => { e.returnValue = 'x'; }, true)",
        "window.onbeforeunload = () => 'x'",
        "document.body.setAttribute('onbeforeunload', 'return \"x\"')",
        """new Promise((loaded) => {
          const frame = document.createElement("iframe");
          frame.src = "/still";
          frame.onload = () => {
            frames[0].onbeforeunload = () => "x";
            loaded();
          };
          document.body.append(frame);
        })""",
    ],
    ids=["listener", "returnValue", "onbeforeunload", "attribute", "frame"],
)
def test_a_press_is_not_asked_whether_to_leave(site: Site, page: Any, guard: str) -> None:
    """Nobody is there to answer; a page refuses with `gpiobridge:navigate` (row 32)."""
    asked: list[str] = []

    def note(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", note)
    open_page(page, f"{site.url}/welcome")
    page.evaluate(guard)
    page.click("h1")  # browsers ask only where somebody has touched the page
    for frame in page.frames[1:]:
        frame.click("h1")
    site.press("button")
    page.wait_for_url("**/open")
    assert asked == []


def test_a_visitors_own_leaving_is_asked_about(site: Site, page: Any) -> None:
    """A form with unsaved text is protected; its handler runs at a press, too (row 32)."""
    asked: list[str] = []

    def note(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", note)
    open_page(page, f"{site.url}/welcome")
    keep = """addEventListener("beforeunload", (event) => {
      sessionStorage.saved = 1;
      event.preventDefault();
    })"""
    page.evaluate(keep)
    page.click("h1")
    page.evaluate("location.assign('/ward')")
    page.wait_for_url("**/ward")
    assert asked == ["beforeunload"]
    page.wait_for_selector(ONLINE)
    page.evaluate("delete sessionStorage.saved")
    page.evaluate(keep)
    page.click("h1")
    site.press("bell")
    page.wait_for_url("**/still")
    assert asked == ["beforeunload"]
    assert page.evaluate("sessionStorage.saved") == "1"


# ------------------------------------------------------------------- another page's content


def swap(page: Any, path: str) -> None:
    """Do as Turbo and htmx: fetch a page, put its content into this one, push its address."""
    page.evaluate(
        """async (path) => {
          const text = await (await fetch(path)).text();
          history.pushState({}, "", path);
          const other = new DOMParser().parseFromString(text, "text/html");
          document.body.innerHTML = other.body.innerHTML;
        }""",
        path,
    )


@pytest.mark.parametrize("api", ["navigation", "history"])
def test_the_content_of_another_page_comes_with_its_rules(site: Site, page: Any, api: str) -> None:
    """A page that was only swapped in is loaded really (row 25)."""
    if api == "history":
        page.add_init_script("Object.defineProperty(window, 'navigation', { value: undefined })")
    open_page(page, f"{site.url}/welcome")
    page.evaluate("document.documentElement.dataset.old = ''")
    swap(page, "/ward#top")
    page.wait_for_selector("html:not([data-old])")
    page.wait_for_selector(ONLINE)
    assert page.evaluate("[gpiobridge.page, location.hash]") == ["ward", "#top"]
    assert [d.page for d in site.bridge.displays] == ["ward"]
    site.press("door", Level.HIGH)
    page.wait_for_url("**/open")


@pytest.mark.parametrize("path", ["/welcome?step=2", "/welcome#x", "/welcome/sub", "/other"])
def test_a_single_page_application_keeps_its_page(site: Site, page: Any, path: str) -> None:
    """Its own addresses are no other page of the bridge (row 25)."""
    open_page(page, f"{site.url}/welcome")
    page.evaluate("(path) => { window.same = true; history.pushState({}, '', path); }", path)
    site.press("button")
    page.wait_for_selector('[data-pin="button"][data-level="low"]')
    page.wait_for_url("**/open")


def test_turbo_is_told_to_load_our_pages(site: Site, page: Any) -> None:
    """Its attribute says that another script tag is another document (row 25)."""
    with site.app.test_client() as client:
        answer: Response = client.get("/welcome")
    assert re.search(r"<script [^>]*data-turbo-track=\"reload\"", answer.get_data(as_text=True))


# ------------------------------------------------------------------- leaving before one is shown

NOT_SHOWN = """
Object.defineProperty(document, 'prerendering', {
  get: () => location.pathname === '/welcome' && !window.wasShown,
});
"""
ONLY_THERE = "if (location.pathname === '/welcome') "  # else the next page would leave for itself
SHOW = "wasShown = true; document.dispatchEvent(new Event('prerenderingchange'))"


def test_a_page_that_is_not_shown_leaves_once_it_is(bridge: BridgeProcess, page: Any) -> None:
    """A script that runs ahead may say so; nobody is there to be led yet."""
    page.add_init_script(NOT_SHOWN + ONLY_THERE + "onload = () => gpiobridge.go('open');")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    page.goto(f"{bridge.url}/welcome")
    page.evaluate("fetch('/static/a.txt')")  # what was asked before it has been noted by then
    assert not [each for each in asked if each.startswith("HEAD")]
    page.evaluate(SHOW)
    page.wait_for_url("**/open")


def test_a_page_may_leave_as_soon_as_it_is_shown(bridge: BridgeProcess, page: Any) -> None:
    """From its own ``gpiobridge:shown``, also where it was loaded ahead."""
    leave = "addEventListener('gpiobridge:shown', () => gpiobridge.go('open'));"
    page.add_init_script(NOT_SHOWN + ONLY_THERE + leave)
    page.goto(f"{bridge.url}/welcome")
    page.evaluate(SHOW)
    page.wait_for_url("**/open")
