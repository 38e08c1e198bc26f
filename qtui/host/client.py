"""The app's hold on the engine room: `EngineRoom`. Imports neither numpy nor an engine.

The engine room is a child process that owns the engine on one store. It is started again when it dies or hangs;
what was asked of it then fails with EngineGone at once, and later calls work. All methods run on one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from qtui.advice import Advice
from qtui.comparison import Comparison
from qtui.distribution import Distribution
from qtui.errors import AccessError, EngineGone
from qtui.events import Event
from qtui.filters import Filter
from qtui.host import requests, wire
from qtui.host.life import Life, Limits
from qtui.host.process import Child
from qtui.model import (
    Answer,
    Change,
    CollectionView,
    EngineInfo,
    Page,
    Point,
    PointId,
    QueryVector,
    SearchSettings,
    Timed,
)
from qtui.plan import BenchRequest, LoadRequest, SourceFacts, SourceSpec
from qtui.records import RunRecord, RunSummary

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class RoomState:
    """What the engine room does now."""

    status: str
    """starting, ready, measuring, paused, building, restarting or closed."""
    detail: str = ""


CLOSED = EngineGone("the engine is closed; start it first")


@dataclass(frozen=True, slots=True)
class _End:
    """Why a life ended, and whether another try is pointless."""

    why: Exception
    final: bool


class EngineRoom:
    """The engine on one store, in a process of its own.

    Every call raises the errors of the engine, and EngineGone when the process ended before it answered. Calls
    made while a run is measured wait for its end, in order. Cancelling a call, or closing the iterator of `bench`
    or `load`, ends it there as well.
    """

    def __init__(
        self,
        store: Path,
        *,
        on_state: Callable[[RoomState], None] | None = None,
        limits: Limits | None = None,
        module: str = "qtui.host.child",
    ) -> None:
        self._store, self._module = store, module
        self._on_state = on_state
        self._limits = limits or Limits()
        self._child: Child | None = None
        self._life: Life | None = None
        self._changed = asyncio.Event()
        self._refusal: Exception | None = CLOSED
        self._keeper: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self.state = RoomState("closed")

    # --- its life -------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Starts the process and waits until it answers. Raises StoreInUse and whatever else keeps it from starting."""
        if self._keeper is None or self._keeper.done():
            self._closing.clear()
            self._refusal = None
            self._keeper = asyncio.ensure_future(self._keep())
        await self._ready()

    async def close(self) -> None:
        """Lets the process write what is pending and exit; ends it when that takes too long."""
        if self._keeper is None:
            return
        self._closing.set()
        if self._child is not None:
            await self._child.send(wire.Close())
        _, late = await asyncio.wait({self._keeper}, timeout=self._limits.close_s)
        if late:
            if self._child is not None:
                self._child.kill("it did not close in time")
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        self._keeper = None

    async def _keep(self) -> None:
        """Keeps a child alive until closed, refused, or dead too often."""
        loop = asyncio.get_running_loop()
        short_lives = 0
        end = _End(CLOSED, final=True)
        try:
            self._announce("starting")
            while not self._closing.is_set():
                born = loop.time()
                end = await self._live()
                short_lives = 0 if loop.time() - born > self._limits.steady_s else short_lives + 1
                if self._closing.is_set() or end.final or short_lives > self._limits.retries:
                    break
                self._announce("restarting", str(end.why))
                if short_lives > 1:
                    await self._pause(self._limits.backoff_s * 2 ** (short_lives - 2))
        finally:
            wanted = self._closing.is_set()
            self._refusal = CLOSED if wanted else end.why
            self._changed.set()
            self._announce("closed", "" if wanted else str(end.why))

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    async def _live(self) -> _End:
        """One life of the child."""
        try:
            self._child = await Child.spawn(
                self._module, str(self._store), store=self._store, log="engine", remedy="try again"
            )
        except AccessError as error:
            return _End(error, final=True)
        life = Life(self._child, self._limits)

        def state_changed(state: wire.State) -> None:
            if self._life is None:
                self._life = life
                self._changed.set()
            self._announce(state.status, state.detail)

        try:
            if self._closing.is_set():
                await self._child.send(wire.Close())
            why = await life.run(state_changed)
        finally:
            self._life = self._child = None
        return _End(why, final=life.refused)

    def _announce(self, status: str, detail: str = "") -> None:
        self.state = RoomState(status, detail)
        if self._on_state is not None:
            # in a turn of its own, so that an error in it is the app's alone
            asyncio.get_running_loop().call_soon(self._on_state, self.state)

    async def _ready(self) -> Life:
        while self._life is None:
            if self._refusal is not None:
                raise copy(self._refusal)
            self._changed.clear()
            await self._changed.wait()
        return self._life

    # --- calls ----------------------------------------------------------------------------------------------------

    async def _call(self, request: requests.Request[R]) -> R:
        life = await self._ready()
        id_, inbox = life.open()
        try:
            await life.child.send(wire.call(id_, request))
            result = await inbox.get()
        finally:
            life.forget(id_)
            if not inbox.settled:
                await life.child.send(wire.Cancel(id_))
        assert isinstance(result, wire.Result)
        return wire.value(request, result)

    async def _stream(self, request: requests.Request[None]) -> AsyncGenerator[Event, None]:
        life = await self._ready()
        id_, inbox = life.open()
        try:
            await life.child.send(wire.call(id_, request))
            while not isinstance(item := await inbox.get(), wire.Result):
                yield item
        finally:
            if not inbox.settled:
                await life.child.send(wire.Cancel(id_))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(inbox.last(), self._limits.cancel_s)
            life.forget(id_)

    async def info(self) -> EngineInfo:
        """What is behind the room."""
        return await self._call(requests.Info())

    async def collections(self) -> tuple[str, ...]:
        """Names of all collections, sorted."""
        return await self._call(requests.Collections())

    async def view(self, name: str) -> CollectionView:
        """The collection as it is found."""
        return await self._call(requests.View(name))

    async def delete(self, name: str) -> None:
        """Removes a collection with all that it holds."""
        await self._call(requests.Delete(name))

    async def reconfigure(self, name: str, change: Change, vector_name: str = "") -> float:
        """Changes settings of one vector and rebuilds what they touch. Returns seconds."""
        return await self._call(requests.Reconfigure(str(self._store), name, change, vector_name))

    async def count(self, name: str, filter_: Filter | str | None = None) -> int:
        """Exact number of points that match."""
        return await self._call(requests.Count(name, requests.filter_text(filter_)))

    async def scroll(
        self,
        name: str,
        *,
        limit: int = 100,
        offset: PointId | None = None,
        filter_: Filter | str | None = None,
        with_payload: bool = True,
        with_vectors: bool = False,
    ) -> Page:
        """Points in id order, from `offset` on."""
        text = requests.filter_text(filter_)
        return await self._call(requests.Scroll(name, limit, offset, text, with_payload, with_vectors))

    async def retrieve(
        self, name: str, ids: Sequence[PointId], *, with_payload: bool = True, with_vectors: bool = False
    ) -> tuple[Point, ...]:
        """The points of `ids` that are there, in the order asked."""
        return await self._call(requests.Retrieve(name, tuple(ids), with_payload, with_vectors))

    async def query(
        self,
        name: str,
        query: list[float] | list[list[float]] | PointId,
        settings: SearchSettings,
        *,
        using: str = "",
        filter_: Filter | str | None = None,
        with_payload: bool = False,
    ) -> Timed[Answer]:
        """The points nearest to a vector, a multivector or a stored point (which is left out of its own answer)."""
        request = requests.Query(
            name, settings, using=using, filter=requests.filter_text(filter_), with_payload=with_payload
        )
        return await self._call(requests.about(request, query))

    async def titled_queries(self, name: str) -> tuple[QueryVector, ...]:
        """The sample's queries that have titles, for a collection that comes from the sample; else none."""
        return await self._call(requests.TitledQueries(name))

    async def vector_from(self, path: str, row: int = 0) -> QueryVector:
        """One row, counted from 0, of a file of vectors (of the queries that it carries, when it does)."""
        return await self._call(requests.VectorFrom(path, row))

    async def describe_source(self, source: SourceSpec) -> SourceFacts:
        """What a source holds, from its header and its first payloads."""
        return await self._call(requests.DescribeSource(source))

    async def runs(self) -> tuple[RunSummary, ...]:
        """The runs that are kept."""
        return await self._call(requests.Runs())

    async def run(self, run_id: str) -> RunRecord:
        """One run."""
        return await self._call(requests.Run(run_id))

    async def export(self, run_id: str, format_: str) -> str:
        """One run as `md`, `csv` or `json` text."""
        return await self._call(requests.Export(run_id, format_))

    async def advise(self, run_id: str, target: float) -> Advice:
        """What one run says to use for a target recall."""
        return await self._call(requests.Advise(run_id, target))

    async def compare(self, before: str, after: str) -> Comparison:
        """Two runs side by side. Raises UsageError, which says why, where they can't be compared."""
        return await self._call(requests.Compare(before, after))

    async def spread(self, run_id: str, measurements: Sequence[int] = ()) -> tuple[Distribution, ...]:
        """How the engine times of a kept run's measurements are distributed; of all where none is named."""
        return await self._call(requests.Spread(run_id, tuple(measurements)))

    async def pause(self, on: bool) -> bool:  # noqa: FBT001 - the one thing that it says
        """Has the run wait between two blocks, or go on. Returns whether there is a run."""
        return await self._call(requests.Pause(on))

    async def delete_run(self, run_id: str) -> None:
        """Removes a run."""
        await self._call(requests.DeleteRun(run_id))

    async def rename_run(self, run_id: str, name: str) -> None:
        """Gives a run a name."""
        await self._call(requests.RenameRun(run_id, name))

    def bench(self, request: BenchRequest) -> AsyncGenerator[Event, None]:
        """Measures; ends with RunFinished. Closing the iterator cancels: the run stays as partial."""
        return self._stream(requests.Bench(request))

    def load(self, request: LoadRequest) -> AsyncGenerator[Event, None]:
        """Loads; ends with Loaded. Closing the iterator cancels: what is written stays, and can go on later."""
        return self._stream(requests.Load(request))

    def resume(self, name: str) -> AsyncGenerator[Event, None]:
        """Goes on with a collection that was not finished; ends with BuildDone. Closing the iterator cancels."""
        return self._stream(requests.Resume(name))
