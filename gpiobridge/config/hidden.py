"""Which files of an exhibit are not for visitors. Pure.

What is hidden, such as ``.git/`` or ``.env``, and an editor's backups are neither served nor
installed.
"""


def is_hidden(name: str) -> bool:
    """Whether a file, or a folder on the way to it, is hidden, or the file is a backup.

    Args:
        name: a path; both slashes part it.
    """
    parts = name.replace("\\", "/").split("/")
    return any(part.startswith(".") for part in parts) or name.endswith("~")
