"""The parent's side of the builder: one collection at a time is loaded, indexed or changed in a process of its own.

Used by the command line and by the engine room. A closed or cancelled iterator ends the builder at once: what the
engine acknowledged stays and shows as partial, and the same call goes on from there.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from qtui import config
from qtui.data.unfinished import UnfinishedLoads
from qtui.embedders import Embedded
from qtui.errors import BadSource, DiskFull, Exists, QtuiError, UsageError, shown
from qtui.events import BuildDone, CollectionFailed, Event, Loaded, Progress
from qtui.host import requests, wire
from qtui.host.once import asked_once, embed
from qtui.host.streams import closing
from qtui.loads import BuildJob, DocumentsSpec, LoadRequest, SourceSpec, collection_names
from qtui.model import Change, CollectionView, Hnsw
from qtui.target import Target, typed_key

MODULE = "qtui.host.builder"
Builder = Callable[[BuildJob], AsyncIterator[Event]]
Embedding = Callable[[DocumentsSpec, str], AsyncIterator[Event]]


async def build(job: BuildJob) -> AsyncGenerator[Event, None]:
    """Loads and indexes one collection; ends with BuildDone.

    Raises what the builder raised, DiskFull when it died for want of room, and EngineGone when it died otherwise.
    """
    server = job.target
    request = requests.Build(job, None if server is None else typed_key(server))
    place = config.home() if server is not None else Path(job.store)
    async with aclosing(_work(request, place, None if server is not None else job.collection)) as messages:
        async for message in messages:
            if isinstance(message, wire.Happened):
                yield wire.event(message)


async def reconfigure(store: Path, name: str, change: Change, vector_name: str = "") -> float:
    """Changes settings of one vector of a collection that nobody has open. Returns seconds; raises as `build`."""
    request = requests.Reconfigure(str(store), name, change, vector_name)
    async with aclosing(_work(request, store, name)) as messages:
        async for message in messages:
            if isinstance(message, wire.Result):
                return wire.value(request, message)
    raise wire.WireError("the builder ended without an answer")


async def finish(view: CollectionView, store: Path) -> AsyncGenerator[Event, None]:
    """Builds what an interrupted change has left unbuilt, by asking for the settings that are there already.

    Ends with BuildDone. Raises UsageError when points are missing too, and otherwise as `build`.
    """
    if view.points != view.expected_points or not view.vectors:
        raise UsageError(f"nobody knows where {shown(view.name)} came from: run the same load again, or delete it")
    yield Progress("index", view.name, 0, None, 0.0, None)
    spec = view.vectors[0].spec
    seconds = await reconfigure(store, view.name, Change(hnsw=spec.hnsw or Hnsw()), spec.name)
    yield BuildDone(view.name, view.points, 0.0, seconds)


async def load_all(
    request: LoadRequest,
    store: Path,
    *,
    target: Target | None = None,
    builder: Builder = build,
    embedder: Embedding = embed,
) -> AsyncGenerator[Event, None]:
    """Loads one source into a collection a method, on the server `target` or in the store; ends with Loaded.

    Documents are embedded before, once for all of them.
    A collection that fails is told as CollectionFailed and the others go on, unless the disk is full, the source is at
    fault, or the first name is taken. Raises the first failure when none could be built.
    """
    from qtui.data.load import jobs

    began = time.monotonic()
    done: list[BuildDone] = []
    first: QtuiError | None = None
    if request.source.documents is not None:
        about = next(iter(collection_names(request).values()))
        async with closing(embedded(request.source, about, embedder)) as events:
            async for event in events:
                if isinstance(event, Embedded):
                    request = replace(request, source=_found(request.source, event))
                else:
                    yield event
    for job in jobs(request, store, target):
        try:
            async with closing(builder(job)) as events:
                async for event in events:
                    yield event
                    if isinstance(event, BuildDone):
                        done.append(event)
        except QtuiError as error:
            if _ends_all(error, done):
                raise
            first = first or error
            yield CollectionFailed(job.collection, job.method, error.text)
    if first is not None and not done:
        raise first
    points = max((each.points for each in done), default=0)
    yield Loaded(tuple(each.collection for each in done), points, time.monotonic() - began)


async def load_each(
    loads: tuple[LoadRequest, ...], kept: UnfinishedLoads, store: Path, *, target: Target | None, builder: Builder
) -> AsyncGenerator[Event, None]:
    """Loads one after the other as `load_all` does; they are `kept` until every collection of all of them is done."""
    kept.keep(loads)
    whole = True
    for request in loads:
        async with closing(load_all(request, store, target=target, builder=builder)) as events:
            async for event in events:
                whole = whole and not isinstance(event, CollectionFailed)
                yield event
    if whole:
        kept.forget()


def _ends_all(error: QtuiError, done: list[BuildDone]) -> bool:
    """Whether the other collections would fail of it, too, or stand beside other points under the same name."""
    return isinstance(error, BadSource | DiskFull) or (isinstance(error, Exists) and not done)


async def embedded(source: SourceSpec, about: str, embedder: Embedding = embed) -> AsyncGenerator[Event, None]:
    """Embeds the documents of a source, as they are now; ends with Embedded. `about` is whom they are for."""
    assert source.documents is not None
    async with closing(embedder(replace(source.documents, embedded=None), about)) as events:
        async for event in events:
            yield event


def _found(source: SourceSpec, embedded_: Embedded) -> SourceSpec:
    """The source, with where its documents are in the cache."""
    assert source.documents is not None
    return replace(source, documents=replace(source.documents, embedded=embedded_))


async def _work(
    request: requests.Request[Any], store: Path, name: str | None
) -> AsyncGenerator[wire.Happened | wire.Result, None]:
    """What a builder says to `request`, up to and with its Result; then it has exited, however this ends.

    `name` is the collection of the store that it may leave something unfinished in; None for a server's.
    """
    answered = False
    try:
        async with aclosing(asked_once(MODULE, request, store=store, log="builder")) as messages:
            async for message in messages:
                answered = isinstance(message, wire.Result)
                yield message
    finally:
        if not answered and name is not None:
            clear_leftovers(store, name)


def clear_leftovers(store: Path, name: str) -> None:
    """Removes the unfinished segments of an ended builder; who has the collection open by now has done so already."""
    from qtui.engine.store import Store

    with contextlib.suppress(QtuiError):
        folder = Store(store).folder(name)
        folder.acquire()
        try:
            shutil.rmtree(folder.shard / "temp_segments", ignore_errors=True)
        finally:
            folder.release()
