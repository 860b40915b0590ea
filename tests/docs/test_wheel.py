"""The built wheel, in an empty environment and folder, with the oldest gunicorn that we allow."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from documents import ROOT, blocks
from harness.bridge_process import BridgeProcess
from harness.sockets import close_of, frame

OLDEST_GUNICORN = re.search(r'"gunicorn>=(\d+)', (ROOT / "pyproject.toml").read_text())


@pytest.mark.timeout(150)
def test_readme_on_a_pi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's three commands make a bridge; without an exhibit it shows the packaged one."""
    assert OLDEST_GUNICORN
    home, empty = tmp_path / "home", tmp_path / "empty"
    home.mkdir()
    empty.mkdir()
    (tmp_path / "constraints.txt").write_text(f"gunicorn=={OLDEST_GUNICORN[1]}.0\n")
    environment = os.environ | {
        "HOME": str(home),
        "PATH": f"{Path(sys.base_prefix) / 'bin'}:{os.environ['PATH']}",
        "PIP_CONSTRAINT": str(tmp_path / "constraints.txt"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip")),
    }
    make, install, run = blocks("sh", ROOT / "README.md")[1].text.splitlines()
    for command in (make, install):
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    bridge = BridgeProcess(
        None,
        port=None,
        command=["sh", "-c", f"exec {run} --port 0"],
        cwd=empty,
        env=environment,
    )
    try:
        assert "Press the button" in bridge.get("/")[1]
        with bridge.socket("welcome") as ws:
            frame(ws, "state")
            bridge.set_level("button", "low")
            frame(ws, "edge")
            assert close_of(ws) == (4000, "/open")
        with bridge.socket("open") as ws:
            frame(ws, "state")
            bridge.stop()
            assert close_of(ws)[0] == 1001
    finally:
        bridge.kill()
    site = next((home / "gpiobridge" / "lib").glob("python3.*")) / "site-packages"
    package = site / "gpiobridge"
    assert (package / "example" / "config.toml").exists()
    for unit in (
        "gpiobridge.service",
        "gpiobridge.socket",
        "gpiobridge-alarms.conf",
        "gpiobridge-network.conf",
        "gpiobridge-recover.service",
        "var-lib-gpiobridge-state.mount",
    ):
        assert (package / "systemd" / unit).exists()
    assert (package / "routes" / "assets" / "client.js").exists()
    for file in (ROOT / "gpiobridge" / "routes" / "assets" / "stage").rglob("*.*"):
        assert (package / file.relative_to(ROOT / "gpiobridge")).exists()
    assert (package / "py.typed").exists()
    assert list(site.glob(f"gunicorn-{OLDEST_GUNICORN[1]}.*"))
