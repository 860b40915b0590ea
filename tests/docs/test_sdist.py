"""The source distribution: a wheel is built from it, and runs in an empty folder."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from harness.bridge_process import BridgeProcess
from harness.sockets import close_of, frame

import gpiobridge

ROOT = Path(__file__).parents[2]
NAME = f"gpiobridge-{gpiobridge.__version__}"


def run(*command: str | Path, cwd: Path, **environ: str) -> str:
    """Run a command that must succeed; what it wrote."""
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | environ, timeout=120,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(240)
def test_a_wheel_from_the_sdist_runs_in_an_empty_folder(tmp_path: Path) -> None:
    """`version`, `check` and `run` work there, a press moves a page, and the sdist is whole."""
    made, empty, venv = tmp_path / "made", tmp_path / "empty", tmp_path / "venv"
    empty.mkdir()
    # Without --wheel: the sdist first, and the wheel from it.
    run(sys.executable, "-m", "build", "--outdir", made, ROOT, cwd=empty)
    assert {file.name for file in made.iterdir()} == {
        f"{NAME}.tar.gz",
        f"{NAME}-py3-none-any.whl",
    }
    with tarfile.open(made / f"{NAME}.tar.gz") as sdist:
        names = {name.removeprefix(f"{NAME}/") for name in sdist.getnames()}
    assert {"LICENSE", "README.md", "CHANGELOG.md", "Makefile", "tests/conftest.py"} <= names
    assert not [name for name in names if name.startswith((".venv", ".git/", "build", "dist"))]
    run(sys.executable, "-m", "venv", venv, cwd=empty)
    python, program = venv / "bin" / "python", venv / "bin" / "gpiobridge"
    wheel = made / f"{NAME}-py3-none-any.whl"
    run(python, "-m", "pip", "install", "-q", wheel, cwd=empty, PIP_DISABLE_PIP_VERSION_CHECK="1")
    assert run(program, "version", cwd=empty).startswith(f"gpiobridge {gpiobridge.__version__} ")
    assert "config.toml is fine." in run(program, "check", cwd=empty)
    bridge = BridgeProcess(
        None, port=None, command=[str(program), "run", "--port", "0"], cwd=empty
    )  # fmt: skip
    try:
        with bridge.socket("welcome") as page:
            frame(page, "state")
            run(program, "press", "button", "--url", bridge.url, cwd=empty)
            frame(page, "edge")
            assert close_of(page) == (4000, "/open")
        bridge.stop()
    finally:
        bridge.kill()
