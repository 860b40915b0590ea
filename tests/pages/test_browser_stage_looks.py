"""What a page on a stage looks like, and where it leads by itself: the same as alone."""

from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import Run
from harness.deadline import wait_until
from harness.exhibit import PAGE
from harness.stage_tab import CONFIG, StageTab, write_stage_exhibit

WITHOUT = "delete window.navigation; delete Window.prototype.navigation;"
LOOKS = {
    "plain": "</head><body>plain",
    "clear": "<style>html, body { background: transparent }</style></head><body>clear",
    "dark": '<meta name="color-scheme" content="dark"></head><body>dark',
    "either": '<meta name="color-scheme" content="light dark"></head><body>either',
    "full": (
        "<style>body { margin: 0 } main { height: 100vh; background: #246 }"
        "header { position: fixed; inset: auto 0 0; background: #fa0 }</style></head>"
        "<body><main>full</main><p>below</p><header>fixed</header>"
    ),
}
# The badge of simulated pins is blended with what is below it, by one level of colour otherwise.
HEAD = (
    '<!doctype html><html lang="en"><head><title>{name}</title>'
    "<style>#gpiobridge-badge {{ display: none }}</style>"
)


def write_looks(folder: Path) -> Path:
    """Write an exhibit in which a press shows one page after the other."""
    names = list(LOOKS)
    config = CONFIG.partition("[pages")[0].replace("welcome", names[0])
    for name, to in zip(names, names[1:] + names[:1], strict=True):
        config += f'[pages.{name}]\nprerender = true\non_low.button = "{to}"\n'
    path = write_stage_exhibit(folder, config)
    for name, body in LOOKS.items():
        text = f"{HEAD.format(name=name)}{body}</body></html>"
        (folder / "templates" / f"{name}.html").write_text(text)
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_looks_as_it_does_alone(
    run_bridge: Run, page: Any, tmp_path: Path, scheme: str
) -> None:
    """With its own colours, with none, and with what is as high as the window or fixed in it."""
    bridge = run_bridge(config=write_looks(tmp_path))
    page.emulate_media(color_scheme=scheme)
    alone = {}
    for name in LOOKS:
        page.goto(f"{bridge.url}/{name}")
        page.wait_for_selector("html[data-bridge=online]")
        alone[name] = page.screenshot()
    stage = StageTab(page, bridge, f"?page=/{next(iter(LOOKS))}")
    for name, picture in alone.items():
        stage.wait_shown(f"/{name}")
        wait_until(lambda picture=picture: page.screenshot() == picture)
        stage.press()


def with_base(to: str) -> str:
    """A page whose addresses begin in another folder, with a form that names none."""
    more = f'<a href="..{to}">on</a><form><button name="x" value="1">go</button></form></body>'
    text = PAGE.format(name="welcome").replace("</body>", more)
    return text.replace("<head>", '<head><base href="/static/">')


@pytest.mark.parametrize("api", ["with", "without"])
def test_a_page_with_a_base_leads_where_it_does_alone(
    run_bridge: Run, page: Any, tmp_path: Path, api: str
) -> None:
    """Its link begins at the base; a form without an address goes to the page itself."""
    config = write_stage_exhibit(tmp_path, CONFIG, welcome=with_base("/late"))
    if api == "without":
        page.add_init_script(WITHOUT)
    stage = StageTab(page, run_bridge(config=config))
    stage.wait_shown("/welcome")
    page.evaluate("() => { window.first = shownFrame(); }")
    stage.shown("document.querySelector('button').click()")
    stage.wait("shownFrame() !== first && shownView()?.location.search === '?x=1'")
    stage.wait_shown("/welcome")
    stage.shown("document.querySelector('a').click()")
    stage.wait_shown("/late")
    stage.press()
    stage.wait_shown("/welcome")


def refreshing(seconds: int, to: str) -> str:
    """A page that goes on by a <meta>."""
    meta = f'<head><meta http-equiv="refresh" content="{seconds}; url={to}">'
    return PAGE.format(name="open").replace("<head>", meta)


@pytest.mark.parametrize("to", ["/late", "/open"])
def test_a_page_that_refreshes_itself(run_bridge: Run, page: Any, tmp_path: Path, to: str) -> None:
    """It goes on the stage's way; presses count meanwhile."""
    config = write_stage_exhibit(tmp_path, CONFIG, open=refreshing(2, to))
    stage = StageTab(page, run_bridge(config=config), "?page=/open")
    stage.wait_shown("/open")
    page.evaluate("() => { window.first = shownFrame(); }")
    stage.wait("shownFrame() !== first")
    stage.wait_shown(to)
    stage.press()
    stage.wait_shown("/welcome")


def test_a_page_that_has_refreshed_itself_behind(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """A press shows the page itself, and not the one that its frame went on to."""
    config = write_stage_exhibit(tmp_path, CONFIG, open=refreshing(3, "/late"))
    stage = StageTab(page, run_bridge(config=config))
    stage.wait_shown("/welcome")
    stage.wait_behind("/open")
    stage.wait_behind("/late")
    stage.press()
    stage.wait_shown("/open")
    stage.wait_shown("/late")
