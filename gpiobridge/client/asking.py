"""Ask a running bridge by HTTP: its health, a press, a message to its displays.

Blocking calls on the caller's thread, which may be any. It uses the routes as any other program
would, and nothing of the server. `follower` follows a page's frames.
"""

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from gpiobridge.client.audience import EVERYONE, Audience
from gpiobridge.config.durations import format_duration
from gpiobridge.errors import RemoteError
from gpiobridge.system.run_key import find_keys, unreadable_key

TIMEOUT_S = 5.0
"""How long a bridge may be silent, in seconds, before it counts as not there."""

ALARM_TEST_S = 60.0
"""How long a bridge may take to test its alarms, in seconds: the owner's program may be slow."""

_AnswerT = TypeVar("_AnswerT")

_PRESS_S = 0.15
"""How long a finger presses a button, roughly."""


def press(
    url: str, pin: str, for_s: float | None = None, token: str = "", api_token: str = ""
) -> None:
    """Make a simulated or virtual pin active, and inactive again.

    Args:
        url: the bridge's address, such as ``http://127.0.0.1:8000``.
        pin: the pin's name.
        for_s: how long it stays active, in seconds; at least the pin's debounce and dwell. None: as
            long as a finger's press, but at least these.
        token: the bridge's token, if it has one.
        api_token: the token of its API, if that is a different one.

    Raises:
        RemoteError: the bridge can't be reached, it has no such pin, the pin is a real one, or the
            press would be no event.
    """
    base = bridge_url(url)
    pins = _with_key(base, token, lambda there, key: health(there, token, key=key))["pins"]
    if pin not in pins:
        raise RemoteError(f"there is no pin {pin!r} at {base}; pins: {', '.join(pins)}")
    quoted = urllib.parse.quote(pin, safe="")
    if for_s is None:
        for_s = max(_PRESS_S, *(pins[pin].get(key, 0.0) for key in ("debounce", "dwell")))
    if pins[pin].get("source", "gpio") == "gpio":
        where, right = f"{base}/simulator/pins/{quoted}", token
    else:
        where, right = f"{base}/api/pins/{quoted}", api_token or token
    # One request is the whole press: the bridge ends it, even if this program is gone by then.
    press = {"level": pins[pin]["active"], "for": format_duration(for_s)}
    _with_key(where, right, lambda there, key: ask(_post(there, press, right, key)))
    time.sleep(for_s)


def health(
    base: str,
    token: str = "",
    *,
    even_ill: bool = False,
    timeout_s: float = TIMEOUT_S,
    key: str = "",
) -> dict[str, Any]:
    """Ask a bridge for its health; docs/promises.md lists the keys of the answer.

    Args:
        base: the bridge's address, as `bridge_url` returns it.
        token: the bridge's token, if it has one.
        even_ill: also return the answer of a bridge that doesn't watch its pins.
        timeout_s: how long it may be silent, in seconds.
        key: the key of the run, as `run_key` finds it, instead of the token.

    Raises:
        RemoteError: no bridge answers there, or the bridge doesn't watch its pins.
    """
    url = f"{base}/healthz"
    request = _with_right(urllib.request.Request(url), token, key)
    try:
        text, _ = ask(request, (503,) if even_ill else (), timeout_s)
    except RemoteError as error:
        if error.status != 404:  # every bridge has its health
            raise
        raise RemoteError(
            f"there is no bridge at {base}: {url} answered 404; give the bridge's address with "
            "--url, without a page",
            error.status,
        ) from error
    return _read(text, url, "pins")


def latency(url: str, token: str = "") -> dict[str, Any]:
    """Ask a bridge how long presses took to their pages; docs/latency.md explains the answer.

    Args:
        url: the bridge's address, such as ``http://127.0.0.1:8000``.
        token: the bridge's token, if it has one.

    Raises:
        RemoteError: no bridge answers there, or it is older than this command.
    """
    where = f"{bridge_url(url)}/gpiobridge/latency"

    def there(url: str, key: str) -> str:
        return ask(_with_right(urllib.request.Request(url), token, key))[0]

    try:
        text = _with_key(where, token, there)
    except RemoteError as error:
        if error.status not in (404, 405):
            raise
        base = bridge_url(url)
        # If no bridge answers there, that is its own sentence: the address is wrong.
        _with_key(base, token, lambda there, key: health(there, token, even_ill=True, key=key))
        raise RemoteError(
            f"the bridge at {base} measures no presses: it is older than version 0.3; upgrade it",
            error.status,
        ) from error
    return _read(text, where, "stages")


def push(
    url: str,
    data: Any,
    who: Audience = EVERYONE,
    *,
    retain: str | None = None,
    token: str = "",
) -> int:
    """Send ``data`` to displays; their pages receive it as ``gpiobridge:message``.

    Args:
        url: the bridge's address, such as ``http://127.0.0.1:8000``.
        data: anything that JSON can hold.
        who: which displays.
        retain: keep it under this key for displays that join later.
        token: the bridge's token, if it has one.

    Returns:
        How many displays it was sent to.

    Raises:
        RemoteError: the bridge can't be reached, or refuses.
    """
    kept = {} if retain is None else {"retain": retain}
    return _tell_displays(f"{bridge_url(url)}/api/messages", {"data": data, **kept}, who, token)


def set_output(
    url: str, output: str, state: str, for_s: float | None = None, token: str = ""
) -> None:
    """Set an output.

    Args:
        url: the bridge's address, such as ``http://127.0.0.1:8000``.
        output: the output's name.
        state: "on", "off", "blink" or "pulse".
        for_s: how long that counts, in seconds; None: until something else sets it.
        token: the bridge's token, if it has one.

    Raises:
        RemoteError: the bridge can't be reached, it has no such output, or it refuses.
    """
    body = {"state": state} | _for(for_s)
    where = f"{bridge_url(url)}/api/outputs/{urllib.parse.quote(output, safe='')}"
    _with_key(where, token, lambda there, key: ask(_post(there, body, token, key)))


def set_hours(url: str, verb: str, for_s: float | None = None, token: str = "") -> None:
    """Overrule the opening hours, or let them count again.

    Args:
        url: the bridge's address, such as ``http://127.0.0.1:8000``.
        verb: "open", "close" or "auto".
        for_s: for how long, in seconds; None: until the timetable itself changes next.
        token: the bridge's token, if it has one.

    Raises:
        RemoteError: the bridge can't be reached, it has no opening hours, or it refuses.
    """
    body = {"hours": verb} | _for(for_s)
    where = f"{bridge_url(url)}/api/hours"
    _with_key(where, token, lambda there, key: ask(_post(there, body, token, key)))


def hours(url: str, token: str = "") -> Mapping[str, Any] | None:
    """Ask a bridge for its opening hours, as `/healthz` has them.

    Args:
        url: the bridge's address, such as ``http://127.0.0.1:8000``.
        token: the bridge's token, if it has one.

    Returns:
        None if it has none.

    Raises:
        RemoteError: the bridge can't be reached, or it is older than this command.
    """
    base = bridge_url(url)
    told = _with_key(base, token, lambda there, key: health(there, token, even_ill=True, key=key))
    if "hours" not in told:
        raise RemoteError(f"the bridge at {base} knows no opening hours: upgrade it")
    of_bridge: Mapping[str, Any] | None = told["hours"]
    return of_bridge


def navigate(url: str, to: str, who: Audience = EVERYONE, *, token: str = "") -> int:
    """Send displays to the page ``to``, as a press would.

    Args:
        url: the bridge's address, such as ``http://127.0.0.1:8000``.
        to: the name of their next page.
        who: which displays.
        token: the bridge's token, if it has one.

    Returns:
        How many displays were sent there; their arrival is not confirmed.

    Raises:
        RemoteError: the bridge can't be reached, or refuses.
    """
    return _tell_displays(f"{bridge_url(url)}/api/navigate", {"to": to}, who, token)


def prove_kiosk(
    base: str, key: str, display: str, secret: str, ticket: str, *, timeout_s: float = TIMEOUT_S
) -> None:
    """Prove to a bridge that a kiosk is one of its own machine.

    Args:
        base: the bridge's address, as `run_key` finds it for the key.
        key: a key of this run that proves a kiosk.
        display: the name of the kiosk's display.
        secret: what the kiosk's browser is known by, as a cookie.
        ticket: gives the browser that cookie, once; empty for none.
        timeout_s: how long the bridge may be silent, in seconds.

    Raises:
        RemoteError: the bridge can't be reached, refuses, or is older than kiosks' proofs.
    """
    body = {"display": display, "secret": secret, "ticket": ticket}
    ask(_post(f"{base}/gpiobridge/kiosk", body, "", key), timeout_s=timeout_s)


def sound(url: str, name: str, *, play: bool = True, token: str = "") -> None:
    """Have every display play a sound, or end it.

    Args:
        url: the bridge's address, such as ``http://127.0.0.1:8000``.
        name: the sound's name.
        play: whether it begins.
        token: the token of the bridge's API, if it has one.

    Raises:
        RemoteError: the bridge can't be reached, it has no such sound, or it refuses.
    """
    where = f"{bridge_url(url)}/api/sounds/{urllib.parse.quote(name, safe='')}"
    _with_key(where, token, lambda there, key: ask(_post(there, {"play": play}, token, key)))


def try_alarms(url: str, token: str = "") -> list[dict[str, Any]]:
    """Have a bridge call everyone that its `[alarms]` names, for a test.

    Args:
        url: the bridge's address, such as ``http://127.0.0.1:8000``.
        token: the token of the bridge's API, if it has one.

    Returns:
        For each, `to` (the key of `[alarms]`), `called`, and why it `failed`, or None.

    Raises:
        RemoteError: the bridge can't be reached, calls nobody, or refuses.
    """
    where = f"{bridge_url(url)}/api/alarms/test"

    def there(where: str, key: str) -> str:
        return ask(_post(where, {}, token, key), timeout_s=ALARM_TEST_S)[0]

    calls: list[dict[str, Any]] = _read(_with_key(where, token, there), where, "calls")["calls"]
    return calls


def bridge_url(url: str) -> str:
    """Complete a bridge's address as people write it: ``pi.local:8000/``.

    Args:
        url: with or without ``http://`` and the last slash.
    """
    return with_scheme(url).rstrip("/")


def with_scheme(url: str) -> str:
    """Complete the address of a page as people write it: ``pi.local:8000/welcome``."""
    return url if "://" in url else f"http://{url}"


def ask(
    request: urllib.request.Request,
    accept: Collection[int] = (),
    timeout_s: float = TIMEOUT_S,
) -> tuple[str, str]:
    """Send a request; return the answer's text, and its URL after redirects.

    Args:
        request: the request, with `headers`.
        accept: failure statuses that also count as answers.
        timeout_s: how long the bridge may be silent, in seconds.

    Raises:
        RemoteError: no bridge answers, or it refuses, or it leads to another host.
    """
    # A proxy from the environment is for the internet, not for a bridge.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _SameHost)
    try:
        with opener.open(request, timeout=timeout_s) as response:
            return response.read().decode(errors="replace"), response.url
    except urllib.error.HTTPError as error:
        with error:
            if error.code in accept:
                return error.read().decode(errors="replace"), error.url
            sent = "Authorization" in request.headers  # a token; the key is sent elsewhere
            raise refusal(request.full_url, error.code, error.read(), sent) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise no_bridge(request.full_url, error) from error


def headers(token: str) -> dict[str, str]:
    """Return the header that carries the token, if there is one."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def no_bridge(url: str, error: Exception) -> RemoteError:
    """Make the error that no bridge answers at ``url``, with the reason."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return RemoteError(
        f"no bridge answers at {url}: {reason}; is it running, and is that its address? "
        "A command takes another one with --url"
    )


def refusal(
    url: str, status: int, body: bytes | bytearray | None, token_sent: bool = False
) -> RemoteError:
    """Make the error for an answer at ``url`` that refuses.

    Args:
        url: the address that was asked.
        status: the HTTP status of the answer.
        body: its text; from the bridge, or from whatever runs there.
        token_sent: whether a token went with the request.
    """
    from gpiobridge.client.answers import own_sentence  # late import: most answers are no errors

    body = bytes(body or b"")
    said = own_sentence(status, body)
    if said and not body.lstrip().startswith(b"<"):
        if status == 401 and " token" in said:
            said = _asks(said, token_sent)
        return RemoteError(f"the bridge answered {status}: {said}", status)
    sentence = f"{url} answered {status}" + (f": {said}" if said else "")
    if not said or status in (404, 405):  # the address may be wrong
        sentence = (
            f"{sentence.rstrip('.')}; is that the address of a bridge, or of one of its pages?"
        )
    return RemoteError(sentence, status)


def _asks(text: str, token_sent: bool) -> str:
    """Say how a program sends its token: the bridge's own sentence is for browsers."""
    who = "The API" if text.startswith("The API") else "This bridge"
    key = "api_token" if "server.api_token" in text else "token"
    option = key.replace("_", "-")
    verb = "refuses the token that was sent; it asks for" if token_sent else "asks for its token,"
    remedy = f"set GPIOBRIDGE_SERVER__{key.upper()}, or add --{option}"
    if who == "This bridge":
        remedy += " (in Python, token=)"
    return f"{who} {verb} server.{key}: {remedy}"


class _SameHost(urllib.request.HTTPRedirectHandler):
    """A redirect takes the token along, so it must not lead to another host."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: Any,
        code: int,
        msg: str,
        headers: Any,
        newurl: str,
    ) -> urllib.request.Request | None:
        hosts = [urllib.parse.urlsplit(url).hostname for url in (req.full_url, newurl)]
        if hosts[0] != hosts[1]:
            fp.close()
            raise RemoteError(
                f"{req.full_url} redirects to another host: {newurl}; use that address", code
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _tell_displays(url: str, what: Mapping[str, Any], who: Audience, token: str) -> int:
    said = {key: value for key, value in who._asdict().items() if value is not None}
    body = {**what, **said}
    text, _ = _with_key(url, token, lambda there, key: ask(_post(there, body, token, key)))
    try:
        return int(json.loads(text)["displays"])
    except (ValueError, TypeError, KeyError) as error:
        raise _no_gpiobridge(url) from error


def _read(text: str, url: str, key: str) -> dict[str, Any]:
    """Read a bridge's answer, which has a key; anything else is that of another program."""
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict) or key not in told:
        raise _no_gpiobridge(url)
    return told


def _no_gpiobridge(url: str) -> RemoteError:
    return RemoteError(
        f"the server at {url} is not a gpiobridge; give the bridge's address with --url"
    )


def _for(for_s: float | None) -> dict[str, str]:
    """Write for how long something counts; None: it doesn't say."""
    return {} if for_s is None else {"for": format_duration(for_s)}


def _with_key(url: str, token: str, ask_there: Callable[[str, str], _AnswerT]) -> _AnswerT:
    """Ask a bridge with its token; without one, on this machine, with the key of its run.

    Args:
        url: the address to ask.
        token: if there is one, no key is looked for.
        ask_there: asks at an address with a key; an empty key means none.
    """
    tried: set[str] = set()
    while True:
        keys = [] if token else [found for found in find_keys(url) if found.key not in tried]
        # An application's bridge writes its key at the first request: then a new key appears.
        there, key = (keys[0].url, keys[0].key) if keys else (url, "")
        try:
            return ask_there(there, key)
        except RemoteError as error:
            tried.add(key)
            if token or error.status not in (401, 403):
                raise
            if all(found.key in tried for found in find_keys(url)):
                if path := unreadable_key(url):
                    raise RemoteError(
                        f"{error}; this user may not read the bridge's key ({path}): run this as "
                        "the bridge's user or as root, or send a token",
                        error.status,
                    ) from error
                raise


def _post(url: str, body: object, token: str, key: str = "") -> urllib.request.Request:
    types = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), types)
    return _with_right(request, token, key)


def _with_right(request: urllib.request.Request, token: str, key: str) -> urllib.request.Request:
    """Add the token or key that lets a request in."""
    for name, value in headers(token).items():
        request.add_header(name, value)
    for name, value in headers(key).items():
        request.add_unredirected_header(name, value)  # a redirect never takes the key along
    return request
