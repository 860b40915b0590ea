"""What `gpiobridge check` shows: all that was checked, as tables of plain text.

The settings come first and the pages last, because a terminal shows the end. A secret is only shown
as given or not given. Pure; any thread.
"""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, fields

from gpiobridge.cli.table import table
from gpiobridge.config import Output, OutputState, Page, Pin, Screen, Settings, format_duration
from gpiobridge.config.tables import (
    AlarmsTable,
    GpioTable,
    KioskTable,
    LimitsTable,
    ServerTable,
    StageTable,
    Table,
)
from gpiobridge.config.words import show
from gpiobridge.core.triggers import WORDS
from gpiobridge.hours.timekeeper import shown
from gpiobridge.hours.timetable import Timetable

_SECRETS = ("token", "api_token", "post")

_SECTIONS: dict[str, type[Table]] = {
    "server": ServerTable,
    "gpio": GpioTable,
    "limits": LimitsTable,
    "kiosk": KioskTable,
    "stage": StageTable,
    "alarms": AlarmsTable,
}


_OPENINGS = 4


def tables(settings: Settings, now_s: float = 0.0) -> str:
    """Show a configuration.

    Args:
        settings: the configuration, which is right.
        now_s: now, in seconds since the Unix epoch: the next openings are shown.
    """
    made = (
        table(("setting", "value", ""), list(_settings(settings))),
        _pins(settings),
        *_outputs(settings),
        table(
            ("page", "template", "when", "leads to"),
            [row for page in settings.pages.values() for row in _rules(settings, page)],
        ),
        table(
            ("page", "loaded ahead", "lockout", "script"),
            [
                (page.name, _ahead(page), format_duration(page.lockout_s), _yes(page.client))
                for page in settings.pages.values()
            ],
        ),
    )
    more = (
        *_sites(settings),
        *_displays(settings),
        *_screens(settings),
        *_hours(settings, now_s),
        *_sounds(settings),
        *_stage_notes(settings),
    )
    return "\n\n".join((*made, *more))


def _sites(settings: Settings) -> Iterator[str]:
    """Show the other sites that pages show in frames, if there are any."""
    rows = [
        (page.name if number == 0 else "", site)
        for page in settings.pages.values()
        for number, site in enumerate(page.sites)
    ]
    if rows:
        yield table(("page", "may show in a frame"), rows)


def _displays(settings: Settings) -> Iterator[str]:
    """Show the named displays, if there are any."""
    if not settings.displays:
        return
    rows = []
    for display in settings.displays.values():
        obeys = "all pins" if display.pins is None else ", ".join(display.pins) or "no pin"
        may = "" if display.may is None else ", ".join(display.may) or "look"
        token = "given" if display.token else ""
        begins = settings.start_of(display.name)
        rows.append((display.name, begins, obeys, display.group, token, may))
    yield table(("display", "begins at", "obeys", "group", "token", "may"), rows)


def _screens(settings: Settings) -> Iterator[str]:
    """Show the screens of the displays, where one isn't as it is by default."""
    plain = {each.name: each.default for each in fields(Screen)}
    rows = [
        (
            display.name,
            display.connector,
            f"{display.rotate} degrees" if display.rotate else "no",
            f"{display.scale:g}",
            display.audio,
            ", ".join(_said(display)),
        )
        for display in settings.displays.values()
        if any(getattr(display, name) != value for name, value in plain.items())
    ]
    if rows:
        yield table(("screen", "connector", "turned", "scale", "audio", "more"), rows)


def _said(screen: Screen) -> Iterator[str]:
    if screen.pointer == "hidden":
        yield "pointer hidden"
    if screen.reduced_motion:
        yield "reduced motion"
    if screen.contrast == "more":
        yield "more contrast"


def _hours(settings: Settings, now_s: float) -> Iterator[str]:
    """Show the next openings, if there are opening hours."""
    own = {f"display {each.name}": each.hours for each in settings.displays.values()}
    rows: list[tuple[str, ...]] = []
    for name, hours in {"the exhibit": settings.hours, **own}.items():
        if hours is None:
            continue
        timetable = Timetable(hours)
        openings = [
            (shown(timetable.local(begin)), _end(timetable, begin, end))
            for begin, end in timetable.openings(now_s, _OPENINGS)
        ]
        openings = openings or [("not within 400 days", "")]
        first = (name, hours.timezone or "the system's", hours.page)
        for number, opening in enumerate(openings):
            rows.append((*(first if number == 0 else ("",) * len(first)), *opening))
    keys = [
        (f"{pin} is {WORDS[event]}", order.verb, _for(order.for_s))
        for (pin, event), order in settings.hours_rules.items()
    ]
    if keys:
        yield table(("overruled when", "then", "for"), keys)
    if rows:
        yield table(("opening hours", "time zone", "closed page", "open from", "to"), rows)
    dark = [
        (
            name,
            hours.screen if isinstance(hours.screen, str) else "off, by commands",
            format_duration(hours.wake_s) if hours.wake_s else "never",
        )
        for name, hours in {"the exhibit": settings.hours, **own}.items()
        if hours is not None
    ]
    if any(screen != "on" for _, screen, _ in dark):
        yield table(("while closed", "screens are", "awake after a press"), dark)


def _end(timetable: Timetable, begin_s: float, end_s: float | None) -> str:
    """Write the end of an opening; its day only if that is another one: lines are narrow."""
    if end_s is None:
        return ""
    begin, end = timetable.local(begin_s), timetable.local(end_s)
    return f"{end:%H:%M}" if begin.date() == end.date() else shown(end)


def _for(for_s: float | None) -> str:
    return "until they change next" if for_s is None else format_duration(for_s)


def _sounds(settings: Settings) -> Iterator[str]:
    """Show the sounds, if there are any, and where each is played."""
    if not settings.sounds:
        return
    rows = []
    for sound in settings.sounds.values():
        plays = [page.name for page in settings.pages.values() if sound.name in page.sound]
        plays += [
            f"{pin} is {WORDS[event]} on {page.name}"
            for page in settings.pages.values()
            for (pin, event), name in page.rule_sounds.items()
            if name == sound.name
        ]
        first = (sound.name, sound.file, _yes(sound.loop), f"{sound.volume:g}")
        for number, where in enumerate(plays or ["only by the application or the API"]):
            rows.append((*(first if number == 0 else ("",) * len(first)), where))
    yield table(("sound", "file", "loop", "volume", "plays on, or when"), rows)


def _stage_notes(settings: Settings) -> Iterator[str]:
    """Say what keeps pages from being ready on the kiosk's stage before the press, if it has one.

    It is no warning: the scripts of such a page run early, so it is the owner's choice.
    """
    stage, pages = settings.stage, settings.pages
    if not (stage.kiosk and stage.ahead):
        return
    leads = {name: page.leads_to for name, page in pages.items()}
    reached = {to for targets in leads.values() for to in targets}
    late = [name for name, page in pages.items() if name in reached and not page.prerender]
    if late:
        yield _wrapped(
            f"The kiosk loads these pages at the press: {', '.join(late)}. To have a page ready "
            "before the press, write prerender = true below it. Its scripts then run before it is "
            "shown."
        )
    ready = {name: [to for to in targets if pages[to].prerender] for name, targets in leads.items()}
    most = max(ready, key=lambda name: len(ready[name]))
    if len(ready[most]) > stage.ahead:
        yield _wrapped(
            f"Page {most} leads to {len(ready[most])} pages with prerender = true. The kiosk holds "
            f"the first {stage.ahead} of them ready (stage.ahead): {', '.join(ready[most])}."
        )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 80, break_long_words=False, break_on_hyphens=False)


def _settings(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """List each key of the sections that have no names in them, with its value."""
    for section, of_section in _SECTIONS.items():
        values = getattr(settings, section)
        defaults = {each.name: each.default for each in fields(values)}
        for attribute, key in of_section.keys.items():
            value, name = getattr(values, attribute), key.name
            default = defaults[attribute]
            note = "default" if value == default and default is not MISSING else ""
            # A list has a line for each value: the table stays narrow.
            shown, *more = value if isinstance(value, tuple) and value else [_value(name, value)]
            yield f"{section}.{name}", shown, note
            yield from (("", each, "") for each in more)


def _value(name: str, value: object) -> str:
    """Write a value as the file does, without its quotes."""
    if name == "renew":
        return f"{value // 60:02}:{value % 60:02}" if isinstance(value, int) else "never"
    if name == "scale":
        return f"{value:g}"
    if isinstance(value, float):
        return format_duration(value)
    if name in _SECRETS:
        return "given" if value else "none"
    if value == ():
        return "none"
    return str(value) or "none" if isinstance(value, str) else show(value)


def _pins(settings: Settings) -> str:
    """Show the pins; dwell and cooldown only where a pin has one."""
    pins = settings.pins.values()
    header: tuple[str, ...] = ("pin", "where", "pull", "active", "debounce", "hold")
    rows = [_pin(settings, pin) for pin in pins]
    if any(pin.dwell_s or pin.cooldown_s for pin in pins):
        header += ("dwell", "cooldown")
        rows = [
            (*row, format_duration(pin.dwell_s), format_duration(pin.cooldown_s))
            for row, pin in zip(rows, pins, strict=True)
        ]
    return table(header, rows)


def _pin(settings: Settings, pin: Pin) -> tuple[str, ...]:
    return (
        pin.name,
        pin.placed(settings.gpio) if pin.pin is not None else pin.short,
        pin.pull or "",
        pin.active,
        format_duration(pin.debounce_s) + (" (first edge)" if pin.counts == "first" else ""),
        format_duration(pin.hold_s),
    )


def _outputs(settings: Settings) -> Iterator[str]:
    """Show the outputs, and what sets them, if there are any."""
    outputs = settings.outputs.values()
    if not outputs:
        return
    yield table(
        ("output", "where", "active", "initial", "safe", "max on"),
        [
            (
                output.name,
                output.placed(settings.gpio),
                output.active,
                "" if output.follows else _state(output, output.initial),
                output.safe,
                "" if output.max_on_s is None else format_duration(output.max_on_s),
            )
            for output in outputs
        ],
    )
    yield table(
        ("output", "state", "when"),
        [row for output in outputs for row in _set_by(settings, output)],
    )


def _set_by(settings: Settings, output: Output) -> Iterator[tuple[str, str, str]]:
    """List what sets an output; programs, which may set each one, only if nothing else does."""
    rows = [
        (_state(output, page.outputs[output.name].state), f"page {page.name}{kept}")
        for page in settings.pages.values()
        if output.name in page.outputs
        for kept in (", and after it" if page.outputs[output.name].keep else "",)
    ]
    if output.follows:
        rows.append(("on", f"pin {output.follows} would move a display"))
        rows.append((_state(output, OutputState.BLINK), f"pin {output.follows} moves a display"))
    if output.without_display:
        rows.append((output.without_display, "no display is connected"))
    if output.from_pages:
        rows.append(("any", "a page on the kiosk sets it"))
    rows = rows or [("any", "only the application or the API sets it")]
    if output.closed:
        rows.append((output.closed, "the exhibit is closed, whoever sets it"))
    for number, row in enumerate(rows):
        yield (output.name if number == 0 else "", *row)


def _state(output: Output, state: OutputState) -> str:
    """Write a state, with its time."""
    if state is OutputState.BLINK:
        return f"blink {format_duration(output.blink_s)}"
    if state is OutputState.PULSE:
        return f"pulse {format_duration(output.pulse_s)}"
    return state


def _rules(settings: Settings, page: Page) -> Iterator[tuple[str, ...]]:
    name = f"{page.name} (start)" if page.name == settings.server.start else page.name
    first = (name, page.template or _address(page.url) or "a view")
    rows: list[tuple[str, str]] = []
    for (pin, event), to in page.rules.items():
        at_load = ", at load, too" if (pin, event) in page.while_rules else ""
        rows.append((f"{pin} is {WORDS[event]}{at_load}", to))
    for (pin, event), route in page.routes.items():
        rows.append(
            (f"{pin} is {WORDS[event]}", f"{route.to} on {', '.join(sorted(route.displays))}")
        )
    if page.idle:
        warns = f", warns for {format_duration(page.idle.warn_s)}" if page.idle.warn_s else ""
        rows.append((f"idle for {format_duration(page.idle.after_s)}{warns}", page.idle.to))
        rows += [(f"  {pin} keeps it, too", "") for pin in page.idle.pins]
    for number, row in enumerate(rows or [("", "")]):
        yield (*(first if number == 0 else ("", "")), *row)


def _address(url: str) -> str:
    """Write an address without its query, which may be long, or a secret."""
    return re.sub(r"[?#].*", "?...", url)


def _ahead(page: Page) -> str:
    fades = ", fades in" if page.transition == "fade" else ""
    if page.prerender:
        return f"prerendered{fades}"
    return f"{'prefetched' if page.fetched_ahead else 'no'}{fades}"


def _yes(given: bool) -> str:
    return "yes" if given else "no"
