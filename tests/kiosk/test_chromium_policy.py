"""Chromium's policy for the kiosk: what is in it, who writes it, and whether it is known."""

import json
import mmap
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from harness.exhibit import write_exhibit

from gpiobridge.kiosk import chromium_policy
from gpiobridge.kiosk.chromium_policy import FILE, START_PAGE, policy

UNIT = Path(__file__).parents[2] / "systemd" / "gpiobridge-kiosk.service"


def made(bridge: str = "http://127.0.0.1:8000", *allow: str, camera: bool = False) -> Any:
    """A policy."""
    return policy(bridge, allow, camera=camera)


def test_only_the_bridge_may_be_shown() -> None:
    """All addresses are refused but the bridge's and the launcher's start page (row 2)."""
    assert made()["URLBlocklist"][0] == "*"
    assert {"chrome://*", "file://*"} < set(made()["URLBlocklist"])
    assert made()["URLAllowlist"] == [
        "http://127.0.0.1:8000", "about:blank", "about:srcdoc", "blob:*", "data:*",
        f"file://{START_PAGE}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("site", "written"),
    [
        ("https://example.org", "https://.example.org:443"),
        ("http://pi.local:8000", "http://.pi.local:8000"),
        ("http://10.0.0.1", "http://10.0.0.1:80"),
        ("http://10.0.0.1:80", "http://10.0.0.1:80"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://[FD00:0:0::1]:81", "http://[fd00::1]:81"),
    ],
)
def test_allowed_sites(site: str, written: str) -> None:
    """What `kiosk.allow` adds is that name and port, and no name below it (row 2)."""
    assert written in made("http://127.0.0.1:8000", site)["URLAllowlist"]


def test_a_bridge_that_leads_to_https() -> None:
    """It may be shown there, and use there what it may use (row 2)."""
    assert made("http://pi.local")["URLAllowlist"][:2] == [
        "http://.pi.local:80", "https://.pi.local:443",
    ]  # fmt: skip
    assert made("http://pi.local", camera=True)["VideoCaptureAllowedUrls"] == [
        "http://pi.local", "https://pi.local:443",
    ]  # fmt: skip


def test_several_kiosks() -> None:
    """Each has its start page in a folder of its own, which its browser may open."""
    made = policy("http://127.0.0.1:8000", (), camera=False, placed=("left", "right"))
    assert made["URLAllowlist"][-3:] == [
        "file:///run/gpiobridge-kiosk/start.html",
        "file:///run/gpiobridge-kiosk/left/start.html",
        "file:///run/gpiobridge-kiosk/right/start.html",
    ]


def test_camera_and_microphone() -> None:
    """They are for nobody, or for the bridge's pages alone (row 2)."""
    for kind in ("Audio", "Video"):
        assert made()[f"{kind}CaptureAllowed"] is False
        assert made()[f"{kind}CaptureAllowedUrls"] == []
        assert made(camera=True)[f"{kind}CaptureAllowedUrls"] == ["http://127.0.0.1:8000"]


def write(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command of the unit."""
    command = [sys.executable, "-m", "gpiobridge", "kiosk", *words]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=30, check=False
    )


def test_it_follows_the_configuration(tmp_path: Path) -> None:
    """The unit's command writes it anew from config.toml, for all to read (row 2)."""
    config = write_exhibit(tmp_path, server="port = 8123")
    config.write_text(config.read_text() + '[kiosk]\nallow = ["https://example.org"]\n')
    file = tmp_path / "policies" / "managed" / "gpiobridge.json"
    for _ in range(2):
        done = write(tmp_path, "--config", str(config), "--write-policy", str(file))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    told = json.loads(file.read_text())
    assert told["URLAllowlist"][:2] == ["http://127.0.0.1:8123", "https://.example.org:443"]
    assert [path.name for path in file.parent.iterdir()] == ["gpiobridge.json"]
    assert file.stat().st_mode & 0o777 == 0o644
    assert file.parent.stat().st_mode & 0o777 == 0o755


def test_it_can_be_shown(tmp_path: Path) -> None:
    """`--write-policy -` prints it; the token is not in it (row 2)."""
    config = write_exhibit(tmp_path, server='token = "only-for-this-kiosk"')
    done = write(tmp_path, "--config", str(config), "--write-policy", "-")
    assert json.loads(done.stdout) == made()
    assert "only-for" not in done.stdout


def test_folders_that_are_there_stay_as_they_are(tmp_path: Path) -> None:
    """Only a folder that it makes is for all to read, whatever the caller's mask (row 2)."""
    (tmp_path / "home" / "private").mkdir(parents=True)
    for folder in (tmp_path / "home", tmp_path / "home" / "private"):
        folder.chmod(0o700)
    mask = os.umask(0o077)  # the unit's
    try:
        chromium_policy.write(tmp_path / "home" / "private" / "policy.json", "{}\n")
        chromium_policy.write(tmp_path / "policies" / "managed" / "policy.json", "{}\n")
    finally:
        assert os.umask(mask) == 0o077
    modes = {
        str(path.relative_to(tmp_path)): oct(path.stat().st_mode & 0o777)
        for path in tmp_path.rglob("*")
    }
    assert modes == {
        "home": "0o700",
        "home/private": "0o700",
        "home/private/policy.json": "0o644",
        "policies": "0o755",
        "policies/managed": "0o755",
        "policies/managed/policy.json": "0o644",
    }


def test_where_it_cant_be_written(tmp_path: Path) -> None:
    """A place that can't be written is named in a sentence (row 2)."""
    config = write_exhibit(tmp_path)
    done = write(tmp_path, "--config", str(config), "--write-policy", "/proc/x/y")
    assert done.returncode == 1
    assert done.stderr.startswith("gpiobridge: /proc/x/y can't be written: ")


def test_other_folders_stay_as_they_are(tmp_path: Path) -> None:
    """Only a folder that it has made is opened to all: /tmp has to keep its mode (row 2)."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    shared = home / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    chromium_policy.write(shared / "policy.json", "{}")
    assert [path.stat().st_mode & 0o7777 for path in (home, shared)] == [0o700, 0o1777]


def test_its_folders_are_open_to_all(tmp_path: Path) -> None:
    """Chromium's user reads it, whatever the unit's umask is, and a second time, too (row 2)."""
    file = tmp_path / "policies" / "managed" / "gpiobridge.json"
    before = os.umask(0o077)
    try:
        for _ in range(2):
            chromium_policy.write(file, "{}")
    finally:
        os.umask(before)
    folders = (file.parent, file.parent.parent)
    assert [path.stat().st_mode & 0o777 for path in (*folders, file)] == [0o755, 0o755, 0o644]


def test_the_unit_binds_it() -> None:
    """The unit has root write it, and binds its folder over both browsers' own (row 2)."""
    unit = UNIT.read_text()
    assert re.search(
        rf"^ExecStartPre=-\+/opt/\S+ kiosk --config \S+ --write-policy {FILE}$", unit, re.M
    )
    folder = Path(FILE).parents[1]
    for place in ("/etc/chromium/policies", "/etc/opt/chrome/policies"):
        assert f"\nBindReadOnlyPaths=-{folder}:{place}\n" in unit
    assert f"\nRuntimeDirectory={Path(START_PAGE).parent.name}\n" in unit


def test_the_kernels_own_keys_do_nothing() -> None:
    """Alt-SysRq-O would power the Pi off, below any keyboard layout; root ends that (row 2)."""
    lines = re.findall(r"^ExecStartPre=-\+(.*sysrq.*)$", UNIT.read_text(), re.M)
    assert lines == ["/bin/sh -c 'echo 0 >/proc/sys/kernel/sysrq'"]


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium of the system here")
def test_chromium_knows_every_name() -> None:
    """Each policy's name is in the installed Chromium, which ignores others (row 2)."""
    binary = next(
        path
        for path in ("/usr/lib/chromium/chromium", os.path.realpath(shutil.which("chromium") or ""))
        if os.path.exists(path)
    )
    with open(binary, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as code:
        unknown = [name for name in made() if code.find(b"\0" + name.encode() + b"\0") < 0]
    assert unknown == []
    assert chromium_policy.text(made()).endswith("}\n")
