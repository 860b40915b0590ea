"""The pages between which the presses go: a ring of them, a walk or a fan, in one exhibit.

Each press leads to the next page, so that all ways of loading a page are measured in turn, in one
browser: what disturbs the machine meets all of them. Every page has a colour of its own, and all
but the light ones show a block of it where `PICTURE_AT` is. Each page reports its own times, 0.3 s
after its first paint: the report must disturb nothing.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.page_files import PICTURE_HEIGHT, PICTURE_WIDTH, font, picture, write_film
from bench.screen_memory import Colour

WAYS = ("plain", "prefetched", "prerendered")
STAGE_WAYS = ("staged", "unstaged")  # behind the shown page on a stage, or loaded at the press
WEIGHTS = ("light", "heavy")
LATE = "late"  # a heavy page whose picture the server delays
FONT = "font"  # a light page with a block in a web font, which is invisible without it
RICH = "rich"  # a heavy page that has a film and a web font, too
_WITH_PICTURE = ("heavy", RICH)
_WITH_FONT = (FONT, RICH)

BUTTONS = ("button", "lever", "door", "bell")  # each leads to the next of a page's targets

PICTURE_LEFT, PICTURE_TOP = 40, 120
BACKGROUND_AT = (940, 400)  # beside the picture; without a window manager, windows are smaller
PICTURE_AT = (PICTURE_LEFT + PICTURE_WIDTH // 2, PICTURE_TOP + PICTURE_HEIGHT // 2)

_KEYS = {
    "plain": "prefetch = false",
    "prefetched": "",
    "prerendered": "prerender = true",
    "staged": "prerender = true",
    "unstaged": "",
}

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
      begun: performance.timeOrigin,
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
# A full block in the page's colour, on white.
_BLOCK = (
    '<p style="position: absolute; left: {left}px; top: {top}px; width: {width}px; margin: 0; '
    "height: {height}px; background: white; color: {colour}; font: {height}px/1 Exhibit; "
    'overflow: hidden; letter-spacing: -10px">' + 6 * "\u2588" + "</p>"
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
    levels = (255, 0, 128)
    colours = [(r, g, b) for b in levels for g in levels for r in levels]
    # Neither white, which is a page without content, nor black, which is a screen without a page.
    colours = [colour for colour in colours if len(set(colour)) > 1]
    kinds = [(way, weight) for way in ways for weight in weights]
    if len(kinds) == 1:
        return [Page(*kinds[0], colours[0]), Page(*kinds[0], colours[1], "-again")]
    return [Page(*kind, colour) for kind, colour in zip(kinds, colours, strict=False)]


Leads = Callable[[int, int], Sequence[int]]
"""Where a page leads: its number and how many pages there are, to the numbers of its targets."""


def ring(at: int, count: int) -> Sequence[int]:
    """Lead each page to the next one."""
    return [(at + 1) % count]


def walk(at: int, count: int) -> Sequence[int]:
    """Lead each page to the next two."""
    return [(at + steps) % count for steps in (1, 2)]


def fan(at: int, count: int) -> Sequence[int]:
    """Lead the first page to all others, and none of these on."""
    return range(1, count) if at == 0 else []


def write_ring(
    folder: Path, pages: Sequence[Page], reports: str, head: str = "", leads: Leads = ring
) -> Path:
    """Write the exhibit, and return its config.toml.

    Args:
        folder: where to.
        pages: of the ring.
        reports: the URL to which each page reports its times, and below which late pictures are.
        head: more for the head of each page.
        leads: to which pages each one leads, if they are no ring.
    """
    write_files(folder, pages)
    lines = ['[server]\ncsp = "off"']
    for pin, name in enumerate(BUTTONS, 17):
        lines += [f"[pins.{name}]", f"pin = {pin}", 'debounce = "0ms"']
    for at, page in enumerate(pages):
        text = page_html(page, reports, head)
        (folder / "templates" / f"{page.name}.html").write_text(text)
        lines += [f"[pages.{page.name}]", _KEYS[page.way]]
        targets = [pages[target].name for target in leads(at, len(pages))]
        lines += [f'on_low.{name} = "{to}"' for name, to in zip(BUTTONS, targets, strict=False)]
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
        if page.weight in (*_WITH_PICTURE, LATE):
            (static / f"{page.name}.png").write_bytes(picture(page.colour))
    if any(page.weight in _WITH_FONT for page in pages):
        (static / _FONT).write_bytes(font().read_bytes())
    if any(page.weight == RICH for page in pages):
        write_film(static / _FILM)


def page_html(page: Page, reports: str, head: str = "") -> str:
    """Make the text of a page; for the arguments see `write_ring`."""
    red, green, blue = page.colour
    colour = f"rgb({red}, {green}, {blue})"
    body = ""
    if page.weight in (*_WITH_PICTURE, LATE):
        place = reports if page.weight == LATE else "/static/"
        body = f'<p>{"lorem ipsum " * 2000}</p><img src="{place}{page.name}.png" alt="">'
    if page.weight == FONT:
        size = {"width": PICTURE_WIDTH, "height": PICTURE_HEIGHT}
        body = _BLOCK.format(left=PICTURE_LEFT, top=PICTURE_TOP, colour=colour, **size)
    if page.weight == RICH:
        body += f'<video src="/static/{_FILM}" muted autoplay loop></video>'
    if page.weight in _WITH_FONT:
        head += _FONT_STYLE
    return _PAGE.format(
        name=page.name,
        background=colour,
        left=PICTURE_LEFT,
        top=PICTURE_TOP,
        script=_SCRIPT % {"reports": reports},
        head=head,
        body=body,
    )
