"""What happens to outputs once the bridge has ended: `make_safe`, a program of its own."""

import subprocess
import sys
from pathlib import Path

import pytest
from made_up_kernel import MadeUpKernel

from gpiobridge.core.events import Level
from gpiobridge.outputs import make_safe

LOW, HIGH = Level.LOW, Level.HIGH
PACKAGE = Path(make_safe.__file__).parents[1]


def test_every_line_is_set_and_released(
    kernel: MadeUpKernel, runtime: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each at its safe level; then nothing is left to do."""
    (runtime / "outputs").write_text("0 2 low lamp\n1 3 high valve\n")
    assert make_safe.main() == 0
    assert kernel.told == {(0, 2): [LOW], (1, 3): [HIGH]}
    assert not kernel.is_used((0, 2))
    assert list(runtime.iterdir()) == []
    assert capsys.readouterr().out == (
        "gpiobridge: output 'lamp' is at its safe level, LOW\n"
        "gpiobridge: output 'valve' is at its safe level, HIGH\n"
    )


def test_a_line_that_can_not_be_set_does_not_keep_the_others(
    kernel: MadeUpKernel,
    runtime: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that another program holds, one on a chip that is gone, and what can't be read."""
    monkeypatch.setattr(make_safe, "_BUSY_S", 0.05)
    kernel.consumers[0, 2] = "thief"
    (runtime / "outputs").write_text("0 2 low lamp\n7 1 low gone\nnonsense\n1 3 high valve\n")
    assert make_safe.main() == 1
    assert kernel.told == {(1, 3): [HIGH]}
    said = capsys.readouterr().err.splitlines()
    assert said[0].endswith("can't be made safe: [Errno 16] Device or resource busy")
    assert len(said) == 3
    assert (runtime / "outputs").exists()


def test_it_waits_for_the_process_that_has_just_ended(
    kernel: MadeUpKernel, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel may take a moment to release its lines."""
    kernel.consumers[0, 2] = "gpiobridge"
    monkeypatch.setattr(make_safe.time, "sleep", lambda _: kernel.consumers.clear())
    (runtime / "outputs").write_text("0 2 low lamp\n")
    assert make_safe.main() == 0
    assert kernel.told == {(0, 2): [LOW]}


def test_after_a_clean_stop_there_is_nothing_to_do(
    kernel: MadeUpKernel, runtime: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bridge has left its outputs safe; also, it may have none."""
    assert make_safe.main() == 0
    assert kernel.told == {}
    assert capsys.readouterr() == ("", "")


def test_without_a_unit_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By hand it knows no lines."""
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    assert make_safe.main() == 1
    assert "RUNTIME_DIRECTORY is not set" in capsys.readouterr().err


def test_pigpiods_lines_are_set_by_pigpiod(
    kernel: MadeUpKernel, runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its package is looked for only then."""
    (tmp_path / "pigpio.py").write_text(
        "class pi:\n"
        "    connected, levels = True, []\n"
        "    def __init__(self, show_errors): pass\n"
        "    def write(self, line, level): self.levels.append((line, level))\n"
        "    def stop(self): self.levels.append('stop')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("site.main", lambda: None)
    (runtime / "outputs").write_text("pigpio 2 high lamp\n")
    assert make_safe.main() == 0
    assert sys.modules["pigpio"].pi.levels == [(2, 1), "stop"]
    monkeypatch.delitem(sys.modules, "pigpio")
    assert kernel.told == {}


def test_it_imports_next_to_nothing(runtime: Path) -> None:
    """Outputs wait for it: half of the time of two seconds would go for a few modules."""
    script = (
        f"import sys; before = set(sys.modules); sys.path.append({str(PACKAGE.parent)!r}); "
        "from gpiobridge.outputs.make_safe import main; status = main(); "
        "print(*sorted(set(sys.modules) - before)); sys.exit(status)"
    )
    told = subprocess.run(
        [sys.executable, "-IS", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"RUNTIME_DIRECTORY": str(runtime)},
        timeout=30,
    )
    ours = {"gpiobridge", "gpiobridge.outputs", "gpiobridge.outputs.line_request"}
    ours |= {"gpiobridge.outputs.make_safe"}
    bare = subprocess.run(
        [sys.executable, "-IS", "-c", "import os, sys, struct, time, errno; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert set(told.stdout.split()) - set(bare.stdout.split()) == ours
