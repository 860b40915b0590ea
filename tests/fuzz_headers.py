"""Requests whose headers, path and query hold whatever a client can send.

`make_case` makes one from a seed; `run` sends many to a running bridge. A bridge may refuse them,
and never fails: no 5xx, and an answer within the limit. By itself, against a bridge that runs:

    python tests/fuzz_headers.py 8000
"""

import base64
import random
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass

LIMIT_S = 15.0
"""How long an answer may take, in seconds."""

NONSENSE = (
    b"",
    b" ",
    b"\xff",
    b"\xff\xfe\xfd",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xed\xa0\x80\xed\xb0\x80",
    b"\xf0\x9f\x98\x80",
    "ä".encode(),
    "¹²³".encode(),
    "٣".encode(),
    b"\x7f",
    b"\t",
    b"=",
    b";",
    b",",
    b":",
    b"%",
    b"%%s%d%n",
    b"%ff",
    b"%ed%a0%80",
    b"%00",
    b"{}{0}{a.b}",
    b"{{7*7}}",
    b'"',
    b'"unfinished',
    b'"\\',
    b"\\",
    b"'",
    b"<script>",
    b"[",
    b"]",
    b"[::1",
    b"//",
    b"../../etc/passwd",
    b"null",
    b"*",
    b"-1",
    b"0",
    b"1e9",
    b"+1",
    b"0x10",
    b"1" * 400,
    b"9" * 5000,
    b"a" * 3000,
    b"=" * 500,
    b"," * 1000,
    b";a=b" * 300,
)
"""What a value may be, or have in it."""

HOSTS = (
    b"[::1]evil.example",
    b"127.0.0.1:evil",
    b"127.0.0.1:99999",
    b"127.0.0.1:-1",
    b"[::1",
    b"[::1]:",
    b"[fe80::1%25lo]",
    b"user@127.0.0.1",
    b"127.0.0.1 evil",
    b"127.0.0.1:\xd9\xa3",
    b"0x7f.1",
    b"127.1",
    b"localhost.",
    b"evil.example",
    b"xn--\xff",
    b"a" * 300 + b".example",
    b"." * 200,
)

PATHS = (
    b"/",
    b"/welcome",
    b"/open",
    b"/static/a.txt",
    b"/static/%ff",
    b"/static/%00",
    b"/static/..%2f..%2fetc/passwd",
    b"/static/" + b"a" * 300,
    b"/favicon.ico",
    b"/healthz",
    b"/metrics",
    b"/simulator",
    b"/simulator/pins/button",
    b"/simulator/pins/%ed%a0%80",
    b"/api/messages",
    b"/api/navigate",
    b"/api/pins/button",
    b"/api/pins/%ff",
    b"/ws/welcome",
    b"/ws/%ff",
    b"/gpiobridge/client.js",
    b"/gpiobridge/%00",
    b"/gpiobridge/next/welcome",
    b"/gpiobridge/next/%c3%28",
    b"/gpiobridge/start",
    b"/gpiobridge/start?display=%ff%0d%0a",
    b"/gpiobridge/displays?display=%ff",
    b"/gpiobridge/stage?page=%c3%28&display=%00&ahead=%ff",
    b"/gpiobridge/stage.json?ahead=1e9",
    b"/gpiobridge/stage/held",
    b"//",
    b"//evil.example/welcome",
    b"/welcome/",
    b"/%",
    b"/%zz",
    b"/%ff%fe",
    b"/%00",
    b"/%0d%0aSet-Cookie:a=b",
    b"/;a=b",
)

QUERIES = (
    b"token=%ff",
    b"token=%ed%a0%80",
    b"token=\xff",
    b"token=" + "ä".encode(),
    b"token",
    b"token=&token=x",
    b"display=%00%ff",
    b"display=%ed%a0%80",
    b"display=" + b"x" * 2000,
    b"cursor=:::&cursor=1&cursor=%ff",
    b"since=%ff",
    b"taking=1e400",
    b"taking=%ff",
    b"declined=%ff:%ff",
    b"v=%ff",
    b"&&==&=",
    b"a=" * 1000,
    b"%",
)

DATES = (
    b"Mon, 01 Jan 2024 00:00:00 GMT",
    b"Mon, 01 Jan 0000 00:00:00 GMT",
    b"Mon, 01 Jan 99999 00:00:00 GMT",
    b"Mon, 01 Jan 2024 00:00:00 +99999999999999999999",
    b"Mon, 31 Feb 2024 25:61:61 GMT",
    b"01 Jan 1 00:00:00 -2359",
    b"Fri, 31 Dec 9999 23:59:59 -2359",
    b'W/"',
    b'"a", W/"b", *',
)

RANGES = (
    b"bytes=0-",
    b"bytes=-5",
    b"bytes=5-2",
    b"bytes=0-1,2-3",
    b"bytes=" + b"0-1," * 500,
    b"bytes=-",
    b"bytes=" + "¹".encode() + b"-",
    b"bytes=0-" + b"9" * 5000,
    b"bytes=" + b"9" * 30 + b"-",
    b"pages=1-2",
    b"bytes 0-1",
    b"=",
)

TYPES = (
    b"application/json; charset=\xff",
    b"application/json; charset=nosuch",
    b"application/json; charset*=utf-8''%ff",
    b"application/json; charset*=nosuch''%41",
    b"application/json; a*0*=x''%ff; a*1=b",
    b"multipart/form-data",
    b"multipart/form-data; boundary=\xff",
    b"multipart/form-data; boundary=" + b"x" * 1000,
    b"application/x-www-form-urlencoded; charset=idna",
    b"/",
    b";;;",
)

AUTHORIZATIONS = (
    b"Basic \xff",
    b"Basic",
    b"Basic " + base64.b64encode(b"\xff\xfe"),
    b"Basic " + base64.b64encode(b"no colon"),
    b"Basic ====",
    b"Basic a",
    b"Bearer",
    b"Bearer \xff",
    b"Bearer a b c",
    b"Bearer a=b, c",
    b"Digest username=\xff, realm",
    b"Digest username*=nosuch''%ff, a=\"",
    b"Digest ,,,=",
    b"Negotiate \xff",
    b"\xff \xff",
)

VALUES = {
    b"Authorization": AUTHORIZATIONS,
    b"Cookie": (b"gpiobridge=\xff", b"a", b"=", b'a="\\777"', b'a="\\9', b"\xff=\xff; $Version=1"),
    b"Host": HOSTS,
    b"Origin": (b"null", b"http://[::1", b"http://\xff", b"https://127.0.0.1", b"://", b"file://"),
    b"Range": RANGES,
    b"If-Range": DATES,
    b"If-None-Match": DATES,
    b"If-Match": DATES,
    b"If-Modified-Since": DATES,
    b"If-Unmodified-Since": DATES,
    b"Content-Length": (b"-1", b"\xff", b"1,1", b"9" * 30, b"0x1", b"+1", "¹".encode()),
    b"Content-Type": TYPES,
    b"Content-Encoding": (b"gzip", b"\xff"),
    b"Accept": (b"text/html;q=\xff", b"*/*;q=1e400", b";q=", b"a/b;level=" + b"9" * 500),
    b"Accept-Charset": (b"\xff;q=nan",),
    b"Accept-Encoding": (b"gzip;q=-1", b"identity;q=0,*;q=0"),
    b"Accept-Language": (b"\xff-\xff;q=inf",),
    b"X-Forwarded-For": (b"\xff", b"127.0.0.1, ::1", b"[::1"),
    b"X-Forwarded-Proto": (b"https", b"\xff", b"javascript"),
    b"X-Forwarded-Host": (b"[::1", b"evil.example"),
    b"X-Forwarded-Prefix": (b"//evil.example", b"\xff"),
    b"Forwarded": (b"for=\xff;proto=", b"for=127.0.0.1"),
    b"Expect": (b"100-continue", b"\xff", b"200-ok"),
    b"Cache-Control": (b"max-age=\xff", b'max-age="9"', b"=,="),
    b"Pragma": (b"\xff",),
    b"Referer": (b"http://[", b"\xff"),
    b"User-Agent": (b"%s %d", b"\xff"),
    b"Sec-Purpose": (b"prefetch;\xff",),
    b"Upgrade": (b"websocket", b"\xff", b"h2c"),
    b"Connection": (b"Upgrade", b"\xff", b"keep-alive, Upgrade", b"close"),
    b"Sec-WebSocket-Key": (b"\xff", b"====", base64.b64encode(b"x" * 16), b"a" * 3000),
    b"Sec-WebSocket-Version": (b"13", b"\xff", b"12", b"13, 8"),
    b"Sec-WebSocket-Protocol": (b"\xff", b",,,", b"a b"),
    b"Sec-WebSocket-Extensions": (b"permessage-deflate; \xff", b"; ; ="),
    b"Max-Forwards": (b"\xff",),
    b"Date": DATES,
}
"""What each header may hold beside nonsense."""

METHODS = (b"GET", b"GET", b"GET", b"GET", b"POST", b"POST", b"HEAD", b"OPTIONS", b"PUT", b"DELETE")

BODIES = (
    b"",
    b'{"data": 1}',
    b'{"to": "open"}',
    b'{"level": "low"}',
    b'{"data": "\\ud800"}',
    b'{"to": "\\ud800"}',
    b'{"level": "low", "for": "\\ud800"}',
    b'{"\\ud800": 1}',
    b'{"data": 1, "page": []}',
    b'{"data": 1, "display": "\\u0000"}',
    b'{"data": NaN}',
    b'{"data": 1e999}',
    b'{"data": ' + b"9" * 5000 + b"}",
    b"[" * 5000,
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b"a=b&c=\xff",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A request.

    Args:
        method: its method.
        target: its path and query, as they are sent.
        headers: names and values, in their order.
        body: what comes behind the head.
    """

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def sent(self) -> bytes:
        """The request as it is sent."""
        head = [self.method + b" " + self.target + b" HTTP/1.1"]
        head += [name + b": " + value for name, value in self.headers]
        return b"\r\n".join(head) + b"\r\n\r\n" + self.body


def make_case(rng: random.Random, port: int, token: str = "") -> Case:
    """Make a request that is wrong in some ways, and right in others, so that it gets far.

    Args:
        rng: decides.
        port: the bridge's, for a right Host.
        token: what the bridge asks for, which some of the requests send.
    """
    target = rng.choice(PATHS)
    if rng.random() < 0.2:
        target += _encoded(rng.choice(NONSENSE))[:1000]
    if rng.random() < 0.5:
        query = b"&".join(rng.choice(QUERIES) for _ in range(rng.randrange(1, 3)))
        target += b"?" + _encoded(query)
    body = rng.choice(BODIES) if rng.random() < 0.4 else b""
    headers: dict[bytes, bytes] = {b"Host": f"127.0.0.1:{port}".encode()}
    if token and rng.random() < 0.5:
        headers[b"Authorization"] = f"Bearer {token}".encode()
    if body or rng.random() < 0.1:
        headers[b"Content-Length"] = str(len(body)).encode()
    if target.startswith(b"/ws/") and rng.random() < 0.7:
        headers |= {
            b"Upgrade": b"websocket",
            b"Connection": b"Upgrade",
            b"Sec-WebSocket-Version": b"13",
            b"Sec-WebSocket-Key": base64.b64encode(b"x" * 16),
        }
    for _ in range(rng.randrange(1, 5)):
        name = rng.choice(tuple(VALUES))
        headers[name] = _value(rng, name)
    pairs = [*headers.items()]
    if rng.random() < 0.1:
        pairs.append(rng.choice(pairs))  # twice
    return Case(rng.choice(METHODS), target, tuple(pairs), body)


def _value(rng: random.Random, name: bytes) -> bytes:
    known = rng.choice(VALUES[name])
    chance = rng.random()
    if chance < 0.5:
        return known
    if chance < 0.75:
        return rng.choice(NONSENSE)
    at = rng.randrange(len(known) + 1)
    return known[:at] + rng.choice(NONSENSE) + known[at:]


def _encoded(target: bytes) -> bytes:
    """Encode what would end the request line; all else may stand there as it is."""
    return target.replace(b" ", b"%20").replace(b"\t", b"%09")


def cases(count: int, seed: int, port: int, token: str = "") -> Iterator[Case]:
    """Make ``count`` requests; the same for the same seed."""
    for number in range(count):
        yield make_case(random.Random(f"{seed}-{number}"), port, token)


def run(port: int, count: int = 5000, seed: int = 1, token: str = "") -> list[str]:
    """Send requests to a bridge on 127.0.0.1, one after the other.

    Args:
        port: the bridge's.
        count: how many requests.
        seed: which requests.
        token: what the bridge asks for; half of the requests send it.

    Returns:
        What went wrong, a sentence each; at most 20.
    """
    failures: list[str] = []
    for number, case in enumerate(cases(count, seed, port, token)):
        failure = _failure(port, case)
        if failure:
            failures.append(f"case {number} of seed {seed}: {failure}; sent {case.sent[:400]!r}")
            if len(failures) >= 20:
                break
    return failures


def _failure(port: int, case: Case) -> str:
    """Send one request, and say what is wrong with the answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), LIMIT_S) as sock:
            return judge(first_line(sock, case.sent))
    except TimeoutError:
        return f"no answer within {LIMIT_S:g} s"
    except OSError as error:
        return f"no connection: {error}"


def first_line(sock: socket.socket, sent: bytes) -> bytes:
    """Send a request, end our direction, and read the first line of the answer, if one comes.

    The word that the body may come (100) is no answer.
    """
    try:
        sock.sendall(sent)
        sock.shutdown(socket.SHUT_WR)  # a body that is too short never ends otherwise
        answer = b""
        while b"\r\n" not in answer and (data := sock.recv(4096)):
            answer += data
            if answer.startswith(b"HTTP/1.1 100") and b"\r\n\r\n" in answer:
                answer = answer.partition(b"\r\n\r\n")[2]
    except ConnectionError:  # refused before all of it was read
        return b""
    return answer.partition(b"\r\n")[0]


def judge(status_line: bytes) -> str:
    """Say what is wrong with an answer's first line; none at all is a refusal, too."""
    if not status_line:
        return ""
    words = status_line.split(b" ", 2)
    if len(words) < 2 or not words[1].isdigit():
        return f"the answer begins with {status_line[:80]!r}"
    return f"it answered {words[1].decode()}" if int(words[1]) >= 500 else ""


if __name__ == "__main__":
    found = run(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5000)
    print("\n".join(found) or "no failure")
    sys.exit(bool(found))
