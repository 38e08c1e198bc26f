from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from qtui.bench.record import RunStore
from qtui.events import CollectionReady, Progress
from tests.bench.runs import REQUEST, stream
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine


async def stopped_at(request, home, stop, how):
    """A run that is ended at the first event of a kind: the record that is left."""
    clock = FakeClock()
    engine = FakeEngine(clock=clock)
    events = stream(request, home, engine, clock)
    if how == "closed":
        async with aclosing(events):
            async for event in events:
                if stop(event):
                    break
    else:

        async def consume():
            async for event in events:
                if stop(event):
                    task.cancel()

        task = asyncio.create_task(consume())
        with pytest.raises(asyncio.CancelledError):
            await task
        await events.aclose()
    assert engine.closed or not engine.calls
    return RunStore(home / "runs")


@pytest.mark.parametrize("how", ["closed", "cancelled"])
async def test_a_cancelled_run_keeps_what_it_measured(how, home):
    def half_way(event):
        return isinstance(event, Progress) and event.stage == "measure" and event.done > 0

    runs = await stopped_at(replace(REQUEST, repeat=40), home, half_way, how)
    (summary,) = runs.list()
    assert summary.status == "partial"
    record = runs.load(summary.id)
    assert 0 < sum(m.engine_ms.n for m in record.measurements if m.engine_ms is not None) < 4 * 30 * 40
    assert list((home / "tmp").iterdir()) == []
    assert not list((home / "runs").glob("*.journal"))


@pytest.mark.parametrize("stop", [CollectionReady, Progress])
async def test_a_run_cancelled_before_it_measured_leaves_nothing(stop, home):
    runs = await stopped_at(REQUEST, home, lambda event: isinstance(event, stop), "closed")
    assert runs.list() == ()
    assert not list((home / "runs").iterdir())
