"""How old gpiobridge is, as the doctor sees it."""

import json
import sys
from pathlib import Path

import pytest

from gpiobridge.doctor import Finding
from gpiobridge.system import invocation

from .pi import DAY_S, IN_2026_S, OK, SKIPPED, WARNING, Pi, of


def old(pi: Pi, days: float, copy: Path | None = None) -> list[Finding]:
    """What is found of a copy that is so many days old."""
    pi.changes.update(since=lambda: IN_2026_S - days * DAY_S, copy=copy)
    return of(pi.examine(), "age")


def test_a_copy_is_as_old_as_its_newest_part(pi: Pi) -> None:
    """The day and the days are told; it is fine for a year."""
    assert [(f.verdict, f.sentence) for f in old(pi, 364)] == [
        (OK, "this copy is from 2025-05-29, 364 days old")
    ]


@pytest.mark.parametrize("days", [365, 1000])
def test_a_copy_that_is_over_a_year_old_is_to_be_upgraded(pi: Pi, days: float) -> None:
    """Its packages, too, which pip alone would leave as they are."""
    (found,) = old(pi, days)
    assert found.verdict is WARNING
    assert f"{days} days old" in found.sentence
    assert found.remedy.startswith("replace the checkout with the new version (git pull, or ")
    assert f"{sys.executable} -m pip install --upgrade --upgrade-strategy eager '.[" in found.remedy


def test_an_installed_copy_is_upgraded_where_it_came_from(pi: Pi) -> None:
    """It has no pip: the way is the one that the documentation has."""
    (found,) = old(pi, 400, copy=Path("/opt/gpiobridge/live"))
    assert "~/gpiobridge/bin/pip install --upgrade" in found.remedy
    assert "then sudo ~/gpiobridge/bin/gpiobridge install" in found.remedy


def test_the_copy_of_the_service_may_be_another_one(pi: Pi) -> None:
    """A fresh environment doesn't make the service fresh."""
    pi.write("opt/gpiobridge/live/gpiobridge.json", json.dumps({"since": IN_2026_S - 500 * DAY_S}))
    mine, services = old(pi, 1)
    assert mine.verdict is OK
    assert services.verdict is WARNING
    assert services.sentence.startswith("the service's copy is from 2025-01-13, 500 days old")
    assert services.remedy.endswith(invocation.as_root("install"))


@pytest.mark.parametrize("mark", ["{}", "no JSON", '{"since": null}', '{"since": "x"}', "[]"])
def test_a_copy_that_does_not_say_how_old_it_is(pi: Pi, mark: str) -> None:
    """One of an older version has no date, and that is no fault."""
    pi.write("opt/gpiobridge/live/gpiobridge.json", mark)
    assert [f.verdict for f in old(pi, 1)] == [OK]


def test_a_clock_that_is_behind_tells_no_age(pi: Pi) -> None:
    """A Pi without network begins where it ended."""
    assert [f.verdict for f in old(pi, -30)] == [SKIPPED]
    pi.changes["since"] = lambda: None
    assert [f.verdict for f in of(pi.examine(), "age")] == [SKIPPED]
