"""Take an installation back that lost its power: what ``gpiobridge-recover.service`` runs."""

import sys

from gpiobridge.errors import InstallError
from gpiobridge.install.installation import recover
from gpiobridge.install.target import TargetMachine


def main() -> int:
    """Do it; returns the exit code."""
    try:
        recover(TargetMachine(), print)
    except (InstallError, OSError) as error:
        print(f"gpiobridge: {error}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
