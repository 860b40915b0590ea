"""Which pages are this machine's own kiosk's: secrets, tickets, and pages that come too early."""

import gc
import socket

from wsproto import connection as protocol

from gpiobridge.displays.audience import Display
from gpiobridge.displays.connection import Connection
from gpiobridge.displays.own_kiosks import OwnKiosks

SECRET, OTHER, TICKET = "s" * 43, "o" * 43, "t" * 43


def connection() -> Connection:
    """A page's connection, which nothing comes through."""
    ends = socket.socketpair()
    for end in ends:
        end.close()
    ws = protocol.Connection(protocol.ConnectionType.SERVER)
    return Connection(ends[0], ws, Display("welcome", "kiosk", 1))


def judged(kiosks: OwnKiosks, *cookies: str) -> Connection:
    """A connection whose handshake came with these cookies."""
    made = connection()
    kiosks.judge(made, cookies)
    return made


def test_a_page_is_known_by_the_secret_alone() -> None:
    """The launcher has said it before; no other text will do, and the ticket is none."""
    kiosks = OwnKiosks()
    kiosks.prove("kiosk", SECRET, TICKET)
    found = [judged(kiosks, *each).of_kiosk for each in ((), (OTHER,), (TICKET,), ("",))]
    assert found == [False] * 4
    assert judged(kiosks, SECRET).of_kiosk
    assert judged(kiosks, OTHER, SECRET).of_kiosk


def test_nobody_is_proven_at_first() -> None:
    """A page is none of a kiosk's unless somebody has said so."""
    assert not connection().of_kiosk
    assert not judged(OwnKiosks(), SECRET).of_kiosk


def test_a_ticket_counts_once() -> None:
    """Also if the launcher says it once more, because it doesn't know yet."""
    kiosks = OwnKiosks()
    assert kiosks.redeem(TICKET) == ""
    kiosks.prove("kiosk", SECRET, TICKET)
    assert [kiosks.redeem(each) for each in (OTHER, "", TICKET, TICKET)] == ["", "", SECRET, ""]
    kiosks.prove("kiosk", SECRET, TICKET)
    assert kiosks.redeem(TICKET) == ""


def test_the_next_start_of_the_browser_has_another_ticket() -> None:
    """The one before is good no more, even if nobody has used it."""
    kiosks = OwnKiosks()
    kiosks.prove("kiosk", SECRET, TICKET)
    kiosks.prove("kiosk", SECRET, "n" * 43)
    assert [kiosks.redeem(each) for each in (TICKET, "n" * 43)] == ["", SECRET]


def test_a_page_that_comes_before_the_proof() -> None:
    """After the bridge's restart it is proven while it is open; a forged one never is."""
    kiosks = OwnKiosks()
    pages = [judged(kiosks, SECRET), judged(kiosks, SECRET), judged(kiosks, OTHER), connection()]
    assert [page.of_kiosk for page in pages] == [False] * 4
    kiosks.prove("hall", "h" * 43, "")
    assert [page.of_kiosk for page in pages] == [False] * 4
    kiosks.prove("kiosk", SECRET, "")
    assert [page.of_kiosk for page in pages] == [True, True, False, False]


def test_a_page_that_waits_is_not_held() -> None:
    """Once its connection has ended, nothing of it is left."""
    kiosks = OwnKiosks()
    made = judged(kiosks, OTHER)
    assert len(kiosks._waiting) == 1
    del made
    gc.collect()
    assert len(kiosks._waiting) == 0


def test_each_screen_has_its_own() -> None:
    """A kiosk that starts anew has another secret; the kiosk beside it keeps its own."""
    kiosks = OwnKiosks()
    assert kiosks.prove("left", SECRET, "")
    assert kiosks.prove("right", OTHER, "")
    assert not kiosks.prove("left", "n" * 43, "")
    found = [judged(kiosks, each).of_kiosk for each in (SECRET, OTHER, "n" * 43)]
    assert found == [False, True, True]
    assert [kiosks.is_called(name) for name in ("left", "right", "hall")] == [True, True, False]


def test_their_number_is_bounded() -> None:
    """Of more kiosks than a machine has screens the oldest are forgotten."""
    kiosks = OwnKiosks()
    for number in range(20):
        kiosks.prove(f"kiosk-{number}", f"{number:043}", "")
    known = [kiosks.is_called(f"kiosk-{number}") for number in range(20)]
    assert known == [False] * 4 + [True] * 16
