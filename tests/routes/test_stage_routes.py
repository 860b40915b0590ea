"""The stage's routes: its page, what it asks again and again, and what it reports."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from harness.exhibit import CONFIG, write_exhibit

from gpiobridge import config
from gpiobridge.app.stages import Stages
from gpiobridge.routes import stage
from gpiobridge.serve.standalone import create_app

TOKEN = "0123456789abcdef"
AHEAD = """\
[server]
start = "welcome"
{server}
[pins]
button = 17
door = {{ pin = 27, pull = "down" }}

[pages.welcome]
prerender = true
on_low.button = "open"
on_tap.button = "still"
while_high.door = "open"
idle = {{ after = "9s", to = "film" }}

[pages.open]
prerender = true
transition = "fade"
on_low.button = "bare"
on_high.button = "welcome"
idle = {{ after = "9s", to = "welcome" }}

[pages.film]
template = "open.html"
prerender = true

[pages.bare]
template = "open.html"
prerender = true
client = false

[pages.still]
"""


class Exhibit:
    """A client of an exhibit's application.

    Args:
        client: the client.
    """

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def told(self, query: str = "") -> dict[str, Any]:
        """What a stage is told when it asks."""
        return dict(self.client.get(f"/gpiobridge/stage.json{query}").get_json())

    def opened(self, query: str = "") -> dict[str, str]:
        """The attributes of the page that a stage is."""
        answer = self.client.get(f"/gpiobridge/stage{query}")
        assert answer.status_code == 200
        return attributes_of(answer.text)

    def report(self, body: str, address: str = "127.0.0.1", **headers: str) -> tuple[int, str]:
        """Report a page; return the status and the sentence."""
        answer = self.client.post(
            "/gpiobridge/stage/held",
            data=body,
            headers=headers,
            environ_overrides={"REMOTE_ADDR": address},
        )
        return answer.status_code, answer.text


def attributes_of(text: str) -> dict[str, str]:
    """The attributes of the <html> element."""
    found: dict[str, str] = {}

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "html":
                found.update({name: value or "" for name, value in attrs})

    Reader().feed(text)
    return found


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Exhibit]]:
    """A function that makes an exhibit, stopped at the end of the test."""
    apps = []

    def make(server: str = "", text: str = CONFIG) -> Exhibit:
        app = create_app(config.load(write_exhibit(tmp_path, server, text), environ={}))
        apps.append(app)
        return Exhibit(app.test_client())

    yield make
    for app in apps:
        app.extensions["gpiobridge"].stop()


# ------------------------------------------------------------------- the page


def test_a_stage_knows_from_the_start_what_it_would_ask_for(make: Callable[..., Exhibit]) -> None:
    """Where our routes are, which page comes first, and all that stage.json says."""
    exhibit = make(text=AHEAD)
    opened = exhibit.opened()
    assert json.loads(opened["data-stage"]) == exhibit.told()
    assert (opened["data-prefix"], opened["data-page"], opened["data-display"]) == (
        "", "/welcome", "",
    )  # fmt: skip


def test_a_stage_below_a_prefix(make: Callable[..., Exhibit]) -> None:
    """Behind a proxy that serves the exhibit below a path, all paths begin with it."""
    exhibit = make()
    answer = exhibit.client.get(
        "/gpiobridge/stage?page=/kiosk/open", environ_overrides={"SCRIPT_NAME": "/kiosk"}
    )
    opened = attributes_of(answer.text)
    assert (opened["data-prefix"], opened["data-page"]) == ("/kiosk", "/kiosk/open")
    assert json.loads(opened["data-stage"])["paths"]["still"] == "/kiosk/still"
    assert set(re.findall(r'(?:src|href)="(/.+?)/gpiobridge/', answer.text)) == {"/kiosk"}


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("/open", "/open"),
        ("/open?lang=de%26x=1", "/open?lang=de&x=1"),
        ("/%256fpen", "/open"),
        ("", "/welcome"),
        ("open", "/welcome"),
        ("/nothing", "/welcome"),
        ("/healthz", "/welcome"),
        ("/open/", "/welcome"),
        ("//open", "/welcome"),
        ("//elsewhere.example/open", "/welcome"),
        ("http://elsewhere.example/open", "/welcome"),
        ("http:///open", "/welcome"),
        ("javascript:/open", "/welcome"),
        ("//[", "/welcome"),
        ("/open%00", "/welcome"),
    ],
)
def test_a_stage_begins_with_a_page_of_the_bridge(
    make: Callable[..., Exhibit], asked: str, shown: str
) -> None:
    """With the one that is asked for, else with the start page; nothing else gets into a frame."""
    assert make().opened(f"?page={asked}")["data-page"] == shown


@pytest.mark.parametrize(
    ("given", "name"),
    [("kiosk", "kiosk"), ("a%22%3E%3Cb&#x27;", 'a"><b'), ("a%0ab", "ab"), ("x" * 70, "x" * 64)],
)
def test_the_name_of_a_stages_display(make: Callable[..., Exhibit], given: str, name: str) -> None:
    """It is read as that of a socket."""
    assert make().opened(f"?display={given}")["data-display"] == name


def test_a_stage_may_show_what_a_click_leads_to_and_nothing_frames_it(
    make: Callable[..., Exhibit],
) -> None:
    """Its own scripts and styles only; frames of any site; and no more permissions taken away."""
    answer = make('csp = "strict"').client.get("/gpiobridge/stage")
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-src"] == "'self' http: https: blob:"
    assert policy["frame-ancestors"] == "'self'"
    page = make().client.get("/welcome")
    for header in ("Permissions-Policy", "Cache-Control"):
        assert answer.headers[header] == page.headers[header]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search("<script(?![^>]+src=)|<style| style=| on[a-z]+=", answer.text)


def test_a_stage_is_for_whoever_may_see_the_pages(make: Callable[..., Exhibit]) -> None:
    """The token of its address goes into a cookie, with which the stage asks on."""
    exhibit = make(f'host = "0.0.0.0"\ntoken = "{TOKEN}"')
    for path in ("/gpiobridge/stage", "/gpiobridge/stage.json"):
        assert exhibit.client.get(path).status_code == 401
    assert exhibit.report('{"page": "open", "why": "slow"}')[0] == 401
    assert exhibit.client.get(f"/gpiobridge/stage?token={TOKEN}").status_code == 200
    assert exhibit.told()["held"] == []
    assert exhibit.report('{"page": "open", "why": "slow"}')[0] == 204


def test_another_site_has_no_say(make: Callable[..., Exhibit]) -> None:
    """Neither by its Origin, nor by a name that was rebound to this machine."""
    exhibit = make()
    body = '{"page": "open", "why": "slow"}'
    assert exhibit.report(body, Origin="http://elsewhere.example")[0] == 403
    assert exhibit.report(body, Origin="null")[0] == 403
    for path in ("/gpiobridge/stage", "/gpiobridge/stage.json"):
        answer = exhibit.client.get(path, headers={"Host": "elsewhere.example"})
        assert answer.status_code == 421
    assert exhibit.told()["held"] == []


def test_the_files_of_a_stage(make: Callable[..., Exhibit]) -> None:
    """Each is served with a strict policy, and kept for good under its version; no template is."""
    exhibit = make()
    text = exhibit.client.get("/gpiobridge/stage").text
    paths = [path for path in stage._FOLDER.rglob("*.*") if path.suffix != ".html"]
    files = sorted(path.relative_to(stage._FOLDER).as_posix() for path in paths)
    assert {"stage.js", "stage.css"} <= set(files)
    for name in files:
        answer = exhibit.client.get(f"/gpiobridge/stage/{name}?v=1", buffered=True)
        assert answer.status_code == 200
        assert (answer.cache_control.max_age or 0) > 30_000_000
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert re.search(r'<link rel="stylesheet" href="/gpiobridge/stage/stage\.css\?v=\w{12}">', text)
    assert re.search(
        r'<script type="module" src="/gpiobridge/stage/stage\.js\?v=\w{12}"></script>', text
    )
    assert exhibit.client.get("/gpiobridge/stage/stage.html").status_code == 404


# ------------------------------------------------------------------- what it is told


def test_what_a_stage_holds_ready_behind_each_page(make: Callable[..., Exhibit]) -> None:
    """What rules, levels and idle lead to and says prerender, if our script can keep it asleep."""
    told = make(text=AHEAD).told()
    assert told["ahead"] == {
        "welcome": ["/open", "/film"], "open": ["/welcome"], "film": [], "bare": [], "still": [],
    }  # fmt: skip
    assert told["paths"] == {
        name: f"/{name}" for name in ("welcome", "open", "film", "bare", "still")
    }
    assert (told["start"], told["transition"]) == ("/welcome", {"open": "fade"})
    assert (told["most"], told["fresh_s"], told["held"], told["alone"]) == (2, 300, [], [])


@pytest.mark.parametrize(
    ("asked", "most"), [("", 3), ("0", 0), ("1", 1), ("9", 3), ("-1", 3), ("x", 3), ("1.5", 3)]
)
def test_an_address_can_only_lower_how_many_pages_are_held(
    make: Callable[..., Exhibit], asked: str, most: int
) -> None:
    """A small machine asks for fewer pages; nobody asks for more."""
    exhibit = make("[stage]\nahead = 3")
    assert exhibit.told(f"?ahead={asked}")["most"] == most
    assert json.loads(exhibit.opened(f"?ahead={asked}")["data-stage"])["most"] == most


def test_an_answer_that_has_not_changed_is_not_sent_again(make: Callable[..., Exhibit]) -> None:
    """A stage asks every 2 s; an edited template, or a page that is held no more, is an answer."""
    exhibit = make(text=AHEAD)

    def ask() -> tuple[str, int]:
        first = exhibit.client.get("/gpiobridge/stage.json")
        assert first.headers["Cache-Control"] == "no-cache"
        same = {"If-None-Match": first.headers["ETag"]}
        return first.headers["ETag"], exhibit.client.get(
            "/gpiobridge/stage.json", headers=same
        ).status_code

    tags = {ask()[0]}
    assert ask() == (*tags, 304)
    exhibit.report('{"page": "open", "why": "slow"}')
    tags.add(ask()[0])
    folder = exhibit.client.application.extensions["gpiobridge"].running.settings.folder
    (folder / "templates" / "open.html").write_text("<p>edited, and longer than before")
    tags.add(ask()[0])
    assert len(tags) == 3


@pytest.mark.parametrize(
    ("server", "text"),
    [
        ("[stage]\nfresh = '1min'", CONFIG),
        ("[stage]\nahead = 1", CONFIG),
        ("", CONFIG.replace("[pages.still]", '[pages.still]\ntransition = "fade"')),
    ],
    ids=["fresh", "ahead", "transition"],
)
def test_other_settings_make_another_stage(
    make: Callable[..., Exhibit], server: str, text: str
) -> None:
    """An open stage is loaded anew; another run alone doesn't change it."""
    before = make().told()["stage"]
    assert make().told()["stage"] == before
    assert make(server, text).told()["stage"] != before


def test_another_file_or_version_makes_another_stage(
    make: Callable[..., Exhibit], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update under an open stage is noticed."""
    folder = tmp_path / "assets"
    shutil.copytree(stage._FOLDER, folder)
    exhibit = make()
    before = exhibit.told()["stage"]
    monkeypatch.setattr(stage, "_FOLDER", folder)
    versions = {before}
    for change in (
        lambda: None,
        lambda: (folder / "asleep" / "y.js").write_text("1"),
        lambda: (folder / "asleep" / "y.js").rename(folder / "asleep" / "z.js"),
        lambda: monkeypatch.setattr(stage, "__version__", "99"),
    ):
        change()
        stage._assets_version.cache_clear()
        versions.add(exhibit.told()["stage"])
    stage._assets_version.cache_clear()
    assert len(versions) == 4


def test_health_says_whether_the_kiosk_opens_the_stage(make: Callable[..., Exhibit]) -> None:
    """The launcher asks for it before it opens a page."""
    assert make().client.get("/healthz").get_json()["stage"] is True
    assert make("[stage]\nkiosk = false").client.get("/healthz").get_json()["stage"] is False


# ------------------------------------------------------------------- what it reports


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", '"page" must be the name of a page; pages: welcome, open, still.'),
        ("[]", '"page" must be the name of a page; pages: welcome, open, still.'),
        ('{"page": "/open", "why": "slow"}', '"page" must be the name of a page; pages: welcome,'),
        ('{"page": ["open"], "why": "slow"}', '"page" must be the name of a page; pages: welcome'),
        ('{"page": "open"}', '"why" must be one of "slow", "hung", "frames".'),
        ('{"page": "open", "why": "big"}', '"why" must be one of "slow", "hung", "frames".'),
        ('{"page": "open", "why": ["slow"]}', '"why" must be one of "slow", "hung", "frames".'),
        ('{"page": "open", "hwy": "slow"}', "'hwy' is unknown; the body has \"page\" and \"why\". "
         'Did you mean "why"?'),
        ('{"page": "open", "page": "still", "why": "slow"}', "'page' is in the body twice"),
    ],
)  # fmt: skip
def test_a_wrong_report_is_refused_in_a_sentence(
    make: Callable[..., Exhibit], body: str, said: str
) -> None:
    """And nothing is held back."""
    exhibit = make()
    status, sentence = exhibit.report(body)
    assert (status, sentence.count("\n")) == (400, 1)
    assert sentence.startswith(said)
    assert exhibit.told()["held"] == []


def test_a_report_that_is_too_long(make: Callable[..., Exhibit]) -> None:
    """It is not read further."""
    assert make().report(json.dumps({"page": "open", "why": "x" * 2000}))[0] == 413


@pytest.mark.parametrize(("why", "reason"), [("slow", "over 0.5 s"), ("hung", "hung or crashed")])
def test_a_page_that_held_the_browser_is_said_once(
    make: Callable[..., Exhibit], caplog: pytest.LogCaptureFixture, why: str, reason: str
) -> None:
    """In a run: with the reason and the remedy, whoever reports it how often."""
    exhibit = make()
    for address in ("127.0.0.1", "127.0.0.1", "192.168.1.20"):
        report = json.dumps({"page": "open", "why": why})
        assert exhibit.report(report, address)[0] == 204
    (line,) = [record.getMessage() for record in caplog.records if "held ready" in record.message]
    assert line.startswith("page open is not held ready behind other pages any more in this run: ")
    assert reason in line
    assert line.endswith("leave out prerender")


def test_a_slow_machine_slows_no_other_down(make: Callable[..., Exhibit]) -> None:
    """A report counts for the displays of its own machine."""
    exhibit = make()
    exhibit.report('{"page": "open", "why": "slow"}', "192.168.1.20")
    assert exhibit.told()["held"] == []
    answer = exhibit.client.get(
        "/gpiobridge/stage.json", environ_overrides={"REMOTE_ADDR": "192.168.1.20"}
    )
    assert answer.get_json()["held"] == ["open"]


def test_reports_take_bounded_memory() -> None:
    """The machine that has asked for nothing longest is forgotten; a stage asks every 2 s."""
    stages = Stages()
    stages.report(None, "first", "slow")
    for number in range(255):
        stages.report(f"10.0.0.{number}", "open", "slow")
    assert stages.held_back(None) == ["first"]
    stages.report("10.0.1.0", "open", "slow")
    assert stages.held_back("10.0.0.0") == []
    assert stages.held_back(None) == ["first"]


def test_a_proxy_may_forbid_frames_on_the_way_to_a_display(
    make: Callable[..., Exhibit], caplog: pytest.LogCaptureFixture
) -> None:
    """Only the stage can see that; from then on its page is opened by itself there."""
    exhibit = make(text=AHEAD)
    exhibit.report('{"page": "open", "why": "frames"}', "192.168.1.20")
    there = {"environ_overrides": {"REMOTE_ADDR": "192.168.1.20"}}
    told = exhibit.client.get("/gpiobridge/stage.json", **there).get_json()
    assert (told["alone"], told["held"], told["ahead"]["welcome"]) == (["open"], [], ["/film"])
    assert ' data-alone=""' in exhibit.client.get("/open", **there).text
    assert "data-alone" not in exhibit.client.get("/open").text
    assert exhibit.told()["alone"] == []
    assert "page open can't be shown on the stage" in caplog.text
    assert "a proxy before the bridge forbids frames" in caplog.text


# ------------------------------------------------------------------- pages in frames


@pytest.mark.parametrize("server", ["", 'csp = "strict"'], ids=["by our script", "by a header"])
def test_a_page_in_a_frame_loads_nothing_ahead(make: Callable[..., Exhibit], server: str) -> None:
    """Browsers don't do it there; a page alone still does, and caches keep the two apart."""
    client = make(server).client
    loads = {}
    for where in ("iframe", "document"):
        answer = client.get("/welcome", headers={"Sec-Fetch-Dest": where})
        assert answer.headers["Vary"] == "Sec-Fetch-Dest"
        loads[where] = "Speculation-Rules" in answer.headers or "data-next=" in answer.text
        assert 'data-version="' in answer.text
    assert loads == {"iframe": False, "document": True}
    assert "Vary" not in client.get("/still").headers


def test_a_page_in_a_frame_has_a_cursor(make: Callable[..., Exhibit]) -> None:
    """The first page of a stage needs it; one that waits behind another is handed a newer one."""
    exhibit = make()
    for headers in ({"Sec-Fetch-Dest": "iframe"}, {}):
        assert re.search(
            r' data-cursor="\w+:\d+"', exhibit.client.get("/open", headers=headers).text
        )
