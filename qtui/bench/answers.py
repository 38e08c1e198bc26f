"""Gets the exact answer of a run, from wherever it is had cheapest, and tells how. Steps over the run's state."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qtui.bench import loaded, warnings
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
from qtui.events import Event, Progress, Warned
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
        search = _SourceTruth(state, source, cache, hold_out(allowed, state.held_out, source.rows))
        async for progress in _followed(state, search.steps()):
            yield progress
        truth = search.result()
    for warned in _taken(state, truth, stage.elapsed_s):
        yield warned


async def of_collection(
    state: RunState, engine: Engine, using: str, cache: TruthCache, pace: Pace = FREE
) -> AsyncGenerator[Event, None]:
    """Truth in a collection that is there: from the user's file, over the vectors that it was loaded from where they
    are still there, or by the engine's own exact search.

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
        is_plain = state.own_ids is None and state.filter_ is None
        load = await loaded.load_of(engine, name) if is_plain else None
        with loaded.opened(load) as source:
            found: _SourceTruth | _EngineTruth = _EngineTruth(state, engine, name, using, pace)
            if source is not None and load is not None:
                found = _SourceTruth(state, source, cache, loaded.allowed(load, source), of=source.name)
            try:
                async for progress in _followed(state, found.steps()):
                    yield progress
                truth = found.result()
            except (AccessError, UsageError) as error:
                if engine.info.kind != "server" or isinstance(error, EngineGone):
                    raise
                scrolled = ScrolledTruth(state, engine, name, using, pace)
                async for progress in _followed(state, scrolled.steps(), "reading points"):
                    yield progress
                scrolled.check()
                truth = scrolled.result(error.text)
    for warned in _taken(state, truth, stage.elapsed_s):
        yield warned


async def _followed(
    state: RunState, steps: AsyncGenerator[tuple[int, int], None], about: str = ""
) -> AsyncGenerator[Progress, None]:
    """Tells how far the steps are, which yield what is done, of how much."""
    stage: Stage | None = None
    async with aclosing(steps):
        async for done, of in steps:
            if stage is None or stage.total != of:
                stage = Stage(state.clock, "truth", about, of)
            if stage.due(done):
                yield stage.tell(done)
            await state.clock.sleep(0)


class _SourceTruth:
    """Exact search over the rows of a source, or what the cache has of it."""

    def __init__(
        self,
        state: RunState,
        source: VectorSource,
        cache: TruthCache,
        allowed: NDArray[np.bool_] | None,
        *,
        of: str = "",
    ) -> None:
        """`of`: what the result calls the source, where it isn't that of the whole run."""
        self._rows, self._k, self._cache = source.rows, state.request.limit, cache
        self._search = SourceTruth(source, state.queries, self._k, state.distance, allowed)
        self._how = f"{self._search.how}, in {of}" if of else self._search.how
        self._key = cache_key(source.fingerprint(), state.queries, self._k, state.distance, allowed)
        self._known = cache.get(self._key, len(state.queries), self._how)

    async def steps(self) -> AsyncGenerator[tuple[int, int], None]:
        """Searches; yields rows done, of how many."""
        if self._known is None:
            for done in self._search.steps():
                yield done, self._rows
            self._known = replace(self._search.result(), how=self._how)
            self._cache.put(self._key, self._known, self._k)

    def result(self) -> Truth:
        """The truth, once all steps are taken."""
        assert self._known is not None
        return self._known


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

    async def steps(self) -> AsyncGenerator[tuple[int, int], None]:
        """Asks; yields queries done, of how many."""
        async for done, some, some_tied in self._found:
            self._ids.extend(some)
            self._tied += some_tied
            yield done, len(self._state.queries)

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
