"""The how-to "Two dashboards and a button", and the README's second example, as printed."""

from pathlib import Path
from typing import Any

import pytest
from documents import ROOT, blocks
from harness.bridge_process import Run
from harness.deadline import wait_until
from harness.other_site import OtherSite

HOW_TO = blocks("toml", ROOT / "docs" / "dashboards.md")[0].text
README = blocks("toml", ROOT / "README.md")[1].text


def test_the_readme_shows_the_same_in_nine_lines() -> None:
    """Without those that are empty."""
    assert README == HOW_TO
    assert len([line for line in README.splitlines() if line]) == 9


@pytest.mark.timeout(60)
def test_the_button_switches_between_two_boards(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """Each press shows the other one, without a template."""
    sales, machines = OtherSite(), OtherSite()
    text = HOW_TO.replace("https://example.org", sales.origin)
    file = tmp_path / "config.toml"
    file.write_text(text.replace("https://example.com", machines.origin))
    bridge = run_bridge(config=file)
    page.goto(f"{bridge.url}/gpiobridge/stage")
    try:
        for name, site in (("sales", sales), ("machines", machines), ("sales", sales)):
            wait_until(lambda name=name: [d["page"] for d in bridge.displays()] == [name])
            page.wait_for_function(
                "board => document.querySelector('iframe.shown').contentDocument"
                ".querySelector('object')?.data === board",
                arg=f"{site.url}/{name}" if site is sales else f"{site.origin}/{name}",
            )
            page.wait_for_function(  # it is there, and nothing is said over it
                "document.querySelector('iframe.shown').contentDocument.querySelector('p').hidden"
            )
            assert site.asked
            bridge.press("button")
    finally:
        for site in (sales, machines):
            site.stop()
