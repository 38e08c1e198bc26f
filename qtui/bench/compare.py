"""Two runs side by side: which variants differ, by how much, and whether that means anything. Imports no engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from qtui import units
from qtui.bench.warnings import variant_name
from qtui.errors import UsageError
from qtui.records import Interval, Measurement, RunRecord


@dataclass(frozen=True, slots=True)
class Change:
    """One figure in both runs. `significant`: their 95% intervals don't overlap."""

    before: float
    after: float
    significant: bool

    @property
    def ratio(self) -> float | None:
        """After over before."""
        return self.after / self.before if self.before else None


@dataclass(frozen=True, slots=True)
class Pair:
    """One variant in both runs."""

    variant: str
    recall: Change | None
    engine_p50_ms: Change | None
    engine_p95_ms: Change | None
    qps: tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `diff` found; as text, a table of 80 columns."""

    before: str
    after: str
    doubts: tuple[str, ...]
    """Why the runs may not be comparable."""
    pairs: tuple[Pair, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def diff(before: RunRecord, after: RunRecord) -> Comparison:
    """Pairs the variants of two runs. Raises UsageError for runs on other data, k, distance or filter."""
    _same_data(before, after)
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


def _same_data(before: RunRecord, after: RunRecord) -> None:
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


def _lines(found: Comparison) -> Iterator[str]:
    yield f"{found.before}  →  {found.after}"
    yield ""
    yield f"{'':<30}{'recall':^19}{'engine p50, ms':^31}"
    yield f"{'variant':<30}{'before':>8}{'after':>8}   {'before':>8}{'after':>8}{'ratio':>8}"
    yield "─" * 76
    for pair in found.pairs:
        yield _pair_line(pair)
    if not found.pairs:
        yield "no variant is in both runs"
    yield ""
    yield "~ the 95% intervals overlap: the difference may be chance"
    for name in found.only_before:
        yield f"only before: {name}"
    for name in found.only_after:
        yield f"only after: {name}"
    for doubt in found.doubts:
        yield f"! {doubt}"


def _pair_line(pair: Pair) -> str:
    recall, p50 = pair.recall, pair.engine_p50_ms
    found = _both(units.share, recall) + _mark(recall) + _both(units.millis, p50)
    times = units.ABSENT if p50 is None or p50.ratio is None else f"{p50.ratio:.2f}x"
    return f"{pair.variant:<30.30}{found}{times:>8}{_mark(p50)}".rstrip()


def _both(text: Callable[[float | None], str], change: Change | None) -> str:
    before, after = (None, None) if change is None else (change.before, change.after)
    return f"{text(before):>8}{text(after):>8}"


def _mark(change: Change | None) -> str:
    return "   " if change is None or change.significant else " ~ "
