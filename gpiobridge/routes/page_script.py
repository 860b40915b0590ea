"""Make what a page needs to follow the bridge: the script tag, and the pages to fetch ahead.

Runs within a request of the page. Any HTTP thread.
"""

import hashlib
import json
from functools import cache
from pathlib import Path

from flask import current_app, g, request

from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.routes.admission import asking_client
from gpiobridge.routes.files_version import files_version
from gpiobridge.routes.html import script_tag, speculation_rules

ASSETS = Path(__file__).parent / "assets"


def root(running: RunningBridge) -> str:
    """Return the path above our own routes, as in ``{root}/ws/<page>``."""
    return request.script_root + running.prefix


def remember_cursor(running: RunningBridge) -> None:
    """Remember the cursor before a page is rendered: presses from now on count on the page.

    A page that is fetched ahead has no cursor: it is shown after the press that leads to it. So is
    a page that a stage holds ready, but only the stage knows which of its frames are: its script
    passes the cursor over there, and a stage's first page needs it.
    """
    ahead = "prefetch" in request.headers.get("Sec-Purpose", "")
    g.gpiobridge_cursor = "" if ahead else running.watcher.core.cursor


def script(running: RunningBridge, page: str, nonce: str) -> str:
    """Make the client's script tag for ``page``, after `remember_cursor` in the same request."""
    rules = running.settings.pages.get(page)  # None for the simulator
    more = {}
    if rules is not None and rules.lockout_s:
        more["lockout"] = f"{rules.lockout_s:g}"
    if rules is not None and rules.idle is not None:
        more["idle"] = f"{rules.idle.after_s:g}"
        more["idle-to"] = rules.idle.to
        more["idle-pins"] = " ".join(sorted({*rules.idle.pins, *rules.pins}))
        if running.settings.displays:  # of the others only those count that a display obeys
            more["idle-own"] = " ".join(rules.idle.pins)
        if rules.idle.warn_s:
            more["idle-warn"] = f"{rules.idle.warn_s:g}"
    if rules is not None and rules.while_rules:
        levels: dict[str, dict[str, str]] = {}
        for (pin, level), to in rules.while_rules.items():
            levels.setdefault(pin, {})[level] = request.script_root + running.watcher.paths[to]
        more["levels"] = json.dumps(levels)
    if rules is not None and running.settings.sounds:
        of_rules: dict[str, dict[str, str]] = {}
        for (pin, event), sound in rules.rule_sounds.items():
            of_rules.setdefault(pin, {})[event] = sound
        more["sounds"] = json.dumps(
            {"all": sounds(running), "page": rules.sound, "rules": of_rules}
        )
    if rules is not None and running.stages.alone(asking_client(request), [page]):
        more["alone"] = ""
    if rules is not None and next_pages(running, page):
        more["version"] = version(running)
        if client_loads_ahead(running, page) and not in_frame():
            more["next"] = json.dumps(rules_for_next(running, page))
    return script_tag(
        f"{root(running)}/gpiobridge/client.js?v={asset_version('client.js')}",
        {
            "page": page,
            "socket": f"{root(running)}/ws/{page}",
            "cursor": g.gpiobridge_cursor,
            "beat": f"{running.settings.server.beat_s:g}",
            "active": json.dumps({n: p.active for n, p in running.settings.pins.items()}),
            "paths": json.dumps(
                {n: request.script_root + p for n, p in running.watcher.paths.items()}
            ),
            # Turbo must not swap in another page's content while this page's rules stay.
            "turbo-track": "reload",
            **more,
        },
        nonce,
    )


def sounds(running: RunningBridge) -> dict[str, dict[str, object]]:
    """Return what a browser must know of each sound: its address, and how it is played."""
    files = f"{root(running)}/gpiobridge/sounds"
    return {
        name: {
            "url": f"{files}/{name}?v={_file_version(running, sound.file)}",
            "loop": sound.loop,
            "volume": sound.volume,
        }
        for name, sound in running.settings.sounds.items()
    }


def _file_version(running: RunningBridge, file: str) -> str:
    try:
        stat = (running.settings.folder / file).stat()
    except OSError:
        return "0"  # it was removed
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}"


def next_pages(running: RunningBridge, page: str) -> dict[str, bool]:
    """Return the paths to load before ``page`` leads there, each with whether to prerender it."""
    targets = dict.fromkeys(running.settings.pages[page].rules.values())
    return {
        request.script_root + running.watcher.paths[to]: running.settings.pages[to].prerender
        for to in targets
        if to != page and running.settings.pages[to].fetched_ahead
    }


def in_frame() -> bool:
    """Tell whether the page is loaded in a frame, as on a stage: browsers load nothing ahead there.

    A browser says so only over HTTPS or on this machine (Fetch Metadata, 2).
    """
    return request.headers.get("Sec-Fetch-Dest") == "iframe"


def rules_for_next(running: RunningBridge, page: str) -> dict[str, object]:
    """Make the rules for what the browser loads before ``page`` leads there."""
    pages = next_pages(running, page)
    return speculation_rules(
        prefetch=[path for path, prerender in pages.items() if not prerender],
        prerender=[path for path, prerender in pages.items() if prerender],
    )


def client_loads_ahead(running: RunningBridge, page: str) -> bool:
    """Tell whether our script gives the rules to the browser; otherwise a header does.

    With a header, the browser loads the next page while it still draws this one: on 2 cores, a
    prerendered page with a picture of 1.2 MB came to the screen 20 ms later (docs/pixels.md). Our
    script waits until the page is drawn. It can do so only if the page's policy allows inline
    scripts. That is known only for the exhibit's own templates.
    """
    rules = running.settings.pages[page]
    return rules.client and rules.template is not None and running.settings.server.csp != "strict"


def version(running: RunningBridge) -> str:
    """Return the version of the pages that are fetched ahead: this run, and the files.

    A page compares it before it leaves, so no visitor sees an outdated page. Call it in a request;
    the files are looked at once in each.
    """
    if "gpiobridge_version" not in g:
        g.gpiobridge_version = f"{running.watcher.core.epoch}-{_files_version(running)}"
    found: str = g.gpiobridge_version
    return found


def _files_version(running: RunningBridge) -> str:
    loaders = [current_app.jinja_loader]
    loaders += [blueprint.jinja_loader for blueprint in current_app.iter_blueprints()]
    folders = [folder for loader in loaders for folder in getattr(loader, "searchpath", ())]
    if any(page.prerender for page in running.settings.pages.values()):
        # Only with prerender are a page's pictures and styles loaded ahead, too.
        folders.append(current_app.static_folder or running.settings.folder / "static")
    return files_version(folders)


@cache
def asset_version(name: str) -> str:
    """Return the version of one of our files, for its address."""
    return hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()[:12]
