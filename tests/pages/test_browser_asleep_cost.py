"""What sleeping and waking cost: nothing that a press would have to wait for."""

from typing import Any

from harness.deadline import wait_until

CARDS = "".join(f"<div><h2>{i}</h2><p>some <b>text</b> <i>here</i></p></div>" for i in range(400))

# How long waking and the styles after it take, and how long all styles take that must be made anew.
TIMED = """
() => {
  const view = frames.next;
  const { body } = view.document;
  const settle = () => view.getComputedStyle(body).color + body.offsetTop;
  const time = (act) => { const atMs = performance.now(); act(); settle();
    return performance.now() - atMs; };
  settle();
  const wakingMs = time(() => wake("next"));
  const sheet = new view.CSSStyleSheet();
  sheet.replaceSync("* { animation-play-state: paused }");
  view.document.adoptedStyleSheets = [sheet];
  settle();
  const anewMs = time(() => { view.document.adoptedStyleSheets = []; });
  document.querySelector("[name=next]").remove();
  return wakingMs / anewMs;
}
"""


def test_waking_makes_no_style_anew(stage: Any) -> None:
    """A style sheet that held a page's animations would cost a frame when it is removed."""
    ratios = []
    for _ in range(5):
        stage.cover(CARDS, "onload = () => document.body.animate({ opacity: [0, 1] }, 1000);")
        ratios.append(stage.tab.evaluate(TIMED))
    assert min(ratios) < 0.5


def test_a_covered_page_keeps_no_core_busy(stage: Any) -> None:
    """One that animates by itself and by frames takes a small part of what it takes when shown."""
    session = stage.tab.context.new_cdp_session(stage.tab)
    session.send("Performance.enable")

    def busy_s(ticks: int) -> float:
        def busy() -> float:
            metrics = session.send("Performance.getMetrics")["metrics"]
            return float(
                next(each["value"] for each in metrics if each["name"] == "ScriptDuration")
            )

        before = busy()
        stage.tab.evaluate("(ticks) => new Promise((done) => setTimeout(done, ticks * 100))", ticks)
        return busy() - before

    stage.cover(
        "<canvas id=c></canvas>",
        """
        requestAnimationFrame(function draw() {
          const untilMs = performance.now() + 4;
          while (performance.now() < untilMs);
          requestAnimationFrame(draw);
        });
        """,
    )
    busy_s(5)  # its first frames
    covered = busy_s(10)
    stage.wake()
    assert covered < 0.3 * busy_s(10)


def test_a_page_that_was_removed_is_not_kept(stage: Any) -> None:
    """A stage shows thousands of pages in a day."""
    session = stage.tab.context.new_cdp_session(stage.tab)
    body = "<input autofocus><audio src=/sound.wav autoplay></audio><svg></svg><div id=d></div>"
    script = """
    new EventSource("/events"); new AudioContext(); requestAnimationFrame(() => {});
    addEventListener("load", () => {
      d.attachShadow({ mode: "open" }); d.animate({ opacity: [0, 1] }, 1e6);
      new Audio("/sound.wav").play(); d.focus();
    });
    """
    for _ in range(3):
        stage.cover(body, script)
        stage.tab.evaluate(
            """() => {
              window.kept ??= [];
              kept.push(new WeakRef(frames.next.document));
              wake("next");
              end("next");
              document.querySelector("[name=next]").remove();
              forget("next");
            }"""
        )

    def none_is_kept() -> bool:
        session.send("HeapProfiler.collectGarbage")
        return bool(stage.tab.evaluate("kept.every((each) => !each.deref())"))

    wait_until(none_is_kept)
