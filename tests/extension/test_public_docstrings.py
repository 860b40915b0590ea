"""The public docstrings, from which the Python reference is made, are true."""

import inspect
import re
import time
from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest
from flask import Flask, render_template
from flask_wtf import CSRFProtect

import gpiobridge
from gpiobridge import ConfigError, GpioBridge
from gpiobridge.app.pins import LivePin
from gpiobridge.client import Frames, connect

OWNERS = (GpioBridge, LivePin, Frames)
MEMBERS = {
    f"{owner.__name__}.{name}": member
    for owner in OWNERS
    for name, member in vars(owner).items()
    if not name.startswith("_")
}
FUNCTIONS = {name: each for name, each in MEMBERS.items() if callable(each)}
DOCUMENTED = {
    "GpioBridge": GpioBridge,
    "connect": connect,
    **FUNCTIONS,
}
PUBLIC = {
    **DOCUMENTED,
    **MEMBERS,
    **{name: getattr(gpiobridge, name) for name in gpiobridge.__all__ if name != "__version__"},
}


def doc_of(name: str) -> str:
    """The docstring of a name, with its indentation taken out."""
    return inspect.getdoc(PUBLIC[name]) or ""


def section(doc: str, title: str) -> str:
    """The text of a section, such as ``Args``."""
    found = re.search(rf"^{title}:\n((?:    .*\n?|\n)+)", doc, re.MULTILINE)
    return found[1] if found else ""


def example_of(name: str) -> str:
    """The code of the example in a docstring."""
    found = re.search(r"```python\n(.*?)```", dedent(section(doc_of(name), "Example")), re.DOTALL)
    return found[1] if found else ""


WITH_EXAMPLE = [name for name in PUBLIC if example_of(name)]


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_has_a_docstring(name: str) -> None:
    """It is in Markdown, as the page is: without an RST block."""
    assert doc_of(name).strip()
    assert "::\n" not in doc_of(name)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_its_arguments_are_the_real_ones(name: str) -> None:
    """Each parameter is explained, in the order of the signature, and no other."""
    function: Callable[..., Any] = DOCUMENTED[name]
    parameters = [each for each in inspect.signature(function).parameters if each != "self"]
    assert re.findall(r"^    (\w+): ", section(doc_of(name), "Args"), re.MULTILINE) == parameters


@pytest.mark.parametrize("name", WITH_EXAMPLE)
def test_an_example_is_python(name: str) -> None:
    """It can be copied: it compiles as it stands."""
    compile(example_of(name), name, "exec")


@pytest.mark.parametrize("name", [name for name in WITH_EXAMPLE if name.startswith("GpioBridge")])
def test_an_example_of_the_extension_runs(name: str) -> None:
    """Where an application is made, with the imports that it needs."""
    app = Flask(__name__)
    app.secret_key = "of this test"
    names = {
        "__name__": __name__,
        "app": app,
        "bridge": GpioBridge(app, pins={"button": 17}),
        "render_template": render_template,
        "time": time,
        "CSRFProtect": CSRFProtect,
        "ConfigError": ConfigError,
    }
    exec(compile(example_of(name), name, "exec"), names)
