"""`gpiobridge output NAME STATE`: what it asks for, says, and exits with."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from harness.answering_server import Answers
from harness.api_exhibit import API_TOKEN, BOTH, EXHIBIT, GUARDED, LOCAL, LOCAL_GUARDED, TOKEN
from harness.bridge_process import Run
from harness.deadline import wait_until

from gpiobridge.cli import main

LAMPS = EXHIBIT + "[outputs]\nlamp = 22\n[outputs.button-lamp]\npin = 24\n" + 'follows = "button"\n'
DOWN = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("args", "path", "body"),
    [
        (["lamp", "on"], "lamp", {"state": "on"}),
        (["lamp", "pulse", "--for", "1500ms"], "lamp", {"state": "pulse", "for": "1.5s"}),
        (["lamp", "blink", "--for", "24h"], "lamp", {"state": "blink", "for": "1d"}),
        (["left lamp/1", "off"], "left%20lamp%2F1", {"state": "off"}),
    ],
)
def test_the_command_asks_for_a_state(args: list[str], path: str, body: dict[str, Any]) -> None:
    """With the API's token, and nothing that wasn't given; a lamp that is lit needs no words."""
    answers = Answers(204, "")
    url = f"http://127.0.0.1:{answers.server_port}"
    try:
        done = CliRunner().invoke(
            main, ["output", *args, "--url", url, "--token", TOKEN, "--api-token", API_TOKEN]
        )
    finally:
        answers.stop()
    assert (done.exit_code, done.output) == (0, "")
    [(asked, headers, sent)] = answers.asked
    assert (asked, json.loads(sent)) == (f"/api/outputs/{path}", body)
    assert headers["Authorization"] == f"Bearer {API_TOKEN}"


@pytest.mark.parametrize(
    ("server", "environ", "options"),
    [
        ("", {}, []),  # by the key of this run
        (GUARDED, {}, ["--token", TOKEN]),
        (LOCAL_GUARDED, {}, ["--api-token", API_TOKEN]),
        (BOTH, {"GPIOBRIDGE_SERVER__API_TOKEN": API_TOKEN}, ["--token", TOKEN]),
    ],
)
def test_the_command_sets_an_output(
    share_bridge: Run, server: str, environ: dict[str, str], options: list[str]
) -> None:
    """With whichever token the API asks for."""
    token = TOKEN if f'\ntoken = "{TOKEN}"' in server else ""
    bridge = share_bridge(server=server, config=LAMPS, token=token)
    for state in ("on", "off"):
        done = CliRunner().invoke(
            main, ["output", "lamp", state, "--url", bridge.url, *options], env=environ
        )
        assert (done.exit_code, done.output) == (0, "")
        wait_until(lambda: bridge.health()["outputs"]["lamp"]["state"] == state)  # noqa: B023


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["lmap", "on"], "404: There is no output 'lmap'; outputs: lamp, button-lamp."),
        (
            ["button-lamp", "on"],
            '400: output "button-lamp" follows pin "button": it can be set for a time only; give '
            "one, such as 2s.",
        ),
    ],
)
def test_a_refusal_is_one_sentence(share_bridge: Run, args: list[str], said: str) -> None:
    """Exit code 1, and the bridge's own sentence."""
    bridge = share_bridge(server=LOCAL, config=LAMPS)
    done = CliRunner().invoke(main, ["output", *args, "--url", bridge.url])
    assert (done.exit_code, done.output) == (1, f"gpiobridge: the bridge answered {said}\n")


def test_without_a_bridge_the_command_says_so() -> None:
    """Exit code 1, as with press."""
    done = CliRunner().invoke(main, ["output", "lamp", "on", "--url", DOWN])
    assert done.exit_code == 1
    assert done.output.startswith(f"gpiobridge: no bridge answers at {DOWN}")
    assert done.output.count("\n") == 1


def test_the_command_says_which_token_is_missing(share_bridge: Run, tmp_path: Path) -> None:
    """Where a command line has it from, if it finds no key of the bridge."""
    bridge = share_bridge(server=LOCAL_GUARDED, config=LAMPS)
    elsewhere = {"XDG_RUNTIME_DIR": str(tmp_path / "none"), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "gpiobridge", "output", "lamp", "on", "--url", bridge.url],
        capture_output=True, text=True, timeout=20, check=False, env=os.environ | elsewhere,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == (
        "gpiobridge: the bridge answered 401: The API asks for its token, server.api_token: "
        "set GPIOBRIDGE_SERVER__API_TOKEN, or add --api-token\n"
    )


def test_without_a_token_the_command_is_named(share_bridge: Run, tmp_path: Path) -> None:
    """Who may not set an output learns with which user this command would."""
    bridge = share_bridge(config=LAMPS)
    elsewhere = {"XDG_RUNTIME_DIR": str(tmp_path / "none"), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "gpiobridge", "output", "lamp", "on", "--url", bridge.url],
        capture_output=True, text=True, timeout=20, check=False, env=os.environ | elsewhere,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the command gpiobridge needs no token" in done.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "Missing argument 'NAME'"),
        (["lamp"], "Missing argument 'STATE'"),
        (
            ["lamp", "up"],
            'Invalid value for \'STATE\': "up" must be "on", "off", "blink" or "pulse"',
        ),
        (
            ["lamp", "On"],
            'Invalid value for \'STATE\': "On" must be "on", "off", "blink" or '
            '"pulse"; did you mean "on"?',
        ),
        (
            ["lamp", "on", "--for", "0s"],
            "Invalid value for '--for': \"0s\" is not a time for an output; write one above 0s and "
            "of at most 1d",
        ),
        (
            ["lamp", "on", "--for", "25h"],
            "Invalid value for '--for': \"25h\" is not a time for an output; write one above 0s "
            "and of at most 1d",
        ),
        (["lamp", "on", "--for", "2"], "Invalid value for '--for': \"2\": needs a unit"),
    ],
)
def test_a_mistake_of_usage_asks_nobody(args: list[str], said: str) -> None:
    """Exit code 2, and where the help is."""
    done = CliRunner().invoke(main, ["output", *args, "--url", DOWN], prog_name="gpiobridge")
    assert done.exit_code == 2
    *_, sentence, hint = done.output.splitlines()
    assert sentence.startswith(f"gpiobridge: {said}")
    assert hint == "gpiobridge output --help shows how to use it"
