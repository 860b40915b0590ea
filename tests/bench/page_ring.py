"""The pages between which the presses go: a ring of them, in one exhibit.

Each press leads to the next page, so that all ways of loading a page are measured in turn, in one
browser: what disturbs the machine meets all of them. Every page has a colour of its own. The heavy
ones have a picture of 1.2 MB with a block of that colour in its middle, and the rich ones a film
and a web font, too. Each page reports its own times, 0.3 s after its first paint: the report must
disturb nothing.
"""

import random
import subprocess
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.screen_memory import Colour, png
from bench.throttle import MissingError

WAYS = ("plain", "prefetched", "prerendered")
WEIGHTS = ("light", "heavy")
RICH = "rich"  # a heavy page that has a film and a web font, too

PICTURE_WIDTH, PICTURE_HEIGHT = 800, 510
PICTURE_LEFT, PICTURE_TOP = 40, 120
BACKGROUND_AT = (940, 400)  # beside the picture; without a window manager, windows are smaller
PICTURE_AT = (PICTURE_LEFT + PICTURE_WIDTH // 2, PICTURE_TOP + PICTURE_HEIGHT // 2)

_KEYS = {"plain": "prefetch = false", "prefetched": "", "prerendered": "prerender = true"}

# `seen` is when the first script runs on the page that is shown; `left` is when the page before
# learnt that it is to go. All of them are milliseconds since 1970 by the browser's clock.
_SCRIPT = """\
(() => {
  const wallMs = () => performance.timeOrigin + performance.now();
  const left = () => sessionStorage.setItem("left", wallMs());
  document.addEventListener("gpiobridge:navigate", left);
  window.left = left;
  function report(seen) {
    const [arrival] = performance.getEntriesByType("navigation");
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    const times = {
      page: document.title,
      left: Number(sessionStorage.getItem("left")),
      seen,
      paint: paint ? performance.timeOrigin + paint.startTime : null,
      activation: arrival?.activationStart ?? 0,
      delivery: arrival?.deliveryType ?? "",
    };
    sessionStorage.removeItem("left");
    navigator.sendBeacon("%(reports)s", JSON.stringify(times));
  }
  function shown() {
    const seen = wallMs();
    let waits = true;
    const soon = () => {
      if (waits) setTimeout(report, 300, seen);
      waits = false;
    };
    new PerformanceObserver((list) => {
      if (list.getEntriesByName("first-contentful-paint").length) soon();
    }).observe({ type: "paint", buffered: true });
    setTimeout(soon, 3000); // a browser that doesn't tell
  }
  if (document.prerendering) document.addEventListener("prerenderingchange", shown, { once: true });
  else shown();
})();
"""

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{name}</title>
<style>
  html {{ background: {background}; overflow: hidden; font: 16px sans-serif; }}
  body {{ margin: 0 40px; height: 100vh; }}
  img {{ position: absolute; left: {left}px; top: {top}px; }}
  p {{ width: 800px; }}
</style>
<script>{script}</script>
{head}</head>
<body><h1>{name}</h1>{body}</body>
</html>
"""

_FONT, _FILM = "font.ttf", "film.webm"
_FONT_STYLE = f"""\
<style>
  @font-face {{ font-family: "Exhibit"; src: url("/static/{_FONT}"); }}
  html {{ font-family: "Exhibit", sans-serif; }}
  video {{ position: absolute; left: 880px; top: 450px; width: 320px; }}
</style>
"""
_FILM_MAKER = (
    "videotestsrc num-buffers=150 ! video/x-raw,width=640,height=360,framerate=30/1"
    " ! vp8enc deadline=1 ! webmmux ! filesink location="
)


class Page(NamedTuple):
    """A page of the ring."""

    way: str
    weight: str
    colour: Colour
    suffix: str = ""

    @property
    def name(self) -> str:
        """Its name, which is its title, too."""
        return f"{self.way}-{self.weight}{self.suffix}"


def pages_of(ways: Sequence[str], weights: Sequence[str]) -> list[Page]:
    """List the pages of a ring, in their order; each has a colour of its own.

    A ring of one page would not lead anywhere, so it gets a second one of the same kind.
    """
    levels = (0, 255)
    colours = [(r, g, b) for b in levels for g in levels for r in levels if (r, g, b) != (0, 0, 0)]
    kinds = [(way, weight) for weight in weights for way in ways]
    if len(kinds) == 1:
        return [Page(*kinds[0], colours[0]), Page(*kinds[0], colours[1], "-again")]
    return [Page(*kind, colour) for kind, colour in zip(kinds, colours, strict=False)]


def write_ring(folder: Path, pages: Sequence[Page], reports: str, head: str = "") -> Path:
    """Write the exhibit, and return its config.toml.

    Args:
        folder: where to.
        pages: of the ring.
        reports: the URL to which each page reports its times.
        head: more for the head of each page.
    """
    write_files(folder, pages)
    lines = ['[server]\ncsp = "off"\n[pins.button]\npin = 17\ndebounce = "0ms"']
    for page, following in zip(pages, [*pages[1:], pages[0]], strict=True):
        text = page_html(page, reports, head)
        (folder / "templates" / f"{page.name}.html").write_text(text)
        lines += [f"[pages.{page.name}]", _KEYS[page.way], f'on_low.button = "{following.name}"']
    config = folder / "config.toml"
    config.write_text("\n".join(lines) + "\n")
    return config


def write_files(folder: Path, pages: Sequence[Page]) -> None:
    """Write what the pages show, into ``static/``, and make the folder of their templates.

    Raises:
        MissingError: a rich page needs a film or a font, and nothing here has one.
    """
    static = folder / "static"
    (folder / "templates").mkdir(parents=True, exist_ok=True)
    static.mkdir(exist_ok=True)
    for page in pages:
        if page.weight != "light":
            (static / f"{page.name}.png").write_bytes(picture(page.colour))
    if any(page.weight == RICH for page in pages):
        (static / _FONT).write_bytes(font().read_bytes())
        write_film(static / _FILM)


def page_html(page: Page, reports: str, head: str = "") -> str:
    """Make the text of a page; for the arguments see `write_ring`."""
    body = ""
    if page.weight != "light":
        body = f'<p>{"lorem ipsum " * 2000}</p><img src="/static/{page.name}.png" alt="">'
    if page.weight == RICH:
        body += f'<video src="/static/{_FILM}" muted autoplay loop></video>'
        head += _FONT_STYLE
    red, green, blue = page.colour
    return _PAGE.format(
        name=page.name,
        background=f"rgb({red}, {green}, {blue})",
        left=PICTURE_LEFT,
        top=PICTURE_TOP,
        script=_SCRIPT % {"reports": reports},
        head=head,
        body=body,
    )


def picture(colour: Colour) -> bytes:
    """Make 1.2 MB that don't compress, and in their middle a block of a colour."""
    noise = random.Random(zlib.crc32(bytes(colour)))
    block = bytes(colour) * 80
    before = (PICTURE_WIDTH // 2 - 40) * 3
    middle = range(PICTURE_HEIGHT // 2 - 40, PICTURE_HEIGHT // 2 + 40)
    lines = []
    for y in range(PICTURE_HEIGHT):
        line = noise.randbytes(PICTURE_WIDTH * 3)
        if y in middle:
            line = line[:before] + block + line[before + len(block) :]
        lines.append(b"\0" + line)
    return png(PICTURE_WIDTH, PICTURE_HEIGHT, b"".join(lines))


def font() -> Path:
    """Find this machine's font for plain text.

    Raises:
        MissingError: none is known.
    """
    try:
        found = subprocess.run(
            ["fc-match", "--format=%{file}", "sans:fontformat=TrueType"],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise MissingError(f"no font is known here: {error}") from error
    return Path(found)


def write_film(file: Path) -> None:
    """Make a film of five seconds.

    Raises:
        MissingError: there is no GStreamer that can do it.
    """
    try:
        subprocess.run(
            ["gst-launch-1.0", "--quiet", *f"{_FILM_MAKER}{file}".split()],
            check=True,
            capture_output=True,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise MissingError(f"GStreamer makes no film: {error}") from error
