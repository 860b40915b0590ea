"""Films, sounds, sources and devices of a covered page wait until it is shown, in Chromium."""

import queue
from typing import Any

import pytest
from harness.deadline import DEADLINE_S

# How a page begins a sound: each leaves it in `film`.
WAYS = {
    "markup": ("<audio id=film src=/sound.wav autoplay></audio>", ""),
    "a source element": ("<audio id=film autoplay><source src=/sound.wav></audio>", ""),
    "a script's attribute": (
        "<audio id=film></audio>",
        "film.setAttribute('autoplay', ''); film.src = '/sound.wav';",
    ),
    "autoplay once it loads": (
        "<audio id=film preload=auto></audio>",
        "film.onloadstart = () => { film.autoplay = true; }; film.src = '/sound.wav';",
    ),
    "a detached element": (
        "",
        "film = document.createElement('audio'); film.autoplay = true; film.src = '/sound.wav';",
    ),
    "a detached piece of markup": (
        "",
        "const div = document.createElement('div');"
        "div.innerHTML = '<b><audio autoplay src=/sound.wav></audio></b>';"
        "film = div.querySelector('audio');",
    ),
    "a copy": (
        "<template id=t><audio autoplay src=/sound.wav></audio></template>",
        "film = document.importNode(t.content, true).firstChild;",
    ),
    "an element that is added later": (
        "",
        "document.body.insertAdjacentHTML('beforeend', '<audio src=/sound.wav autoplay></audio>');"
        "film = document.querySelector('audio');",
    ),
    "a shadow root": (
        "<div id=host></div>",
        "const root = host.attachShadow({ mode: 'closed' });"
        "root.innerHTML = '<audio src=/sound.wav autoplay></audio>';"
        "film = root.querySelector('audio');",
    ),
    "play()": ("<audio id=film src=/sound.wav></audio>", "film.play();"),
    "play() of a detached element": ("", "film = new Audio('/sound.wav'); film.play();"),
    "a stream": (
        "<video id=film autoplay></video>",
        "const canvas = document.createElement('canvas'); canvas.getContext('2d');"
        "film.srcObject = canvas.captureStream(5);",
    ),
}


@pytest.fixture
def playing(stage: Any) -> Any:
    """A shown page with a sound that plays: what has begun with it would be playing, too."""
    frame = stage.show("<audio id=a src=/sound.wav autoplay loop></audio>")
    frame.wait_for_function("a.currentTime > 0")
    return frame


def let_play(playing: Any) -> None:
    """Wait while a sound of the shown page plays on for a while."""
    playing.evaluate("a.currentTime = 0")
    playing.wait_for_function("a.currentTime > 0.25")


@pytest.mark.parametrize("way", WAYS)
def test_nothing_plays_before_the_page_is_shown(stage: Any, playing: Any, way: str) -> None:
    """Neither a sound nor a step of a film, in whichever way it is begun."""
    body, script = WAYS[way]
    frame = stage.cover(
        body,
        f"""
        plays = [];
        addEventListener("load", () => {{
          {script}
          film.addEventListener("play", () => plays.push(film.currentTime));
        }});
        """,
    )
    if way != "a stream":
        frame.wait_for_function("film.readyState === 4")
    let_play(playing)
    assert frame.evaluate("[film.paused, film.currentTime, plays]") == [True, 0, []]
    stage.wake()
    frame.wait_for_function("!film.paused && plays.length === 1")
    if way != "a stream":
        frame.wait_for_function("film.currentTime > 0")


def test_play_resolves_when_the_page_is_shown(stage: Any) -> None:
    """As the promise of a film that begins late."""
    frame = stage.cover(
        "<audio id=a src=/sound.wav></audio>",
        "said = []; addEventListener('load', () => {"
        "  const promise = a.play(); said.push(promise instanceof Promise);"
        "  promise.then(() => said.push(a.paused)); });",
    )
    stage.frames()
    assert frame.evaluate("said") == [True]
    stage.wake()
    frame.wait_for_function("said.length === 2")
    assert frame.evaluate("said") == [True, False]


@pytest.mark.parametrize("by", ["pause()", "load()"])
def test_a_film_that_the_page_stops_does_not_begin(stage: Any, playing: Any, by: str) -> None:
    """Its promise is rejected, as in the standard."""
    frame = stage.cover(
        "<audio id=a src=/sound.wav></audio><audio id=b src=/sound.wav autoplay></audio>",
        f"""said = []; addEventListener("load", () => {{
          a.play().catch((error) => said.push(error.name, error instanceof DOMException));
          a.{by};
          b.pause();
        }});""",
    )
    stage.frames()
    assert frame.evaluate("said") == ["AbortError", True]
    stage.wake()
    let_play(playing)
    assert frame.evaluate("[a.paused, b.paused]") == [True, True]


def test_a_film_without_autoplay_does_not_begin(stage: Any, playing: Any) -> None:
    """Being held starts nothing; an autoplay that comes after the film is too late, as ever."""
    frame = stage.cover(
        "<audio id=a src=/sound.wav preload=auto></audio>",
        "addEventListener('load', () => { film = new Audio('/sound.wav');"
        "  film.oncanplaythrough = () => { film.autoplay = true; }; });",
    )
    frame.wait_for_function("a.readyState === 4 && film.autoplay")
    stage.wake()
    let_play(playing)
    assert frame.evaluate("[a.paused, film.paused]") == [True, True]


def test_web_audio_waits(stage: Any, playing: Any) -> None:
    """Contexts are suspended; resume() resolves when the page is shown."""
    frame = stage.cover(
        script="""
        said = [];
        contexts = [new AudioContext(), new (class extends AudioContext {})(), new AudioContext()];
        contexts[0].resume().then(() => said.push("resumed"));
        contexts[2].suspend();
        """
    )
    look = "contexts.map(({ state, currentTime }) => [state, currentTime])"
    suspended = frame.evaluate(look)
    assert [state for state, _ in suspended] == ["suspended"] * 3
    let_play(playing)
    assert frame.evaluate(look) == suspended
    assert frame.evaluate("contexts.every((each) => each instanceof AudioContext)")
    assert frame.evaluate("said") == []
    stage.wake()
    frame.wait_for_function("contexts[0].currentTime > 0.1 && contexts[1].state === 'running'")
    assert frame.evaluate("contexts[2].state") == "suspended"
    assert frame.evaluate("said") == ["resumed"]


def test_an_offline_context_renders(stage: Any) -> None:
    """Nobody hears it."""
    frame = stage.cover()
    length = "new OfflineAudioContext(1, 100, 8000).startRendering().then(({ length }) => length)"
    assert frame.evaluate(length) == 100


def test_an_event_source_connects_when_the_page_is_shown(stage: Any) -> None:
    """Until then it is one that connects; then it gets its events."""
    frame = stage.cover(
        script="""
        said = [];
        source = new EventSource("/events?late", { withCredentials: true });
        source.onopen = (event) => said.push(["open", event.target === source]);
        source.onmessage = function (event) {
          said.push([event.data, event.lastEventId, event.origin === origin, this === source]);
        };
        source.addEventListener("tick", ({ data }) => said.push(data));
        look = () => [source.readyState, source.url === `${origin}/events?late`,
          source.withCredentials, source instanceof EventSource, EventSource.OPEN, source.CLOSED];
        """
    )
    stage.frames(5)
    with pytest.raises(queue.Empty):
        stage.server.connects.get_nowait()
    assert frame.evaluate("look()") == [0, True, True, True, 1, 2]
    stage.wake()
    frame.wait_for_function("said.length === 3")
    assert frame.evaluate("said") == [["open", True], ["hello", "7", True, True], "1"]
    assert frame.evaluate("look()") == [1, True, True, True, 1, 2]
    frame.evaluate("source.close()")
    assert frame.evaluate("source.readyState") == 2


def test_a_source_that_was_closed_never_connects(stage: Any) -> None:
    """The page doesn't want it any more."""
    frame = stage.cover(script="source = new EventSource('/events?closed'); source.close();")
    assert frame.evaluate("source.readyState") == 2
    stage.wake()
    frame.evaluate("fetch('/after').then(({ ok }) => ok)")
    assert stage.server.connects.get(timeout=DEADLINE_S) == "/after"


def test_covered_pages_leave_the_shown_page_its_connections(stage: Any) -> None:
    """Six sources of covered pages would take all connections that a browser has to a server."""
    shown = stage.show()
    for name in ("one", "two"):
        stage.cover(script="for (let i = 0; i < 3; i += 1) new EventSource('/events');", name=name)
    assert shown.evaluate("fetch('/asked').then(({ ok }) => ok)")


def test_a_new_source_of_a_shown_page_is_the_browsers_own(stage: Any) -> None:
    """It has nothing of ours."""
    frame = stage.cover()
    stage.wake()
    frame.evaluate("source = new EventSource('/events'); 0")
    assert frame.evaluate("Object.getOwnPropertyNames(source)") == []
    assert stage.server.connects.get(timeout=DEADLINE_S) == "/events"


def test_camera_and_wake_lock_wait(stage: Any) -> None:
    """Their promises are settled when the page is shown."""
    frame = stage.cover(
        script="""
        said = [];
        navigator.mediaDevices.getUserMedia({ video: true }).then(() => said.push("camera"));
        Notification.requestPermission().then(() => said.push("notification"));
        """
    )
    stage.frames(10)
    assert frame.evaluate("said") == []
    stage.wake()
    frame.wait_for_function("said.length === 2")


def test_speech_waits(stage: Any) -> None:
    """In order, and what the page cancels is never said."""
    stage.server.add(
        "next",
        head="<script>said = []; speechSynthesis.speak(new SpeechSynthesisUtterance('never'));"
        "speechSynthesis.cancel();"
        "for (const text of ['one', 'two']) {"
        "  speechSynthesis.speak(new SpeechSynthesisUtterance(text)); }</script>",
    )
    # The page is asleep in a window whose own speak() is ours: this machine has no voice.
    stage.tab.evaluate(
        """() => {
          const { makeSleep } = window;
          window.makeSleep = (view) => {
            view.SpeechSynthesis.prototype.speak = ({ text }) => view.said.push(text);
            makeSleep(view);
          };
          return cover("next");
        }"""
    )
    frame = stage.tab.frame(name="next")
    assert frame.evaluate("said") == []
    stage.wake()
    assert frame.evaluate("said") == ["one", "two"]


def test_nobody_asks_for_a_voice_that_the_page_does_not_use(stage: Any) -> None:
    """Without a speech service, Firefox answers the question with a bar above the page."""
    stage.server.add("next", head="<title>next</title>")
    stage.tab.evaluate(
        """() => {
          const { makeSleep } = window;
          window.asked = 0;
          window.makeSleep = (view) => {
            Object.defineProperty(view, "speechSynthesis", { get() { asked += 1; } });
            makeSleep(view);
          };
          return cover("next");
        }"""
    )
    stage.wake()
    assert stage.tab.evaluate("asked") == 0
