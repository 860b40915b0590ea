"""Which tab is the exhibit's, and what becomes of all others; and the bytes of the pipe."""

import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gpiobridge.kiosk import devtools_pipe
from gpiobridge.kiosk.devtools_pipe import MAX_MESSAGE, MAX_UNSENT, Pipe
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


def tabs(*allow: str, home: str = HOME) -> Tabs:
    """A browser that has just been started."""
    return Tabs(home, BRIDGE, allow, 0.0)


def told(name: str, url: str, event: str = "Created", **more: str) -> dict[str, Any]:
    """What Chromium says of a tab."""
    info = {"targetId": name, "type": "page", "url": url, **more}
    return {"method": f"Target.target{event}", "params": {"targetInfo": info}}


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


@pytest.fixture
def ends() -> Iterator[tuple[Pipe, int, int]]:
    """A pipe, and the browser's ends of it: to write to, and to read from."""
    theirs_out, ours_out = os.pipe()
    ours_in, theirs_in = os.pipe()
    left = {theirs_out, ours_out, ours_in, theirs_in}
    yield Pipe(ours_in, ours_out), theirs_in, theirs_out
    for end in left:
        try:
            os.close(end)
        except OSError:
            continue


def test_messages_in_pieces(ends: tuple[Pipe, int, int]) -> None:
    """A message counts when its end is there, and several may come at once (row 2)."""
    pipe, say, _ = ends
    assert pipe.receive() == []
    os.write(say, b'{"id": 1}\0{"i')
    assert pipe.receive() == [{"id": 1}]
    os.write(say, b'd": 2}')
    assert pipe.receive() == []
    os.write(say, b'\0nonsense\0[]\0{"id": 3}\0')
    assert pipe.receive() == [{"id": 2}, {"id": 3}]


def test_an_endless_message_is_skipped(ends: tuple[Pipe, int, int]) -> None:
    """A message without an end takes no memory, and what comes after it counts (row 2)."""
    pipe, say, _ = ends
    for _ in range(2 * MAX_MESSAGE // 50_000):
        os.write(say, b"x" * 50_000)
        assert pipe.receive() == []
        assert len(pipe._received) <= MAX_MESSAGE
    os.write(say, b'\0{"id": 1}\0')
    assert pipe.receive() == [{"id": 1}]
    assert not pipe.closed


def test_a_browser_that_reads_nothing(ends: tuple[Pipe, int, int]) -> None:
    """The launcher never waits for it: after a while the pipe counts as closed (row 2)."""
    pipe, _, _ = ends
    for _ in range(100):
        pipe.call("x", text="y" * MAX_UNSENT)
    assert pipe.closed


def test_a_browser_that_has_ended(ends: tuple[Pipe, int, int]) -> None:
    """The end of the pipe is no error (row 2)."""
    pipe, say, hear = ends
    os.close(say)
    assert pipe.receive() == []
    assert pipe.closed
    os.close(hear)
    pipe.call("x")


def test_the_browsers_descriptors(tmp_path: Path) -> None:
    """A browser, or a script in front of it, has the pipe at 3 and 4, and nothing more (row 2)."""
    program = tmp_path / "browser"
    program.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        "print('to the log')\n"
        "heard = os.read(3, 4096)\n"
        'os.write(4, b\'{"heard": \' + heard[:-1] + b\', "argv": "\' + sys.argv[1].encode() + '
        'b\'", "fds": "\' + " ".join(sorted(os.listdir("/proc/self/fd"))).encode() + b\'"}\\0\')\n'
        "sys.exit(os.read(0, 1) != b'')\n"
    )
    program.chmod(0o755)
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(f'#!/bin/sh\nexec {program} "$@"\n')
    wrapper.chmod(0o755)
    browser, pipe = devtools_pipe.start([str(wrapper), "--kiosk"], dict(os.environ))
    with browser:
        pipe.call("Browser.getVersion")
        assert select.select([pipe], [], [], 20)[0]
        [message] = pipe.receive()
    assert message["heard"] == {"id": 1, "method": "Browser.getVersion", "params": {}}
    assert message["argv"] == devtools_pipe.FLAG
    assert message["fds"].split()[:5] == ["0", "1", "2", "3", "4"]
    assert len(message["fds"].split()) <= 6  # and the folder that is being listed
    assert browser.returncode == 0


def test_a_missing_browser_is_said() -> None:
    """What can't be started is an error, and not a shell's exit code (row 2)."""
    with pytest.raises(FileNotFoundError):
        devtools_pipe.start(["/nowhere/chromium"], {})
