"""A small deterministic engine in memory, with scripted latencies.

`FakeEngine` speaks the whole engine protocol. Quantized answers are real losses: vectors rounded to the method's
bits, so that recall falls and rescoring repairs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any

import numpy as np

from qtui.engine.base import Origin, PointBatch, Vector
from qtui.errors import DataError, Exists, NotFound, UsageError, shown
from qtui.filters import Filter
from qtui.methods import method
from qtui.model import (
    COMPONENTS,
    Answer,
    Built,
    Bytes,
    Change,
    CollectionSpec,
    CollectionView,
    EngineInfo,
    Page,
    Payload,
    Point,
    PointId,
    SearchSettings,
    Timed,
    VectorSpec,
    VectorView,
)
from tests.fake_clock import FakeClock
from tests.fake_filters import matches
from tests.fake_search import checked, checked_id, id_order, ranked


@dataclass(slots=True)
class Call:
    """One search that the fake was asked, in the order of arrival."""

    index: int
    collection: str
    settings: SearchSettings
    query: Vector
    in_flight: int
    """Searches under way when this one came, itself included."""
    started_s: float = 0.0


@dataclass(slots=True)
class _Collection:
    spec: CollectionSpec
    origin: Origin
    points: dict[PointId, tuple[dict[str, Any], Payload | None]] = field(default_factory=dict)
    is_built: bool = False
    loaded_rows: int = 0
    known: dict[Any, Any] = field(default_factory=dict)
    """Answers and rankings of what is there now: runs ask the same again and again."""


class FakeEngine:
    """The engine protocol in memory. `latency_ms` and `failure` are asked before each answer.

    `overhead_ms` is what the round trip adds to the engine's time. With a clock, a search takes its round trip in
    virtual time; without, it takes none and only reports it. `unbuilt` names collections that never build.
    """

    def __init__(
        self,
        *,
        clock: FakeClock | None = None,
        latency_ms: Callable[[Call], float] = lambda _: 0.25,
        failure: Callable[[Call], Exception | None] = lambda _: None,
        overhead_ms: float = 0.05,
        parallel: bool = True,
        can_evict: bool = True,
        unbuilt: Sequence[str] = (),
        segments: int = 1,
    ) -> None:
        self._clock = clock
        self._latency_ms = latency_ms
        self._failure = failure
        self._overhead_ms = overhead_ms
        self._parallel = parallel
        self._can_evict = can_evict
        self._unbuilt = frozenset(unbuilt)
        self._segments = segments
        self._collections: dict[str, _Collection] = {}
        self._in_flight = 0
        self.calls: list[Call] = []
        self.evicted: list[str] = []
        self.closed = False

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("embedded", "fake", "memory", parallel=self._parallel)

    # --- collections ---

    async def collections(self) -> tuple[str, ...]:
        return tuple(sorted(self._collections))

    async def view(self, name: str) -> CollectionView:
        held = self._held(name)
        vectors = tuple(self._vector_view(name, held, spec) for spec in held.spec.vectors)
        expected = held.origin.expected_points
        complete = held.is_built and (expected is None or len(held.points) == expected)
        return CollectionView(
            name=name,
            status="green" if complete else "partial",
            points=len(held.points),
            segments=self._segments if held.points else 0,
            vectors=vectors,
            spec=held.spec,
            memory={component: Bytes(heap=0, cached=None, disk=0) for component in COMPONENTS},
            expected_points=expected,
            origin=held.origin.source,
        )

    def _vector_view(self, name: str, held: _Collection, spec: VectorSpec) -> VectorView:
        tokens = sum(len(vectors[spec.name]) if spec.multivector else 1 for vectors, _ in held.points.values())
        of = self._segments if held.points else 0
        threshold = held.spec.indexing_threshold_kb
        enough = threshold is None or 0 < threshold * 1024 <= tokens * spec.size * 4
        indexed = of if held.is_built and enough else 0
        quantization = spec.quantization
        chosen = method(quantization.method if quantization else "none")
        at_once = chosen.family in ("binary", "turbo")
        is_quantized = quantization is not None and name not in self._unbuilt and (at_once or indexed > 0)
        return VectorView(
            spec=spec,
            built=Built((of if is_quantized else 0) if quantization else indexed, of),
            indexed=Built(indexed, of),
            original_bytes=4 * spec.size,
            quantized_bytes=chosen.bytes_per_vector(spec.size, spec.distance) if is_quantized else None,
            theoretical_compression=chosen.compression(spec.size, spec.distance),
            effective_rescore=chosen.default_rescore if quantization else None,
            vectors=tokens,
        )

    async def create(self, spec: CollectionSpec, origin: Origin | None = None) -> None:
        if spec.name in self._collections:
            raise Exists(f"there is a collection {shown(spec.name)} already; choose another name")
        if not spec.name or not spec.vectors or any(vector.size < 1 for vector in spec.vectors):
            raise UsageError("a collection needs a name and vectors of at least one component")
        for vector in spec.vectors:
            if vector.quantization is not None:
                method(vector.quantization.method)
        self._collections[spec.name] = _Collection(spec, origin or Origin())

    async def delete(self, name: str) -> None:
        self._held(name)
        del self._collections[name]

    async def reconfigure(self, name: str, change: Change, vector_name: str = "") -> float:
        held = self._held(name)
        old = self._vector(held, vector_name)
        quantization = None if change.drop_quantization else change.quantization or old.quantization
        new = replace(
            old,
            quantization=quantization,
            hnsw=change.hnsw or old.hnsw,
            on_disk=old.on_disk if change.on_disk is None else change.on_disk,
            placement=change.placement or old.placement,
        )
        threshold = change.indexing_threshold_kb
        held.known.clear()
        held.spec = replace(
            held.spec,
            vectors=tuple(new if spec is old else spec for spec in held.spec.vectors),
            indexing_threshold_kb=held.spec.indexing_threshold_kb if threshold is None else threshold,
        )
        return 0.0

    # --- points ---

    async def upsert(self, name: str, batch: PointBatch) -> None:
        held = self._held(name)
        ids = [checked_id(point_id) for point_id in batch.ids]
        columns = {}
        for vector_name, vectors in batch.vectors.items():
            spec = self._vector(held, vector_name)
            if len(vectors) != len(ids):
                raise DataError(f"{len(ids)} ids but {len(vectors)} vectors; give one vector a point")
            columns[vector_name] = [checked(vector, spec) for vector in vectors]
        payloads = list(batch.payloads) or [None] * len(ids)
        if len(payloads) != len(ids):
            raise DataError(f"{len(ids)} ids but {len(payloads)} payloads; give one a point")
        held.known.clear()
        for row, point_id in enumerate(ids):
            held.points[point_id] = ({key: column[row] for key, column in columns.items()}, payloads[row])

    async def build(self, name: str) -> float:
        held = self._held(name)
        held.known.clear()
        held.is_built = True
        return 0.0

    async def mark(self, name: str, *, loaded_rows: int) -> None:
        self._held(name).loaded_rows = loaded_rows

    async def loaded_rows(self, name: str) -> int:
        return self._held(name).loaded_rows

    # --- reading ---

    async def query(
        self,
        name: str,
        query: Vector,
        settings: SearchSettings,
        *,
        using: str = "",
        filter_: Filter | None = None,
        with_payload: bool = False,
    ) -> Timed[Answer]:
        self._in_flight += 1
        try:
            call = Call(
                len(self.calls), name, settings, query, self._in_flight, self._clock.now() if self._clock else 0
            )
            self.calls.append(call)
            engine_ms = self._latency_ms(call)
            round_trip_ms = engine_ms + self._overhead_ms
            if self._clock is not None:
                await self._clock.sleep(round_trip_ms / 1000)
            error = self._failure(call)
            if error is not None:
                raise error
            answer = self._known_answer(name, query, settings, using, filter_, with_payload=with_payload)
            return Timed(answer, engine_ms, round_trip_ms)
        finally:
            self._in_flight -= 1

    async def query_batch(
        self,
        name: str,
        queries: Sequence[Vector],
        settings: SearchSettings,
        *,
        using: str = "",
        filter_: Filter | None = None,
    ) -> Timed[tuple[Answer, ...]]:
        answers = tuple(
            self._known_answer(name, query, settings, using, filter_, with_payload=False) for query in queries
        )
        return Timed(answers, 0.25, 0.3)

    async def scroll(
        self,
        name: str,
        *,
        limit: int = 100,
        offset: PointId | None = None,
        filter_: Filter | None = None,
        with_payload: bool = True,
        with_vectors: bool = False,
    ) -> Page:
        ids = sorted(self._matching(self._held(name), filter_), key=id_order)
        rest = [point_id for point_id in ids if offset is None or id_order(point_id) >= id_order(offset)]
        points = await self.retrieve(name, rest[:limit], with_payload=with_payload, with_vectors=with_vectors)
        return Page(points, rest[limit] if len(rest) > limit else None)

    async def retrieve(
        self, name: str, ids: Sequence[PointId], *, with_payload: bool = True, with_vectors: bool = False
    ) -> tuple[Point, ...]:
        points = self._held(name).points
        return tuple(
            Point(
                point_id,
                points[point_id][1] if with_payload else None,
                {key: vector.tolist() for key, vector in points[point_id][0].items()} if with_vectors else None,
            )
            for point_id in ids
            if point_id in points
        )

    async def count(self, name: str, filter_: Filter | None = None) -> int:
        return len(self._matching(self._held(name), filter_))

    async def evict(self, name: str) -> bool:
        self._held(name)
        self.evicted.append(name)
        return self._can_evict

    async def close(self) -> None:
        self.closed = True

    # --- inside ---

    def _held(self, name: str) -> _Collection:
        try:
            return self._collections[name]
        except KeyError:
            raise NotFound(f"no collection {shown(name)}; `qtui inspect` lists them") from None

    def _vector(self, held: _Collection, name: str) -> VectorSpec:
        try:
            return held.spec.vector(name)
        except KeyError:
            raise UsageError(f"no vector {shown(name)} in {shown(held.spec.name)}") from None

    def _matching(self, held: _Collection, filter_: Filter | None) -> list[PointId]:
        return [
            point_id
            for point_id, (_, payload) in held.points.items()
            if filter_ is None or matches(filter_, point_id, payload or {})
        ]

    def _known_answer(self, name: str, query: Vector, *how: Any, with_payload: bool) -> Answer:
        """As `_answer`, whose settings, vector and filter `how` is; what was answered before is known."""
        if with_payload or how[-1] is not None or not isinstance(query, np.ndarray):
            return self._answer(name, query, *how, with_payload=with_payload)
        known, key = self._held(name).known, (*how, query.shape, query.dtype, query.tobytes())
        if key not in known:
            known[key] = self._answer(name, query, *how, with_payload=with_payload)
        answer: Answer = known[key]
        return answer

    def _answer(
        self,
        name: str,
        query: Vector,
        settings: SearchSettings,
        using: str,
        filter_: Filter | None,
        *,
        with_payload: bool,
    ) -> Answer:
        held = self._held(name)
        spec = self._vector(held, using)
        query = checked(query, spec)
        candidates = [point_id for point_id in self._matching(held, filter_) if using in held.points[point_id][0]]
        built = self._vector_view(name, held, spec).built.complete
        if built and not settings.exact and not settings.ignore and spec.quantization is not None:
            chosen = method(spec.quantization.method)
            rescore = chosen.default_rescore if settings.rescore is None else settings.rescore
            keep = ceil(settings.limit * (settings.oversampling or 1.0)) if rescore else settings.limit
            levels, key = 2 ** ceil(chosen.bits), ("rough", using, query.tobytes())
            if filter_ is not None:
                rough = self._ranked(held, candidates, query, spec, levels=levels)
            else:
                if key not in held.known:
                    held.known[key] = self._ranked(held, candidates, query, spec, levels=levels)
                rough = held.known[key]
            if not rescore:
                return self._cut(held, rough[:keep], with_payload=with_payload)
            candidates = [point_id for _, point_id in rough[:keep]]
        exact = self._ranked(held, candidates, query, spec, levels=None)
        return self._cut(held, exact[: settings.limit], with_payload=with_payload)

    def _ranked(
        self, held: _Collection, ids: Sequence[PointId], query: Vector, spec: VectorSpec, *, levels: int | None
    ) -> list[tuple[float, PointId]]:
        return ranked(ids, [held.points[point_id][0][spec.name] for point_id in ids], query, spec, levels=levels)

    def _cut(self, held: _Collection, ranked: Sequence[tuple[float, PointId]], *, with_payload: bool) -> Answer:
        payloads = tuple(held.points[point_id][1] for _, point_id in ranked) if with_payload else None
        return Answer(tuple(point_id for _, point_id in ranked), tuple(value for value, _ in ranked), payloads)
