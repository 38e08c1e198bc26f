"""Holds a run against its limits, and against a baseline run. Pure: knows no engine and writes nothing.

A plain limit decides by the figure itself; its interval says how sure that is. A limit on the change against a
baseline is missed when the figure is past it *and* the 95% interval of the ratio to the baseline leaves 1 out: what
may be chance passes, and is said; so does what `none`, built and searched as before by the same engine, shows of
itself: that is the machine. Where the searches of a run are gone, the intervals in the records stand in: the
difference counts when they don't overlap. A variant that the baseline lacks is held against the only one that differs
from it in hnsw_ef alone. What was not measured can't keep a limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qtui.bench.compare import check_same_data
from qtui.bench.draws import change_of, draws_of, interval_of, value_of
from qtui.bench.tally import Tally
from qtui.bench.warnings import variant_name
from qtui.limits import DOUBTFUL, KEPT, METRICS, MISSED, Checked, Limit, Verdict, Which
from qtui.model import SearchSettings
from qtui.records import Measurement, RunRecord

DRIFT = 0.1
"""Change of `none` between two runs from which the machine is named as a cause."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A run's record, and its searches where they are still there."""

    record: RunRecord
    tally: Tally | None = None


def judge(run: Kept, limits: Sequence[Limit], baseline: Kept | None = None) -> Verdict:
    """What became of each limit. Raises UsageError for a baseline that measured other data."""
    if baseline is not None:
        check_same_data(baseline.record, run.record)
    return Verdict(
        run=run.record.id,
        baseline=None if baseline is None else baseline.record.id,
        checks=tuple(_check(run, limit, baseline) for limit in limits),
        remarks=() if baseline is None else tuple(_remarks(run.record, baseline.record)),
    )


def chosen(record: RunRecord, which: Which) -> int | None:
    """The measurement that a limit is about: of those that fit the recommended one, else the best mean recall.

    Without any recall the first that has figures. Controls are left out.
    """
    fitting = [
        index
        for index, measured in enumerate(record.measurements)
        if fits(which, measured.method, measured.search, measured.concurrency) and measured.engine_ms is not None
    ]
    best = record.recommendation
    for index in fitting:
        measured = record.measurements[index]
        if best is not None and (measured.method, measured.search) == (best.method, best.search):
            return index
    return max(fitting, key=lambda index: value_of(record, index, "recall") or 0.0, default=None)


def fits(which: Which, method: str, search: SearchSettings, concurrency: int) -> bool:
    """Whether a variant is one of those that are named; controls never are."""
    pairs = (
        (which.method, method),
        (which.rescore, search.rescore),
        (which.oversampling, search.oversampling),
        (which.hnsw_ef, search.hnsw_ef),
        (which.concurrency, concurrency),
    )
    return not (search.exact or search.ignore) and all(asked in (None, found) for asked, found in pairs)


def _check(run: Kept, limit: Limit, baseline: Kept | None) -> Checked:
    index = chosen(run.record, limit.which)
    if index is None:
        return Checked(limit, MISSED, None, None, None, None, why="no variant that fits was measured")
    name = variant_name(run.record.measurements[index])
    value, interval = value_of(run.record, index, limit.metric), interval_of(run.record, index, limit.metric)
    if value is None:
        return Checked(limit, MISSED, name, index, None, None, why=_missing(limit.metric))
    if limit.relative:
        return _against(run, limit, index, baseline)
    missed = value < limit.bound if limit.floor else value > limit.bound
    sure = interval is None or not interval[0] <= limit.bound <= interval[1]
    why = "" if sure else "the limit lies within its 95% interval: more queries would tell"
    return Checked(limit, MISSED if missed else KEPT, name, index, value, interval, why=why)


def _against(run: Kept, limit: Limit, index: int, baseline: Kept | None) -> Checked:
    measured = run.record.measurements[index]
    name, value = variant_name(measured), value_of(run.record, index, limit.metric)
    interval = interval_of(run.record, index, limit.metric)
    at = None if baseline is None else _same(baseline.record, measured)
    if baseline is not None and at is None:
        at = _other_ef(baseline.record, measured)
    if baseline is None or at is None:
        return Checked(limit, MISSED, name, index, value, interval, why="the baseline run has no such variant")
    before = value_of(baseline.record, at, limit.metric)
    if before is None or value is None:
        return Checked(limit, MISSED, name, index, value, interval, why="the baseline run has no such figure")
    past = value < before * (1 + limit.bound) if limit.floor else value > before * (1 + limit.bound)
    change = _change(run, index, baseline, at, limit.metric)
    real = change is None or not change[0] <= 1 <= change[1]
    outcome = KEPT if not past else MISSED if real else DOUBTFUL
    drift = _drift_of_machine(run.record, baseline.record, limit.metric) if outcome == MISSED else 1.0
    if drift > 1 and value <= before * (1 + limit.bound) * drift:
        outcome = DOUBTFUL
    why = [] if measured.search == (old := baseline.record.measurements[at].search) else [
        f"the baseline's hnsw_ef is {old.hnsw_ef}"
    ]  # fmt: skip
    if outcome == DOUBTFUL and real:
        why.append(f"none, built and searched the same, changed by {drift - 1:+.0%} too: the machine, not the variant")
    elif outcome == DOUBTFUL:
        why.append("not significant: the difference to the baseline may be chance")
    if outcome == MISSED and change is None:
        why.append("no interval: decided by the figures alone")
    return Checked(limit, outcome, name, index, value, interval, before, change, "; ".join(why))


def _change(run: Kept, index: int, baseline: Kept, at: int, metric: str) -> tuple[float, float] | None:
    """95% interval of the figure over the baseline's: from the searches, else from the records' intervals."""
    if run.tally is not None and baseline.tally is not None:
        drawn = change_of(draws_of(run.tally, index, metric), draws_of(baseline.tally, at, metric))
        if drawn is not None:
            return drawn
    now, before = interval_of(run.record, index, metric), interval_of(baseline.record, at, metric)
    if metric == "speedup":
        now, before = _speedup_span(run.record, index), _speedup_span(baseline.record, at)
    if now is None or before is None or before[0] <= 0:
        return None
    return now[0] / before[1], now[1] / before[0]


def _speedup_span(record: RunRecord, index: int) -> tuple[float, float] | None:
    """What the intervals of both p50 allow the speed-up to be: wider than 95%."""
    measured = record.measurements[index]
    at = _none_beside(record, measured)
    own, none = measured.engine_ms, None if at is None else record.measurements[at].engine_ms
    if own is None or none is None or own.ci.p50[0] <= 0:
        return None
    return none.ci.p50[0] / own.ci.p50[1], none.ci.p50[1] / own.ci.p50[0]


def _none_beside(record: RunRecord, wanted: Measurement) -> int | None:
    """The measurement of `none` at the same hnsw_ef and concurrency."""
    search, level = wanted.search, wanted.concurrency
    fitting = Which("none", hnsw_ef=search.hnsw_ef, concurrency=level)
    return chosen(record, fitting)


def _drift_of_machine(now: RunRecord, before: RunRecord, metric: str) -> float:
    """By what factor times of `none` are longer than before, where nothing but the machine can be why; else 1.

    That takes the same engine, and `none` built and searched as before.
    """
    index = chosen(now, Which("none"))
    at = None if index is None else _same(before, now.measurements[index])
    if (
        METRICS[metric].unit != "ms"
        or index is None
        or at is None
        or now.environment.engine != before.environment.engine
    ):
        return 1.0
    built = [[(c.segments, c.settings and c.settings.vectors) for c in r.collections if c.method == "none"]
             for r in (now, before)]  # fmt: skip
    one, other = value_of(before, at, metric), value_of(now, index, metric)
    return other / one if one and other and built[0] == built[1] else 1.0


def _same(record: RunRecord, wanted: Measurement) -> int | None:
    """The measurement of the same variant."""
    for index, measured in enumerate(record.measurements):
        same = (measured.method, measured.search, measured.concurrency)
        if same == (wanted.method, wanted.search, wanted.concurrency) and measured.engine_ms is not None:
            return index
    return None


def _other_ef(record: RunRecord, wanted: Measurement) -> int | None:
    """The measurement of a variant that differs in hnsw_ef alone, where there is just one of it."""
    found = [
        index
        for index, measured in enumerate(record.measurements)
        if (measured.method, measured.concurrency) == (wanted.method, wanted.concurrency)
        and replace(measured.search, hnsw_ef=wanted.search.hnsw_ef) == wanted.search
        and measured.engine_ms is not None
    ]
    return found[0] if len(found) == 1 else None


def _missing(metric: str) -> str:
    if metric == "recall":
        return "there is no recall: the exact answers aren't known"
    if metric == "p99":
        return "there is no p99 of fewer than 100 searches"
    return f"there is no {METRICS[metric].text}"


def _remarks(now: RunRecord, before: RunRecord) -> Iterator[str]:
    one, other = before.environment, now.environment
    if (one.platform, one.cpus) != (other.platform, other.cpus):
        yield "the baseline was measured on another machine: limit recall, compression and speedup rather than times"
    if one.engine != other.engine:
        yield (
            f"the engines differ: {one.engine.kind} {one.engine.version} before,"
            f" {other.engine.kind} {other.engine.version} now"
        )
    asked = (now.dataset.queries, now.dataset.query_origin, now.plan.seed)
    if (before.dataset.queries, before.dataset.query_origin, before.plan.seed) != asked:
        yield "the queries differ, so their differences are among what is compared"
    yield from _drift(now, before)


def _drift(now: RunRecord, before: RunRecord) -> Iterator[str]:
    index = chosen(now, Which("none"))
    at = None if index is None else _same(before, now.measurements[index])
    if index is None or at is None:
        return
    one, other = value_of(before, at, "p50"), value_of(now, index, "p50")
    if one and other and abs(other / one - 1) >= DRIFT:
        yield (
            f"none itself took {other / one - 1:+.0%} engine time (p50) against the baseline run: the machine"
            " changed, or what else ran on it; `speedup` is free of that"
        )
