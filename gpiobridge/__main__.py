"""``python -m gpiobridge`` is the command ``gpiobridge``."""

from gpiobridge.cli import main

main()
