"""How many files may be open, and how many displays that leaves room for; a display is one file.

It imports nothing of the project. Any thread.
"""

import contextlib

_OWN_FILES = 128  # descriptors that are no display's: HTTP, static files, pins, Python


def room_for_displays(files: int) -> int:
    """How many displays there is room for, at least one.

    Args:
        files: how many files may be open.
    """
    return max(1, files - _OWN_FILES)


def raise_file_limit() -> int | None:
    """Allow as many open files as the system lets us.

    Returns:
        The limit, or None where there is none that we know.
    """
    try:
        import resource
    except ImportError:  # Windows
        return None
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses "unlimited"
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft
