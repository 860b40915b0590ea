"""The examination as a whole: what is taken, what is passed over, and what fails."""

import os
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from gpiobridge.cli import main
from gpiobridge.doctor import Finding, examine
from gpiobridge.system import invocation

from .pi import FAILURE, OK, SKIPPED, WARNING, Pi, of, service, unit


def test_a_healthy_pi_is_found_well(pi: Pi) -> None:
    """Nothing is wrong, so nothing is said to be; each check has its word."""
    report = pi.examine()
    assert (report.verdict, report.exit_code) == (OK, 0)
    assert {(f.check, f.verdict) for f in report.findings} == {
        ("configuration", OK),
        ("board", OK),
        ("back end", OK),
        ("GPIO chip", OK),
        ("permissions", OK),
        ("pin button", OK),
        ("pin door", OK),
        ("gpiobridge.service", OK),
        ("port", SKIPPED),
        ("displays", OK),
        ("kiosk", OK),
        ("disk", OK),
        ("writes", OK),
        ("log", OK),
        ("clock", OK),
        ("age", OK),
    }
    assert not [finding for finding in report.findings if finding.remedy]


def test_the_example_is_told_with_the_reason(
    pi: Pi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its pins would be taken for one's own (row 37)."""
    here = tmp_path / "here"
    here.mkdir()
    (here / "config.toml.txt").write_text("")
    monkeypatch.chdir(here)
    found = of(examine(None, pi.machine()), "configuration")[1]
    assert found.verdict == WARNING
    assert found.sentence == (
        "this is the packaged example, because this folder has no config.toml, but config.toml.txt"
    )
    assert (found.remedy or "").startswith("rename it to config.toml")


def test_the_doctor_does_not_start_the_service(pi: Pi) -> None:
    """Where systemd waits for the first request, the doctor isn't it."""
    pi.configure(port=8000)
    stopped = {"ActiveState": "inactive", "SubState": "dead"}
    listening = unit("gpiobridge.socket", SubState="listening")
    pi.commands["systemctl"] = pi.units(unit("gpiobridge.service", **stopped), listening)
    pi.changes["ask_bridge"] = lambda server: pytest.fail("asked")
    report = pi.examine()
    assert [f.sentence for f in of(report, "port")] == [
        "port 8000 on 127.0.0.1 is held by systemd, for gpiobridge itself"
    ]
    assert of(report, "gpiobridge.service")[0].verdict is OK


def test_a_port_that_another_program_holds_names_it(pi: Pi) -> None:
    """The kernel's table of sockets leads to the process."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        pi.configure(port=port)
        (finding,) = of(pi.examine(), "port")
        assert finding.verdict is FAILURE
        assert finding.sentence == f"port {port} on 127.0.0.1 is in use"
        assert f"ss -ltnp sport = :{port}" in finding.remedy
        head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid\n"
        row = f"   0: 0100007F:{port:04X} 00000000:0000 0A 0:0 00:0 0 0 0 4711 1 0\n"
        pi.write("proc/net/tcp", head + row)
        pi.link(99, "nginx: master process", 6, "socket:[4711]")
        (finding,) = of(pi.examine(), "port")
        assert "another program (process 99: nginx: master process)" in finding.sentence
        pi.write("proc/99/cmdline", "python3\0-m\0gpiobridge\0run\0")
        (finding,) = of(pi.examine(), "port")
        assert "a gpiobridge that does not answer" in finding.sentence
    (finding,) = of(pi.examine(), "port")
    assert (finding.verdict, finding.sentence) == (OK, f"port {port} on 127.0.0.1 is free")


def test_a_laptop_is_no_patient(tmp_path: Path) -> None:
    """Without a Pi, what only a Pi has is passed over, and nothing is wrong."""
    pi = Pi(tmp_path)
    pi.root = tmp_path / "empty"
    pi.changes |= {"system": "Darwin", "kernel": "24.6.0", "choose": lambda name: "mock"}
    pi.changes |= {"chips": lambda: (), "packages": lambda _: {}}
    report = pi.examine()
    assert report.verdict is OK
    skipped = {f.check for f in report.findings if f.verdict is SKIPPED}
    assert skipped == {
        "board", "GPIO chip", "permissions", "pin button", "pin door", "units", "port", "kiosk",
        "clock",
    }  # fmt: skip


def test_a_wrong_configuration_hides_nothing_else(pi: Pi) -> None:
    """Each problem is a finding, and what doesn't depend on it is checked all the same."""
    pi.config.write_text('[pins]\nbutton = 99\n[pages.welcome]\non_low.bell = "nowhere"\n')
    report = pi.examine()
    assert report.exit_code == 2
    assert len([f for f in of(report, "configuration") if f.verdict is FAILURE]) == 3
    fine = {f.check for f in report.findings if f.verdict is OK}
    of_the_machine = {"board", "permissions", "kiosk", "disk", "writes", "log", "clock", "age"}
    assert fine == {*of_the_machine, "gpiobridge.service"}


def test_an_unreadable_configuration_is_not_a_wrong_one(
    pi: Pi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The installed one is not for every user: the doctor asks for sudo, and for nothing else."""
    read = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path == pi.config:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    command = f"{{ path=/bin/gpiobridge ; argv[]=gpiobridge run --config {pi.config} ; pid=1 }}"
    service(ExecStart=command)(pi)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for named, remedy in (
        (None, invocation.as_root("doctor")),
        (pi.config, invocation.as_root("doctor", "--config", str(pi.config))),
    ):
        report = examine(named, pi.machine())
        assert report.exit_code == 1
        assert [f for f in report.findings if f.verdict in (FAILURE, WARNING)] == [
            Finding("configuration", FAILURE, f"{pi.config}: this user may not read it", remedy)
        ]
        (port,) = of(report, "port")
        assert port.verdict is SKIPPED
        assert port.sentence == "it depends on the configuration, which this user may not read"


def test_a_named_configuration_that_is_unreadable_reaches_the_doctor(
    pi: Pi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line doesn't refuse it in words of its own: the doctor has the remedy."""

    def read_bytes(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    done = CliRunner().invoke(main, ["doctor", "--config", str(pi.config)])
    assert done.exit_code == 1
    assert f"-> {invocation.as_root('doctor', '--config', str(pi.config))}" in done.output


def test_the_installed_service_s_configuration_is_taken(
    pi: Pi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever names none, in a folder without one, means that of the service."""
    command = f"{{ path=/bin/gpiobridge ; argv[]=gpiobridge run --config {pi.config} ; pid=1 }}"
    service(ExecStart=command)(pi)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert examine(None, pi.machine()).findings[0].sentence.startswith(f"{pi.config} is fine")
    monkeypatch.chdir(tmp_path)
    assert examine(None, pi.machine()).findings[0].sentence.startswith("config.toml is fine")


@pytest.mark.parametrize(
    "broken", ["run", "open_device", "ask_bridge", "choose", "chips", "packages", "sample", "line"]
)
def test_a_check_that_fails_itself_is_a_finding(pi: Pi, broken: str) -> None:
    """No check can end the examination; it says that it failed, and the others go on."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("broken")

    pi.configure(port=8000)
    pi.changes[broken] = fail
    report = pi.examine()
    assert report.exit_code == 1
    ill = [f for f in report.findings if "this check itself failed: Zero" in f.sentence]
    assert ill
    assert all(f.verdict is FAILURE and "report" in f.remedy for f in ill)
    assert of(report, "configuration")[0].verdict is OK
