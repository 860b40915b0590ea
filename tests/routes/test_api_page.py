"""docs/api.md is the whole public API: neither less than there is, nor more."""

import inspect
import re
from pathlib import Path

import gpiobridge
from gpiobridge import GpioBridge
from gpiobridge.app.outputs import LiveOutput
from gpiobridge.app.pins import LivePin
from gpiobridge.app.sounds import LiveSound
from gpiobridge.client.frames import Frames, connect

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
CLIENT = (Path(gpiobridge.__file__).parent / "routes" / "assets" / "client.js").read_text()


def public(owner: type) -> set[str]:
    """The public names of a class."""
    return {name for name in vars(owner) if not name.startswith("_")}


def signature(function: object) -> str:
    """A signature as the page writes it: names and defaults, no types."""
    parameters = inspect.signature(function).parameters.values()
    plain = [p.replace(annotation=p.empty) for p in parameters if p.name != "self"]
    text = str(inspect.Signature(plain))
    return re.sub(r"<function .* at \w+>", "...", text).replace("'", '"')


def test_every_public_name_is_there() -> None:
    """All that the package exports, but its version."""
    names = set(gpiobridge.__all__) - {"__version__"}
    assert {name for name in names if f"`{name}" not in PAGE} == set()


def test_every_method_is_there_and_no_other() -> None:
    """Of the bridge; `running` is what our own servers use."""
    shown = set(re.findall(r"\bbridge\.(\w+)", PAGE))
    assert shown == public(GpioBridge) - {"running"}
    assert set(re.findall(r"\bframes\.(\w+)", PAGE)) == public(Frames)


def test_signatures_are_the_real_ones() -> None:
    """Names, order and defaults."""
    assert f"`GpioBridge{signature(GpioBridge)}`" in PAGE
    assert f"`connect{signature(connect)}`" in PAGE
    for name in ("push", "navigate", "page"):
        assert f"bridge.{name}{signature(getattr(GpioBridge, name))}`" in PAGE, name


def test_all_of_a_pin_is_there() -> None:
    """What `bridge.pins[...]` has, with its real signatures (row 17)."""
    cells = [line.split("|")[1] for line in PAGE.splitlines() if "`bridge.pins[" in line]
    shown = set(re.findall(r"\.([a-z]+)[(`]", " ".join(cells)))
    assert shown == public(LivePin) | {"name"}
    for name in ("set", "press"):
        assert f'"].{name}{signature(getattr(LivePin, name))}`' in PAGE, name


def test_all_of_an_output_is_there() -> None:
    """What `bridge.outputs[...]` has, with its real signatures."""
    cells = [line.split("|")[1] for line in PAGE.splitlines() if "`bridge.outputs[" in line]
    shown = set(re.findall(r"\.([a-z]+)[(`]", " ".join(cells)))
    assert shown == public(LiveOutput) | {"name"}
    for name in ("on", "off", "blink", "pulse", "set"):
        assert f".{name}{signature(getattr(LiveOutput, name))}`" in PAGE, name


def test_all_of_a_sound_is_there() -> None:
    """What `bridge.sounds[...]` has."""
    cells = [line.split("|")[1] for line in PAGE.splitlines() if "`bridge.sounds[" in line]
    assert set(re.findall(r"\.([a-z]+)[(`]", " ".join(cells))) == public(LiveSound) | {"name"}


def test_all_of_the_page_script_is_there() -> None:
    """What hangs on `window.gpiobridge`, and the events."""
    hangs = re.search(r"window\.gpiobridge = \{\n(.*?)\n  \};", CLIENT, re.DOTALL)
    assert hangs is not None
    names = set(re.findall(r"^    (?:get )?(\w+)", hangs[1], re.MULTILINE))
    assert names == {"page", "pins", "send", "output", "display", "asleep", "go"}
    assert {name for name in names if f"`gpiobridge.{name}" not in PAGE} == set()
    events = set(re.findall(r'\btell\("(\w+)"', CLIENT)) | {"online", "offline"}
    events.remove("output")  # only the simulator's page hears it
    assert set(re.findall(r"gpiobridge:(\w+)", PAGE)) == events
