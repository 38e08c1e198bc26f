"""Bootstrap draws of a run's figures, by the name that a limit has for them. Pure numpy.

Draws of two runs that asked the same queries are paired: the same queries are drawn for both, so that what is hard in
both cancels out of their ratio.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qtui.bench import metrics
from qtui.bench.tally import Answered, Tally, baseline
from qtui.records import CollectionRecord, Latency, Measurement, RunRecord

Floats = NDArray[np.float64]
SEED = 0
_TRIP = "trip-"


def value_of(record: RunRecord, index: int, metric: str) -> float | None:
    """A measurement's figure as the record has it; None where it wasn't measured."""
    measured = record.measurements[index]
    if metric == "recall":
        return None if measured.recall is None else measured.recall.mean
    if metric == "errors":
        return float(measured.errors)
    if metric == "qps":
        return measured.qps
    if metric == "speedup":
        return None if measured.speedup is None else measured.speedup.engine
    if metric in ("compression", "bytes"):
        return _of_collection(record, measured, metric)
    latency = measured.round_trip_ms if metric.startswith(_TRIP) else measured.engine_ms
    found: float | None = None if latency is None else getattr(latency, metric.removeprefix(_TRIP))
    return found


def interval_of(record: RunRecord, index: int, metric: str) -> tuple[float, float] | None:
    """The 95% interval that the record has for it."""
    measured = record.measurements[index]
    if metric == "recall":
        return None if measured.recall is None else (measured.recall.low, measured.recall.high)
    latency: Latency | None = measured.round_trip_ms if metric.startswith(_TRIP) else measured.engine_ms
    name = metric.removeprefix(_TRIP)
    return None if latency is None or name not in ("p50", "p95") else getattr(latency.ci, name)


def draws_of(tally: Tally, index: int, metric: str) -> Floats | None:
    """The figure in every draw; None for what isn't drawn, or was not measured."""
    held = tally.answered[index]
    if metric == "recall":
        return _recalls(held)
    if metric == "speedup":
        return _speedups(tally, index)
    trip, name = metric.startswith(_TRIP), metric.removeprefix(_TRIP)
    times = held.round_trip_ms if trip else held.engine_ms
    if not times:
        return None
    if name == "mean":
        return metrics.mean_draws(_floats(times), np.asarray(held.query), seed=SEED)
    if name not in ("p50", "p95", "p99"):
        return None
    (found,) = metrics.percentile_draws(_floats(times), np.asarray(held.query), (float(name[1:]),), seed=SEED)
    return found


def change_of(one: Floats | None, other: Floats | None) -> tuple[float, float] | None:
    """95% interval of the ratio of two figures; None where it can't be told."""
    if one is None or other is None or not (other > 0).all():
        return None
    shared = min(len(one), len(other))
    return metrics.interval(one[:shared] / other[:shared])


def _of_collection(record: RunRecord, measured: Measurement, metric: str) -> float | None:
    held: CollectionRecord | None = next((c for c in record.collections if c.name == measured.collection), None)
    if held is None:
        return None
    if metric == "compression":
        return held.compression.measured
    return held.bytes_per_vector.original if held.method == "none" else held.bytes_per_vector.quantized


def _recalls(held: Answered) -> Floats | None:
    if not held.recalls:
        return None
    means = [sum(found) / len(found) for _, found in sorted(held.recalls.items())]
    return metrics.mean_draws(_floats(means), np.asarray(sorted(held.recalls)), seed=SEED)


def _speedups(tally: Tally, index: int) -> Floats | None:
    at = baseline(tally.blanks, tally.blanks[index])
    if at is None:
        return None
    base, own = draws_of(tally, at, "p50"), draws_of(tally, index, "p50")
    return None if base is None or own is None or not (own > 0).all() else base / own


def _floats(values: Sequence[float]) -> Floats:
    return np.asarray(values, dtype=np.float64)
