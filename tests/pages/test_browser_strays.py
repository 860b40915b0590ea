"""What leaves the stage's page by a link, a form or a script, in a real Chromium."""

import re
from pathlib import Path
from typing import Any

import pytest
from harness.answering_server import Answers
from harness.bridge_process import Run
from harness.deadline import wait_until
from harness.stage_tab import CONFIG, StageTab, write_stage_exhibit

PAGE = """\
<!doctype html>
<html lang="en">
<head><title>welcome</title></head>
<body>
  <h1>welcome</h1>
  <a id="late" href="/late?by=link">late</a>
  <a id="top" href="/late?by=top" target="_top">late</a>
  <a id="parent" href="/late?by=parent" target="_parent">late</a>
  <a id="file" href="/static/map.html">map</a>
  <a id="hash" href="#there">there</a>
  <form id="get" action="/late"><input name="by" value="a form">
    <button name="how" value="get">go</button></form>
  <form id="top-get" action="/late" target="_top"><input name="by" value="top form">
    <button>go</button></form>
  <form id="post" action="/vote?a=1" method="post"><input name="by" value="a+b é">
    <button name="how" value="post">go</button></form>
</body>
</html>
"""
ANSWER = "<!doctype html><html><head><title>thanks</title></head><body>Thanks.</body></html>"
SHORT = """const wait = setTimeout;
window.setTimeout = (f, ms, ...rest) => wait(f, ms === 18_000 ? 400 : ms, ...rest);"""

# A browser without the Navigation API, such as Firefox ESR.
WITHOUT = "delete window.navigation; delete Window.prototype.navigation;"


@pytest.fixture(params=["with", "without"])
def api(request: pytest.FixtureRequest, page: Any) -> str:
    """Whether the browser has the Navigation API."""
    if request.param == "without":
        page.add_init_script(WITHOUT)
    return str(request.param)


@pytest.fixture
def stage(run_bridge: Run, page: Any, tmp_path: Path) -> StageTab:
    """A stage that shows a page with links and forms."""
    config = write_stage_exhibit(tmp_path, CONFIG, welcome=PAGE)
    (tmp_path / "static" / "map.html").write_text(ANSWER)
    tab = StageTab(page, run_bridge(config=config))
    tab.wait_shown("/welcome")
    page.evaluate("() => { window.same = true; window.first = shownFrame(); }")
    return tab


def click(stage: StageTab, selector: str) -> None:
    """Click something in the page on the screen."""
    stage.page.frame_locator("iframe.shown").locator(selector).click(no_wait_after=True)


def query(stage: StageTab) -> str:
    """What the page on the screen was asked for with."""
    return str(stage.page.evaluate("shownView().location.search"))


def is_plain(stage: StageTab) -> bool:
    """Whether the stage covers its frames by the plain picture."""
    return bool(stage.page.evaluate("!document.getElementById('plain').hidden"))


@pytest.mark.parametrize(
    ("what", "by"),
    [
        ("#late", "?by=link"),
        ("#top", "?by=top"),
        ("#parent", "?by=parent"),
        ("#get button", "?by=a+form&how=get"),
        ("#top-get button", "?by=top+form"),
    ],
)
def test_a_link_is_loaded_behind(api: str, stage: StageTab, what: str, by: str) -> None:
    """A link or form, to _top and _parent too, is shown in a frame of its own once it is there."""
    click(stage, what)
    stage.wait_shown("/late")
    assert query(stage) == by
    assert stage.page.evaluate("same && shownFrame() !== first")


@pytest.mark.parametrize(
    "script",
    [
        "location.assign('/late?x')",
        "location.replace('/late?x')",
        "location = '/late?x'",
        "top.location = '/late?x'",
        "parent.location.replace('/late?x')",
    ],
)
def test_a_script_that_leaves_is_loaded_behind(stage: StageTab, script: str) -> None:
    """What a page's own script asks for goes the same way."""
    stage.page.evaluate(f"shownView().eval({script!r})")
    stage.wait_shown("/late")
    assert query(stage) == "?x"
    assert stage.page.evaluate("same && shownFrame() !== first")


def test_a_reload_by_the_page_is_loaded_behind(stage: StageTab) -> None:
    """The page before stays on the screen until it is there."""
    stage.page.evaluate("shownView().location.reload()")
    stage.page.wait_for_function("() => shownFrame() && shownFrame() !== first")
    stage.wait_shown("/welcome")
    assert stage.page.evaluate("same")


def test_a_link_within_the_page_is_the_browsers(api: str, stage: StageTab) -> None:
    """It only scrolls; nothing is loaded."""
    click(stage, "#hash")
    stage.page.wait_for_function("() => shownView().location.hash === '#there'")
    assert stage.page.evaluate("shownFrame() === first")


def test_a_page_may_keep_a_click_for_itself(api: str, stage: StageTab) -> None:
    """What its own script prevents goes nowhere."""
    stage.page.evaluate("""() => {
      const link = shownView().document.getElementById("late");
      link.onclick = () => { window.clicked = true; return false; };
    }""")
    click(stage, "#late")
    stage.page.wait_for_function("() => window.clicked")
    click(stage, "#top")
    stage.wait_shown("/late")
    assert query(stage) == "?by=top"


def test_a_link_with_a_dead_server_waits(api: str, run_bridge: Run, stage: StageTab) -> None:
    """The page stays on the screen, and leads there when the server is back."""
    stage.bridge.kill()
    click(stage, "#late")
    stage.page.wait_for_function(
        "() => shownView().document.documentElement.dataset.bridge === 'offline'"
    )
    assert stage.page.evaluate("shownFrame() === first && first.contentDocument !== null")
    assert not is_plain(stage)
    run_bridge(config=stage.bridge.exhibit / "config.toml", port=stage.bridge.port)
    stage.wait_shown("/late")


def test_a_link_to_an_error_stays(api: str, stage: StageTab) -> None:
    """The page is live again, and a press still moves it."""
    stage.page.route("**/late*", lambda route: route.fulfill(status=500, body="boom"))
    with stage.page.expect_request(re.compile("/late")):
        click(stage, "#late")
    stage.wait_shown("/welcome")
    stage.press()
    stage.wait_shown("/open")


def test_a_form_that_is_sent_is_answered_behind(api: str, stage: StageTab) -> None:
    """Its data arrives as the page has sent it, and its answer is shown once it is there."""
    sent: list[str] = []

    def answer(route: Any) -> None:
        sent.append(f"{route.request.method} {route.request.url} {route.request.post_data}")
        route.fulfill(status=303, headers={"Location": "/late?thanks"})

    stage.page.route("**/vote*", answer)
    click(stage, "#post button")
    stage.wait_shown("/late")
    assert query(stage) == "?thanks"
    assert sent == [f"POST {stage.bridge.url}/vote?a=1 by=a%2Bb+%C3%A9&how=post"]
    assert stage.page.evaluate("same && shownFrame() !== first")


@pytest.mark.parametrize("how", ["500", "dead"])
def test_a_form_whose_answer_is_an_error_stays(api: str, stage: StageTab, how: str) -> None:
    """The page with what the visitor has typed stays on the screen."""

    def answer(route: Any) -> None:
        if how == "dead":
            route.abort()
        else:
            route.fulfill(status=500, body="boom")

    stage.page.route("**/vote*", answer)
    stage.page.evaluate("shownView().document.querySelector('#post input').value = 'typed'")
    with stage.page.expect_request(re.compile("/vote")):
        click(stage, "#post button")
    stage.page.wait_for_function("() => !document.querySelector('iframe[name]')")
    assert stage.page.evaluate("shownFrame() === first")
    assert stage.page.evaluate("shownView().document.querySelector('#post input').value") == "typed"
    assert not is_plain(stage)


def test_a_form_that_a_script_sends_is_answered_behind(stage: StageTab) -> None:
    """``form.submit()`` fires no event but the Navigation API's."""
    stage.page.route("**/vote*", lambda r: r.fulfill(body=ANSWER, content_type="text/html"))
    stage.page.evaluate("shownView().document.getElementById('post').submit()")
    stage.page.wait_for_function("() => shownView().document.title === 'thanks'")
    assert stage.page.evaluate("same && shownFrame() !== first")


def test_a_file_of_the_exhibit_is_brought_home(
    api: str, run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """It has no client that could: the stage does after a while."""
    # A display that doesn't answer would only be given up after many beats.
    rare = CONFIG.replace("[server]", '[server]\nbeat = "60s"\ncatch_up = "160s"')
    config = write_stage_exhibit(tmp_path, rare, welcome=PAGE)
    (tmp_path / "static" / "map.html").write_text(ANSWER)
    page.add_init_script(SHORT)
    stage = StageTab(page, run_bridge(config=config))
    stage.wait_shown("/welcome")
    page.evaluate("() => { window.first = shownFrame(); }")
    click(stage, "#file")
    page.wait_for_function("() => shownView()?.location.pathname === '/static/map.html'")
    stage.wait_shown("/welcome")
    assert page.evaluate("shownFrame() !== first")
    wait_until(lambda: [each["page"] for each in stage.bridge.displays()] == ["welcome"])


def test_an_empty_screen_is_left_at_once(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """It is no file to look at: the page before it comes back, whatever time a file has."""
    page.add_init_script(SHORT.replace("400", "60_000"))
    stage = StageTab(page, run_bridge(config=write_stage_exhibit(tmp_path)))
    stage.wait_shown("/welcome")
    page.evaluate("() => { window.first = shownFrame(); }")
    page.evaluate("() => { shownView().location = 'about:blank'; }")
    stage.wait("shownFrame() && shownFrame() !== first")
    stage.wait_shown("/welcome")


@pytest.mark.parametrize(
    "script", ["parent.document.body.innerHTML = 'x'", "parent.document.write('x')"]
)
def test_a_stage_that_a_page_writes_over_is_made_anew(stage: StageTab, script: str) -> None:
    """With the page that was shown; else the screen stays white, though a display is there."""
    stage.press()
    stage.wait_shown("/open")
    stage.page.evaluate("() => { window.before = true; }")
    stage.shown(script)
    stage.wait("!window.before")
    stage.wait_shown("/open")


def test_a_file_keeps_the_displays_place(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """It answers for the page before, takes no press, and follows an order of the application."""
    config = CONFIG.replace("[server]", '[server]\napi = "local"')
    bridge = run_bridge(config=write_stage_exhibit(tmp_path, config, welcome=PAGE))
    (tmp_path / "static" / "map.html").write_text(ANSWER)
    stage = StageTab(page, bridge)
    stage.wait_shown("/welcome")
    click(stage, "#file")
    stage.wait("shownView()?.location.pathname === '/static/map.html'")
    wait_until(lambda: [each["page"] for each in bridge.displays()] == ["welcome"])
    stage.press()
    page.wait_for_timeout(300)
    assert page.evaluate("shownView().location.pathname") == "/static/map.html"
    order = {"Content-Type": "application/json"}
    status, text = bridge.request("/api/navigate", b'{"to": "late"}', headers=order)
    assert status < 300, text
    stage.wait_shown("/late")
    wait_until(lambda: [each["page"] for each in bridge.displays()] == ["late"])


def test_a_page_of_the_bridge_without_a_client_stays(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """It is one of the exhibit's pages; its links go the stage's way, too."""
    config = write_stage_exhibit(
        tmp_path, CONFIG.replace("[pages.late]", "[pages.late]\nclient = false")
    )
    config.write_text(config.read_text().replace('on_low.button = "welcome"\n', "", 2))
    (tmp_path / "templates" / "late.html").write_text(PAGE.replace("/late", "/open"))
    page.add_init_script(SHORT)
    stage = StageTab(page, run_bridge(config=config), "?page=/late")
    page.wait_for_function("() => shownView()?.location.pathname === '/late'")
    stage.wait("document.activeElement === shownFrame()")  # a key is for it
    page.wait_for_timeout(1000)  # longer than a stray page stays
    assert page.evaluate("shownView().location.pathname") == "/late"
    page.evaluate("() => { window.first = shownFrame(); }")
    click(stage, "#late")
    stage.wait_shown("/open")
    assert page.evaluate("shownFrame() !== first")


@pytest.mark.parametrize("header", [{}, {"X-Frame-Options": "DENY"}])
def test_a_page_of_another_site_is_shown_if_it_can_be(
    run_bridge: Run, page: Any, tmp_path: Path, header: dict[str, str]
) -> None:
    """One that forbids frames would be an error page; one that is shown is left after a while."""
    site = Answers(200, ANSWER, **{"Content-Type": "text/html", **header})
    try:
        url = f"http://localhost:{site.server_port}/"
        config = write_stage_exhibit(
            tmp_path, CONFIG, welcome=PAGE.replace("/static/map.html", url)
        )
        page.add_init_script(SHORT)
        stage = StageTab(page, run_bridge(config=config))
        stage.wait_shown("/welcome")
        page.evaluate("() => { window.same = true; window.first = shownFrame(); }")
        click(stage, "#file")
        if header:
            wait_until(lambda: bool(site.asked))
            page.wait_for_function("() => !document.querySelector('object')")
            assert page.evaluate("same && shownFrame() === first")
        else:
            page.wait_for_function("() => document.querySelector('object.shown')")
            stage.wait_shown("/welcome")
            assert page.evaluate("same && shownFrame() !== first")
    finally:
        site.stop()


def test_a_dead_site_is_not_gone_to(api: str, stage: StageTab) -> None:
    """The page stays, and a press moves it."""
    stage.page.evaluate("shownView().document.getElementById('file').href = 'http://localhost:9/'")
    click(stage, "#file")
    stage.page.wait_for_function("() => !document.querySelector('object')")
    assert stage.page.evaluate("shownFrame() === first")
    stage.press()
    stage.wait_shown("/open")


def test_a_page_that_wants_no_frame_stays_in_it(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """The stage doesn't leave, and doesn't load it again and again."""
    busting = "<script>if (top !== self) top.location = self.location;</script></head>"
    config = write_stage_exhibit(tmp_path, CONFIG, welcome=PAGE.replace("</head>", busting))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    bridge = run_bridge(config=config)
    stage = StageTab(page, bridge)
    stage.wait_shown("/welcome")
    stage.wait_behind("/open")
    assert asked.count(f"GET {bridge.url}/welcome") == 1


def test_a_page_that_leaves_the_stage_for_itself_stays_alone(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """Where a browser can't keep it, the stage takes it back twice, not for ever."""
    busting = "<script>if (top !== self) top.location = self.location;</script></head>"
    config = write_stage_exhibit(tmp_path, CONFIG, welcome=PAGE.replace("</head>", busting))
    page.add_init_script(WITHOUT)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    bridge = run_bridge(config=config)
    page.goto(f"{bridge.url}/gpiobridge/stage", wait_until="commit")
    page.wait_for_url("**/welcome")

    def rests() -> bool:
        before = len(asked)
        page.wait_for_timeout(1500)
        return len(asked) == before and page.url.endswith("/welcome")

    wait_until(rests)
    bridge.set_level("button", "low")  # the next page leads back to the stage
    page.wait_for_url("**/gpiobridge/stage*")


def test_back_and_forward_do_no_harm(stage: StageTab) -> None:
    """What pages have left in the history changes nothing on the screen."""
    for number in range(3):
        stage.page.evaluate(f"shownView().history.pushState({{}}, '', '#{number}')")
    stage.press()
    stage.wait_shown("/open")
    stage.wait("!first.isConnected")
    stage.page.evaluate("() => { window.now = shownFrame(); }")
    for keys in ("Alt+ArrowLeft", "Alt+ArrowLeft", "Alt+ArrowRight"):
        stage.page.keyboard.press(keys)
    stage.page.evaluate("() => { history.back(); history.forward(); }")
    assert stage.page.evaluate("shownFrame() === now")
    stage.press()
    stage.wait_shown("/welcome")
    assert stage.page.evaluate("same")
