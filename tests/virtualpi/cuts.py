"""Power cuts: a guest whose disk outlives them, and what it must show after each.

::

    cd tests && python -m virtualpi.cuts --cuts 200 --seed 1 --resume /var/tmp/cuts.jsonl

prints a line for each cut and a table at the end. Stopped at any point, the same command goes on
where it was: FILE has the cuts that are done, and the folder FILE.disks what the guests have on
their disks. Nothing is put back there, so that what one cut leaves meets the next; only a disk on
which something was wrong is laid aside.

There are two guests: one that is written to, as Raspberry Pi OS comes, and one that
``gpiobridge install --read-only`` has made only read, with Debian's overlayroot. After each cut the
file system is checked as the initramfs of Debian would (``e2fsck -p``, which ends with 4 where it
wants a person), then the guest boots again. Nobody presses a key: what counts is what it shows.

A cut is SIGKILL for QEMU. So what is lost is what the guest hadn't handed to its disk yet; a card
that loses what it had acknowledged, or harms other blocks, is not modelled.
"""

import argparse
import contextlib
import json
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from gpiobridge.core.events import Level

from .appfolder import assemble
from .guest import VirtualPi
from .host import BenchError, make_ext4, run
from .image import ROOT_DISK, ensure_image

WRITTEN, READ_ONLY = "written", "read-only"
_BOOT_S = 300.0  # even with neighbours
_ORDER_S = 300.0
_LINES = (4, 5, 6, 7)  # of the buttons, which are not pressed
_BLOCK = 10  # so many cuts on one guest, then on the other
_LABEL = "gpiobridge"  # what `install --read-only` mounts as the place that stays writable
_NICE = 5

_TRIED = (
    "cd / && PYTHONPATH=/opt/app/site PYTHONDONTWRITEBYTECODE=1 /opt/venv/bin/python3 -m gpiobridge"
)
# Where an installation has got to, by what it says: the way from one to the next is cut.
STEPS = (
    "  copy ",
    "  check ",
    "  write ",
    "  record ",
    "  make ",
    "  systemctl restart",
    "The live copy is ",
)

# An exhibit whose parts all tell which one it is.
_MAKE_EXHIBIT = """\
set -e
rm -rf /root/exhibit && mkdir -p /root/exhibit/static
cp -r /opt/app/config.toml /opt/app/templates /root/exhibit/
cd /root/exhibit
sed -i '/^port = 8000/a beat = "{beat}ms"' config.toml
for name in a b c; do echo {number} > static/$name.txt; done
echo '<p>exhibit {number}</p>' >> templates/welcome.html
"""
_CHANGED = "lib/python3*/site-packages/gunicorn/arbiter.py"
_MAKE_COPY = f"echo '# copy {{number}}' >> $(echo /opt/venv/{_CHANGED})"

# What there is, in one answer: nothing of it may be half.
_LOOK = r"""
cd /etc/gpiobridge
changed=/opt/gpiobridge/live/lib/python3*/site-packages/gunicorn/arbiter.py
echo "page $(sed -n 's/.*exhibit \([0-9]*\).*/\1/p' templates/welcome.html)"
echo "static $(cat static/a.txt static/b.txt static/c.txt | sort -u | xargs)"
echo "config $(sed -n 's/^beat = "\([0-9]*\)ms"/\1/p' config.toml)"
echo "copy $(sed -n 's/^# copy //p' $changed | tail -n1)"
echo "links $(readlink /opt/gpiobridge/live) $(readlink /opt/gpiobridge/bin)"
echo "leftovers $(ls -d /opt/gpiobridge/replaced /etc/gpiobridge/.*.new \
  /etc/systemd/system/.*.new /opt/gpiobridge/.*.new 2>/dev/null | xargs)"
echo "units $(systemctl is-active gpiobridge.socket gpiobridge.service | xargs)"
echo "failed $(systemctl --failed --quiet --plain --no-legend | cut -d' ' -f1 | xargs)"
echo "root $(findmnt -no SOURCE /)"
echo "state $(findmnt -no SOURCE /var/lib/gpiobridge/state) $(head -c 20 \
  /var/lib/gpiobridge/state/score 2>/dev/null) $(stat -c %s /var/lib/gpiobridge/state/score \
  2>/dev/null)"
echo "overlay $(cat /media/root-ro/etc/overlayroot.local.conf /etc/overlayroot.local.conf \
  2>/dev/null | head -n1)"
"""

# A program that keeps a number safely, as anybody's would: beside it, to the disk, renamed.
_STATE_BYTES = 4000
_WRITE_STATE = f"""
cd /var/lib/gpiobridge/state
number={{number}}
while :; do
  number=$((number + 1))
  printf '%-{_STATE_BYTES}d' $number > score.new && sync score.new && mv score.new score && sync .
  echo "wrote $number"
done
"""


@dataclass
class Cut:
    """One cut, planned from the seed and its number.

    Args:
        number: from 0 on.
        guest: which of the two.
        kind: what is going on when the power goes.
        step: of an installation, after which it goes.
        part: how far into the boot, or how long after that, as a fraction.
        copy: whether the installation has a new copy, too.
        outcome: "ok", or what was wrong.
        seconds: what it took, with the boot after it.
        state: which of the two was there afterwards: "old", "new", or "same".
    """

    number: int
    guest: str
    kind: str
    step: int = 0
    part: float = 0.0
    copy: bool = False
    outcome: str = ""
    seconds: float = 0.0
    state: str = ""


KINDS = {
    WRITTEN: {"install": 5, "boot": 3, "reload": 1, "state": 1},
    READ_ONLY: {"boot": 4, "reload": 2, "state": 2, "switch": 2},
}
"""What goes on in each guest when the power goes, and how often."""


def planned(seed: int, number: int) -> Cut:
    """Plan a cut; the same for the same arguments."""
    dice = random.Random(f"{seed} {number}")
    guest = WRITTEN if number // _BLOCK % 2 == 0 else READ_ONLY
    kinds = KINDS[guest]
    kind = dice.choices([*kinds], [*kinds.values()])[0]
    return Cut(number, guest, kind, dice.randrange(len(STEPS)), dice.random(), dice.random() < 0.5)


@dataclass
class Known:
    """What a guest should have: what was there before the cut, and what was on its way.

    Args:
        exhibit: the number of its exhibit.
        copy: the number of its copy of gpiobridge.
        config: the number in its configuration, which a reload may have changed alone.
        made: the highest number given so far.
        score: the number in its state.
        boot_s: what a boot took, in seconds.
    """

    exhibit: int = 1
    copy: str = ""
    config: int = 1
    made: int = 1
    score: int = 0
    boot_s: float = 10.0


class Guests:
    """The two guests, of which one runs at a time.

    Args:
        folder: for their disks.
        app: what a guest sees as ``/opt/app``.
        tell: gets a line for a person.
    """

    def __init__(self, folder: Path, app: Path, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._app = app
        self._tell = tell
        self._image = ensure_image()
        self._running: VirtualPi | None = None
        self._name = ""
        self._known: dict[str, Known] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for name in (WRITTEN, READ_ONLY):
            if self._note(name).exists():
                self._known[name] = Known(**json.loads(self._note(name).read_text()))

    def close(self) -> None:
        """End the one that runs."""
        if self._running is not None:
            with contextlib.suppress(BenchError, OSError):
                self._running.sh("sync")
            self._running.stop()
            self._running = None

    def _prepare(self, name: str) -> None:
        """Make a guest's disks: one with an installation, or that one's, only read from now on."""
        if name == READ_ONLY and WRITTEN not in self._known:
            self._prepare(WRITTEN)
        self.close()
        disk, stick = self._disk(name), self._stick(name)
        known = Known()
        if name == WRITTEN:
            run("cp", "--sparse=always", self._image / ROOT_DISK, disk)
            run("tune2fs", "-j", disk, quiet=True)  # as a card's has
        else:
            run("cp", "--sparse=always", self._disk(WRITTEN), disk)
            known = replace(self._known[WRITTEN], score=0)
        with tempfile.TemporaryDirectory() as empty:
            make_ext4(Path(empty), stick, 16)
        run("tune2fs", "-j", "-L", _LABEL, stick, quiet=True)
        with self._started(name) as pi:
            pi.wait_shell()
            began_s = time.monotonic()
            if name == WRITTEN:
                self._make(pi, 1, copy=False)
                self._order(pi, f"{_TRIED} install /root/exhibit")
            else:
                self._order(pi, "rm -rf /var/lib/gpiobridge/state/*")
                self._order(pi, "gpiobridge install --read-only")
            self._tell(f"{name}: installed in {time.monotonic() - began_s:.1f} s")
            self._order(pi, "sync")
        began_s = time.monotonic()
        pi = self._boot(name)
        known.boot_s = time.monotonic() - began_s
        self._tell(f"{name}: page after {known.boot_s:.1f} s")
        if wrong := self._check(pi, name, known, []):
            raise BenchError(f"{name}: is wrong from the start: {'; '.join(wrong)}")
        self._known[name] = known
        self._save(name)

    def _save(self, name: str) -> None:
        """Keep what is known of a guest, for the next run of this program."""
        self._note(name).write_text(json.dumps(asdict(self._known[name])))

    def _note(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def carry_out(self, cut: Cut) -> None:
        """Cut the power as planned, boot, and look; fills in how it ended.

        Raises:
            BenchError: the guest can't be prepared.
        """
        began_s = time.monotonic()
        if cut.guest not in self._known:
            self._prepare(cut.guest)
        try:
            wrong = getattr(self, f"_cut_{cut.kind}")(cut, self._known[cut.guest])
        except BenchError as error:
            wrong = [str(error)]
        cut.outcome = "; ".join(wrong) or "ok"
        cut.seconds = time.monotonic() - began_s
        if wrong:
            self._give_up(cut)
        else:
            self._save(cut.guest)

    def _cut_boot(self, cut: Cut, known: Known) -> list[str]:
        pi = self.running(cut.guest)
        pi.sh("sync")
        self._cut()
        disks = self._repair(cut.guest)
        self._running = self._start(cut.guest)
        time.sleep(cut.part * known.boot_s * 1.1)
        self._cut()
        return disks + self._look(cut, known, [])

    def _cut_install(self, cut: Cut, known: Known) -> list[str]:
        pi = self.running(cut.guest)
        number = known.made = known.made + 1
        self._make(pi, number, copy=cut.copy)
        copy = pi.sh(f"sed -n 's/^# copy //p' /opt/venv/{_CHANGED} | tail -n1")[1]
        command = f"{_TRIED} install /root/exhibit --replace"
        said = pi.sh_until(command, STEPS[cut.step], _ORDER_S)
        time.sleep(cut.part * 1.5 if said else 0)
        self._cut()
        return self._look(cut, known, [Known(number, copy, number, number)])

    def _cut_reload(self, cut: Cut, known: Known) -> list[str]:
        pi = self.running(cut.guest)
        number = known.made = known.made + 1
        edit = f"sed -i 's/^beat = .*/beat = \"{1000 + number}ms\"/' /etc/gpiobridge/config.toml"
        pi.sh_until(f"{edit}; echo edited; systemctl reload gpiobridge", "edited", _ORDER_S)
        time.sleep(cut.part * 3)
        self._cut()
        new = [] if cut.guest == READ_ONLY else [Known(known.exhibit, known.copy, number, number)]
        return self._look(cut, known, new)

    def _cut_state(self, cut: Cut, known: Known) -> list[str]:
        pi = self.running(cut.guest)
        script = _WRITE_STATE.format(number=known.score)
        if cut.guest == WRITTEN:
            pi.sh("mkdir -p /var/lib/gpiobridge/state")
        known.score += 2 + int(3 * cut.part)
        if not pi.sh_until(script, f"wrote {known.score}", _ORDER_S):
            return ["state: the program that keeps a number has ended"]
        time.sleep(cut.part)
        self._cut()
        return self._look(cut, known, [])

    def _cut_switch(self, cut: Cut, known: Known) -> list[str]:
        pi = self.running(cut.guest)
        pi.sh_until("gpiobridge install --writable", "  remove ", _ORDER_S)
        time.sleep(cut.part * 3)
        self._cut()
        wrong = self._look(cut, known, [], either=True)
        pi = self.running(cut.guest)
        cut.state = "old"
        if pi.sh("findmnt -no SOURCE /")[1] != "overlayroot":
            cut.state = "new"
            self._order(pi, "gpiobridge install --read-only && sync")
            self._cut()
            wrong += self._look(cut, known, [])
        return wrong

    def _look(self, cut: Cut, known: Known, new: list[Known], either: bool = False) -> list[str]:
        """Boot after a cut; what is wrong then. What is there is known from now on."""
        wrong = self._repair(cut.guest)
        pi = self._boot(cut.guest)
        before = replace(known)
        wrong += self._check(pi, cut.guest, known, new, either)
        if new:
            cut.state = "old" if replace(known, score=before.score) == before else "new"
        else:
            cut.state = "same"
        return wrong

    def _check(
        self, pi: VirtualPi, name: str, known: Known, new: list[Known], either: bool = False
    ) -> list[str]:
        """Look at a guest that has booted; returns what is wrong, and keeps what is there."""
        wrong = []
        told = json.loads(pi.get("/healthz", _ORDER_S)[1])
        if told["status"] != "ok":
            wrong.append(f"healthz: {told['status']}")
        status, page = pi.get("/welcome", _ORDER_S)
        if status != 200:
            wrong.append(f"the page answers {status}")
        said = pi.sh(_LOOK, _ORDER_S)[1]
        seen = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
        there = (seen.get("page"), seen.get("static"), seen.get("copy", "").strip())
        config = seen.get("config", "")
        for could_be in (known, *new):
            exhibit = str(could_be.exhibit)
            wanted = (exhibit, exhibit, could_be.copy)
            if there == wanted and config == str(1000 + could_be.config):
                known.exhibit, known.copy = could_be.exhibit, could_be.copy
                known.config = could_be.config
                break
        else:
            wrong.append(f"half: {there}, config {config}; wanted {known} or {new}")
        if round(1000 * told.get("beat", 0)) != 1000 + known.config:
            wrong.append(f"it runs with beat {told.get('beat')}")
        if f"exhibit {known.exhibit}" not in page:
            wrong.append("the page is that of another exhibit")
        for key, right in {"leftovers": "", "units": "active active", "failed": ""}.items():
            if seen.get(key, "").strip() != right:
                wrong.append(f"{key}: {seen.get(key)}")
        if not either and (seen.get("root") == "overlayroot") is not (name == READ_ONLY):
            wrong.append(f"the root is {seen.get('root')}")
        wrong += self._check_state(name, known, seen.get("state", "").split())
        return wrong

    def _check_state(self, name: str, known: Known, seen: list[str]) -> list[str]:
        if name == READ_ONLY and (not seen or not seen[0].startswith("/dev/vd")):
            return [f"the place that stays writable is not mounted: {seen}"]
        if not known.score:
            return []
        number, size = seen[-2:] if len(seen) > 1 else ("", "")
        if size != str(_STATE_BYTES) or not number.isdigit() or int(number) < known.score:
            return [f"state: {seen}, wanted {known.score} or a later one"]
        known.score = int(number)
        return []

    def _make(self, pi: VirtualPi, number: int, copy: bool) -> None:
        self._order(pi, _MAKE_EXHIBIT.format(number=number, beat=1000 + number))
        if copy:
            self._order(pi, _MAKE_COPY.format(number=number))

    def _order(self, pi: VirtualPi, script: str) -> None:
        status, said = pi.sh(script, _ORDER_S)
        if status:
            raise BenchError(f"{script.strip()[-80:]} ended with {status}: {said}")

    def running(self, name: str) -> VirtualPi:
        """Return a guest, booted."""
        if self._running is None or self._name != name:
            self.close()
            self._repair(name)
            return self._boot(name)
        return self._running

    def _boot(self, name: str) -> VirtualPi:
        self._running, self._name = self._start(name), name
        self._running.wait_http("/healthz", _BOOT_S)
        self._running.wait_shell(_BOOT_S)
        return self._running

    def _start(self, name: str) -> VirtualPi:
        self._name = name
        disk, stick = self._disk(name), self._stick(name)
        pi = VirtualPi(self._image, self._app, _free_port(), disk=disk, stick=stick, nice=_NICE)
        pi.__enter__()
        for line in _LINES:
            pi.set_line(line, Level.HIGH)
        return pi

    @contextlib.contextmanager
    def _started(self, name: str) -> Iterator[VirtualPi]:
        pi = self._start(name)
        try:
            yield pi
        finally:
            pi.stop()

    def _cut(self) -> None:
        assert self._running is not None
        self._running.cut()
        self._running = None

    def _repair(self, name: str) -> list[str]:
        """Check the root's file system as an initramfs does; what it would ask a person for."""
        done = subprocess.run(
            ["e2fsck", "-p", self._disk(name)], capture_output=True, text=True, check=False
        )
        if done.returncode & ~3:
            return [f"e2fsck -p ended with {done.returncode}: {done.stdout[-300:]}"]
        return []

    def _give_up(self, cut: Cut) -> None:
        """Keep the disk as it is for a person to look at; the next cut begins with a fresh one."""
        if self._running is not None:
            self._cut()
        disk = self._disk(cut.guest)
        disk.rename(disk.with_name(f"{disk.name}.after-{cut.number}"))
        self._note(cut.guest).unlink(missing_ok=True)
        del self._known[cut.guest]

    def _disk(self, name: str) -> Path:
        return self._folder / f"{name}.ext4"

    def _stick(self, name: str) -> Path:
        return self._folder / f"{name}-stick.ext4"


def table(cuts: list[Cut]) -> str:
    """Sum up cuts: for each guest and kind how many, and how they ended."""
    heads = ("guest", "power cut during", "cuts", "old", "new", "same", "wrong")
    rows: list[tuple[str, ...]] = [heads]
    groups = [(guest, kind) for guest, kinds in KINDS.items() for kind in kinds]
    for guest, kind in groups:
        found = [cut for cut in cuts if (cut.guest, cut.kind) == (guest, kind)]
        states = Counter(cut.state for cut in found if cut.outcome == "ok")
        wrong = sum(cut.outcome != "ok" for cut in found)
        counts = (len(found), states["old"], states["new"], states["same"], wrong)
        rows.append((guest, kind, *map(str, counts)))
    wrong = sum(cut.outcome != "ok" for cut in cuts)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, f"{len(cuts)} power cuts: {len(cuts) - wrong} right, {wrong} wrong"])


def series(file: Path, count: int, seed: int, tell: Callable[[str], None]) -> list[Cut]:
    """Cut the power ``count`` times in all, going on where an earlier run has ended.

    Args:
        file: has the cuts that are done; what is there must be of the same seed.
        count: how many there are in the end.
        seed: of the plan.
        tell: gets a line for each.

    Raises:
        BenchError: the file is of another seed, or a guest can't be prepared.
    """
    done = (
        [Cut(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []
    )
    for cut in done:
        plan = planned(seed, cut.number)
        if (cut.guest, cut.kind, cut.part) != (plan.guest, plan.kind, plan.part):
            raise BenchError(f"{file}: is of another seed; name another file")
    with tempfile.TemporaryDirectory(prefix="virtualpi-cuts-") as folder:
        app = Path(folder) / "app"
        assemble(app, starts=False)
        guests = Guests(file.with_name(f"{file.name}.disks"), app, tell)
        try:
            while len(done) < count:
                cut = planned(seed, len(done))
                guests.carry_out(cut)
                done.append(cut)
                with file.open("a") as written:
                    written.write(json.dumps(asdict(cut)) + "\n")
                tell(
                    f"{cut.number + 1:4} {cut.guest:9} {cut.kind:8} {cut.seconds:5.1f} s  "
                    f"{cut.state:4}  {cut.outcome}"
                )
        finally:
            guests.close()
    return done


def main() -> int:
    """Do a series of cuts; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m virtualpi.cuts")
    parser.add_argument("--cuts", type=int, default=200, help="how many in all")
    parser.add_argument("--seed", type=int, default=1, help="of the plan")
    parser.add_argument("--resume", type=Path, required=True, help="the file of those done")
    options = parser.parse_args()

    def tell(line: str) -> None:
        print(line, flush=True)

    try:
        cuts = series(options.resume.resolve(), options.cuts, options.seed, tell)
    except BenchError as error:
        print(error, file=sys.stderr)
        return 1
    print(table(cuts))
    return int(any(cut.outcome != "ok" for cut in cuts))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


if __name__ == "__main__":
    sys.exit(main())
