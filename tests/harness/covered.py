"""Pages that sleep in frames: a small stage with the real asleep.js, and a server for it.

Each framed page calls ``parent.makeSleep(window)`` first, as the bridge's client does by the stage.
"""

import contextlib
import io
import queue
import threading
import wave
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import gpiobridge

STAGE = Path(gpiobridge.__file__).parent / "routes" / "assets" / "stage"

# `cover` resolves when the frame has loaded; `last` is what a framed page has thrown.
_PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>stage</title>
<style>iframe { position: fixed; inset: 0; width: 100%; height: 100%; border: 0 }</style>
<script type="module">
  import { Sleep } from "/stage/asleep.js";
  const sleeps = new Map();
  window.errors = [];
  window.madeMs = [];
  window.sleepOf = (name) => sleeps.get(name);
  window.forget = (name) => sleeps.delete(name);
  window.makeSleep = (view) => {
    view.addEventListener("error", (event) => errors.push(event.message));
    view.addEventListener("unhandledrejection", (event) => errors.push(String(event.reason)));
    const atMs = performance.now();
    sleeps.set(view.name, new Sleep(view));
    madeMs.push(performance.now() - atMs);
  };
  window.cover = (name, path = `/pages/${name}`) => new Promise((loaded) => {
    const frame = document.createElement("iframe");
    frame.name = name;
    frame.inert = true;
    frame.allow = "autoplay; camera; microphone; fullscreen";
    frame.onload = () => loaded();
    frame.src = path;
    document.body.append(frame);
  });
  window.wake = (name, how) => {
    document.querySelector(`[name="${name}"]`).inert = false;
    const atMs = performance.now();
    sleeps.get(name).wake(how);
    return performance.now() - atMs;
  };
  window.end = (name) => {
    document.querySelector(`[name="${name}"]`).inert = true;
    sleeps.get(name).end();
  };
  window.ready = true;
</script></head>
<body></body>
</html>
"""

_FRAMED = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><script>parent.makeSleep(window);</script><title>{name}</title>
{head}</head>
<body>{body}</body>
</html>
"""


def sound() -> bytes:
    """Two seconds of a tone."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes(128 + (40 if i // 10 % 2 else -40) for i in range(16_000)))
    return made.getvalue()


class StageServer:
    """Serves the stage, its framed pages, a sound and a stream of events.

    Attributes:
        connects: gets an item when a page connects to the stream, or asks for any other path.
        url: of the stage.
    """

    def __init__(self) -> None:
        self.connects: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._pages: dict[str, str] = {}
        self._sound = sound()
        self._ending = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 5  # s; a browser may open a connection and never use it

            def do_GET(self) -> None:
                outer._answer(self)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def add(self, name: str, body: str = "", head: str = "") -> None:
        """Serve a framed page, which sleeps from its first script on."""
        self._pages[f"/pages/{name}"] = _FRAMED.format(name=name, body=body, head=head)

    def add_plain(self, name: str, html: str) -> None:
        """Serve a page as it is."""
        self._pages[f"/pages/{name}"] = html

    def end(self) -> None:
        """End it, and its streams."""
        self._ending.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.split("?")[0]
        if path == "/":
            _send(request, "text/html", _PAGE.encode())
        elif path in self._pages:
            _send(request, "text/html", self._pages[path].encode())
        elif path.startswith("/stage/"):
            _send(request, "text/javascript", (STAGE / path.removeprefix("/stage/")).read_bytes())
        elif path == "/sound.wav":
            _send(request, "audio/wav", self._sound)
        elif path == "/events":
            self.connects.put(request.path)
            self._stream(request)
        else:
            if path != "/favicon.ico":
                self.connects.put(request.path)
            _send(request, "text/plain", b"")

    def _stream(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream")
        request.end_headers()
        with contextlib.suppress(OSError):
            request.wfile.write(b"id: 7\ndata: hello\n\nevent: tick\ndata: 1\n\n")
            while not self._ending.wait(0.1):
                request.wfile.write(b":\n")
        request.close_connection = True


def _send(request: BaseHTTPRequestHandler, kind: str, body: bytes) -> None:
    request.send_response(200)
    request.send_header("Content-Type", f"{kind}; charset=utf-8")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    with contextlib.suppress(OSError):
        request.wfile.write(body)


@contextlib.contextmanager
def stage_server() -> Iterator[StageServer]:
    """A server for one test."""
    server = StageServer()
    try:
        yield server
    finally:
        server.end()
