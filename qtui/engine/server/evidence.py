"""What is built and what it takes, from a server's own reports. Asks nothing.

The report of `/collections/{name}/memory`, for which the client has no model, sums up every component over all
segments, shards and replicas. Telemetry lists the segments of the node that answered. Metrics tell of the process.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from pydantic import TypeAdapter, ValidationError
from qdrant_client.http import models as rest

from qtui.engine.server import reading
from qtui.errors import DataError
from qtui.model import COMPONENTS, Bytes


class Usage(msgspec.Struct):
    """One component of a memory report, in bytes."""

    disk_bytes: int = 0
    ram_bytes: int = 0
    cached_bytes: int = 0
    expected_cache_bytes: int = 0

    @property
    def bytes(self) -> Bytes:
        """The three kinds that we tell apart."""
        return Bytes(heap=self.ram_bytes, cached=self.cached_bytes, disk=self.disk_bytes)


class VectorUsage(msgspec.Struct):
    """One vector of a memory report; a sparse one has no quantized data."""

    name: str
    storage: Usage
    index: Usage
    quantized: Usage | None = None


class FieldUsage(msgspec.Struct):
    """One payload index of a memory report."""

    name: str
    usage: Usage


class OtherUsage(msgspec.Struct):
    """What is left."""

    id_tracker: Usage = msgspec.field(default_factory=Usage)


class Report(msgspec.Struct):
    """The answer to `/collections/{name}/memory`. Fields that are not known yet are left out."""

    vectors: list[VectorUsage] = []
    sparse_vectors: list[VectorUsage] = []
    payload: Usage = msgspec.field(default_factory=Usage)
    payload_index: list[FieldUsage] = []
    other: OtherUsage = msgspec.field(default_factory=OtherUsage)

    def quantized(self, name: str) -> int:
        """Bytes of a vector's quantized data on disk, over all replicas."""
        return sum(v.quantized.disk_bytes for v in self.vectors if v.name == name and v.quantized is not None)

    def memory(self) -> dict[str, Bytes]:
        """Component → bytes."""
        every = [*self.vectors, *self.sparse_vectors]
        parts: dict[str, list[Usage]] = {
            "originals": [v.storage for v in every],
            "quantized": [v.quantized for v in every if v.quantized is not None],
            "graph": [v.index for v in every],
            "payload": [self.payload, *(field.usage for field in self.payload_index)],
            "other": [self.other.id_tracker],
        }
        return {component: _sum(parts[component]) for component in COMPONENTS}


def _sum(parts: list[Usage]) -> Bytes:
    return Usage(
        sum(p.disk_bytes for p in parts), sum(p.ram_bytes for p in parts), sum(p.cached_bytes for p in parts)
    ).bytes


def report(answer: Any) -> Report:
    """A memory report from its JSON. Raises DataError for one of another shape."""
    try:
        return msgspec.convert(answer["result"], Report)
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise DataError(f"the server's memory report has an unknown form ({error}); upgrade qtui") from None


# --- segments -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SegmentFact:
    """One segment that holds points."""

    points: int
    methods: dict[str, str]
    """Vector name → method that is built, where one is."""
    is_sealed: bool
    """Whether it was optimized: one vector at least has the index of a sealed segment."""


class IndexTold(msgspec.Struct):
    """Of one vector in one segment."""

    type: str = ""


class VectorTold(msgspec.Struct):
    """How one segment keeps one vector."""

    index: IndexTold = msgspec.field(default_factory=IndexTold)
    quantization_config: Any = None


class ConfigTold(msgspec.Struct):
    """How one segment keeps its vectors."""

    vector_data: dict[str, VectorTold] = {}


class InfoTold(msgspec.Struct):
    """What one segment holds."""

    num_points: int
    segment_type: str = ""


class SegmentTold(msgspec.Struct):
    """One segment."""

    info: InfoTold
    config: ConfigTold


class LocalTold(msgspec.Struct):
    """What the node that answered has of a shard."""

    segments: list[SegmentTold] | None = None


class ShardTold(msgspec.Struct):
    """One shard."""

    local: LocalTold | None = None


class CollectionTold(msgspec.Struct):
    """One collection; those that are only summed up have no id."""

    id: str = ""
    shards: list[ShardTold] | None = None


class CollectionsTold(msgspec.Struct):
    """All collections."""

    collections: list[CollectionTold] | None = None


class MemoryTold(msgspec.Struct):
    """The whole process."""

    resident_bytes: int | None = None


class Telemetry(msgspec.Struct):
    """What is read of the answer to `/telemetry`: the client's own model wants more than every server tells."""

    collections: CollectionsTold = msgspec.field(default_factory=CollectionsTold)
    memory: MemoryTold | None = None


def telemetry(answer: Any) -> Telemetry:
    """Telemetry from its JSON. Raises DataError for one of another shape."""
    try:
        return msgspec.convert(answer["result"], Telemetry)
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise DataError(f"the server's telemetry has an unknown form ({error}); upgrade qtui") from None


def segments(told: Telemetry, name: str) -> tuple[SegmentFact, ...] | None:
    """Segments of a collection that hold points, on the node that answered; None where telemetry tells of none."""
    for found in told.collections.collections or ():
        if found.id == name:
            local = [shard.local for shard in found.shards or () if shard.local is not None]
            listed = [segment for shard in local for segment in shard.segments or ()]
            return tuple(_segment(segment) for segment in listed if segment.info.num_points) if listed else None
    return None


def _segment(found: SegmentTold) -> SegmentFact:
    configs = found.config.vector_data
    built = {name: _method(config.quantization_config) for name, config in configs.items()}
    return SegmentFact(
        found.info.num_points,
        {name: held for name, held in built.items() if held is not None},
        # of multivectors without a graph, the type alone says so
        is_sealed=found.info.segment_type == "indexed" or any(each.index.type == "hnsw" for each in configs.values()),
    )


def _method(config: Any) -> str | None:
    """The method of a quantization as telemetry has it; None for none, and for one that nobody knows yet."""
    try:
        known = reading.quantization(None if config is None else _quantizations().validate_python(config))
    except ValidationError:
        return None
    return None if known is None else known.method


@cache
def _quantizations() -> TypeAdapter[Any]:
    return TypeAdapter(rest.QuantizationConfig)


def resident(told: Telemetry) -> int | None:
    """Resident bytes of the whole process."""
    return None if told.memory is None else told.memory.resident_bytes


def metric(text: str, name: str) -> float | None:
    """The first sample called `name` in metrics of Prometheus' text form; a prefix of the server's own is allowed."""
    for line in text.splitlines():
        head, _, value = line.partition(" ")
        if head.partition("{")[0].endswith(name) and not line.startswith("#"):
            try:
                return float(value.split()[0])
            except (ValueError, IndexError):
                return None
    return None
