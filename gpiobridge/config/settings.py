"""A whole configuration as the project sees it: checked, frozen, in seconds and BCM numbers.

`config` makes these and is where to import them from. Defaults are written here and nowhere else,
but those of `address`. Pure; imports nothing of the project but that and `events`; any thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Literal

from gpiobridge.config.address import DEFAULT_BEAT_S, DEFAULT_HOST, DEFAULT_PORT, local_url
from gpiobridge.core.events import Gesture, Level


class Pull(StrEnum):
    """The resistor inside the Pi that holds an open pin at a level."""

    UP = "up"
    DOWN = "down"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The section ``[server]``.

    Args:
        host: the address to listen on.
        port: 0 to 65535; 0 is any free port.
        start: the page at ``/``.
        max_displays: further sockets are refused; at least 1.
        beat_s: seconds between two signs of life; 0.2 to 60.
        catch_up_s: seconds a press stays good for a display that was away.
        csp: the Content-Security-Policy of the owner's pages.
        open: whether everyone on the network may see the pages.
        token: who sends it may see the pages; empty if nothing is asked for.
        api_token: who sends it may use the API; empty for the same as ``token``.
        allowed_hosts: names the bridge answers to beside its own, in lower case.
        url: what it is called outside, such as ``https://pi.example.org`` behind a proxy, or empty.
        api: "local" if programs on this machine may use the API without any token.
        threads: HTTP threads; 2 to 64.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    start: str
    max_displays: int = 1000
    beat_s: float = DEFAULT_BEAT_S
    catch_up_s: float = 10.0
    csp: Literal["local", "strict", "off"] = "local"
    open: bool = False
    token: str = field(default="", repr=False)  # not for a log
    api_token: str = field(default="", repr=False)
    allowed_hosts: tuple[str, ...] = ()
    url: str = ""
    api: Literal["token", "local"] = "token"
    threads: int = 8

    @property
    def local_url(self) -> str:
        """Where the bridge is, seen from its own machine: ``http://127.0.0.1:8000``."""
        return local_url(self.host, self.port)

    @property
    def behind_a_proxy(self) -> bool:
        """Whether a proxy speaks for others from this machine's own address."""
        return bool(self.url or self.allowed_hosts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The section ``[limits]``: what one client may hold, as `net.addresses` tells clients apart.

    They are generous, as a whole museum may be behind one address; at least 1 each.

    Args:
        displays_per_address: open displays.
        connections_per_address: open HTTP connections, those that wait for a next request included.
        unfinished_per_address: requests that have begun to come.
    """

    displays_per_address: int = 500
    connections_per_address: int = 300
    unfinished_per_address: int = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Kiosk:
    """The section ``[kiosk]``: the browser on this machine's own screen.

    Args:
        allow: other sites that it may show, each a scheme, a name and perhaps a port.
        renew_min: when its browser is started anew each day, in minutes after midnight; None: not.
        camera: whether the bridge's pages may use camera and microphone.
    """

    allow: tuple[str, ...] = ()
    renew_min: int | None = None
    camera: bool = False


MAX_HOLD_S = 600.0
"""The longest hold time of a pin, in seconds."""

CHIP_BACK_ENDS = ("gpiod", "lgpio")
"""Those that can be told which chip to open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpio:
    """The section ``[gpio]``.

    Args:
        pin_factory: the back end; auto is real pins on a Pi, simulated ones elsewhere.
        chip: auto (the Pi's own, by its label), or a name such as ``gpiochip0``.
    """

    pin_factory: Literal["auto", "gpiod", "lgpio", "rpigpio", "pigpio", "mock"] = "auto"
    chip: str = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One pin. Each kind of pins has a class of its own, with what only its pins have.

    Args:
        name: as the configuration calls it.
        active: the electrical level that counts as pressed.
        debounce_s: seconds a level must hold to count; 0 to 10.
        hold_s: seconds a press lasts that is a hold, and no tap; 0.1 to 600.
        pin: the number of its wire; None without one.
        chip: the GPIO chip that the wire is on; None without one, or for that of ``[gpio]``.
        pull: the resistor that holds it; None without one.

    Attributes:
        source: the name of its kind.
    """

    source: ClassVar[str]

    name: str
    active: Level
    debounce_s: float = 0.02
    hold_s: float = 2.0
    pin: int | None = None
    chip: str | None = None
    pull: Pull | None = None

    @property
    def where(self) -> str:
        """Say what sets its level, as a list does: ``GPIO 17``."""
        return f'source = "{self.source}"'

    def placed(self, gpio: Gpio) -> str:
        """Say what sets its level, and where: ``GPIO 17, header pin 11``.

        Args:
            gpio: the section ``[gpio]``, which may name the chip.
        """
        return self.where

    @property
    def short(self) -> str:
        """The same in a narrow column: ``17``."""
        return self.source

    @property
    def closed_because(self) -> str:
        """Why the API may not set it, as a sentence goes on; empty if it may."""
        return f'has source = "{self.source}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """When a page that nobody uses leaves by itself.

    Args:
        after_s: seconds without any use of the page or its pins; 1 to 86,400.
        to: the page it leaves for.
        pins: while one of these is active the page is in use, beside those of its rules.
        warn_s: for so many seconds before it leaves, it says so; 0, or 1 up to ``after_s``.
    """

    after_s: float
    to: str
    pins: tuple[str, ...] = ()
    warn_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page.

    Args:
        name: also its path, ``/<name>``.
        template: the file in ``templates/``; None for a page that a Flask view serves.
        prerender: whether browsers load it in the background before the press.
        prefetch: whether they fetch it before the press; None if the page doesn't say.
        client: whether the bridge inserts its script.
        rules: (pin's name, its electrical level after the edge, or a gesture) -> the next page.
        lockout_s: seconds after the page is shown in which no press moves it; 0 to 60.
        idle: when it leaves by itself, if it does.
        while_rules: those of the rules that hold at load, too: (pin's name, its level) -> the page.
    """

    name: str
    template: str | None
    prerender: bool = False
    prefetch: bool | None = None
    client: bool = True
    lockout_s: float = 0.0
    idle: Idle | None = None
    rules: Mapping[tuple[str, Level | Gesture], str] = field(default_factory=dict)
    while_rules: Mapping[tuple[str, Level], str] = field(default_factory=dict)

    @property
    def fetched_ahead(self) -> bool:
        """Whether browsers have the page before the press that leads to it.

        A template has no effect when it is fetched; a view may, so it has to say that it hasn't.
        """
        if self.prerender:
            return True
        return self.template is not None if self.prefetch is None else self.prefetch


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A whole configuration, checked.

    Args:
        server: the section ``[server]``.
        gpio: the section ``[gpio]``.
        limits: the section ``[limits]``.
        kiosk: the section ``[kiosk]``.
        pins: by name, in the order of the file.
        pages: by name, in the order of the file.
        folder: absolute; ``templates/`` and ``static/`` lie here.
        source: what messages name, such as ``config.toml``.
        warnings: what is allowed but probably not meant, a sentence each.
        example_because: why this is the packaged example, where nobody asked for it; else empty.
    """

    server: Server
    gpio: Gpio
    pins: Mapping[str, Pin]
    pages: Mapping[str, Page]
    folder: Path
    source: str
    limits: Limits = field(default_factory=Limits)
    kiosk: Kiosk = field(default_factory=Kiosk)
    warnings: tuple[str, ...] = ()
    example_because: str = ""
