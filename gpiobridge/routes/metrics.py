"""``/metrics``: the counts of a running bridge, for Prometheus.

The names follow Prometheus' conventions (https://prometheus.io/docs/practices/naming/). Its own
library writes the text. Any HTTP thread.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.config import OutputState
from gpiobridge.core.events import Level
from gpiobridge.displays.alarm import Dead
from gpiobridge.displays.observer import Gone
from gpiobridge.hours.status import HoursState
from gpiobridge.loop.counts import Histogram
from gpiobridge.loop.journeys import NOT_SHOWN_S

CONTENT_TYPE: str = CONTENT_TYPE_LATEST

Sample = tuple[tuple[str, ...], float]  # the labels' values, and the metric's value


def exposition(running: RunningBridge) -> bytes:
    """Write the metrics of a bridge in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Metrics(running))
    return generate_latest(registry)


class _Metrics(Collector):
    def __init__(self, running: RunningBridge) -> None:
        self._running = running

    def collect(self) -> Iterable[Metric]:
        """Make each metric from the counts so far."""
        yield _gauge("watching", "1 while every pin is watched.", (), [((), self._running.well)])
        yield from self._of_pins()
        yield from self._of_outputs()
        yield from self._of_displays()
        yield from self._of_hours()
        yield _histogram(
            "edge_to_frame_seconds",
            "From an event at the pin, debounce included, to its frame on every socket.",
            self._running.watcher.counts.latency,
        )
        yield from self._of_shown()
        yield from self._of_alarms()

    def _of_pins(self) -> Iterable[Metric]:
        pins = self._running.settings.pins
        watcher = self._running.watcher
        core, counts = watcher.core, watcher.counts
        events = {(pin, level): 0 for pin in pins for level in Level} | counts.events
        levels, now_s = core.levels, watcher.clock.now().mono_s

        def each(value: Callable[[str], float]) -> list[Sample]:
            return [((pin,), value(pin)) for pin in pins]

        yield _gauge(
            "pin_active",
            "1 while the pin is at its active level.",
            ("pin",),
            each(lambda pin: levels.get(pin) is pins[pin].active),
        )
        yield _gauge(
            "pin_noisy",
            "1 while the pin oscillates.",
            ("pin",),
            each(lambda pin: core.noisy(pin, now_s)),
        )
        yield _counter(
            "presses",
            "Edges to the active level, debounced.",
            ("pin",),
            each(lambda pin: events[pin, pins[pin].active]),
        )
        yield _counter(
            "events",
            "What happened at a pin: debounced edges, taps and holds.",
            ("pin", "event"),
            events.items(),
        )
        yield _counter(
            "raw_edges",
            "Edges that the back end reported.",
            ("pin",),
            each(lambda pin: counts.raw_edges[pin]),
        )
        yield _counter(
            "missed_edges",
            "Edges that the back end did not deliver; the level check found them.",
            ("pin",),
            each(lambda pin: core.lost(pin)[0]),
        )
        yield _counter(
            "late_edges",
            "Edges dropped because they were older than the first reading.",
            ("pin",),
            each(lambda pin: core.lost(pin)[1]),
        )

    def _of_outputs(self) -> Iterable[Metric]:
        watcher = self._running.watcher
        states, counts = watcher.outputs.states, watcher.counts
        yield _gauge(
            "output_state",
            "1 for the state that the output has.",
            ("output", "state"),
            [
                ((name, state), status.state is state)
                for name, status in states.items()
                for state in OutputState
            ],
        )
        yield _gauge(
            "output_failed",
            "1 while the output's line can't be set.",
            ("output",),
            [((name,), status.failed) for name, status in states.items()],
        )
        yield _counter(
            "output_changes",
            "New states of an output.",
            ("output",),
            [((name,), counts.output_changes[name]) for name in states],
        )
        yield _counter(
            "outputs_refused",
            "Frames of pages that may not set an output.",
            (),
            [((), counts.outputs_refused)],
        )

    def _of_hours(self) -> Iterable[Metric]:
        hours = self._running.watcher.hours
        statuses = hours.statuses
        if not statuses:
            return
        yield _gauge(
            "hours_state",
            "1 for what is open: the exhibit (no display), or a display with hours of its own.",
            ("display", "state"),
            [
                ((name, state), status.state is state)
                for name, status in statuses.items()
                for state in HoursState
            ],
        )
        yield _gauge(
            "hours_next_change_timestamp_seconds",
            "When that changes next, in seconds since the Unix epoch.",
            ("display",),
            [
                ((name,), status.next_s)
                for name, status in statuses.items()
                if status.next_s is not None
            ],
        )
        yield _gauge(
            "hours_overruled",
            "1 while somebody has overruled the opening hours.",
            (),
            [((), hours.overrule is not None)],
        )
        dark = self._running.watcher.dark_screens
        if dark.names:
            yield _gauge(
                "hours_screen_off",
                "1 while a screen is off on purpose: a named display's, or all others (no name).",
                ("display",),
                [((name,), dark.is_dark(name)) for name in dark.names],
            )

    def _of_shown(self) -> Iterable[Metric]:
        counts = self._running.watcher.counts
        yield _histogram(
            "press_to_shown_seconds",
            "From an event at the pin, debounce included, to the next page on a display.",
            counts.to_shown,
        )
        yield _histograms(
            "press_stage_seconds",
            "The same for each stage on the way; the stages add up to the whole.",
            "stage",
            counts.stages,
        )
        yield _counter(
            "presses_not_shown",
            f"Displays that a press has moved, and that showed nothing within {NOT_SHOWN_S:g} s.",
            (),
            [((), counts.not_shown)],
        )

    def _of_alarms(self) -> Iterable[Metric]:
        names, counts = self._running.settings.displays, self._running.watcher.counts
        now = {(alarm.display, alarm.dead) for alarm in self._running.alarms}
        yield _gauge(
            "display_alarm",
            "1 while nobody has seen a live page on a named display for a while, and why.",
            ("display", "alarm"),
            [((name, dead), (name, dead) in now) for name in names for dead in Dead],
        )
        yield _counter(
            "display_alarms",
            "Alarms that were raised about a named display.",
            ("display",),
            [((name,), counts.alarms[name]) for name in names],
        )
        yield _counter(
            "alarm_calls",
            "Calls to what [alarms] names: made, failed once, and given up.",
            ("to", "result"),
            self._running.calls.counts.items(),
        )

    def _of_displays(self) -> Iterable[Metric]:
        counts = self._running.watcher.counts
        displays = self._running.watcher.displays
        pages = [display.page for display in displays]
        hidden = [display.page for display in displays if not display.visible]
        yield _gauge(
            "displays",
            "Open displays.",
            ("page",),
            [((page,), pages.count(page)) for page in self._running.settings.pages],
        )
        yield _gauge(
            "displays_hidden",
            "Open displays whose page is not visible.",
            ("page",),
            [((page,), hidden.count(page)) for page in self._running.settings.pages],
        )
        yield _counter(
            "displays_connected", "Sockets that were opened.", (), [((), counts.connected)]
        )
        yield _counter(
            "displays_gone",
            "Sockets that ended, and why.",
            ("reason",),
            [((reason,), counts.gone[reason]) for reason in Gone],
        )
        yield _counter(
            "navigations",
            "Displays that a pin or the application moved to another page.",
            ("page", "to"),
            counts.navigations.copy().items(),
        )
        yield _counter(
            "messages_sent",
            "Messages from the application, counted for each display.",
            (),
            [((), counts.messages_sent)],
        )
        yield _counter(
            "messages_received", "Messages from pages.", (), [((), counts.messages_received)]
        )
        yield _counter(
            "names_refused",
            "Displays that came without the token of the name that they use.",
            (),
            [((), counts.names_refused)],
        )


def _gauge(name: str, what: str, labels: Sequence[str], samples: Iterable[Sample]) -> Metric:
    return _family(GaugeMetricFamily(f"gpiobridge_{name}", what, labels=labels), samples)


def _counter(name: str, what: str, labels: Sequence[str], samples: Iterable[Sample]) -> Metric:
    return _family(CounterMetricFamily(f"gpiobridge_{name}", what, labels=labels), samples)


def _family(family: GaugeMetricFamily | CounterMetricFamily, samples: Iterable[Sample]) -> Metric:
    for labels, value in samples:
        family.add_metric(labels, float(value))
    return family


def _histogram(name: str, what: str, histogram: Histogram) -> Metric:
    family = HistogramMetricFamily(f"gpiobridge_{name}", what)
    family.add_metric((), _buckets(histogram), histogram.sum_s)
    return family


def _histograms(name: str, what: str, label: str, histograms: Mapping[str, Histogram]) -> Metric:
    family = HistogramMetricFamily(f"gpiobridge_{name}", what, labels=(label,))
    for value, histogram in histograms.items():
        family.add_metric((value,), _buckets(histogram), histogram.sum_s)
    return family


def _buckets(histogram: Histogram) -> list[tuple[str, int]]:
    bounds = [*map(str, histogram.bounds_s), "+Inf"]
    return list(zip(bounds, itertools.accumulate(histogram.counts), strict=True))
