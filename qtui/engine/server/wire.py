"""Our settings, filters and points in the terms of the client's REST models. Values were checked by `guard` before.

A server that knows the placements cold, cached and pinned is told nothing else, for it calls the flags deprecated; an
older one gets `on_disk` and `always_ram`, whichever of both our settings say.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from qdrant_client.http import models as rest

from qtui.engine import guard
from qtui.engine.base import Origin
from qtui.errors import DataError, UsageError, shown
from qtui.filters import Condition, Filter, HasId, IsEmpty, IsNull, Match, Range
from qtui.methods import method
from qtui.model import (
    Change,
    CollectionSpec,
    Distance,
    Hnsw,
    Payload,
    Placement,
    PointId,
    Quantization,
    SearchSettings,
    VectorSpec,
    tier,
)

DISTANCES = {
    Distance.COSINE: rest.Distance.COSINE,
    Distance.DOT: rest.Distance.DOT,
    Distance.EUCLID: rest.Distance.EUCLID,
    Distance.MANHATTAN: rest.Distance.MANHATTAN,
}
BINARY = {
    "binary": rest.BinaryQuantizationEncoding.ONE_BIT,
    "binary-1.5bit": rest.BinaryQuantizationEncoding.ONE_AND_HALF_BITS,
    "binary-2bit": rest.BinaryQuantizationEncoding.TWO_BITS,
}
PRODUCT = {f"product-x{n}": rest.CompressionRatio(f"x{n}") for n in (4, 8, 16, 32, 64)}
TURBO = {
    "turbo-1bit": rest.TurboQuantBitSize.BITS1,
    "turbo-1.5bit": rest.TurboQuantBitSize.BITS1_5,
    "turbo-2bit": rest.TurboQuantBitSize.BITS2,
    "turbo-4bit": rest.TurboQuantBitSize.BITS4,
    "turbo-8bit": rest.TurboQuantBitSize.BITS8,
}
OURS = "qtui"
"""Under this name of a collection's metadata stands what qtui remembers of it."""


# --- settings -------------------------------------------------------------------------------------------------


def creation(spec: CollectionSpec, *, tiers: bool, metadata: dict[str, Any] | None) -> rest.CreateCollection:
    """All that makes a collection. `tiers`: whether the server knows placements."""
    vectors = {vector.name: _vector(vector, tiers=tiers) for vector in spec.vectors}
    return rest.CreateCollection(
        vectors=vectors[""] if list(vectors) == [""] else vectors,
        shard_number=spec.shards,
        replication_factor=spec.replicas,
        on_disk_payload=spec.on_disk_payload,
        optimizers_config=_optimizers(spec.indexing_threshold_kb, spec.segments),
        metadata=metadata,
    )


def _vector(spec: VectorSpec, *, tiers: bool) -> rest.VectorParams:
    comparator = rest.MultiVectorConfig(comparator=rest.MultiVectorComparator.MAX_SIM)
    return rest.VectorParams(
        size=spec.size,
        distance=DISTANCES[spec.distance],
        datatype=None if spec.datatype == "float32" else rest.Datatype(spec.datatype),
        hnsw_config=None if spec.hnsw is None else _hnsw(spec.hnsw, tiers=tiers),
        quantization_config=None if spec.quantization is None else quantization(spec.quantization, tiers=tiers),
        multivector_config=comparator if spec.multivector else None,
        **_originals(on_disk=spec.on_disk, placement=spec.placement, tiers=tiers),
    )


def _originals(*, on_disk: bool | None, placement: Placement | None, tiers: bool) -> dict[str, Any]:
    if not tiers:
        return {"on_disk": on_disk if placement is None else placement is Placement.COLD}
    found = tier(placement, on_disk=on_disk)
    return {"memory": None if found is None else rest.Memory(found.value)}


def _hnsw(hnsw: Hnsw, *, tiers: bool) -> rest.HnswConfigDiff:
    flag = hnsw.on_disk if hnsw.placement is None else hnsw.placement is Placement.COLD
    return rest.HnswConfigDiff(
        m=hnsw.m,
        ef_construct=hnsw.ef_construct,
        full_scan_threshold=hnsw.full_scan_threshold,
        on_disk=None if tiers and hnsw.placement is not None else flag,
        inline_storage=hnsw.inline_storage,
        memory=rest.Memory(hnsw.placement.value) if tiers and hnsw.placement is not None else None,
    )


def _optimizers(threshold: int | None, segments: int | None) -> rest.OptimizersConfigDiff | None:
    if threshold is None and segments is None:
        return None
    return rest.OptimizersConfigDiff(indexing_threshold=threshold, default_segment_number=segments)


def quantization(asked: Quantization, *, tiers: bool) -> Any:
    """One of the client's quantization configurations."""
    placed = _quantized(asked, tiers=tiers)
    name, family = asked.method, method(asked.method).family
    if family == "scalar":
        config = rest.ScalarQuantizationConfig(type=rest.ScalarType.INT8, quantile=asked.quantile, **placed)
        return rest.ScalarQuantization(scalar=config)
    if family == "product":
        return rest.ProductQuantization(product=rest.ProductQuantizationConfig(compression=PRODUCT[name], **placed))
    if family == "turbo":
        return rest.TurboQuantization(turbo=rest.TurboQuantQuantizationConfig(bits=TURBO[name], **placed))
    encoding = rest.BinaryQuantizationQueryEncoding(asked.query_encoding) if asked.query_encoding else None
    # One bit is what servers without an encoding do, and they refuse to hear of it.
    bits = None if name == "binary" else BINARY[name]
    return rest.BinaryQuantization(
        binary=rest.BinaryQuantizationConfig(encoding=bits, query_encoding=encoding, **placed)
    )


def _quantized(asked: Quantization, *, tiers: bool) -> dict[str, Any]:
    if not tiers:
        return {"always_ram": asked.always_ram if asked.placement is None else asked.placement is not Placement.COLD}
    return {"memory": None if asked.tier is None else rest.Memory(asked.tier.value)}


def update(change: Change, name: str, *, tiers: bool) -> rest.UpdateCollection:
    """What changes one vector in place."""
    compressed = None
    if change.drop_quantization:
        compressed = rest.Disabled.DISABLED
    elif change.quantization is not None:
        compressed = quantization(change.quantization, tiers=tiers)
    diff = rest.VectorParamsDiff(
        hnsw_config=None if change.hnsw is None else _hnsw(change.hnsw, tiers=tiers),
        quantization_config=compressed,
        **_originals(on_disk=change.on_disk, placement=change.placement, tiers=tiers),
    )
    return rest.UpdateCollection(
        vectors={name: diff}, optimizers_config=_optimizers(change.indexing_threshold_kb, None)
    )


def remembered(origin: Origin, state: str, loaded_rows: int = 0) -> dict[str, Any]:
    """What a collection's metadata hold of ours."""
    return {
        OURS: {
            "source": origin.source,
            "expected_points": origin.expected_points,
            "extra": dict(origin.extra),
            "state": state,
            "loaded_rows": loaded_rows,
        }
    }


# --- searching --------------------------------------------------------------------------------------------------


def search_params(settings: SearchSettings) -> rest.SearchParams:
    """What is asked of a search; what is None isn't sent. Raises UsageError for values out of range."""
    guard.check_settings(settings)
    asked: dict[str, Any] = {}
    if settings.hnsw_ef is not None:
        asked["hnsw_ef"] = settings.hnsw_ef
    if settings.exact:
        asked["exact"] = True
    if settings.indexed_only:
        asked["indexed_only"] = True
    if settings.ignore or settings.rescore is not None or settings.oversampling is not None:
        asked["quantization"] = rest.QuantizationSearchParams(
            ignore=settings.ignore, rescore=settings.rescore, oversampling=settings.oversampling
        )
    return rest.SearchParams(**asked)


def filter_(tree: Filter | None) -> rest.Filter | None:
    """A filter in the client's terms. Raises UsageError for what can't be compared."""
    if tree is None:
        return None
    guard.check_filter(tree)
    return _filter(tree)


def _filter(tree: Filter) -> rest.Filter:
    return rest.Filter(
        must=[_condition(c) for c in tree.must] or None,
        should=[_condition(c) for c in tree.should] or None,
        must_not=[_condition(c) for c in tree.must_not] or None,
    )


def _condition(condition: Condition) -> Any:
    if isinstance(condition, Filter):
        return _filter(condition)
    if isinstance(condition, HasId):
        return rest.HasIdCondition(has_id=[guard.point_id(i) for i in condition.ids])
    try:
        if isinstance(condition, IsEmpty):
            return rest.IsEmptyCondition(is_empty=rest.PayloadField(key=condition.key))
        if isinstance(condition, IsNull):
            return rest.IsNullCondition(is_null=rest.PayloadField(key=condition.key))
        if isinstance(condition, Range):
            return rest.FieldCondition(key=condition.key, range=_range(condition))
        return _match(condition)
    except (ValidationError, ValueError, TypeError) as error:
        raise UsageError(f"the filter on {shown(condition.key)} can't be used: {_cause(error)}") from None


def _range(condition: Range) -> Any:
    bounds: dict[str, Any] = {"gt": condition.gt, "gte": condition.gte, "lt": condition.lt, "lte": condition.lte}
    if any(isinstance(bound, str) for bound in bounds.values()):
        return rest.DatetimeRange(**bounds)
    if any(bound != bound for bound in bounds.values()):  # noqa: PLR0124  # NaN, which JSON can't say
        raise ValueError("NaN is neither above nor below anything")
    return rest.Range(**bounds)


def _match(condition: Match) -> Any:
    if condition.any_of is not None:
        return _any_of(condition.key, condition.any_of)
    if condition.none_of is not None:
        if len({type(value) for value in condition.none_of}) > 1:
            raise ValueError("give texts or numbers, not both")
        excepted: dict[str, Any] = {"except": list(condition.none_of)}
        return _field(condition.key, rest.MatchExcept(**excepted))
    if condition.text is not None:
        return _field(condition.key, rest.MatchText(text=condition.text))
    if condition.value is None:
        raise ValueError("there is no value to compare with")
    return _field(condition.key, rest.MatchValue(value=condition.value))


def _field(key: str, match: Any) -> rest.FieldCondition:
    return rest.FieldCondition(key=key, match=match)


def _any_of(key: str, values: tuple[str | int, ...]) -> Any:
    """One list of each type, since a server takes no mixed ones and no true or false in them."""
    flags = [value for value in values if isinstance(value, bool)]
    texts = [value for value in values if isinstance(value, str)]
    numbers = [value for value in values if not isinstance(value, str | bool)]
    matches: list[Any] = [rest.MatchValue(value=flag) for flag in flags]
    matches += [rest.MatchAny(any=kind) for kind in (texts, numbers) if kind]
    conditions: list[Any] = [_field(key, match) for match in matches or [rest.MatchAny(any=[])]]
    return conditions[0] if len(conditions) == 1 else rest.Filter(should=conditions)


def _cause(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return shown(error.errors()[0]["msg"])
    return shown(error)


# --- points -----------------------------------------------------------------------------------------------------


def batch(ids: Any, rows: dict[str, Any], payloads: Any) -> rest.Batch:
    """Points to write, from rows that `guard.vectors` returned."""
    columns = {name: [row.tolist() for row in value] for name, value in rows.items()}
    held: list[Payload] | None = [payload or {} for payload in payloads] if any(payloads) else None
    try:
        return rest.Batch(ids=list(ids), vectors=columns[""] if list(columns) == [""] else columns, payloads=held)
    except ValidationError as error:
        raise DataError(f"a point can't be sent: {_cause(error)}") from None


def identity(value: Any) -> PointId:
    """An id as we write it: a UUID is text."""
    return value if type(value) is int else str(value)
