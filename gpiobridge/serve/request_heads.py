"""How much of an HTTP request has come: whether a thread could answer it without waiting. Pure.

Not a parser: what is wrong in a head, the server behind says. It looks for the end of the head and
for the length of the body (RFC 9112, 2.1 and 6.3), and where a request could mean two things, for
the one that may keep a thread waiting.
"""

import re
from dataclasses import dataclass

MAX_HEAD_BYTES = 64 * 1024
"""A longer head is no browser's."""

MAX_BODY_BYTES = 64 * 1024
"""A longer body is not gathered: whoever answers the request reads it piece by piece."""

_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*([0-9]*)", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect[ \t]*:", re.IGNORECASE)
_CODING = re.compile(rb"\r\ntransfer-encoding[ \t]*:([^\r\n]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request, which has come whole.

    Args:
        request_bytes: of the whole request, its body included; None if the body is not gathered,
            as its length is unknown or too much, or as its sender waits for ``100 Continue``.
        is_odd: whether its Transfer-Encoding is another than ``chunked``: no client of ours sends
            one, and servers and proxies read it differently.
    """

    request_bytes: int | None
    is_odd: bool = False

    def is_whole(self, data_bytes: int) -> bool:
        """Whether what has come is enough to go on."""
        return self.request_bytes is None or data_bytes >= self.request_bytes


def read_head(data: bytes | bytearray, looked_at: int = 0) -> Head | None:
    """Find the end of a head, and the length of the body behind it.

    Args:
        data: what has come of a request.
        looked_at: so many bytes of it have been looked at before, and the end was not there.

    Returns:
        None if the head has not come whole.
    """
    end = data.find(_END, max(0, looked_at - len(_END) + 1))
    if end < 0:
        return None
    head = bytes(data[:end])
    lengths, codings = _LENGTH.findall(head), _CODING.findall(head)
    if codings or _EXPECT.search(head) or len(lengths) > 1:
        return Head(None, is_odd=any(coding.strip().lower() != b"chunked" for coding in codings))
    body_bytes = int(lengths[0][:18] or 0) if lengths else 0
    return Head(end + len(_END) + body_bytes if body_bytes <= MAX_BODY_BYTES else None)
