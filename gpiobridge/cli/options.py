"""Options that commands of several files share: which configuration, and which bridge."""

from pathlib import Path

import click

config_option = click.option(
    "--config",
    "config_file",
    # If this user may not read it, our own message says so, and what to do about it.
    type=click.Path(readable=False, path_type=Path),
    help="By default config.toml in this folder, else the packaged example.",
)
# click doesn't read the tokens of the environment: `client.target` reads them as the bridge does.
which_config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(readable=False, path_type=Path),
    help="The bridge's configuration: by default config.toml in this folder, else the installed "
    "service's, else the packaged example.",
)
token_option = click.option(
    "--token",
    default="",
    help="The bridge's server.token, by default that of its configuration; better in the "
    "environment than here: GPIOBRIDGE_SERVER__TOKEN.",
)
url_option = click.option(
    "--url", help="Where the bridge runs, instead of what the configuration says."
)
