"""A covered page is asleep, as a prerendered one, until it is shown, in Chromium."""

from itertools import pairwise
from typing import Any

import pytest


def test_a_covered_page_is_prerendering(stage: Any) -> None:
    """Its scripts see what they see in a page that the browser prerenders."""
    frame = stage.cover(script="first = document.prerendering; addEventListener('load', () => {"
                        "  later = document.prerendering; });")  # fmt: skip
    assert frame.evaluate("[first, later]") == [True, True]


def test_waking_tells_the_page(stage: Any) -> None:
    """One event, with which the page is not prerendering any more."""
    frame = stage.cover(
        script="""
        said = [];
        document.addEventListener("prerenderingchange", (event) => {
          said.push([document.prerendering, event instanceof Event, event.target === document]);
        });
        document.onprerenderingchange = () => said.push("handler");
        """
    )
    assert frame.evaluate("said") == []
    stage.wake()
    assert frame.evaluate("said") == [[False, True, True], "handler"]


def test_dialogs_and_windows_do_nothing(stage: Any) -> None:
    """Each returns what a dismissed one does, at once."""
    frame = stage.cover(
        script="""
        said = [alert("a"), confirm("b"), prompt("c"), print(), open("/popup")].map(String);
        """
    )
    assert frame.evaluate("said") == ["undefined", "false", "null", "undefined", "null"]
    assert len(stage.tab.context.pages) == 1


PATCHED = {
    "alert": "window",
    "open": "window",
    "requestAnimationFrame": "window",
    "cancelAnimationFrame": "window",
    "focus": "HTMLElement.prototype",
    "select": "HTMLInputElement.prototype",
    "pushState": "History.prototype",
    "animate": "Element.prototype",
    "showModal": "HTMLDialogElement.prototype",
    "createElement": "Document.prototype",
    "cloneNode": "Node.prototype",
}


@pytest.mark.parametrize("name", PATCHED)
def test_a_shown_page_has_the_browsers_own_functions(stage: Any, name: str) -> None:
    """A page that was covered runs as a page alone."""
    own = f"Object.getOwnPropertyDescriptor({PATCHED[name]}, '{name}')"
    frame = stage.cover(script=f"held = {own};")
    stage.wake()
    stage.frames()
    assert frame.evaluate(f"{own}.value !== held.value")
    said = frame.evaluate(f"String({own}.value)")
    assert said == f"function {name}() {{ [native code] }}"
    same = "['writable', 'enumerable', 'configurable'].every((each) => now[each] === held[each])"
    assert frame.evaluate(f"((now) => {same})({own})")


@pytest.mark.parametrize("name", [*PATCHED, "EventSource", "Audio", "AudioContext"])
def test_held_functions_look_natural(stage: Any, name: str) -> None:
    """They keep their names, lengths and prototypes, and are of the page's window."""
    owner = PATCHED.get(name, "window")
    look = "(({ value }) => [value.name, value.length, value instanceof Function])"
    frame = stage.cover(
        script=f"held = {look}(Object.getOwnPropertyDescriptor({owner}, '{name}'));"
    )
    stage.wake()
    now = f"{look}(Object.getOwnPropertyDescriptor({owner}, '{name}'))"
    assert frame.evaluate("held") == frame.evaluate(now)


def test_nothing_enumerable_is_left(stage: Any) -> None:
    """The page's window has no names that another window doesn't have."""
    names = "(view) => { const all = []; for (const name in view) all.push(name); return all; }"
    frame = stage.cover(script=f"held = ({names})(window).filter((name) => name !== 'held');")
    here = set(frame.evaluate("held"))
    plain = set(stage.tab.evaluate(f"({names})(window)"))
    assert here - plain == set()


def test_elements_are_of_the_pages_own_window(stage: Any) -> None:
    """A node that the stage has seen first would be no Node to the page."""
    frame = stage.cover("<p id=p>one</p><audio id=a src=/sound.wav autoplay></audio><input id=i>")
    assert frame.evaluate("[p, a, i].map((each) => each instanceof HTMLElement)") == [True] * 3


def test_wrong_calls_fail_as_ever(stage: Any) -> None:
    """What the browser rejects, it rejects at once, with its own errors."""
    frame = stage.cover(
        script="""
        said = [];
        const trying = (act) => { try { act(); } catch (error) { said.push(error.name); } };
        trying(() => requestAnimationFrame(1));
        trying(() => EventSource("/events"));
        trying(() => new EventSource());
        trying(() => new EventSource("http://["));
        trying(() => HTMLElement.prototype.focus.call({}));
        trying(() => AudioContext());
        trying(() => document.createElement("dialog").showModal());
        trying(() => document.createElement("div").animate(1));
        own = said.length;
        """
    )
    said = frame.evaluate("said")
    assert said == [
        *("TypeError", "TypeError", "TypeError", "SyntaxError", "TypeError", "TypeError"),
        *("InvalidStateError", "TypeError"),
    ]


def test_a_function_that_the_page_has_wrapped_works_when_shown(stage: Any) -> None:
    """Libraries wrap the browser's functions; then ours stays inside, and steps aside."""
    frame = stage.cover(
        "<input id=i>",
        """
        const inner = HTMLElement.prototype.focus;
        calls = 0;
        HTMLElement.prototype.focus = function (...how) { calls += 1; inner.apply(this, how); };
        """,
    )
    stage.wake()
    assert frame.evaluate("(i.focus(), [calls, document.activeElement.id])") == [1, "i"]


def test_a_covered_page_adds_nothing_to_the_history(stage: Any) -> None:
    """The back button would lead through pages that nobody has seen."""
    before = stage.tab.evaluate("history.length")
    frame = stage.cover()
    frame.evaluate("history.pushState({ a: 1 }, '', '?pushed')")
    assert frame.evaluate("[location.search, history.state.a]") == ["?pushed", 1]
    frame.evaluate("location.hash = 'there'")
    frame.wait_for_function("location.hash === '#there'")
    assert stage.tab.evaluate("history.length") == before
    stage.wake()
    frame.evaluate("history.pushState({ a: 2 }, '', '?more')")
    assert stage.tab.evaluate("history.length") == before + 1


def test_a_covered_page_does_not_go_back(stage: Any) -> None:
    """It would take the shown page with it."""
    shown = stage.show()
    shown.evaluate("history.pushState(null, '', '?second')")
    frame = stage.cover()
    frame.evaluate("history.back(); history.go(-1)")
    frame.evaluate("history.replaceState(null, '', '?here')")
    stage.frames(5)
    assert shown.evaluate("location.search") == "?second"


def test_few_animation_frames_in_a_covered_page(stage: Any) -> None:
    """The first come at once, for a first picture; then there are a few in a second."""
    frame = stage.cover(
        script="""
        times = [];
        requestAnimationFrame(function next(time) {
          times.push([time, performance.now()]);
          requestAnimationFrame(next);
        });
        """
    )
    frame.wait_for_function("times.length > 8")
    times = frame.evaluate("times.map(([time]) => time)")
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps[5:8]) > 200  # however slow the machine is
    assert times == sorted(times)
    assert all(abs(now - time) < 1000 for time, now in frame.evaluate("times"))


def test_the_first_frames_are_not_slowed(stage: Any) -> None:
    """A picture that takes a few callbacks is there with the page's first frames."""
    frame = stage.cover(
        script="""
        timers = 0;
        const nativeTimeout = window.setTimeout;
        drawn = new Promise((done) => {
          let count = 0;
          requestAnimationFrame(function next() {
            count += 1;
            if (count === 4) done(true); else requestAnimationFrame(next);
          });
        });
        """
    )
    # The stage's own frames show that the callbacks took no more frames than they had to.
    stage.frames(8)
    assert frame.evaluate("Promise.race([drawn, new Promise((done) => setTimeout(done, 0))])")


def test_waiting_animation_frames_come_with_the_swap(stage: Any) -> None:
    """A page that draws by them is drawn in its first frame on the screen."""
    frame = stage.cover()
    order = frame.evaluate(
        """async () => {
          const frame = () => new Promise(requestAnimationFrame);
          for (let i = 0; i < 5; i += 1) await frame();
          const order = [];
          requestAnimationFrame(() => order.push("page"));
          parent.wake("next");
          const native = parent.requestAnimationFrame;
          await new Promise((done) => native.call(parent, done));
          await new Promise((done) => setTimeout(done));
          return order;
        }"""
    )
    assert order == ["page"]


def test_a_waiting_animation_frame_can_be_cancelled(stage: Any) -> None:
    """While the page is covered, and right after it was shown."""
    frame = stage.cover()
    ran = frame.evaluate(
        """async () => {
          for (let i = 0; i < 6; i += 1) await new Promise(requestAnimationFrame);
          const ran = [];
          const first = requestAnimationFrame(() => ran.push("first"));
          const second = requestAnimationFrame(() => ran.push("second"));
          requestAnimationFrame(() => ran.push("third"));
          cancelAnimationFrame(first);
          parent.wake("next");
          cancelAnimationFrame(second);
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          return ran;
        }"""
    )
    assert ran == ["third"]


def test_a_failing_animation_frame_fails_alone(stage: Any) -> None:
    """The error is the page's, and the other callbacks run."""
    frame = stage.cover()
    said = frame.evaluate(
        """async () => {
          const said = [];
          window.onerror = (message) => { said.push(message); return true; };
          requestAnimationFrame(() => { throw new Error("mine"); });
          await new Promise((done) => requestAnimationFrame(done));
          return said;
        }"""
    )
    assert said == ["Uncaught Error: mine"]
    assert stage.tab.evaluate("errors.splice(0)") == ["Uncaught Error: mine"]


GO = "@keyframes go { to { translate: 100px } }"
TIMES = "look = (all) => all.map(({ currentTime }) => currentTime);"


def test_css_animations_begin_when_shown(stage: Any) -> None:
    """They are held at their start: in the document, its shadow roots, and pseudo-elements."""
    style = f"<style>{GO} .a, #b::before {{ content: 'x'; animation: go 10s }}</style>"
    frame = stage.cover(
        f"{style}<p class=a id=a>a</p><p id=b>b</p><div id=host></div>"
        f"<div id=parsed><template shadowrootmode=open>{style}<p class=a>c</p></template></div>",
        script=f"""{TIMES}
        addEventListener("load", () => {{
          const root = host.attachShadow({{ mode: "closed" }});
          root.innerHTML = "{style}<p class=a>d</p>";
          all = () => [document, root, parsed.shadowRoot].flatMap((each) => each.getAnimations());
        }});""",
    )
    stage.frames(10)
    assert frame.evaluate("look(all())") == [0] * 4
    stage.wake()
    frame.wait_for_function("look(all()).every((time) => time > 0)")


def test_an_animation_that_a_class_begins_is_held(stage: Any) -> None:
    """Also that of a pseudo-element, of which only its event tells: no element is new."""
    frame = stage.cover(
        f"<style>{GO} .go, .go::before {{ content: 'x'; animation: go 10s }}</style><p id=b>b</p>",
        script=TIMES,
    )
    stage.frames(10)
    frame.evaluate("b.className = 'go'")
    stage.frames(10)
    assert frame.evaluate("look(document.getAnimations())") == [0, 0]
    stage.wake()
    frame.wait_for_function("look(document.getAnimations()).every((time) => time > 0)")


def test_the_delay_of_an_animation_begins_when_shown(stage: Any) -> None:
    """Also that of an animation that nothing has told of so far."""
    frame = stage.cover(
        f"<style>{GO} #a, .go {{ animation: go 10s 60s }}</style><p id=a>a</p><p id=b>b</p>",
        script=TIMES,
    )
    stage.frames()
    frame.evaluate("b.className = 'go'")
    stage.frames()
    frame.wait_for_function("b.getAnimations()[0].currentTime > 0")
    times = "(parent.wake('next'), look(document.getAnimations()))"
    assert frame.evaluate(times) == [0, 0]


def test_a_short_animation_is_seen_after_a_slow_load(stage: Any) -> None:
    """It would be over before the page has drawn a second frame."""
    frame = stage.cover(
        f"<style>{GO} p {{ animation: go 50ms }}</style>",
        script="addEventListener('load', () => {"
        "  document.body.append(Object.assign(document.createElement('p'), { id: 'a' }));"
        "  requestAnimationFrame(() => setTimeout(() => {"
        "    const untilMs = performance.now() + 200; while (performance.now() < untilMs);"
        "    done = true; })); });",
    )
    frame.wait_for_function("window.done")
    stage.frames()
    assert frame.evaluate("a.getAnimations().map(({ currentTime }) => currentTime)") == [0]


def test_a_style_that_pauses_an_animation_works_when_shown(stage: Any) -> None:
    """The stage has not paused it: then the browser would ignore animation-play-state."""
    frame = stage.cover(f"<style>{GO} p {{ animation: go 10s }}</style><p id=p>p</p>")
    stage.frames()
    stage.wake()
    look = "p.getAnimations()[0].playState"
    assert frame.evaluate(look) == "running"
    frame.evaluate("p.style.animationPlayState = 'paused'")
    assert frame.evaluate(look) == "paused"
    frame.evaluate("p.style.animationPlayState = 'running'")
    assert frame.evaluate(look) == "running"


def test_transitions_begin_when_shown(stage: Any) -> None:
    """They are held at their start."""
    frame = stage.cover(
        "<style>p { transition: translate 10s } .go { translate: 100px }</style><p id=p>p</p>",
        script=TIMES,
    )
    stage.frames(5)
    frame.evaluate("p.offsetWidth; p.className = 'go'")
    stage.frames(10)
    assert frame.evaluate("look(p.getAnimations())") == [0]
    stage.wake()
    frame.wait_for_function("look(p.getAnimations())[0] > 0")


def test_animations_of_scripts_begin_when_shown(stage: Any) -> None:
    """But not those that the page has paused, cancelled or finished meanwhile."""
    frame = stage.cover(
        "<p id=p>p</p>",
        script="look = () => all.map((each) => [each.playState, each.currentTime > 0]);",
    )
    stage.frames(5)
    frame.evaluate(
        """() => {
          const make = () => p.animate({ translate: ["0", "100px"] }, 10_000);
          all = [make(), make(), make(), make(), make()];
          all[1].pause();
          all[2].cancel();
          all[3].pause();
          all[3].play();
          all[4].finish();
        }"""
    )
    stage.frames(10)
    still = [["paused", False], ["idle", False]]
    waits, moves, over = ["running", False], ["running", True], ["finished", True]
    assert frame.evaluate("look()") == [waits, *still, waits, over]
    stage.wake()
    stage.frames(10)
    assert frame.evaluate("look()") == [moves, *still, moves, over]


def test_an_animation_keeps_its_rate(stage: Any) -> None:
    """The page reads and sets the rate that it will have."""
    frame = stage.cover(
        "<p id=p>p</p>",
        script="""
        addEventListener("load", () => {
          const make = () => p.animate({ translate: ["0", "100px"] }, 10_000);
          all = [make(), make(), make()];
          all[1].playbackRate = 2;
          all[2].reverse();
        });
        look = () => all.map(({ playbackRate }) => playbackRate);
        """,
    )
    stage.frames()
    assert frame.evaluate("look()") == [1, 2, -1]
    assert frame.evaluate("all.map(({ currentTime }) => currentTime)") == [0, 0, 10_000]
    stage.wake()
    assert frame.evaluate("look()") == [1, 2, -1]
    frame.wait_for_function("all[1].currentTime > 0 && all[2].currentTime < 10_000")


def test_an_animation_that_follows_a_scroll_is_not_held(stage: Any) -> None:
    """It moves only with the page, so the first picture has it where it belongs."""
    frame = stage.cover(
        "<style>body { height: 3000px } #p { position: fixed; top: 0 }</style><p id=p>p</p>",
        script="""
        addEventListener("load", () => {
          const timeline = new ScrollTimeline({ source: document.documentElement });
          p.animate({ opacity: ["1", "0"] }, { fill: "both", timeline });
        });
        """,
    )
    stage.frames(5)
    frame.evaluate("scrollTo(0, 3000)")
    frame.wait_for_function("getComputedStyle(p).opacity < 0.1")


def test_svg_animations_begin_when_shown(stage: Any) -> None:
    """In the page's markup, and in drawings that a script adds."""
    drawing = (
        "<svg width=9 height=9><rect width=5 height=5>"
        "<animate attributeName=x from=0 to=5 dur=10s /></rect></svg>"
    )
    frame = stage.cover(
        f"{drawing}<div id=later></div>",
        script=f"addEventListener('load', () => {{ later.innerHTML = '<p>{drawing}</p>'; }});"
        "look = () => [...document.querySelectorAll('svg')].map((each) => each.getCurrentTime());",
    )
    stage.frames(10)
    assert frame.evaluate("look()") == [0, 0]
    stage.wake()
    frame.wait_for_function("look().every((time) => time > 0)")


def test_a_document_that_is_written_anew_stays_asleep(stage: Any) -> None:
    """document.open() removes all listeners of the document."""
    frame = stage.cover()
    frame.evaluate(
        """() => {
          document.open();
          document.write(`<!doctype html><style>
            @keyframes go { to { translate: 100px } } p { animation: go 10s }
            b { transition: translate 10s } .go { translate: 100px }</style>
            <p id=p>p</p><b id=b>b</b><audio id=a src=/sound.wav autoplay></audio>`);
          document.close();
        }"""
    )
    frame.evaluate("b.offsetWidth; b.className = 'go'; 0")
    frame.wait_for_function("a.readyState === 4")
    stage.frames(10)
    times = "[p, b].map((each) => each.getAnimations()[0].currentTime)"
    assert frame.evaluate(times) == [0, 0]
    assert frame.evaluate("a.paused")
    assert frame.evaluate("document.prerendering")


def test_a_frame_inside_the_page_sleeps_once_it_has_loaded(stage: Any) -> None:
    """It is of the same site; before its load, nobody is told of its window, and it may move."""
    stage.server.add_plain(
        "inner",
        """<!doctype html><style>@keyframes go { to { translate: 100px } } p { animation: go 10s }
        </style><p id=p>p</p><audio id=a src=/sound.wav autoplay></audio>""",
    )
    frame = stage.cover("<iframe src=/pages/inner></iframe>")
    inner = frame.child_frames[0]
    at = "p.getAnimations()[0].currentTime"
    inner.wait_for_function("document.readyState === 'complete' && a.paused")
    stands_ms = inner.evaluate(at)
    stage.frames(10)
    assert inner.evaluate(f"[{at}, a.paused]") == [stands_ms, True]
    assert inner.evaluate("String(alert('inner'))") == "undefined"
    stage.wake()
    inner.wait_for_function(f"{at} > {stands_ms} && a.currentTime > 0")


def test_a_page_that_is_shown_at_once_is_a_page_alone(stage: Any) -> None:
    """A page that wakes before its scripts run has never been asleep to them."""
    stage.server.add_plain(
        "now",
        """<!doctype html><script>parent.makeSleep(window); parent.sleepOf("now").wake();</script>
        <script>said = document.prerendering; changed = 0;
        document.addEventListener("prerenderingchange", () => { changed += 1; });</script>
        <audio id=a src=/sound.wav autoplay></audio>""",
    )
    stage.tab.evaluate("cover('now')")
    frame = stage.tab.frame(name="now")
    frame.wait_for_function("a.currentTime > 0")
    assert frame.evaluate("[said, changed]") == [False, 0]
