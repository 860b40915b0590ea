"""Five thousand requests with whatever a header can hold: see `fuzz_headers`."""

from pathlib import Path

import pytest
from fuzz_headers import run

from attacks import exhibits
from attacks.catalogue import WITH_TOKEN
from attacks.exhibits import TOKEN, Server


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("server", "requests"), [(Server.RUN, 5000), (Server.WERKZEUG, 500), (Server.GUNICORN, 250)]
)
def test_no_header_brings_a_bridge_down(tmp_path: Path, server: Server, requests: int) -> None:
    """No request is answered 5xx, or not at all; nothing is raised (row 7)."""
    with exhibits.serve(server, tmp_path, WITH_TOKEN) as exhibit:
        failures = run(exhibit.port, requests, 1, TOKEN)
        assert not failures, "\n".join(failures)
        assert exhibit.end() == []
