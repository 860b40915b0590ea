"""The exhibits use everything that docs/promises.md promises, or a reason stands here."""

import importlib
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import pytest
from versions import CLIENT, EXHIBITS

import gpiobridge
from gpiobridge import cli
from gpiobridge.config.kinds import KINDS, kind_of
from gpiobridge.config.output_kinds import OUTPUT_KINDS, output_kind
from gpiobridge.config.settings import Idle, OutputState, PageOutput
from gpiobridge.config.tables import (
    AlarmsTable,
    DisplayTable,
    GpioTable,
    HoursTable,
    KioskTable,
    LimitsTable,
    PageTable,
    RulesTable,
    ServerTable,
    StageTable,
)
from gpiobridge.core.wire import Close
from gpiobridge.displays.frames import Frames
from gpiobridge.routes.blueprint import make_blueprint

WRITTEN = "\n".join(text for exhibit in EXHIBITS for text in exhibit.texts())
STEPS = [step for exhibit in EXHIBITS for step in exhibit.steps]
COMMANDS = [
    shlex.split(step[key])
    for step in STEPS
    for key in ("command", "background")
    if step.get(key, "").startswith("gpiobridge ")
]
MACHINE = "changes this machine: tests/install and tests/virtualpi have it"
_NAMED = ("pins", "outputs", "displays", "pages")
SCREEN = "needs a screen: tests/kiosk and tests/cage have it"


def missing(promised: set[str], used: set[str], reasons: Mapping[str, str]) -> set[str]:
    """What is promised, and neither used nor excused; an excuse must still be needed."""
    assert not reasons.keys() & used, "it is used: take the reason away"
    assert reasons.keys() <= promised, "there is no such name any more"
    return promised - used - reasons.keys()


def words(text: str) -> set[str]:
    """The words of a text."""
    return set(re.findall(r"\w+", text))


def configurations() -> Iterator[dict[str, Any]]:
    """The configurations of the exhibits."""
    for exhibit in EXHIBITS:
        if (exhibit.folder / "config.toml").exists():
            yield tomllib.loads((exhibit.folder / "config.toml").read_text())


def test_every_key() -> None:
    """Each key of each section is written somewhere, those of pins, outputs and pages included."""
    promised = {
        f"{section}.{key}"
        for section, table in {
            "server": ServerTable, "limits": LimitsTable, "kiosk": KioskTable, "gpio": GpioTable,
            "stage": StageTable, "alarms": AlarmsTable, "displays": DisplayTable,
            "pages": PageTable, "every_page": RulesTable, "hours": HoursTable,
        }.items()
        for key in table.known_keys()
    }  # fmt: skip
    promised |= {f"pins.{key}" for kind in KINDS for key in kind_of(kind).table.known_keys()}
    promised |= {
        f"outputs.{key}" for kind in OUTPUT_KINDS for key in output_kind(kind).table.known_keys()
    }
    promised |= {f"idle.{field.name.removesuffix('_s')}" for field in fields(Idle)}
    used = set()
    for config in configurations():
        for section, table in config.items():
            tables = table.values() if section in _NAMED else [table]
            for each in tables:
                if isinstance(each, dict):
                    used |= {f"{section}.{key}" for key in each}
                    used |= {f"idle.{key}" for key in each.get("idle", ())}
    rules = {key for key in promised if re.match(r"every_page\.(on|while)_", key)}
    same = "a rule is read as those of a page are, whose triggers are all used"
    reasons = dict.fromkeys(rules - used, same)
    assert missing(promised, used, reasons) == set()


def test_every_value_of_a_source() -> None:
    """Each kind of pins is used."""
    used = {
        pin.get("source", "gpio") if isinstance(pin, dict) else "gpio"
        for config in configurations()
        for pin in config["pins"].values()
    }
    assert used == set(KINDS)


def test_every_value_of_an_output() -> None:
    """Each kind of outputs is used, and pages set each state, alone and with what is beside it."""
    configs = list(configurations())
    kinds = {
        output.get("kind", "gpio") if isinstance(output, dict) else "gpio"
        for config in configs
        for output in config.get("outputs", {}).values()
    }
    assert kinds == set(OUTPUT_KINDS)
    of_pages = [
        written
        for config in configs
        for page in config["pages"].values()
        for written in page.get("outputs", {}).values()
    ]
    states = {each["state"] if isinstance(each, dict) else each for each in of_pages}
    assert states == set(OutputState)
    beside = {key for each in of_pages if isinstance(each, dict) for key in each}
    assert beside == {field.name for field in fields(PageOutput)}


def test_every_frame() -> None:
    """The page without our script reads every frame and sends every one."""
    promised = {"state", "edge", "beat", "message"} | Frames([], lambda _: None, ())._by_type.keys()
    used = set(re.findall(r"""type(?:"?: ?| === )["'](\w+)["']""", WRITTEN))
    assert missing(promised, used, {}) == set()


def test_every_parameter_of_a_socket() -> None:
    """It says all that our script says in a socket's address."""
    found = r"""searchParams\.(?:set|append)\("(\w+)\""""
    promised = set(re.findall(found, CLIENT.read_text()))
    assert len(promised) > 5
    reasons = {"page": "it is of a stage's address, which the exhibit `showroom` opens"}
    assert missing(promised, set(re.findall(found, WRITTEN)), reasons) == set()


def test_every_close_code() -> None:
    """It knows every code with which the bridge closes."""
    promised = {str(code.value) for code in Close}
    assert missing(promised, promised & words(WRITTEN), {}) == set()


def test_every_route() -> None:
    """Each of the bridge's own paths is asked for, and the pages' and files'."""
    asked = {step["request"].split("?")[0] for step in STEPS if "request" in step}
    asked |= {f"POST /simulator/pins/{pin}" for step in STEPS for pin in step.get("set", ())}
    asked |= {f"GET /ws/{step['socket']}" for step in STEPS if "socket" in step}
    app = gpiobridge_app()
    promised = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        for method in (rule.methods or {"GET"}) - {"HEAD", "OPTIONS"}
    }
    used = {
        route
        for route in promised
        if any(re.fullmatch(re.sub(r"<[^>]+>", "[^ ]+", route), one) for one in asked)
    }
    assert missing(promised, used, {}) == set()


def gpiobridge_app() -> Any:
    """An application with our routes and no bridge behind them."""
    from flask import Flask

    app = Flask("routes", static_folder=None)
    app.register_blueprint(make_blueprint(lambda: None, ""))  # type: ignore[arg-type, return-value]
    return app


def test_every_command() -> None:
    """Each command is run, with each of its options."""
    promised, used = set(), {"run", "run --config", "run --port", "check"}
    for name, command in cli.main.commands.items():
        promised.add(name)
        for option in command.params:
            if option.param_type_name == "option":
                promised.add(f"{name} {option.opts[-1]}")
    for _, name, *options in COMMANDS:
        used |= {name} | {f"{name} {option}" for option in options if option.startswith("--")}
    tokens = "better in the environment or the configuration, as the exhibit does: tests/client"
    reasons = {name: MACHINE for name in promised if re.match("(un)?install", name)}
    reasons |= {name: SCREEN for name in promised if name.startswith("kiosk")}
    reasons |= {name: tokens for name in promised if re.search("--(api-)?token", name)} | reasons
    reasons |= {
        "run --host": "another address than loopback is not for a test: tests/config",
        "navigate --config": "which_config_option, as of `doctor` here: tests/client",
        "output --config": "which_config_option, as of `doctor` here: tests/client",
        "alarm --config": "which_config_option, as of `doctor` here: tests/client",
        "hours --config": "which_config_option, as of `doctor` here: tests/client",
        "sound --config": "which_config_option, as of `doctor` here: tests/client",
        "press --config": "which_config_option, as of `doctor` here: tests/client",
        "latency --config": "which_config_option, as of `doctor` here: tests/client",
        "push --config": "which_config_option, as of `doctor` here: tests/client",
        "watch --config": "which_config_option, as of `doctor` here: tests/client",
        "watch --url": "its argument says the same, and is used",
    }
    assert missing(promised, used, reasons) == set()


def test_every_exit_code() -> None:
    """A command has succeeded, failed at run time, and refused its usage and a configuration."""
    codes = {step["exit"] for step in STEPS if isinstance(step.get("exit"), int)}
    assert codes >= {0, 1, 2}


@pytest.mark.parametrize("module", ["gpiobridge", "gpiobridge.client", "gpiobridge.gunicorn"])
def test_every_name(module: str) -> None:
    """Each name that a module exports is used by a program of an exhibit."""
    promised = set(importlib.import_module(module).__all__)
    serving = " ".join(server for exhibit in EXHIBITS for server in exhibit.servers)
    reasons = {
        "RemoteError": "gpiobridge.client has it, too, and there it is used",
        "ServerError": "raised where a server can't start: tests/serve",
    }
    used = promised & words(programs() + serving)
    assert missing(promised, used, {n: r for n, r in reasons.items() if n in promised - used}) == (
        set()
    )


def test_every_attribute_of_a_bridge() -> None:
    """Each method and property of `GpioBridge` is used, and each of its arguments."""
    init = gpiobridge.GpioBridge.__init__.__code__
    arguments = init.co_varnames[1 : init.co_argcount + init.co_kwonlyargcount]
    promised = {name for name in dir(gpiobridge.GpioBridge) if not name.startswith("_")}
    promised |= {f"{name}=" for name in arguments}
    used = {
        name
        for name in promised
        if re.search(rf"\b{name}" if "=" in name else rf"\.{name}\b", programs())
    }
    reasons = {
        "running": "internal: docs/api.md doesn't have it",
        "app=": "init_app() says the same, and is used; the README's application has it",
    }
    assert missing(promised, used, reasons) == set()


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("PinEvent", "seq pin level at_s gesture press event"),
        ("Display", "page name number visible"),
        ("Message", "data display"),
        ("LivePin", "name level active set press"),
        ("LiveOutput", "name state set on off blink pulse"),
        ("OutputState", "ON OFF BLINK PULSE"),
        ("Level", "LOW HIGH other"),
        ("Gesture", "TAP HOLD"),
        ("Frames", "url send close"),
        ("errors", "problems status"),
    ],
)
def test_every_attribute_of_a_value(kind: str, names: str) -> None:
    """What docs/api.md lists of the values that an application gets is used, too."""
    reasons = {"HIGH": "its other one, LOW, is used", "HOLD": "a hold is compared as text"}
    promised = set(names.split())
    used = {name for name in promised if re.search(rf"\.{name}\b", programs())}
    assert missing(promised, used, {n: r for n, r in reasons.items() if n in promised}) == set()


def programs() -> str:
    """What the exhibits have of Python."""
    return "\n".join(
        path.read_text() for exhibit in EXHIBITS for path in exhibit.folder.rglob("*.py")
    )


def test_every_event_of_a_page() -> None:
    """Each event of our script is heard by a page."""
    script = CLIENT.read_text()
    promised = {f"gpiobridge:{name}" for name in re.findall(r'\btell\("(\w+)"', script)}
    promised |= {"gpiobridge:online", "gpiobridge:offline"}
    assert len(promised) == 11
    used = set(re.findall(r"gpiobridge:\w+", WRITTEN))
    reasons = {"gpiobridge:output": "the simulator's own page alone hears it: tests/routes"}
    assert missing(promised, used, reasons) == set()


def test_every_attribute_in_a_page() -> None:
    """Each member of ``gpiobridge`` in a page, and each attribute that it reads or writes."""
    members = re.search(r"window\.gpiobridge = \{(.*?)\n  \};", CLIENT.read_text(), re.DOTALL)
    assert members
    promised = set(re.findall(r"^    (?:get )?(\w+)\b", members[1], re.MULTILINE))
    assert promised == {"page", "pins", "send", "output", "display", "asleep", "go"}
    promised = {f"gpiobridge.{name}" for name in promised}
    promised |= {
        *("data-pin", "data-level", "data-active", "data-bridge", "data-simulated", "data-idle"),
        *("data-ignore-presses", "waitUntil"),
    }
    everything = WRITTEN + "\n".join(
        selector for step in STEPS for selector in step.get("sees", ())
    )
    used = {name for name in promised if name in everything}
    assert missing(promised, used, {}) == set()
