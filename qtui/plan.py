"""What to measure: the request that both front ends send to the core, and the grid of a plan.

Standard library only, so that the app can count the measurements of a plan without numpy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

from qtui.embedders import Embedded
from qtui.errors import UsageError
from qtui.loads import BuildSpec, SourceSpec, check_build
from qtui.methods import DEFAULT_METHODS
from qtui.model import SearchSettings
from qtui.prices import Prices
from qtui.wishes import PLAIN, Wishes
from qtui.wishes import check as check_wishes

DEFAULT_OVERSAMPLING = (1.0, 2.0, 3.0, 5.0)
TUNE_OVERSAMPLING = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 16.0)
"""Rungs that tuning climbs: fine where a step costs little, coarse where it costs much."""
TUNE_EF = (32, 64, 128, 256)
SURVEY = 100
"""Queries of every variant in an analysis: the fewest that have a p99."""
DEFAULT_QUERIES = 200
DEFAULT_TARGET_RECALL = 0.95
DEFAULT_SAMPLE = 20_000
MOST_SAMPLED = 1_000_000
DEFAULT_PACE = 20.0
"""Requests a second that a server is asked at most, where nobody said otherwise."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What the points of a run were taken from."""

    collection: str
    where: str
    """Server or store."""
    points: int
    of: int
    how: str
    """How they were drawn."""
    datatype: str = "float32"
    """What the collection stores: of other types the vectors come back rounded."""


@dataclass(frozen=True, slots=True)
class Live:
    """How a run treats a collection that others use as well."""

    locally: bool = False
    """Take a sample of the collection, and build and measure the methods in a temporary embedded store."""
    sample: int = DEFAULT_SAMPLE
    """Points to take at most: for `locally`, and for the truth where exact search is forbidden."""
    pace: float | None = None
    """Searches a second that a server is asked at most; None: DEFAULT_PACE, unless a rate or several in flight are
    asked for; 0: as fast as it answers."""
    copies: bool = False
    """Make a copy of the collection for each method on its own server, and remove them after."""
    processes: int | None = None
    """Client processes that ask a server; None: as many as the searches in flight and the cores make sensible."""
    taken: Taken | None = None
    """Where the points of the source come from, once a sample was taken."""

    @property
    def stays(self) -> str:
        """What an interrupted run leaves to go on with, before it has measured anything; ''."""
        if self.copies:
            return "copies made so far stay: the same run goes on with them"
        return "what was sampled stays: the same run goes on with it" if self.locally else ""


@dataclass(frozen=True, slots=True)
class BenchRequest:
    """All that a run needs. Either `source` (builds temporary collections) or `collection` (measures it in place)."""

    source: SourceSpec | None = None
    collection: str | None = None
    queries_file: str | None = None
    queries: int = DEFAULT_QUERIES
    """How many to draw when there is no file; with a file, at most so many when not 0."""
    queries_embedded: Embedded | None = None
    """Of a file of texts, once the model of the vectors has embedded them."""
    truth_file: str | None = None
    methods: tuple[str, ...] = DEFAULT_METHODS
    rescore: tuple[bool, ...] = (True, False)
    oversampling: tuple[float, ...] = DEFAULT_OVERSAMPLING
    hnsw_ef: tuple[int, ...] = (128,)
    exact: bool = False
    """Also measure exact search (a control)."""
    ignore: bool = False
    """Also measure search with `ignore` (a control): splits the loss into graph and quantization."""
    limit: int = 10
    build: BuildSpec = BuildSpec()
    filter: str | None = None
    concurrency: tuple[int, ...] = (1,)
    rate: float | None = None
    """Arrivals a second; None is closed-loop."""
    repeat: int = 3
    cold: bool = False
    seed: int = 0
    keep: bool = False
    target_recall: float = DEFAULT_TARGET_RECALL
    """What the recommended variant must keep."""
    wishes: Wishes = PLAIN
    """What else it must keep, and what of it is to be least."""
    memory: bool = False
    """Then also look at what search keeps in memory, and reads from disk."""
    placements: bool = False
    """The same with the quantized vectors cold, cached and pinned: rebuilds the temporary collections."""
    cost: Prices | None = None
    """What memory costs, for the record."""
    tune: bool = False
    """Search the grid for that variant, instead of measuring all of it."""
    survey: int = 0
    """Queries that tuning asks every variant all the same, in turns; 0: only what decides."""
    build_all: bool = False
    """Build every method before tuning, even those that can't change the choice any more."""
    adaptive: bool = False
    """Then try to choose its oversampling query by query."""
    live: Live = Live()


@dataclass(frozen=True, slots=True)
class Variant:
    """One cell of the grid: a method's collection, what is asked of it, and how many ask at once."""

    method: str
    search: SearchSettings
    concurrency: int = 1

    @property
    def is_control(self) -> bool:
        """Whether it is there to explain the loss rather than to be chosen."""
        return self.search.exact or self.search.ignore


def variants(request: BenchRequest) -> tuple[Variant, ...]:
    """The grid of a plan, `none` first, then by method, hnsw_ef and concurrency.

    `none` has one variant; rescore off has one with oversampling null; rescore on has one per factor. Controls
    come after their method's variants.
    """
    cells: list[Variant] = []
    for method, ef, concurrency in product(request.methods, request.hnsw_ef, request.concurrency):
        base = SearchSettings(limit=request.limit, hnsw_ef=ef)
        searches = [base] if method == "none" else _searches(base, request)
        if request.exact:
            searches.append(SearchSettings(limit=request.limit, hnsw_ef=ef, exact=True))
        if request.ignore and method != "none":
            searches.append(SearchSettings(limit=request.limit, hnsw_ef=ef, ignore=True))
        cells.extend(Variant(method, search, concurrency) for search in searches)
    return tuple(cells)


def _searches(base: SearchSettings, request: BenchRequest) -> list[SearchSettings]:
    searches: list[SearchSettings] = []
    for rescore in request.rescore:
        factors: tuple[float | None, ...] = request.oversampling if rescore else (None,)
        searches.extend(
            SearchSettings(limit=base.limit, hnsw_ef=base.hnsw_ef, rescore=rescore, oversampling=factor)
            for factor in factors
        )
    return searches


ANALYSED = BenchRequest(
    methods=("none", "scalar", "binary", "binary-2bit"),
    oversampling=(2.0, 3.0, 5.0, 8.0, 10.0),
    hnsw_ef=(128,),
    repeat=1,
    survey=SURVEY,
    tune=True,
)
"""The grid of an analysis: what moves speed and recall most, each without rescoring and with five factors."""


def analysis(request: BenchRequest, standard: BenchRequest) -> BenchRequest:
    """The request over that grid: every variant gets its figures, but only the choice is asked every query.

    What differs from the `standard` request was asked for, and stays.
    """
    return replace(
        request,
        methods=ANALYSED.methods if request.methods == standard.methods else request.methods,
        oversampling=ANALYSED.oversampling if request.oversampling == standard.oversampling else request.oversampling,
        hnsw_ef=ANALYSED.hnsw_ef if request.hnsw_ef == standard.hnsw_ef else request.hnsw_ef,
        repeat=ANALYSED.repeat if request.repeat == standard.repeat else request.repeat,
        survey=request.survey or ANALYSED.survey,
        tune=True,
    )


def check(request: BenchRequest) -> None:
    """Raises UsageError for the first value of a plan that is out of range."""
    if (request.source is None) == (request.collection is None):
        raise UsageError("give either --vectors FILE or --collection NAME")
    rules = (
        (request.limit >= 1, "--limit must be at least 1"),
        (request.repeat >= 1, "--repeat must be at least 1"),
        (request.queries >= 1 or request.queries_file is not None, "--queries must be at least 1"),
        (all(1 <= factor <= 1000 for factor in request.oversampling), "--oversampling takes factors from 1 to 1000"),
        (all(1 <= ef <= 100_000 for ef in request.hnsw_ef), "--hnsw-ef takes values from 1 to 100000"),
        (all(1 <= level <= 256 for level in request.concurrency), "--concurrency takes levels from 1 to 256"),
        (request.rate is None or 0 < request.rate <= 1e6, "--rate must be above 0 and at most 1000000"),
        (not request.live.locally or request.collection is not None, "--locally goes with --collection NAME"),
        (not request.live.copies or request.collection is not None, "--copies goes with --collection NAME"),
        (not (request.live.copies and request.live.locally), "give either --locally or --copies"),
        (100 <= request.live.sample <= MOST_SAMPLED, f"--sample takes 100 to {MOST_SAMPLED} points"),
        (request.live.processes is None or 1 <= request.live.processes <= 16, "--processes takes 1 to 16"),
        (request.rate is None or not request.live.pace, "--pace and --rate say different things; give one of them"),
        (request.live.pace is None or 0 <= request.live.pace <= 1e6, "--pace must be 0 or more, and at most 1000000"),
        (bool(request.rescore), "--rescore takes on, off or both"),
        (request.survey >= 0, "--survey must be 0 or more"),
        (not (request.tune and request.cold), "--cold goes with bench: tune first, then measure the choice from cold"),
        (
            not request.placements or request.source is not None,
            "--placements rebuilds collections, so it takes temporary ones: give --vectors",
        ),
        (0 < request.target_recall <= 1, "--target-recall must be above 0 and at most 1"),
        (True not in request.rescore or bool(request.oversampling), "--oversampling needs at least one factor"),
    )
    for holds, text in rules:
        if not holds:
            raise UsageError(text)
    check_wishes(request.wishes)
    check_build(request.build)
