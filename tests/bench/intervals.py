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
    size = len(samples)
    medians = sorted(statistics.median(chance.choices(samples, k=size)) for _ in range(RESAMPLES))
    outside = (1 - CONFIDENCE) / 2
    return Estimate(
        statistics.median(samples),
        medians[round(outside * (RESAMPLES - 1))],
        medians[round((1 - outside) * (RESAMPLES - 1))],
    )


def ratio(measured: Sequence[float], base: Sequence[float], seed: int = 0) -> Estimate | None:
    """The median of the ratios of each round, with its interval.

    Both were measured in each round, a moment apart, so what slows the machine down for a while
    meets both.

    Args:
        measured: one value a round.
        base: one value a round, in the same rounds.
        seed: of the resampling.

    Returns:
        None if there is no round in which both were measured, or a base is 0.
    """
    pairs = list(zip(measured, base, strict=False))
    if not pairs or any(below <= 0 for _, below in pairs):
        return None
    return estimate([above / below for above, below in pairs], seed)
