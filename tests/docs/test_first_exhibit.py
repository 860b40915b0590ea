"""The tutorial, "Your first exhibit": its steps on the laptop, as printed."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from documents import ROOT, blocks
from harness.bridge_process import BridgeProcess

PAGE = ROOT / "docs" / "first-exhibit.md"
TEXT = PAGE.read_text("utf-8")
LAPTOP = TEXT.partition("## On the Raspberry Pi")[0]
FILES = dict(re.findall(r"^`([\w./]+)`\n\n```\w+\n(.*?)^```$", LAPTOP, re.MULTILINE | re.DOTALL))


def commands(step: str) -> list[str]:
    """The blocks of commands of a step, each as a script."""
    text = LAPTOP.partition(f"### {step}")[2].partition("\n### ")[0]
    return re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.timeout(200)
def test_on_the_laptop(tmp_path: Path, page: Any) -> None:
    """From the checkout to an own page that an own pin changes."""
    (tmp_path / "checkout").symlink_to(ROOT)
    environment = os.environ | {
        "HOME": str(tmp_path),
        "PATH": f"{Path(sys.base_prefix) / 'bin'}:{os.environ['PATH']}",
        "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip")),
    }

    def shell(script: str) -> str:
        done = subprocess.run(
            ["sh", "-e", "-c", script], cwd=tmp_path, env=environment,
            capture_output=True, text=True, timeout=150, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    (install,) = commands("2. Install")
    assert "\ngpiobridge " in shell(install)
    (folder,) = commands("3. Make")
    shell(folder)
    exhibit = tmp_path / "exhibit"
    for name, text in FILES.items():
        (exhibit / name).write_text(text, "utf-8")
    (check,) = commands("4. Check")
    assert shell(f"cd ~/exhibit\n{check}").startswith("config.toml is fine.\n")
    mistyped = FILES["config.toml"].replace("lever = 22", "lever = 99")
    (exhibit / "config.toml").write_text(mistyped, "utf-8")
    wrong = subprocess.run(
        ["sh", "-c", check], cwd=exhibit, env=environment, capture_output=True, text=True,
        timeout=30, check=False,
    )  # fmt: skip
    assert (wrong.returncode, "99" in wrong.stderr) == (2, True)
    (exhibit / "config.toml").write_text(FILES["config.toml"], "utf-8")
    run, press = commands("5. Run")
    bridge = BridgeProcess(
        None, port=None, command=["sh", "-c", f"exec {run.strip()} --port 0"],
        cwd=exhibit, env=environment,
    )  # fmt: skip
    try:
        page.goto(bridge.url)
        page.wait_for_selector('html[data-bridge="online"][data-simulated]')
        assert page.locator("h1").inner_text() == "Day"
        environment["GPIOBRIDGE_SERVER__PORT"] = str(bridge.port)
        shell(press)
        page.wait_for_url("**/night")
        said = bridge.wait_for_line(r"#1 lever: low; day leads to night, displays sent: 1")
        assert said[0] in TEXT
    finally:
        bridge.stop()


def test_the_pi_gets_the_same_exhibit() -> None:
    """What is copied is the folder that was made, and what is installed, too."""
    on_the_pi = "\n".join(b.text for b in blocks("sh", PAGE) if b.line > LAPTOP.count("\n"))
    assert "scp -r ~/checkout ~/exhibit you@exhibit.local:" in on_the_pi
    assert "install ~/exhibit --kiosk" in on_the_pi
    assert set(FILES) == {"config.toml", "templates/day.html", "templates/night.html"}
