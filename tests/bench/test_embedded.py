"""A run on the real embedded engine, through the real builder: its figures recomputed from what it left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from qtui.bench.session import bench
from qtui.data.load import jobs, load
from qtui.engine.open import open_embedded
from qtui.events import RunFinished
from qtui.loads import BuildJob, BuildSpec, LoadRequest, SourceSpec
from qtui.methods import METHODS
from qtui.model import Distance
from qtui.plan import BenchRequest


async def in_process(job: BuildJob):
    """Builds like the builder's process does."""
    engine = await open_embedded(Path(job.store))
    try:
        async for event in load(engine, job):
            yield event
    finally:
        await engine.close()


async def measured(request, home, engine=None):
    events = [event async for event in bench(request, engine=engine, home=home, build=in_process)]
    last = events[-1]
    assert isinstance(last, RunFinished)
    record = last.record
    raw = (home / "runs" / record.samples).read_bytes().splitlines()
    return record, [msgspec.json.decode(line) for line in raw]


def check_recall(record, lines):
    truth = {line["truth"]: set(line["ids"]) for line in lines if "truth" in line}
    for index, figures in enumerate(record.measurements):
        found = [line for line in lines if line.get("measurement") == index and line["repeat"] >= 0]
        assert len(found) == figures.engine_ms.n
        hits = [len(truth[line["query"]] & set(line["ids"])) / len(truth[line["query"]]) for line in found]
        assert figures.recall.mean == pytest.approx(np.mean(hits), abs=1e-12)
        assert figures.engine_ms.p50 == np.percentile([line["engine_ms"] for line in found], 50)
        assert figures.round_trip_ms.p95 == np.percentile([line["round_trip_ms"] for line in found], 95)


async def test_figures_are_those_of_the_samples_and_truth_is_exact(home):
    source = SourceSpec("synthetic", rows=700, dimension=64, seed=1)
    request = BenchRequest(
        source=source, queries=40, methods=("none", "scalar", "binary", "turbo-4bit"), oversampling=(1.0, 3.0), repeat=2
    )
    record, lines = await measured(request, home)
    check_recall(record, lines)
    recalls = {
        (m.method, m.search.rescore, m.search.oversampling): m.recall.mean for m in record.measurements if m.recall
    }
    assert recalls["none", None, None] > 0.97
    assert recalls["binary", True, 1.0] == recalls["binary", False, None] < recalls["binary", True, 3.0]
    for collection in record.collections:
        assert (collection.points, collection.segments) == (660, 1)
        if collection.method != "none":
            assert (collection.built.segments, collection.built.of) == (1, 1)
            expected = METHODS[collection.method].bytes_per_vector(64, Distance.COSINE)
            assert collection.bytes_per_vector.quantized == pytest.approx(expected, rel=0.01)
    assert "full-scan" in [warning.code for warning in record.warnings]
    assert record.environment.engine.version
    assert all(0 <= m.overhead_ms < 5 for m in record.measurements if m.overhead_ms is not None)


@pytest.mark.parametrize("distance", list(Distance))
async def test_exact_search_of_the_engine_agrees_with_truth(distance, home):
    source = SourceSpec("synthetic", rows=400, dimension=12, seed=2)
    request = BenchRequest(
        source=source, queries=25, methods=("none",), exact=True, repeat=1, build=BuildSpec(distance=distance)
    )
    record, lines = await measured(request, home)
    check_recall(record, lines)
    (exact,) = (m for m in record.measurements if m.search.exact)
    assert exact.recall is not None
    assert exact.recall.mean == 1.0


@pytest.mark.parametrize("distance", list(Distance))
async def test_max_sim_of_the_engine_agrees_with_truth(distance, home, tmp_path):
    vectors = np.random.default_rng(3).standard_normal((60, 4, 16)).astype(np.float32)
    np.save(tmp_path / "tokens.npy", vectors)
    request = BenchRequest(
        source=SourceSpec("file", path=str(tmp_path / "tokens.npy")),
        queries=25,
        methods=("none",),
        exact=True,
        limit=5,
        repeat=1,
        build=BuildSpec(distance=distance),
    )
    record, lines = await measured(request, home)
    check_recall(record, lines)
    assert record.dataset.multivector
    (exact,) = (m for m in record.measurements if m.search.exact)
    assert exact.recall is not None
    assert exact.recall.mean == 1.0


async def test_a_collection_of_the_store(home):
    request = LoadRequest("docs", SourceSpec("synthetic", rows=300, dimension=32), ("none", "binary"))
    engine = await open_embedded(home / "store")
    try:
        for job in jobs(request, home / "store"):
            async for _ in load(engine, job):
                pass
        asked = BenchRequest(collection="docs", queries=30, oversampling=(2.0,), repeat=1, cold=True)
        record, lines = await measured(asked, home, engine)
    finally:
        await engine.close()
    check_recall(record, lines)
    assert [collection.name for collection in record.collections] == ["docs", "docs__binary"]
    assert record.dataset.query_origin == "collection"
    assert replace(record.dataset, truth=None).points == 300
