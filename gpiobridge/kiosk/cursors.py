"""A theme of cursors that can't be seen, for ``pointer = "hidden"``.

A browser under Wayland takes each cursor from the theme in ``XCURSOR_PATH`` (libwayland-cursor),
and its own picture where the theme has none. A page that brings a picture for its cursor still
shows that. Runs on the caller's thread.
"""

import base64
from pathlib import Path

from gpiobridge.errors import KioskError

# One picture of 1 x 1 pixels (Xcursor(3)), which is transparent; the unit's, too.
_CURSOR = base64.b64decode(
    "WGN1chAAAAAAAAEAAQAAAAIA/f8YAAAAHAAAACQAAAACAP3/GAAAAAEAAAABAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAA="
)
_SHAPES = (
    # CSS's own names, and those of X11 that Chromium and WebKit ask for instead.
    "default left_ptr pointer hand hand1 hand2 pointing_hand text xterm ibeam vertical-text wait "
    "watch progress left_ptr_watch half-busy crosshair cross help question_arrow whats_this "
    "context-menu cell plus alias link copy dnd-copy move dnd-move fleur no-drop dnd-no-drop "
    "not-allowed crossed_circle forbidden grab openhand grabbing closedhand dnd-none "
    "all-scroll size_all zoom-in zoom-out n-resize s-resize e-resize w-resize ne-resize nw-resize "
    "se-resize sw-resize ew-resize ns-resize nesw-resize nwse-resize col-resize row-resize "
    "sb_h_double_arrow sb_v_double_arrow h_double_arrow v_double_arrow top_side bottom_side "
    "left_side right_side top_left_corner top_right_corner bottom_left_corner bottom_right_corner"
)


def hide(folder: Path) -> dict[str, str]:
    """Make the theme, and return the variables that lead to it.

    Args:
        folder: the folder to write it into.

    Raises:
        KioskError: it can't be written.
    """
    theme = folder / "no-cursors"
    shapes = theme / "default" / "cursors"
    try:
        shapes.mkdir(parents=True, exist_ok=True)
        for shape in _SHAPES.split():
            (shapes / shape).write_bytes(_CURSOR)
    except OSError as error:
        raise KioskError(
            f"{theme}, which hides the pointer, can't be written: {error.strerror or error}; check "
            "that its disk is not full"
        ) from error
    return {"XCURSOR_PATH": str(theme), "XCURSOR_THEME": "default"}
