"""The doctor: checks a machine, says what is wrong and what to do about it, and changes nothing.

`examine` runs the checks in an order in which the earlier explain the later. `machine` is where
they look; `board`, `backends`, `pins`, `service`, `kiosk`, `disk` and `age` have the checks;
`findings` is what they say. No check may raise: one that does becomes a finding. One thread, the
caller's.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path

from gpiobridge import config
from gpiobridge.config import Settings
from gpiobridge.doctor import age, backends, board, disk, kiosk, pins, service
from gpiobridge.doctor.findings import Finding, Report, Verdict, failure, ok, skipped, warning
from gpiobridge.doctor.machine import Health, Machine
from gpiobridge.errors import ConfigError, PinError
from gpiobridge.pins.boards import is_raspberry_pi
from gpiobridge.pins.gpio import wired
from gpiobridge.system import calling
from gpiobridge.system.parts import marked_since_s
from gpiobridge.system.units import KIOSK, Unit, config_of, find_units

__all__ = ["Finding", "Machine", "Report", "Verdict", "examine"]

Check = Callable[[], Finding | Iterable[Finding]]

LIVE = "opt/gpiobridge/live"
"""The copy that the installed service runs (`gpiobridge.install`)."""

_UNWIRED = "no pin is wired: none is needed"


def examine(config_file: Path | None = None, machine: Machine | None = None) -> Report:
    """Check a machine and a configuration.

    Args:
        config_file: by default ``config.toml`` in the current folder, else that of the
            installed service, else the example.
        machine: where to look; by default this machine.

    Returns:
        The findings; never an exception.
    """
    patient = _Patient(config_file, machine or Machine())
    named = [] if config_file is None else ["--config", str(config_file)]
    again = calling.as_root("doctor", *named)
    findings = [found for name, check in _checks(patient) for found in _guarded(name, check, again)]
    return Report(findings, config_wrong=patient.config_wrong)


class _Patient:
    """What several checks need, looked up once and only when a check asks for it.

    Args:
        config_file: as for `examine`.
        machine: where to look.
    """

    def __init__(self, config_file: Path | None, machine: Machine) -> None:
        self.machine = machine
        self.config_wrong = False
        self._config_file = config_file

    @cached_property
    def loaded(self) -> Settings | ConfigError:
        """The configuration, or what is wrong with it."""
        try:
            return config.load(self._config_file or self._installed_config())
        except ConfigError as error:
            self.config_wrong = not isinstance(error.__cause__, PermissionError)
            return error

    def _installed_config(self) -> Path | None:
        """The service's file, where none was named and there is none in this folder."""
        return None if Path("config.toml").exists() else config_of(self.units)

    @property
    def settings(self) -> Settings:
        """The configuration.

        Raises:
            ConfigError: it is wrong.
        """
        if isinstance(self.loaded, ConfigError):
            raise self.loaded
        return self.loaded

    @cached_property
    def units(self) -> dict[str, Unit] | None:
        """Our units, None without systemd."""
        return find_units(self.machine.root, self.machine.run)

    @cached_property
    def health(self) -> Health | None:
        """What the running bridge says, None if none runs, or if asking would start it."""
        server = self.settings.server
        if server.port == 0 or service.waits_for_a_request(self.units):
            return None
        return self.machine.ask_bridge(server)

    @property
    def served(self) -> bool:
        """Whether a running bridge has the real pins."""
        if isinstance(self.loaded, ConfigError):
            return False
        return self.health is not None and not self.health["simulated"]

    @property
    def unwired(self) -> bool:
        """Whether no pin needs GPIO: then neither back end nor chip matter."""
        return isinstance(self.loaded, Settings) and not wired(self.loaded.pins)

    @cached_property
    def pi(self) -> bool:
        """Whether this is a Raspberry Pi."""
        return is_raspberry_pi(self.machine.root)

    @cached_property
    def factory(self) -> str:
        """The back end that the configuration comes to.

        Raises:
            PinError: a Raspberry Pi without one.
        """
        return self.machine.choose(self.settings.gpio.pin_factory)


def _checks(patient: _Patient) -> Iterator[tuple[str, Check]]:
    machine, root = patient.machine, patient.machine.root

    def chip() -> Finding:
        if patient.unwired:
            return skipped("GPIO chip", _UNWIRED)
        settings = patient.settings
        its = wired(settings.pins)
        return board.chip(root, settings.gpio, patient.factory, machine.chips(), its)

    def permissions() -> Finding:
        if patient.unwired:
            return skipped("permissions", _UNWIRED)
        return board.permissions(root, machine.user, machine.open_device, patient.served)

    def levels() -> list[Finding]:
        factory = "" if patient.unwired else patient.factory
        again = service.restart(patient.units)
        return pins.levels(patient.settings, factory, machine, patient.health, again)

    def port() -> Finding:
        return service.port(root, patient.settings.server, patient.health, patient.units)

    def room() -> Finding:
        return service.room(patient.settings.server, machine.files, patient.units)

    yield "configuration", lambda: _configuration(patient.settings)
    yield "board", lambda: board.board(root, machine.system, machine.kernel)
    yield "back end", lambda: _back_end(patient)
    yield "GPIO chip", chip
    yield "permissions", permissions
    yield "pins", levels
    yield "units", lambda: service.unit_states(patient.units)
    yield "port", port
    yield "displays", room
    yield "kiosk", lambda: _kiosk(patient)
    yield "kiosk policy", lambda: _policy(patient)
    if machine.system == "Linux":
        yield "disk", lambda: disk.protection(root, pi=patient.pi)
        yield "writes", lambda: disk.writes(root, pi=patient.pi)
        yield "log", lambda: disk.journal(root, pi=patient.pi)
    yield "clock", lambda: board.clock(root, machine.run, machine.unix_s)
    yield "age", lambda: _ages(machine)


def _ages(machine: Machine) -> list[Finding]:
    live = machine.root / LIVE
    return age.ages(
        machine.unix_s,
        machine.since(),
        made_by_install=machine.copy is not None,
        service_s=marked_since_s(live) if live.is_dir() else None,
    )


def _guarded(name: str, check: Check, again: str) -> list[Finding]:
    try:
        found = check()
        return [found] if isinstance(found, Finding) else list(found)
    except ConfigError as error:
        if isinstance(denied := error.__cause__, PermissionError):
            # That is as it should be: a token may stand in the installed configuration.
            if name == "configuration":
                return [failure(name, f"{denied.filename}: this user may not read it", again)]
            return [skipped(name, "it depends on the configuration, which this user may not read")]
        if name == "configuration":
            return [
                failure(name, problem, "correct it, then run this again")
                for problem in error.problems
            ]
        return [skipped(name, "it depends on the configuration, which is wrong")]
    except PinError:
        return [skipped(name, "it depends on the back end")]
    except Exception as error:  # a doctor that falls ill helps nobody
        return [
            failure(
                name,
                f"this check itself failed: {type(error).__name__}: {error}",
                f"please report it with the output of: {calling.command('doctor', '--json')}",
            )
        ]


def _configuration(settings: Settings) -> Iterator[Finding]:
    counts = (
        f"{len(table)} {word}{'' if len(table) == 1 else 's'}"
        for table, word in ((settings.pins, "pin"), (settings.pages, "page"))
    )
    yield ok(
        "configuration",
        f"{settings.source} is fine: {', '.join(counts)}; all templates found",
    )
    if settings.example_because:
        reason, _, remedy = settings.example_because.partition("; ")
        yield warning("configuration", f"this is the packaged example, as {reason}", remedy)
    for sentence in settings.warnings:
        yield warning("configuration", sentence, f"`{calling.command('check')}` shows all rules")


def _back_end(patient: _Patient) -> Finding:
    machine = patient.machine
    if patient.unwired:
        return skipped("back end", _UNWIRED)
    try:
        factory = patient.factory
    except PinError:
        return backends.none_installed(machine.python)
    return backends.back_end(
        factory,
        auto=patient.settings.gpio.pin_factory == "auto",
        packages=machine.packages(backends.PACKAGES),
        python=machine.python,
        kernel=board.kernel_version(machine.kernel) if machine.system == "Linux" else None,
        pi=patient.pi,
        pi_5=board.is_pi_5(machine.root),
    )


def _policy(patient: _Patient) -> list[Finding]:
    units = patient.units
    if units is None or not units[KIOSK].installed:
        return []
    if units[KIOSK].browser != "chromium":  # it has a filter instead
        return []
    # One of another bridge has a policy of its own.
    elsewhere = "--url" in units[KIOSK].command
    return [] if elsewhere else [kiosk.policy(patient.machine.root, patient.settings)]


def _kiosk(patient: _Patient) -> Finding:
    machine, units = patient.machine, patient.units
    unit = None if units is None else units[KIOSK]
    pages = {} if isinstance(patient.loaded, ConfigError) else patient.loaded.pages
    return kiosk.kiosk(
        machine.root,
        machine.programs,
        pi=patient.pi,
        wanted=unit.browser if unit is not None and unit.installed else None,
        prerendered=[page.name for page in pages.values() if page.prerender],
    )
