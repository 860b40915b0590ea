"""Talk to a running bridge: press, watch, latency, push, navigate, output, sound, alarm, hours.

One thread, the caller's.
"""

import contextlib
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from gpiobridge import config
from gpiobridge.cli.group import main
from gpiobridge.cli.options import token_option, url_option, which_config_option
from gpiobridge.client.audience import Audience
from gpiobridge.client.target import Target, find_bridge
from gpiobridge.config.words import one_of

_api_token_option = click.option(
    "--api-token",
    default="",
    help="The bridge's server.api_token, by default that of its configuration, else the token; "
    "better in the environment than here: GPIOBRIDGE_SERVER__API_TOKEN.",
)
_page_option = click.option("--page", help="Only displays on this page.")
_display_option = click.option("--display", help="Only displays of this name.")
_group_option = click.option("--group", help="Only displays of this group.")
_exclude_option = click.option("--exclude", metavar="DISPLAY", help="No display of this name.")


_LONGEST_SHOWN = 60


def _press_s(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    from gpiobridge.pins.driving import MAX_PRESS_S

    return _seconds(value, "a press", MAX_PRESS_S)


def _output_s(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    from gpiobridge.outputs.orders import MAX_FOR_S

    return _seconds(value, "an output", MAX_FOR_S)


def _hours_s(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    from gpiobridge.hours.orders import MAX_FOR_S

    return _seconds(value, "the opening hours", MAX_FOR_S)


def _hours_verb(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    from gpiobridge.hours.orders import VERBS

    if value is not None and value not in VERBS:
        raise click.BadParameter(f'"{value}" {one_of(value, tuple(VERBS))}')
    return value


def _output_state(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    states = tuple(config.OutputState)
    if value not in states:
        raise click.BadParameter(f'"{value}" {one_of(value, states)}')
    return value


def _seconds(value: str | None, what: str, most_s: float) -> float | None:
    if value is None:
        return None
    try:
        for_s = config.parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(f'"{value}": {error}') from error
    if not 0 < for_s <= most_s:
        most = config.format_duration(most_s)
        raise click.BadParameter(
            f'"{value}" is not a time for {what}; write one above 0s and of at most {most}'
        )
    return for_s


def _json(_ctx: click.Context, _param: click.Parameter, value: str) -> Any:
    def refuse(word: str) -> NoReturn:
        raise ValueError(f"JSON has no {word}")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(made := dict(pairs)) < len(pairs):
            raise ValueError("a key is there twice")
        return made

    try:
        return json.loads(value, parse_constant=refuse, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        cut = value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}..."
        remedy = 'text needs its quotes: \'"hello"\' or \'{"text": "hello"}\''
        raise click.BadParameter(f"{cut!r} is not JSON ({error}); {remedy}") from error


def _with_bridge(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command of the API the options that say which bridge is meant, as `bridge`."""

    @functools.wraps(command)
    def with_bridge(
        *, url: str | None, config_file: Path | None, token: str, api_token: str, **others: Any
    ) -> None:
        command(bridge=find_bridge(url, config_file, token, api_token), **others)

    asking: Callable[..., None] = with_bridge
    for option in (_api_token_option, token_option, which_config_option, url_option):
        asking = option(asking)
    return asking


def _with_audience(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which displays are meant, as `who`."""

    @functools.wraps(command)
    def with_audience(
        *,
        page: str | None,
        display: str | None,
        exclude: str | None,
        group: str | None,
        **others: Any,
    ) -> None:
        command(who=Audience(page, display, exclude, group), **others)

    telling: Callable[..., None] = with_audience
    for option in (_exclude_option, _group_option, _display_option, _page_option):
        telling = option(telling)
    return telling


@main.command()
@click.argument("name")
@click.option(
    "--for",
    "for_s",
    callback=_press_s,
    metavar="DURATION",
    show_default="150ms, or the pin's debounce or dwell if that is longer",
    help="How long the pin stays active.",
)
@_with_bridge
def press(name: str, for_s: float | None, bridge: Target) -> None:
    """Press the pin NAME of a running bridge: simulated, or source = "http".

    On the bridge's own machine its user (and root) needs no token.
    """
    from gpiobridge.client import asking

    asking.press(bridge.url, name, for_s, bridge.token, bridge.api_token)


@main.command()
@click.argument("page", metavar="[URL]", required=False)
@click.option("--once", is_flag=True, help="Stop when the page would be left.")
@url_option
@which_config_option
@token_option
def watch(
    page: str | None, once: bool, url: str | None, config_file: Path | None, token: str
) -> None:
    """Follow the page at URL without a browser: one line of JSON for each frame.

    Without URL it follows the start page of the bridge that the configuration names.
    """
    from gpiobridge.client.frames import connect

    if page and url:
        raise click.UsageError("URL and --url both say where; leave one of them out")
    bridge = find_bridge(page or url, config_file, token)

    def tell(sentence: str) -> None:
        click.echo(f"gpiobridge: {sentence}", err=True)

    with (
        contextlib.suppress(KeyboardInterrupt),
        connect(bridge.url, token=bridge.token, once=once, tell=tell) as frames,
    ):
        for frame in frames:
            click.echo(json.dumps(frame))


@main.command()
@click.argument("where", metavar="[URL]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")
@url_option
@which_config_option
@token_option
def latency(
    where: str | None, as_json: bool, url: str | None, config_file: Path | None, token: str
) -> None:
    """Say how long presses of a running exhibit took to their pages, and where the time went.

    Without URL it asks the bridge that the configuration names. It counts the last 1,000 displays
    that a press has moved.
    """
    from gpiobridge.cli.latency_report import latency_report
    from gpiobridge.client import asking

    if where and url:
        raise click.UsageError("URL and --url both say where; leave one of them out")
    bridge = find_bridge(where or url, config_file, token)
    told = asking.latency(bridge.url, bridge.token)
    click.echo(json.dumps(told) if as_json else latency_report(told))


@main.command()
@click.argument("data", metavar="JSON", callback=_json)
@_with_audience
@click.option("--retain", metavar="KEY", help="Keep it under KEY for displays that join later.")
@_with_bridge
def push(data: Any, who: Audience, retain: str | None, bridge: Target) -> None:
    """Send JSON to the displays: their pages receive it as gpiobridge:message.

    On the bridge's own machine its user (and root) needs no token.
    """
    from gpiobridge.client import asking

    token = bridge.api_token or bridge.token
    count = asking.push(bridge.url, data, who, retain=retain, token=token)
    click.echo(f"sent to {_displays(count)}" if count else _nobody(who))


@main.command()
@click.argument("to")
@_with_audience
@_with_bridge
def navigate(to: str, who: Audience, bridge: Target) -> None:
    """Send the displays to the page TO, as a press would.

    On the bridge's own machine its user (and root) needs no token.
    """
    from gpiobridge.client import asking

    token = bridge.api_token or bridge.token
    count = asking.navigate(bridge.url, to, who, token=token)
    click.echo(f"sent {_displays(count)} to {to}" if count else _nobody_moved(who, to))


@main.command()
@click.argument("name")
@click.argument("state", callback=_output_state)
@click.option(
    "--for",
    "for_s",
    callback=_output_s,
    metavar="DURATION",
    help="How long the state counts. By default, until a page that names the output is shown or "
    "left; a pulse is as long as the output's pulse key says.",
)
@_with_bridge
def output(name: str, state: str, for_s: float | None, bridge: Target) -> None:
    """Set the output NAME of a running bridge, such as a lamp or a lock.

    STATE is on, off, blink or pulse.

    On the bridge's own machine its user (and root) needs no token.
    """
    from gpiobridge.client import asking

    token = bridge.api_token or bridge.token
    asking.set_output(bridge.url, name, state, for_s, token=token)


@main.command()
@click.argument("name")
@click.option("--stop", is_flag=True, help="End it: it fades out.")
@_with_bridge
def sound(name: str, stop: bool, bridge: Target) -> None:
    """Play the sound NAME on every display of a running bridge.

    On the bridge's own machine its user (and root) needs no token.
    """
    from gpiobridge.client import asking

    asking.sound(bridge.url, name, play=not stop, token=bridge.api_token or bridge.token)


@main.command()
@click.option("--test", is_flag=True, help="Make a test call now, and say what came of it.")
@_with_bridge
def alarm(test: bool, bridge: Target) -> None:
    """Test whom a running bridge calls when a display is dead, by [alarms].

    The bridge itself makes the call, with the rights of its service. With a call that fails the
    exit code is 1. On the bridge's own machine its user (and root) needs no token.
    """
    from gpiobridge.client import asking

    if not test:
        raise click.UsageError("say what to do: add --test")
    calls = asking.try_alarms(bridge.url, bridge.api_token or bridge.token)
    for call in calls:
        came = f"failed: {call['failed']}" if call["failed"] else "done"
        click.echo(f"{call['to']} {call['called']}: {came}")
    if any(call["failed"] for call in calls):
        raise SystemExit(1)


@main.command()
@click.argument("verb", metavar="[open|close|auto]", required=False, callback=_hours_verb)
@click.option(
    "--for",
    "for_s",
    callback=_hours_s,
    metavar="DURATION",
    help="For how long; by default until the opening hours themselves change next.",
)
@_with_bridge
def hours(verb: str | None, for_s: float | None, bridge: Target) -> None:
    """Open or close a running exhibit against its opening hours, or let them count again (auto).

    Without a word it says whether the exhibit is open, and until when.

    On the bridge's own machine its user (and root) needs no token.
    """
    from gpiobridge.cli.hours_report import hours_report
    from gpiobridge.client import asking

    if verb is None or (verb == "auto" and for_s is not None):
        if for_s is not None:
            raise click.UsageError("--for goes with open and close only; leave it out")
        click.echo(hours_report(asking.hours(bridge.url, bridge.token)))
        return
    token = bridge.api_token or bridge.token
    asking.set_hours(bridge.url, verb, for_s, token=token)


def _displays(count: int) -> str:
    return f"{count} display{'' if count == 1 else 's'}"


def _nobody(who: Audience) -> str:
    """Say that an order has reached no display."""
    return f"no {_such(who)}display is open: nothing was sent"


def _nobody_moved(who: Audience, to: str) -> str:
    """Say that no display was moved: one that is there already is not moved, either."""
    return (
        f"nothing was sent: no {_such(who)}display is open, or all of them show {to} already, "
        "or are closed by the opening hours"
    )


def _such(who: Audience) -> str:
    return "such " if any(who) else ""
