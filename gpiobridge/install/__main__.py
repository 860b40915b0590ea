"""Undo an installation that a power cut ended: ``gpiobridge-recover.service`` runs this."""

import sys

from gpiobridge.errors import InstallError
from gpiobridge.install.installation import recover
from gpiobridge.install.target import TargetMachine


def main() -> int:
    """Undo it and return the exit code."""
    try:
        recover(TargetMachine(), print)
    except (InstallError, OSError) as error:
        print(f"gpiobridge: {error}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
