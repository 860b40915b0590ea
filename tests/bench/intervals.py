"""Medians, ratios and how sure they are. Pure.

An interval is a percentile bootstrap: the samples are drawn again with replacement, many times, and
the middle 95 % of the medians is the interval (Efron and Tibshirani, An Introduction to the
Bootstrap, chapter 13). It needs no assumption about how timings are distributed.
"""

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A median, and the interval in which it lies.

    Args:
        median: the median of the samples.
        low: the lower end of the interval.
        high: the upper end.
    """

    median: float
    low: float
    high: float


def estimate(samples: Sequence[float], seed: int = 0) -> Estimate:
    """The median of some samples, with its bootstrap interval.

    Args:
        samples: at least one.
        seed: of the resampling, so that the same samples always give the same interval.
    """
    if not samples:
        raise ValueError("no samples")
    chance = random.Random(seed)
    medians = [_drawn(samples, chance) for _ in range(RESAMPLES)]
    return _interval(statistics.median(samples), medians)


def ratio(measured: Sequence[float], base: Sequence[float], seed: int = 0) -> Estimate | None:
    """How many times the base something is, with its interval.

    Where both were measured in each round, a moment apart, it is the median of the rounds' ratios:
    what slows the machine down for a while meets both. Where one has more samples than the other,
    it is the ratio of their medians, and both are resampled.

    Args:
        measured: the samples; in the order of the rounds.
        base: the samples to divide by.
        seed: of the resampling.

    Returns:
        None if one has no samples, or a base is 0.
    """
    if not measured or not base or min(base) <= 0:
        return None
    if len(measured) == len(base):
        pairs = zip(measured, base, strict=True)
        return estimate([above / below for above, below in pairs], seed)
    chance = random.Random(seed)
    ratios = [_drawn(measured, chance) / _drawn(base, chance) for _ in range(RESAMPLES)]
    return _interval(statistics.median(measured) / statistics.median(base), ratios)


def _drawn(samples: Sequence[float], chance: random.Random) -> float:
    """The median of as many samples, drawn again with replacement."""
    return statistics.median(chance.choices(samples, k=len(samples)))


def _interval(median: float, drawn: list[float]) -> Estimate:
    drawn.sort()
    outside = (1 - CONFIDENCE) / 2
    last = len(drawn) - 1
    return Estimate(median, drawn[round(outside * last)], drawn[round((1 - outside) * last)])
