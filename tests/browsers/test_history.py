"""The back button, the reload button, two tabs, and a tab that may keep nothing."""

from collections.abc import Iterator

import pytest
from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until

from browsers.acting import assert_stays, open_page, press
from browsers.gate import Gate
from browsers.launching import Browser, start
from browsers.tab import Tab


def test_back_leaves_no_ghost(tab: Tab, bridge: BridgeProcess) -> None:
    """A page that was left holds no socket; one that the back button shows is live again."""
    open_page(tab, bridge, "still")
    tab.goto(f"{bridge.url}/static/a.txt")
    wait_until(lambda: bridge.health()["displays"] == [])
    tab.back()
    assert_stays(tab, bridge, "still")
    wait_until(lambda: bridge.displays() == [{"name": "", "page": "still", "visible": True}])


def test_back_after_a_press_stays(tab: Tab, bridge: BridgeProcess) -> None:
    """The press that led away from a page doesn't lead away from it again (row 48)."""
    open_page(tab, bridge)
    press(bridge)
    tab.wait_for_page("open")
    tab.back()
    tab.wait_for("gpiobridge.page === 'welcome'")
    assert_stays(tab, bridge, "welcome")
    # Wherever the page came from, it is a page as any other: the next press counts.
    press(bridge)
    tab.wait_for_page("open")
    assert_stays(tab, bridge, "open")
    assert tab.visits() == ["/welcome", "/open", "/welcome", "/open"]


def test_press_before_a_page_was_opened_does_not_count(tab: Tab, bridge: BridgeProcess) -> None:
    """What was pressed while the tab showed another site's page is not of this one (row 49)."""
    open_page(tab, bridge)
    tab.goto(f"{bridge.url}/static/a.txt")
    wait_until(lambda: bridge.health()["displays"] == [])
    press(bridge)
    open_page(tab, bridge)
    assert_stays(tab, bridge, "welcome")
    assert tab.visits() == ["/welcome", "/welcome"]


def test_press_before_a_reload_counts(tab: Tab, bridge: BridgeProcess, gate: Gate) -> None:
    """A page that was cut off and is loaded anew has missed nothing, and counts nothing twice."""
    open_page(tab, gate)
    gate.hold("/ws/")
    gate.cut()
    wait_until(lambda: bridge.health()["displays"] == [])
    press(bridge)
    gate.wait_for_held()
    tab.reload()
    gate.release()
    tab.wait_for_page("open")
    assert_stays(tab, bridge, "open")
    assert tab.visits() == ["/welcome", "/welcome", "/open"]


@pytest.mark.needs("tabs")
def test_each_tab_counts_for_itself(tab: Tab, bridge: BridgeProcess) -> None:
    """One press moves both of two tabs, each once, wherever it is."""
    other = tab.new_tab()
    open_page(tab, bridge, "welcome")
    open_page(other, bridge, "open")
    press(bridge)
    tab.wait_for_page("open")
    other.wait_for_page("welcome")
    press(bridge)
    assert_stays(tab, bridge, "welcome")
    assert_stays(other, bridge, "open")
    assert tab.visits() == ["/welcome", "/open", "/welcome"]
    assert other.visits() == ["/open", "/welcome", "/open"]


@pytest.fixture
def tab_without_storage(browser: Browser) -> Iterator[Tab]:
    """A tab of a browser in which no page may keep anything."""
    blocking = start(browser.name, storage=False)
    try:
        with blocking.open_tab() as tab:
            yield tab
    finally:
        blocking.end()


@pytest.mark.needs("blocked storage")
def test_a_press_needs_no_storage(tab_without_storage: Tab, bridge: BridgeProcess) -> None:
    """Where a page may keep nothing, the cursor that it came with has to do."""
    tab = tab_without_storage
    open_page(tab, bridge)
    with pytest.raises(Exception, match=r"(?i)insecure|denied"):
        tab.evaluate("sessionStorage.length")
    for name in ("open", "welcome"):
        press(bridge)
        tab.wait_for_page(name)
        assert_stays(tab, bridge, name)
