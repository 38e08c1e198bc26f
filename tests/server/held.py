"""Collections of the test server: the client's configuration models on one side, the embedded engine's on the other.

Translates on its own, by the names on the wire, so that a mistake in the product's translation is not made twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qdrant_client.http import models as m

from qtui.engine.server import wire
from qtui.model import Change, CollectionSpec, Distance, Hnsw, Placement, Quantization, VectorSpec


@dataclass(slots=True)
class Held:
    """One collection."""

    config: m.CollectionConfig
    dirty: bool = False
    """Whether points were written since it was last built."""
    indexes: dict[str, str] = field(default_factory=dict)

    @property
    def vectors(self) -> dict[str, m.VectorParams]:
        found = self.config.params.vectors
        return {"": found} if isinstance(found, m.VectorParams) else dict(found or {})


def config(body: m.CreateCollection) -> m.CollectionConfig:
    """What a server makes of a creation: its defaults where nothing is said."""
    optimizers = m.OptimizersConfig(
        deleted_threshold=0.2,
        vacuum_min_vector_number=1000,
        default_segment_number=0,
        indexing_threshold=10_000,
        flush_interval_sec=5,
    )
    hnsw = m.HnswConfig(m=16, ef_construct=100, full_scan_threshold=10_000, max_indexing_threads=0, on_disk=False)
    return m.CollectionConfig(
        params=m.CollectionParams(
            vectors=body.vectors,
            shard_number=body.shard_number or 1,
            replication_factor=body.replication_factor or 1,
            write_consistency_factor=1,
            on_disk_payload=True if body.on_disk_payload is None else body.on_disk_payload,
            sparse_vectors=body.sparse_vectors,
        ),
        hnsw_config=overlaid(hnsw, body.hnsw_config),
        optimizer_config=overlaid(optimizers, body.optimizers_config),
        wal_config=m.WalConfig(wal_capacity_mb=32, wal_segments_ahead=0),
        quantization_config=body.quantization_config,
        metadata=body.metadata,
    )


def overlaid(base: Any, diff: Any) -> Any:
    news = {} if diff is None else diff.model_dump(exclude_none=True)
    return base.model_copy(update=news)


def of_spec(spec: CollectionSpec) -> Held:
    """A collection that was there before the server."""
    return Held(config(wire.creation(spec, tiers=True, metadata=None)), indexes=dict(spec.payload_indexes))


def spec(name: str, held: Held) -> CollectionSpec:
    """What the embedded engine is to make."""
    found = held.config
    return CollectionSpec(
        name,
        tuple(_vector(called, params, found) for called, params in held.vectors.items()),
        indexing_threshold_kb=found.optimizer_config.indexing_threshold,
        segments=found.optimizer_config.default_segment_number or None,
        on_disk_payload=found.params.on_disk_payload,
        payload_indexes=held.indexes,
    )


def _vector(name: str, params: m.VectorParams, found: m.CollectionConfig) -> VectorSpec:
    hnsw = overlaid(found.hnsw_config, params.hnsw_config)
    return VectorSpec(
        params.size,
        Distance(params.distance.value.lower()),
        name,
        multivector=params.multivector_config is not None,
        datatype=params.datatype.value if params.datatype else "float32",
        on_disk=params.on_disk,
        placement=Placement(params.memory.value) if params.memory else None,
        hnsw=Hnsw(
            hnsw.m,
            hnsw.ef_construct,
            hnsw.full_scan_threshold,
            hnsw.on_disk,
            hnsw.inline_storage,
            placement=Placement(hnsw.memory.value) if hnsw.memory else None,
        ),
        quantization=quantization(params.quantization_config or found.quantization_config),
    )


def quantization(model: Any) -> Quantization | None:
    """By the names that stand on the wire."""
    if model is None:
        return None
    ((family, options),) = model.model_dump(mode="json", exclude_none=True).items()
    name = {
        "scalar": lambda: "scalar",
        "product": lambda: f"product-{options['compression']}",
        "turbo": lambda: f"turbo-{options.get('bits', 'bits4')[4:].replace('_', '.')}bit",
        "binary": lambda: {"two_bits": "binary-2bit", "one_and_half_bits": "binary-1.5bit"}.get(
            options.get("encoding", ""), "binary"
        ),
    }[family]()
    memory = options.get("memory")
    return Quantization(
        name,
        quantile=options.get("quantile"),
        always_ram=options.get("always_ram"),
        placement=Placement(memory) if memory else None,
        query_encoding=options.get("query_encoding"),
    )


def updated(held: Held, body: m.UpdateCollection) -> Held:
    """The collection after an update; nothing of it is built yet."""
    new = held.config.model_copy(deep=True)
    if body.optimizers_config is not None:
        new.optimizer_config = overlaid(new.optimizer_config, body.optimizers_config)
    if body.metadata is not None:
        new.metadata = {**(new.metadata or {}), **body.metadata}
    if body.quantization_config is not None:
        asked: Any = body.quantization_config
        new.quantization_config = None if asked is m.Disabled.DISABLED else asked
    after = Held(new, held.dirty, held.indexes)
    vectors = after.vectors
    for name, diff in (body.vectors or {}).items():
        vectors[name] = _differing(vectors[name], diff)
    new.params.vectors = vectors[""] if list(vectors) == [""] else vectors
    return after


def _differing(params: m.VectorParams, diff: m.VectorParamsDiff) -> m.VectorParams:
    news: dict[str, Any] = {}
    if diff.quantization_config is not None:
        dropped = diff.quantization_config is m.Disabled.DISABLED
        news["quantization_config"] = None if dropped else diff.quantization_config
    if diff.hnsw_config is not None:
        news["hnsw_config"] = overlaid(params.hnsw_config or m.HnswConfigDiff(), diff.hnsw_config)
    news.update({field: value for field in ("on_disk", "memory") if (value := getattr(diff, field)) is not None})
    return params.model_copy(update=news)


def changes(before: CollectionSpec, after: CollectionSpec) -> list[tuple[str, Change]]:
    """What the embedded engine must be told: vector name and change."""
    found = []
    threshold = after.indexing_threshold_kb if after.indexing_threshold_kb != before.indexing_threshold_kb else None
    for old, new in zip(before.vectors, after.vectors, strict=True):
        change = Change(
            quantization=new.quantization if new.quantization != old.quantization else None,
            drop_quantization=new.quantization is None and old.quantization is not None,
            hnsw=new.hnsw if new.hnsw != old.hnsw else None,
            on_disk=new.on_disk if new.on_disk != old.on_disk else None,
            placement=new.placement if new.placement != old.placement else None,
            indexing_threshold_kb=threshold,
        )
        if change != Change():
            found.append((new.name, change))
    return found
