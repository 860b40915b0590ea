"""What the benchmark makes of presses on a stage: notes, a table, and whether memory stays flat."""

from dataclasses import replace

import pytest
from bench import rows_screen, ways_plot
from bench.page_ring import LATE, STAGE_WAYS, WEIGHTS, fan, page_html, pages_of, ring, walk
from bench.presses import Press
from bench.reports import Report
from bench.rows_screen import BASE, SECTION, WORDS, note_of
from bench.soak_stage import MOST_FRAMES, Sample, read, verdict
from bench.table import Row

PAGE = pages_of(STAGE_WAYS, WEIGHTS)[0]
BEHIND = Report(PAGE.name, left_s=10.0, seen_s=10.1, paint_s=None, prerendered=False, delivery="",
                begun_s=9.0)  # fmt: skip


def pressed(report: Report | None) -> Press:
    """A press with this report."""
    return Press("Chromium", PAGE, 1.0, 1.01, 1.02, 9.0, report)


def samples(*sizes: float, stretch: int = 0, frames: int = 3) -> list[Sample]:
    """Samples of a walk, every 60 presses."""
    return [Sample(stretch, 60 * at, mib, 8, frames) for at, mib in enumerate(sizes, 1)]


def test_a_page_was_behind_if_it_began_before_the_one_before_was_left() -> None:
    """Which a page that is loaded at the press did not."""
    assert BEHIND.was_behind
    assert not replace(BEHIND, begun_s=10.05).was_behind


@pytest.mark.parametrize(("way", "note"), [("staged", "staged: 1 of 2"), ("unstaged", "")])
def test_a_row_says_how_many_pages_were_loaded_as_they_should(way: str, note: str) -> None:
    """A press nobody waited for says nothing."""
    at_the_press = pressed(replace(BEHIND, begun_s=10.05))
    first = pressed(BEHIND) if way == "staged" else at_the_press
    assert note_of(way, [first, at_the_press, pressed(None)]) == note


def test_pages_lead_to_one_another_in_a_ring_a_walk_or_a_fan() -> None:
    """Each number is that of a page."""
    assert [list(ring(at, 3)) for at in range(3)] == [[1], [2], [0]]
    assert [list(walk(at, 3)) for at in range(3)] == [[1, 2], [2, 0], [0, 1]]
    assert [list(fan(at, 3)) for at in range(3)] == [[1, 2], [], []]


def test_only_a_late_picture_comes_from_the_server_that_delays_it() -> None:
    """The bridge serves the others."""
    late, heavy = pages_of(("staged",), (LATE, "heavy"))
    assert 'src="http://reports/staged-late.png"' in page_html(late, "http://reports/")
    assert 'src="/static/staged-heavy.png"' in page_html(heavy, "http://reports/")


def test_memory_that_grows_after_the_start_is_no_flat_memory() -> None:
    """A browser's first presses don't count: its caches fill."""
    assert verdict(samples(100, 150, 200, 200, 205, 200, 201))[1]
    said, is_well = verdict(samples(100, 150, 200, 210, 220, 230, 240))
    assert not is_well
    assert said.startswith("memory at the end ÷ at the beginning: 1.20")


def test_each_stretch_of_a_walk_is_compared_with_itself() -> None:
    """It has a new browser, which may need more memory from the beginning."""
    later = [replace(each, presses=each.presses + 300) for each in samples(*5 * [300], stretch=1)]
    assert verdict([*samples(*5 * [200]), *later])[1]


def test_one_frame_too_many_fails_a_walk() -> None:
    """Frames that stay are a leak, however small their pages are."""
    assert verdict(samples(100, 100, frames=MOST_FRAMES))[1]
    assert not verdict(samples(100, 100, frames=MOST_FRAMES + 1))[1]


def test_a_walk_that_was_cut_off_keeps_its_whole_samples() -> None:
    """The last line may have been written in part."""
    line = '{"stretch": 0, "presses": 30, "mib": 99.5, "processes": 8, "frames": 3}'
    assert read([line, line[:30]]) == [Sample(0, 30, 99.5, 8, 3)]


def test_the_table_of_ways_has_a_line_for_each_way_that_was_measured() -> None:
    """With the ratio of the rounds; what was not measured has no line."""
    what = rows_screen.what("Chromium", "heavy")
    rows = [
        Row(SECTION, what, BASE, "ms", (100.0, 200.0, 110.0)),
        Row(SECTION, what, WORDS["staged"], "ms", (10.0, 20.0, 12.0)),
        Row(SECTION, what, WORDS["unstaged"], "ms", note="not there"),
        Row(SECTION, rows_screen.what("Chromium", "light"), BASE, "ms", (70.0, 90.0, 80.0)),
    ]
    _, _, plain, staged = ways_plot.markdown(ways_plot.tables(rows))
    assert plain == (
        "| Chromium, plain navigation | 80 ms (75 to 85) | 110 ms (105 to 155) |  |  |  |  |"
    )
    assert staged.startswith("| Chromium, stage, page staged |  | 12 ms (11 to 16) | 0.10 |")
