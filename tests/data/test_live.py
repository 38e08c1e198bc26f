"""Drawing points of a live collection, and taking them into files: fair, repeatable, bounded, resumable."""

from __future__ import annotations

import asyncio
import itertools
import random
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from qtui.data.live import draw as drawing
from qtui.data.live.draw import draw, last_id
from qtui.data.live.take import Wanted, leftovers, open_sample
from qtui.data.vectors import open_vectors
from qtui.engine.base import PointBatch
from qtui.engine.pace import WAITS_S, Pace
from qtui.errors import DataError, EngineGone, StoreInUse
from qtui.model import CollectionSpec, VectorSpec
from qtui.owner import Owner
from tests.engine.making import opened, randoms, single
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine

UUIDS = [str(UUID(int=random.Random(1).getrandbits(128) ^ i)) for i in range(300)]


async def collection(ids, vectors=None, multivector=False, engine=None):
    engine = engine or FakeEngine()
    vectors = randoms(len(ids), 4) if vectors is None else vectors
    await engine.create(CollectionSpec("live", (VectorSpec(4, multivector=multivector),)))
    await engine.upsert("live", PointBatch(ids, {"": vectors}, [{"n": i} for i in range(len(ids))]))
    return engine


def wanted(points, of, **more):
    given = {"multivector": False, "seed": 0, "payload": False} | more
    spec = VectorSpec(4, multivector=given["multivector"])
    return Wanted("live", spec, points, of, given["seed"], given["payload"], "memory")


async def taken(engine, sample, pace=None):
    return [event async for event in sample.take(engine, pace or Pace())]


def numbers(ids):
    return [int(each) for each in ids]


# --- drawing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ids", [range(0, 3000, 7), UUIDS, [3, 2**64 - 1, *UUIDS[:50]]], ids=["numbers", "uuids", "both"]
)
async def test_the_same_seed_draws_the_same_ids_and_another_seed_others(ids):
    engine = await collection(ids)
    one, two, other = [await draw(engine, "live", 20, points=len(ids), seed=seed) for seed in (1, 1, 2)]
    assert one == two
    assert len(set(one.ids)) == 20
    assert set(one.ids) <= set(ids)
    assert set(one.ids) != set(other.ids)


async def test_every_point_is_as_likely():
    engine = await collection(range(40))
    counts = np.zeros(40)
    for seed in range(400):
        counts[numbers((await draw(engine, "live", 10, points=40, seed=seed)).ids)] += 1
    assert counts.min() > 60
    assert counts.max() < 140


async def test_all_of_a_small_one_are_taken():
    engine = await collection(range(5))
    assert (await draw(engine, "live", 100, points=5, seed=0)).ids == (0, 1, 2, 3, 4)


class Counting(FakeEngine):
    """Counts the pages that it was asked for, and their points."""

    def __init__(self):
        super().__init__()
        self.pages = 0
        self.read = 0

    async def scroll(self, name, **options):
        self.pages += 1
        page = await super().scroll(name, **options)
        self.read += len(page.points)
        return page


@pytest.mark.parametrize("ids", [range(10, 30_000, 10), UUIDS], ids=["numbers", "uuids"])
async def test_of_a_large_one_runs_are_read_at_random_places_and_the_ids_not_listed(ids, monkeypatch):
    monkeypatch.setattr(drawing, "MOST_LISTED", 100)
    engine = await collection(ids, engine=Counting())
    drawn = await draw(engine, "live", 90, points=len(ids), seed=4)
    assert len(set(drawn.ids)) == 90
    assert set(drawn.ids) <= set(ids)
    assert "neighbouring" in drawn.how
    assert engine.read < 500
    assert drawn == await draw(engine, "live", 90, points=len(ids), seed=4)
    if isinstance(ids, range):
        assert np.ptp(numbers(drawn.ids)) > 2000


@pytest.mark.parametrize(
    "ids",
    [[0], [5, 9], [2**64 - 1], range(1000), UUIDS[:9], [UUIDS[0]], [1, 2, UUIDS[3]], [str(UUID(int=2**128 - 1))]],
)
async def test_the_last_id_is_found_whatever_the_ids(ids, tmp_path):
    engine = await collection(ids)
    last = max((i for i in ids if isinstance(i, str)), key=lambda i: UUID(i).int, default=None)
    assert await last_id(engine, "live") == (last or max(ids))


async def test_the_embedded_engine_finds_its_last_id_too(tmp_path):
    async with opened(tmp_path) as engine:
        await engine.create(single("live", 4))
        assert await last_id(engine, "live") is None
        await engine.upsert("live", PointBatch([7, 900, *UUIDS[:3]], {"": randoms(5, 4)}))
        assert await last_id(engine, "live") == max(UUIDS[:3], key=lambda i: UUID(i).int)


# --- taking -----------------------------------------------------------------------------------------------------


async def test_the_files_hold_the_vectors_and_payloads_of_what_was_drawn(home):
    vectors = randoms(600, 4)
    engine = await collection(range(600), vectors)
    sample = open_sample(home, wanted(550, 600, payload=True))
    events = await taken(engine, sample)
    assert (events[-1].done, events[-1].total) == (550, 550)
    ids = (await draw(engine, "live", 550, points=600, seed=0)).ids
    with open_vectors(sample.source) as source:
        assert source.rows == 550
        np.testing.assert_array_equal(source.rows_at(range(550)), vectors[numbers(ids)])
        assert [(payload or {})["n"] for payload in source.payloads(0, 550)] == numbers(ids)
    sample.release(keep=False)
    assert leftovers(home) == ()


async def test_multivectors_keep_their_tokens(home):
    tokens = [randoms(1 + i % 3, 4, seed=i) for i in range(60)]
    engine = await collection(range(60), tokens, multivector=True)
    sample = open_sample(home, wanted(60, 60, multivector=True))
    await taken(engine, sample)
    with open_vectors(sample.source) as source:
        assert source.multivector
        for found, asked in zip(source.rows_at(range(60)), tokens, strict=True):
            np.testing.assert_array_equal(found, asked)


class Flaky(FakeEngine):
    """A server that is away when it is told to be, and remembers which points were read."""

    def __init__(self):
        super().__init__()
        self.away = 0
        self.gone_after = None
        self.asked = []

    async def retrieve(self, name, ids, **options):
        if self.away or (self.gone_after is not None and len(self.asked) >= self.gone_after):
            self.away = max(0, self.away - 1)
            raise EngineGone("the server is gone; wait for it")
        if options.get("with_vectors"):
            self.asked.extend(ids)
        return await super().retrieve(name, ids, **options)


async def test_a_server_that_is_away_for_a_moment_is_asked_again(home):
    engine = await collection(range(700), engine=Flaky())
    sample = open_sample(home, wanted(700, 700))
    clock = FakeClock()
    engine.away = len(WAITS_S)
    await taken(engine, sample, Pace(now=clock.now, sleep=clock.sleep))
    assert clock.time == pytest.approx(sum(WAITS_S))
    assert sample.about.rows == 700


async def test_one_that_stays_away_leaves_what_was_read_and_the_next_try_goes_on(home):
    vectors = randoms(1200, 4)
    engine = await collection(range(1200), vectors, engine=Flaky())
    clock = FakeClock()
    pace = Pace(now=clock.now, sleep=clock.sleep)
    sample = open_sample(home, wanted(1200, 1200, payload=True))
    engine.gone_after = 500
    with pytest.raises(EngineGone):
        await taken(engine, sample, pace)
    assert sample.about.read == 500
    sample.release(keep=True)
    # a kill in the middle of the next batch leaves half a row behind
    with sample._vectors.open("ab") as file:
        file.write(b"half")
    engine.gone_after = None
    engine.asked.clear()
    again = open_sample(home, wanted(1200, 1200, payload=True))
    await taken(engine, again, pace)
    assert len(engine.asked) == 1200 - 500
    with open_vectors(again.source) as source:
        np.testing.assert_array_equal(source.rows_at(range(1200)), vectors)
        assert [(payload or {})["n"] for payload in source.payloads(0, 1200)] == list(range(1200))


async def test_another_size_or_seed_or_a_grown_collection_is_another_sample():
    one = wanted(10, 100)
    others = [wanted(11, 100), wanted(10, 101), wanted(10, 100, seed=1), wanted(10, 100, payload=True)]
    others += [replace(one, where="http://other:6333"), replace(one, collection="else")]
    assert len({each.key for each in (one, *others)}) == 1 + len(others)


async def test_two_processes_never_write_one_sample(home, monkeypatch):
    sample = open_sample(home, wanted(10, 100))
    monkeypatch.setattr("qtui.data.live.take.this_process", lambda: Owner(1, None))
    with pytest.raises(StoreInUse):
        open_sample(home, wanted(10, 100))
    assert leftovers(home) == ()
    monkeypatch.setattr(Owner, "alive", property(lambda _: False))
    assert leftovers(home) == (sample._folder,)
    open_sample(home, wanted(10, 100))


async def test_points_without_the_vector_are_left_out_and_none_at_all_is_said(home):
    engine = await collection(range(30))
    engine._collections["live"].points[4] = ({}, None)
    sample = open_sample(home, wanted(30, 30))
    await taken(engine, sample)
    assert (sample.about.rows, sample.missing) == (29, 1)
    for point_id in range(30):
        engine._collections["live"].points[point_id] = ({}, None)
    with pytest.raises(DataError, match="no point"):
        await taken(engine, open_sample(home, wanted(29, 30)))


# --- the guard --------------------------------------------------------------------------------------------------


async def test_the_pace_is_kept_and_a_slow_server_gets_as_long_a_rest():
    clock = FakeClock()
    pace = Pace(10, now=clock.now, sleep=clock.sleep)
    started = []
    for took_s in (0.01, 0.01, 0.3, 0.01):
        async with pace.turn():
            started.append(round(clock.now(), 6))
            await clock.sleep(took_s)
    assert started == [0.0, 0.1, 0.2, 0.8]


async def test_without_a_rate_nobody_waits():
    clock = FakeClock()
    pace = Pace(now=clock.now, sleep=clock.sleep)
    async with pace.turn() as waited_s:
        assert (waited_s, clock.time) == (0.0, 0.0)


async def test_several_in_flight_share_one_rate():
    clock = FakeClock()
    pace = Pace(10, now=clock.now, sleep=clock.sleep)
    started = []

    async def ask():
        async with pace.turn():
            started.append(round(clock.now(), 6))

    await asyncio.gather(*(ask() for _ in range(4)))
    assert started == [0.0, 0.1, 0.2, 0.3]


async def test_what_strict_mode_lets_be_read_is_asked_for_in_small_parts(home):
    class Parts(FakeEngine):
        """A server that counts each point that it is asked for."""

        def __init__(self):
            super().__init__()
            self.parts = []

        async def retrieve(self, name, ids, **options):
            if options["with_vectors"]:
                self.parts.append((clock.now(), len(ids)))
            return await super().retrieve(name, ids, **options)

    clock = FakeClock()
    engine = await collection(range(200), engine=Parts())
    sample = open_sample(home, wanted(100, 200))
    async with asyncio.timeout(10):
        events = [event async for event in sample.take(engine, Pace(20, now=clock.now, sleep=clock.sleep), 10.0)]
    assert events[-1].done == 100
    assert "strict mode" in events[-1].about
    assert {count for _, count in engine.parts} == {30, 10}
    for (at, count), (following, _) in itertools.pairwise(engine.parts):
        assert following - at >= count / 10 - 1e-6
    sample.release(keep=False)
