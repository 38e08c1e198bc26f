"""The async protocol that every engine speaks. Imports numpy for types, and no engine.

Vectors are float32 arrays: a single vector has shape (size,), a multivector (tokens, size). Every method raises
errors of `qtui.errors` only: NotFound for a collection that isn't there, UsageError for a setting that the
engine can't take, DataError for vectors or payloads that it can't hold, StoreInUse and EngineGone as they say; a server
also Unreachable, TimedOut and RateLimited, and AccessError for what the key or the lack of --allow-writes forbids.
Whatever would make a native engine panic, hang or lose data is refused before it gets there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from qtui.filters import Filter
from qtui.model import (
    Answer,
    Change,
    CollectionSpec,
    CollectionView,
    EngineInfo,
    Page,
    Payload,
    Point,
    PointId,
    SearchSettings,
    Timed,
)

Vector = NDArray[np.float32]
VectorBatch = NDArray[np.float32] | Sequence[Vector]
"""(points, size) for single vectors; one (tokens, size) array a point for multivectors."""


@dataclass(frozen=True, slots=True)
class PointBatch:
    """Points to write: ids, their vectors by vector name, and their payloads (empty: none have one)."""

    ids: Sequence[PointId]
    vectors: dict[str, VectorBatch]
    payloads: Sequence[Payload | None] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """What the creator of a collection wants remembered with it."""

    source: str | None = None
    expected_points: int | None = None
    extra: dict[str, str] = field(default_factory=dict)


@runtime_checkable
class Engine(Protocol):
    """Collections, points and searches. All names and ids are as the user gave them."""

    @property
    def info(self) -> EngineInfo:
        """What this is and where."""
        ...

    async def collections(self) -> tuple[str, ...]:
        """Names of all collections, sorted."""
        ...

    async def view(self, name: str) -> CollectionView:
        """The collection as it is found: settings, what is built, bytes by component, findings."""
        ...

    async def create(self, spec: CollectionSpec, origin: Origin | None = None) -> None:
        """Makes an empty collection. Raises Exists when the name is taken."""
        ...

    async def delete(self, name: str) -> None:
        """Removes a collection with all that it holds."""
        ...

    async def reconfigure(self, name: str, change: Change, vector_name: str = "") -> float:
        """Changes settings of one vector in place and rebuilds what they touch. Returns seconds."""
        ...

    async def upsert(self, name: str, batch: PointBatch) -> None:
        """Writes points, all or none of the batch; when it returns they survive a crash."""
        ...

    async def build(self, name: str) -> float:
        """Builds index and quantized data for all that awaits it, then marks the load as done. Returns seconds."""
        ...

    async def query(
        self,
        name: str,
        query: Vector,
        settings: SearchSettings,
        *,
        using: str = "",
        filter_: Filter | None = None,
        with_payload: bool = False,
    ) -> Timed[Answer]:
        """The nearest points. `engine_ms` spans the engine's call alone; `round_trip_ms` the whole method."""
        ...

    async def query_batch(
        self,
        name: str,
        queries: Sequence[Vector],
        settings: SearchSettings,
        *,
        using: str = "",
        filter_: Filter | None = None,
    ) -> Timed[tuple[Answer, ...]]:
        """The nearest points of several queries, planned by the engine as one batch."""
        ...

    async def scroll(
        self,
        name: str,
        *,
        limit: int = 100,
        offset: PointId | None = None,
        filter_: Filter | None = None,
        with_payload: bool = True,
        with_vectors: bool = False,
    ) -> Page:
        """Points in id order, from `offset` on."""
        ...

    async def retrieve(
        self, name: str, ids: Sequence[PointId], *, with_payload: bool = True, with_vectors: bool = False
    ) -> tuple[Point, ...]:
        """The points of `ids` that are there, in the order asked."""
        ...

    async def count(self, name: str, filter_: Filter | None = None) -> int:
        """Exact number of points that match."""
        ...

    async def evict(self, name: str) -> bool:
        """Drops the collection's pages from the page cache, so that the next search is cold. False: can't here."""
        ...

    async def close(self) -> None:
        """Writes what is pending and lets go of everything."""
        ...
