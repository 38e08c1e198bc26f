"""The run record (schema qtui.run/1): what CONTRACT fields a run's JSON file has, as frozen dataclasses.

Standard library only; reading and writing files is `bench.record`'s. Times are ISO 8601 UTC; milliseconds where a
name says `_ms`, else seconds and bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from qtui.choices import AdaptiveRecord, Span, TuningRecord
from qtui.model import Built, Bytes, CollectionSpec, PointId, SearchSettings
from qtui.prices import Prices
from qtui.wishes import Wishes

SCHEMA = "qtui.run/1"
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class RunWarning:
    """Something that the reader of a figure must know."""

    code: str
    text: str
    about: str | None = None
    """The collection or variant that it concerns."""


@dataclass(frozen=True, slots=True)
class EngineVersion:
    """Which engine answered."""

    kind: str
    version: str


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a run was made."""

    qtui: str
    python: str
    platform: str
    cpus: int
    engine: EngineVersion
    client: str | None = None


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """How the measuring was done."""

    seed: int
    repeat: int
    warmup: int
    """Queries asked of each collection before any counted one; of its further variants, a block."""
    concurrency: tuple[int, ...]
    rate: float | None
    order: str
    """interleaved: the variants take turns, block by block; raced: tuned, most asked only as long as they decide."""
    block: int = 0
    """Queries in a block."""
    cold: bool = False
    pace: float | None = None
    """Searches a second that the load guard let pass at most; None: there was none."""
    processes: int = 1
    """That asked at the same time."""
    target_recall: float | None = None
    """What the recommendation was to keep."""
    wishes: Wishes | None = None
    """What else it was to keep, and what was minimised; None in older records: the least RAM."""
    scan: bool = False
    """Whether all originals of each collection were read once before the warm-up."""


@dataclass(frozen=True, slots=True)
class TruthRecord:
    """How the exact answer was found."""

    how: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Dataset:
    """What was searched, and with what."""

    source: str
    points: int
    dimension: int
    multivector: bool
    distance: str
    filter: str | None
    queries: int
    query_origin: str
    """file, held-out or collection."""
    k: int
    truth: TruthRecord | None
    fingerprint: str | None = None
    """Hash of the vectors, where they come from a source: two runs of one name may be of different data."""


@dataclass(frozen=True, slots=True)
class BytesPerVector:
    """Bytes of one vector (one token for multivectors)."""

    original: float
    quantized: float | None


@dataclass(frozen=True, slots=True)
class Compression:
    """Original bytes over quantized bytes: as found in the files, and by the formula."""

    measured: float | None
    theoretical: float


@dataclass(frozen=True, slots=True)
class CollectionRecord:
    """One collection that a run measured."""

    name: str
    method: str
    points: int
    segments: int
    built: Built
    bytes_per_vector: BytesPerVector
    compression: Compression
    memory: dict[str, Bytes]
    load_seconds: float | None
    index_seconds: float | None
    settings: CollectionSpec | None = None
    """As configured."""
    using: str = ""
    """Name of the vector that was searched."""


@dataclass(frozen=True, slots=True)
class Effective:
    """What the engine does with the settings asked."""

    rescore: bool | None
    oversampling: float | None
    candidates: int
    """Points that rescoring reads: limit x oversampling x segments; the limit where nothing is rescored."""


@dataclass(frozen=True, slots=True)
class Recall:
    """Recall@k over the queries, with a 95% bootstrap interval of the mean."""

    mean: float
    low: float
    high: float
    min: float


@dataclass(frozen=True, slots=True)
class LatencyIntervals:
    """95% bootstrap intervals over queries."""

    p50: Interval
    p95: Interval


@dataclass(frozen=True, slots=True)
class Latency:
    """Latencies of n answered searches, in milliseconds; p99 is None under 100 of them."""

    n: int
    mean: float
    min: float
    p50: float
    p95: float
    p99: float | None
    max: float
    ci: LatencyIntervals


@dataclass(frozen=True, slots=True)
class Speedup:
    """p50 of `none` over this p50."""

    engine: float
    round_trip: float


@dataclass(frozen=True, slots=True)
class VsBaseline:
    """Paired comparison with `none`: median over queries of engine time over the baseline's, with its interval."""

    engine_p50_ratio: float
    low: float
    high: float
    significant: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """Searches that failed with the same error."""

    error: str
    count: int


@dataclass(frozen=True, slots=True)
class Split:
    """What a round trip to a server is made of beside the engine's time: means, in milliseconds."""

    client_ms: float
    """This process's own work on a search: CPU time, measured over the blocks."""
    network_ms: float
    """The rest: the network, and the server before and after its engine."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One variant's figures; n = queries x repeat - errors."""

    collection: str
    method: str
    search: SearchSettings
    effective: Effective
    concurrency: int
    queries: int
    errors: int
    failures: tuple[Failure, ...]
    recall: Recall | None
    engine_ms: Latency | None
    """None when no search was answered, or none was asked (see the warnings)."""
    round_trip_ms: Latency | None
    overhead_ms: float | None
    """What the harness itself adds to a query, measured."""
    qps: float | None
    speedup: Speedup | None
    vs_baseline: VsBaseline | None
    split: Split | None = None
    """Only of a server that was asked one search at a time."""


@dataclass(frozen=True, slots=True)
class RunnerUp:
    """The next best variant, and why it isn't the first."""

    method: str
    search: SearchSettings
    why: str


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The variant to use: chosen on one half of the queries, confirmed on the other."""

    method: str
    search: SearchSettings
    recall: Span
    """On the confirming half."""
    speedup: float | None
    """Engine p50 of `none` over this one's; None without a baseline."""
    compression: float | None
    """Original bytes over quantized bytes, as found in the files."""
    reasons: tuple[str, ...]
    runner_up: RunnerUp | None
    python: str
    """What creates such a collection and searches it so, for the Python client."""
    rest: str
    """The same over REST."""
    command: str = ""
    """The same as qtui's own commands, one a line."""
    alike: tuple[str, ...] = ()
    """Variants that can't be told apart from it, a line each."""
    undecided: tuple[str, ...] = ()
    """Cheaper variants of which the queries can't tell whether they keep the target, a line each."""
    front: tuple[int, ...] = ()
    """Measurements on the Pareto front of recall, p50, RAM and disk, by index."""


@dataclass(frozen=True, slots=True)
class Residency:
    """What one variant's collection kept in memory, from an emptied page cache on: originals, quantized, graph."""

    measurement: int
    """Index into the record's measurements."""
    placement: str | None
    """cold, cached or pinned: where its quantized vectors were put; None: as configured."""
    queries: int
    """Asked once each, between `loaded` and `searched`."""
    loaded: dict[str, Bytes]
    searched: dict[str, Bytes]
    read_bytes: int | None
    """Read from disk by those queries; None where the system doesn't count it."""
    alone_queries: int
    """Asked each from an emptied page cache."""
    alone_read_bytes: float | None
    """Mean of what each of those read from disk: as with a memory that keeps no original."""
    cap_bytes: int | None = None
    """What the process could newly take while they were asked once more, page cache included; None: no cap."""
    capped_read_bytes: int | None = None
    """Read from disk by the first queries under that cap, once each was asked there."""
    capped_queries: int | None = None
    """How many those were."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, whole or partial."""

    id: str
    status: str
    """complete or partial."""
    started: str
    finished: str | None
    samples: str | None
    """Name of the file beside the record with every query's ids and times."""
    environment: Environment
    plan: PlanRecord
    dataset: Dataset
    collections: tuple[CollectionRecord, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    warnings: tuple[RunWarning, ...] = ()
    recommendation: Recommendation | None = None
    """None where nothing qualifies: the warning `no-recommendation` says why."""
    schema: str = SCHEMA
    name: str | None = None
    """What the user calls it."""
    tuning: TuningRecord | None = None
    """Only of `tune`."""
    adaptive: AdaptiveRecord | None = None
    """Only with `--adaptive`, where there was something to try."""
    residency: tuple[Residency, ...] = ()
    """What search kept in memory, where that was asked for and can be told."""
    cost: Prices | None = None
    """What the user says that memory costs, and what the collection is to grow to; None when nothing was said."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One line of the samples file: one search of one measurement."""

    measurement: int
    """Index into the record's measurements."""
    repeat: int
    query: int
    ids: tuple[PointId, ...] = ()
    engine_ms: float | None = None
    round_trip_ms: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of a record that was brought in from a file."""

    id: str
    new: bool
    """Whether it is kept since then; else a run of this id was kept before, and stays as it was."""
    note: str = ""
    """What to know of it, on one line."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One row of the list of runs."""

    id: str
    status: str
    started: str
    dataset: Dataset
    name: str | None = None
    measurements: int = 0
    """How many have figures."""
    resumable: bool = False
    """Whether it was interrupted and can go on."""
    measuring: bool = False
    """Whether it is still being measured."""
