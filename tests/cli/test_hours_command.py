"""`gpiobridge hours`: what it says, what it asks for, and how `check` shows the openings."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from harness.answering_server import Answers

from gpiobridge import config
from gpiobridge.cli import main
from gpiobridge.cli.checked import tables
from gpiobridge.cli.hours_report import hours_report

ONE = {"state": "closed", "next": "2026-11-30T09:30:00+01:00"}
SCREEN = {"screen": "off", "awake_until": None}


@pytest.mark.parametrize(
    ("args", "body"),
    [
        (["open"], {"hours": "open"}),
        (["open", "--for", "4h"], {"hours": "open", "for": "4h"}),
        (["close", "--for", "90min"], {"hours": "close", "for": "90min"}),
        (["auto"], {"hours": "auto"}),
    ],
)
def test_the_command_asks_for_it(args: list[str], body: dict[str, Any]) -> None:
    """With the API's token, and nothing that wasn't given."""
    answers = Answers(204, "")
    url = f"http://127.0.0.1:{answers.server_port}"
    try:
        done = CliRunner().invoke(main, ["hours", *args, "--url", url, "--api-token", "t" * 16])
    finally:
        answers.stop()
    assert (done.exit_code, done.output) == (0, "")
    [(asked, headers, sent)] = answers.asked
    assert (asked, json.loads(sent)) == ("/api/hours", body)
    assert headers["Authorization"] == f"Bearer {'t' * 16}"


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ({**ONE, "overruled_until": None, "displays": {}},
         "the exhibit is closed until Mon 2026-11-30 09:30"),
        ({"state": "unknown", "next": None, "overruled_until": None, "displays": {}},
         "the exhibit is as if it were open: nobody has set the clock of its machine yet"),
        ({"state": None, "next": None, "overruled_until": "2026-11-27T22:00:00+01:00",
          "displays": {"left": {"state": "open", "next": None}}},
         'display "left" is open\nthe opening hours are overruled until Fri 2026-11-27 22:00'),
        ({**ONE, "overruled_until": None, "displays": {}, "screens": {"": SCREEN}},
         "the exhibit is closed until Mon 2026-11-30 09:30\nthe screen is off"),
        ({**ONE, "next": None, "overruled_until": None, "displays": {}, "screens": {
            "": SCREEN, "left": {"screen": "on", "awake_until": None},
            "right": {"screen": "on", "awake_until": "2026-11-29T22:05:00+01:00"}}},
         "the exhibit is closed\nevery other screen is off\n"
         'the screen of display "right" is awake until Sun 2026-11-29 22:05'),
        (None, "there are no opening hours: the exhibit is always open; [hours] in config.toml "
         "sets them"),
    ],
)  # fmt: skip
def test_the_command_says_what_is_open(hours: dict[str, Any] | None, said: str) -> None:
    """In the time of the exhibit."""
    assert hours_report(hours) == said
    answers = Answers(200, json.dumps({"pins": {}, "hours": hours}))
    url = f"http://127.0.0.1:{answers.server_port}"
    try:
        done = CliRunner().invoke(main, ["hours", "--url", url])
    finally:
        answers.stop()
    assert (done.exit_code, done.output) == (0, f"{said}\n")


def test_an_older_bridge_has_none() -> None:
    """Exit code 1, and what to do."""
    answers = Answers(200, '{"pins": {}}')
    url = f"http://127.0.0.1:{answers.server_port}"
    try:
        done = CliRunner().invoke(main, ["hours", "--url", url])
    finally:
        answers.stop()
    assert done.exit_code == 1
    assert done.output == f"gpiobridge: the bridge at {url} knows no opening hours: upgrade it\n"


def shown(tmp_path: Path, text: str) -> str:
    """What `check` shows of a configuration, on a Tuesday at noon."""
    (tmp_path / "templates").mkdir()
    for page in ("welcome", "closed"):
        (tmp_path / "templates" / f"{page}.html").write_text("<body></body>")
    file = tmp_path / "config.toml"
    file.write_text(f"[pins]\nbutton = 17\n[pages.welcome]\n[pages.closed]\n{text}")
    now_s = datetime(2026, 12, 22, 12, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    return tables(config.load(file, environ={}), now_s)


def test_check_shows_the_next_openings(tmp_path: Path) -> None:
    """Of the exhibit, and of each display with hours of its own."""
    said = shown(
        tmp_path,
        '[hours]\nopen = ["Mon-Fri 09:30-17:00"]\nclosed = ["2026-12-24..2027-01-06"]\n'
        'page = "closed"\ntimezone = "Europe/Berlin"\n'
        "[displays.left.hours]\nopen = []\n[displays.right]\n"
        '[outputs.lamp]\npin = 22\nclosed = "off"\n',
    )
    assert next(part for part in said.split("\n\n") if part.startswith("opening hours")) == (
        "opening hours  time zone      closed page  open from             to\n"
        "-------------  -------------  -----------  --------------------  -----\n"
        "the exhibit    Europe/Berlin  closed       Tue 2026-12-22 12:00  17:00\n"
        "                                           Wed 2026-12-23 09:30  17:00\n"
        "                                           Thu 2027-01-07 09:30  17:00\n"
        "                                           Fri 2027-01-08 09:30  17:00\n"
        "display left   Europe/Berlin  closed       not within 400 days"
    )
    assert next(part for part in said.split("\n\n") if part.startswith("output  state")) == (
        "output  state  when\n"
        "------  -----  ---------------------------------------\n"
        "lamp    any    only the application or the API sets it\n"
        "        off    the exhibit is closed, whoever sets it"
    )
    assert "while closed" not in said


def test_an_opening_that_ends_on_the_next_day(tmp_path: Path) -> None:
    """Its end has its day."""
    hours = '[hours]\nopen = ["Fri 20:00-02:00"]\npage = "closed"\ntimezone = "Europe/Berlin"\n'
    assert "Fri 2026-12-25 20:00  Sat 2026-12-26 02:00\n" in shown(tmp_path, hours)


def test_check_shows_which_screens_go_dark(tmp_path: Path) -> None:
    """And how, if there is one; commands of the owner's aren't shown, which may have secrets."""
    hours = (
        '[hours]\nopen = []\npage = "closed"\nscreen = "off"\n'
        '[displays.left.hours]\nscreen = "on"\n[displays.right.hours]\nwake = "0s"\n'
        'screen = { off = ["/bin/off"], on = ["/bin/on"] }\n'
    )
    said = shown(tmp_path, hours)
    assert next(part for part in said.split("\n\n") if part.startswith("while")) == (
        "while closed   screens are       awake after a press\n"
        "-------------  ----------------  -------------------\n"
        "the exhibit    off               5min\n"
        "display left   on                5min\n"
        "display right  off, by commands  never"
    )
