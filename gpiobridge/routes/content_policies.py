"""Find what an application's Content-Security-Policy forbids to our script.

A browser reports it only in its console, and the page just never comes online. Only certain
problems are reported: a source that may mean this host counts as this host. Pure; any thread.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase

_SCRIPT = ("script-src-elem", "script-src", "default-src")
_SOCKET = ("connect-src", "default-src")


def obstacles(policies: Iterable[str], host: str, nonce: str) -> list[str]:
    """Describe what the policies forbid that a page of the bridge needs, and the remedy.

    Args:
        policies: the values of all ``Content-Security-Policy`` headers of one answer.
        host: the request's host, with its port.
        nonce: the nonce of the script tag; "" if it has none.

    Returns:
        Parts of a sentence: each says what is forbidden, by which directive, and what to write.
    """
    said = []
    for policy in (one for header in policies for one in header.split(",")):
        directives: dict[str, list[str]] = {}
        for directive in policy.split(";"):
            name, *sources = directive.split() or [""]
            directives.setdefault(name.lower(), sources)  # the first of two counts
        named = _first(directives, _SCRIPT)
        if named and not _lets_script(directives[named], host, nonce):
            said.append(
                f"its Content-Security-Policy ({named}) keeps the bridge's script from running: "
                "give GpioBridge the function nonce= that returns the answer's nonce, "
                f"or add 'self' to {named}"
            )
        named = _first(directives, _SOCKET)
        if named and not _lets_host(directives[named], host, ("ws:", "wss:")):
            said.append(
                f"its Content-Security-Policy ({named}) keeps the bridge's WebSocket from "
                "connecting: write connect-src 'self'"
            )
    return said


def _first(directives: dict[str, list[str]], names: tuple[str, ...]) -> str:
    """Return the directive that counts: the most specific one that is there."""
    return next((name for name in names if name in directives), "")


def _lets_script(sources: list[str], host: str, nonce: str) -> bool:
    if nonce and f"'nonce-{nonce}'" in sources:
        return True
    strict = any(source.lower() == "'strict-dynamic'" for source in sources)
    return not strict and _lets_host(sources, host, ("http:", "https:"))


def _lets_host(sources: list[str], host: str, schemes: tuple[str, ...]) -> bool:
    """Tell whether one of the sources means this host (CSP 3, 6.7.2)."""
    names = {host.lower(), host.lower().rpartition(":")[0] or host.lower()}
    for source in map(str.lower, sources):
        place = source.partition("://")[2] or source
        place = place.partition("/")[0].removesuffix(":*")
        if source in ("'self'", "*", *schemes) or any(fnmatchcase(n, place) for n in names):
            return True
    return False
