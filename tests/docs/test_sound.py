"""The exhibit of docs/sound.md, as printed: rain on two pages, a click at each press."""

from pathlib import Path
from typing import Any

from documents import blocks
from harness.bridge_process import Run
from harness.exhibit import PAGE
from harness.sounds import record, recording, write_sounds
from harness.stage_tab import StageTab

PAGE_OF_DOCS = Path(__file__).parents[2] / "docs" / "sound.md"


def config() -> str:
    """The configuration of the page."""
    return blocks("toml", PAGE_OF_DOCS)[0].text


def test_the_exhibit_is_played(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """From welcome over the forest to the cave and back."""
    write_sounds(tmp_path)
    (tmp_path / "static" / "rain.wav").rename(tmp_path / "static" / "rain.ogg")  # known by content
    (tmp_path / "templates").mkdir()
    for name in ("welcome", "forest", "cave"):
        (tmp_path / "templates" / f"{name}.html").write_text(PAGE.format(name=name))
    file = tmp_path / "config.toml"
    file.write_text(config())
    record(page)
    stage = StageTab(page, run_bridge(config=file))
    stage.wait_shown("/welcome")
    stage.wait("started.includes('rain') && window.recording && recorded.length > 40")
    page.evaluate("recorded.length = 0")
    for number, name in enumerate(("forest", "cave", "welcome"), 1):
        stage.bridge.set_level("button", "low")
        stage.wait_shown(f"/{name}")
        stage.wait("started.filter((name) => name === 'click').length === path", number)
        stage.bridge.set_level("button", "high")
        stage.wait("shownView().gpiobridge.pins.button.level === 'high'")
        if name == "forest":
            assert max(recording(page).gaps_s(), default=0.0) < 0.02
    assert page.evaluate("started.filter((name) => name === 'rain').length") in (1, 2)
