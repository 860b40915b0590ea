"""The group that every command is in, and the sentence in which an error reaches a person.

A command is a function with ``@main.command()`` in one of the files beside this one.
"""

from typing import Any

import click

from gpiobridge.errors import ConfigError, GpioBridgeError
from gpiobridge.system import calling


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


@click.group(cls=_Commands)
@click.version_option(package_name="gpiobridge", prog_name="gpiobridge")
def main() -> None:
    """A pin goes LOW, and the browser moves to its next page."""
