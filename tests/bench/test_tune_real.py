"""Tuning on the real engine, on the sample that ships: the choice of the whole grid, by at most half its searches."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from qtui.bench.advise import advise, of_kept
from qtui.bench.record import RunStore
from qtui.bench.report import table
from qtui.bench.session import bench
from qtui.data.load import jobs, load
from qtui.engine.open import open_embedded
from qtui.events import RunFinished
from qtui.host.build import build
from qtui.loads import LoadRequest, SourceSpec
from qtui.plan import BenchRequest
from qtui.wishes import Wishes

ROWS = 2500
METHODS = ("none", "binary-2bit", "turbo-4bit")
QUERIES = Path(__file__).parents[2] / "qtui" / "data" / "sample" / "queries.npy"
REQUEST = BenchRequest(
    collection="sample",
    queries_file=str(QUERIES),
    queries=120,
    methods=METHODS,
    oversampling=(1.0, 2.0, 3.0, 4.0, 6.0, 8.0),
    repeat=2,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """The sample, loaded once for every method."""
    folder = tmp_path_factory.mktemp("tuned") / "store"

    async def fill():
        for job in jobs(LoadRequest("sample", SourceSpec("sample", rows=ROWS), METHODS), folder):
            engine = await open_embedded(folder)
            async for _ in load(engine, job):
                pass
            await engine.close()

    asyncio.run(fill())
    return folder


async def measured(request, store, home):
    engine = await open_embedded(store)
    try:
        events = [event async for event in bench(request, engine=engine, home=home, build=build)]
    finally:
        await engine.close()
    assert isinstance(events[-1], RunFinished)
    return events[-1].record


def searches(record):
    first = len(record.collections) * record.plan.warmup
    warmed = first + (len(record.measurements) - len(record.collections)) * record.plan.block
    return warmed + sum(each.engine_ms.n for each in record.measurements)


async def test_the_same_choice_as_the_whole_grid_with_at_most_half_the_searches(store, home):
    whole = await measured(REQUEST, store, home)
    tuned = await measured(replace(REQUEST, tune=True), store, home)
    assert whole.recommendation is not None
    assert tuned.recommendation is not None
    best = (tuned.recommendation.method, tuned.recommendation.search)
    by_all = advise(of_kept(RunStore(home / "runs"), whole.id), REQUEST.target_recall)
    # which of those that reach it is fastest, a busy machine may see otherwise the second time
    reach = {(each.method, each.search) for each in by_all.weighed if each.verdict not in {"misses", "skipped"}}
    assert best in reach
    assert reach < {(each.method, each.search) for each in by_all.weighed}
    assert tuned.tuning is not None
    assert tuned.tuning.grid_measurements == len(whole.measurements) == 15
    assert tuned.tuning.grid_searches == searches(whole)
    assert tuned.tuning.searches <= 0.5 * tuned.tuning.grid_searches
    assert tuned.tuning.measurements == len(tuned.measurements) < len(whole.measurements)


async def test_the_record_says_how_it_was_searched_and_keeps_every_search(store, home):
    tuned = await measured(replace(REQUEST, tune=True), store, home)
    kept = RunStore(home / "runs").load(tuned.id)
    assert kept == tuned
    assert kept.plan.order == "raced"
    assert "tuned" in [warning.code for warning in kept.warnings]
    found = of_kept(RunStore(home / "runs"), tuned.id)
    assert {len(each.recalls) for each in found.candidates} == {each.queries for each in kept.measurements}
    again = advise(found, REQUEST.target_recall)
    assert again.recommendation == kept.recommendation
    assert "searches saved" in again.saved
    assert "searches saved" in " ".join(table(kept).split())
    verdicts = {each.measurement: each.verdict for each in again.weighed}
    partial = [index for index, each in enumerate(kept.measurements) if each.queries < 120]
    assert partial
    assert {verdicts[index] for index in partial} <= {"misses", "skipped"}
    assert kept.tuning is not None
    assert {step.measurement for step in kept.tuning.steps} <= set(range(len(kept.measurements)))


async def test_limits_leave_the_method_out_or_leave_nothing(store, home):
    narrow = replace(REQUEST, tune=True, wishes=Wishes(ram_bytes=ROWS * 150))
    small = await measured(narrow, store, home)
    assert {each.method for each in small.measurements} <= {"none", "binary-2bit"}
    assert small.recommendation.method == "binary-2bit"
    assert any("allowed, vectors and graph" in reason for reason in small.recommendation.reasons)
    too_fast = await measured(replace(REQUEST, tune=True, wishes=Wishes(p95_ms=1e-6)), store, home)
    assert too_fast.recommendation is None
    assert "breaks a limit" in too_fast.warnings[-1].text


async def test_the_fastest_is_looked_for_among_all_methods(store, home):
    fast = await measured(replace(REQUEST, tune=True, wishes=Wishes(minimise="latency")), store, home)
    assert {each.method for each in fast.measurements} == set(METHODS)
    assert fast.recommendation.method != "none"
