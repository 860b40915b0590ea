"""A theme of cursors that can't be seen, for ``pointer = "hidden"``.

A browser under Wayland takes its cursors from the theme in ``XCURSOR_PATH`` (libwayland-cursor),
and the ordinary one for each that is not in it. A page that brings a picture for its cursor still
shows that. Runs on the caller's thread.
"""

import base64
from pathlib import Path

from gpiobridge.errors import KioskError

# One picture of 1 x 1 pixels (Xcursor(3)), which is transparent; the unit's, too.
_CURSOR = base64.b64decode(
    "WGN1chAAAAAAAAEAAQAAAAIA/f8YAAAAHAAAACQAAAACAP3/GAAAAAEAAAABAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAA="
)
_ORDINARY = ("left_ptr", "default")  # X11's name, and CSS's


def hide(folder: Path) -> dict[str, str]:
    """Make the theme, and return the variables that lead to it.

    Args:
        folder: the folder to write it into.

    Raises:
        KioskError: it can't be written.
    """
    theme = folder / "no-cursors"
    cursors = theme / "default" / "cursors"
    try:
        cursors.mkdir(parents=True, exist_ok=True)
        for name in _ORDINARY:
            (cursors / name).write_bytes(_CURSOR)
    except OSError as error:
        raise KioskError(
            f"{theme}, which hides the pointer, can't be written: {error.strerror or error}; check "
            "that its disk is not full"
        ) from error
    return {"XCURSOR_PATH": str(theme), "XCURSOR_THEME": "default"}
