"""The benchmark itself: its figures by known answers, its table, and its smallest run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench import intervals, machine, report, rows_start
from bench.receivers import FRAME_BYTES, mqtt_publish
from bench.run import OpponentError
from bench.table import Row, from_json, markdown, text

TESTS = Path(__file__).parents[1]


def test_estimate_of_one_value_has_no_width():
    """The interval of a single sample is that sample."""
    assert intervals.estimate([5.0]) == intervals.Estimate(5.0, 5.0, 5.0)


def test_estimate_covers_the_true_median_as_often_as_it_says():
    """Of 200 samples of a known distribution, some 95 % have an interval with the true median."""
    import random

    chance = random.Random(7)
    hits = 0
    for number in range(200):
        it = intervals.estimate([chance.expovariate(1.0) for _ in range(27)], seed=number)
        hits += it.low <= 0.6931 <= it.high
    assert 180 <= hits <= 198


def test_estimate_is_the_same_each_time():
    """The same samples give the same interval."""
    assert intervals.estimate([1.0, 2.0, 9.0]) == intervals.estimate([1.0, 2.0, 9.0])


def test_estimate_refuses_nothing():
    """No samples have no median."""
    with pytest.raises(ValueError, match="no samples"):
        intervals.estimate([])


def test_ratio_is_paired_by_round():
    """What slows both down in one round doesn't change their ratio."""
    it = intervals.ratio([2.0, 20.0, 200.0], [1.0, 10.0, 100.0])
    assert it == intervals.Estimate(2.0, 2.0, 2.0)


def test_ratio_of_different_numbers_of_samples_is_that_of_their_medians():
    """Samples without a round in common can't be paired."""
    it = intervals.ratio([6.0, 6.0, 6.0], [1.0, 2.0])
    assert it is not None
    assert (it.median, it.low, it.high) == (4.0, 3.0, 6.0)


def test_ratio_needs_a_base():
    """Without samples, or with a base of 0, there is no ratio."""
    assert intervals.ratio([1.0], []) is None
    assert intervals.ratio([1.0], [0.0]) is None


ROWS = [
    Row("Speed", "an event", "the limit", "ms", (1.0, 2.0)),
    Row("Speed", "an event", "gpiobridge: edge", "ms", (2.0, 4.0)),
    Row("Speed", "an event", "a peer", "ms", (4.0, 8.0)),
    Row("Speed", "an event", "another peer", "ms", note="it is not installed"),
]


def test_table_has_ratios_to_the_limit_and_to_each_peer():
    """A row says how it compares with the limit, and how we compare with it."""
    lines = text(ROWS).splitlines()
    assert lines[2].split("  ")[-1].strip() == "edge ÷ this"
    peer = next(line for line in lines if line.startswith("a peer")).split()
    assert peer[-2:] == ["4.00", "0.50"]


def test_table_names_what_could_not_be_measured():
    """A peer without figures stands in the table, with the reason."""
    for table in (text(ROWS), markdown(ROWS)):
        assert "another peer" in table
        assert "not measured" in table
        assert "another peer: it is not installed" in table


def test_report_says_how_it_may_be_wrong(tmp_path):
    """The terminal shows what the documentation says against the figures, and no published run."""
    page = tmp_path / "page.md"
    page.write_text(f"text\n\n{report.DOUBTS}\n- a doubt\n\n{report.BEGIN}\nold\n{report.END}")
    assert report.shown({}, [], ROWS, page).endswith(f"\n{report.DOUBTS}\n- a doubt\n")


def test_page_says_how_it_may_be_wrong():
    """The documentation has those lines, where the report looks for them."""
    page = TESTS.parent / "docs" / "measurements.md"
    assert report.shown({}, [], ROWS, page).partition(report.DOUBTS)[2].strip().startswith("- ")


def test_start_that_ends_is_not_waited_for(tmp_path):
    """A version that can't start says why, at once: it may need a package that is not there."""
    package = tmp_path / "gpiobridge"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("import a_package_that_is_missing\n")
    with pytest.raises(OpponentError, match="it ended: ModuleNotFoundError"):
        rows_start.start(tmp_path / "start", tmp_path)


def test_load_of_a_busy_machine_is_said():
    """A reader must know that other work ran; an idle machine needs no word."""
    assert machine.load_before((0.9, 3.0, 3.0), 2) == "0.90 3.00 3.00"
    assert "other work ran" in machine.load_before((1.1, 0.0, 0.0), 2)


def test_rows_survive_json():
    """The results in the file are the rows that were measured."""
    assert [from_json(json.loads(json.dumps(row.as_json()))) for row in ROWS] == ROWS


def test_mqtt_packet_has_the_size_of_all_frames():
    """Mosquitto's display receives as many bytes as the others."""
    assert len(mqtt_publish()) == FRAME_BYTES


def test_smallest_run_measures_both_and_leaves_no_process(tmp_path):
    """Two rounds with ten displays give figures of the limit and of an edge and a push."""
    done = subprocess.run(
        [
            *[sys.executable, "-m", "bench", "--tiny", "--part", "broadcast"],
            *["--only", "the limit", "--only", "gpiobridge", "--out", str(tmp_path)],
        ],
        cwd=TESTS,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    _, failures, rows = report.read(tmp_path)
    assert failures == []
    assert {row.who for row in rows if row.what == "the event to the last of 10 displays"} == {
        "the limit",
        "gpiobridge: edge",
        "gpiobridge: push",
    }
    assert all(len(row.samples) == 2 for row in rows if row.section != "Memory")
    assert left_over() == []


def left_over() -> list[str]:
    """Processes of a benchmark whose parent has ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode().replace("\0", " ")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if str(TESTS) in command and "peers" in command and parent in (1, os.getpid()):
            found.append(command)
    return found
