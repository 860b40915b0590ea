"""What the tests in the browsers share: the browsers, a tab, and an exhibit."""

import base64
import io
import subprocess
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.exhibit import CONFIG, write_exhibit

from browsers.gate import Gate
from browsers.launching import CANNOT, NAMES, Browser, start
from browsers.tab import Tab

Exhibit = Callable[..., Path]

# Notes what a tab has shown and what has failed there. Not in a file of its own: a page may be left
# before that has come.
NOTING = """\
<script>
  const note = (key, what) => {
    try {
      const noted = JSON.parse(sessionStorage[key] || "[]");
      sessionStorage[key] = JSON.stringify([...noted, what]);
    } catch {
      // the storage is blocked
    }
  };
  note("visits", location.pathname);
  // From the back/forward cache: no script runs anew.
  addEventListener("pageshow", (event) => event.persisted && note("visits", location.pathname));
  addEventListener("error", (event) => note("errors", event.message));
  addEventListener("unhandledrejection", (event) => note("errors", `${event.reason}`));
</script>
"""


def pytest_configure(config: pytest.Config) -> None:
    """Declare our marker."""
    config.addinivalue_line("markers", "needs(what): is skipped where `launching.CANNOT` has it")


@pytest.fixture(scope="session", params=NAMES)
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Each browser in turn, started once."""
    browser = start(request.param)
    yield browser
    browser.end()


@pytest.fixture(autouse=True)
def skip_what_it_cannot(request: pytest.FixtureRequest, browser: Browser) -> None:
    """Skip a test that needs what its browser can't do, and say so."""
    for marker in request.node.iter_markers("needs"):
        if reason := CANNOT.get((browser.name, marker.args[0])):
            pytest.skip(f"{browser.name}: {marker.args[0]}: {reason}")


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    """A fresh tab; an error in a script of its last page's site fails the test."""
    with browser.open_tab() as tab:
        yield tab
        assert tab.errors() == []


@pytest.fixture
def exhibit(tmp_path: Path) -> Exhibit:
    """A function that writes an exhibit whose pages note that they were shown.

    Its arguments are those of `write_exhibit`, and what to put first on a page, by its name.
    """

    def write(server: str = "", config: str = CONFIG, **first: str) -> Path:
        path = write_exhibit(tmp_path, server, config)
        for template in (tmp_path / "templates").iterdir():
            html = template.read_text().replace("</head>", f"{NOTING}</head>")
            html = html.replace("<body>", f"<body>{first.get(template.stem, '')}")
            template.write_text(html)
        return path

    return write


@pytest.fixture
def bridge(run_bridge: Run, exhibit: Exhibit) -> BridgeProcess:
    """A bridge on the exhibit, under gunicorn."""
    return run_bridge(config=exhibit())


@pytest.fixture
def gate(bridge: BridgeProcess) -> Iterator[Gate]:
    """A gate before that bridge."""
    gate = Gate(bridge.port)
    yield gate
    gate.end()


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A sound of a second that loops, and five seconds of film, both muted, as elements.

    WebKitGTK breaks off a film that loops when it is to begin anew.
    """
    silent = io.BytesIO()
    with wave.open(silent, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(b"\x80" * 8000)
    moving = tmp_path_factory.mktemp("films") / "moving.webm"
    picture = "video/x-raw,width=64,height=48,framerate=10/1"
    pipeline = f"videotestsrc num-buffers=50 ! {picture} ! vp8enc ! webmmux ! filesink"
    subprocess.run(
        ["gst-launch-1.0", "--quiet", *pipeline.split(), f"location={moving}"],
        check=True,
        timeout=20,
    )
    return {
        "audio": _film("audio", "wav", silent.getvalue(), "loop"),
        "video": _film("video", "webm", moving.read_bytes()),
    }


def _film(element: str, kind: str, data: bytes, attributes: str = "") -> str:
    address = f"data:{element}/{kind};base64,{base64.b64encode(data).decode()}"
    attributes += " data-ignore-presses muted autoplay"
    return f'<{element} src="{address}" {attributes}></{element}>'
