"""What the app asks of the engine room, as a protocol: the real one is host.client's, tests bring a scripted one.

Imports what all share; no screen.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, Protocol

from qtui.events import Event
from qtui.filters import Filter
from qtui.host.client import RoomState
from qtui.model import (
    Answer,
    CollectionView,
    EngineInfo,
    Page,
    Point,
    PointId,
    QueryVector,
    SearchSettings,
    Timed,
)
from qtui.plan import BenchRequest, LoadRequest
from qtui.records import RunSummary

__all__ = ["MakeRoom", "Room", "RoomState"]


class Room(Protocol):
    """The process that owns the engine. Every call raises a QtuiError with a line for the user, and nothing else."""

    async def start(self) -> None:
        """Starts the process; returns when it answers."""
        ...

    async def info(self) -> EngineInfo:
        """What is behind it."""
        ...

    async def collections(self) -> tuple[str, ...]:
        """Names of all collections, sorted."""
        ...

    async def view(self, name: str) -> CollectionView:
        """One collection as it is found."""
        ...

    async def delete(self, name: str) -> None:
        """Removes a collection."""
        ...

    async def scroll(
        self,
        name: str,
        *,
        limit: int = 100,
        offset: PointId | None = None,
        filter_: Filter | str | None = None,
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

    async def query(
        self,
        name: str,
        query: Any,
        settings: SearchSettings,
        *,
        using: str = "",
        filter_: Filter | str | None = None,
        with_payload: bool = False,
    ) -> Timed[Answer]:
        """The points nearest to a vector or a multivector."""
        ...

    async def titled_queries(self, name: str) -> tuple[QueryVector, ...]:
        """The sample's queries that have titles, for a collection that comes from the sample; else none."""
        ...

    async def vector_from(self, path: str, row: int = 0) -> QueryVector:
        """One row, counted from 0, of a file of vectors."""
        ...

    async def runs(self) -> tuple[RunSummary, ...]:
        """Every run that is kept, newest first."""
        ...

    async def export(self, run_id: str, format_: str, /) -> str:
        """One run as `md`, `csv` or `json` text."""
        ...

    def bench(self, request: BenchRequest) -> AsyncGenerator[Event, None]:
        """Measures; closing the iterator cancels and keeps what is there."""
        ...

    def load(self, request: LoadRequest) -> AsyncGenerator[Event, None]:
        """Loads and builds; closing the iterator cancels, and asking again goes on."""
        ...

    async def close(self) -> None:
        """Ends the process."""
        ...


MakeRoom = Callable[[Callable[[RoomState], None]], Room]
"""Makes the engine room, given whom to tell when its state changes (in the app's event loop)."""
