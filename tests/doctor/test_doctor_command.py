"""The doctor's command on the real machine."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from harness.bridge_process import BridgeProcess
from harness.exhibit import write_exhibit

from .pi import free_port


def doctor(*args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "gpiobridge", "doctor", *args],
        capture_output=True,
        text=True,
        timeout=25,
        check=False,
        env=os.environ | variables,
    )


@pytest.fixture
def exhibit(tmp_path: Path) -> Path:
    """An exhibit with simulated pins, whatever machine this is, on a free port."""
    return write_exhibit(tmp_path, f'port = {free_port()}\n[gpio]\npin_factory = "mock"')


def test_the_command_says_it_to_people_and_machines(exhibit: Path) -> None:
    """The same findings as text and as JSON; no colour where there is no terminal."""
    text, told = doctor("--config", str(exhibit)), doctor("--config", str(exhibit), "--json")
    assert (text.returncode, text.stderr) == (told.returncode, told.stderr) == (0, "")
    findings = json.loads(told.stdout)["findings"]
    assert {"check", "verdict", "sentence", "remedy"} == set(findings[0])
    for finding in findings:
        assert f"{finding['check']} " in text.stdout
        assert f"  {finding['sentence']}\n" in text.stdout
    assert "\x1b" not in text.stdout


def hang_up_on_all(listener: socket.socket) -> None:
    """Accept and close, until the listener is shut down."""
    with contextlib.suppress(OSError):
        while True:
            listener.accept()[0].close()


def test_the_exit_code_tells_how_bad_it_is(exhibit: Path) -> None:
    """1 for what can't work, 2 for a configuration that can't be used."""
    port = re.findall(r"port = (\d+)", exhibit.read_text())[0]
    with socket.create_server(("127.0.0.1", int(port))) as other:
        # It hangs up on whoever asks whether it is a bridge: a silent one is waited for.
        hanging_up = threading.Thread(target=hang_up_on_all, args=(other,))
        hanging_up.start()
        try:
            taken = doctor("--config", str(exhibit), "--json")
        finally:
            other.shutdown(socket.SHUT_RDWR)
            hanging_up.join()
    assert taken.returncode == 1
    assert json.loads(taken.stdout)["verdict"] == "failure"
    assert f"process {os.getpid()}" in taken.stdout  # the test itself
    exhibit.write_text("[pins]\nbutton = 99\n[pages.welcome]\n")
    wrong = doctor("--config", str(exhibit))
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr + wrong.stdout
    assert re.search(r"^FAILURE  configuration .*pins.button = 99: ", wrong.stdout, re.MULTILINE)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty on Windows")
@pytest.mark.parametrize("no_color", ["", "1"])
def test_colour_is_for_terminals_that_want_it(exhibit: Path, no_color: str) -> None:
    """NO_COLOR counts on a terminal, too."""
    import pty

    seen = bytearray()

    command = [sys.executable, "-m", "gpiobridge", "doctor", "--config", str(exhibit)]
    if no_color:
        command = ["env", "NO_COLOR=1", *command]
    main, inner = pty.openpty()
    with subprocess.Popen(command, stdout=inner, stderr=inner) as process:
        os.close(inner)
        while True:
            try:
                piece = os.read(main, 4096)
            except OSError:  # Linux says so at the end
                break
            if not piece:
                break
            seen.extend(piece)
        assert process.wait(20) == 0
    os.close(main)
    assert (b"\x1b[32mok" in seen) is not bool(no_color)


def test_a_running_bridge_holds_its_port_and_pins(
    run_bridge: Callable[..., BridgeProcess], tmp_path: Path
) -> None:
    """It is asked for its levels, and nothing is wrong with what is its own."""
    bridge = run_bridge()
    bridge.set_level("button", "low")
    config = tmp_path / "config.toml"
    with bridge.socket("welcome", "?display=kiosk"):
        pass
    done = doctor("--config", str(config), "--json", GPIOBRIDGE_SERVER__PORT=str(bridge.port))
    assert done.returncode == 0, done.stdout
    told = {f["check"]: f for f in json.loads(done.stdout)["findings"]}
    held = f"port {bridge.port} on 127.0.0.1 is held by gpiobridge itself"
    assert told["port"]["sentence"].startswith(held)
    assert told["pin button"]["sentence"] == (
        "GPIO 17, header pin 11, reads LOW: active; held by gpiobridge itself, simulated"
    )
    assert told["pin button"]["verdict"] == "warning"
    assert told["pin door"]["sentence"] == (
        "GPIO 27, header pin 13, reads LOW: not active; held by gpiobridge itself, simulated"
    )
    bridge.stop()
    done = doctor("--config", str(config), "--json", GPIOBRIDGE_SERVER__PORT=str(bridge.port))
    told = {f["check"]: f for f in json.loads(done.stdout)["findings"]}
    assert told["port"]["sentence"] == f"port {bridge.port} on 127.0.0.1 is free"
