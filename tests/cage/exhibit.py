"""An exhibit of pages in one colour each, its presses, and what of it is on the screen."""

from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until

from .screen import Kiosk, near

GREEN, BLUE = (16, 192, 64), (32, 64, 208)

CONFIG = """\
[server]
beat = "500ms"
port = {port}

[pins]
button = 17
door = 27
lever = 22

[pages.welcome]
on_low.button = "open"
on_low.door = "hang"
on_low.lever = "stray"

[pages.open]
on_low.button = "welcome"

[pages.hang]

[pages.stray]
"""

READY_CONFIG = """\
[server]
beat = "500ms"
port = {port}
{token}

[pins]
button = 17

[pages.welcome]
on_low.button = "open"

[pages.open]
prerender = true
on_low.button = "welcome"
"""
"""Two pages that lead to each other; the second is ready before the press."""

# The last bit of the colour changes with every frame. A page at rest would do for the eye, but
# cage 0.1 shows such a page by handing its picture to the screen as it is, and a screenshot then
# gets what was last composed: the first, small picture.
PAGE = """\
<!doctype html>
<title>{name}</title>
<body>
<script>
  const colours = ["rgb{colour}", "rgb({red1}, {green}, {blue})"];
  let frame = 0;
  (function draw() {{
    document.body.style.background = colours[frame++ % 2];
    requestAnimationFrame(draw);
  }})();
</script>
"""


def page(name: str, colour: tuple[int, int, int]) -> str:
    """A page that is one colour from edge to edge."""
    red, green, blue = colour
    return PAGE.format(name=name, colour=colour, red1=red + 1, green=green, blue=blue)


def shown(bridge: BridgeProcess) -> list[str]:
    """The pages that the kiosk's displays are on: one, if all is well."""
    displays = bridge.health()["displays"]
    return [display["page"] for display in displays if display["name"] == "kiosk"]


def press(bridge: BridgeProcess, pin: str) -> None:
    """Press a button and let it go."""
    for level in ("low", "high"):
        bridge.set_level(pin, level)
        wait_until(lambda level=level: bridge.health()["pins"][pin]["level"] == level)


def is_full_of(kiosk: Kiosk, colour: tuple[int, int, int]) -> bool:
    """Whether the page's colour fills the screen, but for the badge that says "simulated pins"."""
    screen = kiosk.screenshot()
    corners = [screen.at(x, y) for x in (0, -1) for y in (0, -1)]
    return all(near(corner, colour) for corner in corners) and screen.share(colour) > 0.98
