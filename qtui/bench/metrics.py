"""Recall, percentiles, bootstrap intervals, paired comparison. Pure numpy: no engine, no files.

Percentiles interpolate linearly between order statistics (numpy's default), over all answered searches of a variant.
Intervals are 95% percentile bootstraps that draw whole queries, so that the repeats of one query stay together.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import lru_cache
from statistics import median

import numpy as np
from numpy.typing import NDArray

from qtui.model import PointId
from qtui.records import Interval, Latency, LatencyIntervals, Recall, VsBaseline

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
LEAST_FOR_P99 = 100
_ROUNDING = 1e-9
_MOST_DRAWS = 2_000_000
"""Resampled values that one bootstrap may hold at once: bounds its memory and time."""


def reaches(recall: float, target: float) -> bool:
    """Whether a recall, or the lower end of its interval, is at least the target, but for rounding."""
    return recall >= target - _ROUNDING


def recall_of(ids: Sequence[PointId], truth: Collection[PointId]) -> float | None:
    """Share of the exact answer that was found; None when the exact answer is empty."""
    return len(set(ids) & set(truth)) / len(truth) if truth else None


def recall(per_query: Sequence[float], *, resamples: int = 1000, seed: int = 0) -> Recall | None:
    """Mean recall over queries with its interval; None without any."""
    if not per_query:
        return None
    values = np.asarray(per_query, dtype=np.float64)
    means = _weights(len(values), _fitting(resamples, len(values)), seed) @ values / len(values)
    # a mean of rounded values may leave their range by a rounding
    low, high = interval(np.clip(means, values.min(), values.max()))
    mean = min(max(math.fsum(per_query) / len(per_query), min(per_query)), max(per_query))
    return Recall(mean, min(low, mean), max(high, mean), float(values.min()))


def latency(ms: Sequence[float], owner: Sequence[int], *, resamples: int = 1000, seed: int = 0) -> Latency | None:
    """Figures of answered searches; `owner` says which query each one was. None without any."""
    if not ms:
        return None
    values, owners = np.asarray(ms, dtype=np.float64), np.asarray(owner, dtype=np.int64)
    p50, p95, p99 = (float(value) for value in np.percentile(values, (50, 95, 99)))
    low, high = bootstrap_percentiles(values, owners, (50.0, 95.0), resamples=resamples, seed=seed)
    return Latency(
        n=len(values),
        mean=math.fsum(ms) / len(ms),
        min=float(values.min()),
        p50=p50,
        p95=p95,
        p99=p99 if len(values) >= LEAST_FOR_P99 else None,
        max=float(values.max()),
        ci=LatencyIntervals(p50=low, p95=high),
    )


def bootstrap_percentiles(
    values: Floats, owner: Integers, percents: tuple[float, ...], *, resamples: int = 1000, seed: int = 0
) -> tuple[Interval, ...]:
    """A 95% interval for each percentile, over draws of whole queries."""
    return tuple(map(interval, percentile_draws(values, owner, percents, resamples=resamples, seed=seed)))


def mean_draws(values: Floats, owner: Integers, *, resamples: int = 1000, seed: int = 0) -> Floats:
    """The mean in every draw of whole queries; draws of the same queries and seed are paired."""
    _, inverse = np.unique(owner, return_inverse=True)
    weights = _weights(int(inverse.max()) + 1, _fitting(resamples, len(values)), seed)
    found: Floats = weights @ np.bincount(inverse, values) / (weights @ np.bincount(inverse))
    return found


def percentile_draws(
    values: Floats, owner: Integers, percents: tuple[float, ...], *, resamples: int = 1000, seed: int = 0
) -> tuple[Floats, ...]:
    """Each percentile in every draw of whole queries; draws of the same queries and seed are paired.

    Each draw is a weight per query; on values sorted once, the weights' running sum finds its order statistics, so
    that nothing is sorted again.
    """
    queries, inverse = np.unique(owner, return_inverse=True)
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    weights = _weights(len(queries), _fitting(resamples, len(values)), seed)
    # one sum over all draws on end: a draw's own running sum is what it adds to the total before it
    running = np.cumsum(np.take(weights, inverse[order], axis=1), dtype=np.int64)
    ends = running[len(values) - 1 :: len(values)]
    before = np.concatenate(([0], ends[:-1]))
    found = []
    for percent in percents:
        position = (ends - before - 1) * (percent / 100)
        below = np.floor(position)
        lower = _order_statistic(ordered, running, before, below)
        upper = _order_statistic(ordered, running, before, np.ceil(position))
        found.append(lower + (upper - lower) * (position - below))
    return tuple(found)


def _order_statistic(ordered: Floats, running: Integers, before: Integers, rank: Floats) -> Floats:
    """By draw, its value of this rank: the first one whose running weight passes the rank."""
    at = np.searchsorted(running, before + rank.astype(np.int64), side="right")
    return np.asarray(ordered[at - np.arange(len(before)) * len(ordered)])


def versus(
    ms: dict[int, float], baseline: dict[int, float], *, resamples: int = 1000, seed: int = 0
) -> VsBaseline | None:
    """Paired ratio to the baseline: median over the queries that both answered, with its interval.

    Takes query → its median engine time. Significant when the interval leaves 1 out.
    """
    shared = sorted(query for query in ms.keys() & baseline.keys() if baseline[query] > 0)
    if not shared:
        return None
    ratios = np.asarray([ms[query] / baseline[query] for query in shared], dtype=np.float64)
    middle = float(np.median(ratios))
    owners = np.arange(len(ratios), dtype=np.int64)
    ((low, high),) = bootstrap_percentiles(ratios, owners, (50.0,), resamples=resamples, seed=seed)
    low, high = min(low, middle), max(high, middle)
    return VsBaseline(middle, low, high, significant=not low <= 1.0 <= high)


def median_by_query(ms: Sequence[float], owner: Sequence[int]) -> dict[int, float]:
    """Query → median of its repeats."""
    grouped: dict[int, list[float]] = {}
    for value, query in zip(ms, owner, strict=True):
        grouped.setdefault(query, []).append(value)
    return {query: median(values) for query, values in grouped.items()}


def _fitting(resamples: int, size: int) -> int:
    return max(100, min(resamples, _MOST_DRAWS // max(size, 1)))


def interval(values: Floats) -> Interval:
    """The middle 95% of the draws."""
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)


@lru_cache(maxsize=8)
def _weights(queries: int, resamples: int, seed: int) -> NDArray[np.int16]:
    """(resamples, queries): how often each draw holds each query. The same for every variant of a run: paired."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, queries, size=(resamples, queries))
    flat = drawn + np.arange(resamples)[:, None] * queries
    counts = np.bincount(flat.ravel(), minlength=resamples * queries)
    return counts.reshape(resamples, queries).astype(np.int16)
