"""Who is this machine's own kiosk: only a browser whose launcher has shown a key of this run.

Each row of `FORGED` is a way of somebody who may look, or who runs a program on this machine.
"""

import contextlib
import http.client
import json
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from http.cookies import Morsel, SimpleCookie
from typing import Any

import pytest
from flask import request
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import DEADLINE_S, wait_until
from harness.exhibit import CONFIG
from harness.served_application import make_app
from websockets.exceptions import InvalidStatus

from gpiobridge.client import asking
from gpiobridge.system import run_key

TOKEN = "correct-horse_battery"
SECRET, TICKET, GUESS = "s" * 43, "t" * 43, "g" * 43
ELSEWHERE = ("127.0.0.2", 0)
"""An address that counts as another client: only 127.0.0.1 and ::1 are this machine itself."""

WITH_LOCK = f"{CONFIG}\n[outputs.lock]\npin = 22\nfrom_pages = true\n"
PROVE = {"display": "kiosk", "secret": SECRET, "ticket": TICKET}


@pytest.fixture
def run_telling(run_bridge: Run) -> Callable[..., BridgeProcess]:
    """A function that starts a bridge that tells which displays are proven."""

    def run(server: str = f'token = "{TOKEN}"', **options: Any) -> BridgeProcess:
        bridge = run_bridge("telling", server, **options)
        bridge.url = f"http://127.0.0.1:{bridge.port}"
        bridge.token = TOKEN
        return bridge

    return run


def key_of(bridge: BridgeProcess) -> str:
    """The key of its run, as this user's own kiosk finds it."""
    ((key, _),) = run_key.find_kiosk_keys(bridge.url)
    return key


def prove(bridge: BridgeProcess, ticket: str = TICKET) -> None:
    """Prove a kiosk, as its launcher does."""
    asking.prove_kiosk(bridge.url, key_of(bridge), "kiosk", SECRET, ticket)


def load(
    bridge: BridgeProcess, path: str, address: tuple[str, int] | None = None, **headers: str
) -> tuple[int, SimpleCookie]:
    """Load a page; its status, and the cookies that it sets."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", bridge.port, timeout=DEADLINE_S, source_address=address
    )
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        cookies = SimpleCookie()
        for text in response.headers.get_all("Set-Cookie", ()):
            cookies.load(text)
        return response.status, cookies


def of_kiosk(found: Mapping[str, Any]) -> Morsel[str] | None:
    """The cookie that makes a browser the kiosk's, if there is one."""
    return next((c for name, c in found.items() if name.startswith("gpiobridge-kiosk-")), None)


def told(bridge: BridgeProcess) -> list[list[Any]]:
    """Name, page and proof of each display, as they came."""
    status, text = bridge.get("/of-kiosk", Authorization=f"Bearer {TOKEN}")
    assert status == 200, text
    found: list[list[Any]] = json.loads(text)
    return found


@contextlib.contextmanager
def page(
    bridge: BridgeProcess, query: str = "?display=kiosk", **options: Any
) -> Iterator[Callable[[], bool]]:
    """Open a page's socket; gives a function that tells whether it is the kiosk's."""
    with bridge.socket("welcome", query, **options):
        wait_until(lambda: len(told(bridge)) == 1)
        yield lambda: told(bridge)[0][2]


def lock_after(bridge: BridgeProcess, state: str, query: str, headers: dict[str, str]) -> str:
    """The lock's state once a page has ordered another one, and is gone."""
    with bridge.socket("welcome", query, additional_headers=headers) as socket:
        wait_until(lambda: len(told(bridge)) == 1)
        socket.send(json.dumps({"type": "output", "output": "lock", "state": state}))
    wait_until(lambda: told(bridge) == [])
    # The watcher's turn in which it went sets the lock at its end: it is over with another display.
    with bridge.socket("welcome", query, additional_headers=headers):
        wait_until(lambda: len(told(bridge)) == 1)
    wait_until(lambda: told(bridge) == [])
    found: str = bridge.health()["outputs"]["lock"]["state"]
    return found


def name_of(secret: str) -> str:
    """The name of the cookie of a secret, as the bridge chooses it; it is no secret."""
    return f"gpiobridge-kiosk-{sha256(secret.encode()).hexdigest()[:8]}"


@pytest.mark.parametrize("first", ["/gpiobridge/stage", "/welcome"])
@pytest.mark.parametrize("server", ["", f'token = "{TOKEN}"'])
def test_the_browser_with_the_ticket_is_the_kiosk(
    run_telling: Callable[..., BridgeProcess], server: str, first: str
) -> None:
    """Its first page gets the cookie; each further page and socket is known by it."""
    bridge = run_telling(server)
    prove(bridge)
    token = f"&token={TOKEN}" if server else ""
    status, cookies = load(bridge, f"{first}?display=kiosk&kiosk_ticket={TICKET}{token}")
    assert status == 200
    cookie = of_kiosk(cookies)
    assert cookie is not None
    assert (cookie.key, cookie.value) == (name_of(SECRET), SECRET)
    # No script sees it, no other site's page may use it, and it goes with the browser.
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert (cookie["max-age"], cookie["expires"], cookie["secure"]) == ("", "", "")
    sent = {"Cookie": "; ".join(f"{each.key}={each.value}" for each in cookies.values())}
    for query in ("?display=kiosk", "", "?display=another"):
        with page(bridge, query, additional_headers=sent) as proven:
            assert proven()
    bridge.stop()
    said = "".join(bridge.log)
    assert said.count("the kiosk kiosk of this machine has proven itself") == 1
    assert SECRET not in said
    assert TICKET not in said


BEARER = {"Authorization": f"Bearer {TOKEN}"}

# What is sent with the socket's handshake besides the viewers' token: the query, and headers.
FORGED: dict[str, tuple[str, dict[str, str]]] = {
    "the viewers' token": ("", {}),
    "the kiosk's name": ("?display=kiosk", {}),
    "a name like the kiosk's": ("?display=kiosk&of_kiosk=true", {}),
    "a ticket that was used": (f"?display=kiosk&kiosk_ticket={TICKET}", {}),
    "a guessed ticket": (f"?display=kiosk&kiosk_ticket={GUESS}", {}),
    "a guessed secret": ("?display=kiosk", {"Cookie": f"{name_of(GUESS)}={GUESS}"}),
    "the cookie's name alone": ("?display=kiosk", {"Cookie": f"{name_of(SECRET)}=x"}),
    "another secret by that name": ("?display=kiosk", {"Cookie": f"{name_of(SECRET)}={GUESS}"}),
    "the secret in another cookie": ("", {"Cookie": f"kiosk={SECRET}"}),
    "the secret in the address": (f"?display=kiosk&secret={SECRET}&{name_of(SECRET)}={SECRET}", {}),
    "the ticket as the secret": ("", {"Cookie": f"{name_of(TICKET)}={TICKET}"}),
    "the token as the secret": ("", {"Cookie": f"{name_of(TOKEN)}={TOKEN}"}),
    "an empty secret": ("", {"Cookie": f"{name_of('')}="}),
    "a proxy's headers": ("?display=kiosk", {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=_"}),
}


@pytest.fixture
def proven(share_bridge: Run) -> BridgeProcess:
    """A bridge to which a kiosk has proven itself, and whose ticket is used up."""
    server = f'host = "0.0.0.0"\ntoken = "{TOKEN}"\napi_token = "only-for-programs-of-mine"'
    bridge = share_bridge("telling", server, WITH_LOCK, token=TOKEN)
    prove(bridge)
    load(bridge, f"/gpiobridge/stage?display=kiosk&token={TOKEN}&kiosk_ticket={TICKET}")
    return bridge


@pytest.mark.parametrize("way", FORGED)
def test_a_forged_kiosk(proven: BridgeProcess, way: str) -> None:
    """It looks as everybody may, and opens no lock."""
    query, headers = FORGED[way]
    with page(proven, query, additional_headers=BEARER | headers) as is_proven:
        assert not is_proven()
    assert lock_after(proven, "on", query, BEARER | headers) == "off"


def test_the_right_secret_is_the_proof(proven: BridgeProcess) -> None:
    """What the rows above send is all that they lack."""
    right = BEARER | {"Cookie": f"{name_of(SECRET)}={SECRET}"}
    with page(proven, "?display=kiosk", additional_headers=right) as is_proven:
        assert is_proven()
    for state in ("on", "off"):
        assert lock_after(proven, state, "?display=kiosk", right) == state


def test_the_key_of_the_run_is_no_page_s_proof(proven: BridgeProcess) -> None:
    """It lets no browser in, even by the right name: it is the launcher's."""
    key = key_of(proven)
    for headers in ({"Authorization": f"Bearer {key}"}, {"Cookie": f"{name_of(key)}={key}"}):
        sent = {"Cookie": f"a={TOKEN}"} | headers
        with contextlib.suppress(InvalidStatus), page(
            proven, f"?display=kiosk&token={TOKEN}", additional_headers=sent
        ) as is_proven:  # fmt: skip
            assert not is_proven()


def test_the_right_cookie_from_another_machine(proven: BridgeProcess) -> None:
    """A cookie that was stolen is worth nothing elsewhere."""
    right = BEARER | {"Cookie": f"{name_of(SECRET)}={SECRET}"}
    with page(proven, additional_headers=right, source_address=ELSEWHERE) as is_proven:
        assert not is_proven()


def test_the_right_cookie_of_another_site_s_page(proven: BridgeProcess) -> None:
    """A page from elsewhere in the kiosk's browser opens no socket."""
    right = BEARER | {"Cookie": f"{name_of(SECRET)}={SECRET}"}
    with (
        pytest.raises(InvalidStatus, match="403"),
        page(proven, additional_headers=right, origin="http://evil.test"),
    ):
        pass


def test_a_copied_address_gives_no_cookie(proven: BridgeProcess) -> None:
    """The ticket is used up, and the page is shown all the same."""
    for path in ("/gpiobridge/stage", "/welcome", "/"):
        status, cookies = load(proven, f"{path}?kiosk_ticket={TICKET}&token={TOKEN}")
        assert status in (200, 302)
        assert of_kiosk(cookies) is None


@pytest.mark.parametrize(
    ("address", "token", "status"),
    [(ELSEWHERE, TOKEN, 200), (None, "wrong", 401), (None, "", 401)],
)
def test_a_ticket_is_for_this_machine_and_for_who_may_look(
    run_telling: Callable[..., BridgeProcess],
    address: tuple[str, int] | None,
    token: str,
    status: int,
) -> None:
    """From elsewhere and without the token it gives nothing, and is not used up by that."""
    bridge = run_telling(f'host = "0.0.0.0"\ntoken = "{TOKEN}"')
    prove(bridge)
    path = f"/welcome?kiosk_ticket={TICKET}"
    got, cookies = load(bridge, f"{path}&token={token}", address)
    assert (got, of_kiosk(cookies)) == (status, None)
    assert of_kiosk(load(bridge, f"{path}&token={TOKEN}")[1]) is not None


# Who says that it is a kiosk's launcher: what is sent, the answer, and what it says.
CLAIMS: dict[str, tuple[dict[str, str], str, int]] = {
    "nothing": ({}, "", 401),
    "a wrong token": ({"Authorization": f"Bearer {GUESS}"}, "", 401),
    "the viewers' token": (BEARER, "", 403),
    "the viewers' token in the address": ({}, f"?token={TOKEN}", 403),
    "the API's token": ({"Authorization": "Bearer only-for-programs-of-mine"}, "", 401),
    "the kiosk's own cookie": (BEARER | {"Cookie": f"{name_of(SECRET)}={SECRET}"}, "", 403),
    "the key in the address": (BEARER, "?token={key}&key={key}", 403),
    "the key in a cookie": (BEARER | {"Cookie": "gpiobridge={key}"}, "", 403),
    "the key from another site's page": (
        {"Authorization": "Bearer {key}", "Origin": "http://evil.test"}, "", 403
    ),
    "the key for another name": ({"Authorization": "Bearer {key}", "Host": "evil.test"}, "", 421),
}  # fmt: skip


@pytest.mark.parametrize("way", CLAIMS)
def test_only_the_key_of_this_run_makes_a_kiosk(proven: BridgeProcess, way: str) -> None:
    """Anybody else is refused, and changes nothing."""
    headers, query, status = CLAIMS[way]
    key = key_of(proven)
    body = json.dumps({"display": "kiosk", "secret": GUESS, "ticket": GUESS}).encode()
    got, said = proven.request(
        f"/gpiobridge/kiosk{query.format(key=key)}",
        body,
        headers={name: value.format(key=key) for name, value in headers.items()},
    )
    assert got == status, said
    forged = BEARER | {"Cookie": f"{name_of(GUESS)}={GUESS}"}
    with page(proven, additional_headers=forged) as is_proven:
        assert not is_proven()


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"display": ""}, "display"),
        ({"display": "a\nb"}, "display"),
        ({"display": 7}, "display"),
        ({"secret": ""}, "secret"),
        ({"secret": "short"}, "secret"),
        ({"secret": SECRET + ";"}, "secret"),
        ({"secret": None}, "secret"),
        ({"ticket": "short"}, "ticket"),
        ({"ticket": [TICKET]}, "ticket"),
    ],
)
def test_what_a_launcher_says_is_checked(
    proven: BridgeProcess, change: dict[str, Any], key: str
) -> None:
    """A sentence says what is wrong; the log and cookies can't be filled with anything."""
    body = json.dumps(PROVE | change).encode()
    got, said = proven.request(
        "/gpiobridge/kiosk", body, headers={"Authorization": f"Bearer {key_of(proven)}"}
    )
    assert (got, said.startswith(f'"{key}" must be')) == (400, True), said


def test_a_bridge_that_has_started_anew(run_telling: Callable[..., BridgeProcess]) -> None:
    """The open page is the kiosk's again once the launcher has proven itself to this run."""
    bridge = run_telling()
    prove(bridge)
    old = key_of(bridge)
    right = BEARER | {"Cookie": f"{name_of(SECRET)}={SECRET}"}
    bridge.kill()
    bridge = run_telling(port=bridge.port)
    with page(bridge, additional_headers=right) as is_proven:
        assert not is_proven()
        with pytest.raises(asking.RemoteError):
            asking.prove_kiosk(bridge.url, old, "kiosk", SECRET, TICKET)
        assert not is_proven()
        prove(bridge, ticket="")
        assert is_proven()
    assert of_kiosk(load(bridge, f"/welcome?kiosk_ticket={TICKET}&token={TOKEN}")[1]) is None


def test_the_kiosk_s_name_without_a_proof_is_said_once(
    run_telling: Callable[..., BridgeProcess],
) -> None:
    """Two kiosks may have one name by mistake; a phone may have it on purpose."""
    bridge = run_telling("")
    prove(bridge)
    for query in ("?display=kiosk", "?display=phone", "?display=kiosk"):
        with page(bridge, query) as is_proven:
            assert not is_proven()
    bridge.stop()
    said = [line for line in bridge.log if "has no proof" in line]
    assert len(said) == 1
    assert re.search(r"a display calls itself kiosk, as this machine's own kiosk does", said[0])


def test_behind_a_proxy_the_cookie_is_for_https(
    run_telling: Callable[..., BridgeProcess],
) -> None:
    """A kiosk that opens the proxy's address is proven, and its cookie never comes in clear."""
    bridge = run_telling(f'url = "https://pi.example.org"\ntoken = "{TOKEN}"')
    prove(bridge)
    path = f"/welcome?kiosk_ticket={TICKET}&token={TOKEN}"
    cookie = of_kiosk(
        load(bridge, path, Host="pi.example.org", **{"X-Forwarded-For": "1.2.3.4"})[1]
    )
    assert cookie is not None
    assert cookie["secure"]
    right = {"Cookie": f"{name_of(SECRET)}={SECRET}"}
    with page(bridge, additional_headers=BEARER | right, origin="https://pi.example.org") as found:
        assert found()
    with page(bridge, "?display=kiosk", additional_headers=BEARER) as found:  # any visitor
        assert not found()


def test_within_an_application() -> None:
    """Its own login doesn't stop the launcher, and its prefixes are in the cookie's path."""

    def needs_login(view: Callable[..., Any]) -> Callable[..., Any]:
        return lambda **arguments: view(**arguments) if "user" in request.args else ("Log in", 401)

    app, bridge = make_app(url_prefix="/bridge", decorators=[needs_login])
    client, mounted = app.test_client(), {"SCRIPT_NAME": "/museum"}
    try:
        client.get("/", environ_overrides=mounted)
        key = {"Authorization": f"Bearer {bridge.running.key.value}"}
        path = "/bridge/gpiobridge/kiosk"
        assert client.post(path, json=PROVE, environ_overrides=mounted).status_code == 403
        proved = client.post(path, json=PROVE, headers=key, environ_overrides=mounted)
        first = client.get(f"/?kiosk_ticket={TICKET}", environ_overrides=mounted)
    finally:
        bridge.stop()
    assert (proved.status_code, first.status_code) == (204, 200)
    cookie = of_kiosk(SimpleCookie(first.headers["Set-Cookie"]))
    assert cookie is not None
    assert (cookie.value, cookie["path"]) == (SECRET, "/museum")
