"""The JSON object that a request of the API brings.

Nonsense reads as nothing, and is no failure. Any HTTP thread.
"""

import json

from flask import Request

from gpiobridge.routes.admission import refuse


def json_body(request: Request, max_bytes: int) -> dict[str, object]:
    """Read the request's JSON object; whatever else was sent reads as an empty one.

    Args:
        request: the request.
        max_bytes: how long the body may be.

    Raises:
        werkzeug.exceptions.HTTPException: 408 if the body doesn't come, 413 if it is too long, 400
            if it has a key twice.
    """
    try:
        # Not get_json: a chunked body has no length that could be checked beforehand.
        # The second is what a hook of the application may have read already, and Flask keeps.
        text = request.stream.read(max_bytes + 1) or request.get_data()
    except OSError:
        refuse(408, "The body did not come.")
    if len(text) > max_bytes:
        refuse(413, f"The body is at most {max_bytes} bytes.")
    try:
        body = json.loads(text, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object; of a key that stands there twice one value would be dropped."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        refuse(400, f"{double!r} is in the body twice: say it once.")
    return made
