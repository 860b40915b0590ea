"""Configurations as text: least pins and pages, and what is made of them or said about them."""

import tomllib
from collections.abc import Collection
from pathlib import Path

import pytest

from gpiobridge.config import Settings
from gpiobridge.config.check import check as check_tables
from gpiobridge.errors import ConfigError

PINS = "[pins.button]\npin = 17\n"
PAGES = '[pages.welcome]\non_low.button = "open"\n[pages.open]\non_low.button = "welcome"\n'
TOKEN = "0123456789abcdef"

OPEN = (
    "everyone on the network can then see the pages; add a token, "
    'add open = true if you want that, or write host = "127.0.0.1"'
)
"""What is said of an address that others can reach."""


def check(text: str, folder: Path, views: Collection[str] = ()) -> Settings:
    """Check a configuration given as text."""
    return check_tables(tomllib.loads(text), source="config.toml", folder=folder, views=views)


def problems(text: str, folder: Path, views: Collection[str] = ()) -> list[str]:
    """All the problems of a configuration given as text."""
    with pytest.raises(ConfigError) as caught:
        check(text, folder, views)
    return list(caught.value.problems)


def write(folder: Path, text: str) -> Path:
    """Write a configuration into the folder."""
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path
