"""What a run asks: queries from a file, drawn from the vectors and held out, or drawn from a collection."""

from __future__ import annotations

from functools import partial

import numpy as np

from qtui.data.live.draw import draw
from qtui.data.queries import QuerySet, check_queries, too_few
from qtui.data.vectors import VectorSource, open_vectors, queries_of
from qtui.engine.base import Engine
from qtui.engine.pace import FREE, Pace
from qtui.errors import DataError, UsageError, shown
from qtui.loads import DocumentsSpec, SourceSpec
from qtui.model import CollectionView, Point, VectorSpec
from qtui.plan import DEFAULT_QUERIES, BenchRequest

_RETRIEVE = 500


def from_source(request: BenchRequest, source: VectorSource) -> QuerySet:
    """Queries for vectors of a source: a file's, those that the source carries, or rows held out.

    Raises UsageError for more of them than there are, DataError for queries that the vectors can't be asked.
    """
    distance = request.build.distance
    if request.queries_file is not None:
        return queries_of(_given(request), source, distance, limit=request.queries)
    own = source.queries()
    if own is None:
        return source.held_out(request.queries, request.seed, distance)
    if request.queries > max(len(own), DEFAULT_QUERIES):
        raise too_few(request.queries, len(own), source.name)
    own = own.first(request.queries) if request.queries else own
    check_queries(own, dimension=source.dimension, multivector=source.multivector, distance=distance)
    return own


async def from_collection(
    request: BenchRequest, engine: Engine, view: CollectionView, spec: VectorSpec, pace: Pace = FREE
) -> QuerySet:
    """Queries for a collection that is there: from a file, or points of its own drawn with the seed."""
    if request.queries_file is not None:
        return _from_file(_given(request), request.queries, spec)
    if request.queries >= view.points:
        raise UsageError(
            f"can't draw {request.queries} queries from {view.points} points; ask for fewer with --queries"
        )
    drawn = await draw(engine, view.name, request.queries, points=view.points, seed=request.seed, pace=pace)
    chosen = drawn.ids
    found: list[Point] = []
    for start in range(0, len(chosen), _RETRIEVE):
        read = partial(
            engine.retrieve, view.name, chosen[start : start + _RETRIEVE], with_payload=False, with_vectors=True
        )
        found.extend(await pace.asked(read))
    held = {point.id: (point.vectors or {}).get(spec.name) for point in found}
    if any(held.get(point_id) is None for point_id in chosen):
        raise DataError(f"some points of {shown(view.name)} have no vector {shown(spec.name)}; give --queries FILE")
    vectors = [np.asarray(held[point_id], dtype=np.float32) for point_id in chosen]
    return QuerySet(vectors if spec.multivector else np.stack(vectors), "collection", ids=chosen)


def _given(request: BenchRequest) -> SourceSpec:
    """The file of queries: of vectors, or of what the model has embedded."""
    file, found = request.queries_file, request.queries_embedded
    if file is None or found is None:
        return SourceSpec(kind="file", path=file)
    return SourceSpec("embed", documents=DocumentsSpec((file,), found.embedder.choice, queries=True, embedded=found))


def _from_file(asked: SourceSpec, limit: int, spec: VectorSpec) -> QuerySet:
    with open_vectors(asked) as file:
        own = file.queries()
        count = min(limit, file.rows) if limit else file.rows
        found = QuerySet(file.rows_at(np.arange(count)), "file") if own is None else own.first(limit or len(own))
    if limit > len(found):
        raise too_few(limit, len(found), asked.path or file.name)
    check_queries(found, dimension=spec.size, multivector=spec.multivector, distance=spec.distance)
    return found
