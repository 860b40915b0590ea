"""Power cuts, five of them: `python -m virtualpi.cuts` does as many as one wants."""

import json
from pathlib import Path

import pytest

from .appfolder import assemble
from .cuts import READ_ONLY, STEPS, WRITTEN, Cut, Guests, planned, series, table
from .host import BenchError

FIVE = [
    Cut(0, WRITTEN, "install", step=STEPS.index("  write "), part=0.05),
    Cut(1, WRITTEN, "install", step=STEPS.index("  systemctl restart"), part=0.3),
    Cut(2, WRITTEN, "boot", part=0.5),
    Cut(3, READ_ONLY, "boot", part=0.7),
    Cut(4, READ_ONLY, "state", part=0.5),
]


@pytest.mark.timeout(900, func_only=True)
def test_five_power_cuts(tmp_path: Path, figures: list[str]) -> None:
    """After each it shows the old or the new by itself, written to or only read (the plug)."""
    app = tmp_path / "app"
    assemble(app, starts=False)
    guests = Guests(tmp_path / "disks", app, figures.append)
    try:
        for cut in FIVE:
            guests.carry_out(cut)
            figures.append(f"power cut in {cut.kind}, {cut.guest}: {cut.state} {cut.outcome}")
        assert [cut.outcome for cut in FIVE] == ["ok"] * len(FIVE)
        # The last of them is only read: that is known, and nothing is changed in vain.
        pi = guests.running(READ_ONLY)
        said = pi.sh("gpiobridge uninstall", 100)[1]
        assert "so the next boot would undo the change: make it writable first" in said
        told = pi.sh("gpiobridge doctor --json", 100)[1]
        disk = next(one for one in json.loads(told)["findings"] if one["check"] == "disk")
        assert disk["sentence"].startswith("it is read-only (overlayroot)")
        assert "/var/lib/gpiobridge/state stays writable" in disk["sentence"]
    finally:
        guests.close()


def test_a_series_is_the_same_with_the_same_seed(tmp_path: Path) -> None:
    """So it can be gone on with; the file of another seed is refused before anything boots."""
    plans = [planned(1, number) for number in range(200)]
    assert plans == [planned(1, number) for number in range(200)]
    assert plans != [planned(2, number) for number in range(200)]
    kinds = {(cut.guest, cut.kind) for cut in plans}
    assert len(kinds) == 8
    file = tmp_path / "cuts.jsonl"
    file.write_text('{"number": 0, "guest": "written", "kind": "boot", "part": 2}\n')
    with pytest.raises(BenchError, match="of another seed"):
        series(file, 1, 1, print)


def test_a_table_counts_what_was_there_afterwards() -> None:
    """Each guest and kind has a row; the last line sums up."""
    cuts = [
        Cut(0, WRITTEN, "install", outcome="ok", state="old"),
        Cut(1, WRITTEN, "install", outcome="ok", state="new"),
        Cut(2, WRITTEN, "install", outcome="half: ...", state=""),
        Cut(3, READ_ONLY, "boot", outcome="ok", state="same"),
    ]
    rows = [line.split() for line in table(cuts).splitlines()]
    assert ["written", "install", "3", "1", "1", "0", "1"] in rows
    assert ["read-only", "boot", "1", "0", "0", "1", "0"] in rows
    assert table(cuts).splitlines()[-1] == "4 power cuts: 3 right, 1 wrong"
