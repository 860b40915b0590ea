"""Find the routes of an application that overlap with the bridge's routes.

The URL map tells which route answers at each of the bridge's own paths. So the names and converters
of a route's variables don't matter. Used at the start. It imports nothing of the project.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect, Rule

_REMEDY = 'give GpioBridge its own url_prefix, such as "/bridge", or give that route another path'


class _Request(NamedTuple):
    """A request that a route of the bridge should answer."""

    rule: Rule
    path: str
    method: str


def overlaps(
    url_map: Map, blueprint: str, url_prefix: str, values: Mapping[str, Collection[str]]
) -> list[str]:
    """Describe the routes of an application that overlap with the bridge's, and the remedy.

    A route that answers in place of the bridge is always reported. A route that the bridge hides is
    reported, too, unless it is a general one such as ``/<path:anything>``, which is meant to give
    way.

    Args:
        url_map: the application's URL map.
        blueprint: the name of the bridge's blueprint.
        url_prefix: the path above the bridge's routes, or "".
        values: the possible values of the variables in the bridge's routes.
    """
    ours: list[Rule] = []
    theirs: list[Rule] = []
    for rule in url_map.iter_rules():
        (ours if _is_of(rule, blueprint) else theirs).append(rule)
    requests = [request for rule in ours for request in _requests(rule, values)]
    said: dict[str, str] = {}
    for request in requests:
        answers = _answering(url_map, request)
        if answers is not None and not _is_of(answers, blueprint):
            offline = ", so its page never comes online" if request.rule.websocket else ""
            said.setdefault(
                answers.rule,
                f"{answers.rule} is a route of the application, and answers at {request.path} "
                f"instead of the bridge's {request.rule.rule}{offline}: {_REMEDY}",
            )
    for route in theirs:
        # Only requests with the same first part: a general route is meant to give way.
        near = [r for r in requests if route.rule.startswith(_first_part(r.rule.rule, url_prefix))]
        if route.rule in said or not near:
            continue
        alone = _alone(route, url_map)
        taken = next((request for request in near if _answering(alone, request) is not None), None)
        if taken is not None:
            said[route.rule] = (
                f"{route.rule} is a route of the application, but the bridge's {taken.rule.rule} "
                f"answers at {taken.path}: {_REMEDY}"
            )
    return [said[rule] for rule in sorted(said)]


def _is_of(rule: Rule, blueprint: str) -> bool:
    # Not by comparing rules: two rules of one path are equal.
    return str(rule.endpoint).startswith(f"{blueprint}.")


def _requests(rule: Rule, values: Mapping[str, Collection[str]]) -> Iterator[_Request]:
    """Make the requests that one of our routes should answer; it has at most one variable."""
    variable = next(iter(rule.arguments), "")
    for value in values[variable] if variable else [""]:
        built = rule.build({variable: value} if variable else {})
        assert built is not None  # all variables are given
        for method in sorted((rule.methods or {"GET"}) - {"HEAD", "OPTIONS"}):
            yield _Request(rule, built[1], method)


def _answering(url_map: Map, request: _Request) -> Rule | None:
    """Find the route that answers a request; return None if none does."""
    try:
        rule, _ = url_map.bind("localhost").match(
            request.path, request.method, return_rule=True, websocket=request.rule.websocket
        )
    except RequestRedirect as redirect:  # such as to the same path with a slash at the end
        there = request._replace(path=urlsplit(redirect.new_url).path)
        return None if there == request else _answering(url_map, there)
    except HTTPException:
        return None
    except Exception:  # from one of the application's converters, which may ask a database
        return None
    return rule


def _alone(rule: Rule, url_map: Map) -> Map:
    """Make a map with only this route; its other settings are those of the application's map."""
    return Map(
        [rule.empty()],
        default_subdomain=url_map.default_subdomain,
        strict_slashes=url_map.strict_slashes,
        merge_slashes=url_map.merge_slashes,
        converters=url_map.converters,
        host_matching=url_map.host_matching,
    )


def _first_part(rule: str, url_prefix: str) -> str:
    """Return the prefix and first part of a path: ``/bridge/ws`` of ``/bridge/ws/<page>``."""
    return f"{url_prefix}/{rule.removeprefix(url_prefix).split('/')[1]}"
