"""The group that every command is in, and the sentence in which an error reaches a person.

A command is a function with `@main.command()` in one of the files next to this one.
"""

import re
from pathlib import Path
from typing import Any

import click

from gpiobridge.config.words import nearest
from gpiobridge.errors import ConfigError, GpioBridgeError
from gpiobridge.system import invocation


class _UsageError(click.UsageError):
    """A usage error of click, with the hint at its end, because people read the end."""

    def show(self, file: Any = None) -> None:
        if self.ctx is not None:
            click.echo(self.ctx.get_usage(), file=file, err=file is None)
        click.echo(f"gpiobridge: {self.message}", file=file, err=file is None)
        path = self.ctx.command_path if self.ctx else invocation.command()
        click.echo(f"{path} --help shows how to use it", file=file, err=file is None)


class _Commands(click.Group):
    """Shows our errors as sentences, and nothing as a traceback."""

    def main(self, *args: Any, **options: Any) -> Any:
        # With it the hint "'... --help'" works where it is printed.
        return super().main(*args, **{"prog_name": invocation.command(), **options})

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        try:
            return super().make_context(*args, **options)
        except click.UsageError as error:
            raise _with_hint(error) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            known = self.list_commands(ctx)
            close = nearest(name, known)
            remedy = f"did you mean {close}?" if close else f"write one of {', '.join(known)}"
            raise click.UsageError(f"No such command {name!r}; {remedy}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise _with_hint(error) from error
        except ConfigError as error:
            for problem in error.problems:
                click.echo(problem, err=True)
            ctx.exit(error.exit_code)
        except GpioBridgeError as error:
            click.echo(f"gpiobridge: {error}", err=True)
            ctx.exit(error.exit_code)


def _with_hint(error: click.UsageError) -> click.UsageError:
    """Put the hint to the help at the end of a usage error."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error  # `gpiobridge` alone: the help itself
    said = error.format_message().rstrip(".").replace(". (", " (")
    return _UsageError(_of_a_folder(said, error.ctx), error.ctx)


def _of_a_folder(said: str, context: click.Context | None) -> str:
    """Say how a command finds its folder, if one was given to a command that takes none."""
    found = re.fullmatch(r"Got unexpected extra argument \((.+)\)", said)
    if not (found and context) or not Path(found[1]).is_dir():
        return said
    if not any("--config" in parameter.opts for parameter in context.command.params):
        return said
    file = Path(found[1]) / "config.toml"
    return (
        f"{context.info_name} takes no folder; go into the folder first, or write --config {file}"
    )


@click.group(cls=_Commands)
@click.version_option(package_name="gpiobridge", prog_name="gpiobridge")
def main() -> None:
    """A pin goes LOW, and the browser moves to its next page."""
