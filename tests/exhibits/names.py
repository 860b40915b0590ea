"""Everything that docs/promises.md promises by name: keys, types, defaults, statuses, signatures.

The exhibits use these names, but read only some of an answer. So each version's folder has its
names, too: `make exhibits-client` writes them, until the version is released.
"""

import contextlib
import enum
import http.client
import inspect
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import MISSING, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from harness.bridge_process import BridgeProcess
from harness.deadline import DEADLINE_S
from harness.exhibit import CONFIG, write_exhibit

from gpiobridge import cli
from gpiobridge.config.kinds import KINDS, kind_of
from gpiobridge.config.output_kinds import OUTPUT_KINDS, output_kind
from gpiobridge.config.settings import (
    Alarms,
    Gpio,
    Hours,
    Idle,
    Kiosk,
    Limits,
    NamedDisplay,
    Page,
    PageOutput,
    Server,
    Stage,
)

HERE = Path(__file__).parent
MODULES = ("gpiobridge", "gpiobridge.client")
SIZE = 2**20
OUTPUTS = "\n[outputs]\nlamp = 22\n"


def shape(value: Any) -> Any:
    """The keys of an answer, and the type of each value; of displays any one."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else (
        type(value).__name__
    )  # fmt: skip


def of_a_bridge(folder: Path) -> dict[str, Any]:
    """What a running bridge answers."""
    config = write_exhibit(folder, 'api = "local"', CONFIG + OUTPUTS)
    bridge = BridgeProcess(config, "gunicorn")
    try:
        with bridge.socket("welcome") as socket:
            frames = [json.loads(socket.recv(DEADLINE_S))]
            health = shape(bridge.health())
            metrics = metric_names(bridge.get("/metrics")[1])
            bridge.set_level("door", "high")
            pushed = asked(bridge, "POST", "/api/messages", b'{"data": 1}')
            types = {frames[0]["type"]}
            while not types >= {"state", "edge", "message", "beat"}:
                frames.append(json.loads(socket.recv(DEADLINE_S)))
                types.add(frames[-1]["type"])
        return {
            "healthz": health,
            "metrics": metrics,
            "frames": {frame["type"]: shape(frame) for frame in frames},
            "statuses": statuses(bridge) | {"a push": pushed},
        }
    finally:
        bridge.stop()


def metric_names(text: str) -> dict[str, list[str]]:
    """Each metric, with the names of its labels."""
    found: dict[str, set[str]] = {}
    for name, labels in re.findall(r"^([a-z]\w*)(?:\{(.*)\})? ", text, re.MULTILINE):
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    return {name: sorted(labels) for name, labels in found.items()}


def asked(bridge: BridgeProcess, method: str, path: str, body: bytes = b"", **headers: str) -> int:
    """The status of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", bridge.port, timeout=DEADLINE_S)
    with contextlib.closing(connection):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body if method == "POST" else None, sent)
        return connection.getresponse().status


def statuses(bridge: BridgeProcess) -> dict[str, int]:
    """The status of each kind of wrong request, and of some that are right."""
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    key = {"Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    pin, output = "/simulator/pins/door", "/api/outputs/lamp"
    same = {"Origin": bridge.url}
    return {
        "a pin is set": asked(bridge, "POST", pin, b'{"level": "low"}', **same),
        "no JSON": asked(bridge, "POST", pin, b"low", **same),
        "no level": asked(bridge, "POST", pin, b"{}", **same),
        "no such pin": asked(bridge, "POST", f"{pin}x", b'{"level": "low"}', **same),
        "an output is set": asked(bridge, "POST", output, b'{"state": "on"}'),
        "no such state": asked(bridge, "POST", output, b'{"state": "bright"}'),
        "no such output": asked(bridge, "POST", f"{output}x", b'{"state": "on"}'),
        "a body too large": asked(bridge, "POST", pin, b'"' + b"x" * SIZE + b'"', **same),
        "no such page": asked(bridge, "GET", "/nowhere"),
        "another host": asked(bridge, "GET", "/welcome", Host="elsewhere.example"),
        "another origin": asked(bridge, "POST", pin, b"{}", Origin="http://elsewhere.example"),
        "no handshake": asked(bridge, "GET", "/ws/welcome"),
        "another version of WebSocket": asked(
            bridge, "GET", "/ws/welcome", **upgrade, **key, Sec_WebSocket_Version="8"
        ),
        "no such socket": asked(
            bridge, "GET", "/ws/nowhere", **upgrade, **key, Sec_WebSocket_Version="13"
        ),
        "health": asked(bridge, "GET", "/healthz"),
    }


def of_commands(folder: Path) -> dict[str, Any]:
    """The options of each command, and the keys of what is written for programs."""
    options = {
        name: {
            option.opts[-1]: {
                "is a flag": bool(getattr(option, "is_flag", False)),
                "multiple": bool(getattr(option, "multiple", False)),
            }
            for option in command.params
        }
        for name, command in cli.main.commands.items()
    }
    config = write_exhibit(folder)
    answers: dict[str, Any] = {}
    for line in (["version", "--json"], ["doctor", "--json", "--config", str(config)]):
        done = subprocess.run(
            [sys.executable, "-m", "gpiobridge", *line],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        answers[line[0]] = shape(json.loads(done.stdout))
    # More is said of the machine, which nobody promised.
    promised = ("gpiobridge", "python", "verdict", "findings")
    answers = {
        name: {key: answer[key] for key in promised if key in answer}
        | ({"packages": {}} if "packages" in answer else {})
        for name, answer in answers.items()
    }
    return {"options": options, "json": answers}


def of_settings() -> dict[str, dict[str, str]]:
    """The default of each key."""
    classes = {"server": Server, "limits": Limits, "kiosk": Kiosk, "gpio": Gpio, "idle": Idle}
    classes |= {"stage": Stage, "pages": Page, "an output of a page": PageOutput}
    classes |= {"alarms": Alarms, "displays": NamedDisplay, "hours": Hours}
    classes |= {f"pins, {kind}": kind_of(kind).pin for kind in KINDS}
    classes |= {f"outputs, {kind}": output_kind(kind).output for kind in OUTPUT_KINDS}
    return {
        section: {
            field.name: str(field.default) for field in fields(kind) if field.default is not MISSING
        }
        for section, kind in classes.items()
    }


def of_python() -> dict[str, dict[str, Any]]:
    """The arguments of everything that the modules export, with kind and default."""
    found: dict[str, dict[str, Any]] = {}
    for name in MODULES:
        module = import_module(name)
        for exported in module.__all__:
            value = getattr(module, exported)
            if isinstance(value, enum.EnumType):  # its constructor is Python's
                found[f"{name}.{exported}"] = {each.name: each.value for each in value}
                continue
            found[f"{name}.{exported}"] = arguments(value)
            if inspect.isclass(value):
                for method, each in inspect.getmembers(value, inspect.isfunction):
                    if not method.startswith("_") and each.__module__.startswith("gpiobridge"):
                        found[f"{name}.{exported}.{method}"] = arguments(each)
    return found


def arguments(value: Any) -> dict[str, str]:
    """The arguments of a callable; of anything else none."""
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {
        each.name: f"{each.kind.description}, {default(each.default)}"
        for each in parameters
        if each.name != "self" and not each.name.startswith("_")
    }


def default(value: Any) -> str:
    """A default; an object is told by its type, because its address differs."""
    if value is inspect.Parameter.empty:
        return "must be given"
    said = repr(value)
    return type(value).__name__ if " at 0x" in said else said


def names(folder: Path) -> dict[str, Any]:
    """All names of this version."""
    bridge = of_a_bridge(folder)
    return bridge | {
        "commands": of_commands(folder), "defaults": of_settings(), "python": of_python(),
    }  # fmt: skip


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        text = json.dumps(names(Path(temporary)), indent=1, sort_keys=True, ensure_ascii=False)
    (HERE / sys.argv[1] / "names.json").write_text(f"{text}\n", encoding="utf-8")
