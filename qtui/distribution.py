"""How the times of one measurement are distributed, small enough to draw and to send. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from math import log10

BINS = 240
"""Divides by 2, 3, 4, 5 and 6, so that charts of several widths can join whole bins."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Engine times of answered searches, counted in bins of equal width on a log axis."""

    measurement: int
    """Index into the record's measurements."""
    n: int
    low_ms: float
    """Lower edge of the first bin: the smallest time, above 0."""
    high_ms: float
    """Upper edge of the last bin: the largest time."""
    counts: tuple[int, ...]
    """BINS of them; empty without times."""

    @property
    def step(self) -> float:
        """Width of a bin in decades."""
        return (log10(self.high_ms) - log10(self.low_ms)) / len(self.counts)

    def joined(self, bins: int) -> tuple[int, ...]:
        """The counts in so many bins; `bins` must divide their number."""
        each = len(self.counts) // bins
        return tuple(sum(self.counts[at : at + each]) for at in range(0, len(self.counts), each))

    def cumulated(self) -> tuple[tuple[float, float], ...]:
        """Milliseconds and the share of searches that took no longer, from 0 to 1, at the edges of the bins."""
        low = log10(self.low_ms)
        shares = accumulate(self.counts, initial=0)
        return tuple((10 ** (low + at * self.step), count / self.n) for at, count in enumerate(shares))
