"""The launcher's proof: when it is given, what is said where it can't be, and what stays secret."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gpiobridge.client import asking
from gpiobridge.errors import RemoteError
from gpiobridge.kiosk.alarm import Alarm
from gpiobridge.kiosk.proof import Proof
from gpiobridge.system import run_key
from gpiobridge.system.run_key import Found

BRIDGE = "http://127.0.0.1:8000"


class Bridge:
    """A bridge that takes proofs, as far as the launcher knows it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys = ["key-of-run-1"]
        self.asked: list[tuple[str, str, str]] = []  # key, secret and ticket
        self.refuses: dict[str, int | None] = {}  # by key: the status
        monkeypatch.setattr("gpiobridge.kiosk.proof.find_kiosk_keys", self._find)
        monkeypatch.setattr(asking, "prove_kiosk", self._take)

    def _find(self, url: str, _environ: object) -> list[Found]:
        return [Found(key, url) for key in self.keys]

    def _take(self, _base: str, key: str, display: str, secret: str, ticket: str, **_: Any) -> None:
        assert display == "hall"
        self.asked.append((key, secret, ticket))
        if key in self.refuses:
            raise RemoteError("no", self.refuses[key])


@pytest.fixture
def bridge(monkeypatch: pytest.MonkeyPatch) -> Bridge:
    """A bridge whose key this user may read."""
    return Bridge(monkeypatch)


@pytest.fixture
def proof() -> Proof:
    """The proof of a kiosk of this machine."""
    return Proof(BRIDGE, "hall", Alarm(), {})


def test_each_start_of_the_browser_has_a_ticket(bridge: Bridge, proof: Proof) -> None:
    """Another one each time; the secret stays."""
    tickets = [proof.begin(), proof.begin()]
    assert [ticket for _, _, ticket in bridge.asked] == tickets
    assert len(set(tickets)) == 2
    assert len({secret for _, secret, _ in bridge.asked}) == 1
    assert all(len(text) >= 32 for asked in bridge.asked for text in asked[1:])


def test_each_launcher_has_another_secret(bridge: Bridge) -> None:
    """Nobody knows it from an earlier one."""
    for _ in range(2):
        Proof(BRIDGE, "hall", Alarm(), {}).begin()
    assert len({secret for _, secret, _ in bridge.asked}) == 2


def test_nothing_is_sent_while_the_bridge_runs(bridge: Bridge, proof: Proof) -> None:
    """Also beside a key that a dead bridge has left: the launcher only looks at the files."""
    bridge.keys = ["key-of-run-1", "of-a-dead-one"]
    proof.begin()
    for _ in range(3):
        proof.renew(seen=True)
    assert [key for key, *_ in bridge.asked] == ["key-of-run-1"]


def test_a_bridge_that_has_started_anew_gets_the_proof_again(bridge: Bridge, proof: Proof) -> None:
    """With the same secret; with the ticket only if the browser may not have used it."""
    ticket = proof.begin()
    bridge.keys = ["key-of-run-2"]
    proof.renew(seen=False)
    bridge.keys = ["key-of-run-3"]
    proof.renew(seen=True)
    secret = bridge.asked[0][1]
    assert bridge.asked == [
        ("key-of-run-1", secret, ticket),
        ("key-of-run-2", secret, ticket),
        ("key-of-run-3", secret, ""),
    ]


def test_a_bridge_that_stops_takes_its_key_along(bridge: Bridge, proof: Proof, caplog: Any) -> None:
    """Nothing is amiss: with the bridge the next key comes."""
    caplog.set_level(logging.INFO)
    proof.begin()
    bridge.keys = []
    proof.renew(seen=True)
    assert caplog.messages == []


def test_a_stale_key_is_passed_over(bridge: Bridge, proof: Proof, caplog: Any) -> None:
    """The next one is the live bridge's, and nothing is amiss."""
    caplog.set_level(logging.INFO)
    bridge.keys, bridge.refuses = ["stale", "live"], {"stale": 403}
    assert proof.begin()
    proof.renew(seen=True)
    assert [key for key, *_ in bridge.asked] == ["stale", "live"]
    assert caplog.messages == []


@pytest.mark.parametrize("status", [None, 503])
def test_a_bridge_that_is_down_is_tried_again(
    bridge: Bridge, proof: Proof, status: int | None, caplog: Any
) -> None:
    """It says nothing of the key, so the key may be right; three times before the start."""
    caplog.set_level(logging.INFO)
    bridge.refuses = {"key-of-run-1": status}
    assert proof.begin() == ""
    assert len(bridge.asked) == 3
    bridge.refuses = {}
    proof.renew(seen=False)
    assert len(bridge.asked) == 4
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "the bridge is older than version 0.5; upgrade it"),
        (405, "the bridge is older than version 0.5; upgrade it"),
        (403, "the bridge takes no proof: no"),
    ],
)
def test_a_refusal_is_said_once(
    bridge: Bridge, proof: Proof, status: int, said: str, caplog: Any
) -> None:
    """The exhibit is shown without a ticket, and a bridge that is upgraded is asked again."""
    caplog.set_level(logging.INFO)
    bridge.refuses = {"key-of-run-1": status}
    assert [proof.begin(), proof.begin()] == ["", ""]
    proof.renew(seen=True)
    assert caplog.messages == [f"this kiosk's pages may only look: {said}"]
    bridge.keys = ["key-of-run-2"]
    assert proof.begin()


def test_an_older_bridge_that_stops_says_nothing_more(
    bridge: Bridge, proof: Proof, caplog: Any
) -> None:
    """Why it is not proven was said; that the key is gone is no news."""
    caplog.set_level(logging.INFO)
    bridge.refuses = {"key-of-run-1": 404}
    proof.begin()
    bridge.keys = []
    proof.renew(seen=True)
    assert len(caplog.messages) == 1


@pytest.fixture
def no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The service's folder, in which there is no key yet."""
    service = tmp_path / "service"
    service.mkdir()
    monkeypatch.setattr(run_key, "SERVICE_FOLDER", service)
    monkeypatch.setattr(run_key, "SESSIONS_FOLDER", tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return service


@pytest.mark.parametrize(
    ("base", "said"),
    [
        (BRIDGE, f"there is no key of the bridge at {BRIDGE} that this user could read; run the"),
        ("http://pi.local:8000", "http://pi.local:8000 is not a bridge's own address on this"),
        ("https://127.0.0.1", "https://127.0.0.1 is not a bridge's own address on this machine"),
    ],
)
@pytest.mark.usefixtures("no_key")
def test_what_is_missing_is_said_once(base: str, said: str, caplog: Any) -> None:
    """With the remedy; nothing else comes of it."""
    caplog.set_level(logging.INFO)
    proof = Proof(base, "hall", Alarm(), {})
    assert proof.begin() == ""
    proof.renew(seen=True)
    (line,) = caplog.messages
    assert line.startswith(f"this kiosk's pages may only look: {said}")


def test_a_key_of_another_user_is_named(
    no_key: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """As where only one of the two units was placed by `install`."""
    caplog.set_level(logging.INFO)
    file = no_key / "key-127.0.0.1-8000"
    file.touch()
    access: Callable[..., bool] = os.access
    monkeypatch.setattr(os, "access", lambda path, *rest: path != file and access(path, *rest))
    assert Proof(BRIDGE, "hall", Alarm(), {}).begin() == ""
    (line,) = caplog.messages
    assert f"this user may not read the bridge's key ({file}); install both with" in line
