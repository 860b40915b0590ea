"""Real browsers under cage: which of them is this machine's own kiosk, and what that outlives."""

import contextlib
import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until

from .exhibit import BLUE, GREEN, READY_CONFIG, page, shown
from .screen import Kiosk

TOKEN = "correct-horse_battery"
LOCK = "[outputs.lock]\npin = 22\nfrom_pages = true\n"
ORDERS = """\
<script>
  addEventListener("gpiobridge:message", (event) => gpiobridge.output("lock", event.detail));
</script>
"""


class Show:
    """A kiosk and its bridge, which tells which displays are proven.

    Args:
        folder: for all that they write.
        browser: "chromium" or "cog".
        token: the bridge's, if it asks for one.
        options: for ``gpiobridge kiosk``.
    """

    def __init__(self, folder: Path, browser: str, token: str, *options: str) -> None:
        (folder / "templates").mkdir()
        for name, colour in (("welcome", GREEN), ("open", BLUE)):
            (folder / "templates" / f"{name}.html").write_text(page(name, colour) + ORDERS)
        self.config = folder / "config.toml"
        self.token = token
        self.write(0)
        self.bridge = self.start()
        self.write(self.bridge.port)
        (folder / "kiosk").mkdir()
        self.kiosk = Kiosk(folder / "kiosk", self.config, browser=browser, options=options)

    def write(self, port: int) -> None:
        """Write the configuration."""
        token = f'token = "{self.token}"' if self.token else ""
        self.config.write_text(READY_CONFIG.format(port=port, token=token) + LOCK)

    def start(self, port: int = 0) -> BridgeProcess:
        """Start a bridge."""
        bridge = BridgeProcess(self.config, "telling", port)
        bridge.token = self.token
        return bridge

    def told(self) -> list[list[Any]]:
        """Name, page and proof of each display."""
        found: list[list[Any]] = json.loads(
            self.bridge.get("/of-kiosk", Authorization=f"Bearer {self.token}")[1]
        )
        return found

    def shows(self, name: str) -> None:
        """Wait until the kiosk's page is shown, and proven."""
        self.kiosk.wait(lambda: self.told() == [["kiosk", name, True]], 40)

    def order(self, page: str, state: str) -> None:
        """Have a page order what the lock does."""
        body = json.dumps({"data": state, "page": page}).encode()
        status, said = self.bridge.request(
            "/api/messages", body, headers={"Authorization": f"Bearer {TOKEN}"}
        )
        assert (status, json.loads(said)) == (200, {"displays": 1})

    def lock(self) -> str:
        """What the lock does."""
        state: str = self.bridge.health()["outputs"]["lock"]["state"]
        return state

    def secrets_in(self, text: str) -> list[str]:
        """The secrets in a text: those of the cookie, and tickets."""
        return re.findall(r"kiosk_ticket=|gpiobridge-kiosk-", text)


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Callable[..., Show]]:
    """A function that starts a kiosk and its bridge."""
    shows: list[Show] = []

    def start(*args: str) -> Show:
        shows.append(Show(tmp_path, *args))
        return shows[-1]

    yield start
    for each in shows:
        each.kiosk.kill()
        each.bridge.kill()


@pytest.mark.timeout(150)
@pytest.mark.parametrize(
    ("browser", "token", "options"),
    [
        ("chromium", "", ()),
        ("chromium", TOKEN, ("--no-stage",)),
        ("cog", "", ()),
        ("cog", TOKEN, ("--no-stage",)),
    ],
)
def test_what_a_proof_outlives(
    show: Callable[..., Show], browser: str, token: str, options: tuple[str, ...]
) -> None:
    """A press, a reload and a kill of the bridge; the end of a tab and of the browser."""
    hall = show(browser, token, *options)
    hall.shows("welcome")
    [first] = hall.kiosk.settled()
    hall.bridge.set_level("button", "low")
    hall.shows("open")
    hall.bridge.process.send_signal(signal.SIGHUP)
    hall.bridge.wait_for_line(hall.bridge.READY)
    hall.shows("open")
    hall.bridge.kill()
    hall.bridge = hall.start(hall.bridge.port)
    hall.shows("open")
    assert hall.kiosk.browsers() == [first]
    if browser == "chromium":  # cog ends with its only page
        old = hall.kiosk.renderers()
        for pid in old:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        hall.kiosk.wait(lambda: bool(set(hall.kiosk.renderers()) - set(old)))
        hall.shows("welcome")
        assert hall.kiosk.browsers() == [first]
    os.kill(first, signal.SIGKILL)
    hall.kiosk.wait(lambda: hall.kiosk.browsers() not in ([], [first]))
    hall.shows("welcome")
    launched = [line for line in hall.kiosk.said().splitlines() if " gpiobridge." in line]
    assert hall.secrets_in("\n".join(launched)) == []
    lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in hall.kiosk.processes()]
    assert hall.secrets_in("\n".join(lines)) == []


@pytest.mark.timeout(90)
def test_another_browser_is_none(show: Callable[..., Show], browser: Any) -> None:
    """With the viewers' token, the kiosk's name and its own address it can't open a lock."""
    hall = show("chromium", TOKEN)
    hall.shows("welcome")
    copied = (hall.kiosk.folder / "start.html").read_text()
    [address] = re.findall(r'replace\("(.*)"\)', copied)
    assert "kiosk_ticket=" in address
    tab = browser.new_page()
    try:
        for query in (address, f"{hall.bridge.url}/open?display=kiosk&token={TOKEN}"):
            tab.goto(query)
            wait_until(lambda: len(shown(hall.bridge)) == 2)
            assert sorted(of_kiosk for *_, of_kiosk in hall.told()) == [False, True]
            if "/open" in query:
                hall.order("open", "on")
                hall.bridge.wait_for_line('"kiosk" on open may not set output lock')
                assert hall.lock() == "off"
            tab.goto("about:blank")
            wait_until(lambda: len(shown(hall.bridge)) == 1)
    finally:
        tab.close()
    assert any("a display calls itself kiosk, as this" in line for line in hall.bridge.log)
    hall.order("welcome", "on")
    hall.kiosk.wait(lambda: hall.lock() == "on")
