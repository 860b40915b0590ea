"""The shipped client, in a real browser, behind the network of the fault suite."""

from collections.abc import Iterator
from typing import Any

import pytest
from running import RunningBridge

from faults import proxy
from faults.orders import Order
from faults.run import Child


@pytest.fixture
def network(bridge: RunningBridge) -> Iterator[tuple[Child, str]]:
    """A network to the bridge: its process, and the address that a browser uses."""
    child = Child(proxy.run, 1, bridge.port)
    yield child, f"http://127.0.0.1:{child.pipe.recv()[0]}"
    child.end()


def tell(network: Child, order: Order) -> None:
    """Give the network an order, and wait until it is carried out."""
    network.pipe.send(order)
    network.pipe.send(Order(0, "answer"))
    assert network.pipe.poll(10), "the network doesn't answer"
    network.pipe.recv()


def test_a_connection_cut_between_the_edge_and_its_close_loses_no_press(
    bridge: RunningBridge, network: tuple[Child, str], page: Any
) -> None:
    """The edge arrives, what it leads to does not: the page asks again, and moves."""
    child, url = network
    page.goto(f"{url}/welcome")
    page.wait_for_selector("html[data-bridge=online]")
    tell(child, Order(0, "cut-edge"))
    bridge.set_level("button", "low")
    page.wait_for_url(f"{url}/open")
    page.wait_for_selector("html[data-bridge=online]")
    # Once, and no further: a second move would come before this.
    bridge.set_level("button", "high")
    page.wait_for_selector("[data-pin=button][data-level=high]")
    assert page.url == f"{url}/open"
