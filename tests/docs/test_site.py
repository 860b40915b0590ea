"""The site that `make docs` has built: each page, as people open it."""

import functools
import html
import http.server
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documents import ROOT

SITE = ROOT / "build" / "site"
SCREENS = ROOT / "build" / "screens"
PAGES = sorted(page.relative_to(SITE).as_posix() for page in SITE.rglob("*.html"))
SIZES = {"narrow": {"width": 390, "height": 844}, "wide": {"width": 1280, "height": 800}}
FILLED = """\
repository = "https://forge.invalid/somebody/gpiobridge"
site = "https://docs.invalid/"
contact = ""
install_from = "."
"""
# What of a page is wider than the window; what scrolls by itself is not. And pictures that are no
# pictures.
FAULTS = """() => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const broken = [...document.images].filter((i) => i.complete && !i.naturalWidth)
    .map((i) => i.src);
  return { wide, broken };
}"""


@pytest.fixture
def served() -> Iterator[str]:
    """The built site by a web server of loopback; its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    handler = functools.partial(Quiet, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def build(into: Path, addresses: str, status: int = 0) -> str:
    """Build the site into a folder; return what was said."""
    file = into / "addresses.toml"
    file.write_text(addresses, "utf-8")
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "build.py", "--into", into, "--addresses", file],
        capture_output=True, text=True, timeout=55, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == status, said
    return said


def test_a_wrong_address_stops_the_site(tmp_path: Path) -> None:
    """As it stops the package's build: with its sentence and nothing else."""
    said = build(tmp_path, 'repository = ""\ncontact = ""\n', status=1)
    assert said == f'{tmp_path}/addresses.toml: has no text for site; write site = "" for none\n'


def test_it_is_built() -> None:
    """`make test-docs` builds it first; by hand that is `make docs`."""
    assert "index.html" in PAGES, "run `make docs` first"
    for page in ("first-exhibit.html", "python.html", "security-policy.html", "changelog.html"):
        assert page in PAGES
    built_s = (SITE / "index.html").stat().st_mtime
    later = [file.name for file in (ROOT / "docs").rglob("*.md") if file.stat().st_mtime > built_s]
    assert later == [], "run `make docs` again"


def test_addresses_that_are_filled_in_are_in_the_site(tmp_path: Path) -> None:
    """The repository is linked, and so are files of it that have no page; without a warning."""
    said = build(tmp_path, FILLED)
    assert "No issues found" in said
    text = (tmp_path / "site" / "contributing.html").read_text("utf-8")
    assert "https://forge.invalid/somebody/gpiobridge" in text
    assert 'rel="canonical" href="https://docs.invalid/contributing.html"' in text


def test_nothing_is_invented() -> None:
    """As long as no address is filled in the pages name none, and ask no other server."""
    for page in PAGES:
        text = (SITE / page).read_text("utf-8")
        assert 'rel="canonical"' not in text, page
        asked = re.findall(r'<(?:link|script|img|source|iframe)\b[^>]*="(https?:[^"]*)"', text)
        assert asked == [], page


def test_no_page_has_a_path_of_this_machine() -> None:
    """What is published says nothing of where it was built."""
    for page in PAGES:
        assert str(ROOT) not in (SITE / page).read_text("utf-8"), page


def test_links_lead_to_pages_and_places() -> None:
    """On the site, as in the repository's viewer: each page and each heading is there."""
    texts = {page: (SITE / page).read_text("utf-8") for page in PAGES}
    places = {page: set(re.findall(r'\bid="([^"]+)"', text)) for page, text in texts.items()}
    missing = []
    for page, text in texts.items():
        body = text[text.index("<article") :] if "<article" in text else ""
        for link in re.findall(r'<a\b[^>]*\bhref="([^"]+)"', body):
            path, _, place = html.unescape(link).partition("#")
            if re.match(r"[a-z]+:", path):
                continue
            there = (SITE / page).parent.joinpath(path).resolve() if path else SITE / page
            name = there.relative_to(SITE).as_posix() if there.is_relative_to(SITE) else ""
            if not there.exists() or (place and place not in places.get(name, set())):
                missing.append(f"{page}: {link}")
    assert missing == []


def test_the_python_api_is_there() -> None:
    """The docstrings' own page has each public class and function."""
    text = (SITE / "python.html").read_text("utf-8")
    for name in ("GpioBridge.push", "GpioBridge.navigate", "Frames.send", "connect", "PinEvent"):
        assert re.search(rf'id="gpiobridge\.[\w.]*{re.escape(name)}"', text), name


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_each_page_opens(page: Any, served: str, size: str, scheme: str) -> None:
    """No error, nothing wider than the window, no broken picture; screens go to build/screens."""
    page.set_viewport_size(SIZES[size])
    page.emulate_media(color_scheme=scheme)
    faults: list[str] = []
    page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    # Leaving a page aborts what it still loads, such as the worker of its search.
    page.on("requestfailed", lambda r: None if r.failure == "net::ERR_ABORTED"
            else faults.append(f"not there: {r.url}"))  # fmt: skip
    page.on("request", lambda r: None if r.url.startswith((served, "data:", "blob:"))
            else faults.append(f"asks {r.url}"))  # fmt: skip
    folder = SCREENS / f"{size}-{scheme}"
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for name in PAGES:
        page.goto(f"{served}/{name}")
        seen = page.evaluate(FAULTS)
        if seen["wide"] > 0:
            faults.append(f"{seen['wide']} px too wide")
        faults += [f"broken picture {source}" for source in seen["broken"]]
        page.screenshot(path=folder / f"{name.replace('/', '-')[:-5]}.png", full_page=True)
        if faults:
            found[name] = faults[:]
            faults.clear()
    assert found == {}


def test_the_search_finds_a_page(page: Any, served: str) -> None:
    """A word of a page leads to it, without another server."""
    page.goto(f"{served}/index.html")
    page.keyboard.press("/")
    page.wait_for_function("document.activeElement.shadowRoot?.activeElement?.tagName === 'INPUT'")
    page.keyboard.type("oscillates")
    page.get_by_text("Pins and back ends").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/*.html?h=oscillates*")
