"""A start of a browser."""

from pathlib import Path

from gpiobridge.kiosk.start import Start


def start(program: Path, *flags: str, **more: bool | str | float) -> Start:
    """A start of a browser on a page."""
    return Start(program, Path("/p"), "http://pi/", flags=flags, **({"wayland": True} | more))  # type: ignore[arg-type]
