"""Edges on their way to the watcher: in order, counted by pin, and not too many."""

from gpiobridge.core.events import Level, RawEdge
from gpiobridge.loop import edge_queue
from gpiobridge.loop.edge_queue import EdgeQueue


def edges(*pins: str) -> list[RawEdge]:
    """Make an edge of each pin, one a second."""
    return [RawEdge(pin, Level.LOW, float(number)) for number, pin in enumerate(pins)]


def filled(*pins: str) -> EdgeQueue:
    """Make a queue with an edge of each pin."""
    queue = EdgeQueue()
    for edge in edges(*pins):
        queue.put(edge)
    return queue


def test_the_oldest_comes_first_and_no_more_than_asked_for() -> None:
    """Two at a time; what is left waits."""
    queue = filled("a", "b", "a")
    assert list(queue.take(2)) == edges("a", "b", "a")[:2]
    assert queue.waiting
    assert list(queue.take(2)) == edges("a", "b", "a")[2:]
    assert not queue.waiting


def test_pins_are_those_of_edges_that_still_wait() -> None:
    """Also of an edge that has arrived since the last was taken."""
    queue = filled("a", "b")
    list(queue.take(1))
    assert queue.pins() == {"b"}
    queue.put(edges("a")[0])
    assert queue.pins() == {"a", "b"}


def test_beyond_its_limit_the_oldest_are_dropped() -> None:
    """So that a pin that oscillates for ever can't fill the memory."""
    queue = EdgeQueue()
    for edge in edges(*["a"] * (edge_queue.MAX_EDGES + 3)):
        queue.put(edge)
    assert next(iter(queue.take(1))).at_s == 3.0
    assert not queue.full
    for edge in edges(*["a"] * 10):
        queue.put(edge)
    queue.pins()
    assert queue.full
