"""Our settings, requests and filters in the terms of qdrant_edge, and its answers in ours.

Values were checked by `guard` before they come here; what the engine's own constructors refuse becomes a UsageError.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
import qdrant_edge as qe

from qtui.engine import guard
from qtui.errors import DataError, UsageError, shown
from qtui.filters import Condition, Filter, HasId, IsEmpty, IsNull, Match, Range
from qtui.methods import method
from qtui.model import (
    Answer,
    CollectionSpec,
    Distance,
    Hnsw,
    Payload,
    Placement,
    Point,
    PointId,
    Quantization,
    SearchSettings,
    VectorSpec,
)

_DISTANCES = {
    Distance.COSINE: qe.Distance.Cosine,
    Distance.DOT: qe.Distance.Dot,
    Distance.EUCLID: qe.Distance.Euclid,
    Distance.MANHATTAN: qe.Distance.Manhattan,
}
_MEMORY = {Placement.COLD: qe.Memory.Cold, Placement.CACHED: qe.Memory.Cached, Placement.PINNED: qe.Memory.Pinned}
_DATATYPES = {
    "float32": None,
    "float16": qe.VectorStorageDatatype.Float16,
    "uint8": qe.VectorStorageDatatype.Uint8,
}
_BINARY = {
    "binary": qe.BinaryQuantizationEncoding.OneBit,
    "binary-1.5bit": qe.BinaryQuantizationEncoding.OneAndHalfBits,
    "binary-2bit": qe.BinaryQuantizationEncoding.TwoBits,
}
_QUERY_ENCODINGS = {
    "default": qe.BinaryQuantizationQueryEncoding.Default,
    "binary": qe.BinaryQuantizationQueryEncoding.Binary,
    "scalar4bits": qe.BinaryQuantizationQueryEncoding.Scalar4Bits,
    "scalar8bits": qe.BinaryQuantizationQueryEncoding.Scalar8Bits,
}
_PRODUCT = {f"product-x{n}": getattr(qe.CompressionRatio, f"X{n}") for n in (4, 8, 16, 32, 64)}
_TURBO = {
    "turbo-1bit": qe.TurboQuantBitSize.Bits1,
    "turbo-1.5bit": qe.TurboQuantBitSize.Bits1_5,
    "turbo-2bit": qe.TurboQuantBitSize.Bits2,
    "turbo-4bit": qe.TurboQuantBitSize.Bits4,
    "turbo-8bit": qe.TurboQuantBitSize.Bits8,
}
_INDEXES = {kind: getattr(qe.PayloadSchemaType, kind.capitalize()) for kind in guard.INDEX_TYPES}


# --- settings -----------------------------------------------------------------------------------------------


def config(spec: CollectionSpec, search_threads: int) -> qe.EdgeConfig:
    """The whole configuration of a shard. Quantization is set per vector: a global one could never be removed."""
    return qe.EdgeConfig(
        vectors={vector.name: _vector(vector) for vector in spec.vectors},
        on_disk_payload=spec.on_disk_payload,
        optimizers=qe.EdgeOptimizersConfig(
            indexing_threshold=spec.indexing_threshold_kb, default_segment_number=spec.segments
        ),
        max_search_threads=search_threads,
    )


def _vector(spec: VectorSpec) -> qe.EdgeVectorParams:
    multi = qe.MultiVectorConfig(qe.MultiVectorComparator.MaxSim) if spec.multivector else None
    return qe.EdgeVectorParams(
        spec.size,
        _DISTANCES[spec.distance],
        multivector_config=multi,
        datatype=_DATATYPES[spec.datatype],
        quantization_config=None if spec.quantization is None else _quantization(spec.quantization),
        hnsw_config=_hnsw(spec.hnsw or Hnsw()),
        memory=None if spec.tier is None else _MEMORY[spec.tier],
    )


def _hnsw(hnsw: Hnsw) -> qe.HnswIndexConfig:
    return qe.HnswIndexConfig(
        hnsw.m,
        hnsw.ef_construct,
        hnsw.full_scan_threshold,
        on_disk=hnsw.on_disk,
        inline_storage=hnsw.inline_storage,
        memory=None if hnsw.placement is None else _MEMORY[hnsw.placement],
    )


def _quantization(quantization: Quantization) -> Any:
    # Typed as Any, since the engine's stubs can't see through a dictionary of options.
    placed: dict[str, Any] = {"memory": None if quantization.tier is None else _MEMORY[quantization.tier]}
    name, family = quantization.method, method(quantization.method).family
    if family == "scalar":
        return qe.ScalarQuantizationConfig(qe.ScalarType.Int8, quantile=quantization.quantile, **placed)
    if family == "product":
        return qe.ProductQuantizationConfig(_PRODUCT[name], **placed)
    if family == "turbo":
        return qe.TurboQuantQuantizationConfig(bits=_TURBO[name], **placed)
    encoding = _QUERY_ENCODINGS[quantization.query_encoding] if quantization.query_encoding else None
    return qe.BinaryQuantizationConfig(encoding=_BINARY[name], query_encoding=encoding, **placed)


def index_operation(field: str, kind: str) -> qe.UpdateOperation:
    """Makes an index on a payload field. Raises UsageError for a field that isn't a path."""
    try:
        return qe.UpdateOperation.create_field_index(field, _INDEXES[kind])
    except (ValueError, TypeError) as error:
        raise UsageError(f"{shown(field)} can't be a payload field: {_cause(error)}") from None


def search_params(settings: SearchSettings) -> qe.SearchParams:
    """What is asked of a search. Raises UsageError for values out of range."""
    guard.check_settings(settings)
    quantization = None
    if settings.ignore or settings.rescore is not None or settings.oversampling is not None:
        quantization = qe.QuantizationSearchParams(
            ignore=settings.ignore, rescore=settings.rescore, oversampling=settings.oversampling
        )
    return qe.SearchParams(
        hnsw_ef=settings.hnsw_ef,
        exact=settings.exact,
        quantization=quantization,
        indexed_only=settings.indexed_only,
    )


# --- points ---------------------------------------------------------------------------------------------------


def points(ids: Sequence[PointId], rows: dict[str, Any], payloads: Sequence[Payload | None]) -> list[qe.Point]:
    """Points to write, from rows that `guard.vectors` returned."""
    columns = {name: _column(value) for name, value in rows.items()}
    if list(columns) == [""]:
        vectors: Any = columns[""]
    else:
        names = list(columns)
        vectors = (dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True))
    try:
        return [qe.Point(i, vector, payload) for i, vector, payload in zip(ids, vectors, payloads, strict=True)]
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(f"the engine can't hold one of the points: {_cause(error)}") from None


def _column(value: Any) -> list[Any]:
    if isinstance(value, np.ndarray):
        return [memoryview(row) for row in value]
    return [_tokens(matrix) for matrix in value]


def _tokens(matrix: np.ndarray[Any, np.dtype[np.float32]]) -> list[array[float]]:
    """One multivector in the form that the engine reads fastest."""
    raw, step = matrix.tobytes(), matrix.shape[1] * 4
    return [array("f", raw[start : start + step]) for start in range(0, len(raw), step)]


def nearest(vector: np.ndarray[Any, np.dtype[np.float32]], using: str) -> qe.Query:
    """A query for the points nearest to a vector that `guard.query` returned."""
    row: Any = vector
    # A view is read in a third of the time that the array itself takes.
    values: Any = _tokens(vector) if vector.ndim == 2 else memoryview(row)
    return qe.Query.Nearest(values, using or None)


def answer(found: Sequence[Any], *, with_payload: bool) -> Answer:
    """Scored points in rank order."""
    return Answer(
        tuple([identity(p.id) for p in found]),
        tuple([p.score for p in found]),
        tuple([p.payload for p in found]) if with_payload else None,
    )


def point(record: Any) -> Point:
    """A stored point; its vectors by name, when they were asked for."""
    vectors = record.vector
    if vectors is not None and not isinstance(vectors, dict):
        vectors = {"": vectors}
    return Point(identity(record.id), record.payload, vectors)


def identity(value: int | UUID) -> PointId:
    """An id as we write it: a UUID is text."""
    return value if type(value) is int else str(value)


# --- filters --------------------------------------------------------------------------------------------------


def filter_(tree: Filter | None) -> qe.Filter | None:
    """A filter in the engine's terms. Raises UsageError for what it can't compare."""
    if tree is None:
        return None
    guard.check_filter(tree)
    return _filter(tree)


def _filter(tree: Filter) -> qe.Filter:
    return qe.Filter(
        must=[_condition(c) for c in tree.must] or None,
        should=[_condition(c) for c in tree.should] or None,
        must_not=[_condition(c) for c in tree.must_not] or None,
    )


def _condition(condition: Condition) -> Any:
    if isinstance(condition, Filter):
        return _filter(condition)
    if isinstance(condition, HasId):
        return qe.HasIdCondition({guard.point_id(i) for i in condition.ids})
    try:
        if isinstance(condition, IsEmpty):
            return qe.IsEmptyCondition(condition.key)
        if isinstance(condition, IsNull):
            return qe.IsNullCondition(condition.key)
        if isinstance(condition, Range):
            return qe.FieldCondition(condition.key, range=_range(condition))
        return _match(condition)
    except (ValueError, TypeError, OverflowError) as error:
        raise UsageError(f"the filter on {shown(condition.key)} can't be used: {_cause(error)}") from None


def _range(condition: Range) -> Any:
    bounds: dict[str, Any] = {"gt": condition.gt, "gte": condition.gte, "lt": condition.lt, "lte": condition.lte}
    if any(isinstance(bound, str) for bound in bounds.values()):
        return qe.RangeDateTime(**bounds)
    if any(bound != bound for bound in bounds.values()):  # noqa: PLR0124  # NaN, at which the engine panics
        raise ValueError("NaN is neither above nor below anything")
    return qe.RangeFloat(**bounds)


def _match(condition: Match) -> Any:
    if condition.any_of is not None:
        return _any_of(condition.key, condition.any_of)
    if condition.none_of is not None:
        if _mixed(condition.none_of):
            raise ValueError("give texts or numbers, not both")
        excepted: Any = list(condition.none_of)
        return qe.FieldCondition(condition.key, match=qe.MatchExcept(excepted))
    if condition.text is not None:
        return qe.FieldCondition(condition.key, match=qe.MatchText(condition.text))
    if condition.value is None:
        raise ValueError("there is no value to compare with")
    return qe.FieldCondition(condition.key, match=_value(condition.value))


def _value(value: str | int) -> qe.MatchValue:
    """The engine takes Python's own bool for a number, which matches no true or false; numpy's it takes as one."""
    exact: Any = np.bool_(value) if isinstance(value, bool) else value
    return qe.MatchValue(exact)


def _any_of(key: str, values: tuple[str | int, ...]) -> Any:
    """One list of each type, since the engine takes no mixed ones and no true or false in them."""
    flags = [value for value in values if isinstance(value, bool)]
    texts = [value for value in values if isinstance(value, str)]
    numbers = [value for value in values if not isinstance(value, str | bool)]
    matches: list[Any] = [_value(flag) for flag in flags]
    matches += [qe.MatchAny(kind) for kind in (texts, numbers) if kind]
    conditions: list[Any] = [qe.FieldCondition(key, match=match) for match in matches or [qe.MatchAny([])]]
    return conditions[0] if len(conditions) == 1 else qe.Filter(should=conditions)


def _mixed(values: tuple[str | int, ...]) -> bool:
    return len({str if isinstance(value, str) else int for value in values}) > 1 or any(
        isinstance(value, bool) for value in values
    )


def _cause(error: BaseException) -> str:
    """The innermost reason that the engine gives, made safe for a line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return shown(error)
