"""The next pages are loaded once this one is drawn, in Chromium."""

import queue
from pathlib import Path
from typing import Any

from harness.bridge_process import Run
from harness.deadline import DEADLINE_S, wait_until
from harness.exhibit import write_exhibit
from harness.undriven import undriven

PAGE = """\
<!doctype html>
<html lang="en">
<head><title>welcome</title><script>
  new MutationObserver(() => {
    if (!window.aheadMs && document.querySelector("script[type=speculationrules]")) {
      window.aheadMs = performance.now();
    }
  }).observe(document, { childList: true, subtree: true });
</script></head>
<body><h1>welcome</h1></body>
</html>
"""


def test_the_next_pages_are_loaded_once_this_one_is_drawn(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """Loaded earlier, they would only delay what the visitor waits for."""
    bridge = run_bridge()
    (tmp_path / "templates" / "welcome.html").write_text(PAGE)
    page.goto(f"{bridge.url}/welcome")
    page.wait_for_function("window.aheadMs")
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    drawn_ms = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert page.evaluate("aheadMs") > drawn_ms
    rules = page.evaluate("document.querySelector('script[type=speculationrules]').textContent")
    assert "/open" in rules


REPORTING = """\
<!doctype html>
<html lang="en">
<head><title>open</title><script>
  const wasAhead = document.prerendering;
  let frame = "before";
  if (wasAhead) fetch("http://127.0.0.1:{port}/ahead", {{ mode: "no-cors" }});
  const getItem = Storage.prototype.getItem;
  Storage.prototype.getItem = function (key) {{
    Storage.prototype.getItem = getItem;
    fetch(`http://127.0.0.1:{port}/${{wasAhead ? "prerendered" : "loaded"}}-${{frame}}`,
      {{ mode: "no-cors" }});
    return getItem.call(this, key);
  }};
  document.addEventListener("prerenderingchange",
    () => requestAnimationFrame(() => {{ frame = "after"; }}));
</script></head>
<body><h1>open</h1></body>
</html>
"""


def test_a_prerendered_page_uses_its_storage_after_its_first_frame(
    run_bridge: Run, tmp_path: Path, reports: tuple[int, "queue.SimpleQueue[str]"]
) -> None:
    """The first use waits for the browser, and meanwhile the page would not be drawn."""
    port, got = reports
    config = write_exhibit(tmp_path, server='csp = "off"')
    config.write_text(config.read_text().replace("[pages.open]", "[pages.open]\nprerender = true"))
    (tmp_path / "templates" / "open.html").write_text(REPORTING.format(port=port))
    bridge = run_bridge(config=config)
    with undriven(tmp_path / "profile", f"{bridge.url}/welcome"):
        assert got.get(timeout=DEADLINE_S) == "/ahead"
        wait_until(lambda: len(bridge.health()["displays"]) == 1)
        bridge.set_level("button", "low")
        assert got.get(timeout=DEADLINE_S) == "/prerendered-after"
