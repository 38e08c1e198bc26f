"""Engine p50 that qtui reports, against a bare loop on the same shard; alone, and with the app drawing meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import qdrant_edge as edge
from numpy.typing import NDArray

from qtui.bench.session import bench
from qtui.data.load import load
from qtui.engine.open import open_embedded
from qtui.events import RunFinished
from qtui.host.build import build
from qtui.plan import BenchRequest, BuildJob, BuildSpec, SourceSpec
from qtui.records import Measurement, RunRecord

from . import bare
from .pairs import Ratio, in_turns

Array = NDArray[np.float32]
LIMIT, EF, REPEAT = 10, 128, 6


def store_with(vectors: Array, scratch: Path, method: str) -> tuple[Path, str, Path]:
    """A store with one loaded collection: its folder, the collection's name, and the shard's folder."""
    file = scratch / "latency.npy"
    np.save(file, vectors)
    store = scratch / "store"
    job = BuildJob(str(store), f"bench-{method}", method, SourceSpec("file", path=str(file)), BuildSpec())

    async def fill() -> None:
        engine = await open_embedded(store)
        try:
            async for _ in load(engine, job):
                pass
        finally:
            await engine.close()

    asyncio.run(fill())
    [segments] = store.glob("*/shard/segments")
    return store, job.collection, segments.parent


async def _run(store: Path, home: Path, request: BenchRequest) -> RunRecord:
    engine = await open_embedded(store)
    try:
        async for event in bench(request, engine=engine, home=home, build=build):
            if isinstance(event, RunFinished):
                return event.record
    finally:
        await engine.close()
    raise AssertionError("the run did not finish")


def chosen(record: RunRecord, *, rescore: bool | None) -> Measurement:
    """The one measurement with this rescore."""
    [found] = [each for each in record.measurements if each.search.rescore is rescore and not each.search.exact]
    return found


def ratio(vectors: Array, queries: Array, scratch: Path, method: str, pairs: int) -> Ratio:
    """p50 of a whole `bench --collection` run over a bare loop's p50, in turns on one shard."""
    store, name, shard = store_with(vectors, scratch, method)
    asked = scratch / "asked.npy"
    np.save(asked, queries)
    rescore = None if method == "none" else False
    request = BenchRequest(
        collection=name,
        queries_file=str(asked),
        queries=len(queries),
        methods=("none", method) if method != "none" else ("none",),
        rescore=(False,),
        hnsw_ef=(EF,),
        limit=LIMIT,
        repeat=REPEAT,
    )
    params = edge.SearchParams(
        hnsw_ef=EF, quantization=None if rescore is None else edge.QuantizationSearchParams(rescore=rescore)
    )

    def ours() -> float:
        record = asyncio.run(_run(store, scratch / "home", request))
        measured = chosen(record, rescore=rescore).engine_ms
        assert measured is not None
        assert measured.n >= 2000, "too few searches for a p50 to compare"
        return measured.p50

    note = f"{method}, {len(vectors):,} x {vectors.shape[1]}, {len(queries) * REPEAT:,} searches a side"
    return in_turns(
        "engine p50 reported / bare loop", ours, _bare_p50(shard, queries, params), pairs=pairs, bound=1.05, note=note
    )


def _bare_p50(shard: Path, queries: Array, params: edge.SearchParams) -> Callable[[], float]:
    def loop() -> float:
        times = bare.query_ms(shard, queries, len(queries) * REPEAT, params, LIMIT, "")
        return float(np.percentile(times, 50))

    return loop
