"""What if: tries methods on a sample of a live collection in the embedded engine, without touching the collection.

Takes the sample into files and hands them to an ordinary run. The sample is removed with a run that was finished; one
of an interrupted run stays, and the same request goes on with it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from qtui import units
from qtui.bench import guard
from qtui.bench.family import vector_of
from qtui.data.live.take import Sample, open_sample, wanted_of
from qtui.engine.base import Engine
from qtui.engine.pace import Pace
from qtui.events import Event, RunFinished, Warned
from qtui.loads import BuildSpec
from qtui.model import VectorSpec
from qtui.plan import BenchRequest, Taken

Run = Callable[[BenchRequest], AsyncGenerator[Event, None]]
_AS_EVER = BuildSpec()


async def what_if(
    request: BenchRequest, *, engine: Engine, home: Path, pace: Pace, run: Run
) -> AsyncGenerator[Event, None]:
    """Takes the sample, then yields the events of `run` on it. Raises what reading the collection and `run` raise."""
    assert request.collection is not None
    view = await engine.view(request.collection)
    spec = vector_of(view, request.build.vector_name)
    wanted = wanted_of(
        view,
        spec,
        points=request.live.sample,
        seed=request.seed,
        payload=request.filter is not None,
        where=engine.info.where,
    )
    if (limited := guard.limited(view)) is not None:
        yield Warned(limited)
    sample = open_sample(home, wanted)
    finished = False
    try:
        async with aclosing(sample.take(engine, pace, guard.allowed((view,)))) as reading:
            async for progress in reading:
                yield progress
        taken = Taken(wanted.collection, wanted.where, sample.about.rows, wanted.of, sample.about.how, spec.datatype)
        async with aclosing(run(_on_sample(request, spec, sample, taken))) as events:
            async for event in events:
                finished = finished or isinstance(event, RunFinished)
                yield event
    finally:
        sample.release(keep=not finished)


def _on_sample(request: BenchRequest, spec: VectorSpec, sample: Sample, taken: Taken) -> BenchRequest:
    """The run on the sample's files; the graph is built as the collection's is, where nothing else is asked for."""
    whole = taken.points >= taken.of
    label = (
        taken.collection if whole else f"{taken.collection} ({units.count(taken.points)} of {units.count(taken.of)})"
    )
    graph, asked = spec.hnsw, request.build
    build = replace(asked, distance=spec.distance, vector_name=spec.name)
    if graph is not None:
        build = replace(
            build,
            hnsw_m=graph.m if asked.hnsw_m is None else asked.hnsw_m,
            ef_construct=graph.ef_construct if asked.ef_construct == _AS_EVER.ef_construct else asked.ef_construct,
        )
    return replace(
        request,
        source=replace(sample.source, label=label),
        collection=None,
        build=build,
        live=replace(request.live, locally=False, taken=taken),
    )
