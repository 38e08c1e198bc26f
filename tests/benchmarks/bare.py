"""The bare loops over qdrant_edge and numpy that qtui is compared with: as little Python as the task allows."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np
import qdrant_edge as edge
from numpy.typing import NDArray

Array = NDArray[np.float32]
BATCH = 1000


def config(dimension: int, *, quantization: object | None = None, m: int = 16) -> edge.EdgeConfig:
    """What `qtui load` configures for one unnamed cosine vector, written by hand."""
    vector = edge.EdgeVectorParams(
        dimension,
        edge.Distance.Cosine,
        on_disk=True,
        quantization_config=quantization,  # type: ignore[arg-type]  # any of the four kinds
        hnsw_config=edge.HnswIndexConfig(m, 100, 10_000),
    )
    return edge.EdgeConfig(
        vectors={"": vector},
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=1, default_segment_number=1),
        max_search_threads=1,
    )


def load(folder: Path, vectors: Array, *, quantization: object | None = None) -> float:
    """Seconds to upsert all rows into a new shard, unindexed, flushed."""
    folder.mkdir(parents=True)
    shard = edge.EdgeShard.create(str(folder), config(vectors.shape[1], quantization=quantization))
    began = time.perf_counter()
    for start in range(0, len(vectors), BATCH):
        rows = np.ascontiguousarray(vectors[start : start + BATCH], dtype=np.float32)
        points = [edge.Point(start + i, memoryview(row)) for i, row in enumerate(rows)]  # type: ignore[arg-type]  # buffers are taken
        shard.update(edge.UpdateOperation.upsert_points(points))
    shard.flush()
    seconds = time.perf_counter() - began
    shard.close()
    return seconds


def requests(queries: Array, params: edge.SearchParams, limit: int, using: str) -> list[edge.QueryRequest]:
    """One ready request a query."""
    return [
        edge.QueryRequest(
            limit=limit,
            query=edge.Query.Nearest(memoryview(query), using),  # type: ignore[arg-type]  # buffers are taken
            params=params,
            with_payload=False,
            with_vector=False,
        )
        for query in queries
    ]


def loop_ms(shard: edge.EdgeShard, asked: list[edge.QueryRequest]) -> list[float]:
    """Milliseconds of each search of one loop."""
    clock, times = time.perf_counter_ns, []
    for request in asked:
        began = clock()
        shard.query(request)
        times.append((clock() - began) / 1e6)
    return times


def query_ms(folder: Path, queries: Array, count: int, params: edge.SearchParams, limit: int, using: str) -> Array:
    """Milliseconds of `count` searches on an existing shard, after one warm pass over the queries."""
    shard = edge.EdgeShard.load(str(folder))
    asked = requests(queries, params, limit, using)
    loop_ms(shard, asked)
    times = loop_ms(shard, [asked[i % len(asked)] for i in range(count)])
    shard.close()
    return np.asarray(times, dtype=np.float32)


def truth(vectors: Array, queries: Array, k: int, block: int = 8192) -> float:
    """Seconds for the exact nearest ids: a blocked matrix product with partial selection, nothing else."""
    began = time.perf_counter()
    best_scores = np.full((len(queries), 0), -np.inf, dtype=np.float32)
    best_ids = np.zeros((len(queries), 0), dtype=np.int64)
    for start in range(0, len(vectors), block):
        scores = queries @ np.asarray(vectors[start : start + block], dtype=np.float32).T
        nearest = np.argpartition(-scores, min(k, scores.shape[1] - 1), axis=1)[:, :k]
        best_scores = np.concatenate([best_scores, np.take_along_axis(scores, nearest, 1)], axis=1)
        best_ids = np.concatenate([best_ids, nearest + start], axis=1)
        keep = np.argpartition(-best_scores, min(k, best_scores.shape[1] - 1), axis=1)[:, :k]
        best_scores, best_ids = np.take_along_axis(best_scores, keep, 1), np.take_along_axis(best_ids, keep, 1)
    return time.perf_counter() - began


def peak_bytes() -> int:
    """Peak resident memory of this process since it was started.

    On Linux from VmHWM: what getrusage tells there outlives exec, so that a child starts with its parent's peak.
    """
    status = Path("/proc/self/status")
    if status.exists():
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
