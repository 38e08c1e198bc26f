"""Makes a copy of a collection for each method on its own server, to be measured beside it, and removes them after.

Only where writing was allowed, and only under names that are qtui's own: NAME__qtui__METHOD.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from qtui.bench.family import vector_of
from qtui.data.live.copy import Copy, copy
from qtui.engine.base import Engine
from qtui.engine.pace import Pace
from qtui.errors import AccessError, QtuiError, UsageError, shown
from qtui.events import BuildDone, CollectionFailed, Event, RunFinished
from qtui.model import CollectionView, VectorSpec
from qtui.names import variant_name
from qtui.plan import BenchRequest

Run = Callable[[BenchRequest], AsyncGenerator[Event, None]]


async def with_copies(request: BenchRequest, *, engine: Engine, pace: Pace, run: Run) -> AsyncGenerator[Event, None]:
    """Makes the copies, yields the events of `run` on the collection, which finds them, and removes them.

    A method that can't be copied doesn't stop the others. Those of a run that did not finish stay, and the same request
    goes on with them; so do all with `keep`. Raises AccessError where nothing may be written, UsageError for a method
    that the server can't do, and when no copy could be made.
    """
    assert request.collection is not None
    view = await engine.view(request.collection)
    spec = vector_of(view, request.build.vector_name)
    wanted = _wanted(request, engine, view, spec)
    failed: dict[str, str] = {}
    async for event in _made(engine, wanted, pace, failed):
        yield event
    if len(failed) == len(wanted):
        why = next(iter(failed.values()), "name --methods that it doesn't have")
        raise UsageError(f"no copy of {shown(view.name)} could be made: {why}")
    finished: RunFinished | None = None
    async with aclosing(run(replace(request, live=replace(request.live, copies=False)))) as events:
        async for event in events:
            if isinstance(event, RunFinished):
                finished = event
            else:
                yield event
    for each in wanted:
        if not request.keep and each.name not in failed:
            await engine.delete(each.name)
    if finished is not None:
        yield finished


async def _made(engine: Engine, wanted: list[Copy], pace: Pace, failed: dict[str, str]) -> AsyncGenerator[Event, None]:
    """Makes one after the other; `failed` gets name and reason of those that can't be made."""
    for each in wanted:
        try:
            async with aclosing(copy(engine, each, pace)) as copying:
                async for event in copying:
                    if not isinstance(event, BuildDone):
                        yield event
        except QtuiError as error:
            failed[each.name] = error.text
            yield CollectionFailed(each.name, each.method, error.text)


def _wanted(request: BenchRequest, engine: Engine, view: CollectionView, spec: VectorSpec) -> list[Copy]:
    info = engine.info
    if info.read_only or "write" in info.refused:
        raise AccessError(f"{info.where} is only read: making copies of a collection needs --allow-writes")
    own = "none" if spec.quantization is None else spec.quantization.method
    methods = [name for name in request.methods if name != own]
    for name in methods:
        if name in info.refused:
            raise UsageError(f"this server can't do {name}: {info.refused[name]}; choose other --methods")
    payload = request.filter is not None
    return [Copy(view, spec, variant_name(view.name, name), name, request.build, payload) for name in methods]
