"""What a module may import: the core nothing that acts, and all of them in one direction."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import gpiobridge

PACKAGE = Path(gpiobridge.__file__).parent
PURE = (
    "addresses", "bridge", "byte_ranges", "counts", "cursors", "debounce", "errors", "events",
    "hidden", "hosts", "liveness", "navigation", "noise", "press", "renewal", "request_heads",
    "settled", "tabs", "wire",
)  # fmt: skip
ACTING = {
    "asyncio", "datetime", "flask", "gpiozero", "io", "logging", "os", "pathlib", "random",
    "selectors", "socket", "subprocess", "threading", "time",
}  # fmt: skip
ACTING_CALLS = {"eval", "exec", "input", "open", "print", "sleep", "__import__"}

# Module -> what it may import of ours; DESIGN in the README has the picture. The command line is
# the only one that knows them all, and nobody imports it but the two ways to start it.
ALLOWED = {
    "addresses": set(),
    "byte_ranges": set(),
    "hidden": set(),
    "errors": set(),
    "calling": set(),
    "events": set(),
    "handoff": set(),
    "limits": set(),
    "waker": set(),
    "slots": set(),
    "systemd": set(),
    "admission": {"addresses", "config", "hosts"},
    "hosts": set(),
    "log_rate": set(),
    "run_key": {"addresses"},
    "pages": set(),
    "versions": set(),
    "overlaps": set(),
    "policies": set(),
    "python_tables": set(),
    "fallback_log": set(),
    "answers": set(),
    "counts": set(),
    "noise": set(),
    "debounce": {"events"},
    "navigation": {"events"},
    "wire": {"events"},
    "press": {"events"},
    "edge_queue": {"events"},
    "settled": {"events"},
    "bridge": {"debounce", "events", "navigation", "noise", "press", "settled", "wire"},
    "config": {"addresses", "errors", "events", "hosts"},
    "gpio": {"calling", "config", "errors", "events"},
    "parts": {"errors", "gpio"},
    "connection": {"events", "slots"},
    "hub": {"connection", "counts", "events", "log_rate", "slots", "wire"},
    "order_queue": {"events"},
    "retained": {"events"},
    "files": {"addresses", "byte_ranges", "handoff", "hidden", "waker"},
    "watcher": {
        "bridge", "config", "connection", "counts", "edge_queue", "events", "gpio", "hub",
        "log_rate", "noise", "order_queue", "retained", "slots", "waker", "wire",
    },
    "outbound": {"connection", "errors", "events", "retained", "watcher", "wire"},
    "running": {"config", "outbound", "pages", "run_key", "versions", "watcher"},
    "metrics": {"counts", "hub", "running"},
    "api": {"admission", "config", "errors", "events", "gpio", "running"},
    "simulator": {"admission", "api", "gpio", "pages", "running"},
    "routes": {
        "addresses", "admission", "api", "connection", "errors", "events", "handoff", "log_rate",
        "metrics", "overlaps", "pages", "running", "simulator", "slots", "wire",
    },
    "app_settings": {"config", "errors", "python_tables"},
    "handlers": {"config", "errors", "events", "log_rate", "view_pages", "wire"},
    "live_pins": {"errors", "events", "running"},
    "view_pages": {"errors", "wire"},
    "workers": {"errors"},
    "request_hooks": {
        "admission", "errors", "handoff", "log_rate", "pages", "policies", "routes", "running",
        "view_pages", "workers",
    },
    "web": {
        "admission", "app_settings", "config", "errors", "events", "fallback_log", "files", "gpio",
        "handlers", "handoff", "live_pins", "outbound", "request_hooks", "routes", "run_key",
        "running", "view_pages", "watcher",
    },
    "exhibit": {"admission", "config", "pages", "template_errors", "web"},
    "template_errors": {"log_rate"},
    "startup": {"calling", "config", "errors", "running", "target", "web"},
    "request_heads": set(),
    "silence": set(),
    "turns": set(),
    "arrivals": {"request_heads"},
    "gunicorn": {"addresses", "arrivals", "config", "log_rate", "silence", "turns"},
    "gunicorn_worker": {"gunicorn", "startup", "systemd", "web"},
    "werkzeug_server": {"config", "exhibit", "log_rate", "startup"},
    "gunicorn_server": {
        "config", "errors", "exhibit", "gunicorn_worker", "running", "systemd",
    },
    "server": {
        "calling", "config", "errors", "gunicorn_server", "limits", "silence", "werkzeug_server",
    },
    "overlay": set(),
    "install": {"calling", "config", "errors", "gpio", "hidden", "overlay", "parts"},
    "remote": {"answers", "config", "errors", "run_key"},
    "cursors": {"wire"},
    "client_page": {"errors", "remote"},
    "client": {"client_page", "cursors", "errors", "remote", "wire"},
    "doctor": {
        "calling", "config", "errors", "events", "gpio", "kiosk_policy", "limits", "overlay",
        "parts", "remote",
    },
    "target": {"addresses", "calling", "config", "doctor", "errors"},
    "liveness": set(),
    "screen": set(),
    "profiles": {"errors"},
    "renewal": set(),
    "tabs": {"hosts"},
    "devtools_pipe": set(),
    "guard": {"devtools_pipe", "tabs"},
    "kiosk_policy": {"hosts"},
    "chromium": {"errors"},
    "cog": {"errors", "hosts"},
    "kiosk": {
        "calling", "chromium", "cog", "errors", "guard", "liveness", "profiles", "remote",
        "renewal", "screen",
    },
    "__init__": {"errors", "events", "web"},
    "__main__": {"cli"},
}  # fmt: skip


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
    """Map each node to the nodes of ours that it imports."""
    imports: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        own = path.relative_to(PACKAGE).with_suffix("").parts[0]  # config/ is one node
        ours = {name.removeprefix("gpiobridge.") for name in imported(path)
                if name.startswith("gpiobridge.")}  # fmt: skip
        # `from gpiobridge import __version__` is no module.
        others = {name.partition(".")[0] for name in ours if not name.startswith("__")}
        imports.setdefault(own, set()).update(others - {own})
    return imports


@pytest.mark.parametrize("module", PURE)
def test_the_core_imports_nothing_that_acts(module: str) -> None:
    """The core can't read a clock, sleep, lock, log, or touch a socket, a pin or Flask."""
    tops = {name.partition(".")[0] for name in imported(PACKAGE / f"{module}.py")}
    assert tops & ACTING == set()


@pytest.mark.parametrize("module", PURE)
def test_the_core_calls_nothing_that_acts(module: str) -> None:
    """The core opens, prints and waits for nothing."""
    calls = {
        call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        for call in ast.walk(ast.parse((PACKAGE / f"{module}.py").read_text("utf-8")))
        if isinstance(call, ast.Call)
    }
    assert calls & ACTING_CALLS == set()


def test_imports_point_one_way() -> None:
    """No module imports one that it isn't meant to know, and each has its place."""
    imports = graph()
    imports.pop("cli")  # it may know them all
    wrong = {own: others - ALLOWED.get(own, set()) for own, others in imports.items()}
    assert {own: others for own, others in wrong.items() if others} == {}
    assert set(imports) == set(ALLOWED)


def test_imports_make_no_circle() -> None:
    """Every module can be understood before those that use it."""
    order = list(TopologicalSorter(graph()).static_order())
    assert order.index("events") < order.index("bridge") < order.index("cli")
