"""What is said of a command line that is wrong: the error last but one, then where to read on."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from gpiobridge.cli import main


@pytest.mark.parametrize(
    ("line", "said", "hint"),
    [
        ("chek", "No such command 'chek'; did you mean check?", ""),
        ("frob", "No such command 'frob'; write one of alarm, check, doctor, hours, install, "
         "kiosk, latency, navigate, output, press, push, run, sound, uninstall, version, watch",
         ""),
        ("press", "Missing argument 'NAME'", " press"),
        ("run --port abc", "Invalid value for '--port': 'abc' is not a valid integer", " run"),
        ("watch a --url b", "URL and --url both say where; leave one of them out", " watch"),
        ("run .", "run takes no folder; go into the folder first, or write --config config.toml",
         " run"),
        ("hours opn", "Invalid value for '[open|close|auto]': \"opn\" must be \"open\", \"close\" "
         'or "auto"; did you mean "open"?', " hours"),
        ("hours --for 4h", "--for goes with open and close only; leave it out", " hours"),
        ("hours open --for 8d", "Invalid value for '--for': \"8d\" is not a time for the opening "
         "hours; write one above 0s and of at most 7d", " hours"),
        ("run nosuch", "Got unexpected extra argument (nosuch)", " run"),
        ("install --browser cog", "--browser is the kiosk's; add --kiosk, or leave it out",
         " install"),
        ("kiosk --display a/b", "Invalid value for '--display': \"a/b\": a display's name has 1 to "
         '32 of A-Z, a-z, 0-9, "_" and "-"; write one such as "kiosk-2"', " kiosk"),
        ("push hello", "Invalid value for 'JSON': 'hello' is not JSON (Expecting value: line 1 "
         "column 1 (char 0)); text needs its quotes: '\"hello\"' or '{\"text\": \"hello\"}'",
         " push"),
    ],
)  # fmt: skip
def test_an_error_of_usage_ends_with_where_to_read_on(line: str, said: str, hint: str) -> None:
    """Exit code 2, a sentence of ours, and the help of the command that was meant."""
    done = CliRunner().invoke(main, line.split(), prog_name="gpiobridge")
    assert done.exit_code == 2
    usage, sentence, last = done.stderr.splitlines()
    assert usage.startswith(f"Usage: gpiobridge{hint} [OPTIONS]")
    assert sentence == f"gpiobridge: {said}"
    assert last == f"gpiobridge{hint} --help shows how to use it"


def test_an_unknown_option_is_named() -> None:
    """Versions of click quote it, or put a colon before it."""
    done = CliRunner().invoke(main, ["--bogus"], prog_name="gpiobridge")
    assert done.exit_code == 2
    _, sentence, last = done.stderr.splitlines()
    assert sentence in (
        "gpiobridge: No such option '--bogus'",
        "gpiobridge: No such option: --bogus",
    )
    assert last == "gpiobridge --help shows how to use it"


def test_the_command_alone_shows_its_help() -> None:
    """As ``--help`` does."""
    done = CliRunner().invoke(main, [], prog_name="gpiobridge")
    assert "Commands:" in done.output
    assert "shows how to use it" not in done.output


def test_ctrl_c_during_the_imports_is_no_traceback() -> None:
    """On a small Pi they take a second; the exit code is a shell's for Ctrl-C."""
    early = (
        "import sys\n"
        "class CtrlC:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'click':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, CtrlC())\n"
        "import gpiobridge.cli\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", early], capture_output=True, text=True, timeout=20, check=False
    )
    assert (process.returncode, process.stderr) == (130, "")
