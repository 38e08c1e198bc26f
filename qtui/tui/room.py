"""What the app asks of the engine room, as a protocol: the real one is host.client's, tests bring a scripted one.

Imports what all share; no screen.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from qtui.events import Event
from qtui.host.client import RoomState
from qtui.model import CollectionView, EngineInfo
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
