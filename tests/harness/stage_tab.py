"""A stage in a real Chromium: which page it shows, and which it holds behind."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Error

from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until
from harness.exhibit import PAGE

CONFIG = """\
[server]
start = "welcome"
[pins]
button = { pin = 17, debounce = "0ms" }
door = { pin = 27, debounce = "0ms" }

[pages.welcome]
prerender = true
on_low.button = "open"
on_low.door = "late"

[pages.open]
prerender = true
on_low.button = "welcome"

[pages.late]
on_low.button = "welcome"
"""
"""Welcome and open lead to each other, and are held behind; `late` is not."""

# What tests ask a stage; it has no names of its own for them.
LOOK = """
window.shownFrame = () => document.querySelector("iframe.shown");
window.shownView = () => shownFrame()?.contentWindow;
window.behind = () => [...document.querySelectorAll("iframe:not(.shown, .leaving)")]
  .filter(({ contentDocument }) => contentDocument?.readyState === "complete")
  .map(({ contentWindow }) => contentWindow.location.pathname);
"""


def write_stage_exhibit(folder: Path, config: str = CONFIG, **pages: str) -> Path:
    """Write an exhibit for a stage; ``pages`` are the templates that are not just a headline."""
    (folder / "templates").mkdir(parents=True, exist_ok=True)
    (folder / "static").mkdir(exist_ok=True)
    for name in ("welcome", "open", "late"):
        text = pages.get(name) or PAGE.format(name=name)
        (folder / "templates" / f"{name}.html").write_text(text)
    path = folder / "config.toml"
    path.write_text(config)
    return path


class StageTab:
    """A tab with a stage.

    Args:
        page: Playwright's.
        bridge: the bridge.
        query: of the stage's address.
        url: where the browser finds the bridge, if there is something in between.
    """

    def __init__(self, page: Any, bridge: BridgeProcess, query: str = "", url: str = "") -> None:
        self.page = page
        self.bridge = bridge
        page.add_init_script(LOOK)
        page.goto(f"{url or bridge.url}/gpiobridge/stage{query}")

    def wait_shown(self, path: str) -> None:
        """Wait until the page at ``path`` is on the screen, and online."""
        self.wait(
            "shownView()?.location.pathname === path &&"
            " shownView().document.documentElement?.dataset.bridge === 'online'",
            path,
        )

    def wait_behind(self, *paths: str) -> None:
        """Wait until just these pages are held behind."""
        self.wait("JSON.stringify(behind().sort()) === JSON.stringify(path.sort())", list(paths))

    def press(self, pin: str = "button") -> None:
        """Press a pin and let it go."""
        self.bridge.set_level(pin, "low")
        self.bridge.set_level(pin, "high")

    def shown(self, expression: str) -> Any:
        """Evaluate an expression in the page on the screen."""
        return self.page.evaluate(f"shownView().eval({expression!r})")

    def wait(self, expression: str, path: Any = None) -> None:
        """Wait until an expression, which may use ``path``, is true on the stage.

        Playwright's own wait evaluates text in the page, which the stage's policy forbids.
        """
        wait_until(lambda: self._is(f"(path) => Boolean({expression})", path))

    def _is(self, function: str, argument: Any) -> bool:
        try:
            return bool(self.page.evaluate(function, argument))
        except Error as error:
            if "context was destroyed" not in str(error):
                raise
            return False  # the tab has just begun another page
