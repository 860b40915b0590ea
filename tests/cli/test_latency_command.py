"""`gpiobridge latency`: what it asks, prints, and exits with."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from harness.answering_server import Answers
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.sockets import close_of, frame

from gpiobridge.cli import main
from gpiobridge.client import asking

STAGES = {
    "debounce": {"p50": 20.0, "p95": 20.4},
    "dwell": {"p50": 0.0, "p95": 0.0},
    "wake_up": {"p50": 0.2, "p95": 3.1},
    "send": {"p50": 0.3, "p95": 1.0},
    "navigation": {"p50": 29.5, "p95": 40.0},
    "paint": {"p50": 30.0, "p95": 61.2},
}
TOLD = {
    "count": 12,
    "p50": 80.0,
    "p95": 118.2,
    "not_shown": 0,
    "stages": STAGES,
    "displays": {"kiosk": {"count": 12, "p50": 80.0, "p95": 118.2}},
}
NONE: dict[str, Any] = {"p50": None, "p95": None}
NOTHING = {
    **NONE,
    "count": 0,
    "not_shown": 0,
    "stages": dict.fromkeys(STAGES, NONE),
    "displays": {},
}


def asked(answer: dict[str, Any] | str, *options: str, status: int = 200) -> Result:
    """Run the command against a bridge that answers so."""
    text = answer if isinstance(answer, str) else json.dumps(answer, sort_keys=True)  # as Flask
    answers = Answers(status, text)
    try:
        done = CliRunner().invoke(
            main, ["latency", f"127.0.0.1:{answers.server_port}", *options], prog_name="gpiobridge"
        )
    finally:
        answers.stop()
    assert [path for path, *_ in answers.asked] == ["/gpiobridge/latency"]
    return done


def test_it_says_how_long_and_where_the_time_goes() -> None:
    """A row for each stage, with a bar that begins where the one before ends."""
    done = asked(TOLD)
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "press to shown: p50 80 ms, p95 118 ms, of 12",
        "",
        "stage       p50     p95     where the time goes",
        "----------  ------  ------  ------------------------------",
        "debounce    20 ms   20 ms   ########                        the level must hold",
        "wake-up     0.2 ms  3.1 ms          #                       the watcher's turn",
        "send        0.3 ms  1.0 ms          #                       its frame goes out",
        "navigation  30 ms   40 ms           ###########             the next page comes",
        "paint       30 ms   61 ms                      ###########  it is painted",
        "",
        "display  p50    p95     presses",
        "-------  -----  ------  -------",
        "kiosk    80 ms  118 ms  12",
    ]


def test_a_dwell_has_its_row() -> None:
    """Behind the debounce; an exhibit without one has no such row."""
    stages = {**STAGES, "dwell": {"p50": 400.0, "p95": 401.0}}
    said = asked({**TOLD, "stages": stages}).output.splitlines()
    of_debounce = next(at for at, line in enumerate(said) if line.startswith("debounce "))
    assert said[of_debounce + 1].startswith("dwell       400 ms  401 ms   ##")
    assert said[of_debounce + 1].endswith("  it must last, by dwell or cooldown")


def test_a_bridge_of_before_the_dwell_is_understood() -> None:
    """Its debounce has that time in it."""
    before = {name: each for name, each in STAGES.items() if name != "dwell"}
    assert asked({**TOLD, "stages": before}).output == asked(TOLD).output


def test_displays_without_names_have_no_table() -> None:
    """And a display that has shown nothing is told."""
    done = asked({**TOLD, "displays": {}, "not_shown": 1})
    assert "display  p50" not in done.output
    assert done.output.startswith(
        "press to shown: p50 80 ms, p95 118 ms, of 12; 1 display has shown nothing within 10 s "
        "(the log says which)\n"
    )


def test_an_exhibit_without_a_press_has_nothing_to_tell() -> None:
    """That is no failure."""
    done = asked(NOTHING)
    assert done.exit_code == 0
    assert done.output == (
        "no press has led a page to the screen since the bridge was started; press, and ask again\n"
    )


def test_programs_get_the_answer_as_it_is() -> None:
    """With or without a press."""
    for told in (TOLD, NOTHING):
        assert json.loads(asked(told, "--json").output) == told


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (200, "<h1>hello</h1>", "is not a gpiobridge"),
        (200, '{"status": "ok"}', "is not a gpiobridge"),
        (401, "This bridge asks for its token.", "asks for its token"),
    ],
)
def test_what_does_not_answer_is_named(status: int, answer: str, said: str) -> None:
    """In one sentence, with exit code 1."""
    done = asked(answer, status=status)
    assert done.exit_code == 1
    assert said in done.output
    assert len(done.output.splitlines()) == 1


@pytest.fixture
def lost() -> Iterator[str]:
    """The address of a server that has nothing."""
    answers = Answers(404, "There is no such page.")
    yield f"http://127.0.0.1:{answers.server_port}"
    answers.stop()


def test_an_older_bridge_is_named(lost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has its health, but no such figures; the remedy is to upgrade it."""
    monkeypatch.setattr(asking, "health", lambda *_args, **_more: {"pins": {}})
    done = CliRunner().invoke(main, ["latency", lost], prog_name="gpiobridge")
    assert done.exit_code == 1
    assert done.output == (
        f"gpiobridge: the bridge at {lost} measures no presses: it is older than version 0.3; "
        "upgrade it\n"
    )


def test_an_address_without_a_bridge_is_not_an_older_bridge(lost: str) -> None:
    """Such as the address of a page: the sentence asks for the right one."""
    done = CliRunner().invoke(main, ["latency", f"{lost}/welcome"], prog_name="gpiobridge")
    assert done.exit_code == 1
    assert done.output == (
        f"gpiobridge: there is no bridge at {lost}/welcome: {lost}/welcome/healthz answered 404; "
        "give the bridge's address with --url, without a page\n"
    )


def test_two_addresses_are_one_too_many() -> None:
    """As with `watch`."""
    done = CliRunner().invoke(main, ["latency", "127.0.0.1:1", "--url", "127.0.0.1:1"])
    assert done.exit_code == 2
    assert "leave one of them out" in done.output


def test_a_running_exhibit_is_asked_with_the_key_of_its_run(run_bridge: Run) -> None:
    """A display that is moved, comes and says that it is shown; the token isn't needed here."""
    bridge: BridgeProcess = run_bridge(server='token = "0123456789abcdef"')
    bridge.token = "0123456789abcdef"
    with bridge.socket("welcome", "?display=kiosk&token=0123456789abcdef") as socket:
        seat = frame(socket, "state")["seat"]
        bridge.set_level("button", "low")
        edge = frame(socket, "edge")
        assert close_of(socket) == (4000, "/open")
    query = f"?display=kiosk&seat={seat}&token=0123456789abcdef"
    with bridge.socket("open", query) as socket:
        cursor = f"{frame(socket, 'state')['epoch']}:{edge['seq']}"
        socket.send(json.dumps({"type": "shown", "cursor": cursor, "ms": 85}))
        bridge.wait_for_line('#1 button: shown by display "kiosk" on open after ')
        wait_until(lambda: bridge.health()["displays"][0]["shown"] is not None)
        ms = bridge.health()["displays"][0]["shown"]["ms"]
        done = CliRunner().invoke(main, ["latency", bridge.url, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert told["count"] == told["displays"]["kiosk"]["count"] == 1
    assert told["p50"] == told["p95"] == pytest.approx(ms, abs=1)
    assert sum(stage["p50"] for stage in told["stages"].values()) == pytest.approx(ms, abs=2)
    assert ms >= 105  # with the debounce
