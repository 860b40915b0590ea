"""A stage in a real Chromium: which page it shows, and which it holds behind."""

from pathlib import Path
from typing import Any

from harness.bridge_process import BridgeProcess
from harness.deadline import DEADLINE_S
from harness.exhibit import PAGE

CONFIG = """\
[server]
start = "welcome"
[pins]
button = 17
bell = { source = "http" }

[pages.welcome]
prerender = true
on_low.button = "open"
on_low.bell = "late"

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
    """

    def __init__(self, page: Any, bridge: BridgeProcess, query: str = "") -> None:
        self.page = page
        self.bridge = bridge
        page.add_init_script(LOOK)
        page.goto(f"{bridge.url}/gpiobridge/stage{query}")

    def wait_shown(self, path: str) -> None:
        """Wait until the page at ``path`` is on the screen, and online."""
        self.page.wait_for_function(
            """(path) => shownView()?.location.pathname === path &&
                shownView().document.documentElement?.dataset.bridge === "online" """,
            arg=path,
        )

    def wait_behind(self, *paths: str) -> None:
        """Wait until just these pages are held behind."""
        self.page.wait_for_function(
            "(paths) => JSON.stringify(behind().sort()) === JSON.stringify(paths.sort())",
            arg=list(paths),
        )

    def press(self, pin: str = "button") -> None:
        """Press a pin and let it go."""
        self.bridge.set_level(pin, "low")
        self.bridge.set_level(pin, "high")

    def shown(self, expression: str) -> Any:
        """Evaluate an expression in the page on the screen."""
        return self.page.evaluate(f"shownView().eval({expression!r})")

    def wait(self, expression: str) -> None:
        """Wait until an expression is true on the stage."""
        self.page.wait_for_function(expression, timeout=1e3 * DEADLINE_S)
