"""The shipped client, in a real browser, behind the network of the fault suite."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from harness.bridge_process import BridgeProcess
from harness.exhibit import write_exhibit

from faults import proxy
from faults.orders import Order
from faults.run import Child

HOLD = """\
[pins.button]
pin = 17
hold = "1s"
[pins.door]
pin = 27
[pages.welcome]
on_hold.button = "open"
[pages.open]
on_hold.button = "still"
[pages.still]
"""


@contextlib.contextmanager
def network(bridge: BridgeProcess) -> Iterator[tuple[Child, str]]:
    """A network to the bridge: its process, and the address that a browser uses."""
    child = Child(proxy.run, 1, bridge.port)
    try:
        yield child, f"http://127.0.0.1:{child.pipe.recv()[0]}"
    finally:
        child.end()


def tell(child: Child, order: Order) -> None:
    """Give the network an order, and wait until it is carried out."""
    child.pipe.send(order)
    child.pipe.send(Order(0, "answer"))
    assert child.pipe.poll(10), "the network doesn't answer"
    child.pipe.recv()


def test_a_connection_cut_between_the_edge_and_its_close_loses_no_press(
    bridge: BridgeProcess, page: Any
) -> None:
    """The edge arrives, what it leads to does not: the page asks again, and moves."""
    with network(bridge) as (child, url):
        page.goto(f"{url}/welcome")
        page.wait_for_selector("html[data-bridge=online]")
        tell(child, Order(0, "cut-close"))
        bridge.set_level("button", "low")
        page.wait_for_url(f"{url}/open")
        page.wait_for_selector("html[data-bridge=online]")
        # Once, and no further: a second move would come before this.
        bridge.set_level("button", "high")
        page.wait_for_selector("[data-pin=button][data-level=high]")
        assert page.url == f"{url}/open"


def test_a_connection_cut_in_the_middle_of_a_press_loses_no_hold(
    run_bridge: Callable[..., BridgeProcess], tmp_path: Path, page: Any
) -> None:
    """The press is still this page's, though its begin is past for the new socket."""
    bridge = run_bridge(config=write_exhibit(tmp_path, config=HOLD))
    with network(bridge) as (child, url):
        page.goto(f"{url}/welcome")
        page.wait_for_selector("html[data-bridge=online]")
        bridge.set_level("button", "low")
        page.wait_for_selector("[data-pin=button][data-level=low]")
        bridge.set_level("door", "low")  # what follows the edge shows that it led nowhere
        page.wait_for_selector("[data-pin=door][data-level=low]")
        tell(child, Order(0, "cut"))
        page.wait_for_url(f"{url}/open")
        page.wait_for_selector("html[data-bridge=online]")
        # Once, and no further, though that page waits for a hold, too.
        bridge.set_level("button", "high")
        page.wait_for_selector("[data-pin=button][data-level=high]")
        assert page.url == f"{url}/open"
