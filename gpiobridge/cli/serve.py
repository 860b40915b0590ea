"""Serve an exhibit, and say what would be served, and by which copy: run, check, version.

The caller's thread; the server makes its own.
"""

import json
import sys
from pathlib import Path

import click

from gpiobridge import config
from gpiobridge.cli.group import main
from gpiobridge.cli.log import set_up_logging
from gpiobridge.cli.options import config_option
from gpiobridge.core.triggers import WORDS
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
        with signs_of_life():  # after a reload systemd goes on waiting for them
            settings = config.load(config_file, overrides=overrides)
        _warn(settings)
        return settings

    sys.exit(serve(load))


@main.command()
@config_option
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


def _page_rows(settings: "config.Settings", name: str) -> list[tuple[str, ...]]:
    page = settings.pages[name]
    shown = f"{name} (start)" if name == settings.server.start else name
    first = (shown, page.template or "")
    rules = [(f"{pin} is {WORDS[event]}", to) for (pin, event), to in page.rules.items()]
    if page.idle:
        rules.append((f"idle for {config.format_duration(page.idle.after_s)}", page.idle.to))
    if not rules:
        return [(*first, "", "")]
    return [(*(first if i == 0 else ("", "")), *rule) for i, rule in enumerate(rules)]


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [heads, tuple("-" * width for width in widths), *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _warn(settings: "config.Settings") -> None:
    for warning in settings.warnings:
        click.echo(f"warning: {warning}", err=True)
