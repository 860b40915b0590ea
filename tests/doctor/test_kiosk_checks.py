"""The doctor on a kiosk: its browser, the memory, its policy."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from .pi import FAILURE, OK, WARNING, Pi, both, kiosk_installed, of, with_policy


def test_the_kiosks_policy_is_of_this_configuration(tmp_path: Path) -> None:
    """A policy that the present configuration makes is fine; without a kiosk there is none."""
    pi = Pi(tmp_path)
    pi.configure(port=8123)
    assert of(pi.examine(), "kiosk policy") == []
    both(kiosk_installed, with_policy("http://127.0.0.1:8123"))(pi)
    [finding] = of(pi.examine(), "kiosk policy")
    assert (finding.verdict, finding.sentence) == (OK, "the browser shows only the bridge")


LOCK = "[outputs.lock]\npin = 22\nfrom_pages = true\n"


@pytest.mark.parametrize(
    ("server", "key", "verdict", "said", "remedy"),
    [
        ("", True, OK, "a page on the kiosk may set output lock", "$"),
        ("", False, WARNING, "the service has written no key for the kiosk", "install --kiosk$"),
        ('host = "192.168.1.5"\nopen = true\n', True, WARNING, "at a loopback address", "0.0.0.0"),
    ],
)
def test_a_kiosk_whose_pages_set_outputs(
    pi: Pi, server: str, key: bool, verdict: str, said: str, remedy: str
) -> None:
    """It must be able to prove itself: the service's key for it is there."""
    kiosk_installed(pi)
    pi.configure(server=server)
    assert of(pi.examine(), "kiosk proof") == []  # nobody needs it
    with pi.config.open("a") as file:
        file.write(LOCK)
    if key:
        pi.write("run/gpiobridge/kiosk-127.0.0.1-8000")
    [found] = of(pi.examine(), "kiosk proof")
    assert (found.verdict, said in found.sentence) == (verdict, True), found.sentence
    assert re.search(remedy, found.remedy)


def test_a_kiosk_with_cog_needs_no_chromium(pi: Pi) -> None:
    """Where the kiosk's unit names cog, cog is what must be there, and little memory is fine."""
    kiosk_installed(pi, "cog")
    (pi.root / "usr/bin/chromium").unlink()
    pi.write("usr/bin/cog")
    pi.write("proc/meminfo", "MemTotal:         440000 kB\n")
    [found] = of(pi.examine(), "kiosk")
    assert (found.verdict, found.sentence) == (OK, "cog and cage; only 429 MB of memory")


def test_a_small_pi_can_be_found_well(pi: Pi) -> None:
    """It is asked for nothing that the launcher does by itself, and for nothing once that is done.

    Chromium may stay beside cog, and a page that is prerendered elsewhere is no fault.
    """
    pi.write("proc/meminfo", "MemTotal:         440000 kB\n")
    pi.configure(welcome="prerender = true")
    kiosk_installed(pi)
    [asked] = of(pi.examine(), "kiosk")
    assert asked.remedy.endswith("install --kiosk --browser cog")
    assert "memcheck" not in asked.remedy
    assert "prerender" not in asked.sentence + asked.remedy
    pi.write("usr/bin/cog")
    kiosk_installed(pi, "cog")
    report = pi.examine()
    assert (report.verdict, [f.remedy for f in of(report, "kiosk")]) == (OK, [""])


def test_a_small_pi_without_a_kiosk_needs_cog_alone(pi: Pi) -> None:
    """What it is asked to install is what fits it, so that it is asked for nothing else then."""
    pi.write("proc/meminfo", "MemTotal:         440000 kB\n")
    (pi.root / "usr/bin/chromium").unlink()
    [asked] = of(pi.examine(), "kiosk")
    assert asked.remedy.endswith("apt install --no-install-recommends cog")
    pi.write("usr/bin/cog")
    [found] = of(pi.examine(), "kiosk")
    assert (found.verdict, found.remedy) == (OK, "")


def test_google_chrome_is_a_chromium(pi: Pi) -> None:
    """The launcher takes it, so the doctor doesn't ask for another one."""
    (pi.root / "usr/bin/chromium").rename(pi.root / "usr/bin/google-chrome")
    kiosk_installed(pi)
    [found] = of(pi.examine(), "kiosk")
    assert (found.verdict, found.sentence) == (OK, "google-chrome and cage")


def test_a_folder_that_this_user_may_not_enter_has_no_programs(
    pi: Pi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PATH may name another user's folder: the shell passes over it, and so does the doctor."""
    closed, status = pi.root / "root/bin", os.stat

    def stat(path: Any, *args: Any, **options: Any) -> os.stat_result:
        if isinstance(path, str | Path) and Path(path).is_relative_to(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return status(path, *args, **options)

    monkeypatch.setattr(os, "stat", stat)
    pi.changes["programs"] = ("/root/bin", "/usr/bin")
    assert of(pi.examine(), "kiosk")[0].verdict is OK


def test_screens_that_are_connected(pi: Pi) -> None:
    """A connector that is named and has no screen, or isn't there at all, is said."""
    for name, status in (("HDMI-A-1", "connected"), ("HDMI-A-2", "disconnected")):
        pi.write(f"sys/class/drm/card1-{name}/status", f"{status}\n")
    pi.write("sys/class/drm/card1-Writeback-1/status", "unknown\n")
    kiosk_installed(pi, in_sway=True)
    assert of(pi.examine(), "screens") == []  # one screen, which has no connector
    with pi.config.open("a") as file:
        file.writelines(
            f'[displays.{name}]\nconnector = "{connector}"\n'
            for name, connector in (("a", "HDMI-A-1"), ("b", "HDMI-A-2"), ("c", "DSI-1"))
        )
    assert [(each.verdict, each.sentence, each.remedy) for each in of(pi.examine(), "screens")] == [
        (OK, "a: a screen is connected to HDMI-A-1", ""),
        (WARNING, "b: no screen is connected to HDMI-A-2", "plug it in and switch it on; if it "
         "stays black, docs/screen.md says more"),
        (FAILURE, "c: this machine has no connector DSI-1", "write one of HDMI-A-1, HDMI-A-2"),
    ]  # fmt: skip


def test_screens_without_sway(pi: Pi) -> None:
    """A unit that was installed before the screens were written starts cage."""
    pi.write("usr/bin/sway")
    kiosk_installed(pi)
    with pi.config.open("a") as file:
        file.write("[kiosk]\nrotate = 90\n")
    [found] = of(pi.examine(), "screens")
    assert (found.verdict, "starts cage" in found.sentence) == (WARNING, True)
    assert found.remedy.endswith("install --kiosk")
    kiosk_installed(pi, in_sway=True)
    assert of(pi.examine(), "screens") == []
    [found] = of(pi.examine(), "kiosk")
    assert (found.verdict, found.sentence) == (OK, "chromium and sway")
    (pi.root / "usr/bin/sway").unlink()
    [found] = of(pi.examine(), "kiosk")
    assert found.sentence == "sway not found on this machine"
