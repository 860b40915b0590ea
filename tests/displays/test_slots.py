"""Who may open a display, and whose slot is kept for it."""

import pytest

from gpiobridge.config import Limits, Server
from gpiobridge.displays.slots import KEPT_S, OF_THE_MACHINE, NoSlotError, Slot, Slots

STRANGER, OTHER = "192.0.2.1", "192.0.2.2"


class Desk(Slots):
    """Slots, and a clock that the test moves."""

    def __init__(self, limit: int, per_client: int | None = None, own: int = 0) -> None:
        super().__init__(limit, per_client, own, now=lambda: self.now_s)
        self.now_s = 0.0

    def take_all(self, client: str | None) -> list[Slot]:
        """Take slots until none is left for this client."""
        slots = []
        while self.lets_in(client):
            slots.append(self.take(client))
        return slots

    def lets_in(self, client: str | None = None, seat: str = "") -> bool:
        """Whether a socket would get a slot now."""
        try:
            self.forget(self.take(client, seat))
        except NoSlotError:
            return False
        return True


def test_no_more_slots_are_taken_than_there_are() -> None:
    """A socket past the limit is refused, and told why."""
    desk = Desk(2)
    assert len(desk.take_all(None)) == 2
    with pytest.raises(NoSlotError, match=r"^All 2 displays are taken\.$"):
        desk.take()


def test_two_slots_are_kept_for_the_machine_itself() -> None:
    """Strangers get all others, however many they are (row 4)."""
    desk = Desk(5, own=2)
    assert len(desk.take_all(STRANGER) + desk.take_all(OTHER)) == 3
    with pytest.raises(NoSlotError, match="except 2 that are kept for this machine itself"):
        desk.take(STRANGER)
    assert len(desk.take_all(None)) == 2


def test_the_machine_itself_may_take_every_slot() -> None:
    """What is kept for it is no bound (row 4)."""
    desk = Desk(5, 1, own=2)
    assert len(desk.take_all(None)) == 5


def test_displays_of_the_machine_are_among_the_two() -> None:
    """With its two open, strangers have all others still; with three, one less (row 4)."""
    desk = Desk(5, own=2)
    for others in (3, 3, 2):
        desk.take(None)
        taken = desk.take_all(STRANGER)
        assert len(taken) == others
        for slot in taken:
            desk.forget(slot)


@pytest.mark.parametrize("limit", [1, 2])
def test_of_one_or_two_slots_none_is_kept(limit: int) -> None:
    """Else nobody but the machine itself could open a display (row 4)."""
    assert len(Desk(limit, own=2).take_all(STRANGER)) == limit


def test_each_client_has_a_bound_of_its_own() -> None:
    """One can't take what others may have, and hears which key says how many (row 4)."""
    desk = Desk(10, 3)
    assert [len(desk.take_all(client)) for client in (STRANGER, OTHER)] == [3, 3]
    with pytest.raises(NoSlotError, match=f"3 displays of {STRANGER}.*displays_per_address"):
        desk.take(STRANGER)


def test_the_slot_of_a_socket_that_ended_is_kept_for_a_while() -> None:
    """It counts as taken, in all and for its client, for 10 s (row 4)."""
    for desk in (Desk(1), Desk(5, 1)):
        desk.give_back(desk.take(STRANGER))
        desk.now_s = KEPT_S - 0.1
        assert not desk.lets_in(STRANGER)
        assert desk.taken == 1
        desk.now_s = KEPT_S
        assert desk.lets_in(STRANGER)
        assert desk.taken == 0


@pytest.mark.parametrize("ended", [True, False])
def test_a_seat_brings_its_page_in_whatever_is_full(ended: bool) -> None:
    """Also while its old socket is half open, in whose place the new one is (row 4)."""
    desk = Desk(3, own=1)
    mine = desk.take(STRANGER)
    desk.take_all(OTHER)
    if ended:
        desk.give_back(mine)
    again = desk.take(STRANGER, mine.seat)
    assert (again.instead_of, desk.taken) == (mine, 2)
    assert again.seat != mine.seat


def test_a_seat_is_used_once() -> None:
    """Whoever comes with it a second time is a stranger, and so is one who comes late (row 4)."""
    desk = Desk(1)
    mine = desk.take()
    again = desk.take(seat=mine.seat)
    assert not desk.lets_in(seat=mine.seat)
    desk.give_back(again)
    desk.now_s = KEPT_S
    desk.take(STRANGER)
    assert not desk.lets_in(seat=again.seat)


def test_an_old_socket_that_ends_late_gives_nothing_back() -> None:
    """Its page's next socket has the slot (row 4)."""
    desk = Desk(1)
    mine = desk.take()
    again = desk.take(seat=mine.seat)
    desk.give_back(mine)
    desk.now_s = 2 * KEPT_S
    assert desk.taken == 1
    desk.give_back(again)
    desk.now_s = 4 * KEPT_S
    assert desk.taken == 0


def test_a_seat_brings_no_slot_beyond_the_bounds() -> None:
    """From another address it still counts for the client that took it (row 4)."""
    desk = Desk(9, 1)
    mine = desk.take(STRANGER)
    again = desk.take(OTHER, mine.seat)
    assert not desk.lets_in(STRANGER)
    assert desk.lets_in(OTHER)
    assert again.client == STRANGER


@pytest.mark.parametrize("ended_s", [None, 0.0])
def test_a_handshake_that_fails_leaves_the_seat_good(ended_s: float | None) -> None:
    """The page tries again with the same one; the slot is the old socket's as before (row 4)."""
    desk = Desk(1)
    mine = desk.take()
    failing = desk.take(seat=mine.seat)
    if ended_s is not None:
        desk.give_back(mine)
    desk.forget(failing)
    assert desk.taken == 1
    assert not desk.lets_in()
    assert desk.lets_in(seat=mine.seat)
    desk.now_s = KEPT_S
    assert desk.lets_in() == (ended_s is not None)


def test_a_handshake_that_fails_takes_no_slot() -> None:
    """Nobody was told a seat for it (row 4)."""
    desk = Desk(1)
    for _ in range(3):
        desk.forget(desk.take())
    assert desk.taken == 0


def test_a_client_that_comes_and_goes_without_seats_is_let_in() -> None:
    """Of many slots that are kept for it, the youngest is its next one's (row 4)."""
    desk = Desk(200, 120)
    kiosk = desk.take(STRANGER)
    mine = desk.take(OTHER)
    for _ in range(1000):
        desk.now_s += 0.001
        desk.give_back(desk.take(STRANGER))
    kiosk = desk.take(STRANGER, kiosk.seat)
    desk.give_back(kiosk)
    desk.give_back(mine)
    for _ in range(1000):
        desk.now_s += 0.001
        desk.give_back(desk.take(STRANGER))
    assert desk.lets_in(STRANGER, kiosk.seat)
    assert desk.lets_in(OTHER, mine.seat)


def test_the_slot_of_a_page_that_broke_a_rule_is_free_at_once() -> None:
    """Whoever floods is not waited for: its slots would keep others out (row 4)."""
    desk = Desk(1)
    slot = desk.take(STRANGER)
    desk.give_back(slot, keep=False)
    assert not desk.taken
    assert desk.lets_in(OTHER)
    assert desk.lets_in(OTHER, slot.seat)


def test_the_machine_itself_gets_a_slot_that_is_kept_for_it() -> None:
    """Its sockets that come without a seat need not wait for those that have ended (row 4)."""
    desk = Desk(5, own=2)
    desk.take_all(STRANGER)
    for slot in desk.take_all(None):
        desk.give_back(slot)
    assert desk.lets_in(None)
    assert not desk.lets_in(OTHER)


def test_behind_a_proxy_kept_slots_are_given_to_nobody_else() -> None:
    """There all clients look like the machine itself (row 4)."""
    desk = Desk(2)
    desk.give_back(desk.take(None))
    desk.take(None)
    assert not desk.lets_in(None)


@pytest.mark.parametrize("client", [STRANGER, None])
def test_so_it_is_with_the_limits_that_nobody_has_set(client: str | None) -> None:
    """A client's bound may be met when half of all slots are free (row 4)."""
    desk = Desk(Server(start="welcome").max_displays, Limits().displays_per_address, OF_THE_MACHINE)
    kiosk = desk.take(client)
    desk.give_back(kiosk)
    for _ in range(2000):
        desk.now_s += 0.001
        desk.give_back(desk.take(client))
    assert desk.lets_in(client, kiosk.seat)


def test_few_kept_slots_are_given_to_nobody_else() -> None:
    """Not even to their own client: a proxy speaks for everybody (row 4)."""
    desk = Desk(50)
    for slot in desk.take_all(None):
        desk.give_back(slot)
    assert not desk.lets_in()


def test_an_empty_seat_is_nobodys() -> None:
    """A client that knows of no seats brings none (row 4)."""
    desk = Desk(2)
    desk.take()
    desk.take(seat="")
    assert desk.taken == 2


def test_a_seat_whose_handshakes_fail_is_one_kept_slot() -> None:
    """However often it comes in vain, it is not the many of which one is given up (row 4)."""
    desk = Desk(1)
    slot = desk.take()
    desk.give_back(slot)
    for _ in range(60):
        assert desk.lets_in(seat=slot.seat)
    assert not desk.lets_in()
    assert desk.lets_in(seat=slot.seat)
