"""Where an application keeps its settings, and how what is wrong with them is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from harness.served_application import PINS, make_app

from gpiobridge import ConfigError, GpioBridge


def test_configuration_of_the_application(stop: Callable[[GpioBridge], None]) -> None:
    """app.config takes the tables of config.toml."""
    app, bridge = make_app(pins=None)
    app.config["GPIOBRIDGE"] = {"pins": PINS, "server": {"beat": "1s", "csp": "strict"}}
    stop(bridge)
    response = app.test_client().get("/")
    assert 'data-beat="1"' in response.text
    assert response.headers["Content-Security-Policy"].startswith("default-src 'self';")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"pins": {"button": "GPIO99"}}, "pins.button"),
        ({"pins": {}}, "there is no pin"),
        ({"pins": {17: "button"}}, "the name comes first"),
        ({"config": {"server": 5}}, "server"),
        ({"config": {"pages": []}}, "pages"),
    ],
)
def test_wrong_configuration_is_told_on_the_pages(options: dict[str, Any], said: str) -> None:
    """What is wrong is said at the start, and on the pages, not with a traceback."""
    app, bridge = make_app(**options)
    with pytest.raises(ConfigError, match=said):
        bridge.start()
    response = app.test_client().get("/")
    assert response.status_code == 503
    assert said in response.text
    bridge.stop()


def rooted(folder: Path, **options: Any) -> tuple[Flask, GpioBridge]:
    """An application of two pages whose own folder is ``folder``."""
    app = Flask(__name__, root_path=str(folder))
    bridge = GpioBridge(app, **options)
    app.add_url_rule("/", "welcome", bridge.page("welcome")(lambda: "<p>hello</p>"))
    app.add_url_rule("/open", "open", bridge.page("open", lockout="2s")(lambda: "<p>open</p>"))
    return app, bridge


CONFIG = """\
[server]
beat = "1s"
[pins]
button = 17
door = { pin = 27, pull = "down" }
[pages.welcome]
on_low.button = "open"
[pages.open]
lockout = "1s"
on_high.door = "welcome"
"""


@pytest.mark.parametrize("where", ["option", "app.config"])
def test_configuration_from_a_file(
    tmp_path: Path,
    where: str,
    stop: Callable[[GpioBridge], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The path is below the application's folder; views add to its rules, and go before them."""
    (tmp_path / "config.toml").write_text(CONFIG)
    monkeypatch.setenv("GPIOBRIDGE_SERVER__BEAT", "1500ms")
    if where == "option":
        _, bridge = rooted(tmp_path, config="config.toml")
    else:
        app, bridge = rooted(tmp_path)
        app.config["GPIOBRIDGE"] = "config.toml"
    bridge.start()
    stop(bridge)
    settings = bridge.running.settings
    assert settings.server.beat_s == 1.5
    assert list(settings.pins) == ["button", "door"]
    assert settings.pages["welcome"].rules == {("button", "low"): "open"}
    assert settings.pages["open"].rules == {("door", "high"): "welcome"}
    assert settings.pages["open"].lockout_s == 2.0


def test_all_problems_are_told_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the file, of a view and of the environment, each with its place."""
    text = CONFIG.replace('"1s"\n[pins]', '"3"\n[pins]').replace('= "open"', '= "opened"')
    (tmp_path / "config.toml").write_text(text)
    monkeypatch.setenv("GPIOBRIDGE_PINS__DOOR__PULL", "sideways")
    app, bridge = rooted(tmp_path, config="config.toml")
    app.add_url_rule("/x", "x", bridge.page("x", on_low={"buton": "open"})(lambda: ""))
    with pytest.raises(ConfigError) as wrong:
        bridge.start()
    for place in (
        'server.beat = "3"',
        "pages.welcome.on_low.button",
        "pages.x.on_low.buton",
        "GPIOBRIDGE_PINS__DOOR__PULL",
    ):
        assert [p for p in wrong.value.problems if place in p], wrong.value
    assert len(wrong.value.problems) == 4


@pytest.mark.parametrize("given", [5, ["config.toml"], b"config.toml"])
def test_configuration_of_a_wrong_type(given: Any) -> None:
    """It is said what it is and what it must be."""
    _, bridge = make_app(config=given)
    with pytest.raises(
        ConfigError, match=f"of type {type(given).__name__}; it must be a mapping like config.toml"
    ):
        bridge.start()


def test_configuration_file_that_is_not_there(tmp_path: Path) -> None:
    """The message has the whole path, and where a path begins."""
    _, bridge = rooted(tmp_path, config="lost.toml")
    said = rf"{tmp_path}/lost\.toml: there is no such file; .* application's folder, {tmp_path},"
    with pytest.raises(ConfigError, match=said):
        bridge.start()


def test_an_application_without_a_page() -> None:
    """It is told what an application writes, not what stands in a file that it doesn't have."""
    bridge = GpioBridge(Flask(__name__), pins=PINS)
    with pytest.raises(ConfigError, match=r'there is no page; put @bridge\.page\("welcome"\)'):
        bridge.start()
