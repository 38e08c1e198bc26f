"""Measuring, sampling and copying over a real socket: what is asked, how fast, and what happens when nobody answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qtui.bench.clock import SystemClock
from qtui.bench.measure import AWAY_IN_A_ROW
from qtui.bench.record import RunStore
from qtui.bench.session import bench
from qtui.data.load import load
from qtui.engine.server import ServerEngine, open_server
from qtui.errors import Unreachable
from qtui.events import Event, Progress, RunFinished, Started
from qtui.host.crew import hiring
from qtui.loads import BuildJob, SourceSpec
from qtui.model import Distance
from qtui.plan import DEFAULT_PACE, BenchRequest, Live
from tests.bench.test_embedded import check_recall, in_process
from tests.engine.making import filled, opened, randoms, single
from tests.server.serving import QdrantServer, serving

ROWS = randoms(260, 16, seed=8)
PARTS = [{"part": i % 4} for i in range(len(ROWS))]
FAST = Live(pace=0)
REQUEST = BenchRequest(
    collection="things", methods=("none", "binary"), queries=30, oversampling=(3.0,), repeat=1, limit=5, live=FAST
)
Served = tuple[QdrantServer, ServerEngine]
READS = ("GET ", "POST /collections/things/points", "POST /collections/things__binary/points")


class Hasty(SystemClock):
    """Waits for nobody."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")

    async def fill() -> None:
        async with opened(folder) as engine:
            await filled(engine, single("things", 16), ROWS, payloads=PARTS)
            await filled(engine, single("things__binary", 16, method="binary"), ROWS, payloads=PARTS)

    asyncio.run(fill())
    return folder


@pytest.fixture
async def served(store: Path) -> AsyncIterator[Served]:
    async with serving(store) as server:
        engine = await open_server(server.target(timeout=5, allow_writes=False), sleep=Hasty().sleep)
        yield server, engine
        await engine.close()


async def events_of(request: BenchRequest, home: Path, engine: ServerEngine, **options: Any) -> list[Event]:
    given: dict[str, Any] = {"build": in_process, "clock": Hasty()}
    run = bench(request, engine=engine, home=home, **(given | options))
    return [event async for event in run]


async def ran(request: BenchRequest, home: Path, engine: ServerEngine, **options: Any) -> tuple[Any, list[Any]]:
    last = (await events_of(request, home, engine, **options))[-1]
    assert isinstance(last, RunFinished)
    raw = (home / "runs" / str(last.record.samples)).read_bytes()
    return last.record, [msgspec.json.decode(line) for line in raw.splitlines()]


def codes(record: Any) -> set[str]:
    return {warning.code for warning in record.warnings}


async def test_in_place_it_only_reads_and_takes_the_servers_own_time(served: Served, home: Path) -> None:
    server, engine = served
    server.seen.clear()
    record, lines = await ran(REQUEST, home, engine)
    check_recall(record, lines)
    asked = {f"{request.method} {request.path}" for request in server.seen}
    assert all(line.startswith(READS) for line in asked), asked
    assert record.environment.engine.kind == "server"
    assert [each.name for each in record.collections] == ["things", "things__binary"]
    for measured in record.measurements:
        assert measured.engine_ms.p50 < measured.round_trip_ms.p50
        assert measured.split is not None
        parts = measured.engine_ms.mean + measured.split.client_ms + measured.split.network_ms
        assert parts >= measured.round_trip_ms.mean - 1e-9
    assert (record.plan.pace, record.plan.processes) == (None, 1)
    assert "load" in codes(record)


async def test_the_same_seed_asks_the_same_queries_in_the_same_order(served: Served, home: Path) -> None:
    server, engine = served
    bodies = []
    for seed in (4, 4, 5):
        server.seen.clear()
        await ran(replace(REQUEST, seed=seed, methods=("none",)), home, engine)
        queries = [json.loads(r.body)["query"] for r in server.seen if r.path.endswith("things/points/query")]
        bodies.append(queries)
    assert bodies[0] == bodies[1] != bodies[2]


async def test_the_guard_is_there_unless_load_is_asked_for(served: Served, home: Path) -> None:
    server, engine = served
    guarded = replace(REQUEST, live=Live(), methods=("none",))
    server.most = 0
    record, _ = await ran(guarded, home, engine)
    assert record.plan.pace == DEFAULT_PACE
    assert server.most == 1
    assert "load-guard" in codes(record)
    # its waits, which this clock doesn't make, are left out: else the pace would be all there is
    assert record.measurements[0].qps != pytest.approx(DEFAULT_PACE, rel=0.01)
    for more in ({"rate": 500.0}, {"concurrency": (2,)}):
        record, _ = await ran(replace(guarded, **more), home, engine)
        assert record.plan.pace is None
        assert "load" in codes(record)


@pytest.mark.parametrize(("level", "latency_s"), [(1, 0.002), (3, 0.05)])
async def test_never_more_in_flight_than_the_plan_says(
    served: Served, home: Path, level: int, latency_s: float
) -> None:
    server, engine = served
    # long enough for all of them to meet there on a machine that is busy
    server.faults.latency_s, server.faults.only, server.most = latency_s, "points/query", 0
    await ran(replace(REQUEST, concurrency=(level,), methods=("none",)), home, engine, clock=SystemClock())
    assert server.most == level


async def test_several_client_processes_ask_together(served: Served, home: Path) -> None:
    server, engine = served
    server.faults.latency_s, server.faults.only, server.most = 0.03, "points/query", 0
    request = replace(REQUEST, concurrency=(1, 3), methods=("none",), live=Live(processes=2))
    hire = hiring(server.target(timeout=5, allow_writes=False))
    record, lines = await ran(request, home, engine, hire=hire, clock=SystemClock())
    check_recall(record, lines)
    assert record.plan.processes == 2
    assert server.most == 3
    assert [measured.errors for measured in record.measurements] == [0, 0]
    assert record.measurements[1].engine_ms.n == 30
    assert not list((home / "cache").glob("queries-*"))


STRICT = {"enabled": True, "search_allow_exact": False, "max_query_limit": 20}


async def test_where_exact_search_is_forbidden_every_point_is_read_and_ranked_here(served: Served, home: Path) -> None:
    server, engine = served
    open_record, open_lines = await ran(REQUEST, home, engine)
    server.faults.strict = STRICT
    record, lines = await ran(REQUEST, home, engine)
    assert "all 260 points read from things" in record.dataset.truth.how
    assert "Exact search disabled" in record.dataset.truth.how
    assert [set(line["ids"]) for line in lines if "truth" in line] == [
        set(line["ids"]) for line in open_lines if "truth" in line
    ]
    assert [m.recall.mean for m in record.measurements] == [m.recall.mean for m in open_record.measurements]


async def test_of_a_larger_one_a_sample_is_and_the_truth_says_so(served: Served, home: Path) -> None:
    server, engine = served
    server.faults.strict = STRICT
    record, lines = await ran(replace(REQUEST, live=Live(pace=0, sample=100)), home, engine)
    how = record.dataset.truth.how
    assert "unknown" in how
    read = int(how.split(" points read")[0].rsplit(" ", 1)[1])
    assert 100 <= read < 260
    assert all(len(line["ids"]) == 5 for line in lines if "truth" in line)


async def test_with_a_filter_what_matches_is_read_and_the_truth_is_exact(served: Served, home: Path) -> None:
    server, engine = served
    few = replace(REQUEST, live=Live(pace=0, sample=100), filter="part = 1")  # 65 of 260 match
    exact, _ = await ran(few, home, engine)
    server.faults.strict = STRICT
    ours, _ = await ran(few, home, engine)
    assert ours.dataset.truth.how.startswith("exact search here over all 65 points that match the filter, read")
    assert [m.recall.mean for m in ours.measurements] == [m.recall.mean for m in exact.measurements]
    more = '{"must": [{"key": "part", "match": {"any": [1, 2]}}]}'  # 130
    some, _ = await ran(replace(few, filter=more), home, engine)
    assert "drawn from those that match" in some.dataset.truth.how
    assert "may be shown too high" in some.dataset.truth.how


async def test_a_server_that_is_away_for_a_while_is_waited_for_and_its_silence_counted(
    served: Served, home: Path
) -> None:
    server, engine = served
    run = bench(REQUEST, engine=engine, home=home, build=in_process, clock=Hasty())
    record = None
    async for event in run:
        if isinstance(event, Progress) and event.stage == "measure" and event.done == 0:
            server.faults.drop, server.faults.only = 9, "points/query"  # the first of a block, and some tries after
        if isinstance(event, RunFinished):
            record = event.record
    assert record is not None
    assert sum(measured.errors for measured in record.measurements) == AWAY_IN_A_ROW
    assert {"server-away", "interrupted", "failures"} <= codes(record)
    assert record.status == "complete"
    for measured in record.measurements:
        assert measured.engine_ms is not None
        assert measured.engine_ms.n + measured.errors == 30


async def test_one_that_never_comes_back_ends_the_run_and_leaves_what_was_measured(served: Served, home: Path) -> None:
    server, engine = served
    events: list[Event] = []

    async def until_it_goes() -> None:
        async for event in bench(replace(REQUEST, repeat=3), engine=engine, home=home, build=in_process, clock=Hasty()):
            events.append(event)
            if isinstance(event, Progress) and event.stage == "measure" and event.done > 60:
                server.faults.drop, server.faults.only = 10**6, "points/query"

    with pytest.raises(Unreachable):
        await until_it_goes()
    (id_,) = (event.id for event in events if isinstance(event, Started))
    kept = RunStore(home / "runs").load(id_)
    assert kept.status == "partial"
    answered = sum(measured.engine_ms.n for measured in kept.measurements if measured.engine_ms)
    assert 0 < answered < 3 * 30 * 3


@pytest.mark.parametrize("fault", ["limit", "fail", "cut", "garbage"])
async def test_answers_that_are_none_are_failures_and_never_fast_ones(served: Served, home: Path, fault: str) -> None:
    server, engine = served
    run = bench(replace(REQUEST, methods=("none",)), engine=engine, home=home, build=in_process, clock=Hasty())
    record = None
    async for event in run:
        if isinstance(event, Progress) and event.stage == "measure" and event.done == 0:
            server.faults.only = "points/query"
            setattr(server.faults, fault, 4)
        if isinstance(event, RunFinished):
            record = event.record
    assert record is not None
    (measured,) = record.measurements
    assert measured.engine_ms is not None
    assert (measured.errors, measured.engine_ms.n) == (4, 26)


async def test_a_sample_is_taken_through_breaking_connections(served: Served, home: Path) -> None:
    server, engine = served
    server.faults.drop, server.faults.only = 2, r"things/points$"
    server.seen.clear()
    request = replace(REQUEST, live=Live(locally=True, sample=200, pace=0), queries=25)
    record, lines = await ran(request, home, engine)
    check_recall(record, lines)
    assert (record.dataset.points, record.environment.engine.kind) == (175, "embedded")
    assert record.dataset.source == "things (200 of 260)"
    assert server.asked("points/query") == 0
    assert record.dataset.distance == Distance.COSINE


async def test_copies_are_made_on_the_server_only_with_leave(served: Served, home: Path, tmp_path: Path) -> None:
    server, _ = served
    engine = await open_server(server.target(timeout=5), sleep=Hasty().sleep)
    request = replace(REQUEST, methods=("none", "scalar"), live=Live(copies=True, pace=0))
    try:
        server.faults.drop, server.faults.only = 1, "PUT /collections/things__qtui__scalar/points"
        record, lines = await ran(request, home, engine)
        check_recall(record, lines)
        assert [each.name for each in record.collections] == ["things", "things__qtui__scalar"]
        assert record.collections[1].built.segments == 1
        assert await engine.collections() == ("things", "things__binary")
    finally:
        await engine.close()


async def test_a_file_is_measured_on_the_server_under_names_of_our_own(served: Served, home: Path) -> None:
    server, _ = served
    target = server.target(timeout=5)
    engine = await open_server(target, sleep=Hasty().sleep)

    async def build(job: BuildJob) -> AsyncIterator[Event]:
        assert job.target == target
        async for event in load(engine, job):
            yield event

    request = BenchRequest(
        source=SourceSpec("synthetic", rows=120, dimension=8),
        methods=("none", "binary"),
        queries=25,
        oversampling=(3.0,),
        repeat=1,
        live=FAST,
    )
    try:
        record, lines = await ran(request, home, engine, build=build, target=target)
        check_recall(record, lines)
        names = [each.name for each in record.collections]
        assert names == ["synthetic__qtui__none", "synthetic__qtui__binary"]
        assert (record.dataset.query_origin, record.environment.engine.kind) == ("held-out", "server")
        assert not set(names) & set(await engine.collections())
        record, _ = await ran(replace(request, keep=True), home, engine, build=build, target=target)
        assert set(names) <= set(await engine.collections())
        for name in names:
            await engine.delete(name)
    finally:
        await engine.close()
