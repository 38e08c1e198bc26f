from __future__ import annotations

import asyncio
import gc

import numpy as np
import pytest

from qtui.bench.measure import Ask, run_block
from qtui.engine.base import PointBatch
from qtui.errors import EngineGone
from qtui.model import CollectionSpec, SearchSettings, VectorSpec
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine

QUERIES = np.eye(6, dtype=np.float32)


async def engine(**options):
    clock = FakeClock()
    made = FakeEngine(clock=clock, **options)
    await made.create(CollectionSpec("c", (VectorSpec(6),)))
    await made.upsert("c", PointBatch(range(6), {"": QUERIES}))
    await made.build("c")
    return made, clock


def ask(limit=2, own=None):
    return Ask("c", "", SearchSettings(limit=limit), None, own)


async def block(made, clock, *, count=6, concurrency=1, rate=None, asked=None):
    async with asyncio.timeout(10):
        return await run_block(
            made, asked or ask(), QUERIES, range(count), concurrency=concurrency, rate=rate, clock=clock
        )


async def test_times_are_those_of_the_engine():
    made, clock = await engine(latency_ms=lambda call: 1.0 + call.index, overhead_ms=0.5)
    found = await block(made, clock, count=3)
    assert [outcome.engine_ms for outcome in found.outcomes] == [1.0, 2.0, 3.0]
    assert [outcome.round_trip_ms for outcome in found.outcomes] == [1.5, 2.5, 3.5]
    assert found.wall_s == pytest.approx(0.0075)
    assert [outcome.query for outcome in found.outcomes] == [0, 1, 2]
    assert all(len(outcome.ids) == 2 for outcome in found.outcomes)


@pytest.mark.parametrize("concurrency", [1, 2, 4, 9])
async def test_never_more_in_flight_than_asked_and_as_many_as_can_be(concurrency):
    made, clock = await engine(latency_ms=lambda _: 10.0, overhead_ms=0.0)
    found = await block(made, clock, concurrency=concurrency)
    assert max(call.in_flight for call in made.calls) == min(concurrency, 6)
    assert found.wall_s == pytest.approx(0.010 * -(-6 // concurrency))
    assert sorted(outcome.query for outcome in found.outcomes) == list(range(6))


async def test_with_a_rate_latency_counts_from_the_scheduled_send():
    # due every 10 ms, but each takes 30: number i can only be sent at 30 i, and ends at 30 (i + 1)
    made, clock = await engine(latency_ms=lambda _: 30.0, overhead_ms=0.0)
    found = await block(made, clock, rate=100.0)
    assert [outcome.round_trip_ms for outcome in found.outcomes] == pytest.approx(
        [30 * (i + 1) - 10 * i for i in range(6)]
    )
    assert [outcome.engine_ms for outcome in found.outcomes] == [30.0] * 6


async def test_with_a_rate_nothing_is_sent_early():
    made, clock = await engine(latency_ms=lambda _: 1.0, overhead_ms=0.0)
    found = await block(made, clock, rate=100.0)
    assert [call.started_s for call in made.calls] == pytest.approx([0.01 * i for i in range(6)])
    assert [outcome.round_trip_ms for outcome in found.outcomes] == pytest.approx([1.0] * 6)


async def test_a_rate_keeps_to_the_workers_that_there_are():
    made, clock = await engine(latency_ms=lambda _: 30.0, overhead_ms=0.0)
    found = await block(made, clock, rate=100.0, concurrency=3)
    assert max(call.in_flight for call in made.calls) == 3
    assert max(outcome.round_trip_ms or 0 for outcome in found.outcomes) == pytest.approx(30.0)


async def test_failures_are_outcomes():
    def failure(call):
        return (
            EngineGone("the engine\n ended\x1b[31m") if call.index == 1 else TimeoutError() if call.index == 2 else None
        )

    made, clock = await engine(failure=failure)
    found = await block(made, clock, count=4)
    assert [outcome.error for outcome in found.outcomes] == [
        None,
        "EngineGone: the engine ended[31m",
        "TimeoutError",
        None,
    ]
    assert found.outcomes[1].ids == ()
    assert found.outcomes[1].engine_ms is None


async def test_the_query_itself_is_left_out_of_its_answer():
    made, clock = await engine()
    found = await block(made, clock, asked=ask(limit=3, own=tuple(range(6))))
    for outcome in found.outcomes:
        assert outcome.query not in outcome.ids
        assert len(outcome.ids) == 2


@pytest.mark.parametrize("enabled", [True, False])
async def test_no_garbage_collection_while_a_clock_runs(enabled):
    seen = []

    def latency_ms(_):
        seen.append(gc.isenabled())
        return 1.0

    made, clock = await engine(latency_ms=latency_ms)
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        await block(made, clock)
        assert gc.isenabled() == enabled
        await block(FakeEngine(clock=clock), clock)  # every search fails: no such collection
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if before else gc.disable)()
    assert seen == [False] * 6


async def test_a_cancelled_block_leaves_no_worker_behind():
    made, clock = await engine(latency_ms=lambda _: 1e9)
    task = asyncio.create_task(block(made, FakeClock(), concurrency=3))
    clock._ticking = True  # time stands still
    while len(made.calls) < 3:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(asyncio.all_tasks()) == 1
    assert gc.isenabled()
