"""What is suggested for a name that is not there: only what is truly near."""

from pathlib import Path

import pytest
from config_text import PINS, check, problems

from gpiobridge.config.words import nearest


@pytest.mark.parametrize(
    ("name", "known", "near"),
    [
        ("opn", "open", True),
        ("Welcome", "welcome", True),
        ("buton", "button", True),
        ("prot", "port", True),
        ("max_display", "max_displays", True),
        ("left-opne", "left-open", True),
        ("welcome.htm", "welcome.html", True),
        ("kiosc.css", "kiosk.css", True),
        ("right.html", "wrong.html", False),
        ("left-open", "right-open", False),
        ("header.html", "footer.html", False),
        ("room-2", "room-3", False),
        ("room2", "room3", False),
        ("door-open", "door-shut", False),
        ("requests_per_address", "displays_per_address", False),
        ("logo.png", "film.png", False),
    ],
)
def test_what_two_names_share_makes_them_no_neighbours(name: str, known: str, near: bool) -> None:
    """Words that are the same in both, such as an ending, don't count (issue 14, point 2)."""
    assert nearest(name, [known]) == (known if near else None)


def test_a_missing_template_is_to_be_created(folder: Path) -> None:
    """``right.html`` beside ``wrong.html`` is no slip of the finger."""
    (folder / "templates/wrong.html").touch()
    assert problems(f"{PINS}[pages.right]\n", folder) == [
        "config.toml: pages.right: there is no templates/right.html; create it, or name another "
        "file with template"
    ]


@pytest.mark.parametrize(
    ("there", "suggested"),
    [
        ("rigth.html", "rigth.html"),
        ("right.htm", "right.htm"),
        ("Right.html", "Right.html"),
        ("parts/right.html", "parts/right.html"),
        ("parts/wrong.html", None),
        ("right-2.html", "right-2.html"),
    ],
)
def test_a_template_of_nearly_this_name_is_the_second_remedy(
    folder: Path, there: str, suggested: str | None
) -> None:
    """First it can be created; a file that was probably meant is named after that."""
    (folder / "templates/parts").mkdir()
    (folder / "templates" / there).touch()
    (said,) = problems(f"{PINS}[pages.right]\n", folder)
    other = f'write template = "{suggested}"' if suggested else "name another file with template"
    assert said.endswith(f"; create it, or {other}")


@pytest.mark.parametrize(
    ("line", "there", "said"),
    [
        ("{% extends 'layouts/base.html' %}", "templates/layouts/frame.html",
         'extends "layouts/base.html", which is not in templates/; create it there, or correct '
         "the name"),
        ("{% include 'parts/header.html' %}", "templates/parts/footer.html",
         'includes "parts/header.html", which is not in templates/; create it there, or correct '
         "the name"),
        ("{% include 'parts/heder.html' %}", "templates/parts/header.html",
         'includes "parts/heder.html", which is not in templates/; did you mean '
         '"parts/header.html"?'),
    ],
)  # fmt: skip
def test_templates_of_a_template_are_compared_by_their_stems(
    folder: Path, line: str, there: str, said: str
) -> None:
    """Neither a folder nor an ending that both have makes them alike."""
    (folder / there).parent.mkdir(exist_ok=True)
    (folder / there).touch()
    (folder / "templates/right.html").write_text(line, encoding="utf-8")
    (problem,) = problems(f"{PINS}[pages.right]\n", folder)
    assert problem.endswith(f"templates/right.html, line 1: {said}")


def test_static_files_are_compared_by_their_stems(folder: Path) -> None:
    """``logo.png`` is not ``film.png``."""
    (folder / "static").mkdir()
    (folder / "static/film.png").touch()
    page = folder / "templates/right.html"
    page.write_text("{{ url_for('static', filename='logo.png') }}", encoding="utf-8")
    (warning,) = check(f"{PINS}[pages.right]\n", folder).warnings
    assert warning.endswith("there is no static/logo.png; put it there, or correct the name")
