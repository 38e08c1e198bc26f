"""What can be asked of qtui's child processes, and what each request is answered with. No numpy, no engine.

Events stream before the answer of `Build`, `Load` and `Bench`.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from qtui.advice import Advice
from qtui.comparison import Comparison
from qtui.distribution import Distribution
from qtui.embedders import EmbedderChoice, ModelFacts, SearchedVector
from qtui.loads import BuildJob, DocumentsSpec, LoadRequest, SourceFacts, SourceSpec
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
from qtui.wishes import PLAIN, Wishes

R = TypeVar("R")


class Request(msgspec.Struct, Generic[R], frozen=True):
    """A call with its fields; answered by an R, which RESULTS names for decoding."""


class Info(Request[EngineInfo], frozen=True):
    """What is behind the engine room."""


class Collections(Request[tuple[str, ...]], frozen=True):
    """Names of all collections."""


class View(Request[CollectionView], frozen=True):
    """One collection as it is found."""

    name: str


class Glances(Request[tuple[CollectionView, ...]], frozen=True):
    """Several collections for a list; what can't be read is a broken one."""

    names: tuple[str, ...]


class Delete(Request[None], frozen=True):
    """Removes a collection."""

    name: str


class Count(Request[int], frozen=True):
    """Number of points that match."""

    name: str
    filter: str | None = None


class Scroll(Request[Page], frozen=True):
    """A page of points."""

    name: str
    limit: int = 100
    offset: PointId | None = None
    filter: str | None = None
    with_payload: bool = True
    with_vectors: bool = False


class Retrieve(Request[tuple[Point, ...]], frozen=True):
    """Points by id."""

    name: str
    ids: tuple[PointId, ...]
    with_payload: bool = True
    with_vectors: bool = False


class Query(Request[Timed[Answer]], frozen=True):
    """The points nearest to `vector`, to the multivector `tokens`, or to what `point` holds (itself left out)."""

    name: str
    settings: SearchSettings
    vector: list[float] | None = None
    tokens: list[list[float]] | None = None
    point: PointId | None = None
    using: str = ""
    filter: str | None = None
    with_payload: bool = False


class TitledQueries(Request[tuple[QueryVector, ...]], frozen=True):
    """The sample's queries that have titles; none for a collection that does not come from the sample."""

    name: str


class VectorFrom(Request[QueryVector], frozen=True):
    """One row of a file of vectors."""

    path: str
    row: int = 0


class DescribeSource(Request[SourceFacts], frozen=True):
    """What a source holds, from its header."""

    source: SourceSpec


class Models(Request[tuple[ModelFacts, ...]], frozen=True):
    """The models that make vectors of images and texts."""


class FetchModel(Request[None], frozen=True):
    """Download a model; streams events."""

    model: str


class EmbedDocuments(Request[None], frozen=True):
    """Embed documents into the cache; streams events, Embedded last."""

    documents: DocumentsSpec
    about: str


class EmbedQuery(Request[QueryVector], frozen=True):
    """A text or an image ('' for the other) as a query vector for a collection's vector."""

    choice: EmbedderChoice
    text: str = ""
    image: str = ""
    collection: SearchedVector | None = None


class Runs(Request[tuple[RunSummary, ...]], frozen=True):
    """The runs that are kept."""


class Run(Request[RunRecord], frozen=True):
    """One run."""

    id: str


class PlanOf(Request[BenchRequest], frozen=True):
    """What a run that was interrupted was asked for; for one that can't go on, why."""

    id: str


class Export(Request[str], frozen=True):
    """One run as md, html, csv or json text; a report with these prices, where any are given."""

    id: str
    format: str
    prices: Prices | None = None


class Advise(Request[Advice], frozen=True):
    """What a run says to use for a target recall, within limits."""

    id: str
    target: float
    wishes: Wishes = PLAIN


class Compare(Request[Comparison], frozen=True):
    """Two runs side by side."""

    before: str
    after: str


class Spread(Request[tuple[Distribution, ...]], frozen=True):
    """How the engine times of some measurements of a kept run are distributed; all of them where none is named."""

    id: str
    measurements: tuple[int, ...] = ()


class Pause(Request[bool], frozen=True):
    """Has the run wait between two blocks, or go on; answered at once, with whether there is a run."""

    on: bool


class DeleteRun(Request[None], frozen=True):
    """Removes a run."""

    id: str


class RenameRun(Request[None], frozen=True):
    """What the user calls a run."""

    id: str
    name: str


class TakeIn(Request[TakenIn], frozen=True):
    """Keeps the run that a record file tells of."""

    path: str


class LeftOver(msgspec.Struct, frozen=True):
    """A folder that a killed run left, and the bytes that it takes."""

    folder: str
    bytes: int


class FindLeft(Request[tuple[LeftOver, ...]], frozen=True):
    """What killed runs left on this disk."""


class RemoveLeft(Request[tuple[str, ...]], frozen=True):
    """Removes it; answered with the ids of killed runs that are kept as partial ones."""


class Tried(msgspec.Struct, frozen=True):
    """What a try of the engine came to, and what is known of models; as `qtui.checks` has its sections."""

    engine: dict[str, Any]
    models: dict[str, Any]


class TryOut(Request[Tried], frozen=True):
    """Build a tiny collection, search it, and look which models are here."""


class Reconfigure(Request[float], frozen=True):
    """New settings for a collection in place; answered with the seconds it took."""

    store: str
    name: str
    change: Change
    vector_name: str = ""


class WayBack(msgspec.Struct, frozen=True):
    """The change that takes the last one back."""

    vector: str
    change: Change
    changed: str
    """When it was changed, in ISO 8601 UTC."""


class FindWayBack(Request[WayBack], frozen=True):
    """What would take the last change in place back, if qtui made one from here."""

    name: str


class GoBack(Request[float], frozen=True):
    """Take the last change in place back; answered with the seconds it took."""

    name: str


class Build(Request[None], frozen=True):
    """Load and index one collection; streams events."""

    job: BuildJob
    key: str | None = None
    """Of its server, where it was typed; else the process finds it as the job says."""


class Load(Request[None], frozen=True):
    """Load each source into a collection a method; streams events."""

    loads: tuple[LoadRequest, ...]


class UnfinishedLoads(Request[tuple[LoadRequest, ...]], frozen=True):
    """What was asked for last to be loaded, and wasn't to its end, in this process or in one before it."""


class Changed(Request[tuple[str, ...]], frozen=True):
    """Names of the collections here whose last change in place can be taken back."""


class Tidied(Request[str], frozen=True):
    """What was removed at the start of what killed processes left, in words; told once."""


class GiveUp(Request[None], frozen=True):
    """Forget what was asked for last."""


class Resume(Request[None], frozen=True):
    """Go on with a collection that was not finished; streams events."""

    name: str


class Bench(Request[None], frozen=True):
    """Measure; streams events."""

    request: BenchRequest


class ResumeRun(Request[None], frozen=True):
    """Go on with a run that was interrupted; streams events."""

    id: str


class Asked(msgspec.Struct, frozen=True):
    """What came of a share of a block, in one of several client processes."""

    outcomes: tuple[tuple[int, tuple[PointId, ...], float | None, float | None, str | None, bool], ...]
    """Query, ids, engine and round-trip milliseconds, error, and whether nobody was there to answer."""
    began: float
    ended: float
    """On the clock that all processes of a machine share."""
    cpu_s: float
    unsent: tuple[int, ...] = ()
    """Queries that were not sent, since the server went away."""
    why: str = ""
    """The error that tells of it."""


class Prepare(Request[None], frozen=True):
    """Connect a client process to its server, with the queries of a run."""

    target: Target
    queries: str
    """File of them."""
    key: str | None = None
    """Of the server, where it was typed."""


class AskBlock(Request[Asked], frozen=True):
    """Ask some of the queries."""

    collection: str
    using: str
    settings: SearchSettings
    filter: str | None
    span: tuple[int, ...]
    own: tuple[PointId, ...] | None
    """By place in `span`, the point that each query is."""
    concurrency: int
    rate: float | None
    wait_s: float = 0.0
    """Before the first, so that the processes take turns."""


RESULTS: dict[type[Request[Any]], Any] = {
    Info: EngineInfo,
    Collections: tuple[str, ...],
    View: CollectionView,
    Glances: tuple[CollectionView, ...],
    Delete: None,
    Count: int,
    Scroll: Page,
    Retrieve: tuple[Point, ...],
    Query: Timed[Answer],
    TitledQueries: tuple[QueryVector, ...],
    VectorFrom: QueryVector,
    DescribeSource: SourceFacts,
    Models: tuple[ModelFacts, ...],
    FetchModel: None,
    EmbedDocuments: None,
    EmbedQuery: QueryVector,
    Runs: tuple[RunSummary, ...],
    Run: RunRecord,
    PlanOf: BenchRequest,
    Export: str,
    Advise: Advice,
    Compare: Comparison,
    Spread: tuple[Distribution, ...],
    Pause: bool,
    DeleteRun: None,
    RenameRun: None,
    TakeIn: TakenIn,
    FindLeft: tuple[LeftOver, ...],
    RemoveLeft: tuple[str, ...],
    TryOut: Tried,
    Reconfigure: float,
    FindWayBack: WayBack,
    GoBack: float,
    Build: None,
    Load: None,
    UnfinishedLoads: tuple[LoadRequest, ...],
    GiveUp: None,
    Changed: tuple[str, ...],
    Tidied: str,
    Resume: None,
    Bench: None,
    ResumeRun: None,
    Prepare: None,
    AskBlock: Asked,
}
