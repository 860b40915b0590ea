"""The attacks: who does what, from how many addresses, for how long.

Each is data: `attackers` has what the strangers do, `trial` what must come of it. Strangers come
from 127.0.0.2 on; 127.0.0.1 is the machine itself.
"""

from dataclasses import dataclass, field
from typing import Any

from attacks.exhibits import TOKEN, Server

WITH_TOKEN = f'token = "{TOKEN}"'
OPEN = "open = true\nmax_displays = 40"
KNOWS = f"Authorization: Bearer {TOKEN}\r\n"
HEAD = "GET /still HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@dataclass(frozen=True, slots=True)
class Strangers:
    """Some clients who all do the same.

    Args:
        does: the name of a function in `attackers`.
        count: how many connections.
        addresses: from so many addresses.
        options: of the function.
        pause_s: before one that the server has ended connects again, in seconds.
        within_s: over how many seconds they come, one after the other.
    """

    does: str
    count: int
    addresses: int = 1
    options: dict[str, Any] = field(default_factory=dict)
    pause_s: float = 0.05
    within_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack.

    Args:
        name: short, for a table.
        row: of the list of attacks that this suite began with.
        what: the same in a few words, for a person.
        strangers: who attacks.
        seconds: how long in the short form.
        server: what is attacked.
        settings: more lines of its ``[server]``.
        needs_film: whether the visitor loads a film beside pages.
        has_kiosks: whether kiosks are pressed from page to page beside.
        growth_mib: by how much the process may have grown afterwards.
    """

    name: str
    row: int
    what: str
    strangers: tuple[Strangers, ...]
    seconds: float = 4.0
    server: Server = Server.RUN
    settings: str = WITH_TOKEN
    needs_film: bool = False
    has_kiosks: bool = False
    growth_mib: int = 20


def drip(count: int, opening: str, piece: str = "a", every_s: float = 3.0) -> Strangers:
    """Strangers who send ``opening``, and then ``piece`` every ``every_s`` seconds for ever."""
    options = {"opening": opening, "piece": piece, "every_s": every_s}
    return Strangers("drip", count, options=options)


def half_heads(count: int, addresses: int = 1, pause_s: float = 0.05) -> Strangers:
    """Strangers with half a request head each."""
    options = {"opening": HEAD + "X-Slow: "}
    return Strangers("drip", count, addresses, options, pause_s)


def slow_bodies(count: int, more: str, piece: str = " ", every_s: float = 3.0) -> Strangers:
    """Strangers with a whole head, and a body that drips."""
    opening = f"POST /api/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n{KNOWS}"
    opening += f"Content-Type: application/json\r\n{more}\r\n\r\n"
    return drip(count, opening, piece, every_s)


CHUNK = "1\r\n \r\n"
EXPECT = "Content-Length: 1000\r\nExpect: 100-continue"

ATTACKS = (
    Attack("8 incomplete heads", 1, "a byte every 3 s", (half_heads(8),)),
    Attack("16 incomplete heads", 1, "from 2 addresses", (half_heads(16, 2),)),
    Attack("40 incomplete heads", 1, "from 1 address", (half_heads(40),)),
    Attack("600 incomplete heads", 1, "from 20 addresses", (half_heads(600, 20),), 6.0),
    Attack(
        "everything slow",
        1,
        "incomplete heads, endless headers, request lines, silence, dripping, expecting, chunked "
        "and large bodies; 12 or more of each",
        (
            half_heads(12),
            drip(12, HEAD, "X-More: and more\r\n", 0.02),
            drip(12, "GET /st", "i", 1.0),
            drip(12, "\r\n", "\r\n", 1.0),
            drip(100, "", ""),
            slow_bodies(12, "Content-Length: 1000"),
            slow_bodies(12, EXPECT),
            slow_bodies(12, "Transfer-Encoding: chunked", CHUNK),
            slow_bodies(12, "Content-Length: 1000000000", " " * 8192, 0.1),
        ),
        14.0,
    ),
    Attack(
        "incomplete heads, own application",
        1,
        "8, gunicorn with `-k gpiobridge.gunicorn.Worker`",
        (half_heads(8),),
        server=Server.WORKER,
    ),
    Attack(
        "incomplete heads, Werkzeug",
        1,
        "300 from 10 addresses, each back a second after its end",
        (half_heads(300, 10, pause_s=1.0),),
        server=Server.WERKZEUG,
    ),
    Attack("8 slow bodies", 2, "with the token", (slow_bodies(8, "Content-Length: 1000"),)),
    Attack(
        "8 slow bodies of every kind",
        2,
        "with the token; Expect, chunked, too large",
        (
            slow_bodies(8, EXPECT),
            slow_bodies(8, "Transfer-Encoding: chunked", CHUNK),
            slow_bodies(8, "Content-Length: 100000"),
        ),
    ),
    Attack(
        "1,100 answered 401",
        3,
        "within half a second, from 4 addresses; then kept alive, each with a request every 3 s",
        (Strangers("ask_without_token", 1100, 4, {"every_s": 3.0}, within_s=0.5),),
        9.0,
    ),
    Attack(
        "all displays taken",
        4,
        "`max_displays` is 40, 44 try every 10 ms, from 2 addresses",
        (Strangers("take_displays", 44, 2),),
        10.0,
        settings=OPEN,
        has_kiosks=True,
    ),
    Attack(
        "no room for anybody",
        4,
        "`max_displays` is 40, 400 try again at once, from 4 addresses",
        (Strangers("take_displays", 400, 4, pause_s=0.0),),
        6.0,
        settings=OPEN,
    ),
    Attack(
        "24,000 frames a second",
        5,
        "100 sockets from 1 address, 240 frames each, once a second and all at once",
        (Strangers("flood", 1, 1, {"sockets": 100, "frames": 240}),),
        8.0,
    ),
    Attack(
        "96,000 frames a second",
        5,
        "400 sockets from 4 addresses, the same; a closed socket comes back at once",
        (Strangers("flood", 4, 4, {"sockets": 100, "frames": 240}, pause_s=0.0),),
        8.0,
    ),
    Attack(
        "230 readers of a film",
        6,
        "a byte every 2 s",
        (Strangers("sip", 230, 1, {"every_s": 2.0}),),
        8.0,
        needs_film=True,
    ),
    Attack(
        "bad headers",
        7,
        "300 a second",
        (Strangers("send_bad_headers", 3, 1, {"every_s": 0.01}),),
        5.0,
    ),
    Attack(
        "large messages, own application",
        8,
        "`[{},{},...]` of 16 KiB, 150 a second, to a function that takes 1 s for each",
        (Strangers("send_large_messages", 1, 1, {"every_s": 1 / 150}),),
        8.0,
        server=Server.WORKER,
        growth_mib=60,
    ),
)
