"""Messages between an application and its pages, and pages that it moves."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from harness.deadline import DEADLINE_S, wait_until
from harness.served_application import make_app, open_socket, press, served
from harness.sockets import close_of, frame
from websockets.exceptions import ConnectionClosed

from gpiobridge import Display, GpioBridge, Message, PushError
from gpiobridge.displays.audience import Audience, Push
from gpiobridge.displays.retained_messages import MAX_RETAINED, MAX_RETAINED_BYTES, RetainedMessages
from gpiobridge.loop.order_queue import MAX_ORDERS, OrderQueue


class Site:
    """A served application with two pages, and sockets that have their state."""

    def __init__(self, stack: ExitStack, **options: Any) -> None:
        self._stack = stack
        self.app, self.bridge = make_app(**options)
        self.port = 0

    def serve(self) -> "Site":
        """Serve it until the end of the test."""
        self.port = self._stack.enter_context(served(self.app, self.bridge))
        return self

    def open(self, page: str, query: str = "") -> Any:
        """Open a page's socket and take its state."""
        ws = self._stack.enter_context(open_socket(self.port, f"/ws/{page}{query}"))
        frame(ws, "state")
        return ws


@pytest.fixture
def site() -> Iterator[Site]:
    """An application that isn't served yet."""
    with ExitStack() as stack:
        yield Site(stack)


def nested(depth: int) -> list[Any]:
    """Make a list in a list, so deep."""
    made: list[Any] = []
    for _ in range(depth - 1):
        made = [made]
    return made


def data_of(ws: Any) -> Any:
    """The next message's data."""
    return frame(ws, "message")["data"]


def test_a_message_reaches_every_page(site: Site) -> None:
    """As a frame of type `message`, from any thread."""
    site.serve()
    sockets = [site.open("welcome"), site.open("open")]
    pusher = threading.Thread(target=lambda: site.bridge.push({"price": 1.5}))
    pusher.start()
    pusher.join()
    for ws in sockets:
        assert frame(ws) == {"type": "message", "data": {"price": 1.5}}


@pytest.mark.parametrize(
    ("audience", "gets"),
    [
        ({}, "abc"),
        ({"page": "welcome"}, "ab"),
        ({"display": "hall"}, "bc"),
        ({"page": "welcome", "display": "hall"}, "b"),
        ({"exclude": "hall"}, "a"),
        ({"page": "open", "exclude": "hall"}, ""),
        ({"display": "nobody"}, ""),
    ],
)
def test_a_message_is_for_an_audience(site: Site, audience: dict[str, str], gets: str) -> None:
    """By page, by display, without one; `push` says how many it is for."""
    site.serve()
    sockets = {
        "a": site.open("welcome"),
        "b": site.open("welcome", "?display=hall"),
        "c": site.open("open", "?display=hall"),
    }
    assert site.bridge.push("for some", **audience) == len(gets)
    site.bridge.push("end")
    said = {name: [data_of(ws)] for name, ws in sockets.items()}
    for name, got in said.items():
        while got[-1] != "end":
            got.append(data_of(sockets[name]))
    assert {name for name, got in said.items() if got == ["for some", "end"]} == set(gets)


def test_messages_come_in_order(site: Site) -> None:
    """A burst arrives whole and in order."""
    ws = site.serve().open("welcome")
    for i in range(3000):
        site.bridge.push(i)
    assert [data_of(ws) for _ in range(3000)] == list(range(3000))


def test_a_retained_message_is_for_those_who_come_later(site: Site) -> None:
    """The newest under each key, also from before the start; None forgets it."""
    site.bridge.push("before the start", retain="news")
    site.bridge.push("nobody is there")
    site.serve()
    site.bridge.start()
    site.bridge.push(1, retain="price")
    site.bridge.push(2, retain="price")
    site.bridge.push("only there", page="open", retain="price")
    welcome = site.open("welcome")
    assert [data_of(welcome) for _ in range(2)] == ["before the start", 2]
    opened = site.open("open")
    assert [data_of(opened) for _ in range(3)] == ["before the start", 2, "only there"]
    site.bridge.push(None, retain="price")
    assert (data_of(welcome), data_of(opened)) == (None, None)
    site.bridge.push("end", retain="end")
    late = site.open("welcome")
    assert [data_of(late) for _ in range(2)] == ["before the start", "end"]


def test_a_page_that_leaves_at_once_gets_no_retained_message(site: Site) -> None:
    """Its next page will."""
    site.serve()
    site.bridge.start()
    site.bridge.push("news", retain="news")
    cursor = site.bridge.running.watcher.core.cursor
    press(site.bridge)
    wait_until(lambda: site.bridge.pins["button"].level == "low")
    ws = site.open("welcome", f"?cursor={cursor}")
    assert frame(ws)["type"] == "edge"
    assert close_of(ws) == (4000, "/is/open")


@pytest.mark.parametrize(
    ("data", "options", "said"),
    [
        (
            object(),
            {},
            "the message is not JSON: Object of type object is not JSON serializable; it may hold ",
        ),
        ("x" * 20_000, {}, "the message takes 20028 bytes"),
        (1, {"page": "wellcome"}, "page = 'wellcome': there is no such page; pages: welcome, open"),
        (1, {"display": ""}, "display = '': must be a display, or its name"),
        (1, {"exclude": 7}, "exclude = 7: must be a display, or its name"),
        (1, {"group": 7}, "group = 7: must be the name of a group"),
        (1, {"group": "wall"}, "group = 'wall': there is no such group; groups: none"),
        (1, {"retain": True}, "retain = True: must be a key"),
        (1, {"retain": ""}, "retain = '': must be a key"),
        (
            1,
            {"retain": "k" * 129},
            "retain = 'kkkkkkkkkkkkkkkkkkkk…': a key has at most 128 characters, not 129",
        ),
        (
            1,
            {"display": "d" * 65},
            "display = 'dddddddddddddddddddd…': a display's name has at most 64 characters, not 65",
        ),
        (1, {"exclude": "d" * 65_000}, "exclude = 'dddddddddddddddddddd…': a display's name has"),
        ([[[]]] * 5 + [nested(100)], {}, "the message is nested more than 100 deep"),
        (
            1,
            {"retain": "score", "display": Display("open", "left", 1)},
            "retain = 'score': a single display never comes again",
        ),
    ],
)
def test_what_cannot_be_pushed_is_said(
    site: Site, data: object, options: dict[str, Any], said: str
) -> None:
    """In a sentence, on the caller's thread."""
    site.bridge.start()
    with pytest.raises(PushError) as wrong:
        site.bridge.push(data, **options)
    assert str(wrong.value).startswith(said)
    site.bridge.stop()


def test_a_message_for_a_group() -> None:
    """The configuration says which names belong to it; whoever joins later gets what is kept."""
    with ExitStack() as stack:
        site = Site(stack, config={"displays": {"hall": {"group": "wall"}}}).serve()
        hall, other = site.open("welcome", "?display=hall"), site.open("welcome", "?display=x")
        assert site.bridge.push("for the wall", group="wall", retain="news") == 1
        later = site.open("open", "?display=hall")
        site.bridge.push("end")
        assert [data_of(hall), data_of(hall)] == ["for the wall", "end"]
        assert data_of(other) == "end"
        assert data_of(later) == "for the wall"


def test_retained_messages_are_bounded(site: Site) -> None:
    """A display gets them all at once when it comes, so they have to fit."""
    site.bridge.start()
    size = 10_000
    for i in range(MAX_RETAINED_BYTES // (size + 50)):
        site.bridge.push("x" * size, retain=f"{i}")
    with pytest.raises(PushError, match="retain = 'more': too many messages are retained"):
        site.bridge.push("x" * size, retain="more")
    site.bridge.push("y" * size, retain="0")  # in place of another
    site.bridge.push(None, retain="0")
    site.bridge.push("x" * size, retain="more")
    site.bridge.stop()


@pytest.mark.parametrize("what", ["retain", "display", "exclude"])
def test_keys_of_retained_messages_count(what: str) -> None:
    """So do the names of the displays that they are for (row 10)."""
    retained, kept = RetainedMessages(), 0
    while kept < MAX_RETAINED_BYTES:
        name = f"{kept:060}"
        others = {} if what == "retain" else {what: name}
        key = name if what == "retain" else "k"
        if not retained.reserve(Push(b"x" * 200, Audience(**others), key)):
            break
        kept += 1
    assert kept <= MAX_RETAINED_BYTES // 260


def test_so_many_messages_are_retained_at_most() -> None:
    """Each takes memory beside its bytes; a key that is there can be pushed to (row 10)."""
    retained = RetainedMessages()
    for number in range(MAX_RETAINED):
        assert retained.reserve(Push(b"x", Audience(), f"{number}"))
    assert not retained.reserve(Push(b"x", Audience(), "more"))
    assert retained.reserve(Push(b"y", Audience(), "0"))
    assert retained.reserve(Push(b"", Audience(), "1", forget=True))
    assert retained.reserve(Push(b"x", Audience(), "more"))


def test_what_everyone_else_gets_is_retained_once(site: Site) -> None:
    """Whoever has sent it: his display is another one when it comes again."""
    before = site.serve().open("welcome")
    size = MAX_RETAINED_BYTES // 10
    for i in range(20):
        sender = Display("open", "", 1_000 + i)
        site.bridge.push([i, "x" * size], exclude=sender, retain="news")
        assert data_of(before)[0] == i
    later = site.open("welcome")
    site.bridge.push("end")
    assert [data_of(later)[0], data_of(later)] == [19, "end"]


def test_retained_messages_are_counted_as_they_are_kept() -> None:
    """Two threads may reserve in one order, and their pushes come in the other."""
    retained = RetainedMessages()
    push = Push(b"x" * (MAX_RETAINED_BYTES - len("news")), Audience(), "news")
    forget = Push(b"", Audience(), "news", forget=True)
    more = Push(b"x", Audience(), "more")
    assert retained.reserve(push)
    assert retained.reserve(forget)
    retained.keep(forget)
    retained.keep(push)
    assert not retained.reserve(more)
    assert retained.reserve(forget)
    retained.keep(forget)
    assert retained.reserve(more)


def test_the_application_moves_pages(site: Site) -> None:
    """By a close like a press's; a page that is there already stays."""
    site.serve()
    welcome, there = site.open("welcome"), site.open("open")
    assert site.bridge.navigate("open") == 1
    assert close_of(welcome) == (4000, "/is/open")
    assert [d.page for d in site.bridge.displays] == ["open"]
    site.bridge.push("still here")
    assert data_of(there) == "still here"
    with pytest.raises(PushError, match="to = 'opn': there is no such page; pages: welcome, open"):
        site.bridge.navigate("opn")


def test_the_application_moves_one_display(site: Site) -> None:
    """By its name, or the very one; also all but one."""
    site.serve()
    sockets = [site.open("welcome", f"?display={name}") for name in "abc"]
    one = next(d for d in site.bridge.displays if d.name == "b")
    assert site.bridge.navigate("open", display=one) == 1
    assert close_of(sockets[1]) == (4000, "/is/open")
    assert site.bridge.navigate("open", page="welcome", exclude="a") == 1
    assert close_of(sockets[2]) == (4000, "/is/open")
    assert [d.name for d in site.bridge.displays] == ["a"]


def test_the_simulator_is_not_moved(site: Site) -> None:
    """It is no page of the exhibit."""
    simulator = site.serve().open("simulator")
    assert site.bridge.navigate("open") == 0
    site.bridge.push("hello")
    assert data_of(simulator) == "hello"


def test_an_order_is_kept_between_push_and_navigate(site: Site) -> None:
    """What was pushed before a page is moved, it gets before it leaves."""
    ws = site.serve().open("welcome")
    site.bridge.push("goodbye")
    site.bridge.navigate("open")
    assert data_of(ws) == "goodbye"
    assert close_of(ws) == (4000, "/is/open")


def test_a_page_sends_to_the_application(site: Site) -> None:
    """A function gets the data and who sent it, and may answer just that one."""
    got: queue.SimpleQueue[Message] = queue.SimpleQueue()

    @site.bridge.on_message
    def answer(message: Message) -> None:
        got.put(message)
        site.bridge.push(f"you said {message.data}", display=message.display)
        site.bridge.push("somebody spoke", exclude=message.display)

    site.serve()
    one, other = site.open("welcome", "?display=hall"), site.open("welcome", "?display=hall")
    one.send('{"type":"message","data":"hello"}')
    assert data_of(one) == "you said hello"
    assert data_of(other) == "somebody spoke"
    message = got.get(timeout=DEADLINE_S)
    assert (message.data, message.display.page, message.display.name) == (
        "hello",
        "welcome",
        "hall",
    )


def test_an_echo_never_fails(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """What a page may send can be pushed back; what can't closes its socket (row 9)."""

    @site.bridge.on_message
    def echo(message: Message) -> None:
        site.bridge.push(message.data, display=message.display, retain=None)

    site.serve()
    for data in ("NaN", "-Infinity", "1e999", '"\\ud800"', "[" * 8_000 + "]" * 8_000, "[" * 10_000):
        ws = site.open("welcome")
        ws.send(f'{{"type":"message","data":{data}}}')
        assert close_of(ws)[0] == 1008
    ws = site.open("welcome")
    for data in ("1e300", "[" * 100 + "]" * 100, '"\\u0000"'):
        ws.send(f'{{"type":"message","data":{data}}}')
        data_of(ws)
    assert not [record for record in caplog.records if record.exc_info]


def test_messages_without_a_function_are_passed_over(site: Site) -> None:
    """An application need not listen."""
    ws = site.serve().open("welcome")
    ws.send('{"type":"message","data":1}')
    ws.send('{"type":"message","data":2}')
    site.bridge.push("end")
    assert data_of(ws) == "end"
    wait_until(lambda: site.bridge.running.watcher.counts.messages_received == 2)


def test_push_before_start_and_after_stop_is_harmless(site: Site) -> None:
    """A scheduled job may outlive the bridge, or be earlier."""
    assert site.bridge.push("early", display=Display("welcome")) == 0
    assert site.bridge.navigate("wherever") == 0
    site.bridge.start()
    site.bridge.stop()
    assert site.bridge.push("late", retain="late") == 0
    assert site.bridge.navigate("open") == 0


def test_who_pushes_waits_while_too_much_waits() -> None:
    """A loop that pushes is slowed down to what the watcher can do, and let go at the end."""
    orders, order = OrderQueue(), Push(b"", Audience())
    for _ in range(MAX_ORDERS):
        orders.put(order)
    put: Callable[[], None] = lambda: orders.put(order)  # noqa: E731
    pushers = [threading.Thread(target=put) for _ in range(2)]
    for pusher in pushers:
        pusher.start()
    next(orders.take())
    wait_until(lambda: sum(pusher.is_alive() for pusher in pushers) == 1)
    orders.close()
    for pusher in pushers:
        pusher.join(DEADLINE_S)
    assert not orders.waiting


def test_the_log_may_be_pushed(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """The watcher's own thread doesn't wait for itself, however much it has to say."""
    pushed = threading.Event()

    class Pushing(logging.Handler):
        def emit(self, _record: logging.LogRecord) -> None:
            for i in range(MAX_ORDERS + 1):
                site.bridge.push(i, page="open")
            pushed.set()

    handler = Pushing()
    ws = site.serve().open("welcome")
    logger = logging.getLogger("gpiobridge.loop.event_log")
    caplog.set_level(logging.INFO, logger.name)
    logger.addHandler(handler)
    try:
        press(site.bridge)  # that is logged
        assert pushed.wait(DEADLINE_S)
    finally:
        logger.removeHandler(handler)
    assert close_of(ws) == (4000, "/is/open")


def test_on_failure_may_push_and_stop() -> None:
    """Nobody takes orders any longer; so nobody waits with them, and it may end the bridge."""
    ended = threading.Event()

    def end() -> None:
        for i in range(MAX_ORDERS + 1):
            bridge.push(i)
        bridge.stop()
        ended.set()

    _, bridge = make_app(on_failure=end)
    bridge.start()
    watcher = bridge.running.watcher
    watcher.every(60.0, lambda: 1 // 0)
    assert ended.wait(DEADLINE_S)
    wait_until(lambda: not watcher.alive)
    bridge.stop()


def test_a_watcher_that_died_has_no_displays(site: Site) -> None:
    """Their sockets are closed, so a push is for nobody."""
    ws = site.serve().open("welcome")
    assert len(site.bridge.displays) == 1
    site.bridge.running.watcher.every(60.0, lambda: 1 // 0)
    with pytest.raises(ConnectionClosed):
        ws.recv(DEADLINE_S)
    wait_until(lambda: not site.bridge.running.watcher.alive)
    assert (site.bridge.displays, site.bridge.push(1)) == ([], 0)


def test_a_push_in_every_thread_at_once(site: Site) -> None:
    """Many threads may push; each thread's messages keep their order."""
    ws = site.serve().open("welcome")

    def push_all(number: int) -> None:
        for i in range(200):
            site.bridge.push([number, i])

    pushers = [threading.Thread(target=push_all, args=(n,)) for n in range(5)]
    for pusher in pushers:
        pusher.start()
    got = [data_of(ws) for _ in range(1000)]
    for pusher in pushers:
        pusher.join()
    for number in range(5):
        assert [i for n, i in got if n == number] == list(range(200))


def test_an_application_needs_no_pin() -> None:
    """Then no GPIO is opened, nothing is simulated, and pages are pushed to."""
    with ExitStack() as stack:
        app, bridge = Flask(__name__), GpioBridge()
        app.add_url_rule("/", "welcome", bridge.page("welcome")(lambda: "<h1>welcome</h1>"))
        bridge.init_app(app)
        port = stack.enter_context(served(app, bridge))
        ws = stack.enter_context(open_socket(port, "/ws/welcome"))
        state = frame(ws, "state")
        assert (state["pins"], state["simulated"]) == ({}, False)
        bridge.push("hello")
        assert data_of(ws) == "hello"
        health = app.test_client().get("/healthz")
        assert (health.status_code, health.get_json()["status"]) == (200, "ok")
