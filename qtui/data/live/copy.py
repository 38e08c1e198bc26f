"""Copies one vector of a collection into another, by scroll and upsert, whatever engine holds them.

Points are written in the order of their ids, so that what is there says where an interrupted copy goes on; a point that
is written twice is the same point.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from qtui.data.live.draw import last_id, read_page
from qtui.engine.base import Engine, Origin, PointBatch
from qtui.engine.pace import FREE, Pace
from qtui.errors import DataError, Exists, shown
from qtui.events import BuildDone, Event, Progress
from qtui.loads import BuildSpec, collection_spec
from qtui.model import Change, CollectionView, Point, VectorSpec
from qtui.names import VARIANT, variant_of
from qtui.served import BURST_S

_BATCH_BYTES = 2 << 20
_LARGEST_BATCH = 500
_EVERY_S = 0.3
_ORIGIN = "copied by qtui from "


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy to be made."""

    view: CollectionView
    """The collection that is copied, as it is found."""
    vector: VectorSpec
    """The vector of it that the copy gets."""
    name: str
    method: str
    build: BuildSpec
    """Of it the index's and the quantization's settings."""
    payload: bool = True


async def copy(engine: Engine, wanted: Copy, pace: Pace = FREE) -> AsyncGenerator[Event, None]:
    """Makes the copy, or goes on with it, and waits until it is built; ends with BuildDone.

    Raises Exists when the name is taken by something else, DataError when points came or went while it was made, and
    what the engine raises: what was written until then stays, and the same call goes on.
    """
    done = await _begun(engine, wanted)
    began = time.monotonic()
    async for event in _written(engine, wanted, done, pace):
        yield event
    load_seconds = time.monotonic() - began
    points, there = await engine.count(wanted.name), await engine.count(wanted.view.name)
    if points != there:
        raise DataError(
            f"{shown(wanted.name)} has {points} points, {shown(wanted.view.name)} has {there} by now: it changed while"
            " it was copied; delete the copy and try again when it is quiet"
        )
    yield Progress("index", wanted.name, 0, None, 0.0, None)
    began = time.monotonic()
    # nothing was indexed while it was written: that would be done again and again
    await engine.reconfigure(
        wanted.name, Change(indexing_threshold_kb=wanted.build.indexing_threshold_kb or 1), wanted.vector.name
    )
    await engine.build(wanted.name)
    yield BuildDone(wanted.name, points, load_seconds, time.monotonic() - began)


async def _begun(engine: Engine, wanted: Copy) -> int:
    """Creates the copy where it isn't there. Returns its points. Raises Exists for one that isn't this copy."""
    origin = f"{_ORIGIN}{wanted.view.name}"
    spec, vector = wanted.view.spec, wanted.vector
    if wanted.name not in await engine.collections():
        build = replace(wanted.build, distance=vector.distance, vector_name=vector.name, indexing_threshold_kb=0)
        graph = vector.hnsw
        if graph is not None and build.hnsw_m is None:
            build = replace(build, hnsw_m=graph.m, ef_construct=graph.ef_construct)
        made = collection_spec(wanted.name, wanted.method, build, size=vector.size, multivector=vector.multivector)
        indexes = spec.payload_indexes if wanted.payload else {}
        made = replace(made, payload_indexes=indexes, shards=spec.shards, replicas=spec.replicas)
        await engine.create(made, Origin(origin, wanted.view.points))
        return 0
    there = await engine.view(wanted.name)
    alike = [each.spec for each in there.vectors if each.spec.name == vector.name and each.spec.size == vector.size]
    methods = {"none" if each.quantization is None else each.quantization.method for each in alike}
    if there.error is not None or methods != {wanted.method} or there.points > wanted.view.points:
        raise Exists(f"{shown(wanted.name)} is there already, and no copy of this collection; delete it, or rename it")
    return there.points


async def _written(engine: Engine, wanted: Copy, already: int, pace: Pace) -> AsyncGenerator[Event, None]:
    """Reads and writes what isn't there yet."""
    total, began, told = wanted.view.points, time.monotonic(), 0.0
    most = None if wanted.view.served is None else wanted.view.served.limits.reads_a_second
    reading = pace if most is None else pace.slowed(most)
    about = wanted.name if most is None else f"{wanted.name} (as slow as strict mode wants it)"
    yield Progress("copy", about, already, total, 0.0, None)
    if already >= total:
        return
    offset = await last_id(engine, wanted.name, pace) if already else None
    done = max(0, already - 1)  # the last one is written again
    limit = _batch(wanted.vector, most)
    while True:
        page, limit = await read_page(
            engine,
            wanted.view.name,
            limit,
            offset,
            reading,
            with_payload=wanted.payload,
            with_vectors=True,
            cost=1 if most is None else limit,  # strict mode counts points, the load guard requests
        )
        batch = _batch_of(page.points, wanted)
        if len(batch.ids):
            await pace.asked(partial(engine.upsert, wanted.name, batch))
        done += len(page.points)
        if time.monotonic() - told >= _EVERY_S or page.next_offset is None:
            told = time.monotonic()
            left_s = (told - began) / max(1, done - already) * max(0, total - done)
            yield Progress("copy", about, min(done, total), total, told - began, left_s)
        if page.next_offset is None:
            return
        offset = page.next_offset


def _batch(vector: VectorSpec, most: float | None) -> int:
    """Points of a page; `most`: points a second that may be read."""
    tokens = 256 if vector.multivector else 1
    largest = _LARGEST_BATCH if most is None else min(_LARGEST_BATCH, int(most * BURST_S))
    return max(1, min(largest, _BATCH_BYTES // (4 * vector.size * tokens)))


def _batch_of(points: Sequence[Point], wanted: Copy) -> PointBatch:
    """The points as they are written. Raises DataError for one without the vector: a copy would lack it."""
    name, rows = wanted.vector.name, []
    for point in points:
        vector = (point.vectors or {}).get(name)
        if vector is None:
            raise DataError(f"point {shown(point.id)} of {shown(wanted.view.name)} has no vector {shown(name)}")
        rows.append(np.asarray(vector, dtype=np.float32))
    vectors = rows if wanted.vector.multivector or not rows else np.stack(rows)
    payloads = [point.payload for point in points] if wanted.payload else ()
    return PointBatch([point.id for point in points], {name: vectors}, payloads)


async def copies(engine: Engine) -> tuple[str, ...]:
    """Names of collections that are copies by their names: what a killed run may have left, and what was kept."""
    return tuple(name for name in await engine.collections() if VARIANT in name and variant_of(name) is not None)
