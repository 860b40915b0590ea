"""A bridge that has been started: its settings and its watcher, and what pages need of them.

The extension makes one at its start; the routes work on it. Any HTTP thread.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask import current_app, g, request

from gpiobridge.config import Settings
from gpiobridge.outbound import Outbound
from gpiobridge.pages import script_tag
from gpiobridge.run_key import RunKey
from gpiobridge.versions import files_version
from gpiobridge.watcher import Watcher

ASSETS = Path(__file__).parent / "assets"


def no_nonce() -> str:
    """Stand in for the nonces of an application whose policy has none."""
    return ""


@dataclass(frozen=True, slots=True)
class Running:
    """The running bridge.

    Args:
        settings: the checked configuration.
        watcher: watches the pins and serves the displays.
        outbound: what the application says to the displays.
        prefix: where the application has put our own routes, usually empty.
        process: the id of the process in which it was started: the only one with its threads.
        key: what commands on this machine show instead of a token.
        nonce: gives, in a request, the nonce that the answer's Content-Security-Policy names.
    """

    settings: Settings
    watcher: Watcher
    outbound: Outbound
    prefix: str
    process: int
    key: RunKey
    nonce: Callable[[], str] = no_nonce

    @property
    def root(self) -> str:
        """The path above our own routes, in a request: ``{root}/ws/<page>``."""
        return request.script_root + self.prefix

    @property
    def well(self) -> bool:
        """Whether every pin is watched."""
        return self.watcher.alive and len(self.watcher.bridge.levels) == len(self.settings.pins)

    def health(self) -> tuple[dict[str, Any], bool]:
        """What ``/healthz`` says, and whether all is well."""
        levels = self.watcher.bridge.levels
        return {
            "status": "ok" if self.well else "failed",
            "watcher": "alive" if self.watcher.alive else "dead",
            "simulated": self.watcher.pins.simulated,
            "beat": self.settings.server.beat_s,
            "pins": {
                name: {
                    "pin": pin.pin,
                    "chip": pin.chip,
                    "source": pin.source,
                    "level": levels.get(name),
                    "active": pin.active,
                    "debounce": pin.debounce_s,
                    "missed": self.watcher.bridge.lost(name)[0],
                    "noisy": self.watcher.bridge.noisy(name, time.monotonic()),
                }
                for name, pin in self.settings.pins.items()
            },
            "displays": [
                {"name": d.name, "page": d.page, "visible": d.visible}
                for d in self.watcher.displays
            ],
        }, self.well

    def status(self) -> str:
        """Say in a line what ``systemctl status`` shows."""
        watcher, now_s = self.watcher, time.monotonic()
        displays, pins = watcher.displays, self.settings.pins
        hidden = sum(not display.visible for display in displays)
        last_s = watcher.counts.last_event_s
        parts = [
            f"{len(displays)} display{'' if len(displays) == 1 else 's'}"
            + (f" ({hidden} hidden)" if hidden else ""),
            f"{len(pins)} {'simulated ' if watcher.pins.simulated else ''}"
            f"pin{'' if len(pins) == 1 else 's'}",
            "no edge yet" if last_s is None else f"last edge {_rough(now_s - last_s)} ago",
            *(f"{pin} oscillates" for pin in pins if watcher.bridge.noisy(pin, now_s)),
        ]
        return ", ".join(parts)

    def remember_cursor(self) -> None:
        """Take the cursor of a page before it is rendered: a press from here on counts on it.

        A page that is fetched ahead has none: it is shown after the press that leads to it.
        """
        ahead = "prefetch" in request.headers.get("Sec-Purpose", "")
        g.gpiobridge_cursor = "" if ahead else self.watcher.bridge.cursor

    def script(self, page: str, nonce: str) -> str:
        """The client's script tag for ``page``, in a request whose cursor was remembered."""
        rules = self.settings.pages.get(page)  # None for the simulator
        more = {}
        if rules is not None and rules.lockout_s:
            more["lockout"] = f"{rules.lockout_s:g}"
        if rules is not None and rules.idle is not None:
            more["idle"] = f"{rules.idle.after_s:g}"
            more["idle-to"] = rules.idle.to
            more["idle-pins"] = " ".join(
                sorted({*rules.idle.pins, *(pin for pin, _ in rules.rules)})
            )
            if rules.idle.warn_s:
                more["idle-warn"] = f"{rules.idle.warn_s:g}"
        if rules is not None and rules.while_rules:
            levels: dict[str, dict[str, str]] = {}
            for (pin, level), to in rules.while_rules.items():
                levels.setdefault(pin, {})[level] = request.script_root + self.watcher.paths[to]
            more["levels"] = json.dumps(levels)
        if rules is not None and self.next_pages(page):
            more["version"] = self.version()
        return script_tag(
            f"{self.root}/gpiobridge/client.js?v={_client_version()}",
            {
                "page": page,
                "socket": f"{self.root}/ws/{page}",
                "cursor": g.gpiobridge_cursor,
                "beat": f"{self.settings.server.beat_s:g}",
                "active": json.dumps({n: p.active for n, p in self.settings.pins.items()}),
                "paths": json.dumps(
                    {n: request.script_root + p for n, p in self.watcher.paths.items()}
                ),
                # Turbo must not swap one page's content for another's below this page's rules.
                "turbo-track": "reload",
                **more,
            },
            nonce,
        )

    def next_pages(self, page: str) -> dict[str, bool]:
        """The paths to have before ``page`` leads there, each with whether to prerender it."""
        targets = dict.fromkeys(self.settings.pages[page].rules.values())
        return {
            request.script_root + self.watcher.paths[to]: self.settings.pages[to].prerender
            for to in targets
            if to != page and self.settings.pages[to].fetched_ahead
        }

    def version(self) -> str:
        """What a page that is fetched ahead was made of, in a request: this run, and its files.

        A page compares it before it leaves, so that no visitor is shown what was edited since.
        """
        loaders = [current_app.jinja_loader]
        loaders += [blueprint.jinja_loader for blueprint in current_app.iter_blueprints()]
        folders = [Path(f) for loader in loaders for f in getattr(loader, "searchpath", ())]
        if any(page.prerender for page in self.settings.pages.values()):
            # Only then a page's pictures and styles are loaded ahead, too.
            folders.append(Path(current_app.static_folder or self.settings.folder / "static"))
        return f"{self.watcher.bridge.epoch}-{files_version(folders)}"


def _rough(duration_s: float) -> str:
    """A duration as a person would say it."""
    for unit, seconds in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if duration_s >= 2 * seconds:
            return f"{duration_s // seconds:.0f} {unit}"
    return f"{duration_s:.0f} s"


@cache
def _client_version() -> str:
    return hashlib.sha256((ASSETS / "client.js").read_bytes()).hexdigest()[:12]
