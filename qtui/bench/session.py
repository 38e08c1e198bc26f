"""One run from the request to the record: sources and queries, truth, collections, measuring, keeping.

Yields events and knows no screen; who builds collections is handed in. Whatever ends it early (a cancel, an error, a
kill), what was measured is kept as a partial run, and the temporary store goes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path

from qtui.bench import (
    adapting,
    answers,
    building,
    guard,
    likeness,
    questions,
    residency,
    running,
    tuning,
    warnings,
)
from qtui.bench.building import Build
from qtui.bench.clock import SYSTEM, Clock
from qtui.bench.copies import with_copies
from qtui.bench.crew import Hire
from qtui.bench.family import asked_for, family, vector_of
from qtui.bench.gate import Gate
from qtui.bench.keeping import Keeper
from qtui.bench.record import RunStore
from qtui.bench.state import RunState, environment
from qtui.bench.tally import Tally
from qtui.bench.truth import TruthCache, check_truth_use
from qtui.bench.unfinished import Unfinished
from qtui.bench.whatif import what_if
from qtui.bench.workplace import Workplace
from qtui.data.queries import QuerySet
from qtui.data.vectors import VectorSource, open_vectors
from qtui.engine.base import Engine
from qtui.engine.waits import telling
from qtui.errors import UsageError
from qtui.events import Event, Started
from qtui.model import Distance
from qtui.plan import BenchRequest, check
from qtui.records import Dataset
from qtui.target import Target

__all__ = ["bench"]

OpenEngine = Callable[[Path], Awaitable[Engine]]


@telling
async def bench(
    request: BenchRequest,
    *,
    engine: Engine | None,
    home: Path,
    build: Build,
    clock: Clock = SYSTEM,
    open_engine: OpenEngine | None = None,
    gate: Gate | None = None,
    left: Unfinished | None = None,
    hire: Hire | None = None,
    target: Target | None = None,
) -> AsyncGenerator[Event, None]:
    """Runs a plan; the last event is RunFinished, with the record that was kept.

    Closing `gate` has the run wait between two blocks until it is opened. With what an interrupted run `left`, that
    run goes on: its record is continued, and what was measured isn't measured again; `request` is then its own.

    `engine` is the open store or server for a request that names a collection, of which it measures a sample elsewhere
    where that is asked for. For one with a source, collections are built by `build`: in a temporary store under `home`,
    which `open_engine` then opens, or on the server `target`, which `engine` is open on. `hire` starts the processes
    that ask a server together; without it this one asks alone. Raises the errors of its parts; nothing is kept of a run
    that failed or was cancelled before it measured anything. While a server is waited for, Waiting says so.
    """
    check(request)
    if request.live.locally or request.live.copies:
        if engine is None:
            raise UsageError("a collection can only be read in an open store or server")
        run = partial(bench, home=home, build=build, clock=clock, open_engine=open_engine, gate=gate, hire=hire)
        pace = guard.reading_pace(request, engine.info, clock)
        if request.live.locally:
            steps = what_if(request, engine=engine, home=home, pace=pace, run=partial(run, engine=None))
        else:
            steps = with_copies(request, engine=engine, pace=pace, run=partial(run, engine=engine))
        async with aclosing(steps) as events:
            async for event in events:
                yield event
        return
    session = _Session(request, home, clock, gate or Gate(), left, hire)
    if request.source is not None:
        served = None if engine is None or target is None else (engine, target)
        events = session.of_source(build, open_engine or _open_embedded, served)
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

    def __init__(
        self,
        request: BenchRequest,
        home: Path,
        clock: Clock,
        gate: Gate,
        left: Unfinished | None,
        hire: Hire | None,
    ) -> None:
        self._request = request
        self._hire = hire
        self._gate = gate
        self._home = home
        self._clock = clock
        self._keeper = Keeper(RunStore(home / "runs"), clock, request, left)
        self._workplace: Workplace | None = None
        self._truth_cache = TruthCache(home / "cache" / "truth")

    async def of_source(
        self, build: Build, open_engine: OpenEngine, served: tuple[Engine, Target] | None
    ) -> AsyncGenerator[Event, None]:
        """Builds temporary collections from a source, in a store of their own or on a server, and measures them."""
        request = self._request
        assert request.source is not None
        async with AsyncExitStack() as stack:
            source = stack.enter_context(open_vectors(request.source))
            asked = questions.from_source(request, source)
            points = source.rows - (0 if asked.rows is None else len(asked.rows))
            shape = (source.dimension, source.multivector)
            dataset = self._dataset(source.name, points, shape, request.build.distance, asked)
            dataset = replace(dataset, fingerprint=source.fingerprint())
            names = building.names(request, on_server=served is not None)
            info = None if served is None else served[0].info
            state = self._keeper.begin(request, dataset, asked, names, info)
            yield Started(state.id)
            for warned in state.take_all(warnings.of_builds(request, source.dimension, info)):
                yield warned
            if state.filter_ is None:
                async for event in answers.of_source(state, source, self._truth_cache, None):
                    yield event
            store, target = (self._made_workplace(state), None) if served is None else (self._home, served[1])
            site = building.Site(store, build, target)
            async with aclosing(building.build_first(state, site)) as built:
                async for event in built:
                    yield event
            if served is None:
                engine = await open_engine(store)
                stack.push_async_callback(engine.close)
                state.environment = environment(engine.info)
            else:
                engine = served[0]
            async with aclosing(self._proven(state, source, engine, site)) as rest:
                async for event in rest:
                    yield event
            if served is not None and not request.keep:
                await building.remove_all(state, engine, site.times)
        if request.keep and self._workplace is not None:
            for warned in state.warn("kept", f"the collections are kept in {self._workplace.keep()}"):
                yield warned
        yield self._keeper.finish()

    def _made_workplace(self, state: RunState) -> Path:
        """The temporary store, which goes with this run."""
        self._workplace = Workplace(self._home, state.id)
        self._workplace.remove()  # of a killed run that goes on, what is left is of no use
        self._workplace.make()
        return self._workplace.store

    async def _proven(
        self, state: RunState, source: VectorSource, engine: Engine, site: building.Site
    ) -> AsyncGenerator[Event, None]:
        using, points = self._request.build.vector_name, state.dataset.points
        async for event in building.prove_all(state, engine, using, site.times, points):
            yield event
        if state.filter_ is not None:
            async for event in answers.of_source(state, source, self._truth_cache, engine):
                yield event
        make = partial(building.build_another, state, engine, site) if "none" in state.targets else None
        async with aclosing(self._measured(state, engine, make)) as measuring:
            async for event in measuring:
                yield event

    async def of_collection(self, engine: Engine) -> AsyncGenerator[Event, None]:
        """Measures a collection that is there, beside those of the same points that were made of it."""
        request = self._request
        assert request.collection is not None
        view = await asked_for(engine, request.collection, request.methods)
        spec = vector_of(view, request.build.vector_name)
        related = await family(engine, view, spec, request.methods)
        views = related.views
        self._request = request = guard.within(request, views.values())
        pace = guard.reading_pace(request, engine.info, self._clock, guard.allowed(views.values()))
        asked = await questions.from_collection(request, engine, view, spec, pace)
        self._request = request = replace(request, methods=tuple(views))
        dataset = self._dataset(view.name, view.points, (spec.size, spec.multivector), spec.distance, asked)
        names = {method: found.name for method, found in views.items()}
        state = self._keeper.begin(request, dataset, asked, names, engine.info)
        yield Started(state.id)
        limited = filter(None, map(guard.limited, views.values()))
        told = (*related.warnings(view.name), *guard.said(request, engine.info), *limited)
        for warned in state.take_all(told):
            yield warned
        async for event in answers.of_collection(state, engine, spec.name, self._truth_cache, pace):
            yield event
        async for event in building.prove_all(state, engine, spec.name, dict.fromkeys(views), view.points):
            yield event
        if "none" not in views:
            text = "there is no collection without quantization beside it: no speed-up and no comparison with float32"
            for warned in state.warn("no-baseline", text, view.name):
                yield warned
        async with aclosing(self._measured(state, engine)) as measuring:
            async for event in measuring:
                yield event
        yield self._keeper.finish()

    def _dataset(
        self, source: str, points: int, vector: tuple[int, bool], distance: Distance, asked: QuerySet
    ) -> Dataset:
        """`vector`: its components, and whether it is a multivector."""
        check_truth_use(self._request.truth_file, asked.origin, self._request.filter)
        return Dataset(
            source=source,
            points=points,
            dimension=vector[0],
            multivector=vector[1],
            distance=distance.value,
            filter=self._request.filter,
            queries=len(asked.vectors),
            query_origin=asked.origin,
            k=self._request.limit,
            truth=None,
        )

    async def _measured(
        self, state: RunState, engine: Engine, make: tuning.Make | None = None
    ) -> AsyncGenerator[Event, None]:
        if not self._request.tune:
            for warned in state.take_all(warnings.of_targets(state.targets, state.cells, engine.info)):
                yield warned
        for warned in state.take_all(await likeness.doubts(state, engine)):
            yield warned
        blanks = () if self._request.tune else running.blanks(state)
        state.tally = Tally(blanks, state.truth, rate=self._request.rate, seed=self._request.seed)
        for event in self._keeper.went_on():
            yield event
        state.save()
        measuring = (
            tuning.Tuning(state, engine, self._gate, make)
            if self._request.tune
            else running.Measuring(state, engine, self._gate)
        )
        async with AsyncExitStack() as stack:
            await self._take_on(stack, state)
            async for event in await stack.enter_async_context(aclosing(measuring.events())):
                yield event
        if self._request.tune:  # only now is it known what is there
            for warned in state.take_all(warnings.of_targets(state.targets, state.cells, engine.info)):
                yield warned
        async with aclosing(self._afterwards(state, engine)) as extras:
            async for event in extras:
                yield event
        for warned in state.take_all(warnings.of_figures(state.tally.measurements(), state.tally, state.targets)):
            yield warned

    async def _afterwards(self, state: RunState, engine: Engine) -> AsyncGenerator[Event, None]:
        """What is looked at once all latencies are taken; memory last, since it may rebuild."""
        if self._request.adaptive:
            async with aclosing(adapting.adapt(state, engine)) as trial:
                async for event in trial:
                    yield event
        if self._request.memory or self._request.placements:
            async with aclosing(residency.watch(state, engine)) as watching:
                async for event in watching:
                    yield event

    async def _take_on(self, stack: AsyncExitStack, state: RunState) -> None:
        """Starts further processes that ask, where the plan wants them."""
        if state.plan.processes > 1 and self._hire is not None:
            state.crew = await self._hire(state.plan.processes, state.queries)
            stack.push_async_callback(state.crew.dismiss)

    def end(self) -> None:
        """Keeps what an unfinished run measured, and removes what was temporary."""
        try:
            self._keeper.end()
        finally:
            if self._workplace is not None:
                self._workplace.remove()
