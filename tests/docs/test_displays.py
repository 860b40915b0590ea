"""The exhibit of docs/displays.md, as printed: two screens, each with a button of its own."""

from pathlib import Path
from typing import Any

from documents import blocks
from harness.bridge_process import Run
from harness.deadline import wait_until
from harness.exhibit import PAGE

PAGE_OF_DOCS = Path(__file__).parents[2] / "docs" / "displays.md"


def config() -> str:
    """The configuration of the page."""
    return '[server]\napi = "local"\n' + blocks("toml", PAGE_OF_DOCS)[0].text


def test_the_exhibit_is_played(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """Each button moves its own screen; an order to the group moves both."""
    (tmp_path / "templates").mkdir()
    for name in ("sea", "sky", "film"):
        (tmp_path / "templates" / f"{name}.html").write_text(PAGE.format(name=name))
    file = tmp_path / "config.toml"
    file.write_text(config())
    bridge = run_bridge(config=file)
    left, right = page, page.context.new_page()
    left.goto(f"{bridge.url}/?display=left")
    right.goto(f"{bridge.url}/?display=right")

    def wait_for(*pages: str) -> None:
        """Wait until the two screens show these pages, connected."""

        def listed() -> list[tuple[str, str]]:
            return [(each["name"], each["page"]) for each in bridge.listed()["displays"]]

        wait_until(lambda: listed() == list(zip(("left", "right"), pages, strict=True)))
        assert [tab.evaluate("gpiobridge.page") for tab in (left, right)] == [*pages]

    wait_for("sea", "sky")
    bridge.press("left-button")
    wait_for("film", "sky")
    bridge.press("right-button")
    wait_for("film", "film")
    bridge.press("left-button")
    wait_for("sea", "film")
    body, headers = b'{"to": "sky", "group": "wall"}', {"Content-Type": "application/json"}
    assert bridge.request("/api/navigate", body, headers=headers) == (200, '{"displays":2}\n')
    wait_for("sky", "sky")
