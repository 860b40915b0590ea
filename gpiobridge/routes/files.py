"""Answer with a static file or a range of it.

The HTTP thread writes a small file itself. For a large file, the connection goes to the
`file_feeder` together with the answer's head, because the reader may be slow, or pause a film. Any
HTTP thread.
"""

import logging
import os
import socket
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Response, current_app, request, send_from_directory
from werkzeug.exceptions import NotFound, RequestedRangeNotSatisfiable
from werkzeug.security import safe_join

from gpiobridge.config.hidden import is_hidden
from gpiobridge.routes import handoff
from gpiobridge.routes.admission import asking_client
from gpiobridge.routes.byte_ranges import Span, if_range_holds, satisfiable
from gpiobridge.routes.file_feeder import FileFeeder

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

PIECE_BYTES = 1024 * 1024
"""The most that one range request gets: a player asks for the next piece when it needs it."""

_SMALL_BYTES = 64 * 1024  # an HTTP thread writes this much itself, if the send buffer has room


def send_file(folder: Path, name: str, feeder: FileFeeder) -> Response:
    """Answer with a file, or with the requested range of it.

    Args:
        folder: the folder of the file; ``name`` can't lead out of it.
        name: the path below ``folder``, with forward slashes.
        feeder: takes the connection over if the body is large.

    Raises:
        werkzeug.exceptions.NotFound: there is no such file, or it is hidden.
        werkzeug.exceptions.RequestedRangeNotSatisfiable: the file has no such range.
    """
    if is_hidden(name):
        raise NotFound
    # Not by Werkzeug: it would refuse several ranges, and check If-None-Match after the range.
    try:
        response = send_from_directory(folder, name, conditional=False)
    except OSError as error:
        raise _not_readable(folder, name, error) from error
    try:
        _answer_conditions(response)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise
    length = response.content_length or 0
    connection = handoff.server_socket(request.environ)
    if (
        request.method != "GET"
        or response.status_code not in (200, 206)
        or connection is None
        or _fits(connection, length)
    ):
        return response
    response.close()
    start = response.content_range.start or 0
    client = asking_client(request)
    if not feeder.make_room(client):
        return Response(
            "Too many files are being sent: try again in 5 s.\n", 503, {"Retry-After": "5"}
        )
    # The same path that send_from_directory checked: relative to the application, normalized.
    path = safe_join(os.fspath(folder), name)
    assert path is not None
    try:
        file = (Path(current_app.root_path) / path).open("rb")
    except OSError as error:
        raise _not_readable(folder, name, error) from error
    file.seek(start)

    def hand_over(head: bytes) -> None:
        feeder.feed(handoff.take(connection), head, file, length, client)

    return _FedResponse(hand_over, response)


def _not_readable(folder: Path, name: str, error: OSError) -> NotFound:
    """Make the answer for a file that exists but can't be read, or was just removed."""
    if not isinstance(error, FileNotFoundError):
        _say_once(
            f"{folder / name}: {error.strerror}: browsers get 404; let the bridge's user read it"
        )
    return NotFound()


@cache
def _say_once(sentence: str) -> None:
    """Tell the owner once, not with every request."""
    log.warning("%s", sentence)


def _fits(connection: socket.socket, length: int) -> bool:
    """Tell whether a thread can write this many bytes without waiting for the reader."""
    # The system also counts its own overhead (socket(7), SO_SNDBUF).
    buffer_bytes = connection.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    return length <= min(_SMALL_BYTES, buffer_bytes // 2)


def _answer_conditions(response: Response) -> None:
    """Apply the request's conditions and range to the response (RFC 9110, 13.2.2).

    Raises:
        werkzeug.exceptions.RequestedRangeNotSatisfiable: the file has no such range.
    """
    size = response.content_length or 0
    environ = {key: request.environ[key] for key in _CONDITIONS if key in request.environ}
    response.make_conditional(environ)
    response.accept_ranges = "bytes"
    asked = request.environ.get("HTTP_RANGE", "")
    if request.method != "GET" or response.status_code != 200 or not asked or not size:
        return
    if not if_range_holds(
        request.environ.get("HTTP_IF_RANGE", ""),
        response.headers.get("ETag", ""),
        response.headers.get("Last-Modified", ""),
    ):
        return
    spans = satisfiable(asked, size)
    if spans is None or len(spans) > 1:
        return  # the whole file, which a server may always send
    if not spans:
        raise RequestedRangeNotSatisfiable(size)
    environ["HTTP_RANGE"] = _shortened(spans[0])
    response.make_conditional(environ, accept_ranges=True, complete_length=size)


_CONDITIONS = (
    "REQUEST_METHOD",
    "HTTP_IF_MATCH",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_CACHE_CONTROL",
)


def _shortened(span: Span) -> str:
    """Shorten a range to one piece: a server may send less than asked (RFC 9110, 14.2)."""
    last = span.last if span.is_suffix else min(span.last, span.first + PIECE_BYTES - 1)
    return f"bytes={span.first}-{last}"


class _FedResponse(Response):
    """A response that takes its connection from the HTTP server instead of being written."""

    def __init__(self, hand_over: Callable[[bytes], None], like: Response) -> None:
        super().__init__(status=like.status, headers=like.headers)
        self._hand_over = hand_over

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        headers = self.get_wsgi_headers(environ)
        headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {self.status}", *(f"{key}: {value}" for key, value in headers)]
        self._hand_over(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        # The server writes this to the dead socket that it holds now, and closes it.
        start_response(self.status, [("Connection", "close")])
        return ()
