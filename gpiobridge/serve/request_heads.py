"""Tell whether enough of an HTTP request has come to answer it without waiting. Pure.

This is not a parser: the server behind it reports errors in a head. It looks for the end of the
head and for the length of the body (RFC 9112, 2.1 and 6.3). If a request is ambiguous, it assumes
the meaning that may keep a thread waiting.
"""

import re
from dataclasses import dataclass

MAX_HEAD_BYTES = 64 * 1024
"""No browser sends a longer head."""

MAX_BODY_BYTES = 64 * 1024
"""A longer body is not gathered: the code that answers the request reads it piece by piece."""

_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*([0-9]*)", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect[ \t]*:", re.IGNORECASE)
_CODING = re.compile(rb"\r\ntransfer-encoding[ \t]*:([^\r\n]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Head:
    """The complete head of a request.

    Args:
        request_bytes: the length of the whole request, including its body. None if the body is not
            gathered: its length is unknown or too large, or its sender waits for
            ``100 Continue``.
        is_odd: whether its Transfer-Encoding is other than ``chunked``. No client of ours sends
            such a head, and servers and proxies read it differently.
    """

    request_bytes: int | None
    is_odd: bool = False

    def is_whole(self, data_bytes: int) -> bool:
        """Tell whether enough bytes have come to go on."""
        return self.request_bytes is None or data_bytes >= self.request_bytes


def read_head(data: bytes | bytearray, looked_at: int = 0) -> Head | None:
    """Find the end of a head, and the length of the body after it.

    Args:
        data: the bytes of a request that have come.
        looked_at: how many of them were searched before without finding the end.

    Returns:
        The head; None if it is not complete yet.
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
