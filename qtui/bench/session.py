"""One run from the request to the record: sources and queries, truth, collections, measuring, keeping.

Yields events and knows no screen; who builds collections is handed in. Whatever ends it early (a cancel, an error, a
kill), what was measured is kept as a partial run, and the temporary store goes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from pathlib import Path

from qtui.bench import building, questions, running, schedule, warnings
from qtui.bench.building import Build
from qtui.bench.clock import SYSTEM, Clock
from qtui.bench.record import RunStore
from qtui.bench.state import RunState, Stage, environment, new_id, timestamp
from qtui.bench.tally import Tally
from qtui.bench.truth import (
    SourceTruth,
    Truth,
    TruthCache,
    cache_key,
    check_truth_use,
    engine_truth,
    hold_out,
    matching_rows,
)
from qtui.bench.truthfile import read_truth
from qtui.bench.workplace import Workplace, clean
from qtui.data.queries import QuerySet
from qtui.data.vectors import VectorSource, open_vectors
from qtui.engine.base import Engine
from qtui.errors import UsageError
from qtui.events import BuildDone, Event, RunFinished, Warned
from qtui.filters import Filter, parse_filter
from qtui.model import Distance, EngineInfo, PointId
from qtui.plan import BenchRequest, check, variants
from qtui.records import Dataset, PlanRecord, RunRecord, RunWarning, TruthRecord

__all__ = ["bench", "clean"]

OpenEngine = Callable[[Path], Awaitable[Engine]]


async def bench(
    request: BenchRequest,
    *,
    engine: Engine | None,
    home: Path,
    build: Build,
    clock: Clock = SYSTEM,
    open_engine: OpenEngine | None = None,
) -> AsyncGenerator[Event, None]:
    """Runs a plan; the last event is RunFinished, with the record that was kept.

    `engine` is the open store for a request that names a collection; for one with a source, collections are built
    by `build` in a temporary store under `home`, which `open_engine` then opens. Raises the errors of its parts;
    nothing is kept of a run that failed or was cancelled before it measured anything.
    """
    check(request)
    session = _Session(request, home, clock)
    if request.source is not None:
        events = session.of_source(build, open_engine or _open_embedded)
    else:
        if engine is None:
            raise UsageError("a collection can only be measured in an open store")
        events = session.of_collection(engine)
    try:
        async with aclosing(events):
            async for event in events:
                yield event
    finally:
        session.end()


async def _open_embedded(store: Path) -> Engine:
    from qtui.engine.open import open_embedded

    return await open_embedded(store)


class _Session:
    """The steps of one run, over its state."""

    def __init__(self, request: BenchRequest, home: Path, clock: Clock) -> None:
        self._request = request
        self._home = home
        self._clock = clock
        self._runs = RunStore(home / "runs")
        self._filter: Filter | None = None if request.filter is None else parse_filter(request.filter)
        self._state: RunState | None = None
        self._workplace: Workplace | None = None
        self._kept = False

    # --- the two kinds of run ---

    async def of_source(self, build: Build, open_engine: OpenEngine) -> AsyncGenerator[Event, None]:
        """Builds temporary collections from a source, and measures them."""
        request = self._request
        assert request.source is not None
        async with AsyncExitStack() as stack:
            source = stack.enter_context(open_vectors(request.source))
            asked = questions.from_source(request, source)
            points = source.rows - (0 if asked.rows is None else len(asked.rows))
            dataset = self._dataset(source.name, points, (source.dimension, source.multivector), asked)
            dataset = replace(dataset, fingerprint=source.fingerprint())
            names = building.names(request)
            state = self._begin(dataset, asked, request.build.distance, names, None)
            for warned in self._warn_all(warnings.of_builds(request, source.dimension)):
                yield warned
            if self._filter is None:
                async for event in self._source_truth(state, source, asked, None):
                    yield event
            self._workplace = Workplace(self._home, state.id)
            self._workplace.make()
            times: dict[str, BuildDone] = {}
            async with aclosing(building.build_all(state, self._workplace.store, build, times)) as built:
                async for event in built:
                    yield event
            engine = await open_engine(self._workplace.store)
            stack.push_async_callback(engine.close)
            state.environment = environment(engine.info)
            async for event in building.prove_all(state, engine, request.build.vector_name, times, points):
                yield event
            if self._filter is not None:
                async for event in self._source_truth(state, source, asked, engine):
                    yield event
            async with aclosing(self._measured(state, engine)) as measuring:
                async for event in measuring:
                    yield event
        if request.keep:
            for warned in state.warn("kept", f"the collections are kept in {self._workplace.keep()}"):
                yield warned
        yield self._finish()

    async def of_collection(self, engine: Engine) -> AsyncGenerator[Event, None]:
        """Measures a collection that is there, beside the one without quantization where `load` made one."""
        request = self._request
        assert request.collection is not None
        view = await engine.view(request.collection)
        spec = building.vector_of(view, request.build.vector_name)
        views = await building.family(engine, view, spec, request.methods)
        asked = await questions.from_collection(request, engine, view, spec)
        self._request = request = replace(request, methods=tuple(views))
        dataset = self._dataset(view.name, view.points, (spec.size, spec.multivector), asked)
        names = {method: found.name for method, found in views.items()}
        state = self._begin(dataset, asked, spec.distance, names, engine.info)
        async for event in self._collection_truth(state, engine, spec.name):
            yield event
        times = {method: BuildDone(name, view.points, 0.0, 0.0) for method, name in names.items()}
        async for event in building.prove_all(state, engine, spec.name, times, view.points):
            yield event
        if "none" not in views:
            text = "there is no collection without quantization beside it: no speed-up and no comparison with float32"
            for warned in state.warn("no-baseline", text, view.name):
                yield warned
        async with aclosing(self._measured(state, engine)) as measuring:
            async for event in measuring:
                yield event
        yield self._finish()

    # --- beginning ---

    def _dataset(self, source: str, points: int, vector: tuple[int, bool], asked: QuerySet) -> Dataset:
        """`vector`: its components, and whether it is a multivector."""
        check_truth_use(self._request.truth_file, asked.origin, self._request.filter)
        return Dataset(
            source=source,
            points=points,
            dimension=vector[0],
            multivector=vector[1],
            distance=self._request.build.distance.value,
            filter=self._request.filter,
            queries=len(asked.vectors),
            query_origin=asked.origin,
            k=self._request.limit,
            truth=None,
        )

    def _begin(
        self,
        dataset: Dataset,
        asked: QuerySet,
        distance: Distance,
        names: dict[str, str],
        info: EngineInfo | None,
    ) -> RunState:
        request = self._request
        queries = len(asked.vectors)
        plan = PlanRecord(
            seed=request.seed,
            repeat=request.repeat,
            warmup=schedule.warmup_queries(queries),
            concurrency=request.concurrency,
            rate=request.rate,
            order="interleaved",
            block=schedule.block_size(queries, request.concurrency),
            cold=request.cold,
        )
        state = RunState(
            id=new_id(),
            request=request,
            clock=self._clock,
            started=timestamp(),
            environment=environment(info),
            plan=plan,
            dataset=replace(dataset, distance=distance.value),
            queries=asked.vectors,
            distance=distance,
            filter_=self._filter,
            own_ids=asked.ids,
            cells=variants(request),
            collection_names=names,
        )
        state.journal = self._runs.begin(state.snapshot())
        self._state = state
        return state

    # --- truth ---

    async def _source_truth(
        self, state: RunState, source: VectorSource, asked: QuerySet, engine: Engine | None
    ) -> AsyncGenerator[Event, None]:
        request, stage = self._request, Stage(self._clock, "truth", "", source.rows)
        yield stage.tell(0)
        if request.truth_file is not None:
            truth = read_truth(request.truth_file, queries=len(asked.vectors), k=request.limit, rows=source.rows)
        else:
            allowed = None
            if engine is not None and self._filter is not None:
                name = next(iter(state.targets.values())).name
                allowed = await matching_rows(engine, name, self._filter, source.rows)
            allowed = hold_out(allowed, asked.rows, source.rows)
            key = cache_key(source.fingerprint(), asked.vectors, request.limit, state.distance, allowed)
            cache = TruthCache(self._home / "cache" / "truth")
            known = cache.get(key, len(asked.vectors))
            if known is None:
                search = SourceTruth(source, asked.vectors, request.limit, state.distance, allowed)
                for done in search.steps():
                    if stage.due(done):
                        yield stage.tell(done)
                    await self._clock.sleep(0)
                known = search.result()
                cache.put(key, known, request.limit)
            truth = known
        for warned in self._take_truth(state, truth, stage.elapsed_s):
            yield warned

    async def _collection_truth(self, state: RunState, engine: Engine, using: str) -> AsyncGenerator[Event, None]:
        request, stage = self._request, Stage(self._clock, "truth", "", len(state.queries))
        yield stage.tell(0)
        if request.truth_file is not None:
            truth = read_truth(
                request.truth_file, queries=len(state.queries), k=request.limit, rows=state.dataset.points
            )
        else:
            name = state.collection_names.get("none") or next(iter(state.collection_names.values()))
            found = engine_truth(
                engine,
                name,
                state.queries,
                request.limit,
                using=using,
                filter_=self._filter,
                own=state.own_ids,
            )
            ids: list[tuple[PointId, ...]] = []
            tied = 0
            async for done, some, some_tied in found:
                ids.extend(some)
                tied += some_tied
                if stage.due(done):
                    yield stage.tell(done)
                await self._clock.sleep(0)
            dropped = "; queries are points of it, each left out of its own answer" if state.own_ids else ""
            truth = Truth(tuple(ids), tied, f"the engine's exact search in {name}, on the originals as stored{dropped}")
        for warned in self._take_truth(state, truth, stage.elapsed_s):
            yield warned

    def _take_truth(self, state: RunState, truth: Truth, seconds: float) -> tuple[Warned, ...]:
        state.truth = truth.ids
        state.dataset = replace(state.dataset, truth=TruthRecord(truth.how, seconds))
        assert state.journal is not None
        state.journal.truth(truth.ids)
        state.save()
        shortest = min(len(ids) for ids in truth.ids)
        dataset = state.dataset
        return self._warn_all(
            [
                *warnings.of_plan(self._request, dataset.queries, dataset.points),
                *warnings.of_truth(truth.tied, dataset.queries, dataset.k, shortest=shortest),
            ]
        )

    # --- measuring and ending ---

    async def _measured(self, state: RunState, engine: Engine) -> AsyncGenerator[Event, None]:
        for warned in self._warn_all(warnings.of_targets(state.targets, state.cells, engine.info)):
            yield warned
        blanks = running.blanks(state)
        state.tally = Tally(blanks, state.truth, rate=self._request.rate, seed=self._request.seed)
        state.save()
        async with aclosing(running.Measuring(state, engine).events()) as events:
            async for event in events:
                yield event
        for warned in self._warn_all(warnings.of_figures(state.tally.measurements(), state.tally, state.targets)):
            yield warned

    def _warn_all(self, found: Iterable[RunWarning]) -> tuple[Warned, ...]:
        assert self._state is not None
        return tuple(event for warning in found for event in self._state.take(warning))

    def _finish(self) -> RunFinished:
        return RunFinished(self._keep("complete"))

    def _keep(self, status: str) -> RunRecord:
        assert self._state is not None
        assert self._state.journal is not None
        record = self._state.record(status)
        self._state.journal.close()
        self._runs.write(record)
        self._kept = True
        return record

    def end(self) -> None:
        """Keeps what an unfinished run measured, and removes what was temporary."""
        state = self._state
        if state is not None and state.journal is not None and not self._kept:
            if state.tally is not None and any(held.timed for held in state.tally.answered):
                self._keep("partial")
            else:
                state.journal.discard()
        if self._workplace is not None:
            self._workplace.remove()
