from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from qtui.bench.record import RunStore
from qtui.data.load import load
from qtui.errors import BadSource, DataError, DiskFull, NotFound, UsageError
from qtui.events import CollectionFailed, Measured, Progress, RunFinished, Warned
from qtui.loads import SourceSpec
from qtui.plan import variants
from tests.bench.runs import REQUEST, loaded, run, threshold
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine

CELLS = variants(REQUEST)
WARM_UP = 2 * (1 + 30) + 2 * 25
"""Of two collections a scan and the queries, then a block of each other variant."""


def fake(**options):
    return FakeEngine(clock=FakeClock(), **options)


def kinds(events):
    named = [event.stage if isinstance(event, Progress) else type(event).__name__ for event in events]
    return [name for name, _ in itertools.groupby(named) if name not in ("Warned", "Measured")]


async def test_events_come_in_order(home):
    ran = await run(REQUEST, home)
    steps = kinds(ran.events)
    assert steps[:2] == ["Started", "truth"]
    assert steps[2:6] == ["load", "index", "load", "index"]
    assert steps[6:] == ["CollectionReady", "warm-up", "measure", "RunFinished"]
    assert isinstance(ran.events[-1], RunFinished)
    assert ran.record.status == "complete"


async def test_warm_up_comes_first_and_is_in_no_figure(home):
    ran = await run(REQUEST, home, fake(latency_ms=lambda call: 50.0 if call.index < WARM_UP else 1.0))
    assert len(CELLS) == 4
    # to warm up, then 4 variants x 30 queries x 2 that count
    assert len(ran.engine.calls) == WARM_UP + 4 * 30 * 2
    first = [(call.collection, call.settings.exact, call.settings.oversampling) for call in ran.engine.calls[:62]]
    plain, binary = ("synthetic", False, None), ("synthetic__binary", False, 4.0)
    scans = ("synthetic", True, None), ("synthetic__binary", True, None)
    assert first == [scans[0], *[plain] * 30, scans[1], *[binary] * 30], "what touches most goes first"
    assert ran.record.plan.scan
    assert ran.record.plan.warmup == 30
    for measured in ran.record.measurements:
        assert measured.engine_ms is not None
        assert measured.engine_ms.max == 1.0
        assert measured.engine_ms.n == 60


async def test_variants_take_turns_over_the_same_queries_in_the_same_order(home):
    ran = await run(REQUEST, home)
    counted = ran.engine.calls[WARM_UP:]
    rounds = [counted[start : start + 100] for start in (0, 120)]  # blocks of 25 queries, 4 variants
    for calls in rounds:
        blocks = [calls[at : at + 25] for at in range(0, 100, 25)]
        assert len({(block[0].collection, block[0].settings) for block in blocks}) == 4
        for block in blocks:
            assert len({(call.collection, call.settings) for call in block}) == 1
            assert all((a.query == b.query).all() for a, b in zip(block, blocks[0], strict=True))
    first = [(calls[0].collection, calls[0].settings) for calls in rounds]
    assert first[0] != first[1]


async def test_statistics_are_exact(home):
    def latency_ms(call):
        return 2.0 if call.collection == "synthetic" else 1.0 if call.settings.oversampling == 4.0 else 4.0

    ran = await run(REQUEST, home, fake(latency_ms=latency_ms, overhead_ms=1.0))
    none, on_1, on_4, off = ran.record.measurements
    assert [m.search.oversampling for m in ran.record.measurements] == [None, 1.0, 4.0, None]
    assert none.search.rescore is None
    assert (on_4.search.rescore, off.search.rescore) == (True, False)
    for measured, ms in ((none, 2.0), (on_1, 4.0), (on_4, 1.0), (off, 4.0)):
        engine, trip = measured.engine_ms, measured.round_trip_ms
        assert engine is not None
        assert trip is not None
        assert (engine.mean, engine.min, engine.p50, engine.p95, engine.max) == (ms,) * 5
        assert (engine.ci.p50, engine.ci.p95) == ((ms, ms), (ms, ms))
        assert trip.p50 == ms + 1
        assert engine.p99 is None
        assert measured.qps == pytest.approx(1000 / (ms + 1))
        assert measured.overhead_ms == pytest.approx(0.0, abs=1e-9)
        assert measured.speedup is not None
        assert measured.speedup.engine == 2.0 / ms
        assert measured.speedup.round_trip == 3.0 / (ms + 1)
    assert none.vs_baseline is None
    assert on_4.vs_baseline is not None
    assert (on_4.vs_baseline.engine_p50_ratio, on_4.vs_baseline.significant) == (0.5, True)
    assert off.vs_baseline is not None
    assert off.vs_baseline.engine_p50_ratio == 2.0


async def test_p99_from_a_hundred_samples_on(home):
    ran = await run(replace(REQUEST, repeat=4), home)
    assert all(m.engine_ms is not None and m.engine_ms.n == 120 for m in ran.record.measurements)
    assert all(m.engine_ms is not None and m.engine_ms.p99 is not None for m in ran.record.measurements)


async def test_recall_is_that_of_the_ids_in_the_samples_file(home):
    ran = await run(REQUEST, home)
    truth = {line["truth"]: line["ids"] for line in ran.lines() if "truth" in line}
    searches = [line for line in ran.lines() if "measurement" in line]
    assert len(truth) == 30
    assert len(searches) == 4 * 60
    for index, measured in enumerate(ran.record.measurements):
        hits = [
            len(set(line["ids"]) & set(truth[line["query"]])) / 5 for line in searches if line["measurement"] == index
        ]
        assert measured.recall is not None
        assert measured.recall.mean == pytest.approx(np.mean(hits), abs=1e-12)
    none, on_1, on_4, off = (m.recall.mean for m in ran.record.measurements if m.recall is not None)
    assert none == 1.0
    assert off == on_1 < on_4
    assert searches[0].keys() >= {"measurement", "repeat", "query", "ids", "engine_ms", "round_trip_ms", "error"}


async def test_held_out_queries_are_not_in_the_collections(home):
    ran = await run(REQUEST, home)
    assert ran.record.dataset.query_origin == "held-out"
    assert ran.record.dataset.points == 50
    assert await ran.engine.count("synthetic") == 50
    everything = {point.id for point in (await ran.engine.scroll("synthetic", limit=100)).points}
    truth = {point_id for line in ran.lines() if "truth" in line for point_id in line["ids"]}
    assert truth <= everything


async def test_failures_are_counted_and_never_dropped(home):
    def failure(call):
        if call.collection == "synthetic" or call.index < 120:
            return None
        return TimeoutError("too slow") if call.index % 10 == 0 else None

    ran = await run(REQUEST, home, fake(failure=failure))
    assert "failures" in ran.codes
    for measured in ran.record.measurements:
        assert measured.engine_ms is not None
        assert measured.engine_ms.n == measured.queries * 2 - measured.errors
        assert sum(found.count for found in measured.failures) == measured.errors
    assert sum(m.errors for m in ran.record.measurements) > 0
    assert ran.record.measurements[1].failures[0].error == "TimeoutError: too slow"
    assert ran.record.measurements[0].errors == 0


async def test_a_variant_that_always_fails_is_listed(home):
    def failure(call):
        return DataError("no") if call.settings.oversampling == 4.0 else None

    ran = await run(REQUEST, home, fake(failure=failure))
    broken = ran.record.measurements[2]
    assert (broken.errors, broken.engine_ms, broken.recall, broken.speedup, broken.qps) == (60, None, None, None, None)
    assert ran.record.measurements[3].engine_ms is not None


async def test_what_is_not_built_is_marked_and_not_measured(home):
    ran = await run(threshold(replace(REQUEST, methods=("none", "scalar")), 0), home)
    assert {"not-built", "not-indexed"} <= set(ran.codes)
    assert {call.collection for call in ran.engine.calls} == {"synthetic"}
    for measured in ran.record.measurements[1:]:
        assert (measured.engine_ms, measured.recall, measured.errors) == (None, None, 0)
        assert measured.effective.rescore is None
    scalar = ran.record.collections[1]
    assert (scalar.built.segments, scalar.built.of) == (0, 1)
    assert scalar.bytes_per_vector.quantized is None
    assert scalar.compression.measured is None


async def test_controls_of_an_unbuilt_method_are_still_measured(home):
    request = replace(threshold(replace(REQUEST, methods=("none", "scalar")), 0), exact=True, ignore=True)
    ran = await run(request, home)
    measured = [m for m in ran.record.measurements if m.method == "scalar" and m.engine_ms is not None]
    assert [(m.search.exact, m.search.ignore) for m in measured] == [(True, False), (False, True)]


async def test_one_method_that_fails_leaves_the_others(home):
    engine = FakeEngine(clock=FakeClock())

    async def build(job):
        if job.method == "binary":
            raise DiskFull("no space is left")
        async for event in load(engine, job):
            yield event

    ran = await run(REQUEST, home, engine, build=build)
    assert [event.method for event in ran.events if isinstance(event, CollectionFailed)] == ["binary"]
    assert [found.method for found in ran.record.collections] == ["none"]
    assert "build-failed" in ran.codes
    assert ran.record.measurements[0].engine_ms is not None
    assert ran.record.measurements[1].engine_ms is None


@pytest.mark.parametrize(
    ("error", "tries", "says"),
    [(DiskFull("no space is left"), 2, "no space is left"), (BadSource("row 3 is rotten"), 1, r"^row 3 is rotten$")],
)
async def test_no_collection_at_all_is_an_error_and_keeps_nothing(error, tries, says, home):
    tried = []

    async def build(job):
        tried.append(job.method)
        if job.method:
            raise error
        yield

    with pytest.raises(DataError, match=says):
        await run(REQUEST, home, build=build)
    assert len(tried) == tries
    assert RunStore(home / "runs").list() == ()
    assert [*(home / "runs").iterdir(), *(home / "tmp").iterdir()] == []


async def test_effective_settings(home):
    ran = await run(replace(REQUEST, methods=("none", "binary"), exact=True), home, fake(segments=2))
    shown = [(m.effective.rescore, m.effective.oversampling, m.effective.candidates) for m in ran.record.measurements]
    assert shown == [
        (None, None, 5),
        (None, None, 5),
        (True, 1.0, 10),
        (True, 4.0, 40),
        (False, None, 5),
        (None, None, 5),
    ]
    assert "rescore-x1" not in ran.codes


async def test_several_ef_and_concurrency_have_baselines_of_their_own(home):
    def latency_ms(call):
        factor = 2.0 if call.settings.hnsw_ef == 200 else 1.0
        return factor * (4.0 if call.collection == "synthetic" else 1.0)

    clock = FakeClock()
    request = replace(REQUEST, hnsw_ef=(100, 200), concurrency=(1, 3), oversampling=(1.0,), repeat=1)
    ran = await run(request, home, FakeEngine(clock=clock, latency_ms=latency_ms, parallel=False))
    assert len(ran.record.measurements) == 12
    for measured in ran.record.measurements:
        assert measured.speedup is not None
        assert measured.speedup.engine == (1.0 if measured.method == "none" else 4.0)
        assert (measured.overhead_ms is None) == (measured.concurrency > 1)
    assert max(call.in_flight for call in ran.engine.calls) == 3
    assert "no-parallelism" in ran.codes


async def test_cold_pass_comes_before_and_stays_apart(home):
    request = replace(REQUEST, cold=True)
    ran = await run(request, home, fake(latency_ms=lambda call: 90.0 if call.index < 120 else 1.0))
    assert ran.engine.evicted == ["synthetic", *["synthetic__binary"] * 3]
    assert ran.codes.count("cold-pass") == 4
    assert all(m.engine_ms is not None and m.engine_ms.max == 1.0 for m in ran.record.measurements)
    cold = [line for line in ran.lines() if line.get("repeat") == -1]
    assert len(cold) == 120
    assert {line["engine_ms"] for line in cold} == {90.0}


async def test_says_when_there_can_be_no_cold_pass(home):
    ran = await run(replace(REQUEST, cold=True), home, fake(can_evict=False))
    assert "cold-not-possible" in ran.codes
    assert "cold-pass" not in ran.codes


async def test_warnings_of_the_plan(home):
    ran = await run(replace(REQUEST, queries=10, limit=100, oversampling=(1.0, 2.0)), home)
    assert {"too-few-queries", "limit-above-points", "short-truth", "rescore-x1", "oversampling-no-effect"} <= set(
        ran.codes
    )
    assert ran.record.measurements[0].recall is not None
    assert ran.record.measurements[0].recall.mean == 1.0
    warned = [event.warning for event in ran.events if isinstance(event, Warned)]
    assert tuple(warned) == ran.record.warnings
    quiet = await run(REQUEST, home)
    assert {"too-few-queries", "limit-above-points", "noisy", "tied-truth"}.isdisjoint(quiet.codes)


async def test_a_noisy_machine_is_named(home):
    ran = await run(REQUEST, home, fake(latency_ms=lambda call: 1.0 if call.index < 240 else 2.0))
    assert "noisy" in ran.codes


async def test_a_filter_narrows_truth_and_searches_alike(home, tmp_path):
    vectors = np.random.default_rng(0).standard_normal((80, 8)).astype(np.float32)
    np.save(tmp_path / "v.npy", vectors)
    (tmp_path / "p.jsonl").write_text("".join(f'{{"kind": "{"ab"[row % 2]}"}}\n' for row in range(80)))
    source = SourceSpec("file", path=str(tmp_path / "v.npy"), payload=str(tmp_path / "p.jsonl"))
    condition = '{"must": [{"key": "kind", "match": {"value": "a"}}]}'
    ran = await run(replace(REQUEST, source=source, filter=condition), home)
    truth = [line["ids"] for line in ran.lines() if "truth" in line]
    assert all(point_id % 2 == 0 for ids in truth for point_id in ids)
    assert ran.record.measurements[0].recall is not None
    assert ran.record.measurements[0].recall.mean == 1.0
    assert ran.record.dataset.filter == condition


@pytest.mark.parametrize("on", ["source", "collection"])
async def test_a_filter_that_no_point_matches_is_refused(on, home):
    engine = FakeEngine(clock=FakeClock())
    request = replace(REQUEST, filter="kind = a")
    if on == "collection":
        await loaded(engine, "docs", ("none",))
        request = replace(request, source=None, collection="docs")
    with pytest.raises(UsageError, match="no point matches the filter"):
        await run(request, home, engine)
    assert not list((home / "runs").iterdir())


async def test_truth_comes_from_the_cache_the_second_time_and_a_damaged_entry_is_made_again(home):
    first = await run(REQUEST, home)
    second = await run(REQUEST, home)
    assert first.record.dataset.truth is not None
    assert second.record.dataset.truth is not None
    assert "cache" not in first.record.dataset.truth.how
    assert "cache" in second.record.dataset.truth.how
    (entry,) = (home / "cache" / "truth").iterdir()
    raw = bytearray(entry.read_bytes())
    raw[-9] ^= 1
    entry.write_bytes(bytes(raw))
    third = await run(REQUEST, home)
    assert third.record.dataset.truth is not None
    assert "cache" not in third.record.dataset.truth.how
    assert third.lines()[1:31] == first.lines()[1:31] == second.lines()[1:31]
    entry.write_bytes(b"")
    assert (await run(REQUEST, home)).lines()[1:31] == first.lines()[1:31]


async def test_keep_moves_the_store_and_says_where(home):
    ran = await run(replace(REQUEST, keep=True), home)
    kept = home / "kept" / ran.record.id
    assert kept.is_dir()
    assert any(str(kept) in warning.text for warning in ran.record.warnings if warning.code == "kept")
    assert list((home / "tmp").iterdir()) == []


async def test_nothing_temporary_is_left(home):
    ran = await run(REQUEST, home)
    assert list((home / "tmp").iterdir()) == []
    assert ran.engine.closed
    assert sorted(path.name for path in (home / "runs").iterdir()) == [f"{ran.record.id}.json", ran.record.samples]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (home / "runs").iterdir())


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"queries": 80}, UsageError),
        ({"queries": 0}, UsageError),
        ({"source": SourceSpec("sample"), "queries": 400}, UsageError),
        ({"source": SourceSpec("file", path="missing.npy")}, NotFound),
        ({"truth_file": "truth.npy"}, UsageError),
        ({"limit": 0}, UsageError),
        ({"filter": "{nonsense"}, UsageError),
        ({"source": None, "collection": "missing"}, NotFound),
    ],
)
async def test_wrong_input_costs_one_error_and_no_state(change, error, home):
    with pytest.raises(error):
        await run(replace(REQUEST, **change), home)
    assert not list((home / "runs").glob("*")) if (home / "runs").exists() else True
    assert not list((home / "tmp").glob("*")) if (home / "tmp").exists() else True


async def test_figures_so_far_replace_each_other_by_index(home):
    clock = FakeClock()
    ran = await run(replace(REQUEST, repeat=15), home, FakeEngine(clock=clock))
    told = [event for event in ran.events if isinstance(event, Measured)]
    assert told
    for event in told:
        assert [index for index, _ in event.measurements] == [0, 1, 2, 3]
    counts = [figures.n for event in told if (figures := event.measurements[0][1].engine_ms) is not None]
    assert counts == sorted(counts)
    progress = [event for event in ran.events if isinstance(event, Progress) and event.stage == "measure"]
    assert progress[-1].done == progress[-1].total == 4 * 30 * 15
    assert len(progress) + len(told) <= clock.now() * 8 + 8
