"""What operators see: the counts at /metrics, and one line of the log for each press."""

import pytest
from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until
from harness.sockets import close_of, frame
from prometheus_client.parser import text_string_to_metric_families

from gpiobridge.loop.counts import Histogram

Values = dict[tuple[str, ...], float]


def metrics(bridge: BridgeProcess) -> Values:
    """Read /metrics: a sample's name and its labels' values, to its value."""
    status, text = bridge.get("/metrics")
    assert status == 200
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_press_is_counted_with_where_it_led(bridge: BridgeProcess) -> None:
    """Its edges, the page that it moved, and how long its frame took."""
    before = metrics(bridge)
    assert before["gpiobridge_presses_total", "button"] == 0
    assert before["gpiobridge_watching",] == 1
    with bridge.socket("welcome") as socket:
        frame(socket, "state")
        assert metrics(bridge)["gpiobridge_displays", "welcome"] == 1
        bridge.set_level("button", "low")
        assert close_of(socket) == (4000, "/open")
    bridge.wait_for_line("#1 button: low; welcome leads to open, displays sent: 1")
    with bridge.socket("still") as socket:
        frame(socket, "state")
        bridge.set_level("button", "high")
        assert frame(socket, "edge")["level"] == "high"
    bridge.wait_for_line("#2 button: high$")
    after = metrics(bridge)
    assert after["gpiobridge_presses_total", "button"] == 1
    assert after["gpiobridge_events_total", "high", "button"] == 1
    assert after["gpiobridge_raw_edges_total", "button"] == 2
    assert after["gpiobridge_raw_edges_total", "door"] == 0
    assert after["gpiobridge_missed_edges_total", "button"] == 0
    assert after["gpiobridge_pin_active", "button"] == 0
    assert after["gpiobridge_pin_noisy", "button"] == 0
    assert after["gpiobridge_navigations_total", "welcome", "open"] == 1
    assert after["gpiobridge_displays_connected_total",] == 2
    assert after["gpiobridge_edge_to_frame_seconds_count",] == 2
    # Both waited for the debounce of 20 ms.
    assert after["gpiobridge_edge_to_frame_seconds_bucket", "0.01"] == 0


def test_a_page_that_a_press_has_shown_is_counted(bridge: BridgeProcess) -> None:
    """The whole time, each stage of it, and the same figure in the health and the log."""
    with bridge.socket("welcome") as socket:
        state = frame(socket, "state")
        socket.send(f'{{"type":"shown","cursor":"{state["epoch"]}:0"}}')
        wait_until(lambda: bridge.health()["displays"][0]["shown"] == {})
        bridge.set_level("button", "low")
        assert close_of(socket) == (4000, "/open")
    with bridge.socket("open", f"?seat={state['seat']}") as socket:
        frame(socket, "state")
        assert bridge.health()["displays"][0]["shown"] is None
        socket.send(f'{{"type":"shown","cursor":"{state["epoch"]}:1","ms":85}}')
        wait_until(lambda: bridge.health()["displays"][0]["shown"] is not None)
        (ms,) = bridge.health()["displays"][0]["shown"].values()
    bridge.wait_for_line(f"#1 button: shown by display on open after {ms} ms$")
    after = metrics(bridge)
    whole = "gpiobridge_press_to_shown_seconds"
    assert after[f"{whole}_count",] == 1
    assert after[f"{whole}_sum",] == pytest.approx(ms / 1000, abs=0.001)
    assert after[f"{whole}_bucket", "0.1"] == 0  # 85 ms and the debounce of 20 ms
    stages = {
        stage: after["gpiobridge_press_stage_seconds_sum", stage]
        for stage in ("debounce", "dwell", "wake_up", "send", "navigation", "paint")
    }
    assert stages["debounce"] == pytest.approx(0.02)
    assert sum(stages.values()) == pytest.approx(ms / 1000, abs=0.001)
    assert after["gpiobridge_presses_not_shown_total",] == 0


def test_the_reason_is_counted_when_a_socket_ends(bridge: BridgeProcess) -> None:
    """A display that leaves, and one that breaks a rule."""
    with bridge.socket("welcome") as socket:
        frame(socket, "state")
        socket.send("no JSON")
        assert close_of(socket)[0] == 1008
    bridge.wait_for_line("display on welcome is closed: a message is a JSON object with a type")
    wait_until(lambda: metrics(bridge)["gpiobridge_displays_gone_total", "left"] == 1)
    assert metrics(bridge)["gpiobridge_displays_gone_total", "broke a rule"] == 1


def test_health_tells_what_is_wrong_with_a_pin(bridge: BridgeProcess) -> None:
    """Each pin has its missed edges, and whether it oscillates."""
    button = bridge.health()["pins"]["button"]
    assert (button["missed"], button["noisy"]) == (0, False)


@pytest.mark.parametrize(
    ("duration_s", "bucket"), [(0.0, 0), (0.01, 0), (0.011, 1), (0.1, 1), (0.2, 2)]
)
def test_a_histogram_counts_up_to_its_bounds(duration_s: float, bucket: int) -> None:
    """A bound belongs to its bucket; what is longer than all has one of its own."""
    histogram = Histogram((0.01, 0.1))
    histogram.take(duration_s)
    assert histogram.counts == [int(number == bucket) for number in range(3)]
    assert histogram.sum_s == duration_s
