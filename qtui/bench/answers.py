"""Gets the exact answer of a run, from wherever it is had cheapest, and tells how. Steps over the run's state."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from qtui.bench import warnings
from qtui.bench.scrolled import ScrolledTruth
from qtui.bench.state import RunState, Stage
from qtui.bench.truth import (
    SourceTruth,
    Truth,
    TruthCache,
    cache_key,
    engine_truth,
    hold_out,
    matching_rows,
)
from qtui.bench.truthfile import read_truth
from qtui.data.vectors import VectorSource
from qtui.engine.base import Engine
from qtui.engine.pace import FREE, Pace
from qtui.errors import AccessError, EngineGone, UsageError, shown
from qtui.events import Event, Warned
from qtui.model import PointId
from qtui.records import TruthRecord


async def of_source(
    state: RunState, source: VectorSource, cache: TruthCache, engine: Engine | None
) -> AsyncGenerator[Event, None]:
    """Truth over a source's rows: from the user's file, from the cache, or by exact search.

    With a filter, `engine` says which rows match: the truth then waits for a collection.
    """
    request, queries = state.request, state.queries
    stage = Stage(state.clock, "truth", "", source.rows)
    yield stage.tell(0)
    if request.truth_file is not None:
        truth = read_truth(
            request.truth_file, queries=len(queries), k=request.limit, rows=source.rows, distance=state.distance
        )
    else:
        allowed = None
        if engine is not None and state.filter_ is not None:
            name = next(iter(state.targets.values())).name
            allowed = await matching_rows(engine, name, state.filter_, source.rows)
        allowed = hold_out(allowed, state.held_out, source.rows)
        key = cache_key(source.fingerprint(), queries, request.limit, state.distance, allowed)
        search = SourceTruth(source, queries, request.limit, state.distance, allowed)
        known = cache.get(key, len(queries), search.how)
        if known is None:
            for done in search.steps():
                if stage.due(done):
                    yield stage.tell(done)
                await state.clock.sleep(0)
            known = search.result()
            cache.put(key, known, request.limit)
        truth = known
    for warned in _taken(state, truth, stage.elapsed_s):
        yield warned


async def of_collection(state: RunState, engine: Engine, using: str, pace: Pace = FREE) -> AsyncGenerator[Event, None]:
    """Truth in a collection that is there: from the user's file, or by the engine's own exact search.

    Where that is refused, as a server's strict mode may, points are read and ranked here.
    """
    request, queries = state.request, state.queries
    stage = Stage(state.clock, "truth", "", len(queries))
    yield stage.tell(0)
    if request.truth_file is not None:
        points = state.dataset.points
        truth = read_truth(
            request.truth_file, queries=len(queries), k=request.limit, rows=points, distance=state.distance
        )
    else:
        name = state.collection_names.get("none") or next(iter(state.collection_names.values()))
        try:
            found = _EngineTruth(state, engine, name, using, pace)
            async for done in found.steps():
                if stage.due(done):
                    yield stage.tell(done)
            truth = found.result()
        except (AccessError, UsageError) as error:
            if engine.info.kind != "server" or isinstance(error, EngineGone):
                raise
            scrolled = ScrolledTruth(state, engine, name, using, pace)
            async for done, of in scrolled.steps():
                stage = stage if stage.total == of else Stage(state.clock, "truth", "reading points", of)
                if stage.due(done):
                    yield stage.tell(done)
            scrolled.check()
            truth = scrolled.result(error.text)
    for warned in _taken(state, truth, stage.elapsed_s):
        yield warned


class _EngineTruth:
    """Exact answers by the engine itself, a few queries a request; a server gets one, at the guard's pace."""

    def __init__(self, state: RunState, engine: Engine, name: str, using: str, pace: Pace) -> None:
        self._state, self._name = state, name
        self._ids: list[tuple[PointId, ...]] = []
        self._tied = 0
        self._found = engine_truth(
            engine,
            name,
            state.queries,
            state.request.limit,
            using=using,
            filter_=state.filter_,
            own=state.own_ids,
            pace=pace,
        )

    async def steps(self) -> AsyncGenerator[int, None]:
        """Asks; yields queries done."""
        async for done, some, some_tied in self._found:
            self._ids.extend(some)
            self._tied += some_tied
            yield done
            await self._state.clock.sleep(0)

    def result(self) -> Truth:
        """The truth."""
        dropped = "; queries are points of it, each left out of its own answer" if self._state.own_ids else ""
        how = f"the engine's exact search in {self._name}, on the originals as stored{dropped}"
        return Truth(tuple(self._ids), self._tied, how)


def _taken(state: RunState, truth: Truth, seconds: float) -> tuple[Warned, ...]:
    """Keeps the truth. Raises UsageError when a filter leaves nothing to find."""
    if state.filter_ is not None and not any(truth.ids):
        raise UsageError(
            f"no point matches the filter {shown(state.request.filter)}: give one that matches some, or vectors with"
            " --payload"
        )
    state.take_truth(truth.ids, TruthRecord(truth.how, seconds))
    dataset = state.dataset
    shortest = min(len(ids) for ids in truth.ids)
    return state.take_all(
        [
            *warnings.of_plan(state.request, dataset.queries, dataset.points),
            *warnings.of_truth(truth.tied, dataset.queries, dataset.k, shortest=shortest),
        ]
    )
