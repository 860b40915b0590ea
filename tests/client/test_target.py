"""Which bridge a command means: options, environment, configuration, in this order (row 38)."""

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from harness.exhibit import write_exhibit

from gpiobridge import config
from gpiobridge.cli import main
from gpiobridge.client import asking, target
from gpiobridge.client.target import Target, find_bridge
from gpiobridge.errors import ConfigError

TOKEN, API_TOKEN = "0123456789abcdef", "fedcba9876543210"
SERVER = f'host = "0.0.0.0"\nport = 8100\ntoken = "{TOKEN}"\napi_token = "{API_TOKEN}"\n'
HERE = "http://127.0.0.1:8100"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(url: str | None = None, **options: object) -> tuple[str, str, str]:
    """Address and tokens of the bridge that is meant, where no service is installed."""
    return find_bridge(url, **({"environ": {}, "installed": lambda: None} | options))[:3]  # type: ignore[arg-type]


def test_the_folder_s_configuration_says_where(folder: Path) -> None:
    """Its address, seen from this machine, and its tokens (row 38)."""
    write_exhibit(folder, SERVER)
    assert found() == (HERE, TOKEN, API_TOKEN)


def test_the_environment_lies_over_it(folder: Path) -> None:
    """As it does for the bridge (row 38)."""
    write_exhibit(folder, SERVER)
    environ = {"GPIOBRIDGE_SERVER__PORT": "8200", "GPIOBRIDGE_SERVER__TOKEN": '"another-of-16-ch"'}
    assert found(environ=environ) == ("http://127.0.0.1:8200", "another-of-16-ch", API_TOKEN)


def test_options_win(folder: Path) -> None:
    """Over the file and the environment (row 38)."""
    write_exhibit(folder, SERVER)
    environ = {"GPIOBRIDGE_SERVER__TOKEN": "x" * 16, "GPIOBRIDGE_SERVER__API_TOKEN": "y" * 16}
    assert found("pi.local", token="a", api_token="b", environ=environ) == ("pi.local", "a", "b")


def test_a_named_configuration_counts(folder: Path) -> None:
    """--config names another one than the folder's (row 38)."""
    write_exhibit(folder, "port = 1234")
    file = write_exhibit(folder / "other", SERVER)
    assert found(config_file=file) == (HERE, TOKEN, API_TOKEN)
    assert found("http://pi.local", config_file=file) == ("http://pi.local", TOKEN, API_TOKEN)


def test_the_installed_service_is_found(folder: Path) -> None:
    """In a folder without a configuration, by the doctor's rule (row 38)."""
    file = write_exhibit(folder / "etc", SERVER)
    assert found(installed=lambda: file) == (HERE, TOKEN, API_TOKEN)
    write_exhibit(folder, "port = 1234")
    assert found(installed=lambda: file)[0] == "http://127.0.0.1:1234"


def test_nothing_at_all_is_the_example(folder: Path) -> None:
    """Where a bridge is by default (row 38)."""
    assert found() == (config.DEFAULT_URL, "", "")
    assert found(environ={"GPIOBRIDGE_SERVER__PORT": "8200"})[0] == "http://127.0.0.1:8200"


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9000", "localhost:9000/welcome", "[::1]:9000", "[::ffff:127.0.0.1]:9000"],
)
def test_an_address_of_this_machine_gets_the_folder_s_tokens(folder: Path, url: str) -> None:
    """A bridge that was started with another --port has them, too (row 38)."""
    write_exhibit(folder, SERVER)
    assert found(url) == (url, TOKEN, API_TOKEN)


@pytest.mark.parametrize("url", ["http://pi.local:8100", "192.168.1.20", "http://[", "evil.test"])
def test_another_machine_gets_no_token_of_a_file(folder: Path, url: str) -> None:
    """A token leaves this machine only if somebody says so (row 38)."""
    write_exhibit(folder, SERVER)
    assert found(url) == (url, "", "")
    assert found(url, environ={"GPIOBRIDGE_SERVER__TOKEN": "x" * 16}) == (url, "x" * 16, "")


@pytest.mark.parametrize(
    "text",
    [
        "[server",
        "server = 8100",
        '[server]\nport = "eight"',
        "[server]\nport = true",
        "[server]\nport = 65536",
        "[server]\nhost = 127",
        '[server]\nhost = "192.168.1.300"',
        '[server]\ntoken = "short"',
        '[server]\napi_token = ["x"]',
        "\0",
    ],
)
def test_a_broken_configuration_matters_only_for_the_address(folder: Path, text: str) -> None:
    """With --url it isn't needed; without, its problems are told (row 38)."""
    (folder / "config.toml").write_text(text)
    assert found("http://127.0.0.1:9")[0] == "http://127.0.0.1:9"
    with pytest.raises(ConfigError, match=r"config\.toml"):
        found()
    with pytest.raises(ConfigError, match=r"config\.toml"):
        found("http://127.0.0.1:9", config_file=folder / "config.toml")


@pytest.mark.parametrize(
    "text",
    [
        "[pins]\nbutton = 99\n[pages.welcome]\n",
        "[server]\nthreads = 0\n[kiosk]\nalow = []\n",
        '[server]\nhost = "0.0.0.0"\n[pages]\nstart = 1\n',
    ],
)
def test_what_else_is_wrong_is_left_to_check(folder: Path, text: str) -> None:
    """A bridge that runs can be pressed, whatever somebody is writing there meanwhile."""
    (folder / "config.toml").write_text(text)
    assert found() == (config.DEFAULT_URL, "", "")
    with pytest.raises(ConfigError):
        config.load()


def test_a_configuration_with_another_fault_still_has_its_token(folder: Path) -> None:
    """With --url: whatever else is wrong with it (row 38)."""
    (folder / "config.toml").write_text(f'[server]\ntoken = "{TOKEN}"\nprot = 1\n')
    assert found("127.0.0.1:9000") == ("127.0.0.1:9000", TOKEN, "")


@pytest.mark.parametrize("text", ["port = 0", "open = true\nport = 0"])
def test_an_address_that_nobody_can_know(folder: Path, text: str) -> None:
    """Port 0 is any free one: --url has to say it (row 38)."""
    write_exhibit(folder, text)
    with pytest.raises(ConfigError, match="give the bridge's address with --url"):
        found()


@pytest.mark.parametrize(
    "text",
    [
        '[pages.welcome]\non_low.button = "open"\n[pages.open]\ntemplate = "gone.html"\n',
        "",
        '[server]\nstart = "lobby"\n',
    ],
)
def test_templates_are_not_needed_for_the_address(folder: Path, text: str) -> None:
    """Views of an application may serve the pages of its configuration (row 38)."""
    if "[server]" not in text:
        text += "[server]\n"
    text = text.replace("[server]\n", "[server]\nport = 8100\n") + "[pins]\nbutton = 17\n"
    (folder / "config.toml").write_text(text)
    assert found()[0] == HERE


def test_who_may_not_read_it_is_told_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The installed configuration may have a token, so it isn't everyone's (row 38)."""

    def read_bytes(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    with pytest.raises(ConfigError) as refused:
        found(installed=lambda: Path("/etc/gpiobridge/config.toml"))
    assert str(refused.value).startswith(
        "/etc/gpiobridge/config.toml: this user may not read it; give the bridge's address with "
        "--url, or run this with sudo: sudo /"
    )


@pytest.mark.parametrize(
    ("command", "function"),
    [
        (["press", "button"], "client.asking.press"),
        (["push", "1"], "client.asking.push"),
        (["navigate", "open"], "client.asking.navigate"),
        (["watch"], "client.frames.connect"),
        (["kiosk"], "kiosk.launcher.run"),
    ],
)
def test_every_command_reads_the_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], function: str
) -> None:
    """Each of them asks the folder's bridge, with its tokens, and prints none (row 38)."""
    write_exhibit(folder, SERVER)
    seen: list[object] = []

    class StopError(Exception):
        """What is not needed here."""

    def ask(*args: object, **options: object) -> object:
        seen.extend([*args, *options.values()])
        raise StopError

    monkeypatch.setattr(f"gpiobridge.{function}", ask)
    done = CliRunner().invoke(main, command)
    assert isinstance(done.exception, StopError), done.output
    said = repr(seen)
    assert HERE in said
    assert (
        API_TOKEN if function in ("client.asking.push", "client.asking.navigate") else TOKEN
    ) in said
    assert TOKEN not in done.output
    assert API_TOKEN not in done.output


@pytest.mark.parametrize("command", ["press button", "push 1", "navigate open", "watch", "kiosk"])
def test_every_command_says_what_is_wrong_with_the_folder_s(folder: Path, command: str) -> None:
    """All of it, in the sentences of `check`, once the address is wrong; exit code 2 (row 38)."""
    (folder / "config.toml").write_text("[server]\nport = 70000\n[pins]\nbutton = 99\n[pages.a]\n")
    done = CliRunner().invoke(main, command.split())
    assert done.exit_code == 2
    assert "server.port = 70000: must be at most 65535" in done.output
    assert [line.split(" = ")[0] for line in done.output.splitlines()] == [
        "config.toml: server.port",
        "config.toml: pins.button",
    ]


def test_the_kiosk_says_what_else_is_wrong(folder: Path) -> None:
    """It reads more than the address: which pages have no script, and its own section."""
    (folder / "config.toml").write_text("[server]\nprot = 1\n[pins]\nbutton = 99\n[pages.a]\n")
    done = CliRunner().invoke(main, ["kiosk"])
    assert done.exit_code == 2
    assert [line.split(" = ")[0] for line in done.output.splitlines()] == [
        "config.toml: server.prot",
        "config.toml: pins.button",
    ]


def test_two_addresses_of_watch_are_a_mistake(folder: Path) -> None:
    """One of them would be ignored (row 38)."""
    done = CliRunner().invoke(main, ["watch", "a.local", "--url", "b.local"])
    assert (done.exit_code, "leave one of them out" in done.output) == (2, True)


def test_a_command_without_url_is_found_here_or_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the greeting has to add: what this folder, without the environment, doesn't say."""
    monkeypatch.setattr(target, "_INSTALLED", folder / "none")
    monkeypatch.setenv("GPIOBRIDGE_SERVER__PORT", "9000")
    assert target.is_found_here(config.DEFAULT_URL)
    assert not target.is_found_here("http://127.0.0.1:9000")
    (folder / "none").touch()
    assert not target.is_found_here(config.DEFAULT_URL)
    write_exhibit(folder, SERVER)
    assert target.is_found_here(HERE)
    assert not target.is_found_here(config.DEFAULT_URL)
    assert target.token_is_found_here(TOKEN)
    assert not target.token_is_found_here("another")
    (folder / "config.toml").write_text("[server")
    assert not target.is_found_here(HERE)


# --- Tokens -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "sent", "expected"),
    [
        (
            b"This bridge asks for its token: open the page once with ?token=... added.\n",
            False,
            "the bridge answered 401: This bridge asks for its token, server.token: "
            "set GPIOBRIDGE_SERVER__TOKEN, or add --token (in Python, token=)",
        ),
        (
            b"This bridge asks for its token: open the page once with ?token=... added.\n",
            True,
            "the bridge answered 401: This bridge refuses the token that was sent; it asks for "
            "server.token: set GPIOBRIDGE_SERVER__TOKEN, or add --token (in Python, token=)",
        ),
        (
            b"The API asks for its token: send server.token as Authorization: Bearer.\n",
            False,
            "the bridge answered 401: The API asks for its token, server.token: "
            "set GPIOBRIDGE_SERVER__TOKEN, or add --token",
        ),
        (
            b"The API asks for its token: send server.api_token as Authorization: Bearer.\n",
            True,
            "the bridge answered 401: The API refuses the token that was sent; it asks for "
            "server.api_token: set GPIOBRIDGE_SERVER__API_TOKEN, or add --api-token",
        ),
        (
            b"<html>401</html>",
            False,
            "http://pi/healthz answered 401; is that the address of a bridge, or of one of its "
            "pages?",
        ),
    ],
)
def test_a_401_names_the_variable_and_the_option(said: bytes, sent: bool, expected: str) -> None:
    """And not what one does in a browser (row 44)."""
    assert str(asking.refusal("http://pi/healthz", 401, said, sent)) == expected


def test_what_is_found_is_a_target(folder: Path) -> None:
    """It names the configuration, for who needs more of it."""
    write_exhibit(folder, SERVER)
    bridge = find_bridge(None, environ={})
    assert isinstance(bridge, Target)
    assert bridge.file is not None
    assert list(config.load_for_views(bridge.file, {}).pages) == ["welcome", "open", "still"]
    assert find_bridge("http://pi.local", environ={}).file is None


def test_make_passes_a_port_on() -> None:
    """`make run PORT=8100` (row 39)."""
    done = subprocess.run(
        ["make", "--dry-run", "run", "PORT=8100"],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True, timeout=20,
    )  # fmt: skip
    assert "gpiobridge run --port 8100" in done.stdout
