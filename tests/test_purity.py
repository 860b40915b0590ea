"""What a module may import: the core nothing that acts, and all of them in one direction."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import gpiobridge
from gpiobridge.config.kinds import KINDS
from gpiobridge.config.output_kinds import OUTPUT_KINDS

PACKAGE = Path(gpiobridge.__file__).parent
PURE = (
    *sorted(str(path.relative_to(PACKAGE)) for room in ("core", "net")
            for path in (PACKAGE / room).glob("*.py")),
    "client/answers.py", "client/cursors.py", "config/bounds.py", "config/circles.py",
    "config/durations.py", "config/environment.py", "config/header.py", "config/hidden.py",
    "config/rule_warnings.py", "config/rules.py", "config/tables.py", "config/template_parts.py",
    "config/values.py", "config/words.py",
    "displays/audience.py", "doctor/findings.py", "errors.py", "hours/orders.py",
    "hours/status.py", "install/hindrances.py",
    "install/plan.py", "install/removal.py", "kiosk/browsers.py", "kiosk/home.py",
    "kiosk/liveness.py", "kiosk/renewal.py", "kiosk/tabs.py", "routes/byte_ranges.py",
    "routes/content_policies.py", "serve/request_heads.py",
)  # fmt: skip
ACTING = {
    "asyncio", "datetime", "flask", "gpiozero", "io", "logging", "os", "pathlib", "random",
    "selectors", "socket", "subprocess", "threading", "time",
}  # fmt: skip
ACTING_CALLS = {"eval", "exec", "input", "open", "print", "sleep", "__import__"}

# Room -> what it may import of ours, from the ground up. The command line is the only one that may
# know them all, and nobody imports it but the two ways to start it.
ALLOWED = {
    "errors": set(),
    "core": set(),
    "net": set(),
    "system": {"core", "errors", "net"},
    "config": {"core", "errors", "net"},
    "displays": {"core", "system"},
    "client": {"config", "core", "errors", "net", "system"},
    "pins": {"config", "core", "errors", "system"},
    "kiosk": {"client", "config", "core", "errors", "net", "system"},
    "alarms": {"config", "displays"},
    "outputs": {"config", "core", "displays", "errors", "pins", "system"},
    "hours": {"config", "core", "errors", "system"},
    "loop": {"config", "core", "displays", "hours", "outputs", "pins", "system"},
    "doctor": {"client", "config", "core", "errors", "kiosk", "net", "outputs", "pins", "system"},
    "install": {"config", "errors", "kiosk", "pins", "system"},
    "app": {
        "alarms", "config", "core", "displays", "errors", "hours", "loop", "outputs", "system",
    },
    "routes": {
        "app", "config", "core", "displays", "errors", "hours", "loop", "net", "outputs", "pins",
        "system",
    },
    "extension": {
        "alarms", "app", "config", "core", "displays", "errors", "hours", "loop", "outputs",
        "pins", "routes", "system",
    },
    "serve": {
        "app", "client", "config", "errors", "extension", "net", "outputs", "routes", "system",
    },
    "gunicorn": {"serve"},
    "__init__": {"config", "core", "displays", "errors", "extension"},
    "__main__": {"cli"},
}  # fmt: skip
MOST_ROOMS, MOST_FLOORS = 23, 11


def imported(path: Path) -> set[str]:
    """List the full names of all that a file imports, wherever in it."""
    names = set()
    for statement in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(statement, ast.Import):
            names |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            assert statement.level == 0, f"{path}: a relative import"
            names |= {f"{statement.module}.{alias.name}" for alias in statement.names}
    return names


def graph() -> dict[str, set[str]]:
    """Map each room to the rooms that it imports."""
    imports: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        own = path.relative_to(PACKAGE).with_suffix("").parts[0]  # a folder is one room
        ours = {name.removeprefix("gpiobridge.") for name in imported(path)
                if name.startswith("gpiobridge.")}  # fmt: skip
        # `from gpiobridge import __version__` is no room.
        others = {name.partition(".")[0] for name in ours if not name.startswith("__")}
        imports.setdefault(own, set()).update(others - {own})
    return imports


def floors(imports: dict[str, set[str]]) -> dict[str, int]:
    """Say on which floor each room is: one above the highest that it imports."""
    found: dict[str, int] = {}
    for room in TopologicalSorter(imports).static_order():
        found[room] = 1 + max((found[other] for other in imports[room]), default=0)
    return found


@pytest.mark.parametrize("module", PURE)
def test_the_core_imports_nothing_that_acts(module: str) -> None:
    """The core can't read a clock, sleep, lock, log, or touch a socket, a pin or Flask."""
    tops = {name.partition(".")[0] for name in imported(PACKAGE / module)}
    assert tops & ACTING == set()


@pytest.mark.parametrize("module", PURE)
def test_the_core_calls_nothing_that_acts(module: str) -> None:
    """The core opens, prints and waits for nothing."""
    calls = {
        call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        for call in ast.walk(ast.parse((PACKAGE / module).read_text("utf-8")))
        if isinstance(call, ast.Call)
    }
    assert calls & ACTING_CALLS == set()


def test_imports_point_one_way() -> None:
    """No room imports one that it isn't meant to know, and each has its place."""
    imports = graph()
    imports.pop("cli")  # it may know them all
    wrong = {own: others - ALLOWED.get(own, set()) for own, others in imports.items()}
    assert {own: others for own, others in wrong.items() if others} == {}
    assert set(imports) == set(ALLOWED)


def test_imports_make_no_circle() -> None:
    """Every room can be understood before those that use it."""
    order = list(TopologicalSorter(graph()).static_order())
    assert order.index("core") < order.index("loop") < order.index("cli")


def test_what_is_imported_by_a_name_is_known() -> None:
    """One arrow is none that the table sees: config asks for a kind of pins by its name."""
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if any(name.startswith("importlib.import_module") or name == "importlib"
               for name in imported(path))
    }  # fmt: skip
    # The door names what type checkers see it import; the last one takes gpiozero's own modules.
    assert found == {
        "__init__.py", "config/kinds.py", "config/output_kinds.py", "pins/gpiozero_pins.py",
    }  # fmt: skip
    assert {home.rpartition(".")[0] for home in KINDS.values()} == {"gpiobridge.pins"}
    assert {home.rpartition(".")[0] for home in OUTPUT_KINDS.values()} == {"gpiobridge.outputs"}


def test_the_house_stays_low() -> None:
    """There are few rooms, on few floors, and none is all by itself upstairs."""
    imports = graph()
    assert len(imports) <= MOST_ROOMS
    assert max(floors(imports).values()) <= MOST_FLOORS


def test_every_room_says_what_it_owns() -> None:
    """The docstring at each door has a few lines: what is there, which thread, and the way."""
    doors = {door.parent.name: ast.get_docstring(ast.parse(door.read_text("utf-8"))) or ""
             for door in PACKAGE.glob("*/__init__.py")}  # fmt: skip
    assert {name for name, text in doors.items() if len(text.splitlines()) < 3} == set()


def test_every_door_names_what_is_inside() -> None:
    """Whoever comes to a door learns of each module behind it, in backticks."""
    unnamed = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.glob("*/*.py")
        if not path.name.startswith("__")
        and f"`{path.stem}`" not in (path.parent / "__init__.py").read_text("utf-8")
    }
    assert unnamed == set()
