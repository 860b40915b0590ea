"""Find how many files may be open, and how many displays fit; each display is one open file.

It imports nothing of the project. Any thread.
"""

import contextlib

_OWN_FILES = 128  # descriptors for all the rest: HTTP, static files, pins, Python


def room_for_displays(files: int) -> int:
    """Return how many displays there is room for; at least one.

    Args:
        files: how many files may be open.
    """
    return max(1, files - _OWN_FILES)


def raise_file_limit() -> int | None:
    """Raise the limit of open files to the most that the system allows.

    Returns:
        The limit, or None if there is none or it is unknown.
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
