"""The client's models of a collection as ours: settings, limits, shards and rebuilds. Asks nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from qdrant_client.http import models as rest

from qtui.engine.base import Origin
from qtui.engine.server import wire
from qtui.model import CollectionSpec, Distance, Hnsw, Placement, Quantization, VectorSpec
from qtui.served import Limits, Rebuild, Shard

_DISTANCES: dict[Any, Distance] = {theirs: ours for ours, theirs in wire.DISTANCES.items()}
_BINARY = {theirs: ours for ours, theirs in wire.BINARY.items()}
_PRODUCT = {theirs: ours for ours, theirs in wire.PRODUCT.items()}
_TURBO = {theirs: ours for ours, theirs in wire.TURBO.items()}


# --- settings ---------------------------------------------------------------------------------------------------


def spec(name: str, info: rest.CollectionInfo) -> CollectionSpec:
    """A collection's settings as they hold: a vector's own before those of the whole collection."""
    config = info.config
    return CollectionSpec(
        name=name,
        vectors=tuple(_vector(called, params, config) for called, params in dense(info).items()),
        indexing_threshold_kb=config.optimizer_config.indexing_threshold,
        segments=config.optimizer_config.default_segment_number or None,
        on_disk_payload=_payload_on_disk(config.params),
        payload_indexes={field: found.data_type.value for field, found in info.payload_schema.items()},
        shards=_several(config.params.shard_number),
        replicas=_several(config.params.replication_factor),
    )


def dense(info: rest.CollectionInfo) -> dict[str, rest.VectorParams]:
    """Vectors by name; the unnamed one is ''."""
    vectors = info.config.params.vectors
    if vectors is None:
        return {}
    return {"": vectors} if isinstance(vectors, rest.VectorParams) else dict(vectors)


def _payload_on_disk(params: rest.CollectionParams) -> bool | None:
    """Whichever words it was said in; the newer win."""
    memory = _placement(params.payload.memory) if params.payload else None
    return params.on_disk_payload if memory is None else memory is Placement.COLD


def _several(number: int | None) -> int | None:
    return number if number and number > 1 else None


def _vector(name: str, params: rest.VectorParams, config: rest.CollectionConfig) -> VectorSpec:
    return VectorSpec(
        size=params.size,
        distance=_DISTANCES[params.distance],
        name=name,
        multivector=params.multivector_config is not None,
        datatype=params.datatype.value if params.datatype else "float32",
        on_disk=params.on_disk,
        placement=_placement(params.memory),
        hnsw=_hnsw(config.hnsw_config, params.hnsw_config),
        quantization=quantization(params.quantization_config or config.quantization_config),
    )


def _placement(memory: rest.Memory | None) -> Placement | None:
    return None if memory is None else Placement(memory.value)


def _hnsw(common: rest.HnswConfig, own: rest.HnswConfigDiff | None) -> Hnsw:
    def held(field: str) -> Any:
        value = getattr(own, field, None)
        return getattr(common, field) if value is None else value

    return Hnsw(
        m=held("m"),
        ef_construct=held("ef_construct"),
        full_scan_threshold=held("full_scan_threshold"),
        on_disk=held("on_disk"),
        inline_storage=held("inline_storage"),
        placement=_placement(held("memory")),
    )


def quantization(config: Any) -> Quantization | None:
    """One of the client's quantization configurations as ours."""
    match config:
        case rest.ScalarQuantization(scalar=held):
            return Quantization("scalar", quantile=held.quantile, **_placed(held))
        case rest.ProductQuantization(product=held):
            return Quantization(_PRODUCT[held.compression], **_placed(held))
        case rest.TurboQuantization(turbo=held):
            return Quantization(_TURBO[held.bits or rest.TurboQuantBitSize.BITS4], **_placed(held))
        case rest.BinaryQuantization(binary=held):
            name = _BINARY[held.encoding or rest.BinaryQuantizationEncoding.ONE_BIT]
            encoding = None if held.query_encoding is None else held.query_encoding.value
            return Quantization(name, query_encoding=encoding, **_placed(held))
    return None


def _placed(held: Any) -> dict[str, Any]:
    return {"always_ram": held.always_ram, "placement": _placement(held.memory)}


# --- what qtui remembers with it ----------------------------------------------------------------------------------


def ours(info: rest.CollectionInfo) -> dict[str, Any]:
    """What qtui keeps in the collection's metadata; empty for one that it did not make."""
    found = (info.config.metadata or {}).get(wire.OURS)
    return found if isinstance(found, dict) else {}


def origin(kept: dict[str, Any]) -> Origin:
    """What the creator of a collection wanted remembered; nothing that isn't of its type is believed."""
    source, expected, extra = kept.get("source"), kept.get("expected_points"), kept.get("extra")
    return Origin(
        source if isinstance(source, str) else None,
        expected if type(expected) is int else None,
        {str(key): str(value) for key, value in extra.items()} if isinstance(extra, dict) else {},
    )


# --- what only a server has -------------------------------------------------------------------------------------


def limits(config: rest.StrictModeConfigOutput | None) -> Limits:
    """Strict mode."""
    if config is None:
        return Limits()
    return Limits(
        enabled=bool(config.enabled),
        max_limit=config.max_query_limit,
        allow_exact=config.search_allow_exact,
        max_hnsw_ef=config.search_max_hnsw_ef,
        max_oversampling=config.search_max_oversampling,
        max_batch=config.search_max_batchsize,
        max_upsert=config.upsert_max_batchsize,
        max_timeout=config.max_timeout,
        reads_per_minute=config.read_rate_limit,
        writes_per_minute=config.write_rate_limit,
        unindexed_filters=config.unindexed_filtering_retrieve,
    )


def silent(found: Any) -> frozenset[int]:
    """Peers that didn't get the last message of the node that answered; it tells of them until they get one."""
    if not isinstance(found, rest.ClusterStatusOneOf1):
        return frozenset()
    failed = found.message_send_failures
    return frozenset(int(peer) for peer, info in found.peers.items() if info.uri in failed)


def shards(found: rest.CollectionClusterInfo, silent: frozenset[int] = frozenset()) -> tuple[Shard, ...]:
    """Every replica that the answering node knows of, by shard; `silent`: peers that don't answer it."""
    local = [
        Shard(s.shard_id, found.peer_id, s.state.value, local=True, points=s.points_count, key=_key(s.shard_key))
        for s in found.local_shards
    ]
    remote = [
        Shard(s.shard_id, s.peer_id, s.state.value, local=False, key=_key(s.shard_key), silent=s.peer_id in silent)
        for s in found.remote_shards
    ]
    return tuple(sorted([*local, *remote], key=lambda shard: (shard.id, not shard.local, shard.peer)))


def _key(key: Any) -> str | None:
    return None if key is None else str(key)


def rebuilds(found: rest.OptimizationsResponse) -> tuple[Rebuild, ...]:
    """What is being optimized, then what waits for it."""
    running = [_running(each) for each in found.running]
    queued = [Rebuild(each.optimizer, "queued", _points(each.segments)) for each in found.queued or ()]
    return (*running, *queued)


def _running(found: rest.Optimization) -> Rebuild:
    step = _current(found.progress)
    started = found.progress.started_at
    elapsed = found.progress.duration_sec
    if elapsed is None and isinstance(started, datetime):
        began = started if started.tzinfo else started.replace(tzinfo=UTC)
        elapsed = max(0.0, (datetime.now(UTC) - began).total_seconds())
    return Rebuild(found.optimizer, step.name, _points(found.segments), step.done, step.total, elapsed)


def _current(tree: rest.ProgressTree) -> rest.ProgressTree:
    """The innermost step that has begun and not ended."""
    for child in tree.children or ():
        if child.started_at is not None and child.finished_at is None:
            return _current(child)
    return tree


def _points(segments: list[rest.OptimizationSegmentInfo]) -> int:
    return sum(segment.points_count for segment in segments)


def occupied(found: rest.OptimizationsResponse) -> int | None:
    """Segments that hold points; None when the server didn't list them all."""
    if found.idle_segments is None:
        return None
    listed = [*found.idle_segments]
    for each in [*found.running, *(found.queued or ())]:
        listed += each.segments
    return len({str(segment.uuid) for segment in listed if segment.points_count})
