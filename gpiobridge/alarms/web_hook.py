"""Post a call to the owner's address. The thread of its caller, or that of the command line.

It takes Python's own library, which is loaded with the first call only. The address may have a
secret in any part but its host: nothing else of it is ever said.
"""

import base64
import http.client
import json
import urllib.error
import urllib.request
from typing import IO
from urllib.parse import unquote, urlsplit, urlunsplit

from gpiobridge.alarms.call import Call, CallError

ANSWER_S = 10.0
"""How long the other side may be silent, in seconds."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it would make a GET without a body of the call."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> None:
        """Refuse it."""


def post(address: str, call: Call) -> None:
    """Post the facts of a call as JSON.

    Args:
        address: where to; it may have a user and a password.
        call: the call.

    Raises:
        CallError: nobody answers, or with a status that is not 2xx.
    """
    parts = urlsplit(address)
    user, at, host = parts.netloc.rpartition("@")
    headers = {"Content-Type": "application/json", "User-Agent": "gpiobridge"}
    if at:
        token = base64.b64encode(unquote(user).encode()).decode()
        headers["Authorization"] = f"Basic {token}"
    request = urllib.request.Request(
        urlunsplit((parts.scheme.lower(), host, parts.path, parts.query, "")),
        data=json.dumps(call.facts).encode(),
        headers=headers,
        method="POST",
    )
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=ANSWER_S):
            pass
    except urllib.error.HTTPError as error:
        error.close()
        elsewhere = " (write the address to which it leads)" if 300 <= error.code < 400 else ""
        raise CallError(f"it answered {error.code}{elsewhere}") from error
    except urllib.error.URLError as error:
        raise CallError(_reason(error.reason)) from error
    except OSError as error:
        raise CallError(_reason(error)) from error
    except http.client.HTTPException as error:
        raise CallError(f"it gave no answer that is HTTP ({type(error).__name__})") from error


def _reason(error: object) -> str:
    """Say why nobody answered."""
    if isinstance(error, TimeoutError):
        return f"no answer within {ANSWER_S:g} s"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)
