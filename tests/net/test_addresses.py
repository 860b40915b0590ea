"""Whose address a client has."""

import pytest

from gpiobridge.net.addresses import client_of, is_loopback, seen_from_here


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("127.0.0.1", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("", None),
        ("127.0.0.2", "127.0.0.2"),
        ("192.168.1.7", "192.168.1.7"),
        ("::ffff:192.168.1.7", "192.168.1.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_a_client_is_an_ipv4_address_or_an_ipv6_network(address: str, client: str | None) -> None:
    """The machine itself is no client; IPv6 addresses of one /64 are the same one."""
    assert client_of(address) == client


@pytest.mark.parametrize(
    ("host", "never_leaves"),
    [
        ("localhost", True),
        ("LocalHost", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("::1%lo", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:192.168.1.7", False),
        ("192.168.1.7", False),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("localhost.evil.example", False),
    ],
)
def test_a_loopback_host_never_leaves_this_machine(host: str, never_leaves: bool) -> None:
    """Whatever form its address has, it is this machine's."""
    assert is_loopback(host) == never_leaves


@pytest.mark.parametrize(
    ("host", "seen"),
    [
        ("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("0:0::0", "::1"), ("::ffff:0.0.0.0", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"), ("192.0.2.7", "192.0.2.7"), ("pi.local", "pi.local"), ("", ""),
    ],
)  # fmt: skip
def test_where_this_machine_reaches_its_own_listener(host: str, seen: str) -> None:
    """What listens on all addresses is reached at loopback; anything else where it listens."""
    assert seen_from_here(host) == seen
