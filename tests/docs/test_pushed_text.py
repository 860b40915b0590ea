"""The example shows a text that is pushed to it, as the README pushes one."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess
from harness.pages import ONLINE

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def example() -> Iterator[BridgeProcess]:
    """The shipped example."""
    bridge = BridgeProcess(ROOT / "config.toml")
    yield bridge
    bridge.stop()


def push(example: BridgeProcess, name: str, data: str) -> None:
    """Push JSON to a page, as a person does."""
    words = ["push", data, "--page", name, "--url", example.url]
    done = subprocess.run(
        [sys.executable, "-m", "gpiobridge", *words],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["welcome", "open"])
def test_a_pushed_text_is_shown(example: BridgeProcess, page: Any, name: str) -> None:
    """As text, whatever is in it, until another one comes; an empty one takes it away."""
    page.goto(f"{example.url}/{name}")
    page.wait_for_selector(ONLINE)
    message = page.locator(".message[role=status]")
    assert message.inner_text() == ""
    push(example, name, '{"text": "Closed <b>at noon</b>"}')
    message.filter(has_text="Closed <b>at noon</b>").wait_for(state="visible")
    push(example, name, '{"other": 1}')
    push(example, name, "null")
    push(example, name, '{"text": ""}')
    page.wait_for_selector(".message:empty", state="attached")


@pytest.mark.parametrize(
    ("data", "shown"),
    [('"Closed"', "Closed"), ("42", "42"), ('{"other": 1}', '{"other":1}'), ("[1, 2]", "[1,2]"),
     ('{"text": 5}', "5"), ("false", "false"), ("null", "null")],
)  # fmt: skip
def test_any_data_is_shown(example: BridgeProcess, page: Any, data: str, shown: str) -> None:
    """Whoever tries `push` for the first time, with data of their own, sees that it arrives."""
    page.goto(f"{example.url}/welcome")
    page.wait_for_selector(ONLINE)
    push(example, "welcome", data)
    page.wait_for_function(
        "(text) => document.querySelector('.message').innerText === text", arg=shown
    )
