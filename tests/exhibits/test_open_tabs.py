"""Pages, programs and servers of two versions understand each other: an old tab may stay open."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from harness import version_before
from harness.bridge_process import BridgeProcess
from harness.deadline import DEADLINE_S, wait_until
from harness.exhibit import write_exhibit
from harness.pages import ONLINE, open_page
from versions import CLIENT, VERSIONS, RunVersion

import gpiobridge

SHIPPED = {version.name: version / "client.js" for version in VERSIONS}
BOTH_WAYS = pytest.mark.parametrize(("first", "then"), [("before", "this"), ("this", "before")])
SAID = "document.addEventListener('gpiobridge:message', (e) => { document.title = e.detail; });"


def listen(page: Any) -> list[str]:
    """Collect what our script warns of in the console."""
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text) if m.text.startswith("gpiobridge") else None)
    return said


def assert_follows(page: Any, bridge: BridgeProcess) -> None:
    """The open page shows a level and a message, and a press moves it, once."""
    bridge.set_level("door", "high")
    page.wait_for_selector('[data-pin="door"][data-level="high"][data-active="true"]')
    page.evaluate(SAID)
    done = subprocess.run(
        [sys.executable, "-m", "gpiobridge", "push", '"hello"', "--url", bridge.url],
        timeout=DEADLINE_S, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page.wait_for_function("document.title === 'hello'")
    bridge.set_level("button", "low")
    page.wait_for_url("**/open")
    page.wait_for_selector(ONLINE)
    bridge.set_level("button", "high")
    page.wait_for_selector('[data-pin="button"][data-level="high"]')
    assert page.url.endswith("/open")


def is_version_of(bridge: BridgeProcess, tree: Path) -> bool:
    """Whether the script that a server serves is that of these files."""
    script = tree / CLIENT.relative_to(CLIENT.parents[3])
    return bridge.get("/gpiobridge/client.js")[1] == script.read_text()


@BOTH_WAYS
def test_a_tab_stays_open_while_the_server_changes(
    first: str, then: str, run_version: RunVersion, before: Path, tmp_path: Path, page: Any
) -> None:
    """An upgrade, or the way back, under an open tab: it goes on by itself, without a reload."""
    said = listen(page)
    config = write_exhibit(tmp_path)
    bridge = run_version(first, config)
    assert is_version_of(bridge, before if first == "before" else CLIENT.parents[3])
    open_page(page, bridge)
    page.evaluate("window.opened = 'before the change'")
    bridge.stop()
    page.wait_for_selector('html[data-bridge="offline"]')
    bridge = run_version(then, config, bridge.port)
    assert is_version_of(bridge, before if then == "before" else CLIENT.parents[3])
    wait_until(lambda: len(bridge.health()["displays"]) == 1)
    page.wait_for_selector(ONLINE)
    assert page.evaluate("window.opened") == "before the change"
    assert_follows(page, bridge)
    assert said == []


@pytest.mark.parametrize(
    ("client", "server"), [("before", "this"), ("this", "before"), *((v, "this") for v in SHIPPED)]
)
def test_a_script_of_another_version(
    client: str, server: str, run_version: RunVersion, before: Path, tmp_path: Path, page: Any
) -> None:
    """A server moves the pages of another version's script, as a cache may have kept it."""
    said = listen(page)
    scripts = {"before": before / CLIENT.relative_to(CLIENT.parents[3]), "this": CLIENT}
    script = (scripts | SHIPPED)[client].read_text()
    page.route(
        "**/gpiobridge/client.js*",
        lambda route: route.fulfill(body=script, content_type="text/javascript"),
    )
    bridge = run_version(server, write_exhibit(tmp_path))
    open_page(page, bridge)
    assert_follows(page, bridge)
    assert said == []


@BOTH_WAYS
def test_a_program_of_another_version(
    first: str, then: str, run_version: RunVersion, before: Path, tmp_path: Path
) -> None:
    """`watch` of one version follows a page of the other, `push` reaches it, `press` moves it."""
    bridge = run_version(then, write_exhibit(tmp_path))
    environment = os.environ | ({"PYTHONPATH": str(before)} if first == "before" else {})
    command = [sys.executable, "-m", "gpiobridge"]
    watching = subprocess.Popen(
        [*command, "watch", f"{bridge.url}/welcome", "--once"],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert watching.stdout is not None
    with watching.stdout as lines:
        frames = [json.loads(lines.readline())]
        for order in (["push", '"hello"'], ["press", "button"]):
            words = [*command, *order, "--url", bridge.url]
            subprocess.run(words, cwd=tmp_path, env=environment, timeout=DEADLINE_S, check=True)
        frames += [json.loads(line) for line in lines]
    assert watching.wait(DEADLINE_S) == 0
    told = [frame["type"] for frame in frames if frame["type"] != "beat"]
    assert told[:3] == ["state", "message", "edge"]
    assert frames[-1] == {"type": "close", "code": 4000, "reason": "/open"}


def test_the_version_before_is_another_one(before: Path) -> None:
    """The commit that is named is of the version that is named, and it is not this version."""
    assert f'version = "{version_before.VERSION}"' in (before / "pyproject.toml").read_text()
    assert gpiobridge.__version__ != version_before.VERSION


def test_a_clone_without_that_commit_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a shallow clone the reason and the remedy are said."""
    monkeypatch.setattr(version_before, "COMMIT", 40 * "0")
    with pytest.raises(AssertionError, match="git fetch --unshallow"):
        version_before.export(tmp_path)


def test_the_script_that_is_kept_is_the_one_that_is_shipped() -> None:
    """Until the next version begins, the copy is refreshed with `make exhibits-client`."""
    for name, kept in SHIPPED.items():
        if gpiobridge.__version__ == f"{name}.0":
            assert kept.read_text() == CLIENT.read_text(), "run: make exhibits-client"
