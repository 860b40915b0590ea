"""What leaves the page that a stage shows, in each browser."""

from pathlib import Path
from typing import Any

import pytest
from harness.answering_server import Answers
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.exhibit import PAGE
from harness.hostile_way import HostileWay
from harness.stage_tab import CONFIG, write_stage_exhibit

from browsers.tab import ONLINE, Tab

WELCOME = PAGE.format(name="welcome").replace(
    "</body>",
    """<a id="late" href="/late?x">late</a> <a id="top" href="/late?x" target="_top">late</a>
    <form id="get" action="/late"><button id="go" name="x" value="1">go</button></form>
    <form id="post" action="/late" method="post"><button id="send" name="x">send</button></form>
    <a id="away">away</a></body>""",
)
SHOWN = "document.querySelector('iframe.shown')"
VIEW = f"{SHOWN}?.contentWindow"
IS_PLAIN = "!document.getElementById('plain').hidden"


def shows(path: str) -> str:
    """An expression that is true once a page is on the screen, and online."""
    online = f"{VIEW}.document.documentElement?.dataset.bridge === 'online'"
    return f"{VIEW}?.location.pathname === '{path}' && {online}"


@pytest.fixture
def bridge(run_bridge: Run, tmp_path: Path) -> BridgeProcess:
    """A bridge with links and forms on its start page."""
    return run_bridge(config=write_stage_exhibit(tmp_path, CONFIG, welcome=WELCOME))


@pytest.fixture
def way(bridge: BridgeProcess) -> Any:
    """The way to it."""
    hostile = HostileWay(bridge.port)
    yield hostile
    hostile.end()


@pytest.fixture
def stage(tab: Tab, way: HostileWay) -> Tab:
    """A tab with a stage that shows the start page."""
    tab.goto(f"{way.url}/gpiobridge/stage")
    tab.wait_for(shows("/welcome"))
    tab.run(f"window.first = {SHOWN}")
    return tab


def click(stage: Tab, name: str) -> None:
    """Click an element of the page on the screen."""
    stage.run(f"{VIEW}.document.getElementById('{name}').click()")


@pytest.mark.parametrize("name", ["late", "top", "go"])
def test_a_link_is_loaded_behind(stage: Tab, name: str) -> None:
    """It is shown in a frame of its own, once it is there."""
    click(stage, name)
    stage.wait_for(shows("/late"))
    assert stage.evaluate(f"{SHOWN} !== first && {VIEW}.location.search.startsWith('?x')")


@pytest.mark.parametrize(
    "fault", ["cut-head", pytest.param("cut", marks=pytest.mark.needs("statuses")), "hang"]
)
def test_a_link_to_a_page_that_fails_gets_there(stage: Tab, way: HostileWay, fault: str) -> None:
    """The page stays on the screen until the other one can be loaded."""
    way.faults["/late"] = fault
    click(stage, "late")
    wait_until(lambda: "GET /late?x" in way.asked)
    assert stage.evaluate(f"{SHOWN} === first")
    way.faults.clear()
    stage.wait_for(shows("/late"), 40)
    assert stage.evaluate(f"{VIEW}.document.querySelector('[data-pin=door]') !== null")


# The frame of an answer may come and go between two looks.
NOTE_ANSWERS_THAT_GO = """
window.gone = 0;
new MutationObserver((records) => {
  for (const { removedNodes } of records) {
    window.gone += [...removedNodes].filter(({ name }) => name).length;
  }
}).observe(document.body, { childList: true });
"""


@pytest.mark.needs("statuses")
def test_a_form_that_the_server_refuses_stays(stage: Tab, way: HostileWay) -> None:
    """A page takes no POST: its error is not shown."""
    stage.run(NOTE_ANSWERS_THAT_GO)
    click(stage, "send")
    stage.wait_for("window.gone > 0")
    assert stage.evaluate(f"{SHOWN} === first && first.contentDocument !== null")


def test_an_error_on_the_screen_is_covered(stage: Tab, way: HostileWay) -> None:
    """If a page gets there all the same; then the page before comes back."""
    if stage.evaluate("window.navigation !== undefined"):
        pytest.skip("its Navigation API lets the stage keep every page that leads elsewhere")
    way.faults.update({"/none": "500", "/welcome": "cut-head"})
    stage.run("first.src = '/none'")
    stage.wait_for(IS_PLAIN)
    way.faults.clear()
    stage.wait_for(shows("/welcome"))
    assert not stage.evaluate(IS_PLAIN)


@pytest.mark.parametrize(
    "header",
    [{}, pytest.param({"X-Frame-Options": "DENY"}, marks=pytest.mark.needs("statuses"))],
)
def test_a_page_of_another_site_is_shown_if_it_can_be(
    stage: Tab, bridge: BridgeProcess, header: dict[str, str]
) -> None:
    """One that forbids frames would be an error page."""
    site = Answers(200, "<h1>elsewhere</h1>", **{"Content-Type": "text/html", **header})
    try:
        link = f"{SHOWN}.contentDocument.getElementById('away')"
        stage.run(f"{link}.href = 'http://localhost:{site.server_port}/'")
        click(stage, "away")
        if header:
            wait_until(lambda: bool(site.asked))
            stage.wait_for("document.querySelector('object') === null")
            assert stage.evaluate(f"{SHOWN} === first")
        else:
            stage.wait_for("document.querySelector('object.shown') !== null")
            stage.wait_for(shows("/welcome"), 40)
    finally:
        site.stop()


def test_a_page_that_wants_no_frame_is_not_loaded_for_ever(
    tab: Tab, run_bridge: Run, tmp_path: Path
) -> None:
    """It stays in its frame where the stage can refuse to leave, and alone otherwise."""
    busting = "<script>if (top !== self) top.location = self.location;</script></head>"
    # Not held behind /late: without the Navigation API its script would take the tab there, too.
    not_held = CONFIG.replace("[pages.welcome]\nprerender = true\n", "[pages.welcome]\n")
    config = write_stage_exhibit(tmp_path, not_held, welcome=WELCOME.replace("</head>", busting))
    bridge = run_bridge(config=config)
    tab.goto(f"{bridge.url}/gpiobridge/stage")
    # While it goes to and fro it is online in its frame only, for a moment.
    alone = f"location.pathname === '/welcome' && {ONLINE}"
    tab.wait_for(f"window.navigation ? {shows('/welcome')} : {alone}")
    bridge.set_level("door", "low")
    tab.wait_for(shows("/late"))
