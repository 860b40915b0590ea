"""The exhibit of docs/hours.md, as printed: a button, a lamp, and a page for the night."""

from pathlib import Path
from typing import Any

import pytest
from documents import blocks
from harness.bridge_process import Run
from harness.deadline import wait_until
from harness.exhibit import PAGE

PAGE_OF_DOCS = Path(__file__).parents[2] / "docs" / "hours.md"


def config() -> str:
    """The configuration of the page. Its machine has a battery, and this one may have none."""
    text = blocks("toml", PAGE_OF_DOCS)[0].text.replace(
        "[hours]\n", "[hours]\ntrust_clock = true\n"
    )
    return f'[server]\napi = "local"\n{text}'


def test_the_exhibit_is_played(
    run_bridge: Run, page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Open, closed and open again, by hand: a test can't wait for the evening."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "templates").mkdir()
    for name in ("welcome", "open", "closed"):
        (tmp_path / "templates" / f"{name}.html").write_text(PAGE.format(name=name))
    file = tmp_path / "config.toml"
    file.write_text(config())
    bridge = run_bridge(config=file)

    def order(body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        assert bridge.request("/api/hours", body, headers=headers)[0] == 204

    def wait_for(name: str, lamp: str) -> None:
        """Wait until the display shows a page, connected, and the lamp is right."""

        def now() -> tuple[list[str], str]:
            health = bridge.health()
            pages = [each["page"] for each in health["displays"] if each["shown"] is not None]
            return pages, health["outputs"]["lamp"]["state"]

        wait_until(lambda: now() == ([name], lamp))
        assert page.evaluate("gpiobridge.page") == name

    order(b'{"hours": "open", "for": "4h"}')
    wait_until(lambda: bridge.health()["hours"]["state"] == "open")
    page.goto(bridge.url)
    wait_for("welcome", "on")
    bridge.press("button")
    wait_for("open", "off")
    bridge.press("button")
    wait_for("welcome", "on")
    order(b'{"hours": "close", "for": "1h"}')
    wait_for("closed", "off")
    bridge.press("button")
    page.goto(f"{bridge.url}/open")
    wait_for("closed", "off")
    order(b'{"hours": "open", "for": "4h"}')
    wait_for("welcome", "on")
    bridge.stop()
    bridge = run_bridge(config=file, port=bridge.port)
    assert bridge.health()["hours"]["state"] == "open"
    assert bridge.health()["hours"]["overruled_until"] is not None
