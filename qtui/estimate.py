"""How long building will take and what it will need, said before it starts. Standard library only.

Rough on purpose, and always shown as an estimate. The rates were measured with the embedded engine on 2 cores:
writing 12,000 vectors/s of 384 dimensions and 150,000 tokens/s of 128 as parts of multivectors, a graph in 0.25 ms a
vector, product quantization in 17 s + 4.1 s x bits^1.8 for 20,000 vectors, half of it training on at most 10,000.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qtui.methods import FLOAT32_BYTES, METHODS
from qtui.model import CollectionSpec, Hnsw, Placement, VectorSpec

ASK_ABOVE_S = 120.0
LOAD_S = 1 / 12_000
TOKEN_S = 1 / 50_000
"""Of 384 dimensions, like the others."""
GRAPH_S = 0.25e-3
MEASURED_DIMENSION = 384
PRODUCT_ROWS = 20_000
TRAINED_ROWS = 10_000
RATES = "rates measured on 2 cores: 12,000 vectors of 384 a second, 0.25 ms a vector for the graph"
RAM_FORMULA = "vectors unless cold + graph n·m·2·4·1.2 + 52 B a point, + 20%"
_POINT_BYTES, _LINK_BYTES, _SLACK = 52, 2 * 4 * 1.2, 1.2
_DEFAULT_HNSW = Hnsw()


def build_seconds(method: str, rows: int, dimension: int, *, graph: bool, tokens: int | None = None) -> float:
    """Seconds that one collection takes to load and build: of `rows` vectors, or of so many tokens in multivectors."""
    wide = dimension / MEASURED_DIMENSION
    vectors = rows if tokens is None else tokens
    seconds = vectors * wide * ((LOAD_S if tokens is None else TOKEN_S) + (GRAPH_S if graph else 0.0))
    entry = METHODS[method]
    if entry.slow_build:
        whole = (17 + 4.1 * entry.bits**1.8) * wide
        seconds += whole * (0.5 * min(1, vectors / TRAINED_ROWS) + 0.5 * vectors / PRODUCT_ROWS)
    return seconds


def slowest(methods: Sequence[str], rows: int, dimension: int, *, graph: bool) -> tuple[float, str, float]:
    """Seconds for all methods, then the slowest method and its seconds; estimates."""
    each = {name: build_seconds(name, rows, dimension, graph=graph) for name in methods}
    worst = max(each, key=lambda name: each[name])
    return sum(each.values()), worst, each[worst]


def vector_ram(spec: VectorSpec, points: int, vectors: int, original_bytes: float, quantized_bytes: float) -> float:
    """Bytes of RAM for one vector of a collection and its graph, by RAM_FORMULA, without the 20%.

    `vectors` counts the tokens of a multivector; the bytes are of one of them, 0 where nothing is quantized.
    """
    held = 0.0 if originals_at(spec) is Placement.COLD else vectors * original_bytes
    if quantized_at(spec) not in (None, Placement.COLD):
        held += vectors * quantized_bytes
    return held + points * (spec.hnsw or _DEFAULT_HNSW).m * _LINK_BYTES


def ram(points: int, vectors: Iterable[float]) -> int:
    """Bytes of RAM that serving a collection from memory takes, given `vector_ram` of each of its vectors."""
    return round((sum(vectors) + _POINT_BYTES * points) * _SLACK)


def originals_at(spec: VectorSpec) -> Placement:
    """Where the originals live: what newer settings say, else what older ones do."""
    if spec.placement is not None:
        return spec.placement
    return Placement.COLD if spec.on_disk else Placement.CACHED


def quantized_at(spec: VectorSpec) -> Placement | None:
    """Where the quantized vectors live; None without any.

    Where nothing is said they follow the originals: cold beside cold ones, else copied to the heap.
    """
    if spec.quantization is None:
        return None
    unsaid = Placement.COLD if originals_at(spec) is Placement.COLD else Placement.PINNED
    return spec.quantization.tier or unsaid


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a collection with one vector will take; all estimates by formula."""

    original_bytes: int
    """Of one vector, or of one token of a multivector."""
    quantized_bytes: int | None
    compression: float
    ram_bytes: int
    seconds: float
    vectors_kb: int
    """KB of original vectors: what the indexing threshold is compared with."""


def forecast(spec: CollectionSpec, points: int, vectors: int) -> Forecast:
    """What this collection will take with so many points, and vectors (tokens) in all."""
    vector = spec.vectors[0]
    name = "none" if vector.quantization is None else vector.quantization.method
    original = vector.size * FLOAT32_BYTES
    quantized = METHODS[name].bytes_per_vector(vector.size, vector.distance, multivector=vector.multivector)
    graph = (vector.hnsw or _DEFAULT_HNSW).m > 0
    tokens = vectors if vector.multivector else None
    return Forecast(
        original_bytes=original,
        quantized_bytes=quantized,
        compression=METHODS[name].compression(vector.size, vector.distance, multivector=vector.multivector),
        ram_bytes=ram(points, [vector_ram(vector, points, vectors, original, quantized or 0)]),
        seconds=build_seconds(name, points, vector.size, graph=graph, tokens=tokens),
        vectors_kb=vectors * original // 1024,
    )
