"""Every command in README and docs/ is run, or is in a table with the reason why not here.

Each command belongs to one of these:

- one that this file runs, against a bridge that has whatever pins and pages the commands name;
- `TESTED`: another test runs it, which is named;
- `ON_A_PI`: it needs root, a Raspberry Pi, or another machine; then at least its syntax is checked,
  and the options of gpiobridge by the command line's own parser.
"""

import contextlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from documents import PAGES, RECIPES, ROOT, Block, shell_lines
from harness.bridge_process import BridgeProcess

from gpiobridge.cli import main

BIN = Path(sys.executable).parent
LINES = shell_lines(*(page for page in PAGES if page != RECIPES))
TOKEN = "at-least-sixteen-characters"  # as the pages have it

# A command, and the test that runs it.
TESTED = {
    "make run": "test_example.py::test_make_run",
    "make docs": "test_site.py::test_it_is_built",
    "python3 -m venv ~/gpiobridge": "test_wheel.py::test_readme_on_a_pi",
    "~/gpiobridge/bin/pip install '.[gpiod]'": "test_wheel.py::test_readme_on_a_pi",
    "~/gpiobridge/bin/gpiobridge run": "test_wheel.py::test_readme_on_a_pi",
    "~/gpiobridge/bin/pip install .": "test_first_exhibit.py::test_on_the_laptop",
    "mkdir -p ~/exhibit/templates ~/exhibit/static": "test_first_exhibit.py::test_on_the_laptop",
    "mkdir -p ~/wall/templates ~/wall/static": "test_wall.py::test_the_wall_is_played",
    "cd ~/wall": "test_wall.py::test_the_wall_is_played",
    "cd ~/checkout": "test_first_exhibit.py::test_on_the_laptop",
    "cd ~/exhibit": "test_first_exhibit.py::test_on_the_laptop",
    "gpiobridge watch http://127.0.0.1:8000/welcome --once":
        "test_example.py::test_press_and_watch",
    "gpiobridge run": "test_example.py::test_press_and_watch",
    "gpiobridge run --port 8000": "test_example.py::test_press_and_watch",
    "flask --app app run": "test_example.py::test_flask_application",
    "mkdir -p static": "test_questions.py::test_a_photo_booth_counts_down",
    "gunicorn -k gpiobridge.gunicorn.Worker --threads 8 app:app":
        "test_example.py::test_gunicorn_serves_the_application",
}  # fmt: skip

# How a command begins, and why it isn't run here.
ON_A_PI = {
    r"~/gpiobridge/bin/pip install ": "for one kind of Pi; test_install_from.py checks its form",
    r"make clean$": "removes the environment that these tests run in",
    r"make test-[a-z-]+$": "a suite of its own",
    r"make [a-z]+$": "a command of its own; it is checked that the Makefile has it",
    r"sudo (apt|apt-get) ": "installs packages of Raspberry Pi OS",
    r"sudo (reboot|poweroff)$": "ends the machine",
    r"sudo systemctl ": "needs the installed service; tests/virtualpi has one",
    r"journalctl |systemctl ": "needs systemd",
    r"sudo ([~/\w.-]*/)?gpiobridge (install|uninstall)": "needs root; tests/virtualpi installs",
    r"sudo ([~/\w.-]*/)?gpiobridge ": "needs the installed service",
    r"(/opt/gpiobridge/bin/)?gpiobridge kiosk ": "needs a screen; tests/cage has one",
    r"sudo mkfs": "erases a stick; tests/virtualpi has one",
    r"sudo chown ": "needs the stick; tests/virtualpi has one",
    r"sudo raspi-config ": "is there on Raspberry Pi OS only",
    r"cd /opt/": "the installed copy",
    r"sudo install -D ": "needs the installed copy",
    r"sudo -u gpiobridge-kiosk ": "needs the kiosk's screen; tests/cage has one",
    r"cec-ctl ": "needs a television",
    r"ls /sys/class/drm$": "needs a Pi's screens",
    r"(wlr-randr|wlopm|gpioinfo|gpiodetect|pinctrl|i2cdetect) ?": "needs a Pi's pins or screen",
    r"ssh |scp ": "needs the Pi on the network",
    r"python3 -m venv --system-site-packages ": "for one kind of Pi",
    r"pip (un)?install [a-zA-Z -]*(RPi.GPIO|lgpio)": "changes the Pi's own back end",
    r"chromium --kiosk ": "needs a screen; test_questions.py runs the script beside it",
}


def words_of(line: str) -> list[list[str]]:
    """Split a line into its commands, each without sudo and its variables."""
    commands: list[list[str]] = [[]]
    for word in shlex.split(line, comments=True):
        if word in ("&&", "||", ";", "&", "|"):
            commands.append([])
        else:
            commands[-1].append(word)
    for words in commands:
        while words and (words[0] == "sudo" or re.match(r"[A-Z_]+=", words[0])):
            del words[0]
    return [words for words in commands if words]


def parsed(line: str) -> Iterator[click.Context]:
    """Parse what a line says to gpiobridge, by the command line's own parser."""
    for program, *args in words_of(line):
        if Path(program).name != "gpiobridge" or not args or args == ["--help"]:
            continue
        command = main.get_command(click.Context(main), args[0])
        assert command, f"there is no command {args[0]}"
        yield command.make_context(args[0], list(args[1:]))


def is_ours(line: str) -> bool:
    """Whether this file runs a line: a command that talks to a bridge, or looks at things."""
    first = line.split()[0]
    if first in ("curl",):
        return "://127.0.0.1:" in line
    commands = words_of(line)
    return (
        first != "sudo"
        and len(commands) == 1
        and Path(commands[0][0]).name == "gpiobridge"
        and commands[0][1]
        in ("check", "doctor", "version", "press", "push", "navigate", "output", "latency")
    )


OURS = {line: block for block, line in LINES if line not in TESTED and is_ours(line)}


def reason(line: str) -> str | None:
    """Why a line isn't run here."""
    return next((why for start, why in ON_A_PI.items() if re.match(start, line)), None)


@pytest.mark.parametrize(("block", "line"), LINES, ids=[f"{b}-{line}" for b, line in LINES])
def test_each_command_is_run_or_has_a_reason(block: Block, line: str) -> None:
    """A command that is added to a page needs a place in one of the tables above."""
    assert line in TESTED or line in OURS or reason(line), f"{block}: {line}"
    subprocess.run(["sh", "-n", "-c", line], check=True, timeout=10)
    for context in parsed(line):
        assert context.command


@pytest.mark.parametrize("line", TESTED)
def test_the_tests_that_run_them_are_there(line: str) -> None:
    """And the page still has the command."""
    file, _, name = TESTED[line].partition("::")
    assert f"def {name}(" in (Path(__file__).parent / file).read_text("utf-8")
    assert line in {shown for _, shown in shell_lines()} or line == "make docs"


def test_each_make_target_is_there() -> None:
    """Also those within sentences."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for page in PAGES:
        for target in re.findall(r"`make ([a-z-]+)", page.read_text("utf-8")):
            assert target in targets, f"{page.name}: make {target}"


def test_commands_within_sentences_are_right() -> None:
    """`gpiobridge …` in a sentence or a table has options that exist."""
    wrong = []
    for page in PAGES:
        for shown in re.findall(
            r"`((?:sudo )?[~/\w.-]*gpiobridge [^`\n]+)`", page.read_text("utf-8")
        ):
            if re.search(r"[…<>{}\[\]]|\b[A-Z]{3,}\b|\.\.\.", shown) or "pip install" in shown:
                continue  # a form with places to fill in
            try:
                list(parsed(shown))
            except click.MissingParameter:
                continue  # the command's name alone
            except (click.ClickException, AssertionError, ValueError) as error:
                wrong.append(f"{page.name}: {shown}: {error}")
    assert wrong == []


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeProcess]:
    """A bridge with each pin, output and page that a command names."""
    contexts = []
    for line in OURS:
        with contextlib.suppress(click.ClickException):  # the test above says so
            contexts += parsed(line)
    pins = {c.params["name"] for c in contexts if c.command.name == "press"}
    pages = {c.params.get("page") for c in contexts} | {c.params.get("to") for c in contexts}
    wires = {name for line in OURS for name in re.findall(r"/api/pins/([\w-]+)", line)}
    outputs = {c.params["name"] for c in contexts if c.command.name == "output"}
    outputs |= {name for line in OURS for name in re.findall(r"/api/outputs/([\w-]+)", line)}
    folder = tmp_path_factory.mktemp("everything")
    (folder / "templates").mkdir()
    text = f'[server]\nstart = "welcome"\napi_token = "{TOKEN}"\n'
    for number, name in enumerate(sorted(pins - wires), 4):
        text += f"[pins.{name}]\npin = {number}\n"
    for name in sorted(wires):
        text += f'[pins.{name}]\nsource = "http"\n'
    for number, name in enumerate(sorted(outputs), 20):
        text += f"[outputs.{name}]\npin = {number}\n"
    for name in sorted({"welcome", *pages} - {None}):
        text += f"[pages.{name}]\n"
        (folder / "templates" / f"{name}.html").write_text("<h1>x</h1>", "utf-8")
    (folder / "config.toml").write_text(text, "utf-8")
    bridge = BridgeProcess(folder / "config.toml")
    yield bridge
    bridge.stop()


@pytest.mark.parametrize("line", OURS)
def test_the_command_works(line: str, everything: BridgeProcess) -> None:
    """As printed, but for the folder of the installed copy and the port."""
    here = re.sub(r"http://127\.0\.0\.1:[58]000", everything.url, line)
    here = re.sub(r"^[~/\w.-]*gpiobridge ", f"{BIN}/gpiobridge ", here)
    here = re.sub(r"^curl ", "curl --fail-with-body --silent --show-error ", here)
    done = subprocess.run(
        ["sh", "-e", "-c", here], cwd=everything.exhibit, capture_output=True, text=True,
        timeout=30, check=False, env=os.environ | {"GPIOBRIDGE_SERVER__PORT": str(everything.port)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
