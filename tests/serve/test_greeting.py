"""What a person at the terminal reads when the bridge is up."""

import errno
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from harness.bridge_process import BridgeProcess, Run
from harness.exhibit import write_exhibit

from gpiobridge import config
from gpiobridge.cli import main
from gpiobridge.serve.greeting import start_bridge
from gpiobridge.serve.standalone import create_app

TOKEN = "0123456789abcdef"


def greeting(bridge: BridgeProcess) -> str:
    """All that was said until the last line of the greeting."""
    bridge.wait_for_line("Ctrl-C stops it")
    return "".join(bridge.log)


def press_as_printed(said: str, cwd: Path, **words: str) -> subprocess.CompletedProcess[str]:
    """Run the printed command in a shell of the same folder."""
    match = re.search(r"or with: (.*)$", said, re.MULTILINE)
    assert match, said
    line = match[1]
    for old, new in words.items():
        line = line.replace(old, new)
    return subprocess.run(
        ["sh", "-c", line], cwd=cwd, capture_output=True, text=True, timeout=20, check=False
    )


class FullDisk(io.StringIO):
    """Standard output that goes to a full disk."""

    def flush(self) -> None:
        """Write nothing."""
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_greeting_that_cannot_be_written_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bridge runs all the same."""
    bridge = create_app(config.load(write_exhibit(tmp_path))).extensions["gpiobridge"]
    monkeypatch.setattr(sys, "stdout", FullDisk())
    start_bridge(bridge, "127.0.0.1", 1)
    try:
        assert bridge.running.watcher.alive
    finally:
        bridge.stop()


@pytest.mark.parametrize("way", ["this folder", "another port", "another folder"])
def test_the_printed_command_presses(run_bridge: Run, tmp_path: Path, way: str) -> None:
    """It names the address where a command in this folder wouldn't find it (row 39)."""
    file = write_exhibit(tmp_path / "exhibit", "port = 1")
    cwd = tmp_path if way == "another folder" else file.parent
    named = file if way == "another folder" else None
    bridge = run_bridge(config=named, cwd=cwd) if named else BridgeProcess(None, cwd=cwd)
    try:
        if way == "this folder":  # found by the file alone, as it stands by now
            text = file.read_text().replace("port = 1\n", f"port = {bridge.port}\n")
            bridge.stop()
            file.write_text(text)
            bridge = BridgeProcess(None, port=bridge.port, cwd=cwd)
        said = greeting(bridge)
        assert ("--url" in said) is (way != "this folder"), said
        done = press_as_printed(said, cwd)
        assert (done.returncode, done.stderr) == (0, ""), said
        bridge.wait_for_line("button: low")
    finally:
        bridge.stop()


def test_a_token_that_the_folder_does_not_say_is_asked_for(run_bridge: Run, tmp_path: Path) -> None:
    """The token itself is in no log (row 39)."""
    file = write_exhibit(tmp_path / "exhibit")
    environ = {"GPIOBRIDGE_SERVER__TOKEN": TOKEN, "PATH": "/usr/bin:/bin"}
    bridge = run_bridge(config=file, env=environ, cwd=tmp_path)
    said = greeting(bridge)
    assert TOKEN not in said
    assert said.count("--token ...") == 1
    done = press_as_printed(said, tmp_path, **{"--token ...": f"--token {TOKEN}"})
    assert (done.returncode, done.stderr) == (0, "")


def test_the_folder_s_token_is_found(tmp_path: Path) -> None:
    """Then the printed command needs none (row 39)."""
    write_exhibit(tmp_path, f'token = "{TOKEN}"')
    bridge = BridgeProcess(None, cwd=tmp_path)
    try:
        said = greeting(bridge)
        assert "--token" not in said
        assert press_as_printed(said, tmp_path).returncode == 0
    finally:
        bridge.stop()


def test_the_packaged_example_is_named_with_its_reason(tmp_path: Path) -> None:
    """Who has made pages and sees others learns why (row 37)."""
    (tmp_path / "config.toml.txt").touch()
    bridge = BridgeProcess(None, cwd=tmp_path)
    try:
        reason = "this folder has no config.toml, but config.toml.txt; rename it to config.toml"
        assert f"the packaged example: {reason}" in greeting(bridge)
    finally:
        bridge.stop()


def test_one_s_own_exhibit_is_no_example(run_bridge: Run) -> None:
    """Nor is a word said about it (row 37)."""
    assert "example" not in greeting(run_bridge())


@pytest.mark.parametrize("command", ["check", "doctor"])
def test_commands_say_that_it_is_the_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """`check` finding "it" fine is no comfort to who has another one (row 37)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml.txt").touch()
    done = CliRunner().invoke(main, [command])
    assert "this folder has no config.toml, but config.toml.txt" in done.output


def test_the_address_outside_is_told(run_bridge: Run) -> None:
    """Beside the one on the machine itself."""
    said = greeting(run_bridge(server='url = "https://pi.example.org"'))
    assert re.search(
        r"pages at http://127\.0\.0\.1:\d+/\n  and outside at https://pi\.example\.org/\n", said
    )


def test_a_pin_is_named_with_its_place_on_the_header(run_bridge: Run, tmp_path: Path) -> None:
    """Who has written a header number as a BCM number sees it (issue 14, point 2)."""
    file = write_exhibit(tmp_path)
    text = file.read_text("utf-8").replace("button = 17", "button = 11\nspare = 30")
    file.write_text(text, "utf-8")
    said = greeting(run_bridge(config=file))
    assert "\n  button: GPIO 11, header pin 23, active low\n" in said
    assert "\n  spare: GPIO 30, not on the header, active low\n" in said


def test_an_output_is_named_with_its_place(run_bridge: Run, tmp_path: Path) -> None:
    """Behind the pins; without a GPIO it is said that none is driven."""
    file = write_exhibit(tmp_path)
    text = '[outputs]\nlamp = 22\nlock = { pin = 3, chip = "gpiochip2", active = "low" }\n'
    file.write_text(file.read_text("utf-8") + text, "utf-8")
    said = greeting(run_bridge(config=file))
    assert (
        "\n  door: GPIO 27, header pin 13, active high\n"
        "  lamp: output on GPIO 22, header pin 15, active high\n"
        "  lock: output on line 3 of gpiochip2, active low\n"
        "  the outputs are simulated: no GPIO is driven\n"
        "  the pins are simulated: no GPIO is read\n"
    ) in said


def test_without_outputs_nothing_is_said_of_them(run_bridge: Run) -> None:
    """Most exhibits have none."""
    said = greeting(run_bridge())
    assert "output on" not in said
    assert "outputs are" not in said
