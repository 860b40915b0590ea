"""A Chromium that nobody drives: a driven one may prerender nothing."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.deadline import DEADLINE_S


@contextmanager
def undriven(profile: Path, url: str) -> Iterator[None]:
    """A browser that nobody drives: a driven one may prerender nothing."""
    chromium = subprocess.Popen(
        [
            shutil.which("chromium") or "chromium",
            *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            "--host-resolver-rules=MAP hall.test 127.0.0.1",
            f"--user-data-dir={profile}",
            url,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(chromium.pid, 15)
        chromium.wait(DEADLINE_S)
