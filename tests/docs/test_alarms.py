"""The alarms of docs/alarms.md, as printed, with a real browser that goes and comes back."""

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documents import ROOT, blocks
from harness.answering_server import Answers
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.exhibit import PAGE

from gpiobridge.alarms import caller
from gpiobridge.alarms.call import Call
from gpiobridge.alarms.command import VARIABLES
from gpiobridge.displays.alarm import Dead
from gpiobridge.loop import dead_screens

PAGE_OF_DOCS = ROOT / "docs" / "alarms.md"
TEXT = PAGE_OF_DOCS.read_text("utf-8")
ALARM_S = 40.0  # the shortest `after`, twice, with room for a busy machine


@pytest.fixture
def answers() -> Iterator[Answers]:
    """The owner's address."""
    server = Answers(200, "")
    yield server
    server.stop()


@pytest.fixture
def bridge(run_bridge: Run, tmp_path: Path, answers: Answers) -> BridgeProcess:
    """The configuration of the page, with pins and pages, and calls that stay on this machine."""
    config = blocks("toml", PAGE_OF_DOCS)[0].text
    for printed, here in (
        ('["/usr/bin/msmtp", "me@example.org"]', f'["/usr/bin/tee", "-a", "{tmp_path}/mail"]'),
        ("https://example.org/hooks/wall", f"http://127.0.0.1:{answers.server_port}/hooks/wall"),
    ):
        assert printed in config
        config = config.replace(printed, here)
    file = tmp_path / "config.toml"
    file.write_text(f'{config}after = "10s"\n[pins]\nbutton = 17\n[pages.sea]\n')
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "sea.html").write_text(PAGE.format(name="sea"))
    return run_bridge(config=file)


@pytest.mark.timeout(120)
def test_a_dead_screen_calls_once_and_once_more(
    bridge: BridgeProcess, answers: Answers, page: Any, tmp_path: Path
) -> None:
    """A tab that is closed, and opened again; the other screen has time to come for a minute."""
    left = page.context.new_page()
    left.goto(f"{bridge.url}/?display=left")

    def has_been_seen() -> bool:
        """Whether it has been on the screen for long enough to be noticed."""
        there = bridge.listed()["displays"]
        return any(each["shown"] and each["since"] > 2 * dead_screens.LOOK_S for each in there)

    wait_until(has_been_seen)
    wait_until(lambda: bridge.get("/healthz?strict")[0] == 200)
    left.close()
    wait_until(lambda: bridge.get("/healthz?strict")[0] == 503, ALARM_S)
    status, text = bridge.get("/healthz")
    assert status == 200
    (alarm,) = json.loads(text)["alarms"]
    assert (alarm["display"], alarm["alarm"]) == ("left", "missing")
    bridge.wait_for_line('alarm: display "left" is missing since ')
    wait_until(lambda: len(answers.asked) == 1)
    bridge.process.send_signal(signal.SIGHUP)
    bridge.wait_for_line("restarting with it")
    page.goto(f"{bridge.url}/?display=left")  # the port stays open meanwhile
    wait_until(lambda: bridge.get("/healthz?strict")[0] == 200, ALARM_S)
    bridge.wait_for_line('alarm over: display "left" is well again')
    wait_until(lambda: len(answers.asked) == 2)
    told = [json.loads(body) for path, _, body in answers.asked if path == "/hooks/wall"]
    assert [each["state"] for each in told] == ["raised", "over"]
    assert alarm.items() <= told[0].items()
    mail = tmp_path / "mail"
    wait_until(lambda: mail.read_text().splitlines() == [each["message"] for each in told])


def test_the_figures_of_the_page() -> None:
    """Times, bounds, names: those of the code."""
    pauses = [f"{pause_s:.0f}" for pause_s in caller.PAUSES_S[:-1]]
    assert f"after {', '.join(pauses[:-1])} and {pauses[-1]} seconds" in TEXT
    assert caller.PAUSES_S[-1] == 600.0
    assert caller.TRIED_FOR_S == 86_400.0
    assert f"At most {caller.MAX_WAITING} calls wait" in TEXT
    assert (dead_screens.START_S, dead_screens.MAX_WELL_S, dead_screens.CALM_S) == (60, 960, 3600)
    rows = re.findall(rf"^\| `(\w+)` \| `{VARIABLES}(\w+)` \|", TEXT, re.MULTILINE)
    assert [(name, name.upper()) for name in Call.test().facts] == rows
    assert all(f"| `{dead}` |" in TEXT for dead in Dead)
