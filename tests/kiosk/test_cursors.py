"""The cursors of a kiosk whose pointer is hidden."""

import base64
from pathlib import Path

import pytest

from gpiobridge.errors import KioskError
from gpiobridge.kiosk import cursors

UNIT = Path(__file__).parents[2] / "systemd" / "gpiobridge-kiosk.service"


def test_hidden_pointer(tmp_path: Path) -> None:
    """The ordinary cursor is a picture of one transparent pixel, the same as the unit's."""
    variables = cursors.hide(tmp_path)
    assert cursors.hide(tmp_path) == variables  # again, at the next start
    theme = Path(variables["XCURSOR_PATH"], variables["XCURSOR_THEME"], "cursors")
    picture = (theme / "left_ptr").read_bytes()
    assert picture[:4] == b"Xcur"
    assert picture[-4:] == bytes(4)  # the pixel
    assert base64.b64encode(picture).decode() in UNIT.read_text()
    with pytest.raises(KioskError, match="hides the pointer, can't be written: Not a directory"):
        cursors.hide(theme / "left_ptr")
