"""The HTTP API: messages to displays, and moves."""

import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from harness.api_exhibit import API_TOKEN, BOTH, TOKEN, bearer
from harness.bridge_process import BridgeProcess
from harness.sockets import close_of, frame


def tell(bridge: BridgeProcess, what: str, body: object, **headers: str) -> tuple[int, str]:
    """Post a JSON body to a route of the API."""
    return bridge.request(f"/api/{what}", json.dumps(body).encode(), headers=headers)


def test_messages_from_outside(exhibit: Callable[..., BridgeProcess], kind: str) -> None:
    """They reach whom they are for, and the answer says how many displays that are."""
    bridge = exhibit(kind)
    with bridge.socket("still", "?display=hall") as still, bridge.socket("open") as opened:
        frame(still, "state"), frame(opened, "state")
        assert tell(bridge, "messages", {"data": {"a": "grüß"}}) == (200, '{"displays":2}\n')
        for ws in (still, opened):
            assert frame(ws) == {"type": "message", "data": {"a": "grüß"}}
        for body in (
            {"data": 1, "page": "still"},
            {"data": 1, "display": "hall", "exclude": None},
            {"data": 1, "exclude": "hall"},
        ):
            assert tell(bridge, "messages", body)[1] == '{"displays":1}\n'
        assert [frame(still)["data"], frame(still)["data"], frame(opened)["data"]] == [1, 1, 1]
        tell(bridge, "messages", {"data": None, "retain": "news"})
        tell(bridge, "messages", {"data": "kept", "retain": "news"})
    with bridge.socket("still") as late:
        frame(late, "state")
        assert frame(late) == {"type": "message", "data": "kept"}


def test_moves_from_outside(exhibit: Callable[..., BridgeProcess], kind: str) -> None:
    """Displays leave as by a press."""
    bridge = exhibit(kind)
    with bridge.socket("still", "?display=hall") as ws, bridge.socket("still") as other:
        frame(ws, "state"), frame(other, "state")
        body = {"to": "open", "page": "still", "display": "hall"}
        assert tell(bridge, "navigate", body) == (200, '{"displays":1}\n')
        assert close_of(ws) == (4000, "/open")
        bridge.wait_for_line("the application: still leads to open, displays sent: 1")
        assert [display["name"] for display in bridge.health()["displays"]] == [""]


@pytest.mark.parametrize(
    ("what", "body", "status", "said"),
    [
        ("messages", {}, 400, 'The body must be a JSON object with "data".'),
        ("messages", [1], 400, 'The body must be a JSON object with "data".'),
        (
            "messages",
            {"data": 1, "pages": "open"},
            400,
            "'pages' is unknown; the body has \"data\", and may have: page, display, exclude, "
            "group, retain.",
        ),
        ("messages", {"data": 1, "page": "nosuch"}, 400, "page = 'nosuch': there is no such page"),
        ("messages", {"data": 1, "display": 5}, 400, "display = 5: must be a display, or its name"),
        ("messages", {"data": 1, "page": []}, 400, "page = []: must be the name of a page"),
        ("messages", {"data": 1, "retain": 5}, 400, "retain = 5: must be a key"),
        ("messages", {"data": 1, "retain": "k" * 60_000}, 400, "retain = 'kkkkkkkkkkkkkkkkkkkk…'"),
        ("messages", {"data": 1, "display": "\ud800" * 65}, 400, "display = '\\ud800"),
        ("messages", {"data": float("nan")}, 400, "the message is not JSON: "),
        ("messages", {"data": [{"a": float("-inf")}]}, 400, "the message is not JSON: "),
        ("messages", {"data": 10**4000}, 200, ""),
        ("messages", {"data": "x" * 16_384}, 400, "the message takes 16412 bytes"),
        ("messages", {"data": "\ud800"}, 400, "the message is not JSON"),
        ("messages", {"data": "x" * 70_000}, 413, "The body is too long: it may have 65536 bytes."),
        ("messages", {"data": 1, "\ud800": 1}, 400, "'\\ud800' is unknown"),
        ("messages", {"data": 1, "Retain": "x"}, 400, "'Retain' is unknown; the body has"),
        (
            "messages",
            {"date": 1},
            400,
            "'date' is unknown; the body has \"data\", and may have: page, ",
        ),
        ("navigate", {"page": "open"}, 400, 'The body must be a JSON object with "to".'),
        ("navigate", {}, 400, 'The body must be a JSON object with "to".'),
        ("navigate", {"to": "nosuch"}, 400, "to = 'nosuch': there is no such page; pages: welcome"),
        ("navigate", {"to": None}, 400, "to = None: must be the name of a page"),
        ("navigate", {"to": "open", "retain": "x"}, 400, "'retain' is unknown"),
    ],
)
def test_what_cannot_be_told_is_refused(
    served: Callable[..., FlaskClient], what: str, body: object, status: int, said: str
) -> None:
    """In a sentence with place, value and remedy."""
    answer = served().post(f"/api/{what}", data=json.dumps(body))
    assert (answer.status_code, answer.text.startswith(said)) == (status, True), answer.text


@pytest.mark.parametrize(
    ("what", "body", "double"),
    [
        ("messages", '{"data": 1, "data": 2}', "data"),
        ("messages", '{"data": {"a": 1, "b": 2, "a": 3}}', "a"),
        ("navigate", '{"to": "open", "page": "still", "page": "open"}', "page"),
    ],
)
def test_a_key_that_is_there_twice_is_refused(
    served: Callable[..., FlaskClient], what: str, body: str, double: str
) -> None:
    """One of its values would be dropped, in a message's data too (row 14)."""
    answer = served().post(f"/api/{what}", data=body)
    assert (answer.status_code, answer.text) == (
        400,
        f"{double!r} is in the body twice: remove one.\n",
    )


def test_a_message_may_be_escaped(served: Callable[..., FlaskClient]) -> None:
    """Most programs write JSON in ASCII: what fits as UTF-8 is three times as long then."""
    body = json.dumps({"data": "ж" * 8_000, "page": "still"})
    assert len(body) > 48_000
    answer = served().post("/api/messages", data=body)
    assert (answer.status_code, answer.json) == (200, {"displays": 0})


@pytest.mark.parametrize("what", ["messages", "navigate"])
def test_messages_and_moves_are_guarded(served: Callable[..., FlaskClient], what: str) -> None:
    """Like the rest of the API."""
    client = served(BOTH)
    body = {"data": 1} if what == "messages" else {"to": "open"}
    assert client.post(f"/api/{what}", json=body, headers=bearer(TOKEN)).status_code == 401
    assert client.post(f"/api/{what}", json=body, headers=bearer(API_TOKEN)).status_code == 200
