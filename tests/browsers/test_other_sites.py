"""A page of somebody else, in each browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.exhibit import PAGE
from harness.other_site import FORBIDS, OtherSite

from browsers.tab import Tab

CONFIG = """\
[pins]
button = 17
[pages.welcome]
[pages.board]
url = "{url}"
"""
SAYS = "(() => { const p = document.querySelector('p'); return p && !p.hidden && p.innerText; })()"
IS_SHOWN = "document.querySelector('p')?.hidden === true"


@pytest.fixture
def site() -> Iterator[OtherSite]:
    """A site of somebody else, which tells the page around it when it runs."""
    made = OtherSite()
    yield made
    made.stop()


@pytest.fixture
def bridge(run_bridge: Run, tmp_path: Path, site: OtherSite) -> BridgeProcess:
    """A bridge whose page `board` shows it."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/welcome.html").write_text(PAGE.format(name="welcome"))
    file = tmp_path / "config.toml"
    file.write_text(CONFIG.format(url=site.url))
    return run_bridge(config=file)


def listen(tab: Tab) -> None:
    """Note what the site in the frame says: no page may look into it."""
    tab.run("addEventListener('message', ({ data }) => { window.heard = data; })")


def test_a_site_is_shown(tab: Tab, bridge: BridgeProcess, site: OtherSite) -> None:
    """With its scripts and its own origin, and without a sentence over it."""
    says = "setInterval(() => parent.postMessage(`hello from ${origin}`, '*'), 100)"
    site.body += f"<script>{says}</script>"
    tab.goto(f"{bridge.url}/board")
    tab.wait_for("document.readyState === 'complete'")
    listen(tab)
    tab.wait_for(f"window.heard === 'hello from {site.origin}'")
    tab.wait_for("!document.querySelector('object').inert")


def test_a_site_that_is_away(tab: Tab, bridge: BridgeProcess, site: OtherSite) -> None:
    """The page says so, and shows it by itself."""
    site.stop()
    tab.goto(f"{bridge.url}/board")
    tab.wait_for(f"({SAYS} || '').includes(\"doesn't answer\")")
    site.start()
    tab.wait_for(IS_SHOWN)
    assert site.asked


@pytest.mark.needs("statuses")
def test_a_site_that_forbids_frames(tab: Tab, bridge: BridgeProcess, site: OtherSite) -> None:
    """The page says so."""
    site.headers = FORBIDS
    tab.goto(f"{bridge.url}/board")
    tab.wait_for(f"({SAYS} || '').includes('it forbids frames')")
