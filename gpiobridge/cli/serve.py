"""Serve an exhibit, show what would be served, and name this copy: run, check, version.

The caller's thread; the server makes its own.
"""

import json
import sys
import time
from pathlib import Path

import click

from gpiobridge import config
from gpiobridge.cli.group import main
from gpiobridge.cli.log import set_up_logging
from gpiobridge.cli.options import config_option
from gpiobridge.cli.table import table
from gpiobridge.errors import PinError


@main.command()
@config_option
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
    set_up_logging()

    def load() -> "config.Settings":
        with signs_of_life():  # after a reload systemd still waits for them
            settings = config.load(config_file, overrides=overrides)
        _warn(settings)
        return settings

    sys.exit(serve(load))


@main.command()
@config_option
def check(config_file: Path | None) -> None:
    """Check the configuration, and show all that it says: settings, pins and pages."""
    from gpiobridge.cli import checked

    settings = config.load(config_file)
    if because := settings.example_because:  # `run` says it in its greeting
        click.echo(f"warning: the packaged example is shown: {because}", err=True)
    _warn(settings)
    click.echo(f"{settings.source} is fine.\n")
    click.echo(checked.tables(settings, time.time()))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")
def version(as_json: bool) -> None:
    """Name each part of this copy and its version, and the date of this copy."""
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
    click.echo(table(("package", "version"), list(told["packages"].items())))


def _warn(settings: "config.Settings") -> None:
    for warning in settings.warnings:
        click.echo(f"warning: {warning}", err=True)
