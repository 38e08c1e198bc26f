"""`EmbeddedEngine`: the engine protocol on shards in this process.

The engine answers one call at a time and holds the interpreter while it does, so nothing runs in threads. Each call
takes its place in the event loop's queue first, which is first in, first out: concurrent callers wait their turn.
Owns what makes, changes and removes collections and points; what is asked of them is `answering`'s.
"""

from __future__ import annotations

from asyncio import sleep
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import qdrant_edge as qe

from qtui.engine import files, guard, view
from qtui.engine.base import Origin, PointBatch
from qtui.engine.embedded import native
from qtui.engine.embedded.answering import Answering
from qtui.engine.embedded.shards import Opened, Shards, ready
from qtui.engine.store import SHARD, Manifest, State, Store, clean
from qtui.errors import QtuiError, StoreInUse, UsageError, shown
from qtui.model import Change, CollectionSpec, CollectionView, EngineInfo, VectorSpec

_FLUSH_BYTES = 512 * 1024 * 1024
"""Written vectors after which the log of changes is cut."""


class EmbeddedEngine(Answering):
    """Collections of one store, each a shard of the embedded engine. Make it with `open_embedded`."""

    def __init__(self, store: Path, *, search_threads: int = 1) -> None:
        self._store = Store(store)
        super().__init__(Shards(self._store, search_threads))
        self._version = version("qdrant-edge-py")
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
