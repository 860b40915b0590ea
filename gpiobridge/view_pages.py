"""Which views of an application are pages of the bridge, and where they are."""

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar

from flask import Flask

from gpiobridge.errors import ConfigError

View = TypeVar("View", bound=Callable[..., Any])


class ViewPages:
    """Views that were declared as pages.

    Attributes:
        rules: page name to the keys it was declared with.
    """

    def __init__(self) -> None:
        self.rules: dict[str, Mapping[str, Any]] = {}
        self._views: dict[Callable[..., Any], str] = {}

    def page(self, name: str, rules: Mapping[str, Any]) -> Callable[[View], View]:
        """Make the decorator of a view that is a page.

        Raises:
            ConfigError: there is such a page already.
        """
        if name in self.rules:
            raise ConfigError([f"page {name!r} is declared twice: give the second another name"])

        def declare(view: View) -> View:
            self._views[inspect.unwrap(view)] = name
            self.rules[name] = rules
            return view

        return declare

    def find(self, app: Flask) -> tuple[dict[str, str], dict[str, str]]:
        """Find each page's view among the routes: endpoint to page, and page to path."""
        pages = {
            endpoint: self._views[inspect.unwrap(view)]
            for endpoint, view in app.view_functions.items()
            if inspect.unwrap(view) in self._views
        }
        paths = {
            pages[rule.endpoint]: rule.rule
            for rule in app.url_map.iter_rules()
            if rule.endpoint in pages and not rule.arguments
        }
        return pages, paths


def without_path(names: Iterable[str], paths: Collection[str]) -> list[str]:
    """Say which pages have no path, and the remedy."""
    return [
        f"page {name!r} has no route of its own, without variables: "
        f'put @app.get("/{name}") above @bridge.page({name!r})'
        for name in names
        if name not in paths
    ]
