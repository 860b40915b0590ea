"""Which tab is the exhibit's, and what becomes of all others; and the bytes of the pipe."""

from typing import Any

import pytest

from gpiobridge.kiosk.tabs import (
    AWAY_S,
    GONE_S,
    LOOK_S,
    MOST_AWAY_S,
    MOST_UNTOLD,
    STUCK_S,
    Order,
    Tabs,
)

BRIDGE = "http://127.0.0.1:8000"

HOME = f"{BRIDGE}/?display=kiosk"
STAGE = f"{BRIDGE}/gpiobridge/stage?display=kiosk"


def tabs(*allow: str, home: str = HOME) -> Tabs:
    """A browser that has just been started."""
    return Tabs(home, BRIDGE, allow, 0.0)


def told(name: str, url: str, event: str = "Created", **more: str) -> dict[str, Any]:
    """What Chromium says of a tab."""
    info = {"targetId": name, "type": "page", "url": url, **more}
    return {"method": f"Target.target{event}", "params": {"targetInfo": info}}


def framed(url: str, event: str = "Created", parent: str = "own") -> dict[str, Any]:
    """What Chromium says of a frame that another process draws."""
    return told("frame", url, event, type="iframe", parentFrameId=parent)


def gone(name: str) -> dict[str, Any]:
    """What Chromium says of a tab that has been closed."""
    return {"method": "Target.targetDestroyed", "params": {"targetId": name}}


def crashed(name: str) -> dict[str, Any]:
    """What Chromium says of a tab whose process has died."""
    params = {"targetId": name, "status": "killed", "errorCode": 9}
    return {"method": "Target.targetCrashed", "params": params}


def shown(name: str = "own", url: str = f"{BRIDGE}/welcome", *allow: str) -> Tabs:
    """A browser that shows the exhibit."""
    browser = tabs(*allow)
    assert browser.hear(told(name, url), 0.0) == []
    return browser


def opened(browser: Tabs, now_s: float) -> list[str]:
    """The addresses that a look makes it open."""
    return [o.params["url"] for o in browser.look(now_s) if o.method == "Target.createTarget"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "about:blank",
        "chrome://newtab/",
        "https://example.org/",
        f"{BRIDGE}/open",
        "devtools://x",
    ],
)
def test_a_second_tab_is_closed(url: str) -> None:
    """Whatever a second tab or window shows, it is closed at once (row 2)."""
    assert shown().hear(told("other", url), 1.0) == [
        Order("Target.closeTarget", {"targetId": "other"}),
        Order("Target.activateTarget", {"targetId": "own"}),
    ]


def test_it_is_closed_once() -> None:
    """A tab that is about to go isn't told again with each event (row 2)."""
    browser = shown()
    browser.hear(told("other", ""), 1.0)
    assert browser.hear(told("other", "chrome://newtab/", "InfoChanged"), 1.1) == []


def test_a_window_that_stays_is_said() -> None:
    """A window that asks before it closes holds the screen: the browser has to be ended (row 2)."""
    browser = shown()
    browser.hear(told("other", ""), 1.0)
    assert not browser.stuck(1.0 + STUCK_S - 0.1)
    assert browser.stuck(1.0 + STUCK_S)
    browser.hear(gone("other"), 1.0 + STUCK_S)
    assert not browser.stuck(1.0 + STUCK_S)


def test_a_prerendered_page_is_no_second_tab() -> None:
    """A page that is loaded ahead isn't closed, also where Chromium lists it (row 2)."""
    browser = shown()
    assert browser.hear(told("next", f"{BRIDGE}/open", subtype="prerender"), 1.0) == []


@pytest.mark.parametrize("old_goes_first", [True, False])
def test_a_prerendered_page_takes_over(old_goes_first: bool) -> None:
    """Once it is shown it is the exhibit's, in whatever order Chromium tells it (row 2)."""
    browser = shown()
    browser.hear(told("next", f"{BRIDGE}/open", subtype="prerender"), 1.0)
    change = [gone("own"), told("next", f"{BRIDGE}/open", "InfoChanged")]
    for message in change if old_goes_first else reversed(change):
        assert browser.hear(message, 2.0) == []
    assert opened(browser, 2.0 + GONE_S) == []
    assert browser.hear(told("other", ""), 3.0)[-1].params == {"targetId": "next"}


def test_the_way_home() -> None:
    """A tab that shows another site is replaced by one that begins at home (row 1)."""
    browser = shown()
    browser.hear(told("own", "https://example.org/", "InfoChanged"), 5.0)
    assert opened(browser, 5.0) == []  # a redirect may pass by
    assert opened(browser, 5.0 + GONE_S) == [HOME]
    assert browser.hear(told("new", ""), 6.1)[0] == Order("Target.closeTarget", {"targetId": "own"})


def test_an_empty_page_after_the_exhibit() -> None:
    """A tab begins empty, for however long; one that has been emptied is led home (row 1)."""
    browser = tabs()
    for now_s, url in ((0.0, ""), (1.0, "about:blank"), (90.0, f"{BRIDGE}/welcome")):
        browser.hear(told("own", url, "InfoChanged"), now_s)
        assert opened(browser, now_s + GONE_S) == []
    browser.hear(told("own", "about:blank", "InfoChanged"), 100.0)
    assert opened(browser, 100.0) == []
    browser.hear(told("own", "about:blank#x", "InfoChanged"), 100.1)
    assert opened(browser, 100.0 + GONE_S) == [HOME]


def test_a_crashed_page() -> None:
    """A page whose process has died shows nothing, whoever watches it: a new tab comes (row 2)."""
    browser = shown()
    browser.hear(crashed("other"), 5.0)
    assert opened(browser, 5.0 + GONE_S) == []
    browser.hear(crashed("own"), 10.0)
    assert opened(browser, 10.0) == []
    assert opened(browser, 10.0 + GONE_S) == [HOME]
    assert browser.hear(told("new", HOME), 11.5)[0].params == {"targetId": "own"}
    assert opened(browser, 11.5 + GONE_S) == []


def test_what_is_led_home_from_is_known() -> None:
    """An owner has to learn which address isn't allowed, without its query (row 2)."""
    browser = shown()
    browser.hear(told("own", "https://pi.example.org/welcome?token=x#y", "InfoChanged"), 5.0)
    browser.look(5.0)
    assert opened(browser, 5.0 + GONE_S) == [HOME]
    assert browser.strayed == "https://pi.example.org/welcome"
    lost = shown()
    lost.hear(gone("own"), 1.0)
    lost.look(1.0)
    assert opened(lost, 1.0 + GONE_S) == [HOME]
    assert lost.strayed == ""


def test_the_way_home_is_taken_again() -> None:
    """A new tab that doesn't come is asked for again (row 1)."""
    browser = shown()
    browser.hear(told("own", "chrome://settings/", "InfoChanged"), 5.0)
    browser.look(5.0)
    assert opened(browser, 5.0 + GONE_S) == [HOME]
    assert opened(browser, 5.1 + GONE_S) == []
    assert opened(browser, 5.0 + 2 * GONE_S) == [HOME]


def test_tabs_that_are_never_told_of() -> None:
    """A browser that refuses to tell of its tabs doesn't get a new one each second (row 2)."""
    browser = tabs()
    browser.hear({"id": 1, "error": {"code": -32601}}, 0.0)
    asked = [now_s for now_s in map(float, range(100)) if opened(browser, now_s)]
    assert len(asked) == MOST_UNTOLD
    browser.hear(told("own", f"{BRIDGE}/welcome"), 100.0)
    browser.hear(gone("own"), 101.0)
    browser.look(101.0)
    assert opened(browser, 101.0 + GONE_S) == [HOME]


def test_the_start_page_with_a_token() -> None:
    """The file that leads to the bridge is at home; any other file is not (row 2)."""
    start = "file:///run/gpiobridge-kiosk/start.html"
    browser = tabs(home=start)
    browser.hear(told("own", start), 0.0)
    browser.look(0.0)
    assert opened(browser, 9.0) == []
    browser.hear(told("own", "file:///etc/passwd", "InfoChanged"), 10.0)
    browser.look(10.0)
    assert opened(browser, 10.0 + GONE_S) == [start]


def test_an_allowed_site() -> None:
    """A site of `kiosk.allow` stays, but not for ever (row 2)."""
    browser = shown("own", f"{BRIDGE}/welcome", "https://example.org")
    browser.hear(told("own", "https://example.org/a", "InfoChanged"), 5.0)
    assert browser.away
    browser.hear(told("own", "https://example.org/b", "InfoChanged"), 60.0)
    assert opened(browser, 60.0 + AWAY_S - 0.1) == []
    browser.look(60.0 + AWAY_S)
    assert opened(browser, 60.0 + AWAY_S + GONE_S) == [HOME]


def test_an_allowed_site_that_moves_by_itself() -> None:
    """A site that turns its own pages is no visitor's for ever (row 2)."""
    browser = shown("own", f"{BRIDGE}/welcome", "https://example.org")
    for minute in range(int(MOST_AWAY_S) // 60):
        now_s = 5.0 + 60 * minute
        browser.hear(told("own", f"https://example.org/#{minute}", "InfoChanged"), now_s)
        assert opened(browser, now_s + GONE_S) == []
    browser.hear(told("own", "https://example.org/#x", "InfoChanged"), 5.0 + MOST_AWAY_S)
    browser.look(5.0 + MOST_AWAY_S)
    assert opened(browser, 5.0 + MOST_AWAY_S + GONE_S) == [HOME]


def test_time_at_home_is_not_away() -> None:
    """Who comes home in between may leave again for as long (row 2)."""
    browser = shown("own", f"{BRIDGE}/welcome", "https://example.org")
    for now_s, url in (
        (5.0, "https://example.org/"),
        (100.0, f"{BRIDGE}/open"),
        (5.0 + MOST_AWAY_S, "https://example.org/"),
    ):
        browser.hear(told("own", url, "InfoChanged"), now_s)
        browser.look(now_s)
    assert opened(browser, 5.0 + MOST_AWAY_S + GONE_S) == []


@pytest.mark.parametrize(
    ("tab", "live", "frame", "home"),
    [
        (STAGE, False, framed("https://example.com/?a"), True),
        (STAGE, True, framed("https://example.com/?a"), False),  # a page behind the shown one
        (STAGE, False, framed("https://example.com/?a", parent="page"), False),  # a page's own one
        (STAGE, False, framed("chrome-error://chromewebdata/"), False),  # the stage covers it
        (STAGE, False, framed(f"{BRIDGE}/open"), False),
        (STAGE, False, framed("https://example.org/"), False),  # allowed
        (f"{BRIDGE}/welcome", False, framed("https://example.com/?a"), False),
        ("http://[", False, framed("https://example.com/?a"), True),  # the tab's own address
    ],
)
def test_a_frame_of_the_stage_that_leads_elsewhere(
    tab: str, live: bool, frame: dict[str, Any], home: bool
) -> None:
    """While no page is live, a stage counts as the site that its frame has gone to."""
    browser = shown("own", STAGE, "https://example.org")
    browser.hear(told("own", tab, "InfoChanged"), 1.0)
    browser.live = live
    browser.hear(frame, 5.0)
    browser.look(5.0)
    assert bool(opened(browser, 5.0 + GONE_S)) is home
    if frame == framed("https://example.com/?a") and tab == STAGE and home:
        assert browser.strayed == "https://example.com/"


def test_an_allowed_site_on_the_stage() -> None:
    """It stays as long there as it would in the whole tab, and then goes home."""
    browser = shown("own", STAGE, "https://example.org")
    browser.hear(framed("https://example.org/a"), 5.0)
    assert browser.away
    browser.hear(framed("https://example.org/b", "InfoChanged"), 60.0)
    browser.hear(framed("https://example.org/b", "InfoChanged"), 90.0)  # its title has come
    assert opened(browser, 60.0 + AWAY_S - 0.1) == []
    browser.look(60.0 + AWAY_S)
    assert opened(browser, 60.0 + AWAY_S + GONE_S) == [HOME]


def test_a_frame_that_comes_back() -> None:
    """Once the frame shows the bridge again, in the tab's own process, nothing is away."""
    browser = shown("own", STAGE, "https://example.org")
    browser.hear(framed("https://example.org/a"), 5.0)
    browser.hear(gone("frame"), 9.0)
    assert not browser.away
    browser.look(9.0 + MOST_AWAY_S)
    assert opened(browser, 9.0 + MOST_AWAY_S + GONE_S) == []


@pytest.mark.parametrize(
    ("bridge", "url", "away"),
    [
        ("http://pi.local", "https://pi.local/welcome", False),
        ("http://pi.local:80", "https://pi.local:443/welcome", False),
        ("http://pi.local", "https://pi.local:8443/welcome", True),
        ("http://pi.local:8000", "https://pi.local/welcome", True),
        ("https://pi.local", "http://pi.local/welcome", True),
        ("http://pi.local", "https://pi.local.evil.example/", True),
    ],
)
def test_a_bridge_that_leads_to_https(bridge: str, url: str, away: bool) -> None:
    """On its own host, from port to port as the schemes have them, that is home, too (row 2)."""
    browser = Tabs(f"{bridge}/?display=kiosk", bridge, (), 0.0)
    browser.hear(told("own", f"{bridge}/?display=kiosk"), 0.0)
    browser.hear(told("own", url, "InfoChanged"), 1.0)
    browser.look(1.0)
    assert bool(opened(browser, 3.0)) is away


def test_an_address_that_chromium_writes_otherwise() -> None:
    """The bridge is at home by whatever way of writing its address the kiosk was given (row 2)."""
    browser = Tabs("http://[0:0::1]:80/", "http://[0:0::1]:80", ["https://[FD00::0:1]"], 0.0)
    browser.hear(told("own", "http://[::1]/welcome"), 0.0)
    browser.look(0.0)
    assert opened(browser, GONE_S) == []
    browser.hear(told("own", "https://[fd00::1]/", "InfoChanged"), 1.0)
    assert browser.away


def test_a_lost_tab() -> None:
    """Without the exhibit's tab, home is opened; what is left goes then (row 2)."""
    browser = shown()
    browser.hear(told("other", "chrome://newtab/"), 1.0)
    browser.hear(gone("own"), 1.0)
    browser.look(1.0)
    assert opened(browser, 1.0 + GONE_S) == [HOME]
    assert not browser.stuck(1.0)


@pytest.mark.parametrize(
    ("state", "ordered"),
    [
        ("fullscreen", []),
        ("normal", ["fullscreen"]),
        ("maximized", ["fullscreen"]),
        ("minimized", ["normal"]),  # Chromium refuses to fill the screen from there; then as above
    ],
)
def test_full_screen_comes_back(state: str, ordered: list[str]) -> None:
    """A window that doesn't fill the screen is made to, a step each second (row 2)."""
    browser = shown()
    [ask] = browser.look(LOOK_S)
    assert ask == Order("Browser.getWindowForTarget", {"targetId": "own"})
    assert browser.look(9.0) == []  # one question at a time, however late the answer is
    answer = {"id": 2, "result": {"windowId": 7, "bounds": {"windowState": state}}}
    assert browser.hear(answer, 9.0) == [
        Order("Browser.setWindowBounds", {"windowId": 7, "bounds": {"windowState": next_state}})
        for next_state in ordered
    ]
    assert browser.look(9.0) == [ask]


def test_a_refused_question_is_asked_again() -> None:
    """An error is an answer, too: the tab may just have been replaced (row 2)."""
    browser = shown()
    assert browser.look(1.0)
    assert browser.hear({"id": 2, "error": {"code": -32000}}, 1.1) == []
    assert browser.look(1.0 + LOOK_S)


@pytest.mark.parametrize(
    "message",
    [{}, {"method": 3}, {"params": []}, {"result": None}, {"method": "Target.targetCreated"},
     {"method": "Target.targetCreated", "params": {"targetInfo": 1}},
     {"method": "Target.targetDestroyed", "params": {}},
     {"id": 1, "result": {"windowId": 1, "bounds": 3}}],
)  # fmt: skip
def test_what_nobody_expects_is_no_harm(message: dict[str, Any]) -> None:
    """A later Chromium may say anything (row 2)."""
    browser = shown()
    browser.hear(message, 1.0)
    browser.look(1.0)


SITE = "https://board.example/x"


def test_a_visit_replaces_the_tab_and_may_last() -> None:
    """The site's tab is the exhibit's then: no time limit leads home from it."""
    browser = shown("own", STAGE, "https://board.example")
    assert browser.visit(SITE) == Order("Target.createTarget", {"url": SITE})
    closed = browser.hear(told("site", SITE), 1.0)
    assert closed[0] == Order("Target.closeTarget", {"targetId": "own"})
    browser.hear(gone("own"), 1.1)
    for now_s in (2.0, AWAY_S + 2, MOST_AWAY_S + 2, MOST_AWAY_S + 4):
        assert opened(browser, now_s) == []
    assert (browser.visiting, browser.away) == (True, False)
    assert browser.lead(STAGE) == Order("Target.createTarget", {"url": STAGE})
    assert not browser.visiting
    assert browser.hear(told("new", STAGE), 4000.0)[0] == Order(
        "Target.closeTarget", {"targetId": "site"}
    )


@pytest.mark.parametrize(
    "end", [crashed("site"), told("site", "https://else.example/", "InfoChanged")]
)
def test_a_visit_that_ends_by_itself(end: dict[str, Any]) -> None:
    """A tab that crashed, or went where it may not, is led home; and that is no visit."""
    browser = shown("own", STAGE, "https://board.example")
    browser.visit(SITE)
    browser.hear(told("site", SITE), 1.0)
    browser.hear(gone("own"), 1.1)
    browser.hear(end, 2.0)
    assert opened(browser, 2.0) == []
    assert opened(browser, 2.0 + GONE_S) == [HOME]
    assert not browser.visiting
