"""`/gpiobridge/latency`: what is said of the newest presses, and who may ask."""

from harness.bridge_process import BridgeProcess, Run

from gpiobridge.core.events import Level, PinEvent
from gpiobridge.displays.audience import Display
from gpiobridge.displays.journey import Shown, Stages
from gpiobridge.loop.counts import RECENT, Counts
from gpiobridge.routes.latency import latency

PRESS = PinEvent(1, "button", Level.LOW, 0.0)


def counted(*paints_s: float, name: str = "") -> Counts:
    """Counts of displays that were painted after so long, and after 20 ms of debounce."""
    counts = Counts()
    for paint_s in paints_s:
        stages = Stages(0.02, 0.0, 0.0, 0.0, 0.0, paint_s)
        counts.page_shown(Display("open", name), Shown(PRESS, stages))
    return counts


def test_half_are_at_most_p50_and_nineteen_of_twenty_at_most_p95() -> None:
    """By the nearest rank: each is a time that was measured."""
    told = latency(counted(*(number / 1000 for number in range(1, 101))))
    assert (told["count"], told["p50"], told["p95"]) == (100, 70.0, 115.0)
    assert told["stages"]["debounce"] == {"p50": 20.0, "p95": 20.0}
    assert told["stages"]["paint"] == {"p50": 50.0, "p95": 95.0}


def test_the_newest_thousand_count() -> None:
    """A slow morning is forgotten in time; the metrics count on."""
    counts = counted(*[9.0] * 10, *[0.05] * RECENT)
    told = latency(counts)
    assert (told["count"], told["p95"]) == (RECENT, 70.0)
    assert sum(counts.to_shown.counts) == RECENT + 10


def test_each_named_display_has_its_own_figures() -> None:
    """Those without a name are in the sum only."""
    counts = counted(0.05, name="kiosk")
    counts.page_shown(Display("open", ""), Shown(PRESS, Stages(0.02, 0.0, 0.0, 0.0, 0.0, 0.5)))
    told = latency(counts)
    assert told["displays"] == {"kiosk": {"count": 1, "p50": 70.0, "p95": 70.0}}
    assert (told["count"], told["p95"]) == (2, 520.0)


def test_before_the_first_press_there_is_nothing() -> None:
    """Pages without a press don't count."""
    counts = counted()
    counts.page_shown(Display("open", "kiosk"), Shown())
    told = latency(counts)
    assert (told["count"], told["p50"], told["p95"], told["displays"]) == (0, None, None, {})
    assert told["stages"]["send"] == {"p50": None, "p95": None}


def test_a_display_that_has_shown_nothing_is_counted() -> None:
    """It has no time."""
    counts = counted()
    counts.press_not_shown(PRESS, Display("welcome", "kiosk"), "open")
    assert (latency(counts)["count"], latency(counts)["not_shown"]) == (0, 1)


def test_whoever_may_see_the_metrics_may_see_it(run_bridge: Run) -> None:
    """It needs the viewers' token, not that of the API; and it is only to be read."""
    tokens = 'token = "0123456789abcdef"\napi_token = "fedcba9876543210"'
    bridge: BridgeProcess = run_bridge(server=tokens)
    for path in ("/metrics", "/gpiobridge/latency"):
        assert bridge.get(path)[0] == 401
        assert bridge.get(f"{path}?token=fedcba9876543210")[0] == 401
        assert bridge.get(f"{path}?token=0123456789abcdef")[0] == 200
    assert bridge.request("/gpiobridge/latency?token=0123456789abcdef", b"{}")[0] == 405
