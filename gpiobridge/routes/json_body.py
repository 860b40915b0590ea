"""Read the JSON object in a request of the API.

Nonsense reads as an empty object and causes no failure. Any HTTP thread.
"""

import json

from flask import Request

from gpiobridge.routes.admission import refuse


def json_body(request: Request, max_bytes: int) -> dict[str, object]:
    """Read the request's JSON object; any other body reads as an empty object.

    Args:
        request: the request.
        max_bytes: how many bytes the body may have.

    Raises:
        werkzeug.exceptions.HTTPException: 408 if the body doesn't come, 413 if it is too long, 400
            if it has a key twice.
    """
    try:
        body = json.loads(body_text(request, max_bytes), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def body_text(request: Request, max_bytes: int) -> bytes:
    """Read the request's body.

    Args:
        request: the request.
        max_bytes: how many bytes it may have.

    Raises:
        werkzeug.exceptions.HTTPException: 408 if it doesn't come, 413 if it is too long.
    """
    try:
        # Not get_json: a chunked body has no length that could be checked first.
        # If a hook of the application has already read the body, Flask keeps it for get_data.
        text = request.stream.read(max_bytes + 1) or request.get_data()
    except OSError:
        refuse(408, "The body did not arrive: send the request again.")
    if len(text) > max_bytes:
        refuse(413, f"The body is too long: it may have {max_bytes} bytes.")
    return text


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object; refuse a key that is there twice, because one value would be lost."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        refuse(400, f"{double!r} is in the body twice: remove one.")
    return made
