"""Whose request is answered next."""

import random

import pytest

from gpiobridge.serve.turns import REST_S, Turn, Turns

THREADS = 4
MOST_SLOW = 3
MOST_SLOW_IN_ALL = 12


def waiting(*turns: tuple[str, str | None, bool]) -> Turns[str]:
    """Requests that wait, of whom, and whether they are slow."""
    all_turns: Turns[str] = Turns(THREADS, MOST_SLOW, MOST_SLOW_IN_ALL)
    for item, client, slow in turns:
        assert all_turns.put(Turn(item, client, slow)) is None
    return all_turns


def taken(turns: Turns[str]) -> list[Turn[str]]:
    """Take all that may be answered now."""
    found = []
    while (turn := turns.next()) is not None:
        found.append(turn)
    return found


def test_clients_take_turns() -> None:
    """Whoever has asked for much doesn't keep the next one waiting."""
    turns = waiting(("a1", "a", False), ("a2", "a", False), ("a3", "a", False), ("b1", "b", False))
    assert [turn.item for turn in taken(turns)] == ["a1", "b1", "a2"]


def test_one_client_has_half_the_threads_at_most() -> None:
    """The third request of a client waits until one of its others is answered."""
    turns = waiting(*((f"a{number}", "a", False) for number in range(3)))
    first, _ = taken(turns)
    assert turns.next() is None
    turns.done(first)
    assert [turn.item for turn in taken(turns)] == ["a2"]


def test_this_machine_may_have_all_threads() -> None:
    """A proxy speaks for everybody."""
    turns = waiting(*((f"m{number}", None, False) for number in range(5)))
    assert len(taken(turns)) == THREADS


def test_requests_whose_bodies_are_to_come_have_half_the_threads() -> None:
    """Of all clients together, this machine's, too; others pass them."""
    turns = waiting(*((f"s{number}", None, True) for number in range(3)), ("m", None, False))
    assert [turn.item for turn in taken(turns)] == ["s0", "s1", "m"]


def test_the_oldest_slow_request_of_a_client_goes() -> None:
    """More than so many of one client don't wait; those of this machine do."""
    turns = waiting(*((f"a{number}", "a", True) for number in range(MOST_SLOW)))
    assert turns.put(Turn("a", "a", True)) == "a0"
    assert turns.put(Turn("b", "b", True)) is None
    for number in range(2 * MOST_SLOW):
        assert turns.put(Turn(f"m{number}", None, True)) is None


def test_the_oldest_slow_request_of_all_goes() -> None:
    """Also this machine's, as a proxy on it may speak for one who attacks; others stay."""
    turns = waiting(("m", None, False), *((f"m{n}", None, True) for n in range(MOST_SLOW_IN_ALL)))
    assert turns.put(Turn("b", "b", True)) == "m0"
    assert turns.put(Turn("m", None, False)) is None


def test_a_slow_request_makes_room() -> None:
    """The one that has waited longest, of one client or of all; none that a thread answers."""
    turns = waiting(("a0", "a", True), ("b0", "b", True), ("a1", "a", True), ("c0", "c", False))
    assert turns.give_up("b") == "b0"
    assert turns.give_up("b") is None
    assert turns.next() == Turn("a0", "a", True)
    assert turns.give_up(None) == "a1"
    assert turns.give_up(None) is None
    assert turns.next() == Turn("c0", "c", False)
    assert turns.next() is None
    assert len(turns) == 0


def test_this_machine_comes_first() -> None:
    """A kiosk doesn't wait for visitors."""
    turns = waiting(("a", "a", False), ("b", "b", False), ("m", None, False))
    assert [turn.item for turn in taken(turns)] == ["m", "a", "b"]


def test_clients_may_have_few_of_the_threads() -> None:
    """Of these each gets half, and slow requests do; this machine has the others."""
    turns: Turns[str] = Turns(THREADS, MOST_SLOW, MOST_SLOW_IN_ALL, for_clients=2)
    for item, client, slow in (
        ("a1", "a", True), ("a2", "a", False), ("b1", "b", True), ("b2", "b", False),
        ("c1", "c", False), ("m1", None, False), ("m2", None, False),
    ):  # fmt: skip
        turns.put(Turn(item, client, slow))
    assert [turn.item for turn in taken(turns)] == ["m1", "m2", "a1", "b2"]


def test_who_is_refused_rests() -> None:
    """Its next request waits, and those of others don't; this machine never rests."""
    now_s = [100.0]
    turns: Turns[str] = Turns(THREADS, MOST_SLOW, MOST_SLOW_IN_ALL, clock=lambda: now_s[0])
    assert turns.rest_s() is None
    for client in ("a", None):
        turns.let_rest(client)
    assert turns.rest_s() is None  # nothing of it waits
    for item, client in (("a", "a"), ("b", "b"), ("m", None)):
        turns.put(Turn(item, client, False))
    assert [turn.item for turn in taken(turns)] == ["m", "b"]
    assert turns.rest_s() == pytest.approx(REST_S)
    now_s[0] += REST_S
    assert turns.rest_s() == 0.0
    assert [turn.item for turn in taken(turns)] == ["a"]
    assert turns.rest_s() is None


def test_nobody_has_rested_while_all_threads_are_busy() -> None:
    """The next answer wakes whoever waits."""
    turns: Turns[str] = Turns(THREADS, MOST_SLOW, MOST_SLOW_IN_ALL, clock=lambda: 100.0)
    for number in range(THREADS):
        turns.put(Turn(f"m{number}", None, False))
    first, *_ = taken(turns)
    turns.let_rest("a")
    turns.put(Turn("a", "a", False))
    assert turns.rest_s() is None
    turns.done(first)
    assert turns.rest_s() == pytest.approx(REST_S)


@pytest.mark.parametrize("seed", range(20))
def test_every_request_is_answered_once(seed: int) -> None:
    """Whatever the order, none is lost, none comes twice, and no bound is passed."""
    chance = random.Random(seed)
    turns: Turns[int] = Turns(THREADS, 1000, 1000)
    put, answering, answered = 0, [], []
    while len(answered) < 200:
        if put < 200 and chance.random() < 0.6:
            client = chance.choice([None, "a", "b", "c"])
            turns.put(Turn(put, client, chance.random() < 0.3))
            put += 1
        while (turn := turns.next()) is not None:
            answering.append(turn)
        assert len(answering) <= THREADS
        assert sum(turn.slow for turn in answering) <= THREADS // 2
        if answering and (put == 200 or chance.random() < 0.5):
            turn = answering.pop(chance.randrange(len(answering)))
            turns.done(turn)
            answered.append(turn.item)
    assert sorted(answered) == list(range(200))
    assert len(turns) == 0


class Looked(str):
    """A client that counts how often anything looks for it."""

    times = 0

    def __hash__(self) -> int:
        """Count."""
        Looked.times += 1
        return super().__hash__()


def test_clients_that_must_wait_anyway_cost_nothing() -> None:
    """While all threads for clients are busy, nobody goes through the hundreds that wait."""
    turns: Turns[str] = Turns(THREADS, MOST_SLOW, MOST_SLOW_IN_ALL, for_clients=2)
    for number in range(500):
        turns.put(Turn("page", Looked(f"client{number}"), False))
    assert len(taken(turns)) == 2
    Looked.times = 0
    assert turns.next() is None
    assert Looked.times < 10
