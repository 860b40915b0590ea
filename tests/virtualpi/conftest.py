"""One guest for all tests of this folder, which run only when the folder is asked for by name.

``pytest`` alone leaves them out, since they need root, Debian and a minute or more;
``pytest tests/virtualpi`` runs them.
"""

import contextlib
import socket
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from gpiobridge.core.events import Level

from .appfolder import assemble
from .display import display
from .guest import VirtualPi
from .host import BenchError, stage
from .image import ensure_image
from .wheels import BACK_ENDS

HERE = Path(__file__).resolve().parent
BUTTON_LINE = 4
WORN_LINES = {"bell": 5, "lever": 6, "mat": 7}
FIGURES = pytest.StashKey[list[str]]()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave this folder out, unless a path inside it was given."""
    start = config.invocation_params.dir
    asked = [(start / argument.split("::")[0]).resolve() for argument in config.args]
    return None if any(path.is_relative_to(HERE) for path in asked) else True


def pytest_configure(config: pytest.Config) -> None:
    """Make room for the figures that tests report."""
    config.stash[FIGURES] = []


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the figures at the end, whether or not output is captured."""
    if config.stash[FIGURES]:
        terminalreporter.section("virtual Pi: figures")
        for line in config.stash[FIGURES]:
            terminalreporter.line(line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the service's journal and the console with a test that failed."""
    report = yield
    used = getattr(item, "funcargs", {})
    guest = used.get("pi") or used.get("installed")
    if report.failed and isinstance(guest, VirtualPi):
        with contextlib.suppress(BenchError, OSError):
            journal = guest.sh("journalctl --no-pager --lines=60 --unit=gpiobridge")[1]
            report.sections.append(("the guest's journal", journal))
        report.sections.append(("the guest's console", guest.log()))
    return report


@pytest.fixture(scope="session")
def pi(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, figures: list[str]
) -> Iterator[VirtualPi]:
    """A booted guest whose bridge watches a button that is not pressed."""
    with boot(pytestconfig, tmp_path_factory, starts=True) as guest:
        figures.append(f"boot: {guest.cpu_seconds():.0f} s of processor time")
        yield guest


@pytest.fixture(scope="module")
def bare(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VirtualPi]:
    """A booted guest on which nothing is installed, for the tests of one file."""
    with boot(pytestconfig, tmp_path_factory, starts=False) as guest:
        yield guest


@contextlib.contextmanager
def boot(
    config: pytest.Config,
    folders: pytest.TempPathFactory,
    starts: bool,
    before: Path | None = None,
) -> Iterator[VirtualPi]:
    """Boot a guest whose buttons are not pressed, with or without a bridge that starts.

    With the files of the version before, that one is at hand, too.
    """
    app = folders.mktemp("virtualpi") / "app"
    capture = config.pluginmanager.getplugin("capturemanager")
    shown = capture.global_and_fixture_disabled if capture else contextlib.nullcontext
    with contextlib.ExitStack() as stack:
        with shown():
            print()
            image = ensure_image()
            with stage("the project's wheel"):
                assemble(app, starts=starts, before=before)
            guest = stack.enter_context(VirtualPi(image, app, free_port()))
            for line in (BUTTON_LINE, *WORN_LINES.values()):
                guest.set_line(line, Level.HIGH)
            if starts:
                with stage("boot until the bridge is healthy"):
                    guest.wait_http("/healthz")
                    guest.wait_shell()
            else:
                with stage("boot until the shell answers"):
                    guest.wait_shell()
        yield guest


@pytest.fixture(scope="module", params=BACK_ENDS)
def back_end(pi: VirtualPi, request: pytest.FixtureRequest) -> str:
    """The back end that the bridge now runs on: all tests of a module on one, then on the next."""
    name: str = request.param
    override = f"systemctl set-environment GPIOBRIDGE_GPIO__PIN_FACTORY={name}"
    pi.sh(f"{override}; systemctl restart gpiobridge", limit_s=100)
    pi.wait_http("/healthz", limit_s=100)
    return name


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> list[str]:
    """The lines of figures that are printed at the end."""
    return pytestconfig.stash[FIGURES]


@pytest.fixture
def figure(figures: list[str], back_end: str) -> Callable[[str], None]:
    """A function that adds a line to the figures, under the back end's name."""
    return lambda line: figures.append(f"{back_end}: {line}")


@pytest.fixture
def released(pi: VirtualPi, back_end: str) -> Iterator[None]:
    """The button is not pressed, and the bridge knows it: before the test and after it."""
    release(pi)
    yield
    release(pi)


def release(pi: VirtualPi) -> None:
    """Let the button go and wait until the bridge has noticed."""
    pi.set_line(BUTTON_LINE, Level.HIGH)
    with display(pi.port, "still") as shown:
        shown.wait_for("button", Level.HIGH, limit_s=20)


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
