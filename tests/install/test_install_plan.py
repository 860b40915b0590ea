"""What an installation would do, as tables: what is there and what is wanted in, steps out."""

from dataclasses import replace

import pytest

from gpiobridge.errors import InstallError
from gpiobridge.install.plan import (
    Wanted,
    plan_install,
    plan_rollback,
    plan_writable,
)
from gpiobridge.install.present import Present
from gpiobridge.install.removal import plan_uninstall
from gpiobridge.install.steps import (
    CONFIG,
    EXHIBIT,
    PINS,
    UNITS,
    Backup,
    Build,
    Check,
    File,
    LinkCommand,
    MakeGroup,
    Permit,
    Place,
    Remember,
    Remove,
    RemoveHome,
    SetOverlay,
    Start,
    Step,
    Switch,
    Systemctl,
    Tidy,
    listed,
)
from gpiobridge.system.overlay import Overlay
from gpiobridge.system.units import KIOSK, RECOVER, SERVICE, SOCKET, STATE

TODAY = "2025-06-01"


def file(path: str, digest: str) -> File:
    """Make a file whose content doesn't matter."""
    return File(path, digest, 10, b"")


PAGE = f"{EXHIBIT}/templates/welcome.html"
EXHIBIT_FILES = (file(CONFIG, "c1"), file(PAGE, "w1"))
UNIT_FILES = (file(f"{UNITS}/{SOCKET}", "s1"), file(f"{UNITS}/{SERVICE}", "v1"))
PLACED = {one.path: one.digest for one in (*EXHIBIT_FILES, *UNIT_FILES)}
WANTED = Wanted(
    version="0.2.0",
    fingerprint="new",
    packages=20,
    size=5 << 20,
    config="/home/pi/exhibit/config.toml",
    exhibit=EXHIBIT_FILES,
    units=UNIT_FILES,
    address="port 8000 on 127.0.0.1",
)
# Installed as wanted, and running.
INSTALLED = Present(
    versions={"0.2.0-1": "new"},
    live="0.2.0-1",
    placed=PLACED,
    found=PLACED,
    enabled=frozenset({SOCKET, SERVICE}),
    active=frozenset({SOCKET, SERVICE}),
    command="/opt/gpiobridge/bin/gpiobridge",
)


def plan(present: Present, wanted: Wanted = WANTED, replace: bool = False) -> list[Step]:
    """Plan an installation on a certain day."""
    return list(plan_install(present, wanted, replace=replace, today=TODAY))


def kinds(steps: list[Step]) -> list[type]:
    """Return what kinds of steps these are."""
    return [type(step) for step in steps]


def test_first_installation() -> None:
    """A bare machine gets everything; the configuration is checked before anything is placed."""
    steps = plan(Present(groups=frozenset({PINS})))
    assert kinds(steps) == [
        MakeGroup, Build, Check, Place, Remember, Switch, LinkCommand, Systemctl, Systemctl, Start,
    ]  # fmt: skip
    assert steps[0] == MakeGroup("gpiobridge-exhibit")
    assert steps[2] == Check("0.2.0-1", "/home/pi/exhibit/config.toml")
    assert steps[3] == Place((*EXHIBIT_FILES, *UNIT_FILES))
    assert steps[5] == Switch("0.2.0-1", None)
    assert [str(step) for step in steps[7:]] == [
        "systemctl daemon-reload",
        "systemctl enable gpiobridge.socket gpiobridge.service",
        "systemctl restart gpiobridge.socket gpiobridge.service, and wait until it is ready",
    ]


@pytest.mark.parametrize("exhibit", [EXHIBIT_FILES, None])
def test_again_changes_nothing(exhibit: tuple[File, ...] | None) -> None:
    """What is installed and runs is left alone."""
    assert plan(INSTALLED, replace(WANTED, exhibit=exhibit)) == []


def test_upgrade() -> None:
    """A new copy is checked, switched to, and the service restarted; the socket stays open."""
    steps = plan(replace(INSTALLED, versions={"0.2.0-1": "old"}), replace(WANTED, exhibit=None))
    assert kinds(steps) == [Build, Check, Switch, Start]
    assert steps[2:] == [Switch("0.2.0-2", "0.2.0-1"), Start((SERVICE,))]


def test_a_copy_that_is_there_is_not_made_twice() -> None:
    """After a rollback the newer copy is still there: it is switched to."""
    present = replace(
        INSTALLED, versions={"0.1.0-1": "old", "0.2.0-1": "new"}, live="0.1.0-1", previous="0.2.0-1"
    )
    steps = plan(present, replace(WANTED, exhibit=None))
    assert steps == [
        Check("0.2.0-1", WANTED.config), Switch("0.2.0-1", "0.1.0-1"), Start((SERVICE,)),
    ]  # fmt: skip


def test_older_copies_are_removed_at_last() -> None:
    """Only the live copy and the one before stay."""
    versions = {"0.1.0-9": "a", "0.2.0-1": "b", "0.2.0-10": "c", "broken": ""}
    present = replace(INSTALLED, versions=versions, live="0.2.0-10", previous="0.2.0-1")
    steps = plan(present)
    assert steps[-1] == Tidy(("0.1.0-9", "0.2.0-1", "broken"))
    assert Switch("0.2.0-11", "0.2.0-10") in steps


# What is in the file now, what was placed there, what is wanted -> is it overwritten?
@pytest.mark.parametrize(
    ("found", "placed", "outcome"),
    [
        (None, None, "written"),
        (None, "old", "written"),  # someone has removed it
        ("new", None, "left"),
        ("new", "old", "left"),
        ("old", "old", "written"),
        ("own", "old", "refused"),
        ("own", None, "refused"),
        ("own", "new", "refused"),
    ],
)
def test_what_someone_has_changed_is_not_overwritten(
    found: str | None, placed: str | None, outcome: str
) -> None:
    """A file that is neither as it was placed nor as it should become is refused."""
    wanted = replace(WANTED, exhibit=(file(PAGE, "new"),))
    present = replace(
        INSTALLED,
        found={key: value for key, value in {**PLACED, PAGE: found}.items() if value},
        placed={key: value for key, value in {**PLACED, PAGE: placed}.items() if value},
    )
    if outcome == "refused":
        with pytest.raises(InstallError) as refused:
            plan(present, wanted)
        assert str(refused.value) == (
            f"someone has changed {PAGE}: nothing was installed; "
            "--replace overwrites the changes and keeps a backup"
        )
        steps = plan(present, wanted, replace=True)
        assert steps[0] == Backup(f"{EXHIBIT}.backup-{TODAY}")
    else:
        steps = plan(present, wanted)
    written = [one.path for step in steps if isinstance(step, Place) for one in step.files]
    assert written == ([] if outcome == "left" else [PAGE])


def test_a_changed_unit_counts_too() -> None:
    """A unit that was edited instead of given a drop-in is refused, or kept in the backup."""
    unit = f"{UNITS}/{SERVICE}"
    present = replace(INSTALLED, found={**PLACED, unit: "edited"})
    with pytest.raises(InstallError, match=unit):
        plan(present)
    steps = plan(present, replace=True)
    assert steps[0] == Backup(f"{EXHIBIT}.backup-{TODAY}", (unit,))


def test_pages_that_are_gone_are_removed() -> None:
    """A page that was placed and isn't part of the exhibit any longer goes, unless changed."""
    old, own = f"{EXHIBIT}/templates/old.html", f"{EXHIBIT}/templates/own.html"
    placed = {**PLACED, old: "o", own: "p"}
    present = replace(INSTALLED, placed=placed, found={**placed, own: "edited"})
    steps = plan(present)
    assert Remove((old,)) in steps
    assert Remember({**PLACED, own: "p"}) in steps
    assert plan(present, replace(WANTED, exhibit=None)) == []


def test_a_new_address_opens_the_socket_anew() -> None:
    """Only a changed socket unit closes the port for a moment."""
    units = (file(f"{UNITS}/{SOCKET}", "s2"), UNIT_FILES[1])
    steps = plan(INSTALLED, replace(WANTED, units=units))
    assert kinds(steps) == [Place, Remember, Systemctl, Start]
    assert steps[-1] == Start((SOCKET, SERVICE))


def test_a_stopped_service_is_started() -> None:
    """Installing again is also a way to start it."""
    steps = plan(replace(INSTALLED, active=frozenset({SOCKET})))
    assert steps == [Start((SERVICE,))]


def test_the_kiosk_starts_after_the_bridge() -> None:
    """The screen's unit is placed and started when the service is ready."""
    wanted = replace(WANTED, units=(*UNIT_FILES, file(f"{UNITS}/{KIOSK}", "k1")), kiosk=True)
    words = [str(step) for step in plan(INSTALLED, wanted)]
    assert words[-4:] == [
        "systemctl restart gpiobridge.service, and wait until it is ready",
        "systemd-sysusers /etc/sysusers.d/gpiobridge-kiosk.conf",
        f"systemctl enable {KIOSK}",
        f"systemctl restart {KIOSK}",
    ]


def test_a_kiosk_is_restarted_with_the_service() -> None:
    """Its launcher has read address and token once, and runs the copy before: it starts anew."""
    both = frozenset({SOCKET, SERVICE, KIOSK})
    kiosk = {f"{UNITS}/{KIOSK}": "k1"}
    present = replace(
        INSTALLED, enabled=both, active=both, placed=PLACED | kiosk, found=PLACED | kiosk,
        versions={"0.1.0-1": "old", "0.2.0-1": "new"}, previous="0.1.0-1",
    )  # fmt: skip
    wanted = replace(WANTED, units=(*UNIT_FILES, file(f"{UNITS}/{KIOSK}", "k1")), kiosk=True)
    again = Systemctl(("restart", KIOSK))
    assert again not in plan(present, wanted)
    token = (file(CONFIG, "c2"), EXHIBIT_FILES[1])
    port = (file(f"{UNITS}/{SOCKET}", "s2"), *wanted.units[1:])
    for change in ({"exhibit": token}, {"units": port}, {"fingerprint": "newer"}):
        steps = plan(present, replace(wanted, **change))
        assert steps.index(again) == kinds(steps).index(Start) + 1
    assert plan_rollback(present, (), replace=False, today=TODAY)[-1] == again
    stopped = replace(present, enabled=both - {KIOSK}, active=both - {KIOSK})
    assert again not in plan_rollback(stopped, (), replace=False, today=TODAY)


def test_the_way_back_starts_at_boot_too() -> None:
    """The service of the earlier copy is enabled if the present one isn't."""
    present = replace(INSTALLED, previous="0.1.0-1", enabled=frozenset({SOCKET}))
    steps = plan_rollback(present, (), replace=False, today=TODAY)
    assert Systemctl(("enable", SOCKET, SERVICE)) in steps


@pytest.mark.parametrize("exhibit", [EXHIBIT_FILES, None])
def test_a_configuration_that_the_service_may_not_read_is_permitted(
    exhibit: tuple[File, ...] | None,
) -> None:
    """Only root could read a file that was copied there by hand; one that is placed is readable."""
    present = replace(INSTALLED, config_readable=False)
    wanted = replace(WANTED, exhibit=exhibit)
    assert plan(present, wanted) == [Permit(CONFIG), Start((SERVICE,))]
    if exhibit:
        other = (file(CONFIG, "c2"), EXHIBIT_FILES[1])
        assert Permit not in kinds(plan(present, replace(WANTED, exhibit=other)))


def test_a_port_in_use_is_said_beforehand() -> None:
    """Another program on the address is named as the reason, and nothing is done."""
    with pytest.raises(InstallError, match=r"port 8000 on 127\.0\.0\.1 is in use: stop the other"):
        plan(Present(port_taken=True))


@pytest.mark.parametrize("name", ["bin", "live", "previous"])
def test_what_is_no_link_of_ours_is_refused(name: str) -> None:
    """A folder where a link to a copy belongs is someone's own: neither way touches it."""
    present = replace(INSTALLED, previous="0.1.0-1", foreign=(f"/opt/gpiobridge/{name}",))
    with pytest.raises(InstallError, match=f"{name} was not made by .*: move it away"):
        plan(present)
    with pytest.raises(InstallError, match=f"{name} was not made by .*: move it away"):
        plan_rollback(present, (), replace=False, today=TODAY)


def test_a_full_disk_is_said_beforehand() -> None:
    """A copy that doesn't fit is not begun."""
    with pytest.raises(InstallError, match="the disk has 12 MB left, but 14 MB are needed"):
        plan(Present(free=12 << 20))


def test_rollback() -> None:
    """The copy before is checked with the present configuration, then the two change places."""
    present = replace(INSTALLED, versions={"0.1.0-1": "old", "0.2.0-1": "new"}, previous="0.1.0-1")
    old_unit = (file(f"{UNITS}/{SERVICE}", "v0"),)
    steps = list(plan_rollback(present, old_unit, replace=False, today=TODAY))
    assert kinds(steps) == [Check, Place, Remember, Switch, Systemctl, Start]
    assert steps[0] == Check("0.1.0-1", CONFIG)
    assert steps[3] == Switch("0.1.0-1", "0.2.0-1")


def test_rollback_needs_an_earlier_copy() -> None:
    """Without one it is said."""
    with pytest.raises(InstallError, match="no earlier copy"):
        plan_rollback(INSTALLED, (), replace=False, today=TODAY)


def test_uninstall_leaves_the_exhibit() -> None:
    """Units and copies go; the exhibit's files stay, and what is known of them."""
    steps = list(plan_uninstall(INSTALLED, today=TODAY))
    assert steps == [
        Systemctl(("disable", "--now", SERVICE, SOCKET)),
        Remove(tuple(one.path for one in UNIT_FILES)),
        Remember({one.path: one.digest for one in EXHIBIT_FILES}),
        Systemctl(("daemon-reload",)),
        RemoveHome(command=True),
    ]
    left = {one.path: one.digest for one in EXHIBIT_FILES}
    assert plan_uninstall(Present(placed=left, found=left), today=TODAY) == ()


def test_uninstall_stops_what_runs_without_a_file() -> None:
    """Systemd disables no unit whose file is gone, but stops it."""
    present = Present(active=frozenset({SERVICE}))
    assert plan_uninstall(present, today=TODAY) == (Systemctl(("stop", SERVICE)),)


def test_uninstall_leaves_a_command_of_others() -> None:
    """A gpiobridge in /usr/local/bin that install has not made stays."""
    steps = plan_uninstall(replace(INSTALLED, command="other"), today=TODAY)
    assert steps[-1] == RemoveHome(command=False)


READY = replace(INSTALLED, overlay=Overlay(package=True))
READ_ONLY = replace(WANTED, read_only=True)


@pytest.mark.parametrize(
    ("raspi_config", "says"),
    [
        (True, "raspi-config nonint do_overlayfs 0: from the next boot on, the card is read-only"),
        (
            False,
            'write overlayroot="tmpfs:recurse=0" in /etc/overlayroot.local.conf: '
            "from the next boot on, the card is read-only",
        ),
    ],
)
def test_read_only_comes_last(raspi_config: bool, says: str) -> None:
    """The system's own way protects the card, once all else is in place (the plug)."""
    present = replace(READY, overlay=Overlay(package=True, raspi_config=raspi_config))
    assert plan(present, READ_ONLY) == [SetOverlay(True, raspi_config)]
    assert str(plan(present, READ_ONLY)[0]) == says
    steps = plan(replace(present, versions={"0.2.0-1": "old"}), READ_ONLY)
    assert kinds(steps) == [Build, Check, Switch, Start, SetOverlay]
    assert plan(replace(present, overlay=Overlay(package=True, next_boot=True)), READ_ONLY) == []


def test_read_only_mounts_what_stays_writable() -> None:
    """The unit is enabled with the others: it mounts a partition by its label (the plug)."""
    units = (*UNIT_FILES, file(f"{UNITS}/{RECOVER}", "r1"), file(f"{UNITS}/{STATE}", "m1"))
    steps = plan(READY, replace(READ_ONLY, units=units))
    assert Systemctl(("enable", SOCKET, SERVICE, RECOVER, STATE)) in steps


@pytest.mark.parametrize(
    ("overlay", "says"),
    [
        (Overlay(), "the package overlayroot is not installed.*sudo apt install overlayroot"),
        (Overlay(raspi_config=True), "the package overlayroot is not installed"),
        (
            Overlay(package=True, raspi_config=True, in_its_way=("/media/data",)),
            "/etc/fstab mounts /media/data. .* a boot may stop at it: take it out of",
        ),
    ],
)
def test_read_only_is_refused_beforehand(overlay: Overlay, says: str) -> None:
    """Nothing is installed on a machine that could not be made so, or could stop (the plug)."""
    with pytest.raises(InstallError, match=says):
        plan(Present(overlay=overlay), READ_ONLY)


def test_a_further_disk_is_not_in_debian_s_way() -> None:
    """There only the root is overlaid, so that other disks stay as they are (the plug)."""
    overlay = Overlay(package=True, in_its_way=("/home",))
    assert plan(replace(READY, overlay=overlay), READ_ONLY) == [SetOverlay(True, False)]


def test_what_would_be_gone_is_refused() -> None:
    """On a card that is only read, every change is refused, with the way (the plug)."""
    present = replace(
        READY, overlay=Overlay(now=True, next_boot=True, package=True), previous="0.1.0-1"
    )
    assert plan(present) == plan(present, READ_ONLY) == []
    for change in (
        lambda: plan(replace(present, versions={})),
        lambda: plan_rollback(present, (), replace=False, today=TODAY),
        lambda: plan_uninstall(present, today=TODAY),
    ):
        with pytest.raises(InstallError, match=r"the next boot would undo.*`install --writable`"):
            change()


@pytest.mark.parametrize("now", [True, False])
def test_the_way_back(now: bool) -> None:
    """--writable switches the overlay off, and does nothing else; off it stays off (the plug)."""
    overlay = Overlay(now=now, next_boot=True, package=True, raspi_config=True)
    (step,) = plan_writable(overlay)
    assert str(step) == (
        "raspi-config nonint do_overlayfs 1: from the next boot on, the card is writable"
    )
    assert plan_writable(replace(overlay, next_boot=False)) == ()


@pytest.mark.parametrize(
    ("count", "says"), [(1, "a"), (3, "a, b, c"), (4, "a, b, c, d"), (5, "a, b, c and 2 more")]
)
def test_long_lists_are_cut(count: int, says: str) -> None:
    """A sentence names a few files, and how many more there are."""
    assert listed("abcde"[:count]) == says
