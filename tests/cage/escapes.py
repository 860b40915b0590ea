"""Every way out of the kiosk that a visitor has, tried with real events: a table of what happens.

``python -m cage.escapes`` in ``tests/`` tries them all, takes a picture of each after 5 s, and
prints one line for each and a count; ``--without policy,keyboard,pipe`` leaves mends out. The
kiosk opens the stage, as it does by default; with ``--alone`` it opens pages alone. About 25
minutes; only the ways whose names are given otherwise.
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from harness.bridge_process import BridgeProcess

from .exhibit import BLUE, GREEN, READY_CONFIG, shown
from .screen import Colour, Kiosk, near
from .visitor import Visitor, environment, with_policy, x_server

BACK_S = 5.0

# Things to click on, side by side, a hundred pixels each, in the colour of the page. The colour
# changes with every frame, for cage 0.1 otherwise shows an old picture to whoever takes one.
PAGE = """\
<!doctype html>
<title>{name}</title>
<style>
  body {{ margin: 0; user-select: none }}
  .way {{ position: absolute; width: 100px; height: 100px; font-size: 1px; color: transparent;
    background: transparent; border: 0; opacity: 0.001; overflow: hidden }}
</style>
<body>
{ways}
<script>
  const colours = {{
    c: ["rgb(16, 192, 64)", "rgb(17, 192, 64)"],
    x: ["rgb(32, 64, 208)", "rgb(33, 64, 208)"],
  }};
  let frame = 0, shown = colours.c;
  document.addEventListener("prerenderingchange", () => {{ shown = colours.x; }});
  addEventListener("keydown", ({{ key }}) => {{ shown = colours[key] ?? shown; }});
  (function draw() {{
    document.body.style.background = shown[frame++ % 2];
    requestAnimationFrame(draw);
  }})();
</script>
"""

# Each leads somewhere; `{port}` is that of a page on this machine that isn't the bridge's.
WAYS = {
    "blank": '<a href="http://localhost:{port}/open" target="_blank">x</a>',
    "blank on the bridge": '<a href="/open" target="_blank">x</a>',
    "window.open": "<button onclick=\"window.open('http://localhost:{port}/open')\">x</button>",
    "popup": "<button onclick=\"window.open('/open', 'x', 'width=300,popup')\">x</button>",
    "popup of nothing": "<button onclick=\"window.open('', 'x', 'popup')\">x</button>",
    "link elsewhere": '<a href="https://example.org/">x</a>',
    "another origin here": '<a href="http://localhost:{port}/open">x</a>',
    "download": '<a href="/static/a.zip" download>x</a>',
    "attachment": '<a href="/static/a.zip">x</a>',
    "mailto": '<a href="mailto:a@example.org">x</a>',
    "tel": '<a href="tel:+4930123456">x</a>',
    "intent": '<a href="intent://example.org/#Intent;scheme=https;end">x</a>',
    "file": '<a href="file:///etc/passwd">x</a>',
    "chrome": '<a href="chrome://settings">x</a>',
    "view-source": '<a href="view-source:http://localhost:{port}/open">x</a>',
    "javascript": "<a href=\"javascript:void window.open('http://localhost:{port}/open')\">x</a>",
    "data": '<a href="data:text/html,x">x</a>',
    "blob": "<button onclick=\"window.open(URL.createObjectURL(new Blob(['x'])))\">x</button>",
    "file field": '<input type="file">',
    "folder field": '<input type="file" webkitdirectory>',
    "print": '<button onclick="print()">x</button>',
    "notification": '<button onclick="Notification.requestPermission()">x</button>',
    "place": '<button onclick="navigator.geolocation.getCurrentPosition(() => 0)">x</button>',
    "camera": '<button onclick="navigator.mediaDevices.getUserMedia({{video: true}})">x</button>',
    "screen": '<button onclick="navigator.mediaDevices.getDisplayMedia()">x</button>',
    "open file": '<button onclick="showOpenFilePicker()">x</button>',
    "save file": '<button onclick="showSaveFilePicker()">x</button>',
    "usb": '<button onclick="navigator.usb.requestDevice({{filters: []}})">x</button>',
    "serial": '<button onclick="navigator.serial.requestPort()">x</button>',
    "hid": '<button onclick="navigator.hid.requestDevice({{filters: []}})">x</button>',
    "bluetooth": '<button onclick="navigator.bluetooth.requestDevice('
    '{{acceptAllDevices: true}})">x</button>',
    "midi": '<button onclick="navigator.requestMIDIAccess({{sysex: true}})">x</button>',
    "share": "<button onclick=\"navigator.share({{url: '/'}})\">x</button>",
    "pay": "<button onclick=\"new PaymentRequest([{{supportedMethods: 'https://example.org'}}], "
    "{{total: {{label: 'x', amount: {{currency: 'EUR', value: '1'}}}}}}).show()\">x</button>",
    "key": '<button onclick="navigator.credentials.create({{publicKey: {{challenge: '
    "new Uint8Array(8), rp: {{name: 'x'}}, user: {{id: new Uint8Array(8), name: 'x', "
    "displayName: 'x'}}, pubKeyCredParams: [{{type: 'public-key', alg: -7}}]}}}})\">x</button>",
    "handler": "<button onclick=\"navigator.registerProtocolHandler('web+x', '/?%s')\">x</button>",
    "fullscreen off": '<button onclick="document.documentElement.requestFullscreen()'
    '.then(() => document.exitFullscreen())">x</button>',
    "close": '<button onclick="close()">x</button>',
    "alert": '<button onclick="alert(1)">x</button>',
    "confirm": '<button onclick="confirm(1)">x</button>',
    "picture in picture": '<button onclick="(async () => {{ const canvas = document.createElement('
    "'canvas'); const film = document.createElement('video'); canvas.getContext('2d'); "
    "film.muted = true; film.srcObject = canvas.captureStream(); setInterval(() => "
    "canvas.getContext('2d').fillRect(0, 0, 9, 9), 50); await film.play(); "
    'await film.requestPictureInPicture() }})()">x</button>',
    "top": "<button onclick=\"top.location = 'https://example.org/'\">x</button>",
    "target top": '<a href="http://localhost:{port}/open" target="_top">x</a>',
    "top file": '<a href="/static/a.pdf" target="_top">x</a>',
    "top nothing": "<button onclick=\"top.location = 'about:blank'\">x</button>",
    "top blob": "<button onclick=\"top.location = URL.createObjectURL(new Blob(['x'], "
    "{{type: 'text/html'}}))\">x</button>",
    "top closed": '<button onclick="top.close()">x</button>',
    "top reloaded": '<button onclick="top.location.reload()">x</button>',
    "question at the end": '<button onclick="onbeforeunload = () => 1; location.reload()">'
    "x</button>",
    "question and top": '<button onclick="onbeforeunload = () => 1; top.location.reload()">'
    "x</button>",
    "pdf": '<a href="/static/a.pdf">x</a>',
    "parent emptied": "<button onclick=\"parent.document.body.innerHTML = 'x'\">x</button>",
    "parent written": "<button onclick=\"parent.document.open(); parent.document.write('x')\">"
    "x</button>",
    "frame in full screen": '<button onclick="document.body.appendChild(Object.assign('
    "document.createElement('iframe'), {{allow: 'fullscreen'}})).requestFullscreen()\">x</button>",
    "wake lock": '<button onclick="navigator.wakeLock.request()">x</button>',
    "nothing": '<a href="about:blank">x</a>',
    "sign-in of a link": '<a href="/secret">x</a>',
    "sign-in of a picture": "<button onclick=\"new Image().src = '/secret'\">x</button>",
    "dragged": '<a href="http://localhost:{port}/open" draggable="true">x</a>',
}
_COLUMNS = 10

PDF = b"""%PDF-1.1
1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj
2 0 obj <</Type /Pages /Kids [3 0 R] /Count 1>> endobj
3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 200 200]>> endobj
trailer <</Root 1 0 R>>
"""

# What leaves something on the screen, and why that is right or can't be changed.
KNOWN = {
    "click: file field": "Chromium's bar says that files are disabled, until the next page",
    "click: folder field": "the same bar",
    "click: alert": "the exhibit's own words; unanswered, they end in a new browser after 20 s",
    "click: confirm": "the same",
    "click: question at the end": "the same, but on the stage nobody is asked",
    "click: question and top": "the same",
    "click: frame in full screen": "the exhibit's own, until the next page",
    "click: pdf": "Chromium shows it; on the stage for 18 s",
    "click: top file": "the same",
}

# An application's own route, which asks for a password as browsers know it.
_ASKS = """\
import flask

answer = flask.Flask.__call__

def ask(self, environ, start):
    if environ["PATH_INFO"] != "/secret":
        return answer(self, environ, start)
    start("401 UNAUTHORIZED", [("WWW-Authenticate", 'Basic realm="x"'), ("Content-Length", "0")])
    return [b""]

flask.Flask.__call__ = ask
"""

_NO_PIPE = """\
from gpiobridge.kiosk.tabs import Tabs
Tabs.hear = Tabs.look = lambda *_: []
"""


def place_of(way: str) -> tuple[int, int]:
    """The middle of what a way's click goes to."""
    row, column = divmod(list(WAYS).index(way), _COLUMNS)
    return column * 100 + 50, row * 100 + 150


def page(name: str, port: int) -> str:
    """A page with every way on it, green from edge to edge."""
    parts = []
    for way, text in WAYS.items():
        x, y = place_of(way)
        style = f'class="way" style="left: {x - 50}px; top: {y - 50}px"'
        tag, rest = text.format(port=port).split(" ", 1)
        parts.append(f"{tag} {style} {rest}")
    return PAGE.format(name=name, ways="\n".join(parts))


class Escape(NamedTuple):
    """One way out."""

    name: str
    do: Callable[[Visitor], None]


# chrome/browser/ui/views/accelerator_table.cc of Chromium, for Linux, and what else does something.
KEYS = """
ctrl+t ctrl+n ctrl+shift+n ctrl+shift+t ctrl+w ctrl+F4 ctrl+shift+w alt+F4 ctrl+shift+q ctrl+q
ctrl+h ctrl+j ctrl+d ctrl+shift+d ctrl+shift+b ctrl+shift+o ctrl+shift+Delete ctrl+shift+m
ctrl+o ctrl+s ctrl+p ctrl+shift+p ctrl+u ctrl+f ctrl+g ctrl+shift+g F3 shift+F3 ctrl+e ctrl+k ctrl+l
alt+d F6 shift+F6 ctrl+F6 alt+shift+t alt+shift+a alt+shift+b F10 shift+F10 alt+f alt+e alt Menu
F1 shift+F1 F5 shift+F5 ctrl+F5 ctrl+r ctrl+shift+r F7 F11 F12 ctrl+shift+i ctrl+shift+j
ctrl+shift+c ctrl+shift+a ctrl+shift+e ctrl+shift+l ctrl+shift+s ctrl+shift+y ctrl+shift+u
ctrl+shift+k
shift+Escape Escape alt+Left alt+Right alt+Home alt+Return alt+space
ctrl+Tab ctrl+shift+Tab ctrl+PageUp ctrl+PageDown ctrl+shift+PageUp ctrl+shift+PageDown
ctrl+1 ctrl+2 ctrl+9 alt+1 alt+9 ctrl+plus ctrl+shift+plus ctrl+minus ctrl+0
ctrl+alt+F2 ctrl+alt+Delete ctrl+alt+BackSpace ctrl+alt+t alt+Tab alt+F2 alt+Escape super
super+e super+r ctrl+Escape ctrl+shift+Escape ctrl+shift+slash ctrl+alt+shift+i ctrl+alt+comma
F2 F4 F8 F9 Print ctrl+c ctrl+x ctrl+v ctrl+shift+v ctrl+a ctrl+z ctrl+b ctrl+i ctrl+m ctrl+y
rctrl+t ralt+f Tab shift+Tab BackSpace shift+BackSpace space Insert Delete
XF86HomePage XF86WWW XF86Mail XF86Favorites XF86Back XF86Forward XF86Reload XF86Search XF86New
XF86Close XF86Find
"""


def _key(combination: str) -> Escape:
    return Escape(combination, lambda visitor: visitor.press(combination))


def _click(way: str, button: int = 1, *holding: str) -> Escape:
    what = {1: "click", 2: "middle click", 3: "right click"}[button]
    x, y = place_of(way)
    name = "+".join([*holding, what])
    return Escape(f"{name}: {way}", lambda visitor: visitor.click(x, y, button, holding))


ESCAPES: tuple[Escape, ...] = (
    *map(_key, KEYS.split()),
    *(_click(way) for way in WAYS),
    *(_click(way, 2) for way in ("blank", "link elsewhere", "javascript", "blank on the bridge")),
    *(_click(way, 1, "ctrl") for way in ("blank", "link elsewhere", "blank on the bridge")),
    *(_click(way, 1, "shift") for way in ("blank", "link elsewhere", "blank on the bridge")),
    *(_click(way, 1, "alt") for way in ("link elsewhere", "attachment")),
    *(_click(way, 3) for way in ("blank", "file field")),
    Escape("right click: the page", lambda visitor: visitor.click(500, 700, 3)),
    Escape("long press: a link", lambda visitor: visitor.hold(*place_of("blank"), 1.5)),
    Escape("drag: a link", lambda v: v.drag(place_of("dragged"), (500, 5))),
    Escape("drag: the page from the top", lambda v: v.drag((500, 1), (500, 400))),
    Escape("ctrl+wheel up", lambda visitor: visitor.turn(4, ("ctrl",))),
    Escape("ctrl+wheel down", lambda visitor: visitor.turn(5, ("ctrl",))),
    Escape("shift+wheel", lambda visitor: visitor.turn(5, ("shift",))),
    Escape("button back", lambda visitor: visitor.click(500, 700, 8)),
    Escape("button forward", lambda visitor: visitor.click(500, 700, 9)),
)


class Room:
    """A kiosk, its bridge and its visitor.

    Args:
        folder: for all that they write.
        without: mends to leave out: "policy", "keyboard", "pipe".
        token: what the bridge asks for.
        alone: whether the kiosk opens pages alone, and not the stage.
    """

    def __init__(
        self,
        folder: Path,
        without: frozenset[str] = frozenset(),
        token: str = "",
        *,
        alone: bool = False,
    ) -> None:
        self._folder, self._without, self._token = folder, without, token
        self._options = ["--no-stage"] if alone else []
        self._starts = 0
        self._leaving = contextlib.ExitStack()
        self.visitor = self._leaving.enter_context(
            x_server(folder, locked="keyboard" not in without)
        )
        try:
            self.bridge = self._open_bridge()
            self.kiosk = self._start()
        except BaseException:
            self.close()
            raise

    def _open_bridge(self) -> BridgeProcess:
        folder = self._folder / "bridge"
        (folder / "templates").mkdir(parents=True)
        (folder / "static").mkdir()
        (folder / "static" / "a.zip").write_bytes(b"PK")
        (folder / "static" / "a.pdf").write_bytes(PDF)
        self.config = folder / "config.toml"
        for name in ("welcome", "open"):
            (folder / "templates" / f"{name}.html").write_text(page(name, 1))
        token = f'token = "{self._token}"' if self._token else ""
        self.config.write_text(READY_CONFIG.format(port=0, token=token))
        (folder / "sitecustomize.py").write_text(_ASKS)
        bridge = BridgeProcess(self.config, env={**os.environ, "PYTHONPATH": str(folder)})
        bridge.token = self._token
        self._leaving.callback(bridge.kill)
        for name in ("welcome", "open"):
            (folder / "templates" / f"{name}.html").write_text(page(name, bridge.port))
        self.config.write_text(READY_CONFIG.format(port=bridge.port, token=token))
        return bridge

    def _start(self) -> Kiosk:
        self._starts += 1
        folder = self._folder / f"kiosk-{self._starts}"
        folder.mkdir()
        inside = [] if "policy" in self._without else with_policy(self.config, folder)
        environ = environment(self.visitor, folder, locked="keyboard" not in self._without)
        if "pipe" in self._without:
            (folder / "sitecustomize.py").write_text(_NO_PIPE)
            environ["PYTHONPATH"] = str(folder)
        kiosk = Kiosk(folder, self.config, options=self._options, environ=environ, inside=inside)
        self._leaving.callback(kiosk.kill)
        kiosk.wait(self.fills_the_screen_of(kiosk), 40)
        self.visitor.click(500, 60)  # a press that means nothing, and gives the page the keyboard
        return kiosk

    def fills_the_screen_of(self, kiosk: Kiosk) -> Callable[[], bool]:
        """Make a condition: the page's colour is everywhere, and its display is the only one."""

        def fills() -> bool:
            if len(self.pages()) != 1:
                return False
            try:
                return any(fills_the_screen(kiosk, colour) for colour in (GREEN, BLUE))
            except (IndexError, OSError, ValueError):  # cage has only begun
                return False

        return fills

    def pages(self) -> list[str]:
        """The pages that the kiosk's displays are on: one, if all is well."""
        return shown(self.bridge)

    def again(self) -> None:
        """Start the kiosk anew, in a new profile, after a way out has succeeded."""
        self.kiosk.kill()
        self.kiosk = self._start()

    def close(self) -> None:
        """End all of them."""
        self._leaving.close()


def fills_the_screen(kiosk: Kiosk, colour: Colour = GREEN) -> bool:
    """Whether there is nothing on the screen but the page and its badge "simulated pins"."""
    screen = kiosk.screenshot()
    corners = [screen.at(x, y) for x in (0, -1) for y in (0, -1)]
    return all(near(corner, colour) for corner in corners) and screen.share(colour) > 0.985


@contextlib.contextmanager
def room(
    folder: Path, without: frozenset[str] = frozenset(), token: str = "", *, alone: bool = False
) -> Iterator[Room]:
    """A room for the time of a block."""
    opened = Room(folder, without, token, alone=alone)
    try:
        yield opened
    finally:
        opened.close()


def main() -> None:
    """Try them, and print what came of each."""
    parser = argparse.ArgumentParser(prog="python -m cage.escapes")
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--without", default="", help="mends to leave out")
    parser.add_argument("--alone", action="store_true", help="pages alone, without the stage")
    parser.add_argument("--pictures", type=Path, help="a folder for a picture of each")
    options = parser.parse_args()
    without = frozenset(filter(None, options.without.split(",")))
    chosen = [e for e in ESCAPES if not options.names or e.name in options.names]
    failed: list[str] = []
    expected: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="kiosk-escapes-") as folder,
        room(Path(folder), without, alone=options.alone) as tried,
    ):
        for number, escape in enumerate(chosen, start=1):
            escape.do(tried.visitor)
            until_s = time.monotonic() + BACK_S
            first_s = None
            is_back = tried.fills_the_screen_of(tried.kiosk)
            while (now_s := time.monotonic()) < until_s:
                if not is_back():
                    first_s = now_s
                time.sleep(0.3)
            good = is_back()
            after = (
                "" if first_s is None else f"; was away until {first_s - until_s + BACK_S:.1f} s"
            )
            known = escape.name in KNOWN
            said = "shown" if good else "known" if known else "LEFT "
            print(f"{number:3} {said} {escape.name}{after}", flush=True)
            if options.pictures:
                _keep(tried.kiosk, options.pictures / f"{number:03}-{_plain(escape.name)}.ppm")
            if not good:
                (expected if known else failed).append(escape.name)
                tried.again()
    print(
        f"{len(chosen)} ways tried; known: {', '.join(expected) or 'none'}; "
        f"led out: {', '.join(failed) or 'none'}"
    )
    sys.exit(bool(failed))


def _keep(kiosk: Kiosk, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(Exception):
        screen = kiosk.screenshot()
        path.write_bytes(b"P6\n%d %d\n255\n" % (screen.width, screen.height) + screen.pixels)


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "+." else "-" for letter in name)


if __name__ == "__main__":
    main()
