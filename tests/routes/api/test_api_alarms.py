"""A test call by the API, and by the command: who is called, and what came of it."""

import json
import threading
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from harness.answering_server import Answers
from harness.api_exhibit import EXHIBIT, LOCAL, LOCAL_GUARDED
from harness.bridge_process import BridgeProcess
from harness.deadline import DEADLINE_S

from gpiobridge import GpioBridge
from gpiobridge.cli import main

SECRET = "S3CRET-of-a-test"


@pytest.fixture
def answers() -> Iterator[Answers]:
    """A server that takes calls."""
    server = Answers(200, "")
    yield server
    server.stop()


def with_alarms(run: str, post: str) -> str:
    """The exhibit with `[alarms]`."""
    return (
        f'{EXHIBIT}[displays.left]\n[alarms]\nrun = ["/bin/sh", "-c", "{run}"]\npost = "{post}"\n'
    )


def test_everyone_is_called_once(served: Callable[..., FlaskClient], answers: Answers) -> None:
    """And what fails is said, without a secret."""
    address = f"http://127.0.0.1:{answers.server_port}"
    client = served(text=with_alarms("exit 3", f"{address}/{SECRET}"))
    answer = client.post("/api/alarms/test")
    assert answer.status_code == 200
    assert answer.get_json() == {
        "calls": [
            {"to": "run", "called": "/bin/sh", "failed": "its exit code is 3"},
            {"to": "post", "called": address, "failed": None},
        ]
    }
    ((path, _, body),) = answers.asked
    told = json.loads(body)
    assert (path, told["state"], told["display"]) == (f"/{SECRET}", "test", "test")


def test_what_is_refused(served: Callable[..., FlaskClient]) -> None:
    """Strangers, a body, and a bridge that calls nobody."""
    client = served()
    answer = client.post("/api/alarms/test", json={})
    said = "Nobody is called: write run or post below [alarms].\n"
    assert (answer.status_code, answer.text) == (404, said)
    assert client.post("/api/alarms/test", json={"x": 1}).status_code == 400
    assert client.get("/api/alarms/test").status_code == 405
    guarded = served(LOCAL_GUARDED)
    assert guarded.post("/api/alarms/test").status_code == 401


def test_one_test_at_a_time(served: Callable[..., FlaskClient]) -> None:
    """Each holds a thread of the server."""
    client = served(text=with_alarms("exit 0", ""))
    assert client.get("/healthz").status_code == 200
    bridge: GpioBridge = client.application.extensions["gpiobridge"]
    (caller,) = bridge.running.calls.callers
    begun, go_on = threading.Event(), threading.Event()

    def make(*_: object) -> None:
        begun.set()
        assert go_on.wait(DEADLINE_S)

    caller.make = make
    first = threading.Thread(target=client.post, args=("/api/alarms/test",))
    first.start()
    assert begun.wait(DEADLINE_S)
    assert client.application.test_client().post("/api/alarms/test").status_code == 409
    go_on.set()
    first.join(DEADLINE_S)


def test_the_command(exhibit: Callable[..., BridgeProcess], answers: Answers) -> None:
    """It says what came of each call; its exit code tells whether all were made."""
    address = f"http://127.0.0.1:{answers.server_port}"
    bridge = exhibit(server=LOCAL, text=with_alarms("exit 0", f"{address}/{SECRET}"))
    done = CliRunner().invoke(main, ["alarm", "--test", "--url", bridge.url])
    assert (done.exit_code, done.output) == (0, f"run /bin/sh: done\npost {address}: done\n")
    assert len(answers.asked) == 1


def test_the_command_when_a_call_fails(exhibit: Callable[..., BridgeProcess]) -> None:
    """Exit code 1."""
    bridge = exhibit(server=LOCAL, text=with_alarms("exit 3", ""))
    done = CliRunner().invoke(main, ["alarm", "--test", "--url", bridge.url])
    assert (done.exit_code, done.output) == (1, "run /bin/sh: failed: its exit code is 3\n")


def test_the_command_when_nobody_is_called(exhibit: Callable[..., BridgeProcess]) -> None:
    """One sentence, with the remedy."""
    bridge = exhibit(server=LOCAL, text=EXHIBIT)
    done = CliRunner().invoke(main, ["alarm", "--test", "--url", bridge.url])
    assert done.exit_code == 1
    assert "Nobody is called: write run or post below [alarms]." in done.stderr
    assert CliRunner().invoke(main, ["alarm", "--url", bridge.url]).exit_code == 2
