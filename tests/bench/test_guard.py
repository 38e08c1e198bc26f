"""The load guard in virtual time: how far apart searches are, what the figures leave out, what raises it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qtui.bench import crew, guard
from qtui.bench.clock import SYSTEM
from qtui.bench.tally import Tally
from qtui.bench.warnings import of_figures
from qtui.errors import UsageError
from qtui.model import CollectionSpec, CollectionView, EngineInfo
from qtui.plan import DEFAULT_PACE, BenchRequest, Live, check
from qtui.served import Limits, Served
from tests.bench.runs import run
from tests.bench.test_whatif import live_engine

SERVER = EngineInfo("server", "1.19.0", "http://there:6333")
REQUEST = BenchRequest(collection="live", methods=("none",), queries=30, repeat=2, limit=5)


@pytest.fixture
def served(monkeypatch):
    monkeypatch.setattr("tests.fakes.FakeEngine.info", property(lambda _: SERVER))


async def gaps(home, live, slow_ms=0.25, **more):
    engine = await live_engine(name="")
    engine._latency_ms = lambda _: slow_ms
    ran = await run(replace(REQUEST, live=live, **more), home, engine)
    return ran, np.diff([call.started_s for call in engine.calls])


async def test_searches_are_a_twentieth_of_a_second_apart_and_the_waits_are_in_no_figure(served, home):
    ran, apart = await gaps(home, Live())
    assert len(apart) > 80
    assert apart.min() >= 0.05 - 1e-9
    (measured,) = ran.record.measurements
    assert measured.qps == pytest.approx(1000 / 0.3)
    assert measured.overhead_ms == pytest.approx(0, abs=1e-6)
    assert ran.record.plan.pace == DEFAULT_PACE


async def test_a_slow_server_gets_as_long_a_rest_as_it_took(served, home):
    _, apart = await gaps(home, Live(), slow_ms=200)
    assert apart.min() >= 0.4 - 1e-3


async def test_without_the_guard_one_follows_the_other(served, home):
    ran, apart = await gaps(home, Live(pace=0))
    assert apart.max() < 0.001
    assert "load" in ran.codes


async def test_an_engine_of_our_own_needs_no_guard(home):
    ran, apart = await gaps(home, Live())
    assert apart.max() < 0.001
    assert not {"load", "load-guard"} & set(ran.codes)
    assert ran.record.plan.pace is None
    assert ran.record.measurements[0].split is None


@pytest.mark.parametrize(
    ("request_", "rate"),
    [
        (REQUEST, DEFAULT_PACE),
        (replace(REQUEST, live=Live(pace=5)), 5),
        (replace(REQUEST, live=Live(pace=0)), None),
        (replace(REQUEST, rate=100), None),
        (replace(REQUEST, concurrency=(1, 4)), None),
        (replace(REQUEST, concurrency=(1, 4), live=Live(pace=50)), 50),
    ],
)
def test_it_is_raised_only_on_purpose(request_, rate):
    assert guard.rate_of(request_, SERVER) == rate
    # reading beside the searches never gets faster because more of them are in flight
    least = DEFAULT_PACE if request_.live.pace != 0 else None
    assert guard.reading_pace(request_, SERVER, SYSTEM).per_second in (least, rate)


def limited(reads, *, enabled=True):
    found = Served(limits=Limits(enabled=enabled, reads_per_minute=reads))
    return CollectionView("live", "green", 10, 1, (), CollectionSpec("live", ()), {}, served=found)


@pytest.mark.parametrize(
    ("reads", "request_", "rate"),
    [
        (600, REQUEST, 9),
        (100_000, REQUEST, DEFAULT_PACE),
        (None, REQUEST, DEFAULT_PACE),
        (600, replace(REQUEST, live=Live(pace=50)), 50),
        (600, replace(REQUEST, concurrency=(4,)), None),
    ],
)
def test_strict_mode_slows_it_down_where_nothing_else_is_asked_for(reads, request_, rate):
    assert guard.rate_of(guard.within(request_, [limited(None), limited(reads)]), SERVER) == rate


def test_why_reading_is_slow_is_said():
    found = guard.limited(limited(600))
    assert found is not None
    assert "600 points or searches" in found.text
    assert guard.limited(limited(100_000)) is None
    assert guard.limited(limited(600, enabled=False)) == found, "servers keep to rates when strict mode is off, too"
    assert guard.reading_pace(REQUEST, SERVER, SYSTEM, guard.allowed([limited(600)])).per_second == 9


def test_a_pace_and_a_rate_contradict_each_other():
    with pytest.raises(UsageError, match="--pace and --rate"):
        check(replace(REQUEST, rate=5, live=Live(pace=5)))


@pytest.mark.parametrize(
    ("flight", "asked", "cpus", "processes"),
    [(1, None, 8, 1), (4, None, 8, 4), (64, None, 2, 2), (4, 3, 1, 3), (2, 8, 8, 2)],
)
def test_as_many_processes_as_are_of_use(flight, asked, cpus, processes):
    request = replace(REQUEST, concurrency=(flight,), live=Live(processes=asked))
    assert crew.wanted(request, SERVER, cpus) == processes
    assert crew.wanted(request, replace(SERVER, kind="embedded"), cpus) == 1


@pytest.mark.parametrize(("cpu_s", "said"), [(0.95, True), (0.3, False)])
async def test_a_client_that_measures_itself_is_told(served, home, cpu_s, said):
    engine = await live_engine(name="")
    ran = await run(replace(REQUEST, concurrency=(4,)), home, engine)
    tally = Tally(ran.record.measurements, None, rate=None, seed=0)
    tally.answered[0].client_cpu_s, tally.answered[0].client_wall_s = cpu_s, 1.0
    found = [warning for warning in of_figures(ran.record.measurements, tally, {}) if warning.code == "client-bound"]
    assert bool(found) == said
