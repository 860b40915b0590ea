"""Whether somebody has set the clock: who is asked, and in which order."""

import time
from pathlib import Path

import pytest

from gpiobridge.system import clock_set

NOW_S = 1_800_000_000.0


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where timesyncd leaves its mark, on a machine with Linux in 2027."""
    mark = tmp_path / "synchronized"
    monkeypatch.setattr(clock_set, "MARK", mark)
    monkeypatch.setattr(clock_set.sys, "platform", "linux")
    monkeypatch.setattr(clock_set.time, "time", lambda: NOW_S)
    return mark


def asked(monkeypatch: pytest.MonkeyPatch, kernel: bool | None, timedated: bool | None) -> None:
    """Let both answer so."""
    monkeypatch.setattr(clock_set, "ask_kernel", lambda: kernel)
    monkeypatch.setattr(clock_set, "ask_timedated", lambda: timedated)


def test_the_mark_of_timesyncd(mark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is enough."""
    asked(monkeypatch, kernel=False, timedated=False)
    assert clock_set.clock_is_set(patient=True) is False
    mark.touch()
    assert clock_set.clock_is_set(patient=False) is True


@pytest.mark.parametrize(
    ("kernel", "timedated", "patient", "told"),
    [
        (True, None, True, True), (False, True, True, False), (None, True, True, True),
        (None, True, False, None), (None, False, True, False), (None, None, True, None),
    ],
)  # fmt: skip
def test_the_kernel_then_systemd(
    mark: Path,
    monkeypatch: pytest.MonkeyPatch,
    kernel: bool | None,
    timedated: bool | None,
    patient: bool,
    told: bool | None,
) -> None:
    """Systemd only if the kernel doesn't answer, and there is time."""
    asked(monkeypatch, kernel, timedated)
    assert clock_set.clock_is_set(patient=patient) is told


def test_a_clock_of_long_ago_is_wrong(mark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says what: the mark may be one of a damaged disk."""
    mark.touch()
    monkeypatch.setattr(clock_set.time, "time", lambda: 0.0)
    assert clock_set.clock_is_set(patient=True) is False


def test_another_system_can_not_tell(mark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked there."""
    monkeypatch.setattr(clock_set.sys, "platform", "darwin")
    assert clock_set.clock_is_set(patient=True) is None


def test_this_machines_kernel_answers() -> None:
    """Or it may not say; it changes nothing."""
    before_s = time.time()
    assert clock_set.ask_kernel() in (True, False, None)
    assert abs(time.time() - before_s) < 5


@pytest.mark.parametrize(
    ("said", "told"), [("yes\n", True), ("no\n", False), ("", None), (None, None)]
)
def test_what_timedated_says(said: str | None, told: bool | None) -> None:
    """In the words of timedatectl."""
    assert clock_set.ask_timedated(lambda command: said) is told
