"""Vectors, settings and engines for the tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtui.engine.base import Origin, PointBatch
from qtui.engine.embedded import EmbeddedEngine
from qtui.engine.open import open_embedded
from qtui.model import CollectionSpec, Distance, Hnsw, Placement, Quantization, VectorSpec

Floats = NDArray[np.float32]


def randoms(rows: int, size: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(size=(rows, size)).astype(np.float32)


def documents(rows: int, size: int, seed: int = 0) -> list[Floats]:
    """Multivectors of one to five tokens."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(int(rng.integers(1, 6)), size)).astype(np.float32) for _ in range(rows)]


def single(
    name: str = "things",
    size: int = 16,
    distance: Distance = Distance.COSINE,
    method: str | None = None,
    *,
    m: int = 16,
    threshold: int | None = 1,
    **vector: Any,
) -> CollectionSpec:
    """A collection of one vector, quantized by `method` and pinned, its originals cold."""
    quantization = None if method is None else Quantization(method, placement=Placement.PINNED)
    options = {"placement": Placement.COLD, **vector}
    spec = VectorSpec(size, distance, hnsw=Hnsw(m=m), quantization=quantization, **options)
    return CollectionSpec(name, (spec,), indexing_threshold_kb=threshold, segments=1)


def batch(
    vectors: Floats | Sequence[Floats], name: str = "", start: int = 0, payloads: Sequence[Any] = ()
) -> PointBatch:
    return PointBatch(range(start, start + len(vectors)), {name: vectors}, payloads)


@asynccontextmanager
async def opened(store: Path) -> AsyncIterator[EmbeddedEngine]:
    engine = await open_embedded(store)
    try:
        yield engine
    finally:
        await engine.close()


async def filled(engine: Any, spec: CollectionSpec, vectors: Floats | Sequence[Floats], **options: Any) -> None:
    """Makes a collection of one vector, writes and builds it."""
    await engine.create(spec, Origin(source="a test", expected_points=len(vectors)))
    await engine.upsert(spec.name, batch(vectors, spec.vectors[0].name, **options))
    await engine.build(spec.name)
