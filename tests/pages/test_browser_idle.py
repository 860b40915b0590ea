"""A page that nobody uses leaves by itself, and one that somebody uses doesn't."""

import threading
import wave
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until
from harness.exhibit import write_exhibit
from harness.pages import ONLINE
from harness.sockets import frame

EXHIBIT = """
[server]
start = "welcome"
csp = "off"
beat = "60s"
catch_up = "160s"
[pins]
button = 17
pir = {{ pin = 27, pull = "down" }}
[pages.welcome]
[pages.open]
idle = {{ after = "60s", to = "welcome", pins = ["pir"] }}
on_low.button = "still"
[pages.still]
idle = {{ after = "60s", to = "welcome", warn = "10s", pins = ["pir"] }}
on_low.button = "open"
"""


def write_sound(path: Path, seconds: int) -> None:
    """Write a film, as far as a browser cares, of silence."""
    with wave.open(str(path), "wb") as film:
        film.setparams((1, 1, 3000, 0, "NONE", ""))
        film.writeframes(bytes([128]) * 3000 * seconds)


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeProcess]:
    """One bridge for all of them."""
    folder = tmp_path_factory.mktemp("exhibit")
    config = write_exhibit(folder, config=EXHIBIT)
    write_sound(folder / "static" / "short.wav", 1)
    write_sound(folder / "static" / "long.wav", 500)
    (folder / "static" / "frame.html").write_text("<h1>a frame</h1><p style='height: 3000px'>")
    running = BridgeProcess(config)
    yield running
    running.stop()


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The URL of another site, with a page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<input>")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def open_page(page: Any, bridge: BridgeProcess, path: str = "/open") -> None:
    """Open a page whose clock the test moves, and wait until its socket is up."""
    page.clock.install()
    page.goto(bridge.url + path)
    page.wait_for_selector(ONLINE)


def pass_s(page: Any, seconds: float) -> None:
    """Let time pass in the page, in steps in which a page looks whether it is used."""
    for _ in range(2):
        page.clock.fast_forward(round(500 * seconds))


def stays(page: Any, path: str = "/open") -> bool:
    """Whether the page is still there, and well."""
    page.wait_for_selector(ONLINE)
    return str(page.url).endswith(path)


def add_film(page: Any, attributes: str) -> None:
    """Let a film play in the page."""
    page.evaluate(
        """(attributes) => {
          document.body.insertAdjacentHTML("beforeend", `<video muted ${attributes}></video>`);
          return document.querySelector("video").play();
        }""",
        attributes,
    )
    page.wait_for_function("!document.querySelector('video').paused")


@pytest.mark.parametrize(
    "attributes",
    [
        "loop src=static/long.wav",
        "src=static/short.wav onended='this.play()'",
        "src=static/long.wav ontimeupdate='if (this.currentTime > .5) this.currentTime = 0'",
    ],
    ids=["loop", "played again by a script", "never let to its end"],
)
def test_a_film_that_begins_again_holds_no_page(
    bridge: BridgeProcess, page: Any, attributes: str
) -> None:
    """It runs whether anybody looks or not (row 33)."""
    open_page(page, bridge)
    add_film(page, attributes)
    pass_s(page, 70)
    if "timeupdate" in attributes:
        assert stays(page)  # for its own length, as nobody knows that it will not end
        pass_s(page, 480)
    pass_s(page, 62)
    page.wait_for_url("**/welcome")


def test_a_stream_holds_no_page(bridge: BridgeProcess, page: Any) -> None:
    """A camera's picture has no end (row 33)."""
    open_page(page, bridge)
    page.evaluate(
        """async () => {
          const film = document.createElement("video");
          film.muted = true;
          const canvas = document.createElement("canvas");
          canvas.getContext("2d").fillRect(0, 0, 9, 9);
          film.srcObject = canvas.captureStream(10);
          document.body.append(film);
          await film.play();
        }"""
    )
    pass_s(page, 62)
    page.wait_for_url("**/welcome")


def test_a_film_that_will_end_holds_the_page(bridge: BridgeProcess, page: Any) -> None:
    """And gives it the whole time when it has ended (row 33)."""
    open_page(page, bridge)
    add_film(page, "src=static/long.wav")
    for _ in range(2):
        pass_s(page, 62)
        assert stays(page)
    page.evaluate("document.querySelector('video').pause()")
    pass_s(page, 50)
    assert stays(page)
    pass_s(page, 12)
    page.wait_for_url("**/welcome")


def scroll_by_itself(page: Any) -> None:
    """As a page of news does."""
    page.evaluate("scrollBy(0, 10)")


def rest_over_an_animation(page: Any) -> None:
    """The mouse lies still, and something moves below it."""
    page.evaluate(
        """() => {
          const box = document.createElement("div");
          box.style = "position: fixed; inset: 0; background: red";
          document.body.append(box);
          const at = { bubbles: true, screenX: 50, screenY: 50, pointerType: "mouse" };
          box.dispatchEvent(new PointerEvent("pointermove", at));
          return new Promise(requestAnimationFrame);
        }"""
    )


def pen(kind: str) -> Any:
    """An event of a pen, which Playwright has not."""
    return lambda page: page.evaluate(
        "(kind) => document.body.dispatchEvent("
        "new PointerEvent(kind, { bubbles: true, pointerType: 'pen', screenX: 7, screenY: 7 }))",
        kind,
    )


def drag(page: Any) -> None:
    """A finger that scrolls: the browser takes the pointer, and tells of touches."""
    page.evaluate("document.body.dispatchEvent(new TouchEvent('touchmove', { bubbles: true }))")


@pytest.mark.parametrize(
    ("use", "counts"),
    [
        (lambda page: page.mouse.wheel(0, 100), True),
        (lambda page: page.mouse.move(80, 90), True),
        (lambda page: page.mouse.click(50, 50), True),
        (lambda page: page.keyboard.press("ArrowDown"), True),
        (drag, True),
        (pen("pointerdown"), True),
        (pen("pointermove"), True),
        (scroll_by_itself, False),
        (rest_over_an_animation, False),
    ],
    ids=[
        "wheel",
        "mouse",
        "click",
        "key",
        "touch",
        "pen",
        "hovering-pen",
        "own-scrolling",
        "resting-mouse",
    ],
)
def test_use_is_use(bridge: BridgeProcess, page: Any, use: Any, counts: bool) -> None:
    """Whatever a hand does begins the time anew, and nothing else does (row 34)."""
    open_page(page, bridge)
    page.mouse.move(50, 50)
    page.evaluate(
        "document.body.dispatchEvent(new PointerEvent('pointermove',"
        "{ bubbles: true, screenX: 50, screenY: 50, pointerType: 'mouse' }))"
    )
    pass_s(page, 45)
    page.evaluate(
        """() => {
          window.heard = false;
          for (const kind of ["pointerdown", "pointermove", "wheel", "touchmove", "keydown"]) {
            addEventListener(kind, () => { heard = true; });
          }
        }"""
    )
    use(page)
    if counts:
        page.wait_for_function("heard")
    pass_s(page, 25)
    if counts:
        assert stays(page)
        pass_s(page, 40)
    page.wait_for_url("**/welcome")


def test_use_of_a_frame_is_use(bridge: BridgeProcess, page: Any) -> None:
    """In a frame of this site, also one that came later (row 34)."""
    open_page(page, bridge)
    page.evaluate(
        """() => new Promise((loaded) => {
          const frame = document.createElement("iframe");
          frame.src = "static/frame.html";
          frame.onload = loaded;
          document.body.append(frame);
        })"""
    )
    frame = page.frames[1]
    frame.evaluate("window.turns = 0; addEventListener('wheel', () => { window.turns += 1; })")
    for turns in (1, 2):
        pass_s(page, 45)
        page.frame_locator("iframe").locator("h1").hover()
        page.mouse.wheel(0, 50)
        frame.wait_for_function("(turns) => window.turns === turns", arg=turns)
    assert stays(page)
    frame.evaluate("scrollBy(0, 10)")
    pass_s(page, 62)
    page.wait_for_url("**/welcome")


def test_a_frame_of_another_site_holds_the_page_for_a_while(
    bridge: BridgeProcess, page: Any, elsewhere: str
) -> None:
    """While it has the focus, and 60 s at most: nothing else is seen of it (row 34)."""
    open_page(page, bridge)
    page.evaluate(
        """(url) => new Promise((loaded) => {
          const frame = document.createElement("iframe");
          frame.src = url.replace("127.0.0.1", "localhost");
          frame.onload = loaded;
          document.body.append(frame);
        })""",
        elsewhere,
    )
    pass_s(page, 50)
    page.frame_locator("iframe").locator("input").click()
    page.mouse.move(0, 0)
    page.wait_for_function("document.activeElement.tagName === 'IFRAME'")
    pass_s(page, 2)
    pass_s(page, 55)
    pass_s(page, 40)
    assert stays(page)
    pass_s(page, 30)
    page.wait_for_url("**/welcome")


def test_a_sensor_holds_the_page(bridge: BridgeProcess, page: Any) -> None:
    """A pin of `idle.pins` needs no rule: while it is active the page is in use (row 35)."""
    open_page(page, bridge)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p data-pin=pir>pir')")
    bridge.set_level("pir", "high")
    page.wait_for_selector("[data-pin=pir][data-active=true]")
    for _ in range(2):
        pass_s(page, 62)
        assert stays(page)
    bridge.set_level("pir", "low")
    page.wait_for_selector("[data-pin=pir][data-active=false]")
    pass_s(page, 50)
    assert stays(page)
    pass_s(page, 12)
    page.wait_for_url("**/welcome")


def listen(page: Any) -> None:
    """Note what the page is told of its last seconds, and what is clicked and typed."""
    page.evaluate(
        """() => {
          window.said = [];
          window.clicks = [];
          addEventListener("gpiobridge:idle", ({ detail }) => said.push(detail.seconds));
          for (const kind of ["click", "keydown"]) {
            addEventListener(kind, () => clicks.push(kind));
          }
        }"""
    )


def test_the_last_seconds_are_counted_down(bridge: BridgeProcess, page: Any) -> None:
    """In the page's root, and by an event; then it leaves (row 41)."""
    open_page(page, bridge, "/still")
    listen(page)
    page.clock.run_for(49_000)
    assert page.evaluate("document.documentElement.dataset.idle") is None
    page.clock.run_for(4_000)
    assert page.evaluate("document.documentElement.dataset.idle") == str(
        page.evaluate("said.at(-1)")
    )
    page.clock.run_for(5_000)
    said = page.evaluate("said")
    assert said == list(range(10, 10 - len(said), -1))
    assert len(said) >= 8
    pass_s(page, 4)
    page.wait_for_url("**/welcome")


def warned(page: Any, bridge: BridgeProcess) -> None:
    """Open the page that warns, and wait until it does."""
    open_page(page, bridge, "/still")
    listen(page)
    pass_s(page, 54)
    page.wait_for_selector("html[data-idle]")


@pytest.mark.parametrize(
    ("use", "kind"),
    [
        (lambda page: page.mouse.click(30, 30), "click"),
        (lambda page: page.keyboard.press("a"), "keydown"),
    ],
    ids=["touch", "key"],
)
def test_a_touch_or_key_only_says_that_someone_is_there(
    bridge: BridgeProcess, page: Any, use: Any, kind: str
) -> None:
    """The first one ends the warning and does nothing else, the next one counts (row 41)."""
    warned(page, bridge)
    use(page)
    page.wait_for_selector("html:not([data-idle])")
    assert page.evaluate("said.at(-1)") is None
    assert page.evaluate("clicks") == []
    use(page)
    page.wait_for_function("clicks.length === 1")
    pass_s(page, 45)
    assert stays(page, "/still")


def test_a_sensor_that_ends_the_warning_uses_no_touch_up(bridge: BridgeProcess, page: Any) -> None:
    """It has seen somebody, whose first touch counts (row 41)."""
    warned(page, bridge)
    bridge.set_level("pir", "high")
    page.wait_for_selector("html:not([data-idle])")
    bridge.set_level("pir", "low")
    page.mouse.click(30, 30)
    page.wait_for_function("clicks.length === 1")


def test_a_press_only_says_that_someone_is_there(bridge: BridgeProcess, page: Any) -> None:
    """A press in the warning is used up, the next one moves the page (row 41)."""
    warned(page, bridge)
    with bridge.socket("welcome") as ws:
        frame(ws, "state")
        for level in ("low", "high"):
            bridge.set_level("button", level)
            frame(ws, "edge")
    page.wait_for_selector('[data-pin="button"][data-level="high"]')
    page.wait_for_selector("html:not([data-idle])")
    assert stays(page, "/still")
    bridge.set_level("button", "low")
    page.wait_for_url("**/open")
    bridge.set_level("button", "high")


def idle_returns(bridge: BridgeProcess) -> list[str]:
    """What is counted of pages that have left by themselves."""
    told = bridge.get("/metrics")[1].splitlines()
    return [line for line in told if line.startswith('gpiobridge_navigations_total{page="open"')]


def test_an_idle_return_is_logged(bridge: BridgeProcess, page: Any) -> None:
    """With both pages (row 45)."""
    open_page(page, bridge)
    pass_s(page, 62)
    page.wait_for_url("**/welcome")
    bridge.wait_for_line(r"idle: open leads to welcome")


def test_an_idle_page_that_declines_is_asked_again(bridge: BridgeProcess, page: Any) -> None:
    """After the same time, and nothing is logged or counted of it (row 45)."""
    open_page(page, bridge)
    before = idle_returns(bridge)
    page.evaluate(
        "window.asked = 0; addEventListener('gpiobridge:navigate',"
        "(e) => { asked += 1; e.preventDefault(); })"
    )
    for times in (1, 2):
        pass_s(page, 62)
        page.wait_for_function(f"asked === {times}")
    assert stays(page)
    assert bridge.displays() == [{"name": "", "page": "open", "visible": True}]
    page.evaluate("gpiobridge.send('heard')")  # behind whatever the page has said of itself
    wait_until(lambda: "gpiobridge_messages_received_total 1.0" in bridge.get("/metrics")[1])
    assert idle_returns(bridge) == before
