"""The list of displays: what it tells, to whom, and how people see it."""

import json
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.exhibit import write_exhibit
from harness.sockets import frame
from test_named_displays import CONFIG, display

VIEWERS, PROGRAMS = "viewers-token-of-a-test", "programs-token-of-a-test"
JSON = {"Accept": "application/json"}


@pytest.fixture
def bridge(share_bridge: Run) -> BridgeProcess:
    """A bridge with two named displays; the tests share it."""
    return share_bridge(config=CONFIG)


def test_nobody(bridge: BridgeProcess) -> None:
    """Those that the configuration names are missed after a while only: tests/loop."""
    assert bridge.listed()["displays"] == []


def test_what_is_told_of_a_display(bridge: BridgeProcess) -> None:
    """Named ones first, in the order of the file; addresses for who may use the API."""
    with (
        bridge.socket("still", "?visible=false"),
        display(bridge, "phone"),
        display(bridge, "left") as left,
    ):
        state = {"type": "shown", "cursor": "0:0"}
        left.send(json.dumps(state))
        wait_until(lambda: bridge.listed()["displays"][0]["shown"])
        told = bridge.listed()["displays"]
        for each in told:
            assert 0 <= each.pop("heard") <= each.pop("since") < 60
    rest = {"shown": False, "visible": True, "group": "", "address": "127.0.0.1"}
    assert told == [
        {**rest, "name": "left", "group": "wall", "page": "welcome", "shown": True},
        {**rest, "name": "phone", "page": "welcome"},
        {**rest, "name": "", "page": "still", "visible": False},
    ]


def test_the_simulator_is_no_display(bridge: BridgeProcess) -> None:
    """Even if the tab has a name."""
    with bridge.socket("simulator", "?display=left"):
        wait_until(lambda: len(bridge.displays()) == 1)
        assert bridge.listed()["displays"] == []


def test_since_when_a_display_is_on_its_page(bridge: BridgeProcess) -> None:
    """Its page's next socket goes on; the next page begins anew."""

    def since(query: str, page: str = "welcome") -> tuple[float, str]:
        """How long the display is there, and its seat."""
        with bridge.socket(page, f"?display=left{query}") as socket:
            seat = frame(socket, "state")["seat"]
            (told,) = bridge.listed()["displays"]
            return told["since"], f"&seat={seat}"

    first, seat = since("")
    again, seat = since(f"{seat}&since=0:0")
    other, _ = since(seat, "open")
    assert again > first
    assert other < again


def test_who_may_know_addresses(run_bridge: Run, tmp_path: Path) -> None:
    """Who may look sees the displays; whose they are, is for programs with their token."""
    server = f'token = "{VIEWERS}"\napi_token = "{PROGRAMS}"'
    config = CONFIG.replace('api = "local"\n', "{server}\n")
    bridge = run_bridge(config=write_exhibit(tmp_path, server, config))
    assert bridge.get("/gpiobridge/displays", **JSON)[0] == 401
    headers = {"Authorization": f"Bearer {VIEWERS}"}
    with bridge.socket("welcome", "?display=left", additional_headers=headers):
        wait_until(lambda: bool(bridge.listed(**headers)["displays"]))
        assert "address" not in bridge.listed(**headers)["displays"][0]
        page = bridge.get("/gpiobridge/displays", **headers)[1]
        assert "left" in page
        assert "address" not in page
        programs = {"Authorization": f"Bearer {PROGRAMS}"}
        status, _ = bridge.get("/gpiobridge/displays", **JSON, **programs)
        assert status == 401  # who may use the API may not look, unless it has that token, too
        both = f"/gpiobridge/displays?token={VIEWERS}"
        status, text = bridge.get(both, **JSON, **programs)
        assert (status, json.loads(text)["displays"][0]["address"]) == (200, "127.0.0.1")


def test_the_page(bridge: BridgeProcess) -> None:
    """For everybody who doesn't ask for JSON; names are text, whatever is in them."""
    with display(bridge, "%3Cb%3Ex"), display(bridge, "left"):
        status, page = bridge.get("/gpiobridge/displays", Accept="text/html,*/*;q=0.8")
        assert bridge.get("/gpiobridge/displays")[1].startswith("<!doctype html>")
    assert status == 200
    assert "&lt;b&gt;x" in page
    assert "<b>" not in page
    assert page.count("<strong>not shown</strong>") == 2


def test_the_page_is_ours(run_bridge: Run, tmp_path: Path) -> None:
    """Whatever an exhibit calls its own."""
    config = write_exhibit(tmp_path, config=f"{CONFIG}[pages.displays]\n")
    (tmp_path / "templates" / "displays.html").write_text("<h1>the exhibit's own</h1>")
    bridge = run_bridge(config=config)
    assert "<h1>Displays</h1>" in bridge.get("/gpiobridge/displays")[1]
    assert "the exhibit's own" in bridge.get("/displays")[1]


def test_the_page_renews_itself(share_bridge: Run, page: Any) -> None:
    """And says so while it can't."""
    bridge = share_bridge(config=CONFIG)
    page.clock.install()

    def wait_for(what: Any) -> None:
        """Let time pass in the page until something can be seen."""

        def is_there() -> bool:
            page.clock.run_for(500)
            return bool(what.is_visible())

        wait_until(is_there)

    page.goto(f"{bridge.url}/gpiobridge/displays?token=x")
    page.get_by_text("No display is open.").wait_for()
    assert page.url == f"{bridge.url}/gpiobridge/displays"  # no token stays on the screen
    with display(bridge, "left"):
        wait_for(page.get_by_role("row", name="left"))
        page.route("**/gpiobridge/displays", lambda route: route.abort())
        wait_for(page.get_by_text("The bridge does not answer"))
        assert page.get_by_role("row", name="left").is_visible()
        page.unroute("**/gpiobridge/displays")
        wait_for(page.locator(".error[hidden] ~ main"))
