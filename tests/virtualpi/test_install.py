"""The installed service, as it ships: under real systemd, with a real kernel GPIO line.

The tests of this file share one guest. Each leaves the service running, but the last one, which
removes it.
"""

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from gpiobridge import __version__
from gpiobridge.core.events import Level

from .browser import chromium, wait_online
from .conftest import BUTTON_LINE
from .display import display
from .guest import VirtualPi

pytestmark = pytest.mark.timeout(300, func_only=True)

UNITS = Path(__file__).resolve().parents[2] / "systemd"
# As an owner would have tried it: from an environment that the service can't see.
FROM_ENVIRONMENT = (
    "cd /opt/app && PYTHONPATH=/opt/app/site PYTHONDONTWRITEBYTECODE=1 "
    "/opt/venv/bin/python3 -m gpiobridge"
)
LIMIT_S = 100.0  # everything is slow in an emulated Pi
TELL_LIMIT_S = 50.0  # more, in which a status is told
TRIES = 3
STOP_LIMIT_S = 5.0  # far under the time after which systemd would kill it
PROVES = """\
from gpiobridge.client import asking
from gpiobridge.system.run_key import find_kiosk_keys
found = find_kiosk_keys("http://127.0.0.1:8000")
print(f"keys found: {len(found)}", flush=True)
for key, url in found:
    asking.prove_kiosk(url, key, "probe", "s" * 43, "", timeout_s=60.0)"""
STATUS = "systemctl status gpiobridge.service --no-pager --full"


@pytest.fixture(scope="module")
def installed(bare: VirtualPi) -> VirtualPi:
    """A guest with the service installed."""
    status, said = bare.sh(f"{FROM_ENVIRONMENT} install .", 200)
    assert status == 0, said
    assert said.splitlines()[-2:] == [
        f"The live copy is /opt/gpiobridge/versions/{__version__}-1"
        " with /etc/gpiobridge/config.toml",
        "The page is at http://virtualpi:8000/",
    ]
    return bare


@pytest.fixture
def later() -> Iterator[Callable[[VirtualPi, str], "Future[tuple[int, str]]"]]:
    """A function that sends a GET request while the test goes on."""
    with ThreadPoolExecutor(8) as pool:
        yield lambda pi, path: pool.submit(pi.get, path, LIMIT_S)


def main_process(pi: VirtualPi) -> str:
    """Return the number of the service's main process."""
    return pi.sh("systemctl show --value --property=MainPID gpiobridge.service")[1]


def wait_for(pi: VirtualPi, condition: str) -> None:
    """Wait until a shell condition is true in the guest."""
    status, said = pi.sh(
        f"while [ $SECONDS -lt {LIMIT_S:.0f} ]; do {condition} && exit 0; sleep 0.1; done; "
        f"{STATUS}; exit 1",
        LIMIT_S + TELL_LIMIT_S,
    )
    assert status == 0, said


def test_a_press_moves_a_page(installed: VirtualPi) -> None:
    """The service that install has made watches the pin: a press closes the page with 4000."""
    with display(installed.port, "welcome") as shown:
        assert shown.state["simulated"] is False
        installed.set_line(BUTTON_LINE, Level.LOW)
        assert shown.close_code(LIMIT_S) == 4000
    installed.set_line(BUTTON_LINE, Level.HIGH)


def test_it_is_the_shipped_unit(installed: VirtualPi, figures: list[str]) -> None:
    """What runs is systemd/, hardly exposed, and systemd finds no fault in it."""
    folder = "/etc/systemd/system"
    assert installed.sh(f"cat {folder}/gpiobridge.service")[1] == (
        (UNITS / "gpiobridge.service").read_text().rstrip()
    )
    assert installed.sh(f"cat {folder}/gpiobridge.socket")[1] == (
        (UNITS / "gpiobridge.socket").read_text().replace("127.0.0.1", "0.0.0.0").rstrip()
    )
    verify = "systemd-analyze verify gpiobridge.service gpiobridge.socket"
    assert installed.sh(verify) == (0, "")
    told = installed.sh("systemd-analyze security --no-pager gpiobridge.service")[1]
    exposure = re.search(r"Overall exposure level.*: ([0-9.]+)", told)
    assert exposure, told
    figures.append(f"exposure of the installed service: {exposure[1]}")
    assert float(exposure[1]) <= 0.6


def test_the_kiosk_proves_itself(installed: VirtualPi) -> None:
    """Its unit's user finds the key for kiosks and no other; nobody else finds any."""
    shipped = "/opt/gpiobridge/live/lib/python3*/site-packages/gpiobridge/systemd"
    assert installed.sh(f"systemd-sysusers {shipped}/gpiobridge-kiosk.conf")[0] == 0
    status, said = installed.sh("stat -Lc '%A %G %n' /run/gpiobridge /run/gpiobridge/k*")
    assert (status, said.splitlines()) == (
        0,
        [
            "drwxr-xr-x gpiobridge-exhibit /run/gpiobridge",
            "-rw------- gpiobridge-exhibit /run/gpiobridge/key-127.0.0.1-8000",
            "-rw-r----- gpiobridge-exhibit /run/gpiobridge/kiosk-127.0.0.1-8000",
        ],
    )
    # Hardened as the kiosk's own unit is, but without a screen.
    left_out = ("Exec", "PAMName", "TTY", "StandardInput", "Utmp", "Restart", "BindReadOnly", "Env")
    unit = (UNITS / "gpiobridge-kiosk.service").read_text()
    kept = unit.partition("[Service]")[2].partition("[Install]")[0].splitlines()
    lines = [line for line in kept if not line.startswith(("#", *left_out))]
    probe = "/run/systemd/system/probe.service"
    command = "/opt/gpiobridge/live/bin/python -I /run/probe.py"
    text = "\n".join(["[Service]", "Type=oneshot", f"ExecStart={command}", *lines, ""])
    installed.sh(f"cat >/run/probe.py <<'END'\n{PROVES}\nEND\ncat >{probe} <<'END'\n{text}\nEND")
    installed.sh("systemctl daemon-reload")
    status, said = installed.sh("systemctl start probe || journalctl -n 20 -u probe", LIMIT_S)
    assert status == 0, said
    said = installed.sh("journalctl --no-pager -o cat -u probe")[1]
    assert "keys found: 1" in said.splitlines(), said
    said = installed.sh("journalctl --no-pager -o cat --unit=gpiobridge")[1]
    assert "the kiosk probe of this machine has proven itself" in said
    as_nobody = "setpriv --reuid=nobody --regid=nogroup --init-groups"
    assert installed.sh(f"{as_nobody} {command}", LIMIT_S)[1].endswith("keys found: 0")


def test_twice_changes_nothing(installed: VirtualPi) -> None:
    """`sudo gpiobridge install` again finds nothing to do, and the service runs on."""
    before = main_process(installed)
    status, said = installed.sh("gpiobridge install", LIMIT_S)
    assert status == 0, said
    assert "nothing to do" in said
    assert main_process(installed) == before


def test_it_comes_back_from_a_kill(
    installed: VirtualPi, later: Callable[..., "Future[tuple[int, str]]"]
) -> None:
    """After SIGKILL it runs again, and nobody was refused in between."""
    before = main_process(installed)
    answers = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            answers.append(later(installed, "/still").result()[0])

    asking = threading.Thread(target=ask)
    # The process is gone at once, so there is no request that is cut off.
    installed.sh("systemctl kill --signal=KILL gpiobridge.service")
    asking.start()
    try:
        wait_for(installed, "systemctl is-active --quiet gpiobridge.service")
    finally:
        ended.set()
        asking.join()
    assert main_process(installed) != before
    assert set(answers) == {200}


def test_it_comes_back_when_it_hangs(installed: VirtualPi) -> None:
    """A stopped process gives no sign of life: systemd's watchdog ends it and starts it again."""
    before = main_process(installed)
    installed.sh("systemctl kill --signal=STOP gpiobridge.service")
    wait_for(
        installed,
        f"[ $(systemctl show --value -p MainPID gpiobridge.service) != {before} ] && "
        "systemctl is-active --quiet gpiobridge.service",
    )
    assert "Watchdog timeout" in installed.sh("journalctl --no-pager --unit=gpiobridge.service")[1]
    assert installed.get("/healthz", LIMIT_S)[0] == 200


def test_status_says_what_is_going_on(installed: VirtualPi) -> None:
    """`systemctl status` counts displays, and tells when the last edge was."""
    with display(installed.port, "still"):
        wait_for(installed, f"{STATUS} | grep -q 'Status: \"1 display, 5 pins, '")


def test_a_reload_takes_what_is_right(installed: VirtualPi) -> None:
    """Displays are told to reconnect, the process stays, and the new configuration counts."""
    before = main_process(installed)
    with display(installed.port, "still") as shown:
        installed.sh("sed -i '/^port = 8000/a beat = \"1s\"' /etc/gpiobridge/config.toml")
        assert installed.sh("systemctl reload gpiobridge.service", LIMIT_S) == (0, "")
        assert shown.close_code(LIMIT_S) == 1001
    assert '"beat":1.0' in installed.get("/healthz", LIMIT_S)[1]
    assert main_process(installed) == before


def test_a_reload_refuses_what_is_wrong(installed: VirtualPi) -> None:
    """The service runs on with the old configuration, and the status says why."""
    installed.sh("sed -i 's/^beat = .*/beat = 1/' /etc/gpiobridge/config.toml")
    try:
        installed.sh("systemctl reload gpiobridge.service", LIMIT_S)
        wait_for(installed, f"{STATUS} | grep 'Status: \"reload refused' | grep -q 'server.beat'")
        assert '"beat":1.0' in installed.get("/healthz", LIMIT_S)[1]
    finally:
        installed.sh("sed -i '/^beat = /d' /etc/gpiobridge/config.toml")
    assert installed.sh("systemctl reload gpiobridge.service", LIMIT_S) == (0, "")
    wait_for(installed, f"{STATUS} | grep -q 'Status: \"0 displays'")


def test_full_disks_do_not_matter(installed: VirtualPi) -> None:
    """With no room on / and /run it comes back from a kill; an upgrade says what it needs."""
    fill = "fallocate -l $(($(df --output=avail {0} | tail -n1) - 64))K {0}/fill"
    try:
        for folder in ("/run", "/"):
            status, said = installed.sh(fill.format(folder) + "; df " + folder)
            assert status == 0, said
        before = main_process(installed)
        installed.sh("systemctl kill --signal=KILL gpiobridge.service")
        wait_for(
            installed,
            "systemctl is-active --quiet gpiobridge.service && "
            f"[ $(systemctl show --value -p MainPID gpiobridge.service) != {before} ]",
        )
        assert installed.get("/still", LIMIT_S)[0] == 200
    finally:
        installed.sh("rm -f /run/fill /fill")


def test_a_pin_that_is_taken(installed: VirtualPi) -> None:
    """A pin that another program holds is said in the journal; once released, all is well."""
    installed.sh("systemctl stop gpiobridge.socket gpiobridge.service")
    try:
        installed.sh(f"systemd-run --unit=thief gpiomon gpiochip0 {BUTTON_LINE}")
        wait_for(installed, f"gpioinfo gpiochip0 | grep -q 'line *{BUTTON_LINE}:.*gpiomon'")
        assert installed.sh("systemctl start gpiobridge.service", LIMIT_S)[0] == 1
        said = installed.sh("journalctl --no-pager --lines=20 --unit=gpiobridge.service")[1]
        assert f"pin 'button' (GPIO {BUTTON_LINE}) can't be opened on lgpio: 'GPIO busy'" in said
        assert "`gpioinfo` names it" in said
        wait_for(installed, f"{STATUS} | grep 'Status: ' | grep -q \"pin 'button' (GPIO 4)\"")
    finally:
        installed.sh("systemctl stop thief")
    wait_for(installed, "systemctl is-active --quiet gpiobridge.service")
    assert installed.get("/healthz", LIMIT_S)[0] == 200


def test_a_broken_configuration(
    installed: VirtualPi, later: Callable[..., "Future[tuple[int, str]]"]
) -> None:
    """The status has the problem with its place; once mended, it starts and answers who waits."""
    edit = "sed -i 's/^{} = 8000/{} = 8000/' /etc/gpiobridge/config.toml"
    installed.sh(edit.format("port", "prot"))
    try:
        assert installed.sh("systemctl restart gpiobridge.service", LIMIT_S)[0] == 1
        said = installed.sh(STATUS)[1]
        assert "/etc/gpiobridge/config.toml: server.prot = 8000: unknown key" in said
        assert "status=2" in said
        waiting = later(installed, "/still")
    finally:
        installed.sh(edit.format("prot", "port"))
    assert waiting.result()[0] == 200


def test_what_does_not_start_is_taken_back(installed: VirtualPi) -> None:
    """An exhibit that only fails when it runs leads back to the one before, and says why."""
    there = "cat /etc/gpiobridge/config.toml"
    before = installed.sh(there)
    installed.sh("cp -r /etc/gpiobridge /tmp/other")
    installed.sh("sed -i 's/lgpio/rpigpio/; /^chip/d' /tmp/other/config.toml")
    status, said = installed.sh("gpiobridge install /tmp/other", LIMIT_S)
    assert status == 1
    assert (
        "the service doesn't start:\n"
        '  gpiobridge: gpio.pin_factory = "rpigpio": the package is not installed'
    ) in said
    assert said.endswith(f"as it was before, with the copy {__version__}-1, which runs again.")
    assert installed.sh(there) == before
    assert installed.get("/healthz", LIMIT_S)[0] == 200


def test_upgrade_and_rollback(installed: VirtualPi) -> None:
    """A newer copy becomes the live one, and --rollback leads to the one before."""
    live = "readlink /opt/gpiobridge/live"
    installed.sh("echo '# newer' >> /opt/venv/lib/python3.*/site-packages/gunicorn/arbiter.py")
    status, said = installed.sh(f"{FROM_ENVIRONMENT} install", 200)
    assert status == 0, said
    assert f"{__version__}-1 is kept for --rollback" in said
    assert installed.sh(live)[1] == f"versions/{__version__}-2"
    assert installed.get("/healthz", LIMIT_S)[0] == 200
    status, said = installed.sh("gpiobridge install --rollback", 200)
    assert status == 0, said
    assert installed.sh(live)[1] == f"versions/{__version__}-1"
    assert installed.get("/healthz", LIMIT_S)[0] == 200


def test_a_browser_may_come_first(
    installed: VirtualPi, later: Callable[..., "Future[tuple[int, str]]"]
) -> None:
    """After a power cut, a browser and others that come before the service runs are answered."""
    address = f"http://127.0.0.1:{installed.port}/welcome"
    with chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(1e3 * LIMIT_S)
        installed.reboot()
        installed.set_line(BUTTON_LINE, Level.HIGH)
        wait_for(installed, "systemctl is-active --quiet gpiobridge.socket")
        assert installed.sh("systemctl is-active gpiobridge.service")[1] != "active"
        answers = [later(installed, "/still") for _ in range(8)]
        page.goto(address)
        wait_online(page)
        assert page.title() == "Welcome"
    assert [answer.result()[0] for answer in answers] == [200] * 8


def test_stop_is_quick(installed: VirtualPi, figures: list[str]) -> None:
    """Stopping the units takes a moment, and closes the port."""
    timed = (
        "a=$EPOCHREALTIME; systemctl stop gpiobridge.socket gpiobridge.service; "
        "echo $a $EPOCHREALTIME"
    )
    for _ in range(TRIES):  # on a busy host everything is slow in the guest
        try:
            start_s, end_s = map(float, installed.sh(timed)[1].split())
            assert ":8000" not in installed.sh("ss -ltn")[1]
        finally:
            installed.sh("systemctl start gpiobridge.service", LIMIT_S)
        took_s = end_s - start_s
        figures.append(f"systemctl stop of the installed units: {took_s:.2f} s")
        if took_s < STOP_LIMIT_S:
            break
    assert took_s < STOP_LIMIT_S


def test_uninstall(installed: VirtualPi) -> None:
    """The units, the copies and the port are gone; the exhibit stays."""
    status, said = installed.sh("gpiobridge uninstall", LIMIT_S)
    assert status == 0, said
    assert said.endswith("The exhibit stays in /etc/gpiobridge")
    left = "find /etc/gpiobridge /opt/gpiobridge /usr/local/bin /etc/systemd -name '*gpiobridge*'"
    assert installed.sh(f"{left} 2>/dev/null")[1] == "/etc/gpiobridge"
    assert installed.sh("test -e /etc/gpiobridge/config.toml")[0] == 0
    assert ":8000" not in installed.sh("ss -ltn")[1]
    assert installed.sh("systemctl --failed --quiet --plain --no-legend")[1] == ""
