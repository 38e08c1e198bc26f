"""What a server tells of itself: collection info, memory, telemetry, metrics, optimizations. Rendered with the models.

Shapes, none of which may be guessed:
- `/collections/{name}/memory` has no model in the client. Qdrant 1.19.0, lib/collection/src/common/memory_reporter.rs
  (`CollectionMemoryReport`, `MemoryUsageReport`), routed in src/actix/api/collections_api.rs; documented since 1.18 at
  https://qdrant.tech/documentation/ops-monitoring/memory-usage/
- `/telemetry`: the client's `TelemetryData`; Qdrant 1.19.0, lib/collection/src/shards/telemetry.rs and
  src/common/telemetry_ops/collections_telemetry.rs (segments from details level 4 on).
- `/metrics`: Qdrant 1.19.0, src/common/metrics.rs; https://qdrant.tech/documentation/ops-monitoring/monitoring/
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qdrant_client.http import models as m

from qtui.engine import files
from qtui.model import Bytes, CollectionView
from tests.server.held import Held

PEER = 4242
_THEN = datetime(2026, 1, 31, 12, tzinfo=UTC)
_SEGMENTS = uuid.UUID("00000000-0000-4000-8000-000000000000")


def info(held: Held, view: CollectionView, points: int, status: str, strict: dict[str, Any] | None) -> m.CollectionInfo:
    config = held.config.model_copy()
    if strict is not None:
        config.strict_mode_config = m.StrictModeConfigOutput(**strict)
    indexed = sum(points * v.indexed.segments // v.indexed.of for v in view.vectors if v.indexed.of)
    failed = m.OptimizersStatusOneOf1(error="no space left on device")
    return m.CollectionInfo(
        status=m.CollectionStatus(status),
        optimizer_status=failed if status == "red" else m.OptimizersStatusOneOf.OK,
        indexed_vectors_count=indexed,
        points_count=points,
        segments_count=view.segments + 1,  # one waits empty for what is written next
        config=config,
        payload_schema={
            name: m.PayloadIndexInfo(data_type=m.PayloadSchemaType(kind), points=points)
            for name, kind in held.indexes.items()
        },
        update_queue=m.UpdateQueueInfo(length=0),
    )


def memory(view: CollectionView) -> dict[str, Any]:
    """Whole components go to the first vector, whose quantized data is counted exactly."""
    vectors = []
    for number, vector in enumerate(view.vectors):
        entry: dict[str, Any] = {
            "name": vector.spec.name,
            "storage": _usage(view.memory["originals"] if number == 0 else Bytes()),
            "index": _usage(view.memory["graph"] if number == 0 else Bytes()),
        }
        if vector.spec.quantization is not None and vector.quantized_bytes:
            entry["quantized"] = _usage(Bytes(disk=round(vector.quantized_bytes * vector.vectors), heap=0))
        vectors.append(entry)
    return {
        "total": _usage(Bytes()),
        "vectors": vectors,
        "sparse_vectors": [],
        "payload": _usage(view.memory["payload"]),
        "payload_index": [],
        "other": {"id_tracker": _usage(view.memory["other"])},
    }


def _usage(of: Bytes) -> dict[str, int]:
    disk, heap, cached = of.disk or 0, of.heap or 0, of.cached or 0
    return {"disk_bytes": disk, "ram_bytes": heap, "cached_bytes": cached, "expected_cache_bytes": disk}


def optimizations(view: CollectionView, status: str, points: int) -> m.OptimizationsResponse:
    each = points // max(1, view.segments)
    idle = [m.OptimizationSegmentInfo(uuid=_segment(n), points_count=each) for n in range(view.segments)]
    idle.append(m.OptimizationSegmentInfo(uuid=_segment(99), points_count=0))
    running, queued = [], []
    if status == "yellow":
        graph = m.ProgressTree(name="main_graph", started_at=_THEN, done=40, total=100)
        segments = [m.OptimizationSegmentInfo(uuid=_segment(50), points_count=points)]
        running.append(
            m.Optimization(
                uuid=_segment(77),
                optimizer="indexing",
                status=m.TrackerStatusOneOf.OPTIMIZING,
                segments=segments,
                progress=m.ProgressTree(name="Segment Optimizing", started_at=_THEN, children=[graph]),
            )
        )
    if status == "grey":
        queued.append(m.PendingOptimization(optimizer="indexing", segments=idle[:1]))
    summary = m.OptimizationsSummary(
        queued_optimizations=len(queued), queued_segments=len(queued), queued_points=0, idle_segments=len(idle)
    )
    return m.OptimizationsResponse(summary=summary, running=running, queued=queued, idle_segments=idle)


def _segment(number: int) -> uuid.UUID:
    return uuid.UUID(int=_SEGMENTS.int + number)


def telemetry(found: dict[str, tuple[Held, Path]], version: str) -> m.TelemetryData:
    """Of every collection: what is held, and the folder of its shard."""
    return m.TelemetryData(
        id="0",
        app=m.AppBuildTelemetry(name="qdrant", version=version, startup=_THEN),
        collections=m.CollectionsTelemetry(
            number_of_collections=len(found),
            collections=[_collection(name, held, shard) for name, (held, shard) in found.items()],
        ),
        memory=m.MemoryTelemetry(
            active_bytes=1, allocated_bytes=2, metadata_bytes=3, resident_bytes=123_456_789, retained_bytes=5
        ),
    )


def _collection(name: str, held: Held, shard: Path) -> m.CollectionTelemetry:
    segments = [_segment_telemetry(held, part, number) for number, part in enumerate(files.segments(shard))]
    local = m.LocalShardTelemetry(total_optimized_points=0, segments=segments)
    replica = m.ReplicaSetTelemetry(id=0, local=local, remote=[], replicate_states={str(PEER): m.ReplicaState.ACTIVE})
    return m.CollectionTelemetry(id=name, shards=[replica])


def _segment_telemetry(held: Held, part: files.Segment, number: int) -> m.SegmentTelemetry:
    data, counts = {}, {}
    for name, params in held.vectors.items():
        seen = part.vector(name)
        hnsw = m.IndexesOneOf1(type="hnsw", options=held.config.hnsw_config)
        built = (params.quantization_config or held.config.quantization_config) if seen.method else None
        data[name] = m.VectorDataConfig(
            size=params.size,
            distance=params.distance,
            storage_type=m.VectorStorageTypeOneOf1.MMAP,
            index=hnsw if seen.indexed else m.IndexesOneOf(type="plain", options={}),
            quantization_config=built,
        )
        counts[name] = m.VectorDataInfo(num_vectors=part.points, num_indexed_vectors=0, num_deleted_vectors=0)
    return m.SegmentTelemetry(
        info=m.SegmentInfo(
            uuid=_segment(number),
            segment_type=m.SegmentType.INDEXED,
            num_vectors=part.points,
            num_points=part.points,
            num_indexed_vectors=0,
            num_deleted_vectors=0,
            vectors_size_bytes=0,
            payloads_size_bytes=0,
            ram_usage_bytes=0,
            disk_usage_bytes=0,
            is_appendable=part.appendable,
            index_schema={},
            vector_data=counts,
        ),
        config=m.SegmentConfig(vector_data=data, payload_storage_type=m.PayloadStorageTypeOneOf(type="mmap")),
        vector_index_searches=[],
        payload_field_indices=[],
    )


def metrics(collections: int, version: str) -> str:
    return (
        "# HELP app_info information about qdrant server\n"
        "# TYPE app_info gauge\n"
        f'app_info{{name="qdrant",version="{version}"}} 1\n'
        "# HELP collections_total number of collections\n"
        "# TYPE collections_total gauge\n"
        f"collections_total {collections}\n"
        "# HELP memory_resident_bytes Maximum number of bytes in physically resident data pages mapped\n"
        "# TYPE memory_resident_bytes gauge\n"
        "memory_resident_bytes 123456789\n"
    )
