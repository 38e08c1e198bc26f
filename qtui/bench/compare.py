"""Two runs side by side: which variants differ, by how much, and whether that means anything. Imports no engine."""

from __future__ import annotations

from collections.abc import Iterator

from qtui.bench.warnings import variant_name
from qtui.comparison import Change, Comparison, Pair
from qtui.errors import UsageError
from qtui.records import Interval, Measurement, RunRecord


def diff(before: RunRecord, after: RunRecord) -> Comparison:
    """Pairs the variants of two runs. Raises UsageError for runs on other data, k, distance or filter."""
    check_same_data(before, after)
    old = {_key(measured): measured for measured in before.measurements}
    new = {_key(measured): measured for measured in after.measurements}
    return Comparison(
        before=before.id,
        after=after.id,
        doubts=tuple(_doubts(before, after)),
        pairs=tuple(_pair(old[key], new[key]) for key in old if key in new),
        only_before=tuple(variant_name(old[key]) for key in old if key not in new),
        only_after=tuple(variant_name(new[key]) for key in new if key not in old),
    )


def _key(measured: Measurement) -> tuple[object, ...]:
    return measured.method, measured.search, measured.concurrency


def check_same_data(before: RunRecord, after: RunRecord) -> None:
    """Raises UsageError for runs that measured different things."""
    one, other = before.dataset, after.dataset
    for what, a, b in (
        ("data sets", one.source, other.source),
        ("contents of the data", one.fingerprint, other.fingerprint),
        ("numbers of points", one.points, other.points),
        ("dimensions", one.dimension, other.dimension),
        ("distances", one.distance, other.distance),
        ("k", one.k, other.k),
        ("filters", one.filter, other.filter),
    ):
        if a != b:
            raise UsageError(f"the runs can't be compared: different {what} ({a} and {b}); choose two of the same")


def _doubts(before: RunRecord, after: RunRecord) -> Iterator[str]:
    one, other = before.environment, after.environment
    for what, a, b in (
        ("engine", f"{one.engine.kind} {one.engine.version}", f"{other.engine.kind} {other.engine.version}"),
        ("platform", one.platform, other.platform),
        ("CPUs", one.cpus, other.cpus),
        ("queries", before.dataset.queries, after.dataset.queries),
        ("query origin", before.dataset.query_origin, after.dataset.query_origin),
        ("seed", before.plan.seed, after.plan.seed),
        ("rate", before.plan.rate, after.plan.rate),
        ("segments", _segments(before), _segments(after)),
    ):
        if a != b:
            yield f"{what}: {a} before, {b} after"
    for record in (before, after):
        if record.status != "complete":
            yield f"run {record.id} is partial: not every query was asked"


def _segments(record: RunRecord) -> str:
    return ", ".join(sorted({str(collection.segments) for collection in record.collections}))


def _pair(old: Measurement, new: Measurement) -> Pair:
    recall = p50 = p95 = None
    if old.recall is not None and new.recall is not None:
        one, other = old.recall, new.recall
        recall = _change(one.mean, (one.low, one.high), other.mean, (other.low, other.high))
    if old.engine_ms is not None and new.engine_ms is not None:
        a, b = old.engine_ms, new.engine_ms
        p50 = _change(a.p50, a.ci.p50, b.p50, b.ci.p50)
        p95 = _change(a.p95, a.ci.p95, b.p95, b.ci.p95)
    return Pair(variant_name(old), recall, p50, p95, (old.qps, new.qps))


def _change(before: float, old: Interval, after: float, new: Interval) -> Change:
    return Change(before, after, significant=old[1] < new[0] or new[1] < old[0])
