"""A tab that shows an exhibit either way: its pages alone, or on the stage."""

from typing import Any

from harness.bridge_process import BridgeProcess
from harness.stage_tab import StageTab


class Alone:
    """A tab in which the exhibit's pages are shown alone; as much of `StageTab` as is needed."""

    def __init__(self, page: Any, bridge: BridgeProcess, query: str = "") -> None:
        self.page = page
        self.bridge = bridge
        page.goto(f"{bridge.url}/welcome{query}")

    def wait_shown(self, path: str) -> None:
        """Wait until the page at ``path`` is on the screen, and online."""
        self.page.wait_for_url(f"{self.bridge.url}{path}*")
        self.page.wait_for_selector("html[data-bridge=online]")

    def press(self, pin: str = "button") -> None:
        """Press a pin and let it go."""
        self.bridge.set_level(pin, "low")
        self.bridge.set_level(pin, "high")

    def shown(self, expression: str) -> Any:
        """Evaluate an expression in the page on the screen."""
        return self.page.evaluate(expression)


class Staged(StageTab):
    """The same on a stage, with the page that a press leads to held behind."""

    def __init__(self, page: Any, bridge: BridgeProcess, query: str = "") -> None:
        super().__init__(page, bridge, query)
        self.wait_shown("/welcome")
        self.wait_behind("/open")


Tab = Alone | Staged
