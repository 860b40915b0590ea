"""The frames, cursors and messages on the wire: the contract with every client out there."""

import json
import re
from pathlib import Path

import pytest

import gpiobridge
from gpiobridge.core import wire
from gpiobridge.core.events import Level, PinEvent


def test_the_state_frame_has_exactly_the_documented_fields() -> None:
    """The first frame says where all pins are, and since which event."""
    levels = {"button": Level.LOW, "door": Level.HIGH}
    assert json.loads(wire.state_frame("ab12", 7, levels, simulated=True)) == {
        "type": "state",
        "epoch": "ab12",
        "seq": 7,
        "pins": {"button": "low", "door": "high"},
        "simulated": True,
    }


def test_the_edge_frame_has_exactly_the_documented_fields() -> None:
    """An edge names its event and its level, and when it was on the wall clock."""
    edge = PinEvent(8, "button", Level.LOW, at_s=5.0)
    assert json.loads(wire.edge_frame(edge, 1_800_000_000.25)) == {
        "type": "edge",
        "seq": 8,
        "pin": "button",
        "event": "low",
        "level": "low",
        "at": 1_800_000_000.25,
    }


def test_the_beat_frame_is_its_type_alone() -> None:
    """A sign of life is the same in both directions."""
    assert json.loads(wire.BEAT) == {"type": "beat"}
    assert wire.read_message(wire.BEAT) == {"type": "beat"}


def test_the_close_codes_are_the_documented_ones() -> None:
    """Pages that are already out there compare with these numbers."""
    assert {code.name: code.value for code in wire.Close} == {
        "GOING_AWAY": 1001,
        "POLICY": 1008,
        "TOO_BIG": 1009,
        "NAVIGATE": 4000,
    }


@pytest.mark.parametrize(
    ("cursors", "seq"),
    [
        (["ab12:3"], 3),
        (["ab12:0"], 0),
        (["ab12:5", "ab12:3"], 5),
        (["ffff:5", "ab12:3"], 3),
        (["nonsense", "ab12:3"], 3),
        ([], None),
        (["ffff:5"], None),
    ],
)
def test_the_first_cursor_of_our_own_epoch_counts(cursors: list[str], seq: int | None) -> None:
    """The tab's own cursor comes first; one of another run says nothing about this one."""
    assert wire.resume_after(cursors, "ab12") == seq


@pytest.mark.parametrize(
    "text",
    ["", "ab12", "ab12:", ":3", "ab12:-3", "ab12:+3", "ab12: 3", "ab12:3\n", "ab12:3:4",
     "AB12:3", "ab12:1e3", "ab12:\u0663", "ab12:" + "9" * 16, "ab12:" + "9" * 5000],
)  # fmt: skip
def test_a_malformed_cursor_is_passed_over(text: str) -> None:
    """Anyone may send anything as a cursor; it never raises and never counts."""
    assert wire.resume_after([text], "ab12") is None


def test_a_cursor_resumes_where_it_was_made() -> None:
    """What a page is rendered with, the server understands again."""
    assert wire.resume_after([wire.cursor("ab12", 41)], "ab12") == 41


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"type":"beat"}', "beat"),
        ('{"type":"message","data":[1]}', "message"),
        ('{"data":1}', None),
        ('{"type":1}', None),
        ("[]", None),
        ("7", None),
        ("null", None),
        ("not json", None),
        ("", None),
        ("[" * 16_000, None),
        ("9" * 16_000, None),
    ],
)
def test_a_message_is_an_object_with_a_type(text: str, kind: str | None) -> None:
    """Anything else has no type, however hard it is to read."""
    message = wire.read_message(text)
    assert (message and message["type"]) == kind


@pytest.mark.parametrize("data", [None, True, 1.5, "grüß", [1, {"a": []}], {"": None}])
def test_a_message_holds_whatever_json_can(data: object) -> None:
    """What is pushed is what a page gets."""
    assert json.loads(wire.message_frame(data)) == {"type": "message", "data": data}


LOOP: list[object] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"bytes", "is not JSON: Object of type bytes is not JSON serializable"),
        (float("nan"), "is not JSON: Out of range float values are not JSON compliant"),
        ("\ud800", "is not JSON: "),
        (LOOP, "is not JSON: Circular reference"),
        ("x" * wire.MAX_MESSAGE_BYTES, "takes 16412 bytes as a frame of JSON; at most 16384"),
        ("é" * (wire.MAX_MESSAGE_BYTES // 2), "takes 16412 bytes"),
    ],
)
def test_a_message_that_is_none_is_refused_with_the_reason(data: object, said: str) -> None:
    """Neither a page nor the log gets half a message."""
    with pytest.raises(ValueError, match=said):
        wire.message_frame(data)


@pytest.mark.parametrize(
    ("text", "since_s"), [("none", None), ("0", 10.0), ("1500", 8.5), ("0.5", 9.9995)]
)
def test_a_socket_says_for_how_long_its_page_has_taken_presses(
    text: str, since_s: float | None
) -> None:
    """In milliseconds before now; ``none``: not now."""
    assert wire.read_taking(text, 10.0) == since_s


@pytest.mark.parametrize("text", ["", "-1", "nan", "inf", "1s", "None", "0x10"])
def test_a_socket_that_says_nonsense_about_it_is_told_what_is_right(text: str) -> None:
    """As the end of a sentence."""
    with pytest.raises(ValueError, match='must be "none", or milliseconds from 0 on'):
        wire.read_taking(text, 10.0)


def test_declined_levels_are_read_one_by_one() -> None:
    """What is no pin and level is passed over; a pin's name may hold anything."""
    texts = ["door:low", "a:b:high", "door:", ":low", "low", "door:unknown", ""]
    assert wire.read_declined(texts) == {("door", Level.LOW), ("a:b", Level.HIGH), ("", Level.LOW)}


@pytest.mark.parametrize("depth", [100, 101, 900, 100_000])
def test_a_message_is_nested_at_most_a_hundred_deep(depth: int) -> None:
    """Both ends read it by recursion, from stacks of any height (row 9)."""
    data: list[object] = []
    for _ in range(depth - 1):
        data = [data]
    if depth <= wire.MAX_NESTING:
        assert wire.message_data(wire.message_frame(data)) == data
        return
    with pytest.raises(ValueError, match=r"is nested more than 100 deep|is not JSON|takes"):
        wire.message_frame(data)


def test_many_lists_beside_each_other_are_not_deep() -> None:
    """A table may have more rows than that (row 9)."""
    data = [{"row": [i]} for i in range(500)]
    assert wire.message_data(wire.message_frame(data)) == data


def test_the_state_has_a_seat_if_there_is_one() -> None:
    """It is one socket's alone (row 4)."""
    frame = json.loads(wire.state_frame("feed", 7, {}, simulated=False, seat="s1"))
    assert frame["seat"] == "s1"
    assert "seat" not in json.loads(wire.state_frame("feed", 7, {}, simulated=False))


def test_a_state_frame_says_which_pins_a_display_obeys() -> None:
    """If these are not all."""
    frame = json.loads(wire.state_frame("feed", 7, {}, simulated=False, obeys=frozenset("ba")))
    assert frame["obeys"] == ["a", "b"]
    assert json.loads(wire.state_frame("feed", 7, {}, simulated=False, obeys=()))["obeys"] == []
    assert "obeys" not in json.loads(wire.state_frame("feed", 7, {}, simulated=False))


def test_a_page_gives_a_silent_socket_up_when_every_other_display_does() -> None:
    """The page's script can't import the figure: it has the same one."""
    script = Path(gpiobridge.__file__).parent / "routes/assets/client.js"
    (beats,) = re.findall(r"const SILENT_BEATS = ([\d.]+);", script.read_text("utf-8"))
    assert float(beats) == wire.SILENT_BEATS
