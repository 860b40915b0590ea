"""A covered page of the stage is asleep, in each browser."""

from collections.abc import Iterator

import pytest
from harness.covered import StageServer, stage_server

from browsers.tab import Tab

BODY = """\
<p id=a>a</p><p id=b>b</p><svg id=svg width=9 height=9></svg><input id=i>
<audio id=film src=/sound.wav muted autoplay></audio>
"""

HEAD = """\
<style>
  @keyframes go { to { transform: translate(100px) } }
  #a { animation: go 10s }
  #b { transition: transform 10s }
  #b.go { transform: translate(100px) }
</style>
<script>
  said = [document.prerendering, alert("a"), confirm("b"), open("/x")].map(String);
  changed = [];
  document.addEventListener("prerenderingchange", () => changed.push(document.prerendering));
  times = [];
  requestAnimationFrame(function next(time) { times.push(time); requestAnimationFrame(next); });
  source = new EventSource("/events");
  heard = [];
  source.onmessage = ({ data }) => heard.push(data);
  addEventListener("load", () => {
    made = b.animate({ opacity: [0, 1] }, 10_000);
    b.offsetWidth;
    b.className = "go";
    detached = new Audio("/sound.wav");
    detached.muted = true;
    detached.play().then(() => { played = true; });
    i.focus();
  });
  moves = () => [...a.getAnimations(), ...b.getAnimations()]
    .map(({ currentTime }) => currentTime > 0);
</script>
"""

NEXT = "frames.next"


@pytest.fixture
def server() -> Iterator[StageServer]:
    """A stage, with one page to cover."""
    with stage_server() as server:
        server.add("next", BODY, HEAD)
        yield server


@pytest.fixture
def stage(tab: Tab, server: StageServer) -> Tab:
    """A tab with that page, covered and loaded."""
    tab.goto(server.url)
    tab.wait_for("window.ready")
    tab.run("cover('next').then(() => { window.covered = true; })")
    tab.wait_for("window.covered")
    return tab


def test_a_covered_page_is_prerendering(stage: Tab) -> None:
    """In a browser that doesn't know the word, too."""
    assert stage.evaluate(f"{NEXT}.said") == ["true", "undefined", "false", "null"]
    assert stage.evaluate(f"{NEXT}.changed") == []
    stage.run("wake('next')")
    assert stage.evaluate(f"{NEXT}.changed") == [False]
    assert stage.evaluate(f"{NEXT}.document.prerendering") is False


@pytest.mark.needs("films")
def test_nothing_plays_before_the_page_is_shown(stage: Tab) -> None:
    """A film in the page and a detached one begin when it is shown, and stop when it is left."""
    stage.wait_for(f"{NEXT}.film.readyState === 4 && {NEXT}.times.length > 6")
    films = f"[{NEXT}.film, {NEXT}.detached]"
    look = "map(({ paused, currentTime }) => [paused, currentTime])"
    assert stage.evaluate(f"{films}.{look}") == [[True, 0], [True, 0]]
    stage.run("wake('next')")
    stage.wait_for(f"{NEXT}.film.currentTime > 0 && {NEXT}.detached.currentTime > 0")
    stage.wait_for(f"{NEXT}.played")
    stage.run("end('next')")
    paused = stage.evaluate(f"{films}.map(({{ paused }}) => paused)")
    assert paused == [True, True]


def test_nothing_moves_before_the_page_is_shown(stage: Tab) -> None:
    """CSS animations, transitions and animations of scripts begin when it is shown."""
    stage.wait_for(f"{NEXT}.times.length > 6")
    assert stage.evaluate(f"{NEXT}.moves()") == [False] * 3
    stage.run("wake('next')")
    stage.wait_for(f"{NEXT}.moves().every(Boolean)")


def test_few_animation_frames_in_a_covered_page(stage: Tab) -> None:
    """After the first ones, there are a few in a second; at the swap the page is at full speed."""
    stage.wait_for(f"{NEXT}.times.length > 7")
    assert stage.evaluate(f"{NEXT}.times[7] - {NEXT}.times[6]") > 200
    stage.run("wake('next')")
    stage.wait_for(f"{NEXT}.times.at(-1) - {NEXT}.times.at(-2) < 200")


def test_an_event_source_connects_when_the_page_is_shown(stage: Tab, server: StageServer) -> None:
    """Until then it is one that connects."""
    stage.wait_for(f"{NEXT}.times.length > 6")
    assert server.connects.empty()
    assert stage.evaluate(f"{NEXT}.source instanceof {NEXT}.EventSource")
    assert stage.evaluate(f"{NEXT}.source.readyState") == 0
    stage.run("wake('next')")
    stage.wait_for(f"{NEXT}.heard.length")
    assert stage.evaluate(f"{NEXT}.heard") == ["hello"]


def test_the_focus_comes_with_the_page(stage: Tab) -> None:
    """A covered page takes no key; the shown one gets them at once."""
    stage.press_key("a")
    assert stage.evaluate(f"{NEXT}.i.value") == ""
    assert stage.evaluate("document.activeElement.localName") == "body"
    stage.run("wake('next')")
    stage.press_key("b")
    stage.wait_for(f"{NEXT}.i.value === 'b'")


def test_a_shown_page_has_the_browsers_own_functions(stage: Tab) -> None:
    """And nothing more than another page has."""
    stage.run("wake('next')")
    names = "['alert', 'open', 'requestAnimationFrame', 'focus']"
    own = f"{names}.every((name) => String({NEXT}[name]).includes(`function ${{name}}(`))"
    assert stage.evaluate(own)
    extra = "Object.keys(view).filter((name) => !(name in window) && !known.includes(name))"
    known = "['said', 'changed', 'times', 'source', 'heard', 'moves', 'made', 'detached', 'played']"
    assert stage.evaluate(f"((view, known) => {extra})({NEXT}, {known})") == []
