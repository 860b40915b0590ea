"""What a page does, opened alone and on a stage: the same."""

import json
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import Run
from harness.deadline import wait_until
from harness.either_tab import Alone, Staged, Tab
from harness.line import Line
from harness.pages import put_forward
from harness.stage_tab import write_stage_exhibit

CONFIG = """\
[server]
start = "welcome"
api = "local"
[pins]
button = { pin = 17, debounce = "0ms", hold = "300ms" }
door = { pin = 27, debounce = "0ms" }
bell = { pin = 22, debounce = "0ms" }

[pages.welcome]
on_low.button = "open"
on_low.door = "late"

[pages.open]
prerender = true
lockout = "700ms"
on_low.button = "welcome"
while_low.bell = "late"

[pages.late]
on_tap.button = "open"
on_hold.button = "welcome"
"""

OPEN = """\
<!doctype html>
<html lang="en"><head><title>open</title></head><body><h1>open</h1><script>
  document.addEventListener("gpiobridge:message", (event) => {
    document.body.dataset.message = event.detail;
  });
</script></body></html>
"""

FILM_S = 60  # longer than any test plays it
FILM = """\
<!doctype html>
<html lang="en"><head><title>open</title></head><body><h1>open</h1>
<video data-ignore-presses autoplay muted src="/static/film.wav"></video></body></html>
"""

IDLE = """\
[server]
start = "welcome"
api = "local"
beat = "60s"
catch_up = "160s"
[pins]
button = { pin = 17, debounce = "0ms" }
door = { pin = 27, debounce = "0ms" }

[pages.welcome]
on_low.button = "open"
on_low.door = "open"

[pages.open]
prerender = true
idle = { after = "100s", to = "late", warn = "60s" }
on_low.button = "welcome"

[pages.late]
"""
KEYS = """\
<!doctype html>
<html lang="en"><head><title>open</title></head><body><h1>open</h1><script>
  window.keys = [];
  document.addEventListener("keydown", ({ key }) => keys.push(key));
</script></body></html>
"""


OpenTab = Callable[..., Tab]


@pytest.fixture(params=[Alone, Staged], ids=["alone", "stage"])
def open_tab(request: pytest.FixtureRequest, run_bridge: Run, page: Any, tmp_path: Path) -> OpenTab:
    """A function that opens an exhibit's start page either way."""

    def open_it(config: str = CONFIG, **pages: str) -> Tab:
        bridge = run_bridge(config=write_stage_exhibit(tmp_path, config, **pages))
        found: Tab = request.param(page, bridge, "?display=hall")
        found.wait_shown("/welcome")
        return found

    return open_it


@pytest.fixture
def line(page: Any) -> Line:
    """What carries the sockets of the tab; to be asked for before the tab."""
    return Line(page)


@pytest.fixture
def tab(open_tab: OpenTab) -> Tab:
    """A tab on the start page, opened either way."""
    return open_tab(open=OPEN)


@pytest.fixture
def locked(open_tab: OpenTab, page: Any) -> Tab:
    """The same, with a lockout of 60 s, and a clock that the test moves."""
    page.clock.install()
    # Beats that are due later: a page that is put forward doesn't miss one.
    late = 'api = "local"\nbeat = "60s"\ncatch_up = "160s"'
    config = CONFIG.replace('api = "local"', late).replace('"700ms"', '"60s"')
    return open_tab(config, open=OPEN)


def wait_acted(tab: Tab) -> None:
    """Wait until the page on the screen has acted on all that was pressed before.

    It gets a message, which comes after the edges. Between two sockets it would get none.
    """
    tab.shown("""document.addEventListener("gpiobridge:message", (event) => {
      if (event.detail === "acted") window.acted = true;
    })""")
    wait_until(lambda: say(tab, {"data": "acted"})["displays"] == 1)
    wait_until(lambda: bool(tab.shown("window.acted")))


def say(tab: Tab, message: dict[str, Any]) -> dict[str, Any]:
    """Send a message to the displays; what the bridge answers."""
    headers = {"Content-Type": "application/json"}
    status, text = tab.bridge.request(
        "/api/messages", json.dumps(message).encode(), headers=headers
    )
    assert status < 300, text
    answer: dict[str, Any] = json.loads(text)
    return answer


def test_a_press_is_caught_up_with(locked: Tab) -> None:
    """It was made while the page was on its way to another one."""
    locked.press()
    locked.press()
    locked.press("door")  # behind the lockout's press, which is used up
    locked.wait_shown("/open")
    put_forward(locked.page, 60_000)
    locked.press()
    locked.wait_shown("/welcome")


def test_taps_and_holds_lead_to_their_pages(tab: Tab) -> None:
    """A hold while the button is down, a tap at its release."""
    tab.press("door")
    tab.wait_shown("/late")
    tab.press()
    tab.wait_shown("/open")
    tab.bridge.set_level("bell", "low")
    tab.wait_shown("/late")
    tab.bridge.set_level("button", "low")
    tab.wait_shown("/welcome")


def test_a_press_in_the_lockout_is_used_up(locked: Tab) -> None:
    """The lockout runs from the moment when the page is shown, not from its load."""
    put_forward(locked.page, 50_000)
    locked.press()
    locked.wait_shown("/open")
    put_forward(locked.page, 30_000)
    locked.press()
    wait_acted(locked)
    assert locked.shown("gpiobridge.page") == "open"
    put_forward(locked.page, 30_000)
    locked.press()
    locked.wait_shown("/welcome")


def test_a_farewell_keeps_the_next_page_waiting(tab: Tab) -> None:
    """Until its promise is kept."""
    tab.shown("""document.addEventListener("gpiobridge:navigate", (event) => {
      event.detail.waitUntil(new Promise((done) => { window.farewell = done; }));
    })""")
    tab.press()
    wait_until(lambda: bool(tab.shown("Boolean(window.farewell)")))
    assert tab.shown("gpiobridge.page") == "welcome"
    tab.shown("farewell()")
    tab.wait_shown("/open")


def test_a_page_may_decline(tab: Tab) -> None:
    """It stays, and the next press is asked about again."""
    tab.shown("""document.addEventListener("gpiobridge:navigate", (event) => {
      window.asked = (window.asked ?? 0) + 1;
      if (asked === 1) event.preventDefault();
    })""")
    tab.press()
    wait_until(lambda: tab.shown("window.asked") == 1)
    tab.wait_shown("/welcome")
    wait_until(lambda: len(tab.bridge.displays()) == 1)
    tab.press()
    tab.wait_shown("/open")


def test_a_level_that_holds_leads_on_at_once(tab: Tab) -> None:
    """`while_low`: the bell is low before the page with the rule is shown; not in its lockout."""
    tab.bridge.set_level("bell", "low")
    tab.press()
    tab.wait_shown("/late")


def test_a_retained_message_comes_to_the_page_that_wakes(tab: Tab) -> None:
    """It was sent before the page was shown."""
    say(tab, {"data": "news", "retain": "key"})
    tab.press()
    tab.wait_shown("/open")
    wait_until(lambda: tab.shown("document.body.dataset.message") == "news")


def test_an_order_leads_to_its_page(tab: Tab) -> None:
    """By the display's name, which /healthz says, too."""
    assert [each["name"] for each in tab.bridge.displays()] == ["hall"]
    body = json.dumps({"to": "late", "display": "hall"}).encode()
    headers = {"Content-Type": "application/json"}
    assert tab.bridge.request("/api/navigate", body, headers=headers)[0] < 300
    tab.wait_shown("/late")
    wait_until(lambda: [e["name"] for e in tab.bridge.displays()] == ["hall"])


def test_a_script_goes_to_a_page(tab: Tab) -> None:
    """By `gpiobridge.go`."""
    tab.shown("gpiobridge.go('late')")
    tab.wait_shown("/late")


def test_the_time_from_press_to_paint_is_told(tab: Tab) -> None:
    """In ms, by the display of the page that is shown."""
    tab.press()
    tab.wait_shown("/open")
    wait_until(lambda: "shown" in tab.bridge.health()["displays"][0])
    assert 0 <= tab.bridge.health()["displays"][0]["shown"]["ms"] < 10_000


def test_a_press_in_a_gap_of_the_network_counts_once(line: Line, tab: Tab) -> None:
    """The page comes back with what it has acted on."""
    line.cut()
    wait_until(lambda: tab.shown("document.documentElement.dataset.bridge") == "offline")
    tab.press()
    line.mend()
    tab.wait_shown("/open")
    wait_acted(tab)
    assert tab.shown("gpiobridge.page") == "open"


def test_a_bridge_that_is_started_anew_leads_on(tab: Tab, run_bridge: Run) -> None:
    """It has other numbers for its events; a press counts once."""
    tab.bridge.kill()
    wait_until(lambda: tab.shown("document.documentElement.dataset.bridge") == "offline")
    tab.bridge = run_bridge(config=tab.bridge.exhibit / "config.toml", port=tab.bridge.port)
    tab.wait_shown("/welcome")
    tab.press()
    tab.wait_shown("/open")
    wait_acted(tab)
    assert tab.shown("gpiobridge.page") == "open"


def test_what_is_sent_offline_arrives_once(line: Line, tab: Tab) -> None:
    """As soon as the page is online again, in its order."""
    line.cut()
    wait_until(lambda: tab.shown("document.documentElement.dataset.bridge") == "offline")
    for number in (1, 2):
        tab.shown(f"gpiobridge.send({{ vote: {number} }})")
    line.mend()
    tab.wait_shown("/welcome")
    wait_acted(tab)
    votes = [json.loads(text)["data"] for text in line.sent if "vote" in text]
    assert votes == [{"vote": 1}, {"vote": 2}]


def test_a_film_ignores_presses_until_it_ends(open_tab: OpenTab, tmp_path: Path) -> None:
    """It begins by itself when the page is shown; a press after its end counts."""
    (tmp_path / "static").mkdir()
    with wave.open(str(tmp_path / "static" / "film.wav"), "wb") as film:
        film.setparams((1, 1, 3000, 0, "NONE", ""))
        film.writeframes(bytes([128]) * 3000 * FILM_S)
    tab = open_tab(CONFIG.replace('lockout = "700ms"\n', ""), open=FILM)
    tab.press()
    tab.wait_shown("/open")
    wait_until(lambda: not tab.shown("document.querySelector('video').paused"))
    assert tab.shown("document.querySelector('video').currentTime") < FILM_S / 2
    tab.press()
    wait_acted(tab)
    assert tab.shown("gpiobridge.page") == "open"
    tab.shown(f"document.querySelector('video').currentTime = {FILM_S}")
    wait_until(lambda: bool(tab.shown("document.querySelector('video').ended")))
    tab.press()
    tab.wait_shown("/welcome")


def test_a_page_that_nobody_uses_leaves_by_itself(open_tab: OpenTab, page: Any) -> None:
    """Counted from the moment when it is shown."""
    page.clock.install()
    tab = open_tab(IDLE)
    put_forward(page, 80_000)  # behind another page it isn't idle
    tab.press("door")  # no pin of its own, which would count as use
    tab.wait_shown("/open")
    put_forward(page, 70_000)
    wait_acted(tab)
    assert tab.shown("gpiobridge.page") == "open"
    put_forward(page, 40_000)
    tab.wait_shown("/late")


@pytest.fixture
def warned(open_tab: OpenTab, page: Any) -> Tab:
    """A tab whose page warns that it is about to leave, because nobody uses it."""
    page.clock.install()
    tab = open_tab(IDLE, open=KEYS)
    tab.press()
    tab.wait_shown("/open")
    put_forward(page, 45_000)
    wait_until(lambda: tab.shown("document.documentElement.dataset.idle") is not None)
    return tab


def test_a_press_that_ends_a_warning_is_used_up(warned: Tab) -> None:
    """It only says that someone is there; the next one counts."""
    warned.press()
    wait_acted(warned)
    assert warned.shown("gpiobridge.page") == "open"
    assert warned.shown("document.documentElement.dataset.idle") is None
    warned.press()
    warned.wait_shown("/welcome")


def test_a_key_that_ends_a_warning_is_not_the_pages(warned: Tab) -> None:
    """The next one is; and presses count again."""
    wait_until(lambda: bool(warned.shown("document.hasFocus()")))
    for key in ("a", "b"):
        warned.page.keyboard.press(key)
    wait_until(lambda: warned.shown("keys.join()") == "b")
    assert warned.shown("document.documentElement.dataset.idle") is None
    warned.press()
    warned.wait_shown("/welcome")
