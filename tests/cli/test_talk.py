"""The commands that talk to a bridge: what they ask for, say, and exit with."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from harness.answering_server import Answers
from harness.api_exhibit import (
    API_TOKEN,
    BOTH,
    EXHIBIT,
    GUARDED,
    LOCAL,
    LOCAL_GUARDED,
    OPEN_GUARDED,
    TOKEN,
    bearer,
)
from harness.bridge_process import Run
from harness.sockets import close_of, frame

from gpiobridge.cli import main

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def gpiobridge(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """A function that runs the command line in this process: exit code, stdout and stderr."""
    monkeypatch.setenv("GPIOBRIDGE_SERVER__TOKEN", "0123456789abcdef")

    def run(*args: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(args)
        assert isinstance(end.value.code, int)
        return (end.value.code, *capsys.readouterr())

    return run


@pytest.mark.parametrize(
    ("args", "path", "body", "count", "said"),
    [
        (["push", '"hello"'], "messages", {"data": "hello"}, 2, "sent to 2 displays"),
        (["push", "null", "--page", "open"], "messages", {"data": None, "page": "open"}, 1,
         "sent to 1 display"),
        (["push", "[1]", "--display", "a", "--exclude", "b", "--group", "g", "--retain", "k"],
         "messages", {"data": [1], "display": "a", "exclude": "b", "group": "g", "retain": "k"}, 0,
         "no such display is open: nothing was sent"),
        (["navigate", "open"], "navigate", {"to": "open"}, 1, "sent 1 display to open"),
        (["navigate", "open", "--page", "welcome", "--display", "a", "--exclude", "b"], "navigate",
         {"to": "open", "page": "welcome", "display": "a", "exclude": "b"}, 3,
         "sent 3 displays to open"),
        (["navigate", "open", "--display", "a"], "navigate", {"to": "open", "display": "a"}, 0,
         "nothing was sent: no such display is open, or all of them show open already, or are "
         "closed by the opening hours"),
    ],
)  # fmt: skip
def test_push_and_navigate(
    gpiobridge: Command, args: list[str], path: str, body: dict[str, Any], count: int, said: str
) -> None:
    """The command asks with the token and the keys that were given, and says how many."""
    answers = Answers(200, json.dumps({"displays": count}))
    try:
        done = gpiobridge(*args, "--url", f"127.0.0.1:{answers.server_port}/")
    finally:
        answers.stop()
    assert done == (0, f"{said}\n", "")
    [(asked, headers, sent)] = answers.asked
    assert (asked, json.loads(sent)) == (f"/api/{path}", body)
    assert headers["Authorization"] == "Bearer 0123456789abcdef"
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(("args", "play"), [(["rain"], True), (["rain", "--stop"], False)])
def test_sound(gpiobridge: Command, args: list[str], play: bool) -> None:
    """The command asks with the token, and says nothing if all is well."""
    answers = Answers(204, "")
    try:
        done = gpiobridge("sound", *args, "--url", f"127.0.0.1:{answers.server_port}/")
    finally:
        answers.stop()
    assert done == (0, "", "")
    [(asked, headers, sent)] = answers.asked
    assert (asked, json.loads(sent)) == ("/api/sounds/rain", {"play": play})
    assert headers["Authorization"] == "Bearer 0123456789abcdef"


@pytest.mark.parametrize(
    "text", ["hello", "", "NaN", "{'a': 1}", '{"a": 1, "a": 2}', "[" * 100_000]
)
def test_push_wants_json(gpiobridge: Command, text: str) -> None:
    """Text without its quotes, or a key that is there twice, is refused here (row 14)."""
    code, _, said = gpiobridge("push", text)
    assert (code, "Traceback" in said) == (2, False)
    assert "text needs its quotes: '\"hello\"'" in said


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, "There is no page 'x'; pages: a.\n", "the bridge answered 404: There is no page 'x'"),
        (200, "hello", "is not a gpiobridge"),
        (200, '{"displays": "many"}', "is not a gpiobridge"),
    ],
)
def test_push_is_refused(gpiobridge: Command, status: int, body: str, said: str) -> None:
    """What the bridge says against it is the one line on stderr."""
    answers = Answers(status, body)
    try:
        code, _, told = gpiobridge("push", "1", "--url", f"http://127.0.0.1:{answers.server_port}")
    finally:
        answers.stop()
    assert (code, told.count("\n")) == (1, 1)
    assert said in told


@pytest.mark.parametrize(
    ("server", "environ", "options"),
    [
        ("", {}, []),
        (GUARDED, {}, ["--token", TOKEN]),
        (LOCAL_GUARDED, {}, ["--api-token", API_TOKEN]),
        (OPEN_GUARDED, {"GPIOBRIDGE_SERVER__API_TOKEN": API_TOKEN}, []),
        (BOTH, {"GPIOBRIDGE_SERVER__TOKEN": TOKEN}, ["--api-token", API_TOKEN]),
    ],
)
def test_press_presses_a_virtual_pin(
    share_bridge: Run,
    server: str,
    environ: dict[str, str],
    options: list[str],
) -> None:
    """It goes active and inactive again, with whichever token the API asks for."""
    token = TOKEN if f'\ntoken = "{TOKEN}"' in server else ""
    bridge = share_bridge(server=server, config=EXHIBIT, token=token)
    headers = bearer(TOKEN) if token else {}
    with bridge.socket("still", additional_headers=headers) as ws:
        frame(ws, "state")
        done = CliRunner().invoke(
            main, ["press", "bell", "--for", "50ms", "--url", bridge.url, *options], env=environ
        )
        assert (done.exit_code, done.output) == (0, "")
        assert [frame(ws, "edge")["event"] for _ in range(3)] == ["low", "high", "tap"]


def test_press_says_which_token_is_missing(share_bridge: Run, tmp_path: Path) -> None:
    """Where a command line has it from, if it finds no key of the bridge (row 44)."""
    bridge = share_bridge(server=LOCAL_GUARDED, config=EXHIBIT)
    elsewhere = {"XDG_RUNTIME_DIR": str(tmp_path / "none"), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "gpiobridge", "press", "bell", "--url", bridge.url],
        capture_output=True, text=True, timeout=20, check=False, env=os.environ | elsewhere,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == (
        "gpiobridge: the bridge answered 401: The API asks for its token, server.api_token: "
        "set GPIOBRIDGE_SERVER__API_TOKEN, or add --api-token\n"
    )


@pytest.mark.parametrize(
    ("duration", "said"),
    [
        ("20min", '"20min" is not a time for a press; write one above 0s and of at most 10min'),
        (
            "9999999s",
            '"9999999s" is not a time for a press; write one above 0s and of at most 10min',
        ),
        ("0s", '"0s" is not a time for a press; write one above 0s and of at most 10min'),
        ("1,5s", '"1,5s": has a comma; write "1.5s"'),
        ("20", '"20": needs a unit; write "20ms" or "20s"'),
    ],
)
def test_press_says_which_time_it_takes(gpiobridge: Command, duration: str, said: str) -> None:
    """A time that no press can last is refused here, with the longest (issue 14, point 2)."""
    code, _, told = gpiobridge("press", "hook", "--for", duration, "--url", "127.0.0.1:9")
    assert code == 2
    *_, sentence, hint = told.splitlines()
    assert sentence == f"gpiobridge: Invalid value for '--for': {said}"
    assert hint.endswith("press --help shows how to use it")


@pytest.mark.parametrize("pin", ["bell", "button"])
def test_the_command_says_that_a_press_would_be_none(share_bridge: Run, pin: str) -> None:
    """Exit code 1, and the bridge's own sentence (row 15)."""
    bridge = share_bridge(server=LOCAL, config=EXHIBIT.replace('"5ms"', '"20ms"'))
    done = CliRunner().invoke(main, ["press", pin, "--for", "10ms", "--url", bridge.url])
    assert (done.exit_code, done.output) == (
        1,
        f"gpiobridge: the bridge answered 400: pin '{pin}': a press of 10ms is shorter than the "
        "pin's debounce of 20ms, so it would be no event: make it 20ms or longer, or the debounce "
        "shorter.\n",
    )


@pytest.mark.parametrize("pin", ["bell", "button"])
def test_the_command_presses_for_as_long_as_the_debounce_at_least(
    share_bridge: Run, pin: str
) -> None:
    """What the greeting prints works for a pin with a debounce beyond 150 ms, too (rows 15, 39)."""
    text = EXHIBIT.replace("[pins]\nbutton", '[pins.button]\ndebounce = "5ms"\npin')
    bridge = share_bridge(server=LOCAL, config=text.replace('"5ms"', '"200ms"'))
    with bridge.socket("still") as ws:
        frame(ws, "state")
        done = CliRunner().invoke(main, ["press", pin, "--url", bridge.url])
        assert (done.exit_code, done.output) == (0, "")
        assert [frame(ws, "edge")["event"] for _ in range(2)] == ["low", "high"]


def test_push_and_navigate_commands(share_bridge: Run) -> None:
    """They say how many displays they are for, and a refusal in one sentence."""
    bridge = share_bridge(server=LOCAL_GUARDED, config=EXHIBIT)
    run = CliRunner(env={"GPIOBRIDGE_SERVER__API_TOKEN": API_TOKEN}).invoke
    with bridge.socket("still") as ws:
        frame(ws, "state")
        done = run(main, ["push", '{"a": [1]}', "--page", "still", "--url", bridge.url])
        assert (done.exit_code, done.output) == (0, "sent to 1 display\n")
        assert frame(ws) == {"type": "message", "data": {"a": [1]}}
        done = run(main, ["navigate", "nosuch", "--url", bridge.url])
        assert (done.exit_code, done.output) == (
            1,
            "gpiobridge: the bridge answered 400: to = 'nosuch': there is no such page; "
            "pages: welcome, open, still.\n",
        )
        done = run(main, ["navigate", "open", "--url", bridge.url])
        assert (done.exit_code, done.output) == (0, "sent 1 display to open\n")
        assert close_of(ws) == (4000, "/open")
    done = CliRunner().invoke(main, ["push", "1", "--url", bridge.url])
    assert done.exit_code == 0  # by the key of this run
