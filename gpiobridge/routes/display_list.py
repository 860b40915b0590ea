"""The list of all displays: a page for people, JSON for programs. Any HTTP thread.

Who may look at pages may look at it. What others are called on the network is for those only who
may use the API.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from flask import Blueprint, Response, json, request
from flask.typing import ResponseReturnValue
from jinja2 import Template

from gpiobridge.app.running_bridge import RunningBridge, facts, rough_age
from gpiobridge.displays.audience import SIMULATOR
from gpiobridge.routes.admission import may_use_api
from gpiobridge.routes.html import STRICT_CSP
from gpiobridge.routes.page_script import ASSETS, root


def add_display_list(blueprint: Blueprint, running: Callable[[], RunningBridge]) -> None:
    """Add ``/gpiobridge/displays``.

    Args:
        blueprint: where it is added.
        running: returns the running bridge, in a request.
    """

    def show() -> ResponseReturnValue:
        here = running()
        with_addresses = may_use_api(request, here.settings.server, here.key.value)
        displays = _displays(here, with_addresses=with_addresses)
        missing = here.watcher.attendance.missing(here.watcher.clock.now().mono_s)
        alarms = [facts(alarm) for alarm in here.alarms]
        kinds = ("text/html", "application/json")
        if request.accept_mimetypes.best_match(kinds) == "application/json":
            text = json.dumps({"displays": displays, "missing": missing, "alarms": alarms})
            response = Response(f"{text}\n", mimetype="application/json")
        else:
            nonce = here.nonce()
            page = _template().render(
                displays=displays,
                missing=missing,
                alarms=alarms,
                with_addresses=with_addresses,
                age=rough_age,
                prefix=root(here),
                nonce=nonce,
            )
            response = Response(page)
            response.headers["Content-Security-Policy"] = STRICT_CSP
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "Accept"
        return response

    blueprint.add_url_rule("/gpiobridge/displays", "displays", show)


def _displays(running: RunningBridge, *, with_addresses: bool) -> list[dict[str, Any]]:
    """List the open displays: those that the configuration names first, in its order."""
    order = {name: number for number, name in enumerate(running.settings.displays)}
    found = sorted(
        # The simulator is no display of the exhibit.
        (each for each in running.watcher.statuses if each.display.page != SIMULATOR),
        key=lambda each: (
            order.get(each.display.name, len(order)),
            each.display.name == "",
            each.display.name,
            each.display.number,
        ),
    )
    now_s = running.watcher.clock.now().mono_s  # after them: nothing is heard in the future
    return [
        {
            "name": display.name,
            "group": display.group,
            "page": display.page,
            "since": round(now_s - on_page_s, 3),
            "heard": round(now_s - heard_s, 3),
            "shown": shown is not None,
            "visible": display.visible,
            **({"address": address} if with_addresses else {}),
        }
        for display, address, on_page_s, heard_s, shown in found
    ]


@cache
def _template() -> Template:
    # Not render_template: an exhibit or an application may have a template of this name.
    made: Template = Template((ASSETS / "displays.html").read_text("utf-8"), autoescape=True)
    return made
