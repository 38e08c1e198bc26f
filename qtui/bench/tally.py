"""Folds searches into the figures of a run; used while it runs, and to read what a killed one left."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from qtui.bench import metrics
from qtui.bench.measure import Block
from qtui.model import PointId
from qtui.records import Failure, Measurement, Sample, Speedup, Split

COLD = -1
"""`repeat` of the samples of a cold pass, which are in no figure."""


@dataclass(slots=True)
class Answered:
    """What one variant answered so far."""

    engine_ms: list[float] = field(default_factory=list)
    round_trip_ms: list[float] = field(default_factory=list)
    query: list[int] = field(default_factory=list)
    repeat: list[int] = field(default_factory=list)
    recalls: dict[int, list[float]] = field(default_factory=dict)
    """Query → recall of each of its answers."""
    failures: Counter[str] = field(default_factory=Counter)
    failed: Counter[int] = field(default_factory=Counter)
    """Query → how many of its searches failed."""
    wall_s: float = 0.0
    timed: int = 0
    """Searches, failed ones too, that `wall_s` spans."""
    client_cpu_s: float = 0.0
    """Of the processes that asked a server, in blocks that lasted `client_wall_s` together."""
    client_wall_s: float = 0.0
    client_searches: int = 0
    processes: int = 1

    @property
    def client_share(self) -> float:
        """How much of a core each asking process used while it asked."""
        whole = self.client_wall_s * self.processes
        return self.client_cpu_s / whole if whole > 0 else 0.0

    def pass_medians(self) -> list[float]:
        """Median engine time of each pass, in order."""
        times, passes = np.asarray(self.engine_ms), np.asarray(self.repeat)
        return [float(np.median(times[passes == number])) for number in sorted(set(self.repeat))]


class Tally:
    """All variants of a run: add samples and the wall time of blocks, ask for measurements."""

    def __init__(
        self,
        blanks: Sequence[Measurement],
        truth: Sequence[Sequence[PointId]] | None,
        *,
        rate: float | None,
        seed: int,
    ) -> None:
        """`blanks`: the measurements without figures, in the order of the plan."""
        self.blanks = tuple(blanks)
        self._truth = None if truth is None else [frozenset(ids) for ids in truth]
        self.rate = rate
        self._seed = seed
        self.answered = tuple(Answered() for _ in blanks)
        self._last: tuple[tuple[int, int], tuple[Measurement, ...]] | None = None
        self._figured: dict[int, tuple[object, Measurement]] = {}

    def extend(self, blank: Measurement) -> None:
        """One more variant, after the others."""
        self.blanks = (*self.blanks, blank)
        self.answered = (*self.answered, Answered())
        self._last = None

    def add(self, sample: Sample) -> None:
        """Counts one search; those of a cold pass are left out."""
        if sample.repeat == COLD:
            return
        held = self.answered[sample.measurement]
        if sample.error is not None or sample.engine_ms is None or sample.round_trip_ms is None:
            held.failures[sample.error or "no answer"] += 1
            held.failed[sample.query] += 1
            return
        held.engine_ms.append(sample.engine_ms)
        held.round_trip_ms.append(sample.round_trip_ms)
        held.query.append(sample.query)
        held.repeat.append(sample.repeat)
        if self._truth is not None:
            found = metrics.recall_of(sample.ids, self._truth[sample.query])
            if found is not None:
                held.recalls.setdefault(sample.query, []).append(found)

    def add_wall(self, measurement: int, wall_s: float, searches: int) -> None:
        """Counts the wall time of one block."""
        self.answered[measurement].wall_s += wall_s
        self.answered[measurement].timed += searches

    def add_client(self, measurement: int, block: Block) -> None:
        """Counts what one block cost the processes that asked a server."""
        held = self.answered[measurement]
        held.client_cpu_s += block.cpu_s
        held.client_wall_s += block.wall_s
        held.client_searches += len(block.outcomes)
        held.processes = block.processes

    def measurements(self, *, resamples: int = 1000) -> tuple[Measurement, ...]:
        """The figures of all variants so far."""
        state = (resamples, sum(held.timed + len(held.query) + held.failures.total() for held in self.answered))
        if self._last is None or self._last[0] != state:
            figures = [self._known(index, resamples) for index in range(len(self.blanks))]
            self._last = state, tuple(self._compared(index, figures, resamples) for index in range(len(figures)))
        return self._last[1]

    def _known(self, index: int, resamples: int) -> Measurement:
        """Its figures, made anew only where it answered more since, or is described otherwise."""
        held, blank = self.answered[index], self.blanks[index]
        answered = (held.timed, len(held.query), held.failures.total(), held.client_searches, held.wall_s)
        state = (resamples, answered, blank)
        if index not in self._figured or self._figured[index][0] != state:
            self._figured[index] = (state, self._figures(index, resamples))
        return self._figured[index][1]

    def _figures(self, index: int, resamples: int) -> Measurement:
        held, blank = self.answered[index], self.blanks[index]
        means = [math.fsum(found) / len(found) for _, found in sorted(held.recalls.items())]
        n = len(held.engine_ms)
        alone = blank.concurrency == 1 and self.rate is None and held.timed > 0 and not held.failures
        overhead_ms = None
        if alone and held.timed == n:
            # never below 0, where both clocks round
            overhead_ms = max(0.0, (held.wall_s * 1000 - sum(held.round_trip_ms)) / n)
        return replace(
            blank,
            errors=sum(held.failures.values()),
            failures=tuple(Failure(error, count) for error, count in held.failures.most_common()),
            recall=metrics.recall(means, resamples=resamples, seed=self._seed),
            engine_ms=metrics.latency(held.engine_ms, held.query, resamples=resamples, seed=self._seed),
            round_trip_ms=metrics.latency(held.round_trip_ms, held.query, resamples=resamples, seed=self._seed),
            overhead_ms=overhead_ms,
            qps=n / held.wall_s if n and held.wall_s > 0 else None,
            split=self._split(held) if alone else None,
        )

    @staticmethod
    def _split(held: Answered) -> Split | None:
        if not held.client_searches or not held.engine_ms:
            return None
        client_ms = held.client_cpu_s * 1000 / held.client_searches
        outside_ms = (math.fsum(held.round_trip_ms) - math.fsum(held.engine_ms)) / len(held.engine_ms)
        return Split(client_ms, max(0.0, outside_ms - client_ms))

    def _compared(self, index: int, figures: Sequence[Measurement], resamples: int) -> Measurement:
        own = figures[index]
        at = baseline(figures, own)
        base = None if at is None else figures[at]
        if at is None or base is None or own.engine_ms is None or own.round_trip_ms is None:
            return own
        if base.engine_ms is None or base.round_trip_ms is None:
            return own
        speedup = None
        if own.engine_ms.p50 > 0 and own.round_trip_ms.p50 > 0:
            speedup = Speedup(base.engine_ms.p50 / own.engine_ms.p50, base.round_trip_ms.p50 / own.round_trip_ms.p50)
        if own.method == "none":
            return replace(own, speedup=speedup)
        mine, theirs = self.answered[index], self.answered[at]
        versus = metrics.versus(
            metrics.median_by_query(mine.engine_ms, mine.query),
            metrics.median_by_query(theirs.engine_ms, theirs.query),
            resamples=resamples,
            seed=self._seed,
        )
        return replace(own, speedup=speedup, vs_baseline=versus)


def baseline(measurements: Sequence[Measurement], own: Measurement) -> int | None:
    """Index of `none` without controls at the same hnsw_ef and concurrency; None where it isn't measured."""
    for index, other in enumerate(measurements):
        same = other.search.hnsw_ef == own.search.hnsw_ef and other.concurrency == own.concurrency
        if other.method == "none" and same and not other.search.exact and not other.search.ignore:
            return index
    return None
