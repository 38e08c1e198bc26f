"""Makes what a run measures: temporary collections through the builder it is given, or those that are there already.

Relays the builder's progress; one method that fails doesn't stop the others.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from qtui.bench import readiness
from qtui.bench.state import RunState
from qtui.engine.base import Engine
from qtui.errors import BadSource, DataError, QtuiError
from qtui.events import BuildDone, CollectionFailed, CollectionReady, Event
from qtui.loads import BuildJob
from qtui.names import file_stem, variant_name
from qtui.plan import BenchRequest
from qtui.target import Target

Build = Callable[[BuildJob], AsyncIterator[Event]]


def names(request: BenchRequest, *, on_server: bool = False) -> dict[str, str]:
    """Method → name of its temporary collection, after the source: as `load` calls them, or as a server's copies."""
    assert request.source is not None
    documents = request.source.documents
    path = request.source.path if documents is None else documents.paths[0]
    base = file_stem(request.source.kind if path is None else Path(path).name.split(".")[0])
    if on_server:
        return {name: variant_name(base, name) for name in request.methods}
    return {name: base if name == "none" else f"{base}__{name}" for name in request.methods}


@dataclass(frozen=True, slots=True)
class Site:
    """Where and by whom the collections of a run are built, and what each took, by method."""

    store: Path
    build: Build
    target: Target | None = None
    """The server that they are built on; None: the store."""
    times: dict[str, BuildDone | None] = field(default_factory=dict)


async def build_all(state: RunState, site: Site, methods: Iterable[str]) -> AsyncGenerator[Event, None]:
    """Builds the collections of these methods, one after the other.

    Raises BadSource, and lets other failures be those of one method.
    """
    request = state.request
    assert request.source is not None
    for name in methods:
        job = BuildJob(
            store=str(site.store),
            collection=state.collection_names[name],
            method=name,
            source=request.source,
            build=request.build,
            held_out=state.dataset.queries if state.dataset.query_origin == "held-out" else 0,
            held_out_seed=request.seed,
            target=site.target,
        )
        try:
            async with aclosing(_generator(site.build(job))) as events:
                async for event in events:
                    if isinstance(event, BuildDone):
                        site.times[name] = event
                    else:
                        yield event
        except BadSource:
            raise
        except QtuiError as error:
            for failed in failures(state, name, error):
                yield failed


async def build_first(state: RunState, site: Site) -> AsyncGenerator[Event, None]:
    """Builds what is measured in any case: every method, but of a run that tunes the baseline alone.

    By its files the sizes of the others are known before they are built; where it fails, they are all built at once.
    """
    request = state.request
    only_baseline = request.tune and not request.build_all and request.methods[0] == "none"
    parts = (request.methods[:1], request.methods[1:]) if only_baseline else (request.methods,)
    for some in parts:
        if not site.times:
            async with aclosing(build_all(state, site, some)) as events:
                async for event in events:
                    yield event


async def build_another(state: RunState, engine: Engine, site: Site, method: str) -> AsyncGenerator[Event, None]:
    """Builds the collection of one more method, while `engine` is open beside it, and proves it."""
    async with aclosing(build_all(state, site, (method,))) as events:
        async for event in events:
            yield event
    if method in site.times:
        times = {method: site.times[method]}
        async for event in prove_all(state, engine, state.request.build.vector_name, times, state.dataset.points):
            yield event


async def remove_all(state: RunState, engine: Engine, methods: Iterable[str]) -> None:
    """Removes the collections that were built."""
    for method in methods:
        await engine.delete(state.collection_names[method])


async def _generator(events: AsyncIterator[Event]) -> AsyncGenerator[Event, None]:
    # whatever kind of iterator a builder returns, it is closed when this one is
    try:
        async for event in events:
            yield event
    finally:
        close = getattr(events, "aclose", None)
        if close is not None:
            await close()


def failures(state: RunState, method: str, error: QtuiError) -> tuple[Event, ...]:
    """The events for a method that can't be measured; the record remembers it as a warning."""
    name = state.collection_names[method]
    state.warn("build-failed", f"{method} could not be built: {error.text}", name)
    return (CollectionFailed(name, method, error.text),)


async def prove_all(
    state: RunState, engine: Engine, using: str, times: dict[str, BuildDone | None], expected: int
) -> AsyncGenerator[Event, None]:
    """Looks at the collections of `times` (method → what its build took), and takes those that are whole."""
    for method, done in times.items():
        try:
            view = await engine.view(state.collection_names[method])
            target = readiness.prove(
                view,
                using,
                expected_points=expected,
                load_seconds=None if done is None else done.load_seconds,
                index_seconds=None if done is None else done.index_seconds,
            )
        except QtuiError as error:
            for event in failures(state, method, error):
                yield event
            continue
        state.targets[method] = target
        state.collections.append(target.record)
        yield CollectionReady(target.record)
        for warning in target.warnings:
            for warned in state.take(warning):
                yield warned
    if not state.targets:
        raise DataError("not one collection could be built; " + state.warnings[-1].text)
