"""Sounds in a real Chromium: on a stage, which plays them on from page to page."""

import itertools
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.exhibit import PAGE
from harness.sounds import (
    CLICK_HZ,
    CONFIG,
    RAIN_HZ,
    forget,
    record,
    recording,
    write_sounds,
    write_tone,
)
from harness.stage_tab import StageTab, write_stage_exhibit

RAIN, CLICK = 0.25, 0.6  # how loud a recording of them is, about
DECLINES = PAGE.format(name="open").replace(
    "</body>",
    "<script>document.addEventListener('gpiobridge:navigate', (e) => e.preventDefault())</script>"
    "</body>",
)
UPDATED = [
    sys.executable,
    "-c",
    "import gpiobridge; gpiobridge.__version__ = '99.0';"
    " from gpiobridge.cli import main; raise SystemExit(main())",
]


@pytest.fixture
def tab(kiosk_browser: Any, page: Any) -> Iterator[Any]:
    """A fresh tab of a kiosk's browser, whose sounds are recorded."""
    context = kiosk_browser.new_context()
    tab = context.new_page()
    tab.set_default_timeout(20_000)
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    record(tab)
    yield tab
    context.close()
    assert errors == []


def open_stage(
    run_bridge: Run, tab: Any, folder: Path, config: str = CONFIG, **pages: str
) -> StageTab:
    """Open a stage on which it rains, and whose recorder runs."""
    write_sounds(folder)
    stage = StageTab(tab, run_bridge(config=write_stage_exhibit(folder, config, **pages)))
    stage.wait_shown("/welcome")
    wait_recording(stage)
    return stage


def wait_recording(stage: StageTab) -> None:
    """Wait until it rains, and what is played is recorded."""
    stage.wait("window.recording && recorded.length > 40 && started.includes('rain')")


def wait_samples(stage: StageTab, seconds: float) -> None:
    """Wait until so much more is recorded."""
    frames = stage.page.evaluate(f"recorded.length + {seconds} * contexts[0].sampleRate / 128")
    stage.wait("recorded.length >= path", frames)


def order(bridge: BridgeProcess, sound: str, body: bytes = b"") -> None:
    """Order a sound."""
    assert bridge.request(f"/api/sounds/{sound}", body)[0] == 204


def test_twenty_changes_of_pages_leave_no_gap(run_bridge: Run, tab: Any, tmp_path: Path) -> None:
    """One rain, always as loud; and a click for each press whose rule has one."""
    stage = open_stage(run_bridge, tab, tmp_path)
    forget(tab)
    for number in range(20):
        stage.press()
        stage.wait_shown("/welcome" if number % 2 else "/open")
    wait_samples(stage, 0.2)
    assert tab.evaluate("started") == ["rain", *["click"] * 10]
    heard = recording(tab)
    assert max(heard.gaps_s(), default=0.0) < 0.02
    assert all(abs(each - RAIN) < 0.05 for each in heard.loudness(RAIN_HZ))
    assert max(heard.loudness(CLICK_HZ)) > CLICK / 2


def test_rain_fades_out_where_no_page_has_it(run_bridge: Run, tab: Any, tmp_path: Path) -> None:
    """Within half a second, without a step; where a page has it again, it comes again."""
    stage = open_stage(run_bridge, tab, tmp_path)
    forget(tab)
    stage.press("door")
    stage.wait_shown("/late")
    wait_samples(stage, 0.8)
    heard = recording(tab).loudness(RAIN_HZ)
    fade = [each for each in heard if 0.002 < each < 0.9 * RAIN]
    assert heard[-1] < 0.0005
    assert 0.2 < len(fade) / 100 < 0.5
    assert all(before >= after for before, after in itertools.pairwise(fade))
    steps = [before - after for before, after in itertools.pairwise(heard)]
    assert max(steps) < RAIN / 4
    stage.press()
    stage.wait_shown("/welcome")
    forget(tab)
    wait_samples(stage, 0.3)
    assert abs(recording(tab).loudness(RAIN_HZ)[-1] - RAIN) < 0.05


def test_rain_that_is_just_fading_goes_on(run_bridge: Run, tab: Any, tmp_path: Path) -> None:
    """The page that has it comes back before it is over: no second one begins."""
    stage = open_stage(run_bridge, tab, tmp_path)
    for _ in range(3):
        stage.press("door")
        stage.wait("shownView()?.location.pathname === '/late'")
        stage.wait_shown("/late")
        stage.press()
        stage.wait_shown("/welcome")
    wait_samples(stage, 0.8)
    forget(tab)
    wait_samples(stage, 0.2)
    assert all(abs(each - RAIN) < 0.05 for each in recording(tab).loudness(RAIN_HZ))


def test_a_pages_sound_without_loop_plays_once(run_bridge: Run, tab: Any, tmp_path: Path) -> None:
    """When the first page comes that has it; the next page that has it doesn't begin it anew."""
    config = CONFIG.replace(', sound = "click"', "")
    for name in ("welcome", "open"):
        config = config.replace(f"[pages.{name}]", f"[pages.{name}]\nsound.click = true")
    stage = open_stage(run_bridge, tab, tmp_path, config)
    stage.wait("started.length === 2")
    for page in ("/open", "/welcome"):
        stage.press()
        stage.wait_shown(page)
    assert sorted(tab.evaluate("started")) == ["click", "rain"]
    stage.press("door")
    stage.wait_shown("/late")
    stage.press()
    stage.wait_shown("/welcome")
    stage.wait("started.slice(2).includes('click')")


@pytest.mark.parametrize("how", ["declines", "lockout", "film"])
def test_a_press_that_moves_nobody_plays_nothing(
    run_bridge: Run, tab: Any, tmp_path: Path, how: str
) -> None:
    """A page that declines it, a lockout, a film; nor does a pin without a rule."""
    config, pages = CONFIG, {}
    if how == "declines":
        pages["welcome"] = DECLINES
    elif how == "lockout":
        config = CONFIG.replace("[pages.welcome]", '[pages.welcome]\nlockout = "60s"')
    else:
        film = '<audio data-ignore-presses autoplay loop src="/static/rain.wav"></audio></body>'
        pages["welcome"] = PAGE.format(name="welcome").replace("</body>", film)
    stage = open_stage(run_bridge, tab, tmp_path, config, **pages)
    stage.press()
    stage.press()
    order(stage.bridge, "click")  # it comes behind all that the presses have led to
    stage.wait("started.includes('click')")
    wait_samples(stage, 0.2)
    assert tab.evaluate("started") == ["rain", "click"]
    assert stage.shown("location.pathname") == "/welcome"


def test_each_display_plays_an_order_once(run_bridge: Run, tab: Any, tmp_path: Path) -> None:
    """Two tabs; the pages that are held ready behind have no part in it."""
    stage = open_stage(run_bridge, tab, tmp_path)
    second = tab.context.new_page()
    record(second)
    other = StageTab(second, stage.bridge)
    other.wait_shown("/welcome")
    wait_recording(other)
    for each in (stage, other):
        each.wait_behind("/open")
    for number in range(1, 4):
        order(stage.bridge, "click")
        for each in (stage, other):
            each.wait("started.filter((name) => name === 'click').length >= path", number)
    order(stage.bridge, "rain")  # it rains already
    order(stage.bridge, "rain", b'{"play": false}')
    for each in (stage, other):
        each.wait("recorded.slice(-8).every(([, samples]) => samples.every((s) => s === 0))")
        assert each.page.evaluate("started") == ["rain", "click", "click", "click"]


def test_an_order_at_a_press_is_played_once(run_bridge: Run, tab: Any, tmp_path: Path) -> None:
    """As a function of the application gives it: the press has just closed the page's socket."""
    stage = open_stage(run_bridge, tab, tmp_path, CONFIG.replace(', sound = "click"', ""))
    for number in range(10):
        stage.bridge.set_level("button", "low")
        order(stage.bridge, "click")
        stage.bridge.set_level("button", "high")
        stage.wait_shown("/welcome" if number % 2 else "/open")
        stage.wait("started.filter((name) => name === 'click').length >= path", number + 1)
    order(stage.bridge, "rain", b'{"play": false}')
    stage.wait("recorded.slice(-8).every(([, samples]) => samples.every((s) => s === 0))")
    assert tab.evaluate("started") == ["rain", *["click"] * 10]


def test_a_stage_that_is_loaded_anew_plays_its_sounds(
    run_bridge: Run, tab: Any, tmp_path: Path
) -> None:
    """After an update of the bridge: the rain begins again with the press's page."""
    stage = open_stage(run_bridge, tab, tmp_path)
    stage.wait_behind("/open")
    tab.evaluate("window.before = true")
    port = stage.bridge.port
    stage.bridge.stop()
    config = tmp_path / "config.toml"
    updated = BridgeProcess(config, port=None, command=[
        *UPDATED, "run", "--port", str(port), "--config", str(config),
    ])  # fmt: skip
    try:
        stage.bridge = updated
        stage.wait_shown("/welcome")
        stage.wait_behind()
        stage.press()
        stage.wait_shown("/open")
        assert not tab.evaluate("window.before")
        wait_recording(stage)
        assert tab.evaluate("started") == ["rain"]
    finally:
        updated.stop()


def test_a_broken_file_is_told_and_the_exhibit_goes_on(
    run_bridge: Run, tab: Any, tmp_path: Path
) -> None:
    """One line in the console and one in the log; the other sounds are played."""
    warnings: list[str] = []
    tab.on("console", lambda message: warnings.append(message.text))
    write_sounds(tmp_path)
    (tmp_path / "static" / "rain.wav").write_bytes(b"RIFF, but no more of it")
    stage = StageTab(tab, run_bridge(config=write_stage_exhibit(tmp_path, CONFIG)))
    stage.wait_shown("/welcome")
    stage.bridge.wait_for_line("WARNING .*sound rain: a browser can't play static/rain.wav")
    for number in range(4):
        stage.press()
        stage.wait_shown("/welcome" if number % 2 else "/open")
    assert tab.evaluate("started") == ["click", "click"]
    told = [text for text in warnings if text.startswith("gpiobridge:")]
    assert len(told) == 1
    assert told[0].startswith("gpiobridge: the sound rain can't be played: EncodingError")
    stage.bridge.stop()
    assert sum("can't play" in line for line in stage.bridge.log) == 1


def test_an_edited_file_is_played(run_bridge: Run, tab: Any, tmp_path: Path) -> None:
    """Without a press: the rain ends, and the new one begins."""
    stage = open_stage(run_bridge, tab, tmp_path)
    new = tmp_path / "new.wav"
    write_tone(new, 2 * RAIN_HZ, 2.0)
    os.replace(new, tmp_path / "static" / "rain.wav")
    stage.wait("started.length === 2")
    wait_samples(stage, 0.7)
    forget(tab)
    wait_samples(stage, 0.2)
    heard = recording(tab)
    assert max(heard.loudness(RAIN_HZ)) < 0.02
    assert abs(heard.loudness(2 * RAIN_HZ)[-1] - RAIN) < 0.05


def test_a_hidden_stage_plays_on(run_bridge: Run, tab: Any, tmp_path: Path) -> None:
    """As its pages' films do: another tab in front changes nothing."""
    stage = open_stage(run_bridge, tab, tmp_path)
    tab.evaluate("""() => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
        document.dispatchEvent(new Event("visibilitychange"));
    }""")
    forget(tab)
    stage.press()
    stage.wait_shown("/open")
    wait_samples(stage, 0.2)
    heard = recording(tab)
    assert max(heard.gaps_s(), default=0.0) < 0.02
    assert tab.evaluate("started") == ["rain", "click"]


@pytest.fixture
def strict_tab(browser: Any) -> Iterator[Any]:
    """A fresh tab of a browser that is silent until somebody uses the page."""
    chromium = browser.browser_type.launch(
        executable_path=shutil.which("chromium"),
        args=[
            *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
            "--autoplay-policy=document-user-activation-required",
        ],
    )
    tab = chromium.new_page()
    tab.set_default_timeout(20_000)
    yield tab
    chromium.close()


def test_a_browser_that_asks_for_a_gesture(
    run_bridge: Run, strict_tab: Any, tmp_path: Path
) -> None:
    """Until somebody touches the page it is silent; then the rain begins.

    To Chromium whatever Playwright evaluates is a gesture, so the page tells by itself.
    """
    write_sounds(tmp_path)
    bridge = run_bridge(config=write_stage_exhibit(tmp_path, CONFIG))
    told: list[str] = []
    strict_tab.on("console", lambda message: told.append(message.text))
    record(strict_tab)
    strict_tab.add_init_script("started.push = (name) => console.log(`started ${name}`)")
    strict_tab.goto(f"{bridge.url}/gpiobridge/stage")

    def press(page: str, pin: str = "button") -> None:
        """Press a pin, and wait until the next page is shown."""
        bridge.set_level(pin, "low")
        bridge.set_level(pin, "high")
        wait_until(lambda: shown() == [page])

    def shown() -> list[str]:
        return [each["page"] for each in bridge.health()["displays"] if each["shown"] is not None]

    wait_until(lambda: shown() == ["welcome"])
    press("late", "door")
    press("welcome")
    with strict_tab.expect_console_message(lambda message: message.text == "started rain"):
        strict_tab.mouse.click(100, 100)
    with strict_tab.expect_console_message(lambda message: message.text == "started click"):
        press("open")
    assert [text for text in told if text.startswith("started")] == [
        "started rain",
        "started click",
    ]


# --------------------------------------------------------------------- a page that is shown alone


def test_a_page_alone_plays_its_own_sounds(run_bridge: Run, tab: Any, tmp_path: Path) -> None:
    """Each page begins anew; a rule's click sounds at the press, before the page is left."""
    write_sounds(tmp_path)
    bridge = run_bridge(config=write_stage_exhibit(tmp_path, CONFIG))
    tab.expose_function("tellStarted", lambda page, name: started.append((page, name)))
    tab.add_init_script("started.push = (name) => { tellStarted(location.pathname, name); }")
    started: list[tuple[str, str]] = []
    online = 'html[data-bridge="online"]'
    tab.goto(f"{bridge.url}/welcome")
    tab.wait_for_selector(online)

    def heard(*names: tuple[str, str]) -> bool:
        tab.evaluate("0")  # Playwright takes calls only while it is asked for something
        return started == list(names)

    wait_until(lambda: heard(("/welcome", "rain")))
    order(bridge, "click")
    wait_until(lambda: heard(("/welcome", "rain"), ("/welcome", "click")))
    started.clear()
    bridge.set_level("button", "low")
    tab.wait_for_url("**/open")
    tab.wait_for_selector(online)
    wait_until(lambda: heard(("/welcome", "click"), ("/open", "rain")))
    bridge.set_level("button", "high")
    started.clear()
    bridge.set_level("button", "low")
    tab.wait_for_url("**/welcome")
    wait_until(lambda: heard(("/welcome", "rain")))


def test_a_page_alone_that_comes_back_plays_on(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """From the back/forward cache: its rain is heard again, and only once."""
    record(page)
    write_sounds(tmp_path)
    bridge = run_bridge(config=write_stage_exhibit(tmp_path, CONFIG))
    online = 'html[data-bridge="online"]'
    page.goto(f"{bridge.url}/welcome")
    page.wait_for_selector(online)
    page.mouse.click(10, 10)  # before that this browser is silent
    page.wait_for_function("started.includes('rain') && window.recording && recorded.length > 40")
    page.evaluate("addEventListener('pageshow', (event) => { window.came = event.persisted; })")
    page.goto(f"{bridge.url}/late")
    page.wait_for_selector(online)
    page.go_back(wait_until="commit")
    page.wait_for_function("window.came")
    page.evaluate("recorded.length = 0")
    page.wait_for_function("recorded.length > 600")
    assert abs(recording(page).loudness(RAIN_HZ)[-1] - RAIN) < 0.05
