"""A scripted engine room: yields the events it is given, through the same path as the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from qtui.advice import Advice
from qtui.comparison import Comparison
from qtui.distribution import Distribution
from qtui.embedders import EmbedderChoice, SearchedVector
from qtui.errors import EngineGone, NotFound, QtuiError, UsageError
from qtui.events import (
    BuildDone,
    Event,
    Loaded,
    Progress,
    RunFinished,
)
from qtui.filters import Filter
from qtui.host.client import RoomState
from qtui.host.requests import LeftOver, Tried
from qtui.loads import LoadRequest, collection_names
from qtui.model import (
    Answer,
    CollectionView,
    EngineInfo,
    Page,
    Payload,
    Point,
    PointId,
    QueryVector,
    SearchSettings,
    Timed,
)
from qtui.plan import BenchRequest
from qtui.prices import Prices
from qtui.records import (
    Dataset,
    RunRecord,
    RunSummary,
    TakenIn,
)
from qtui.target import Target
from qtui.wishes import PLAIN, Wishes
from tests.tui import fake_figures, fake_points, fake_runs
from tests.tui.fake_making import FakeMaking
from tests.tui.scripted import DIMENSION, script, view


class FakeRoom(FakeMaking):
    """Collections in a dictionary, operations by script; `gate` holds them before each event when it is set."""

    def __init__(self, on_state: Callable[[RoomState], None], views: Sequence[CollectionView] = ()) -> None:
        super().__init__()
        self.on_state = on_state
        self.views = {view.name: view for view in views}
        self.script: Callable[[BenchRequest], list[Event]] = script
        self.error_at_end: QtuiError | None = None
        self.start_error: QtuiError | None = None
        self.gate: asyncio.Semaphore | None = None
        self.asked: list[BenchRequest | LoadRequest] = []
        self.left: tuple[LoadRequest, ...] = ()
        self.tidied_up = ""
        self.payloads: dict[PointId, Payload] = {}
        self.search_error: QtuiError | None = None
        self.searched: list[tuple[str, SearchSettings]] = []
        self.cancelled = 0
        self.stops: asyncio.Event | None = None
        """Holds what was cancelled until it is set."""
        self.paused: list[bool] = []
        self.connected: list[Target] = []
        self.going = asyncio.Event()
        self.going.set()
        self.closed = False
        self.kept: dict[str, RunRecord] = {}
        self.lying: tuple[LeftOver, ...] = ()
        self.tried = 0
        self.advised: list[tuple[str, float]] = []
        self.wished: list[Wishes] = []
        self.embedded: list[tuple[EmbedderChoice, SearchedVector | None, str, str]] = []
        self.embed_error: QtuiError | None = None

    async def start(self) -> None:
        self.on_state(RoomState("starting"))
        if self.start_error is not None:
            raise self.start_error
        self.on_state(RoomState("ready"))

    async def info(self) -> EngineInfo:
        return EngineInfo("embedded", "0.9.0", "/store")

    async def collections(self) -> tuple[str, ...]:
        return tuple(sorted(self.views))

    async def view(self, name: str) -> CollectionView:
        if name not in self.views:
            raise NotFound("no such collection")
        return self.views[name]

    async def connect(self, target: Target) -> None:
        self.connected.append(target)

    async def glances(self, names: Sequence[str]) -> tuple[CollectionView, ...]:
        return tuple(self.views[name] for name in names if name in self.views)

    async def delete(self, name: str) -> None:
        if self.views.pop(name, None) is None:
            raise NotFound("no such collection")

    async def count(self, name: str, filter_: Filter | str | None = None) -> int:
        return fake_points.count(await self.view(name), filter_)

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
        view = await self.view(name)
        page = fake_points.page(view, limit, offset, filter_, with_payload=with_payload, with_vectors=with_vectors)
        points = tuple(replace(each, payload=self.payloads.get(each.id, each.payload)) for each in page.points)
        return replace(page, points=points)

    async def retrieve(
        self, name: str, ids: Sequence[PointId], *, with_payload: bool = True, with_vectors: bool = False
    ) -> tuple[Point, ...]:
        view = await self.view(name)
        made = (fake_points.point(view, i, with_payload=with_payload, with_vectors=with_vectors) for i in ids)
        points = tuple(each for each in made if int(each.id) < view.points)
        return tuple(replace(each, payload=self.payloads.get(each.id, each.payload)) for each in points)

    async def query(
        self,
        name: str,
        query: Any,
        settings: SearchSettings,
        *,
        using: str = "",
        filter_: Filter | str | None = None,
        with_payload: bool = False,
    ) -> Timed[Answer]:
        self.searched.append((name, settings))
        if self.gate is not None:
            await self.gate.acquire()
        if self.search_error is not None:
            raise self.search_error
        return Timed(fake_points.answer(await self.view(name), query, settings), 0.25, 0.4)

    async def titled_queries(self, name: str) -> tuple[QueryVector, ...]:
        return fake_points.TITLED if (await self.view(name)).origin == "the sample" else ()

    async def vector_from(self, path: str, row: int = 0) -> QueryVector:
        if "missing" in path:
            raise NotFound(f"there is no file {path!r}; check the path")
        return QueryVector(f"row {row} of {path}", [float(row)] * DIMENSION)

    async def embed_query(
        self, choice: EmbedderChoice, searched: SearchedVector | None = None, *, text: str = "", image: str = ""
    ) -> QueryVector:
        self.embedded.append((choice, searched, text, image))
        if self.embed_error is not None:
            raise self.embed_error
        return QueryVector(text or image, [1.0] * DIMENSION)

    async def run(self, run_id: str, /) -> RunRecord:
        if run_id not in self.kept:
            raise NotFound("no such run")
        return self.kept[run_id]

    async def advise(self, run_id: str, target: float, wishes: Wishes = PLAIN, /) -> Advice:
        self.advised.append((run_id, target))
        self.wished.append(wishes)
        return fake_runs.advise(await self.run(run_id), target, wishes)

    async def compare(self, before: str, after: str, /) -> Comparison:
        from qtui.bench.compare import diff  # with numpy, which few programs of the tests need

        return diff(await self.run(before), await self.run(after))

    async def delete_run(self, run_id: str, /) -> None:
        self.kept.pop(run_id)

    async def rename_run(self, run_id: str, name: str, /) -> None:
        self.kept[run_id] = replace(self.kept[run_id], name=name or None)

    async def take_in(self, path: str, /) -> TakenIn:
        from qtui.bench import intake  # with numpy, which few programs of the tests need

        record = intake.read(Path(path))
        new = record.id not in self.kept
        self.kept.setdefault(record.id, record)
        return TakenIn(record.id, new=new)

    async def left_over(self) -> tuple[LeftOver, ...]:
        return self.lying

    async def remove_left(self) -> tuple[str, ...]:
        self.lying = ()
        return ()

    async def try_out(self) -> Tried:
        self.tried += 1
        works = {"works": True, "quantized data built": True, "finds a vector by itself": True}
        return Tried(works, {"fastembed": "not installed"})

    async def runs(self) -> tuple[RunSummary, ...]:
        if self.kept:
            found = sorted(self.kept.values(), key=lambda record: record.started, reverse=True)
            return tuple(fake_runs.summary(record) for record in found)
        dataset = Dataset("sample", 1, 1, False, "cosine", None, 1, "held-out", 10, None)
        return (RunSummary("20261122-partial", "partial", "2026-11-22T01:30:00Z", dataset),)

    async def spread(self, run_id: str, measurements: Sequence[int] = (), /) -> tuple[Distribution, ...]:
        return tuple(fake_figures.distribution(at) for at in measurements)

    async def pause(self, on: bool, /) -> bool:
        self.paused.append(on)
        self.going.clear() if on else self.going.set()
        return True

    async def export(self, run_id: str, format_: str, prices: Prices | None = None, /) -> str:
        return f"{format_} of {run_id}{'' if prices is None else f' at {prices.ram_gib_month}'}\n"

    def remake(self, name: str, method: str, points: int) -> None:
        self.views[name] = view(name, method, points=points)

    async def bench(self, request: BenchRequest) -> AsyncGenerator[Event, None]:
        async for event in self._play("measuring", request, self.script(request)):
            yield event

    async def plan_of(self, run_id: str, /) -> BenchRequest:
        if (await self.run(run_id)).status != "partial":
            raise UsageError(f"run {run_id} is complete: nothing is left to measure")
        return fake_runs.REQUEST

    async def resume_run(self, run_id: str, /) -> AsyncGenerator[Event, None]:
        async for event in self.bench(await self.plan_of(run_id)):
            if isinstance(event, RunFinished):
                self.kept[run_id] = replace(event.record, id=run_id, started=self.kept[run_id].started)
                yield RunFinished(self.kept[run_id])
            else:
                yield event

    async def load(self, *loads: LoadRequest) -> AsyncGenerator[Event, None]:
        self.left = loads
        for load in loads:
            async with aclosing(self._load(load)) as events:
                async for event in events:
                    yield event
        self.left = ()

    async def unfinished_loads(self) -> tuple[LoadRequest, ...]:
        return self.left

    async def changed(self) -> tuple[str, ...]:
        return tuple(self.views) if self.way is not None else ()

    async def tidied(self) -> str:
        told, self.tidied_up = self.tidied_up, ""
        return told

    async def give_up(self) -> None:
        self.left = ()

    async def _load(self, request: LoadRequest) -> AsyncGenerator[Event, None]:
        names = list(collection_names(request).values())
        happened: list[Event] = []
        for name in names:
            happened += [Progress("load", name, 2_500, 5_000, 0.4, 0.4), BuildDone(name, 5_000, 0.8, 2.0)]
        happened.append(Loaded(tuple(names), 5_000, 9.0))
        async for event in self._play("building", request, happened):
            if isinstance(event, BuildDone):
                method = event.collection.partition("__")[2] or "none"
                self.views[event.collection] = view(event.collection, method)
            yield event

    async def _play(
        self, status: str, request: BenchRequest | LoadRequest, happened: list[Event]
    ) -> AsyncGenerator[Event, None]:
        self.asked.append(request)
        self.on_state(RoomState(status))
        ended = False
        try:
            for event in happened:
                if self.gate is not None:
                    await self.gate.acquire()
                await asyncio.sleep(0)
                if not self.going.is_set():
                    yield Progress("paused", "", 1_000, 2_000, 1.0, 1.0)
                    self.on_state(RoomState("paused"))
                    await self.going.wait()
                    self.on_state(RoomState(status))
                yield event
            if self.error_at_end is not None:
                raise self.error_at_end
            ended = True
        finally:
            if not ended and self.error_at_end is None:
                self.cancelled += 1
                if self.stops is not None:
                    self.on_state(RoomState("stopping"))
                    await self.stops.wait()
            self.on_state(RoomState("ready"))

    def die(self) -> EngineGone:
        """What the real one does when its process is killed: says so, starts again."""
        self.on_state(RoomState("restarting", "the engine's process was killed"))
        return EngineGone("the engine's process was killed; it is started again: try again")

    async def close(self) -> None:
        self.closed = True
