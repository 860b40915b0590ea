"""The command line: the only module that knows them all.

Exit codes: 0 fine, 1 it failed at run time, 2 the configuration or the usage is wrong.
"""

import contextlib
import functools
import json
import logging
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from gpiobridge import __version__, config
from gpiobridge.client.target import Target, find_bridge
from gpiobridge.config import Settings
from gpiobridge.core.triggers import WORDS
from gpiobridge.errors import ConfigError, GpioBridgeError, InstallError, KioskError, PinError
from gpiobridge.system import calling

_BROWSER = click.Choice(["chromium", "cog"])
_COLOURS = {"ok": "green", "warning": "yellow", "failure": "red", "skipped": None}


class _Commands(click.Group):
    """Shows our errors as sentences, and nothing as a traceback."""

    def main(self, *args: Any, **options: Any) -> Any:
        # So that "Try '… --help'" works where it is printed.
        return super().main(*args, **{"prog_name": calling.command(), **options})

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            for problem in error.problems:
                click.echo(problem, err=True)
            ctx.exit(error.exit_code)
        except GpioBridgeError as error:
            click.echo(f"gpiobridge: {error}", err=True)
            ctx.exit(error.exit_code)


def _seconds(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    try:
        return None if value is None else config.parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(f'"{value}" {error}') from error


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
        raise click.BadParameter(
            f"{value!r} is no JSON ({error}); text needs its quotes: '\"hello\"'"
        ) from error


def _display_name(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", value):
        raise click.BadParameter('a display\'s name has 1 to 32 of A-Z, a-z, 0-9, "_" and "-"')
    return value


def _config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--config",
        "config_file",
        # Whoever reads it says in our words that this user may not, and what to do about it.
        type=click.Path(readable=False, path_type=Path),
        help="By default config.toml in this folder, else the packaged example.",
    )(command)


# The environment's tokens are not click's to read: `target` reads them as the bridge does.
_which_config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(readable=False, path_type=Path),
    help="Of the bridge that is meant: by default config.toml in this folder, else the installed "
    "service's, else the packaged example.",
)
_token_option = click.option(
    "--token",
    default="",
    help="The bridge's server.token, by default that of its configuration; better in the "
    "environment than here: GPIOBRIDGE_SERVER__TOKEN.",
)
_api_token_option = click.option(
    "--api-token",
    default="",
    help="The bridge's server.api_token, by default that of its configuration, else the token; "
    "better in the environment than here: GPIOBRIDGE_SERVER__API_TOKEN.",
)
_url_option = click.option(
    "--url", help="Where the bridge runs, instead of what the configuration says."
)
_page_option = click.option("--page", help="Only displays on this page.")
_display_option = click.option("--display", help="Only displays of this name.")
_exclude_option = click.option("--exclude", metavar="DISPLAY", help="No display of this name.")


def _with_bridge(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command of the API the options that say which bridge is meant, as ``bridge``."""

    @functools.wraps(command)
    def with_bridge(
        *, url: str | None, config_file: Path | None, token: str, api_token: str, **others: Any
    ) -> None:
        command(bridge=find_bridge(url, config_file, token, api_token), **others)

    asking: Callable[..., None] = with_bridge
    for option in (_api_token_option, _token_option, _which_config_option, _url_option):
        asking = option(asking)
    return asking


@click.group(cls=_Commands)
@click.version_option(__version__, prog_name="gpiobridge")
def main() -> None:
    """A pin goes LOW, and the browser moves to its next page."""


@main.command()
@_config_option
@click.option("--host", help="Listen on this address instead of server.host.")
@click.option("--port", type=int, help="Listen on this port instead of server.port.")
def run(config_file: Path | None, host: str | None, port: int | None) -> None:
    """Watch the pins and serve the pages."""
    from gpiobridge.serve.server import serve  # not needed by the other commands
    from gpiobridge.system.sd_notify import signs_of_life

    overrides = {
        key: value
        for key, value in {"server.host": host, "server.port": port}.items()
        if value is not None
    }
    _set_up_logging()

    def load() -> Settings:
        with signs_of_life():  # after a reload systemd goes on waiting for them
            settings = config.load(config_file, overrides=overrides)
        _warn(settings)
        return settings

    sys.exit(serve(load))


@main.command()
@_config_option
def check(config_file: Path | None) -> None:
    """Check the configuration and show its pins and pages."""
    settings = config.load(config_file)
    if because := settings.example_because:  # `run` says it in its greeting
        click.echo(f"warning: the packaged example is shown: {because}", err=True)
    _warn(settings)
    click.echo(f"{settings.source} is fine.\n")
    click.echo(
        _table(
            ("pin", "GPIO", "pull", "active", "debounce"),
            [
                (
                    pin.name,
                    pin.short,
                    pin.pull or "",
                    pin.active,
                    f"{pin.debounce_s * 1000:g} ms",
                )
                for pin in settings.pins.values()
            ],
        )
    )
    click.echo()
    click.echo(
        _table(
            ("page", "template", "when", "leads to"),
            [row for name in settings.pages for row in _page_rows(settings, name)],
        )
    )


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Write it for machines.")
def version(as_json: bool) -> None:
    """Name each part of this copy and its version, and since when it is here."""
    from gpiobridge.pins import boards
    from gpiobridge.system import parts

    try:
        back_end = boards.choose("auto")
    except PinError:  # a Raspberry Pi without one
        back_end = None
    told = parts.describe(back_end)
    if as_json:
        click.echo(json.dumps(told, indent=2))
        return
    since = f" of {told['since'][:10]}" if told["since"] else ""
    click.echo(f"gpiobridge {told['gpiobridge']}{since} in {told['folder']}")
    click.echo(f"Python {told['python']} ({told['interpreter']})")
    click.echo(f"{told['system'] or 'system'}: {told['platform']}")
    click.echo(f"pins: {told['back_end'] or 'no back end is installed'}\n")
    click.echo(_table(("package", "version"), list(told["packages"].items())))


@main.command()
@_config_option
@click.option("--json", "as_json", is_flag=True, help="Write the findings for machines.")
def doctor(config_file: Path | None, as_json: bool) -> None:
    """Examine this machine, and say what is wrong and what to do about it.

    It changes nothing, also while the bridge runs. Without --config and without config.toml in
    this folder it takes the installed service's. With a failure the exit code is 1.
    """
    from gpiobridge.doctor import examine

    report = examine(config_file)
    if as_json:
        click.echo(report.as_json())
    else:
        # https://no-color.org; without it colour depends on there being a terminal.
        plain = False if os.environ.get("NO_COLOR") else None
        click.echo(
            report.as_text(lambda verdict, word: click.style(word, fg=_COLOURS[verdict])),
            color=plain,
        )
    sys.exit(report.exit_code)


@main.command()
@click.argument("name")
@click.option(
    "--for",
    "for_s",
    callback=_seconds,
    metavar="DURATION",
    show_default="150ms, or the pin's debounce if that is longer",
    help="How long the pin stays active.",
)
@_with_bridge
def press(name: str, for_s: float | None, bridge: Target) -> None:
    """Press the simulated or virtual pin NAME of a running bridge.

    On the bridge's own machine its user (and root) needs no token.
    """
    from gpiobridge.client import asking

    asking.press(bridge.url, name, for_s, bridge.token, bridge.api_token)


@main.command()
@click.argument("page", metavar="[URL]", required=False)
@click.option("--once", is_flag=True, help="Stop when the page would be left.")
@_url_option
@_which_config_option
@_token_option
def watch(
    page: str | None, once: bool, url: str | None, config_file: Path | None, token: str
) -> None:
    """Follow the page at URL without a browser: one JSON line a frame.

    Without URL it is the start page of the bridge that the configuration names.
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
@click.argument("data", metavar="JSON", callback=_json)
@_page_option
@_display_option
@_exclude_option
@click.option("--retain", metavar="KEY", help="Keep it under KEY for displays that come later.")
@_with_bridge
def push(
    data: Any,
    page: str | None,
    display: str | None,
    exclude: str | None,
    retain: str | None,
    bridge: Target,
) -> None:
    """Send JSON to the displays: their pages get it as gpiobridge:message.

    On the bridge's own machine its user (and root) needs no token.
    """
    from gpiobridge.client import asking

    count = asking.push(
        bridge.url,
        data,
        page=page,
        display=display,
        exclude=exclude,
        retain=retain,
        token=bridge.api_token or bridge.token,
    )
    click.echo(f"told {_displays(count)}" if count else _nobody(page, display, exclude))


@main.command()
@click.argument("to")
@_page_option
@_display_option
@_exclude_option
@_with_bridge
def navigate(
    to: str,
    page: str | None,
    display: str | None,
    exclude: str | None,
    bridge: Target,
) -> None:
    """Send the displays to the page TO, as a press would.

    On the bridge's own machine its user (and root) needs no token.
    """
    from gpiobridge.client import asking

    count = asking.navigate(
        bridge.url,
        to,
        page=page,
        display=display,
        exclude=exclude,
        token=bridge.api_token or bridge.token,
    )
    sent = f"sent {_displays(count)} to {to}"
    click.echo(sent if count else _nobody(page, display, exclude))


@main.command()
@_which_config_option
@_url_option
@click.option(
    "--display",
    "name",
    callback=_display_name,
    default="kiosk",
    show_default=True,
    help="What this display is called; on one bridge each kiosk needs its own name.",
)
@click.option(
    "--browser",
    type=_BROWSER,
    default="chromium",
    show_default=True,
    help="Which browser: Chromium, or cog, which needs about half its memory.",
)
@click.option(
    "--flag",
    "flags",
    multiple=True,
    envvar="GPIOBRIDGE_KIOSK_FLAGS",
    show_envvar=True,
    help="A further flag for the browser, such as --flag=--force-dark-mode (Chromium's).",
)
@click.option(
    "--watch/--no-watch",
    default=None,
    help="Whether to restart a browser that shows no live page; needs our script in every page.",
)
@click.option(
    "--write-policy",
    "policy_file",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Only write Chromium's managed policy into FILE, or show it with -.",
)
@_token_option
def kiosk(
    config_file: Path | None,
    url: str | None,
    name: str,
    browser: str,
    flags: tuple[str, ...],
    watch: bool | None,
    policy_file: Path | None,
    token: str,
) -> None:
    """Show the bridge's pages in a browser, full screen, and keep them alive.

    A token in --token can be read by everyone on this machine (ps); one in the configuration or
    in the environment can't.
    """
    from gpiobridge.kiosk import launcher as launcher  # Linux only

    bridge = find_bridge(url, config_file, token)
    wanted = bridge.settings.kiosk if bridge.settings else config.Kiosk()
    if policy_file is not None:
        _write_policy(policy_file, bridge.url, wanted)
        return
    pages = bridge.settings.pages.values() if bridge.settings else ()
    plain = [page.name for page in pages if not page.client]
    _set_up_logging()
    if watch is None and plain:
        click.echo(f"not watching for a live page: {', '.join(plain)} has client = false", err=True)
    options = launcher.Options(
        url=bridge.url,
        name=name,
        browser=browser,
        flags=flags,
        watch=not plain if watch is None else watch,
        token=bridge.token,
        allow=wanted.allow,
        renew_min=wanted.renew_min,
        camera=wanted.camera,
    )
    launcher.run(options)


def _write_policy(file: Path, url: str, wanted: config.Kiosk) -> None:
    from gpiobridge.client import asking
    from gpiobridge.kiosk import chromium_policy

    base = asking.base_url(url)
    made = chromium_policy.policy(base, wanted.allow, camera=wanted.camera)
    if str(file) == "-":
        click.echo(chromium_policy.text(made), nl=False)
        return
    try:
        chromium_policy.write(file, chromium_policy.text(made))
    except OSError as error:
        raise KioskError(f"{file} can't be written: {error.strerror or error}") from error


@main.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option("--kiosk", is_flag=True, help="Show the pages on this Pi's own screen, too.")
@click.option(
    "--browser",
    type=_BROWSER,
    help="The kiosk's: cog needs about half of Chromium's memory.  [default: as installed, else "
    "chromium]",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.option("--replace", is_flag=True, help="Overwrite what was changed by hand; keep a backup.")
@click.option("--rollback", is_flag=True, help="Go back to the copy that was live before.")
@click.option(
    "--read-only/--writable",
    "read_only",
    default=None,
    help="From the next boot on, let the card be only read (by overlayroot, the system's own way), "
    "so that the plug may be pulled at any time; or let it be written to again, and nothing else.",
)
def install(
    folder: Path | None,
    kiosk: bool,
    browser: str | None,
    dry_run: bool,
    replace: bool,
    rollback: bool,
    read_only: bool | None,
) -> None:
    """Run gpiobridge as a service, with the exhibit in DIR (needs root).

    Without DIR the installed exhibit stays; the first time it is the one in this folder, else the
    example. May be repeated: to upgrade, and after a change of [server].
    """
    if rollback and (folder or kiosk):
        raise click.UsageError("--rollback goes with neither DIR nor --kiosk")
    if browser and not kiosk:
        raise click.UsageError("--browser goes with --kiosk")
    if rollback and read_only is not None:
        raise click.UsageError("--rollback goes with neither --read-only nor --writable")
    if read_only is False and (folder or kiosk or replace):
        raise click.UsageError("--writable goes with none of DIR, --kiosk and --replace")
    installing = _installing()
    machine = installing.Machine()
    if read_only is False:
        installing.make_writable(dry_run=dry_run, machine=machine, tell=click.echo)
        return
    if rollback:
        installing.roll_back(dry_run=dry_run, replace=replace, machine=machine, tell=click.echo)
        return
    installing.install(
        folder,
        kiosk=kiosk,
        browser=browser,
        dry_run=dry_run,
        replace=replace,
        read_only=bool(read_only),
        machine=machine,
        tell=click.echo,
    )


@main.command()
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
def uninstall(dry_run: bool) -> None:
    """Remove the service that `install` has made; the exhibit stays (needs root)."""
    installing = _installing()
    installing.uninstall(dry_run=dry_run, machine=installing.Machine(), tell=click.echo)


def _installing() -> Any:
    try:
        from gpiobridge.install import installation  # not needed by the other commands
    except ImportError as error:  # Windows has no fcntl
        raise InstallError("this machine doesn't run systemd, which `install` needs") from error
    return installation


def _page_rows(settings: Settings, name: str) -> list[tuple[str, ...]]:
    page = settings.pages[name]
    shown = f"{name} (start)" if name == settings.server.start else name
    first = (shown, page.template or "")
    rules = [(f"{pin} is {WORDS[event]}", to) for (pin, event), to in page.rules.items()]
    if page.idle:
        rules.append((f"idle for {config.format_duration(page.idle.after_s)}", page.idle.to))
    if not rules:
        return [(*first, "", "")]
    return [(*(first if i == 0 else ("", "")), *rule) for i, rule in enumerate(rules)]


def _displays(count: int) -> str:
    return f"{count} display{'' if count == 1 else 's'}"


def _nobody(page: str | None, display: str | None, exclude: str | None) -> str:
    """Say that an order has reached no display."""
    such = "such " if page or display or exclude else ""
    return f"no {such}display is open: nothing was sent"


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [heads, tuple("-" * width for width in widths), *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _warn(settings: Settings) -> None:
    for warning in settings.warnings:
        click.echo(f"warning: {warning}", err=True)


def _set_up_logging() -> None:
    # The journal has its own time stamps.
    when = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "
    logging.basicConfig(level=logging.INFO, format=f"{when}%(levelname)s %(name)s: %(message)s")
