"""Which views of an application are pages of the bridge, and what their paths are.

Declared while an application is made, on its thread; later any HTTP thread may ask.
"""

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from flask import Flask

from gpiobridge.app.functions import code_of
from gpiobridge.config import Page
from gpiobridge.core.wire import MAX_REASON_BYTES
from gpiobridge.errors import ConfigError

ViewT = TypeVar("ViewT", bound=Callable[..., Any])


class ViewPages:
    """Views that were declared as pages.

    Attributes:
        rules: page name to the keys that it was declared with.
    """

    def __init__(self) -> None:
        self.rules: dict[str, Mapping[str, Any]] = {}
        self._views: dict[Callable[..., Any], str] = {}
        self._earlier: frozenset[str] = frozenset()  # pages of earlier applications

    def page(self, name: str, rules: Mapping[str, Any]) -> Callable[[ViewT], ViewT]:
        """Make the decorator that declares a view to be a page.

        Raises:
            ConfigError: raised by the decorator, if another view is already a page of this name.
        """

        def declare(view: ViewT) -> ViewT:
            function = inspect.unwrap(view)
            for other in [view for view, page in self._views.items() if page == name]:
                if name not in self._earlier or code_of(other) is not code_of(function):
                    raise ConfigError(
                        [f"page {name!r} is declared twice: give the second another name"]
                    )
                del self._views[other]
            self._earlier -= {name}
            self._views[function] = name
            self.rules[name] = rules
            return view

        return declare

    def next_application(self) -> None:
        """Prepare for another application: its factory may declare the same views again."""
        self._earlier = frozenset(self.rules)

    def page_of(self, view: Callable[..., Any]) -> str | None:
        """Return the page that a view shows, if it is one."""
        return self._views.get(inspect.unwrap(view))

    def endpoints(self, app: Flask) -> dict[str, str]:
        """Find each page's view among the routes: endpoint to page."""
        return {
            endpoint: page
            for endpoint, view in app.view_functions.items()
            if (page := self.page_of(view)) is not None
        }

    def paths(self, app: Flask) -> dict[str, str]:
        """Find where each page is: page to path."""
        pages = self.endpoints(app)
        return {
            pages[rule.endpoint]: rule.rule
            for rule in app.url_map.iter_rules()
            if rule.endpoint in pages and not rule.arguments and "GET" in (rule.methods or ())
        }


def with_long_path(paths: Mapping[str, str]) -> list[str]:
    """Report the pages whose path is too long for a close, with the remedy."""
    return [
        f"page {name!r} has a route of {len(path.encode())} bytes, {path!r}: a display can be sent "
        f"to a path of {MAX_REASON_BYTES} bytes at most; give it a shorter one"
        for name, path in paths.items()
        if len(path.encode()) > MAX_REASON_BYTES
    ]


def without_path(pages: Mapping[str, Page], paths: Collection[str]) -> list[str]:
    """Report the pages that have no path, with the remedy."""
    return [
        f"page {name!r} has a url, which only `gpiobridge run` serves: "
        f'write a view that shows it, and frames = ["{page.site}"] in place of the url'
        if page.url
        else f"page {name!r} has no route without variables: "
        f'put @app.get("/{name}") above @bridge.page({name!r})'
        for name, page in pages.items()
        if name not in paths
    ]
