"""What the app asks: `EngineRoom`. Imports neither numpy nor an engine.

The engine room is a child process that owns the engine on one store. Kept runs are another's, which needs no engine:
so they can be looked at while a run is measured, and where no engine answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from qtui import config
from qtui.advice import Advice
from qtui.comparison import Comparison
from qtui.distribution import Distribution
from qtui.embedders import EmbedderChoice, ModelFacts, SearchedVector
from qtui.errors import AccessError, EngineGone, NotFound
from qtui.events import Event
from qtui.filters import Filter, filter_text
from qtui.host import once, requests, wire
from qtui.host.held import CLOSED, Held
from qtui.host.life import Limits
from qtui.host.state import RoomState
from qtui.loads import LoadRequest, SourceFacts, SourceSpec
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
from qtui.plan import BenchRequest
from qtui.prices import Prices
from qtui.records import RunRecord, RunSummary, TakenIn
from qtui.target import Target, typed_key
from qtui.wishes import PLAIN, Wishes

R = TypeVar("R")

__all__ = ["CLOSED", "EngineRoom", "RoomState"]


class EngineRoom(Held):
    """The engine on a store or a server, in a process of its own, and the kept runs beside it.

    Every call raises the errors of the engine, and EngineGone when the process ended before it answered. Calls of
    the engine that are made while a run is measured wait for its end, in order. Cancelling a call, or closing the
    iterator of `bench` or `load`, ends it there as well.
    """

    def __init__(
        self,
        target: Target | Path,
        *,
        on_state: Callable[[RoomState], None] | None = None,
        limits: Limits | None = None,
        module: str = "qtui.host.child",
    ) -> None:
        """`target` is the store, by its folder, or what else to connect to."""
        self.target = target if isinstance(target, Target) else Target(path=str(target))
        store = config.home() if self.target.path is None else Path(self.target.path)
        super().__init__(store, on_state=on_state, limits=limits, module=module)
        self._aim(self.target)
        self._archive = Held(store, limits=limits, module="qtui.host.archive", log="runs")
        self._embedder = Held(store, limits=limits, module="qtui.host.embedder", log="embedder")

    async def close(self) -> None:
        """Ends both processes; what is pending is written first, as far as that takes no long time."""
        await asyncio.gather(super().close(), self._archive.close(), self._embedder.close())

    def _aim(self, target: Target) -> None:
        self.target = target
        self._store = config.home() if target.path is None else Path(target.path)
        key = typed_key(target)
        self._greeting = () if key is None else (wire.Key(key),)
        self._arguments = () if target.embedded else (wire.target_text(target), *("key" for _ in self._greeting))

    async def connect(self, target: Target) -> None:
        """Leaves what it is connected to, ending what runs there, and starts on another target.

        Raises as `start` does; it is closed then, and may be connected again.
        """
        await super().close()
        self._aim(target)
        await self.start()

    async def _asked_of_runs(self, request: requests.Request[R]) -> R:
        try:
            await self._archive.start()  # the first time, and after it gave up
            return await self._archive.call(request)
        except EngineGone as error:
            raise AccessError("the process that reads the kept runs ended; try again") from error

    async def models(self) -> tuple[ModelFacts, ...]:
        """The models that make vectors of images and texts; UsageError, with what to do, without the extra."""
        await self._embedder.start()
        return await self._embedder.call(requests.Models())

    async def embed_query(
        self, choice: EmbedderChoice, searched: SearchedVector | None = None, *, text: str = "", image: str = ""
    ) -> QueryVector:
        """A text, or the image of a path, as what to search with. Raises UsageError for a model that doesn't fit.

        The first time a model is loaded, which can take a minute; it stays loaded for the next.
        """
        await self._embedder.start()
        return await self._embedder.call(requests.EmbedQuery(choice, text, image, searched))

    async def fetch_model(self, model: str) -> AsyncGenerator[Event, None]:
        """Downloads a model, with Progress; closing the iterator ends it. AccessError at once without a network."""
        async with aclosing(once.fetch(model, self._store)) as events:
            async for event in events:
                yield event

    async def info(self) -> EngineInfo:
        """What is behind the room."""
        return await self.read(requests.Info())

    async def collections(self) -> tuple[str, ...]:
        """Names of all collections, sorted."""
        return await self.read(requests.Collections())

    async def view(self, name: str) -> CollectionView:
        """The collection as it is found."""
        return await self.read(requests.View(name))

    async def delete(self, name: str) -> None:
        """Removes a collection with all that it holds."""
        keeper = self._keeper
        try:
            await self.call(requests.Delete(name))
        except EngineGone:
            if not self._keeps_on(keeper):
                raise
            with suppress(NotFound):  # it may have got as far as that
                await self.call(requests.Delete(name))

    async def glances(self, names: Sequence[str]) -> tuple[CollectionView, ...]:
        """Several collections, as cheaply as they can be shown in a list; what can't be read is a broken one."""
        return await self.read(requests.Glances(tuple(names)))

    async def reconfigure(self, name: str, change: Change, vector_name: str = "") -> float:
        """Changes settings of one vector and rebuilds what they touch. Returns seconds."""
        return await self.call(requests.Reconfigure(str(self._store), name, change, vector_name))

    async def way_back(self, name: str) -> requests.WayBack:
        """What takes the last change of a collection back. Raises NotFound where qtui made none from here."""
        return await self.read(requests.FindWayBack(name))

    async def go_back(self, name: str) -> float:
        """Takes the last change of a collection back, and rebuilds what that touches. Returns seconds."""
        return await self.call(requests.GoBack(name))

    async def count(self, name: str, filter_: Filter | str | None = None) -> int:
        """Exact number of points that match."""
        return await self.read(requests.Count(name, filter_text(filter_)))

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
        text = filter_text(filter_)
        return await self.read(requests.Scroll(name, limit, offset, text, with_payload, with_vectors))

    async def retrieve(
        self, name: str, ids: Sequence[PointId], *, with_payload: bool = True, with_vectors: bool = False
    ) -> tuple[Point, ...]:
        """The points of `ids` that are there, in the order asked."""
        return await self.read(requests.Retrieve(name, tuple(ids), with_payload, with_vectors))

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
        request = requests.Query(name, settings, using=using, filter=filter_text(filter_), with_payload=with_payload)
        return await self.call(about(request, query))

    async def titled_queries(self, name: str) -> tuple[QueryVector, ...]:
        """The sample's queries that have titles, for a collection that comes from the sample; else none."""
        return await self.read(requests.TitledQueries(name))

    async def vector_from(self, path: str, row: int = 0) -> QueryVector:
        """One row, counted from 0, of a file of vectors (of the queries that it carries, when it does)."""
        return await self.read(requests.VectorFrom(path, row))

    async def describe_source(self, source: SourceSpec) -> SourceFacts:
        """What a source holds, from its header and its first payloads."""
        return await self.read(requests.DescribeSource(source))

    async def runs(self) -> tuple[RunSummary, ...]:
        """The runs that are kept."""
        return await self._asked_of_runs(requests.Runs())

    async def run(self, run_id: str) -> RunRecord:
        """One run."""
        return await self._asked_of_runs(requests.Run(run_id))

    async def plan_of(self, run_id: str) -> BenchRequest:
        """What an interrupted run was asked for. Raises UsageError, which says why, for one that can't go on."""
        return await self._asked_of_runs(requests.PlanOf(run_id))

    async def left_over(self) -> tuple[requests.LeftOver, ...]:
        """What killed runs left on this disk."""
        return await self._asked_of_runs(requests.FindLeft())

    async def remove_left(self) -> tuple[str, ...]:
        """Removes it; returns ids of killed runs that are kept as partial ones. AccessError for what can't be."""
        return await self._asked_of_runs(requests.RemoveLeft())

    async def try_out(self) -> requests.Tried:
        """Tries the engine on a tiny collection, in processes that end with it, and looks which models are here."""
        return await once.try_out(self._store)

    async def export(self, run_id: str, format_: str, prices: Prices | None = None) -> str:
        """One run as `md`, `html`, `csv` or `json` text; a report with these prices, where any are given."""
        return await self._asked_of_runs(requests.Export(run_id, format_, prices))

    async def advise(self, run_id: str, target: float, wishes: Wishes = PLAIN) -> Advice:
        """What one run says to use for a target recall, within limits."""
        return await self._asked_of_runs(requests.Advise(run_id, target, wishes))

    async def compare(self, before: str, after: str) -> Comparison:
        """Two runs side by side. Raises UsageError, which says why, where they can't be compared."""
        return await self._asked_of_runs(requests.Compare(before, after))

    async def spread(self, run_id: str, measurements: Sequence[int] = ()) -> tuple[Distribution, ...]:
        """How the engine times of a kept run's measurements are distributed; of all where none is named."""
        return await self._asked_of_runs(requests.Spread(run_id, tuple(measurements)))

    async def pause(self, on: bool) -> bool:  # noqa: FBT001 - the one thing that it says
        """Has the run wait between two blocks, or go on. Returns whether there is a run."""
        return await self.call(requests.Pause(on))

    async def delete_run(self, run_id: str) -> None:
        """Removes a run."""
        await self._asked_of_runs(requests.DeleteRun(run_id))

    async def rename_run(self, run_id: str, name: str) -> None:
        """Gives a run a name."""
        await self._asked_of_runs(requests.RenameRun(run_id, name))

    async def take_in(self, path: str) -> TakenIn:
        """Keeps the run that a record file tells of. Raises NotFound, NewerFormat or DataError, which say why not."""
        return await self._asked_of_runs(requests.TakeIn(path))

    def bench(self, request: BenchRequest) -> AsyncGenerator[Event, None]:
        """Measures; ends with RunFinished. Closing the iterator cancels: the run stays as partial."""
        return self.stream(requests.Bench(request))

    def resume_run(self, run_id: str) -> AsyncGenerator[Event, None]:
        """Goes on with a run that was interrupted; ends with RunFinished. Closing the iterator cancels again."""
        return self.stream(requests.ResumeRun(run_id))

    def load(self, *loads: LoadRequest) -> AsyncGenerator[Event, None]:
        """Loads; each ends with Loaded. Closing the iterator cancels: what is written stays, and can go on later."""
        return self.stream(requests.Load(loads))

    async def unfinished_loads(self) -> tuple[LoadRequest, ...]:
        """What was asked for last to be loaded here, and wasn't to its end; also by an app that is gone."""
        return await self.call(requests.UnfinishedLoads())

    async def changed(self) -> tuple[str, ...]:
        """Names of the collections here whose last change in place can be taken back."""
        return await self.call(requests.Changed())

    async def tidied(self) -> str:
        """What its process removed at its start of what killed ones left, in words; '' for nothing, or nothing new."""
        return await self.call(requests.Tidied())

    async def give_up(self) -> None:
        """Forgets what was asked for last; what is written of it stays."""
        await self.call(requests.GiveUp())

    def resume(self, name: str) -> AsyncGenerator[Event, None]:
        """Goes on with a collection that was not finished; ends with BuildDone. Closing the iterator cancels."""
        return self.stream(requests.Resume(name))


def about(query: requests.Query, target: list[float] | list[list[float]] | PointId) -> requests.Query:
    """The query with what it searches for: a vector, a multivector or a stored point."""
    if not isinstance(target, list):
        return replace(query, point=target)
    field = "tokens" if target and isinstance(target[0], list) else "vector"
    return replace(query, **{field: target})
