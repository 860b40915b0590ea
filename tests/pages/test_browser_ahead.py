"""The next pages are loaded once this one is drawn, in Chromium."""

from pathlib import Path
from typing import Any

from harness.bridge_process import Run

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
