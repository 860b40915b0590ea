"""What `check` finds in templates: files that aren't there, endpoints that are none."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from gpiobridge import config
from gpiobridge.cli import main
from gpiobridge.config import Settings
from gpiobridge.config.check import check
from gpiobridge.errors import ConfigError
from gpiobridge.serve.standalone import create_app

CONFIG = """
[gpio]
pin_factory = "mock"
[pins]
button = 17
[pages.welcome]
on_press.button = "open-now"
[pages.open-now]
"""


@pytest.fixture
def exhibit(tmp_path: Path) -> Path:
    """An exhibit of two pages, whose static folder has a style sheet."""
    for folder in ("templates/parts", "static/css"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "static/s.css").write_text("body {}")
    (tmp_path / "static/css/kiosk.css").write_text("body {}")
    write(tmp_path, open_now="<h1>open</h1>", welcome="<h1>welcome</h1>")
    return tmp_path


def write(exhibit: Path, **templates: str) -> None:
    """Write templates; an underscore stands for a hyphen."""
    for name, text in templates.items():
        (exhibit / "templates" / f"{name.replace('_', '-')}.html").write_text(text)


def load(exhibit: Path) -> Settings:
    """Load the exhibit."""
    return config.load(exhibit / "config.toml", environ={})


def problems(exhibit: Path) -> list[str]:
    """What is refused, without the place of the page."""
    with pytest.raises(ConfigError) as caught:
        load(exhibit)
    place = f"{exhibit / 'config.toml'}: pages.welcome: "
    assert all(problem.startswith(place) for problem in caught.value.problems)
    return [problem.removeprefix(place) for problem in caught.value.problems]


def warnings(exhibit: Path) -> list[str]:
    """What is warned of, without the place of the page."""
    place = f"{exhibit / 'config.toml'}: pages.welcome: "
    return [warning.removeprefix(place) for warning in load(exhibit).warnings]


# --------------------------------------------------------------------- what works


def test_flasks_own_idiom_works(exhibit: Path) -> None:
    """``url_for('static', filename=...)`` and ``url_for('page_<name>')`` lead there (row 36)."""
    write(exhibit, welcome="""
        <link rel="stylesheet" href="{{ url_for('static', filename='css/kiosk.css') }}">
        <a href="{{ url_for('page_open-now') }}">open</a><a href="{{ url_for('start') }}">home</a>
        """)  # fmt: skip
    settings = load(exhibit)
    assert settings.warnings == ()
    app = create_app(settings)
    try:
        page = app.test_client().get("/welcome").get_data(as_text=True)
        with app.test_client().get("/static/css/kiosk.css") as file:
            assert file.get_data() == b"body {}"
    finally:
        app.extensions["gpiobridge"].stop()
    for path in ("/static/css/kiosk.css", "/open-now", "/"):
        assert f'href="{path}"' in page


FINE = {
    "extends": "{% extends 'base.html' %}{% block main %}x{% endblock %}",
    "include": "{% include 'parts/foot.html' %}",
    "from the root": "{% include '/parts/foot.html' %}{% include './parts//foot.html' %}",
    "one of several": "{% include ['nowhere.html', 'parts/foot.html'] %}",
    "ignored": "{% include 'nowhere.html' ignore missing %}",
    "import": "{% import 'parts/macros.html' as m %}{% from 'parts/macros.html' import b %}",
    "worked out": "{% include page ~ '.html' %}{{ url_for(page) }}{{ url_for('static', **pins) }}",
    "file worked out": "{{ url_for('static', filename=page ~ '.css') }}",
    "folder": "{{ url_for('static', filename='css') }}{{ url_for('static', filename='') }}",
    "ours": "{{ url_for('gpiobridge.healthz') if false }}{{ url_for('favicon') }}",
    "overridden": "{% extends 'broken-block.html' %}{% block main %}x{% endblock %}",
    "a name of its own": "{% set other = {'url': 1} %}{{ other.url_for }}",
}


@pytest.mark.parametrize("text", FINE.values(), ids=FINE)
def test_what_is_there_or_unknown_is_fine(exhibit: Path, text: str) -> None:
    """Only what stands there literally and can't work is told (row 36)."""
    write(exhibit, base="<main>{% block main %}{% endblock %}</main>", welcome=text)
    write(exhibit, broken_block="{% block main %}{% include 'nowhere.html' %}{% endblock %}")
    (exhibit / "templates/parts/foot.html").write_text("<footer></footer>")
    (exhibit / "templates/parts/macros.html").write_text("{% macro b() %}{% endmacro %}")
    assert load(exhibit).warnings == ()


def test_templates_of_an_application_may_name_its_own_endpoints(exhibit: Path) -> None:
    """Nobody here knows them (row 36)."""
    write(exhibit, welcome="{{ url_for('login') }}")
    raw, _ = config.read(exhibit / "config.toml", {})
    check(raw, source="config.toml", folder=exhibit, views=["login"])


# --------------------------------------------------------------------- what can't


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<p>\n{% extends 'layout.html' %}", "line 2: extends \"layout.html\", which is not in "
         "templates/; create it there, or correct the name"),
        ("{% extends 'bas.html' %}", "line 1: extends \"bas.html\", which is not in templates/; "
         'did you mean "base.html"?'),
        ("{% include 'foot.html' %}", "line 1: includes \"foot.html\", which is not in "
         'templates/; create it there, or correct the name'),
        ("{% include 'kiosk.html' %}", 'line 1: includes "kiosk.html", which is not in templates/; '
         'did you mean "parts/kiosk.html"?'),
        ("{% include '../templates/parts/kiosk.html' %}", 'line 1: includes '
         '"../templates/parts/kiosk.html", which is not in templates/; did you mean '
         '"parts/kiosk.html"?'),
        ("{% include ['x1.html', 'y2.html'] %}", 'line 1: includes "x1.html" or "y2.html", which '
         "is not in templates/; create it there, or correct the name"),
        ("{% import 'macros.html' as m %}", 'line 1: imports "macros.html", which is not in '
         "templates/; create it there, or correct the name"),
        ("{% from 'macros.html' import m %}", 'line 1: imports "macros.html", which is not in '
         "templates/; create it there, or correct the name"),
        ("{{ url_for('welcome') }}", "line 1: url_for('welcome'): no endpoint of this name; for a "
         "page write url_for('page_welcome'), or its path, /welcome"),
        ("\n\n{{ url_for('page_opn-now') }}", "line 3: url_for('page_opn-now'): no endpoint of "
         "this name; did you mean 'page_open-now'?"),
        ("{{ url_for('index') }}", "line 1: url_for('index'): no endpoint of this name; pages are "
         "'page_<name>', files url_for('static', filename='<file>')"),
        ("{{ url_for('static') }}", "line 1: url_for('static') names no file; write "
         "url_for('static', filename='<file>')"),
        ("{{ url_for('static', name='s.css') }}", "line 1: url_for('static') names no file; write "
         "url_for('static', filename='<file>')"),
        ("{{ page|uper }}", "line 1: No filter named 'uper'; correct it there"),
        ("{% extends 'base.html' %}{% block main %}{% include 'x1.html' %}{% endblock %}",
         'line 1: includes "x1.html", which is not in templates/; create it there, or correct the '
         "name"),
        ("{% extends 'welcome.html' %}", "line 1: welcome.html extends welcome.html, without end; "
         "leave one of them out"),
    ],
)  # fmt: skip
def test_what_can_not_be_rendered_is_told_with_file_and_line(
    exhibit: Path, text: str, problem: str
) -> None:
    """A page that would answer 500 is no page (row 36)."""
    write(exhibit, base="{% block main %}{% endblock %}", welcome=text)
    (exhibit / "templates/parts/kiosk.html").write_text("")
    assert problems(exhibit) == [f"templates/welcome.html, {problem}"]


def test_what_a_template_is_made_of_is_looked_at_too(exhibit: Path) -> None:
    """Through parents and includes, each with the file in which it stands (row 36)."""
    write(
        exhibit,
        welcome="{% extends 'base.html' %}",
        base="<p>\n{% include 'foot.html' %}",
        foot="\n\n{% import 'nowhere.html' as n %}{{ url_for('nope') }}",
    )
    assert problems(exhibit) == [
        'templates/foot.html, line 3: imports "nowhere.html", which is not in templates/; create '
        "it there, or correct the name",
        "templates/foot.html, line 3: url_for('nope'): no endpoint of this name; pages are "
        "'page_<name>', files url_for('static', filename='<file>')",
    ]


def test_a_parent_with_an_error_is_told(exhibit: Path) -> None:
    """The error is the parent's, and so is the place (row 36)."""
    write(exhibit, welcome="{% extends 'base.html' %}", base="\n{% fi %}")
    assert problems(exhibit) == [
        "templates/base.html, line 2: Encountered unknown tag 'fi'; correct it there"
    ]


def test_what_is_wrong_for_many_pages_is_told_once(exhibit: Path) -> None:
    """With the first of them (row 36)."""
    child = "{% extends 'base.html' %}"
    write(exhibit, welcome=child, open_now=child, base="{{ url_for('nope') }}")
    assert len(problems(exhibit)) == 1


def test_templates_that_extend_each_other_are_told(exhibit: Path) -> None:
    """Rendering them would never end (row 36)."""
    write(exhibit, welcome="{% extends 'one.html' %}")
    write(exhibit, one="{% extends 'two.html' %}", two="\n{% extends 'one.html' %}")
    assert problems(exhibit) == [
        "templates/two.html, line 2: welcome.html extends one.html extends two.html extends "
        "one.html, without end; leave one of them out"
    ]


def test_templates_that_include_each_other_end(exhibit: Path) -> None:
    """A condition may end it, which nobody can tell here (row 36)."""
    write(exhibit, welcome="{% if deep %}{% include 'welcome.html' %}{% endif %}")
    assert load(exhibit).warnings == ()


# --------------------------------------------------------------------- what is warned of


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("{{ url_for('static', filename='k.css') }}", "there is no static/k.css; put it there, or "
         "correct the name"),
        ("{{ url_for('static', filename='css/kiosc.css') }}", "there is no static/css/kiosc.css; "
         "did you mean 'css/kiosk.css'?"),
        ("{{ url_for('static', filename='/s.css') }}", "url_for('static') names '/s.css', which is "
         "not in static/; write its path there"),
        ("{{ url_for('static', filename='../config.toml') }}", "url_for('static') names "
         "'../config.toml', which is not in static/; write its path there"),
        ("{% if simulated %}{% include 'x1.html' %}{% endif %}", 'includes "x1.html", which is not '
         "in templates/; create it there, or correct the name"),
        ("{% for p in pins %}{{ url_for('nope') }}{% endfor %}", "url_for('nope'): no endpoint of "
         "this name; pages are 'page_<name>', files url_for('static', filename='<file>')"),
        ("{% macro m() %}{% include 'x1.html' %}{% endmacro %}", 'includes "x1.html", which is not '
         "in templates/; create it there, or correct the name"),
        ("{% extends 'base.html' %}{{ url_for('nope') }}", "url_for('nope'): no endpoint of this "
         "name; pages are 'page_<name>', files url_for('static', filename='<file>')"),
    ],
)  # fmt: skip
def test_what_may_never_be_reached_or_seen_is_only_warned_of(
    exhibit: Path, text: str, warning: str
) -> None:
    """The page can be shown, at least at times (row 36)."""
    write(exhibit, base="{% block main %}{% endblock %}", welcome=text)
    assert warnings(exhibit) == [f"templates/welcome.html, line 1: {warning}"]


def test_check_says_it(exhibit: Path) -> None:
    """Exit code 2 and the sentence, where a page would answer 500 (row 36)."""
    write(exhibit, welcome="{% extends 'layout.html' %}")
    done = CliRunner().invoke(main, ["check", "--config", str(exhibit / "config.toml")])
    assert done.exit_code == 2
    assert 'templates/welcome.html, line 1: extends "layout.html"' in done.stderr


# --------------------------------------------------------------------- pins that a page shows


@pytest.mark.parametrize(
    "text",
    [
        '<p data-pin="button">',
        "<p\n  class=x data-pin=button>",
        '<p data-pin="{{ name }}">',
        "<!-- data-pin=\"levr\": <p data-pin='levr'> -->",
        "<p>data-pin='levr'</p>",
        '<script>`<p data-pin="${name}">`</script>',
        '{# <p data-pin="levr"> #}',
    ],
)
def test_a_pin_that_exists_or_cant_be_known_is_not_warned_of(exhibit: Path, text: str) -> None:
    """`data-pin` may have a computed name, and a comment shows nothing."""
    write(exhibit, welcome=text)
    assert warnings(exhibit) == []


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ('<p data-pin="buton">', 1, 'data-pin="buton" names no pin; did you mean "button"?'),
        ("<h1>x</h1>\n<p id=a\n data-pin='zzz'/>", 3, 'data-pin="zzz" names no pin; pins: button'),
        ("<!-- a\n-->{% if x %}\n<b data-pin=Buton>{% endif %}", 3,
         'data-pin="Buton" names no pin; did you mean "button"?'),
    ],
)  # fmt: skip
def test_an_element_of_a_pin_that_does_not_exist_is_warned_of(
    exhibit: Path, text: str, line: int, sentence: str
) -> None:
    """Such an element never shows a level, and nothing else would say why."""
    write(exhibit, welcome=text)
    assert warnings(exhibit) == [f"templates/welcome.html, line {line}: {sentence}"]


@pytest.mark.parametrize("text", ["<h1>{{ Day</h1>", "<style>@media print {#a{x:y}}</style>"])
def test_braces_that_are_text_have_their_remedy(exhibit: Path, text: str) -> None:
    """A page of plain HTML, CSS or script may have what Jinja takes for its own."""
    write(exhibit, welcome=text)
    (problem,) = problems(exhibit)
    assert problem.startswith("templates/welcome.html, line 1: ")
    assert problem.endswith(
        "; correct it there, or, if {{, {% or {# is only text, put a space between its two signs"
    )
