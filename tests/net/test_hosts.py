"""What a Host and an Origin may be: read strictly, and compared with scheme and port."""

from collections.abc import Callable, Iterator
from ipaddress import IPv6Address
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from harness.exhibit import write_exhibit
from werkzeug.test import EnvironBuilder, run_wsgi_app

from gpiobridge import config
from gpiobridge.net.hosts import Host, Origin, origin_of, read_host, read_origin
from gpiobridge.serve.standalone import create_app

URL = 'url = "https://pi.example.org"'
ALLOWED = 'allowed_hosts = ["pi.example.org"]'
TOKEN = "correct-horse_battery"

LOOSE = (
    "", " ", "[::1]evil.example", "[::1].evil.example", "127.0.0.1:evil", "127.0.0.1:99999",
    "127.0.0.1:65536", "127.0.0.1:0", "127.0.0.1:-1", "127.0.0.1:+80", "127.0.0.1: 80",
    "127.0.0.1:80:80", "127.0.0.1:", "localhost:", "[::1]:", "[::1", "::1", "::1]", "[]", "[::1]]",
    "[::g]", "[::1%25lo]", "[fe80::1%lo]", "[127.0.0.1]", "[::1]:evil", "[::1]:99999", "[v1.a]",
    "user@127.0.0.1", "127.0.0.1@evil.example", "localhost evil", " localhost", "localhost ",
    "localhost\t", "localhost\x00", "127.0.0.1:\uff18\uff10", "127.0.0.1:\u0663",
    "\uff11\uff12\uff17.0.0.1",
    "127.0.0.1\xa0", "locälhost", "0x7f.1", "0x7f.0.0.1", "127.1", "127.0.1", "2130706433",
    "0177.0.0.1", "127.0.0.01", "127.0.0.256", "127.0.0.1.1", "1", "0x", "evil.0x1", "localhost.",
    "127.0.0.1.", "pi.example.org.", "127.0.0.1..", ".", ".localhost", "a..b", "-a.example",
    "a-.example", "a/b", "localhost/", "localhost?", "localhost#", "localhost\\", "http://localhost",
    "localhost,localhost", "127.0.0.1:80,127.0.0.1:80", "*", "%6cocalhost", "local%68ost",
    "a" * 64 + ".example", ".".join(["a" * 60] * 5), "localhost;a", "localhost'", "(localhost)",
)  # fmt: skip
"""What is no host, or one that not everybody reads alike."""


@pytest.mark.parametrize("text", LOOSE)
def test_a_loose_host_is_none(text: str) -> None:
    """What can be read in two ways is read in none."""
    assert read_host(text) is None


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("localhost", Host("localhost")),
        ("LocalHost:8000", Host("localhost", 8000)),
        ("127.0.0.1", Host("127.0.0.1")),
        ("192.168.1.10:80", Host("192.168.1.10", 80)),
        ("[::1]:8000", Host("::1", 8000)),
        ("[0:0:0:0:0:0:0:1]", Host("::1")),
        ("[2001:DB8::A]", Host("2001:db8::a")),
        ("[::ffff:127.0.0.1]", Host(str(IPv6Address("::ffff:7f00:1")))),
        ("Pi.Example.org:65535", Host("pi.example.org", 65535)),
        ("my_pi.local", Host("my_pi.local")),
        ("3d.example", Host("3d.example")),
        ("xn--mller-kva.example", Host("xn--mller-kva.example")),
        ("localhost:00080", Host("localhost", 80)),
    ],
)
def test_a_right_host_is_read(text: str, host: Host) -> None:
    """A name or an address, in one form, and its port."""
    assert read_host(text) == host


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://pi.example.org", Origin("https", Host("pi.example.org", 443))),
        ("http://[::1]:8000", Origin("http", Host("::1", 8000))),
        ("HTTP://LOCALHOST", Origin("http", Host("localhost", 80))),
        ("null", None),
        ("file://", None),
        ("ftp://localhost", None),
        ("http://localhost/", None),
        ("http://localhost.", None),
        ("http://localhost, http://localhost", None),
        ("http://user@localhost", None),
        ("http:localhost", None),
        ("//localhost", None),
        ("localhost", None),
        ("", None),
    ],
)
def test_an_origin_is_a_scheme_and_a_host(text: str, origin: Origin | None) -> None:
    """With the port that counts, and nothing behind it."""
    assert read_origin(text) == origin


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[[str], FlaskClient]]:
    """A function that gives a client of an exhibit with some keys in [server]."""
    apps = []

    def serve(server: str) -> FlaskClient:
        app = create_app(config.load(write_exhibit(tmp_path, server), environ={}))
        apps.append(app)
        return app.test_client()

    yield serve
    for app in apps:
        app.extensions["gpiobridge"].stop()


def test_a_loose_host_is_never_accepted(served: Callable[[str], FlaskClient]) -> None:
    """400 or 421 for pages, files, sockets and the API alike."""
    app = served(f'{URL}\n{ALLOWED}\napi = "local"').application
    for path in ("/welcome", "/static/a.txt", "/healthz", "/ws/welcome", "/nothing", "/"):
        wrong = {}
        for text in LOOSE:
            if not (sent := text.encode("utf-8").decode("latin-1")).isprintable():
                continue  # no server passes it on
            # Not by the client: that of Werkzeug 3.1.6 reads the Host itself, and fails.
            environ = EnvironBuilder(path).get_environ() | {"HTTP_HOST": sent}
            status = int(run_wsgi_app(app, environ, buffered=True)[1].split()[0])
            if status not in (400, 421):
                wrong[text] = status
        assert wrong == {}, path


@pytest.mark.parametrize(
    ("server", "host", "origin", "status"),
    [
        # Without server.url: as the bridge is asked, by plain http.
        ("", "127.0.0.1:8000", "http://127.0.0.1:8000", 200),
        ("", "127.0.0.1:8000", "https://127.0.0.1:8000", 403),
        ("", "127.0.0.1:8000", "http://127.0.0.1", 403),
        ("", "127.0.0.1:8000", "http://127.0.0.1:8001", 403),
        ("", "127.0.0.1:8000", "http://localhost:8000", 403),
        ("", "localhost", "http://localhost", 200),
        ("", "localhost:80", "http://localhost", 200),
        ("", "localhost", "https://localhost", 403),
        ("", "[::1]:8000", "http://[::1]:8000", 200),
        ("", "127.0.0.1:8000", "null", 403),
        ("", "127.0.0.1:8000", "", 403),
        # An allowed name may be a proxy's, which speaks TLS.
        (ALLOWED, "pi.example.org", "https://pi.example.org", 200),
        (ALLOWED, "pi.example.org", "http://pi.example.org", 200),
        (ALLOWED, "pi.example.org:8443", "https://pi.example.org:8443", 200),
        (ALLOWED, "pi.example.org", "https://pi.example.org:8443", 403),
        (ALLOWED, "127.0.0.1:8000", "https://pi.example.org", 403),
        # With server.url: exactly that, and a local browser by its own address.
        (URL, "pi.example.org", "https://pi.example.org", 200),
        (URL, "pi.example.org", "http://pi.example.org", 403),
        (URL, "pi.example.org:8000", "http://pi.example.org:8000", 403),
        (URL, "pi.example.org", "https://pi.example.org:8443", 403),
        (URL, "127.0.0.1:8000", "https://pi.example.org", 200),
        (URL, "127.0.0.1:8000", "http://127.0.0.1:8000", 200),
        (URL, "127.0.0.1:8000", "https://127.0.0.1:8000", 403),
        (URL, "pi.example.org", "https://evil.example", 403),
        (URL, "other.example.org", "https://other.example.org", 421),
        (f"{URL}\n{ALLOWED}", "pi.example.org", "http://pi.example.org", 403),
        ('url = "https://pi.example.org:8443"', "pi.example.org", "https://pi.example.org:8443",
         200),
        ('url = "http://pi.example.org"', "pi.example.org", "http://pi.example.org", 200),
        ('url = "http://pi.example.org"', "pi.example.org", "https://pi.example.org", 403),
    ],
)  # fmt: skip
def test_an_origin_is_that_of_our_own_pages(
    served: Callable[[str], FlaskClient], server: str, host: str, origin: str, status: int
) -> None:
    """Scheme, name and port are those of the request, or of server.url."""
    answer = served(server).get("/healthz", headers={"Host": host, "Origin": origin})
    assert answer.status_code == status


def test_the_name_outside_is_allowed_by_itself(served: Callable[[str], FlaskClient]) -> None:
    """server.url needs no allowed_hosts beside it, and lets no other name in."""
    client = served(URL)
    names = ("pi.example.org", "PI.example.org:8443", "evil.pi.example.org")
    answers = [client.get("/welcome", headers={"Host": name}).status_code for name in names]
    assert answers == [200, 200, 421]


@pytest.mark.parametrize(
    ("server", "host", "secure"),
    [
        (URL, "pi.example.org", True),
        (URL, "127.0.0.1:8000", False),
        ('url = "http://pi.example.org"', "pi.example.org", False),
        (ALLOWED, "pi.example.org", False),
        ("", "localhost", False),
    ],
)
def test_the_cookie_of_an_https_address_is_secure(
    served: Callable[[str], FlaskClient], server: str, host: str, secure: bool
) -> None:
    """Where the request came by the name outside, and that is called by https."""
    client = served(f'{server}\ntoken = "{TOKEN}"')
    answer = client.get(f"/welcome?token={TOKEN}", headers={"Host": host})
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert ("; Secure" in cookie) is secure


@pytest.mark.parametrize("path", ["/", "/welcome", "/healthz", "/static/a.txt", "/simulator"])
def test_the_cookie_comes_once(served: Callable[[str], FlaskClient], path: str) -> None:
    """However many of the answer's routes ask for the token."""
    client = served(f'token = "{TOKEN}"')
    answer = client.get(f"{path}?token={TOKEN}", buffered=True)
    assert len(answer.headers.getlist("Set-Cookie")) == 1


def test_each_answer_of_ours_keeps_its_type(
    served: Callable[[str], FlaskClient], tmp_path: Path
) -> None:
    """Errors, too, have nosniff, and all HTML has a policy."""
    client = served('csp = "local"')
    (tmp_path / "static" / "page.html").write_text("<p>static")
    headers = {"Host": "evil.example"}
    for method, path, sent in (
        ("GET", "/welcome", {}), ("GET", "/welcome", headers), ("GET", "/nothing", {}),
        ("POST", "/welcome", {}), ("GET", "/static/page.html", {}), ("GET", "/static/none", {}),
        ("GET", "/healthz", {}), ("GET", "/metrics", {}), ("GET", "/simulator", {}),
        ("GET", "/gpiobridge/displays", {}),
        ("GET", "/", {}),
        ("GET", "/ws/welcome", {}), ("GET", "/api/messages", {}), ("POST", "/api/messages", {}),
        ("GET", "/gpiobridge/start", {}), ("GET", "/gpiobridge/client.js", {}),
        ("GET", "/gpiobridge/none", {}), ("GET", "/favicon.ico", {}), ("PUT", "/healthz", {}),
    ):  # fmt: skip
        answer = client.open(path, method=method, headers=sent, buffered=True)
        assert answer.headers.getlist("X-Content-Type-Options") == ["nosniff"], path
        policies = answer.headers.getlist("Content-Security-Policy")
        if answer.mimetype == "text/html":
            assert len(policies) == 1, (method, path)


def test_the_owner_s_policy_is_for_static_pages_too(
    served: Callable[[str], FlaskClient], tmp_path: Path
) -> None:
    """And where it is off, none is set."""
    for csp in ("strict", "off"):
        client = served(f'csp = "{csp}"')
        (tmp_path / "static" / "page.html").write_text("<p>static")
        policies = [
            client.get(path, buffered=True).headers.get("Content-Security-Policy")
            for path in ("/static/page.html", "/welcome")
        ]
        assert policies[0] == policies[1]
        assert (policies[0] is None) is (csp == "off")


@pytest.mark.parametrize(("server", "count"), [(URL, 1), (ALLOWED, 1), ("", 0)])
def test_an_api_that_is_local_in_vain_is_told(tmp_path: Path, server: str, count: int) -> None:
    """Behind a proxy nobody counts as a local program (row 11)."""
    loaded = config.load(write_exhibit(tmp_path, f'{server}\napi = "local"'), environ={})
    assert len([each for each in loaded.warnings if "server.api" in each]) == count


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://PI.local/welcome?x", "http://pi.local:80"),
        ("https://a.org:8443", "https://a.org:8443"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("http://[FD00:0:0::1]/", "http://[fd00::1]:80"),
        ("http://müseum.local:8000/", "http://xn--mseum-kva.local:8000"),
        ("http://MÜSEUM.local:8000/", "http://xn--mseum-kva.local:8000"),
        ("http://127.0.0.1:8000@evil.org/", "http://evil.org:80"),
        *((url, "") for url in ("file:///x", "chrome://version", "view-source:http://a.org", "http://",
                                "http://a:b/", "http://[", "http://[::g]/", "http://a..b/", "")),
    ],
)  # fmt: skip
def test_origins(url: str, origin: str) -> None:
    """Two addresses are of one site if scheme, name and port are the same."""
    assert origin_of(url) == origin
