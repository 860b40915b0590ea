"""Where the time goes between a press and a prerendered page's first frame on the screen.

Chromium writes a trace of its start (``--trace-startup``), so nobody drives it. The times in it are
those of CLOCK_MONOTONIC, which is Python's ``time.monotonic()``, too. So the press and the pixel
stand on the same line as the events of the browser's processes. `stages_of` is pure.
"""

import itertools
import json
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import lanes
from bench.page_ring import pages_of
from bench.presses import Press, press_in_turn
from bench.table import Row
from bench.throttle import MissingError

if TYPE_CHECKING:
    from bench.run import Run

SECTION = "Press to pixel of a prerendered page, by stages (while a trace is written)"
TRACE_S = 30
_WRITTEN_S = 30.0
_ROUNDS = 12

_CATEGORIES = "benchmark,blink,cc,content,devtools.timeline,navigation,toplevel,viz"

# The last words of a trace file: before them it is still being written.
_END = b"}"

STAGES = (
    "the bridge, and the socket's close frame",
    "our script asks whether the server answers",
    "the browser changes pages, until the page is activated",
    "scripts of the page at its activation",
    "the page gets a way to the screen (its frame sink)",
    "it waits for the next frame (60 a second)",
    "style, layout, paint records",
    "pictures are decoded, tiles are painted",
    "the display's compositor waits for its turn",
    "it is drawn in software, and put on the screen",
)
"""What there is between a press and a pixel, in order."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the trace.

    Args:
        name: of the event.
        pid: of its process.
        at_us: when it began, in microseconds.
        took_us: how long it took.
        step: of an event of the graphics pipeline: which one.
    """

    name: str
    pid: int
    at_us: float
    took_us: float
    step: str = ""


_ACTIVATION = "Document::ActivateForPrerendering"
_CLOSED = "WebSocketDestroy"
_NAVIGATION = "RenderFrameHostImpl::BeginNavigation"
_SINK = "ProxyMain::DidInitializeLayerTreeFrameSink"
_MAIN_FRAME = "ProxyMain::BeginMainFrame"
_PIPELINE = "Graphics.Pipeline"
_SUBMIT = "STEP_SUBMIT_COMPOSITOR_FRAME"
_COMMIT = "ProxyImpl::Commit"
_DRAW = "Display::DrawAndSwap"
_KEPT = {_ACTIVATION, _CLOSED, _NAVIGATION, _SINK, _MAIN_FRAME, _PIPELINE, _COMMIT, _DRAW}


def read(text: str | bytes) -> list[Event]:
    """Read those events of a trace that are looked at, by their time.

    The format is "Trace Event Format" of Chromium's catapult project.
    """
    found = json.loads(text)
    events: Iterable[Mapping[str, Any]] = found["traceEvents"] if isinstance(found, dict) else found
    kept = [
        Event(
            each["name"],
            each["pid"],
            each["ts"],
            each.get("dur", 0),
            each.get("args", {}).get("chrome_graphics_pipeline", {}).get("step", ""),
        )
        for each in events
        if each.get("ph") in ("X", "I") and each["name"] in _KEPT
    ]
    return sorted(kept, key=lambda event: event.at_us)


def stages_of(events: Sequence[Event], pressed_us: float, pixel_us: float) -> list[float] | None:
    """Divide the time from a press to a pixel into `STAGES`.

    Args:
        events: of the trace, by their time.
        pressed_us: when the press was, in microseconds of the monotonic clock.
        pixel_us: when the pixel was there.

    Returns:
        The milliseconds of each stage, whose sum is all of the time; None if the press activated no
        prerendered page, or the trace ends before it.
    """
    near = [event for event in events if pressed_us <= event.at_us <= pixel_us]

    def first(name: str, after_us: float, pid: int | None = None, step: str = "") -> Event | None:
        for event in near:
            is_there = event.at_us >= after_us and pid in (None, event.pid)
            if event.name == name and is_there and step in ("", event.step):
                return event
        return None

    activated = first(_ACTIVATION, pressed_us)
    closed = first(_CLOSED, pressed_us)
    begun = first(_NAVIGATION, pressed_us)
    if activated is None or closed is None or begun is None:
        return None
    pid = activated.pid
    sink = first(_SINK, activated.at_us, pid)
    frame = first(_MAIN_FRAME, sink.at_us, pid) if sink else None
    commit = first(_COMMIT, frame.at_us, pid) if frame else None
    submit = first(_PIPELINE, commit.at_us, pid, _SUBMIT) if commit else None
    draw = first(_DRAW, submit.at_us) if submit else None
    if not (sink and frame and commit and submit and draw):
        return None
    marks_us = [
        pressed_us,
        closed.at_us,
        begun.at_us,
        activated.at_us,
        activated.at_us + activated.took_us,
        sink.at_us,
        frame.at_us,
        commit.at_us,
        submit.at_us,
        draw.at_us,
        pixel_us,
    ]
    return [(end - begin) / 1000 for begin, end in itertools.pairwise(marks_us)]


def rows(run: "Run", weights: Sequence[str] = ("light", "heavy")) -> Iterator[Row]:
    """Trace presses between prerendered pages, and say where their time goes."""
    if not run.size.long:
        return
    run.progress(f"a trace of prerendered pages, {TRACE_S} s")
    try:
        presses, events = traced(run.folder, weights)
    except (MissingError, AssertionError) as error:
        run.fail(f"the trace: {error}")
        yield Row(SECTION, "light page", "Chromium", "ms", note=str(error), base="")
        return
    for weight in weights:
        found = [
            stages
            for press in presses
            if press.page.weight == weight
            if (stages := stages_of(events, press.pressed_s * 1e6, press.picture_s * 1e6))
        ]
        for name, samples in zip(STAGES, zip(*found, strict=True), strict=False):
            yield Row(SECTION, f"{weight} page", name, "ms", samples, base="")


def traced(folder: Path, weights: Sequence[str]) -> tuple[list[Press], list[Event]]:
    """Press while a trace is written; return the presses, and its events.

    Raises:
        MissingError: Chromium is not installed.
        AssertionError: a page was not shown, or no trace was written.
    """
    with tempfile.TemporaryDirectory(prefix="trace-", dir=folder) as written:
        file = Path(written) / "trace.json"
        flags = [
            f"--trace-startup={_CATEGORIES}",
            f"--trace-startup-duration={TRACE_S}",
            f"--trace-startup-file={file}",
            "--trace-startup-format=json",
        ]
        begun_s = time.monotonic()
        pages = pages_of(("prerendered",), weights)
        with lanes.bridge_lane("Chromium", "Chromium", folder, pages, flags=flags) as lane:
            presses = []
            for _, press in press_in_turn([lane], _ROUNDS):
                presses.append(press)
                if time.monotonic() > begun_s + TRACE_S - 1:
                    break
            text = _wait_for(file, begun_s + TRACE_S + _WRITTEN_S)
    return presses, read(text)


def _wait_for(file: Path, until_s: float) -> bytes:
    size = -1
    while time.monotonic() < until_s:
        if file.exists() and 0 < file.stat().st_size == size:
            text = file.read_bytes()
            if text.rstrip().endswith(_END):
                return text
        size = file.stat().st_size if file.exists() else -1
        time.sleep(0.5)
    raise AssertionError("Chromium wrote no trace")
