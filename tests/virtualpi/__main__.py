"""Build the guest image without running a test: ``python -m virtualpi`` in ``tests/``."""

import sys

from .host import BenchError
from .image import ensure_image


def main() -> int:
    """Build the image where it is missing and print its folder; returns the exit code."""
    try:
        print(ensure_image())
    except BenchError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


sys.exit(main())
