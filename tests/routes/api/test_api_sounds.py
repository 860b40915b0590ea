"""Sounds by the API and by Python: their frames, to whom they come, and what is refused."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from harness.api_exhibit import LOCAL
from harness.bridge_process import BridgeProcess
from harness.served_application import served as served_here
from harness.sockets import close_of, frame
from harness.sounds import write_sounds
from websockets.sync.client import connect

from gpiobridge import GpioBridge
from gpiobridge.errors import GpioBridgeError

SOUNDS = """\
[server]
start = "welcome"
{server}
[pins.bell]
source = "http"
debounce = "0ms"
[sounds.rain]
file = "static/rain.wav"
loop = true
[sounds.click]
file = "static/click.wav"
[pages.welcome]
sound.rain = true
on_low.bell = {{ to = "open", sound = "click" }}
[pages.open]
[pages.still]
"""


@pytest.fixture
def bridge(tmp_path: Path, exhibit: Callable[..., BridgeProcess]) -> BridgeProcess:
    """A bridge with two sounds, whose API asks programs of this machine for nothing."""
    write_sounds(tmp_path)
    return exhibit(text=SOUNDS)


def play(bridge: BridgeProcess, sound: str, body: bytes = b"") -> tuple[int, str]:
    """Order a sound."""
    return bridge.request(f"/api/sounds/{sound}", body)


def test_every_display_hears_an_order(bridge: BridgeProcess) -> None:
    """Once, on whatever page it is; the log says so."""
    with bridge.socket("welcome") as one, bridge.socket("open") as two:
        frame(one, "state")
        frame(two, "state")
        for body, plays in ((b"", True), (b"{}", True), (b'{"play": false}', False)):
            assert play(bridge, "rain", body) == (204, "")
            expected = {"type": "sound", "sound": "rain", "play": plays}
            assert [frame(one), frame(two)] == [expected, expected]
    bridge.wait_for_line("INFO .*sound rain is played on 2 displays")
    bridge.wait_for_line("INFO .*sound rain ends on 2 displays")


def test_what_is_refused(bridge: BridgeProcess) -> None:
    """An unknown sound with 404, any other body with 400: to begin is no answer to nonsense."""
    assert play(bridge, "rian") == (404, "There is no sound 'rian'; sounds: rain, click.\n")
    said = 'The body must be {"play": true} or {"play": false}, or empty.\n'
    for body in (b"x", b"[]", b'{"play": 0}', b'{"plays": true}', b'{"play": true, "for": "2s"}'):
        assert play(bridge, "rain", body) == (400, said), body
    assert play(bridge, "rain", b" " * 2000)[0] == 413
    assert bridge.get("/api/sounds/rain")[0] == 405


def test_a_display_between_two_pages_misses_nothing(bridge: BridgeProcess) -> None:
    """A function plays a sound just when the press closes the socket: the next socket hears it."""
    with bridge.socket("welcome") as before:
        seat = frame(before, "state")["seat"]
        bridge.request("/api/pins/bell", b'{"level": "low"}')
        assert close_of(before)[0] == 4000
    assert play(bridge, "click")[0] == 204
    assert play(bridge, "rain")[0] == 204
    assert play(bridge, "rain", b'{"play": false}')[0] == 204
    with bridge.socket("open", query=f"?seat={quote(seat)}") as after:
        seat = frame(after, "state")["seat"]
        assert [frame(after), frame(after)] == [
            {"type": "sound", "sound": "click", "play": True},
            {"type": "sound", "sound": "rain", "play": False},
        ]
    with (
        bridge.socket("still", query=f"?seat={quote(seat)}") as later,
        bridge.socket("open") as new,
    ):
        frame(later, "state")
        frame(new, "state")
        play(bridge, "click")
        for display in (later, new):
            assert frame(display) == {"type": "sound", "sound": "click", "play": True}


@pytest.fixture
def client(tmp_path: Path, served: Callable[..., FlaskClient]) -> FlaskClient:
    """A client of an exhibit with two sounds."""
    write_sounds(tmp_path)
    return served(LOCAL, SOUNDS)


def test_a_page_is_told_its_sounds(client: FlaskClient, tmp_path: Path) -> None:
    """Where they are, those of the page and those of its rules; an address names the version."""
    told = _told(client, "/welcome")
    assert (told["page"], told["rules"]) == (["rain"], {"bell": {"low": "click"}})
    assert {name: (s["loop"], s["volume"]) for name, s in told["all"].items()} == {
        "rain": (True, 1.0),
        "click": (False, 1.0),
    }
    rain = told["all"]["rain"]["url"]
    with client.get(rain) as answer:
        assert answer.data == (tmp_path / "static" / "rain.wav").read_bytes()
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    with client.get(rain.partition("?")[0]) as answer:
        assert "immutable" not in answer.headers["Cache-Control"]
    (tmp_path / "static" / "rain.wav").write_bytes(b"another")
    assert _told(client, "/welcome")["all"]["rain"]["url"] != rain
    (tmp_path / "static" / "rain.wav").unlink()
    assert client.get(_told(client, "/welcome")["all"]["rain"]["url"]).status_code == 404
    assert client.get("/gpiobridge/sounds/rian").status_code == 404


def test_a_stage_is_told_them(client: FlaskClient) -> None:
    """With the pages that have them."""
    told = client.get("/gpiobridge/stage.json").get_json()
    assert list(told["sounds"]) == ["rain", "click"]
    assert told["sound"] == {"welcome": ["rain"]}


def test_without_sounds_a_page_is_as_it_was(served: Callable[..., FlaskClient]) -> None:
    """Its tag says nothing of them."""
    assert "data-sounds" not in served().get("/welcome").text


def test_a_broken_sound_is_logged_once(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """However many browsers say so; a sound that isn't there is 404."""
    for _ in range(3):
        assert client.post("/gpiobridge/sounds/rain/broken").status_code == 204
    assert client.post("/gpiobridge/sounds/rian/broken").status_code == 404
    assert [r.getMessage() for r in caplog.records if "sound" in r.getMessage()] == [
        "sound rain: a browser can't play static/rain.wav, so it is silent there; save it anew, as "
        ".wav or .ogg"
    ]


def _told(client: FlaskClient, path: str) -> dict[str, dict[str, dict[str, str]]]:
    text = client.get(path).text.partition('data-sounds="')[2].partition('"')[0]
    told: dict[str, dict[str, dict[str, str]]] = json.loads(text.replace("&quot;", '"'))
    return told


@pytest.fixture
def application(tmp_path: Path) -> Iterator[tuple[GpioBridge, int]]:
    """An application with a sound, and its port."""
    write_sounds(tmp_path)
    app = Flask(__name__, root_path=str(tmp_path))
    bridge = GpioBridge(app, config={"sounds": {"rain": {"file": "static/rain.wav"}}})

    @app.get("/")
    @bridge.page("welcome", sound={"rain": True})
    def welcome() -> str:
        return "<h1>welcome</h1>"

    with served_here(app, bridge) as port:
        yield bridge, port


def test_an_application_plays_a_sound(application: tuple[GpioBridge, int]) -> None:
    """From any thread; an unknown sound is a KeyError that names the others."""
    bridge, port = application
    with pytest.raises(GpioBridgeError):
        list(bridge.sounds)
    bridge.start()
    assert list(bridge.sounds) == ["rain"]
    assert len(bridge.sounds) == 1
    assert bridge.sounds["rain"].name == "rain"
    with pytest.raises(KeyError, match="there is no sound 'rian'; sounds: rain"):
        bridge.sounds["rian"]
    with connect(f"ws://127.0.0.1:{port}/ws/welcome") as socket:
        frame(socket, "state")
        bridge.sounds["rain"].play()
        bridge.sounds["rain"].stop()
        assert [frame(socket, "sound")["play"] for _ in range(2)] == [True, False]
