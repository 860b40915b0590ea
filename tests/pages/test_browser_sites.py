"""A page of somebody else, in a real Chromium: in a frame, or a sentence where it can't be."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.exhibit import PAGE
from harness.other_site import FORBIDS, FORBIDS_BY_POLICY, OtherSite
from harness.pages import ONLINE
from harness.stage_tab import StageTab

CONFIG = """\
[server]
csp = "{csp}"
[pins]
button = {{ pin = 17, debounce = "0ms" }}

[pages.welcome]
on_low.button = "weather"

[pages.weather]
url = "{url}"
on_low.button = "welcome"
{more}
"""
REFUSES = "can't be shown here: it forbids frames, or answers with an error."
SENTENCE = "p[role=status]:not([hidden])"

Open = Callable[..., OtherSite]


@pytest.fixture
def other_site() -> Iterator[Open]:
    """A function that makes a site of somebody else."""
    sites: list[OtherSite] = []

    def make(*args: Any, **more: Any) -> OtherSite:
        sites.append(OtherSite(*args, **more))
        return sites[-1]

    yield make
    for site in sites:
        site.stop()


@pytest.fixture
def bridge_to(run_bridge: Run, tmp_path: Path) -> Callable[..., BridgeProcess]:
    """A function that starts a bridge whose page `weather` shows an address."""

    def start(url: str, more: str = "", csp: str = "local") -> BridgeProcess:
        (tmp_path / "templates").mkdir()
        (tmp_path / "templates/welcome.html").write_text(PAGE.format(name="welcome"))
        file = tmp_path / "config.toml"
        file.write_text(CONFIG.format(url=url, more=more, csp=csp))
        return run_bridge(config=file)

    return start


Bridge = Callable[..., BridgeProcess]


def frame_of(page: Any, origin: str) -> Any:
    """The frame that shows the site, once it is there."""

    def found() -> list[Any]:
        page.evaluate("0")  # the frames are those that Playwright has heard of
        return [frame for frame in page.frames if frame.url.startswith(origin)]

    wait_until(lambda: len(found()) == 1)
    return found()[0]


def test_the_site_fills_the_page(page: Any, other_site: Open, bridge_to: Bridge) -> None:
    """It runs with its own origin and cookies; a press leads there, and away again."""
    site = other_site()
    bridge = bridge_to(f"{site.origin}/board?units=metric#now", csp="strict")
    page.goto(f"{bridge.url}/welcome")
    page.wait_for_selector(ONLINE)
    bridge.press("button")
    page.wait_for_url("**/weather")
    frame = frame_of(page, site.origin)
    frame.wait_for_selector(f'html[data-origin="{site.origin}"]')
    assert frame.evaluate("document.cookie") == "seen=1"
    assert frame.url.endswith("/board?units=metric#now")
    size = frame.evaluate("[innerWidth, innerHeight]")
    assert size == [page.viewport_size["width"], page.viewport_size["height"]]
    assert page.locator(SENTENCE).count() == 0
    page.wait_for_selector(ONLINE)
    bridge.press("button")
    page.wait_for_url("**/welcome")


def test_the_site_is_told_the_bridge_and_no_path(
    page: Any, other_site: Open, bridge_to: Bridge
) -> None:
    """It gets the origin as its referrer."""
    site = other_site()
    bridge = bridge_to(site.url)
    page.goto(f"{bridge.url}/weather?display=hall")
    frame_of(page, site.origin)
    [(path, headers)] = site.asked
    assert (path, headers["Referer"]) == ("/board", f"{bridge.url}/")


def test_the_tab_is_the_exhibit_s(page: Any, other_site: Open, bridge_to: Bridge) -> None:
    """A link or a script of the site moves its frame, and neither the tab nor to a new one."""
    site = other_site()
    bridge = bridge_to(site.url)
    page.goto(f"{bridge.url}/weather")
    page.wait_for_selector(ONLINE)
    frame = frame_of(page, site.origin)
    said = (
        "() => { try { top.location = '/x'; return 'moved'; } catch ({ name }) { return name; } }"
    )
    assert frame.evaluate(said) == "SecurityError"
    assert frame.evaluate("open('/x') === null")
    frame.click("#top")
    frame.click("#other")
    wait_until(lambda: "/other" in [path for path, _ in site.asked])
    assert page.url == f"{bridge.url}/weather"
    assert "/taken" not in [path for path, _ in site.asked]
    assert len(page.context.pages) == 1


@pytest.mark.parametrize(
    ("site", "sentence"),
    [
        ({"headers": FORBIDS}, REFUSES),
        ({"headers": FORBIDS_BY_POLICY}, REFUSES),
        ({"status": 503}, REFUSES),
        ({"leads_to": "http://localhost:9/there"}, "leads to http://localhost:9, which this page "
         "may not show."),
    ],
)  # fmt: skip
def test_a_site_that_can_not_be_shown(
    page: Any, other_site: Open, bridge_to: Bridge, site: dict[str, Any], sentence: str
) -> None:
    """The page says so in one sentence, and a press leads on."""
    there = other_site(**site)
    bridge = bridge_to(there.url)
    page.goto(f"{bridge.url}/weather")
    page.wait_for_selector(ONLINE)
    page.wait_for_function("sentence => document.querySelector('p').innerText === sentence",
                           arg=f"127.0.0.1:{there.port} {sentence}")  # fmt: skip
    assert page.locator(SENTENCE).bounding_box()["width"] == page.viewport_size["width"]
    bridge.press("button")
    page.wait_for_url("**/welcome")


def test_a_site_that_is_away_comes_back_by_itself(
    page: Any, other_site: Open, bridge_to: Bridge
) -> None:
    """At the start, and when it loads itself anew later: nobody need touch anything."""
    site = other_site()
    site.stop()
    bridge = bridge_to(site.url)
    page.goto(f"{bridge.url}/weather")
    sentence = f"127.0.0.1:{site.port} doesn't answer; it is shown as soon as it does."
    for _ in range(2):
        page.wait_for_function("sentence => document.querySelector('p').innerText === sentence",
                               arg=sentence)  # fmt: skip
        site.start()
        frame = frame_of(page, site.origin)
        page.wait_for_selector(SENTENCE, state="hidden")
        site.stop()
        frame.evaluate("location.reload()")


def test_on_the_stage(page: Any, other_site: Open, bridge_to: Bridge) -> None:
    """A press swaps to the page around the site; held ready, the site is there before the press."""
    site = other_site()
    bridge = bridge_to(site.url, "prerender = true")
    tab = StageTab(page, bridge)
    tab.wait_shown("/welcome")
    tab.wait_behind("/weather")
    frame_of(page, site.origin)
    assert len(site.asked) == 1
    bridge.press("button")
    tab.wait_shown("/weather")
    assert len(site.asked) == 1
    frame = frame_of(page, site.origin)
    frame.click("#top")
    frame.click("#field")
    frame.type("#field", "42")
    assert frame.input_value("#field") == "42"
    assert page.url.startswith(f"{bridge.url}/gpiobridge/stage")
    bridge.press("button")
    tab.wait_shown("/welcome")


def test_idle_of_a_page_around_a_site(page: Any, other_site: Open, bridge_to: Bridge) -> None:
    """The focus in the frame counts as use, for a minute; then the page leaves by itself."""
    site = other_site()
    more = 'idle = { after = "30s", to = "welcome", warn = "10s" }'
    bridge = bridge_to(site.url, more)
    page.clock.install()
    page.goto(f"{bridge.url}/weather")
    page.wait_for_selector(ONLINE)
    frame_of(page, site.origin).click("#field")
    page.clock.run_for(61_000)
    page.wait_for_selector("html:not([data-idle])")
    page.clock.run_for(25_000)
    page.wait_for_selector("html[data-idle]")
    page.clock.run_for(10_000)
    page.wait_for_url("**/welcome")


def test_an_address_of_the_bridge_itself(page: Any, bridge_to: Bridge, tmp_path: Path) -> None:
    """It isn't shown in its own frame, where it would be one more display."""
    bridge = bridge_to("http://127.0.0.1:9/welcome")
    file = tmp_path / "config.toml"
    file.write_text(file.read_text().replace(":9/", f":{bridge.port}/"))
    port = bridge.port
    bridge.stop()
    bridge = BridgeProcess(file, port=port)
    try:
        page.goto(f"http://127.0.0.1:{port}/weather")
        page.wait_for_selector(ONLINE)
        assert "is an address of this bridge" in page.inner_text(SENTENCE)
        assert len(page.frames) == 1
    finally:
        bridge.stop()


@pytest.mark.parametrize("csp", ["local", "strict"])
def test_frames_of_an_ordinary_page(
    page: Any, other_site: Open, run_bridge: Run, tmp_path: Path, csp: str
) -> None:
    """The site that `frames` names is shown in a frame, another one is not, its own file is."""
    named, other = other_site(), other_site()
    (tmp_path / "templates").mkdir()
    (tmp_path / "static").mkdir()
    (tmp_path / "static/own.html").write_text("<h1>own</h1>")
    sources = (named.url, other.url, "/static/own.html")
    frames = "".join(f'<iframe src="{source}"></iframe>' for source in sources)
    (tmp_path / "templates/welcome.html").write_text(PAGE.format(name="welcome") + frames)
    file = tmp_path / "config.toml"
    text = f'[server]\ncsp = "{csp}"\n[pins]\nbutton = 17\n[pages.welcome]\n'
    file.write_text(f'{text}frames = ["{named.origin}"]\n')
    bridge = run_bridge(config=file)
    page.goto(f"{bridge.url}/welcome")
    page.wait_for_selector(ONLINE)
    frame_of(page, named.origin).wait_for_selector("h1")
    frame_of(page, f"{bridge.url}/static/own.html").wait_for_selector("h1")
    assert other.asked == []


@pytest.mark.parametrize(("acted", "shown"), [(0, "/welcome"), (2, "/weather")])
def test_a_stage_goes_on_from_what_the_kiosk_has_acted_on(
    page: Any, other_site: Open, bridge_to: Bridge, acted: int, shown: str
) -> None:
    """A press while it came back from a site counts, an older one doesn't; no address keeps it."""
    bridge = bridge_to(other_site().url)
    with bridge.socket("welcome") as socket:
        epoch = json.loads(socket.recv(5))["epoch"]
    bridge.press("button")  # events 1 and 2
    tab = StageTab(page, bridge, f"?page=/weather&cursor={epoch}:{acted}")
    tab.wait_shown(shown)
    assert page.url == f"{bridge.url}/gpiobridge/stage"
