"""Copies of a collection beside itself: made by scroll and upsert, resumed, measured, removed; never without leave."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from qtui.bench.copies import with_copies
from qtui.bench.family import family
from qtui.data.live.copy import Copy, copies, copy
from qtui.engine.base import PointBatch, VectorBatch
from qtui.engine.pace import Pace
from qtui.errors import AccessError, DataError, Exists, UsageError
from qtui.events import BuildDone, CollectionFailed, Progress
from qtui.loads import BuildSpec
from qtui.model import CollectionSpec, EngineInfo, Hnsw, VectorSpec
from qtui.plan import BenchRequest, Live
from qtui.served import Limits, Served
from tests.bench.runs import run, stream
from tests.bench.test_embedded import measured
from tests.engine.making import filled, opened, randoms, single
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine

REQUEST = BenchRequest(
    collection="live",
    methods=("none", "binary"),
    queries=25,
    oversampling=(3.0,),
    repeat=1,
    limit=5,
    build=BuildSpec(vector_name="text"),
    live=Live(copies=True),
)
IDS = [*range(0, 900, 3), *(str(UUID(int=i << 96)) for i in range(1, 40))]


async def live_engine(ids=IDS, engine=None):
    engine = engine or FakeEngine(clock=FakeClock())
    spec = VectorSpec(8, name="text", hnsw=Hnsw(m=8, ef_construct=64))
    await engine.create(CollectionSpec("live", (spec, VectorSpec(2, name="other")), shards=2))
    rows: dict[str, VectorBatch] = {"text": randoms(len(ids), 8), "other": randoms(len(ids), 2)}
    await engine.upsert("live", PointBatch(ids, rows, [{"n": i} for i in range(len(ids))]))
    await engine.build("live")
    return engine


async def wanted(engine, method="binary", **more):
    view = await engine.view("live")
    return Copy(view, view.spec.vector("text"), f"live__qtui__{method}", method, BuildSpec(), **more)


async def made(engine, asked):
    return [event async for event in copy(engine, asked, Pace())]


async def held(engine, name):
    points = (await engine.scroll(name, limit=10_000, with_vectors=True)).points
    return {point.id: ((point.vectors or {})["text"], point.payload) for point in points}


async def test_a_copy_holds_the_same_points_and_its_own_settings():
    engine = await live_engine()
    events = await made(engine, await wanted(engine))
    assert isinstance(events[-1], BuildDone)
    assert [event.stage for event in events if isinstance(event, Progress)][-1] == "index"
    assert await held(engine, "live__qtui__binary") == await held(engine, "live")
    spec = (await engine.view("live__qtui__binary")).spec
    assert [(v.name, v.hnsw, v.quantization.method) for v in spec.vectors] == [("text", Hnsw(8, 64), "binary")]
    assert (spec.shards, spec.indexing_threshold_kb) == (2, 1)
    assert await copies(engine) == ("live__qtui__binary",)


@pytest.mark.parametrize(("limits", "seconds"), [(Limits(), 0.1), (Limits(enabled=True, reads_per_minute=6000), 3.0)])
async def test_the_guard_counts_pages_and_strict_mode_points(limits, seconds):
    engine = await live_engine()
    clock = FakeClock()
    asked = await wanted(engine)
    asked = replace(asked, view=replace(asked.view, served=Served(limits=limits)))
    async for _ in copy(engine, asked, Pace(20, now=clock.now, sleep=clock.sleep)):
        pass
    # 339 points are a page, and the write of it, for the guard; of 90 a second they are two pages, the second of which
    # waits for the first
    assert clock.now() == pytest.approx(seconds, abs=0.2)


class Breaking(FakeEngine):
    """Refuses to write after so many points, as a server that lost its leave."""

    def __init__(self):
        super().__init__(clock=FakeClock())
        self.room = None
        self.written = []

    async def upsert(self, name, batch):
        if self.room is not None and len(self.written) >= self.room:
            raise AccessError("may not write any more")
        await super().upsert(name, batch)
        if name != "live":
            self.written.extend(batch.ids)


@pytest.mark.parametrize("ids", [range(0, 3600, 3), IDS * 1, [str(UUID(int=i << 90)) for i in range(1, 1300)]])
async def test_an_interrupted_copy_goes_on_where_it_stopped(ids):
    engine = await live_engine(ids, Breaking())
    engine.room = 1
    asked = await wanted(engine)
    if len(ids) > 500:
        with pytest.raises(AccessError):
            await made(engine, asked)
        assert await engine.count(asked.name) == 500
        assert (await engine.view(asked.name)).status == "partial"
    engine.room = None
    engine.written.clear()
    await made(engine, asked)
    assert len(engine.written) == (len(ids) - 499 if len(ids) > 500 else len(ids))
    assert await held(engine, asked.name) == await held(engine, "live")


async def test_a_name_that_holds_something_else_is_left_alone():
    engine = await live_engine()
    await engine.create(CollectionSpec("live__qtui__binary", (VectorSpec(3),)))
    with pytest.raises(Exists):
        await made(engine, await wanted(engine))


async def test_a_collection_that_changes_meanwhile_is_told():
    engine = await live_engine(range(40))
    asked = await wanted(engine)
    await engine.upsert("live", PointBatch([10_001], {"text": randoms(1, 8), "other": randoms(1, 2)}))
    await made(engine, asked)  # a point behind is copied as well
    await engine.upsert("live", PointBatch([1_000], {"text": randoms(1, 8), "other": randoms(1, 2)}))
    with pytest.raises(DataError, match="changed while"):
        await made(engine, await wanted(engine))


async def test_copies_are_measured_beside_the_collection_and_removed(home):
    engine = await live_engine()
    ran = await run(REQUEST, home, engine)
    assert {call.collection for call in engine.calls} == {"live", "live__qtui__binary"}
    assert [each.name for each in ran.record.collections] == ["live", "live__qtui__binary"]
    assert await engine.collections() == ("live",)
    assert ran.record.status == "complete"
    assert not ran.record.dataset.query_origin.startswith("held")


async def test_they_stay_when_asked_and_after_an_interruption(home):
    engine = await live_engine()
    await run(replace(REQUEST, keep=True), home, engine)
    assert await copies(engine) == ("live__qtui__binary",)
    events = stream(REQUEST, home, engine, engine._clock)
    async for event in events:
        if isinstance(event, Progress) and event.stage == "warm-up":
            break
    await events.aclose()
    assert await copies(engine) == ("live__qtui__binary",)


async def test_one_that_fails_does_not_stop_the_others(home):
    engine = await live_engine()
    await engine.create(CollectionSpec("live__qtui__binary", (VectorSpec(3),)))
    ran = await run(replace(REQUEST, methods=("none", "binary", "scalar")), home, engine)
    assert [event.method for event in ran.events if isinstance(event, CollectionFailed)] == ["binary"]
    assert [each.method for each in ran.record.collections] == ["none", "scalar"]
    assert await copies(engine) == ("live__qtui__binary",)  # it was no copy of ours
    with pytest.raises(UsageError, match="no copy"):
        await run(REQUEST, home, engine)


async def nothing():
    return
    yield


async def test_nothing_is_written_without_leave(home, monkeypatch):
    engine = await live_engine()
    info = EngineInfo("server", "1.19.0", "http://there:6333", read_only=True)
    monkeypatch.setattr(FakeEngine, "info", property(lambda _: info))
    with pytest.raises(AccessError, match="--allow-writes"):
        async for _ in with_copies(REQUEST, engine=engine, pace=Pace(), run=lambda _: nothing()):
            pass
    info = EngineInfo("server", "1.17.0", "http://there:6333", refused={"binary": "only with a newer one"})
    with pytest.raises(UsageError, match="only with a newer one"):
        async for _ in with_copies(REQUEST, engine=engine, pace=Pace(), run=lambda _: nothing()):
            pass
    assert await engine.collections() == ("live",)


async def test_on_the_embedded_engine_too(home, tmp_path):
    vectors = randoms(400, 32, seed=6)
    async with opened(tmp_path / "live") as engine:
        await filled(engine, single("live", 32), vectors)
        request = replace(REQUEST, methods=("none", "scalar"), keep=True, build=BuildSpec())
        record, _ = await measured(request, home, engine)
        assert [(each.method, each.built.segments) for each in record.collections] == [("none", 1), ("scalar", 1)]
        page = await engine.scroll("live__qtui__scalar", limit=400, with_vectors=True)
        found = np.asarray([(point.vectors or {})[""] for point in page.points])
        source = await engine.scroll("live", limit=400, with_vectors=True)
        np.testing.assert_array_equal(found, np.asarray([(point.vectors or {})[""] for point in source.points]))


async def test_copies_of_a_collection_that_is_named_by_its_method_are_found():
    engine = FakeEngine(clock=FakeClock())
    for name, method in [
        ("docs__scalar", "scalar"),
        ("docs__scalar__qtui__none", None),
        ("docs__scalar__qtui__binary", "binary"),
        ("docs__scalar__qtui__turbo-4bit", "turbo-4bit"),
    ]:
        await engine.create(single(name, size=8, method=method))
    view = await engine.view("docs__scalar")
    found = (await family(engine, view, view.spec.vector(), ("none", "scalar", "binary"))).views
    assert {method: each.name for method, each in found.items()} == {
        "none": "docs__scalar__qtui__none",
        "scalar": "docs__scalar",
        "binary": "docs__scalar__qtui__binary",
    }
    await engine.create(single("docs", size=8))
    found = (await family(engine, view, view.spec.vector(), ("none",))).views
    assert {method: each.name for method, each in found.items()} == {"none": "docs", "scalar": "docs__scalar"}


async def test_what_only_has_the_name_of_a_copy_is_left_out_and_said():
    engine = FakeEngine(clock=FakeClock())
    await engine.create(single("docs", size=8))
    await engine.create(single("docs__scalar", size=4, method="scalar"))
    await engine.create(single("docs__turbo-4bit", size=8, method="binary"))
    await engine.create(single("docs__binary", size=8, method="binary"))
    rows = np.ones((2, 8), dtype=np.float32)
    await engine.upsert("docs__binary", PointBatch((0, 1), {"": rows}))
    view = await engine.view("docs")
    related = await family(engine, view, view.spec.vector(), ("none", "scalar", "turbo-4bit", "binary", "product-x4"))
    assert list(related.views) == ["none"]
    *unlike, absent = (warning.text for warning in related.warnings("docs"))
    assert unlike == [
        "'docs__scalar' is left out: its vectors are of another kind",
        "'docs__turbo-4bit' is left out: it is quantized by binary",
        "'docs__binary' is left out: it holds 2 points, 'docs' 0",
    ]
    assert "no collection of it beside 'docs': product-x4;" in absent
    assert not list((await family(engine, view, view.spec.vector(), ("none",))).warnings("docs"))
