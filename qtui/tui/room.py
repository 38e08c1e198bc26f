"""What the app asks of the engine room, as a protocol: the real one is host.client's, tests bring a scripted one.

Imports what all share; no screen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from qtui.host.requests import LeftOver, Tried, WayBack
from qtui.host.state import RoomState

if TYPE_CHECKING:  # the first frame is painted before any of these is there
    from collections.abc import AsyncGenerator, Sequence

    from qtui.advice import Advice
    from qtui.comparison import Comparison
    from qtui.distribution import Distribution
    from qtui.embedders import EmbedderChoice, ModelFacts, SearchedVector
    from qtui.events import Event
    from qtui.filters import Filter
    from qtui.loads import LoadRequest, SourceFacts, SourceSpec
    from qtui.model import (
        Answer,
        Change,
        CollectionView,
        EngineInfo,
        Page,
        Point,
        PointId,
        QueryVector,
        SearchSettings,
        Timed,
    )
    from qtui.plan import BenchRequest
    from qtui.prices import Prices
    from qtui.records import RunRecord, RunSummary, TakenIn
    from qtui.target import Target
    from qtui.wishes import Wishes

__all__ = ["LeftOver", "MakeRoom", "Room", "RoomState", "Tried", "WayBack"]


class Room(Protocol):
    """The process that owns the engine. Every call raises a QtuiError with a line for the user, and nothing else."""

    async def start(self) -> None:
        """Starts the process; returns when it answers."""
        ...

    async def connect(self, target: Target, /) -> None:
        """Leaves what it is connected to, and starts on another target; raises as `start` does, and is closed then."""
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

    async def glances(self, names: Sequence[str]) -> tuple[CollectionView, ...]:
        """Several collections as a list shows them; those that are gone are left out."""
        ...

    async def delete(self, name: str) -> None:
        """Removes a collection."""
        ...

    async def count(self, name: str, filter_: Filter | str | None = None) -> int:
        """Exact number of points that match."""
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

    async def embed_query(
        self, choice: EmbedderChoice, searched: SearchedVector | None = None, *, text: str = "", image: str = ""
    ) -> QueryVector:
        """A text, or the image of a path, as a query; a UsageError says why a model doesn't fit."""
        ...

    async def describe_source(self, source: SourceSpec) -> SourceFacts:
        """What a source holds, from its header and its first payloads."""
        ...

    async def models(self) -> tuple[ModelFacts, ...]:
        """The models that embed images and texts."""
        ...

    def fetch_model(self, model: str, /) -> AsyncGenerator[Event, None]:
        """Downloads one, with Progress; closing the iterator cancels."""
        ...

    async def reconfigure(self, name: str, change: Change, vector_name: str = "") -> float:
        """Changes settings of one vector and rebuilds what they touch; cancelling leaves it partial. In seconds."""
        ...

    async def way_back(self, name: str, /) -> WayBack:
        """What takes the last change of a collection back; NotFound where none was made from here."""
        ...

    async def go_back(self, name: str, /) -> float:
        """Takes the last change of a collection back. In seconds."""
        ...

    async def runs(self) -> tuple[RunSummary, ...]:
        """Every run that is kept, newest first."""
        ...

    async def run(self, run_id: str, /) -> RunRecord:
        """One run."""
        ...

    async def plan_of(self, run_id: str, /) -> BenchRequest:
        """What an interrupted run was asked for; a UsageError says why one can't go on."""
        ...

    async def advise(self, run_id: str, target: float, wishes: Wishes = ..., /) -> Advice:
        """What one run says to use for a target recall, within limits."""
        ...

    async def compare(self, before: str, after: str, /) -> Comparison:
        """Two runs side by side; a UsageError says why they can't be compared."""
        ...

    async def spread(self, run_id: str, measurements: Sequence[int] = (), /) -> tuple[Distribution, ...]:
        """How the engine times of a kept run's measurements are distributed; of all where none is named."""
        ...

    async def pause(self, on: bool, /) -> bool:  # noqa: FBT001 - the one thing that it says
        """Has the run wait between two blocks, or go on; says whether there is a run."""
        ...

    async def delete_run(self, run_id: str, /) -> None:
        """Removes a run."""
        ...

    async def rename_run(self, run_id: str, name: str, /) -> None:
        """Gives a run a name; '' takes it away."""
        ...

    async def take_in(self, path: str, /) -> TakenIn:
        """Keeps the run that a record file tells of."""
        ...

    async def left_over(self) -> tuple[LeftOver, ...]:
        """What killed runs left on this disk."""
        ...

    async def remove_left(self) -> tuple[str, ...]:
        """Removes it; ids of killed runs that are kept as partial ones."""
        ...

    async def try_out(self) -> Tried:
        """Tries the engine on a tiny collection, and looks which models are here."""
        ...

    async def export(self, run_id: str, format_: str, prices: Prices | None = None, /) -> str:
        """One run as `md`, `html`, `csv` or `json` text; a report with these prices, where any are given."""
        ...

    def bench(self, request: BenchRequest) -> AsyncGenerator[Event, None]:
        """Measures; closing the iterator cancels and keeps what is there."""
        ...

    def resume_run(self, run_id: str, /) -> AsyncGenerator[Event, None]:
        """Goes on with a run that was interrupted; closing the iterator cancels it again."""
        ...

    def load(self, *loads: LoadRequest) -> AsyncGenerator[Event, None]:
        """Loads and builds; closing the iterator cancels, and asking again goes on."""
        ...

    async def unfinished_loads(self) -> tuple[LoadRequest, ...]:
        """What was asked for last to be loaded here, and wasn't to its end; also by an app that is gone."""
        ...

    async def changed(self) -> tuple[str, ...]:
        """Names of the collections here whose last change in place can be taken back."""
        ...

    async def tidied(self) -> str:
        """What the engine's process removed at its start of what killed ones left, in words; told once."""
        ...

    async def give_up(self) -> None:
        """Forgets what was asked for last; what is written of it stays."""
        ...

    def resume(self, name: str) -> AsyncGenerator[Event, None]:
        """Goes on with a collection that was not finished; closing the iterator cancels again."""
        ...

    async def close(self) -> None:
        """Ends the process."""
        ...


MakeRoom = Callable[[Callable[[RoomState], None]], Room]
"""Makes the engine room, given whom to tell when its state changes (in the app's event loop)."""
