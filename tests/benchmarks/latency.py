"""Engine p50 that qtui measures, against a bare loop on the same open shard, block by block in turns."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import qdrant_edge as edge
from numpy.typing import NDArray

from qtui.bench.clock import SystemClock
from qtui.bench.measure import Ask, run_block
from qtui.data.load import load
from qtui.engine.embedded import EmbeddedEngine
from qtui.engine.open import open_embedded
from qtui.loads import BuildJob, BuildSpec, SourceSpec
from qtui.model import SearchSettings
from qtui.records import Measurement, RunRecord

from . import bare
from .pairs import Ratio

Array = NDArray[np.float32]
LIMIT, EF = 10, 128
SEARCHES = 2_400
"""Of each side in one pair."""
BLOCK = 60
"""Searches of one side before it is the other's turn: shorter than what else the machine does."""


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


def chosen(record: RunRecord, *, rescore: bool | None) -> Measurement:
    """The one measurement with this rescore."""
    [found] = [each for each in record.measurements if each.search.rescore is rescore and not each.search.exact]
    return found


def ratio(vectors: Array, queries: Array, scratch: Path, method: str, pairs: int) -> Ratio:
    """p50 of what the harness times over a bare loop's, `SEARCHES` of each in one pair."""
    store, name, _ = store_with(vectors, scratch, method)
    rescore = None if method == "none" else False
    ask = Ask(name, "", SearchSettings(limit=LIMIT, hnsw_ef=EF, rescore=rescore))
    params = edge.SearchParams(
        hnsw_ef=EF, quantization=None if rescore is None else edge.QuantizationSearchParams(rescore=rescore)
    )
    values = asyncio.run(_in_turns(store, ask, params, queries, pairs))
    note = f"{method}, {len(vectors):,} x {vectors.shape[1]}, {SEARCHES:,} searches a side and pair"
    return Ratio("engine p50 reported / bare loop", tuple(values), 1.05, note=note)


async def _in_turns(store: Path, ask: Ask, params: edge.SearchParams, queries: Array, pairs: int) -> list[float]:
    engine = await open_embedded(store)
    try:
        await _pair(engine, ask, params, queries)  # warms up both
        return [await _pair(engine, ask, params, queries) for _ in range(pairs)]
    finally:
        await engine.close()


async def _pair(engine: EmbeddedEngine, ask: Ask, params: edge.SearchParams, queries: Array) -> float:
    shard = engine._shards.get(ask.collection).shard  # a second opener is refused: both use the one
    requests = bare.requests(queries, params, ask.settings.limit, ask.using)
    ours: list[float] = []
    theirs: list[float] = []

    async def harness(span: range) -> None:
        block = await run_block(engine, ask, queries, span, concurrency=1, rate=None, clock=SystemClock())
        ours.extend(found.engine_ms for found in block.outcomes if found.engine_ms is not None)

    for turn in range(SEARCHES // BLOCK):
        start = turn * BLOCK % (len(queries) - BLOCK + 1)
        span = range(start, start + BLOCK)
        if turn % 2:
            await harness(span)
        theirs.extend(bare.loop_ms(shard, requests[span.start : span.stop]))
        if not turn % 2:
            await harness(span)
    assert len(ours) == len(theirs) == SEARCHES, "a search failed"
    return float(np.percentile(ours, 50) / np.percentile(theirs, 50))
