"""RFC 6455 at each server that people use: see `attacks.conformance` for what is asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from attacks import dialogue, exhibits
from attacks.conformance import SECTIONS, cases
from attacks.exhibits import Server
from attacks.handshakes import handshakes


@pytest.fixture(scope="module", params=["run", "gunicorn", "werkzeug"])
def port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a bridge under `gpiobridge run`, plain gunicorn, or Werkzeug's server."""
    folder: Path = tmp_path_factory.mktemp("exhibit")
    with exhibits.serve(Server(request.param), folder) as running:
        yield running.port
        assert running.end() == []


@pytest.mark.parametrize("section", SECTIONS)
def test_frames(port: int, section: str) -> None:
    """Every case of a section gets the right pongs, and the right close code or none."""
    wrong = dialogue.play(port, SECTIONS[section]())
    assert not wrong, "\n".join(wrong)


def test_handshakes(port: int) -> None:
    """A handshake by the rules is answered 101, any other with the status that says why."""
    wrong = dialogue.greet(port, handshakes())
    assert not wrong, "\n".join(wrong)


def test_every_case_has_a_name_of_its_own() -> None:
    """So that one that fails is found; and there are some hundreds."""
    names = [case.name for case in cases()] + [item.name for item in handshakes()]
    assert len(names) == len(set(names))
    assert len(names) > 400
