"""Find what an application's policies forbid to our script and to the stage.

A browser reports it only in its console: a page just never comes online, a stage stays empty. Only
certain problems are reported: a source that may mean this host counts as this host. Pure; any
thread.
"""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

_SCRIPT = ("script-src-elem", "script-src", "default-src")
_FRAME = ("frame-src", "child-src", "default-src")
_SOCKET = ("connect-src", "default-src")
_WEB = ("http:", "https:")


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
    for directives in _read(policies):
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


def stage_obstacles(policies: Iterable[str], host: str, nonce: str) -> list[str]:
    """Describe what the policies of the stage's own answer forbid that it needs, and the remedy.

    Args:
        policies: the values of all its ``Content-Security-Policy`` headers.
        host: the request's host, with its port.
        nonce: the nonce of its script tag; "" if it has none.

    Returns:
        Parts of a sentence, as `obstacles` does.
    """
    said = []
    for directives in _read(policies):
        lets = {
            "script-src": _lets_script(_sources(directives, _SCRIPT), host, nonce),
            "frame-src": _lets_host(_sources(directives, _FRAME), host, _WEB),
            "connect-src": _lets_host(_sources(directives, _SOCKET), host, _WEB),
        }
        said += [
            "the application's Content-Security-Policy forbids what /gpiobridge/stage needs: "
            f"add {name} 'self' to that of its answer"
            for name, needed in lets.items()
            if not needed
        ]
    return said


def forbids_frames(policies: Iterable[str], options: Iterable[str], host: str) -> str:
    """Tell whether an answer forbids that a page of the same origin shows it in a frame.

    Args:
        policies: the values of all its ``Content-Security-Policy`` headers.
        options: the values of all its ``X-Frame-Options`` headers.
        host: the request's host, with its port.

    Returns:
        The header that forbids it, as it reads; "" if none does.
    """
    found = [each["frame-ancestors"] for each in _read(policies) if "frame-ancestors" in each]
    for sources in found:
        if not _lets_host(sources, host, _WEB):
            return " ".join(("Content-Security-Policy: frame-ancestors", *sources))
    # With frame-ancestors, a browser passes X-Frame-Options over (CSP 3, 6.4.2.1). An unknown value
    # forbids nothing, but several known ones do (HTML, 7.7 "X-Frame-Options").
    said = {value.strip().lower() for header in options for value in header.split(",")}
    known = said & {"deny", "sameorigin", "allowall"}
    if not found and (said == {"deny"} or (len(said) > 1 and known)):
        return f"X-Frame-Options: {', '.join(sorted(said)).upper()}"
    return ""


def _read(policies: Iterable[str]) -> Iterator[dict[str, list[str]]]:
    """Read each policy: its directives, and the sources of each."""
    for policy in (one for header in policies for one in header.split(",")):
        directives: dict[str, list[str]] = {}
        for directive in policy.split(";"):
            name, *sources = directive.split() or [""]
            directives.setdefault(name.lower(), sources)  # the first of two counts
        yield directives


def _sources(directives: dict[str, list[str]], names: tuple[str, ...]) -> list[str]:
    """Return the sources of the directive that counts; without one, everything is allowed."""
    return directives.get(_first(directives, names), ["*"])


def _first(directives: dict[str, list[str]], names: tuple[str, ...]) -> str:
    """Return the directive that counts: the most specific one that is there."""
    return next((name for name in names if name in directives), "")


def _lets_script(sources: list[str], host: str, nonce: str) -> bool:
    if nonce and f"'nonce-{nonce}'" in sources:
        return True
    strict = any(source.lower() == "'strict-dynamic'" for source in sources)
    return not strict and _lets_host(sources, host, _WEB)


def _lets_host(sources: list[str], host: str, schemes: tuple[str, ...]) -> bool:
    """Tell whether one of the sources means this host (CSP 3, 6.7.2)."""
    names = {host.lower(), host.lower().rpartition(":")[0] or host.lower()}
    for source in map(str.lower, sources):
        place = source.partition("://")[2] or source
        place = place.partition("/")[0].removesuffix(":*")
        if source in ("'self'", "*", *schemes) or any(fnmatchcase(n, place) for n in names):
            return True
    return False
