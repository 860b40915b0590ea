"""Stand-ins of bridges, ended after each test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess
from stand_ins import Proxy, Stub


@pytest.fixture
def make_proxy() -> Iterator[Callable[[BridgeProcess], Proxy]]:
    """A function that puts a `Proxy` before a bridge."""
    proxies: list[Proxy] = []

    def make(bridge: BridgeProcess) -> Proxy:
        proxies.append(Proxy(bridge.port))
        return proxies[-1]

    yield make
    for proxy in proxies:
        proxy.close()


@pytest.fixture
def make_stub() -> Iterator[Callable[..., Stub]]:
    """A function that starts a `Stub`."""
    stubs: list[Stub] = []

    def make(*args: Any, **options: Any) -> Stub:
        stubs.append(Stub(*args, **options))
        return stubs[-1]

    yield make
    for stub in stubs:
        stub.close()
