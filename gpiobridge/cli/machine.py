"""Care for this machine: doctor, kiosk, install, uninstall. One thread, the caller's."""

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from gpiobridge import config
from gpiobridge.cli.group import main
from gpiobridge.cli.log import set_up_logging
from gpiobridge.cli.options import config_option, token_option, url_option, which_config_option
from gpiobridge.client.target import find_bridge
from gpiobridge.config.words import show
from gpiobridge.errors import InstallError, KioskError
from gpiobridge.kiosk.browsers import BROWSERS, DEFAULT_BROWSER
from gpiobridge.net.hosts import origin_of
from gpiobridge.system import invocation

if TYPE_CHECKING:
    from gpiobridge.kiosk.foreign_site import Board

_BROWSER = click.Choice(list(BROWSERS))
_COLOURS = {"ok": "green", "warning": "yellow", "failure": "red", "skipped": None}


def _display_name(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", value):
        raise click.BadParameter(
            f'{show(value)}: a display\'s name has 1 to 32 of A-Z, a-z, 0-9, "_" and "-"; '
            'write one such as "kiosk-2"'
        )
    return value


@main.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Write the findings as JSON, for programs.")
def doctor(config_file: Path | None, as_json: bool) -> None:
    """Examine this machine, and say what is wrong and what to do about it.

    It changes nothing, even while the bridge runs. Without --config and without config.toml in
    this folder it takes the installed service's. With a failure the exit code is 1.
    """
    from gpiobridge.doctor import examine

    report = examine(config_file)
    if as_json:
        click.echo(report.as_json())
    else:
        # https://no-color.org; without it there is colour only on a terminal.
        plain = False if os.environ.get("NO_COLOR") else None
        click.echo(
            report.as_text(lambda verdict, word: click.style(word, fg=_COLOURS[verdict])),
            color=plain,
        )
    sys.exit(report.exit_code)


@main.command()
@which_config_option
@url_option
@click.option(
    "--display",
    "name",
    callback=_display_name,
    default=config.DEFAULT_KIOSK,
    show_default=True,
    help="What this display is called; on one bridge each kiosk needs its own name.",
)
@click.option(
    "--browser",
    type=_BROWSER,
    default=DEFAULT_BROWSER.name,
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
    "--no-stage",
    is_flag=True,
    help="Open the start page by itself, not the stage, whatever [stage] kiosk says.",
)
@click.option(
    "--write-policy",
    "policy_file",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Only write Chromium's managed policy into FILE, or show it with -.",
)
@click.option(
    "--sway",
    "in_sway",
    is_flag=True,
    help="Start sway, and in it the kiosk of each screen that the configuration gives a connector.",
)
@token_option
def kiosk(
    config_file: Path | None,
    url: str | None,
    name: str,
    browser: str,
    flags: tuple[str, ...],
    watch: bool | None,
    no_stage: bool,
    policy_file: Path | None,
    in_sway: bool,
    token: str,
) -> None:
    """Show the bridge's pages in a browser, full screen, and keep them alive.

    A token in --token can be read by everyone on this machine (ps); one in the configuration or
    in the environment can't.
    """
    from gpiobridge.kiosk import launcher as launcher  # Linux only

    bridge = find_bridge(url, config_file, token)
    settings = config.load_for_views(bridge.file) if bridge.file else None
    wanted = settings.kiosk if settings else config.Kiosk()
    placed = settings.screens if settings else {}
    allow = settings.sites if settings else ()
    if policy_file is not None:
        _write_policy(policy_file, bridge.url, allow, placed, camera=wanted.camera)
        return
    if in_sway:
        scaled = not launcher.DRIVERS[browser].SCALES_ITSELF
        _start_sway(placed or {name: wanted}, bridge.file, scaled=scaled)
    pages = settings.pages.values() if settings else ()
    plain = [page.name for page in pages if not page.client]
    named = settings.displays.get(name) if settings else None
    set_up_logging(f"{name}: " if name in placed else "")
    if watch is None and plain:
        click.echo(f"not watching for a live page: {', '.join(plain)} has client = false", err=True)
    options = launcher.Options(
        url=bridge.url,
        name=name,
        browser=browser,
        flags=flags,
        watch=not plain if watch is None else watch,
        token=token or (named.token if named else "") or bridge.token,
        allow=allow,
        renew_min=wanted.renew_min,
        camera=wanted.camera,
        screen=settings.screen_of(name) if settings else wanted,
        placed=name in placed,
        stage=not no_stage,
        own_url=_own_url(bridge.url, settings.server) if settings else "",
        boards=_boards(settings) if settings else {},
        switches=_switches(settings, name) if settings else None,
    )
    launcher.run(options)


def _boards(settings: "config.Settings") -> "Mapping[str, Board]":
    """Find what the kiosk must know of pages with a `url`."""
    if not any(page.url for page in settings.pages.values()):
        return {}
    from gpiobridge.kiosk.foreign_site import boards  # few need it

    return boards(settings)


def _switches(settings: "config.Settings", name: str) -> "config.ScreenCommands | None":
    """Return the owner's commands that switch a kiosk's screen."""
    hours = settings.hours_of(name)
    if hours is None or isinstance(hours.screen, str):
        return None
    return hours.screen


def _own_url(url: str, server: "config.Server") -> str:
    """Return the bridge's address on this machine, if `url` is its address outside; else ""."""
    outside = server.url and origin_of(url) == origin_of(server.url)
    return server.local_url if outside and server.port else ""


def _start_sway(
    screens: "Mapping[str, config.Screen]", file: Path | None, *, scaled: bool
) -> NoReturn:
    """Become sway, which starts this command again for each screen, without ``--sway``."""
    from gpiobridge.kiosk import sway

    words = [word for word in sys.argv[1:] if word != sway.OPTION]
    own = file.absolute().with_name(sway.OWN_FILE) if file else None
    command = [*invocation.this_program(), *words]
    sway.start(sway.configuration(screens, command, own, scaled=scaled), os.environ)


def _write_policy(
    file: Path, url: str, allow: Sequence[str], placed: Iterable[str], *, camera: bool
) -> None:
    from gpiobridge.client import asking
    from gpiobridge.kiosk import chromium_policy

    base = asking.bridge_url(url)
    made = chromium_policy.policy(base, allow, camera=camera, placed=placed)
    if str(file) == "-":
        click.echo(chromium_policy.text(made), nl=False)
        return
    try:
        chromium_policy.write(file, chromium_policy.text(made))
    except OSError as error:
        raise KioskError(
            f"{file} can't be written: {error.strerror or error}; name another file, or - for none"
        ) from error


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
    help="From the next boot on, keep the card read-only (by overlayroot, the system's own way): "
    "the plug may then be pulled at any time. --writable undoes that, and does nothing else.",
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

    Without DIR the installed exhibit stays. The first time, the exhibit in this folder is
    installed, else the example. Repeat it to upgrade, and after a change of [server].
    """
    if rollback and (folder or kiosk):
        raise click.UsageError("--rollback can't be combined with DIR or --kiosk; leave them out")
    if browser and not kiosk:
        raise click.UsageError("--browser is the kiosk's; add --kiosk, or leave it out")
    if rollback and read_only is not None:
        raise click.UsageError(
            "--rollback can't be combined with --read-only or --writable; leave them out"
        )
    if read_only is False and (folder or kiosk or replace):
        raise click.UsageError(
            "--writable can't be combined with DIR, --kiosk or --replace; leave them out"
        )
    installation = _installation()
    machine = installation.TargetMachine()
    if read_only is False:
        installation.make_writable(dry_run=dry_run, machine=machine, tell=click.echo)
        return
    if rollback:
        installation.roll_back(dry_run=dry_run, replace=replace, machine=machine, tell=click.echo)
        return
    choices = installation.Choices(
        folder=folder,
        kiosk=kiosk,
        browser=BROWSERS[browser] if browser else None,
        replace=replace,
        read_only=bool(read_only),
        dry_run=dry_run,
    )
    installation.install(choices, machine, click.echo)


@main.command()
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
def uninstall(dry_run: bool) -> None:
    """Remove the service that `install` has set up; the exhibit stays (needs root)."""
    installation = _installation()
    installation.uninstall(dry_run=dry_run, machine=installation.TargetMachine(), tell=click.echo)


def _installation() -> Any:
    try:
        from gpiobridge.install import installation  # not needed by the other commands
    except ImportError as error:
        if error.name not in ("fcntl", "grp", "pwd"):  # what Windows lacks
            raise
        raise InstallError(
            "this machine doesn't run systemd, which `install` needs; use `gpiobridge run`"
        ) from error
    return installation
