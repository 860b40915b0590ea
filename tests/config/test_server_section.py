"""The section ``[server]``: who may reach the bridge, and what its lines must be."""

from pathlib import Path

import pytest
from config_text import OPEN, PAGES, PINS, TOKEN, check, problems

from gpiobridge.errors import ConfigError


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST", "::ffff:127.0.0.1"]
)
def test_loopback_needs_no_permission(folder: Path, host: str) -> None:
    """An address that only this machine can reach is fine without ``open``."""
    assert check(f'[server]\nhost = "{host}"\n{PINS}{PAGES}', folder).server.host == host


def test_a_token_lets_another_address_be_listened_on(folder: Path) -> None:
    """Who knows the token may look; it is in no text that could end in a log."""
    settings = check(f'[server]\nhost = "0.0.0.0"\ntoken = "{TOKEN}"\n{PINS}{PAGES}', folder)
    assert settings.server.token == TOKEN
    assert TOKEN not in str(settings)


def test_open_pages_may_have_a_protected_api(folder: Path) -> None:
    """Everyone may look, and who knows the API's token may push; it is in no text, either."""
    text = f'[server]\nhost = "0.0.0.0"\nopen = true\napi_token = "{TOKEN}"\n{PINS}{PAGES}'
    settings = check(text, folder)
    assert (settings.server.open, settings.server.api_token) == (True, TOKEN)
    assert TOKEN not in repr(settings)


def test_the_api_token_alone_lets_no_other_address_be_listened_on(folder: Path) -> None:
    """It says who may push, and not who may look."""
    text = f'[server]\nhost = "0.0.0.0"\napi_token = "{TOKEN}"\n{PINS}{PAGES}'
    (problem,) = problems(text, folder)
    assert problem.startswith('config.toml: server.host = "0.0.0.0": everyone on the network')


@pytest.mark.parametrize("name", ["token", "api_token"])
def test_a_token_leaves_nothing_to_local(folder: Path, name: str) -> None:
    """A local program that trusts in api = "local" would be refused beside a token."""
    text = f'[server]\napi = "local"\n{name} = "at-least-sixteen-characters"\n{PINS}{PAGES}'
    assert check(text, folder).warnings == (
        f'config.toml: server.api: "local" counts only without a token, and there is {name}: '
        "programs on this machine have to send it, too; leave api out",
    )


def test_a_bad_token_is_the_only_problem_of_another_address(folder: Path) -> None:
    """That a token is missing would be wrong."""
    (problem,) = problems(f'[server]\nhost = "0.0.0.0"\ntoken = "short"\n{PINS}{PAGES}', folder)
    assert problem.startswith("config.toml: server.token: must be")


@pytest.mark.parametrize("key", ["token", "api_token"])
@pytest.mark.parametrize("token", ["short", "0123456789 abcdef", "a" * 129])
def test_a_bad_token_is_not_shown(folder: Path, key: str, token: str) -> None:
    """The problem names the key and a good token, but not the one that was tried."""
    with pytest.raises(ConfigError) as raised:
        check(f'[server]\n{key} = "{token}"\n{PINS}{PAGES}', folder)
    (problem,) = raised.value.problems
    assert f'server.{key}: must be 16 to 128 of A-Z, a-z, 0-9, "-" and "_"; write one' in problem
    assert token not in problem


@pytest.mark.parametrize(
    "key", ["TOKEN", "tokn", "toke", "password", "secret", "auth_token", "api_key", "apitoken"]
)
def test_a_secret_under_a_wrong_name_is_not_shown(folder: Path, key: str) -> None:
    """What was meant for the token is told by its key alone."""
    with pytest.raises(ConfigError) as raised:
        check(f'[server]\n{key} = "{TOKEN}"\n{PINS}{PAGES}', folder)
    (problem,) = raised.value.problems
    assert TOKEN not in problem


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('port = "8000"', 'port = "8000": must be a whole number, without quotes; '
         "write 8000"),
        ("port = true", "port = true: must be a whole number, without quotes; "
         "leave it out for the default of 8000"),
        ("port = 80.0", "port = 80.0: must be a whole number, without quotes; "
         "write 80"),
        ("port = 65536", "port = 65536: must be at most 65535; "
         "leave it out for the default of 8000"),
        ("port = -1", "port = -1: must be at least 0; leave it out for the default of 8000"),
        ("max_displays = 0", "max_displays = 0: must be at least 1; "
         "leave it out for the default of 1000"),
        ("threads = 1", "threads = 1: must be at least 2; leave it out for the default of 8"),
        ("threads = 65", "threads = 65: must be at most 64; leave it out for the default of 8"),
        ('open = "yes"', 'open = "yes": must be true or false, without quotes; '
         "write true"),
        ('csp = "lokal"', 'csp = "lokal": must be "local", "strict" or "off"; '
         'did you mean "local"?'),
        ("csp = 3", 'csp = 3: must be "local", "strict" or "off"; '
         'leave it out for the default of "local"'),
        ("start = 5", "start = 5: must be text in quotes"),
        ('start = ""', 'start = "": must be a page; leave it out for the first one'),
        ('start = "welcom"', 'start = "welcom": there is no page named "welcom"; '
         'did you mean "welcome"?'),
        ('start = "xyz"', 'start = "xyz": there is no page named "xyz"; '
         'add it, or write "welcome" or "open"'),
        ('beat = "100ms"', 'beat = "100ms": must be at least 200ms; '
         "leave it out for the default of 2s"),
        ('beat = "2min"', 'beat = "2min": must be at most 1min; '
         "leave it out for the default of 2s"),
        ("beat = 2", 'beat = 2: needs a unit; write "2s"'),
        ("beat = true", 'beat = true: must be a duration in quotes, such as "20ms"; '
         "leave it out for the default of 2s"),
        ('beat = "5s"', 'beat = "5s": catch_up must be at least 2.5 beats + 3s; '
         'write catch_up = "15.5s" or more'),
        ('catch_up = "7s"', 'catch_up = "7s": must be at least 2.5 beats + 3s; '
         'write catch_up = "8s" or more'),
        ('catch_up = "1h"', 'catch_up = "1h": must be at most 10min; '
         "leave it out for the default of 10s"),
        ('host = "0.0.0.0"', f'host = "0.0.0.0": {OPEN}'),
        ('host = "::"', f'host = "::": {OPEN}'),
        ('host = "kiosk.local"', f'host = "kiosk.local": {OPEN}'),
        ('host = "[::1]"', 'host = "[::1]": must be an address alone; write "::1"'),
        ('host = "http://localhost/"', 'host = "http://localhost/": must be an address alone; '
         'write "localhost"'),
        ('host = "localhost:80"', 'host = "localhost:80": must be an address alone; '
         'write "localhost", and port = 80'),
        ('host = "192.168.1.300"', 'host = "192.168.1.300": is neither an IP address nor a host '
         'name; leave it out for the default of "127.0.0.1"'),
        ('host = ""', 'host = "": is neither an IP address nor a host name; '
         'leave it out for the default of "127.0.0.1"'),
        ('allowed_hosts = "a"', 'allowed_hosts = "a": must be a list, '
         'such as ["kiosk.example.org"]'),
        ('allowed_hosts = ["http://a"]', 'allowed_hosts = "http://a": must be a name alone; '
         'write it like "kiosk.example.org"'),
        ("allowed_hosts = [3]", "allowed_hosts = 3: must be text in quotes"),
        (f'open = true\ntoken = "{TOKEN}"', "open = true: lets everyone in, so the token is never "
         "asked for; leave one of them out"),
        ("prot = 1", "prot = 1: unknown key; did you mean port?"),
        ('bind = "x"', 'bind = "x": unknown key; write host = "127.0.0.1"'),
        ("beat_s = 2.0", "beat_s = 2.0: unknown key; did you mean beat?"),
        ("zzz = 1", "zzz = 1: unknown key; leave it out, or write one of host, port, start, "
         "max_displays, beat, catch_up, csp, open, token, api_token, allowed_hosts, url, api, "
         "threads"),
        ('url = "pi.example.org"', 'url = "pi.example.org": must be a scheme and a name, without a '
         'path; write it like "https://pi.example.org"'),
        ('url = "https://127.1"', 'url = "https://127.1": must be a scheme and a name, without a '
         'path; write it like "https://pi.example.org"'),
        ('url = "https://pi.example.org."', 'url = "https://pi.example.org.": must be a scheme '
         'and a name, without a path; write it like "https://pi.example.org"'),
        ('url = "https://pi.example.org/x"', 'url = "https://pi.example.org/x": must be a scheme '
         'and a name, without a path; write it like "https://pi.example.org"'),
        ('api = "zzz"', 'api: must be "token" or "local"; leave it out for the default '
         'of "token"'),
        (f'csp = "{"x" * 99}"', f'csp = "{"x" * 59}...: must be "local", "strict" or "off"; '
         'leave it out for the default of "local"'),
    ],
)  # fmt: skip
def test_a_wrong_line_in_server(folder: Path, line: str, problem: str) -> None:
    """Each wrong line of [server] is told with place, value and remedy."""
    assert problems(f"[server]\n{line}\n{PINS}{PAGES}", folder) == [
        f"config.toml: server.{problem}"
    ]
