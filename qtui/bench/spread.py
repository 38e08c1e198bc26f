"""Distributions of a kept run's engine times, counted from its samples file. Imports no engine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qtui.bench.samples import engine_times
from qtui.distribution import BINS, Distribution

Times = dict[int, NDArray[np.float64]]
_LEAST_MS = 1e-6
"""A clock's tick may show a time of 0, which has no place on a log axis."""


def times_of(path: Path) -> Times:
    """Measurement → engine times of its answered searches in ms; those of a cold pass are left out."""
    return {index: np.asarray(times) for index, times in engine_times(path).items()}


def distributions(times: Times, measurements: Iterable[int] = ()) -> tuple[Distribution, ...]:
    """Those of `measurements` that have times; of all without any named."""
    wanted = tuple(measurements) or sorted(times)
    return tuple(distribution(index, times[index]) for index in wanted if index in times and len(times[index]))


def distribution(measurement: int, ms: NDArray[np.float64]) -> Distribution:
    """Counts on a log axis from the smallest to the largest time; there must be one at least."""
    logs = np.log10(np.maximum(ms, _LEAST_MS))
    low, high = float(logs.min()), float(logs.max())
    if high - low < 1e-6:  # all alike: a span around them
        low, high = low - 0.01, high + 0.01
    counts, _ = np.histogram(logs, bins=BINS, range=(low, high))
    return Distribution(measurement, len(logs), 10**low, 10**high, tuple(int(count) for count in counts))
