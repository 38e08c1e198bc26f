"""Trying methods on a sample of a live collection: what is read, what is built, what the record says of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from qtui.data.live.take import leftovers
from qtui.engine.base import PointBatch
from qtui.errors import EngineGone, UsageError
from qtui.events import Progress
from qtui.loads import BuildSpec
from qtui.model import CollectionSpec, Distance, Hnsw, VectorSpec
from qtui.plan import BenchRequest, Live
from tests.bench.runs import run, stream
from tests.bench.test_embedded import check_recall, measured
from tests.engine.making import filled, opened, randoms, single
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine

REQUEST = BenchRequest(
    collection="live",
    methods=("none", "binary"),
    queries=30,
    oversampling=(3.0,),
    repeat=1,
    limit=5,
    live=Live(locally=True, sample=100),
)


async def live_engine(points=160, **vector):
    engine = FakeEngine(clock=FakeClock())
    spec = replace(VectorSpec(8, name="text", hnsw=Hnsw(m=8, ef_construct=64)), **vector)
    await engine.create(CollectionSpec("live", (spec,)))
    payloads = [{"even": i % 2 == 0} for i in range(points)]
    await engine.upsert("live", PointBatch(range(points), {spec.name: randoms(points, 8)}, payloads))
    await engine.build("live")
    return engine


async def test_a_sample_is_built_and_measured_and_the_collection_only_read(home):
    engine = await live_engine(distance=Distance.DOT, datatype="float16")
    before = await engine.view("live")
    ran = await run(REQUEST, home, engine)
    assert (await engine.view("live")) == before
    assert {call.collection for call in engine.calls} == {"live-sample", "live-sample__binary"}
    data = ran.record.dataset
    assert (data.points, data.query_origin, data.distance) == (70, "held-out", "dot")
    assert data.source == "live (100 of 160)"
    assert {"locally", "stored-rounded"} <= set(ran.codes)
    said = next(warning.text for warning in ran.record.warnings if warning.code == "locally")
    assert "100 of 160 points" in said
    assert "seed 0" in said
    assert "embedded engine" in said
    settings = ran.record.collections[0].settings
    assert settings is not None
    assert (settings.vectors[0].name, settings.vectors[0].hnsw) == ("text", Hnsw(m=8, ef_construct=64))
    assert all(measured.recall is not None for measured in ran.record.measurements)
    assert isinstance(ran.events[0], Progress)
    assert ran.events[0].stage == "sample"


async def test_what_is_asked_for_wins_over_what_the_collection_has(home):
    engine = await live_engine()
    ran = await run(replace(REQUEST, build=BuildSpec(hnsw_m=0, ef_construct=200)), home, engine)
    settings = ran.record.collections[0].settings
    assert settings is not None
    assert settings.vectors[0].hnsw == Hnsw(m=0, ef_construct=200)


async def test_a_filter_takes_the_payload_along(home):
    engine = await live_engine()
    ran = await run(replace(REQUEST, filter="even = true"), home, engine)
    truth = [line["ids"] for line in ran.lines() if "truth" in line]
    rows = {point.id: point.payload for point in (await engine.scroll("live-sample", limit=1000)).points}
    assert all(rows[row]["even"] for ids in truth for row in ids)


async def test_the_sample_goes_with_a_finished_run_and_stays_for_an_interrupted_one(home):
    engine = await live_engine()
    events = stream(REQUEST, home, engine, engine._clock)
    async for event in events:
        if isinstance(event, Progress) and event.stage == "warm-up":
            break
    await events.aclose()
    assert len([*(home / "samples").iterdir()]) == 1
    for name in ("live-sample", "live-sample__binary"):
        await engine.delete(name)
    retrieved = []
    engine.retrieve = lambda *args, **options: retrieved.append(args)  # whatever is read again would fail
    fresh = await run(REQUEST, home, engine)
    assert (fresh.record.status, retrieved) == ("complete", [])
    assert leftovers(home) == ()
    assert not [*(home / "samples").iterdir()]


async def test_a_server_that_goes_while_it_is_read_ends_the_run_and_nothing_is_measured(home):
    engine = await live_engine()

    async def gone(*_, **__):
        raise EngineGone("the server is gone; wait for it")

    engine.retrieve = gone
    with pytest.raises(EngineGone):
        await run(REQUEST, home, engine)
    assert not [*(home / "runs").glob("*.json")]
    assert [*(home / "samples").iterdir()]


async def test_cancelling_stops_the_reading(home):
    engine = await live_engine()
    read = asyncio.Event()

    async def never(*_, **__):
        read.set()
        await asyncio.Event().wait()

    engine.retrieve = never
    task = asyncio.ensure_future(run(REQUEST, home, engine))
    await read.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_it_needs_a_collection():
    from qtui.loads import SourceSpec
    from qtui.plan import check

    with pytest.raises(UsageError, match="--locally"):
        check(BenchRequest(source=SourceSpec("sample"), live=Live(locally=True)))
    with pytest.raises(UsageError, match="--sample"):
        check(replace(REQUEST, live=Live(locally=True, sample=5)))


async def test_on_the_embedded_engine_figures_are_those_of_the_samples(home, tmp_path):
    vectors = randoms(500, 32, seed=5)
    async with opened(tmp_path / "live") as engine:
        await filled(engine, single("live", 32, method="scalar"), vectors)
        request = BenchRequest(
            collection="live", methods=("none", "turbo-4bit"), queries=25, oversampling=(2.0,), repeat=1
        )
        record, lines = await measured(replace(request, live=Live(locally=True, sample=400)), home, engine)
    check_recall(record, lines)
    assert [collection.method for collection in record.collections] == ["none", "turbo-4bit"]
    assert [collection.points for collection in record.collections] == [375, 375]
    assert record.environment.engine.kind == "embedded"
