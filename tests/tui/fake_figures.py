"""Distributions of the scripted engine room: one hump, further right for each measurement."""

from __future__ import annotations

from math import exp

from qtui.distribution import BINS, Distribution


def distribution(measurement: int) -> Distribution:
    """A bell on the log axis with a peak at its middle and a tail to the right."""
    counts = tuple(round(40 * exp(-(((at - 80) / 25) ** 2)) + 4 * exp(-(((at - 150) / 40) ** 2))) for at in range(BINS))
    low = 0.1 * (1 + 0.1 * measurement)
    return Distribution(measurement, sum(counts), low, low * 20, counts)
