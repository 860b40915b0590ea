"""`gpiobridge check`: what it shows."""

from pathlib import Path

from click.testing import CliRunner
from harness.api_exhibit import EXHIBIT
from harness.exhibit import write_exhibit

from gpiobridge.cli import main


def test_check_shows_virtual_pins(tmp_path: Path) -> None:
    """They have http where others have a number."""
    path = write_exhibit(tmp_path, config=EXHIBIT)
    said = CliRunner().invoke(main, ["check", "--config", str(path)]).output
    assert "button  17    up    low     20 ms\n" in said
    assert "bell    http  up    low     5 ms\n" in said
    assert "gate    http  none  high    20 ms\n" in said
