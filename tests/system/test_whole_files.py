"""A file is there whole, or as it was before."""

from pathlib import Path

import pytest

from gpiobridge.system.whole_files import beside, replacing


def half(file: Path) -> None:
    """Begin to write a file, and fail."""
    with replacing(file) as new:
        new.write(b"half")
        raise ZeroDivisionError


@pytest.mark.parametrize("before", [None, b"old"])
def test_what_fails_half_way_leaves_all_as_it_was(tmp_path: Path, before: bytes | None) -> None:
    """Neither the half of a file is there, nor anything beside it."""
    file = tmp_path / "file"
    if before is not None:
        file.write_bytes(before)
    with pytest.raises(ZeroDivisionError):
        half(file)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == (
        {} if before is None else {"file": before}
    )


def test_a_link_beside_the_file_is_not_followed(tmp_path: Path) -> None:
    """Whoever lays one there doesn't get another file overwritten."""
    file, other = tmp_path / "file", tmp_path / "other"
    other.write_bytes(b"other")
    beside(file).symlink_to(other)
    with replacing(file) as new:
        new.write(b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "file": b"new", "other": b"other",
    }  # fmt: skip
    assert not file.is_symlink()
