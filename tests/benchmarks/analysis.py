"""The whole analysis in one `qtui tune --analysis`, against the project's own steps, one by one, over the bare engine.

Both get the same four built collections, queries and factors, and one process each time. The project's steps: the
baseline; each method without and with rescoring; then for each method the latencies of every factor, and apart from
them the accuracy of every factor, for which the baseline is asked again each time; every query each time. Ours: one
run, from the request to the record that is kept: exact truth, proof of what is built, warm-up, every variant's latency
and accuracy on 100 queries at least, the baseline's and the choice's on all of them, intervals and advice.

A project that sweeps its best method alone takes fewer steps, and ends with figures for fewer variants than the run
gives; the ratio to those steps stands beside the other.

Building is the same work on both sides and is left out of the ratio.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import numpy as np
import qdrant_edge as edge
from numpy.typing import NDArray

from qtui.bench.session import bench
from qtui.data.load import load
from qtui.engine.open import open_embedded
from qtui.events import RunFinished
from qtui.host.build import build
from qtui.loads import BuildJob, BuildSpec, SourceSpec, collection_names
from qtui.loads import LoadRequest as Load
from qtui.plan import BenchRequest, analysis
from qtui.records import RunRecord

from .pairs import Ratio, in_turns

Array = NDArray[np.float32]
METHODS = ("scalar", "binary", "binary-2bit")
BEST = "binary"
"""What is swept first, and alone where one method is."""
FACTORS = (2.0, 3.0, 5.0, 8.0, 10.0)
LIMIT, EF, NAME = 10, 128, "analysis"
PASSES = 1 + len(METHODS) * (2 + 3 * len(FACTORS))
FEWER_PASSES = 1 + len(METHODS) * 2 + 3 * len(FACTORS)
BOUND = 1 / 3


class Project:
    """The steps as they are written, with shards in place of collections."""

    def __init__(self, shards: dict[str, edge.EdgeShard], queries: Array) -> None:
        self._shards = shards
        self._queries = queries
        self.passes = 0
        self.figures: dict[str, float] = {}

    def run(self) -> float:
        """All steps, in order. Returns when the best method was swept, by the clock of `time.perf_counter`."""
        self._performance("none", None)
        for method in METHODS:
            self._performance(method, edge.QuantizationSearchParams(rescore=False))
            self._performance(method, edge.QuantizationSearchParams(rescore=True, oversampling=3.0))
        swept = []
        for method in sorted(METHODS, key=lambda each: each != BEST):
            for factor in FACTORS:
                self._performance(method, edge.QuantizationSearchParams(rescore=True, oversampling=factor))
            for factor in FACTORS:
                self._accuracy(method, edge.QuantizationSearchParams(rescore=True, oversampling=factor))
            swept.append(time.perf_counter())
        return swept[0]

    def _performance(self, method: str, quantization: edge.QuantizationSearchParams | None) -> None:
        """Average and p95 of one search after the other."""
        took = []
        for query in self._queries:
            began = time.perf_counter()
            self._search(method, query, quantization)
            took.append((time.perf_counter() - began) * 1000)
        self.passes += 1
        self.figures[f"{method} p95 {self.passes}"] = float(np.percentile(took, 95))

    def _accuracy(self, method: str, quantization: edge.QuantizationSearchParams) -> None:
        """Share of the baseline's answer that is found; the baseline is asked anew."""
        shares = []
        for query in self._queries:
            wanted = {point.id for point in self._search("none", query, None)}
            found = {point.id for point in self._search(method, query, quantization)}
            shares.append(len(wanted & found) / len(wanted))
        self.passes += 2
        self.figures[f"{method} accuracy {self.passes}"] = float(np.mean(shares))

    def _search(
        self, method: str, query: Array, quantization: edge.QuantizationSearchParams | None
    ) -> list[edge.ScoredPoint]:
        params = edge.SearchParams(hnsw_ef=EF, quantization=quantization)
        nearest = edge.Query.Nearest(memoryview(query), "")  # type: ignore[arg-type]  # buffers are taken
        return self._shards[method].query(edge.QueryRequest(limit=LIMIT, query=nearest, params=params))


def ratios(vectors: Array, queries: Array, scratch: Path, pairs: int) -> list[Ratio]:
    """Wall time of ours over theirs: with the graph that is built by default, and scanning without one."""
    return [_ratio(vectors, queries, scratch / f"m{m}", m, pairs) for m in (16, 0)]


def _ratio(vectors: Array, queries: Array, scratch: Path, m: int, pairs: int) -> Ratio:
    scratch.mkdir()
    store, asked = scratch / "store", scratch / "queries.npy"
    np.save(asked, queries)
    names, built_s = asyncio.run(_build(vectors, scratch, store, m))
    request = analysis(BenchRequest(collection=NAME, queries_file=str(asked), queries=len(queries)), BenchRequest())
    made: list[RunRecord] = []  # a home each, so that no run finds the exact truth of another

    def ours() -> float:
        began = time.perf_counter()
        (scratch / "vectors.npy").touch()  # nor its hash of the file
        made.append(asyncio.run(_run(store, scratch / f"home{len(made)}", request)))
        mine.append(time.perf_counter() - began)
        return mine[-1]

    whole: list[float] = []
    fewer: list[float] = []
    mine: list[float] = []

    def project() -> float:
        began = time.perf_counter()
        shards = {method: edge.EdgeShard.load(str(_shard(store, name))) for method, name in names.items()}
        swept = Project(shards, np.ascontiguousarray(queries)).run()
        for shard in shards.values():
            shard.close()
        whole.append(time.perf_counter() - began)
        fewer.append(swept - began)
        return whole[-1]

    graph = f"m={m}" if m else "no graph"
    found = in_turns(f"tune --analysis / the project's steps, {graph}", ours, project, pairs=pairs, bound=BOUND)
    counts = sorted(_asked(made[-1]))
    tuning = made[-1].tuning
    assert tuning is not None
    took_s, alone = np.median(whole[1:]), np.median(np.divide(mine[1:], fewer[1:]))
    note = (
        f"{len(vectors):,} x {vectors.shape[1]}, {len(queries)} queries; the steps take {took_s:.1f} s for"
        f" {PASSES * len(queries):,} searches, the run {tuning.searches:,}, n={counts[0]} to {counts[-1]} a variant;"
        f" over the {FEWER_PASSES * len(queries):,} searches of the steps that sweep {BEST} alone {alone:.3f};"
        f" building, not counted, {built_s:.0f} s"
    )
    return Ratio(found.what, found.values, found.bound, note=note)


def _asked(record: RunRecord) -> list[int]:
    """Searches of every variant; makes sure that the run has all that the steps have."""
    plain = record.measurements[0]
    assert {(each.method, each.search.oversampling) for each in record.measurements} == {
        ("none", None),
        *((method, factor) for method in METHODS for factor in (None, *FACTORS)),
    }
    assert {each.search.hnsw_ef for each in record.measurements} == {EF}
    assert {each.search.limit for each in record.measurements} == {LIMIT}
    assert plain.engine_ms is not None
    assert plain.engine_ms.n == record.dataset.queries
    assert all(each.recall is not None and each.speedup is not None for each in record.measurements)
    assert record.recommendation is not None
    return [each.engine_ms.n for each in record.measurements if each.engine_ms is not None]


async def _build(vectors: Array, scratch: Path, store: Path, m: int) -> tuple[dict[str, str], float]:
    """One collection a method. Method → its collection's name, and the seconds that it took."""
    file = scratch / "vectors.npy"
    np.save(file, vectors)
    source, spec = SourceSpec("file", path=str(file)), BuildSpec(hnsw_m=m)
    names = collection_names(Load(NAME, source, ("none", *METHODS), spec))
    began = time.perf_counter()
    engine = await open_embedded(store)
    try:
        for method, name in names.items():
            async for _ in load(engine, BuildJob(str(store), name, method, source, spec)):
                pass
    finally:
        await engine.close()
    return names, time.perf_counter() - began


def _shard(store: Path, name: str) -> Path:
    """The folder of a collection's shard: its manifest has the name."""
    for manifest in store.glob("*/*.json"):
        if f'"{name}"' in manifest.read_text(encoding="utf-8"):
            return manifest.parent / "shard"
    raise FileNotFoundError(name)


async def _run(store: Path, home: Path, request: BenchRequest) -> RunRecord:
    engine = await open_embedded(store)
    try:
        async for event in bench(request, engine=engine, home=home, build=build):
            if isinstance(event, RunFinished):
                return event.record
    finally:
        await engine.close()
    raise AssertionError("the run did not finish")
