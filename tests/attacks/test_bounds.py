"""What is bounded, or closed, without an attack that lasts.

Row 9, a message that is no JSON, is among the cases of `attacks.conformance`.
"""

import json
from pathlib import Path

from attacks import exhibits
from attacks.catalogue import WITH_TOKEN
from attacks.exhibits import PEAK, TOKEN, Server


def test_keys_of_what_is_retained_are_bounded(tmp_path: Path) -> None:
    """Six hundred keys of 65 KB are refused, or take no memory that grows with them (row 10)."""
    asked = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    with exhibits.serve(Server.RUN, tmp_path, WITH_TOKEN) as exhibit:
        exhibit.warm_up()
        before = exhibit.usage
        for number in range(600):
            body = json.dumps({"data": 1, "retain": f"{number}-" + "k" * 65_000}).encode()
            status, text = exhibit.request("/api/messages", body, headers=asked)
            assert status in (400, 413), (number, status, text)
        assert exhibit.usage[PEAK] < before["resident KiB"] + 10 * 1024
        assert exhibit.end() == []


def test_the_api_is_closed_without_a_token(tmp_path: Path) -> None:
    """A program on the machine may be a proxy that says nothing: without a token, 403 (row 11)."""
    with exhibits.serve(Server.RUN, tmp_path) as exhibit:
        for path in ("/api/messages", "/api/navigate"):
            assert exhibit.request(path, b'{"data": 1, "page": "open"}')[0] == 403
        assert exhibit.end() == []
