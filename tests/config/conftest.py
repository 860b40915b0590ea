"""What the tests of the configuration share: an exhibit's folder."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An exhibit's folder with two templates."""
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "welcome.html").write_text("<h1>Welcome</h1>", encoding="utf-8")
    (templates / "open.html").write_text("{% if pins %}<h1>Open</h1>{% endif %}", encoding="utf-8")
    return tmp_path
