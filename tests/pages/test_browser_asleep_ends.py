"""A page that was left is silent until its frame is removed, in Chromium."""

from typing import Any

import pytest
from harness.deadline import wait_until


def test_films_and_sounds_stop(stage: Any) -> None:
    """Those in the document, in its shadow roots, and detached ones."""
    frame = stage.show(
        "<audio id=a src=/sound.wav autoplay loop></audio><div id=host></div>",
        """addEventListener("load", () => {
          const root = host.attachShadow({ mode: "open" });
          root.innerHTML = "<audio src=/sound.wav autoplay loop></audio>";
          const detached = new Audio("/sound.wav");
          detached.play();
          all = [a, host.shadowRoot.firstChild, detached];
        });""",
    )
    frame.wait_for_function("all.every(({ currentTime }) => currentTime > 0)")
    stage.end()
    assert frame.evaluate("all.map(({ paused }) => paused)") == [True] * 3
    frame.evaluate("all[2].play(); a.src = '/sound.wav'; 0")
    frame.wait_for_function("a.readyState === 4")
    assert frame.evaluate("all.map(({ paused }) => paused)") == [True] * 3


@pytest.mark.parametrize("when", ["before", "after"])
def test_audio_contexts_are_closed(stage: Any, when: str) -> None:
    """Those that were made while the page was covered, and later ones."""
    make = "context = new AudioContext();"
    frame = stage.show(script=make if when == "before" else "")
    if when == "after":
        frame.evaluate(make)
    frame.wait_for_function("context.state === 'running'")
    stage.end()
    frame.wait_for_function("context.state === 'closed'")
    assert frame.evaluate("new AudioContext().resume() && new AudioContext().state") == "suspended"


def test_event_sources_are_closed(stage: Any) -> None:
    """Those that waited, and those that connected at once."""
    frame = stage.show(script="all = [new EventSource('/events')];")
    frame.evaluate("all.push(new EventSource('/events'))")
    frame.wait_for_function("all.every(({ readyState }) => readyState === 1)")
    stage.end()
    assert frame.evaluate("all.map(({ readyState }) => readyState)") == [2, 2]
    assert frame.evaluate("new EventSource('/events').readyState") == 0


def test_the_camera_is_given_back(stage: Any) -> None:
    """Its light goes out with the page."""
    frame = stage.show()
    frame.evaluate(
        "navigator.mediaDevices.getUserMedia({ video: true, audio: true })"
        ".then((got) => { stream = got; })"
    )
    stage.end()
    states = frame.evaluate("stream.getTracks().map(({ readyState }) => readyState)")
    assert states == ["ended", "ended"]


def test_wake_locks_are_released(stage: Any) -> None:
    """The next page has its own, if it wants one."""
    frame = stage.show()
    frame.evaluate("navigator.wakeLock.request().then((lock) => { sentinel = lock; })")
    stage.end()
    frame.wait_for_function("sentinel.released")


def test_full_screen_ends(stage: Any) -> None:
    """A film in full screen would cover the next page."""
    frame = stage.show("<p id=p>p</p>")
    frame.click("#p")
    frame.evaluate("p.requestFullscreen()")
    frame.wait_for_function("document.fullscreenElement === p")
    stage.end()
    frame.wait_for_function("document.fullscreenElement === null")
    assert stage.tab.evaluate("document.fullscreenElement") is None


def test_the_stages_own_full_screen_stays(stage: Any) -> None:
    """It is the kiosk's, not the page's."""
    frame = stage.show("<p id=p>p</p>")
    frame.click("#p")
    stage.tab.evaluate("document.documentElement.requestFullscreen()")
    stage.end()
    stage.frames(5)
    assert stage.tab.evaluate("document.fullscreenElement !== null")


def test_the_pointer_is_let_go(stage: Any) -> None:
    """The next page's visitor sees it again."""
    frame = stage.show("<p id=p>p</p>")
    frame.click("#p")
    frame.evaluate("p.requestPointerLock()")
    frame.wait_for_function("document.pointerLockElement === p")
    stage.end()
    frame.wait_for_function("document.pointerLockElement === null")


@pytest.mark.parametrize("covered", [True, False])
def test_a_touch_of_the_shown_page_allows_others_nothing(stage: Any, covered: bool) -> None:
    """To the browser, a touch counts for all frames of the same site."""
    shown = stage.show("<p id=p>p</p>")
    stage.server.add("other", "<p id=p>p</p>")
    other = stage.cover("<p id=p>p</p>", name="other")
    if not covered:
        stage.wake("other")
        stage.end("other")
    shown.click("#p", force=True)
    fails = "(promise) => promise.then(() => 'works', ({ name }) => name)"
    for ask in ("p.requestFullscreen()", "p.requestPointerLock()"):
        assert other.evaluate(f"({fails})({ask})") in ("TypeError", "NotAllowedError")
    assert other.evaluate("navigator.vibrate(1)") is False
    assert other.evaluate("open('/x')") is None
    assert shown.evaluate("document.fullscreenElement") is None


def test_a_page_that_was_left_asks_nothing(stage: Any) -> None:
    """Its timers run on until its frame is removed."""
    frame = stage.show()
    stage.end()
    assert frame.evaluate("[alert('a'), confirm('b'), prompt('c'), print()].map(String)") == [
        "undefined",
        "false",
        "null",
        "undefined",
    ]
    before = stage.tab.evaluate("history.length")
    frame.evaluate("history.pushState(null, '', '?left')")
    assert stage.tab.evaluate("history.length") == before


def test_a_page_saves_its_data_without_a_question(stage: Any) -> None:
    """Its beforeunload handlers run once, whatever they return."""
    frame = stage.show(
        "<p id=p>p</p>",
        """
        saved = [];
        addEventListener("beforeunload", (event) => {
          saved.push("listener");
          event.preventDefault();
          event.returnValue = "Stay?";
          alert("Stay?");
        });
        onbeforeunload = (event) => {
          saved.push(event instanceof BeforeUnloadEvent);
          return "Stay?";
        };
        """,
    )
    frame.click("#p")  # without it, the browser never asks
    stage.end()
    stage.end()
    assert frame.evaluate("saved") == ["listener", True]
    stage.tab.evaluate("document.querySelector('[name=shown]').remove()")
    assert stage.tab.evaluate("1 + 1") == 2  # no dialog holds the tab


def test_a_page_that_was_never_shown_has_nothing_to_save(stage: Any) -> None:
    """As a prerendered page that the browser discards."""
    frame = stage.cover(
        script="saved = 0; addEventListener('beforeunload', () => { saved += 1; });"
    )
    stage.end("next")
    assert frame.evaluate("saved") == 0
    assert frame.evaluate("document.prerendering") is False


def test_frames_inside_the_page_end_with_it(stage: Any) -> None:
    """Those that came after it was shown, too."""
    inner = "<!doctype html><audio id=a src=/sound.wav autoplay loop></audio>"
    stage.server.add_plain("inner", inner)
    frame = stage.show("<iframe src=/pages/inner></iframe>")
    frame.evaluate(
        """() => new Promise((loaded) => {
          const later = document.createElement("iframe");
          later.src = "/pages/inner";
          later.onload = loaded;
          document.body.append(later);
        })"""
    )
    for child in frame.child_frames:
        child.wait_for_function("a.currentTime > 0")
        child.evaluate("saved = 0; addEventListener('beforeunload', () => { saved += 1; }); 0")
    stage.end()
    for child in frame.child_frames:
        assert child.evaluate("[a.paused, saved]") == [True, 1]


def test_what_was_played_is_not_kept(stage: Any) -> None:
    """A page may play a thousand sounds before it is left."""
    frame = stage.show()
    session = stage.tab.context.new_cdp_session(stage.tab)
    frame.evaluate(
        """() => {
          collected = 0;
          registry = new FinalizationRegistry(() => { collected += 1; });
          for (let i = 0; i < 300; i += 1) {
            const film = new Audio();
            registry.register(film);
            film.play().catch(() => {});
            film.src = "data:,";
          }
        }"""
    )

    def most_are_collected() -> bool:
        session.send("HeapProfiler.collectGarbage")
        return bool(frame.evaluate("collected > 250"))

    wait_until(most_are_collected)
