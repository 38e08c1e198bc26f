"""Loading one collection: stream, check, write in batches, build. Knows the engine protocol, and no engine.

How far a load has come is kept with the collection, so that it goes on where a killed one stopped; a point's id is its
row number, so writing a batch twice changes nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from qtui.data.checks import check
from qtui.data.documents.finding import anywhere
from qtui.data.files import content_hash
from qtui.data.queries import held_out_rows
from qtui.data.rows import Batch
from qtui.data.vectors import VectorSource, open_vectors
from qtui.embedders import REMEMBERED, Embedded
from qtui.engine.base import Engine, Origin, PointBatch
from qtui.engine.view import unreadable
from qtui.errors import BadSource, DataError, DiskFull, Exists, QtuiError, shown
from qtui.events import BuildDone, Event, Progress
from qtui.loads import BuildJob, BuildSpec, DocumentsSpec, LoadRequest, check_build, collection_names
from qtui.loads import collection_spec as planned
from qtui.model import CollectionSpec
from qtui.names import check_name
from qtui.target import Target

_BATCH_BYTES = 1 << 20
_MAX_BATCH_ROWS = 2048
_JOB = "job"
"""Under this name the job is kept with its collection."""
_DEFAULT_BUILD = BuildSpec()
_EVERY_S = 0.25
"""Progress is told, and how far the load is gets kept, at most so often."""


class LoadingEngine(Engine, Protocol):
    """An engine that remembers how many rows of a source it has acknowledged."""

    async def mark(self, name: str, *, loaded_rows: int) -> None:
        """Keeps that rows up to `loaded_rows` are written."""
        ...

    async def loaded_rows(self, name: str) -> int:
        """The last number kept; 0 for a new collection."""
        ...


@dataclass(slots=True)
class _Pace:
    """When to tell, and how long the rest will take."""

    collection: str
    first: int
    total: int
    began: float = field(default_factory=time.perf_counter)
    told: float = -1.0

    def due(self) -> bool:
        now = time.perf_counter()
        if now - self.told < _EVERY_S:
            return False
        self.told = now
        return True

    @property
    def elapsed_s(self) -> float:
        return time.perf_counter() - self.began

    def progress(self, done: int) -> Progress:
        elapsed, written = self.elapsed_s, done - self.first
        remaining = (self.total - done) * elapsed / written if written else None
        return Progress("load", self.collection, done, self.total, elapsed, remaining)


def jobs(request: LoadRequest, store: Path, target: Target | None = None) -> tuple[BuildJob, ...]:
    """One job a method: `none` makes NAME, the others NAME__METHOD; on the server `target`, else in the store.

    Raises UsageError for a bad setting, and for a name that one of them can't have.
    """
    check_build(request.build)
    for name in (request.name, *collection_names(request).values()):
        check_name(name)
    return tuple(
        BuildJob(str(store), collection=name, method=method, source=request.source, build=request.build, target=target)
        for method, name in collection_names(request).items()
    )


def collection_spec(job: BuildJob, source: VectorSource) -> CollectionSpec:
    """What the job's collection is created with."""
    return planned(job.collection, job.method, job.build, size=source.dimension, multivector=source.multivector)


def origin_of(job: BuildJob, source: VectorSource) -> str:
    """What a collection remembers of where its points came from: the source's name, and a hash of all that went in.

    Settings that have their default are left out, so that the hash stays the same when qtui learns of another one.
    """
    payload = content_hash(Path(job.source.payload)) if job.source.payload else ""
    asked = {each.name: getattr(job.build, each.name) for each in fields(BuildSpec)}
    set_ = {name: value for name, value in asked.items() if value != getattr(_DEFAULT_BUILD, name)}
    settings = msgspec.json.encode((job.method, set_, job.held_out, job.held_out_seed))
    digest = hashlib.blake2b(f"{source.fingerprint()} {payload} ".encode() + settings, digest_size=8).hexdigest()
    return f"{source.name} [{digest}]"


def remembered_job(origin: Origin, store: Path, target: Target | None = None) -> BuildJob | None:
    """The job that made a collection, to go on with it where it is now; None when it isn't known."""
    try:
        job = msgspec.json.decode(origin.extra.get(_JOB, ""), type=BuildJob)
    except msgspec.MsgspecError:
        return None
    return replace(job, store=str(store), target=target)


def _anywhere(job: BuildJob) -> BuildJob:
    """The job with paths that mean the same in every working folder; the server that it is for is left out."""
    source = anywhere(job.source)
    if source.documents is not None:
        source = replace(source, documents=replace(source.documents, embedded=None))
    return replace(job, target=None, source=source)


async def load(engine: LoadingEngine, job: BuildJob) -> AsyncGenerator[Event, None]:
    """Loads and builds one collection, or goes on with it. Ends with BuildDone; closing it stops between batches.

    Raises Exists when the name is taken by something else, BadSource for the first row that can't be used, and what
    `open_vectors` and the engine raise. What was written before stays, as a partial collection, but not after a row
    that can't be used: once its file is mended that is another source, and could never go on.
    """
    check_build(job.build)
    documents = job.source.documents
    if documents is not None and documents.embedded is None:
        async with aclosing(_embedded(documents, job.collection)) as events:
            async for event in events:
                if isinstance(event, Embedded):
                    job = replace(job, source=replace(job.source, documents=replace(documents, embedded=event)))
                else:
                    yield event
    with open_vectors(job.source) as source:
        held_out = held_out_rows(source.rows, job.held_out, job.held_out_seed)
        expected = source.rows - len(held_out)
        if await _is_finished(engine, job, source, expected):
            yield BuildDone(job.collection, expected, 0.0, 0.0)
            return
        pace = _Pace(job.collection, await engine.loaded_rows(job.collection), source.rows)
        try:
            async with aclosing(_written(engine, job, source, held_out, pace)) as steps:
                async for done in steps:
                    yield pace.progress(done)
        except DiskFull:
            raise
        except DataError as error:
            with suppress(QtuiError):  # the row is what the user must hear of
                await engine.delete(job.collection)
            raise BadSource(error.text) from error
        load_seconds = pace.elapsed_s
    yield Progress("index", job.collection, 0, None, 0.0, None)
    index_seconds = await engine.build(job.collection)
    points = await engine.count(job.collection)
    if points != expected:
        raise DataError(
            f"{shown(job.collection)} holds {points} points, {expected} were written; delete it and load it again"
        )
    yield BuildDone(job.collection, points, load_seconds, index_seconds)


async def _embedded(documents: DocumentsSpec, collection: str) -> AsyncGenerator[Event, None]:
    """Embeds what isn't embedded yet, so that the documents can be opened as vectors."""
    from qtui.data.documents.ingest import prepare

    async with aclosing(prepare(documents, collection)) as events:
        async for event in events:
            yield event


async def _is_finished(engine: LoadingEngine, job: BuildJob, source: VectorSource, expected: int) -> bool:
    """Creates the collection when it isn't there. Raises Exists when it is another one, or why it can't be read."""
    origin = origin_of(job, source)
    if job.collection not in await engine.collections():
        extra = {_JOB: msgspec.json.encode(_anywhere(job)).decode()}
        if source.embedder is not None:
            extra[REMEMBERED] = msgspec.json.encode(source.embedder).decode()
        await engine.create(collection_spec(job, source), Origin(origin, expected, extra))
        return False
    view = await engine.view(job.collection)
    error = unreadable(view)
    if error is not None:
        raise error
    if view.origin != origin:
        what = f"from {shown(view.origin)}, " if view.origin else ""
        raise Exists(
            f"collection {shown(job.collection)} is there already, {what}not from this source with these settings; "
            "delete it or choose another name"
        )
    return view.status == "green"


async def _written(
    engine: LoadingEngine, job: BuildJob, source: VectorSource, held_out: NDArray[np.int64], pace: _Pace
) -> AsyncGenerator[int, None]:
    """Writes what isn't written yet; yields how many rows are, at most a few times a second."""
    rows = int(min(_MAX_BATCH_ROWS, max(1, _BATCH_BYTES // source.bytes_per_row)))
    done = pace.first
    for start, block in source.blocks(rows, pace.first):
        check(block, start, job.build.distance, source.row_name)
        batch = _batch(source, job.build.vector_name, start, block, held_out)
        if len(batch.ids):
            await engine.upsert(job.collection, batch)
        done = start + len(block)
        if pace.due():
            await engine.mark(job.collection, loaded_rows=done)
            yield done
        else:
            # lets a cancellation in between two batches
            await asyncio.sleep(0)
    await engine.mark(job.collection, loaded_rows=done)
    yield done


def _batch(source: VectorSource, vector_name: str, start: int, block: Batch, held_out: NDArray[np.int64]) -> PointBatch:
    stop = start + len(block)
    payloads = source.payloads(start, stop) if source.has_payload else ()
    first, last = np.searchsorted(held_out, (start, stop))
    if first == last:
        return PointBatch(range(start, stop), {vector_name: block}, payloads)
    kept = np.delete(np.arange(start, stop), held_out[first:last] - start)
    here = (kept - start).tolist()
    vectors = block[here] if isinstance(block, np.ndarray) else [block[i] for i in here]
    return PointBatch(kept.tolist(), {vector_name: vectors}, [payloads[i] for i in here] if payloads else ())
