"""What a run says about each variant that could be chosen, query by query, apart from any target. Pure numpy.

The queries are split in two with the run's seed. A search that failed found nothing: it counts as a recall of 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from qtui.bench import metrics
from qtui.bench.tally import Answered, Tally
from qtui.choices import Span
from qtui.model import Placement, PointId, VectorSpec
from qtui.records import CollectionRecord, Interval, Measurement, RunRecord, Sample, VsBaseline

RACED = "raced"
"""`order` of a tuned run."""
LEAST_HALF = 5
"""Queries of a half under which nothing is concluded."""
_SALT = 0x9E37
"""Keeps the split apart from the draw of the queries, which has the same seed."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A variant that could be chosen, with all that it is judged by."""

    index: int
    """Into the record's measurements."""
    measured: Measurement
    collection: CollectionRecord | None
    ram_bytes: float | None
    recalls: dict[int, float]
    """Query → mean recall of its searches."""
    answered: Answered
    choosing: Span | None
    confirming: Span | None

    @property
    def p50_ms(self) -> float:
        """Engine time over all queries; infinite when nothing was answered."""
        return float("inf") if self.measured.engine_ms is None else self.measured.engine_ms.p50


@dataclass(frozen=True, slots=True)
class Evidence:
    """All candidates of a run, and the two halves of its queries."""

    record: RunRecord
    choosing: tuple[int, ...]
    confirming: tuple[int, ...]
    candidates: tuple[Candidate, ...]

    @property
    def whole(self) -> tuple[Candidate, ...]:
        """Those that were asked all that they could be chosen by."""
        return tuple(each for each in self.candidates if self.asked_wholly(each))

    def asked_wholly(self, candidate: Candidate) -> bool:
        """Whether it was asked all that it could be chosen by; not so what tuning stopped asking."""
        if self.record.plan.order != RACED:
            return True
        return all(query in candidate.recalls for query in (*self.choosing, *self.confirming))


@dataclass(frozen=True, slots=True)
class Difference:
    """One variant against another over the queries that both answered."""

    speed: VsBaseline | None
    """Its engine time over the other's."""
    recall: Span | None
    """Its recall less the other's."""

    @property
    def same_speed(self) -> bool:
        """Whether the times can't be told apart."""
        return self.speed is not None and not self.speed.significant

    @property
    def faster(self) -> bool:
        """Whether it surely took less time."""
        return self.speed is not None and self.speed.significant and self.speed.engine_p50_ratio < 1

    @property
    def same_recall(self) -> bool:
        """Whether the recalls can't be told apart."""
        return self.recall is not None and self.recall.low <= 0 <= self.recall.high


def tally_of(record: RunRecord, lines: Iterable[tuple[PointId, ...] | Sample]) -> Tally:
    """The searches of a kept run, folded; `lines` is what `samples.stream` gives."""
    truth: list[tuple[PointId, ...]] = []
    tally: Tally | None = None
    for is_search, found in groupby(lines, lambda line: isinstance(line, Sample)):
        if not is_search:
            truth += [line for line in found if not isinstance(line, Sample)]
            continue
        tally = tally or _empty(record, truth)
        for sample in found:
            if isinstance(sample, Sample) and sample.measurement < len(record.measurements):
                tally.add(sample)
    return tally or _empty(record, truth)


def _empty(record: RunRecord, truth: Sequence[tuple[PointId, ...]]) -> Tally:
    return Tally(record.measurements, truth or None, rate=record.plan.rate, seed=record.plan.seed)


def gather(record: RunRecord, tally: Tally) -> Evidence:
    """Splits the queries and weighs every variant on both halves. Controls can't be chosen and are left out.

    Of several levels of concurrency the lowest counts: the choice is about memory and search settings.
    """
    least = min((measured.concurrency for measured in record.measurements), default=1)
    chosen = [
        (index, measured)
        for index, measured in enumerate(record.measurements)
        if not (measured.search.exact or measured.search.ignore) and measured.concurrency == least
    ]
    recalls = {index: recalls_of(tally.answered[index]) for index, _ in chosen}
    halves = split(sorted({query for found in recalls.values() for query in found}), record.plan.seed)
    collections = {found.name: found for found in record.collections}
    candidates = []
    for index, measured in chosen:
        held = collections.get(measured.collection)
        spans = [_span([recalls[index][query] for query in half if query in recalls[index]], record) for half in halves]
        ram = None if held is None else ram_bytes(held)
        candidates.append(Candidate(index, measured, held, ram, recalls[index], tally.answered[index], *spans))
    return Evidence(record, *halves, tuple(candidates))


def split(queries: Sequence[int], seed: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two halves of the queries, the same for every variant and every time; the first is the larger when odd."""
    shuffled = np.random.default_rng((seed, _SALT)).permutation(np.asarray(queries, dtype=np.int64))
    middle = (len(queries) + 1) // 2
    first, second = sorted(shuffled[:middle].tolist()), sorted(shuffled[middle:].tolist())
    return tuple(first), tuple(second)


def ram_bytes(collection: CollectionRecord) -> float | None:
    """What of one vector must be in RAM for a fast search; None where the quantized data wasn't found.

    Without quantization that is the float vector, wherever it lies: every step of a search reads some.
    """
    size = collection.bytes_per_vector
    if collection.method == "none":
        return size.original
    if size.quantized is None:
        return None
    return size.quantized if originals_on_disk(collection) else size.original + size.quantized


def originals_on_disk(collection: CollectionRecord) -> bool:
    """Whether the float vectors are read from disk on use; so are those of runs that don't tell."""
    spec = vector_spec(collection)
    if spec is None:
        return True
    return spec.placement is Placement.COLD if spec.placement is not None else bool(spec.on_disk)


def vector_spec(collection: CollectionRecord) -> VectorSpec | None:
    """Settings of the vector that was searched; None in records that don't tell."""
    if collection.settings is None:
        return None
    return next((spec for spec in collection.settings.vectors if spec.name == collection.using), None)


def differ(one: Candidate, other: Candidate, seed: int) -> Difference:
    """Paired over queries: how `one` compares with `other`, with 95% intervals."""
    times = [metrics.median_by_query(each.answered.engine_ms, each.answered.query) for each in (one, other)]
    shared = sorted(one.recalls.keys() & other.recalls.keys())
    changes = [one.recalls[query] - other.recalls[query] for query in shared]
    found = metrics.recall(changes, seed=seed)
    recall = None if found is None else Span(found.mean, *_widened(found.low, found.high))
    return Difference(metrics.versus(times[0], times[1], seed=seed), recall)


def pooled(candidate: Candidate, seed: int) -> Span | None:
    """Its recall over the queries of both halves; None where too few were asked."""
    values = [candidate.recalls[query] for query in sorted(candidate.recalls)]
    found = metrics.recall(values, seed=seed) if len(values) >= LEAST_HALF else None
    return None if found is None else Span(found.mean, found.low, found.high)


def _widened(low: float, high: float) -> Interval:
    # sums of differences leave rounding behind where they should cancel out
    return low - 1e-12, high + 1e-12


def recalls_of(held: Answered) -> dict[int, float]:
    """Query → mean recall, a failed search as 0; queries with an empty exact answer are left out."""
    if not held.recalls:
        return {}
    unheard = held.failed.keys() - set(held.query)
    found = {}
    for query in sorted(held.recalls.keys() | unheard):
        answers = held.recalls.get(query, [])
        found[query] = sum(answers) / (len(answers) + held.failed[query])
    return found


def _span(values: list[float], record: RunRecord) -> Span | None:
    if len(values) < LEAST_HALF:
        return None
    found = metrics.recall(values, seed=record.plan.seed)
    return None if found is None else Span(found.mean, found.low, found.high)
