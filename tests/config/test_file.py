"""The file: where it is found, how it is read, and what lies over it."""

from pathlib import Path

import pytest
from config_text import OPEN, PAGES, PINS, write

from gpiobridge import config
from gpiobridge.errors import ConfigError


def test_load_reads_the_file_it_is_given(folder: Path) -> None:
    """The file's folder is the exhibit's, and its path is what messages name."""
    path = write(folder, PINS + PAGES)
    settings = config.load(path, environ={})
    assert settings.folder == folder
    assert settings.source == str(path)


def test_load_takes_the_file_of_the_current_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a path, ``config.toml`` here is read, and named so."""
    write(folder, PINS + PAGES)
    monkeypatch.chdir(folder)
    settings = config.load(environ={})
    assert settings.source == "config.toml"
    assert settings.folder == folder


def test_load_falls_back_to_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file here, the packaged example is read, and it is right."""
    monkeypatch.chdir(tmp_path)
    settings = config.load(environ={})
    assert settings.source == str(config.example_file())
    assert settings.server.start == "welcome"


def test_templates_lie_beside_a_linked_file(folder: Path, tmp_path: Path) -> None:
    """Where the file is a link, its folder is the link's."""
    target = tmp_path / "elsewhere.toml"
    target.write_text(PINS + PAGES, encoding="utf-8")
    link = folder / "config.toml"
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("links need a permission here")
    assert config.load(link, environ={}).folder == folder


def test_a_byte_order_mark_does_no_harm(folder: Path) -> None:
    """An editor of Windows may write one."""
    path = folder / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf" + (PINS + PAGES).replace("\n", "\r\n").encode())
    assert config.load(path, environ={}).server.start == "welcome"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "there is no such file; name another with --config"),
    ],
)  # fmt: skip
def test_a_file_that_can_not_be_read(tmp_path: Path, content: bytes | None, problem: str) -> None:
    """A file that is missing is one problem with a remedy; `test_toml_errors` has the others."""
    path = tmp_path / "config.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        config.load(path, environ={})
    assert caught.value.problems == (f"{path}: {problem}",)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """Who names the folder is told the file in it."""
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path, environ={})
    assert caught.value.problems == (
        f"{tmp_path}: is a folder; name the file in it, such as {tmp_path / 'config.toml'}",
    )


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's reason is told."""

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ConfigError, match=r"can't be read \(permission denied\); change that"):
        config.load(write(tmp_path, ""), environ={})


def test_a_variable_overrides_the_file_and_an_option_both(folder: Path) -> None:
    """The command line has the last word, the environment the one before."""
    path = write(folder, f"[server]\nport = 1\n{PINS}{PAGES}")
    environ = {"GPIOBRIDGE_SERVER__PORT": "2"}
    assert config.load(path, environ=environ).server.port == 2
    assert config.load(path, environ=environ, overrides={"server.port": 3}).server.port == 3
    assert config.load(path, environ=environ, overrides={"server.port": None}).server.port == 2


def test_a_variable_reaches_a_pin_in_short_form(folder: Path) -> None:
    """A pin that is only a number in the file can get a debounce from outside."""
    path = write(folder, f"[pins]\nbutton = 17\n{PAGES}")
    pin = config.load(path, environ={"GPIOBRIDGE_PINS__BUTTON__DEBOUNCE": "5ms"}).pins["button"]
    assert (pin.pin, pin.debounce_s) == (17, pytest.approx(0.005))


@pytest.mark.parametrize(
    ("environ", "overrides", "problem"),
    [
        ({"GPIOBRIDGE_SERVER__PORT": "abc"}, {}, 'GPIOBRIDGE_SERVER__PORT = "abc": must be a '
         "whole number, without quotes; leave it out for the default of 8000"),
        ({"GPIOBRIDGE_SERVR__PORT": "1"}, {}, "GPIOBRIDGE_SERVR__PORT: unknown section; "
         "did you mean server?"),
        ({"GPIOBRIDGE_SERVER__PROT": "1"}, {}, "GPIOBRIDGE_SERVER__PROT = 1: unknown key; "
         "did you mean port?"),
        ({"GPIOBRIDGE_PAGES__WELCOME": '{on_low = {button = "opn"}}'}, {},
         'GPIOBRIDGE_PAGES__WELCOME: on_low.button = "opn": there is no page named "opn"; '
         'did you mean "open"?'),
        ({}, {"server.port": 70000}, "--port = 70000: must be at most 65535; "
         "leave it out for the default of 8000"),
        ({}, {"server.host": "0.0.0.0"}, f'--host = "0.0.0.0": {OPEN}'),
    ],
)  # fmt: skip
def test_a_problem_names_the_variable_or_option(
    folder: Path, environ: dict[str, str], overrides: dict[str, object], problem: str
) -> None:
    """What came from outside the file is told with the place it came from."""
    path = write(folder, PINS + PAGES)
    with pytest.raises(ConfigError) as caught:
        config.load(path, environ=environ, overrides=overrides)
    assert caught.value.problems == (problem,)
