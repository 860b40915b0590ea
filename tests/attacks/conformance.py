"""RFC 6455 as a table: what a client sends behind its handshake, and what the server answers.

After sections 1 to 7, 9 and 10 of the Autobahn Testsuite. Our contract differs in three places: a
text message of more than 16 KiB in all is closed with 1009, a binary message with 1008, and so is
text that is no JSON object with a ``type``. So what a case sends is wrapped in JSON of a type that
is accepted without a word; that it was accepted is seen by the pong to a ping behind it.

Each case is data; nothing here opens a socket.
"""

import json
import random
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
PROBE = b"still there?"
"""What a ping behind a case carries, where the server is not to close."""

LIMIT_BYTES = 16 * 1024
"""The largest message; the contract's, not RFC 6455's."""

NO_CODE = 1005
"""How a close frame without a code is written here (RFC 6455, 7.1.5)."""

_MASK = bytes((0x37, 0xFA, 0x21, 0x3D))  # of the example in RFC 6455, 5.7


@dataclass(frozen=True, slots=True)
class Case:
    """One connection behind its handshake.

    Args:
        name: the section, and what is special.
        chunks: what is sent, each by itself.
        close: the code that the server closes with; None if it goes on and answers `PROBE`.
        pongs: what comes before that.
        early: the first chunk goes in one packet with the handshake.
    """

    name: str
    chunks: tuple[bytes, ...]
    close: int | None = None
    pongs: tuple[bytes, ...] = ()
    early: bool = False


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bytes | None = _MASK,
    length_bytes: int | None = None,
    claim: int | None = None,
) -> bytes:
    """Make a client's frame (RFC 6455, 5.2), which may be against the rules.

    Args:
        opcode: 0 to 15.
        payload: what it carries, unmasked.
        fin: whether it is the last one of its message.
        rsv: the reserved bits, 0 to 7.
        mask: the masking key; None leaves the mask out.
        length_bytes: the form of the length: 0, 2 or 8 bytes behind the first; None: the shortest.
        claim: another length than the payload's.
    """
    length = len(payload) if claim is None else claim
    if length_bytes is None:
        length_bytes = 0 if length < 126 else 2 if length < 65536 else 8
    masked = 0x80 if mask is not None else 0
    head = bytes([fin << 7 | rsv << 4 | opcode])
    match length_bytes:
        case 0:
            head += bytes([masked | length])
        case 2:
            head += struct.pack("!BH", masked | 126, length)
        case _:
            head += struct.pack("!BQ", masked | 127, length)
    if mask is None:
        return head + payload
    # As whole numbers: byte by byte takes too long for the large ones.
    key = (mask * (len(payload) // 4 + 1))[: len(payload)]
    both = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return head + mask + both.to_bytes(len(payload), "big")


def close_frame(code: int, reason: bytes = b"") -> bytes:
    """Make a client's close frame with a code."""
    return frame(CLOSE, struct.pack("!H", code) + reason)


def wrapped(data: bytes) -> bytes:
    """Wrap text into a message that is accepted without a word."""
    return b'{"type":"x","d":"' + data + b'"}'


def of_size(size: int) -> bytes:
    """Make such a message of so many bytes in all, at least 19."""
    message = wrapped(b"*" * (size - len(wrapped(b""))))
    assert len(message) == size
    return message


def cut(data: bytes, size: int) -> tuple[bytes, ...]:
    """Cut data into pieces of ``size`` bytes."""
    return tuple(data[i : i + size] for i in range(0, len(data), size))


def fragments(opcode: int, parts: Iterable[bytes], *, last: bool = True) -> tuple[bytes, ...]:
    """Make the frames of one message, without its end if not ``last``."""
    parts = tuple(parts)
    return tuple(
        frame(CONTINUATION if i else opcode, part, fin=last and i == len(parts) - 1)
        for i, part in enumerate(parts)
    )


HELLO = wrapped(b"hello")
_BIG = of_size(LIMIT_BYTES)


# ------------------------------------------------------------------- 1: framing

SIZES = (19, 20, 63, 64, 124, 125, 126, 127, 128, 129, 254, 255, 256, 257, 511, 512, 1000, 1023)
SIZES += (1024, 2047, 2048, 4095, 4096, 4097, 8191, 8192, 8193, 16382, 16383, 16384)
TOO_LARGE = (16385, 16386, 20000, 32767, 32768, 65534, 65535, 65536, 65537, 131072)
BINARY_SIZES = (0, 1, 124, 125, 126, 127, 128, 255, 256, 4096, 16384, 16385, 65535, 65536)


def framing() -> Iterator[Case]:
    """Lengths and their forms, masks, and how the bytes come."""
    for size in SIZES:
        whole = frame(TEXT, of_size(size))
        yield Case(f"1.1 text of {size} bytes", (whole,))
        yield Case(f"1.1 text of {size} bytes, in pieces", cut(whole, max(1, size // 40)))
    for size in TOO_LARGE:
        yield Case(f"1.1 text of {size} bytes", (frame(TEXT, of_size(size)),), 1009)
    for size in BINARY_SIZES:
        yield Case(f"1.2 binary of {size} bytes", (frame(BINARY, b"\xfe" * size),), 1008)
    for size in (19, 60, 125, 126, 140):
        yield Case(f"1.3 text of {size} bytes, byte by byte", cut(frame(TEXT, of_size(size)), 1))
        early = (frame(TEXT, of_size(size)),)
        yield Case(f"1.3 text of {size} bytes, right behind the handshake", early, early=True)
    yield Case("1.3 half a frame right behind the handshake", cut(early[0], 70), early=True)
    for size, form in ((0, 2), (0, 8), (19, 2), (19, 8), (125, 2), (125, 8), (126, 8), (65535, 8)):
        payload = of_size(size) if size else b""
        long = frame(TEXT, payload, length_bytes=form)
        yield Case(f"1.4 {size} bytes, their length in {form} bytes", (long,), 1002)
    for claim in (2**63, 2**63 + 5, 2**64 - 1):
        wrong = frame(TEXT, HELLO, claim=claim, length_bytes=8)
        yield Case(f"1.4 a length of {claim:#x}", (wrong,), 1002)
    for claim in (65536, 2**31, 2**32, 2**40, 2**63 - 1):
        more = frame(TEXT, of_size(LIMIT_BYTES + 1), claim=max(claim, 65536), length_bytes=8)
        yield Case(f"1.4 the first 16385 of {claim:#x} bytes", (more,), 1009)
    for name, mask in (("zero", bytes(4)), ("ones", b"\xff" * 4), ("one", b"\0\0\0\1")):
        yield Case(f"1.5 a mask of {name}", (frame(TEXT, HELLO, mask=mask),))
    keys = random.Random(1)
    for number in range(8):
        masked = frame(TEXT, of_size(30 + number), mask=keys.randbytes(4))
        yield Case(f"1.5 mask {number}", cut(masked, 3))
    for opcode, payload in ((TEXT, HELLO), (BINARY, b"x"), (PING, b"x"), (PONG, b""), (PING, b"")):
        bare = frame(opcode, payload, mask=None)
        yield Case(f"1.6 opcode {opcode} of {len(payload)} bytes, unmasked", (bare,), 1002)
    yield Case("1.6 a close, unmasked", (frame(CLOSE, b"\x03\xe8", mask=None),), 1002)
    second = (frame(TEXT, HELLO), frame(TEXT, HELLO, mask=None))
    yield Case("1.6 the second frame is unmasked", second, 1002)
    for text in (b"", b"x", b"{}", b"[]", b"null", b"1", b'"x"', b'{"type":1}', b'{"type":null}',
                 b'{"Type":"x"}', b'{"type":"x"', b'{"type":"x"}}', b"{'type':'x'}",
                 b'{"type":"message","data":NaN}', b'{"type":"x","d":NaN}',
                 b'{"type":"x","d":Infinity}', b'{"type":"x","d":-Infinity}',
                 b'{"type":"x","d":' + b"[" * 8000 + b"}"):  # fmt: skip
        name = text if len(text) < 60 else text[:20] + b"..."
        yield Case(f"1.7 {name.decode()!r}", (frame(TEXT, text),), 1008)
    for text in (b'{"type":""}', b' {"type":"x"}\n', b'{"type":"x","d":{"a":[1,2.5e9,null,true]}}',
                 b'{"type":"pr\\u00fcfung"}', b'{"type":"x","d":"\\ud83d\\ude00"}',
                 b'{"type":"beat"}'):  # fmt: skip
        yield Case(f"1.7 {text.decode()!r}", (frame(TEXT, text),))


# ------------------------------------------------------------------- 2: pings and pongs


def pings() -> Iterator[Case]:
    """Pings are answered with what they carry, in order; pongs are not."""
    for size in (0, 1, 2, 3, 16, 64, 123, 124, 125):
        payload = bytes((7 * i) % 256 for i in range(size))
        yield Case(f"2.1 a ping of {size} bytes", (frame(PING, payload),), pongs=(payload,))
        chopped = cut(frame(PING, payload), 1)
        yield Case(f"2.2 a ping of {size} bytes, byte by byte", chopped, pongs=(payload,))
    for opcode in (PING, PONG):
        for size, form in ((126, 2), (127, 2), (1000, 2), (16385, 2), (65536, 8)):
            large = frame(opcode, b"x" * size, length_bytes=form)
            yield Case(f"2.3 opcode {opcode} of {size} bytes", (large,), 1002)
        for size in (0, 125):
            long = frame(opcode, b"x" * size, length_bytes=2)
            yield Case(f"2.3 opcode {opcode}, {size} bytes, length in two", (long,), 1002)
        yield Case(f"2.4 opcode {opcode} without FIN", (frame(opcode, b"x", fin=False),), 1002)
    for size in (0, 1, 125):
        yield Case(f"2.5 a pong of {size} bytes, unasked", (frame(PONG, b"p" * size),))
    both = (frame(PONG, b"a"), frame(PING, b"b"), frame(PONG, b"c"))
    yield Case("2.6 a ping among pongs", both, pongs=(b"b",))
    ten = tuple(b"ping %d" % number for number in range(10))
    yield Case("2.7 ten pings", tuple(frame(PING, it) for it in ten), pongs=ten)
    yield Case("2.7 ten pings in one packet", (b"".join(frame(PING, p) for p in ten),), pongs=ten)
    stream = b"".join(frame(PING, p) for p in ten)
    yield Case("2.7 ten pings in pieces of 7 bytes", cut(stream, 7), pongs=ten)
    sizes = tuple(b"%" * size for size in range(126))
    yield Case("2.8 every size", (b"".join(frame(PING, p) for p in sizes),), pongs=sizes)
    yield Case("2.9 behind the handshake", (frame(PING, b"e"),), pongs=(b"e",), early=True)
    bad = (frame(PING, b"\xff\xfe\x00"),)
    yield Case("2.9 a ping need not be UTF-8", bad, pongs=(b"\xff\xfe\x00",))


# ------------------------------------------------------------------- 3 and 4: what is reserved


def reserved() -> Iterator[Case]:
    """Reserved bits and opcodes end a connection with 1002, wherever they come."""
    for rsv in range(1, 8):
        for name, opcode, payload in (
            ("text", TEXT, HELLO), ("an empty text", TEXT, b""), ("binary", BINARY, b"x"),
            ("a ping", PING, b"x"), ("a close", CLOSE, b"\x03\xe8"),
        ):  # fmt: skip
            bits = frame(opcode, payload, rsv=rsv)
            yield Case(f"3 bits {rsv:03b} on {name}", (bits,), 1002)
        between = (frame(TEXT, HELLO, fin=False), frame(CONTINUATION, b"", rsv=rsv))
        yield Case(f"3 bits {rsv:03b} on a continuation", between, 1002)
        behind = (frame(TEXT, HELLO), frame(PING, b"first"), frame(TEXT, HELLO, rsv=rsv))
        yield Case(f"3 bits {rsv:03b} behind a ping", behind, 1002, (b"first",))
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        yield Case(f"4 opcode {opcode}", (frame(opcode),), 1002)
        yield Case(f"4 opcode {opcode} with a payload", (frame(opcode, b"reserved"),), 1002)
        behind = (frame(TEXT, HELLO), frame(PING, b"first"), frame(opcode))
        yield Case(f"4 opcode {opcode} behind a ping", behind, 1002, (b"first",))
        between = (frame(TEXT, HELLO, fin=False), frame(opcode), frame(CONTINUATION))
        yield Case(f"4 opcode {opcode} between fragments", between, 1002)


# ------------------------------------------------------------------- 5: fragmentation


def fragmentation() -> Iterator[Case]:
    """Messages in several frames, and control frames between them."""
    halves = (HELLO[:9], HELLO[9:])
    two = fragments(TEXT, halves)
    yield Case("5.1 two fragments", two)
    yield Case("5.1 two fragments in one packet", (b"".join(two),))
    yield Case("5.1 two fragments, byte by byte", cut(b"".join(two), 1))
    yield Case("5.1 two fragments, the first one behind the handshake", two, early=True)
    for count in (2, 3, 10, 22):
        parts = cut(HELLO, -(-len(HELLO) // count))
        yield Case(f"5.1 {len(parts)} fragments", fragments(TEXT, parts))
    ones = fragments(TEXT, cut(HELLO, 1))
    yield Case("5.1 fragments of one byte", ones)
    yield Case("5.1 fragments of one byte in one packet", (b"".join(ones),))
    for where, parts in (("first", (b"", HELLO)), ("last", (HELLO, b"")),
                         ("in the middle", (HELLO[:5], b"", HELLO[5:])),
                         ("all but one", (b"", b"", HELLO, b"", b""))):  # fmt: skip
        yield Case(f"5.2 an empty fragment {where}", fragments(TEXT, parts))
    yield Case("5.2 nothing but empty fragments", fragments(TEXT, (b"", b"", b"")), 1008)
    yield Case("5.2 a binary message in fragments", fragments(BINARY, (b"a", b"b")), 1008)
    for pings_between in (1, 2, 20):
        sent = tuple(b"%d" % n for n in range(pings_between))
        inside = (two[0], *(frame(PING, payload) for payload in sent), two[1])
        yield Case(f"5.3 {pings_between} pings between fragments", inside, pongs=sent)
        together = (b"".join(inside),)
        yield Case(f"5.3 {pings_between} pings between, in one packet", together, pongs=sent)
        bytewise = cut(together[0], 1)
        yield Case(f"5.3 {pings_between} pings between, byte by byte", bytewise, pongs=sent)
    yield Case("5.3 a pong between fragments", (two[0], frame(PONG, b"x"), two[1]))
    unfinished = (two[0], frame(PING, b"now"))
    yield Case("5.3 a ping is answered before the message ends", unfinished, pongs=(b"now",))
    for code in (1000, 4000):
        ended = (two[0], close_frame(code))
        yield Case(f"5.4 close {code} between fragments", ended, code)
    lone = frame(CONTINUATION, HELLO)
    yield Case("5.5 a continuation of nothing", (lone,), 1002)
    yield Case("5.5 an empty continuation of nothing", (frame(CONTINUATION),), 1002)
    yield Case("5.5 ... without FIN", (frame(CONTINUATION, HELLO, fin=False),), 1002)
    yield Case("5.5 ... behind a whole message", (frame(TEXT, HELLO), lone), 1002)
    yield Case("5.5 ... behind a fragmented one", (*two, lone), 1002)
    yield Case("5.5 ... behind the handshake", (lone,), 1002, early=True)
    for name, opcode in (("text", TEXT), ("binary", BINARY)):
        for fin in (True, False):
            wrong = (two[0], frame(opcode, HELLO, fin=fin))
            ending = "whole" if fin else "begun"
            yield Case(f"5.6 {name}, {ending}, within a message", wrong, 1002)
    for name, opcode, payload in (("ping", PING, b"x"), ("pong", PONG, b"x"),
                                  ("close", CLOSE, b"\x03\xe8")):  # fmt: skip
        wrong = (frame(opcode, payload, fin=False), frame(CONTINUATION, b""))
        yield Case(f"5.7 a {name} in fragments", wrong, 1002)
        within = (two[0], frame(opcode, payload, fin=False))
        yield Case(f"5.7 a {name} without FIN within a message", within, 1002)
    several = (*two, *fragments(TEXT, cut(HELLO, 4)), *two)
    yield Case("5.8 three fragmented messages", several)
    for size in (1, 4, 16, 64):
        parts = cut(of_size(200), size)
        yield Case(f"5.8 200 bytes in fragments of {size}", fragments(TEXT, parts))


# ------------------------------------------------------------------- 6: UTF-8

VALID_TEXT = (
    "Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!", "\u03ba\u1f79\u03c3\u03bc\u03b5",
    "\u65e5\u672c", "\U0001f600\U0001f601", "\ufeff", "\x7f", "\x80", "\u07ff", "\u0800",
    "\ud7ff", "\ue000", "\ufffd", "\ufffe", "\uffff", "\U00010000", "\U0001fffe", "\U0001ffff",
    "\U000ffffe", "\U0010ffff", "a\u0310", "\u2028",
)  # fmt: skip

NEVER_VALID = (
    # After Markus Kuhn's decoder test: each can't become valid, whatever comes behind it.
    b"\x80", b"\xbf", b"\x80\xbf", b"\x80\xbf\x80", b"\xc0\x20", b"\xdf\x20", b"\xe0\x20",
    b"\xef\x20", b"\xf0\x20", b"\xf4\x20", b"\xe1\x80\x20", b"\xf1\x80\x80\x20", b"\xfe", b"\xff",
    b"\xf5", b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80", b"\xc0\xaf", b"\xc1\xbf",
    b"\xe0\x80\xaf", b"\xe0\x9f\xbf", b"\xf0\x80\x80\xaf", b"\xf0\x8f\xbf\xbf", b"\xc0\x80",
    b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xae\x80",
    b"\xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xf7\xbf\xbf\xbf",
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
)  # fmt: skip

CUT_SHORT = (b"\xc2", b"\xdf", b"\xe0\xa0", b"\xe1", b"\xef\xbf", b"\xf0\x90", b"\xf0\x90\x80",
             b"\xf4\x8f\xbf", b"\xed\x9f")  # fmt: skip


def utf8() -> Iterator[Case]:
    """Text is UTF-8; what can't be is refused as soon as it has come."""
    for text in VALID_TEXT:
        data = text.encode()
        name = ascii(text)
        message = wrapped(data)
        yield Case(f"6.1 {name}", (frame(TEXT, message),))
        if len(text) > 2:
            continue
        yield Case(f"6.2 {name}, a fragment for each byte", fragments(TEXT, cut(message, 1)))
        yield Case(f"6.2 {name}, byte by byte", cut(frame(TEXT, message), 1))
    for data in NEVER_VALID:
        name = data.hex(" ")
        yield Case(f"6.3 {name}", (frame(TEXT, wrapped(data)),), 1007)
        begun = fragments(TEXT, (b'{"type":"x","d":"' + data,), last=False)
        yield Case(f"6.4 {name}, before the message ends", begun, 1007)
    for data in NEVER_VALID[:12]:
        # The rest of the frame doesn't come: what has come must be enough.
        begun = cut(frame(TEXT, b'{"type":"x","d":"' + data, claim=100), 1)
        yield Case(f"6.5 {data.hex(' ')}, before the frame ends", begun, 1007)
    for data in CUT_SHORT:
        name = data.hex(" ")
        opening = b'{"type":"x","d":"' + data
        yield Case(f"6.6 {name} at the end", (frame(TEXT, opening),), 1007)
        yield Case(f"6.6 {name} at the end of two", fragments(TEXT, (opening, b"")), 1007)
        more = (frame(TEXT, opening, fin=False),)
        yield Case(f"6.6 {name} at the end of a fragment may be completed", more)
        yield Case(f"6.6 {name} and then no more of it", fragments(TEXT, (opening, b'"}')), 1007)
    begun = fragments(TEXT, (b'{"type":"x","d":"\xf0\x9f', b'\x98\x80"}'))
    between = (begun[0], frame(PING, b"\xff"), begun[1])
    yield Case("6.7 a ping in the middle of a character", between, pongs=(b"\xff",))


# ------------------------------------------------------------------- 7: closing

CLOSES_WELL = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014)
CLOSES_WELL += (3000, 3001, 3999, 4000, 4001, 4999)
CLOSES_BADLY = (0, 1, 16, 100, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000)
CLOSES_BADLY += (5001, 9999, 32768, 65535)


def closing() -> Iterator[Case]:
    """A close is answered with its own code; one against the rules with 1002."""
    yield Case("7.1 without a code", (frame(CLOSE),), NO_CODE)
    yield Case("7.1 behind the handshake", (frame(CLOSE),), NO_CODE, early=True)
    for code in CLOSES_WELL:
        yield Case(f"7.7 code {code}", (close_frame(code),), code)
        yield Case(f"7.7 code {code} with a reason", (close_frame(code, b"because"),), code)
    for code in CLOSES_BADLY:
        yield Case(f"7.9 code {code}", (close_frame(code),), 1002)
        yield Case(f"7.9 code {code} with a reason", (close_frame(code, b"because"),), 1002)
    for byte in (0, 3, 255):
        yield Case(f"7.3 one byte, {byte}", (frame(CLOSE, bytes([byte])),), 1002)
    for size in (1, 122, 123):
        yield Case(f"7.3 a reason of {size} bytes", (close_frame(1000, b"*" * size),), 1000)
    for size in (124, 125, 1000):
        yield Case(f"7.3 a reason of {size} bytes", (close_frame(1000, b"*" * size),), 1002)
    for reason in (
        b"\xff",
        b"\xce\xba\xe1",
        b"\xed\xa0\x80",
        b"\xc0\x80",
        b"good \xf4\x90\x80\x80",
    ):
        name = reason.hex(" ")
        yield Case(f"7.5 a reason that is no UTF-8, {name}", (close_frame(1000, reason),), 1007)
    yield Case(
        "7.5 a reason in Greek",
        (close_frame(1000, "\u03ba\u1f79\u03c3\u03bc\u03b5".encode()),),
        1000,
    )
    chopped = cut(close_frame(1000, b"because"), 1)
    yield Case("7.5 a close, byte by byte", chopped, 1000)
    good = close_frame(1000)
    for name, more in (("a ping", frame(PING, b"late")), ("text", frame(TEXT, HELLO)),
                       ("a close", close_frame(1001)), ("what is no frame", b"\xff" * 40),
                       ("binary", frame(BINARY, b"x")), ("a lone continuation", frame(0, b"x")),
                       ("much", frame(TEXT, of_size(20000)))):  # fmt: skip
        yield Case(f"7.1 {name} behind the close", (good, more), 1000)
        yield Case(f"7.1 {name} behind the close, in one packet", (good + more,), 1000)
    before = (frame(TEXT, HELLO), frame(PING, b"first"), good)
    yield Case("7.1 text and a ping before the close", before, 1000, (b"first",))
    begun = (frame(TEXT, HELLO, fin=False), frame(PING, b"first"), good)
    yield Case("7.1 a ping and the close within a message", begun, 1000, (b"first",))


# ------------------------------------------------------------------- 9 and 10: limits and numbers


def limits() -> Iterator[Case]:
    """Much at once: up to 16 KiB and 500 frames a second is fine, and not one byte more."""
    for size in (64, 256, 1000, 4096, 16383):
        parts = fragments(TEXT, cut(_BIG, size))
        yield Case(f"9.3 16384 bytes in fragments of {size}", (b"".join(parts),))
        yield Case(f"9.3 ... each by itself, {size}", parts)
        over = fragments(TEXT, cut(of_size(LIMIT_BYTES + 1), size))
        yield Case(f"9.3 16385 bytes in fragments of {size}", (b"".join(over),), 1009)
        endless = fragments(TEXT, cut(of_size(LIMIT_BYTES + 1), size), last=False)
        yield Case(f"9.3 ... that do not end, {size}", endless, 1009)
    for size in (64, 128, 256, 512, 1024, 1300, 4096):
        yield Case(f"9.5 16384 bytes in writes of {size}", cut(frame(TEXT, _BIG), size))
    for size in (16385, 70000):
        chopped = cut(frame(TEXT, of_size(size)), 1300)
        yield Case(f"9.5 {size} bytes in writes of 1300", chopped, 1009)
    for count in (2, 10, 100, 400):
        many = frame(TEXT, HELLO) * count
        yield Case(f"9.7 {count} messages in one packet", (many,))
        sent = tuple(b"%d" % n for n in range(count))
        together = b"".join(frame(PING, p) for p in sent)
        yield Case(f"9.8 {count} pings in one packet", (together,), pongs=sent)
        yield Case(f"9.8 {count} pings in pieces", cut(together, 1300), pongs=sent)
    yield Case("9.7 ten messages of 16384 bytes", (frame(TEXT, _BIG) * 10,))
    yield Case("9.7 small and large ones", (frame(TEXT, HELLO) + frame(TEXT, _BIG), frame(PONG)))
    sizes = (frame(TEXT, of_size(LIMIT_BYTES)), frame(TEXT, of_size(LIMIT_BYTES + 1)))
    yield Case("9.7 the second one is too large", sizes, 1009)
    wide = wrapped("\u00fc".encode() * 8182) + b" "
    yield Case("9.9 the limit is in bytes: 16384", (frame(TEXT, wide[:LIMIT_BYTES]),))
    wider = wrapped("\u00fc".encode() * 8184)
    yield Case("9.9 the limit is in bytes: more", (frame(TEXT, wider),), 1009)
    empty = fragments(TEXT, (HELLO, *(b"" for _ in range(300))))
    yield Case("10.1 300 empty fragments", (b"".join(empty),))
    for size in (1, 2, 5):
        parts = fragments(TEXT, cut(of_size(300), size))
        yield Case(f"10.1 300 bytes in fragments of {size}, in pieces", cut(b"".join(parts), 97))


SECTIONS = {
    "framing": framing,
    "pings": pings,
    "reserved": reserved,
    "fragmentation": fragmentation,
    "utf8": utf8,
    "closing": closing,
    "limits": limits,
}


def cases() -> list[Case]:
    """All of them."""
    return [case for section in SECTIONS.values() for case in section()]


if __name__ == "__main__":
    print(json.dumps({name: len(list(make())) for name, make in SECTIONS.items()}))
    print(len(cases()), "cases,", len({case.name for case in cases()}), "names")
