"""Make the film of the README: `make film` writes docs/film.webp and docs/film-still.png.

Left a drawing (scene.html): a button, the Pi, a finger. Right the real page of a real browser: a
running `gpiobridge run` shows the example, and its pin is pressed through the simulator. The
browser is filmed first, in real time. Then each frame is put together from the drawing and its
latest picture of that moment.
"""

import base64
import io
import itertools
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.bridge_process import BridgeProcess
from harness.pages import ONLINE
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
SCENE = Path(__file__).parent / "scene.html"

SIZE = (880, 470)
FRAME_S = 0.08
SECONDS = 10.0
PRESSES = ((2.4, "welcome", "open"), (6.2, "open", "welcome"))  # when, from where, to where
PRESSED_S = 0.8
MOVE_S = 0.7  # of the finger, to the button and back
SPARK_S = 0.24  # from the button to the screen
TOLD_S = 2.2  # how long the caption of a press stays
STILL_S = PRESSES[0][0] + 0.65
BROWSER = {"width": 804, "height": 502}


@dataclass(frozen=True)
class Picture:
    """What the browser showed.

    Args:
        at_s: since the film began.
        png: the picture.
    """

    at_s: float
    png: bytes


def film_browser(browser: Browser, bridge: BridgeProcess) -> list[Picture]:
    """Film the real page while the real bridge's pin is pressed."""
    context = browser.new_context(viewport=BROWSER, color_scheme="light", reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{bridge.url}/")
    page.wait_for_selector(ONLINE)
    page.screenshot()  # the first one takes longer
    pictures = []
    begin_s = time.monotonic()
    waiting = [
        event
        for at_s, _, to in PRESSES
        for event in ((at_s, "low", to), (at_s + PRESSED_S, "high", ""))
    ]
    while (now_s := time.monotonic() - begin_s) < SECONDS:
        if waiting and now_s >= waiting[0][0]:
            _, level, to = waiting.pop(0)
            bridge.set_level("button", level)
            if to:  # no picture is taken meanwhile: one of a page that leaves never ends
                page.wait_for_url(f"**/{to}")
            now_s = time.monotonic() - begin_s
        pictures.append(Picture(now_s, page.screenshot()))
    context.close()
    return pictures


def frames() -> Iterator[tuple[float, dict[str, object]]]:
    """Say for each frame when it is, and what the drawing shows then."""
    for number in itertools.count():
        now_s = number * FRAME_S
        if now_s > SECONDS - FRAME_S / 2:
            return
        yield now_s, drawing_at(now_s)


def drawing_at(now_s: float) -> dict[str, object]:
    """Say what the drawing shows at a moment."""
    hand, low, spark, rule = 0.0, False, None, ""
    caption = "A button on a Raspberry Pi, a web page on its screen"
    for at_s, page, _ in PRESSES:
        since_s = now_s - at_s
        if -MOVE_S <= since_s < 0:
            hand = ease(1 + since_s / MOVE_S) * 2
        elif 0 <= since_s < PRESSED_S:
            hand, low = 2.0, True
        elif PRESSED_S <= since_s < PRESSED_S + MOVE_S:
            hand = 2 * (1 - ease((since_s - PRESSED_S) / MOVE_S))
        if 0 <= since_s < SPARK_S:
            spark = since_s / SPARK_S * 1.99
        if 0 <= since_s < TOLD_S:
            caption = "GPIO 17 goes LOW  →  the page changes"
        elif since_s >= TOLD_S:
            caption = "Press again, and it goes back" if page == "welcome" else "No code is needed"
        if 0 <= since_s < PRESSED_S + 1:
            rule = page
    return {"hand": hand, "low": low, "spark": spark, "rule": rule, "caption": caption}


def ease(part: float) -> float:
    """Begin and end a movement slowly; 0 to 1."""
    return part * part * (3 - 2 * part)


def put_together(page: Page, pictures: list[Picture]) -> Iterator[tuple[float, Image.Image]]:
    """Draw each frame."""
    page.goto(SCENE.as_uri())
    for now_s, drawing in frames():
        seen = [picture for picture in pictures if picture.at_s <= now_s] or pictures[:1]
        url = "data:image/png;base64," + base64.b64encode(seen[-1].png).decode()
        page.evaluate("frame => show(frame)", drawing | {"picture": url})
        yield now_s, Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def main() -> None:
    """Make both files, in docs/ or in the folder that is named."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    bridge = BridgeProcess(None, cwd=ROOT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        try:
            pictures = film_browser(browser, bridge)
        finally:
            bridge.stop()
        page = browser.new_page(
            viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme="light"
        )
        drawn = list(put_together(page, pictures))
        browser.close()
    images = [image for _, image in drawn]
    film = folder / "film.webp"
    images[0].save(
        film, save_all=True, append_images=images[1:], duration=round(FRAME_S * 1000), loop=0,
        quality=88, method=4, minimize_size=True,
    )  # fmt: skip
    still = next(image for at_s, image in drawn if at_s >= STILL_S)
    still.quantize(200, dither=Image.Dither.NONE).save(folder / "film-still.png", optimize=True)
    print(f"{film}: {len(images)} frames, {film.stat().st_size / 1e6:.2f} MB")
    print(f"{len(pictures)} pictures of the browser")


if __name__ == "__main__":
    main()
