"""What is loaded, and how collections are built: the requests that both front ends send to the core.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

from qtui.embedders import Embedded, EmbedderChoice
from qtui.errors import UsageError
from qtui.methods import method as known
from qtui.model import CollectionSpec, Distance, Hnsw, Placement, Quantization, VectorSpec
from qtui.names import check_vector_name
from qtui.target import Target

DEFAULT_THRESHOLD_KB = 10_000
"""The engine's own indexing threshold, where none is set."""
QUERY_ENCODINGS = ("default", "binary", "scalar4bits", "scalar8bits")
SAMPLES = ("sample", "documents")
"""Sources that ship with qtui: embeddings of short texts, and four documents as multivectors."""


@dataclass(frozen=True, slots=True)
class DocumentsSpec:
    """Images and texts, and the model that makes vectors of them."""

    paths: tuple[str, ...]
    """Files, folders (searched through and through) and patterns such as scans/*.png."""
    embedder: EmbedderChoice
    text_field: str = ""
    """Of .jsonl and .csv: the field that is embedded; '' finds `text`, or the only one that could be."""
    queries: bool = False
    """They are what is searched for: models may embed those otherwise, and a line of a .txt is one of its own."""
    embedded: Embedded | None = None
    """Once they are: they are then read without the model, as they were at that time."""


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """Where vectors come from."""

    kind: str
    """file, embed, synthetic, or one of SAMPLES."""
    path: str | None = None
    payload: str | None = None
    """File with one payload a row: .jsonl or .parquet."""
    rows: int | None = None
    """Synthetic: how many; otherwise use the first `rows` only."""
    dimension: int | None = None
    """Synthetic only."""
    seed: int = 0
    """Synthetic only."""
    label: str | None = None
    """What records call it; None: by its file."""
    documents: DocumentsSpec | None = None
    """Kind embed: what is embedded, and by which model."""


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What a source holds, as far as it can be told without reading it through."""

    name: str
    rows: int
    dimension: int
    multivector: bool = False
    vectors: int = 0
    """Vectors in all: the rows, or the tokens of all rows of a multivector."""
    distance: Distance | None = None
    """What the file says it is made for; None where its format doesn't say."""
    payload_fields: tuple[str, ...] = ()
    """Of the first rows."""
    queries: int = 0
    """That it carries, of what ships with qtui; 0 where that isn't known."""


@dataclass(frozen=True, slots=True)
class BuildSpec:
    """How collections are built."""

    distance: Distance = Distance.COSINE
    vector_name: str = ""
    on_disk: bool | None = True
    """Originals stay on disk, and only the quantized vectors in RAM; None leaves it to the engine."""
    hnsw_m: int | None = None
    """None: 16, or 0 for multivectors."""
    ef_construct: int = 100
    indexing_threshold_kb: int | None = 1
    """None: the engine's own."""
    quantile: float = 0.99
    originals: Placement | None = None
    """Where the originals live; wins over `on_disk`."""
    placement: Placement | None = None
    """Where the quantized vectors live; None: always in RAM."""
    query_encoding: str | None = None
    """Binary methods only: how the query is encoded (QUERY_ENCODINGS)."""
    segments: int | None = 1
    """None leaves it to the engine."""
    shards: int | None = None
    """On a server: how many parts the collection has; None leaves it to the server."""
    replicas: int | None = None
    """On a cluster: copies of each shard."""


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """Load one source into collections `name` (method none) and `name__METHOD`."""

    name: str
    source: SourceSpec
    methods: tuple[str, ...] = ("none",)
    build: BuildSpec = BuildSpec()
    keep_name: bool = False
    """The one method makes `name` itself."""


@dataclass(frozen=True, slots=True)
class BuildJob:
    """One collection to load and index in a process of its own; also how an interrupted one goes on."""

    store: str
    """Folder of the embedded store; of no account on a server."""
    collection: str
    method: str
    source: SourceSpec
    build: BuildSpec
    held_out: int = 0
    """Rows drawn with `held_out_seed` as queries and kept out of the collection."""
    held_out_seed: int = 0
    target: Target | None = None
    """The server that it is made on; None: the store."""


def collection_names(request: LoadRequest) -> dict[str, str]:
    """Method → the collection that a load makes for it. Raises UsageError for `keep_name` with several methods."""
    methods = tuple(dict.fromkeys(known(name).name for name in request.methods))
    if request.keep_name and len(methods) != 1:
        raise UsageError("one collection has one method: choose one")
    plain = request.keep_name
    return {name: request.name if plain or name == "none" else f"{request.name}__{name}" for name in methods}


def collection_spec(name: str, method: str, build: BuildSpec, *, size: int, multivector: bool) -> CollectionSpec:
    """What a collection of vectors of this size is created with."""
    quantization = None
    if method != "none":
        family = known(method).family
        quantization = Quantization(
            method,
            quantile=build.quantile if family == "scalar" else None,
            always_ram=True if build.placement is None else None,
            placement=build.placement,
            query_encoding=build.query_encoding if family == "binary" else None,
        )
    graph = build.hnsw_m if build.hnsw_m is not None else 0 if multivector else 16
    vector = VectorSpec(
        size=size,
        distance=build.distance,
        name=build.vector_name,
        multivector=multivector,
        on_disk=None if build.originals is not None else build.on_disk,
        placement=build.originals,
        hnsw=Hnsw(m=graph, ef_construct=build.ef_construct),
        quantization=quantization,
    )
    return CollectionSpec(
        name,
        (vector,),
        indexing_threshold_kb=build.indexing_threshold_kb,
        segments=build.segments,
        shards=build.shards,
        replicas=build.replicas,
    )


def check_build(build: BuildSpec) -> None:
    """Raises UsageError for the first build setting that is out of range."""
    rules = (
        (build.hnsw_m is None or 0 <= build.hnsw_m <= 512, "--hnsw-m takes 0 to 512"),
        (4 <= build.ef_construct <= 10_000, "--ef-construct takes 4 to 10000"),
        (
            build.indexing_threshold_kb is None or 0 <= build.indexing_threshold_kb <= 2**40,
            "--indexing-threshold must be 0 or more",
        ),
        (0.5 <= build.quantile <= 1, "the quantile must lie between 0.5 and 1"),
        (build.query_encoding in (None, *QUERY_ENCODINGS), f"the query encoding is {', '.join(QUERY_ENCODINGS)}"),
        (build.segments is None or 1 <= build.segments <= 1000, "the number of segments must lie between 1 and 1000"),
        (build.shards is None or 1 <= build.shards <= 1000, "--shards takes 1 to 1000"),
        (build.replicas is None or 1 <= build.replicas <= 100, "--replicas takes 1 to 100"),
    )
    for holds, text in rules:
        if not holds:
            raise UsageError(text)
    check_vector_name(build.vector_name)
