"""What the pages show of a running bridge works as printed, and the example as shipped."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from documents import ROOT, blocks
from harness.bridge_process import BridgeProcess
from harness.deadline import DEADLINE_S, wait_until
from harness.sockets import close_of, frame

BIN = Path(sys.executable).parent
DOCS = ROOT / "docs"
APPLICATIONS = {
    page.name: blocks("python", page)[0].text
    for page in (ROOT / "README.md", DOCS / "your-application.md")
}


PUSH = """gpiobridge push '{"text": "Closed at noon"}' --page welcome"""
WATCH = "gpiobridge watch http://127.0.0.1:8000/welcome --once"


def gpiobridge(line: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a printed command line to its end."""
    program, *args = shlex.split(line)
    return subprocess.run(
        [BIN / program, *args],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Iterator[BridgeProcess]:
    """The shipped example, as the pages start it; on a free port, which the commands find."""
    bridge = BridgeProcess(None, cwd=ROOT)
    monkeypatch.setenv("GPIOBRIDGE_SERVER__PORT", str(bridge.port))
    yield bridge
    if bridge.process.poll() is None:
        bridge.stop()


def seconds_of(line: str) -> float:
    """The time of day at which a line was logged, in seconds."""
    match = re.search(r" (\d+):(\d+):(\d+),(\d+)", line)
    assert match, line
    hours, minutes, seconds, millis = map(int, match.groups())
    return (hours * 60 + minutes) * 60 + seconds + millis / 1000


def test_check_shows_tables() -> None:
    """`gpiobridge check` prints pins and pages."""
    done = gpiobridge("gpiobridge check")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(
        r"^button +GPIO 17, header pin 11 +up +low +20ms +2s$", done.stdout, re.MULTILINE
    )
    assert re.search(r"^welcome \(start\) +welcome.html +button is low +open$", done.stdout, re.M)


def test_check_shows_where_an_idle_page_leads(tmp_path: Path) -> None:
    """`gpiobridge check` has it beside the page's rules."""
    (tmp_path / "templates").mkdir()
    for name in ("welcome", "open"):
        (tmp_path / "templates" / f"{name}.html").write_text("<h1>x</h1>", encoding="utf-8")
    (tmp_path / "config.toml").write_text(
        '[pins]\nbutton = 17\n[pages.welcome]\non_low.button = "open"\n[pages.open]\n'
        'idle = { after = "90s", to = "welcome" }\n',
        encoding="utf-8",
    )
    done = gpiobridge(f"gpiobridge check --config {shlex.quote(str(tmp_path / 'config.toml'))}")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^open +open.html +idle for 90s +welcome$", done.stdout, re.MULTILINE)


def test_doctor_examines_this_machine() -> None:
    """`gpiobridge doctor` finds the example's configuration fine, and says a word to each check."""
    done = gpiobridge("gpiobridge doctor")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^ok +configuration +config.toml is fine: 2 pins, 2 pages", done.stdout, re.M)


def test_press_and_watch(example: BridgeProcess) -> None:
    """`press` moves a `watch`ed page: state, edge, close, each a line of JSON."""
    watch = WATCH.replace(":8000", f":{example.port}").split()[1:]
    watching = subprocess.Popen([BIN / "gpiobridge", *watch], stdout=subprocess.PIPE, text=True)
    assert watching.stdout is not None
    with watching, watching.stdout as lines:
        assert json.loads(lines.readline())["type"] == "state"
        assert gpiobridge("gpiobridge press button").returncode == 0
        rest = [json.loads(line) for line in lines]
        assert watching.wait(DEADLINE_S) == 0
    kinds = [frame["type"] for frame in rest if frame["type"] != "beat"]
    assert kinds == ["edge", "close"]
    assert rest[-1] == {"type": "close", "code": 4000, "reason": "/open"}


def test_long_press(example: BridgeProcess) -> None:
    """`press --for 2s` holds the pin for as long as it says, then lets go."""
    done = gpiobridge("gpiobridge press button --for 2s")
    assert done.returncode == 0
    low = example.wait_for_line(r"#1 button: low").string
    high = example.wait_for_line(r"#2 button: high").string
    held_s = seconds_of(high) - seconds_of(low)
    assert held_s >= 1.9


def test_push_and_navigate(example: BridgeProcess) -> None:
    """They reach an open page, and say how many it were."""
    with example.socket("welcome") as ws:
        frame(ws, "state")
        assert gpiobridge(PUSH).stdout == "sent to 1 display\n"
        assert frame(ws) == {"type": "message", "data": {"text": "Closed at noon"}}
        assert gpiobridge("gpiobridge navigate open").stdout == "sent 1 display to open\n"
        assert close_of(ws) == (4000, "/open")


def test_listener(example: BridgeProcess, tmp_path: Path) -> None:
    """The program of from-outside.md hears of presses, and follows from page to page."""
    (program,) = blocks("python", DOCS / "from-outside.md")
    program = program.text.replace(":8000", f":{example.port}")
    (tmp_path / "listen.py").write_text(program)
    listening = subprocess.Popen(
        [sys.executable, "-u", "listen.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    assert listening.stdout is not None
    with listening, listening.stdout as lines:
        for page, level in (("welcome", "low"), ("open", "high"), ("open", "low")):
            wait_until(
                lambda page=page: [d["page"] for d in example.health()["displays"]] == [page]
            )
            example.set_level("button", level)
            assert lines.readline() == f"button {level}\n"
        listening.terminate()


def test_watch_follows(example: BridgeProcess) -> None:
    """Without --once, `watch` goes to the next page's socket like a browser, cursor and all."""
    watching = subprocess.Popen(
        [BIN / "gpiobridge", "watch", example.url], stdout=subprocess.PIPE, text=True
    )
    assert watching.stdout is not None
    with watching.stdout as lines:
        assert json.loads(lines.readline())["type"] == "state"
        example.set_level("button", "low")
        seen = [json.loads(lines.readline()) for _ in range(3)]
        watching.terminate()
        watching.wait(DEADLINE_S)
    assert [frame["type"] for frame in seen] == ["edge", "close", "state"]
    assert seen[2]["seq"] == 1
    wait_until(lambda: example.health()["displays"] == [])


def test_errors_are_sentences(example: BridgeProcess) -> None:
    """What can't be done is said in one line, with exit code 1, or 2 for wrong usage."""
    for line, code, said in (
        ("gpiobridge press bell", 1, "there is no pin 'bell'"),
        ("gpiobridge press button --url http://127.0.0.1:9", 1, "no bridge answers at"),
        ("gpiobridge press button --url nonsense", 1, "no bridge answers at"),
        ("gpiobridge watch http://127.0.0.1:9/", 1, "no bridge answers at"),
        (
            f"gpiobridge watch {example.url}/nosuch",
            1,
            "404: There is nothing at /nosuch; pages: welcome, open",
        ),
        ("gpiobridge press button --for 2", 2, "needs a unit"),
        ("gpiobridge run --config nosuch.toml", 2, "nosuch.toml: there is no such file"),
        ("gpiobridge nosuch", 2, "No such command"),
    ):
        done = gpiobridge(line)
        assert (done.returncode, said in done.stderr) == (code, True), (line, done.stderr)
        assert "Traceback" not in done.stderr
        if code == 1:
            assert done.stderr.count("\n") == 1, done.stderr


def test_make_run(page: Any) -> None:
    """It shows the main job on the port it is given, and the command it prints works (row 39)."""
    # The installed copy in .venv is made by `make run` itself.
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # Where the environment is activated, the command is found without its folder.
    folders = os.environ["PATH"].split(os.pathsep)
    path = os.pathsep.join(folder for folder in folders if Path(folder) != BIN)
    bridge = BridgeProcess(
        None,
        port=None,
        command=["make", "run", f"PORT={port}"],
        cwd=ROOT,
        env=os.environ | {"PATH": path},
    )
    try:
        assert bridge.port == port
        page.goto(bridge.url)
        page.wait_for_selector('html[data-bridge="online"]')
        printed = bridge.wait_for_line(r"or with: (.*)$")[1]
        assert printed == f".venv/bin/gpiobridge press button --url http://127.0.0.1:{port}"
        subprocess.run(["sh", "-c", printed], cwd=ROOT, check=True, timeout=20)
        page.wait_for_url("**/open")
    finally:
        children = Path(f"/proc/{bridge.process.pid}/task/{bridge.process.pid}/children")
        bridge.stop_process(int(children.read_text().split()[0]))


def test_example_pages(example: BridgeProcess, page: Any) -> None:
    """The example's pages show their pins live; a press leads to the other, and back."""
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.goto(example.url)
    page.wait_for_selector('[data-pin="button"][data-level="high"]')
    for there in ("open", "welcome", "open"):
        example.set_level("button", "low")
        page.wait_for_url(f"**/{there}")
        page.wait_for_selector('html[data-bridge="online"]')
        page.wait_for_selector('[data-pin="button"][data-active="true"]')
        example.set_level("button", "high")
        page.wait_for_selector('[data-pin="button"][data-active="false"]')
    assert complaints == []


@pytest.mark.parametrize("name", APPLICATIONS)
def test_flask_application(tmp_path: Path, page: Any, name: str) -> None:
    """The application of README and your-application.md answers the question that started it."""
    (tmp_path / "app.py").write_text(APPLICATIONS[name])
    process = subprocess.Popen(
        [BIN / "flask", "--app", "app", "run"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    started = threading.Event()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if "Running on" in line:
                started.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert started.wait(DEADLINE_S), lines
        url = "http://127.0.0.1:5000"
        page.goto(url)
        page.wait_for_selector('html[data-bridge="online"]')
        assert page.locator("h1").inner_text() == "Press the button"
        gpiobridge(f"gpiobridge press button --url {url}")
        page.wait_for_url("**/open")
        assert page.locator("h1").inner_text() == "It is open"
        page.wait_for_selector('html[data-bridge="online"]')
        gpiobridge(f"gpiobridge press button --url {url}")
        page.wait_for_url(f"{url}/")
    finally:
        process.terminate()
        process.wait(DEADLINE_S)
        reader.join(DEADLINE_S)
        process.stdout.close()
    assert not [line for line in lines if "Traceback" in line], "".join(lines)


def test_plain_page(run_bridge: Callable[..., BridgeProcess], tmp_path: Path, page: Any) -> None:
    """The page of wire.md, without our script, is moved by a press, too."""
    bridge = run_bridge()
    (block,) = blocks("html", DOCS / "wire.md")
    (tmp_path / "templates" / "welcome.html").write_text(f"<h1>plain</h1>{block.text}")
    config = tmp_path / "config.toml"
    config.write_text(
        config.read_text().replace("[pages.welcome]", "[pages.welcome]\nclient = false")
    )
    bridge.stop()
    bridge = BridgeProcess(config)
    try:
        page.goto(f"{bridge.url}/welcome")
        wait_until(lambda: len(bridge.health()["displays"]) == 1)
        assert page.evaluate("window.gpiobridge") is None
        bridge.set_level("button", "low")
        page.wait_for_url("**/open")
    finally:
        bridge.stop()


def test_whole_page(run_bridge: Callable[..., BridgeProcess], tmp_path: Path, page: Any) -> None:
    """The first page of pages.md shows its pin without a script of its own."""
    bridge = run_bridge()
    text = blocks("html", DOCS / "pages.md")[0].text
    (tmp_path / "templates" / "still.html").write_text(text, "utf-8")
    page.goto(f"{bridge.url}/still")
    page.wait_for_selector("[data-pin=button][data-level=high]")
    bridge.set_level("button", "low")
    page.wait_for_selector("[data-pin=button][data-level=low][data-active=true]")


def test_farewell(run_bridge: Callable[..., BridgeProcess], tmp_path: Path, page: Any) -> None:
    """The farewell of pages.md plays before the page is left."""
    bridge = run_bridge()
    (farewell,) = (b.text for b in blocks("html", DOCS / "pages.md") if "farewell" in b.text)
    text = f"<h1>welcome</h1>{farewell}"
    (tmp_path / "templates" / "welcome.html").write_text(text, "utf-8")
    page.goto(f"{bridge.url}/welcome")
    page.wait_for_selector('html[data-bridge="online"]')
    page.evaluate("addEventListener('pagehide', () => "
                  "localStorage.opacity = getComputedStyle(document.body).opacity)")  # fmt: skip
    bridge.set_level("button", "low")
    page.wait_for_url("**/open")
    assert float(page.evaluate("localStorage.opacity")) < 0.1


def test_a_page_shows_a_pushed_text(
    run_bridge: Callable[..., BridgeProcess], tmp_path: Path, page: Any
) -> None:
    """By the lines and the command of pages.md."""
    bridge = run_bridge()
    (lines,) = (b.text for b in blocks("html", DOCS / "pages.md") if "#news" in b.text)
    (tmp_path / "templates" / "welcome.html").write_text(lines, "utf-8")
    page.goto(f"{bridge.url}/welcome")
    page.wait_for_selector('html[data-bridge="online"]')
    (push,) = re.findall(r"^`(gpiobridge push .*?)`", (DOCS / "pages.md").read_text("utf-8"), re.M)
    done = gpiobridge(f"{push} --url {bridge.url}")
    assert (done.returncode, done.stdout) == (0, "sent to 1 display\n")
    page.locator("#news").filter(has_text="Closed at noon").wait_for(state="visible")


def test_gunicorn_serves_the_application(tmp_path: Path) -> None:
    """By the line of your-application.md."""
    (tmp_path / "app.py").write_text(APPLICATIONS["your-application.md"])
    (line,) = (b.text.strip() for b in blocks("sh", DOCS / "your-application.md")
               if b.text.startswith("gunicorn "))  # fmt: skip
    served = Application(
        None, port=None, cwd=tmp_path,
        command=[str(BIN / "gunicorn"), *shlex.split(line)[1:], "--bind", "127.0.0.1:0"],
    )  # fmt: skip
    try:
        assert "Press the button" in served.get("/")[1]
    finally:
        served.stop()


class Application(BridgeProcess):
    """An application under gunicorn."""

    READY = r"Listening at: (http://[^/]+:(\d+)) "
