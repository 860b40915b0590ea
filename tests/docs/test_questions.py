"""docs/questions/ and docs/which-tool.md: their configurations, commands and programs work."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import DEADLINE_S, wait_until
from harness.pages import ONLINE
from harness.sockets import close_of, frame
from test_wiring import QUOTE, doctor_says, write_exhibit
from websockets.sync.client import connect

from gpiobridge.cli import main

DOCS = Path(__file__).parents[2] / "docs"
BIN = Path(sys.executable).parent
INDEX = (DOCS / "questions" / "index.md").read_text("utf-8")
PAGES = {
    page.stem: page.read_text("utf-8")
    for page in sorted((DOCS / "questions").glob("*.md"))
    if page.stem != "index"
}
ALL = PAGES | {"which-tool": (DOCS / "which-tool.md").read_text("utf-8")}


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def written_files(text: str) -> dict[str, str]:
    """The files that a page shows under their names."""
    found = re.findall(r"^`([\w./]+)`[^\n]*\n\n```\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return dict(found)


@pytest.mark.parametrize("name", PAGES)
def test_the_title_is_the_question_of_the_index(name: str) -> None:
    """A reader who searches for the question finds it in both."""
    title = PAGES[name].partition("\n")[0].removeprefix("# ")
    assert title.endswith("?")
    assert f"- [{title}]({name}.md)\n" in INDEX


@pytest.mark.parametrize("name", PAGES)
def test_the_answer_comes_first(name: str) -> None:
    """In at most three sentences, before any example."""
    answer = PAGES[name].split("\n\n")[1].replace("\n", " ")
    assert 1 <= len(re.findall(r"[.?](?= |$)", answer)) <= 3
    assert len(answer) < 400


@pytest.mark.parametrize("name", PAGES)
def test_each_configuration_is_accepted(name: str, tmp_path: Path) -> None:
    """With the templates that the page shows; without a problem or a warning."""
    (config,) = blocks(PAGES[name], "toml")
    file = write_exhibit(tmp_path, config)
    for path, text in written_files(PAGES[name]).items():
        if path.startswith("templates/"):
            (tmp_path / path).write_text(text, "utf-8")
    done = subprocess.run(
        [BIN / "gpiobridge", "check", "--config", file],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower()


@pytest.mark.parametrize(
    ("name", "state", "quoted"),
    [(name, *found) for name, text in PAGES.items() for found in QUOTE.findall(text)],
)
def test_the_doctor_says_what_is_quoted(name: str, state: str, quoted: str) -> None:
    """Word for word, for a pin in that state."""
    assert doctor_says(state, blocks(PAGES[name], "toml")[0]) == quoted


COMMANDS = sorted(
    {
        line
        for text in ALL.values()
        for block in blocks(text, "sh")
        for line in block.splitlines()
        if "gpiobridge " in line and "venv" not in line
    }
)


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_of_gpiobridge_exists(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the options that it is shown with: the command line takes them, and shows its help."""
    words = shlex.split(line)
    at = next(n for n, word in enumerate(words) if word.rpartition("/")[2] == "gpiobridge")
    with pytest.raises(SystemExit) as ended:
        main([*words[at + 1 :], "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in words[at + 1 :] if word.startswith("--"))


@pytest.mark.parametrize("name", ALL)
def test_each_program_is_python(name: str) -> None:
    """It compiles."""
    for program in blocks(ALL[name], "python"):
        compile(program, name, "exec")


# --------------------------------------------------------------------------------- the programs


class Served(BridgeProcess):
    """An application under `flask run`."""

    READY = r"Running on (http://[^/]+:(\d+))"


def serve(folder: Path, program: str, more: str = "") -> Served:
    """Run an application on gpiozero's mock pins."""
    (folder / "app.py").write_text(program, "utf-8")
    (folder / "wsgi.py").write_text(
        "from gpiozero import Device\n"
        "from gpiozero.pins.mock import MockFactory\n"
        "Device.pin_factory = MockFactory()\n"
        "from app import app\n" + more
    )
    command = [str(BIN / "flask"), "--app", "wsgi:app", "run", "--port", "0"]
    return Served(None, port=None, command=command, cwd=folder)


def test_the_plain_socket_closes_with_the_next_page(tmp_path: Path) -> None:
    """The answer without gpiobridge does what it says."""
    press = """
@app.get("/press")
def press():
    Device.pin_factory.pin(17).drive_low()
    return ""
"""
    server = serve(tmp_path, blocks(PAGES["close-websocket-from-flask"], "python")[0], press)
    try:
        address = f"ws://127.0.0.1:{server.port}/wait"
        with connect(address, proxy=None, close_timeout=1) as ws:
            server.get("/press")
            # Not until TCP ends: Flask-Sock may leave that to the browser.
            wait_until(lambda: ws.protocol.close_rcvd is not None)
            close = ws.protocol.close_rcvd
            assert close is not None
            assert (close.code, close.reason) == (4000, "/open")
        assert "It is open" in server.get("/open")[1]
    finally:
        server.stop(2)


def test_the_extension_closes_with_the_next_page(tmp_path: Path) -> None:
    """So does the answer with it."""
    server = serve(tmp_path, blocks(PAGES["close-websocket-from-flask"], "python")[1])
    try:
        with server.socket("welcome") as ws:
            server.set_level("button", "low")
            assert close_of(ws) == (4000, "/open")
    finally:
        server.stop(2)


def test_a_key_leads_to_the_next_page(page: Any, tmp_path: Path) -> None:
    """The page of the line in config.txt listens for Enter."""
    (tmp_path / "welcome.html").write_text(blocks(ALL["which-tool"], "html")[0])
    (tmp_path / "open.html").write_text("<title>Open</title>")
    page.goto((tmp_path / "welcome.html").as_uri())
    page.keyboard.press("a")
    assert page.title() == "Welcome"
    page.keyboard.press("Enter")
    page.wait_for_function("document.title === 'Open'")


def test_a_page_without_the_bridge_leaves_when_idle(page: Any) -> None:
    """Its script waits for 60 s after the last key."""
    script = blocks(PAGES["back-to-start-page"], "html")[0]
    page.clock.install()
    page.route("**/*", lambda route: route.fulfill(body=script, content_type="text/html"))
    page.goto("http://kiosk.test/menu")
    page.clock.run_for(50_000)
    page.keyboard.press("a")
    page.clock.run_for(50_000)
    assert page.url.endswith("/menu")
    page.clock.run_for(11_000)
    page.wait_for_url("http://kiosk.test/")


def test_a_press_brings_the_next_tab_to_the_front(tmp_path: Path) -> None:
    """The script finds Chromium's tabs by its debugging port, and shows them in turn."""
    (program,) = blocks(PAGES["button-switches-chromium-tabs"], "python")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pages = [f"data:text/html,<title>{name}</title>" for name in ("one", "two")]
    chromium = subprocess.Popen(
        ["chromium", "--headless", "--no-sandbox", f"--remote-debugging-port={port}",
         f"--user-data-dir={tmp_path}", pages[0]],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    debugger = f"http://127.0.0.1:{port}/json"

    def tabs() -> list[str]:
        """The titles of the tabs, the one that was shown last first."""
        try:
            with urlopen(debugger, timeout=DEADLINE_S) as answer:
                return [tab["title"] for tab in json.load(answer) if tab["type"] == "page"]
        except OSError:
            return []

    try:
        wait_until(lambda: tabs() == ["one"])
        with urlopen(Request(f"{debugger}/new?{pages[1]}", method="PUT"), timeout=DEADLINE_S):
            pass
        wait_until(lambda: sorted(tabs()) == ["one", "two"])
        pressing = program.replace("http://127.0.0.1:9222/json", debugger).replace(
            "pause()",
            "pin = Button.pin_factory.pin(17)\n"
            "for _ in input, input:\n"
            "    input()\n    pin.drive_low()\n    pin.drive_high()\n",
        )
        environment = os.environ | {"GPIOZERO_PIN_FACTORY": "mock"}
        command = [sys.executable, "-c", pressing]
        with subprocess.Popen(command, stdin=subprocess.PIPE, text=True, env=environment) as script:
            assert script.stdin is not None
            shown, hidden = tabs()
            for expected in (hidden, shown):
                script.stdin.write("\n")
                script.stdin.flush()
                wait_until(lambda title=expected: tabs()[:1] == [title])
        assert script.returncode == 0
    finally:
        chromium.terminate()
        chromium.wait(DEADLINE_S)


def test_hands_that_tremble_press_once(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """The exhibit as printed: a bump is nothing, and the page says so; a shaking press is one."""
    text = PAGES["hands-that-tremble"]
    config = write_exhibit(tmp_path, blocks(text, "toml")[0])
    (tmp_path / "templates/welcome.html").write_text(
        written_files(text)["templates/welcome.html"], "utf-8"
    )
    bridge = run_bridge(config=config)
    page.goto(f"{bridge.url}/welcome")
    page.wait_for_selector(ONLINE)
    page.evaluate(
        """() => {
          const bar = document.querySelector("#bar"), { dataset } = bar;
          const note = () => seen.push(getComputedStyle(bar).animationPlayState, dataset.dwelling);
          window.seen = [];
          new MutationObserver(note).observe(bar, { attributes: true });
        }"""
    )
    with bridge.socket("welcome") as ws:
        before = frame(ws, "state")["seq"]
        bridge.set_level("button", "low")
        frame(ws, "dwelling")  # sooner than the page shows it: a bump is short
        bridge.set_level("button", "high")
    page.get_by_text("A little longer, please").wait_for()
    assert page.evaluate("seen") == ["running", "400", "paused", "400", "running", None]
    bridge.set_level("button", "low")
    page.wait_for_url("**/open")
    for level in ("high", "low", "high", "low", "high"):
        bridge.set_level("button", level)
    wait_until(lambda: bridge.levels()["button"] == "high")
    with bridge.socket("open") as ws:
        assert frame(ws, "state")["seq"] == before + 2  # all of it was one press and its release
    assert page.url.endswith("/open")


# ------------------------------------------------------------------------------------ outputs


def write_question(folder: Path, name: str) -> Path:
    """Write the exhibit of a page; return its config.toml."""
    config = write_exhibit(folder, blocks(PAGES[name], "toml")[0])
    for path, text in written_files(PAGES[name]).items():
        (folder / path).write_text(text, "utf-8")
    return config


def press(bridge: BridgeProcess) -> None:
    """Press the button, and let it go."""
    done = subprocess.run(
        [BIN / "gpiobridge", "press", "button", "--url", bridge.url], timeout=20, check=False
    )
    assert done.returncode == 0


def does(bridge: BridgeProcess, output: str) -> str:
    """What an output does."""
    return str(bridge.health()["outputs"][output]["state"])


def states(simulator: Any, output: str, number: int) -> list[str]:
    """The next states of an output, in order, as the simulator's page hears of them."""
    found: list[str] = []
    while len(found) < number:
        told = json.loads(simulator.recv(timeout=DEADLINE_S))
        if told["type"] == "output" and told["output"] == output:
            found.append(told["state"])
    return found


def test_a_lit_button_says_what_a_press_does(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """Lit, blinking until the page is there, dark in its lockout, lit again; dark without it."""
    bridge = run_bridge(config=write_question(tmp_path, "lit-button"))
    with bridge.socket("simulator") as simulator:
        page.goto(f"{bridge.url}/welcome")
        wait_until(lambda: does(bridge, "button-lamp") == "on")
        press(bridge)
        page.wait_for_url("**/story*")
        wait_until(lambda: does(bridge, "button-lamp") == "off")
        press(bridge)  # during the lockout: nothing
        wait_until(lambda: does(bridge, "button-lamp") == "on")
        assert "/story" in page.url
        page.goto("about:blank")
        wait_until(lambda: does(bridge, "button-lamp") == "off")
        assert states(simulator, "button-lamp", 6) == ["off", "on", "blink", "off", "on", "off"]


def test_a_solenoid_lock_opens_and_cannot_burn(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """The page gives it a pulse; whoever switches it on, it is off after `max_on`."""
    bridge = run_bridge(config=write_question(tmp_path, "solenoid-lock"))
    with bridge.socket("simulator") as simulator:
        page.goto(f"{bridge.url}/riddle")
        page.wait_for_selector(ONLINE)
        assert does(bridge, "lock") == "off"
        press(bridge)
        page.wait_for_url("**/solved")
        assert states(simulator, "lock", 3) == ["off", "pulse", "off"]
        shown = blocks(PAGES["solenoid-lock"], "sh")[0].splitlines()
        for line in (*shown, "gpiobridge output lock on"):
            _, *words = shlex.split(line)
            command = [BIN / "gpiobridge", *words, "--url", bridge.url]
            assert subprocess.run(command, timeout=20, check=False).returncode == 0
        assert states(simulator, "lock", 4) == ["pulse", "off", "on", "off"]
    assert does(bridge, "lock") == "off"
    assert page.url.endswith("/solved")


def test_a_photo_booth_counts_down(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The light while the page is shown, a pulse each second, then the picture of the camera."""
    write_question(tmp_path, "photo-booth")
    (tmp_path / "static").mkdir()
    camera = tmp_path / "bin" / "rpicam-still"
    camera.parent.mkdir()
    camera.write_text(f'#!/bin/sh\nfor file; do :; done\ncp {DOCS}/film-still.png "$file"\n')
    camera.chmod(0o755)
    monkeypatch.setenv("PATH", f"{camera.parent}:{os.environ['PATH']}")
    server = serve(tmp_path, blocks(PAGES["photo-booth"], "python")[0])
    try:
        said: list[str] = []
        page.on("websocket", lambda ws: ws.on("framereceived", lambda text: said.append(text)))
        page.goto(server.url)
        wait_until(lambda: does(server, "button-lamp") == "on")
        assert does(server, "light") == "off"
        with server.socket("simulator") as simulator:
            press(server)
            page.wait_for_url("**/smile")
            wait_until(lambda: does(server, "light") == "on")
            assert does(server, "button-lamp") == "off"
            page.wait_for_url("**/picture")
            assert states(simulator, "countdown", 7) == ["off", *("pulse", "off") * 3]
        frames = [json.loads(text) for text in said]
        assert [each["data"] for each in frames if each["type"] == "message"] == [3, 2, 1]
        page.wait_for_function("document.querySelector('img').naturalWidth > 0")
        wait_until(lambda: does(server, "light") == "off")
        press(server)
        page.wait_for_url(f"{server.url}/")
    finally:
        server.stop(2)
