"""A whole configuration as the project sees it: checked, frozen, in seconds and BCM numbers.

`config` makes these; import them from there. Defaults are written here and nowhere else, except
those of `address`. What each key means is written here, too, below `Args:`: `docs/configuration.md`
is made from it. Pure; imports nothing of the project but `address`, `opening_times` and `events`;
any thread.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Literal

from gpiobridge.config.address import DEFAULT_BEAT_S, DEFAULT_HOST, DEFAULT_PORT, local_url
from gpiobridge.config.opening_times import ClosedDays, OpeningTimes, ToHours
from gpiobridge.core.events import Gesture, Level, Route


class Pull(StrEnum):
    """The resistor inside the Pi that holds an open pin at a level."""

    UP = "up"
    DOWN = "down"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The section ``[server]``.

    Args:
        host: the address to listen on. An address that others can reach needs a token, or
            `open = true`.
        port: the port to listen on. 0 is any free port; 0 to 65535.
        start: the page at `/`.
        max_displays: how many displays may be connected. Further sockets get status 503; two
            places are kept for displays on this machine; at least 1.
        beat_s: the time between two beats, the signs of life that a page and the bridge send each
            other, in seconds; 0.2 to 60.
        catch_up_s: a press this old still moves a page that was loading or reconnecting, in
            seconds. It must be at least 2.5 beats plus 3 s; 0 to 600.
        csp: the Content-Security-Policy of your pages. "local" allows inline scripts and styles,
            but nothing from other hosts; "strict" forbids the inline ones, too; "off" sets no
            policy.
        open: whether everyone on the network may see the pages.
        token: the token that a browser must send to see the pages: once in the address
            (`?token=...`), then a cookie has it. Empty: no token is required.
        api_token: the token that a program must send to push, navigate, and set pins and outputs.
            Empty: the same as `token`.
        allowed_hosts: names that the bridge answers to, next to this machine's own names. They are
            kept in lower case.
        url: what the bridge is called outside, behind a proxy, such as `https://pi.example.org`.
            Empty: there is no proxy.
        api: who may use the API without a token. "local" lets every program on this machine in,
            as long as there is no token.
        threads: threads for HTTP requests. An open page needs none; 2 to 64.
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

    The defaults are generous because a whole museum may share one address.

    Args:
        displays_per_address: connected displays of one address, out of `max_displays`; at least 1.
        connections_per_address: open HTTP connections of one address, including those that wait
            for their next request; at least 1.
        unfinished_per_address: requests of one address that have begun to arrive. All clients
            together may have 500; at least 1.
    """

    displays_per_address: int = 500
    connections_per_address: int = 300
    unfinished_per_address: int = 32


DEFAULT_KIOSK = "kiosk"
"""The name of a kiosk's display, unless it is given another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What a kiosk's screen is like: keys of ``[kiosk]``, and of a display for its own screen.

    Args:
        connector: the output of this machine that the screen is connected to, as
            `ls /sys/class/drm` lists it after the card, such as `HDMI-A-1`. Empty: the kiosk
            has all that cage gives it.
        rotate: by how many degrees the picture is turned clockwise. The kiosk's unit then has sway.
        scale: how much larger everything is shown. The kiosk's unit then has sway; 0.5 to 4.
        pointer: whether a mouse has a pointer: "auto" shows it while the mouse moves, "hidden"
            never.
        audio: the sound device that the kiosk plays on: a sink of the sound server, or a device of
            ALSA. Empty: the system's own choice.
        reduced_motion: whether pages are told that the viewer prefers less motion
            (`prefers-reduced-motion` in CSS). Chromium only.
        contrast: the contrast that pages are told the viewer prefers (`prefers-contrast` in CSS).
            Chromium only.
    """

    connector: str = ""
    rotate: int = 0
    scale: float = 1.0
    pointer: Literal["auto", "hidden"] = "auto"
    audio: str = ""
    reduced_motion: bool = False
    contrast: Literal["no-preference", "more"] = "no-preference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kiosk(Screen):
    """The section ``[kiosk]``: the browser on this machine's own screen.

    Args:
        allow: other sites that the kiosk may show, each with its scheme, its name and, unless it is
            the scheme's own, its port.
        renew_min: the time of day at which the kiosk's browser is restarted, once nobody uses it,
            in minutes after midnight; None: never.
        camera: whether the bridge's pages may use camera and microphone.
    """

    allow: tuple[str, ...] = ()
    renew_min: int | None = None
    camera: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The section ``[stage]``: one page that shows the others in frames, and never leaves.

    Args:
        kiosk: whether the kiosk opens the stage. Without it, it opens the pages by themselves.
        ahead: how many pages with `prerender = true` are held ready behind the page that is shown.
            Each takes as much memory as a page; 0 to 10.
        fresh_s: how long a page may be held ready before it is loaded anew, in seconds; 1 to
            86,400.
    """

    kiosk: bool = True
    ahead: int = 2
    fresh_s: float = 300.0


MAX_HOLD_S = 600.0
"""The longest hold time of a pin, in seconds."""

MAX_HAND_TIME_S = 5.0
"""The longest dwell and the longest cooldown of a pin, in seconds."""

CHIP_BACK_ENDS = ("gpiod", "lgpio")
"""The back ends that can open a chip by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpio:
    """The section ``[gpio]``.

    Args:
        pin_factory: the back end that reads the pins. "auto" is real pins on a Raspberry Pi, by the
            first back end that is installed, and simulated ones elsewhere; "mock" is simulated
            pins.
        chip: the GPIO chip. "auto" is the Pi's own, found by its label; other boards need a name
            such as `gpiochip0`.
        dwell_s: how long each pin must be pressed for a press to count, in seconds; 0 to 5.
        cooldown_s: how soon behind a release a press belongs to the one before, for each pin, in
            seconds; 0 to 5.
    """

    pin_factory: Literal["auto", "gpiod", "lgpio", "rpigpio", "pigpio", "mock"] = "auto"
    chip: str = "auto"
    dwell_s: float = 0.0
    cooldown_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One pin. Each kind of pins has its own class, with what only its pins have.

    Args:
        name: the pin's name in the configuration.
        active: the electrical level that counts as pressed.
        debounce_s: how long a level must hold to count, in seconds. With 0 every edge counts; 0 to
            10.
        counts: "settled" counts a level once it has held for `debounce`. "first" counts the first
            edge at once, and any other only after `debounce`: a press counts sooner, but so does a
            spike on the wire.
        dwell_s: how long the pin must be pressed for a press to count, in seconds. A shorter press
            is nothing; the release isn't held up; 0 to 5.
        cooldown_s: how soon behind a release a press belongs to the one before, in seconds. So a
            hand that trembles presses once; a release counts when this time is over; 0 to 5.
        hold_s: how long a press must last to be a hold instead of a tap, in seconds; 0.1 to 600.
        pin: the number of its wire; None without one.
        chip: the GPIO chip that the wire is on; None without one, or for that of `[gpio]`.
        pull: the resistor that holds it; None without one.

    Attributes:
        source: the kind of the pin. "gpio" has a wire; the level of "http" is set by HTTP requests.
    """

    source: ClassVar[str]

    name: str
    active: Level
    debounce_s: float = 0.02
    counts: Literal["settled", "first"] = "settled"
    dwell_s: float = 0.0
    cooldown_s: float = 0.0
    hold_s: float = 2.0
    pin: int | None = None
    chip: str | None = None
    pull: Pull | None = None

    @property
    def settle_s(self) -> float:
        """How long a level must last to settle, in seconds: 0 if the first edge counts."""
        return 0.0 if self.counts == "first" else self.debounce_s

    def shortest(self, level: Level) -> tuple[str, float]:
        """Say how long a level must last to be an event: the key that asks for most, and seconds.

        If the first edge counts, a shorter level lasts until the debounce is over.
        """
        hand = ("dwell", self.dwell_s) if level is self.active else ("cooldown", self.cooldown_s)
        return max(("debounce", self.debounce_s), hand, key=lambda each: each[1])

    @property
    def where(self) -> str:
        """Say what sets its level, as a list does: `GPIO 17`."""
        return f'source = "{self.source}"'

    def placed(self, gpio: Gpio) -> str:
        """Say what sets its level, and where: `GPIO 17, header pin 11`.

        Args:
            gpio: the section `[gpio]`, which may name the chip.
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


class OutputState(StrEnum):
    """What an output does: its line is on or off, on and off in turn, or on for a moment."""

    ON = "on"
    OFF = "off"
    BLINK = "blink"
    PULSE = "pulse"


SHORTEST_BLINK_S = 0.334
"""The shortest period of a blinking output, in seconds. What flashes more than three times a second
can cause a seizure (WCAG 2.2, 2.3.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One output. Each kind of outputs has its own class, with what only its outputs have.

    Args:
        name: the output's name in the configuration.
        active: the electrical level of its line while it is on.
        initial: its state while no page and no program has set it: "on", "off" or "blink".
        safe: its state while no bridge runs, as far as the bridge can leave it so: "on" or "off".
        blink_s: how long on and off take together while it blinks, in seconds; 0.334 to 60.
        pulse_s: how long a pulse is, in seconds; 0.01 to 60.
        max_on_s: how long it may be on or blink without a pause, in seconds, whoever sets it. It is
            off after that, until it is set again; None: for ever; 0.01 to 86,400.
        follows: the pin whose lamp it is: lit while a press would move a display, and blinking from
            such a press until the next page is shown; None: it follows no pin.
        from_pages: whether a page may set it: on this machine's own kiosk, or on a display with a
            token of its own that `may` do so.
        without_display: its state while no display is connected: "on" or "off"; None: a display
            that is lost changes nothing.
        closed: its state while the exhibit is closed, whoever sets it: "on" or "off"; None: the
            opening hours change nothing.
        pin: the number of its wire; None without one.
        chip: the GPIO chip that the wire is on; None without one, or for that of `[gpio]`.

    Attributes:
        kind: the kind of the output. "gpio" has a wire.
    """

    kind: ClassVar[str]

    name: str
    active: Level = Level.HIGH
    initial: OutputState = OutputState.OFF
    safe: OutputState = OutputState.OFF
    blink_s: float = 0.5
    pulse_s: float = 0.5
    max_on_s: float | None = None
    follows: str | None = None
    from_pages: bool = False
    without_display: OutputState | None = None
    closed: OutputState | None = None
    pin: int | None = None
    chip: str | None = None

    @property
    def where(self) -> str:
        """Say what it drives, as a list does: `GPIO 22`."""
        return f'kind = "{self.kind}"'

    def placed(self, gpio: Gpio) -> str:
        """Say what it drives, and where: `GPIO 22, header pin 15`.

        Args:
            gpio: the section `[gpio]`, which may name the chip.
        """
        return self.where

    def level(self, *, on: bool) -> Level:
        """Give the level of its line while it is on, or off."""
        return self.active if on else self.active.other


@dataclass(frozen=True, slots=True)
class PageOutput:
    """What a page does with an output while a display shows it.

    Args:
        state: the output's state.
        keep: whether the state stays when the page is left.
    """

    state: OutputState
    keep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """One sound: a section ``[sounds.<name>]``.

    Args:
        name: the sound's name in the configuration.
        file: the file, which lies in `static/`.
        loop: whether it begins again at its end, without a gap.
        volume: how loud it is: 1 is as loud as the file; 0 to 1.
    """

    name: str
    file: str
    loop: bool = False
    volume: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """When a page that nobody uses leaves by itself.

    Args:
        after_s: how long the page and its pins must be unused, in seconds; 1 to 86,400.
        to: the page that it leaves for.
        pins: while one of these pins is active, the page is in use, as with the pins of its rules.
        warn_s: how long before it leaves the page counts down, in seconds; 0, or 1 to less than
            `after_s`.
    """

    after_s: float
    to: str
    pins: tuple[str, ...] = ()
    warn_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ScreenCommands:
    """What the kiosk runs to switch a screen off and on.

    Args:
        off: the program and its arguments.
        on: the same for on.
    """

    off: tuple[str, ...]
    on: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Opening hours: the section `[hours]`, or that of one display, `[displays.<name>.hours]`.

    Args:
        open: when it is open: days of the week and times, such as `"Mon-Fri 09:30-17:00"`. A range
            that doesn't end after it begins ends on the next day.
        closed: days on which nothing opens: `"2026-12-25"`, `"12-25"` for every year, or a range
            with `..`. What has opened the day before ends as on any day.
        timezone: whose times of day these are, by its name in the IANA database.
        page: the page that displays show while it is closed.
        trust_clock: whether this machine's clock counts before a time server has set it: for a
            machine with a battery for its clock, and no network.
        screen: what a kiosk's screen does while it is closed: `"on"` shows the page, with `"off"`
            the kiosk switches it off. A table of two commands is `"off"`, and the kiosk runs these:
            `{ off = ["/usr/bin/cec-ctl", ...], on = [...] }`.
        wake_s: for how long a press switches such a screen on while it is closed, in seconds;
            `"0s"`: not at all. The press does nothing else.
    """

    open: tuple[OpeningTimes, ...]
    closed: tuple[ClosedDays, ...] = ()
    timezone: str = ""
    page: str
    trust_clock: bool = False
    screen: Literal["on", "off"] | ScreenCommands = "on"
    wake_s: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDisplay(Screen):
    """One display that the configuration knows by its name: `?display=<name>` in its address.

    What it doesn't say of its screen is that of `[kiosk]`, but for the connector.

    Args:
        name: the display's name.
        start: the page at which it begins; None: that of `[server]`.
        pins: the pins that it obeys; None: all. Presses of the others move the displays beside it.
        group: a name that it shares with other displays, for messages and moves to all of them.
        token: what a browser must send to be this display: once in the address (`?token=...`),
            then a cookie has it. It opens the pages, too. Empty: whoever uses its name is it.
        may: what its pages may do beyond looking, if it has sent its own token or is this machine's
            own kiosk: set `outputs` with `from_pages`, and `press` pins. None: the kiosk may do
            both, and no other display anything.
        hours: its own opening hours; None: those of `[hours]`.
    """

    name: str
    start: str | None = None
    pins: tuple[str, ...] | None = None
    group: str = ""
    token: str = field(default="", repr=False)  # not for a log
    may: tuple[Literal["press", "outputs"], ...] | None = None
    hours: Hours | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """The section `[alarms]`: who is told of a named display that is dead.

    Args:
        after_s: how long nobody must have seen a live page on a named display until that is an
            alarm, and how long it must be well again until the alarm is over, in seconds.
        run: a program, by its whole path, and its arguments. It is run when an alarm is raised, and
            when it is over. Empty: none.
        post: an address, to which the same is sent by HTTP. Empty: none.
    """

    after_s: float = 60.0
    run: tuple[str, ...] = ()
    post: str = field(default="", repr=False)  # the address may have a secret: not for a log

    @property
    def post_origin(self) -> str:
        """All of `post` that may be shown: its scheme, its host, and its port."""
        scheme, _, rest = self.post.partition("://")
        host = re.split("[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
        return f"{scheme}://{host}".lower() if rest else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page.

    Args:
        name: the page's name, which is also its path, `/<name>`.
        template: the file in `templates/`; None for a page that a Flask view serves, or that has a
            `url`.
        prerender: whether browsers load the page in the background before the press that leads to
            it. Its scripts run then.
        prefetch: whether browsers fetch the page before the press that leads to it; None if the
            page doesn't say.
        client: whether the bridge inserts its script. Without the script the page has neither
            lockout nor idle, and sets no outputs unless it says itself that it is shown.
        rules: (pin's name, its electrical level after the edge, or a gesture) -> the next page.
        lockout_s: how long after the page is shown no press moves it, in seconds; 0 to 60.
        idle: when the page leaves by itself. `false` takes out the `idle` of `[every_page]`.
        transition: how the page replaces the one before, on the stage. "cut" shows it at once;
            "fade" fades it in.
        sound: which sounds play while the page is shown. The stage plays them on from page to page,
            and fades out those that the next page doesn't have. `false` takes out a sound of
            `[every_page]`.
        while_rules: the rules that hold at load, too: (pin's name, its level) -> the next page.
        outputs: output name -> what it does while a display shows the page.
        rule_sounds: as `rules`, for those that play a sound -> the sound's name.
        routes: the rules that lead the displays that they name, not the one that shows the page:
            (pin's name, as in `rules`) -> these displays, and their next page.
        url: the address of another site's page, which this page shows in a frame that fills it.
            Then it has no template. Empty: it is a page of your own.
        frames: other sites that the page may show in frames, each with its scheme, its name and,
            unless it is the scheme's own, its port.
    """

    name: str
    template: str | None
    prerender: bool = False
    prefetch: bool | None = None
    client: bool = True
    lockout_s: float = 0.0
    idle: Idle | None = None
    transition: Literal["cut", "fade"] = "cut"
    sound: tuple[str, ...] = ()
    rules: Mapping[tuple[str, Level | Gesture], str] = field(default_factory=dict)
    while_rules: Mapping[tuple[str, Level], str] = field(default_factory=dict)
    outputs: Mapping[str, PageOutput] = field(default_factory=dict)
    rule_sounds: Mapping[tuple[str, Level | Gesture], str] = field(default_factory=dict)
    routes: Mapping[tuple[str, Level | Gesture], Route] = field(default_factory=dict)
    url: str = ""
    frames: tuple[str, ...] = ()

    @property
    def pins(self) -> set[str]:
        """The names of the pins that its rules wait for."""
        return {pin for pin, _ in (*self.rules, *self.routes)}

    @property
    def site(self) -> str:
        """The site that it shows in place of a page of the exhibit, as `frames` has it; or ""."""
        return "/".join(self.url.split("/", 3)[:3])

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites that it may show in frames."""
        return tuple(dict.fromkeys(filter(None, (self.site, *self.frames))))

    @property
    def leads_to(self) -> list[str]:
        """The other pages that follow it: those of its rules, in their order, then that of idle."""
        targets = [*self.rules.values(), *([self.idle.to] if self.idle else [])]
        return [to for to in dict.fromkeys(targets) if to != self.name]

    @property
    def fetched_ahead(self) -> bool:
        """Whether browsers have the page before the press that leads to it.

        A template has no effect when it is fetched; a view may, so it has to say that it hasn't.
        Of another site's page, only our own page around it is fetched.
        """
        if self.prerender:
            return True
        if self.prefetch is not None:
            return self.prefetch
        return self.template is not None or bool(self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A whole configuration, checked.

    Args:
        server: the section `[server]`.
        gpio: the section `[gpio]`.
        limits: the section `[limits]`.
        kiosk: the section `[kiosk]`.
        stage: the section `[stage]`.
        sounds: by name, in the order of the file.
        pins: by name, in the order of the file.
        outputs: by name, in the order of the file.
        pages: by name, in the order of the file.
        displays: those with a section of their own, by name, in the order of the file.
        alarms: the section `[alarms]`.
        hours: the section `[hours]`; None: without it, the exhibit is always open.
        hours_rules: (pin's name, its electrical level after the edge, or a gesture) -> what that
            orders against the opening hours.
        folder: the absolute path of the folder that holds `templates/` and `static/`.
        source: what messages name, such as `config.toml`.
        warnings: what is allowed but probably not meant, a sentence each.
        example_because: why this is the packaged example, if nobody asked for it; else empty.
    """

    server: Server
    gpio: Gpio
    pins: Mapping[str, Pin]
    pages: Mapping[str, Page]
    folder: Path
    source: str
    limits: Limits = field(default_factory=Limits)
    kiosk: Kiosk = field(default_factory=Kiosk)
    stage: Stage = field(default_factory=Stage)
    outputs: Mapping[str, Output] = field(default_factory=dict)
    sounds: Mapping[str, Sound] = field(default_factory=dict)
    displays: Mapping[str, NamedDisplay] = field(default_factory=dict)
    alarms: Alarms = field(default_factory=Alarms)
    hours: Hours | None = None
    hours_rules: Mapping[tuple[str, Level | Gesture], ToHours] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    example_because: str = ""

    @property
    def sites(self) -> tuple[str, ...]:
        """The other sites that a kiosk may show: those of `[kiosk]`, then those of the pages."""
        of_pages = (site for page in self.pages.values() for site in page.sites)
        return tuple(dict.fromkeys((*self.kiosk.allow, *of_pages)))

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of all groups of displays."""
        return tuple(dict.fromkeys(each.group for each in self.displays.values() if each.group))

    @property
    def screens(self) -> Mapping[str, Screen]:
        """The display of each of this machine's screens that is given a place: name -> screen.

        Empty for one screen as it is: the kiosk then has all of it.
        """
        kiosk = self.kiosk
        placed: dict[str, Screen] = {DEFAULT_KIOSK: kiosk} if kiosk.connector else {}
        placed |= {each.name: each for each in self.displays.values() if each.connector}
        hours = self.hours_of(DEFAULT_KIOSK)
        goes_dark = hours is not None and hours.screen == "off"  # cage 0.1 can't do that
        if not placed and (kiosk.rotate or kiosk.scale != 1 or goes_dark):
            placed[DEFAULT_KIOSK] = kiosk
        return placed

    def screen_of(self, display: str) -> Screen:
        """What the screen of a kiosk is like.

        Args:
            display: the name of its display, which need not be one of `displays`.
        """
        if display == DEFAULT_KIOSK and self.kiosk.connector:
            return self.kiosk
        return self.displays.get(display, self.kiosk)

    def start_of(self, display: str) -> str:
        """The page at which a display begins.

        Args:
            display: its name, which need not be one of `displays`, or an empty string.
        """
        known = self.displays.get(display)
        return self.server.start if known is None or known.start is None else known.start

    def hours_of(self, display: str) -> Hours | None:
        """The opening hours of a display; None: it is always open.

        Args:
            display: its name, which need not be one of `displays`, or an empty string.
        """
        known = self.displays.get(display)
        return self.hours if known is None or known.hours is None else known.hours
