from __future__ import annotations

from dataclasses import replace

import pytest

from qtui.bench.measure import Block, Outcome
from qtui.bench.tally import COLD, Tally, baseline
from qtui.records import Sample
from tests.bench.runs import REQUEST, run


@pytest.fixture
async def blanks(home):
    measurements = (await run(replace(REQUEST, repeat=1), home)).record.measurements
    return [
        replace(m, recall=None, engine_ms=None, round_trip_ms=None, overhead_ms=None, qps=None, speedup=None)
        for m in measurements
    ]


def sample(repeat, ms, query=0, ids=(1, 2), error=None):
    return Sample(0, repeat, query, ids, ms, ms, error)


async def test_a_cold_pass_is_in_no_figure(blanks):
    tally = Tally(blanks, [(1, 2)], rate=None, seed=0)
    tally.add(sample(COLD, 90.0, ids=()))
    tally.add(sample(0, 1.0))
    figures = tally.measurements()[0]
    assert figures.engine_ms is not None
    assert (figures.engine_ms.n, figures.engine_ms.max) == (1, 1.0)
    assert figures.recall is not None
    assert figures.recall.mean == 1.0


async def test_without_truth_there_is_no_recall(blanks):
    tally = Tally(blanks, None, rate=None, seed=0)
    tally.add(sample(0, 1.0))
    assert tally.measurements()[0].recall is None


async def test_a_query_that_matches_nothing_is_left_out_of_recall(blanks):
    tally = Tally(blanks, [(1, 2), ()], rate=None, seed=0)
    tally.add(sample(0, 1.0))
    tally.add(sample(0, 1.0, query=1, ids=()))
    recall = tally.measurements()[0].recall
    assert recall is not None
    assert recall.mean == 1.0


async def test_figures_follow_what_is_added_between(blanks):
    tally = Tally(blanks, None, rate=None, seed=0)
    tally.add(sample(0, 1.0))
    assert tally.measurements() is tally.measurements()
    tally.add_wall(0, 0.002, 1)
    figures = tally.measurements()[0]
    assert figures.overhead_ms == pytest.approx(1.0)
    assert figures.qps == pytest.approx(500)
    tally.add(sample(0, None, query=1, error="gone"))
    again = tally.measurements()[0]
    assert (again.errors, again.overhead_ms) == (1, None)


async def test_failed_searches_are_no_throughput(blanks):
    tally = Tally(blanks, None, rate=None, seed=0)
    tally.add(sample(0, 1.0))
    tally.add(sample(0, None, query=1, error="gone"))
    tally.add_wall(0, 0.004, 2)
    assert tally.measurements()[0].qps == pytest.approx(250)


async def test_what_clients_used_is_shared_among_them_and_leaves_no_time_below_none(blanks):
    tally = Tally(blanks, None, rate=None, seed=0)
    tally.add(Sample(0, 0, 0, (1,), 1.0, 1.5))
    tally.add_wall(0, 0.002, 1)
    outcome = Outcome(0, (1,), 1.0, 1.5)
    tally.add_client(0, Block((outcome,), wall_s=0.01, cpu_s=0.004, processes=2))
    assert tally.answered[0].client_share == pytest.approx(0.2)
    split = tally.measurements()[0].split
    assert split is not None
    assert split.client_ms == pytest.approx(4.0)
    assert split.network_ms == 0.0


async def test_a_search_that_ignores_the_quantized_vectors_is_no_baseline(blanks):
    none = next(blank for blank in blanks if blank.method == "none")
    ignoring = replace(none, search=replace(none.search, ignore=True))
    assert baseline([ignoring, none], none) == 1
    assert baseline([ignoring], none) is None
