"""What is built and what it takes, from a server's own reports. Asks nothing.

The report of `/collections/{name}/memory`, for which the client has no model, sums up every component over all
segments, shards and replicas. Telemetry lists the segments of the node that answered. Metrics tell of the process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
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


def segments(telemetry: rest.TelemetryData, name: str) -> tuple[SegmentFact, ...] | None:
    """Segments of a collection that hold points, on the node that answered; None where telemetry tells of none."""
    for found in telemetry.collections.collections or ():
        if isinstance(found, rest.CollectionTelemetry) and found.id == name:
            local = [shard.local for shard in found.shards or () if shard.local is not None]
            listed = [segment for shard in local for segment in shard.segments or ()]
            return tuple(_segment(segment) for segment in listed if segment.info.num_points) if listed else None
    return None


def _segment(found: rest.SegmentTelemetry) -> SegmentFact:
    configs = found.config.vector_data or {}
    built = {name: reading.quantization(config.quantization_config) for name, config in configs.items()}
    return SegmentFact(
        found.info.num_points,
        {name: held.method for name, held in built.items() if held is not None},
        is_sealed=any(config.index.type == "hnsw" for config in configs.values()),
    )


def resident(telemetry: rest.TelemetryData) -> int | None:
    """Resident bytes of the whole process."""
    return None if telemetry.memory is None else telemetry.memory.resident_bytes


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
