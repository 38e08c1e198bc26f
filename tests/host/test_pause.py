"""A run on the real engine is paused over the wire: calls get in meanwhile, and it goes on."""

from __future__ import annotations

import asyncio

import pytest

from qtui.errors import StoreInUse
from qtui.events import Progress, RunFinished, Started
from qtui.plan import BenchRequest
from tests.host.test_real import ROWS, built_here, room, source, vectors

__all__ = ["room", "source", "vectors"]


async def test_while_a_run_is_paused_calls_are_answered_and_then_it_goes_on(room, source):
    await built_here(source)
    assert not await room.pause(True)
    events = room.bench(BenchRequest(collection="docs", methods=("none",), queries=20, repeat=400))
    stages = (event async for event in events if isinstance(event, Progress))
    async for event in stages:
        if event.stage == "measure":
            break
    assert await room.pause(True)
    async for event in stages:
        if event.stage == "paused":
            break
    assert room.state.status == "paused"
    assert await room.count("docs") == ROWS
    with pytest.raises(StoreInUse, match="paused"):
        await room.delete("docs")
    waiting = asyncio.ensure_future(anext(stages))
    assert await room.count("docs") == ROWS
    assert not waiting.done()
    assert await room.pause(False)
    # a reader that comes late gets the newest progress alone
    assert (await waiting).stage in {"warm-up", "measure"}
    assert [event async for event in stages][-1].stage == "measure"
    (summary,) = await room.runs()
    record = await room.run(summary.id)
    assert record.status == "complete"
    assert "paused" in {warning.code for warning in record.warnings}


async def test_a_run_tells_its_id_first_and_its_distributions_after(room, source):
    request = BenchRequest(source=source, methods=("none", "scalar"), queries=20, oversampling=(2.0,), repeat=2)
    events = [event async for event in room.bench(request)]
    assert isinstance(events[-1], RunFinished)
    run = events[-1].record
    assert events[0] == Started(run.id)
    found = await room.spread(run.id)
    assert [each.n for each in found] == [m.engine_ms.n for m in run.measurements if m.engine_ms]
    (second,) = await room.spread(run.id, (1,))
    assert second == found[1]
    latency = run.measurements[1].engine_ms
    assert latency is not None
    assert (second.low_ms, second.high_ms) == pytest.approx((latency.min, latency.max))
