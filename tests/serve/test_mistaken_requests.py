"""What the stand-alone application answers to an address or a method that is mistaken."""

from pathlib import Path

import pytest
from harness.exhibit import HOOK, write_exhibit

from gpiobridge import config
from gpiobridge.serve.standalone import create_app


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/nosuch", 404, "There is nothing at /nosuch; pages: welcome, open."),
        ("GET", "/open.html", 404,
         "There is nothing at /open.html; the address of the page is /open."),
        ("GET", "/templates/open.html", 404,
         "There is nothing at /templates/open.html; the address of the page is /open."),
        ("GET", "/nosuch.html", 404, "There is nothing at /nosuch.html; pages: welcome, open."),
        ("GET", "/img/logo.png", 404,
         "There is nothing at /img/logo.png; a file in static/ is at /static/logo.png."),
        (
            "GET", "/static/nosuch.png", 404,
            "There is no file at /static/nosuch.png: put it into the exhibit's static/ (hidden "
            "files are not served).",
        ),
        ("GET", "/api/messages", 405, "GET does nothing at /api/messages: use POST."),
        ("POST", "/welcome", 405, "POST does nothing at /welcome: use GET."),
    ],
)  # fmt: skip
def test_a_mistake_gets_one_sentence(
    tmp_path: Path, method: str, path: str, status: int, said: str
) -> None:
    """It is plain text, with what was asked for and what would be right."""
    app = create_app(config.load(write_exhibit(tmp_path, "", HOOK), environ={}))
    try:
        answer = app.test_client().open(path, method=method)
    finally:
        app.extensions["gpiobridge"].stop()
    assert (answer.status_code, answer.text) == (status, f"{said}\n")
    assert answer.mimetype == "text/plain"
    assert bool(answer.headers.get("Allow")) is (status == 405)
