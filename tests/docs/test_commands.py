"""The commands of a shell on the bridge's own machine, which need no token."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from harness.bridge_process import Run
from harness.exhibit import HOOK, write_exhibit
from harness.sockets import frame


def gpiobridge(*words: str, **environ: str) -> tuple[int, str]:
    """Run a command; its exit code and what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "gpiobridge", *words],
        capture_output=True, text=True, timeout=30, check=False, env=os.environ | environ,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_the_commands_of_a_shell_need_no_token_here(
    run_bridge: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere they say where the key would be, or which token is asked for (row 11)."""
    users = tmp_path / "run"
    users.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(users))
    bridge = run_bridge(config=write_exhibit(tmp_path, "", HOOK))
    with bridge.socket("welcome") as display:
        frame(display, "state")
        assert gpiobridge("push", '"a"', "--url", bridge.url) == (0, "sent to 1 display\n")
        assert frame(display)["data"] == "a"
        assert gpiobridge("press", "bell", "--url", bridge.url)[0] == 0
        assert frame(display)["pin"] == "bell"
        code, said = gpiobridge("push", "1", "--url", bridge.url, XDG_RUNTIME_DIR="/nowhere",
                                TMPDIR=str(tmp_path))  # fmt: skip
    assert code == 1
    assert 'write server.api = "local"' in said
