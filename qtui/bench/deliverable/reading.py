"""Which measurements of a record a report compares: the baseline, and each method without and with rescoring. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from qtui.bench.deliverable.parts import Facts
from qtui.methods import METHODS
from qtui.records import Measurement, RunRecord


@dataclass(frozen=True, slots=True)
class Method:
    """One method at the report's hnsw_ef and concurrency; indexes into the record's measurements and collections."""

    name: str
    collection: int | None
    off: int | None
    """Without rescoring."""
    factors: tuple[tuple[float, int], ...]
    """Oversampling → measurement, with rescoring, smallest factor first."""
    on: int | None
    """Of those the recommended one, else the least factor whose mean recall keeps the target, else the best recall."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A record, and what of it is compared."""

    facts: Facts
    none: int | None
    best: int | None
    """The recommended measurement."""
    methods: tuple[Method, ...]
    """Without `none`."""

    @property
    def record(self) -> RunRecord:
        """What it is all read from."""
        return self.facts.record

    def of(self, index: int) -> Measurement:
        """A measurement."""
        return self.record.measurements[index]

    def recall(self, index: int | None) -> float | None:
        """Its mean recall."""
        found = None if index is None else self.of(index).recall
        return None if found is None else found.mean

    def p50(self, index: int | None) -> float | None:
        """Its median engine time in ms."""
        found = None if index is None else self.of(index).engine_ms
        return None if found is None else found.p50

    def mean(self, index: int | None) -> float | None:
        """Its mean engine time in ms."""
        found = None if index is None else self.of(index).engine_ms
        return None if found is None else found.mean

    @property
    def compared(self) -> tuple[int, ...]:
        """Every measurement that stands in a chart: the baseline, then each method's, in reading order."""
        found = [self.none, *(each for method in self.methods for each in (method.off, *dict(method.factors).values()))]
        return tuple(index for index in found if index is not None)


def read(record: RunRecord) -> Reading:
    """Chooses what is compared: at the recommended hnsw_ef and the least concurrency, else at the first measured."""
    usable = [
        index
        for index, measured in enumerate(record.measurements)
        if measured.engine_ms is not None
        and measured.method in METHODS
        and not (measured.search.exact or measured.search.ignore)
    ]
    least = min((record.measurements[index].concurrency for index in usable), default=1)
    usable = [index for index in usable if record.measurements[index].concurrency == least]
    best = _recommended(record, usable)
    first = best if best is not None else usable[0] if usable else None
    if first is not None:
        ef = record.measurements[first].search.hnsw_ef
        usable = [index for index in usable if record.measurements[index].search.hnsw_ef == ef]
    none = next((index for index in usable if record.measurements[index].method == "none"), None)
    names = dict.fromkeys(record.measurements[index].method for index in usable)
    methods = tuple(_method(record, name, usable, best) for name in names if name != "none")
    return Reading(Facts(record), none, best, methods)


def _recommended(record: RunRecord, usable: list[int]) -> int | None:
    wanted = record.recommendation
    if wanted is None:
        return None
    found = [
        index
        for index in usable
        if (record.measurements[index].method, record.measurements[index].search) == (wanted.method, wanted.search)
    ]
    return found[0] if found else None


def _method(record: RunRecord, name: str, usable: list[int], best: int | None) -> Method:
    own = [index for index in usable if record.measurements[index].method == name]
    off = next((index for index in own if record.measurements[index].search.rescore is False), None)
    on = [index for index in own if record.measurements[index].search.rescore]
    factors = sorted((record.measurements[index].search.oversampling or 1.0, index) for index in on)
    held = record.measurements[own[0]].collection
    places = [place for place, found in enumerate(record.collections) if found.name == held]
    return Method(name, places[0] if places else None, off, tuple(factors), _best_factor(record, factors, best))


def _best_factor(record: RunRecord, factors: list[tuple[float, int]], best: int | None) -> int | None:
    indexes = [index for _, index in factors]
    if best in indexes:
        return best
    recalls = {index: found.mean for index in indexes if (found := record.measurements[index].recall) is not None}
    target = record.plan.target_recall
    keeping = [index for index in indexes if target is not None and recalls.get(index, 0.0) >= target]
    if keeping:
        return keeping[0]
    return max(recalls, key=lambda index: recalls[index]) if recalls else indexes[-1] if indexes else None
