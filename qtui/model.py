"""What qtui talks about: collections, their settings, searches and answers. Plain frozen dataclasses.

Standard library only: the app's process, the engine room and the command line all share these, and they cross
process borders as they are. Sizes are bytes, thresholds KB as Qdrant counts them, times milliseconds where a
name says `_ms`. None means "not set" in a setting and "not known" in a figure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from qtui.embedders import EmbedderSpec
from qtui.served import Served

T = TypeVar("T")
PointId = int | str
"""A number of 64 bits, or a UUID as text."""
Payload = dict[str, Any]


class Distance(StrEnum):
    """How two vectors are compared."""

    COSINE = "cosine"
    DOT = "dot"
    EUCLID = "euclid"
    MANHATTAN = "manhattan"

    @property
    def larger_is_nearer(self) -> bool:
        """Whether a larger score is a better one."""
        return self in (Distance.COSINE, Distance.DOT)


class Placement(StrEnum):
    """Where data lives: on disk and read on use, in the page cache from the start, or on the heap."""

    COLD = "cold"
    CACHED = "cached"
    PINNED = "pinned"


# --- settings of a collection -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hnsw:
    """Settings of the graph; `m` 0 means no graph: every search is a full scan."""

    m: int = 16
    ef_construct: int = 100
    full_scan_threshold: int = 10_000
    """KB of vectors that a segment must hold before it gets a graph; below, every search scans it."""
    on_disk: bool | None = None
    inline_storage: bool | None = None
    placement: Placement | None = None
    """Where the graph lives; wins over `on_disk`."""

    @property
    def tier(self) -> Placement | None:
        """Where the graph lives, in whichever words that was said; None leaves it to the engine."""
        return Placement.COLD if self.placement is None and self.on_disk else self.placement


@dataclass(frozen=True, slots=True)
class Quantization:
    """One method with its parameters, as configured."""

    method: str
    """A name from the catalogue (methods.py), never `none`: no quantization is `None`."""
    quantile: float | None = None
    """Scalar only, in [0.5, 1]."""
    always_ram: bool | None = None
    placement: Placement | None = None
    query_encoding: str | None = None
    """Binary only: default, binary, scalar4bits or scalar8bits."""

    @property
    def tier(self) -> Placement | None:
        """Where the quantized vectors live, in whichever words that was said; switched off, the flag says nothing."""
        return Placement.PINNED if self.placement is None and self.always_ram else self.placement


@dataclass(frozen=True, slots=True)
class VectorSpec:
    """One named vector of a collection; the unnamed one is called ''."""

    size: int
    """Components of one vector (of one token, for a multivector)."""
    distance: Distance = Distance.COSINE
    name: str = ""
    multivector: bool = False
    """Several vectors a point, compared by MaxSim."""
    datatype: str = "float32"
    on_disk: bool | None = None
    placement: Placement | None = None
    """Newer way to say on_disk; wins over it where both are set."""
    hnsw: Hnsw | None = None
    quantization: Quantization | None = None

    @property
    def tier(self) -> Placement | None:
        """Where the originals live, in whichever words that was said."""
        return tier(self.placement, on_disk=self.on_disk)


def tier(placement: Placement | None, *, on_disk: bool | None) -> Placement | None:
    """The placement that either says; None where neither does."""
    if placement is None and on_disk is not None:
        return Placement.COLD if on_disk else Placement.CACHED
    return placement


@dataclass(frozen=True, slots=True)
class CollectionSpec:
    """All that is needed to create a collection."""

    name: str
    vectors: tuple[VectorSpec, ...]
    indexing_threshold_kb: int | None = None
    """Vectors a segment must hold, in KB, before index and quantization are built; 0 means never."""
    segments: int | None = None
    """Target number of segments; None leaves it to the engine."""
    on_disk_payload: bool | None = None
    payload_indexes: dict[str, str] = field(default_factory=dict)
    """Payload field → keyword, integer, float, bool, text, datetime or uuid."""
    shards: int | None = None
    """Of a server's collection; None leaves it to the server."""
    replicas: int | None = None
    """Copies of each shard, on a cluster."""

    def vector(self, name: str = "") -> VectorSpec:
        """The vector called `name`. Raises KeyError when there is none."""
        for spec in self.vectors:
            if spec.name == name:
                return spec
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Change:
    """New settings for a collection's vector in place. A field that is None stays as it is."""

    quantization: Quantization | None = None
    drop_quantization: bool = False
    hnsw: Hnsw | None = None
    on_disk: bool | None = None
    placement: Placement | None = None
    indexing_threshold_kb: int | None = None


# --- what is found --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bytes:
    """What one component takes, in bytes. Heap, page cache and disk are three things and are never added up."""

    heap: int | None = None
    cached: int | None = None
    """Pages of its files that are resident now; None where the system can't tell."""
    disk: int | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """How many of the segments that hold points have what is configured built."""

    segments: int
    of: int

    @property
    def complete(self) -> bool:
        """Whether every segment that holds points has it."""
        return self.of > 0 and self.segments == self.of


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a collection that its owner should know, with what to do about it."""

    code: str
    text: str
    remedy: str
    severity: str = "warning"
    """error, warning or info."""


@dataclass(frozen=True, slots=True)
class VectorView:
    """One vector of a collection as it is: configured, built and effective side by side."""

    spec: VectorSpec
    built: Built
    """Segments with quantized data; without quantization, those that are indexed."""
    indexed: Built
    """Segments with an index; with m=0 that is the full-scan index, and so it is for the `scanned` ones."""
    original_bytes: int
    """Of one vector (one token), as stored."""
    quantized_bytes: float | None
    """Of one vector (one token), from the real files; None when nothing is built or configured."""
    theoretical_compression: float
    effective_rescore: bool | None
    """What a search does when it does not say; None without quantization."""
    vectors: int
    """Vectors stored (tokens of all points, for a multivector)."""
    quantized_from: str = "files"
    """What `quantized_bytes` is taken from: files (their sizes), or formula (built, but only the formula is known)."""
    scanned: int = 0
    """Indexed segments without the graph that was asked for: they hold less than `full_scan_threshold`."""

    @property
    def measured_compression(self) -> float | None:
        """Original bytes over quantized bytes as found in the files; 1.0 where no quantization is configured."""
        if self.spec.quantization is None:
            return 1.0
        return None if not self.quantized_bytes else self.original_bytes / self.quantized_bytes

    def document_bytes(self, points: int) -> tuple[float, float | None]:
        """Bytes of one of `points` multivectors on average: its originals, and its quantized vectors where built."""
        tokens = self.vectors / max(1, points)
        return tokens * self.original_bytes, None if self.quantized_bytes is None else tokens * self.quantized_bytes


COMPONENTS = ("originals", "quantized", "graph", "payload", "other")
TOKENS = "tokens"
"""Under this name stands in `Served.unknown` why nobody counts the vectors of multivectors."""


UNREAD = "unread"
"""Status of a collection of which only the name is known yet; everything else in its view means nothing."""


def unread(name: str) -> CollectionView:
    """A collection that hasn't been looked at."""
    return CollectionView(name, UNREAD, 0, 0, (), CollectionSpec(name, ()), {})


@dataclass(frozen=True, slots=True)
class CollectionView:
    """A collection as it is found."""

    name: str
    status: str
    """green, partial (a load that did not finish), or broken (see `error`); on a server also yellow (rebuilding), grey
    (a rebuild waits for the next write), red (the server failed at it) and UNREAD."""
    points: int
    segments: int
    """Segments that hold points."""
    vectors: tuple[VectorView, ...]
    spec: CollectionSpec
    memory: dict[str, Bytes]
    """Component (COMPONENTS) → bytes."""
    findings: tuple[Finding, ...] = ()
    expected_points: int | None = None
    """For a partial one: what it would hold when loaded."""
    origin: str | None = None
    """Where its points came from, as far as qtui loaded them."""
    embedder: EmbedderSpec | None = None
    """The model that made its vectors, as far as qtui embedded them."""
    error: str | None = None
    load_seconds: float | None = None
    """What the engine took to write its points; None where that isn't known."""
    index_seconds: float | None = None
    """What it took to build index and quantized data the last time; None where that isn't known."""
    served: Served | None = None
    """Only of a server's collection."""

    @property
    def documents(self) -> int | None:
        """Points that the vectors of multivectors were counted of; None where nobody counts these, or none is there."""
        unknown = self.served.unknown if self.served is not None else None
        return None if TOKENS in (unknown or {}) else self.points or None

    def vector(self, name: str = "") -> VectorView:
        """The vector called `name`. Raises KeyError when there is none."""
        for view in self.vectors:
            if view.spec.name == name:
                return view
        raise KeyError(name)


# --- searching --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """What is asked of one search; None is not sent, so that the engine's default holds."""

    limit: int = 10
    hnsw_ef: int | None = None
    exact: bool = False
    """Full scan on the originals, quantization ignored."""
    ignore: bool = False
    """Search the graph on the originals."""
    rescore: bool | None = None
    oversampling: float | None = None
    indexed_only: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Point ids in rank order, with their scores."""

    ids: tuple[PointId, ...]
    scores: tuple[float, ...]
    payloads: tuple[Payload | None, ...] | None = None
    """Only when asked for."""


@dataclass(frozen=True, slots=True)
class Timed(Generic[T]):
    """A value with what it took."""

    value: T
    engine_ms: float
    """Inside Qdrant."""
    round_trip_ms: float
    """As the caller waited."""


@dataclass(frozen=True, slots=True)
class Point:
    """A stored point."""

    id: PointId
    payload: Payload | None = None
    vectors: dict[str, Any] | None = None
    """Vector name → list of floats, or list of lists for a multivector; only when asked for."""


@dataclass(frozen=True, slots=True)
class QueryVector:
    """A query that is kept somewhere: one of the sample's, or a row of a file."""

    title: str
    values: Any
    """List of floats, or list of such lists for a multivector."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some points, and where the next page starts (None after the last)."""

    points: tuple[Point, ...]
    next_offset: PointId | None


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What is behind the engine protocol."""

    kind: str
    """embedded or server."""
    version: str
    where: str
    """The folder or address, without any secret."""
    read_only: bool = False
    parallel: bool = True
    """Whether it answers several searches at once."""
    protocol: str = ""
    """Of a server: REST or gRPC."""
    refused: dict[str, str] = field(default_factory=dict)
    """Methods of the catalogue, and capabilities of `served.CAPABILITIES`, that it can't do → why, in one line."""
    cautions: tuple[str, ...] = ()
    """What the user should know about this connection."""
