"""What the benchmark of pixels reads: a trace, and the memory of a screen."""

import json
import struct
from typing import Any

import pytest
from bench import trace
from bench.page_ring import pages_of
from bench.screen_memory import layout_of
from bench.trace import Event, read, stages_of

PAGE = 7
BEFORE = 3


def events(**left_out: bool) -> list[Event]:
    """A press at 1000 us that is on the screen at 61,000 us, and what else goes on."""
    submitted = "STEP_SUBMIT_COMPOSITOR_FRAME"
    found = {
        "other": Event("ProxyMain::BeginMainFrame", BEFORE, 900, 50),
        "closed": Event("WebSocketDestroy", BEFORE, 4_000, 0),
        "begun": Event("RenderFrameHostImpl::BeginNavigation", 1, 10_000, 5_000),
        "activated": Event("Document::ActivateForPrerendering", PAGE, 20_000, 2_000),
        "sink": Event("ProxyMain::DidInitializeLayerTreeFrameSink", PAGE, 25_000, 0),
        "others_frame": Event("ProxyMain::BeginMainFrame", BEFORE, 26_000, 50),
        "frame": Event("ProxyMain::BeginMainFrame", PAGE, 33_000, 5_000),
        "commit": Event("ProxyImpl::Commit", PAGE, 38_000, 100),
        "other_step": Event("Graphics.Pipeline", PAGE, 38_500, 10, "STEP_GENERATE_RENDER_PASS"),
        "submit": Event("Graphics.Pipeline", PAGE, 50_000, 10, submitted),
        "draw": Event("Display::DrawAndSwap", 2, 57_000, 4_000),
    }
    return [event for name, event in found.items() if name not in left_out]


def test_the_stages_divide_all_of_the_time_from_the_press_to_the_pixel() -> None:
    """Each ends where the next one begins, in the process of the activated page."""
    assert stages_of(events(), 1_000, 61_000) == [3, 6, 10, 2, 3, 8, 5, 12, 7, 4]
    assert len(trace.STAGES) == 10


@pytest.mark.parametrize("missing", ["activated", "closed", "begun", "sink", "submit", "draw"])
def test_a_press_that_the_trace_does_not_have_wholly_has_no_stages(missing: str) -> None:
    """It may be after the trace's end, or have led to a page that was not prerendered."""
    assert stages_of(events(**{missing: True}), 1_000, 61_000) is None


def test_what_comes_after_the_pixel_is_no_stage() -> None:
    """Such as the activation by the next press."""
    assert stages_of(events(), 1_000, 15_000) is None


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_trace_is_read_in_the_order_of_its_times(wrapped: bool) -> None:
    """Both forms of the file are: an object, and the bare list of events."""
    found: list[dict[str, Any]] = [
        {"ph": "X", "name": "Display::DrawAndSwap", "pid": 2, "ts": 30, "dur": 4},
        {"ph": "M", "name": "process_name", "pid": 2, "args": {"name": "GPU"}},
        {"ph": "X", "name": "ThreadControllerImpl::RunTask", "pid": 2, "ts": 10, "dur": 4},
        {
            **{"ph": "X", "name": "Graphics.Pipeline", "pid": 7, "ts": 20, "dur": 1},
            "args": {"chrome_graphics_pipeline": {"step": "STEP_SUBMIT_COMPOSITOR_FRAME"}},
        },
    ]
    text = json.dumps({"traceEvents": found} if wrapped else found)
    assert read(text) == [
        Event("Graphics.Pipeline", 7, 20, 1, "STEP_SUBMIT_COMPOSITOR_FRAME"),
        Event("Display::DrawAndSwap", 2, 30, 4),
    ]


def head_of_screen(bits: int = 32, order: int = 0) -> bytes:
    """The header of Xvfb's file: 160 bytes, 256 colours, lines of 5,120 bytes."""
    numbers = [0] * 25
    numbers[0], numbers[4], numbers[5], numbers[7] = 160, 1280, 800, order
    numbers[11], numbers[12], numbers[19] = bits, 5120, 256
    return struct.pack(">25I", *numbers) + bytes(60)


def test_the_pixels_of_a_screen_follow_its_colours() -> None:
    """XWDFile.h: header, colours of 12 bytes each, lines."""
    assert layout_of(head_of_screen()) == (1280, 800, 160 + 256 * 12, 5120)


@pytest.mark.parametrize(("bits", "order"), [(16, 0), (32, 1)])
def test_a_screen_of_another_kind_is_refused(bits: int, order: int) -> None:
    """Its colours would be read wrongly."""
    with pytest.raises(ValueError, match="a screen of"):
        layout_of(head_of_screen(bits, order))


def test_the_pages_of_a_ring_can_be_told_by_their_colour() -> None:
    """A pixel says which page is on the screen."""
    pages = pages_of(("plain", "prefetched", "prerendered"), ("light", "heavy"))
    assert len({page.colour for page in pages}) == len({page.name for page in pages}) == 6
    again = pages_of(("plain",), ("rich",))
    assert len({page.colour for page in again}) == len({page.name for page in again}) == 2
