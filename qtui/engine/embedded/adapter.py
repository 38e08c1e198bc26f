"""`EmbeddedEngine`: the engine protocol on shards in this process.

The engine answers one call at a time and holds the interpreter while it does, so nothing runs in threads. Each call
takes its place in the event loop's queue first, which is first in, first out: concurrent callers wait their turn, and
`round_trip_ms` shows it. `engine_ms` is measured round the shard's call alone: the request is built before, the answer
converted after.
"""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, perf_counter_ns
from typing import Any

import qdrant_edge as qe

from qtui.engine import files, guard, view
from qtui.engine.base import Origin, PointBatch, Vector
from qtui.engine.embedded import native
from qtui.engine.embedded.shards import Opened, Shards, ready
from qtui.engine.store import SHARD, Manifest, State, Store, clean
from qtui.errors import QtuiError, StoreInUse, UsageError, shown
from qtui.filters import Filter
from qtui.model import (
    Answer,
    Change,
    CollectionSpec,
    CollectionView,
    EngineInfo,
    Page,
    Point,
    PointId,
    SearchSettings,
    Timed,
    VectorSpec,
)

_FLUSH_BYTES = 512 * 1024 * 1024
"""Written vectors after which the log of changes is cut."""
_LARGEST_PAGE = 10_000


class EmbeddedEngine:
    """Collections of one store, each a shard of the embedded engine. Make it with `open_embedded`."""

    def __init__(self, store: Path, *, search_threads: int = 1) -> None:
        self._store = Store(store)
        self._shards = Shards(self._store, search_threads)
        self._version = version("qdrant-edge-py")
        self._params: dict[SearchSettings, qe.SearchParams] = {}
        clean(self._store.path)

    @property
    def info(self) -> EngineInfo:
        """What this is and where."""
        return EngineInfo("embedded", self._version, str(self._store.path), parallel=False)

    # --- collections ------------------------------------------------------------------------------------------

    async def collections(self) -> tuple[str, ...]:
        """Names of all collections, and of foreign folders in the store; opens none."""
        return self._store.names()

    async def view(self, name: str) -> CollectionView:
        """The collection as its files show it; opened, for a moment, only when its points must be counted.

        What can't be read is `broken`, with the reason. Raises NotFound.
        """
        folder = self._store.folder(name)
        opened = self._shards.opened.get(name)
        try:
            manifest = opened.manifest if opened else folder.read()
            points = self._points(name, manifest, opened)
            return view.view(folder, manifest, points)
        except QtuiError as error:
            return view.broken(name, error)

    def _points(self, name: str, manifest: Manifest, opened: Opened | None) -> int:
        if opened is not None:
            self._shards.flush(opened)  # so that the files are complete
            return self._shards.count(opened)
        if manifest.points is not None:
            return manifest.points
        try:
            points = self._shards.count(self._shards.open(name))
        except StoreInUse:
            return sum(segment.points for segment in files.segments(self._store.folder(name).shard))
        self._shards.close(name)
        return points

    async def create(self, spec: CollectionSpec, origin: Origin | None = None) -> None:
        """Makes an empty collection, whole or not at all. Raises Exists, or UsageError for bad settings."""
        guard.check_spec(spec)
        origin = origin or Origin()
        with self._store.making(spec.name) as folder:
            manifest = Manifest(
                spec=spec,
                engine=f"qdrant-edge {self._version}",
                source=origin.source,
                expected_points=origin.expected_points,
                extra=dict(origin.extra),
            )
            folder.shard.mkdir()
            opened = Opened(folder, manifest, None)
            operations = [native.index_operation(field, kind) for field, kind in spec.payload_indexes.items()]
            with self._shards.native(opened, "create"):
                shard = qe.EdgeShard.create(str(folder.shard), native.config(spec, 1))
                for operation in operations:
                    shard.update(operation)
                shard.close()
            folder.write(manifest)

    async def delete(self, name: str) -> None:
        """Removes a collection. What qtui did not make is refused."""
        folder = self._shards.take(name)
        try:
            self._store.remove(folder)
        finally:
            folder.release()
        self._shards.forget_checks(name)

    async def reconfigure(self, name: str, change: Change, vector_name: str = "") -> float:
        """Changes settings of one vector in place and rebuilds what they touch. Returns seconds."""
        await sleep(0)
        opened = self._shards.get(name)
        before = opened.manifest
        spec = changed(before.spec, opened.vector(vector_name), change)
        guard.check_spec(spec)
        started = perf_counter()
        self._shards.flush(opened)
        state = State.LOADING if before.state is State.LOADING else State.INDEXING
        after = replace(before, spec=spec, state=state, points=None, files={})
        try:
            self._shards.reload(opened, after)
        except QtuiError:
            opened.folder.write(before)
            raise
        self._shards.opened[name] = opened
        self._optimize(opened, finish=state is State.INDEXING)
        return perf_counter() - started

    # --- points ----------------------------------------------------------------------------------------------

    async def upsert(self, name: str, batch: PointBatch) -> None:
        """Writes points, all or none; when it returns they survive a kill of the process.

        Raises DataError for the first point that the engine can't hold, DiskFull before the disk is.
        """
        await sleep(0)
        opened = self._shards.get(name)
        ids = guard.point_ids(batch.ids)
        rows = guard.vectors(opened.manifest.spec, batch, ids)
        payloads = guard.payloads(batch.payloads, ids)
        if not len(ids):
            return
        began = perf_counter()
        points = native.points(ids, rows, payloads)
        size = sum(part.nbytes for value in rows.values() for part in (value if isinstance(value, list) else [value]))
        self._shards.require_space(opened, 4 * size, "write")
        manifest = opened.manifest
        if manifest.state is not State.LOADING or manifest.points is not None:
            opened.remember(replace(manifest, state=State.LOADING, points=None))
        opened.unflushed_bytes += size + 1
        with self._shards.native(opened, "write"):
            opened.shard.update(qe.UpdateOperation.upsert_points(points))
        if opened.unflushed_bytes > _FLUSH_BYTES:
            self._shards.flush(opened)
        opened.writing_s += perf_counter() - began

    async def build(self, name: str) -> float:
        """Builds index and quantized data, then marks the load as done. Holds the process until then."""
        await sleep(0)
        opened = self._shards.get(name)
        started = perf_counter()
        if opened.manifest.state is not State.INDEXING:
            opened.remember(replace(opened.manifest, state=State.INDEXING, points=None, files={}))
        self._optimize(opened, finish=True)
        return perf_counter() - started

    def _optimize(self, opened: Opened, *, finish: bool) -> None:
        self._shards.require_space(opened, files.disk_bytes(opened.folder.shard / "segments"), "build")
        opened.unflushed_bytes += 1
        started = perf_counter()
        with self._shards.native(opened, "build"):
            opened.shard.optimize()
        self._shards.flush(opened)
        if finish:
            seconds = perf_counter() - started
            opened.remember(replace(ready(opened, self._shards.count(opened)), index_seconds=seconds))
            self._shards.trust(opened.folder.name)

    async def mark(self, name: str, *, loaded_rows: int) -> None:
        """Remembers how many rows of the source are dealt with: where an interrupted load goes on."""
        opened = self._shards.get(name)
        opened.remember(replace(opened.manifest, loaded_rows=loaded_rows))

    async def loaded_rows(self, name: str) -> int:
        """Rows of the source that `mark` was last told of."""
        return self._manifest(name).loaded_rows

    async def origin(self, name: str) -> Origin:
        """What the creator of a collection wanted remembered."""
        manifest = self._manifest(name)
        return Origin(manifest.source, manifest.expected_points, dict(manifest.extra))

    def _manifest(self, name: str) -> Manifest:
        opened = self._shards.opened.get(name)
        return opened.manifest if opened else self._store.folder(name).read()

    # --- searching ---------------------------------------------------------------------------------------------

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
        """The nearest points. `engine_ms` spans the shard's call alone, `round_trip_ms` the wait for it too."""
        arrived = perf_counter_ns()
        await sleep(0)
        opened = self._shards.get(name)
        request = self._request(opened, query, settings, using, native.filter_(filter_), with_payload=with_payload)
        search = opened.shard.query
        started = perf_counter_ns()
        try:
            found = search(request)
            ended = perf_counter_ns()
        except BaseException as error:
            raise self._shards.failure(opened, "search", error) from error
        answer = native.answer(found, with_payload=with_payload)
        return Timed(answer, (ended - started) / 1e6, (perf_counter_ns() - arrived) / 1e6)

    async def query_batch(
        self,
        name: str,
        queries: Sequence[Vector],
        settings: SearchSettings,
        *,
        using: str = "",
        filter_: Filter | None = None,
    ) -> Timed[tuple[Answer, ...]]:
        """The nearest points of several queries, planned by the engine as one batch."""
        arrived = perf_counter_ns()
        await sleep(0)
        opened = self._shards.get(name)
        condition = native.filter_(filter_)
        requests = [self._request(opened, q, settings, using, condition, with_payload=False) for q in queries]
        batch = qe.QueryBatchRequest(requests)
        started = perf_counter_ns()
        with self._shards.native(opened, "search"):
            found = opened.shard.query_batch(batch)
        ended = perf_counter_ns()
        answers = tuple(native.answer(one, with_payload=False) for one in found)
        return Timed(answers, (ended - started) / 1e6, (perf_counter_ns() - arrived) / 1e6)

    def _request(
        self,
        opened: Opened,
        query: Vector,
        settings: SearchSettings,
        using: str,
        condition: Any,
        *,
        with_payload: bool,
    ) -> qe.QueryRequest:
        params = self._params.get(settings)
        if params is None:
            params = self._params[settings] = native.search_params(settings)
        vector = guard.query(opened.vector(using), query)
        return qe.QueryRequest(
            settings.limit,
            query=native.nearest(vector, using),
            filter=condition,
            params=params,
            with_payload=with_payload,
        )

    # --- reading -----------------------------------------------------------------------------------------------

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
        """Points in id order, from `offset` on; at most 10,000 a page."""
        await sleep(0)
        if not 1 <= limit <= _LARGEST_PAGE:
            raise UsageError(f"a page must hold between 1 and {_LARGEST_PAGE} points")
        start = None if offset is None else guard.point_id(offset)
        opened = self._shards.get(name)
        request = qe.ScrollRequest(
            offset=start,
            limit=limit,
            filter=native.filter_(filter_),
            with_payload=with_payload,
            with_vector=with_vectors,
        )
        with self._shards.native(opened, "read"):
            records, following = opened.shard.scroll(request)
        points = tuple(native.point(record) for record in records)
        return Page(points, None if following is None else native.identity(following))

    async def retrieve(
        self, name: str, ids: Sequence[PointId], *, with_payload: bool = True, with_vectors: bool = False
    ) -> tuple[Point, ...]:
        """The points of `ids` that are there, in the order asked."""
        await sleep(0)
        opened = self._shards.get(name)
        wanted = [guard.point_id(i) for i in ids]
        with self._shards.native(opened, "read"):
            records = opened.shard.retrieve(list(dict.fromkeys(wanted)), with_payload, with_vectors)
        found = {point.id: point for point in map(native.point, records)}
        return tuple(found[i] for i in wanted if i in found)

    async def count(self, name: str, filter_: Filter | None = None) -> int:
        """Exact number of points that match."""
        await sleep(0)
        opened = self._shards.get(name)
        request = qe.CountRequest(exact=True, filter=native.filter_(filter_))
        with self._shards.native(opened, "count"):
            return int(opened.shard.count(request))

    # --- letting go ----------------------------------------------------------------------------------------------

    async def evict(self, name: str) -> bool:
        """Closes the collection, drops its pages, and loads it again, so that the next search reads from disk."""
        await sleep(0)
        self._shards.get(name)
        self._shards.close(name)
        evicted = files.evict(self._store.folder(name).path / SHARD)
        self._shards.open(name)
        return evicted

    async def release(self, name: str) -> None:
        """Closes one collection, so that another process can open it; the next use opens it again."""
        self._shards.close(name)
        self._shards.forget_checks(name)

    async def close(self) -> None:
        """Writes what is pending and closes all."""
        self._shards.close_all()


def changed(spec: CollectionSpec, vector: VectorSpec, change: Change) -> CollectionSpec:
    """A collection's settings after a change. Raises UsageError for one that contradicts itself or changes nothing."""
    if change == Change():
        raise UsageError(f"nothing to change in {shown(spec.name)}: give a setting")
    if change.drop_quantization and change.quantization is not None:
        raise UsageError("either drop the quantization or set another one")
    new = replace(
        vector,
        quantization=None if change.drop_quantization else change.quantization or vector.quantization,
        hnsw=change.hnsw or vector.hnsw,
        on_disk=vector.on_disk if change.on_disk is None else change.on_disk,
        placement=vector.placement if change.placement is None else change.placement,
    )
    threshold = change.indexing_threshold_kb
    return replace(
        spec,
        vectors=tuple(new if old.name == vector.name else old for old in spec.vectors),
        indexing_threshold_kb=spec.indexing_threshold_kb if threshold is None else threshold,
    )
