"""p50 of a search through the server engine, against a bare loop on AsyncQdrantClient, block by block in turns.

Both keep their connections to one server: the test server in a process of its own, or the real one that QTUI_TEST_URL
names, over REST and over gRPC. A client made without options opens a connection for every request to this machine,
which would let qtui look faster than it is.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
from numpy.typing import NDArray
from qdrant_client import AsyncQdrantClient
from qdrant_client import models as m

from qtui.engine.base import PointBatch
from qtui.engine.server import ServerEngine, open_server
from qtui.model import CollectionSpec, Hnsw, Placement, Quantization, SearchSettings, VectorSpec
from qtui.target import Target
from qtui.target import server as target_of
from tests.server.real import URL

from .pairs import Ratio

Array = NDArray[np.float32]
LIMIT, EF, NAME = 10, 128, "qtui-benchmark"
SEARCHES = 600
"""Of each side in one pair."""
BLOCK = 30
"""Searches of one side before it is the other's turn."""
BATCH = 500


def ratios(vectors: Array, queries: Array, scratch: Path, pairs: int) -> list[Ratio]:
    """Over REST and over gRPC: our p50 over the bare loop's, on a collection quantized by turbo-4bit."""
    with _server(scratch) as (where, target):
        return [
            asyncio.run(_ratio(replace(target, grpc=grpc), where, vectors, queries, pairs)) for grpc in (False, True)
        ]


@contextmanager
def _server(scratch: Path) -> Iterator[tuple[str, Target]]:
    if URL:
        yield "a real server", target_of(URL, allow_writes=True)
        return
    command = [sys.executable, "-m", "tests.server", str(scratch / "store")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        address, grpc_port = child.stdout.readline().split()
        yield "the test server", target_of(address, allow_writes=True, grpc_port=int(grpc_port))
        child.communicate("")  # it serves until its input ends


async def _ratio(target: Target, where: str, vectors: Array, queries: Array, pairs: int) -> Ratio:
    engine = await open_server(target)
    client = AsyncQdrantClient(
        url=target.url,
        grpc_port=target.grpc_port,
        prefer_grpc=target.grpc,
        check_compatibility=False,
        trust_env=False,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
    )
    try:
        await _fill(engine, vectors)
        await _pair(engine, client, queries)  # warms up both
        values = [await _pair(engine, client, queries) for _ in range(pairs)]
        await engine.delete(NAME)
    finally:
        await client.close()
        await engine.close()
    note = f"{where}, {len(vectors):,} x {vectors.shape[1]}, {SEARCHES:,} searches a side and pair"
    return Ratio(f"p50 through qtui / bare client, {engine.info.protocol}", tuple(values), 1.10, note=note)


async def _fill(engine: ServerEngine, vectors: Array) -> None:
    if NAME in await engine.collections():
        await engine.delete(NAME)
    quantization = Quantization("turbo-4bit", placement=Placement.PINNED)
    vector = VectorSpec(vectors.shape[1], hnsw=Hnsw(), quantization=quantization)
    await engine.create(CollectionSpec(NAME, (vector,), indexing_threshold_kb=1, segments=1))
    for start in range(0, len(vectors), BATCH):
        rows = np.ascontiguousarray(vectors[start : start + BATCH], np.float32)
        await engine.upsert(NAME, PointBatch(range(start, start + len(rows)), {"": rows}))
    await engine.build(NAME)


async def _pair(engine: ServerEngine, client: AsyncQdrantClient, queries: Array) -> float:
    settings = SearchSettings(limit=LIMIT, hnsw_ef=EF, rescore=True, oversampling=2.0)
    params = m.SearchParams(
        hnsw_ef=EF, quantization=m.QuantizationSearchParams(ignore=False, rescore=True, oversampling=2.0)
    )
    lists = [row.tolist() for row in queries]
    ours: list[float] = []
    theirs: list[float] = []

    async def through_qtui(span: range) -> None:
        for number in span:
            began = time.perf_counter()
            await engine.query(NAME, queries[number], settings)
            ours.append(time.perf_counter() - began)

    async def bare(span: range) -> None:
        for number in span:
            began = time.perf_counter()
            await client.query_points(NAME, lists[number], search_params=params, limit=LIMIT, with_payload=False)
            theirs.append(time.perf_counter() - began)

    for turn in range(SEARCHES // BLOCK):
        start = turn * BLOCK % (len(queries) - BLOCK + 1)
        span = range(start, start + BLOCK)
        first, second = (through_qtui, bare) if turn % 2 else (bare, through_qtui)
        await first(span)
        await second(span)
    return float(np.percentile(ours, 50) / np.percentile(theirs, 50))
