"""The engine room: the process that owns the engine, `python -m qtui.host.child PARENT STORE [TARGET [key]]`.

It answers the app's calls one at a time and in order, and measures. TARGET names a server, as JSON; a key that was
typed follows as the first message. Loading, and whatever else the embedded engine holds the interpreter for, happens in
a builder: the collection is closed here meanwhile and lent to it. A server's collections stay where they are.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qtui import config, servertext
from qtui.bench.family import asked_for
from qtui.bench.gate import Gate
from qtui.bench.record import RunStore
from qtui.bench.session import bench
from qtui.bench.unfinished import Unfinished
from qtui.data import single
from qtui.data.describe import describe
from qtui.data.documents.finding import are_documents
from qtui.data.load import remembered_job
from qtui.embedders import EmbedderSpec
from qtui.engine.base import Vector
from qtui.engine.open import open_target
from qtui.engine.waits import listening
from qtui.errors import NotFound, QtuiError, StoreInUse, shown
from qtui.events import Event, Progress, Waiting
from qtui.filters import Filter, parse_filter
from qtui.host import build, requests, wire
from qtui.host.alone import Alone
from qtui.host.crew import hiring
from qtui.host.inplace import InPlace
from qtui.host.kept import Kept
from qtui.host.preparing import Preparation
from qtui.host.serve import Answering, Service, Streaming, enter
from qtui.host.streams import closing
from qtui.host.tidying import tidy
from qtui.loads import BuildJob, SourceFacts
from qtui.model import Answer, CollectionView, EngineInfo, Page, Point, QueryVector, Timed
from qtui.plan import BenchRequest
from qtui.target import Target, remember_key

if TYPE_CHECKING:
    from qtui.engine.embedded import EmbeddedEngine
    from qtui.engine.server import ServerEngine

    AnyEngine = EmbeddedEngine | ServerEngine
PREPARING = ("truth", "load", "index")
"""Stages of a run on a source that don't use an engine here; in all others nothing but the run may."""


class Room:
    """The engine, who may use it when, and which collections are lent to a builder."""

    def __init__(self, engine: AnyEngine, target: Target, announce: Callable[[str, str], None]) -> None:
        self._engine, self._announce = engine, announce
        self._store = Path(target.path or config.store_dir())
        self._server = None if target.embedded else target
        self._turn = asyncio.Lock()
        """Held by the call that uses the engine, and by a run while it measures; fair, so calls keep their order."""
        self._work = asyncio.Lock()
        """Held by the one run, load or reconfiguration that goes on."""
        self._lent: dict[str, CollectionView | None] = {}
        """By name, the collections that a builder has, as they were before; None for one that it makes."""
        self._runs = RunStore(config.runs_dir())
        where = str(self._store) if self._server is None else self._server.where
        self._in_place = InPlace(engine, self._store, self._server, where)
        self.kept = Kept(config.home(), where)
        self._gate: Gate | None = None
        """Of the run that goes on."""

    @asynccontextmanager
    async def _engine_on(self, name: str) -> AsyncIterator[AnyEngine]:
        async with self._turn:
            if name in self._lent:
                raise StoreInUse(f"{shown(name)} is being built; wait for that, or cancel it")
            yield self._engine

    @asynccontextmanager
    async def _lend(self, name: str) -> AsyncIterator[None]:
        if self._server is not None:
            self._announce("building", name)
            yield
            return
        async with self._engine_on(name) as engine:
            view = None
            with suppress(QtuiError):
                view = await engine.view(name)
            await engine.release(name)
            self._lent[name] = view
        self._announce("building", name)
        try:
            yield
        finally:
            del self._lent[name]

    # --- calls ----------------------------------------------------------------------------------------------------

    async def info(self, _: requests.Info) -> EngineInfo:
        """What is behind the room."""
        return self._engine.info

    async def collections(self, _: requests.Collections) -> tuple[str, ...]:
        """Names of all collections but those that are being made."""
        async with self._turn:
            made = {name for name, view in self._lent.items() if view is None}
            return tuple(name for name in await self._engine.collections() if name not in made)

    async def view(self, asked: requests.View) -> CollectionView:
        """One collection; while a builder has it, as it was before."""
        lent = self._lent.get(asked.name)
        if lent is not None:
            return lent
        async with self._engine_on(asked.name) as engine:
            return await engine.view(asked.name)

    async def glances(self, asked: requests.Glances) -> tuple[CollectionView, ...]:
        """A page of collections for a list; those that are gone meanwhile are left out."""
        async with self._turn:
            glances = getattr(self._engine, "glances", None)
            if glances is not None:
                with suppress(NotFound):
                    return tuple(await glances(asked.names))
        found = []
        for name in asked.names:
            with suppress(NotFound, StoreInUse):
                found.append(await self.view(requests.View(name)))
        return tuple(found)

    async def delete(self, asked: requests.Delete) -> None:
        """Removes a collection."""
        if self._gate is not None and self._gate.closed():
            raise StoreInUse(f"a run is paused that may need {shown(asked.name)}; finish or cancel it first")
        async with self._engine_on(asked.name) as engine:
            await engine.delete(asked.name)

    async def count(self, asked: requests.Count) -> int:
        """Number of points that match."""
        async with self._engine_on(asked.name) as engine:
            return await engine.count(asked.name, _filter(asked.filter))

    async def scroll(self, asked: requests.Scroll) -> Page:
        """A page of points."""
        async with self._engine_on(asked.name) as engine:
            return await engine.scroll(
                asked.name,
                limit=asked.limit,
                offset=asked.offset,
                filter_=_filter(asked.filter),
                with_payload=asked.with_payload,
                with_vectors=asked.with_vectors,
            )

    async def retrieve(self, asked: requests.Retrieve) -> tuple[Point, ...]:
        """Points by id."""
        async with self._engine_on(asked.name) as engine:
            return await engine.retrieve(
                asked.name, asked.ids, with_payload=asked.with_payload, with_vectors=asked.with_vectors
            )

    async def query(self, asked: requests.Query) -> Timed[Answer]:
        """The nearest points; one more is asked for when the query is a stored point, which finds itself."""
        async with self._engine_on(asked.name) as engine:
            vector, settings = await self._vector(engine, asked), asked.settings
            if asked.point is not None:
                settings = replace(settings, limit=settings.limit + 1)
            timed = await engine.query(
                asked.name,
                vector,
                settings,
                using=asked.using,
                filter_=_filter(asked.filter),
                with_payload=asked.with_payload,
            )
        if asked.point is None:
            return timed
        return replace(timed, value=_without(timed.value, asked.point, asked.settings.limit))

    @staticmethod
    async def _vector(engine: AnyEngine, asked: requests.Query) -> Vector:
        if asked.point is None:
            return np.asarray(asked.vector if asked.vector is not None else asked.tokens, dtype=np.float32)
        points = await engine.retrieve(asked.name, (asked.point,), with_payload=False, with_vectors=True)
        stored = (points[0].vectors or {}).get(asked.using) if points else None
        if stored is None:
            raise NotFound(f"{shown(asked.name)} has no such vector of a point {shown(asked.point)}; choose another")
        return np.asarray(stored, dtype=np.float32)

    async def titled_queries(self, asked: requests.TitledQueries) -> tuple[QueryVector, ...]:
        """The sample's, for a collection that comes from it."""
        async with self._engine_on(asked.name) as engine:
            origin = await engine.origin(asked.name)
        return single.titled_queries(origin.source)

    async def vector_from(self, asked: requests.VectorFrom) -> QueryVector:
        """One row of a file."""
        async with self._turn:
            return single.vector_from(asked.path, asked.row)

    async def describe_source(self, asked: requests.DescribeSource) -> SourceFacts:
        """What a source holds; in a thread, since the lines of a large payload file are counted."""
        async with self._turn:
            return await asyncio.to_thread(describe, asked.source)

    # --- work -----------------------------------------------------------------------------------------------------

    async def reconfigure(self, asked: requests.Reconfigure) -> float:
        """Changes a collection's settings; those of the store in a builder."""
        async with self._changing(asked.name) as view:
            return await self._in_place.change(view, asked.change, asked.vector_name)

    async def way_back(self, asked: requests.FindWayBack) -> requests.WayBack:
        """The change that takes the last one back."""
        async with self._engine_on(asked.name) as engine:
            return self._in_place.way_back(await engine.view(asked.name))

    async def go_back(self, asked: requests.GoBack) -> float:
        """Takes the last change back, and forgets it."""
        async with self._changing(asked.name) as view:
            return await self._in_place.back(view)

    @asynccontextmanager
    async def _changing(self, name: str) -> AsyncIterator[CollectionView]:
        """Nothing else is built meanwhile; gives the collection as it is found."""
        async with self._work, self._lend(name):
            try:
                with listening(partial(self._waits, name)):
                    yield self._lent.get(name) or await self._engine.view(name)
            finally:
                self._announce("ready", "")

    def _waits(self, name: str, event: Waiting) -> None:
        """Says so while a server is waited for in a call, which tells no events."""
        text = servertext.waiting_briefly(event)
        self._announce("waiting" if text else "building", text or name)

    async def load(self, asked: requests.Load) -> AsyncIterator[Event]:
        """Loads in builders, one collection at a time."""
        async with self._work:
            try:
                loading = build.load_each(
                    asked.loads, self.kept.loads, self._store, target=self._server, builder=self._build
                )
                async with closing(loading) as events:
                    async for event in events:
                        yield event
            finally:
                self._announce("ready", "")

    async def resume(self, asked: requests.Resume) -> AsyncIterator[Event]:
        """Goes on with a collection as it was asked for; one that only lacks its index needs no source."""
        async with self._work:
            try:
                async with self._engine_on(asked.name) as engine:
                    view, origin = await engine.view(asked.name), await engine.origin(asked.name)
                job = remembered_job(origin, self._store, self._server)
                async with closing(self._finish(view) if job is None else self._build(job)) as events:
                    async for event in events:
                        yield event
            finally:
                self._announce("ready", "")

    async def _finish(self, view: CollectionView) -> AsyncIterator[Event]:
        async with self._lend(view.name), closing(self._in_place.finish(view)) as events:
            async for event in events:
                yield event

    async def _build(self, job: BuildJob) -> AsyncIterator[Event]:
        async with self._lend(job.collection), closing(build.build(job)) as events:
            async for event in events:
                yield event

    async def bench(self, asked: requests.Bench) -> AsyncIterator[Event]:
        """Measures; while it does, calls wait."""
        async with closing(self._measured(asked.request, None)) as events:
            async for event in events:
                yield event

    async def resume_run(self, asked: requests.ResumeRun) -> AsyncIterator[Event]:
        """Goes on with a run that was interrupted."""
        left = self._runs.unfinished(asked.id)
        async with closing(self._measured(left.request, left)) as events:
            async for event in events:
                yield event

    async def _prepare(self, preparation: Preparation) -> AsyncIterator[Event]:
        """Embeds what a run wants embedded, while the engine answers others."""
        self._announce("building", "")
        try:
            async with closing(preparation.events()) as events:
                async for event in events:
                    yield event
        finally:
            self._announce("ready", "")

    async def _made_by(self, request: BenchRequest) -> EmbedderSpec | None:
        """The model of the collection that a run is about, where its queries have to be embedded."""
        if request.collection is None or request.queries_file is None or not are_documents(request.queries_file):
            return None
        async with self._engine_on(request.collection) as engine:
            return (await asked_for(engine, request.collection, request.methods)).embedder

    async def _measured(self, request: BenchRequest, left: Unfinished | None) -> AsyncIterator[Event]:
        engine = None if request.collection is None else self._engine
        async with self._work:
            preparation = Preparation(request, await self._made_by(request))
            if preparation.needed:
                async with closing(self._prepare(preparation)) as events:
                    async for event in events:
                        yield event
                request = preparation.request
            elsewhere = engine is None or request.live.locally
            alone = Alone(self._turn, self._announce, PREPARING if elsewhere else ())
            gate = self._gate = Gate()
            hire = None if self._server is None else hiring(self._server)
            run = bench(request, engine=engine, home=config.home(), build=build.build, gate=gate, left=left, hire=hire)
            try:
                async with closing(run) as events:
                    async for event in events:
                        if isinstance(event, Progress):
                            await alone.during(event)
                        yield event
            finally:
                self._gate = None
                alone.end()
                self._announce("ready", "")

    async def pause(self, asked: requests.Pause) -> bool:
        """Stops the run between two blocks, or lets it go on; never waits for the engine."""
        if self._gate is None:
            return False
        if asked.on:
            self._gate.close()
        else:
            self._gate.open()
        return True


def _filter(text: str | None) -> Filter | None:
    return parse_filter(text) if text else None


def _without(answer: Answer, id_: object, limit: int) -> Answer:
    kept = [rank for rank, found in enumerate(answer.ids) if found != id_][:limit]
    payloads = None if answer.payloads is None else tuple(answer.payloads[rank] for rank in kept)
    return Answer(tuple(answer.ids[rank] for rank in kept), tuple(answer.scores[rank] for rank in kept), payloads)


async def _serve(service: Service, target: Target) -> None:
    try:
        tidied = tidy(target)
        engine = await open_target(target)
    except BaseException as error:  # noqa: BLE001 - a native panic is no Exception, and the app must hear of it
        service.refuse(error)
        return
    room = Room(engine, target, service.state)
    room.kept.tidied = tidied
    answers: dict[type[requests.Request[Any]], Answering] = {
        requests.Info: room.info,
        requests.Collections: room.collections,
        requests.View: room.view,
        requests.Glances: room.glances,
        requests.Delete: room.delete,
        requests.Count: room.count,
        requests.Scroll: room.scroll,
        requests.Retrieve: room.retrieve,
        requests.Query: room.query,
        requests.TitledQueries: room.titled_queries,
        requests.VectorFrom: room.vector_from,
        requests.DescribeSource: room.describe_source,
        requests.Pause: room.pause,
        requests.Reconfigure: room.reconfigure,
        requests.FindWayBack: room.way_back,
        requests.GoBack: room.go_back,
        **room.kept.answers,
    }
    streams: dict[type[requests.Request[Any]], Streaming] = {
        requests.Load: room.load,
        requests.Resume: room.resume,
        requests.Bench: room.bench,
        requests.ResumeRun: room.resume_run,
    }
    try:
        await service.run(answers, streams)
    finally:
        await engine.close()


def main() -> None:
    """Serves the parent whose process id is the first argument, on what the others name."""
    pipes = enter(int(sys.argv[1]))
    target = wire.target(sys.argv[3]) if sys.argv[3:] else Target(path=sys.argv[2])
    if sys.argv[4:]:
        said = pipes.receive()
        assert isinstance(said, wire.Key)
        remember_key(target, said.key)
    asyncio.run(_serve(Service(pipes), target))


if __name__ == "__main__":
    main()
