"""Pages that hold presses off, in a real Chromium: lockouts, films, farewells, and how one came."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.exhibit import write_exhibit
from harness.pages import ONLINE, put_forward
from harness.sockets import frame

CONFIG = """
[server]
start = "welcome"
api = "local"
{server}
[pins]
button = 17
door = 27

[pages.welcome]
on_low.button = "open"
while_low.door = "still"
lockout = "60s"

[pages.open]
on_low.button = "welcome"

[pages.still]
"""
NO_LOCKOUT = CONFIG.replace('lockout = "60s"', "")

TAKING = '{"type":"taking","since_ms":0}'

PLAY_A_FILM = """async () => {
  const film = document.createElement("video");
  film.dataset.ignorePresses = "";
  film.muted = true;
  const canvas = document.createElement("canvas");
  canvas.getContext("2d").fillRect(0, 0, 9, 9);
  film.srcObject = canvas.captureStream(10);
  document.body.append(film);
  await film.play();
}"""
END_IT = """() => new Promise((done) => {
  const film = document.querySelector("video");
  film.addEventListener("pause", done);
  film.pause();
})"""
SAY_FAREWELL = """() => addEventListener("gpiobridge:navigate", (event) => {
  event.detail.waitUntil(new Promise((done) => { window.farewellIsOver = done; }));
})"""
DECLINE = """() => {
  window.asked = [];
  addEventListener("gpiobridge:navigate", (event) => {
    asked.push(event.detail.page);
    event.preventDefault();
  });
}"""


class Tab:
    """A page of a running bridge in a tab, and the sockets that it opened."""

    def __init__(self, page: Any, bridge: BridgeProcess) -> None:
        self.page = page
        self.bridge = bridge
        self.sockets: list[str] = []
        self.said: list[str] = []
        page.on("websocket", self._watch)

    def _watch(self, socket: Any) -> None:
        self.sockets.append(socket.url)
        socket.on("framesent", lambda text: self.said.append(text))

    def open(self, path: str = "/welcome") -> None:
        """Open a page, and wait until its socket is up."""
        self.page.goto(self.bridge.url + path)
        self.page.wait_for_selector(ONLINE)

    def press(self, pin: str = "button") -> None:
        """Press and release a pin; the page shows it, and stays."""
        for level in ("low", "high"):
            self.set_level(pin, level)

    def set_level(self, pin: str, level: str) -> None:
        """Drive a pin, and wait until the page shows it."""
        self.bridge.set_level(pin, level)
        self.page.wait_for_selector(f'[data-pin="{pin}"][data-level="{level}"]')

    def push(self) -> None:
        """Push a message, and wait for it: what the page has said before has been heard by then.

        A page that was just led somewhere may still be between two sockets; then nobody is told.
        """
        self.page.evaluate(
            """() => { window.heard = new Promise((done) => {
              document.addEventListener("gpiobridge:message", () => done(true), { once: true });
            }); }"""
        )
        wait_until(self._tells_this_display)
        assert self.page.evaluate("heard")

    def _tells_this_display(self) -> bool:
        """Push a message, once; whether a display was told."""
        status, answer = self.bridge.request("/api/messages", b'{"data":1}')
        assert status == 200
        return bool(json.loads(answer)["displays"])

    def is_on(self, path: str) -> bool:
        """Whether the tab shows this page."""
        return bool(self.page.url.endswith(path))


@pytest.fixture
def tab(run_bridge: Run, page: Any, tmp_path: Path) -> Tab:
    """A tab, and a bridge without a lockout."""
    return Tab(page, run_bridge(config=write_exhibit(tmp_path, config=NO_LOCKOUT)))


@pytest.fixture
def locked(run_bridge: Run, page: Any, tmp_path: Path) -> Tab:
    """A tab whose clock the test moves, and a bridge with a lockout of 60 s on the first page."""
    page.clock.install()
    # Beats that are due later: a page that is put forward doesn't miss one.
    config = write_exhibit(tmp_path, 'beat = "60s"\ncatch_up = "160s"', CONFIG)
    return Tab(page, run_bridge(config=config))


def test_presses_in_the_lockout_never_count(locked: Tab) -> None:
    """However many; the page stays connected, and obeys the next one (row 1)."""
    locked.open()
    for _ in range(3):
        locked.press()
    put_forward(locked.page, 60_000)
    locked.push()
    assert [each for each in locked.said if "taking" in each] == [TAKING]
    assert locked.is_on("/welcome")
    assert len(locked.sockets) == 1
    locked.bridge.set_level("button", "low")
    locked.page.wait_for_url("**/open")


def test_an_order_moves_a_page_in_its_lockout(locked: Tab) -> None:
    """Presses are held off, the application is not (row 3)."""
    locked.open()
    assert locked.bridge.request("/api/navigate", b'{"to":"open"}')[0] == 200
    locked.page.wait_for_url("**/open")


def test_a_level_waits_for_the_end_of_a_film(tab: Tab) -> None:
    """On one connection that stays; then it is acted on once (row 2)."""
    tab.open()
    tab.page.evaluate(PLAY_A_FILM)
    tab.set_level("door", "low")
    tab.push()
    assert len(tab.sockets) == 1
    tab.page.evaluate(END_IT)
    tab.page.wait_for_url("**/still")
    metrics = tab.bridge.get("/metrics")[1]
    assert 'gpiobridge_navigations_total{page="welcome",to="still"} 1.0' in metrics


def test_an_order_moves_a_page_that_plays_a_film(tab: Tab) -> None:
    """Presses are held off, the application is not (row 3)."""
    tab.open()
    tab.page.evaluate(PLAY_A_FILM)
    tab.press()
    assert tab.bridge.request("/api/navigate", b'{"to":"open"}')[0] == 200
    tab.page.wait_for_url("**/open")


def test_a_film_that_is_taken_out_of_the_page_holds_nothing_off(tab: Tab) -> None:
    """Though it says nothing more itself (row 2)."""
    tab.open()
    tab.page.evaluate(PLAY_A_FILM)
    tab.press()
    tab.page.evaluate("document.querySelector('video').remove()")
    tab.set_level("door", "low")  # acted on as soon as the page has noticed
    tab.page.wait_for_url("**/still")


def test_a_film_that_begins_by_itself_holds_presses_off_from_the_start(tab: Tab) -> None:
    """The socket is open before the film is there; one that can't come holds nothing (row 2)."""
    template = tab.bridge.exhibit / "templates" / "welcome.html"
    film = '<video data-ignore-presses autoplay muted src="/static/none.webm"></video>'
    template.write_text(template.read_text().replace("</body>", f"{film}</body>"))
    tab.page.route("**/none.webm", lambda _route: None)  # it never comes, nor fails
    tab.open()
    assert "taking=none" in tab.sockets[0]
    tab.press()
    tab.page.unroute_all()
    tab.page.evaluate("document.querySelector('video').src = '/static/none.webm?'")  # 404
    tab.page.wait_for_function("document.querySelector('video').error")
    tab.push()
    tab.bridge.set_level("button", "low")
    tab.page.wait_for_url("**/open")


def test_a_page_that_declines_a_level_is_asked_once(tab: Tab) -> None:
    """Until that level has changed (row 2)."""
    tab.open()
    tab.page.evaluate(DECLINE)
    tab.set_level("door", "low")
    tab.page.wait_for_function("asked.length === 1")
    tab.page.wait_for_selector(ONLINE)
    wait_until(lambda: len(tab.bridge.health()["displays"]) == 1)
    tab.push()
    assert len(tab.sockets) == 2
    assert "declined=door%3Alow" in tab.sockets[1]
    tab.set_level("door", "high")
    tab.set_level("door", "low")
    tab.page.wait_for_function("asked.length === 2")


def test_a_press_during_a_farewell_is_used_up(tab: Tab) -> None:
    """The next page stays; a press on that one counts (row 5)."""
    tab.open()
    tab.page.evaluate(SAY_FAREWELL)
    tab.set_level("button", "low")
    tab.page.wait_for_function("Boolean(window.farewellIsOver)")
    tab.set_level("button", "high")
    tab.press()
    assert tab.bridge.displays() == [{"name": "", "page": "welcome", "visible": True}]
    tab.page.evaluate("farewellIsOver()")
    tab.page.wait_for_url("**/open")
    tab.page.wait_for_selector(ONLINE)
    assert "taking=" in tab.sockets[-1]
    tab.push()
    assert tab.is_on("/open")
    tab.bridge.set_level("button", "low")
    tab.page.wait_for_url("**/welcome")


def test_a_page_that_is_reloaded_before_its_first_frame_was_behind_a_farewell(tab: Tab) -> None:
    """A press during the farewell that the page wasn't told of is used up still (row 5)."""
    opened = []

    def connect_first_and_last(socket: Any) -> None:
        opened.append(socket)
        if len(opened) not in (2, 3):  # that of the farewell, and that of the next page
            socket.connect_to_server()

    tab.page.route_web_socket(re.compile("/ws/"), connect_first_and_last)
    tab.open()
    tab.page.evaluate(SAY_FAREWELL)
    tab.set_level("button", "low")
    tab.page.wait_for_function("Boolean(window.farewellIsOver)")
    with tab.bridge.socket("still") as watching:
        frame(watching, "state")
        for level in ("high", "low"):
            tab.bridge.set_level("button", level)
            assert frame(watching, "edge")["level"] == level
    tab.page.evaluate("farewellIsOver()")
    tab.page.wait_for_url("**/open")
    wait_until(lambda: len(opened) == 3)
    tab.page.reload()
    tab.page.wait_for_selector(ONLINE)
    tab.push()
    assert tab.is_on("/open")


def test_a_press_behind_a_lockout_counts_though_the_word_on_its_end_is_lost(locked: Tab) -> None:
    """The page was told of it while the server still held presses off, and asks again."""
    opened = []

    def lose_the_word(socket: Any) -> None:
        server = socket.connect_to_server()
        opened.append(socket)
        if len(opened) == 1:
            socket.on_message(lambda text: '"taking"' in text or server.send(text))

    locked.page.route_web_socket(re.compile("/ws/"), lose_the_word)
    locked.open()
    locked.press()
    put_forward(locked.page, 60_000)
    locked.press()
    put_forward(locked.page, 10_000)  # longer than the next socket's handshake may take
    opened[0].close()
    locked.page.wait_for_url("**/open")


def test_a_press_in_a_film_does_not_count_after_a_reload(tab: Tab) -> None:
    """The page wasn't told of it, and is loaded again without the film (row 1)."""
    opened = []

    def lose_the_first_edge(socket: Any) -> None:
        server = socket.connect_to_server()
        opened.append(socket)
        if len(opened) == 1:
            server.on_message(lambda text: '"edge"' in text or socket.send(text))

    tab.page.route_web_socket(re.compile("/ws/"), lose_the_first_edge)
    tab.open()
    tab.page.evaluate(PLAY_A_FILM)
    tab.push()
    with tab.bridge.socket("still") as watching:
        frame(watching, "state")
        tab.bridge.set_level("button", "low")
        assert frame(watching, "edge")["level"] == "low"
    tab.page.reload()
    tab.page.wait_for_selector(ONLINE)
    tab.push()
    assert tab.is_on("/welcome")


def test_an_order_during_a_farewell_leads_to_its_own_page(tab: Tab) -> None:
    """The farewell may finish (row 3)."""
    tab.open()
    tab.page.evaluate(SAY_FAREWELL)
    tab.set_level("button", "low")
    tab.page.wait_for_function("Boolean(window.farewellIsOver)")
    tab.push()
    assert tab.bridge.request("/api/navigate", b'{"to":"still"}')[0] == 200
    tab.page.wait_for_function("document.documentElement.dataset.bridge === 'online'")
    tab.push()
    assert tab.is_on("/welcome")
    tab.page.evaluate("farewellIsOver()")
    tab.page.wait_for_url("**/still")


def test_an_order_to_where_a_level_leads_is_still_one(tab: Tab) -> None:
    """During a farewell no level leads anywhere, so it must be the application (row 3)."""
    tab.open()
    tab.page.evaluate(SAY_FAREWELL)
    tab.set_level("button", "low")
    tab.page.wait_for_function("Boolean(window.farewellIsOver)")
    tab.set_level("door", "low")
    with tab.page.expect_event("websocket"):  # it was told, and stays connected
        assert tab.bridge.request("/api/navigate", b'{"to":"still"}')[0] == 200
    tab.page.evaluate("farewellIsOver()")
    tab.page.wait_for_url("**/still")


def test_an_order_can_not_be_declined(tab: Tab) -> None:
    """Only a press or a level can (row 3)."""
    tab.open()
    tab.page.evaluate(DECLINE)
    assert tab.bridge.request("/api/navigate", b'{"to":"open"}')[0] == 200
    tab.page.wait_for_url("**/open")


def test_back_stays_on_the_page_it_leads_to(tab: Tab) -> None:
    """It comes from the HTTP cache as it was, with its old cursor, and doesn't move (row 48)."""
    tab.open()
    tab.page.evaluate("addEventListener('unload', () => {})")  # keeps it out of the other cache
    tab.bridge.set_level("button", "low")
    tab.page.wait_for_url("**/open")
    tab.page.wait_for_selector(ONLINE)
    tab.page.go_back()
    assert tab.is_on("/welcome")
    tab.page.wait_for_selector(ONLINE)
    tab.push()
    assert tab.is_on("/welcome")


def test_a_page_that_is_opened_anew_does_not_act_on_what_was_before(tab: Tab) -> None:
    """The tab showed something else meanwhile; a reload still catches up (row 49)."""
    tab.open()
    tab.page.goto("about:blank")
    tab.bridge.set_level("button", "low")
    wait_until(lambda: tab.bridge.health()["pins"]["button"]["level"] == "low")
    tab.bridge.set_level("button", "high")
    wait_until(lambda: tab.bridge.health()["pins"]["button"]["level"] == "high")
    opened: list[Any] = []

    def lose_edges_of_the_first(socket: Any) -> None:
        opened.append(socket)
        server = socket.connect_to_server()
        if len(opened) == 1:  # else the old page leaves, while it is reloaded
            server.on_message(lambda text: '"edge"' in text or socket.send(text))
            server.on_close(lambda *_: None)

    tab.page.route_web_socket(re.compile("/ws/"), lose_edges_of_the_first)
    tab.open()
    tab.push()
    assert tab.is_on("/welcome")

    def press_first(route: Any) -> None:
        tab.bridge.set_level("button", "low")
        wait_until(lambda: tab.bridge.health()["pins"]["button"]["level"] == "low")
        route.continue_()

    tab.page.route("**/welcome", press_first)
    tab.page.reload()
    tab.page.wait_for_url("**/open")


def test_another_bridges_event_is_shown_and_leaves_the_cursor(tab: Tab) -> None:
    """Its number means nothing here; a level may be unknown, and a frame of any type."""
    frames = [
        {"type": "edge", "epoch": "feed", "seq": 900, "pin": "far", "event": "low", "level": "low"},
        {"type": "edge", "epoch": "feed", "seq": 901, "pin": "door", "event": "low",
         "level": "unknown"},
        {"type": "later", "seq": 902},
    ]  # fmt: skip
    tab.page.add_init_script(
        """const Real = WebSocket;
        window.WebSocket = function (...args) { return (window.socket = new Real(...args)); };
        window.WebSocket.OPEN = Real.OPEN;"""
    )
    tab.open()
    before = tab.page.evaluate("sessionStorage.getItem('gpiobridge:cursor')")
    for each in frames:
        tab.page.evaluate("(data) => socket.onmessage({ data })", json.dumps(each))
    tab.page.wait_for_selector('[data-pin="door"][data-level="unknown"][data-active="false"]')
    assert tab.page.evaluate("gpiobridge.pins.far.level") == "low"
    tab.push()
    assert tab.page.evaluate("sessionStorage.getItem('gpiobridge:cursor')") == before


@pytest.mark.parametrize(("film", "leads"), [("controls", True), ("autoplay muted", False)])
def test_a_press_while_a_page_with_a_film_loads_counts_unless_that_begins_by_itself(
    tab: Tab, film: str, leads: bool
) -> None:
    """Whether it does, the script sees only once the page is there (row 1)."""
    template = tab.bridge.exhibit / "templates" / "welcome.html"
    more = f"<video data-ignore-presses {film} src='/static/none.webm'></video>"
    text = template.read_text().replace("<body>", f"<body>{more}<script src='/slow.js'></script>")
    template.write_text(text)
    tab.page.route("**/none.webm", lambda _route: None)  # it never comes, nor fails
    pressed: list[str] = []

    def set_level(level: str) -> None:
        tab.bridge.set_level("button", level)
        wait_until(lambda: tab.bridge.health()["pins"]["button"]["level"] == level)
        pressed.append(level)

    def press_first(route: Any) -> None:
        wait_until(lambda: bool(tab.bridge.health()["displays"]))
        set_level("low")
        set_level("high")
        route.fulfill(body="", content_type="text/javascript")

    tab.page.route("**/slow.js", press_first)
    tab.page.goto(f"{tab.bridge.url}/welcome", wait_until="commit")
    if leads:
        tab.page.wait_for_url("**/open")
    else:
        tab.page.wait_for_selector(ONLINE)
        tab.page.wait_for_function("document.readyState !== 'loading'")
        tab.push()
        assert tab.is_on("/welcome")
    assert pressed == ["low", "high"]
