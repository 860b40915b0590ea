"""Many heavy pages behind one: in which order they are held, and how many."""

import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.stage_tab import StageTab, write_stage_exhibit

WIDTH, HEIGHT = 4000, 2000  # 32 MB decoded: four of them fit into 128 MiB
PAGES = [f"p{number}" for number in range(1, 11)]
PAGE = (
    '<!doctype html><html lang="en"><title>{0}</title><img src="/static/heavy.png?{0}" width="100">'
)


def heavy_picture(width: int, height: int) -> bytes:
    """A black PNG: small on its way, large once it is decoded."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)  # one bit of grey a pixel
    rows = zlib.compress(bytes(height * (1 + (width + 7) // 8)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def bridge(run_bridge: Run, tmp_path: Path) -> BridgeProcess:
    """A hub that leads to ten pages by ten pins; these lead to each other in a ring."""
    pins = "\n".join(
        f'{page} = {{ pin = {number}, debounce = "0ms" }}' for number, page in enumerate(PAGES, 2)
    )
    config = f"[server]\nstart = 'hub'\n[stage]\nahead = 10\n[pins]\n{pins}\n[pages.hub]\n"
    config += "".join(f"on_low.{page} = '{page}'\n" for page in PAGES)
    for page, to in zip(PAGES, [*PAGES[1:], "hub"], strict=True):
        config += f"[pages.{page}]\nprerender = true\non_low.p1 = '{to}'\n"
    path = write_stage_exhibit(tmp_path, config)
    (tmp_path / "static" / "heavy.png").write_bytes(heavy_picture(WIDTH, HEIGHT))
    (tmp_path / "templates" / "hub.html").write_text("<!doctype html><title>hub</title><h1>hub")
    for page in PAGES:
        (tmp_path / "templates" / f"{page}.html").write_text(PAGE.format(page))
    return run_bridge(config=path)


def test_heavy_pages_are_held_in_their_order_while_there_is_room(
    bridge: BridgeProcess, page: Any
) -> None:
    """One after the other; a press meanwhile comes first; the frames are bounded."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    stage = StageTab(page, bridge)
    page.evaluate("""() => {
      window.most = 0;
      new MutationObserver(() => {
        most = Math.max(most, document.querySelectorAll("iframe:not(.leaving)").length);
      }).observe(document.body, { childList: true });
    }""")
    stage.wait_shown("/hub")
    stage.wait_behind("/p1", "/p2", "/p3", "/p4")
    # Each of the others is tried once: it may be a light one.
    wait_until(lambda: "p10" in [url for url in asked if stage.page.evaluate("true")])
    stage.wait_behind("/p1", "/p2", "/p3", "/p4")
    assert [url for url in asked if url in PAGES] == PAGES
    stage.press("p6")
    stage.wait_shown("/p6")
    # Behind this page there is room for one that had none behind the hub.
    stage.wait_behind("/p7")
    assert page.evaluate("most") <= 2 + 10


def test_a_press_while_heavy_pages_are_loaded_comes_first(bridge: BridgeProcess, page: Any) -> None:
    """Whether it leads to a page that is held, is just loaded, or is yet to come."""
    stage = StageTab(page, bridge)
    stage.wait_shown("/hub")
    stage.wait("behind().includes('/p1')")
    for path in ("/p3", "/p4", "/p5"):
        stage.press("p3" if path == "/p3" else "p1")
        stage.wait_shown(path)
